/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "config_fixture.h"
#include "host.h"

#define GICD_BASE	0x08000000u

static void *images[32];
static uint32_t num_images;

const struct config_platform test_platform = {
	.hv_start = 0x7fc00000,
	.hv_size = 4 * MIB,
	.max_cpus = 4,
	.phys_limit = 1ull << 44,
	.guest_limit = 1ull << 40,
};

struct cfg_memory *add_memory(struct test_config *config, uint64_t phys, uint64_t virt, uint64_t size,
			      uint64_t flags)
{
	struct cfg_memory *mem = &config->memory[config->header.num_memory_regions++];

	HOST_ASSERT(config->header.num_memory_regions <= ARRAY_SIZE(config->memory));
	*mem = (struct cfg_memory){ .phys_start = phys, .virt_start = virt, .size = size, .flags = flags };
	return mem;
}

struct cfg_irqchip *add_irqchip(struct test_config *config, uint32_t pin_base)
{
	struct cfg_irqchip *chip = &config->irqchips[config->header.num_irqchips++];

	HOST_ASSERT(config->header.num_irqchips <= ARRAY_SIZE(config->irqchips));
	*chip = (struct cfg_irqchip){ .address = GICD_BASE, .pin_base = pin_base };
	return chip;
}

struct cfg_pci_device *add_ivshmem(struct test_config *config, uint16_t bdf, uint32_t first_region,
				   uint8_t id, uint8_t peers)
{
	struct cfg_pci_device *dev = &config->pci[config->header.num_pci_devices++];

	HOST_ASSERT(config->header.num_pci_devices <= ARRAY_SIZE(config->pci));
	*dev = (struct cfg_pci_device){
		.type = CFG_PCI_IVSHMEM,
		.domain = 1,
		.bdf = bdf,
		.bar_mask = { 0xfffff000 },
		.shmem_regions_start = first_region,
		.shmem_dev_id = id,
		.shmem_peers = peers,
	};
	return dev;
}

static void make_header(struct test_config *config, const char *name)
{
	*config = (struct test_config){ .header = {
		.architecture = CFG_ARCH_ARM64,
		.revision = CFG_REVISION,
		.cpu_set_size = 8,
	} };
	memcpy(config->header.signature, CFG_SIGNATURE_CELL, CFG_SIGNATURE_LEN);
	memcpy(config->header.name, name, strlen(name));
}

void make_cell(struct test_config *config, const char *name, uint32_t cpu, uint64_t phys)
{
	make_header(config, name);
	config->cpus[cpu / 8] = (uint8_t)(1u << (cpu % 8));
	add_memory(config, phys, 0, 64 * KIB,
		   CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_EXECUTE | CFG_MEM_LOADABLE);
}

static void add_demo_sections(struct test_config *config, uint32_t id, uint64_t shared)
{
	add_memory(config, 0x7faf0000, 0x7faf0000, 4 * KIB, CFG_MEM_READ | shared);
	add_memory(config, 0x7faf1000, 0x7faf1000, 36 * KIB, CFG_MEM_READ | CFG_MEM_WRITE | shared);
	for (uint32_t n = 0; n < 3; n++)
		add_memory(config, 0x7fafa000 + n * 8 * KIB, 0x7fafa000 + n * 8 * KIB, 8 * KIB,
			   CFG_MEM_READ | (n == id ? CFG_MEM_WRITE : 0) | shared);
}

void make_inmate_demo(struct test_config *config)
{
	make_header(config, "inmate-demo");
	config->header.flags = CFG_CELL_PASSIVE_COMM_REGION;
	config->header.vpci_irq_base = 112;
	config->header.console = (struct cfg_console){
		.address = 0x09000000,
		.type = CFG_CONSOLE_PL011,
		.flags = CFG_CONSOLE_MMIO | CFG_CONSOLE_REGDIST_4,
	};
	config->cpus[0] = 0x02;
	add_demo_sections(config, 1, CFG_MEM_ROOTSHARED);
	add_memory(config, 0x09000000, 0x09000000, 4 * KIB, 0x93);
	add_memory(config, 0x7fa00000, 0, 64 * KIB, 0x47);
	add_memory(config, 0, 0x80000000, 4 * KIB, 0x23);
	add_irqchip(config, 32)->pin_bitmap[3] = 1u << 16;	/* INTID 144 */
	add_ivshmem(config, 0, 0, 1, 3);
}

void make_system(struct test_system *system)
{
	static const struct cfg_memory other_regions[] = {
		{ .phys_start = 0x08080000, .size = 0x20000, .flags = 0x13 },		/* GIC ITS */
		{ .phys_start = 0x09000000, .size = 0x1000, .flags = 0x13 },		/* UART */
		{ .phys_start = 0x09010000, .size = 0x1000, .flags = 0x13 },		/* RTC */
		{ .phys_start = 0x0a000000, .size = 0x4000, .flags = 0x13 },		/* virtio-mmio */
		{ .phys_start = 0x0a004000, .size = 0x204, .flags = 0x40013 },		/* part of a page */
		{ .phys_start = 0x10000000, .size = 0x2eff0000, .flags = 0x13 },	/* PCI */
		{ .phys_start = 0x40000000, .size = 0x3fa00000, .flags = 0x07 },	/* RAM */
	};

	*system = (struct test_system){ .header = {
		.architecture = CFG_ARCH_ARM64,
		.revision = CFG_REVISION,
		.flags = CFG_SYS_VIRTUAL_CONSOLE,
		.hypervisor_memory = { .phys_start = 0x7fc00000, .size = 4 * MIB },
		.debug_console = {
			.address = 0x09000000,
			.size = 0x1000,
			.type = CFG_CONSOLE_PL011,
			.flags = CFG_CONSOLE_MMIO | CFG_CONSOLE_REGDIST_4,
		},
		.pci_mmconfig_base = 0x08e00000,
		.pci_is_virtual = 1,
		.pci_domain = 1,
		.arch.arm = {
			.maintenance_irq = 25,
			.gic_version = 3,
			.gicd_base = GICD_BASE,
			.gicr_base = 0x080a0000,
		},
	} };
	memcpy(system->header.signature, CFG_SIGNATURE_SYSTEM, CFG_SIGNATURE_LEN);

	make_header(&system->root, "qemu-arm64");
	memset(system->root.header.signature, 0, CFG_SIGNATURE_LEN);
	system->root.header.architecture = 0;
	system->root.header.revision = 0;
	system->root.header.vpci_irq_base = 96;
	system->root.cpus[0] = 0x0f;
	add_demo_sections(&system->root, 0, 0);
	for (uint32_t n = 0; n < ARRAY_SIZE(other_regions); n++)
		add_memory(&system->root, other_regions[n].phys_start, other_regions[n].phys_start,
			   other_regions[n].size, other_regions[n].flags);
	memset(add_irqchip(&system->root, 32)->pin_bitmap, 0xff, 16);
	add_ivshmem(&system->root, 0, 0, 0, 3);
}

static void *new_image(uint64_t size)
{
	HOST_ASSERT(num_images < ARRAY_SIZE(images));
	images[num_images] = malloc(size);
	HOST_ASSERT(images[num_images]);
	return images[num_images++];
}

void free_last_image(void)
{
	free(images[--num_images]);
}

void free_images(void)
{
	while (num_images > 0)
		free(images[--num_images]);
}

static uint8_t *put(uint8_t *at, const void *from, uint64_t size)
{
	memcpy(at, from, size);
	return at + size;
}

static uint64_t packed_size(const struct cfg_cell *cell)
{
	return sizeof(*cell) + cell->cpu_set_size + 32ull * cell->num_memory_regions +
	       12ull * cell->num_cache_regions + 32ull * cell->num_irqchips + 4ull * cell->num_pio_regions +
	       56ull * cell->num_pci_devices + 8ull * cell->num_pci_caps + 4ull * cell->num_stream_ids;
}

static uint8_t *put_config(uint8_t *at, const struct test_config *config)
{
	at = put(at, &config->header, sizeof(config->header));
	at = put(at, config->cpus, config->header.cpu_set_size);
	at = put(at, config->memory, 32 * config->header.num_memory_regions);
	at = put(at, config->caches, 12 * config->header.num_cache_regions);
	at = put(at, config->irqchips, 32 * config->header.num_irqchips);
	at = put(at, config->pio, 4 * config->header.num_pio_regions);
	at = put(at, config->pci, 56 * config->header.num_pci_devices);
	at = put(at, config->caps, 8 * config->header.num_pci_caps);
	return put(at, config->stream_ids, 4 * config->header.num_stream_ids);
}

void *pack_config(const struct test_config *config, uint64_t *size)
{
	const uint64_t bytes = packed_size(&config->header);
	uint8_t *image = new_image(bytes);

	HOST_ASSERT(put_config(image, config) == image + bytes);
	if (size)
		*size = bytes;
	return image;
}

void *pack_system(const struct test_system *system, uint64_t *size)
{
	const uint64_t head = offsetof(struct cfg_system, root_cell);
	const uint64_t bytes = head + packed_size(&system->root.header);
	uint8_t *image = new_image(bytes);

	put_config(put(image, &system->header, head), &system->root);
	if (size)
		*size = bytes;
	return image;
}

const struct config_view *view_of(const struct test_config *config)
{
	struct config_view *view = new_image(sizeof(*view));
	uint64_t size;
	const void *image = pack_config(config, &size);

	HOST_ASSERT(config_view_init(view, image, size) == 0);
	return view;
}
