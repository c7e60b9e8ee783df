/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the way into the hypervisor and the way back. */
#ifndef BULKHEAD_SETUP_INTERNAL_H
#define BULKHEAD_SETUP_INTERNAL_H

#include "types.h"

#define MEETING_POINTS	4
#define MEET_SECONDS	30	/* for a CPU that was promised to come */

int refuse_missing(uint32_t cpu);
bool is_too_late(uint64_t start);

#endif
