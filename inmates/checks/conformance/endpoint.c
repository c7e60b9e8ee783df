/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device under test: discovery, placement of its BARs, interrupts, sections.
 *
 * Parameters: bdf=N the device to use (default: the first one found); bar-base=ADDRESS and
 * memory-base=ADDRESS guest addresses without RAM for BAR 0/1 and for BAR 2; msix-intid=N and msix-count=N
 * the SPIs that the cell owns for message interrupts.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>

#include "endpoint.h"

#define DEFAULT_BAR_BASE	0xff000000ll
#define DEFAULT_MEMORY_BASE	0x1000000000ll
#define FLUSH_MS		2u
#define TICKS_PER_SECOND	2000u	/* of nap() */
#define BAR_IO_TYPE_BITS	0x3u
#define BAR_MEMORY_TYPE_BITS	0xfu

struct endpoint own;

/* --- interrupts --- */

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER) {
		timer_stop();
		return;
	}
	for (uint32_t vector = 0; vector < own.usable; vector++) {
		if (own.intids[vector] != intid)
			continue;
		own.counts[vector]++;
		own.total++;
		if (own.watched)
			own.seen = *own.watched;
	}
}

void nap(void)
{
	timer_start(timer_frequency() / TICKS_PER_SECOND);
	irq_sleep();
	timer_stop();
}

void nap_ms(unsigned int ms)
{
	uint64_t start = timer_ticks();

	while (timer_ticks() - start < timer_frequency() * ms / 1000)
		nap();
}

void endpoint_start_interrupts(void)
{
	uint32_t first = (uint32_t)param_int("msix-intid", 0);
	uint32_t count = (uint32_t)param_int("msix-count", CONF_MAX_VECTORS);

	gic_setup(on_interrupt);
	gic_enable(INTID_VIRTUAL_TIMER);
	if (!own.vectors) {
		own.usable = own.dev.intid ? 1 : 0;
		own.intids[0] = own.dev.intid;
	} else {
		own.usable = own.vectors < count ? own.vectors : count;
		if (own.usable > CONF_MAX_VECTORS)
			own.usable = CONF_MAX_VECTORS;
		if (!first)
			own.usable = 0;
		for (uint32_t vector = 0; vector < own.usable; vector++)
			own.intids[vector] = first + vector;
	}
	for (uint32_t vector = 0; vector < own.usable; vector++)
		gic_enable(own.intids[vector]);
}

uint32_t endpoint_table_read(uint32_t offset)
{
	return io_read32(own.msix_table + offset);
}

void endpoint_table_write(uint32_t offset, uint32_t value)
{
	io_write32(own.msix_table + offset, value);
}

static void arm_vectors(void)
{
	if (!own.vectors)
		return;
	for (uint32_t vector = 0; vector < own.usable; vector++) {
		uint32_t entry = vector * MSIX_ENTRY_SIZE;

		/* Masked while it is incomplete: an implementation may look at it after each write */
		endpoint_table_write(entry + MSIX_ENTRY_CONTROL, MSIX_VECTOR_MASKED);
		endpoint_table_write(entry, 0);
		endpoint_table_write(entry + 4, 0);
		endpoint_table_write(entry + MSIX_ENTRY_DATA, own.intids[vector]);
		endpoint_table_write(entry + MSIX_ENTRY_CONTROL, 0);
	}
	pci_write(own.dev.bdf, (uint16_t)(own.msix_capability + MSIX_CONTROL),
		  own.usable ? MSIX_CONTROL_ENABLE : 0, 2);
}

void endpoint_one_shot(bool on)
{
	pci_write(own.dev.bdf, (uint16_t)(own.dev.capability + IVSHMEM_CAP_PRIV_CTRL), on, 1);
}

void endpoint_default(void)
{
	/* Decoding first: without it there are no registers */
	pci_write(own.dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 0);
	endpoint_one_shot(false);
	arm_vectors();
}

void endpoint_forget(void)
{
	for (uint32_t vector = 0; vector < CONF_MAX_VECTORS; vector++)
		own.counts[vector] = 0;
	own.total = 0;
	own.seen = 0;
}

void endpoint_flush(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 1);
	nap_ms(FLUSH_MS);
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 0);
	nap();
	own.watched = NULL;
	endpoint_forget();
}

uint16_t endpoint_config_offset(uint32_t offset)
{
	if (offset & CONF_IN_VENDOR)
		return (uint16_t)(own.dev.capability + (offset & 0xff));
	if (offset & CONF_IN_MSIX)
		return (uint16_t)(own.msix_capability + (offset & 0xff));
	return (uint16_t)offset;
}

/* --- sections --- */

static uint32_t peers_with_sections(void)
{
	/* Configurations exist in which the own ID is not below Maximum Peers */
	return own.dev.max_peers > own.dev.id ? own.dev.max_peers : own.dev.id + 1;
}

uint64_t endpoint_output_offset(uint32_t peer)
{
	return own.dev.state_size + own.dev.rw_size + peer * own.dev.output_size;
}

uint64_t endpoint_memory_size(void)
{
	return endpoint_output_offset(peers_with_sections());
}

volatile uint32_t *endpoint_word(uint64_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(own.dev.base + offset);
}

volatile struct conf_area *endpoint_area(uint32_t peer)
{
	uint64_t offset = own.dev.state_size + (uint64_t)peer * CONF_AREA_SIZE;

	if (own.dev.output_size)
		return (volatile struct conf_area *)endpoint_word(endpoint_output_offset(peer));
	/* The last area stays free: it is scratch space for the checks */
	if ((uint64_t)(peer + 2) * CONF_AREA_SIZE > own.dev.rw_size)
		return NULL;
	return (volatile struct conf_area *)endpoint_word(offset);
}

static void map_sections(void)
{
	const struct shmem_device *dev = &own.dev;

	map(dev->base, dev->state_size, MAP_NORMAL | MAP_READ_ONLY);
	if (dev->rw_size)
		map(dev->base + dev->state_size, dev->rw_size, MAP_NORMAL);
	for (uint32_t peer = 0; dev->output_size && peer < peers_with_sections(); peer++)
		map(dev->base + endpoint_output_offset(peer), dev->output_size,
		    peer == dev->id ? MAP_NORMAL : MAP_NORMAL | MAP_READ_ONLY);
}

/* --- opening --- */

static uint64_t capability_u64(uint32_t offset)
{
	uint16_t at = (uint16_t)(own.dev.capability + offset);

	return pci_read(own.dev.bdf, at, 4) | ((uint64_t)pci_read(own.dev.bdf, (uint16_t)(at + 4), 4) << 32);
}

static uint32_t type_bits(uint32_t bar)
{
	return bar & PCI_BAR_IO ? BAR_IO_TYPE_BITS : BAR_MEMORY_TYPE_BITS;
}

/* Decoding is off. Leaves all BARs at 0. */
static void size_bars(void)
{
	for (unsigned int n = 0; n < PCI_NUM_BARS; n++) {
		uint32_t value;

		pci_write(own.dev.bdf, PCI_BAR(n), ~0u, 4);
		value = pci_read(own.dev.bdf, PCI_BAR(n), 4);
		pci_write(own.dev.bdf, PCI_BAR(n), 0, 4);
		/* The upper half of a 64-bit BAR is all address */
		if (n == 3 && own.relocatable)
			own.bar_bits[n] = value;
		else
			own.bar_bits[n] = value & ~type_bits(value);
	}
}

static uint32_t bar_size(unsigned int n)
{
	return ~own.bar_bits[n] + 1;
}

static const char *place_bars(void)
{
	uint32_t address = (uint32_t)param_int("bar-base", DEFAULT_BAR_BASE);
	uint64_t memory = (uint64_t)param_int("memory-base", DEFAULT_MEMORY_BASE);

	if (pci_read(own.dev.bdf, PCI_BAR0, 4) & PCI_BAR_IO)
		return "its registers are port I/O, which this program does not support";
	if (!own.bar_bits[0])
		return "it has no BAR 0";
	own.dev.registers = address;
	pci_write(own.dev.bdf, PCI_BAR0, address, 4);
	map(address, bar_size(0), MAP_DEVICE);

	if (own.bar_bits[1]) {
		uint32_t size = bar_size(1) > bar_size(0) ? bar_size(1) : bar_size(0);

		address += size;
		pci_write(own.dev.bdf, PCI_BAR(1), address, 4);
		map(address, bar_size(1), MAP_DEVICE);
		if (own.msix_capability) {
			uint16_t cap = own.msix_capability;

			uint32_t table = pci_read(own.dev.bdf, (uint16_t)(cap + MSIX_TABLE), 4);
			uint32_t pba = pci_read(own.dev.bdf, (uint16_t)(cap + MSIX_PBA), 4);

			own.msix_table = address + (table & ~MSIX_BIR_MASK);
			own.msix_pba = address + (pba & ~MSIX_BIR_MASK);
		}
	} else if (own.msix_capability) {
		return "it has MSI-X but no BAR 1";
	}
	if (own.relocatable) {
		pci_write(own.dev.bdf, PCI_BAR(2), (uint32_t)memory, 4);
		pci_write(own.dev.bdf, PCI_BAR(3), (uint32_t)(memory >> 32), 4);
		own.dev.base = memory;
	}
	return NULL;
}

static void note_start(void)
{
	uint16_t privileged = (uint16_t)(own.dev.capability + IVSHMEM_CAP_PRIV_CTRL);

	for (unsigned int n = 0; n < 16; n++)
		own.start.config[n] = pci_read(own.dev.bdf, (uint16_t)(4 * n), 4);
	own.start.privileged = pci_read(own.dev.bdf, privileged, 1);
	if (own.msix_capability)
		own.start.msix_control = pci_read(own.dev.bdf,
						  (uint16_t)(own.msix_capability + MSIX_CONTROL), 2);
}

/* Registers and table need decoding; nothing has been written to them yet */
static void note_start_behind_bars(void)
{
	own.start.int_control = shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL);
	own.start.state = shmem_read(&own.dev, IVSHMEM_REG_STATE);
	own.start.table_entry = *endpoint_word(4ull * own.dev.id);
	for (uint32_t vector = 0; vector < own.vectors && vector < 32; vector++) {
		uint32_t control = endpoint_table_read(vector * MSIX_ENTRY_SIZE + MSIX_ENTRY_CONTROL);

		if (!(control & MSIX_VECTOR_MASKED))
			own.start.unmasked |= 1u << vector;
	}
}

const char *endpoint_open(void)
{
	struct shmem_device *dev = &own.dev;
	const char *why;
	uint32_t pin;

	if (!pci_setup())
		return "the cell has no PCI host";
	dev->bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, (uint16_t)param_int("bdf", 0));
	if (dev->bdf == PCI_NO_BDF)
		return "none found";
	dev->capability = pci_find_capability(dev->bdf, IVSHMEM_CAP_ID);
	if (!dev->capability)
		return "it has no vendor capability";
	own.msix_capability = pci_find_capability(dev->bdf, MSIX_CAP_ID);
	note_start();
	if (own.msix_capability)
		own.vectors = (own.start.msix_control & MSIX_CONTROL_SIZE) + 1;

	dev->class_revision = pci_read(dev->bdf, PCI_CLASS_REVISION, 4);
	dev->state_size = pci_read(dev->bdf, (uint16_t)(dev->capability + IVSHMEM_CAP_STATE_SIZE), 4);
	dev->rw_size = capability_u64(IVSHMEM_CAP_RW_SIZE);
	dev->output_size = capability_u64(IVSHMEM_CAP_OUT_SIZE);
	own.relocatable = pci_read(dev->bdf, (uint16_t)(dev->capability + 2), 1) < IVSHMEM_CAP_LENGTH;
	if (!own.relocatable)
		dev->base = capability_u64(IVSHMEM_CAP_BASE);
	if (!dev->state_size)
		return "its State Table has no size";

	pci_write(dev->bdf, PCI_COMMAND, 0, 2);
	size_bars();
	why = place_bars();
	if (why)
		return why;
	pci_write(dev->bdf, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	dev->id = shmem_read(dev, IVSHMEM_REG_ID);
	dev->max_peers = shmem_read(dev, IVSHMEM_REG_MAX_PEERS);
	if (dev->id > 0xffff || dev->max_peers > 0x10000)
		return "its ID or Maximum Peers register is out of range";
	pin = pci_read(dev->bdf, PCI_INTERRUPT_PIN, 1);
	if (pin && !own.vectors)
		dev->intid = INTID_SPI + comm_region()->vpci_irq_base + pin - 1;
	map_sections();
	note_start_behind_bars();
	return NULL;
}
