/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of each CPU's last exits (bulkhead/trace.h). The entry code of the architecture writes it, on its own CPU; what
 * trace.c adds is written on the CPU itself, or by who has suspended it. Anybody may read.
 */
#ifndef BULKHEAD_TRACE_RING_H
#define BULKHEAD_TRACE_RING_H

#include "bulkhead/trace.h"
#include "percpu.h"

_Static_assert(!CONFIG_TRACE || TRACE_SIZE == BH_TRACE_SLOTS * sizeof(struct bh_trace_event), "all of it");

/*
 * The position is counted in steps, so that its lowest byte is the offset of the event in units of 16 bytes. It is the last
 * word of the stack: there the entry code has it at hand, and a stack that begins below it keeps it.
 */
#define TRACE_STEP	(sizeof(struct bh_trace_event) / 16)
_Static_assert(TRACE_STEP * BH_TRACE_SLOTS == 256, "the lowest byte of the position is the offset");

#define TRACE_CAUSE(kind)	((uint64_t)(kind) << 56)

static inline struct bh_trace_event *trace_ring(const struct percpu *cpu)
{
	return stack_top(cpu);
}

static inline volatile uint64_t *trace_position(const struct percpu *cpu)
{
	return (volatile uint64_t *)stack_top(cpu) - 1;
}

/*
 * The last event but n, 0 is the last one; false if it is gone, or there is none. No lock, also for a CPU that has stopped in
 * a panic; of a CPU that runs it may be a mixture of two.
 */
bool trace_last(const struct percpu *cpu, uint32_t n, struct bh_trace_event *event);

#endif
