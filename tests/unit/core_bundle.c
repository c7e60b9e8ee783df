/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct boot: bundles that are damaged or lie, cells that start from one, and what happens when they fail. */
#include "core_fixture.h"
#include "bulkhead/bundle.h"
#include "bundle.h"
#include "crc32.h"

#define NUM_PARTS	6u
#define NUM_CELLS	2u
#define NUM_IMAGES	2u
#define IMAGE_SIZE	5000u
#define CONFIG_ROOM	2u	/* pages */

/* As a tool would lay it out; everything may be changed before seal(). */
static struct {
	uint8_t image[PAGE_SIZE];
	struct {
		struct bh_bundle head;
		struct bh_bundle_part parts[NUM_PARTS];
		struct bh_bundle_cell cells[NUM_CELLS];
		struct bh_bundle_image images[NUM_IMAGES];
		uint64_t mpidr[HOST_NUM_CPUS];
	} dir __attribute__((aligned(4096)));
	uint8_t configs[NUM_CELLS][CONFIG_ROOM * PAGE_SIZE] __attribute__((aligned(4096)));
	uint8_t images[NUM_IMAGES][2 * PAGE_SIZE] __attribute__((aligned(4096)));
} file __attribute__((aligned(4096)));

static struct test_config cells[NUM_CELLS];
static int start_result;

#define OFFSET_OF(member)	((uint64_t)((uint8_t *)&(member) - (uint8_t *)&file))

static void seal_directory(void)
{
	file.dir.head.crc = 0;
	file.dir.head.crc = ~crc32_update(CRC32_START, (const void *)&file.dir, file.dir.head.size);
}

static void seal(void)
{
	for (uint32_t n = 0; n < NUM_PARTS; n++) {
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

static void pack_cell(uint32_t n)
{
	uint64_t size;
	void *packed = pack_config(&cells[n], &size);

	HOST_ASSERT(size <= sizeof(file.configs[n]));
	memcpy(file.configs[n], packed, size);
	free_last_image();
	make_part(2 + n, BH_PART_CELL, file.configs[n], size, n ? "beta.cell" : "alpha.cell");
}

/* Cells alpha on CPU 1 and beta on CPUs 2 and 3, with an image each */
static void make_bundle(void)
{
	static const char signature[8] = BH_BUNDLE_SIGNATURE;

	memset(&file, 0, sizeof(file));
	memcpy(file.dir.head.signature, signature, sizeof(signature));
	file.dir.head.version = BH_BUNDLE_VERSION;
	file.dir.head.size = sizeof(file.dir.head) + sizeof(file.dir.parts) + sizeof(file.dir.cells) +
			     sizeof(file.dir.images) + sizeof(file.dir.mpidr);
	file.dir.head.num_parts = NUM_PARTS;
	file.dir.head.num_cells = NUM_CELLS;
	file.dir.head.num_images = NUM_IMAGES;
	file.dir.head.num_cpus = HOST_NUM_CPUS;
	for (uint32_t n = 0; n < HOST_NUM_CPUS; n++)
		file.dir.mpidr[n] = 0x100 + n;
	core_make_cell(&cells[0], "alpha", 1, 1, RAM_LOW);
	core_make_cell(&cells[1], "beta", 2, 2, RAM_LOW + MIB);
	cells[1].cpus[0] |= 1u << 3;
	make_part(0, BH_PART_HYPERVISOR, file.image, sizeof(file.image), "hypervisor");
	make_part(1, BH_PART_SYSTEM, file.image, 64, "system");
	for (uint32_t n = 0; n < NUM_CELLS; n++) {
		cells[n].header.cpu_reset_address = 0x1000 * (n + 1);
		pack_cell(n);
		for (uint32_t i = 0; i < IMAGE_SIZE; i++)
			file.images[n][i] = (uint8_t)(i * 7 + n);
		make_part(4 + n, BH_PART_IMAGE, file.images[n], IMAGE_SIZE, n ? "beta.bin" : "alpha.bin");
		file.dir.cells[n] = (struct bh_bundle_cell){
			.config_part = 2 + n, .first_image = n, .num_images = 1, .argument = 0xa0 + n,
		};
		file.dir.images[n] = (struct bh_bundle_image){ .part = 4 + n, .target = 0x800 };
	}
	seal();
}

static int check(void)
{
	refuse_clear();
	return bundle_check(&file, sizeof(file), OFFSET_OF(file.dir), HOST_NUM_CPUS);
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
	for (uint32_t n = 0; n < NUM_PARTS; n++) {
		const struct bh_bundle_part *part = &file.dir.parts[n];
		char text[80];

		snprintf(text, sizeof(text), "bundle: part %u, \"%s\", is damaged (checksum", n, part->name);
		for (uint64_t i = 0; i < part->size; i += 13) {
			uint8_t *byte = (uint8_t *)&file + part->offset + i;

			*byte ^= (uint8_t)(1 + i % 255);
			/* the first one in the order of the directory is named; two parts begin at the same byte */
			if (n == 1)
				is_refused("part 0, \"hypervisor\"");
			else
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
	seal_directory();
	is_refused(text);
	make_bundle();
}

/* Somebody who can make checksums, but lies */
static void directory_is_bounded(void)
{
	make_bundle();
	file.dir.head.version = 2;
	is_refused_when_sealed("it has version 2, this hypervisor reads version 1");
	file.dir.head.num_parts = UINT32_MAX;
	is_refused_when_sealed("the directory is damaged (its counts)");
	file.dir.head.num_cells = CONFIG_MAX_CELLS + 1;
	is_refused_when_sealed("its counts");
	file.dir.head.num_images = 0x10000000;
	is_refused_when_sealed("its counts");
	file.dir.head.num_cpus = HOST_NUM_CPUS + 1;
	is_refused_when_sealed("its counts");
	file.dir.head.size += 8;
	is_refused("its counts");
	make_bundle();
	refuse_clear();
	assert_int_equal(bundle_check(&file, OFFSET_OF(file.dir) + 100, OFFSET_OF(file.dir), HOST_NUM_CPUS), -EINVAL);
	refuse_clear();
	assert_int_equal(bundle_check(&file, OFFSET_OF(file.dir), OFFSET_OF(file.dir), HOST_NUM_CPUS), -EINVAL);
	refuse_clear();
	assert_int_equal(bundle_check(&file, sizeof(file), OFFSET_OF(file.dir) + 8, HOST_NUM_CPUS), -EINVAL);
	assert_non_null(strstr(host_reason(), "there is no directory at 0x1008"));
	refuse_clear();
	assert_int_equal(bundle_check(&file, sizeof(file), UINT64_MAX & PAGE_MASK, HOST_NUM_CPUS), -EINVAL);

	file.dir.parts[3].offset += 8;
	is_refused_when_sealed("part 3, \"beta.cell\"");
	file.dir.parts[3].size = 0;
	is_refused_when_sealed("is not inside the bundle");
	file.dir.parts[3].size = sizeof(file);
	is_refused_when_sealed("is not inside the bundle");
	file.dir.parts[3].size = UINT64_MAX;
	is_refused_when_sealed("is not inside the bundle");
	file.dir.parts[3].offset = UINT64_MAX & PAGE_MASK;
	is_refused_when_sealed("is not inside the bundle");
	memset(file.dir.parts[5].name, 'n', sizeof(file.dir.parts[5].name));
	file.images[1][0] ^= 1;
	is_refused_when_sealed("part 5, \"(name without end)\", is damaged");

	file.dir.cells[1].config_part = 4;
	is_refused_when_sealed("cell 1 refers to parts that are not there");
	file.dir.cells[1].config_part = NUM_PARTS;
	is_refused_when_sealed("cell 1 refers");
	file.dir.cells[1].num_images = 2;
	is_refused_when_sealed("cell 1 refers");
	file.dir.cells[1].first_image = UINT32_MAX;
	is_refused_when_sealed("cell 1 refers");
	file.dir.cells[0].on_failure = BH_ON_FAILURE_HALT + 1;
	is_refused_when_sealed("cell 0 refers");
	file.dir.images[1].part = 3;
	is_refused_when_sealed("cell 1 refers");
	file.dir.parts[2].size = sizeof(struct cfg_cell) - 1;
	seal();
	is_refused("cell 0 refers");
	make_bundle();
	file.dir.mpidr[3] = file.dir.mpidr[1];
	is_refused_when_sealed("CPUs 1 and 3 have the same affinity 0x101");
}

/* --- on the machine --- */

static int check_at_start(const struct boot_info *boot)
{
	return bundle_check(&file, sizeof(file), OFFSET_OF(file.dir), boot->max_cpus);
}

static void after_setup(uint32_t cpu)
{
	if (cpu == host_boot.primary_cpu)
		start_result = bundle_start_cells();
	cpu_handle_events();
}

static void boot(void)
{
	host_firmware = true;
	host_after_setup = after_setup;
	host_boot.check = check_at_start;
	core_start();
	host_settle();
}

static void assert_loaded(uint32_t n, uint64_t phys)
{
	uint8_t bytes[IMAGE_SIZE];

	host_copy_out(bytes, phys + 0x800, sizeof(bytes));
	assert_memory_equal(bytes, file.images[n], sizeof(bytes));
	assert_true(host_cleaned(phys + 0x800) > 0 && host_cleaned(phys + 0x800 + IMAGE_SIZE - 1) > 0);
}

static void cells_start_in_order(void)
{
	const char *text;

	make_bundle();
	boot();
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

/* The CPU that boots belongs to a cell, and so do all others. */
static void boot_cpu_runs_a_cell(void)
{
	make_bundle();
	cells[0].cpus[0] |= 1u << 0;
	pack_cell(0);
	seal();
	boot();
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
	seal();
	boot();
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
	host_firmware = true;
	host_boot.check = check_at_start;
	assert_int_equal(core_enter(), -EINVAL);
	assert_non_null(strstr(host_reason(), "part 5, \"beta.bin\", is damaged"));
	assert_int_equal(num_cells(), 1);
	assert_int_equal(host_read32(RAM_LOW + 0x800), 0);
}

/* Nobody waits for CPUs that nobody has switched on. */
static void damaged_bundle_is_told_at_once(void)
{
	make_bundle();
	file.images[1][4000] ^= 1;
	host_firmware = true;
	host_boot.check = check_at_start;
	host_entering = 1;
	assert_int_equal(core_enter(), -EINVAL);
	assert_true(arch_ticks() < HOST_TICKS_PER_SECOND);
	assert_null(strstr(host_uart_text(), "did not come"));
}

static int start_no_more(const struct boot_info *boot)
{
	(void)boot;
	return refuse(-EIO, "firmware does not switch CPU 3 on");
}

static void cpu_that_cannot_be_switched_on(void)
{
	make_bundle();
	host_firmware = true;
	host_boot.start_cpus = start_no_more;
	host_entering = 3;
	assert_int_equal(core_enter(), -EIO);
	for (uint32_t cpu = 0; cpu < host_entering; cpu++) {
		assert_int_equal(host_setup_result(cpu), -EIO);
		assert_false(core_cpu(cpu)->arch.active);
	}
	assert_true(arch_ticks() < HOST_TICKS_PER_SECOND);
	assert_string_equal(host_reason(), "firmware does not switch CPU 3 on");
}

/* It was switched on, but does not come. */
static void cpu_that_gets_lost(void)
{
	make_bundle();
	host_firmware = true;
	host_boot.check = check_at_start;
	host_after_setup = after_setup;		/* the others sleep */
	host_entering = 3;
	assert_int_equal(core_enter(), -EIO);
	assert_string_equal(host_reason(), "CPU 3 did not come within 30 s");
	assert_true(arch_ticks() < 40 * HOST_TICKS_PER_SECOND);
}

static void none_starts(int error, const char *text)
{
	seal();
	boot();
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
	none_starts(-EINVAL, "bundle: \"beta.bin\" cannot be loaded to [0xec79, 0x10001) of cell \"beta\": it has no memory "
		    "that it may write there");
}

static void image_must_be_writable_memory(void)
{
	make_bundle();
	cells[1].memory[0].flags &= ~(uint64_t)CFG_MEM_WRITE;
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
	cells[1].memory[0].phys_start = RAM_LOW;
	pack_cell(1);
	none_starts(-EINVAL, "cell \"beta\": memory region 0 [0x60000000, 0x60010000) overlaps region 0");
}

static void truncated_configuration(void)
{
	make_bundle();
	file.dir.parts[3].size -= 8;
	none_starts(-EINVAL, "");
}

static void cpu_twice(void)
{
	make_bundle();
	cells[1].cpus[0] = 1u << 1;
	pack_cell(1);
	none_starts(-EBUSY, "cell \"beta\" wants CPU 1, which is not the root cell's");
}

/* --- failure --- */

static void boot_with(uint32_t on_failure, uint32_t max_restarts, uint32_t window_seconds)
{
	make_bundle();
	file.dir.cells[0].on_failure = on_failure;
	file.dir.cells[0].max_restarts = max_restarts;
	file.dir.cells[0].window_seconds = window_seconds;
	seal();
	boot();
	assert_int_equal(start_result, 0);
	host_uart_text();
}

static void failed_cell_stays(void)
{
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_true(host_in_guest(2));
	host_stop();
}

static void failed_cell_starts_again(void)
{
	boot_with(BH_ON_FAILURE_RESTART, 2, 0);
	for (uint32_t round = 1; round <= 2; round++) {
		host_fill(RAM_LOW, 64 * KIB, 0xdd);
		core_fail(1);
		assert_true(host_in_guest(1));
		assert_int_equal(core_cpu(1)->arch.resets, 1 + round);
		assert_int_equal(core_cpu(1)->arch.context, 0xa0);
		assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_RUNNING);
		assert_loaded(0, RAM_LOW);
	}
	/* what it said last time does not matter */
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" stays stopped: it was restarted 2 times within 0 s"));
	assert_true(host_in_guest(2));
	host_stop();
}

static int64_t wait_job(uint64_t ticks, uint64_t arg2, uint64_t arg3)
{
	uint64_t start = arch_ticks();

	(void)arg2;
	(void)arg3;
	while (arch_ticks() - start <= ticks)
		arch_relax();
	return 0;
}

static void restarts_are_counted_within_a_time(void)
{
	boot_with(BH_ON_FAILURE_RESTART, 1, 10);
	core_fail(1);
	assert_true(host_in_guest(1));
	host_run(2, wait_job, 10 * HOST_TICKS_PER_SECOND, 0, 0);
	core_fail(1);
	assert_true(host_in_guest(1));
	core_fail(1);
	assert_false(host_in_guest(1));
	host_stop();
}

static void several_cpus_fail(void)
{
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;	/* the bundle is read where it lies */
	assert_true(host_run(2, core_switch_on_job, 3, 0x99, 0));
	host_settle();
	assert_true(host_in_guest(3));
	core_fail(3);
	assert_false(host_in_guest(3));
	assert_true(host_in_guest(2));
	core_fail(2);
	assert_true(host_in_guest(2));
	assert_int_equal(core_cpu(2)->arch.entry, 0x2000);
	assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
	assert_false(core_cpu(3)->failed);
	host_stop();
}

static void failed_cell_halts_the_machine(void)
{
	boot_with(BH_ON_FAILURE_HALT, 0, 0);
	host_post(1, core_fail_job, 0, 0, 0);
	host_wait(1);		/* it ends */
	assert_true(host_has_halted(1) && host_is_off);
	assert_false(host_in_guest(2));
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" has failed, which stops the machine"));
}

/* The root cell, and a cell that is started again whenever it fails */
static void boot_beside_root_cell(void)
{
	make_bundle();
	file.dir.cells[0].on_failure = BH_ON_FAILURE_RESTART;
	file.dir.cells[1].config_part = 1;
	file.dir.cells[1].num_images = 0;
	seal();
	boot();
}

static void destroyed_cell_is_forgotten(void)
{
	struct test_config gamma;

	boot_beside_root_cell();
	assert_int_equal(start_result, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	/* another one in its place, perhaps with the same object, has no policy */
	core_make_cell(&gamma, "gamma", 1, 1, RAM_LOW);
	core_created(&gamma);
	core_started(1);
	core_fail(1);
	assert_false(host_in_guest(1));
	host_stop();
}

static void root_image_over_other_cell(void)
{
	make_bundle();
	file.dir.cells[1].config_part = 1;
	file.dir.images[1].target = RAM_LOW + 0x800;
	seal();
	boot();
	assert_int_not_equal(start_result, 0);
	host_stop();
}

static void root_cell_twice(void)
{
	make_bundle();
	file.dir.cells[0].config_part = 1;
	file.dir.cells[1].config_part = 1;
	file.dir.images[0].target = RAM_LOW;
	file.dir.images[1].target = RAM_LOW + MIB;
	seal();
	boot();
	assert_int_not_equal(start_result, 0);
	host_stop();
}

static void fails_then_last_goes_off(void)
{
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
	assert_true(host_run(2, core_switch_on_job, 3, 0x99, 0));
	host_settle();
	core_fail(3);
	core_go_off(2);
	assert_int_equal(core_cell(2)->comm->cell_state, COMM_STATE_RUNNING);
	assert_true(host_in_guest(2));
	host_stop();
}

static void reason_survives_restart(void)
{
	boot_beside_root_cell();
	assert_int_equal(core_call(HC_CELL_DESTROY, 77), -ENOENT);
	assert_non_null(strstr(host_reason(), "no cell with id 77"));
	core_fail(1);
	assert_non_null(strstr(host_reason(), "no cell with id 77"));
	host_stop();
}

static void set_without_a_cpu(void)
{
	make_bundle();
	core_system.root.cpus[0] = 7;
	host_firmware = true;
	host_boot.check = check_at_start;
	host_after_setup = after_setup;
	host_entering = 3;
	assert_int_not_equal(core_enter(), 0);
	assert_true(host_reason()[0]);
}

static void restart_keeps_what_the_root_cell_loaded(void)
{
	boot_beside_root_cell();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	host_fill(RAM_LOW, 64 * KIB, 0xdd);
	core_started(1);
	core_fail(1);
	if (host_in_guest(1))
		assert_int_equal(host_read32(RAM_LOW + 0x800), 0xdddddddd);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(good_bundle_passes),
		CORE_TEST(every_damaged_byte_is_found),
		CORE_TEST(directory_is_bounded),
		CORE_TEST(cells_start_in_order),
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
		CORE_TEST(failed_cell_stays),
		CORE_TEST(failed_cell_starts_again),
		CORE_TEST(restarts_are_counted_within_a_time),
		CORE_TEST(several_cpus_fail),
		CORE_TEST(failed_cell_halts_the_machine),
		CORE_TEST(destroyed_cell_is_forgotten),
		CORE_TEST(root_image_over_other_cell),
		CORE_TEST(root_cell_twice),
		CORE_TEST(fails_then_last_goes_off),
		CORE_TEST(reason_survives_restart),
		CORE_TEST(set_without_a_cpu),
		CORE_TEST(restart_keeps_what_the_root_cell_loaded),
	};

	return cmocka_run_group_tests_name("core_bundle", tests, NULL, NULL);
}
