/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells of each State of its peers on its first link, by interrupt only. What it has told of peer N stands in word N of the
 * R/W section, for a peer that waits until it has.
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <pci.h>

#define MAX_PEERS	16u

static struct shmem_device dev;

static void on_interrupt(uint32_t intid)
{
	if (intid != dev.intid)
		printk("watch: interrupt %u came, which nobody asked for\n", intid);
}

static void look(void)
{
	static uint32_t told[MAX_PEERS];
	volatile uint32_t *out = shmem_rw(&dev);

	for (uint32_t peer = 0; peer < dev.max_peers && peer < MAX_PEERS; peer++) {
		uint32_t state = shmem_states(&dev)[peer];

		if (peer == dev.id || state == told[peer])
			continue;
		printk("watch: peer %u has State %u\n", peer, state);
		told[peer] = state;
		barrier_memory();
		out[peer] = state;
	}
}

void inmate_main(void)
{
	uint16_t bdf = PCI_NO_BDF;
	const char *why = "none found";

	gic_setup(on_interrupt);
	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf != PCI_NO_BDF)
		why = shmem_open(&dev, bdf, 0);
	if (!why && (!dev.intid || !shmem_rw(&dev)))
		why = "it has no INTx pin or no R/W section";
	if (why) {
		printk("watch: no device: %s\n", why);
		return;
	}
	gic_enable(dev.intid);
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	for (;;) {
		look();
		irq_sleep();
	}
}
