/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared memory device as its owner sees it: registers, State Table, doorbell to oneself, one-shot mode,
 * command register. Runs in a cell with one INTx device; other peers may be present but must keep quiet.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>
#include <tap.h>

#include <bulkhead/hypercall.h>

#define MOVED_BAR0	0xff100000u
#define EPERM		1
#define EINVAL		22
#define QUIET_MS	20u	/* how long "no interrupt" is watched; delivery to oneself is immediate */

static struct shmem_device dev;
static uint32_t start_state, start_int_ctrl, start_command, start_bar0;
static volatile uint32_t interrupts;

static void on_interrupt(uint32_t intid)
{
	if (intid == dev.intid)
		interrupts++;
}

/* true if an interrupt came since before */
static bool interrupt_came(uint32_t before)
{
	uint64_t start = timer_ticks();

	while (interrupts == before && timer_ticks() - start < 5 * timer_frequency())
		__asm__ volatile("yield");
	return interrupts != before;
}

static bool stays_quiet(uint32_t before)
{
	timer_delay_ms(QUIET_MS);
	return tap_equal("interrupts", interrupts - before, 0);
}

static bool ring_self(bool expected)
{
	uint32_t before = interrupts;

	shmem_ring(&dev, dev.id, 0);
	if (!expected)
		return stays_quiet(before);
	if (!interrupt_came(before)) {
		tap_note("no interrupt after a doorbell to the own ID");
		return false;
	}
	timer_delay_ms(QUIET_MS);
	return tap_equal("interrupts", interrupts - before, 1);
}

static void interrupts_on(bool on)
{
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, on);
}

static void one_shot(bool on)
{
	pci_write(dev.bdf, (uint16_t)(dev.capability + IVSHMEM_CAP_PRIV_CTRL), on, 1);
}

static bool reset_values(void)
{
	return tap_equal("State", start_state, 0) & tap_equal("Interrupt Control", start_int_ctrl, 0) &
	       tap_equal("Command", start_command, 0) & tap_equal("BAR 0", start_bar0, 0);
}

static bool configuration_image(void)
{
	uint32_t pin = ((dev.bdf >> 3) & 3) + 1u;
	bool good = tap_equal("IDs", pci_read(dev.bdf, 0x00, 4), 0x4106110a);

	good &= tap_equal("status", pci_read(dev.bdf, PCI_STATUS, 2), 0x0010);
	good &= tap_equal("base class and revision", pci_read(dev.bdf, 0x08, 4) & 0xff0000ff, 0xff000000);
	good &= tap_equal("header type", pci_read(dev.bdf, 0x0e, 1), 0);
	good &= tap_equal("subsystem", pci_read(dev.bdf, 0x2c, 4), 0x4106110a);
	good &= tap_equal("capability pointer", pci_read(dev.bdf, PCI_CAPABILITIES, 1), dev.capability);
	good &= tap_equal("interrupt pin", pci_read(dev.bdf, PCI_INTERRUPT_PIN, 1), pin);
	good &= tap_equal("next capability", pci_read(dev.bdf, (uint16_t)(dev.capability + 1), 1), 0);
	good &= tap_equal("length", pci_read(dev.bdf, (uint16_t)(dev.capability + 2), 1), IVSHMEM_CAP_LENGTH);
	return good;
}

static bool section_sizes(void)
{
	bool good = tap_equal("base, offset in page", dev.base % PAGE_SIZE, 0);

	good &= tap_equal("State Table Size, offset in page", dev.state_size % PAGE_SIZE, 0);
	good &= tap_equal("R/W Section Size, offset in page", dev.rw_size % PAGE_SIZE, 0);
	good &= tap_equal("Output Section Size, offset in page", dev.output_size % PAGE_SIZE, 0);
	return good;
}

static bool identity_read_only(void)
{
	bool good = dev.id < dev.max_peers;

	if (!good)
		tap_note("ID %u is not below Maximum Peers %u", dev.id, dev.max_peers);
	shmem_write(&dev, IVSHMEM_REG_ID, ~dev.id);
	shmem_write(&dev, IVSHMEM_REG_MAX_PEERS, ~dev.max_peers);
	good &= tap_equal("ID", shmem_read(&dev, IVSHMEM_REG_ID), dev.id);
	good &= tap_equal("Maximum Peers", shmem_read(&dev, IVSHMEM_REG_MAX_PEERS), dev.max_peers);
	return good;
}

static bool interrupt_control(void)
{
	bool good;

	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, ~0u);
	good = tap_equal("all ones written", shmem_read(&dev, IVSHMEM_REG_INT_CTRL), 1);
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, ~1u);
	good &= tap_equal("all but bit 0 written", shmem_read(&dev, IVSHMEM_REG_INT_CTRL), 0);
	return good;
}

static bool doorbell_reads_zero(void)
{
	shmem_ring(&dev, dev.id, 0);
	return tap_equal("Doorbell", shmem_read(&dev, IVSHMEM_REG_DOORBELL), 0);
}

static bool state_table(void)
{
	static const uint32_t values[] = { 1, 0x80000000, 0xffffffff, 0xffffffff, 7, 0 };
	bool good = true;

	for (unsigned int n = 0; n < sizeof(values) / sizeof(values[0]); n++) {
		shmem_write(&dev, IVSHMEM_REG_STATE, values[n]);
		/* The table is up to date when the write has completed */
		good &= tap_equal("register", shmem_read(&dev, IVSHMEM_REG_STATE), values[n]);
		good &= tap_equal("table", shmem_states(&dev)[dev.id], values[n]);
	}
	return good;
}

static bool own_state_is_silent(void)
{
	uint32_t before = interrupts;
	bool good;

	interrupts_on(true);
	shmem_write(&dev, IVSHMEM_REG_STATE, 1);
	shmem_write(&dev, IVSHMEM_REG_STATE, 0);
	good = stays_quiet(before);
	interrupts_on(false);
	return good;
}

static bool doorbell_to_self(void)
{
	bool good = true;

	interrupts_on(true);
	for (unsigned int n = 0; n < 3; n++)
		good &= ring_self(true);
	interrupts_on(false);
	return good;
}

static bool disabled_is_lost(void)
{
	uint32_t before = interrupts;
	bool good = ring_self(false);

	interrupts_on(true);
	good &= stays_quiet(before);
	good &= ring_self(true);
	interrupts_on(false);
	return good;
}

static bool doorbell_out_of_range(void)
{
	uint32_t before = interrupts;
	bool good;

	interrupts_on(true);
	shmem_ring(&dev, dev.max_peers > dev.id ? dev.max_peers : dev.id + 1, 0);
	shmem_ring(&dev, 12, 0);
	shmem_ring(&dev, 0xff, 0);
	shmem_ring(&dev, 0xffff, 0xffff);
	shmem_ring(&dev, dev.id, 16);
	shmem_ring(&dev, dev.id, 0xffff);
	good = stays_quiet(before);
	good &= ring_self(true);
	interrupts_on(false);
	return good;
}

static bool one_shot_mode(void)
{
	bool good;

	one_shot(true);
	good = tap_equal("Privileged Control",
			 pci_read(dev.bdf, (uint16_t)(dev.capability + IVSHMEM_CAP_PRIV_CTRL), 1), 1);
	interrupts_on(true);
	good &= ring_self(true);
	good &= tap_equal("Interrupt Control after delivery", shmem_read(&dev, IVSHMEM_REG_INT_CTRL), 0);
	good &= ring_self(false);
	interrupts_on(true);
	good &= ring_self(true);
	one_shot(false);
	interrupts_on(true);
	good &= ring_self(true);
	good &= tap_equal("Interrupt Control without one-shot", shmem_read(&dev, IVSHMEM_REG_INT_CTRL), 1);
	interrupts_on(false);
	return good;
}

static bool privileged_control_widths(void)
{
	uint16_t cap = dev.capability, at = (uint16_t)(cap + IVSHMEM_CAP_PRIV_CTRL);
	uint32_t dword = pci_read(dev.bdf, cap, 4);
	bool good;

	pci_write(dev.bdf, at, 0xff, 1);
	good = tap_equal("byte FFh", pci_read(dev.bdf, at, 1), 1);
	pci_write(dev.bdf, cap, dword & 0x00ffffff, 4);
	good &= tap_equal("dword, bit 24 clear", pci_read(dev.bdf, cap, 4), dword & 0x00ffffff);
	pci_write(dev.bdf, cap, ~0u, 4);
	good &= tap_equal("dword, all ones", pci_read(dev.bdf, cap, 4), (dword & 0x00ffffff) | 0x01000000);
	pci_write(dev.bdf, (uint16_t)(cap + 2), 0, 2);
	good &= tap_equal("upper word 0", pci_read(dev.bdf, cap, 4), dword & 0x00ffffff);
	return good;
}

static bool command_writable_bits(void)
{
	bool good;

	pci_write(dev.bdf, PCI_COMMAND, 0xffff, 2);
	good = tap_equal("all ones", pci_read(dev.bdf, PCI_COMMAND, 2), 0x0406);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 4);
	good &= tap_equal("command and status", pci_read(dev.bdf, PCI_COMMAND, 4), 0x00100006);
	return good;
}

static bool intx_disable(void)
{
	bool good;

	interrupts_on(true);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF, 2);
	good = ring_self(false);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	/* Also: INTx does not depend on bus mastering */
	good &= ring_self(true);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	interrupts_on(false);
	return good;
}

static bool bar_moves(void)
{
	uintptr_t old = dev.registers;
	bool good;

	pci_write(dev.bdf, PCI_BAR0, MOVED_BAR0, 4);
	good = tap_equal("BAR 0", pci_read(dev.bdf, PCI_BAR0, 4), MOVED_BAR0);
	/* Written while decoding: the old place still answers */
	good &= tap_equal("ID at the old place", shmem_read(&dev, IVSHMEM_REG_ID), dev.id);
	pci_write(dev.bdf, PCI_COMMAND, 0, 2);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	map(MOVED_BAR0, PAGE_SIZE, MAP_DEVICE);
	dev.registers = MOVED_BAR0;
	good &= tap_equal("ID at the new place", shmem_read(&dev, IVSHMEM_REG_ID), dev.id);
	good &= tap_equal("Maximum Peers", shmem_read(&dev, IVSHMEM_REG_MAX_PEERS), dev.max_peers);

	pci_write(dev.bdf, PCI_COMMAND, 0, 2);
	pci_write(dev.bdf, PCI_BAR0, (uint32_t)old, 4);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	dev.registers = old;
	good &= tap_equal("ID back at the first place", shmem_read(&dev, IVSHMEM_REG_ID), dev.id);
	return good;
}

static bool sections_hold_data(void)
{
	volatile uint32_t *rw = shmem_rw(&dev), *output = shmem_output(&dev, dev.id);
	bool good = true;

	for (uint64_t n = 0; rw && n < dev.rw_size / 4; n += PAGE_SIZE / 4) {
		rw[n] = (uint32_t)n ^ 0xa5a5a5a5;
		good &= tap_equal("R/W section", rw[n], (uint32_t)n ^ 0xa5a5a5a5);
	}
	for (uint64_t n = 0; output && n < dev.output_size / 4; n += PAGE_SIZE / 4) {
		output[n] = (uint32_t)n ^ 0x5a5a5a5a;
		good &= tap_equal("own output section", output[n], (uint32_t)n ^ 0x5a5a5a5a);
	}
	for (uint32_t peer = 0; output && peer < dev.max_peers; peer++)
		(void)*(volatile uint32_t *)shmem_output(&dev, peer);
	return good;
}

/* --- what the hypervisor tells about the own end --- */

static int64_t link_info(uint32_t bdf, uint32_t peer, uint64_t item)
{
	return hypercall(HC_LINK_INFO, LINK_PEER(bdf, peer), item);
}

static int64_t own_counter(uint32_t counter)
{
	return link_info(dev.bdf, dev.id, LINK_INFO_COUNTER_BASE + counter);
}

static bool own_end_is_described(void)
{
	bool good = true;

	shmem_write(&dev, IVSHMEM_REG_STATE, 0x80000001);
	good &= tap_equal("State", (uint64_t)link_info(dev.bdf, dev.id, LINK_INFO_STATE), 0x80000001);
	shmem_write(&dev, IVSHMEM_REG_STATE, 0);
	good &= tap_equal("State, again", (uint64_t)link_info(dev.bdf, dev.id, LINK_INFO_STATE), 0);
	good &= tap_equal("vectors", (uint64_t)link_info(dev.bdf, dev.id, LINK_INFO_VECTORS), 0);
	interrupts_on(true);
	good &= tap_equal("flags with interrupts on", (uint64_t)link_info(dev.bdf, dev.id, LINK_INFO_FLAGS) &
			  (LINK_FLAG_ENABLED | LINK_FLAG_ARMED), LINK_FLAG_ENABLED | LINK_FLAG_ARMED);
	interrupts_on(false);
	good &= tap_equal("flags with interrupts off", (uint64_t)link_info(dev.bdf, dev.id, LINK_INFO_FLAGS) &
			  LINK_FLAG_ENABLED, 0);
	if (link_info(dev.bdf, dev.id, LINK_INFO_PEERS) < (int64_t)dev.max_peers) {
		tap_note("the link has fewer peers than the device says");
		good = false;
	}
	return good;
}

static bool own_end_counts(void)
{
	int64_t sent = own_counter(LINK_COUNTER_SENT), delivered = own_counter(LINK_COUNTER_DELIVERED);
	int64_t disabled = own_counter(LINK_COUNTER_DISABLED), nobody = own_counter(LINK_COUNTER_NO_PEER);
	bool good = ring_self(false);

	shmem_ring(&dev, 0xffff, 0);
	shmem_ring(&dev, 0xffff, 0);
	interrupts_on(true);
	good &= ring_self(true);
	interrupts_on(false);
	good &= tap_equal("sent", (uint64_t)(own_counter(LINK_COUNTER_SENT) - sent), 4);
	good &= tap_equal("delivered", (uint64_t)(own_counter(LINK_COUNTER_DELIVERED) - delivered), 1);
	good &= tap_equal("disabled", (uint64_t)(own_counter(LINK_COUNTER_DISABLED) - disabled), 1);
	good &= tap_equal("no peer", (uint64_t)(own_counter(LINK_COUNTER_NO_PEER) - nobody), 2);
	return good;
}

static bool other_ends_are_hidden(void)
{
	const uint64_t items[] = {
		LINK_INFO_CELL, LINK_INFO_STATE, LINK_INFO_FLAGS, LINK_INFO_COUNTER_BASE, 99, UINT64_MAX,
	};
	bool good = tap_equal("list of links", (uint64_t)link_info(0, 0, LINK_INFO_NEXT), (uint64_t)-EPERM);

	for (unsigned int n = 0; n < sizeof(items) / sizeof(items[0]); n++) {
		good &= tap_equal("another peer", (uint64_t)link_info(dev.bdf, !dev.id, items[n]), (uint64_t)-EPERM);
		good &= tap_equal("another link", (uint64_t)link_info(dev.bdf + 8u, dev.id, items[n]),
				  (uint64_t)-EPERM);
		good &= tap_equal("no bdf", (uint64_t)link_info(0x10000u | dev.bdf, dev.id, items[n]),
				  (uint64_t)-EPERM);
	}
	good &= tap_equal("unknown item", (uint64_t)link_info(dev.bdf, dev.id, 99), (uint64_t)-EINVAL);
	return good & tap_equal("huge item", (uint64_t)link_info(dev.bdf, dev.id, 1ull << 32), (uint64_t)-EINVAL);
}

#define CASE(function, words) { .text = words, .run = function }

static const struct tap_case cases[] = {
	CASE(reset_values, "reset: State, Interrupt Control, Command and BAR 0 are 0"),
	CASE(configuration_image, "configuration space: header and vendor capability"),
	CASE(section_sizes, "configuration space: sections are made of pages"),
	CASE(identity_read_only, "registers: ID and Maximum Peers are read-only"),
	CASE(interrupt_control, "registers: Interrupt Control holds bit 0 only"),
	CASE(doorbell_reads_zero, "registers: Doorbell reads 0"),
	CASE(state_table, "State: register and table follow every write at once"),
	CASE(own_state_is_silent, "State: a change does not interrupt oneself"),
	CASE(doorbell_to_self, "doorbell: to oneself interrupts, once each"),
	CASE(disabled_is_lost, "doorbell: with Interrupt Control 0 the event is lost, not latched"),
	CASE(doorbell_out_of_range, "doorbell: absent peers and vectors are ignored"),
	CASE(one_shot_mode, "one-shot: delivery clears Interrupt Control"),
	CASE(privileged_control_widths, "one-shot: bit 0 of Privileged Control by byte, word and dword"),
	CASE(command_writable_bits, "command: bits 1, 2 and 10 only"),
	CASE(intx_disable, "command: INTx disable stops delivery, bus mastering does not matter"),
	CASE(bar_moves, "BAR 0: a new address counts after decoding was off and on"),
	CASE(sections_hold_data, "sections: R/W and own output hold data, foreign outputs can be read"),
	CASE(own_end_is_described, "link information: State, vectors, flags and peers of the own end"),
	CASE(own_end_counts, "link information: counters of the own end, exactly"),
	CASE(other_ends_are_hidden, "link information: nothing about others, unknown items are refused"),
};

void inmate_main(void)
{
	const char *dev_problem = "none found";
	uint16_t bdf = PCI_NO_BDF;

	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf != PCI_NO_BDF) {
		start_command = pci_read(bdf, PCI_COMMAND, 2);
		start_bar0 = pci_read(bdf, PCI_BAR0, 4);
		dev_problem = shmem_open(&dev, bdf, 0);
	}
	if (dev_problem || !dev.intid) {
		printk("Bail out! this check needs an INTx shared memory device (%s)\n",
		       dev_problem ? dev_problem : "no INTx");
		return;
	}
	start_state = shmem_read(&dev, IVSHMEM_REG_STATE);
	start_int_ctrl = shmem_read(&dev, IVSHMEM_REG_INT_CTRL);
	gic_setup(on_interrupt);
	gic_enable(dev.intid);
	irq_enable();
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	irq_disable();
}
