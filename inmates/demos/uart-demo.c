/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest inmate: prints a line per second and answers the hypervisor. Polls, uses no interrupt.
 *
 * Parameter: lines=N (stop printing after so many, default 10; 0 = never).
 */
#include <inmate.h>
#include <irq.h>

void inmate_main(void)
{
	long long lines = param_int("lines", 10);
	uint64_t second = timer_frequency(), next = timer_ticks();
	unsigned int printed = 0;

	while (!message_is_shutdown()) {
		if (timer_ticks() - next < second && printed)
			continue;
		next = timer_ticks();
		if (!lines || printed < lines)
			printk("uart-demo: hello %u from bare metal\n", ++printed);
	}
	printk("uart-demo: shutting down\n");
	shut_down();
}
