/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harnesses share: cells, and the parts around the device (stubs.c).
 *
 *   PEERS    places of a link
 *   DEVICES  of a cell
 *
 * EVA keeps states apart in which the variables below differ (-eva-partition-value): without, it would forget who is
 * there when it joins states.
 */
#ifndef BULKHEAD_PROOF_H
#define BULKHEAD_PROOF_H

#include <__fc_builtin.h>
#include "cell.h"
#include "ivshmem_internal.h"
#include "vpci.h"

#define REGIONS		5u
#define FIXED		3u
#define WINDOWS		(FIXED + 2 * DEVICES)

#define ANY_U32()	Frama_C_unsigned_int_interval(0, UINT32_MAX)
#define ANY_U64()	Frama_C_unsigned_long_long_interval(0, UINT64_MAX)
#define MAYBE()		Frama_C_interval(0, 1)

/* Each array is an object of its own: within one object EVA takes the next array for a valid place. */
struct proof_cell {
	struct cell *cell;
	struct cfg_cell *config;
	struct cfg_memory *memory;
	struct cfg_pci_device *devices;
	struct vpci_function *functions;
	struct mmio_window *windows;
};

#define PROOF_CELL(n) \
	static struct cell cell_##n; \
	static struct cfg_cell config_##n; \
	static struct cfg_memory memory_##n[REGIONS]; \
	static struct cfg_pci_device devices_##n[DEVICES]; \
	static struct vpci_function functions_##n[DEVICES]; \
	static struct mmio_window windows_##n[WINDOWS]

#define PROOF_CELL_INIT(n) \
	[n] = { \
		.cell = &cell_##n, .config = &config_##n, .memory = memory_##n, .devices = devices_##n, \
		.functions = functions_##n, .windows = windows_##n, \
	}

extern uint32_t proof_allocated, proof_mapped;	/* one bit for each link */
extern uint32_t proof_active;			/* one bit for each place */
extern uint32_t proof_locks;			/* how many are held */

/* An arbitrary configuration, but for the counts, of which struct config_view vouches that they are right */
void proof_configure(const struct proof_cell *c, uint32_t n);

/* Any question about any peer of any link */
void proof_ask(void);

#endif
