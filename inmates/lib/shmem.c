/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IVSHMEM v2 device, guest side: discovery, registers, sections.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>

#define BAR0_ADDRESS	0xff000000u
#define BAR1_ADDRESS	0xff001000u
#define BAR_STEP	0x2000u

static uint64_t read_u64(const struct shmem_device *dev, uint8_t offset)
{
	uint16_t at = (uint16_t)(dev->capability + offset);

	return pci_read(dev->bdf, at, 4) | ((uint64_t)pci_read(dev->bdf, (uint16_t)(at + 4), 4) << 32);
}

static void map_sections(const struct shmem_device *dev)
{
	/* Configurations exist in which the own ID is not below Maximum Peers */
	uint32_t peers = dev->max_peers > dev->id ? dev->max_peers : dev->id + 1;
	uint64_t outputs = dev->base + dev->state_size + dev->rw_size;

	map(dev->base, dev->state_size, MAP_NORMAL | MAP_READ_ONLY);
	if (dev->rw_size)
		map(dev->base + dev->state_size, dev->rw_size, MAP_NORMAL);
	for (uint32_t peer = 0; dev->output_size && peer < peers; peer++)
		map(outputs + peer * dev->output_size, dev->output_size,
		    peer == dev->id ? MAP_NORMAL : MAP_NORMAL | MAP_READ_ONLY);
}

const char *shmem_open(struct shmem_device *dev, uint16_t bdf, unsigned int index)
{
	uint32_t bar0 = BAR0_ADDRESS + index * BAR_STEP, pin;

	*dev = (struct shmem_device){ .bdf = bdf, .registers = bar0 };
	dev->class_revision = pci_read(bdf, PCI_CLASS_REVISION, 4);
	dev->capability = pci_find_capability(bdf, IVSHMEM_CAP_ID);
	if (!dev->capability)
		return "it has no vendor capability";
	if (pci_read(bdf, (uint16_t)(dev->capability + 2), 1) < IVSHMEM_CAP_LENGTH)
		return "its memory is relocatable, which this program does not support";
	dev->state_size = pci_read(bdf, (uint16_t)(dev->capability + IVSHMEM_CAP_STATE_SIZE), 4);
	dev->rw_size = read_u64(dev, IVSHMEM_CAP_RW_SIZE);
	dev->output_size = read_u64(dev, IVSHMEM_CAP_OUT_SIZE);
	dev->base = read_u64(dev, IVSHMEM_CAP_BASE);
	if (!dev->state_size)
		return "its State Table has no size";

	pci_write(bdf, PCI_BAR0, bar0, 4);
	pci_write(bdf, PCI_BAR0 + 4, BAR1_ADDRESS + index * BAR_STEP, 4);
	pci_write(bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	map(dev->registers, PAGE_SIZE, MAP_DEVICE);

	dev->id = shmem_read(dev, IVSHMEM_REG_ID);
	dev->max_peers = shmem_read(dev, IVSHMEM_REG_MAX_PEERS);
	if (dev->id > 0xffff || dev->max_peers > 0x10000)
		return "its ID or Maximum Peers register is out of range";
	pin = pci_read(bdf, PCI_INTERRUPT_PIN, 1);
	if (pin)
		dev->intid = INTID_SPI + comm_region()->vpci_irq_base + pin - 1;
	map_sections(dev);
	return NULL;
}

uint32_t shmem_read(const struct shmem_device *dev, uint32_t reg)
{
	return io_read32(dev->registers + reg);
}

void shmem_write(const struct shmem_device *dev, uint32_t reg, uint32_t value)
{
	barrier_full();
	io_write32(dev->registers + reg, value);
}

void shmem_ring(const struct shmem_device *dev, uint32_t peer, uint32_t vector)
{
	shmem_write(dev, IVSHMEM_REG_DOORBELL, (peer << 16) | vector);
}

volatile uint32_t *shmem_states(const struct shmem_device *dev)
{
	return (volatile uint32_t *)(uintptr_t)dev->base;
}

volatile void *shmem_rw(const struct shmem_device *dev)
{
	return dev->rw_size ? (volatile void *)(uintptr_t)(dev->base + dev->state_size) : NULL;
}

volatile void *shmem_output(const struct shmem_device *dev, uint32_t peer)
{
	if (!dev->output_size)
		return NULL;
	return (volatile void *)(uintptr_t)(dev->base + dev->state_size + dev->rw_size +
					    peer * dev->output_size);
}
