/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog of a cell (CFG_WATCHDOG): its first CPU looks at the cell's counter once in each period, by a timer of its
 * own that no guest can reach. If the counter has not changed, all CPUs of the cell fail. With CONFIG_WATCHDOG 0 no cell has one,
 * and none of this is there: calls of it are dropped.
 */
#ifndef BULKHEAD_WATCHDOG_H
#define BULKHEAD_WATCHDOG_H

#include "cell.h"

static inline bool cell_has_watchdog(const struct cell *cell)
{
	return CONFIG_WATCHDOG && cell->watchdog.period;
}

static inline bool watchdog_has_expired(const struct cell *cell)
{
	return CONFIG_WATCHDOG && cell->watchdog.expired;
}

/* [first CPU of a cell that the manager starts, which is about to enter its guest] If the cell has one: begin. */
void watchdog_start(struct cell *cell);

/*
 * [CPU whose timer has fired, in its guest or in arch_wait_for_kick(), no lock] It looks, and arms or stops the timer; the
 * caller then obeys requests: cpu_handle_events().
 */
void watchdog_check(void);

/* [who prints what a CPU of the cell has to say] That it has expired. */
void watchdog_report(const struct cell *cell);

#endif
