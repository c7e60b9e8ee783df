/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct boot: bundles that are damaged or lie, and cells that start from one. */
#include "bundle_fixture.h"
#include "pages.h"

static uint8_t packed[IMAGE_SIZE];

static int check(void)
{
	refuse_clear();
	return bundle_check(&file.hypervisor.header);
}

static void is_refused(const char *text)
{
	assert_int_equal(check(), -EINVAL);
	if (!strstr(host_reason(), text))
		fail_msg("\"%s\" is not in \"%s\"", text, host_reason());
}

static void good_bundle_passes(void)
{
	make_bundle();
	assert_int_equal(check(), 0);
	assert_int_equal(bundle_mpidr(3), 0x103);
}

static void every_damaged_byte_is_found(void)
{
	make_bundle();
	for (uint32_t n = 0; n < BUNDLE_PARTS; n++) {
		const struct bh_bundle_part *part = &file.dir.parts[n];
		char text[80];

		snprintf(text, sizeof(text), "bundle: part %u \"%s\" is damaged (checksum", n, part->name);
		/* the header of the hypervisor has a check of its own, and is believed here */
		for (uint64_t i = n == 0 ? sizeof(file.hypervisor.header) : 0; i < part->size; i += 13) {
			uint8_t *byte = (uint8_t *)&file + part->offset + i;

			*byte ^= (uint8_t)(1 + i % 255);
			is_refused(text);
			*byte ^= (uint8_t)(1 + i % 255);
		}
	}
	for (uint32_t i = 0; i < file.dir.head.size; i++) {
		((uint8_t *)&file.dir)[i] ^= 0x10;
		is_refused("bundle: ");
		((uint8_t *)&file.dir)[i] ^= 0x10;
	}
	assert_int_equal(check(), 0);
}

static void is_refused_when_sealed(const char *text)
{
	seal_bundle();
	is_refused(text);
	make_bundle();
}

/* Somebody who can make checksums, but lies */
static void counts_are_bounded(void)
{
	make_bundle();
	file.dir.head.version = 3;
	is_refused_when_sealed("it has version 3, this hypervisor reads version 2");
	file.dir.head.version = 0;
	is_refused_when_sealed("it has version 0, this hypervisor reads version 2");
	file.dir.head.signature[7] = 'F';
	is_refused_when_sealed("there is no directory at 0x6000");
	file.dir.head.num_parts = UINT32_MAX;
	is_refused_when_sealed("the directory is damaged (its counts)");
	file.dir.head.num_images = 0x10000000;	/* of 16 bytes: 2^32 */
	is_refused_when_sealed("its counts");
	file.dir.head.num_cpus = HOST_NUM_CPUS + 1;
	file.dir.head.size += (uint32_t)sizeof(file.dir.mpidr[0]);
	is_refused_when_sealed("its counts");
	file.dir.head.size += 8;
	is_refused_when_sealed("its counts");
	file.dir.head.num_parts = file.dir.head.num_images = 0;
	file.dir.head.num_cells = CONFIG_MAX_CELLS + 1;
	file.dir.head.size = (uint32_t)(sizeof(file.dir.head) + file.dir.head.num_cells * sizeof(file.dir.cells[0]) +
					sizeof(file.dir.mpidr));
	seal_directory();
	is_refused("it has 17 cells, this hypervisor is built for 16 cells");
	file.dir.head.num_cells--;
	file.dir.head.size -= (uint32_t)sizeof(file.dir.cells[0]);
	seal_directory();
	is_refused("part 0 has to be");
}

/* Parts stand one behind the other, at multiples of 8. In version 1 each began a page, as make_bundle() has it. */
static void parts_are_packed(void)
{
	uint8_t *to = (uint8_t *)&file.dir - 8;

	for (uint32_t version = 1; version <= 2; version++) {
		make_bundle();
		file.dir.head.version = version;
		seal_bundle();
		assert_int_equal(check(), 0);
	}
	file.hypervisor.header.boot.bundle_offset -= 8;
	seal_bundle();
	memmove(to, &file.dir, file.dir.head.size);
	assert_int_equal(check(), 0);
	make_bundle();
	for (uint32_t n = 2; n < BUNDLE_PARTS; n++) {
		struct bh_bundle_part *part = &file.dir.parts[n];
		uint64_t end = n == 2 ? OFFSET_OF(file.dir) + file.dir.head.size : part[-1].offset + part[-1].size;

		end = (end + 7) & ~7ull;
		memmove((uint8_t *)&file + end, (uint8_t *)&file + part->offset, part->size);
		part->offset = end;
	}
	assert_true(file.dir.parts[BUNDLE_PARTS - 1].offset % PAGE_SIZE);
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_true(host_in_guest(1) && host_in_guest(2));
	host_copy_out(packed, RAM_LOW + MIB + IMAGE_TARGET, IMAGE_SIZE);
	for (uint32_t i = 0; i < IMAGE_SIZE; i++)
		assert_int_equal(packed[i], (uint8_t)(i * 7 + 1));
	host_stop();
}

static void directory_is_inside(void)
{
	make_bundle();
	file.hypervisor.header.boot.pool_offset = OFFSET_OF(file.dir) + 100;
	is_refused("its counts");
	file.hypervisor.header.boot.pool_offset = OFFSET_OF(file.dir) + sizeof(file.dir.head) - 1;
	is_refused("there is no directory at 0x6000, behind the system configuration");
	file.hypervisor.header.boot.pool_offset = OFFSET_OF(file.dir);
	is_refused("there is no directory");
	make_bundle();
	file.hypervisor.header.boot.bundle_offset += 8;
	is_refused("there is no directory at 0x6008");
	file.hypervisor.header.boot.bundle_offset = UINT64_MAX & PAGE_MASK;
	is_refused("there is no directory at 0xfffffffffffff000");
	make_bundle();
	memmove((uint8_t *)&file.dir + 4, &file.dir, file.dir.head.size);
	file.hypervisor.header.boot.bundle_offset += 4;
	is_refused("there is no directory at 0x6004");
	make_bundle();
	file.hypervisor.header.boot.config_size = PAGE_SIZE + 1;
	is_refused("there is no directory at 0x6000, behind the system configuration");
}

static void parts_are_inside(void)
{
	make_bundle();
	file.dir.parts[3].offset += 4;
	is_refused_when_sealed("part 3 \"beta.cell\" [0x9004, 0x");
	file.dir.parts[3].size = 0;
	is_refused_when_sealed("part 3 \"beta.cell\" [0x9000, 0x9000) is empty, not at a multiple of 8 or not inside the bundle: make the bundle again");
	file.dir.parts[3].size = sizeof(file);
	is_refused_when_sealed("is empty, not at a multiple of 8 or not inside the bundle");
	file.dir.parts[3].size = UINT64_MAX;
	is_refused_when_sealed("is empty, not at a multiple of 8 or not inside the bundle");
	file.dir.parts[3].offset = UINT64_MAX & PAGE_MASK;
	is_refused_when_sealed("is empty, not at a multiple of 8 or not inside the bundle");
	file.dir.parts[5].size = sizeof(file) - OFFSET_OF(file.images[1]) + 1;
	is_refused_when_sealed("part 5 \"beta.bin\" [0xd000, 0xf001) is empty, not at a multiple of 8 or not inside the bundle");
	file.dir.parts[5].size--;
	seal_bundle();
	assert_int_equal(check(), 0);
}

/* Also names do not end where they should, or have in them what would move a terminal's cursor. */
static void names_are_printable(void)
{
	make_bundle();
	memset(file.dir.parts[5].name, 'n', sizeof(file.dir.parts[5].name));
	file.dir.parts[5].name[1] = '\n';
	file.dir.parts[5].name[2] = '\x1b';
	seal_directory();
	file.images[1][0] ^= 1;
	is_refused("part 5 \"n\?\?nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" is damaged");
	assert_null(strstr(host_reason(), "\n"));
}

/* What this version does not know is refused, not skipped. */
static void kinds_are_known(void)
{
	make_bundle();
	file.dir.parts[5].kind = BH_PART_IMAGE + 1;
	is_refused_when_sealed("part 5 \"beta.bin\" is of kind 5, neither cell nor image: make the bundle with the tools of "
			       "this hypervisor");
	file.dir.parts[2].kind = 0;
	is_refused_when_sealed("part 2 \"alpha.cell\" is of kind 0");
	file.dir.parts[4].kind = BH_PART_HYPERVISOR;
	is_refused_when_sealed("part 4 \"alpha.bin\" is of kind 1");
	file.dir.parts[3].kind = BH_PART_SYSTEM;
	is_refused_when_sealed("part 3 \"beta.cell\" is of kind 2");
	file.dir.parts[3].kind = BH_PART_CELL | 1u << 31;
	is_refused_when_sealed("is of kind 2147483651");
	/* also one that nobody refers to */
	file.dir.parts[5].kind = BH_PART_IMAGE + 1;
	file.dir.cells[1].num_images = 0;
	is_refused_when_sealed("part 5 \"beta.bin\" is of kind 5");
}

/* The directory of a bundle with that many parts, and nothing else */
static void keep_parts(uint32_t num)
{
	file.dir.head.num_parts = num;
	file.dir.head.num_cells = file.dir.head.num_images = 0;
	memcpy(&file.dir.parts[num], file.dir.mpidr, sizeof(file.dir.mpidr));
	file.dir.head.size = (uint32_t)(sizeof(file.dir.head) + num * sizeof(file.dir.parts[0]) + sizeof(file.dir.mpidr));
	seal_directory();
}

static void hypervisor_and_system_are_there(void)
{
	make_bundle();
	keep_parts(2);
	assert_int_equal(check(), 0);
	make_bundle();
	keep_parts(1);
	is_refused("bundle: part 1 has to be the system configuration, at 0x5000: make the bundle again");
	make_bundle();
	keep_parts(0);
	is_refused("bundle: part 0 has to be the hypervisor, at 0x0: make the bundle again");

	make_bundle();
	file.dir.parts[0].kind = BH_PART_IMAGE;
	is_refused_when_sealed("part 0 has to be the hypervisor");
	file.dir.parts[0].offset = OFFSET_OF(file.areas[0]);
	is_refused_when_sealed("part 0 has to be the hypervisor");
	file.dir.parts[0].size = sizeof(file.hypervisor) + 1;
	is_refused_when_sealed("part 0 has to be the hypervisor");
	file.dir.parts[1].kind = BH_PART_CELL;
	is_refused_when_sealed("part 1 has to be the system configuration");
	file.dir.parts[1].offset = OFFSET_OF(file.images[0]);
	is_refused_when_sealed("part 1 has to be the system configuration");
	file.dir.parts[1].size--;	/* the last byte that is used would have no checksum */
	is_refused_when_sealed("part 1 has to be the system configuration");
}

static void parts_do_not_overlap(void)
{
	make_bundle();
	file.dir.parts[5].offset = file.dir.parts[4].offset;
	is_refused_when_sealed("part 5 \"beta.bin\" [0xb000, 0xc388) begins before the end of part 4 \"alpha.bin\": make "
			       "the bundle again");
	file.dir.parts[5].offset = file.dir.parts[4].offset + PAGE_SIZE;
	is_refused_when_sealed("begins before the end of part 4");
	file.dir.parts[4].offset = file.dir.parts[5].offset;
	is_refused_when_sealed("part 5 \"beta.bin\" [0xd000, 0xe388) begins before the end of part 4");
	file.dir.parts[2].size = 4 * PAGE_SIZE;
	is_refused_when_sealed("part 3 \"beta.cell\" ");
	/* apart, but not in order */
	file.dir.parts[2].offset = OFFSET_OF(file.configs[1]);
	file.dir.parts[3].offset = OFFSET_OF(file.configs[0]);
	is_refused_when_sealed("part 3 \"beta.cell\" [0x7000, ");
	/* the directory */
	file.dir.parts[2].offset = OFFSET_OF(file.dir);
	is_refused_when_sealed("part 2 \"alpha.cell\" [0x6000, ");
	file.dir.parts[2].offset = OFFSET_OF(file.dir);
	seal_bundle();
	is_refused("begins before the end of the directory: make the bundle again");
	make_bundle();
	/* the hypervisor, its variables and the areas of its CPUs */
	for (uint64_t at = 0; at < OFFSET_OF(file.system); at += PAGE_SIZE) {
		file.dir.parts[1].offset = at;
		file.hypervisor.header.boot.config_offset = at;
		seal_bundle();
		is_refused("begins before the end of part 0 \"hypervisor\":");
		make_bundle();
		file.dir.parts[2].offset = at;
		is_refused_when_sealed("part 2 \"alpha.cell\" ");
	}
}

static void cells_have_what_they_refer_to(void)
{
	make_bundle();
	file.dir.cells[1].config_part = 4;
	is_refused_when_sealed("bundle: cell 1 has no configuration: make the bundle again");
	file.dir.cells[1].config_part = 0;
	is_refused_when_sealed("cell 1 has no configuration");
	file.dir.cells[1].config_part = BUNDLE_PARTS;
	is_refused_when_sealed("cell 1 has no configuration");
	file.dir.cells[1].config_part = UINT32_MAX;
	is_refused_when_sealed("cell 1 has no configuration");
	file.dir.parts[2].size = sizeof(struct cfg_cell) - 1;
	is_refused_when_sealed("cell 0 has no configuration");
	file.dir.cells[1].num_images = 2;
	is_refused_when_sealed("cell 1 has images that are not there");
	file.dir.cells[1].num_images = UINT32_MAX;
	is_refused_when_sealed("cell 1 has images that are not there");
	file.dir.cells[1].first_image = UINT32_MAX;
	is_refused_when_sealed("cell 1 has images that are not there");
	file.dir.images[1].part = 3;
	is_refused_when_sealed("cell 1 has an image without a part");
	file.dir.images[1].part = BUNDLE_PARTS;
	is_refused_when_sealed("cell 1 has an image without a part");
	file.dir.cells[0].on_failure = BH_ON_FAILURE_HALT + 1;
	is_refused_when_sealed("cell 0 has an unknown on-failure");
	file.dir.mpidr[3] = file.dir.mpidr[1];
	is_refused_when_sealed("CPUs 1 and 3 have the same affinity 0x101");
}

/* --- on the machine --- */

static void cells_start_in_order(void)
{
	const char *text;

	make_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_int_equal(num_cells(), 3);
	assert_loaded(0, RAM_LOW);
	assert_loaded(1, RAM_LOW + MIB);
	assert_true(host_in_guest(1) && host_in_guest(2));
	assert_int_equal(core_cpu(1)->arch.entry, 0x1000);
	assert_int_equal(core_cpu(1)->arch.context, 0xa0);
	assert_int_equal(core_cpu(2)->arch.entry, 0x2000);
	assert_int_equal(core_cpu(2)->arch.context, 0xa1);
	/* the others wait: one of beta to be switched on, one for nothing */
	assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
	assert_ptr_equal(core_cpu(3)->cell, core_cell(2));
	assert_int_equal(core_cpu(0)->run_state, CPU_OFF);
	assert_true(core_cpu(0)->cell->is_root);
	text = host_uart_text();
	assert_non_null(strstr(strstr(text, "cell \"alpha\" started"), "cell \"beta\" started"));
	/* nobody to give the machine back to */
	assert_int_equal(host_hypercall(1, HC_DISABLE, 0, 0), -EPERM);
	host_stop();
}

/* What is behind the directory becomes pages of the pool, unless a cell may be loaded from it again. */
static void parts_are_released(void)
{
	const uint32_t dir = (uint32_t)(OFFSET_OF(file.dir) / PAGE_SIZE + 1), parts = BUNDLE_PAGES - dir;
	void *pages;

	make_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_int_equal(pages_total(), host_boot.pool_pages + parts);
	/* the first ones that are free */
	pages = pages_alloc(parts, 1);
	assert_ptr_equal(pages, (uint8_t *)loaded + dir * PAGE_SIZE);
	for (uint32_t i = 0; i < parts * PAGE_SIZE; i++)
		assert_int_equal(((uint8_t *)pages)[i], 0);
	memset(pages, 0x5a, parts * PAGE_SIZE);
	/* the directory stays; nothing else is looked at */
	assert_int_equal(bundle_mpidr(3), 0x103);
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_true(host_in_guest(2));
	pages_free(pages, parts);
	host_stop();
}

static void parts_are_kept_for_a_restart(void)
{
	make_bundle();
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_int_equal(pages_total(), host_boot.pool_pages);
	assert_memory_equal(loaded->images, file.images, sizeof(file.images));
	host_stop();
}

static void parts_are_kept_where_nothing_starts(void)
{
	make_bundle();
	file.dir.images[1].target = COMM;
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, -EINVAL);
	assert_int_equal(pages_total(), host_boot.pool_pages);
	host_stop();
}

/* Whatever ran before a warm reset may have left dirty lines and secrets in memory of cells, also where no image is. */
static void memory_is_clean_when_cells_start(void)
{
	make_bundle();
	host_fill(RAM_LOW, 2 * MIB, 0x55);
	boot_bundle();
	for (uint32_t n = 0; n < BUNDLE_CELLS; n++) {
		const struct cell *cell = core_cell(n + 1);

		assert_true(host_cleaned(RAM_LOW + n * MIB) > 0 && host_cleaned(RAM_LOW + n * MIB + 64 * KIB - 1) > 0);
		assert_int_equal(host_read32(RAM_LOW + n * MIB), 0);
		assert_int_equal(host_read32(RAM_LOW + n * MIB + 64 * KIB - 4), 0);
		assert_int_equal(host_read32(RAM_LOW + n * MIB + 64 * KIB), 0x55555555);
		assert_loaded(n, RAM_LOW + n * MIB);
		assert_int_equal(host_first_cleaned(virt_to_host(cell->comm).value), COMM_SIGNATURE[0]);
	}
	host_stop();
}

/* The CPU that boots belongs to a cell, and so do all others. */
static void boot_cpu_runs_a_cell(void)
{
	make_bundle();
	bundle_cells[0].cpus[0] |= 1u << 0;
	pack_cell(0);
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_true(host_in_guest(0) && host_in_guest(2));
	assert_int_equal(core_cpu(0)->arch.entry, 0x1000);
	assert_int_equal(core_cpu(1)->run_state, CPU_OFF);
	host_stop();
}

static void root_cell_is_started_too(void)
{
	make_bundle();
	file.dir.cells[1].config_part = 1;
	file.dir.images[1].target = RAM_LOW + MIB;
	core_system.root.header.cpu_reset_address = RAM_LOW + MIB;
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_true(host_in_guest(0) && host_in_guest(1));
	assert_int_equal(core_cpu(0)->arch.entry, RAM_LOW + MIB);
	assert_int_equal(core_cpu(0)->arch.context, 0xa1);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	/* it manages the others */
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(num_cells(), 1);
	host_stop();
}

static void damaged_bundle_starts_nothing(void)
{
	make_bundle();
	file.images[1][4000] ^= 1;
	prepare_boot();
	assert_int_equal(core_enter(), -EINVAL);
	assert_non_null(strstr(host_reason(), "part 5 \"beta.bin\" is damaged"));
	assert_int_equal(num_cells(), 1);
	assert_int_equal(host_read32(RAM_LOW + 0x800), 0);
}

/* Nobody waits for CPUs that nobody has switched on. */
static void damaged_bundle_is_told_at_once(void)
{
	make_bundle();
	file.images[1][4000] ^= 1;
	prepare_boot();
	host_entering = 1;
	assert_int_equal(core_enter(), -EINVAL);
	assert_true(arch_ticks() < HOST_TICKS_PER_SECOND);
	assert_null(strstr(host_uart_text(), "did not come"));
}

static int start_two(uint32_t cpu)
{
	return cpu == 3 ? refuse(-EIO, "firmware does not switch CPU 3 on") : host_start_cpu(cpu);
}

static void cpu_that_cannot_be_switched_on(void)
{
	make_bundle();
	prepare_boot();
	host_boot.start_cpu = start_two;
	host_entering = 3;
	assert_int_equal(core_enter(), -EIO);
	for (uint32_t cpu = 1; cpu < host_entering; cpu++) {
		assert_int_equal(host_setup_result(cpu), 0);
		assert_false(host_in_guest(cpu));
	}
	assert_true(arch_ticks() < HOST_TICKS_PER_SECOND);
	assert_string_equal(host_reason(), "firmware does not switch CPU 3 on");
}

/* It was switched on, but does not come. */
static void cpu_that_gets_lost(void)
{
	make_bundle();
	prepare_boot();
	host_entering = 3;
	assert_int_equal(core_enter(), -EIO);
	assert_string_equal(host_reason(), "CPU 3 did not come within 30 s");
	assert_true(arch_ticks() < 40 * HOST_TICKS_PER_SECOND);
}

static void none_starts(int error, const char *text)
{
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, error);
	if (!strstr(host_reason(), text))
		fail_msg("\"%s\" is not in \"%s\"", text, host_reason());
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		assert_false(host_in_guest(cpu));
	host_stop();
}

static void image_must_fit_into_memory(void)
{
	make_bundle();
	file.dir.images[1].target = 64 * KIB - IMAGE_SIZE + 1;
	none_starts(-EINVAL, "bundle: part 5 \"beta.bin\" cannot be loaded to [0xec79, 0x10001) of cell \"beta\": it has no memory "
		    "that it may write there");
}

static void image_must_be_writable_memory(void)
{
	make_bundle();
	bundle_cells[1].memory[0].flags &= ~(uint64_t)CFG_MEM_WRITE;
	pack_cell(1);
	none_starts(-EINVAL, "cannot be loaded");
}

static void image_does_not_go_to_the_communication_region(void)
{
	make_bundle();
	file.dir.images[0].target = COMM;
	file.dir.parts[4].size = 16;
	none_starts(-EINVAL, "cannot be loaded");
}

static void image_address_does_not_wrap(void)
{
	make_bundle();
	file.dir.images[0].target = UINT64_MAX - 100;
	none_starts(-EINVAL, "cannot be loaded");
}

static void refused_cell_stops_all(void)
{
	make_bundle();
	bundle_cells[1].memory[0].phys_start = RAM_LOW;
	pack_cell(1);
	none_starts(-EINVAL, "cell \"beta\": memory region 0 [0x60000000, 0x60010000) overlaps region 0");
}

static void truncated_configuration(void)
{
	make_bundle();
	file.dir.parts[3].size -= 8;
	none_starts(-EINVAL, "cell configuration is truncated: its counts need 204 bytes, there are 196");
}

static void cpu_twice(void)
{
	make_bundle();
	bundle_cells[1].cpus[0] = 1u << 1;
	pack_cell(1);
	none_starts(-EBUSY, "cell \"beta\" wants CPU 1, which is not the root cell's");
}

static void one_configuration_for_two_cells(void)
{
	make_bundle();
	file.dir.cells[1].config_part = 2;
	none_starts(-EEXIST, "a cell named \"alpha\" exists already");
}

/* Images that overlap in the cell are its own affair; which bytes stay is defined. */
static void later_image_stays(void)
{
	uint8_t bytes[IMAGE_SIZE];

	make_bundle();
	file.dir.cells[0].num_images = 2;
	file.dir.images[1].target = IMAGE_TARGET + 77;
	file.dir.cells[1].num_images = 0;
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
	host_copy_out(bytes, RAM_LOW + IMAGE_TARGET, sizeof(bytes));
	assert_memory_equal(bytes, file.images[0], 77);
	assert_memory_equal(bytes + 77, file.images[1], sizeof(bytes) - 77);
	host_stop();
}

static void root_image_over_other_cell(void)
{
	make_bundle();
	file.dir.cells[1].config_part = 1;
	file.dir.images[1].target = RAM_LOW + 0x800;
	none_starts(-EINVAL, "part 5 \"beta.bin\" cannot be loaded to [0x60000800, 0x60001b88) of cell");
}

static void root_cell_twice(void)
{
	make_bundle();
	file.dir.cells[0].config_part = 1;
	file.dir.cells[1].config_part = 1;
	file.dir.images[0].target = RAM_LOW;
	file.dir.images[1].target = RAM_LOW + MIB;
	none_starts(-EINVAL, "bundle: cells 0 and 1 are both the root cell");
}

static void set_without_a_cpu(void)
{
	make_bundle();
	core_system.root.cpus[0] = 7;
	prepare_boot();
	host_entering = 3;
	assert_int_not_equal(core_enter(), 0);
	assert_true(host_reason()[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(good_bundle_passes),
		CORE_TEST(every_damaged_byte_is_found),
		CORE_TEST(counts_are_bounded),
		CORE_TEST(parts_are_packed),
		CORE_TEST(directory_is_inside),
		CORE_TEST(parts_are_inside),
		CORE_TEST(names_are_printable),
		CORE_TEST(kinds_are_known),
		CORE_TEST(hypervisor_and_system_are_there),
		CORE_TEST(parts_do_not_overlap),
		CORE_TEST(cells_have_what_they_refer_to),
		CORE_TEST(cells_start_in_order),
		CORE_TEST(parts_are_released),
		CORE_TEST(parts_are_kept_for_a_restart),
		CORE_TEST(parts_are_kept_where_nothing_starts),
		CORE_TEST(memory_is_clean_when_cells_start),
		CORE_TEST(boot_cpu_runs_a_cell),
		CORE_TEST(root_cell_is_started_too),
		CORE_TEST(damaged_bundle_starts_nothing),
		CORE_TEST(damaged_bundle_is_told_at_once),
		CORE_TEST(cpu_that_cannot_be_switched_on),
		CORE_TEST(cpu_that_gets_lost),
		CORE_TEST(image_must_fit_into_memory),
		CORE_TEST(image_must_be_writable_memory),
		CORE_TEST(image_does_not_go_to_the_communication_region),
		CORE_TEST(image_address_does_not_wrap),
		CORE_TEST(refused_cell_stops_all),
		CORE_TEST(truncated_configuration),
		CORE_TEST(cpu_twice),
		CORE_TEST(one_configuration_for_two_cells),
		CORE_TEST(later_image_stays),
		CORE_TEST(root_image_over_other_cell),
		CORE_TEST(root_cell_twice),
		CORE_TEST(set_without_a_cpu),
	};

	return cmocka_run_group_tests_name("core_bundle", tests, NULL, NULL);
}
