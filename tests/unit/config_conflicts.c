/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on a new cell against the machine and other cells: one test per rule, with its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config_fixture.h"
#include "console.h"
#include "errors.h"
#include "host.h"

static struct test_system sys;
static struct test_config first, second, cell;
static struct config_platform machine;

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_system(&sys);
	make_inmate_demo(&first);
	make_cell(&second, "second", 2, 0x60000000);
	make_cell(&cell, "new", 3, 0x61000000);
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
	const struct config_view *const cells[] = { view_of(&sys.root), view_of(&first), view_of(&second) };
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

static void neighbours_pass(void **state)
{
	(void)state;
	passes();
}

static void memory_may_belong_to_root_or_nobody(void **state)
{
	(void)state;
	add_memory(&cell, 0x100000000, 0x10000000, 0x1000, 7);		/* nobody's */
	add_memory(&cell, 0x0a004000, 0x20000000, 0x204, 0x40013);	/* root's */
	passes();
}

static void hypervisor_memory(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x7fbff000, 0x10000000, 0x1000, 3);

	(void)state;
	passes();
	mem->phys_start = 0x80000000;
	passes();
	mem->phys_start = 0x7ffff000;
	refused("cell \"new\": memory region 1, physical [0x7ffff000, 0x80000000), overlaps hypervisor "
		"memory [0x7fc00000, 0x80000000): move or remove it");
	mem->phys_start = 0x7fbff000;
	mem->size = 0x1001;	/* a part of a page */
	assert_int_equal(check(), -EINVAL);
	mem->phys_start = 0x40000000;
	mem->size = 0x80000000;
	assert_int_equal(check(), -EINVAL);
	mem->flags = 0;		/* the memory is not given away without access either */
	assert_int_equal(check(), -EINVAL);
	mem->flags = CFG_MEM_ROOTSHARED | CFG_MEM_READ;
	assert_int_equal(check(), -EINVAL);
}

static void hypervisor_memory_as_placed(void **state)
{
	(void)state;
	sys.header.hypervisor_memory.phys_start = 0;
	machine.hv_start = 0x61008000;
	refused("cell \"new\": memory region 0, physical [0x61000000, 0x61010000), overlaps hypervisor "
		"memory [0x61008000, 0x61408000): move or remove it");
}

static void distributor(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x08010000, 0x10000000, 0x1000, 0x13);

	(void)state;
	passes();
	mem->phys_start = 0x0800f000;
	refused("cell \"new\": memory region 1, physical [0x800f000, 0x8010000), overlaps the GIC "
		"distributor [0x8000000, 0x8010000): move or remove it");
	mem->phys_start = 0x08000f00;	/* parts of pages: only with access */
	mem->size = 4;
	mem->flags = 0x13;
	passes();
	mem->flags = 0x40013;
	assert_int_equal(check(), -EINVAL);
	mem->flags = 0x40010;
	passes();
}

static void redistributors(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x0809f000, 0x10000000, 0x1000, 0x13);

	(void)state;
	passes();
	mem->size = 0x2000;
	refused("cell \"new\": memory region 1, physical [0x809f000, 0x80a1000), overlaps the GIC "
		"redistributors [0x80a0000, 0x8120000): move or remove it");
	mem->phys_start = 0x0811f000;
	mem->flags = 0x01;
	assert_int_equal(check(), -EINVAL);
	mem->flags = 0x14;	/* neither read nor write */
	passes();
	mem->flags = 0x13;
	mem->phys_start = 0x08120000;
	passes();
	machine.max_cpus = 64;	/* the CPUs of the root cell count */
	passes();
	machine.gicr_size = 0x100000;	/* unless the machine is known to have more */
	assert_int_equal(check(), -EINVAL);
}

static void iommus(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x09050000, 0x10000000, 0x1000, 0x13);

	(void)state;
	passes();
	sys.header.iommu_units[0] = (struct cfg_iommu){ .type = 3, .base = 0x0a010000, .size = 0x20000 };
	sys.header.iommu_units[1] = (struct cfg_iommu){ .type = 5, .base = 0x09050000, .size = 0x10000 };
	sys.header.iommu_units[3] = (struct cfg_iommu){ .type = 5, .base = 0x60000000, .size = 0x10000 };
	refused("cell \"new\": memory region 1, physical [0x9050000, 0x9051000), overlaps an IOMMU [0x9050000, 0x9060000): "
		"move or remove it");
	mem->flags = 0x14;	/* neither read nor write */
	passes();
	mem->flags = 0x11;
	mem->phys_start = 0x0905f000;
	assert_int_equal(check(), -EINVAL);
	mem->phys_start = 0x09060000;
	passes();
	mem->phys_start = 0x60000000;
	second.memory[0].phys_start = 0x64000000;	/* behind the end of the list */
	passes();
}

static void emulated_windows_may_be_covered(void **state)
{
	(void)state;
	add_memory(&cell, 0x61000000, 0x08000000, 0x10000, 0x7);
	add_memory(&cell, 0x61000000, 0x08e00000, 0x10000, 0x7);
	passes();
}

static void memory_of_another_cell(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x5ffff000, 0x10000000, 0x1000, 3);

	(void)state;
	passes();
	mem->phys_start = 0x60010000;
	passes();
	mem->size = 0;
	mem->phys_start = 0x60008000;
	passes();
	mem->size = 4;
	refused("cell \"new\": memory region 1 [0x60008000, 0x60008004) overlaps region 0 [0x60000000, "
		"0x60010000) of cell \"second\": move it, or flag both as root-shared");
	mem->flags = CFG_MEM_READ | CFG_MEM_ROOTSHARED;
	assert_int_equal(check(), -EINVAL);
	second.memory[0].flags = CFG_MEM_READ | CFG_MEM_ROOTSHARED;
	passes();
	mem->flags = CFG_MEM_READ;
	assert_int_equal(check(), -EINVAL);
	mem->flags = CFG_MEM_COMM_REGION;
	mem->size = 0x1000;
	passes();
	second.memory[0].flags = CFG_MEM_COMM_REGION | 3;
	mem->flags = 3;
	passes();
}

static void shared_devices(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x09000000, 0x09000000, 0x1000, 0x93);

	(void)state;
	passes();	/* as in the first cell */
	mem->flags = 0x13;
	refused("cell \"new\": memory region 1 [0x9000000, 0x9001000) overlaps region 5 [0x9000000, "
		"0x9001000) of cell \"inmate-demo\": move it, or flag both as root-shared");
	first.memory[5].flags = 0x13;
	mem->flags = 0x93;
	assert_int_equal(check(), -EINVAL);
}

static void neighbours_in_a_page(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x50000100, 0x50000100, 0x100, 0x40013);

	(void)state;
	add_memory(&second, 0x50000200, 0x50000200, 0x100, 0x40013);
	passes();
	mem->size = 0x104;
	refused("cell \"new\": memory region 1 [0x50000100, 0x50000204) overlaps region 1 [0x50000200, "
		"0x50000300) of cell \"second\": move it, or flag both as root-shared");
}

/* State table, R/W section and two outputs, not shared with the root cell */
static void add_private_link(struct test_config *config, uint16_t bdf, uint8_t id)
{
	uint32_t start = config->header.num_memory_regions;

	for (uint32_t n = 0; n < 4; n++)
		add_memory(config, 0x62000000 + n * 0x1000, 0x62000000 + n * 0x1000, 0x1000,
			   n == 1 || n == 2u + id ? 3 : 1);
	add_ivshmem(config, bdf, start, id, 2);
}

static void sections_of_one_link_are_shared(void **state)
{
	(void)state;
	add_private_link(&second, 0x20, 0);
	add_private_link(&cell, 0x20, 1);
	passes();
	cell.pci[0].bdf = 0x28;
	refused("cell \"new\": memory region 1 [0x62000000, 0x62001000) overlaps region 1 [0x62000000, "
		"0x62001000) of cell \"second\", and a section of a link is for its peers only: move it");
	second.pci[0].bdf = 0x28;
	passes();
	second.pci[0].type = CFG_PCI_DEVICE;
	assert_int_equal(check(), -EINVAL);
	second.pci[0].type = CFG_PCI_IVSHMEM;
	second.pci[0].shmem_peers = 1;	/* the last region is none of its sections any more */
	refused("cell \"new\": memory region 4 [0x62003000, 0x62004000) overlaps region 4 [0x62003000, "
		"0x62004000) of cell \"second\": move it, or flag both as root-shared");
}

static void sections_are_not_shared_as_plain_memory(void **state)
{
	(void)state;
	add_private_link(&second, 0x20, 0);
	add_memory(&cell, 0x62000000, 0x62000000, 0x1000, 3);
	assert_int_equal(check(), -EINVAL);
	cell.header.num_memory_regions--;
	add_private_link(&cell, 0x20, 1);
	add_memory(&cell, 0x62001000, 0x10000000, 0x1000, 1);
	refused("cell \"new\": memory region 5 [0x62001000, 0x62002000) overlaps region 2 [0x62001000, "
		"0x62002000) of cell \"second\": move it, or flag both as root-shared");
}

static void section_against_plain_memory(void **state)
{
	(void)state;
	add_private_link(&second, 0x20, 0);
	add_private_link(&cell, 0x20, 1);
	cell.memory[2].phys_start = 0x60000000;
	refused("cell \"new\": memory region 2 [0x60000000, 0x60001000) overlaps region 0 [0x60000000, "
		"0x60010000) of cell \"second\": move it, or flag both as root-shared");
}

static void spis(void **state)
{
	struct cfg_irqchip *chip = add_irqchip(&cell, 96);

	(void)state;
	chip->pin_bitmap[1] = ~(1u << 16);	/* all but the first cell's */
	passes();
	chip->pin_bitmap[1] = 1u << 16;
	refused("cell \"new\": INTID 144 belongs to cell \"inmate-demo\": remove it from the irqchips of one "
		"of them");
	chip->address = 0x10000000;
	passes();
	chip->address = 0x08000000;
	first.irqchips[0].address = 0x10000000;
	passes();
}

static void spis_at_the_ends(void **state)
{
	struct cfg_irqchip *mine, *theirs;

	(void)state;
	mine = add_irqchip(&cell, 0);
	theirs = add_irqchip(&second, 0);
	mine->pin_bitmap[0] = theirs->pin_bitmap[0] = 0xffffffff;	/* SGIs and PPIs: everybody's */
	add_irqchip(&cell, 896)->pin_bitmap[3] = 0xf0000000;		/* 1020..1023: nobody */
	add_irqchip(&second, 896)->pin_bitmap[3] = 0xf0000000;
	passes();
	mine->pin_bitmap[1] = theirs->pin_bitmap[1] = 1;
	refused("cell \"new\": INTID 32 belongs to cell \"second\": remove it from the irqchips of one of "
		"them");
	mine->pin_bitmap[1] = 0;
	cell.irqchips[1].pin_bitmap[3] = second.irqchips[1].pin_bitmap[3] = 0x08000000;
	refused("cell \"new\": INTID 1019 belongs to cell \"second\": remove it from the irqchips of one of "
		"them");
}

static void intx(void **state)
{
	struct cfg_pci_device *dev;

	(void)state;
	for (uint32_t n = 0; n < 3; n++)
		add_memory(&cell, 0x63000000 + n * 0x1000, 0x63000000 + n * 0x1000, 0x1000, n == 0 ? 1 : 3);
	dev = add_ivshmem(&cell, 0x18, 1, 0, 1);	/* INTD */
	cell.header.vpci_irq_base = 108;
	passes();
	cell.header.vpci_irq_base = 109;
	refused("cell \"new\": ivshmem device 0 would interrupt by INTID 144, which belongs to cell "
		"\"inmate-demo\": change vpci_irq_base");
	dev->num_msix_vectors = 1;
	passes();
	dev->num_msix_vectors = 0;
	dev->type = CFG_PCI_DEVICE;
	passes();
	dev->type = CFG_PCI_IVSHMEM;
	cell.header.vpci_irq_base = UINT32_MAX - 34;	/* must not wrap to 0 */
	passes();
	add_irqchip(&second, 896)->pin_bitmap[3] = 0xffffffff;
	cell.header.vpci_irq_base = 1020 - 32 - 3;	/* INTID 1020 */
	passes();
	cell.header.vpci_irq_base--;
	refused("cell \"new\": ivshmem device 0 would interrupt by INTID 1019, which belongs to cell "
		"\"second\": change vpci_irq_base");
}

static void longest_message_is_whole(void **state)
{
	(void)state;
	machine.phys_limit = machine.guest_limit = UINT64_MAX;
	memset(first.header.name, 'n', CFG_NAME_LEN - 1);
	memset(cell.header.name, 'm', CFG_NAME_LEN - 1);
	add_memory(&first, 0xfffffffffff00000, 0xfffffffffff00000, 0xff000, 3);
	add_memory(&cell, 0xfffffffffff00000, 0xfffffffffff00000, 0xff000, 3);
	assert_int_equal(check(), -EINVAL);	/* refuse() aborts the test if the text is cut */
	add_memory(&cell, 1, 0xfffffffffff00000, 0xfffffffffff00000, 3);
	assert_int_equal(check(), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest config_conflicts[] = {
		cmocka_unit_test_setup_teardown(neighbours_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_may_belong_to_root_or_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(hypervisor_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(hypervisor_memory_as_placed, setup, teardown),
		cmocka_unit_test_setup_teardown(distributor, setup, teardown),
		cmocka_unit_test_setup_teardown(redistributors, setup, teardown),
		cmocka_unit_test_setup_teardown(iommus, setup, teardown),
		cmocka_unit_test_setup_teardown(emulated_windows_may_be_covered, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_of_another_cell, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(neighbours_in_a_page, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_of_one_link_are_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(sections_are_not_shared_as_plain_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(section_against_plain_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(spis, setup, teardown),
		cmocka_unit_test_setup_teardown(spis_at_the_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(intx, setup, teardown),
		cmocka_unit_test_setup_teardown(longest_message_is_whole, setup, teardown),
	};

	return cmocka_run_group_tests(config_conflicts, NULL, NULL);
}
