/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's controls of what is newer than Armv8.0: fine-grained traps, debug, what HCRX_EL2 allows. The root cell
 * has those that Linux has set, other cells the same as after a direct boot.
 */
#ifndef BULKHEAD_ARM64_CONTROLS_H
#define BULKHEAD_ARM64_CONTROLS_H

#include "types.h"

/*
 * Into zeros: the NUM_CONTROLS values for cells, each CONTROL_STRIDE words behind the one before. No trap is on, but what a reset does
 * not know is not allowed.
 */
void controls_init(uint64_t *controls);

/* [calling CPU] Exchange with the registers, as far as the CPU has them. */
void controls_swap(uint64_t *controls);

/* Are there performance counters, and are they the architecture's? */
bool has_pmu(void);

#endif
