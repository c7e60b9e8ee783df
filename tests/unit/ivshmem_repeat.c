/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUs do again without asking the device: it is the same as if they had asked, until something changes that it depends on.
 * host_repeated() tells whether they have asked.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "host.h"
#include "ivshmem_pair.h"

#define TO_B	1u

/* How many of two equal accesses were repeated by themselves; the first one may have to be asked for. */
static uint32_t repeated_rings(uint16_t bdf, uint32_t vector)
{
	uint64_t before = host_repeated();

	reg_write(&a, bdf, BELL, RING(TO_B, vector));
	reg_write(&a, bdf, BELL, RING(TO_B, vector));
	return (uint32_t)(host_repeated() - before);
}

static void both_listen(void)
{
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t n = 0; n < VECTORS; n++)
		msix_program(&b, MSIX, n, 110 + n);
	config_write(&b, MSIX, 0x62, 2, 0x8000);
	reg_write(&b, MSIX, CTRL, 1);
}

static int setup(void **state)
{
	int error = pair_setup(state);

	both_listen();
	return error;
}

static void doorbells_are_repeated_and_counted(void **state)
{
	(void)state;
	assert_int_equal(repeated_rings(INTX, 0), 1);
	assert_int_equal(repeated_rings(INTX, 0), 2);
	assert_int_equal(host_raised(SPI_B), 4);
	assert_int_equal(repeated_rings(MSIX, 2), 1);
	assert_int_equal(host_raised(112), 2);
	assert_int_equal(host_raised_total(), 6);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 4);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DELIVERED), 4);
	assert_int_equal(fixture_count(&a, MSIX, LINK_COUNTER_SENT), 2);
	assert_int_equal(fixture_count(&b, MSIX, LINK_COUNTER_DELIVERED), 2);
	assert_int_equal(fixture_unaccounted(INTX) | fixture_unaccounted(MSIX), 0);
	/* more than there are records: the oldest is counted, and written anew */
	for (uint32_t n = 0; n < 3 * VECTORS; n++)
		reg_write(&a, MSIX, BELL, RING(TO_B, n % VECTORS));
	reg_write(&a, INTX, BELL, RING(TO_B, 0));
	assert_int_equal(fixture_count(&a, MSIX, LINK_COUNTER_SENT), 2 + 3 * VECTORS);
	assert_int_equal(fixture_count(&b, MSIX, LINK_COUNTER_DELIVERED), 2 + 3 * VECTORS);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 5);
	assert_int_equal(host_raised_total(), 7 + 3 * VECTORS);
}

static void interrupts_are_switched_off(void **state)
{
	(void)state;
	assert_int_equal(repeated_rings(INTX, 0), 1);
	reg_write(&b, INTX, CTRL, 0);
	host_clear_raised();
	assert_int_equal(repeated_rings(INTX, 0), 0);
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 2);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 4);
	assert_int_equal(fixture_unaccounted(INTX), 0);
	/* and on again: what was written down is still true */
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(repeated_rings(INTX, 0), 2);
	assert_int_equal(host_raised(SPI_B), 2);
}

static void one_shot(void **state)
{
	(void)state;
	assert_int_equal(repeated_rings(INTX, 0), 1);
	config_write(&b, INTX, 0x43, 1, 1);
	host_clear_raised();
	assert_int_equal(repeated_rings(INTX, 0), 0);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(reg_read(&b, INTX, CTRL), 0);
	/* not while it is only that it may be: with interrupts on again */
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(repeated_rings(INTX, 0), 0);
	config_write(&b, INTX, 0x43, 1, 0);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(repeated_rings(INTX, 0), 2);
	assert_int_equal(host_raised(SPI_B), 4);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void closed(void (*close)(void), uint16_t bdf)
{
	assert_in_range(repeated_rings(bdf, 0), 1, 2);
	close();
	host_clear_raised();
	assert_int_equal(repeated_rings(bdf, 0), 0);
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(fixture_unaccounted(bdf), 0);
}

static void intx_off(void)
{
	config_write(&b, INTX, 0x04, 2, 0x406);
}

static void vector_masked(void)
{
	msix_write(&b, MSIX, 12, 1);
}

static void all_masked(void)
{
	config_write(&b, MSIX, 0x62, 2, 0xc000);
}

static void master_off(void)
{
	config_write(&b, MSIX, 0x04, 2, 0x0002);
}

static void interrupt_is_not_owned(void)
{
	host_own_spi(&b.cell, 110, false);
	vpci_reroute(&b.cell);
}

static void reset(void)
{
	vpci_reset(&b.cell);
}

static void whatever_takes_the_route_away(void **state)
{
	(void)state;
	closed(intx_off, INTX);
	closed(vector_masked, MSIX);
	both_listen();
	closed(all_masked, MSIX);
	both_listen();
	closed(master_off, MSIX);
	config_write(&b, MSIX, 0x04, 2, 0x0006);
	closed(interrupt_is_not_owned, MSIX);
	host_own_spi(&b.cell, 110, true);
	vpci_reroute(&b.cell);
	closed(reset, MSIX);
}

static void another_interrupt(void **state)
{
	(void)state;
	assert_int_equal(repeated_rings(MSIX, 1), 1);
	msix_write(&b, MSIX, 16 + 8, 113);
	host_clear_raised();
	assert_int_equal(repeated_rings(MSIX, 1), 2);
	assert_int_equal(host_raised(113), 2);
	assert_int_equal(host_raised_total(), 2);
}

/* In this place, number 1 was the line of INTx, and is a vector of its own then. */
static void the_peer_is_another_one(void **state)
{
	(void)state;
	reg_write(&a, INTX, BELL, RING(TO_B, 0));
	assert_int_equal(repeated_rings(INTX, 1), 0);
	assert_int_equal(host_raised(SPI_B), 3);
	fixture_destroy(&b);
	assert_int_equal(repeated_rings(INTX, 0), 0);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_INACTIVE), 2);
	b.devices[0].num_msix_vectors = 2;
	b.devices[0].bar_mask[1] = 0xfffff000;
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&b, INTX);
	msix_program(&b, INTX, 0, 110);
	msix_program(&b, INTX, 1, 111);
	config_write(&b, INTX, 0x62, 2, 0x8000);
	reg_write(&b, INTX, CTRL, 1);
	host_clear_raised();
	reg_write(&a, INTX, BELL, RING(TO_B, 0));
	assert_int_equal(repeated_rings(INTX, 1), 1);
	assert_int_equal(host_raised(110), 1);
	assert_int_equal(host_raised(111), 2);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

/* The register page goes where the cell wants it. */
static void the_page_moves(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(repeated_rings(INTX, 0), 1);
	assert_int_equal(reg_read(&a, INTX, ID), 0);
	assert_int_equal(reg_read(&a, INTX, PEERS), 2);
	host_clear_raised();
	config_write(&a, INTX, 0x04, 2, 0x0004);
	assert_int_equal(fixture_read_result(&a, FIXTURE_BAR0 + PEERS, 4, &value), MMIO_NO_WINDOW);
	assert_int_equal(fixture_write_result(&a, FIXTURE_BAR0 + BELL, 4, RING(TO_B, 0)), MMIO_NO_WINDOW);
	assert_int_equal(host_raised_total(), 0);
	config_write(&a, INTX, 0x10, 4, FIXTURE_BAR0 + 0x5000);
	config_write(&a, INTX, 0x04, 2, 0x0006);
	assert_int_equal(fixture_read_result(&a, FIXTURE_BAR0 + PEERS, 4, &value), MMIO_NO_WINDOW);
	assert_int_equal(fixture_read(&a, FIXTURE_BAR0 + 0x5000 + PEERS, 4), 2);
}

static void registers_are_what_they_are_now(void **state)
{
	uint64_t before = host_repeated();

	(void)state;
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(reg_read(&b, INTX, STATE), n);
		assert_int_equal(reg_read(&b, INTX, CTRL), n != 1);
		reg_write(&b, INTX, STATE, n + 1);
		reg_write(&b, INTX, CTRL, n + 1 != 1);
	}
	assert_int_equal(reg_read(&b, INTX, STATE), 3);
	assert_true(host_repeated() - before >= 4);
}

/* By a function that is written down: State and Interrupt Control, whatever the value is */
static void registers_are_written_again(void **state)
{
	uint64_t before = host_repeated();

	(void)state;
	host_clear_raised();
	for (uint32_t n = 1; n <= 3; n++) {
		reg_write(&a, INTX, STATE, n);
		assert_int_equal(fixture_state_entry(0), n);
		reg_write(&a, INTX, STATE, n);
		assert_int_equal(host_raised(SPI_B), n);
	}
	assert_int_equal(host_repeated() - before, 5);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 3);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DELIVERED), 3);
	for (uint32_t n = 1; n <= 3; n++) {
		reg_write(&b, INTX, CTRL, 0);
		reg_write(&a, INTX, STATE, 2 * n);
		reg_write(&a, INTX, STATE, 2 * n + 1);
		assert_int_equal(host_raised(SPI_B), 3 + n - 1);
		assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MERGED), n);
		reg_write(&b, INTX, CTRL, 1);
		assert_int_equal(host_raised(SPI_B), 3 + n);
	}
	assert_int_equal(fixture_unaccounted(INTX), 0);
	/* not where the page is no more */
	config_write(&a, INTX, 0x04, 2, 0x0004);
	assert_int_equal(fixture_write_result(&a, FIXTURE_BAR0 + STATE, 4, 1), MMIO_NO_WINDOW);
	assert_int_equal(fixture_state_entry(0), 7);
}

static void configuration_space_is_what_it_is_now(void **state)
{
	uint64_t before = host_repeated();

	(void)state;
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(config_read(&a, INTX, 0x00, 4), 0x4106110a);
		assert_int_equal(config_read(&a, INTX, 0x02, 2), 0x4106);
		config_write(&a, INTX, 0x10, 4, 0x1000 * n);
		assert_int_equal(config_read(&a, INTX, 0x10, 4), 0x1000 * n);
	}
	assert_true(host_repeated() - before >= 4);
}

static void what_has_no_counters(void **state)
{
	uint32_t endpoint = fixture_endpoint(&a, INTX);
	const struct ivshmem_endpoint *own = ivshmem_endpoint_at(endpoint), *other = &own->link->endpoints[1];
	uint64_t *sent = NULL, *delivered = NULL;

	(void)state;
	assert_int_equal(endpoint % IVSHMEM_MAX_PEERS, 0);
	assert_true(ivshmem_will_ring(endpoint, RING(1, 15), 3, &sent, &delivered));
	assert_int_equal(own->ringing.bits[0], 1 << 3);
	assert_int_equal(other->ringers.cpus.bits[0], 1 << 3);
	assert_int_equal(own->ringers.cpus.bits[0] | other->ringing.bits[0], 0);
	assert_non_null(sent);
	assert_non_null(delivered);
	assert_ptr_not_equal(sent, delivered);
	assert_false(ivshmem_will_ring(endpoint, RING(2, 0), 3, &sent, &delivered));
	assert_false(ivshmem_will_ring(endpoint, RING(1, 16), 3, &sent, &delivered));
	assert_false(ivshmem_will_ring(endpoint, UINT32_MAX, 3, &sent, &delivered));
	assert_false(ivshmem_will_ring(endpoint, RING(2, 0), 4, &sent, &delivered));
	assert_int_equal(own->ringing.bits[0], 1 << 3);
	assert_null(ivshmem_config_word(endpoint, 0x80));
	assert_null(ivshmem_config_word(endpoint, 0x04));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(doorbells_are_repeated_and_counted), TEST(interrupts_are_switched_off), TEST(one_shot),
		TEST(whatever_takes_the_route_away), TEST(another_interrupt), TEST(the_peer_is_another_one),
		TEST(the_page_moves), TEST(registers_are_what_they_are_now), TEST(configuration_space_is_what_it_is_now),
		TEST(registers_are_written_again), TEST(what_has_no_counters),
	};

	return cmocka_run_group_tests_name("ivshmem_repeat", tests, NULL, NULL);
}
