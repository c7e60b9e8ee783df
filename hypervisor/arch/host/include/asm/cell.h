/* SPDX-License-Identifier: BSD-2-Clause */
/* The host part of a cell: its second-level map and the interrupts that arch/host/virq.c lets it have. */
#ifndef BULKHEAD_ASM_CELL_H
#define BULKHEAD_ASM_CELL_H

#include "types.h"

struct host_stage2;

struct arch_cell {
	struct host_stage2 *stage2;	/* management lock */
	volatile uint32_t spis[32];	/* bit n of word w: INTID 32 * w + n belongs to the cell */
};

struct arch_cell_room {
	uint64_t unused __attribute__((aligned(128)));	/* more than anything else is, as on arm64 */
};

struct arch_cell_saved {
	uint64_t unused;
};

#endif
