/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the Jailhouse ABI and our own documents add to the specification of the shared memory device: the
 * image of the configuration space, and what happens where the specification leaves it open. The
 * specification itself is checked by check_conformance. Runs in a cell with one INTx device; other peers may
 * be present but must keep quiet.
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
#define CAP_VENDOR	0x40u
#define CONFIG_SIZE	0x80u
#define QUIET_MS	20u	/* how long "no interrupt" is watched; delivery to oneself is immediate */

static struct shmem_device dev;
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

static bool ring_self(void)
{
	uint32_t before = interrupts;

	shmem_ring(&dev, dev.id, 0);
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

static bool configuration_image(void)
{
	uint32_t pin = ((dev.bdf >> 3) & 3) + 1u;
	bool good = tap_equal("subsystem", pci_read(dev.bdf, 0x2c, 4), 0x4106110a);

	good &= tap_equal("capability pointer", dev.capability, CAP_VENDOR);
	good &= tap_equal("interrupt line and pin", pci_read(dev.bdf, PCI_INTERRUPT_LINE, 4), pin << 8);
	good &= tap_equal("next capability and length", pci_read(dev.bdf, CAP_VENDOR, 4), 0x00200009);
	good &= tap_equal("where MSI-X would be", pci_read(dev.bdf, 0x60, 4), 0);
	good &= tap_equal("beyond the space", pci_read(dev.bdf, CONFIG_SIZE, 4), 0xffffffff);
	return good;
}

/* One byte or a dword is what drivers write; a word works as well */
static bool privileged_control_word(void)
{
	uint16_t at = CAP_VENDOR + IVSHMEM_CAP_PRIV_CTRL - 1;
	bool good;

	pci_write(dev.bdf, at, 0x0100, 2);
	good = tap_equal("1 written", pci_read(dev.bdf, at, 2), 0x0120);
	pci_write(dev.bdf, at, 0, 2);
	return good & tap_equal("0 written", pci_read(dev.bdf, at, 2), 0x0020);
}

static bool doorbell_reads_zero(void)
{
	shmem_ring(&dev, dev.id, 0);
	return tap_equal("Doorbell", shmem_read(&dev, IVSHMEM_REG_DOORBELL), 0);
}

static bool any_vector_rings(void)
{
	bool good = true;

	interrupts_on(true);
	for (uint32_t vector = 0; vector < 16; vector++) {
		uint32_t before = interrupts;

		shmem_ring(&dev, dev.id, vector);
		good &= interrupt_came(before);
	}
	interrupts_on(false);
	return good;
}

static bool no_master(void)
{
	bool good;

	interrupts_on(true);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	good = ring_self();
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
	bool good;

	shmem_ring(&dev, dev.id, 0);
	shmem_ring(&dev, 0xffff, 0);
	shmem_ring(&dev, 0xffff, 0);
	interrupts_on(true);
	good = ring_self();
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
	CASE(configuration_image, "configuration space: where the ABI has its registers"),
	CASE(privileged_control_word, "configuration space: Privileged Control as part of a word"),
	CASE(doorbell_reads_zero, "registers: Doorbell reads 0"),
	CASE(any_vector_rings, "doorbell: vectors 0 to 15 ring the line"),
	CASE(no_master, "command: INTx does not need bus mastering"),
	CASE(bar_moves, "BAR 0: a new address counts after decoding was off and on, not before"),
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
	if (bdf != PCI_NO_BDF)
		dev_problem = shmem_open(&dev, bdf, 0);
	if (dev_problem || !dev.intid) {
		printk("Bail out! this check needs an INTx shared memory device (%s)\n",
		       dev_problem ? dev_problem : "no INTx");
		return;
	}
	gic_setup(on_interrupt);
	gic_enable(dev.intid);
	irq_enable();
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	irq_disable();
}
