/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: a system configuration and three cells that are created one after the other, each damaged
 * by edits. What passes the checks is looked at again by simple rules of our own; what is refused must have
 * a reason.
 *
 * Input: edits of 8 bytes { image, kind, offset or index (2, little-endian), value (4, little-endian) }.
 */
#include <stdlib.h>
#include <string.h>
#include "config_fixture.h"
#include "console.h"
#include "host.h"

#define CELLS		3u
#define SPARE		256u	/* zeros behind an image, so that larger counts can be right */
#define CHECK(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

struct edit {
	uint8_t image;
	uint8_t kind;
	uint16_t where;
	uint32_t value;
};

struct image {
	uint8_t *bytes;
	uint64_t size;
	uint64_t available;	/* what the checks are told, by EDIT_CUT */
	struct cfg_memory *memory;	/* as packed: edits of counts do not move them */
	struct cfg_irqchip *irqchips;
	uint32_t num_memory_regions;
	uint32_t num_irqchips;
};

enum edit_kind {
	EDIT_BYTE,
	EDIT_WORD,
	EDIT_CUT,
	EDIT_PHYS,	/* a region to a corner, give or take some pages */
	EDIT_SIZE,
	EDIT_FLAGS,
	EDIT_PIN,
	EDIT_WINDOW,	/* any eight bytes become a corner */
	NUM_EDITS
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Addresses at which rules change their mind */
static const uint64_t corners[] = {
	0, 0x08000000, 0x08010000, 0x080a0000, 0x08120000, 0x09000000, 0x60000000, 0x61000000, 0x62000000,
	0x7faf0000, 0x7fc00000, 0x80000000, (1ull << 40) - 0x1000, 1ull << 40, (1ull << 44) - 0x1000,
	0xfffffffffffff000,
};

static struct image images[1 + CELLS];

static struct image copy_image(const void *from, uint64_t size, uint64_t cell_at)
{
	struct image image = { .bytes = calloc(1, size + SPARE), .size = size + SPARE,
			       .available = size + SPARE };
	const struct cfg_cell *cell = (const void *)(image.bytes + cell_at);
	uint8_t *arrays = image.bytes + cell_at + sizeof(*cell);

	CHECK(image.bytes);
	memcpy(image.bytes, from, size);
	image.memory = (void *)(arrays + cell->cpu_set_size);
	image.num_memory_regions = cell->num_memory_regions;
	image.irqchips = (void *)(image.memory + cell->num_memory_regions);
	image.num_irqchips = cell->num_irqchips;
	return image;
}

static void make_images(void)
{
	static struct test_system sys;
	static struct test_config cells[CELLS];
	uint64_t size;
	void *packed;

	make_system(&sys);
	packed = pack_system(&sys, &size);
	images[0] = copy_image(packed, size, offsetof(struct cfg_system, root_cell));

	make_inmate_demo(&cells[0]);
	make_cell(&cells[1], "second", 2, 0x60000000);
	make_cell(&cells[2], "third", 3, 0x61000000);
	for (uint32_t n = 0; n < 4; n++) {
		add_memory(&cells[1], 0x62000000 + n * 0x1000, 0x62000000 + n * 0x1000, 0x1000, 3);
		add_memory(&cells[2], 0x62000000 + n * 0x1000, 0x62000000 + n * 0x1000, 0x1000, 3);
	}
	for (uint32_t n = 1; n < CELLS; n++) {
		add_ivshmem(&cells[n], 0x20, 1, (uint8_t)n, 2);
		add_irqchip(&cells[n], 128)->pin_bitmap[0] = 1u << n;
	}
	for (uint32_t n = 0; n < CELLS; n++) {
		packed = pack_config(&cells[n], &size);
		images[1 + n] = copy_image(packed, size, 0);
	}
	free_images();
}

static void apply(const struct edit *edit)
{
	struct image *image = &images[edit->image % ARRAY_SIZE(images)];
	struct cfg_memory *mem = &image->memory[edit->where % image->num_memory_regions];
	struct cfg_irqchip *chip = &image->irqchips[edit->where % image->num_irqchips];
	const uint64_t offset = edit->where % (image->size - 8);
	/* seven pages around a corner, and rarely not a page */
	const uint64_t corner = corners[edit->value % ARRAY_SIZE(corners)] +
				(edit->value >> 8) % 7 * PAGE_SIZE - 3 * PAGE_SIZE +
				(edit->value >> 28 ? 0 : (edit->value >> 16) % PAGE_SIZE);

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

/* Do two ranges share an address? By another formula than the checks use. */
static bool meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	const __uint128_t start = MAX(a, b);
	const __uint128_t end = MIN((__uint128_t)a + a_size, (__uint128_t)b + b_size);

	return start < end;
}

static bool has_memory(const struct cfg_memory *mem)
{
	return mem->size > 0 && !(mem->flags & CFG_MEM_COMM_REGION);
}

static void verify_cell(const struct config_view *view, const struct config_platform *machine)
{
	uint32_t cpus = 0;

	CHECK(view->size <= CFG_MAX_SIZE);
	for (uint32_t cpu = 0; cpu < 8 * view->cell->cpu_set_size; cpu++) {
		if ((view->cpu_set[cpu / 8] >> (cpu % 8)) & 1) {
			CHECK(cpu < machine->max_cpus);
			cpus++;
		}
	}
	CHECK(cpus > 0);
	for (uint32_t n = 0; n < view->cell->num_memory_regions; n++) {
		const struct cfg_memory *mem = &view->memory[n];

		CHECK(!mem->size || (__uint128_t)mem->virt_start + mem->size <= machine->guest_limit);
		CHECK(!has_memory(mem) || (__uint128_t)mem->phys_start + mem->size <= machine->phys_limit);
		CHECK(!has_memory(mem) || (mem->virt_start | mem->size) % PAGE_SIZE ||
		      mem->phys_start % PAGE_SIZE == 0);
	}
	for (uint32_t n = 0; n < view->cell->num_pci_devices; n++) {
		const struct cfg_pci_device *dev = &view->pci_devices[n];
		const uint64_t outputs = (uint64_t)dev->shmem_regions_start + 2;

		CHECK(dev->num_caps == 0 ||
		      dev->caps_start + dev->num_caps <= (int64_t)view->cell->num_pci_caps);
		CHECK(dev->type != CFG_PCI_IVSHMEM ||
		      (dev->shmem_peers && outputs + dev->shmem_peers <= view->cell->num_memory_regions));
	}
}

static void verify_system(const struct cfg_system *system, const struct config_view *root,
			  const struct config_platform *machine)
{
	verify_cell(root, machine);
	CHECK(system->arch.arm.gic_version == 3);
	CHECK(system->pci_mmconfig_base % MIB == 0);
	for (uint32_t n = 0; n < root->cell->num_memory_regions; n++)
		CHECK(!has_memory(&root->memory[n]) ||
		      root->memory[n].phys_start == root->memory[n].virt_start);
}

static void verify_isolated(const struct config_view *view, const struct config_platform *machine)
{
	const struct cfg_system *system = machine->system;
	uint32_t comm_regions = 0;

	verify_cell(view, machine);
	for (uint32_t n = 0; n < view->cell->num_memory_regions; n++) {
		const struct cfg_memory *mem = &view->memory[n];

		if (mem->size && (mem->flags & CFG_MEM_COMM_REGION)) {
			CHECK(mem->size == PAGE_SIZE && mem->virt_start % PAGE_SIZE == 0);
			comm_regions++;
		}
		if (!has_memory(mem))
			continue;
		CHECK(!meet(mem->phys_start, mem->size, machine->hv_start, machine->hv_size));
		if ((mem->flags & (CFG_MEM_READ | CFG_MEM_WRITE)) &&
		    ((mem->virt_start | mem->size) % PAGE_SIZE == 0 || (mem->flags & 0xf0000))) {
			CHECK(!meet(mem->phys_start, mem->size, system->arch.arm.gicd_base, 0x10000));
			CHECK(!meet(mem->phys_start, mem->size, system->arch.arm.gicr_base, 0x20000));
		}
	}
	CHECK(comm_regions <= 1);
}

/* Some device of either cell, both with one bdf, has the region as a section */
static bool same_link(const struct config_view *a, uint32_t a_index, const struct config_view *b,
		      uint32_t b_index)
{
	const struct cfg_pci_device *mine, *theirs;

	return config_is_ivshmem_section(a, a_index, &mine) &&
	       config_is_ivshmem_section(b, b_index, &theirs) && mine->bdf == theirs->bdf;
}

static bool has_spi(const struct config_view *view, uint64_t gicd_base, uint32_t intid)
{
	for (uint32_t i = 0; i < view->cell->num_irqchips; i++) {
		const struct cfg_irqchip *chip = &view->irqchips[i];
		uint64_t pin = (uint64_t)intid - chip->pin_base;

		if (chip->address == gicd_base && intid >= chip->pin_base && pin < 128 &&
		    chip->pin_bitmap[pin / 32] >> (pin % 32) & 1)
			return true;
	}
	return false;
}

static void verify_apart(const struct config_view *a, const struct config_view *b, uint64_t gicd_base)
{
	for (uint32_t i = 0; i < a->cell->num_memory_regions; i++) {
		for (uint32_t j = 0; j < b->cell->num_memory_regions; j++) {
			const struct cfg_memory *mine = &a->memory[i], *theirs = &b->memory[j];

			if (!has_memory(mine) || !has_memory(theirs) ||
			    !meet(mine->phys_start, mine->size, theirs->phys_start, theirs->size))
				continue;
			CHECK((mine->flags & theirs->flags & CFG_MEM_ROOTSHARED) ||
			      same_link(a, i, b, j) || b->cell->num_pci_devices > 1);
		}
	}
	for (uint32_t intid = 32; intid < 1020; intid++)
		CHECK(!has_spi(a, gicd_base, intid) || !has_spi(b, gicd_base, intid));
}

/*
 * Sections of b, whatever a has of their memory: only a peer of the link has it at all, and it can write the R/W section and
 * its own output, where the link has them, and nothing else.
 */
static void verify_sections(const struct config_view *a, const struct config_view *b)
{
	for (uint32_t d = 0; d < b->cell->num_pci_devices; d++) {
		const struct cfg_pci_device *dev = &b->pci_devices[d], *mine = NULL;

		if (dev->type != CFG_PCI_IVSHMEM)
			continue;
		for (uint32_t n = a->cell->num_pci_devices; n > 0; n--)
			if (a->pci_devices[n - 1].type == CFG_PCI_IVSHMEM && a->pci_devices[n - 1].bdf == dev->bdf)
				mine = &a->pci_devices[n - 1];
		if (a == b && mine != dev)	/* a second device of that bdf: the cell is refused later */
			continue;
		for (uint32_t s = 0; s < 2u + dev->shmem_peers; s++) {
			const struct cfg_memory *section = &b->memory[dev->shmem_regions_start + s];

			for (uint32_t i = 0; i < a->cell->num_memory_regions && has_memory(section); i++) {
				const struct cfg_memory *mem = &a->memory[i];

				if (!has_memory(mem) ||
				    !meet(mem->phys_start, mem->size, section->phys_start, section->size))
					continue;
				CHECK(mine);
				if (s == 0 && i == mine->shmem_regions_start)
					continue;	/* ivshmem_attach() refuses a writable one */
				CHECK(!(mem->flags & CFG_MEM_WRITE) ||
				      (i == mine->shmem_regions_start + s && (s == 1 || s == 2u + mine->shmem_dev_id)));
			}
		}
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

static void run(void *copies[1 + CELLS])
{
	struct config_view views[1 + CELLS];
	const struct config_view *accepted[1 + CELLS] = { &views[0] };
	struct config_platform machine = test_platform;
	uint32_t count = 1;
	int err;

	err = config_check_system(copies[0], images[0].available, &machine, &views[0]);
	reasoned(err);
	if (err)
		return;
	machine.system = copies[0];
	verify_system(machine.system, &views[0], &machine);

	for (uint32_t n = 1; n <= CELLS; n++) {
		err = config_view_init(&views[n], copies[n], images[n].available);
		reasoned(err);
		if (err)
			continue;
		err = config_check_cell(&views[n], &machine, accepted, count);
		reasoned(err);
		if (err)
			continue;
		verify_isolated(&views[n], &machine);
		verify_sections(&views[n], &views[n]);
		for (uint32_t other = 0; other < count; other++)
			verify_sections(&views[n], accepted[other]);
		for (uint32_t other = 1; other < count; other++)
			verify_sections(accepted[other], &views[n]);
		for (uint32_t other = 1; other < count; other++)
			verify_apart(&views[n], accepted[other], machine.system->arch.arm.gicd_base);
		accepted[count++] = &views[n];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *copies[1 + CELLS];
	struct edit edit;

	refuse_clear();
	make_images();
	for (size_t at = 0; at + sizeof(edit) <= size; at += sizeof(edit)) {
		memcpy(&edit, data + at, sizeof(edit));
		apply(&edit);
	}
	for (uint32_t n = 0; n < ARRAY_SIZE(images); n++)
		copies[n] = exact_copy(&images[n]);

	run(copies);

	for (uint32_t n = 0; n < ARRAY_SIZE(images); n++) {
		/* the checks only read */
		CHECK(memcmp(copies[n], images[n].bytes, images[n].available) == 0);
		free(copies[n]);
		free(images[n].bytes);
	}
	return 0;
}
