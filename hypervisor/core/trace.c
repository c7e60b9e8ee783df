/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace of exits: what C adds to the rings, and who reads them. Not part of a build without CONFIG_TRACE. */
#include "trace.h"
#include "cell.h"
#include "control.h"
#include "errors.h"
#include "trace_ring.h"
#include "arch/cpu.h"

#define LOW(value)	((uint32_t)(value))
#define HIGH(value)	((uint32_t)((value) >> 32))

_Static_assert(BH_TRACE_UNUSUAL == 0, "trace_takes_all() knows it");

/* An event that is no exit; content: CFG_NAME_LEN bytes in place of pc to x1. */
static void trace_note(struct percpu *cpu, uint64_t cause, const void *content)
{
	uint64_t position = *trace_position(cpu);
	struct bh_trace_event *event = &trace_ring(cpu)[position / TRACE_STEP % BH_TRACE_SLOTS];

	event->ticks = arch_ticks();
	event->cause = cause;
	__builtin_memcpy(&event->pc, content, CFG_NAME_LEN);
	*trace_position(cpu) = position + TRACE_STEP;
}

void trace_begin(struct percpu *cpu)
{
	*trace_position(cpu) = 0;
	if (CONFIG_TRACE_ALL)
		cpu->trace_mode = BH_TRACE_ALL;
}

void trace_starts(struct percpu *cpu, uint64_t entry, uint64_t context)
{
	const uint64_t content[4] = { entry, 0, context, 0 };

	trace_note(cpu, TRACE_CAUSE(BH_TRACE_START), content);
}

void trace_leaves_cell(struct percpu *cpu)
{
	trace_note(cpu, TRACE_CAUSE(BH_TRACE_CELL) | cpu->cell->id, cpu->cell->config.cell->name);
}

bool trace_last(const struct percpu *cpu, uint32_t n, struct bh_trace_event *event)
{
	uint64_t position = *trace_position(cpu) / TRACE_STEP;

	if (n >= BH_TRACE_KEPT || n >= position)
		return false;
	/* the entry code has written it, unseen by the compiler */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*event = trace_ring(cpu)[(position - 1 - n) % BH_TRACE_SLOTS];
	return true;
}

static void fill_header(struct bh_trace_header *header, const struct percpu *cpu)
{
	uint64_t now = arch_ticks();
	const struct cell *cell;

	header->position = LOW(*trace_position(cpu) / TRACE_STEP);
	header->num_events = BH_TRACE_SLOTS;
	header->ticks_per_second = LOW(arch_ticks_per_second());
	header->now_high = header->now_again = HIGH(now);
	header->now_low = LOW(now);
	header->mode = cpu->trace_mode;
	cell = cpu->cell;
	header->cell = cell->id;
	__builtin_memcpy(header->name, cell->config.cell->name, CFG_NAME_LEN);
}

int64_t trace_piece(uint32_t id, uint32_t piece)
{
	struct bh_trace_header header;
	struct percpu *cpu;
	int64_t result = -EINVAL;

	if (!this_cpu()->cell->is_root)
		return -EPERM;
	/* this call shall not push out what is asked for: the event of its entry is the CPU's last one */
	*trace_position(this_cpu()) -= TRACE_STEP;
	look_lock();
	cpu = percpu_of(id);
	if (!cpu) {
		result = -ENOENT;
	} else if (piece < BH_TRACE_HEADER_PIECES) {
		fill_header(&header, cpu);
		result = ((const uint32_t *)&header)[piece];
	} else if (piece < BH_TRACE_PIECES) {
		result = ((const volatile uint32_t *)trace_ring(cpu))[piece - BH_TRACE_HEADER_PIECES];
	} else if (piece - BH_TRACE_SET_MODE <= BH_TRACE_ALL) {
		cpu->trace_mode = piece - BH_TRACE_SET_MODE;
		/* pairs with the CPU that fills a fast path: it sees this, or what it has filled is emptied here */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (CONFIG_FAST_PATH)
			arch_forget_fast_paths(cpu);
		result = 0;
	}
	look_unlock();
	return result;
}
