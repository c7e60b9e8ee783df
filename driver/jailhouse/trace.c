// SPDX-License-Identifier: GPL-2.0-only
/* The last exits of a CPU, out of the hypervisor's ring, which that CPU goes on writing: see bulkhead/trace.h. */
#include <linux/string.h>

#include "driver.h"

#define CELL_PIECE	(offsetof(struct bh_trace_header, cell) / sizeof(u32))
#define MODE_PIECE	(offsetof(struct bh_trace_header, mode) / sizeof(u32))
#define NOW_PIECE	(offsetof(struct bh_trace_header, now_high) / sizeof(u32))
#define KNOWN_PIECES	(offsetof(struct bh_trace_event, unused) / sizeof(u32))

static int take_pieces(u32 cpu, u32 first, u32 count, void *to)
{
	u32 *pieces = to, n;

	for (n = 0; n < count; n++) {
		long piece = bh_hypercall(HC_TRACE, cpu, first + n);

		if (piece < 0)
			return piece;
		pieces[n] = piece;
	}
	return 0;
}

/* The cell is that of the last event if it is the same before and after the position; no event is later than now. */
static int take_header(u32 cpu, struct bh_trace_header *header)
{
	u32 cell;
	int err = take_pieces(cpu, 0, BH_TRACE_HEADER_PIECES, header);

	if (!err)
		err = take_pieces(cpu, 0, 1, &header->position);
	if (!err)
		err = take_pieces(cpu, CELL_PIECE, 1, &cell);
	if (!err)
		err = take_pieces(cpu, NOW_PIECE, 3, &header->now_high);
	if (!err && (cell != header->cell || header->now_high != header->now_again))
		err = -EAGAIN;
	return err;
}

/* Some 700 hypercalls at most. -EAGAIN: not of one moment. */
int bh_trace_take(u32 cpu, struct bh_trace *trace)
{
	struct bh_trace_header *header = &trace->header;
	u32 count, first, gone, n, position;
	int err;

	memset(trace, 0, sizeof(*trace));
	err = take_header(cpu, header);
	if (err)
		return err == -ENOENT ? 0 : err;	/* the record of a CPU that is not there */
	count = min_t(u32, header->position, BH_TRACE_KEPT);
	first = header->position - count;
	for (n = 0; n < count && !err; n++)
		err = take_pieces(cpu, BH_TRACE_HEADER_PIECES + (first + n) % BH_TRACE_SLOTS * BH_TRACE_EVENT_PIECES,
				  KNOWN_PIECES, &trace->events[n]);
	if (!err)
		err = take_pieces(cpu, 0, 1, &position);
	if (err)
		return err;
	gone = bh_trace_gone(first, count, position);
	header->num_events = count - gone;
	memmove(trace->events, &trace->events[gone], header->num_events * sizeof(trace->events[0]));
	memset(&trace->events[header->num_events], 0, gone * sizeof(trace->events[0]));
	return 0;
}

/* BH_TRACE_ALL: it is that of each CPU */
int bh_trace_mode(void)
{
	int mode = BH_TRACE_ALL;
	unsigned int cpu;

	for (cpu = 0; cpu < bh.num_cpus; cpu++) {
		long piece = bh_hypercall(HC_TRACE, cpu, MODE_PIECE);

		if (piece == -ENOENT)
			continue;
		if (piece < 0)
			return piece;
		if (piece != BH_TRACE_ALL)
			mode = BH_TRACE_UNUSUAL;
	}
	return mode;
}

int bh_trace_set_mode(u32 mode)
{
	unsigned int cpu;

	for (cpu = 0; cpu < bh.num_cpus; cpu++) {
		long err = bh_hypercall(HC_TRACE, cpu, BH_TRACE_SET_MODE + mode);

		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}
