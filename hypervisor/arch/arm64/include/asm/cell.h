/* SPDX-License-Identifier: BSD-2-Clause */
/* The arm64 part of a cell: its stage-2 tables and its interrupts. */
#ifndef BULKHEAD_ASM_CELL_H
#define BULKHEAD_ASM_CELL_H

#include "types.h"

#define STAGE2_OWN_ROOT	16U	/* entries */

struct arch_cell {
	/* management lock; read by the cell's CPUs only through VTTBR */
	void *stage2_root;
	uint64_t vttbr, vtcr;
	uint8_t guest_bits, root_level;	/* of the tables */
	uint16_t root_entries;
	volatile uint32_t revocations;	/* begins and ends of them: odd while the cell has no memory. Atomics */

	/* management lock; readers see single bits come and go, which is all they need */
	volatile uint32_t spis[32];	/* bit n of word w: INTID 32 * w + n belongs to the cell */
};

/* Management lock */
struct arch_cell_room {
	/* the root of small tables: aligned as hardware wants as many entries to be (DDI 0487, VTTBR_EL2) */
	uint64_t stage2_root[STAGE2_OWN_ROOT] __attribute__((aligned(8 * STAGE2_OWN_ROOT)));
};

/* Management lock: how the root cell had programmed SPIs when they were taken from it */
struct arch_cell_saved {
	uint32_t enabled[32];
	uint32_t group[32];
	uint32_t config[64];
	uint8_t priority[1024];
};

#endif
