/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways around the isolation of links and of the hypervisor that configurations have tried. */
#include "core_fixture.h"

/* A communication region has no meaning in the root cell: it must not show what lies behind its page. */
static void communication_region_of_the_root_cell(void)
{
	struct test_config alpha;

	add_memory(&core_system.root, RAM_LOW, 0xe0000000, 0x40000, 0x23);
	core_start();
	for (uint32_t round = 0; round < 2; round++) {
		for (uint64_t phys = HOST_HV_BASE; phys < HOST_HV_BASE + HOST_HV_SIZE; phys += PAGE_SIZE)
			assert_false(host_access_to(&root_cell, phys) & CFG_MEM_WRITE);
		/* memory that comes back brings nothing with it */
		core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
		core_created(&alpha);
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
		assert_int_equal(host_access_to(&root_cell, RAM_LOW), 0x0f);
	}
	host_stop();
}

/* The root cell is peer 0, its RAM covers the sections, and it lists one peer: output 1 is peer 1's all the same. */
static void output_that_the_root_cell_does_not_list(void)
{
	struct test_config alpha;

	add_memory(&core_system.root, LINK_STATE & ~(MIB - 1), LINK_STATE & ~(MIB - 1), MIB, 0x07);
	core_system.root.pci[0].shmem_peers = 1;
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	core_created(&alpha);
	assert_int_equal(host_access_to(core_cell(1), LINK_OUT1) & 0x03, 0x03);
	assert_int_equal(host_access_to(&root_cell, LINK_OUT1) & CFG_MEM_WRITE, 0);
	host_stop();
}

static void make_lonely_link(struct test_config *alpha)
{
	core_system.root.header.num_pci_devices = 0;
	core_make_cell(alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(alpha);
}

/* A loadable view of a section would give it to a root cell that is no peer. */
static void loadable_view_of_a_section(void)
{
	struct test_config alpha;

	make_lonely_link(&alpha);
	add_memory(&alpha, LINK_STATE, 0x20000000, 0x1000, CFG_MEM_READ | CFG_MEM_LOADABLE);
	core_start();
	refused(core_create(&alpha), -EINVAL,
		"cell \"alpha\": section 0 of ivshmem device 0, physical [0x60280000, 0x60281000), is memory region 6, too: "
		"give each memory of its own");
	host_stop();
}

/* So would that of another peer, which does not list the section. */
static void loadable_view_of_an_output(void)
{
	struct test_config alpha, beta;

	make_lonely_link(&alpha);
	core_make_cell(&beta, "beta", 2, 2, RAM_LOW + MIB);
	core_add_link(&beta);
	beta.pci[0].shmem_dev_id = 0;
	beta.pci[0].shmem_peers = 1;
	beta.memory[4].flags |= CFG_MEM_WRITE;
	beta.memory[5].flags = CFG_MEM_READ | CFG_MEM_LOADABLE;
	beta.memory[5].virt_start = 0x20000000;
	beta.irqchips[0].pin_bitmap[0] = 0;
	beta.header.vpci_irq_base = 64;
	core_start();
	core_created(&alpha);
	assert_int_equal(core_create(&beta), -EINVAL);
	assert_non_null(strstr(host_reason(), "region 5"));
	host_stop();
}

static int64_t write_job(uint64_t address, uint64_t value, uint64_t arg3)
{
	struct mmio_access access = { .value = value, .size = 4, .is_write = true };

	(void)arg3;
	return mmio_dispatch(&root_cell.mmio, GUEST_ADDR(address), &access);
}

/* Nor does a sub-page region of the root cell in its place. */
static void subpage_region_over_a_state_table(void)
{
	struct test_config alpha;

	core_system.root.memory[0].size = 0x800;
	core_system.root.memory[0].flags = 0x40003;
	make_lonely_link(&alpha);
	core_start();
	core_created(&alpha);
	host_run(0, write_job, LINK_STATE + 4, 0x12345678, 0);
	assert_int_equal(host_read32(LINK_STATE + 4), 0);
	host_stop();
}

/* Published rule: shmem_peers of the ends may differ. */
static void third_peer_where_the_first_lists_two(void)
{
	struct test_config alpha;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	alpha.memory[alpha.header.num_memory_regions - 1].flags &= ~(uint64_t)CFG_MEM_WRITE;
	add_memory(&alpha, NOBODY, 0xf000e000, 0x2000, CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_ROOTSHARED);
	alpha.pci[0].shmem_dev_id = 2;
	alpha.pci[0].shmem_peers = 3;
	core_created(&alpha);
	/* and what it has as its output is nobody else's */
	assert_int_equal(host_access_to(&root_cell, NOBODY), 0);
	assert_int_equal(host_access_to(core_cell(1), NOBODY) & 0x03, 0x03);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(communication_region_of_the_root_cell),
		CORE_TEST(output_that_the_root_cell_does_not_list),
		CORE_TEST(loadable_view_of_a_section),
		CORE_TEST(loadable_view_of_an_output),
		CORE_TEST(subpage_region_over_a_state_table),
		CORE_TEST(third_peer_where_the_first_lists_two),
	};

	return cmocka_run_group_tests_name("core_isolation", tests, NULL, NULL);
}
