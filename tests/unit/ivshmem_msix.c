/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X: table, what arms a vector, vectors told apart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "host.h"
#include "ivshmem_pair.h"

static uint32_t ring_msix(uint32_t vector)
{
	host_clear_raised();
	reg_write(&a, MSIX, BELL, RING(1, vector));
	return host_raised_total();
}

static void msix_table_is_storage(void **state)
{
	(void)state;
	for (uint32_t offset = 0; offset < 16 * VECTORS; offset += 4)
		assert_int_equal(msix_read(&b, MSIX, offset), offset % 16 == 12 ? 1 : 0);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4)
		msix_write(&b, MSIX, offset, 0xabc00000 + offset);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4)
		assert_int_equal(msix_read(&b, MSIX, offset),
				 offset < 16 * VECTORS ? 0xabc00000 + offset : 0);
	vpci_reset(&b.cell);
	fixture_enable(&b, MSIX);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4)
		assert_int_equal(msix_read(&b, MSIX, offset),
				 offset < 16 * VECTORS && offset % 16 == 12 ? 1 : 0);
}

static void msix_access_sizes(void **state)
{
	uint64_t table = FIXTURE_BAR1 + 0x1000;

	(void)state;
	fixture_write(&b, table, 8, 0x1122334455667788);
	assert_int_equal(msix_read(&b, MSIX, 0), 0x55667788);
	assert_int_equal(msix_read(&b, MSIX, 4), 0x11223344);
	assert_int_equal(fixture_read(&b, table, 8), 0x1122334455667788);
	for (uint32_t offset = 0; offset < 16; offset++) {
		fixture_write(&b, table + offset, 1, 0xff);
		fixture_write(&b, table + offset, 2, 0xffff);
		assert_int_equal(fixture_read(&b, table + offset, 1), 0);
		assert_int_equal(fixture_read(&b, table + offset, 2), 0);
		if (offset % 4)
			fixture_write(&b, table + offset, 4, 0xffffffff);
		if (offset % 8) {
			fixture_write(&b, table + offset, 8, UINT64_MAX);
			assert_int_equal(fixture_read(&b, table + offset, 8), 0);
		}
	}
	assert_int_equal(fixture_read(&b, table, 8), 0x1122334455667788);
	assert_int_equal(msix_read(&b, MSIX, 8), 0);
	assert_int_equal(msix_read(&b, MSIX, 12), 1);
}

static void msix_vectors_are_told_apart(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < VECTORS; n++)
		msix_program(&b, MSIX, n, 110 + n);
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	reg_write(&b, MSIX, CTRL, 1);
	for (uint32_t n = 0; n < VECTORS; n++) {
		assert_int_equal(ring_msix(n), 1);
		assert_int_equal(host_raised(110 + n), 1);
	}
	assert_int_equal(ring_msix(VECTORS), 0);
	assert_int_equal(ring_msix(0x100), 0);		/* all 16 bits count */
	assert_int_equal(ring_msix(0x8000), 0);
	assert_int_equal(ring_msix(0xffff), 0);
	assert_int_equal(fixture_count(&a, MSIX, LINK_COUNTER_NO_VECTOR), 4);
	host_clear_raised();
	reg_write(&a, MSIX, STATE, 1);
	assert_int_equal(host_raised(110), 1);
	assert_int_equal(host_raised_total(), 1);
	assert_int_equal(msix_read(&b, MSIX, 0x100), 0);
}

static void vectors_of_the_target_count(void **state)
{
	(void)state;
	/* the peers should have the same number of vectors; nothing bad happens if they do not */
	fixture_destroy(&b);
	fixture_init(&b, BASE_B);
	fixture_add(&b, INTX, 1, 2, 1);
	fixture_add(&b, MSIX, 1, 2, 2);
	for (uint32_t n = 0; n < VECTORS; n++)
		host_own_spi(&b.cell, 110 + n, true);
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&b, MSIX);
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	for (uint32_t n = 0; n < VECTORS; n++)
		msix_program(&b, MSIX, n, 110 + n);
	reg_write(&b, MSIX, CTRL, 1);
	for (uint32_t n = 0; n < VECTORS; n++)
		assert_int_equal(ring_msix(n), n < 2 ? 1 : 0);
	assert_int_equal(fixture_count(&b, MSIX, LINK_COUNTER_NO_VECTOR), 2);
	assert_int_equal(fixture_count(&a, MSIX, LINK_COUNTER_NO_VECTOR), 0);

	/* from an INTx device to one with a single vector */
	fixture_enable(&b, INTX);
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, BELL, RING(1, 1));
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_NO_VECTOR), 1);
}

static void every_msix_condition_masks(void **state)
{
	(void)state;
	msix_program(&b, MSIX, 1, 111);
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	reg_write(&b, MSIX, CTRL, 1);
	assert_int_equal(ring_msix(1), 1);

	config_write(&b, MSIX, 0x62, 2, 0xc000);	/* function mask */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x62, 2, 0x0000);	/* MSI-X off */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x63, 1, 0x80);
	assert_int_equal(ring_msix(1), 1);
	msix_write(&b, MSIX, 16 + 12, 1);		/* vector mask */
	assert_int_equal(ring_msix(1), 0);
	msix_write(&b, MSIX, 16 + 12, 0xfffffffe);	/* bit 0 alone, the others are reserved */
	assert_int_equal(ring_msix(1), 1);
	msix_write(&b, MSIX, 16 + 12, 0);
	assert_int_equal(ring_msix(1), 1);
	config_write(&b, MSIX, 0x04, 2, 0x0002);	/* Bus Master */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x04, 2, 0x0402);	/* INTx disable is not its business */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x04, 2, 0x0406);
	assert_int_equal(ring_msix(1), 1);
	assert_int_equal(fixture_count(&b, MSIX, LINK_COUNTER_MASKED), 5);
}

static void msix_to_foreign_interrupts_stays_silent(void **state)
{
	static const uint32_t bad[] = { 0, 1, 31, SPI_A, 100, 1020, 1023, 1024, 0xffffffff };

	(void)state;
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	reg_write(&b, MSIX, CTRL, 1);
	for (uint32_t n = 0; n < ARRAY_SIZE(bad); n++) {
		msix_program(&b, MSIX, 0, bad[n]);
		assert_int_equal(ring_msix(0), 0);
		assert_int_equal(msix_read(&b, MSIX, 8), bad[n]);
	}
	msix_program(&b, MSIX, 0, 112);
	assert_int_equal(ring_msix(0), 1);
	host_own_spi(&b.cell, 112, false);
	vpci_reroute(&b.cell);
	assert_int_equal(ring_msix(0), 0);
}

static void latched_change_waits_for_every_msix_condition(void **state)
{
	(void)state;
	msix_program(&b, MSIX, 0, 110);
	reg_write(&b, MSIX, CTRL, 1);
	reg_write(&a, MSIX, STATE, 1);
	assert_int_equal(host_raised_total(), 0);
	config_write(&b, MSIX, 0x62, 2, 0x8000);	/* MSI-X on */
	assert_int_equal(host_raised(110), 1);

	config_write(&b, MSIX, 0x62, 2, 0xc000);
	reg_write(&a, MSIX, STATE, 2);
	assert_int_equal(host_raised_total(), 1);
	config_write(&b, MSIX, 0x62, 2, 0x8000);	/* function mask off */
	assert_int_equal(host_raised(110), 2);

	config_write(&b, MSIX, 0x04, 2, 0x0002);
	reg_write(&a, MSIX, STATE, 3);
	config_write(&b, MSIX, 0x04, 2, 0x0006);	/* Bus Master on */
	assert_int_equal(host_raised(110), 3);

	msix_write(&b, MSIX, 12, 1);
	reg_write(&a, MSIX, STATE, 4);
	msix_program(&b, MSIX, 1, 111);			/* another vector does not tell it */
	assert_int_equal(host_raised_total(), 3);
	msix_write(&b, MSIX, 12, 0);			/* vector mask off */
	assert_int_equal(host_raised(110), 4);

	msix_write(&b, MSIX, 8, 999);			/* not the cell's */
	reg_write(&a, MSIX, STATE, 5);
	msix_write(&b, MSIX, 8, 113);
	assert_int_equal(host_raised(113), 1);
	assert_int_equal(host_raised_total(), 5);
	assert_int_equal(fixture_count(&b, MSIX, LINK_COUNTER_DELIVERED), 5);
	assert_int_equal(fixture_unaccounted(MSIX), 0);
}

/* What a 64-bit write masks is masked for all of it: nothing goes out on the new data of a vector that it turns off. */
static void one_access_is_one_change(void **state)
{
	(void)state;
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	reg_write(&b, MSIX, CTRL, 1);
	msix_program(&b, MSIX, 0, 110);
	msix_write(&b, MSIX, 8, 999);			/* not the cell's: a change of State waits */
	reg_write(&a, MSIX, STATE, 1);
	assert_int_equal(host_raised_total(), 0);
	fixture_write(&b, FIXTURE_BAR1 + 0x1000 + 8, 8, 1ULL << 32 | 111);
	assert_int_equal(msix_read(&b, MSIX, 8), 111);
	assert_int_equal(host_raised_total(), 0);
	msix_write(&b, MSIX, 12, 0);
	assert_int_equal(host_raised(111), 1);
	assert_int_equal(host_raised_total(), 1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(msix_table_is_storage), TEST(msix_access_sizes), TEST(msix_vectors_are_told_apart),
		TEST(vectors_of_the_target_count), TEST(every_msix_condition_masks),
		TEST(msix_to_foreign_interrupts_stays_silent),
		TEST(latched_change_waits_for_every_msix_condition), TEST(one_access_is_one_change),
	};

	return cmocka_run_group_tests_name("ivshmem_msix", tests, NULL, NULL);
}
