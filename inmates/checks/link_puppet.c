/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that does to its device what the first peer tells it to, so that a test can make it ill: orders stand in the last
 * page of the R/W section, and are looked for without any interrupt.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>

#define NOTHING		0x50000000u
#define MSIX_PAGE	0x1000u		/* BAR 1 behind BAR 0 */

struct order {
	uint32_t number;	/* a new one is an order; written last */
	uint32_t kind;
	uint32_t at, value;
	uint32_t done;		/* number of the last one */
};

enum { CONFIG = 1, REGISTER, MSIX, ENABLE, MASK, STRAY };

static struct shmem_device dev;

static void on_interrupt(uint32_t intid)
{
	(void)intid;
}

static void obey(uint32_t kind, uint32_t at, uint32_t value)
{
	switch (kind) {
	case CONFIG:
		pci_write(dev.bdf, (uint16_t)at, value, 2);
		break;
	case REGISTER:
		shmem_write(&dev, at, value);
		break;
	case MSIX:
		io_write32(dev.registers + MSIX_PAGE + at, value);
		break;
	case ENABLE:
		if (value)
			gic_enable(at);
		else
			gic_disable(at);
		break;
	case MASK:
		if (value)
			irq_disable();
		else
			irq_enable();
		break;
	case STRAY:
		(void)*(volatile uint32_t *)NOTHING;
		break;
	}
}

void inmate_main(void)
{
	volatile struct order *order;
	uint16_t bdf = PCI_NO_BDF;

	gic_setup(on_interrupt);
	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf == PCI_NO_BDF || shmem_open(&dev, bdf, 0) || dev.rw_size < PAGE_SIZE) {
		printk("puppet: no device with an R/W section\n");
		return;
	}
	map(NOTHING, PAGE_SIZE, MAP_NORMAL);
	map(dev.registers + MSIX_PAGE, PAGE_SIZE, MAP_DEVICE);
	order = (volatile void *)((volatile uint8_t *)shmem_rw(&dev) + dev.rw_size - PAGE_SIZE);
	order->done = order->number;
	irq_enable();
	printk("puppet: peer %u\n", dev.id);
	for (;;) {
		if (order->done == order->number)
			continue;
		barrier_memory();
		obey(order->kind, order->at, order->value);
		barrier_full();
		order->done = order->number;
	}
}
