/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of each CPU's last exits (bulkhead/trace.h). The entry code of the architecture writes it, on its own CPU; what is
 * said here besides is written on the CPU itself, or by who has suspended it. Anybody may read. With CONFIG_TRACE 0 there is no
 * ring and none of this: calls of it are dropped.
 */
#ifndef BULKHEAD_TRACE_INTERNAL_H
#define BULKHEAD_TRACE_INTERNAL_H

#include "bulkhead/trace.h"
#include "cell.h"
#include "percpu.h"

/*
 * The position is counted in steps, so that its lowest byte is the offset of the event in units of 16 bytes. It is the last
 * word of the stack: there the entry code has it at hand, and a stack that begins below it keeps it.
 */
#define TRACE_STEP	(sizeof(struct bh_trace_event) / 16)
_Static_assert(TRACE_STEP * BH_TRACE_SLOTS == 256, "the lowest byte of the position is the offset");

#define TRACE_CAUSE(kind)	((uint64_t)(kind) << 56)

static inline volatile uint64_t *trace_position(const struct percpu *cpu)
{
	return (volatile uint64_t *)stack_top(cpu) - 1;
}

/*
 * BH_TRACE_ALL: nothing may be left to the fast paths of the entry code, which write no events. Who fills one, on the
 * CPU itself, looks here afterwards, behind a barrier, and if need be empties it again. tests/spin/slots.pml
 */
static inline bool trace_takes_all(const struct percpu *cpu)
{
	return CONFIG_TRACE && cpu->trace_mode != BH_TRACE_UNUSUAL;
}

/* An event that is no exit; content: CFG_NAME_LEN bytes in place of pc to x1. */
void trace_note(struct percpu *cpu, uint64_t cause, const void *content);

/* [CPU itself, at start-up] */
static inline void trace_begin(struct percpu *cpu)
{
	if (CONFIG_TRACE)
		*trace_position(cpu) = 0;
	if (CONFIG_TRACE_ALL)
		cpu->trace_mode = BH_TRACE_ALL;
}

/* [CPU itself] It is going to be started anew. */
static inline void trace_starts(struct percpu *cpu, uint64_t entry, uint64_t context)
{
	const uint64_t content[4] = { entry, 0, context, 0 };

	if (CONFIG_TRACE)
		trace_note(cpu, TRACE_CAUSE(BH_TRACE_START), content);
}

/* [management lock, CPU suspended] Its cell is going to change. */
static inline void trace_leaves_cell(struct percpu *cpu)
{
	if (CONFIG_TRACE)
		trace_note(cpu, TRACE_CAUSE(BH_TRACE_CELL) | cpu->cell->id, cpu->cell->config.cell->name);
}

/*
 * The last event but n, 0 is the last one; false if it is gone, or there is none. No lock, also for a CPU that has stopped in
 * a panic; of a CPU that runs it may be a mixture of two.
 */
bool trace_last(const struct percpu *cpu, uint32_t n, struct bh_trace_event *event);

int64_t trace_piece(uint32_t cpu, uint32_t piece);	/* HC_TRACE */

#endif
