/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell that does the same again and again, to see whether others change what that costs (tests/direct/test_steady.py): peer 0
 * of the link does one operation of each kind, sleeps, and so on, between marks 0 and 1; peer 1 takes doorbells.
 *
 * Parameters: rounds=N; hertz=N of its sleep; after=N rounds of warming up.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>

#include "bench_marks.h"

#define UNKNOWN_CODE	0x7fffffff
#define OWN_SGI		3u
#define GICD_TYPER	0x0004u
#define GICD_ISENABLER	0x0100u

static struct shmem_device dev;
static volatile uint32_t timers, sgis;

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER) {
		timers++;
		timer_stop();
	} else if (intid == OWN_SGI) {
		sgis++;
	}
}

static void sleep_for(uint32_t hertz)
{
	uint32_t before = timers;

	timer_start(timer_frequency() / hertz);
	while (timers == before)
		irq_sleep();
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

static void one_of_each(uint32_t n)
{
	uintptr_t distributor = comm_region()->gicd_base;

	hypercall(UNKNOWN_CODE, 0, 0);
	hypercall(HC_CPU_INFO, 1, CPU_INFO_STATE);
	io_read32(dev.registers + IVSHMEM_REG_ID);
	io_write32(dev.registers + IVSHMEM_REG_STATE, 1 + n % 2);
	io_write32(dev.registers + IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	io_read32(pci_address(dev.bdf, PCI_VENDOR_ID));
	io_read32(distributor + GICD_TYPER);
	io_write32(distributor + GICD_ISENABLER + 4 * (dev.intid / 32), 1u << (dev.intid % 32));
	send_sgi_and_take_it();
	io_write32(dev.registers + IVSHMEM_REG_DOORBELL, 1u << 16);
}

void inmate_main(void)
{
	uint32_t rounds = (uint32_t)param_int("rounds", 1000), hertz = (uint32_t)param_int("hertz", 50000);
	uint16_t bdf;

	gic_setup(on_interrupt);
	gic_enable(INTID_VIRTUAL_TIMER);
	gic_enable(OWN_SGI);
	bdf = pci_setup() ? pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0) : PCI_NO_BDF;
	if (bdf == PCI_NO_BDF || shmem_open(&dev, bdf, 0)) {
		printk("steady: failed: there is no link\n");
		return;
	}
	gic_enable(dev.intid);
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	shmem_write(&dev, IVSHMEM_REG_STATE, 1);
	while (dev.id)
		irq_sleep();
	while (!shmem_states(&dev)[1])
		sleep_for(hertz);
	/* whatever others do at the beginning, and what is remembered of the first times */
	for (uint32_t n = (uint32_t)param_int("after", 100); n; n--) {
		one_of_each(n);
		sleep_for(hertz);
	}
	MARK(0);
	for (uint32_t n = 0; n < rounds; n++) {
		one_of_each(n);
		sleep_for(hertz);
	}
	MARK(1);
	printk("steady: done\n");
}
