/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control loop of the control system: a cycle fifty times a second, whose number the monitor and Linux
 * can read. Each cycle is a sign of life for the watchdog of the cell. It is built for its cell: control.h is what
 * the configuration compiler wrote.
 *
 * Parameters: wrong=N makes cycle N wrong, for the monitor to find; hang=N has it stand still in cycle N, for the watchdog
 * (default 0: none).
 */
#include <control.h>

#include <cpu.h>
#include <inmate.h>
#include <irq.h>

#include <control_link.h>

#define CYCLES_HZ	50u

static const struct control_link setpoint_link = CONTROL_LINK(SETPOINT), watch_link = CONTROL_LINK(WATCH);
static struct shmem_device setpoint, watch;
static volatile uint32_t ticks;

static void on_interrupt(uint32_t intid)
{
	if (intid == CELL_VIRTUAL_TIMER_INTID) {
		ticks++;
		timer_start(timer_frequency() / CYCLES_HZ);
	}
}

static void publish(const struct shmem_device *link, uint64_t word)
{
	volatile struct control_output *mine = shmem_output(link, link->id);

	mine->word = word;
}

void inmate_main(void)
{
	uint32_t wrong = (uint32_t)param_int("wrong", 0), hang = (uint32_t)param_int("hang", 0), cycle = 0, done = 0;

	gic_setup(on_interrupt);
	if (!pci_setup())
		stop();
	control_open("control", &setpoint_link, &setpoint, 0);
	control_open("control", &watch_link, &watch, 1);
	publish(&setpoint, control_word(0));
	publish(&watch, control_word(0));
	/* the monitor prints when it sees the State, and lines of two cells would mix */
	printk("control: running\n");
	control_join(&setpoint, CONTROL_STATE_RUNNING);
	control_join(&watch, CONTROL_STATE_RUNNING);
	gic_enable(CELL_VIRTUAL_TIMER_INTID);
	timer_start(timer_frequency() / CYCLES_HZ);

	while (!message_is_shutdown()) {
		if (done == ticks) {
			irq_sleep();
			continue;
		}
		done = ticks;
		watchdog_tick();
		cycle++;
		while (cycle == hang)
			__asm__ volatile("");
		publish(&setpoint, control_word(cycle));
		publish(&watch, cycle == wrong ? cycle : control_word(cycle));
		/* orders what was written before the monitor's interrupt */
		shmem_ring(&watch, CELL_LINK_WATCH_ID_OF_MONITOR, 0);
	}
	timer_stop();
	printk("control: stopped after %u cycles\n", cycle);
	control_leave(&watch);
	control_leave(&setpoint);
	shut_down();
}
