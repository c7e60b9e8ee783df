/* SPDX-License-Identifier: BSD-2-Clause */
/* Access to configuration images: sizes, bounds, lookups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config_fixture.h"
#include "console.h"
#include "errors.h"
#include "host.h"

static struct test_config config;
static struct config_view view;

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_inmate_demo(&config);
	view = (struct config_view){ .cell = NULL };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free_images();
	return 0;
}

static void size_counts_every_array(void **state)
{
	struct cfg_cell *header = &config.header;

	(void)state;
	assert_int_equal(config_size(header), 484);
	header->cpu_set_size = 16;
	assert_int_equal(config_size(header), 492);
	header->num_cache_regions = 1;
	assert_int_equal(config_size(header), 504);
	header->num_pio_regions = 1;
	assert_int_equal(config_size(header), 508);
	header->num_pci_caps = 1;
	assert_int_equal(config_size(header), 516);
	header->num_stream_ids = 1;
	assert_int_equal(config_size(header), 520);
	header->num_memory_regions++;
	header->num_irqchips++;
	header->num_pci_devices++;
	assert_int_equal(config_size(header), 640);
}

static void size_of_largest_counts_does_not_wrap(void **state)
{
	(void)state;
	memset(&config.header, 0xff, sizeof(config.header));
	assert_int_equal(config_size(&config.header),
			 0x84 + 0xffffffffull * (1 + 32 + 12 + 32 + 4 + 56 + 8 + 4));
}

static void view_finds_every_array(void **state)
{
	const uint8_t *image;
	uint64_t size;

	(void)state;
	config.header.num_cache_regions = 1;
	config.caches[0].size = 0xcac4e;
	config.header.num_pio_regions = 1;
	config.pio[0].base = 0x3f8;
	config.header.num_pci_caps = 1;
	config.caps[0].id = 0x11;
	config.header.num_stream_ids = 1;
	config.stream_ids[0] = 0x5712ea;
	image = pack_config(&config, &size);

	assert_int_equal(config_view_init(&view, (const void *)image, size), 0);
	assert_ptr_equal(view.cell, image);
	assert_int_equal(view.size, size);
	assert_memory_equal(view.cpu_set, config.cpus, 8);
	assert_memory_equal(view.memory, config.memory, 8 * 32);
	assert_memory_equal(view.irqchips, config.irqchips, 32);
	assert_memory_equal(view.pci_devices, config.pci, 56);
	assert_string_equal(host_reason(), "");
}

static void view_accepts_trailing_bytes(void **state)
{
	uint64_t size;
	const void *image = pack_config(&config, &size);

	(void)state;
	assert_int_equal(config_view_init(&view, image, size + 56), 0);
	assert_int_equal(view.size, size);
}

static void view_refuses_truncated_header(void **state)
{
	const void *image = pack_config(&config, NULL);

	(void)state;
	for (uint64_t available = 0; available < sizeof(struct cfg_cell); available++) {
		refuse_clear();
		assert_int_equal(config_view_init(&view, image, available), -EINVAL);
	}
	assert_string_equal(host_reason(),
			    "cell configuration is truncated: 131 "
								       "bytes, its header alone has 132");
	assert_null(view.cell);
}

static void view_refuses_truncated_arrays(void **state)
{
	uint64_t size;
	const void *image = pack_config(&config, &size);

	(void)state;
	for (uint64_t available = sizeof(struct cfg_cell); available < size; available++) {
		refuse_clear();
		assert_int_equal(config_view_init(&view, image, available), -EINVAL);
	}
	assert_string_equal(host_reason(),
			    "cell configuration is truncated: its "
								       "counts need 484 bytes, there are "
								       "483");
	assert_null(view.cell);
}

static void view_refuses_long_cpu_set(void **state)
{
	uint64_t size;
	const void *image;

	(void)state;
	config.header.cpu_set_size = CFG_MAX_CPU_SET;
	image = pack_config(&config, &size);
	assert_int_equal(config_view_init(&view, image, size), 0);
	config.header.cpu_set_size = CFG_MAX_CPU_SET + 1;
	image = pack_config(&config, &size);
	assert_int_equal(config_view_init(&view, image, size), -EINVAL);
	assert_string_equal(host_reason(),
			    "cell configuration: cpu_set_size is "
								       "4097 bytes, at most 4096 are "
								       "allowed");
}

static void spi_lookup(void **state)
{
	struct spi_set here, elsewhere;

	(void)state;
	config.irqchips[0].pin_bitmap[0] = 0x80000001;
	add_irqchip(&config, 992)->pin_bitmap[0] = 0xffffffff;	/* 992..1023 */
	add_irqchip(&config, 0)->pin_bitmap[0] = 0xffffffff;	/* SGIs and PPIs */
	add_irqchip(&config, 0xffffffe0)->pin_bitmap[3] = 0xffffffff;
	view = *view_of(&config);
	config_collect_spis(&view, 0x08000000, &here);
	config_collect_spis(&view, 0x08010000, &elsewhere);

	for (uint32_t intid = 0; intid < 1024; intid++) {
		bool expected = intid == 32 || intid == 63 || intid == 144 || (intid >= 992 && intid < 1020);

		assert_int_equal(spi_set_test(&here, intid), expected);
		assert_false(spi_set_test(&elsewhere, intid));
	}
}

static void section_lookup(void **state)
{
	(void)state;
	add_ivshmem(&config, 0x10, 5, 0, 1)->type = CFG_PCI_DEVICE;
	add_ivshmem(&config, 0x18, 6, 0, 255);
	add_ivshmem(&config, 0x20, UINT32_MAX, 0, 255);
	view = *view_of(&config);

	for (uint32_t index = 0; index < 5; index++)
		assert_ptr_equal(config_device_of(&view, view.memory + index), &view.pci_devices[0]);
	assert_null(config_device_of(&view, view.memory + 5));
	assert_ptr_equal(config_device_of(&view, view.memory + 6), &view.pci_devices[2]);
	assert_ptr_equal(config_device_of(&view, view.memory + 6 + 256), &view.pci_devices[2]);
	assert_null(config_device_of(&view, view.memory + 6 + 257));
}

static void cpu_lookup(void **state)
{
	(void)state;
	config.cpus[7] = 0x80;
	view = *view_of(&config);
	for (uint32_t cpu = 0; cpu < 1000; cpu++)
		assert_int_equal(config_has_cpu(&view, cpu), cpu == 1 || cpu == 63);
	assert_false(config_has_cpu(&view, UINT32_MAX));
}

int main(void)
{
	static const struct CMUnitTest config_view[] = {
		cmocka_unit_test_setup_teardown(size_counts_every_array, setup, teardown),
		cmocka_unit_test_setup_teardown(size_of_largest_counts_does_not_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(view_finds_every_array, setup, teardown),
		cmocka_unit_test_setup_teardown(view_accepts_trailing_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(view_refuses_truncated_header, setup, teardown),
		cmocka_unit_test_setup_teardown(view_refuses_truncated_arrays, setup, teardown),
		cmocka_unit_test_setup_teardown(view_refuses_long_cpu_set, setup, teardown),
		cmocka_unit_test_setup_teardown(spi_lookup, setup, teardown),
		cmocka_unit_test_setup_teardown(section_lookup, setup, teardown),
		cmocka_unit_test_setup_teardown(cpu_lookup, setup, teardown),
	};

	return cmocka_run_group_tests(config_view, NULL, NULL);
}
