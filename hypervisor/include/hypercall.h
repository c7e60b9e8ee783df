/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls, after the architecture took code and arguments from the guest's registers. */
#ifndef BULKHEAD_HV_HYPERCALL_H
#define BULKHEAD_HV_HYPERCALL_H

#include "types.h"

/* Codes that there are: below the first number, and as many from HC_OWN_BASE on. The entry code refuses all others. */
#define NUM_HYPERCALLS		9
#define NUM_OWN_HYPERCALLS	6

/* [calling CPU] Value or negative errno. Returns once the CPU runs its guest again. */
int64_t hypercall(uint64_t code, uint64_t arg1, uint64_t arg2);

#endif
