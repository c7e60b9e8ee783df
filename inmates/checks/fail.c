/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that fails, to see what comes of it: it counts its starts in memory that no image covers, changes a variable
 * that the image initialises, says both, and reads memory that the cell does not have.
 *
 * With a link, State 1 says that it is there, and it waits until the first peer (watch.c) has told of its last State and
 * of this one; so no two programs print at the same time.
 *
 * Parameters: times=N failures, from then on it lives (default 0: it always fails); kept=ADDRESS of the memory where it
 * counts (default 100000h); first=N: the cell has the SPIs with INTIDs N .. N + 19, which are pending when it fails, and
 * it says how many are when it starts.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>

#define NOTHING		0x50000000u
#define STATE_PRESENT	1u
#define FRESH		1000u
#define SPIS		20u	/* more than list registers */
#define GICD_ISPENDR	0x0200u

static uint32_t data __attribute__((section(".loaded_data"))) = FRESH;
static struct shmem_device dev;

static void wait_until_told(uint32_t state)
{
	const volatile uint32_t *told = shmem_rw(&dev);

	while (told[dev.id] != state)
		__asm__ volatile("yield");
}

static void announce(void)
{
	uint16_t bdf = PCI_NO_BDF;

	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf == PCI_NO_BDF || shmem_open(&dev, bdf, 0) || !shmem_rw(&dev))
		return;
	wait_until_told(0);
	shmem_write(&dev, IVSHMEM_REG_STATE, STATE_PRESENT);
	wait_until_told(STATE_PRESENT);
}

static void nothing(uint32_t intid)
{
	(void)intid;
}

static void pend_interrupts(uint32_t first)
{
	uintptr_t pending = comm_region()->gicd_base + GICD_ISPENDR;
	uint32_t before = 0;

	gic_setup(nothing);
	for (uint32_t intid = first; intid < first + SPIS; intid++)
		before += io_read32(pending + intid / 32 * 4) >> (intid % 32) & 1;
	printk("fail: %u interrupts pending\n", before);
	for (uint32_t intid = first; intid < first + SPIS; intid++) {
		gic_enable(intid);
		io_write32(pending + intid / 32 * 4, 1u << (intid % 32));
	}
}

void inmate_main(void)
{
	uint64_t kept = (uint64_t)param_int("kept", 0x100000);
	uint32_t times = (uint32_t)param_int("times", 0);
	volatile uint32_t *starts = (volatile uint32_t *)kept;

	map(kept, PAGE_SIZE, MAP_NORMAL);
	map(NOTHING, PAGE_SIZE, MAP_NORMAL);
	announce();
	++*starts;
	data++;
	printk("fail: start %u, data %u\n", *starts, *(volatile uint32_t *)&data);
	if (param_int("first", 0))
		pend_interrupts((uint32_t)param_int("first", 0));
	if (times && *starts > times) {
		printk("fail: not any more\n");
		return;
	}
	(void)*(volatile uint32_t *)NOTHING;
	printk("fail: still alive\n");
}
