/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to the shared memory device that are made again and again in the same way, so that the hypervisor may do them by what
 * it knows from the first time: with each register, and with other values. A peer with ringer=1 rings this one all the time.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>
#include <tap.h>

#include "check_repeat.h"

#define GICD_ISPENDR	0x0200u
#define GICD_ICPENDR	0x0280u
#define ROUNDS		2000u
#define FEWEST		20u	/* on a loaded host: of those, it is enough when ENOUGH_MS are over */
#define ENOUGH_MS	5000u
#define LOOKS		20u
#define WAIT_MS		120000u

static struct shmem_device dev;
static volatile uint32_t came;

static void on_interrupt(uint32_t intid)
{
	came += intid == dev.intid;
}

static uint64_t counter(uint32_t which)
{
	return (uint64_t)hypercall(HC_LINK_INFO, (uint64_t)dev.bdf << 16 | dev.id, LINK_INFO_COUNTER_BASE + which);
}

static bool is_pending(void)
{
	return io_read32(comm_region()->gicd_base + GICD_ISPENDR + dev.intid / 32 * 4) >> (dev.intid % 32) & 1;
}

static void drop_pending(void)
{
	io_write32(comm_region()->gicd_base + GICD_ICPENDR + dev.intid / 32 * 4, 1u << (dev.intid % 32));
}

/* The page is gone for a moment: what is known about accesses to it, too, so that the next ones are remembered at once. */
static void begin_anew(void)
{
	uint16_t command = (uint16_t)pci_read(dev.bdf, PCI_COMMAND, 2);

	pci_write(dev.bdf, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY, 2);
	pci_write(dev.bdf, PCI_COMMAND, command, 2);
}

/* Stored by each register with these upper halves */
static bool with_each_register(uint64_t upper, uint32_t value, uint32_t load, uint64_t loaded, uint32_t counted)
{
	bool good = true;

	for (uint32_t n = 0; n < 31; n++) {
		struct repeat repeat = {
			.store = dev.registers + IVSHMEM_REG_DOORBELL, .value = upper << 32 | value, .load = dev.registers + load,
		};
		uint64_t sent = counter(LINK_COUNTER_SENT), done = counter(counted);
		uint32_t base = n == 30 ? 0 : n + 1;

		begin_anew();
		repeat_with[n](&repeat);
		good &= tap_equal("sent", counter(LINK_COUNTER_SENT) - sent, 3);
		good &= tap_equal("counted", counter(counted) - done, 3);
		for (uint32_t i = 0; i < 31; i++)
			good &= tap_equal("register", repeat.after[i], i == n ? loaded : i == base ? repeat.load :
					  0xa5a5000000000100ull + i);
		if (!good) {
			tap_note("with register %u", n);
			return false;
		}
	}
	return true;
}

static bool doorbells(void)
{
	bool good = true;

	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 1);
	shmem_write(&dev, IVSHMEM_REG_STATE, 0x12345678);
	good &= with_each_register(0, dev.id << 16, IVSHMEM_REG_STATE, 0x12345678, LINK_COUNTER_DELIVERED);
	good &= with_each_register(0xffffffff, dev.id << 16, IVSHMEM_REG_ID, dev.id, LINK_COUNTER_DELIVERED);
	good &= is_pending();
	drop_pending();
	return good;
}

/* Written by each register: the first time is a change, which is told; the entry of the table is what the register is. */
static bool states(void)
{
	bool good = true;

	for (uint32_t n = 0; n < 31; n++) {
		struct repeat repeat = {
			.store = dev.registers + IVSHMEM_REG_STATE, .value = 0xffffffffull << 32 | (0x100 + 2 * n),
			.load = dev.registers + IVSHMEM_REG_STATE,
		};
		uint64_t sent = counter(LINK_COUNTER_SENT);
		uint32_t base = n == 30 ? 0 : n + 1;

		repeat_with[n](&repeat);
		good &= tap_equal("changes told", counter(LINK_COUNTER_SENT) - sent, dev.max_peers - 1);
		good &= tap_equal("entry", shmem_states(&dev)[dev.id], 0x100 + 2 * n);
		repeat.value++;
		repeat_with[n](&repeat);
		good &= tap_equal("changes told", counter(LINK_COUNTER_SENT) - sent, 2 * (dev.max_peers - 1));
		good &= tap_equal("entry", shmem_states(&dev)[dev.id], 0x101 + 2 * n);
		for (uint32_t i = 0; i < 31; i++)
			good &= tap_equal("register", repeat.after[i], i == n ? 0x101 + 2 * n : i == base ? repeat.load :
					  0xa5a5000000000100ull + i);
		if (!good) {
			tap_note("with register %u", n);
			return false;
		}
	}
	for (uint32_t n = 0; n < 3; n++)
		__asm__ volatile("str wzr, [%0]" : : "r"(dev.registers + IVSHMEM_REG_STATE) : "memory");
	return good && tap_equal("State", shmem_states(&dev)[dev.id] | shmem_read(&dev, IVSHMEM_REG_STATE), 0);
}

/* All of these are not what the ones before were. */
static bool doorbells_of_others(void)
{
	bool good = true;

	good &= with_each_register(0, dev.id << 16 | 3, IVSHMEM_REG_MAX_PEERS, dev.max_peers, LINK_COUNTER_DELIVERED);
	good &= is_pending();
	drop_pending();
	good &= with_each_register(0, 77 << 16, IVSHMEM_REG_DOORBELL, 0, LINK_COUNTER_NO_PEER);
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 0);
	good &= with_each_register(0, dev.id << 16, IVSHMEM_REG_INT_CTRL, 0, LINK_COUNTER_DISABLED);
	return good && !is_pending();
}

/* State that is written is no doorbell, though it is the same store but for its address; no more is a 16-bit store one. */
static bool stores_like_it(void)
{
	uint32_t value = dev.id << 16;
	uint64_t sent;

	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 1);
	for (uint32_t n = 0; n < 3; n++)
		io_write32(dev.registers + IVSHMEM_REG_DOORBELL, value);
	drop_pending();
	sent = counter(LINK_COUNTER_SENT);
	for (uint32_t n = 0; n < 3; n++) {
		io_write32(dev.registers + IVSHMEM_REG_MAX_PEERS, value);
		io_write16(dev.registers + IVSHMEM_REG_DOORBELL, (uint16_t)value);
		io_write32(dev.registers + 0x100 + IVSHMEM_REG_DOORBELL, value);
		io_write32(dev.registers + 0x14, value);
	}
	return tap_equal("sent", counter(LINK_COUNTER_SENT) - sent, 0) && !is_pending();
}

/* The instruction has two bytes: the next one is not four bytes further. */
static bool stores_of_thumb(void)
{
	uint64_t sent = counter(LINK_COUNTER_SENT), id;

	__asm__ volatile("mrs %0, id_aa64pfr0_el1" : "=r"(id));
	if ((id & 0xf) != 2)
		return true;
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 1);
	if (!tap_equal("counted", thumb_repeat((uint32_t)dev.registers + IVSHMEM_REG_DOORBELL, dev.id << 16), 4))
		return false;
	drop_pending();
	return tap_equal("sent", counter(LINK_COUNTER_SENT) - sent, 4);
}

/* The register page goes away, and comes back somewhere else: nothing is there where it was. */
static bool page_that_moves(void)
{
	uint16_t decoding = (uint16_t)pci_read(dev.bdf, PCI_COMMAND, 2);
	uint32_t bar = pci_read(dev.bdf, PCI_BAR0, 4);
	bool good = true;

	for (uint32_t n = 0; n < 3; n++)
		good &= tap_equal("BAR 0", io_read32(pci_address(dev.bdf, PCI_BAR0)), bar);
	for (uint32_t n = 0; n < 3; n++) {
		pci_write(dev.bdf, PCI_BAR0, bar + 0x1000 * n, 4);
		good &= tap_equal("BAR 0", io_read32(pci_address(dev.bdf, PCI_BAR0)), bar + 0x1000 * n);
	}
	pci_write(dev.bdf, PCI_BAR0, bar, 4);
	pci_write(dev.bdf, PCI_COMMAND, decoding & ~PCI_COMMAND_MASTER, 2);
	good &= with_each_register(0, dev.id << 16, IVSHMEM_REG_ID, dev.id, LINK_COUNTER_DELIVERED);
	pci_write(dev.bdf, PCI_COMMAND, decoding | PCI_COMMAND_INTX_OFF, 2);
	drop_pending();
	good &= with_each_register(0, dev.id << 16, IVSHMEM_REG_ID, dev.id, LINK_COUNTER_MASKED);
	good &= !is_pending();
	pci_write(dev.bdf, PCI_COMMAND, decoding, 2);
	return good;
}

/*
 * While another CPU rings or changes its State, as long as this peer's is begin: after a write of 0 to Interrupt Control is over,
 * nothing is on its way any more. And not all of it is lost on the way to that.
 */
static bool off_is_off(uint32_t begin)
{
	uint64_t start = timer_ticks(), ticks = timer_frequency() * WAIT_MS / 1000, before, after;
	uint64_t enough = timer_frequency() * ENOUGH_MS / 1000;
	uint32_t late = 0, rounds = 0;

	shmem_write(&dev, IVSHMEM_REG_STATE, begin);
	while (rounds < ROUNDS && timer_ticks() - start < (rounds < FEWEST ? ticks : enough)) {
		before = counter(LINK_COUNTER_DELIVERED);
		shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 1);
		while (counter(LINK_COUNTER_DELIVERED) < before + 2 && timer_ticks() - start < ticks)
			;
		shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 0);
		drop_pending();
		after = counter(LINK_COUNTER_DELIVERED);
		rounds += after > before;
		for (uint32_t n = 0; n < LOOKS; n++)
			late += is_pending() || counter(LINK_COUNTER_DELIVERED) != after;
	}
	shmem_write(&dev, IVSHMEM_REG_STATE, begin + 1);
	return tap_equal("interrupts after interrupts were off", late, 0) && (rounds >= FEWEST || tap_equal("rounds", rounds, ROUNDS));
}

static bool no_doorbell_after_off(void)
{
	return off_is_off(1);
}

static bool no_change_after_off(void)
{
	return off_is_off(3);
}

static void ring_all_the_time(void)
{
	uint32_t receiver = !dev.id, state = 0;

	while (shmem_states(&dev)[receiver] != 1)
		__asm__ volatile("yield");
	while (shmem_states(&dev)[receiver] == 1)
		shmem_write(&dev, IVSHMEM_REG_DOORBELL, receiver << 16);
	while (shmem_states(&dev)[receiver] != 3)
		__asm__ volatile("yield");
	while (shmem_states(&dev)[receiver] == 3)
		shmem_write(&dev, IVSHMEM_REG_STATE, ++state);
	printk("ringer: done\n");
	stop();
}

void inmate_main(void)
{
	static const struct tap_case cases[] = {
		{ "doorbells and registers, with each register of the CPU", doorbells },
		{ "State, with each register of the CPU", states },
		{ "doorbells that are not like those before", doorbells_of_others },
		{ "stores that are almost like a doorbell's", stores_like_it },
		{ "stores of a 32-bit process, by instructions of two bytes", stores_of_thumb },
		{ "the register page moves, the interrupt is switched off", page_that_moves },
		{ "interrupts that are off come no more", no_doorbell_after_off },
		{ "interrupts that are off tell no change of State", no_change_after_off },
	};
	uint16_t bdf = pci_setup() ? pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0) : PCI_NO_BDF;

	if (bdf == PCI_NO_BDF || shmem_open(&dev, bdf, 0)) {
		printk("no shared memory device\n");
		stop();
	}
	if (param_bool("ringer", false))
		ring_all_the_time();
	gic_setup(on_interrupt);
	gic_enable(dev.intid);
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	stop();
}
