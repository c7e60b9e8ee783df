/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells that have to show that they are alive. Nothing here waits for a guest, or takes a lock that another cell holds. */
#include "watchdog.h"
#include "cell.h"
#include "cell_message.h"
#include "console.h"
#include "control.h"
#include "arch/cpu.h"

#define MICROSECONDS	1000000u

static uint64_t period_of(const struct cell *cell)
{
	return MAX(cell->watchdog.period * arch_ticks_per_second() / MICROSECONDS, 1ul);
}

/* The first period is one of grace: at its end the counter may still be what it was at the start. */
void watchdog_start(struct cell *cell)
{
	struct watchdog *watchdog = &cell->watchdog;

	if (!watchdog->period)
		return;
	watchdog->last = 0;
	watchdog->waited = false;
	watchdog->seen = arch_ticks();
	watchdog->next_check = watchdog->seen + 2 * period_of(cell);
	this_cpu()->watches = true;
	arch_timer_arm(watchdog->next_check);
}

/* Its CPUs fail where they are, by themselves, the last one for the cell: as if each had done something wrong. */
static void expire(struct cell *cell, uint64_t ticks)
{
	struct watchdog *watchdog = &cell->watchdog;
	uint64_t time = ticks * MICROSECONDS / arch_ticks_per_second();
	volatile struct bh_fault *fault = cell_fault_begin(cell);

	watchdog->expiries++;
	if (fault) {
		fault->kind = BH_FAULT_WATCHDOG;
		fault->flags = 0;
		fault->size = 0;
		fault->address = watchdog->last;
		fault->virtual_address = time;
		fault->syndrome = watchdog->period;
		arch_fill_fault(fault);
		cell_fault_end(fault);
	}
	watchdog->time = time;
	this_cpu()->report |= REPORT_WATCHDOG;
	/* a CPU that has looked at it before in cpu_handle_events() takes the kick afterwards */
	watchdog->expired = true;
	for_each_cpu(id, &cell->cpus)
		if (percpu_of(id) != this_cpu())
			arch_kick(percpu_of(id));
}

void watchdog_report(const struct cell *cell)
{
	const struct watchdog *watchdog = &cell->watchdog;

	console_printf("%pC: watchdog: counter %u unchanged for %lu us, period %u us: CPUs stopped\n", &cell->config,
		       watchdog->last, watchdog->time, watchdog->period);
}

void watchdog_check(void)
{
	struct cell *cell = this_cpu()->cell;
	struct watchdog *watchdog = &cell->watchdog;
	uint64_t now = arch_ticks(), period = period_of(cell);
	bool late = now - watchdog->next_check > period;
	/* the cell writes both: read once */
	uint32_t value = cell->comm->watchdog, state = cell->comm->cell_state;

	arch_timer_stop();
	/* only a start can bring such a cell back, and that begins anew */
	if (cell_has_ended(cell))
		return;
	if (value != watchdog->last || comm_state_is_end(state)) {
		watchdog->last = value;
		watchdog->seen = now;
		watchdog->waited = false;
	} else if (late && !watchdog->waited) {
		/* time went on without this CPU, and perhaps without the cell. Once: a cell might make its CPU late */
		watchdog->waited = true;
	} else {
		expire(cell, now - watchdog->seen);
		return;
	}
	/* a whole period from this look on, however late it is */
	watchdog->next_check = now + period;
	arch_timer_arm(watchdog->next_check);
}
