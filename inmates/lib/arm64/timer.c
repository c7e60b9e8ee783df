/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generic timer: time from the physical counter, events from the virtual timer.
 */
#include <cpu.h>
#include <irq.h>

#define CTL_ENABLE 1u

uint64_t timer_ticks(void)
{
	__asm__ volatile("isb" : : : "memory");
	return read_sysreg(cntpct_el0);
}

uint64_t timer_frequency(void)
{
	return read_sysreg(cntfrq_el0);
}

uint64_t timer_ticks_to_ns(uint64_t ticks)
{
	uint64_t frequency = timer_frequency();

	return ticks / frequency * 1000000000 + ticks % frequency * 1000000000 / frequency;
}

void timer_start(uint64_t ticks)
{
	write_sysreg(cntv_tval_el0, ticks);
	write_sysreg(cntv_ctl_el0, CTL_ENABLE);
}

void timer_stop(void)
{
	write_sysreg(cntv_ctl_el0, 0);
}

void timer_delay_ms(unsigned int ms)
{
	uint64_t start = timer_ticks();
	uint64_t ticks = timer_frequency() * ms / 1000;

	while (timer_ticks() - start < ticks)
		__asm__ volatile("yield");
}
