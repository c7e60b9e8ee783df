/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on one cell configuration alone: one test per rule, with its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config_fixture.h"
#include "console.h"
#include "errors.h"
#include "host.h"

static struct test_system sys;
static struct test_config cell;
static struct config_platform machine;

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_system(&sys);
	make_inmate_demo(&cell);
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
	const struct config_view *const cells[] = { view_of(&sys.root) };
	int err;

	machine.system = pack_system(&sys, NULL);
	refuse_clear();
	err = config_check_cell(view_of(&cell), &machine, cells, 1);
	free_images();
	return err;
}

static void passes(void)
{
	int err = check();

	assert_string_equal(host_reason(), "");
	assert_int_equal(err, 0);
}

static void refused(int error, const char *reason)
{
	assert_int_equal(check(), error);
	assert_string_equal(host_reason(), reason);
}

static void example_passes(void **state)
{
	(void)state;
	passes();
}

static void example_has_the_documented_bytes(void **state)
{
	uint64_t size;
	const uint8_t *image = pack_config(&cell, &size);

	(void)state;
	assert_int_equal(size, 0x1e4);
	assert_memory_equal(image, "JHCLL\x02\x0e\x00inmate-demo", 19);
	assert_memory_equal(image + 0x08c, "\x00\x00\xaf\x7f\0\0\0\0\x00\x00\xaf\x7f\0\0\0\0", 16);
	assert_memory_equal(image + 0x09c, "\x00\x10\0\0\0\0\0\0\x81\0\0\0\0\0\0\0", 16);
	assert_memory_equal(image + 0x18c, "\0\0\0\x08\0\0\0\0\0\0\0\0\x20\0\0\0", 16);
	assert_memory_equal(image + 0x19c, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0", 16);
	assert_memory_equal(image + 0x1ac, "\x03\0\x01\0\0\0\0\xf0\xff\xff", 10);
	assert_memory_equal(image + 0x1dc, "\0\0\0\0\x01\x03\0\0", 8);
}

static void published_flag_combinations_pass(void **state)
{
	static const uint64_t flags[] = {
		0, 1, 3, 7, 0xb, 0xf, 0x13, 0x47, 0x4f, 0x81, 0x83, 0x91, 0x93, 0x40011, 0x40013, 0x40093,
		0x50093, 0x70013, 0xffffffffffffff1f & ~(uint64_t)(CFG_STRAY_ACTIONS | CFG_WATCHDOG),
	};

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(flags); n++)
		add_memory(&cell, 0x50000000 + n * 0x2000, 0x10000000 + n * 0x2000, 0x1000, flags[n]);
	passes();
}

static void published_oddities_pass(void **state)
{
	(void)state;
	/* sub-page regions, neighbours in one page, without any width, offsets that differ */
	add_memory(&cell, 0x50000000, 0x50000000, 4, 0x40013);
	add_memory(&cell, 0x50000004, 0x50000004, 0xffc, 0x13);
	add_memory(&cell, 0x50002010, 0x50001020, 0x800, 0x70013);
	/* empty regions: wherever they are */
	add_memory(&cell, UINT64_MAX, UINT64_MAX, 0, 3);
	add_memory(&cell, 1, 0, 0, 0x23);
	/* overlaps inside the cell, virtual and physical; emulated windows */
	add_memory(&cell, 0x7fa00000, 0x1000, 0x1000, 0x3);
	add_memory(&cell, 0x50000000, 0x08000000, 0x200000, 0x3);
	/* id not below peers; root does not say the same */
	cell.pci[0].shmem_peers = 1;
	cell.pci[0].shmem_dev_id = 1;
	passes();
	cell.pci[0].shmem_dev_id = 255;
	cell.memory[3].flags &= ~(uint64_t)CFG_MEM_WRITE;	/* not its own then */
	passes();
	/* irqchips of somebody else, and interrupts that are no SPIs */
	add_irqchip(&cell, 33)->address = 0x10000000;
	memset(add_irqchip(&cell, 0)->pin_bitmap, 0xff, 16);
	memset(add_irqchip(&cell, 896)->pin_bitmap, 0xff, 16);
	passes();
	/* capabilities are numbered, but not used */
	cell.pci[0].caps_start = 0xffff;
	cell.header.cpu_reset_address = UINT64_MAX;
	cell.header.msg_reply_timeout = UINT64_MAX;
	cell.header.console.type = 0xffff;
	cell.header.flags = ~(CFG_CELL_AARCH32 | CFG_STRAY_ACTIONS);
	passes();
}

static void stray_actions(void **state)
{
	static const uint32_t actions[] = { CFG_STRAY_FAIL, CFG_STRAY_IGNORE, CFG_STRAY_ABORT };
	char reason[128];

	(void)state;
	for (uint32_t flags = 0; flags <= CFG_STRAY_ACTIONS; flags += CFG_STRAY_FAIL) {
		bool one = !flags;

		for (uint32_t n = 0; n < ARRAY_SIZE(actions); n++)
			one |= flags == actions[n];
		cell.header.flags = flags | CFG_CELL_CONSOLE_PERMITTED;
		snprintf(reason, sizeof(reason), "cell \"inmate-demo\": flags 0x%x have several actions for accesses to "
			 "nothing: set one of them", flags);
		if (one)
			passes();
		else
			refused(-EINVAL, reason);
	}
}

#define RANGE_REFUSED(at, length) "cell \"inmate-demo\": memory region 8, accesses to nothing at " at ", " \
	"length " length ": make it a range inside the address space (0x10000000000)"
#define FLAGS_REFUSED(size, flags) "cell \"inmate-demo\": memory region 8 has size " size " and flags " flags \
	": for accesses to nothing make that 0 and one action"

static void stray_ranges(void **state)
{
	const uint64_t limit = machine.guest_limit;
	struct cfg_memory *mem;

	(void)state;
	mem = add_memory(&cell, 0x1000, 0x70000001, 0, CFG_STRAY_IGNORE);
	passes();
	/* over its own memory, the hypervisor and all there is: it maps nothing */
	*mem = (struct cfg_memory){ .phys_start = limit, .flags = CFG_STRAY_FAIL };
	passes();
	*mem = (struct cfg_memory){ .phys_start = 1, .virt_start = limit - 1, .flags = CFG_STRAY_ABORT };
	passes();
	mem->virt_start = limit;
	refused(-EINVAL, RANGE_REFUSED("0x10000000000", "0x1"));
	*mem = (struct cfg_memory){ .phys_start = UINT64_MAX, .virt_start = 0x70000000, .flags = CFG_STRAY_ABORT };
	refused(-EINVAL, RANGE_REFUSED("0x70000000", "0xffffffffffffffff"));
	mem->phys_start = 0;
	refused(-EINVAL, RANGE_REFUSED("0x70000000", "0x0"));
	*mem = (struct cfg_memory){ .phys_start = 0x50000000, .virt_start = 0x50000000, .size = 0x1000,
				    .flags = CFG_STRAY_ABORT };
	refused(-EINVAL, FLAGS_REFUSED("0x1000", "0x20000000"));
	*mem = (struct cfg_memory){ .phys_start = 0x1000, .virt_start = 0x50000000,
				    .flags = CFG_STRAY_ABORT | CFG_STRAY_IGNORE };
	refused(-EINVAL, FLAGS_REFUSED("0x0", "0x30000000"));
	mem->flags = CFG_STRAY_IGNORE | CFG_MEM_WRITE;
	refused(-EINVAL, FLAGS_REFUSED("0x0", "0x10000002"));
	mem->flags = 1ull << 63 | CFG_STRAY_IGNORE;
	refused(-EINVAL, FLAGS_REFUSED("0x0", "0x8000000010000000"));
}

#define NO_WATCHDOG "cell \"inmate-demo\": memory region 8 is no watchdog: set phys_start to 1000..3600000000 microseconds, " \
	"flags to 0x4000000, all else to 0"

static void watchdogs(void **state)
{
	static const uint64_t wrong_periods[] = { 0, CFG_WATCHDOG_MIN - 1, CFG_WATCHDOG_MAX + 1ull, 1ull << 32, UINT64_MAX };
	static const uint64_t right_periods[] = { CFG_WATCHDOG_MIN, 100000, CFG_WATCHDOG_MAX };
	const struct cfg_memory right = { .phys_start = 100000, .flags = CFG_WATCHDOG };
	struct cfg_memory *mem, *comm;
	char reason[160];

	(void)state;
	mem = add_memory(&cell, 0, 0, 0, 0);
	for (uint32_t n = 0; n < ARRAY_SIZE(right_periods); n++) {
		mem->phys_start = right_periods[n];
		mem->flags = CFG_WATCHDOG;
		passes();
		assert_int_equal(config_watchdog(view_of(&cell)), right_periods[n]);
	}
	for (uint32_t n = 0; n < ARRAY_SIZE(wrong_periods); n++) {
		mem->phys_start = wrong_periods[n];
		refused(-EINVAL, NO_WATCHDOG);
	}
	*mem = right;
	mem->virt_start = 0x1000;
	refused(-EINVAL, NO_WATCHDOG);
	*mem = right;
	mem->size = 0x1000;
	refused(-EINVAL, NO_WATCHDOG);
	for (uint32_t bit = 0; bit < 64; bit++) {
		*mem = right;
		mem->flags ^= 1ull << bit;
		if (1ull << bit == CFG_WATCHDOG)
			passes();
		else if (!(1ull << bit & CFG_STRAY_ACTIONS))
			refused(-EINVAL, NO_WATCHDOG);
		else {
			snprintf(reason, sizeof(reason), FLAGS_REFUSED("0x0", "0x%llx"), (unsigned long long)mem->flags);
			refused(-EINVAL, reason);
		}
	}
	*mem = right;
	add_memory(&cell, 200000, 0, 0, CFG_WATCHDOG);
	refused(-EINVAL, "cell \"inmate-demo\": memory region 9 is a watchdog, of which the root cell has none, and others "
		"one: remove it");
	cell.memory[9].flags = 0;
	passes();
	/* where is the counter? */
	for (comm = cell.memory; !(comm->flags & CFG_MEM_COMM_REGION); comm++)
		;
	comm->flags &= ~(uint64_t)CFG_MEM_WRITE;
	refused(-EINVAL, "cell \"inmate-demo\" has a watchdog, but no communication region that it may write: add one");
	comm->flags |= CFG_MEM_WRITE;
	comm->size = 0;
	refused(-EINVAL, "cell \"inmate-demo\" has a watchdog, but no communication region that it may write: add one");
	comm->size = 0x1000;
	cell.header.flags |= CFG_CELL_PASSIVE_COMM_REGION;
	passes();
	mem->flags = 0;
	passes();
	assert_int_equal(config_watchdog(view_of(&cell)), 0);
}

static void signature(void **state)
{
	(void)state;
	memcpy(cell.header.signature, CFG_SIGNATURE_SYSTEM, CFG_SIGNATURE_LEN);
	refused(-EINVAL, "not a cell configuration: its signature is not JHCLL");
}

static void revision(void **state)
{
	(void)state;
	cell.header.revision = 15;
	refused(-EINVAL, "cell configuration has revision 15, this hypervisor reads revision 14: compile it "
			 "again");
}

static void architecture(void **state)
{
	(void)state;
	cell.header.architecture = CFG_ARCH_ARM;
	refused(-EINVAL, "cell configuration is for architecture 1, this machine is 2 (arm64): use one made "
			 "for it");
}

static void size_is_bounded(void **state)
{
	uint64_t size;
	const struct cfg_cell *image;
	struct config_view view;
	uint8_t *large = calloc(1, 2 * CFG_MAX_SIZE);
	const struct config_view *const cells[] = { view_of(&sys.root) };

	(void)state;
	machine.system = pack_system(&sys, NULL);
	image = pack_config(&cell, &size);
	memcpy(large, image, size);
	((struct cfg_cell *)(void *)large)->num_stream_ids = (CFG_MAX_SIZE - 484) / 4;
	assert_int_equal(config_view_init(&view, (void *)large, 2 * CFG_MAX_SIZE), 0);
	assert_int_equal(view.size, CFG_MAX_SIZE);
	assert_int_equal(config_check_cell(&view, &machine, cells, 1), 0);
	((struct cfg_cell *)(void *)large)->num_stream_ids++;
	assert_int_equal(config_view_init(&view, (void *)large, 2 * CFG_MAX_SIZE), 0);
	assert_int_equal(config_check_cell(&view, &machine, cells, 1), -E2BIG);
	assert_string_equal(host_reason(), "cell configuration has 65540 bytes, at most 65536 are allowed");
	free(large);
}

static void name_is_terminated(void **state)
{
	(void)state;
	memset(cell.header.name, 'a', CFG_NAME_LEN);
	refused(-EINVAL, "cell \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\": its name has no end, use at most 31 "
			 "characters");
	cell.header.name[31] = '\0';
	passes();
}

static void names_cannot_forge_messages(void **state)
{
	(void)state;
	memcpy(cell.header.name, "a\nb\x1b[0m c\xff\x7f", 11);
	cell.cpus[0] = 0;
	refused(-EINVAL, "cell \"a?b?[0m c??\" has no CPU: assign at least one");
}

static void aarch32(void **state)
{
	(void)state;
	cell.header.flags = CFG_CELL_AARCH32;
	refused(-EINVAL, "cell \"inmate-demo\": AArch32 cells are not supported yet, clear flag 0x4");
}

static void cpu_set_is_not_empty(void **state)
{
	(void)state;
	cell.cpus[0] = 0;
	refused(-EINVAL, "cell \"inmate-demo\" has no CPU: assign at least one");
	cell.header.cpu_set_size = 0;
	refused(-EINVAL, "cell \"inmate-demo\" has no CPU: assign at least one");
}

static void cpus_exist(void **state)
{
	(void)state;
	cell.cpus[0] = 0x1f;
	refused(-EINVAL, "cell \"inmate-demo\": CPU 4 is in its set, but there are only CPUs 0..3");
	cell.cpus[0] = 0x0f;
	passes();
	cell.header.cpu_set_size = CFG_MAX_CPU_SET;
	cell.cpus[CFG_MAX_CPU_SET - 1] = 0x80;
	refused(-EINVAL, "cell \"inmate-demo\": CPU 32767 is in its set, but there are only CPUs 0..3");
}

static void regions_do_not_wrap_or_exceed(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x50000000, (1ull << 40) - 0x1000, 0x1000, 7);

	(void)state;
	passes();
	mem->size = 0x2000;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 8, guest-physical start 0xfffffff000, size "
			 "0x2000, ends beyond the address space (0x10000000000)");
	mem->virt_start = 0x50000000;
	mem->phys_start = (1ull << 44) - 0x1000;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 8, physical start 0xffffffff000, size 0x2000, "
			 "ends beyond the address space (0x100000000000)");
	mem->phys_start = 0xfffffffffffff000;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 8, physical start 0xfffffffffffff000, size "
			 "0x2000, ends beyond the address space (0x100000000000)");
	mem->phys_start = 0x50000000;
	mem->virt_start = 0xfffffffffffff000;
	assert_int_equal(check(), -EINVAL);
	mem->virt_start = 1;
	mem->size = UINT64_MAX;
	assert_int_equal(check(), -EINVAL);
}

static void mapped_pages_are_physical_pages(void **state)
{
	struct cfg_memory *mem = add_memory(&cell, 0x50000800, 0x50000000, 0x1000, 7);

	(void)state;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 8 has virt_start 0x50000000 in whole pages, "
			 "but phys_start 0x50000800 is not a multiple of 0x1000");
	mem->size = 0x800;
	passes();
}

static void one_page_of_communication_region(void **state)
{
	struct cfg_memory *mem = &cell.memory[7];

	(void)state;
	mem->phys_start = UINT64_MAX;	/* not looked at */
	passes();
	mem->size = 0x2000;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 7 is a communication region at 0x80000000 with "
			 "0x2000 bytes: make it one aligned page, 0x1000 bytes");
	mem->size = 0x800;
	assert_int_equal(check(), -EINVAL);
	mem->size = 0x1000;
	mem->virt_start = 0x80000800;
	assert_int_equal(check(), -EINVAL);
	mem->virt_start = 0x80000000;
	add_memory(&cell, 0, 0x90000000, 0x1000, 0x23);
	refused(-EINVAL, "cell \"inmate-demo\": memory regions 7 and 8 are both communication regions: "
			 "remove one");
}

static void irqchip_pin_base(void **state)
{
	struct cfg_irqchip *chip = &cell.irqchips[0];

	(void)state;
	chip->pin_base = 48;
	refused(-EINVAL, "cell \"inmate-demo\": irqchip 0 has pin_base 48: use a multiple of 32, at most "
			 "896");
	chip->pin_base = 928;
	refused(-EINVAL, "cell \"inmate-demo\": irqchip 0 has pin_base 928: use a multiple of 32, at most "
			 "896");
	chip->pin_base = 0xffffffe0;
	assert_int_equal(check(), -EINVAL);
	chip->pin_base = 896;
	passes();
}

static void capability_indices(void **state)
{
	struct cfg_pci_device *dev = add_ivshmem(&cell, 0x10, 0, 0, 1);

	(void)state;
	dev->type = CFG_PCI_DEVICE;
	cell.header.num_pci_caps = 2;
	dev->num_caps = 2;
	passes();
	dev->caps_start = 1;
	refused(-EINVAL, "cell \"inmate-demo\": PCI device 1 uses capabilities 1..2, but the cell lists 2");
	dev->caps_start = 0xffff;
	dev->num_caps = 0xffff;
	refused(-EINVAL, "cell \"inmate-demo\": PCI device 1 uses capabilities 65535..131069, but the cell "
			 "lists 2");
}

static void ivshmem_section_indices(void **state)
{
	struct cfg_pci_device *dev = &cell.pci[0];

	(void)state;
	for (uint32_t n = 5; n < 8; n++)
		cell.memory[n] = (struct cfg_memory){
			.phys_start = cell.memory[n - 1].phys_start + 0x2000,
			.virt_start = cell.memory[n - 1].virt_start + 0x2000,
			.size = 0x2000,
			.flags = CFG_MEM_READ,
		};
	dev->shmem_peers = 6;	/* outputs 2..7 are the last regions */
	passes();
	dev->shmem_peers = 7;
	refused(-EINVAL, "cell \"inmate-demo\": ivshmem device 0, shmem_peers 7, uses memory regions 0..8 as "
			 "sections, but the cell lists 8");
	dev->shmem_regions_start = UINT32_MAX;
	dev->shmem_peers = 255;
	refused(-EINVAL, "cell \"inmate-demo\": ivshmem device 0, shmem_peers 255, uses memory regions "
			 "4294967295..4294967551 as sections, but the cell lists 8");
	dev->type = CFG_PCI_DEVICE;
	refused(-EINVAL, "cell \"inmate-demo\": memory region 0 [0x7faf0000, 0x7faf1000) overlaps region 0 [0x7faf0000, "
			 "0x7faf1000) of cell \"qemu-arm64\", and a section of a link is for its peers only: move it");
}

static void ivshmem_has_peers(void **state)
{
	(void)state;
	cell.pci[0].shmem_peers = 0;
	refused(-EINVAL, "cell \"inmate-demo\": ivshmem device 0 has shmem_peers 0: set it to the number of "
			 "peers of the link");
}

int main(void)
{
	static const struct CMUnitTest config_cell[] = {
		cmocka_unit_test_setup_teardown(example_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(example_has_the_documented_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(published_flag_combinations_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(published_oddities_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(stray_actions, setup, teardown),
		cmocka_unit_test_setup_teardown(stray_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(watchdogs, setup, teardown),
		cmocka_unit_test_setup_teardown(signature, setup, teardown),
		cmocka_unit_test_setup_teardown(revision, setup, teardown),
		cmocka_unit_test_setup_teardown(architecture, setup, teardown),
		cmocka_unit_test_setup_teardown(size_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(name_is_terminated, setup, teardown),
		cmocka_unit_test_setup_teardown(names_cannot_forge_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(aarch32, setup, teardown),
		cmocka_unit_test_setup_teardown(cpu_set_is_not_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(cpus_exist, setup, teardown),
		cmocka_unit_test_setup_teardown(regions_do_not_wrap_or_exceed, setup, teardown),
		cmocka_unit_test_setup_teardown(mapped_pages_are_physical_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(one_page_of_communication_region, setup, teardown),
		cmocka_unit_test_setup_teardown(irqchip_pin_base, setup, teardown),
		cmocka_unit_test_setup_teardown(capability_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(ivshmem_section_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(ivshmem_has_peers, setup, teardown),
	};

	return cmocka_run_group_tests(config_cell, NULL, NULL);
}
