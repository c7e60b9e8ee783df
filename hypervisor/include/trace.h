/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring of each CPU's last exits (trace_ring.h): what the core adds to it, and who reads it. With CONFIG_TRACE 0 there is
 * none, and nothing of this is called.
 */
#ifndef BULKHEAD_TRACE_INTERNAL_H
#define BULKHEAD_TRACE_INTERNAL_H

#include "percpu.h"

/*
 * BH_TRACE_ALL: nothing may be left to the fast paths of the entry code, which write no events. Who fills one, on the
 * CPU itself, looks here afterwards, behind a barrier, and if need be empties it again. tests/spin/slots.pml
 */
static inline bool trace_takes_all(const struct percpu *cpu)
{
	return CONFIG_TRACE && cpu->trace_mode;
}

/* [CPU itself, at start-up] */
void trace_begin(struct percpu *cpu);

/* [CPU itself] It is going to be started anew. */
void trace_starts(struct percpu *cpu, uint64_t entry, uint64_t context);

/* [management lock, CPU suspended] Its cell is going to change. */
void trace_leaves_cell(struct percpu *cpu);

int64_t trace_piece(uint32_t cpu, uint32_t piece);	/* HC_TRACE */

#endif
