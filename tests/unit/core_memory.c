/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may access which memory: after random sequences of operations, and in cases that are hard to meet by chance. */
#include "core_fixture.h"

#define NUM_CELLS	3u

static struct test_config cells[NUM_CELLS];
static bool alive[NUM_CELLS];
static bool lacking[NUM_CELLS];	/* the root cell may not have everything of it that it should have */

/*
 * Three cells. Some memory the root cell has, some it has not; regions cross from one root region to the next; all
 * share a range with the root cell, two share one that the root cell shares, too; two are on the link,
 * one of them with sections that the root cell must give up.
 */
static void describe_cells(void)
{
	core_make_cell(&cells[0], "zero", 10, 1, RAM_LOW + 0x10000);
	core_make_cell(&cells[1], "one", 11, 2, RAM_LOW + 0x20000);
	core_make_cell(&cells[2], "two", 12, 3, RAM_LOW + 0x40000);
	add_memory(&cells[0], RAM_HIGH - 0x2000, 0x10000000, 0x4000, 0x03);
	add_memory(&cells[1], RAM_HIGH + 0x2000, 0x10000000, 0x4000, 0x43);
	add_memory(&cells[2], RAM_LOW, 0x10000000, 0x1000, 0x07);
	add_memory(&cells[0], NOBODY, 0x20000000, 0x2000, 0x03);
	add_memory(&cells[1], NOBODY + 0x2000, 0x20000000, 0x2000, 0x43);
	for (uint32_t n = 0; n < NUM_CELLS; n++)
		add_memory(&cells[n], RAM_LOW + MIB, 0x30000000, 0x3000 + n * 0x1000, 0x83);
	add_memory(&cells[1], RAM_LOW + MIB + 0x4000, 0x40000000, 0x2000, 0xc7);
	add_memory(&cells[2], RAM_LOW + MIB + 0x5000, 0x40000000, 0x2000, 0xc3);
	add_memory(&cells[0], DEVICE, DEVICE, 0x1000, 0x13);
	add_memory(&cells[1], PRIVATE_DEVICE, DEVICE, 0x1000, 0x13);
	/* reaches into a window of the root cell that is emulated, in a region of its */
	add_memory(&cells[2], ECAM - 0x1000, 0x50000000, 0x3000, 0x13);
	core_add_link(&cells[1]);
	for (uint32_t n = 0; n < NUM_CELLS; n++)
		cells[n].header.flags |= CFG_CELL_PASSIVE_COMM_REGION;
}

static const struct cfg_memory *region_with(const struct test_config *config, uint64_t phys, uint64_t flags,
					    uint64_t without)
{
	for (uint32_t n = 0; n < config->header.num_memory_regions; n++) {
		const struct cfg_memory *mem = &config->memory[n];

		if (!(mem->flags & (CFG_MEM_COMM_REGION | without)) && (mem->flags & flags) == flags &&
		    range_contains(mem->phys_start, mem->size, phys, 1))
			return mem;
	}
	return NULL;
}

static uint64_t root_flags(uint64_t phys)
{
	const struct test_config *root = &core_system.root;
	uint64_t flags = 0;

	/* the last one in the list is mapped last */
	for (uint32_t n = 0; n < root->header.num_memory_regions; n++)
		if (!config_is_subpage(&root->memory[n]) &&
		    range_contains(root->memory[n].phys_start, root->memory[n].size, phys, 1))
			flags = root->memory[n].flags;
	return flags;
}

static bool is_taken(uint64_t phys)
{
	for (uint32_t n = 0; n < NUM_CELLS; n++) {
		const struct cfg_memory *mem;

		if (!alive[n])
			continue;
		mem = region_with(&cells[n], phys, 0, CFG_MEM_ROOTSHARED);
		if (mem && !((mem->flags & CFG_MEM_LOADABLE) && core_cell(10 + n)->loadable))
			return true;
	}
	return false;
}

/* Shared loadable memory depends on history; only what it may be is checked. */
static bool depends_on_history(uint64_t phys)
{
	for (uint32_t n = 0; n < NUM_CELLS; n++)
		if (alive[n] && region_with(&cells[n], phys, CFG_MEM_LOADABLE | CFG_MEM_ROOTSHARED, 0))
			return true;
	return false;
}

static bool may_lack(uint64_t phys)
{
	for (uint32_t n = 0; n < NUM_CELLS; n++)
		if (lacking[n] && region_with(&cells[n], phys, 0, 0))
			return true;
	return false;
}

static void check_page(uint64_t phys)
{
	uint64_t root = host_access_to(&root_cell, phys);
	uint64_t expected = is_taken(phys) ? 0 : root_flags(phys);

	if (root != expected && !(root == 0 && (depends_on_history(phys) || may_lack(phys))))
		fail_msg("root cell has 0x%llx at 0x%llx, not 0x%llx", (unsigned long long)root,
			 (unsigned long long)phys, (unsigned long long)expected);
	for (uint32_t n = 0; n < NUM_CELLS; n++) {
		const struct cfg_memory *mem = alive[n] ? region_with(&cells[n], phys, 0, 0) : NULL;
		uint64_t flags = alive[n] ? host_access_to(core_cell(10 + n), phys) : 0;

		if ((flags & HOST_ANY_ACCESS) && !mem)
			fail_msg("cell %u has access to 0x%llx", n, (unsigned long long)phys);
		if (mem && !(flags & HOST_ANY_ACCESS))
			fail_msg("cell %u has no access to 0x%llx", n, (unsigned long long)phys);
	}
}

static void check_memory(void)
{
	for (uint64_t phys = RAM_LOW; phys < HOST_HV_BASE; phys += PAGE_SIZE)
		check_page(phys);
	check_page(DEVICE);
	assert_int_equal(host_access_to(&root_cell, ECAM), 0);
	check_page(PRIVATE_DEVICE);
	/* of hypervisor memory a cell has its communication region, the root cell what it may read */
	for (uint64_t phys = HOST_HV_BASE; phys < HOST_HV_BASE + HOST_HV_SIZE; phys += PAGE_SIZE) {
		assert_false(host_access_to(&root_cell, phys) & CFG_MEM_WRITE);
		for (uint32_t n = 0; n < NUM_CELLS; n++) {
			bool own = alive[n] && virt_to_host(core_cell(10 + n)->comm).value == phys;

			if (alive[n])
				assert_int_equal(host_access_to(core_cell(10 + n), phys) != 0, own);
			if (own)
				assert_int_equal(host_access_to(&root_cell, phys), 0);
		}
	}
}

static void operate(uint32_t n, uint32_t operation, int64_t *result)
{
	switch (operation) {
	case 0:
		*result = core_create(&cells[n]);
		alive[n] |= *result == 0;
		break;
	case 1:
		*result = core_call(HC_CELL_SET_LOADABLE, 10 + n);
		break;
	case 2:
		*result = core_call(HC_CELL_START, 10 + n);
		break;
	default:
		*result = core_call(HC_CELL_DESTROY, 10 + n);
		alive[n] &= *result != 0;
		break;
	}
}

static void random_operations(unsigned int seed, uint32_t rounds, bool failing)
{
	struct core_snapshot before;
	int64_t result;

	host_set_order(HOST_RANDOM, seed);
	core_start();
	describe_cells();
	for (uint32_t cpu = 1; cpu < HOST_NUM_CPUS; cpu++)
		core_switch_off(cpu);
	core_snapshot(&before);
	srand(seed);
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t n = (uint32_t)rand() % NUM_CELLS, operation = (uint32_t)rand() % 4;
		bool fails = failing && rand() % 2;
		bool was_alive = alive[n];

		if (fails)
			(rand() % 2 ? host_fail_stage2 : host_fail_stage2_from)(1 + (uint32_t)rand() % 12);
		operate(n, operation, &result);
		host_fail_stage2(0);
		if (operation == 0 && was_alive)
			assert_int_equal(result, -EEXIST);
		else if (operation > 0 && !was_alive)
			assert_int_equal(result, -ENOENT);
		else if (!fails || operation == 3)
			assert_int_equal(result, 0);
		else
			assert_true(result == 0 || result == -ENOMEM);
		lacking[n] = fails || (lacking[n] && !(operation == 3 && was_alive));
		check_memory();
	}
	for (uint32_t n = 0; n < NUM_CELLS; n++)
		operate(n, 3, &result);
	/* what it lacks is back when the next cell that has it goes */
	for (uint32_t n = 0; n < NUM_CELLS; n++) {
		core_created(&cells[n]);
		assert_int_equal(core_call(HC_CELL_DESTROY, 10 + n), 0);
	}
	core_assert_unchanged(&before);
	host_stop();
}

static void random_operations_1(void)
{
	random_operations(1, 120, false);
}

static void random_operations_2(void)
{
	random_operations(2, 120, false);
}

static void random_operations_that_fail(void)
{
	random_operations(3, 120, true);
}

static void random_operations_4(void)
{
	random_operations(4, 120, false);
}

static void more_random_operations_that_fail(void)
{
	random_operations(5, 400, true);
}

/* Cells 1 and 2 on a link that the root cell is no peer of, with these flags on sections */
static void two_cells_on_a_link(struct test_config *first, struct test_config *second, uint64_t flags)
{
	core_make_cell(first, "first", 1, 1, RAM_LOW);
	core_make_cell(second, "second", 2, 2, RAM_LOW + MIB);
	core_add_link(first);
	core_add_link(second);
	for (uint32_t n = 2; n < 6; n++) {
		first->memory[n].flags = (first->memory[n].flags & ~(uint64_t)CFG_MEM_ROOTSHARED) | flags;
		second->memory[n].flags = (second->memory[n].flags & ~(uint64_t)CFG_MEM_ROOTSHARED) | flags;
	}
	second->irqchips[0].pin_bitmap[0] = 0;
	second->pci[0].shmem_dev_id = 0;
	second->memory[4].flags |= CFG_MEM_WRITE;	/* output of peer 0 */
	second->memory[5].flags &= ~(uint64_t)CFG_MEM_WRITE;
	second->header.vpci_irq_base = 64;
}

static void assert_link_closed_to_root(void)
{
	for (uint64_t phys = LINK_STATE; phys < LINK_END; phys += PAGE_SIZE)
		assert_int_equal(host_access_to(&root_cell, phys), 0);
}

/* The root cell is no peer of this link: its sections leave it for as long as one of its peers exists. */
static void link_without_the_root_cell(uint64_t flags)
{
	struct test_config first, second;

	core_system.root.header.num_pci_devices = 0;
	core_start();
	two_cells_on_a_link(&first, &second, flags);
	core_created(&first);
	if (core_create(&second))
		fail_msg("%s", host_reason());
	assert_link_closed_to_root();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_int_equal(host_access_to(&root_cell, LINK_RW), 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_link_closed_to_root();
	assert_int_equal(host_access_to(&root_cell, RAM_LOW), 0x0f);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	assert_int_equal(host_access_to(&root_cell, LINK_STATE), 0x01);
	assert_int_equal(host_access_to(&root_cell, LINK_RW), 0x03);
	host_stop();
}

/* Out of pages in the middle of it, a destruction leaves the root cell without memory, not with that of others. */
static void destroy_without_pages_keeps_links_closed(void)
{
	static const char lacks[] = "cell \"first\": not all memory could be mapped back into the root cell\n";
	struct test_config first, second;
	uint32_t failed = 0;

	core_system.root.header.num_pci_devices = 0;
	core_start();
	two_cells_on_a_link(&first, &second, 0);
	for (uint32_t nth = 1; nth < 16; nth++) {
		core_created(&first);
		core_created(&second);
		host_fail_stage2(nth);
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
		host_fail_stage2(0);
		failed += strstr(public_page.console, lacks) != NULL;
		assert_link_closed_to_root();
		assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
		assert_int_equal(host_access_to(&root_cell, LINK_STATE), 0x01);
		assert_int_equal(host_access_to(&root_cell, LINK_RW), 0x03);
	}
	assert_true(failed > 0);
	host_stop();
}

static void sections_of_two_cells(void)
{
	link_without_the_root_cell(0);
}

static void root_shared_sections_of_two_cells(void)
{
	link_without_the_root_cell(CFG_MEM_ROOTSHARED);
}

/* RAM behind the sections in the root cell's list does not make them writable, nor does what comes and goes. */
static void sections_of_the_root_cell_keep_their_rights(void)
{
	struct test_config alpha;

	add_memory(&core_system.root, LINK_STATE & ~(MIB - 1), LINK_STATE & ~(MIB - 1), MIB, 0x07);
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	add_memory(&alpha, LINK_END, 0x20000000, 0x1000, 0x03);
	for (uint32_t round = 0; round < 2; round++) {
		assert_int_equal(host_access_to(&root_cell, LINK_STATE), 0x01);
		assert_int_equal(host_access_to(&root_cell, LINK_RW), 0x03);
		assert_int_equal(host_access_to(&root_cell, LINK_OUT0), 0x03);
		assert_int_equal(host_access_to(&root_cell, LINK_OUT1), 0x01);
		assert_int_equal(host_access_to(&root_cell, LINK_END), 0x07);
		core_created(&alpha);
		assert_int_equal(host_access_to(&root_cell, LINK_OUT1), 0x01);
		assert_int_equal(host_access_to(core_cell(1), LINK_OUT0) & 0x03, 0x01);
		assert_int_equal(host_access_to(core_cell(1), LINK_OUT1) & 0x03, 0x03);
		assert_int_equal(host_access_to(core_cell(1), LINK_STATE) & 0x03, 0x01);
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	}
	host_stop();
}

/* Sub-page regions */

static enum mmio_result access_at(const struct cell *cell, uint64_t address, uint8_t size, bool is_write,
				  uint64_t *value)
{
	struct mmio_access access = { .value = is_write ? *value : 0x5a5a5a5a5a5a5a5a, .size = size,
				      .is_write = is_write };
	enum mmio_result result = mmio_dispatch(&cell->mmio, GUEST_ADDR(address), &access);

	*value = access.value;
	return result;
}

static int64_t access_job(uint64_t id, uint64_t address, uint64_t size_and_direction)
{
	uint64_t value = 0x1122334455667788;

	return access_at(core_cell((uint32_t)id), address, size_and_direction & 0xff, size_and_direction >> 8,
			 &value);
}

static enum mmio_result read_from(uint32_t cpu, uint32_t id, uint64_t address, uint8_t size)
{
	return (enum mmio_result)host_run(cpu, access_job, id, address, size);
}

static enum mmio_result write_to(uint32_t cpu, uint32_t id, uint64_t address, uint8_t size)
{
	return (enum mmio_result)host_run(cpu, access_job, id, address, 0x100u | size);
}

static int64_t read_value_job(uint64_t id, uint64_t address, uint64_t size)
{
	uint64_t value;

	assert_int_equal(access_at(core_cell((uint32_t)id), address, (uint8_t)size, false, &value), MMIO_HANDLED);
	return (int64_t)value;
}

static void subpage_accesses_reach_the_device(void)
{
	uint8_t bytes[0x300];

	core_start();
	for (uint32_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)(n * 7 + 1);
	host_copy_in(SUBPAGE, bytes, sizeof(bytes));
	assert_int_equal(host_run(0, read_value_job, 0, SUBPAGE + 4, 4), 0x322b241d);
	assert_int_equal(host_run(0, read_value_job, 0, SUBPAGE + 5, 1), 0x24);
	assert_int_equal(host_run(0, read_value_job, 0, SUBPAGE + 0x202, 2), 0x160f);
	assert_int_equal(write_to(0, 0, SUBPAGE + 8, 4), MMIO_HANDLED);
	assert_int_equal(host_read32(SUBPAGE + 8), 0x55667788);
	assert_int_equal(host_read32(SUBPAGE + 12), 0x6a635c55);
	assert_int_equal(write_to(0, 0, SUBPAGE + 0x10, 1), MMIO_HANDLED);
	assert_int_equal(host_read32(SUBPAGE + 0x10), 0x867f7888);
	host_stop();
}

static void subpage_widths_and_alignment(void)
{
	static const struct { uint64_t offset; uint8_t size; enum mmio_result result; } cases[] = {
		{ 0x000, 1, MMIO_HANDLED }, { 0x000, 2, MMIO_REFUSED }, { 0x000, 4, MMIO_HANDLED },
		{ 0x000, 8, MMIO_REFUSED }, { 0x001, 4, MMIO_REFUSED }, { 0x002, 4, MMIO_REFUSED },
		{ 0x1fc, 4, MMIO_HANDLED }, { 0x1fe, 4, MMIO_NO_WINDOW }, { 0x1ff, 1, MMIO_HANDLED },
		{ 0x200, 2, MMIO_HANDLED }, { 0x201, 2, MMIO_REFUSED }, { 0x200, 1, MMIO_REFUSED },
		{ 0x2fe, 2, MMIO_HANDLED }, { 0x2ff, 2, MMIO_NO_WINDOW }, { 0x300, 2, MMIO_NO_WINDOW },
	};

	core_start();
	for (uint32_t n = 0; n < ARRAY_SIZE(cases); n++) {
		assert_int_equal(read_from(0, 0, SUBPAGE + cases[n].offset, cases[n].size), cases[n].result);
		assert_int_equal(write_to(0, 0, SUBPAGE + cases[n].offset, cases[n].size), cases[n].result);
	}
	host_stop();
}

static void subpage_flags(void)
{
	struct test_config config;

	core_start();
	core_make_cell(&config, "sub", 1, 1, RAM_LOW);
	add_memory(&config, PRIVATE_DEVICE, 0x1000000, 8, CFG_MEM_READ | CFG_MEM_IO_64);
	add_memory(&config, PRIVATE_DEVICE + 8, 0x1000008, 8, CFG_MEM_WRITE | CFG_MEM_IO_64);
	add_memory(&config, PRIVATE_DEVICE + 16, 0x1000010, 8, CFG_MEM_READ | CFG_MEM_WRITE);
	add_memory(&config, PRIVATE_DEVICE + 0x22, 0x1000022, 8,
		   CFG_MEM_READ | CFG_MEM_IO_UNALIGNED | CFG_MEM_IO_32);
	add_memory(&config, PRIVATE_DEVICE + PAGE_SIZE - 2, 0x2000ffe, 4, 0xf8003);
	core_created(&config);
	core_started(1);
	assert_int_equal(read_from(1, 1, 0x1000000, 8), MMIO_HANDLED);
	assert_int_equal(write_to(1, 1, 0x1000000, 8), MMIO_REFUSED);
	assert_int_equal(read_from(1, 1, 0x1000008, 8), MMIO_REFUSED);
	assert_int_equal(write_to(1, 1, 0x1000008, 8), MMIO_HANDLED);
	for (uint8_t size = 1; size <= 8; size *= 2)
		assert_int_equal(read_from(1, 1, 0x1000010, size), MMIO_REFUSED);
	assert_int_equal(host_read32(PRIVATE_DEVICE + 12), 0x11223344);
	/* alignment counts from the start of the region; without it only with the flag */
	assert_int_equal(read_from(1, 1, 0x1000024, 4), MMIO_HANDLED);
	/* over the end of a page there is another device */
	assert_int_equal(read_from(1, 1, 0x2000ffe, 4), MMIO_REFUSED);
	assert_int_equal(read_from(1, 1, 0x2000ffe, 2), MMIO_HANDLED);
	host_stop();
}

static void device_that_does_not_answer(void)
{
	core_start();
	host_remove_device(SUBPAGE);
	assert_int_equal(read_from(0, 0, SUBPAGE, 4), MMIO_REFUSED);
	assert_int_equal(write_to(0, 0, SUBPAGE, 4), MMIO_REFUSED);
	host_stop();
}

static void lent_is(bool first, bool second)
{
	assert_int_equal(read_from(0, 0, SUBPAGE + 0x100, 4), first ? MMIO_REFUSED : MMIO_HANDLED);
	assert_int_equal(read_from(0, 0, SUBPAGE + 0x280, 2), second ? MMIO_REFUSED : MMIO_HANDLED);
}

static void subpage_of_the_root_cell_is_lent(void)
{
	struct test_config first, second, shared;

	core_start();
	core_make_cell(&first, "first", 1, 1, RAM_LOW);
	core_make_cell(&second, "second", 2, 2, RAM_LOW + MIB);
	core_make_cell(&shared, "shared", 3, 3, RAM_HIGH);
	add_memory(&first, SUBPAGE + 0x10, SUBPAGE + 0x10, 0x10, 0x40003);
	add_memory(&second, SUBPAGE + 0x20, SUBPAGE + 0x20, 0x10, 0x40043);
	add_memory(&shared, SUBPAGE + 0x200, SUBPAGE + 0x200, 0x10, 0x40083);
	lent_is(false, false);
	core_created(&shared);
	lent_is(false, false);
	core_created(&first);
	lent_is(true, false);
	core_created(&second);
	/* parts of the same region: it comes back when nobody has one any more */
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	lent_is(true, false);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 2), 0);
	lent_is(false, false);
	core_created(&first);
	lent_is(true, false);
	assert_int_equal(core_call(HC_CELL_START, 2), 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	lent_is(true, false);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	lent_is(false, false);
	/* destroyed while it is loadable */
	core_created(&second);
	lent_is(true, false);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 2), 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	lent_is(false, false);
	host_stop();
}

static void lending_does_not_return_what_others_have(void)
{
	struct test_config first, second;

	core_start();
	core_make_cell(&first, "first", 1, 1, RAM_LOW);
	core_make_cell(&second, "second", 2, 2, RAM_LOW + MIB);
	add_memory(&first, SUBPAGE + 0x10, SUBPAGE + 0x10, 0x10, 0x40003);
	add_memory(&second, SUBPAGE + 0x20, SUBPAGE + 0x20, 0x10, 0x40043);
	core_created(&first);
	core_created(&second);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 2), 0);
	lent_is(true, false);
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_memory[] = {
		CORE_TEST(random_operations_1),
		CORE_TEST(random_operations_2),
		CORE_TEST(random_operations_that_fail),
		CORE_TEST(random_operations_4),
		CORE_TEST(more_random_operations_that_fail),
		CORE_TEST(sections_of_two_cells),
		CORE_TEST(destroy_without_pages_keeps_links_closed),
		CORE_TEST(root_shared_sections_of_two_cells),
		CORE_TEST(sections_of_the_root_cell_keep_their_rights),
		CORE_TEST(subpage_accesses_reach_the_device),
		CORE_TEST(subpage_widths_and_alignment),
		CORE_TEST(subpage_flags),
		CORE_TEST(device_that_does_not_answer),
		CORE_TEST(subpage_of_the_root_cell_is_lent),
		CORE_TEST(lending_does_not_return_what_others_have),
	};

	return cmocka_run_group_tests(core_memory, NULL, NULL);
}
