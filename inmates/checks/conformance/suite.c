/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_conformance: runs the checks, prints TAP 13 with the plan as last line.
 *
 * Parameters, beside those of endpoint.c: companions=N how many companions to wait for (0 to 2, default 2);
 * actions: somebody does what lines "# action: ..." say; fatal: also write to read-only configuration
 * registers, which stops the CPU on Jailhouse; protocol=N the type that the configuration gives the device;
 * timeout=N and action-timeout=N seconds until an event or answer, and what follows an action, is given up
 * (default 20, 300).
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "suite.h"

static const struct check_list *const lists[] = {
	&config_space_checks, &capability_checks, &register_checks, &state_checks, &doorbell_checks,
	&msix_checks, &section_checks, &life_cycle_checks, &protection_checks,
};

const char *skip_reason;
unsigned int event_seconds, action_seconds;
static uint32_t available;	/* what of enum need there is */

static const struct {
	uint32_t need;
	const char *reason;
} reasons[] = {
	{ NEED_INTX, "the device has MSI-X" },
	{ NEED_MSIX, "the device has INTx" },
	{ NEED_INTERRUPTS, "no interrupt: tell the SPIs of the cell with msix-intid and msix-count" },
	{ NEED_TWO_VECTORS, "there is one vector" },
	{ NEED_FIXED_MEMORY, "the shared memory is relocatable" },
	{ NEED_RELOCATABLE_MEMORY, "the shared memory is not relocatable" },
	{ NEED_RW, "the link has no R/W section" },
	{ NEED_OUTPUT, "the link has no output sections" },
	{ NEED_PEER, "there is no companion" },
	{ NEED_TWO_PEERS, "there are no two companions" },
	{ NEED_ACTIONS, "nobody does actions: start with actions=1" },
	{ NEED_FATAL, "may stop the CPU: start with fatal=1" },
	{ NEED_PROTOCOL, "tell the protocol type with protocol=N" },
};

bool still_waiting(uint64_t start, unsigned int seconds)
{
	if (message_is_shutdown())
		shut_down();
	return timer_ticks() - start < timer_frequency() * seconds;
}

void interrupts_on(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 1);
}

void interrupts_off(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 0);
}

bool got(uint32_t vector, uint32_t count)
{
	uint64_t start = timer_ticks();

	while (own.counts[vector] < count && still_waiting(start, event_seconds))
		nap();
	nap_ms(QUIET_MS);
	return tap_equal("interrupts", own.counts[vector], count) &
	       tap_equal("interrupts at other vectors", own.total - own.counts[vector], 0);
}

void msix_control(uint16_t value)
{
	pci_write(own.dev.bdf, (uint16_t)(own.msix_capability + MSIX_CONTROL), value, 2);
}

uint32_t config_read(uint16_t offset, unsigned int width)
{
	return pci_read(own.dev.bdf, offset, width);
}

void config_write(uint16_t offset, uint32_t value, unsigned int width)
{
	pci_write(own.dev.bdf, offset, value, width);
}

uint64_t scratch_offset(uint32_t writer)
{
	if (own.dev.rw_size)
		return own.dev.state_size + own.dev.rw_size - CONF_AREA_SIZE;
	return endpoint_output_offset(writer) + own.dev.output_size - CONF_AREA_SIZE;
}

static uint32_t find_available(void)
{
	uint32_t have = 0;

	have |= own.vectors ? NEED_MSIX : NEED_INTX;
	have |= own.usable ? NEED_INTERRUPTS : 0;
	have |= own.usable > 1 ? NEED_TWO_VECTORS : 0;
	have |= own.relocatable ? NEED_RELOCATABLE_MEMORY : NEED_FIXED_MEMORY;
	have |= own.dev.rw_size ? NEED_RW : 0;
	have |= own.dev.output_size ? NEED_OUTPUT : 0;
	have |= num_peers > 0 ? NEED_PEER : 0;
	have |= num_peers > 1 ? NEED_TWO_PEERS : 0;
	have |= param_bool("actions", false) ? NEED_ACTIONS : 0;
	have |= param_bool("fatal", false) ? NEED_FATAL : 0;
	have |= param_int("protocol", -1) >= 0 ? NEED_PROTOCOL : 0;
	return have;
}

static const char *why_not(const struct check *check)
{
	for (unsigned int n = 0; n < sizeof(reasons) / sizeof(reasons[0]); n++)
		if (check->needs & ~available & reasons[n].need)
			return reasons[n].reason;
	return NULL;
}

static bool begin_check(const struct check *check)
{
	bool good;

	endpoint_default();
	shmem_write(&own.dev, IVSHMEM_REG_STATE, 0);
	good = peers_default();
	endpoint_flush();
	return good || !(check->needs & (NEED_PEER | NEED_TWO_PEERS));
}

/* A cell that is started again has to find a device that was reset: leave behind what a reset has to undo. */
static void leave_traces(void)
{
	endpoint_default();
	peers_default();
	endpoint_one_shot(true);
	shmem_write(&own.dev, IVSHMEM_REG_STATE, 0x7e57ed);
	interrupts_on();
}

void inmate_main(void)
{
	unsigned int number = 0, failed = 0;
	const char *why;

	event_seconds = (unsigned int)param_int("timeout", 20);
	action_seconds = (unsigned int)param_int("action-timeout", 300);
	printk("TAP version 13\n");
	why = endpoint_open();
	if (why) {
		printk("Bail out! no usable shared memory device: %s\n", why);
		return;
	}
	endpoint_start_interrupts();
	peers_find((unsigned int)param_int("companions", 2));
	available = find_available();
	tap_note("peer %u of %u, %s, %u vectors, %u companions", own.dev.id, own.dev.max_peers,
		 own.vectors ? "MSI-X" : "INTx", own.vectors ? own.vectors : 1, num_peers);

	for (unsigned int list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		for (unsigned int n = 0; n < lists[list]->count; n++) {
			const struct check *check = &lists[list]->checks[n];
			bool good;

			skip_reason = why_not(check);
			good = skip_reason || (begin_check(check) && check->run());
			failed += !good;
			printk("%s %u - %s %s", good ? "ok" : "not ok", ++number, check->id, check->text);
			printk("%s%s\n", skip_reason ? " # SKIP " : "", skip_reason ? skip_reason : "");
		}
	}
	leave_traces();
	tap_note("%u checks, %u failed", number, failed);
	printk("1..%u\n", number);
	while (still_waiting(timer_ticks(), 1))
		nap();
}
