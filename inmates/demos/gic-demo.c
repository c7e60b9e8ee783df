/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer interrupts at 10 Hz through the GIC: how late they come.
 *
 * Parameters: hz=N (default 10), lines=N (stop printing after so many, default 20; 0 = never).
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>

static uint64_t period, expected;
static volatile uint32_t fired;
static volatile uint64_t late;

static void on_interrupt(uint32_t intid)
{
	if (intid != INTID_VIRTUAL_TIMER)
		return;
	late = timer_ticks() - expected;
	expected = timer_ticks() + period;
	timer_start(period);
	fired++;
}

void inmate_main(void)
{
	long long hz = param_int("hz", 10), lines = param_int("lines", 20);
	uint64_t least = UINT64_MAX, most = 0;
	uint32_t reported = 0;

	if (hz < 1 || hz > 1000000) {
		printk("gic-demo: hz=%lld is not between 1 and 1000000, using 10\n", hz);
		hz = 10;
	}
	period = timer_frequency() / (uint64_t)hz;
	printk("gic-demo: timer at %llu Hz, counter at %llu kHz\n", (unsigned long long)hz,
	       (unsigned long long)timer_frequency() / 1000);
	gic_setup(on_interrupt);
	gic_enable(INTID_VIRTUAL_TIMER);
	expected = timer_ticks() + period;
	timer_start(period);

	for (;;) {
		if (message_is_shutdown())
			break;
		if (reported != fired) {
			uint64_t ns = timer_ticks_to_ns(late);

			reported = fired;
			if (ns < least)
				least = ns;
			if (ns > most)
				most = ns;
			if (!lines || reported <= lines)
				printk("gic-demo: tick %u, %6llu ns late (min %llu, max %llu)\n",
				       reported, (unsigned long long)ns, (unsigned long long)least,
				       (unsigned long long)most);
		}
		irq_sleep();
	}
	timer_stop();
	shut_down();
}
