/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `make bench` measures, seen from a cell. Peer 0 of the link does one operation after the other, each
 * BENCH_REPETITIONS times between marks, and lets everybody come to rest in between; the other peers wait for doorbells.
 * All waiting is WFI: time is counted in instructions, and CPUs that spin would take it from each other.
 *
 * Parameters: enable=0 leaves the interrupts of a peer off. second=MPIDR: no link, but SGIs to this other CPU of the cell.
 * turns=1: doorbells to all other peers in turn, and nothing else. links=N: one register of each of N links in turn, and
 * nothing else.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>

#include "../checks/soak/second.h"
#include "bench_marks.h"

#define PAUSE_HZ	1000u
#define LINE_HZ		10u	/* peers look whether all are there */
#define PRESENT		1u
#define UNKNOWN_CODE	0x7fffffff
#define OWN_SGI		3u
#define RECEIVER	1u
#define MAX_LINKS	31u

#define GICD_TYPER	0x0004u
#define GICD_ISENABLER	0x0100u

#define PMU_NSH		(1u << 27)	/* EL2 counts, too */
#define PMU_INST_RETIRED 0x08u

static struct shmem_device dev;
static volatile uint32_t doorbells, timers, sgis;

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER) {
		timers++;
		timer_stop();
	} else if (intid == OWN_SGI) {
		sgis++;
	} else {
		doorbells++;
	}
}

static void pause_for(uint32_t hertz)
{
	uint32_t before = timers;

	timer_start(timer_frequency() / hertz);
	while (timers == before)
		irq_sleep();
}

#define MEASURE_ONCE(operation, what) do { \
	pause_for(PAUSE_HZ); \
	MARK(2 * (operation)); \
	what; \
	MARK(2 * (operation) + 1); \
} while (0)

#define MEASURE(operation, what) \
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++) \
		MEASURE_ONCE(operation, what)

/* Both marks and the call in one piece: here the guest's instructions count */
#define BRACKET(operation, code) \
	__asm__ volatile("movz xzr, #%0\n\t" code "\n\tmovz xzr, #%1" \
			 : : "i"(2 * (operation)), "i"(2 * (operation) + 1), "i"(HC_IMMEDIATE) : "memory")

static void call_nothing(void)
{
	register uint64_t code __asm__("x0") = UNKNOWN_CODE;

	__asm__ volatile("movz xzr, #%1\n\thvc #%3\n\tmovz xzr, #%2"
			 : "+r"(code) : "i"(2 * BENCH_NULL), "i"(2 * BENCH_NULL + 1), "i"(HC_IMMEDIATE) : "memory");
}

static void psci_version(void)
{
	register uint64_t function __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("movz xzr, #%1\n\tsmc #0\n\tmovz xzr, #%2"
			 : "+r"(function) : "i"(2 * BENCH_PSCI_VERSION), "i"(2 * BENCH_PSCI_VERSION + 1)
			 : "x1", "x2", "x3", "memory");
}

/* --- the PMU's word for the same thing: the bracket itself is one instruction */

#define PMU(code) ({ \
	uint64_t pmu_before, pmu_after; \
	register uint64_t pmu_x0 __asm__("x0") = UNKNOWN_CODE; \
	__asm__ volatile("isb\n\tmrs %0, pmevcntr0_el0\n\t" code "\n\tmrs %1, pmevcntr0_el0" \
			 : "=&r"(pmu_before), "=&r"(pmu_after), "+r"(pmu_x0) : "i"(HC_IMMEDIATE) : "memory"); \
	(uint32_t)(pmu_after - pmu_before - 1); \
})

static void ask_pmu(void)
{
	uint32_t empty, nops, null;

	write_sysreg(pmevtyper0_el0, PMU_NSH | PMU_INST_RETIRED);
	write_sysreg(pmcntenset_el0, 1);
	write_sysreg(pmcr_el0, read_sysreg(pmcr_el0) | 1);
	empty = PMU("");
	nops = PMU("nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop");
	null = PMU("hvc #%3");
	printk("bench: PMU: empty %u, 8 nops %u, null %u\n", empty, nops, null);
}

/* --- the operations */

static void own_calls(void)
{
	MEASURE(BENCH_EMPTY, );
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++) {
		pause_for(PAUSE_HZ);
		BRACKET(BENCH_NOPS, "nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop");
		pause_for(PAUSE_HZ);
		call_nothing();
		pause_for(PAUSE_HZ);
		psci_version();
	}
}

static void device_accesses(void)
{
	uintptr_t config = pci_address(dev.bdf, PCI_VENDOR_ID), command = pci_address(dev.bdf, PCI_COMMAND);
	uint16_t decoding = io_read16(command);
	uint32_t state = PRESENT;

	MEASURE(BENCH_REG_READ, io_read32(dev.registers + IVSHMEM_REG_ID));
	MEASURE(BENCH_STATE_SAME, io_write32(dev.registers + IVSHMEM_REG_STATE, state));
	MEASURE(BENCH_STATE_CHANGE, io_write32(dev.registers + IVSHMEM_REG_STATE, ++state));
	MEASURE(BENCH_INT_CTRL, io_write32(dev.registers + IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE));
	MEASURE(BENCH_CFG_READ, io_read32(config));
	MEASURE(BENCH_CFG_WRITE, io_write16(command, decoding));
}

static void send_sgi_and_take_it(void)
{
	uint32_t before = sgis;

	irq_enable();
	gic_send_sgi(OWN_SGI, (uint16_t)(1u << (cpu_affinity() & 0xf)));
	while (sgis == before)
		__asm__ volatile("isb" : : : "memory");
	irq_disable();
}

static void interrupt_controller(void)
{
	uintptr_t distributor = comm_region()->gicd_base;
	uintptr_t enable = distributor + GICD_ISENABLER + 4 * (dev.intid / 32);

	MEASURE(BENCH_GICD_READ, io_read32(distributor + GICD_TYPER));
	MEASURE(BENCH_GICD_WRITE_1, io_write32(enable, 1u << (dev.intid % 32)));
	MEASURE(BENCH_SGI_SELF, send_sgi_and_take_it());
	/* one that is pending and masked, so that WFI does not wait */
	gic_send_sgi(OWN_SGI, 1u << (cpu_affinity() & 0xf));
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++)
		BRACKET(BENCH_WFI, "wfi");
	irq_sleep();
	/* the interrupt ends WFI, and is handled behind it */
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++) {
		uint32_t before = timers;

		pause_for(PAUSE_HZ);
		MARK(2 * BENCH_TIMER);
		timer_start(timer_frequency() / PAUSE_HZ);
		while (timers == before + 1)
			irq_sleep();
		MARK(2 * BENCH_TIMER + 1);
	}
}

static void send(void)
{
	MEASURE(BENCH_DOORBELL, io_write32(dev.registers + IVSHMEM_REG_DOORBELL, RECEIVER << 16));
	pause_for(PAUSE_HZ);
}

static void receive(void)
{
	for (;;) {
		uint32_t before = doorbells;

		MARK(2 * BENCH_RECEIVED);
		while (doorbells == before)
			irq_sleep();
		MARK(2 * BENCH_RECEIVED + 1);
	}
}

static bool all_present(void)
{
	for (uint32_t peer = 0; peer < dev.max_peers; peer++)
		if (!shmem_states(&dev)[peer])
			return false;
	return true;
}

/* --- one after the other, in rounds: more than the hypervisor may remember of one CPU */

static void doorbells_in_turn(void)
{
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++)
		for (uint32_t peer = 1; peer < dev.max_peers; peer++)
			MEASURE_ONCE(BENCH_RING_IN_TURN, io_write32(dev.registers + IVSHMEM_REG_DOORBELL, peer << 16));
	pause_for(PAUSE_HZ);
}

static void registers_in_turn(uint32_t links)
{
	static struct shmem_device devices[MAX_LINKS];
	uint16_t bdf = 0;

	pci_setup();
	for (uint32_t n = 0; n < links; n++, bdf++) {
		const char *why = "there are not so many links";

		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, bdf);
		if (bdf != PCI_NO_BDF && n < MAX_LINKS)
			why = shmem_open(&devices[n], bdf, n);
		if (why) {
			printk("bench: failed: %s\n", why);
			stop();
		}
	}
	MARK(2 * BENCH_LOG);
	for (uint32_t n = 0; n < BENCH_REPETITIONS; n++)
		for (uint32_t link = 0; link < links; link++)
			MEASURE_ONCE(BENCH_READ_IN_TURN, io_read32(devices[link].registers + IVSHMEM_REG_ID));
	MARK(2 * BENCH_LOG + 1);
	printk("bench: done\n");
}

/* --- two CPUs of one cell */

static struct soak_second second;
static uint8_t second_stack[4096] __attribute__((aligned(64)));

void second_main(void)
{
	gic_setup(on_interrupt);
	second.rounds = 1;
	for (;;) {
		uint32_t before = sgis;

		MARK(2 * BENCH_SGI_RECEIVED);
		while (sgis == before)
			irq_sleep();
		MARK(2 * BENCH_SGI_RECEIVED + 1);
	}
}

static void sgis_to_the_other(uint64_t cpu)
{
	if (!second_start(&second, cpu, second_stack + sizeof(second_stack))) {
		printk("bench: failed: the second CPU does not start\n");
		stop();
	}
	while (!second.rounds)
		pause_for(PAUSE_HZ);
	MARK(2 * BENCH_LOG);
	MEASURE(BENCH_SGI_OTHER, gic_send_sgi(OWN_SGI, (uint16_t)(1u << (cpu & 0xf))));
	pause_for(PAUSE_HZ);
	MARK(2 * BENCH_LOG + 1);
	printk("bench: done, %u SGIs\n", sgis);
}

/* --- */

static void join(void)
{
	uint16_t bdf;
	const char *why = "there is no link";

	bdf = pci_setup() ? pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0) : PCI_NO_BDF;
	if (bdf != PCI_NO_BDF)
		why = shmem_open(&dev, bdf, 0);
	if (why) {
		printk("bench: failed: %s\n", why);
		stop();
	}
	gic_enable(dev.intid);
	if (param_int("enable", 1))
		shmem_write(&dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	shmem_write(&dev, IVSHMEM_REG_STATE, PRESENT);
}

void inmate_main(void)
{
	int64_t other = param_int("second", 0), links = param_int("links", 0);

	gic_setup(on_interrupt);
	gic_enable(INTID_VIRTUAL_TIMER);
	gic_enable(OWN_SGI);
	if (other) {
		sgis_to_the_other((uint64_t)other);
		return;
	}
	if (links) {
		registers_in_turn((uint32_t)links);
		return;
	}
	join();
	if (dev.id)
		receive();
	while (!all_present())
		pause_for(LINE_HZ);
	ask_pmu();
	pause_for(PAUSE_HZ);
	MARK(2 * BENCH_LOG);
	if (param_int("turns", 0)) {
		doorbells_in_turn();
	} else {
		own_calls();
		device_accesses();
		interrupt_controller();
		send();
	}
	MARK(2 * BENCH_LOG + 1);
	printk("bench: done\n");
}
