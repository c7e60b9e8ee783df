/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on the memory of ivshmem links: one test per rule, with its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config_fixture.h"
#include "console.h"
#include "errors.h"
#include "generated/config.h"
#include "host.h"

#define LINK		0x62000000
#define LINK_BDF	0x20

static struct test_system sys;
static struct test_config other, cell;
static struct config_platform machine;

/* State table, R/W section and two outputs behind the RAM of region 0 */
static void add_link(struct test_config *config, uint8_t id)
{
	for (uint32_t n = 0; n < 4; n++)
		add_memory(config, LINK + n * 0x1000, LINK + n * 0x1000, 0x1000,
			   CFG_MEM_ROOTSHARED | (n == 1 || n == 2u + id ? 3 : 1));
	add_ivshmem(config, LINK_BDF, 1, id, 2);
}

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_system(&sys);
	make_cell(&other, "other", 2, 0x60000000);
	make_cell(&cell, "new", 3, 0x61000000);
	add_link(&other, 0);
	add_link(&cell, 1);
	machine = test_platform;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free_images();
	return 0;
}

static int check(void)
{
	const struct config_view *const cells[] = { view_of(&sys.root), view_of(&other) };
	int err;

	machine.system = pack_system(&sys, NULL);
	refuse_clear();
	err = config_check_cell(view_of(&cell), &machine, cells, ARRAY_SIZE(cells));
	free_images();
	return err;
}

static void passes(void)
{
	int err = check();

	assert_string_equal(host_reason(), "");
	assert_int_equal(err, 0);
}

static void refused(const char *reason)
{
	assert_int_equal(check(), -EINVAL);
	assert_string_equal(host_reason(), reason);
}

static int check_root(void)
{
	struct config_view view;
	uint64_t bytes;
	const struct cfg_system *system;
	int err;

	system = pack_system(&sys, &bytes);
	refuse_clear();
	err = config_check_system(system, bytes, &machine, &view);
	free_images();
	return err;
}

static void kinds(void **state)
{
	(void)state;
	passes();
	cell.memory[1].flags = CFG_MEM_ROOTSHARED | CFG_MEM_READ | CFG_MEM_COMM_REGION;
	refused("cell \"new\": section 0 of ivshmem device 0 has flags 0xa1: it cannot be a communication region, "
		"device memory or loadable");
	cell.memory[1].flags = CFG_MEM_ROOTSHARED | CFG_MEM_READ;
	for (uint32_t n = 1; n <= 4; n++) {
		uint64_t flags = cell.memory[n].flags;

		cell.memory[n].flags = flags | CFG_MEM_IO;
		assert_int_equal(check(), -EINVAL);
		cell.memory[n].flags = flags | CFG_MEM_LOADABLE;
		assert_int_equal(check(), -EINVAL);
		cell.memory[n].flags = flags;
	}
	cell.memory[3].flags |= CFG_MEM_WRITE;
	refused("cell \"new\": the output section of peer 0 is writable through ivshmem device 0, which is peer 1: "
		"make it read-only");
	cell.memory[3].flags &= ~(uint64_t)CFG_MEM_WRITE;
	cell.memory[4].flags &= ~(uint64_t)CFG_MEM_WRITE;	/* one's own may be read-only: such files exist */
	passes();
	cell.memory[1].flags = CFG_MEM_ROOTSHARED;
	refused("cell \"new\": the state table of ivshmem device 0 has flags 0x80: make it readable");
	cell.memory[1].flags = CFG_MEM_ROOTSHARED | CFG_MEM_READ;
	cell.memory[1].size = 0x800;
	refused("cell \"new\": section 0 of ivshmem device 0, guest [0x62000000, 0x62000800), is not made of "
		"whole pages");
}

static void outside_of_the_machine(void **state)
{
	(void)state;
	cell.pci[0].bdf = 0x28;
	cell.memory[4].phys_start = 0x08000000;
	cell.memory[4].flags = 0;	/* no access for the cell, but the hypervisor would write a table there */
	refused("cell \"new\": section 3 of ivshmem device 0, physical [0x8000000, 0x8001000), overlaps the GIC "
		"distributor [0x8000000, 0x8010000): move it");
	cell.memory[4].phys_start = 0x080a0000;
	assert_int_equal(check(), -EINVAL);
	cell.memory[4].phys_start = machine.hv_start + machine.hv_size - 0x1000;
	assert_int_equal(check(), -EINVAL);
}

/* The root cell may list memory over the hypervisor, which is carved out, but no section there. */
static void root_sections(void **state)
{
	(void)state;
	assert_int_equal(check_root(), 0);
	sys.root.memory[0].phys_start = sys.root.memory[0].virt_start = machine.hv_start;
	assert_int_equal(check_root(), -EINVAL);
	assert_non_null(strstr(host_reason(), "section 0 of ivshmem device 0"));
	assert_non_null(strstr(host_reason(), "overlaps hypervisor memory"));
}

/* RAM that covers the sections is common there: the hypervisor maps tables last, whatever the order of the list. */
static void root_memory_may_cover_tables(void **state)
{
	(void)state;
	add_memory(&sys.root, 0x7fa00000, 0x7fa00000, 0x100000, 3);
	assert_int_equal(check_root(), 0);
}

static void own_table_is_read_only(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, LINK + 0x800, 0x10000800, 4, CFG_MEM_ROOTSHARED | 0x40003);

	(void)state;
	refused("cell \"new\": section 0 of ivshmem device 0, physical [0x62000000, 0x62001000), is memory region 5, too: give "
		"each memory of its own");
	mem->flags = CFG_MEM_ROOTSHARED | 0x40001;
	passes();
}

static void tables_of_others_are_read_only(void **state)
{
	(void)state;
	/* the root cell's link, as plain memory of the new cell */
	add_memory(&cell, 0x7faf0000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 3);
	refused("cell \"new\": memory region 5 [0x7faf0000, 0x7faf1000) makes a state table of cell \"qemu-arm64\" "
		"[0x7faf0000, 0x7faf1000) writable: move it, or list the read-only section behind it");
}

static void new_table_is_not_others_memory(void **state)
{
	(void)state;
	cell.pci[0].bdf = 0x28;		/* a link of its own */
	for (uint32_t n = 1; n <= 4; n++)
		cell.memory[n].phys_start += 0x100000;
	passes();
	add_memory(&other, LINK + 0x100000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 3);
	refused("cell \"other\": memory region 5 [0x62100000, 0x62101000) makes a state table of cell \"new\" "
		"[0x62100000, 0x62101000) writable: move it, or list the read-only section behind it");
}

static void ends_agree(void **state)
{
	(void)state;
	cell.memory[2].phys_start = LINK + 0x10000;
	refused("cell \"new\": section 1 of link 00:04.0 is at 0x62010000, but cell \"other\" has it at 0x62001000: "
		"all peers need the same place");
	cell.memory[2].phys_start = LINK + 0x1000;
	cell.memory[4].phys_start = LINK + 0x2000;	/* the peer's output as one's own */
	assert_int_equal(check(), -EINVAL);
	cell.memory[4].phys_start = LINK + 0x3000;
	passes();
}

/* Outputs are of one size, made of pages, one behind the other. */
static void layout(void **state)
{
	(void)state;
	cell.memory[4].size = 0x2000;
	refused("cell \"new\": the output section of peer 1 of ivshmem device 0 has 0x2000 bytes, that of peer 0 0x1000: "
		"make them equal");
	cell.memory[4].size = 0;
	refused("cell \"new\": the output section of peer 1 of ivshmem device 0 has 0x0 bytes, that of peer 0 0x1000: "
		"make them equal");
	cell.memory[4].size = 0x1000;
	cell.memory[2].size = 0x800;
	refused("cell \"new\": section 1 of ivshmem device 0, guest [0x62001000, 0x62001800), is not made of whole pages");
	cell.memory[2].size = 0x1000;
	cell.memory[3].virt_start = 0x62004000;
	refused("cell \"new\": section 2 of ivshmem device 0 is at 0x62004000, but the section before it ends at "
		"0x62002000: leave no gap");
	/* sections that do not exist take no room, wherever they claim to be */
	cell.memory[3].virt_start = cell.memory[4].virt_start = 0x12345;
	cell.memory[3].size = cell.memory[4].size = 0;
	passes();
	cell.memory[2].virt_start = cell.memory[2].size = 0;
	passes();
}

/* Ids beyond shmem_peers: the own output counts if it stands where it would be. */
static void own_output_beyond_the_peers(void **state)
{
	(void)state;
	cell.pci[0].shmem_peers = 1;
	passes();
	cell.memory[4].flags |= CFG_MEM_IO;
	refused("cell \"new\": section 3 of ivshmem device 0 has flags 0x93: it cannot be a communication region, "
		"device memory or loadable");
	/* a region that only happens to follow in the list is no section */
	cell.memory[4] = (struct cfg_memory){ .phys_start = 0x09000000, .virt_start = 0x09000000, .size = 0x1000,
					      .flags = 0x93 };
	passes();
}

/* A second way to write a section, in the cell itself */
static void sections_stand_once_in_a_cell(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, LINK + 0x2000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 3);

	(void)state;
	refused("cell \"new\": section 2 of ivshmem device 0, physical [0x62002000, 0x62003000), is memory region 5, too: "
		"give each memory of its own");
	mem->flags = CFG_MEM_ROOTSHARED | 1;
	passes();
	/* the memory of two links */
	for (uint32_t n = 1; n < 4; n++)
		add_memory(&cell, 0x63000000 + n * 0x1000, 0x10000000 + n * 0x1000, 0x1000, CFG_MEM_ROOTSHARED | 1);
	add_ivshmem(&cell, 0x28, 5, 1, 2);
	mem->flags = CFG_MEM_ROOTSHARED | 1;
	refused("cell \"new\": section 2 of ivshmem device 0, physical [0x62002000, 0x62003000), is memory region 5, too: "
		"give each memory of its own");
	mem->phys_start = 0x63000000;
	passes();
	cell.pci[1].shmem_regions_start = 4;	/* the last section of the first link begins the second */
	cell.memory[4].flags = CFG_MEM_ROOTSHARED | 1;
	cell.memory[5].virt_start = cell.memory[4].virt_start + 0x1000;
	for (uint32_t n = 6; n < 8; n++)
		cell.memory[n].virt_start = cell.memory[n - 1].virt_start + 0x1000;
	refused("cell \"new\": section 0 of ivshmem device 1, physical [0x62003000, 0x62004000), is memory region 4, too: "
		"give each memory of its own");
}

/* In the root cell RAM covers its sections, but sections do not cover each other. */
static void sections_of_the_root_cell_stand_once(void **state)
{
	struct cfg_pci_device *copy;

	(void)state;
	assert_int_equal(check_root(), 0);
	copy = add_ivshmem(&sys.root, 0x18, sys.root.pci[0].shmem_regions_start, 0, 3);
	assert_int_equal(check_root(), -EINVAL);
	assert_non_null(strstr(host_reason(), ", too: give each memory of its own"));
	copy->type = CFG_PCI_DEVICE;
	assert_int_equal(check_root(), 0);
}

/* Root-shared or not, what is a section is not plain memory of a cell that is no peer. */
static void sections_are_for_peers_only(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x7faf1000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 1);

	(void)state;
	refused("cell \"new\": memory region 5 [0x7faf1000, 0x7faf2000) overlaps region 1 [0x7faf1000, 0x7fafa000) of cell "
		"\"qemu-arm64\", and a section of a link is for its peers only: move it");
	mem->phys_start = 0x7fafa000;
	mem->flags |= CFG_MEM_WRITE;
	refused("cell \"new\": memory region 5 [0x7fafa000, 0x7fafb000) overlaps region 2 [0x7fafa000, 0x7fafc000) of cell "
		"\"qemu-arm64\", and a section of a link is for its peers only: move it");
	cell.header.num_memory_regions--;
	passes();

	/* the other way round: the section is the new cell's */
	mem = add_memory(&other, LINK + 0x1000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 3);
	refused("cell \"new\": memory region 2 [0x62001000, 0x62002000) overlaps region 5 [0x62001000, 0x62002000) of cell "
		"\"other\", and a section of a link is for its peers only: move it");
	mem->flags = CFG_MEM_ROOTSHARED | 1;	/* it is a peer: it may read */
	passes();
	cell.pci[0].bdf = 0x30;
	other.header.num_pci_devices = 0;
	other.header.num_memory_regions = 1;
	add_memory(&other, LINK + 0x1000, 0x10000000, 0x1000, CFG_MEM_ROOTSHARED | 1);
	refused("cell \"new\": memory region 2 [0x62001000, 0x62002000) overlaps region 1 [0x62001000, 0x62002000) of cell "
		"\"other\", and a section of a link is for its peers only: move it");
}

/* "A table is plain memory outside of everything that matters": the hypervisor's own UART, the root cell's devices */
/* Devices of the machine, of the root cell, and of the cell itself */
static void table_over_a_device(void **state)
{
	static const uint64_t devices[] = { 0x09000000, 0x08080000, 0x0a000000, 0x08e00000, 0x10000000, 0x50000000 };

	(void)state;
	add_memory(&cell, 0x50000000, 0x50000000, 0x1000, 0x11);
	cell.pci[0].bdf = 0x28;
	for (uint32_t s = 0; s < 4; s++)
		cell.memory[1 + s].phys_start = LINK + 0x100000 + s * 0x1000;
	passes();
	for (uint32_t n = 0; n < ARRAY_SIZE(devices); n++) {
		cell.memory[1].phys_start = devices[n];
		assert_int_equal(check(), -EINVAL);
		if (!strstr(host_reason(), "cell \"new\": section 0 of ivshmem device 0, physical ["))
			fail_msg("%s", host_reason());
	}
	cell.memory[1].phys_start = LINK + 0x100000;
	cell.memory[4].phys_start = 0x0a003000;
	refused("cell \"new\": section 3 of ivshmem device 0, physical [0xa003000, 0xa004000), overlaps the device "
		"[0xa000000, 0xa004000) of cell \"qemu-arm64\": move it");
}

static void devices_have_tables_and_links(void **state)
{
	(void)state;
	cell.memory[1].size = 0;
	refused("cell \"new\": the state table of ivshmem device 0 has no memory: give it a page");
	cell.memory[1].size = 0x1000;
	for (uint32_t n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		add_ivshmem(&cell, (uint16_t)(0x40 + 8 * n), 1, 1, 2);
	refused("cell \"new\" has more ivshmem devices than there can be links (3)");
}

int main(void)
{
	static const struct CMUnitTest config_links[] = {
		cmocka_unit_test_setup_teardown(kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(table_over_a_device, setup, teardown),
		cmocka_unit_test_setup_teardown(devices_have_tables_and_links, setup, teardown),
		cmocka_unit_test_setup_teardown(outside_of_the_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(root_sections, setup, teardown),
		cmocka_unit_test_setup_teardown(root_memory_may_cover_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(own_table_is_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(tables_of_others_are_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(new_table_is_not_others_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(layout, setup, teardown),
		cmocka_unit_test_setup_teardown(own_output_beyond_the_peers, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_stand_once_in_a_cell, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_of_the_root_cell_stand_once, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_are_for_peers_only, setup, teardown),
	};

	return cmocka_run_group_tests(config_links, NULL, NULL);
}
