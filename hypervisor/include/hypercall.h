/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls, after the architecture took code and arguments from the guest's registers. */
#ifndef BULKHEAD_HV_HYPERCALL_H
#define BULKHEAD_HV_HYPERCALL_H

#include "bulkhead/hypercall_codes.h"
#include "types.h"

/* Codes that there are: below the first number, and as many from HC_OWN_BASE on. The entry code refuses all others. */
#define NUM_HYPERCALLS		(HC_DEBUG_PUTC + 1)
#define NUM_OWN_HYPERCALLS	(HC_TRACE + 1 - HC_OWN_BASE)

/* [calling CPU] Value or negative errno. Returns once the CPU runs its guest again. */
int64_t hypercall(uint64_t code, uint64_t arg1, uint64_t arg2);

int64_t call_link_info(uint64_t link_peer, uint32_t item);	/* HC_LINK_INFO */

#endif
