/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creation of cells: checks in the order of the ABI, effects, and that a refusal leaves nothing behind. What a step
 * refuses is also wrong in a way that only a later step finds.
 */
#include "core_fixture.h"
#include "vpci.h"

static struct test_config alpha, beta;

static void start_with_two_cells_described(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_make_cell(&beta, "beta", 2, 2, RAM_HIGH);
}

static void stays_refused(const struct test_config *config, int error, const char *reason)
{
	struct core_snapshot before;

	core_snapshot(&before);
	refused(core_create(config), error, reason);
	core_assert_unchanged(&before);
}

static void creates_a_cell(void)
{
	struct cell *cell;

	start_with_two_cells_described();
	core_switch_off(1);
	core_created(&alpha);
	cell = core_cell(1);
	assert_non_null(cell);
	assert_int_equal(num_cells(), 2);
	assert_int_equal(core_call(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS), 2);
	assert_string_equal(cell->config.cell->name, "alpha");
	assert_false(cell->is_root);
	assert_false(cell->loadable);
	assert_true(cpu_set_test(&cell->cpus, 1));
	assert_false(cpu_set_test(&root_cell.cpus, 1));
	assert_ptr_equal(core_cpu(1)->cell, cell);
	assert_int_equal(core_cpu(1)->run_state, CPU_PARKED);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_SHUT_DOWN);
	assert_false(host_in_guest(1));
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		assert_int_equal(host_in_guest(cpu), cpu != 1);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" created\r\n"));
	host_stop();
}

/* The hypervisor works on a copy of its own. */
static void root_may_overwrite_the_configuration(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	host_fill(CONFIG_AT, 0x2000, 0xff);
	assert_string_equal(core_cell(1)->config.cell->name, "alpha");
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_stop();
}

static void configuration_at_any_place(void)
{
	static const uint64_t places[] = {
		CONFIG_AT + 1, CONFIG_AT + PAGE_SIZE - 1, CONFIG_AT + PAGE_SIZE - 0x84, RAM_HIGH - 0x100,
	};

	start_with_two_cells_described();
	for (uint32_t n = 0; n < ARRAY_SIZE(places); n++) {
		assert_int_equal(core_create_at(&beta, places[n]), 0);
		assert_string_equal(core_cell(2)->config.cell->name, "beta");
		assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	}
	host_stop();
}

static void step_1_only_the_root_cell(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	core_started(1);
	refuse_clear();
	/* although the address is nonsense, too */
	assert_int_equal(host_hypercall(1, HC_CELL_CREATE, 1, 0), -EPERM);
	assert_string_equal(host_reason(), "");
	host_stop();
}

static void step_2_no_cell_is_locked(void)
{
	start_with_two_cells_described();
	alpha.header.flags = CFG_CELL_PASSIVE_COMM_REGION;
	core_created(&alpha);
	core_started(1);
	core_cell(1)->comm->cell_state = COMM_STATE_LOCKED;
	refused(core_create_at(&beta, 1), -EPERM, "cell \"alpha\" is in state running/locked: shut it down first");
	stays_refused(&beta, -EPERM, "cell \"alpha\" is in state running/locked: shut it down first");
	core_cell(1)->comm->cell_state = COMM_STATE_RUNNING;
	core_created(&beta);
	host_stop();
}

static void step_3_header_is_not_mapped(void)
{
	static const uint64_t places[] = {
		0, 1, NOBODY, LINK_END - 0x83, RAM_LOW - 1, HOST_GICD, ECAM, SUBPAGE, UINT64_MAX, UINT64_MAX - 0x83,
		1ull << 40, 1ull << 63,
	};
	struct core_snapshot before;
	char reason[100];

	start_with_two_cells_described();
	core_snapshot(&before);
	for (uint32_t n = 0; n < ARRAY_SIZE(places); n++) {
		/* the first byte that is missing is named */
		uint64_t missing = places[n] == LINK_END - 0x83 ? LINK_END : places[n];

		snprintf(reason, sizeof(reason), "the configuration is not in the root cell's memory (0x%llx)",
			 (unsigned long long)missing);
		refused(core_call(HC_CELL_CREATE, places[n]), -ENOMEM, reason);
	}
	core_assert_unchanged(&before);
	host_stop();
}

static void step_4_name_or_id_exists(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	beta.header.num_memory_regions = 0xffffff;	/* of which only the header is looked at */
	beta.header.cpu_set_size = CFG_MAX_CPU_SET + 1;
	memcpy(beta.header.name, "alpha", 6);
	host_copy_in(CONFIG_AT, &beta.header, sizeof(beta.header));
	refused(core_call(HC_CELL_CREATE, CONFIG_AT), -EEXIST, "a cell named \"alpha\" exists already");
	memcpy(beta.header.name, "qemu-arm64", 11);
	host_copy_in(CONFIG_AT, &beta.header, sizeof(beta.header));
	refused(core_call(HC_CELL_CREATE, CONFIG_AT), -EEXIST, "a cell named \"qemu-arm64\" exists already");
	memcpy(beta.header.name, "b", 2);
	beta.header.id = 1;
	host_copy_in(CONFIG_AT, &beta.header, sizeof(beta.header));
	refused(core_call(HC_CELL_CREATE, CONFIG_AT), -EEXIST, "cell \"alpha\" has id 1 already");
	beta.header.id = 0;
	host_copy_in(CONFIG_AT, &beta.header, sizeof(beta.header));
	refused(core_call(HC_CELL_CREATE, CONFIG_AT), -EEXIST, "cell \"qemu-arm64\" has id 0 already");
	assert_int_equal(num_cells(), 2);
	host_stop();
}

static void step_4_names_are_compared_to_their_end(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	memcpy(beta.header.name, "alpha\0x", 8);
	stays_refused(&beta, -EEXIST, "a cell named \"alpha\" exists already");
	memcpy(beta.header.name, "alphabet", 9);
	core_created(&beta);
	/* no NUL: cut, not run over */
	core_make_cell(&alpha, "0123456789012345678901234567890", 3, 3, RAM_LOW + MIB);
	alpha.header.name[CFG_NAME_LEN - 1] = 'x';
	core_created(&alpha);
	assert_string_equal(core_cell(3)->config.cell->name, "0123456789012345678901234567890");
	host_stop();
}

/* At an offset in its page, which counts. */
static void created_with_size(uint64_t offset, uint32_t size, int64_t expected)
{
	struct cfg_cell *header = calloc(1, size + sizeof(*header));

	*header = beta.header;
	header->num_memory_regions = 0;
	header->num_stream_ids = (size - sizeof(*header) - header->cpu_set_size) / 4;
	assert_int_equal(config_size(header), size);
	memcpy(header + 1, beta.cpus, header->cpu_set_size);
	host_copy_in(CONFIG_AT + offset, header, size);
	free(header);
	assert_int_equal(core_call(HC_CELL_CREATE, CONFIG_AT + offset), expected);
}

static void step_5_at_most_64_kib_with_offset(void)
{
	start_with_two_cells_described();
	created_with_size(4, 0x10000 - 4, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	created_with_size(0, 0x10000, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	created_with_size(4, 0x10000, -E2BIG);
	created_with_size(0, 0x10004, -E2BIG);
	assert_string_equal(host_reason(), "configuration of cell \"beta\" has 65540 bytes, at most 65536 fit");
	beta.header.num_pci_caps = UINT32_MAX;
	host_copy_in(CONFIG_AT, &beta.header, sizeof(beta.header));
	assert_int_equal(core_call(HC_CELL_CREATE, CONFIG_AT), -E2BIG);
	host_stop();
}

static void step_6_the_rest_is_not_mapped(void)
{
	start_with_two_cells_described();
	host_copy_in(LINK_END - sizeof(beta.header), &beta.header, sizeof(beta.header));
	refused(core_call(HC_CELL_CREATE, LINK_END - sizeof(beta.header)), -ENOMEM,
		"the configuration is not in the root cell's memory (0x6028e000)");
	host_stop();
}

static void step_7_no_memory_for_the_copy(void)
{
	start_with_two_cells_described();
	beta.header.cpu_set_size = 0;	/* comes later */
	host_fail_pages(1, false);
	stays_refused(&beta, -ENOMEM,
		      "no memory for cell \"beta\": hypervisor memory is too small");
	host_stop();
}

static void step_8_cpu_set_too_large(void)
{
	start_with_two_cells_described();
	beta.header.cpu_set_size = CFG_MAX_CPU_SET + 1;
	beta.cpus[0] = 0xff;
	beta.header.id = 256;
	stays_refused(&beta, -EINVAL, "cell configuration: cpu_set_size is 4097 bytes, at most 4096 are allowed");
	host_stop();
}

static void step_9_cpu_of_the_caller(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	beta.header.id = 256;
	beta.cpus[0] = 0x07;
	stays_refused(&beta, -EBUSY, "cell \"beta\" wants CPU 0, which executes this request");
	host_stop();
}

static void step_10_cpu_of_another_cell(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	beta.header.id = 256;
	beta.cpus[0] = 0x06;
	stays_refused(&beta, -EBUSY, "cell \"beta\" wants CPU 1, which is not the root cell's");
	beta.cpus[0] = 0x10;
	stays_refused(&beta, -EBUSY, "cell \"beta\" wants CPU 4, which is not the root cell's");
	beta.cpus[0] = 0x00;
	beta.cpus[8] = 0x01;
	beta.header.cpu_set_size = 9;
	stays_refused(&beta, -EBUSY, "cell \"beta\" wants CPU 64, which is not the root cell's");
	host_stop();
}

static void step_11_id_above_255(void)
{
	start_with_two_cells_described();
	beta.header.revision = 13;
	beta.header.id = 256;
	stays_refused(&beta, -E2BIG, "cell \"beta\": id 256 is above 255");
	beta.header.id = 0x10001;
	stays_refused(&beta, -E2BIG, "cell \"beta\": id 65537 is above 255");
	beta.header.revision = CFG_REVISION;
	beta.header.id = 255;
	core_created(&beta);
	assert_non_null(core_cell(255));
	host_stop();
}

static void step_12_conflicts(void)
{
	start_with_two_cells_described();
	core_created(&alpha);
	beta.header.revision = 13;
	stays_refused(&beta, -EINVAL, "cell configuration has revision 13, this hypervisor reads revision 14: "
		      "compile it again");
	beta.header.revision = CFG_REVISION;
	beta.memory[0].phys_start = RAM_LOW + 0xf000;
	stays_refused(&beta, -EINVAL, "cell \"beta\": memory region 0 [0x6000f000, 0x6001f000) overlaps region 0 "
		      "[0x60000000, 0x60010000) of cell \"alpha\": move it, or flag both as root-shared");
	beta.memory[0].phys_start = HOST_HV_BASE + HOST_HV_SIZE - PAGE_SIZE;
	stays_refused(&beta, -EINVAL, "cell \"beta\": memory region 0, physical [0x603ff000, 0x6040f000), overlaps "
		      "hypervisor memory [0x60300000, 0x60400000): move or remove it");
	host_stop();
}

static void windows_that_overlap(void)
{
	start_with_two_cells_described();
	core_switch_off(2);
	/* sub-page regions on top of the interrupt controller, the ECAM window, and each other */
	add_memory(&beta, SUBPAGE, HOST_GICD + 0x10, 0x10, 0x40003);
	stays_refused(&beta, -EINVAL,
		      "cell \"beta\": memory region 2 (guest 0x8000010-0x8000020) overlaps another emulated "
		      "window: move one");
	beta.memory[2].virt_start = ECAM + 0x10;
	stays_refused(&beta, -EINVAL,
		      "cell \"beta\": memory region 2 (guest 0x8e00010-0x8e00020) overlaps another emulated "
		      "window: move one");
	beta.memory[2].virt_start = SUBPAGE;
	add_memory(&beta, SUBPAGE + 8, SUBPAGE + 8, 0x10, 0x40003);
	stays_refused(&beta, -EINVAL,
		      "cell \"beta\": memory region 3 (guest 0xa001008-0xa001018) overlaps another emulated "
		      "window: move one");
	beta.memory[3].virt_start += 8;
	core_created(&beta);
	host_stop();
}

/* Every resource a cell can have */
static void make_rich_cell(struct test_config *config)
{
	core_make_cell(config, "rich", 7, 1, RAM_LOW + 0x3000);
	config->cpus[0] |= 0x08;
	core_add_link(config);
	add_memory(config, RAM_HIGH - 0x1000, 0x10000000, 0x2000, 0x07);
	add_memory(config, NOBODY, 0x20000000, 0x4000, 0x03);
	add_memory(config, SUBPAGE + 0x10, SUBPAGE + 0x10, 0x10, 0x40003);
	add_memory(config, DEVICE, DEVICE, 0x1000, 0x13);
	add_memory(config, RAM_LOW + MIB, 0x30000000, 0x2000, 0xc7);	/* shared and loadable */
}

/* Whatever a configuration has, object, tables and copy do not overlap, and end in their last page. */
static void everything_is_in_the_pages_of_the_object(void)
{
	uint32_t most = 0;

	core_start();
	for (uint32_t n = 0; n < 100; n++) {
		const struct cell *cell;
		const uint8_t *end;

		core_make_cell(&beta, "beta", 2, 2, RAM_LOW + MIB);
		core_add_link(&beta);
		for (uint32_t i = 0; i < n; i++)
			add_memory(&beta, 0, 0, 0, 0);
		core_created(&beta);
		cell = core_cell(2);
		end = (const uint8_t *)cell->room + cell->object_pages * PAGE_SIZE;
		assert_true((void *)cell->saved >= (void *)(cell->room + 1) && (void *)cell >= (void *)(cell->saved + 1));
		assert_true(cell->mmio.fixed >= (struct mmio_window *)(cell + 1));
		assert_true(cell->mmio.movable >= cell->mmio.fixed + cell->mmio.max_fixed);
		assert_true((void *)cell->functions >= (void *)(cell->mmio.movable + cell->mmio.max_movable));
		assert_true((void *)cell->config.cell >= (void *)(cell->functions + cell->config.cell->num_pci_devices));
		assert_in_range(end - (const uint8_t *)cell->config.cell - cell->config.size, 0, PAGE_SIZE - 1);
		most = MAX(most, cell->object_pages);
		assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	}
	assert_true(most > 1);
	host_stop();
}

static bool is_in_public_page(const void *object, const void *end)
{
	return range_contains((uintptr_t)public_page.reserved, sizeof(public_page.reserved), (uintptr_t)object,
			      (uintptr_t)end - (uintptr_t)object);
}

/* A root cell sees the public page, or it has no memory: then what it would have a page for is there. */
static void root_cell_without_memory(void)
{
	core_system.root.header.num_pci_devices = 0;
	core_system.root.header.num_memory_regions = 0;
	core_start();
	assert_true(is_in_public_page(root_cell.comm, root_cell.comm + 1));
	assert_true(is_in_public_page(root_cell.room, root_cell.room + 1));
	assert_int_equal((uintptr_t)root_cell.room % _Alignof(struct arch_cell_room), 0);
	assert_true((void *)root_cell.room >= (void *)(root_cell.comm + 1));
	assert_true((void *)root_cell.mmio.fixed >= (void *)(root_cell.room + 1));
	assert_true(is_in_public_page(root_cell.mmio.fixed, root_cell.mmio.fixed + root_cell.mmio.max_fixed));
	host_stop();
}

static void root_cell_with_memory(void)
{
	core_start();
	assert_int_equal((uintptr_t)root_cell.comm % PAGE_SIZE, 0);
	assert_false(is_in_public_page(root_cell.comm, root_cell.comm + 1));
	for (uint32_t n = 0; n < sizeof(public_page.reserved); n++)
		assert_int_equal(public_page.reserved[n], 0);
	host_stop();
}

/* Pages that nobody has are not accessible here. */
static void everything_of_the_root_cell_is_in_its_pages(void)
{
	struct test_config *root = &core_system.root;

	while (root->header.num_memory_regions < 110)
		add_memory(root, 0, 0, 0, 0);
	add_memory(root, SUBPAGE + 0x300, SUBPAGE + 0x300, 0x100, 0x20013);
	core_start();
	core_make_cell(&beta, "beta", 2, 2, RAM_LOW + MIB);
	add_memory(&beta, SUBPAGE + 0x310, SUBPAGE + 0x310, 0x10, 0x40003);
	core_created(&beta);
	assert_true(root_cell.lent_regions[110]);
	assert_true((uintptr_t)&root_cell.lent_regions[110] - (uintptr_t)root_cell.comm > PAGE_SIZE);
	host_stop();
}

static void any_allocation_may_fail(void)
{
	struct core_snapshot before;
	uint32_t pages, maps;
	struct test_config rich;

	core_start();
	make_rich_cell(&rich);
	core_switch_off(1);
	core_switch_off(3);
	core_snapshot(&before);
	pages = host_pages_calls();
	maps = host_map_calls();
	core_created(&rich);
	pages = host_pages_calls() - pages;
	maps = host_map_calls() - maps;
	assert_int_equal(core_call(HC_CELL_DESTROY, 7), 0);
	core_assert_unchanged(&before);
	assert_true(pages >= 3 && maps > 10);

	for (uint32_t n = 1; n <= pages; n++) {
		for (uint32_t ever = 0; ever < 2; ever++) {
			core_snapshot(&before);
			host_fail_pages(n, ever);
			assert_int_equal(core_create(&rich), -ENOMEM);
			assert_true(strlen(host_reason()) > 20);
			host_fail_pages(0, false);
			/* not even an interrupt of the root cell was disturbed */
			assert_int_equal(host_spis[40].resets, before.resets);
			core_assert_unchanged(&before);
		}
	}
	for (uint32_t n = 1; n <= maps; n++) {
		core_snapshot(&before);
		host_fail_stage2(n);
		refused(core_create(&rich), -ENOMEM, host_reason());
		assert_non_null(strstr(host_reason(), "stage 2 fails on request"));
		core_assert_unchanged(&before);
	}
	core_snapshot(&before);
	core_created(&rich);
	assert_int_equal(core_call(HC_CELL_DESTROY, 7), 0);
	core_assert_unchanged(&before);
	host_stop();
}

static uint32_t most_cells;

static void count_cells(void)
{
	most_cells = MAX(most_cells, num_cells());
}

/* Cells may ask at any time how many there are: one that could not be made has never been there. */
static void refused_cells_are_never_counted(void)
{
	struct test_config rich;

	core_start();
	make_rich_cell(&rich);
	core_switch_off(2);
	core_switch_off(3);
	most_cells = 0;
	host_map_hook = count_cells;
	/* of what is given, and of what is given back */
	for (uint32_t n = 1; n <= 10; n++) {
		host_fail_stage2(n);
		assert_int_equal(core_create(&rich), -ENOMEM);
	}
	host_map_hook = NULL;
	assert_int_equal(most_cells, 1);
	core_created(&rich);
	assert_int_equal(num_cells(), 2);
	host_stop();
}

static void link_that_does_not_fit(void)
{
	struct test_config rich;

	core_start();
	make_rich_cell(&rich);
	rich.pci[0].bar_mask[2] = 0xfffff000;
	core_switch_off(1);
	core_switch_off(3);
	stays_refused(&rich, -EINVAL, "ivshmem device 00:00.0: bar_mask[2] is 0xfffff000; the device has no such BAR, "
		      "set it to 0");
	host_stop();
}

static void resources_change_hands(void)
{
	struct test_config rich;
	uint64_t phys, flags;
	struct cell *cell;

	core_start();
	make_rich_cell(&rich);
	host_spis[40].target = 2;
	core_created(&rich);
	cell = core_cell(7);
	assert_int_equal((root_cell.arch.spis[1] >> 8) & 1, 0);
	assert_int_equal((cell->arch.spis[1] >> 8) & 1, 1);
	assert_int_equal(host_spis[40].target, 1);
	assert_int_equal(cell->num_functions, 1);

	assert_int_equal(host_access_to(&root_cell, RAM_LOW + 0x2fff), 0x0f);
	assert_int_equal(host_access_to(&root_cell, RAM_LOW + 0x3000), 0);
	assert_int_equal(host_access_to(&root_cell, RAM_LOW + 0x12fff), 0);
	assert_int_equal(host_access_to(&root_cell, RAM_LOW + 0x13000), 0x0f);
	assert_int_equal(host_access_to(&root_cell, RAM_HIGH - 0x1000), 0);
	assert_int_equal(host_access_to(&root_cell, RAM_HIGH), 0);
	assert_int_equal(host_access_to(&root_cell, RAM_HIGH + 0x1000), 0x03);
	assert_int_equal(host_access_to(&root_cell, DEVICE), 0);
	assert_int_equal(host_access_to(&root_cell, LINK_RW), 0x03);
	assert_int_equal(host_access_to(&root_cell, RAM_LOW + MIB), 0x0f);

	assert_true(host_translate(cell, 0x1234, &phys, &flags));
	assert_int_equal(phys, RAM_LOW + 0x4234);
	assert_int_equal(flags, 0x47);
	assert_true(host_translate(cell, 0x20003fff, &phys, &flags));
	assert_int_equal(phys, NOBODY + 0x3fff);
	assert_true(host_translate(cell, COMM, &phys, &flags));
	assert_int_equal(phys, virt_to_host(cell->comm).value);
	assert_false(host_translate(cell, SUBPAGE, &phys, &flags));
	assert_false(host_translate(cell, HOST_GICD, &phys, &flags));
	assert_int_equal(host_access_to(&root_cell, virt_to_host(cell->comm).value), 0);
	assert_int_equal(host_access_to(cell, HOST_HV_BASE), 0);
	host_stop();
}

/* What a cell maps over the windows of emulated devices must not uncover the real ones. */
static void emulated_windows_stay_emulated(void)
{
	uint64_t phys, flags;

	start_with_two_cells_described();
	beta.memory[0] = (struct cfg_memory){ NOBODY, HOST_GICD, 0x20000, 0x07 };
	add_memory(&beta, RAM_LOW, ECAM - 0x1000, 0x2000, 0x07);
	core_created(&beta);
	assert_false(host_translate(core_cell(2), HOST_GICD, &phys, &flags));
	assert_true(host_translate(core_cell(2), HOST_GICD + 0x10000, &phys, &flags));
	assert_true(host_translate(core_cell(2), ECAM - 1, &phys, &flags));
	assert_false(host_translate(core_cell(2), ECAM, &phys, &flags));
	host_stop();
}

/* A root CPU that waits to manage a cell while it is given to another one has lost the right to. */
static void caller_that_is_given_away_while_it_waits(void)
{
	start_with_two_cells_described();
	core_created(&beta);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	host_run(0, core_switch_on_job, 2, 0, 0);
	host_settle();
	host_post_hypercall(0, HC_CELL_CREATE, CONFIG_AT, 0);
	host_post_hypercall(2, HC_CELL_DESTROY, 2, 0);
	assert_int_equal(host_wait(0), 0);
	core_started(2);
	assert_int_equal(host_wait(2), -EPERM);
	assert_non_null(core_cell(2));
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_create_tests[] = {
		CORE_TEST(creates_a_cell),
		CORE_TEST(root_may_overwrite_the_configuration),
		CORE_TEST(configuration_at_any_place),
		CORE_TEST(step_1_only_the_root_cell),
		CORE_TEST(step_2_no_cell_is_locked),
		CORE_TEST(step_3_header_is_not_mapped),
		CORE_TEST(step_4_name_or_id_exists),
		CORE_TEST(step_4_names_are_compared_to_their_end),
		CORE_TEST(step_5_at_most_64_kib_with_offset),
		CORE_TEST(step_6_the_rest_is_not_mapped),
		CORE_TEST(step_7_no_memory_for_the_copy),
		CORE_TEST(step_8_cpu_set_too_large),
		CORE_TEST(step_9_cpu_of_the_caller),
		CORE_TEST(step_10_cpu_of_another_cell),
		CORE_TEST(step_11_id_above_255),
		CORE_TEST(step_12_conflicts),
		CORE_TEST(windows_that_overlap),
		CORE_TEST(everything_is_in_the_pages_of_the_object),
		CORE_TEST(root_cell_without_memory), CORE_TEST(root_cell_with_memory),
		CORE_TEST(everything_of_the_root_cell_is_in_its_pages),
		CORE_TEST(any_allocation_may_fail),
		CORE_TEST(refused_cells_are_never_counted),
		CORE_TEST(link_that_does_not_fit),
		CORE_TEST(resources_change_hands),
		CORE_TEST(emulated_windows_stay_emulated),
		CORE_TEST(caller_that_is_given_away_while_it_waits),
	};

	return cmocka_run_group_tests(core_create_tests, NULL, NULL);
}
