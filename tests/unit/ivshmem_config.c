/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space of the ivshmem device: every dword, every writable bit, every width. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fixture.h"
#include "host.h"

#define INTX	BDF(0, 2, 0)	/* pin 3 */
#define MSIX	BDF(0, 4, 1)

static struct fixture_cell c;

static int setup(void **state)
{
	(void)state;
	host_reset();
	fixture_init(&c, 10);
	fixture_add(&c, INTX, 0, 2, 0);
	fixture_add(&c, MSIX, 1, 2, 4);
	return fixture_create(&c);
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&c);
	return 0;
}

/* Expected image; sizes as in fixture.h */
static void check_image(uint16_t bdf, const uint32_t *known)
{
	for (uint32_t reg = 0; reg < 0x80; reg += 4) {
		uint32_t expected = known[reg / 4];

		assert_int_equal(config_read(&c, bdf, reg, 4), expected);
		for (uint32_t byte = 0; byte < 4; byte++)
			assert_int_equal(config_read(&c, bdf, reg + byte, 1),
					 (expected >> (8 * byte)) & 0xff);
		assert_int_equal(config_read(&c, bdf, reg, 2), expected & 0xffff);
		assert_int_equal(config_read(&c, bdf, reg + 2, 2), expected >> 16);
	}
	for (uint32_t reg = 0x80; reg < 0x1000; reg += 4) {
		assert_int_equal(config_read(&c, bdf, reg, 4), 0xffffffff);
		assert_int_equal(config_read(&c, bdf, reg + 2, 2), 0xffff);
		assert_int_equal(config_read(&c, bdf, reg + 3, 1), 0xff);
	}
}

static const uint32_t intx_image[32] = {
	[0x00 / 4] = 0x4106110a, [0x04 / 4] = 0x00100000, [0x08 / 4] = 0xff400200,
	[0x2c / 4] = 0x4106110a, [0x34 / 4] = 0x00000040, [0x3c / 4] = 0x00000300,
	[0x40 / 4] = 0x00200009, [0x44 / 4] = 0x00001000, [0x48 / 4] = 0x00009000,
	[0x50 / 4] = 0x00002000, [0x58 / 4] = 0x7faf0000,
};

static const uint32_t msix_image[32] = {
	[0x00 / 4] = 0x4106110a, [0x04 / 4] = 0x00100000, [0x08 / 4] = 0xff400200,
	[0x2c / 4] = 0x4106110a, [0x34 / 4] = 0x00000040, [0x3c / 4] = 0x00000000,
	[0x40 / 4] = 0x00206009, [0x44 / 4] = 0x00001000, [0x48 / 4] = 0x00009000,
	[0x50 / 4] = 0x00002000, [0x58 / 4] = 0x7faf0000,
	[0x60 / 4] = 0x00030011, [0x64 / 4] = 0x00000001, [0x68 / 4] = 0x00000101,
};

static void image_after_creation(void **state)
{
	(void)state;
	check_image(INTX, intx_image);
	check_image(MSIX, msix_image);
}

static void wide_sections_have_high_dwords(void **state)
{
	const struct cfg_pci_device *dev = &c.devices[0];

	(void)state;
	fixture_destroy(&c);
	fixture_region(&c, dev, 0)->virt_start = 0x123456789000;
	fixture_region(&c, dev, 1)->size = 0x700001000;
	fixture_region(&c, dev, 2)->size = 0xabc00002000;
	assert_int_equal(fixture_create(&c), 0);
	assert_int_equal(config_read(&c, INTX, 0x48, 4), 0x00001000);
	assert_int_equal(config_read(&c, INTX, 0x4c, 4), 0x7);
	assert_int_equal(config_read(&c, INTX, 0x50, 4), 0x00002000);
	assert_int_equal(config_read(&c, INTX, 0x54, 4), 0xabc);
	assert_int_equal(config_read(&c, INTX, 0x58, 4), 0x56789000);
	assert_int_equal(config_read(&c, INTX, 0x5c, 4), 0x1234);
}

static void interrupt_pin_follows_device_number(void **state)
{
	(void)state;
	fixture_destroy(&c);
	for (uint8_t device = 0; device < 32; device++) {
		fixture_init(&c, 10);
		fixture_add(&c, BDF(1, device, device % 8), 0, 2, 0);
		assert_int_equal(fixture_create(&c), 0);
		assert_int_equal(config_read(&c, BDF(1, device, device % 8), 0x3d, 1), device % 4 + 1);
		if (device < 31)
			fixture_destroy(&c);
	}
}

/* Writable bits per dword, nothing else may ever change */
static uint32_t writable(uint16_t bdf, uint32_t reg)
{
	switch (reg) {
	case 0x04:
		return 0x0406;
	case 0x10:
		return 0xfffff000;
	case 0x14:
		return bdf == MSIX ? 0xfffff000 : 0;
	case 0x40:
		return 0x01000000;
	case 0x60:
		return bdf == MSIX ? 0xc0000000 : 0;
	default:
		return 0;
	}
}

static void check_writes(uint16_t bdf, const uint32_t *image)
{
	static const uint8_t sizes[] = { 1, 2, 4 };
	static const uint32_t patterns[] = { 0xffffffff, 0xa5a5a5a5, 0x5a5a5a5a, 0 };

	for (uint32_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (uint32_t offset = 0; offset < 0x90; offset += sizes[s]) {
			uint32_t reg = offset & ~3u, shift = 8 * (offset % 4);
			uint32_t lanes = (sizes[s] == 4 ? 0xffffffff : (1u << 8 * sizes[s]) - 1) << shift;

			for (uint32_t p = 0; p < ARRAY_SIZE(patterns); p++) {
				uint32_t mask = lanes & writable(bdf, reg), expected[32];

				for (uint32_t n = 0; n < 32; n++)
					expected[n] = image[n];
				/* bits beyond the access must not matter */
				config_write(&c, bdf, offset, sizes[s], patterns[p] >> shift);
				if (reg < 0x80)
					expected[reg / 4] = (image[reg / 4] & ~mask) |
							    (patterns[p] & mask);
				for (uint32_t n = 0; n < 32; n++)
					assert_int_equal(config_read(&c, bdf, 4 * n, 4), expected[n]);
			}
		}
	}
}

static void only_writable_bits_change(void **state)
{
	(void)state;
	check_writes(INTX, intx_image);
	check_writes(MSIX, msix_image);
	check_image(INTX, intx_image);
	check_image(MSIX, msix_image);
}

static void bytes_merge_into_bars_and_command(void **state)
{
	(void)state;
	config_write(&c, MSIX, 0x10, 4, 0x12345678);
	config_write(&c, MSIX, 0x13, 1, 0xab);
	config_write(&c, MSIX, 0x11, 1, 0xff);
	assert_int_equal(config_read(&c, MSIX, 0x10, 4), 0xab34f000);
	config_write(&c, MSIX, 0x16, 2, 0xbeef);
	assert_int_equal(config_read(&c, MSIX, 0x14, 4), 0xbeef0000);
	config_write(&c, MSIX, 0x04, 2, 0x0406);
	config_write(&c, MSIX, 0x05, 1, 0);
	assert_int_equal(config_read(&c, MSIX, 0x04, 4), 0x00100006);
	config_write(&c, MSIX, 0x04, 1, 0);
	assert_int_equal(config_read(&c, MSIX, 0x04, 4), 0x00100000);
}

static void bar_sizing(void **state)
{
	(void)state;
	for (uint32_t reg = 0x10; reg < 0x28; reg += 4) {
		config_write(&c, INTX, reg, 4, 0xffffffff);
		config_write(&c, MSIX, reg, 4, 0xffffffff);
		assert_int_equal(config_read(&c, INTX, reg, 4), reg == 0x10 ? 0xfffff000 : 0);
		assert_int_equal(config_read(&c, MSIX, reg, 4), reg <= 0x14 ? 0xfffff000 : 0);
	}
}

static void bars_of_64_kib(void **state)
{
	uint64_t value;

	(void)state;
	fixture_destroy(&c);
	c.devices[1].bar_mask[0] = 0xffff0000;
	c.devices[1].bar_mask[1] = 0xffff0000;
	assert_int_equal(fixture_create(&c), 0);
	config_write(&c, MSIX, 0x10, 4, 0xffffffff);
	assert_int_equal(config_read(&c, MSIX, 0x10, 4), 0xffff0000);
	config_write(&c, MSIX, 0x10, 4, 0x20001234);
	config_write(&c, MSIX, 0x14, 4, 0x20010000);
	config_write(&c, MSIX, 0x04, 2, 0x2);
	assert_int_equal(fixture_read(&c, 0x20000000, 4), 1);
	assert_int_equal(fixture_read(&c, 0x2000fffc, 4), 0);
	assert_int_equal(fixture_read(&c, 0x2001000c, 4), 1);
	assert_int_equal(fixture_read(&c, 0x2001fff8, 8), 0);
	assert_int_equal(fixture_read_result(&c, 0x20020000, 4, &value), MMIO_NO_WINDOW);
}

static bool decodes(uint64_t addr)
{
	uint64_t value;

	return fixture_read_result(&c, addr, 4, &value) == MMIO_HANDLED;
}

static void memory_space_gates_decoding(void **state)
{
	(void)state;
	config_write(&c, MSIX, 0x10, 4, 0x30000000);
	config_write(&c, MSIX, 0x14, 4, 0x30001000);
	assert_false(decodes(0x30000000));
	config_write(&c, MSIX, 0x04, 2, 0x0404);	/* everything but Memory Space */
	assert_false(decodes(0x30000000));
	config_write(&c, MSIX, 0x04, 1, 0x02);
	assert_true(decodes(0x30000000));
	assert_true(decodes(0x30001000));
	assert_false(decodes(0x30002000));

	/* moved only by the next rising edge */
	config_write(&c, MSIX, 0x10, 4, 0x40000000);
	config_write(&c, MSIX, 0x04, 2, 0x0006);
	assert_true(decodes(0x30000000));
	assert_false(decodes(0x40000000));
	config_write(&c, MSIX, 0x04, 2, 0x0004);
	assert_false(decodes(0x30000000));
	assert_false(decodes(0x40000000));
	assert_false(decodes(0x30001000));
	config_write(&c, MSIX, 0x04, 2, 0x0002);
	assert_false(decodes(0x30000000));
	assert_true(decodes(0x40000000));
	assert_true(decodes(0x30001000));

	/* device reset */
	vpci_reset(&c.cell);
	assert_false(decodes(0x40000000));
	assert_false(decodes(0x30001000));
	config_write(&c, MSIX, 0x04, 2, 0x0002);
	assert_true(decodes(0));		/* BARs are 0 now */
}

static void intx_device_has_no_second_window(void **state)
{
	(void)state;
	config_write(&c, INTX, 0x10, 4, 0x30000000);
	config_write(&c, INTX, 0x14, 4, 0x30001000);
	config_write(&c, INTX, 0x04, 2, 0x0006);
	assert_true(decodes(0x30000000));
	assert_false(decodes(0x30001000));
	assert_false(decodes(0));
}

static void intx_device_ignores_bar1_of_the_configuration(void **state)
{
	(void)state;
	fixture_destroy(&c);
	c.devices[0].bar_mask[1] = 0xfffff000;
	assert_int_equal(fixture_create(&c), 0);
	config_write(&c, INTX, 0x14, 4, 0xffffffff);
	assert_int_equal(config_read(&c, INTX, 0x14, 4), 0);
}

static void reset_restores_the_image(void **state)
{
	(void)state;
	for (uint32_t reg = 0; reg < 0x80; reg += 4) {
		config_write(&c, INTX, reg, 4, 0xffffffff);
		config_write(&c, MSIX, reg, 4, 0xffffffff);
	}
	assert_int_equal(config_read(&c, MSIX, 0x43, 1), 1);
	assert_int_equal(config_read(&c, MSIX, 0x62, 2), 0xc003);
	vpci_reset(&c.cell);
	check_image(INTX, intx_image);
	check_image(MSIX, msix_image);
}

static void one_shot_by_byte_and_dword(void **state)
{
	(void)state;
	config_write(&c, INTX, 0x43, 1, 0xff);
	assert_int_equal(config_read(&c, INTX, 0x40, 4), 0x01200009);
	config_write(&c, INTX, 0x42, 1, 0);
	assert_int_equal(config_read(&c, INTX, 0x40, 4), 0x01200009);
	config_write(&c, INTX, 0x40, 4, 0x00ffffff);
	assert_int_equal(config_read(&c, INTX, 0x40, 4), 0x00200009);
	config_write(&c, INTX, 0x42, 2, 0x0100);
	assert_int_equal(config_read(&c, INTX, 0x43, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(image_after_creation, setup, teardown),
		cmocka_unit_test_setup_teardown(wide_sections_have_high_dwords, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupt_pin_follows_device_number, setup, teardown),
		cmocka_unit_test_setup_teardown(only_writable_bits_change, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_merge_into_bars_and_command, setup, teardown),
		cmocka_unit_test_setup_teardown(bar_sizing, setup, teardown),
		cmocka_unit_test_setup_teardown(bars_of_64_kib, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_space_gates_decoding, setup, teardown),
		cmocka_unit_test_setup_teardown(intx_device_has_no_second_window, setup, teardown),
		cmocka_unit_test_setup_teardown(intx_device_ignores_bar1_of_the_configuration, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reset_restores_the_image, setup, teardown),
		cmocka_unit_test_setup_teardown(one_shot_by_byte_and_dword, setup, teardown),
	};

	return cmocka_run_group_tests_name("ivshmem_config", tests, NULL, NULL);
}
