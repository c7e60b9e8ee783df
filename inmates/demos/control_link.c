/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control system's links, for both of its programs.
 */
#include <inmate.h>
#include <io.h>
#include <irq.h>

#include <control_link.h>

static void compare(const char *program, const struct control_link *link, const char *what, uint64_t header,
		    uint64_t device)
{
	if (header == device)
		return;
	printk("%s: link %s: %s is 0x%llx in the header, 0x%llx in the device: build the program for this system\n",
	       program, link->name, what, (unsigned long long)header, (unsigned long long)device);
	stop();
}

void control_open(const char *program, const struct control_link *link, struct shmem_device *dev, unsigned int index)
{
	const char *why = NULL;

	if (pci_read(link->bdf, PCI_VENDOR_ID, 4) != ((IVSHMEM_DEVICE_ID << 16) | IVSHMEM_VENDOR_ID))
		why = "no such device";
	if (!why)
		why = shmem_open(dev, link->bdf, index);
	if (why) {
		printk("%s: link %s: %s\n", program, link->name, why);
		stop();
	}
	compare(program, link, "own id", link->id, dev->id);
	compare(program, link, "number of peers", link->peers, dev->max_peers);
	compare(program, link, "interrupt", link->intid, dev->intid);
	compare(program, link, "state table", link->state, dev->base);
	compare(program, link, "output section", link->output, (uintptr_t)shmem_output(dev, dev->id));
	compare(program, link, "size of output sections", link->output_size, dev->output_size);
	printk("%s: link %s is as the header says, interrupt %u\n", program, link->name, dev->intid);
}

void control_join(const struct shmem_device *dev, uint32_t state)
{
	pci_write(dev->bdf, (uint16_t)(dev->capability + IVSHMEM_CAP_PRIV_CTRL), 0, 1);
	gic_enable(dev->intid);
	shmem_write(dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	shmem_write(dev, IVSHMEM_REG_STATE, state);
}

void control_leave(const struct shmem_device *dev)
{
	shmem_write(dev, IVSHMEM_REG_INT_CTRL, 0);
	shmem_write(dev, IVSHMEM_REG_STATE, 0);
}
