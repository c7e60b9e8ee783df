/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bundle that a system starts from when firmware enters the hypervisor; see include/bulkhead/bundle.h. It stays in
 * hypervisor memory if there are cells that may be started again: they get their images from it. Otherwise only its
 * directory stays. Everything in it is suspect until bundle_check() has passed, and configurations are checked like anybody's.
 */
#ifndef BULKHEAD_HV_BUNDLE_H
#define BULKHEAD_HV_BUNDLE_H

#include "types.h"

struct bh_image_header;
struct cell;

/*
 * Once, primary CPU alone, console up. image: the begin of hypervisor memory, header complete; what the launcher put there
 * ends at boot.pool_offset. 0 or a negative errno after refuse(), which names the damaged part.
 */
int bundle_check(const struct bh_image_header *image);

/* MPIDR affinity of a CPU; valid after bundle_check(). */
uint64_t bundle_mpidr(uint32_t cpu);

/*
 * Primary CPU, all CPUs are in the hypervisor: create all cells, load their images, start them in the order of the
 * bundle. If one of them cannot be created or loaded, none is started. 0 or a negative errno after refuse().
 */
int bundle_start_cells(void);

/*
 * [last failed CPU of its cell, no lock] What is to be done then, if anything: restart the cell, as often as it may, or stop the
 * machine. The CPU obeys its requests afterwards, as after any failure.
 */
void bundle_cell_failed(void);

/* Management lock. The cell is about to be destroyed, or the root cell loads it: its images are no longer those here. */
void bundle_forget(const struct cell *cell);

#endif
