/* SPDX-License-Identifier: BSD-2-Clause */
/* End of the machine: all cells at once. */
#ifndef BULKHEAD_POWER_H
#define BULKHEAD_POWER_H

#include "types.h"

/* Management lock. Stop the CPUs of all cells but the calling one, then the machine; reset: it starts anew. */
void machine_end(bool reset) __attribute__((noreturn));

/*
 * [calling CPU] Does its cell decide about the machine? Only the root cell does. After a late launch its Linux disables the
 * hypervisor before it restarts, unless it has crashed.
 */
bool may_end_machine(void);

/* [calling CPU, no lock] Its cell wants the machine off, or to start anew. Returns if the cell may not. */
void machine_end_for_cell(bool reset);

#endif
