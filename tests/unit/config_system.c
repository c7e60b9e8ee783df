/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on system configurations: one test per rule, with its message. */
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
static struct config_platform machine;
static struct config_view view;

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_system(&sys);
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
	uint64_t size;
	const struct cfg_system *image = pack_system(&sys, &size);

	refuse_clear();
	return config_check_system(image, size, &machine, &view);
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
	assert_int_equal(view.cell->num_memory_regions, 12);
	assert_true(config_has_cpu(&view, 3));
}

static void example_has_the_documented_bytes(void **state)
{
	const uint8_t *image = pack_system(&sys, NULL);

	(void)state;
	assert_memory_equal(image, "JHSYS\x02\x0e\x00\x01\x00\x00\x00\x00\x00\xc0\x7f", 16);
	assert_memory_equal(image + 0x04c, "\x00\x00\xe0\x08\x00\x00\x00\x00\x00\x01\x01\x00", 12);
	assert_memory_equal(image + 0x138, "\x19\x03\x00\x00\x00\x00\x00\x08", 8);
	assert_memory_equal(image + 0x164, "\0\0\0\0\0\0\0\0qemu-arm64", 19);
	assert_memory_equal(image + 0x194, "\x08\x00\x00\x00\x0c\x00\x00\x00", 8);
}

static void trailing_bytes_pass(void **state)
{
	uint64_t size;
	const struct cfg_system *image = pack_system(&sys, &size);

	(void)state;
	assert_int_equal(config_check_system(image, size + 4096, &machine, &view), 0);
}

static void every_truncation_is_refused(void **state)
{
	uint64_t size;
	const struct cfg_system *image = pack_system(&sys, &size);

	(void)state;
	for (uint64_t bytes = 0; bytes < size; bytes++) {
		refuse_clear();
		assert_int_equal(config_check_system(image, bytes, &machine, &view), -EINVAL);
		assert_string_not_equal(host_reason(), "");
	}
	refuse_clear();
	assert_int_equal(config_check_system(image, 487, &machine, &view), -EINVAL);
	assert_string_equal(host_reason(),
			    "system configuration is truncated: "
								       "487 bytes, its header alone has 488");
}

static void oversized_counts(void **state)
{
	const struct cfg_system *image;
	uint64_t size;

	(void)state;
	image = pack_system(&sys, &size);
	((struct cfg_system *)image)->root_cell.num_pio_regions = 0xffffffff;
	assert_int_equal(config_check_system(image, UINT64_MAX, &machine, &view), -E2BIG);
	assert_string_equal(host_reason(), "system configuration: its counts need 17179870148 bytes, at most "
					   "65536 are allowed");
}

static void signature(void **state)
{
	(void)state;
	memcpy(sys.header.signature, CFG_SIGNATURE_CELL, CFG_SIGNATURE_LEN);
	refused(-EINVAL, "not a system configuration: its signature is not JHSYS");
}

static void revision(void **state)
{
	(void)state;
	sys.header.revision = 13;
	refused(-EINVAL, "system configuration has revision 13, this hypervisor reads revision 14: compile "
			 "it again");
}

static void architecture(void **state)
{
	(void)state;
	sys.header.architecture = CFG_ARCH_X86;
	refused(-EINVAL, "system configuration is for architecture 0, this machine is 2 (arm64): use one "
			 "made for it");
}

static void hypervisor_memory(void **state)
{
	(void)state;
	sys.header.hypervisor_memory.phys_start = 0;	/* the driver chooses */
	passes();
	sys.header.hypervisor_memory.size = 0;
	refused(-EINVAL, "hypervisor_memory at 0x0, size 0x0: make it one or more units of 0x1000 bytes, below "
			 "0x100000000000");
	sys.header.hypervisor_memory.size = 0x400800;
	refused(-EINVAL, "hypervisor_memory at 0x0, size 0x400800: make it one or more units of 0x1000 bytes, below "
			 "0x100000000000");
	sys.header.hypervisor_memory.size = 0x400000;
	sys.header.hypervisor_memory.phys_start = 0x7fc00001;
	refused(-EINVAL, "hypervisor_memory at 0x7fc00001, size 0x400000: make it one or more units of 0x1000 bytes, "
			 "below 0x100000000000");
	sys.header.hypervisor_memory.phys_start = (1ull << 44) - 0x1000;
	refused(-EINVAL, "hypervisor_memory at 0xffffffff000, size 0x400000: make it one or more units of 0x1000 bytes, "
			 "below 0x100000000000");
	sys.header.hypervisor_memory.phys_start = 0xfffffffffffff000;
	refused(-EINVAL, "hypervisor_memory at 0xfffffffffffff000, size 0x400000: make it one or more units of 0x1000 "
			 "bytes, below 0x100000000000");
}

static void hypervisor_placement(void **state)
{
	static const struct { uint64_t start, size; } bad[] = {
		{ 0x7fc00000, 0 }, { 0x7fc00800, 0x400000 }, { 0x7fc00000, 0x400800 },
		{ 0xfffffffffffff000, 0x400000 }, { 1ull << 44, 0x1000 },
	};

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(bad); n++) {
		machine.hv_start = bad[n].start;
		machine.hv_size = bad[n].size;
		assert_int_equal(check(), -EINVAL);
		assert_non_null(strstr(host_reason(), "launcher and hypervisor do not match"));
	}
}

static void ranges_may_end_with_the_address_space(void **state)
{
	const uint64_t limit = machine.phys_limit;

	(void)state;
	machine.hv_start = limit - 0x400000;
	sys.header.hypervisor_memory.phys_start = limit - 0x400000;
	passes();
	machine.hv_start = 0x7fc00000;
	sys.header.debug_console.address = limit - 0x1000;
	passes();
}

static void largest_system(void **state)
{
	uint64_t size;
	uint8_t *large = calloc(1, 2 * CFG_MAX_SIZE);
	const void *image = pack_system(&sys, &size);
	struct cfg_system *system = (struct cfg_system *)(void *)large;

	(void)state;
	memcpy(large, image, size);
	system->root_cell.num_stream_ids = (uint32_t)(CFG_MAX_SIZE - size) / 4;
	assert_int_equal(config_check_system(system, 2 * CFG_MAX_SIZE, &machine, &view), 0);
	system->root_cell.num_stream_ids++;
	assert_int_equal(config_check_system(system, 2 * CFG_MAX_SIZE, &machine, &view), -E2BIG);
	free(large);
}

static void debug_console(void **state)
{
	struct cfg_console *console = &sys.header.debug_console;

	(void)state;
	console->address = 0x7fc10000;
	refused(-EINVAL, "debug_console [0x7fc10000, 0x7fc11000) lies in hypervisor memory [0x7fc00000, "
			 "0x80000000): correct its address");
	console->size = 0;
	assert_int_equal(check(), -EINVAL);
	console->type = CFG_CONSOLE_NONE;
	passes();
	console->type = CFG_CONSOLE_PL011;
	console->size = 0x1000;
	console->address = 0xfffffffffffff800;
	refused(-EINVAL, "debug_console at 0xfffffffffffff800, size 0x1000: make it one or more units of 0x1 bytes, below "
			 "0x100000000000");
}

static void gic_version(void **state)
{
	(void)state;
	sys.header.arch.arm.gic_version = 2;
	refused(-EINVAL, "gic_version 2 is not supported by this build: use a machine with GICv3");
	sys.header.arch.arm.gic_version = 4;
	refused(-EINVAL, "gic_version is 4: set it to 3");
	sys.header.arch.arm.gic_version = 0;
	refused(-EINVAL, "gic_version is 0: set it to 3");
}

static void maintenance_irq(void **state)
{
	(void)state;
	for (uint32_t intid = 0; intid < 256; intid++) {
		sys.header.arch.arm.maintenance_irq = (uint8_t)intid;
		assert_int_equal(check(), intid >= 16 && intid < 32 ? 0 : -EINVAL);
		free_images();
	}
	refused(-EINVAL, "maintenance_irq is INTID 255, but it must be a PPI: set it to the one of the "
			 "machine, 16..31");
}

static void gic_bases(void **state)
{
	(void)state;
	sys.header.arch.arm.gicd_base = 0;
	refused(-EINVAL, "gicd_base at 0x0, size 0x0: make it one or more units of 0x10000 bytes, below 0x100000000000");
	sys.header.arch.arm.gicd_base = 0x08001000;
	assert_int_equal(check(), -EINVAL);
	sys.header.arch.arm.gicd_base = 0xffffffffffff0000;
	assert_int_equal(check(), -EINVAL);
	sys.header.arch.arm.gicd_base = 0x08000000;
	sys.header.arch.arm.gicr_base = (1ull << 44) - 3 * 0x20000;	/* of four CPUs */
	refused(-EINVAL, "gicr_base at 0xffffffa0000, size 0x80000: make it one or more units of 0x10000 bytes, below "
			 "0x100000000000");
	sys.header.arch.arm.gicr_base = (1ull << 44) - 4 * 0x20000;
	passes();
}

static void ecam_window(void **state)
{
	(void)state;
	sys.header.pci_mmconfig_base = 0x08e80000;
	refused(-EINVAL, "pci_mmconfig_base at 0x8e80000, size 0x100000: make it one or more units of 0x100000 bytes, "
			 "below 0x10000000000");
	sys.header.pci_mmconfig_base = 0xfffff00000;
	passes();
	sys.header.pci_mmconfig_end_bus = 1;
	refused(-EINVAL, "pci_mmconfig_base at 0xfffff00000, size 0x200000: make it one or more units of 0x100000 bytes, "
			 "below 0x10000000000");
	sys.header.pci_mmconfig_base = 0xfffffffffff00000;
	assert_int_equal(check(), -EINVAL);
	sys.header.pci_mmconfig_base = 0;
	passes();
}

static void physical_pci_host(void **state)
{
	(void)state;
	sys.header.pci_is_virtual = 0;
	refused(-EINVAL, "ivshmem devices on a physical PCI host (pci_is_virtual 0) are not supported yet: "
			 "use a virtual one");
	sys.root.pci[0].type = CFG_PCI_BRIDGE;
	passes();
	sys.root.pci[0].type = CFG_PCI_IVSHMEM;
	sys.header.pci_mmconfig_base = 0;
	passes();
}

static void root_regions_are_identity_mapped(void **state)
{
	(void)state;
	add_memory(&sys.root, 0x50000000, 0x50001000, 0, 3);		/* empty: means nothing */
	add_memory(&sys.root, 0, 0x80000000, 0x1000, 0x23);		/* communication region: likewise */
	passes();
	add_memory(&sys.root, 0x50000000, 0x50001000, 0x1000, 3);
	refused(-EINVAL, "root cell: memory region 14 has virt_start 0x50001000 but phys_start 0x50000000: "
			 "make them equal");
}

static void root_regions_may_overlap_what_is_carved_out(void **state)
{
	(void)state;
	add_memory(&sys.root, 0x40000000, 0x40000000, 0x40000000, 7);	/* hypervisor memory */
	add_memory(&sys.root, 0, 0, 0x40000000, 0x13);			/* GIC, ECAM window */
	passes();
}

static void rules_on_cells_hold_for_the_root_cell(void **state)
{
	(void)state;
	sys.root.cpus[0] = 0x1f;
	refused(-EINVAL, "cell \"qemu-arm64\": CPU 4 is in its set, but there are only CPUs 0..3");
	sys.root.cpus[0] = 0;
	refused(-EINVAL, "cell \"qemu-arm64\" has no CPU: assign at least one");
	sys.root.cpus[0] = 0xf;
	sys.root.pci[0].shmem_peers = 11;
	refused(-EINVAL, "cell \"qemu-arm64\": ivshmem device 0, shmem_peers 11, uses memory regions 0..12 "
			 "as sections, but the cell lists 12");
	sys.root.pci[0].shmem_peers = 3;
	sys.root.irqchips[0].pin_base = 33;
	refused(-EINVAL, "cell \"qemu-arm64\": irqchip 0 has pin_base 33: use a multiple of 32, at most 896");
}

static void root_cell_has_no_watchdog(void **state)
{
	(void)state;
	add_memory(&sys.root, 100000, 0, 0, CFG_WATCHDOG);
	refused(-EINVAL, "cell \"qemu-arm64\": memory region 12 is a watchdog, of which the root cell has none, and others one: "
			 "remove it");
}

static void cell_flags_of_the_root_cell_mean_nothing(void **state)
{
	(void)state;
	sys.root.header.flags = ~CFG_STRAY_ACTIONS;
	passes();
}

int main(void)
{
	static const struct CMUnitTest config_system[] = {
		cmocka_unit_test_setup_teardown(example_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(example_has_the_documented_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(trailing_bytes_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(oversized_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(signature, setup, teardown),
		cmocka_unit_test_setup_teardown(revision, setup, teardown),
		cmocka_unit_test_setup_teardown(architecture, setup, teardown),
		cmocka_unit_test_setup_teardown(hypervisor_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(hypervisor_placement, setup, teardown),
		cmocka_unit_test_setup_teardown(ranges_may_end_with_the_address_space, setup, teardown),
		cmocka_unit_test_setup_teardown(largest_system, setup, teardown),
		cmocka_unit_test_setup_teardown(debug_console, setup, teardown),
		cmocka_unit_test_setup_teardown(gic_version, setup, teardown),
		cmocka_unit_test_setup_teardown(maintenance_irq, setup, teardown),
		cmocka_unit_test_setup_teardown(gic_bases, setup, teardown),
		cmocka_unit_test_setup_teardown(ecam_window, setup, teardown),
		cmocka_unit_test_setup_teardown(physical_pci_host, setup, teardown),
		cmocka_unit_test_setup_teardown(root_regions_are_identity_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(root_regions_may_overlap_what_is_carved_out, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_on_cells_hold_for_the_root_cell, setup, teardown),
		cmocka_unit_test_setup_teardown(root_cell_has_no_watchdog, setup, teardown),
		cmocka_unit_test_setup_teardown(cell_flags_of_the_root_cell_mean_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(config_system, NULL, NULL);
}
