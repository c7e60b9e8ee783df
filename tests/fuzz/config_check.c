/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: a system configuration and three cells that are created one after the other, each changed and
 * damaged by edits (config_edits.h). Whether they are accepted or refused is compared with what config_oracle.c says;
 * what is refused must have a reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config_edits.h"
#include "config_fixture.h"
#include "config_oracle.h"
#include "console.h"
#include "host.h"

#define SPARE		256u	/* zeros behind an image, so that larger counts can be right */
#define CHECK(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

struct image {
	uint8_t *bytes;
	uint64_t size;
	uint64_t available;	/* what the checks are told, by EDIT_CUT */
	struct cfg_memory *memory;	/* as packed: edits of counts do not move them */
	struct cfg_irqchip *irqchips;
	uint32_t num_memory_regions;
	uint32_t num_irqchips;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const uint64_t edit_corners[EDIT_CORNERS] = {
	0, 0x08000000, 0x08010000, 0x080a0000, 0x08120000, 0x09000000, 0x60000000, 0x61000000, 0x62000000,
	0x7faf0000, 0x7fc00000, 0x80000000, (1ull << 40) - 0x1000, 1ull << 40, (1ull << 44) - 0x1000,
	0xfffffffffffff000, 0x08e00000, 0x09050000, 0x7fa00000, 0x0a004000,
};

static struct image images[EDIT_IMAGES];
static struct test_system sys;
static struct test_config cells[EDIT_CELLS];
static struct config_platform told_platform;
static uint32_t more_ids[EDIT_IMAGES];	/* stream IDs behind those of the models: size alone */

static struct image copy_image(const void *from, uint64_t size, uint64_t cell_at, uint32_t ids)
{
	const uint64_t room = size + 4ull * ids + SPARE;
	struct image image = { .bytes = calloc(1, room), .size = room, .available = room };
	struct cfg_cell *cell = (void *)(image.bytes + cell_at);
	uint8_t *arrays = image.bytes + cell_at + sizeof(*cell);

	CHECK(image.bytes);
	memcpy(image.bytes, from, size);
	cell->num_stream_ids += ids;
	image.memory = (void *)(arrays + cell->cpu_set_size);
	image.num_memory_regions = cell->num_memory_regions;
	image.irqchips = (void *)(image.memory + cell->num_memory_regions);
	image.num_irqchips = cell->num_irqchips;
	return image;
}

/* Models, as they are before any edit */
static void make_models(void)
{
	make_system(&sys);
	sys.header.iommu_units[0] = (struct cfg_iommu){ .type = 3, .base = 0x09050000, .size = 0x20000 };
	sys.header.iommu_units[1] = (struct cfg_iommu){ .type = 5, .base = 0x0904e000, .size = 0x2000 };
	make_inmate_demo(&cells[0]);
	make_cell(&cells[1], "second", 2, 0x60000000);
	make_cell(&cells[2], "third", 3, 0x61000000);
	for (uint32_t n = 0; n < 4; n++) {
		const uint64_t at = 0x62000000 + n * 0x1000;

		add_memory(&cells[1], at, at, 0x1000, n == 0 || n == 3 ? 0x81 : 0x83);
		add_memory(&cells[2], at, at, 0x1000, n == 0 || n == 2 ? 0x81 : 0x83);
	}
	for (uint32_t n = 1; n < EDIT_CELLS; n++) {
		add_ivshmem(&cells[n], 0x20, 1, (uint8_t)(n - 1), 2);
		add_irqchip(&cells[n], 128)->pin_bitmap[0] = 1u << n;
	}
	told_platform = test_platform;
	memset(more_ids, 0, sizeof(more_ids));
}

static void pack_images(void)
{
	uint64_t size;
	void *packed = pack_system(&sys, &size);

	images[0] = copy_image(packed, size, offsetof(struct cfg_system, root_cell), more_ids[0]);
	for (uint32_t n = 0; n < EDIT_CELLS; n++) {
		packed = pack_config(&cells[n], &size);
		images[1 + n] = copy_image(packed, size, 0, more_ids[1 + n]);
	}
	free_images();
}

static struct test_config *model(uint32_t image)
{
	return image % EDIT_IMAGES ? &cells[image % EDIT_IMAGES - 1] : &sys.root;
}

/* Seven pages around a corner, and rarely not a page */
static uint64_t near_corner(uint32_t value)
{
	return edit_corners[value % 32 % EDIT_CORNERS] + (value >> 5 & 7) * PAGE_SIZE - 3 * PAGE_SIZE +
	       (value >> 8) % PAGE_SIZE;
}

static struct cfg_memory *new_region(struct test_config *config, struct cfg_memory region)
{
	if (config->header.num_memory_regions == ARRAY_SIZE(config->memory))
		return NULL;
	return add_memory(config, region.phys_start, region.virt_start, region.size, region.flags);
}

static struct cfg_memory *region_of(struct test_config *config, uint32_t where)
{
	return config->header.num_memory_regions ? &config->memory[where % config->header.num_memory_regions] : NULL;
}

static struct cfg_pci_device *device_of(struct test_config *config, uint32_t where)
{
	return config->header.num_pci_devices ? &config->pci[where % config->header.num_pci_devices] : NULL;
}

/* Sections at a place, with the rights of a peer; nothing if there is no room */
static void add_link(struct test_config *config, struct cfg_memory state, uint64_t shared, uint64_t output, uint8_t id,
		     uint8_t peers, uint16_t bdf)
{
	const uint32_t first = config->header.num_memory_regions;
	const uint64_t extra = config == &sys.root ? 0 : CFG_MEM_ROOTSHARED;

	if (first + 2 + peers > ARRAY_SIZE(config->memory) || config->header.num_pci_devices == ARRAY_SIZE(config->pci))
		return;
	for (uint32_t s = 0; s < 2u + peers; s++) {
		const uint64_t size = s == 0 ? state.size : s == 1 ? shared : output;

		add_memory(config, state.phys_start, state.virt_start, size,
			   CFG_MEM_READ | extra | (s == 1 || s == 2u + id ? CFG_MEM_WRITE : 0));
		state.phys_start += size;
		state.virt_start += size;
	}
	add_ivshmem(config, bdf, first, id, peers);
}

static void join_link(struct test_config *config, uint32_t value, uint16_t where)
{
	const struct test_config *other = model(value);
	const struct cfg_pci_device *dev = device_of(model(value), value >> 2);
	const struct cfg_memory *mem;

	if (!dev || dev->shmem_regions_start + 3ull > other->header.num_memory_regions || dev->shmem_peers > 8)
		return;
	mem = &other->memory[dev->shmem_regions_start];
	/* an end may leave out sections, and name another place of the bus */
	add_link(config, mem[0], where & 8 ? 0 : mem[1].size, where & 16 ? 0 : mem[2].size, (uint8_t)(value >> 4),
		 dev->shmem_peers, (uint16_t)(dev->bdf + (where % 8 ? 0 : 8)));
}

static void change_device(struct cfg_pci_device *dev, uint32_t value)
{
	const uint8_t number = (uint8_t)(value >> 8);

	switch (value % 8) {
	case 0: dev->shmem_dev_id = number; break;
	case 1: dev->shmem_peers = number; break;
	case 2: dev->bdf = number; break;
	case 3: dev->num_msix_vectors = number; break;
	case 4: dev->type = number; break;
	case 5: dev->shmem_regions_start += number - 4u; break;
	case 6: dev->num_caps = number; break;
	case 7:
		dev->caps_start = (uint16_t)(value >> 8);
		dev->num_caps = MAX(dev->num_caps, 1);
		break;
	}
}

static void change_header(struct cfg_cell *head, uint32_t value)
{
	switch (value % 8) {
	case 0: memset(head->name, 'x', sizeof(head->name)); break;
	case 1: head->flags ^= 1u << (value >> 8) % 32; break;
	case 2: head->revision = (uint16_t)(value >> 8); break;
	case 3: head->signature[(value >> 8) % 5] ^= 1; break;
	case 4: head->architecture = (value >> 8) % 4 & 0xff; break;
	case 5: head->num_pci_caps = (value >> 8) % 5; break;
	case 6: head->cpu_set_size = 8 * ((value >> 8) % 514); break;
	case 7: head->num_stream_ids = (value >> 8) % 3; break;
	}
}

static void change_machine(struct cfg_system *head, uint32_t value)
{
	const uint64_t corner = near_corner(value >> 8), aligned = corner & ~0xfffffull;

	switch (value % 16) {
	case 0: head->hypervisor_memory.phys_start = corner; break;
	case 1: head->hypervisor_memory.size = (value >> 8) % 3 * PAGE_SIZE + (value >> 16) % 2; break;
	case 2:
		head->debug_console.address = corner;
		head->debug_console.size = value >> 30 & 1 ? 0 : head->debug_console.size;
		break;
	case 3: head->debug_console.type = (value >> 8) % 4; break;
	case 4: head->debug_console.flags ^= CFG_CONSOLE_MMIO; break;
	case 5: head->debug_console.size = (value >> 8) % 0x4000; break;
	case 6: head->arch.arm.gic_version = (value >> 8) % 5 & 0xff; break;
	case 7: head->arch.arm.maintenance_irq = (value >> 8) % 40 & 0xff; break;
	case 8: head->arch.arm.gicd_base = value >> 31 ? corner : aligned; break;
	case 9: head->arch.arm.gicr_base = value >> 31 ? corner : aligned; break;
	case 10: head->pci_mmconfig_base = value >> 31 ? corner : aligned; break;
	case 11: head->pci_mmconfig_end_bus = (uint8_t)(value >> 8); break;
	case 12: head->pci_is_virtual = (value >> 8) % 3 & 0xff; break;
	case 13: head->iommu_units[(value >> 8) % 8].type = (value >> 11) % 4; break;
	case 14: head->iommu_units[(value >> 8) % 8].base = near_corner(value >> 11); break;
	case 15: head->iommu_units[(value >> 8) % 8].size = (value >> 11) % 0x40000; break;
	}
}

static void change_platform(uint32_t value)
{
	switch (value % 4) {
	case 0: told_platform.hv_start = near_corner(value >> 8); break;
	case 1: told_platform.hv_size = (value >> 8) % 5 * PAGE_SIZE + (value >> 16) % 2; break;
	case 2: told_platform.gicr_size = (value >> 8) % 6 * 0x20000; break;
	case 3: told_platform.max_cpus = 1 + (value >> 8) % 5; break;
	}
}

/* By pages or bytes, up or down */
static uint64_t step(uint32_t value)
{
	const uint64_t size = (value & 0xff) * PAGE_SIZE + (value >> 12) % PAGE_SIZE;

	return value >> 10 & 1 ? -size : size;
}

static void shift(struct cfg_memory *mem, uint32_t value)
{
	if (value >> 8 & 1)
		mem->phys_start += step(value);
	if (value >> 9 & 1)
		mem->virt_start += step(value);
}

static void add_pin(struct test_config *config, uint32_t intid)
{
	const uint32_t base = MIN(intid % 1024 / 32 * 32, 896u);

	if (config->header.num_irqchips < ARRAY_SIZE(config->irqchips))
		add_irqchip(config, base)->pin_bitmap[(intid % 1024 - base) / 32] = 1u << intid % 32;
}

/* In the root cell at its physical address, elsewhere mostly not */
static void add_at_corner(struct test_config *config, uint64_t corner, uint16_t where)
{
	const bool same = where & 0x4000 || config == &sys.root;

	new_region(config, (struct cfg_memory){ .phys_start = corner, .size = PAGE_SIZE, .flags = where & ~0x4000u,
						.virt_start = same ? corner : 0x30000000 + (corner & 0xffff) });
}

static void drop(struct test_config *config, struct cfg_memory *mem)
{
	const struct cfg_memory *end = config->memory + config->header.num_memory_regions--;

	memmove(mem, mem + 1, (size_t)(end - (mem + 1)) * sizeof(*mem));
}

static void shift_link(struct test_config *config, const struct cfg_pci_device *dev, uint32_t value)
{
	for (uint32_t s = 0; s < 2u + dev->shmem_peers; s++)
		if ((uint64_t)dev->shmem_regions_start + s < config->header.num_memory_regions)
			shift(&config->memory[dev->shmem_regions_start + s], value | 0x100);
}

static void change_structure(const struct edit *edit)
{
	struct test_config *config = model(edit->image);
	struct cfg_memory *mem = region_of(config, edit->where), other;
	struct cfg_pci_device *dev = device_of(config, edit->where);
	const uint64_t corner = near_corner(edit->value);

	switch ((edit->kind & ~STRUCTURE) % NUM_STRUCTURES) {
	case ADD_MEMORY:
		add_at_corner(config, corner, edit->where);
		break;
	case COPY_MEMORY:
		if (!region_of(model(edit->value), edit->value >> 2 & 0x3f))
			break;
		other = *region_of(model(edit->value), edit->value >> 2 & 0x3f);
		other.flags = edit->value >> 8 ? edit->value >> 8 : other.flags;
		new_region(config, other);
		break;
	case DROP_MEMORY:
		if (mem)
			drop(config, mem);
		break;
	case REFLAG:
		if (mem)
			mem->flags ^= edit->value;
		break;
	case RESIZE:
		if (mem)
			mem->size += step(edit->value);
		break;
	case SHIFT:
		if (mem)
			shift(mem, config == &sys.root && edit->value >> 31 == 0 ? edit->value | 0x300 : edit->value);
		break;
	case ADD_LINK:
		add_link(config, (struct cfg_memory){ .phys_start = corner, .virt_start = corner, .size = PAGE_SIZE },
			 (edit->where >> 8 & 3) * PAGE_SIZE, (edit->where >> 12 & 3) * PAGE_SIZE, edit->where & 3,
			 (edit->where >> 4 & 3) + 1, (uint16_t)(8 * (edit->value >> 30)));
		break;
	case JOIN_LINK:
		join_link(config, edit->value, edit->where);
		break;
	case SHIFT_LINK:
		if (dev)
			shift_link(config, dev, edit->value);
		break;
	case DEVICE:
		if (dev)
			change_device(dev, edit->value);
		break;
	case ADD_PIN:
		add_pin(config, edit->value);
		break;
	case LINE_BASE:
		config->header.vpci_irq_base = edit->value;
		break;
	case CPUS:
		config->cpus[edit->value % 4 ? 0 : edit->value >> 2 & 0xfff] ^= 1u << edit->where % 8;
		break;
	case HEADER:
		if (edit->where >> 15)		/* about as many as fit */
			more_ids[edit->image % EDIT_IMAGES] = 16100 + (edit->value >> 8) % 256;
		else
			change_header(&config->header, edit->value);
		break;
	case MACHINE:
		change_machine(&sys.header, edit->value);
		break;
	case PLATFORM:
		change_platform(edit->value);
		break;
	case ADD_STRAY:
		new_region(config, (struct cfg_memory){ .virt_start = corner,
							.phys_start = (edit->where & 3) * PAGE_SIZE,
							.flags = CFG_STRAY_FAIL << (edit->where >> 2) % 3 });
		break;
	case ADD_WATCHDOG:
		new_region(config, (struct cfg_memory){ .phys_start = edit->value, .virt_start = edit->where & 3 ? 0 : corner,
							.size = edit->where >> 2 & 7 ? 0 : PAGE_SIZE,
							.flags = CFG_WATCHDOG | (edit->where >> 5 & 7 ? 0 : CFG_MEM_WRITE) });
		break;
	}
}

static void apply(const struct edit *edit)
{
	struct image *image = &images[edit->image % ARRAY_SIZE(images)];
	struct cfg_memory *mem = &image->memory[edit->where % MAX(image->num_memory_regions, 1u)];
	struct cfg_irqchip *chip = &image->irqchips[edit->where % MAX(image->num_irqchips, 1u)];
	const uint64_t offset = edit->where % (image->size - 8);
	/* seven pages around a corner, and rarely not a page */
	const uint64_t corner = edit_corners[edit->value % 16] +
				(edit->value >> 8) % 7 * PAGE_SIZE - 3 * PAGE_SIZE +
				(edit->value >> 28 ? 0 : (edit->value >> 16) % PAGE_SIZE);

	if (!image->num_memory_regions && edit->kind % NUM_EDITS >= EDIT_PHYS && edit->kind % NUM_EDITS <= EDIT_FLAGS)
		return;
	if (!image->num_irqchips && edit->kind % NUM_EDITS == EDIT_PIN)
		return;
	switch (edit->kind % NUM_EDITS) {
	case EDIT_BYTE:
		image->bytes[offset] = (uint8_t)edit->value;
		break;
	case EDIT_WORD:
		memcpy(image->bytes + (offset & ~3ull), &edit->value, 4);
		break;
	case EDIT_CUT:
		image->available = offset;
		break;
	case EDIT_PHYS:
		mem->phys_start = corner;
		if (edit->image % ARRAY_SIZE(images) == 0)
			mem->virt_start = corner;
		break;
	case EDIT_SIZE:
		mem->size = (edit->value >> 4) << (edit->value % 16);
		break;
	case EDIT_FLAGS:
		mem->flags = edit->value;
		break;
	case EDIT_PIN:
		chip->pin_base = 32 * (edit->value % 32);
		chip->pin_bitmap[(edit->value >> 8) % 4] |= 1u << ((edit->value >> 16) % 32);
		break;
	case EDIT_WINDOW:
		memcpy(image->bytes + (offset & ~3ull), &corner, 8);
		break;
	}
}

/* Exactly what is there, so that AddressSanitizer sees what is read beyond */
static void *exact_copy(const struct image *image)
{
	void *copy = malloc(MAX(image->available, 1));

	CHECK(copy);
	memcpy(copy, image->bytes, image->available);
	return copy;
}

static void reasoned(int error)
{
	CHECK(error <= 0 && (error < 0) == (host_reason()[0] != '\0'));
	refuse_clear();
}

/* Do the checks and config_oracle.c say the same? */
static void compare(uint32_t image, int error, const char *broken)
{
	if ((error == 0) == (broken == NULL))
		return;
	fprintf(stderr, "image %u: checks say \"%s\", rules say \"%s\"\n", image, error ? host_reason() : "good",
		broken ? broken : "good");
	host_abort(__FILE__, __LINE__, "checks and rules agree");
}

static void run(void *copies[EDIT_IMAGES])
{
	struct config_view views[EDIT_IMAGES];
	const struct config_view *accepted[EDIT_IMAGES] = { &views[0] };
	struct told told[EDIT_IMAGES];
	const struct told *judged[EDIT_IMAGES] = { &told[0] };
	struct config_platform here = told_platform;
	struct machine machine;
	const char *broken;
	uint32_t count = 1;
	int err;

	broken = judge_system(copies[0], images[0].available, &here, &machine, &told[0]);
	err = config_check_system(copies[0], images[0].available, &here, &views[0]);
	compare(0, err, broken);
	reasoned(err);
	if (err)
		return;
	here.system = copies[0];

	for (uint32_t n = 1; n < EDIT_IMAGES; n++) {
		broken = judge_structure(copies[n], images[n].available, &told[n]);
		err = config_view_init(&views[n], copies[n], images[n].available);
		compare(n, err, broken);
		reasoned(err);
		if (err)
			continue;
		broken = judge_cell(&told[n], &machine, judged, count);
		err = config_check_cell(&views[n], &here, accepted, count);
		compare(n, err, broken);
		reasoned(err);
		if (err)
			continue;
		judged[count] = &told[n];
		accepted[count++] = &views[n];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copies[EDIT_IMAGES];
	struct edit edit;

	refuse_clear();
	make_models();
	for (size_t at = 0; at + sizeof(edit) <= size; at += sizeof(edit)) {
		memcpy(&edit, data + at, sizeof(edit));
		if (edit.kind & STRUCTURE)
			change_structure(&edit);
	}
	pack_images();
	for (size_t at = 0; at + sizeof(edit) <= size; at += sizeof(edit)) {
		memcpy(&edit, data + at, sizeof(edit));
		if (!(edit.kind & STRUCTURE))
			apply(&edit);
	}
	for (uint32_t n = 0; n < EDIT_IMAGES; n++)
		copies[n] = exact_copy(&images[n]);

	run(copies);

	for (uint32_t n = 0; n < EDIT_IMAGES; n++) {
		/* the checks only read */
		CHECK(memcmp(copies[n], images[n].bytes, images[n].available) == 0);
		free(copies[n]);
		free(images[n].bytes);
	}
	return 0;
}
