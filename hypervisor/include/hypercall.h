/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls, after the architecture took code and arguments from the guest's registers. */
#ifndef BULKHEAD_HV_HYPERCALL_H
#define BULKHEAD_HV_HYPERCALL_H

#include "types.h"

/* Codes that there are: below the first number, and as many from HC_OWN_BASE on. The entry code refuses all others. */
#define NUM_HYPERCALLS		9
#define NUM_OWN_HYPERCALLS	6

/* Ids and items have 32 bits; what is larger becomes a number that nothing has. */
static inline uint32_t cut(uint64_t arg)
{
	return arg > UINT32_MAX ? UINT32_MAX : (uint32_t)arg;
}

/* [calling CPU] Value or negative errno. Returns once the CPU runs its guest again. */
int64_t hypercall(uint64_t code, uint64_t arg1, uint64_t arg2);

/* Handlers that are in the files of their features */
int64_t call_create(uint64_t arg1, uint64_t arg2);
int64_t call_start(uint64_t arg1, uint64_t arg2);
int64_t call_set_loadable(uint64_t arg1, uint64_t arg2);
int64_t call_destroy(uint64_t arg1, uint64_t arg2);
int64_t call_link_info(uint64_t link_peer, uint64_t arg2);
int64_t call_cell_info(uint64_t id, uint64_t item);
int64_t call_cell_console(uint64_t id, uint64_t piece);
int64_t call_trace(uint64_t cpu, uint64_t piece);

#endif
