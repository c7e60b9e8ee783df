/* SPDX-License-Identifier: BSD-2-Clause */
/* Register page: who sees what, and which doorbells become interrupts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "host.h"
#include "ivshmem_pair.h"

static void constants(void **state)
{
	(void)state;
	assert_int_equal(reg_read(&a, INTX, ID), 0);
	assert_int_equal(reg_read(&b, INTX, ID), 1);
	assert_int_equal(reg_read(&a, INTX, PEERS), 2);
	reg_write(&b, INTX, ID, 0);
	reg_write(&b, INTX, PEERS, 77);
	assert_int_equal(reg_read(&b, INTX, ID), 1);
	assert_int_equal(reg_read(&b, INTX, PEERS), 2);
	assert_int_equal(reg_read(&b, INTX, BELL), 0);
}

static void control_has_one_bit(void **state)
{
	(void)state;
	assert_int_equal(reg_read(&a, INTX, CTRL), 0);
	reg_write(&a, INTX, CTRL, 0xffffffff);
	assert_int_equal(reg_read(&a, INTX, CTRL), 1);
	reg_write(&a, INTX, CTRL, 0xfffffffe);
	assert_int_equal(reg_read(&a, INTX, CTRL), 0);
}

static void only_aligned_dwords_count(void **state)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	uint64_t page = FIXTURE_BAR0;

	(void)state;
	reg_write(&a, INTX, STATE, 0x11223344);
	reg_write(&a, INTX, CTRL, 1);
	reg_write(&b, INTX, CTRL, 1);
	host_clear_raised();
	for (uint32_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		for (uint32_t offset = 0; offset + sizes[s] <= 0x1000; offset++) {
			bool is_register = sizes[s] == 4 && offset % 4 == 0 && offset <= STATE;

			if (is_register)
				continue;
			assert_int_equal(fixture_read(&a, page + offset, sizes[s]), 0);
			fixture_write(&a, page + offset, sizes[s], 0x0001000100010001);
		}
	}
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(reg_read(&a, INTX, STATE), 0x11223344);
	assert_int_equal(reg_read(&a, INTX, CTRL), 1);
	assert_int_equal(fixture_state_entry(0), 0x11223344);
}

static void doorbell_reaches_the_enabled_peer(void **state)
{
	(void)state;
	assert_int_equal(ring_b(1, 0), 0);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 1);
	assert_int_equal(ring_b(1, 0), 1);
	reg_write(&b, INTX, CTRL, 0);
	assert_int_equal(ring_b(1, 0), 0);
	/* doorbells are not latched */
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised_total(), 0);
}

static void doorbell_to_oneself(void **state)
{
	(void)state;
	reg_write(&a, INTX, CTRL, 1);
	host_clear_raised();
	reg_write(&a, INTX, BELL, RING(0, 0));
	assert_int_equal(host_raised(SPI_A), 1);
	assert_int_equal(host_raised_total(), 1);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_DELIVERED), 1);
}

static void doorbell_to_nobody(void **state)
{
	(void)state;
	reg_write(&a, INTX, CTRL, 1);
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t peer = 2; peer <= 0xffff; peer++)
		assert_int_equal(ring_b(peer, 0), 0);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 0xffff - 1);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_NO_PEER), 0xffff - 1);
}

static void intx_line_rings_for_any_vector(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t vector = 0; vector < 16; vector++)
		assert_int_equal(ring_b(1, vector), 1);
	assert_int_equal(ring_b(1, 16), 0);
	assert_int_equal(ring_b(1, 0x100), 0);		/* all 16 bits count */
	assert_int_equal(ring_b(1, 0x8000), 0);
	assert_int_equal(ring_b(1, 0xffff), 0);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_NO_VECTOR), 4);
}

static void intx_disable_masks(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	config_write(&b, INTX, 0x04, 2, 0x0406);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MASKED), 1);
	/* switched off and masked: counted once, as switched off */
	reg_write(&b, INTX, CTRL, 0);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MASKED), 1);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 1);
	reg_write(&b, INTX, CTRL, 1);
	config_write(&b, INTX, 0x05, 1, 0);
	assert_int_equal(ring_b(1, 0), 1);
	/* Bus Master and Memory Space have nothing to do with INTx */
	config_write(&b, INTX, 0x04, 2, 0);
	assert_int_equal(ring_b(1, 0), 1);
}

static void intx_of_somebody_else_never_rings(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	host_own_spi(&b.cell, SPI_B, false);
	vpci_reroute(&b.cell);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MASKED), 1);
	host_own_spi(&b.cell, SPI_B, true);
	vpci_reroute(&b.cell);
	assert_int_equal(ring_b(1, 0), 1);
	/* the guest's own write to Interrupt Control looks again, too */
	host_own_spi(&b.cell, SPI_B, false);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 0);
}

static void one_shot_disables_on_delivery(void **state)
{
	(void)state;
	config_write(&b, INTX, 0x43, 1, 1);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 1);
	assert_int_equal(reg_read(&b, INTX, CTRL), 0);
	assert_int_equal(ring_b(1, 0), 0);
	reg_write(&b, INTX, CTRL, 1);
	host_clear_raised();
	reg_write(&a, INTX, STATE, 5);		/* State changes count, too */
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(reg_read(&b, INTX, CTRL), 0);
	config_write(&b, INTX, 0x43, 1, 0);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 1);
	assert_int_equal(ring_b(1, 0), 1);
	assert_int_equal(reg_read(&b, INTX, CTRL), 1);
}

static void one_shot_needs_a_delivery(void **state)
{
	(void)state;
	config_write(&b, INTX, 0x43, 1, 1);
	config_write(&b, INTX, 0x04, 2, 0x0406);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(reg_read(&b, INTX, CTRL), 1);
	assert_int_equal(ring_b(1, 20), 0);
	assert_int_equal(reg_read(&b, INTX, CTRL), 1);
}

/*
 * A CPU is in the handler of the register page when another one moves or closes the window: what it does
 * there still counts, and it touches nothing that is gone.
 */
static void close_window(void)
{
	config_write(&a, INTX, 0x04, 2, 0);
}

static void move_window(void)
{
	config_write(&a, INTX, 0x10, 4, 0xfe000000);
	config_write(&a, INTX, 0x04, 2, 0);
	config_write(&a, INTX, 0x04, 2, 0x0006);
}

static void window_back(void)
{
	config_write(&a, INTX, 0x04, 2, 0);
	fixture_enable(&a, INTX);
}

static void window_changes_under_the_handler(void **state)
{
	static void (*const changes[])(void) = { close_window, move_window };
	uint64_t value;

	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t n = 0; n < ARRAY_SIZE(changes); n++) {
		host_clear_raised();
		host_on_lock(changes[n]);
		reg_write(&a, INTX, BELL, RING(1, 0));
		assert_int_equal(host_raised(SPI_B), 1);
		assert_int_equal(fixture_read_result(&a, FIXTURE_BAR0, 4, &value), MMIO_NO_WINDOW);
		window_back();

		host_on_lock(changes[n]);
		reg_write(&a, INTX, STATE, 7 + n);
		assert_int_equal(host_raised(SPI_B), 2);
		assert_int_equal(fixture_state_entry(0), 7 + n);
		window_back();

		host_on_lock(changes[n]);
		reg_write(&a, INTX, CTRL, 1);
		window_back();
		assert_int_equal(reg_read(&a, INTX, CTRL), 1);
		reg_write(&a, INTX, CTRL, 0);

		host_on_lock(changes[n]);
		assert_int_equal(reg_read(&a, INTX, CTRL), 0);
		window_back();
	}
}

/* The target is reset while a doorbell is on its way: before the target's lock is taken, or after it. */
static void reset_b(void)
{
	vpci_reset(&b.cell);
}

static void doorbell_while_the_target_is_reset(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	host_on_lock(reset_b);
	reg_write(&a, INTX, BELL, RING(1, 0));
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 1);

	fixture_enable(&b, INTX);
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, BELL, RING(1, 0));
	vpci_reset(&b.cell);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void events_add_up(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t n = 0; n < 100; n++) {
		reg_write(&a, INTX, BELL, RING(n % 5, n % 18));
		reg_write(&b, INTX, STATE, n / 3);
		config_write(&b, INTX, 0x05, 1, n & 4);
		assert_int_equal(fixture_unaccounted(INTX), 0);
	}
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DELIVERED), host_raised(SPI_B));
	assert_true(host_raised(SPI_B) > 0 && fixture_count(&b, INTX, LINK_COUNTER_MASKED) > 0 &&
		    fixture_count(&a, INTX, LINK_COUNTER_MERGED) > 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(constants), TEST(control_has_one_bit), TEST(only_aligned_dwords_count),
		TEST(doorbell_reaches_the_enabled_peer),
		TEST(doorbell_to_oneself), TEST(doorbell_to_nobody), TEST(intx_line_rings_for_any_vector),
		TEST(intx_disable_masks), TEST(intx_of_somebody_else_never_rings),
		TEST(one_shot_disables_on_delivery), TEST(one_shot_needs_a_delivery),
		TEST(window_changes_under_the_handler), TEST(doorbell_while_the_target_is_reset),
		TEST(events_add_up),
	};

	return cmocka_run_group_tests_name("ivshmem_registers", tests, NULL, NULL);
}
