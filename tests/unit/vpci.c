/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual PCI host: absent functions, odd accesses, and creation that fails half-way. */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "errors.h"
#include "fixture.h"
#include "host.h"

#define FIRST	BDF(0, 3, 0)
#define SECOND	BDF(0, 1, 7)
#define THIRD	BDF(1, 31, 7)

static struct fixture_cell c;

static int setup(void **state)
{
	(void)state;
	host_reset();
	fixture_init(&c, 0);
	fixture_add(&c, FIRST, 0, 2, 0);
	fixture_add(&c, SECOND, 1, 2, 1);
	fixture_add(&c, THIRD, 0, 2, 0);
	fixture_region(&c, &c.devices[2], 0)->phys_start = HOST_RAM_BASE + 0x80000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&c);
	assert_int_equal(host_mappings(), 0);
	return 0;
}

static void refused(int error, const char *text)
{
	assert_int_equal(fixture_create(&c), error);
	if (!strstr(host_reason(), text))
		fail_msg("\"%s\" is not in \"%s\"", text, host_reason());
	/* nothing is left */
	assert_int_equal(c.cell.num_functions, 0);
	assert_int_equal(c.cell.mmio.num_fixed, 0);
	assert_int_equal(c.cell.mmio.num_movable, 0);
	assert_int_equal(host_mappings(), 0);
}

static void functions_are_sorted(void **state)
{
	(void)state;
	assert_int_equal(fixture_create(&c), 0);
	assert_int_equal(c.cell.num_functions, 3);
	assert_int_equal(c.cell.functions[0].bdf, SECOND);
	assert_int_equal(c.cell.functions[1].bdf, FIRST);
	assert_int_equal(c.cell.functions[2].bdf, THIRD);
}

static void whole_ecam_answers(void **state)
{
	(void)state;
	assert_int_equal(fixture_create(&c), 0);
	for (uint32_t bdf = 0; bdf < 2 * 256; bdf++) {
		bool present = bdf == FIRST || bdf == SECOND || bdf == THIRD;

		assert_int_equal(config_read(&c, (uint16_t)bdf, 0, 4), present ? 0x4106110a : 0xffffffff);
		assert_int_equal(config_read(&c, (uint16_t)bdf, 0, 2), present ? 0x110a : 0xffff);
		assert_int_equal(config_read(&c, (uint16_t)bdf, 3, 1), present ? 0x41 : 0xff);
		assert_int_equal(config_read(&c, (uint16_t)bdf, 0xffc, 4), 0xffffffff);
		config_write(&c, (uint16_t)bdf, 0x10, 4, 0x12345000);
		config_write(&c, (uint16_t)bdf, 0xffc, 4, 0);
		assert_int_equal(config_read(&c, (uint16_t)bdf, 0x10, 4), present ? 0x12345000 : 0xffffffff);
	}
}

static void ecam_ends_with_the_last_bus(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(fixture_create(&c), 0);
	assert_int_equal(fixture_read(&c, FIXTURE_ECAM + 0x1ffffc, 4), 0xffffffff);
	assert_int_equal(fixture_read_result(&c, FIXTURE_ECAM + 0x200000, 4, &value), MMIO_NO_WINDOW);
	assert_int_equal(fixture_read_result(&c, FIXTURE_ECAM - 4, 4, &value), MMIO_NO_WINDOW);
}

static void odd_accesses_do_nothing(void **state)
{
	uint64_t device = FIXTURE_ECAM + FIRST * 0x1000ull;

	(void)state;
	assert_int_equal(fixture_create(&c), 0);
	config_write(&c, FIRST, 0x10, 4, 0xabcde000);
	for (uint32_t offset = 0; offset < 0x20; offset++) {
		assert_true(fixture_read(&c, device + offset, 8) == UINT64_MAX);
		fixture_write(&c, device + offset, 8, 0);
		if (offset % 4) {
			assert_int_equal(fixture_read(&c, device + offset, 4), 0xffffffff);
			fixture_write(&c, device + offset, 4, 0);
		}
		if (offset % 2) {
			assert_int_equal(fixture_read(&c, device + offset, 2), 0xffff);
			fixture_write(&c, device + offset, 2, 0);
		}
	}
	/* from the last byte of one function into the next */
	assert_int_equal(fixture_read(&c, device + 0xffe, 4), 0xffffffff);
	fixture_write(&c, device - 2, 4, 0);
	assert_int_equal(config_read(&c, FIRST, 0x10, 4), 0xabcde000);
}

static void no_ecam_without_base(void **state)
{
	uint64_t value;

	(void)state;
	fixture_system.pci_mmconfig_base = 0;
	assert_int_equal(fixture_create(&c), 0);
	fixture_system.pci_mmconfig_base = FIXTURE_ECAM;
	assert_int_equal(c.cell.mmio.num_fixed, 0);
	assert_int_equal(fixture_read_result(&c, FIXTURE_ECAM, 4, &value), MMIO_NO_WINDOW);
	assert_int_equal(fixture_read_result(&c, 0, 4, &value), MMIO_NO_WINDOW);
}

static void full_ecam_has_256_buses(void **state)
{
	(void)state;
	fixture_system.pci_mmconfig_end_bus = 255;
	c.devices[1].bdf = BDF(255, 31, 7);
	assert_int_equal(fixture_create(&c), 0);
	fixture_system.pci_mmconfig_end_bus = 1;
	assert_int_equal(config_read(&c, BDF(255, 31, 7), 0, 4), 0x4106110a);
	assert_int_equal(config_read(&c, BDF(255, 31, 6), 0, 4), 0xffffffff);
}

static void same_bdf_twice(void **state)
{
	(void)state;
	c.devices[2].bdf = FIRST;
	refused(-EINVAL, "00:03.0 appears twice");
}

static void physical_functions(void **state)
{
	(void)state;
	c.devices[1].type = CFG_PCI_DEVICE;
	refused(-EINVAL, "00:01.7: physical functions cannot be given");
	c.devices[1].type = CFG_PCI_BRIDGE;
	refused(-EINVAL, "00:01.7: physical functions cannot be given");
	c.cell.is_root = true;
	assert_int_equal(fixture_create(&c), 0);
	assert_int_equal(c.cell.num_functions, 2);
	assert_int_equal(config_read(&c, SECOND, 0, 4), 0xffffffff);
}

static void unknown_type(void **state)
{
	(void)state;
	c.devices[2].type = 0;
	refused(-EINVAL, "01:1f.7: unknown type 0");
	c.devices[2].type = 255;
	c.cell.is_root = true;
	refused(-EINVAL, "unknown type 255");
}

static void every_device_can_fail(void **state)
{
	(void)state;
	/* state tables that cannot be mapped */
	for (uint32_t nth = 1; nth <= 3; nth++) {
		host_fail_map(nth);
		refused(-ENOMEM, "no memory to map the state table");
	}
	/* a mistake in each of them */
	for (uint32_t n = 0; n < 3; n++) {
		c.devices[n].shmem_peers = 0;
		refused(-EINVAL, "shmem_peers is 0");
		c.devices[n].shmem_peers = 2;
	}
	assert_int_equal(fixture_create(&c), 0);
}

static enum mmio_result refuse_access(const struct mmio_window *window, struct mmio_access *access)
{
	(void)window;
	(void)access;
	return MMIO_REFUSED;
}

static const struct mmio_device unused = { .access = refuse_access };

static void ecam_in_the_way_of_another_window(void **state)
{
	(void)state;
	mmio_map_init(&c.cell.mmio, c.windows, 2, vpci_movable_windows(c.cell.config.cell));
	assert_int_equal(mmio_add_fixed(&c.cell.mmio, FIXTURE_ECAM + 0x1ff000, 0x2000, &unused, NULL, 0), 0);
	assert_int_equal(vpci_init(&c.cell, &fixture_system, c.functions), -EINVAL);
	assert_non_null(strstr(host_reason(), "[0x7000000, 0x7200000)"));
	assert_int_equal(c.cell.num_functions, 0);
	assert_int_equal(c.cell.mmio.num_fixed, 1);
	assert_int_equal(c.cell.mmio.num_movable, 0);
	assert_int_equal(host_mappings(), 0);
}

static void too_few_windows(void **state)
{
	(void)state;
	assert_true(vpci_movable_windows(c.cell.config.cell) >= 4);
	for (uint32_t room = 0; room < 4; room++) {
		host_reset();
		mmio_map_init(&c.cell.mmio, c.windows, 1, room);
		assert_int_equal(vpci_init(&c.cell, &fixture_system, c.functions), -ENOMEM);
		assert_non_null(strstr(host_reason(), "too many MMIO windows"));
		assert_int_equal(c.cell.mmio.num_movable, 0);
		assert_int_equal(host_mappings(), 0);
	}
}

static void cell_without_devices(void **state)
{
	(void)state;
	c.config.num_pci_devices = 0;
	assert_int_equal(fixture_create(&c), 0);
	assert_int_equal(config_read(&c, FIRST, 0, 4), 0xffffffff);
	vpci_reset(&c.cell);
	vpci_reroute(&c.cell);
	ivshmem_cell_stopped(&c.cell);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(functions_are_sorted), TEST(whole_ecam_answers), TEST(ecam_ends_with_the_last_bus),
		TEST(odd_accesses_do_nothing), TEST(no_ecam_without_base), TEST(full_ecam_has_256_buses),
		TEST(same_bdf_twice), TEST(physical_functions), TEST(unknown_type),
		TEST(every_device_can_fail),
		TEST(ecam_in_the_way_of_another_window), TEST(too_few_windows), TEST(cell_without_devices),
	};

	return cmocka_run_group_tests_name("vpci", tests, NULL, NULL);
}
