/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cell did at guest addresses where it has nothing, or that its watchdog expired: the record of its first violation
 * since it was started last, or, if there was none since then, of an earlier start; and counters. HC_CELL_FAULT gives it
 * in pieces of 32 bits, sysfs as a file. A reader that takes the pieces in their order has one record if `complete` and `begun` are equal; else a
 * CPU was writing it meanwhile: read again.
 */
#ifndef BULKHEAD_FAULT_H
#define BULKHEAD_FAULT_H

#include "abi.h"

/* kind */
#define BH_FAULT_READ		1
#define BH_FAULT_WRITE		2
#define BH_FAULT_FETCH		3	/* of an instruction */
#define BH_FAULT_WATCHDOG	4	/* the cell did not change its counter: all of its CPUs were stopped */

/*
 * Of BH_FAULT_WATCHDOG: size 0; address is the value of the counter, virtual_address for how many microseconds it has been
 * seen, syndrome the period in microseconds; cpu is the cell's first CPU, pc, pstate and x are where its guest was last.
 */

/* flags */
#define BH_FAULT_ABORTED	0x1u	/* the CPU got an external abort and went on (root cell); else it was stopped */
#define BH_FAULT_REFUSED	0x2u	/* the cell has a sub-page region there, which does not allow this, or nothing answered */

/* strays: accesses that did not stop the CPU, because the configuration says so */
#define BH_STRAY_READS		0	/* gave 0 */
#define BH_STRAY_WRITES		1	/* did nothing */
#define BH_STRAY_ABORTS		2	/* became a synchronous external abort */
#define BH_NUM_STRAYS		3

struct bh_fault {
	uint32_t complete;	/* number of the start that the record is of, from 1; 0: there is no record */
	uint32_t starts;	/* how often the cell has been started */
	uint32_t count;		/* violations since the cell was created, modulo 2^32 */
	uint32_t number;	/* which of them the record is of, from 1 */
	uint32_t kind;
	uint32_t flags;
	uint32_t size;		/* bytes of the access, 0: not known */
	uint32_t cpu;
	uint64_t address;	/* guest-physical */
	uint64_t virtual_address;	/* FAR_EL2 */
	uint64_t pc;
	uint64_t syndrome;	/* ESR_EL2 */
	uint64_t pstate;	/* SPSR_EL2 */
	uint64_t ticks;		/* of the system counter (CNTPCT_EL0) */
	uint64_t ticks_per_second;
	uint64_t x[31];		/* general registers */
	uint64_t strays[BH_NUM_STRAYS];
	uint32_t padding;
	uint32_t begun;
};

BH_ABI_ASSERT(sizeof(struct bh_fault) == 368, bh_fault);
BH_ABI_ASSERT(offsetof(struct bh_fault, address) == 32, bh_fault_address);
BH_ABI_ASSERT(offsetof(struct bh_fault, x) == 88, bh_fault_x);
BH_ABI_ASSERT(offsetof(struct bh_fault, strays) == 336, bh_fault_strays);
BH_ABI_ASSERT(offsetof(struct bh_fault, begun) == 364, bh_fault_begun);

#endif
