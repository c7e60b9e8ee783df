/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why the CPUs were in the hypervisor last: each CPU keeps its last exits from guests. HC_TRACE gives a header and the ring of
 * one CPU in pieces of 32 bits, which somebody may be writing meanwhile; sysfs gives the events in their order, checked.
 * The mode says whether exits are left out that are like earlier ones and that no C is needed for.
 *
 * Events of a CPU have numbers from 0. The ring has the event n in slot n % BH_TRACE_SLOTS. Nothing orders the stores of a CPU
 * that is traced, so that a trace costs it next to nothing: a reader of the ring asks for the position, then for the events
 * n < position, BH_TRACE_KEPT at most, then for the position again, and drops what bh_trace_gone() says. Between KEPT and SLOTS
 * there are more exits than a CPU has stores under way.
 */
#ifndef BULKHEAD_TRACE_H
#define BULKHEAD_TRACE_H

#include "abi.h"
#include "cell_config.h"

#define BH_TRACE_SLOTS		64
#define BH_TRACE_KEPT		56
#define BH_TRACE_RECORD		4096	/* bytes of a CPU in the file */

/* Modes of a CPU; in sysfs, for all CPUs: the words unusual, all */
#define BH_TRACE_UNUSUAL	0	/* not the exits that a fast path of the hypervisor does: repeated ones */
#define BH_TRACE_ALL		1	/* nothing takes a fast path */

/* Kinds: the upper byte of a cause. Else the cause is ESR_EL2 of a synchronous exception or an SError. */
#define BH_TRACE_KIND(cause)	((uint32_t)((cause) >> 56))
#define BH_TRACE_SYNDROME	0
#define BH_TRACE_IRQ		1	/* address: INTID that was acknowledged; 1023: none */
#define BH_TRACE_FIQ		2
#define BH_TRACE_START		3	/* the CPU was started anew at pc, with x0; not an exit */
#define BH_TRACE_CELL		4	/* earlier events are of the cell with this id (lower half) and name; not an exit */

struct bh_trace_event {
	uint64_t ticks;		/* of the system counter (CNTPCT_EL0) */
	uint64_t cause;
	/* BH_TRACE_CELL: in place of these four CFG_NAME_LEN characters, NUL-terminated */
	uint64_t pc;		/* ELR_EL2 */
	uint64_t address;	/* FAR_EL2 (virtual), of aborts */
	uint64_t x0, x1;	/* of synchronous exceptions; x0 of starts */
	uint64_t unused[2];
};

struct bh_trace_header {
	uint32_t position;	/* number of the next event, modulo 2^32 */
	uint32_t num_events;	/* that follow: in the file those with the numbers before position, else BH_TRACE_SLOTS */
	uint32_t ticks_per_second;	/* of the system counter; in the file 0 if the hypervisor does not have the CPU */
	uint32_t cell;		/* id of the cell that has the CPU now */
	uint32_t now_high;	/* the system counter now, if now_again is the same */
	uint32_t now_low;
	uint32_t now_again;
	uint32_t mode;		/* now: BH_TRACE_UNUSUAL or BH_TRACE_ALL */
	char name[CFG_NAME_LEN];	/* of the cell that has the CPU now; NUL-terminated */
};

/* The file: one of these for each CPU number; each has to be read at once */
struct bh_trace {
	struct bh_trace_header header;
	struct bh_trace_event events[BH_TRACE_RECORD / sizeof(struct bh_trace_event) - 1];
};

/* HC_TRACE: pieces of the header, then of the ring */
#define BH_TRACE_HEADER_PIECES	16
#define BH_TRACE_EVENT_PIECES	16
#define BH_TRACE_PIECES		(BH_TRACE_HEADER_PIECES + BH_TRACE_SLOTS * BH_TRACE_EVENT_PIECES)
/* + BH_TRACE_UNUSUAL or BH_TRACE_ALL: the mode from now on; 0 */
#define BH_TRACE_SET_MODE	0x10000

/* Of count events from number first on: how many, the first ones, may be gone when the position is this one */
static inline uint32_t bh_trace_gone(uint32_t first, uint32_t count, uint32_t position)
{
	uint32_t gone = position - BH_TRACE_KEPT - first;

	return (int32_t)gone <= 0 ? 0 : gone < count ? gone : count;
}

BH_ABI_ASSERT(sizeof(struct bh_trace_event) == 4 * BH_TRACE_EVENT_PIECES, bh_trace_event);
BH_ABI_ASSERT(offsetof(struct bh_trace_event, unused) - offsetof(struct bh_trace_event, pc) == CFG_NAME_LEN, bh_trace_name);
BH_ABI_ASSERT(sizeof(struct bh_trace_header) == 4 * BH_TRACE_HEADER_PIECES, bh_trace_header);
BH_ABI_ASSERT(sizeof(struct bh_trace) == BH_TRACE_RECORD, bh_trace);

#endif
