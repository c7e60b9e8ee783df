/* SPDX-License-Identifier: BSD-2-Clause */
#include "bundle_fixture.h"
#include "crc32.h"

struct bundle_file file __attribute__((aligned(4096)));
struct bundle_file *loaded;
struct test_config bundle_cells[BUNDLE_CELLS];
int start_result;

void seal_directory(void)
{
	file.dir.head.crc = 0;
	file.dir.head.crc = ~crc32_update(CRC32_START, (const void *)&file.dir, file.dir.head.size);
}

void seal_bundle(void)
{
	for (uint32_t n = 0; n < BUNDLE_PARTS; n++) {
		struct bh_bundle_part *part = &file.dir.parts[n];

		if (part->offset <= sizeof(file) && part->size <= sizeof(file) - part->offset)
			part->crc = ~crc32_update(CRC32_START, (const uint8_t *)&file + part->offset, part->size);
	}
	seal_directory();
}

static void make_part(uint32_t n, uint32_t kind, void *bytes, uint64_t size, const char *name)
{
	struct bh_bundle_part *part = &file.dir.parts[n];

	*part = (struct bh_bundle_part){ .kind = kind, .offset = OFFSET_OF(*(uint8_t *)bytes), .size = size };
	strcpy(part->name, name);
}

void pack_cell(uint32_t n)
{
	uint64_t size;
	void *packed = pack_config(&bundle_cells[n], &size);

	HOST_ASSERT(size <= sizeof(file.configs[n]));
	memcpy(file.configs[n], packed, size);
	free_last_image();
	make_part(2 + n, BH_PART_CELL, file.configs[n], size, n ? "beta.cell" : "alpha.cell");
}

static void make_header(void)
{
	file.hypervisor.header.core_size = sizeof(file.hypervisor);
	file.hypervisor.header.percpu_size = sizeof(file.areas[0]);
	file.hypervisor.header.boot = (struct bh_boot_params){
		.max_cpus = HOST_NUM_CPUS,
		.config_offset = OFFSET_OF(file.system),
		.config_size = 64,
		.bundle_offset = OFFSET_OF(file.dir),
		.pool_offset = sizeof(file),
	};
}

void make_bundle(void)
{
	static const char signature[8] = BH_BUNDLE_SIGNATURE;

	memset(&file, 0, sizeof(file));
	make_header();
	memcpy(file.dir.head.signature, signature, sizeof(signature));
	file.dir.head.version = BH_BUNDLE_VERSION;
	file.dir.head.size = sizeof(file.dir.head) + sizeof(file.dir.parts) + sizeof(file.dir.cells) +
			     sizeof(file.dir.images) + sizeof(file.dir.mpidr);
	file.dir.head.num_parts = BUNDLE_PARTS;
	file.dir.head.num_cells = BUNDLE_CELLS;
	file.dir.head.num_images = BUNDLE_IMAGES;
	file.dir.head.num_cpus = HOST_NUM_CPUS;
	for (uint32_t n = 0; n < HOST_NUM_CPUS; n++)
		file.dir.mpidr[n] = 0x100 + n;
	core_make_cell(&bundle_cells[0], "alpha", 1, 1, RAM_LOW);
	core_make_cell(&bundle_cells[1], "beta", 2, 2, RAM_LOW + MIB);
	bundle_cells[1].cpus[0] |= 1u << 3;
	make_part(0, BH_PART_HYPERVISOR, file.hypervisor.bytes, 1000, "hypervisor");
	make_part(1, BH_PART_SYSTEM, file.system, 64, "system");
	for (uint32_t n = 0; n < BUNDLE_CELLS; n++) {
		bundle_cells[n].header.cpu_reset_address = 0x1000 * (n + 1);
		pack_cell(n);
		for (uint32_t i = 0; i < IMAGE_SIZE; i++)
			file.images[n][i] = (uint8_t)(i * 7 + n);
		make_part(4 + n, BH_PART_IMAGE, file.images[n], IMAGE_SIZE, n ? "beta.bin" : "alpha.bin");
		file.dir.cells[n] = (struct bh_bundle_cell){
			.config_part = 2 + n, .first_image = n, .num_images = 1, .argument = 0xa0 + n,
		};
		file.dir.images[n] = (struct bh_bundle_image){ .part = 4 + n, .target = IMAGE_TARGET };
	}
	seal_bundle();
}

/* It stands before the pool. */
static int check_at_start(const struct boot_info *boot)
{
	loaded = (void *)((uint8_t *)boot->memory + boot->pool_page * PAGE_SIZE - sizeof(file));
	memcpy(loaded, &file, sizeof(file));
	return bundle_check(&loaded->hypervisor.header);
}

static void after_setup(uint32_t cpu)
{
	if (cpu == host_boot.primary_cpu)
		start_result = bundle_start_cells();
	cpu_handle_events();
}

void prepare_boot(void)
{
	host_firmware = true;
	host_after_setup = after_setup;
	host_boot.check = check_at_start;
	host_boot.pool_page += BUNDLE_PAGES;
	host_boot.pool_pages -= BUNDLE_PAGES;
}

void boot_bundle(void)
{
	prepare_boot();
	core_start();
	host_settle();
}

void assert_loaded(uint32_t n, uint64_t phys)
{
	uint8_t bytes[IMAGE_SIZE];

	host_copy_out(bytes, phys + IMAGE_TARGET, sizeof(bytes));
	assert_memory_equal(bytes, file.images[n], sizeof(bytes));
	assert_true(host_cleaned(phys + IMAGE_TARGET) > 0 && host_cleaned(phys + IMAGE_TARGET + IMAGE_SIZE - 1) > 0);
}
