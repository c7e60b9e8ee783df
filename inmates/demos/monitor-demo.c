/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor of the control system: looks at each cycle of the control loop when its doorbell comes, and
 * goes to the safe state when the control loop is gone or wrong. Linux reads which by State and output of
 * the link 'status'. It is built for its cell: monitor.h is what the configuration compiler wrote.
 */
#include <monitor.h>

#include <cpu.h>
#include <inmate.h>
#include <irq.h>

#include <control_link.h>

#define MESSAGE_POLL_HZ	20u	/* messages of the hypervisor come without an interrupt */
#define REPORTED	50u	/* cycles in a row that are worth a line */

static const struct control_link status_link = CONTROL_LINK(STATUS), watch_link = CONTROL_LINK(WATCH);
static struct shmem_device status, watch;
static volatile uint32_t interrupts;
static uint32_t state, good_cycles;
static uint64_t last_word;

static void on_interrupt(uint32_t intid)
{
	if (intid == CELL_VIRTUAL_TIMER_INTID)
		timer_start(timer_frequency() / MESSAGE_POLL_HZ);
	else if (intid == CELL_LINK_WATCH_INTID)
		interrupts++;
}

static void change_state(uint32_t to, const char *why)
{
	if (state == to)
		return;
	state = to;
	good_cycles = 0;
	/* what is said is so */
	shmem_write(&status, IVSHMEM_REG_STATE, to);
	printk("monitor: %s: %s\n", why, to == CONTROL_STATE_SAFE ? "outputs off" : "outputs on");
}

static void look_at_control(void)
{
	const volatile struct control_output *theirs = shmem_output(&watch, CELL_LINK_WATCH_ID_OF_CONTROL);
	volatile struct control_output *report = shmem_output(&status, status.id);
	uint64_t word;

	if (!shmem_states(&watch)[CELL_LINK_WATCH_ID_OF_CONTROL]) {
		change_state(CONTROL_STATE_SAFE, "control is gone");
		return;
	}
	barrier_memory();
	word = theirs->word;
	if (word == last_word)
		return;
	last_word = word;
	if (word != control_word((uint32_t)word)) {
		change_state(CONTROL_STATE_SAFE, "control is wrong");
		return;
	}
	change_state(CONTROL_STATE_RUNNING, "control is there");
	report->word = word;
	if (++good_cycles == REPORTED)
		printk("monitor: %u cycles in a row were right\n", good_cycles);
}

void inmate_main(void)
{
	uint32_t handled = 0;

	gic_setup(on_interrupt);
	if (!pci_setup())
		stop();
	control_open("monitor", &status_link, &status, 0);
	control_open("monitor", &watch_link, &watch, 1);
	state = CONTROL_STATE_SAFE;
	control_join(&status, state);
	control_join(&watch, CONTROL_STATE_RUNNING);
	printk("monitor: running, outputs off\n");
	gic_enable(CELL_VIRTUAL_TIMER_INTID);
	timer_start(timer_frequency() / MESSAGE_POLL_HZ);
	/* control may have been there before */
	look_at_control();

	while (!message_is_shutdown()) {
		if (handled == interrupts) {
			irq_sleep();
			continue;
		}
		handled = interrupts;
		look_at_control();
	}
	timer_stop();
	control_leave(&watch);
	control_leave(&status);
	printk("monitor: stopped\n");
	shut_down();
}
