/* SPDX-License-Identifier: BSD-2-Clause */
/* State: who is told, at once or later, and what reset, failure and leaving do to it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "host.h"
#include "ivshmem_pair.h"

static void state_is_stored_and_announced(void **state)
{
	(void)state;
	reg_write(&a, INTX, CTRL, 1);
	reg_write(&b, INTX, CTRL, 1);
	host_clear_raised();
	reg_write(&a, INTX, STATE, 0xdeadbeef);
	assert_int_equal(reg_read(&a, INTX, STATE), 0xdeadbeef);
	assert_int_equal(reg_read(&b, INTX, STATE), 0);
	assert_int_equal(fixture_state_entry(0), 0xdeadbeef);
	assert_int_equal(fixture_state_entry(1), 0);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(host_raised_total(), 1);

	/* no change, no interrupt; but the entry is written again */
	host_fill(HOST_RAM_BASE, 4, 0);
	reg_write(&a, INTX, STATE, 0xdeadbeef);
	assert_int_equal(host_raised_total(), 1);
	assert_int_equal(fixture_state_entry(0), 0xdeadbeef);

	reg_write(&b, INTX, STATE, 1);
	assert_int_equal(fixture_state_entry(1), 1);
	assert_int_equal(host_raised(SPI_A), 1);
	reg_write(&a, INTX, STATE, 0);
	assert_int_equal(fixture_state_entry(0), 0);
	assert_int_equal(host_raised(SPI_B), 2);
}

static uint32_t entry_at_interrupt, locks_at_interrupt;

static void look_at_table(uint32_t intid)
{
	(void)intid;
	entry_at_interrupt = fixture_state_entry(0);
	locks_at_interrupt = host_locks_held();
}

static void look_at_locks(uint32_t intid)
{
	(void)intid;
	assert_int_equal(host_locks_held(), 1);		/* a doorbell takes the target's lock only */
}

static void table_is_written_before_the_interrupt(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	host_on_raise(look_at_table);
	reg_write(&a, INTX, STATE, 42);
	assert_int_equal(entry_at_interrupt, 42);
	assert_int_equal(locks_at_interrupt, 1);	/* link: the target has published how */
	host_on_raise(look_at_locks);
	assert_int_equal(ring_b(1, 0), 1);
	host_on_raise(look_at_table);
	config_write(&b, INTX, 0x43, 1, 1);
	reg_write(&a, INTX, STATE, 43);
	assert_int_equal(entry_at_interrupt, 43);
	assert_int_equal(locks_at_interrupt, 2);	/* link, then the target */
	host_on_raise(NULL);
}

/* Both cells anew, the second with a device on which changes of State are as lossy as doorbells */
static void make_b_lossy(void)
{
	fixture_destroy(&b);
	fixture_init(&b, BASE_B);
	fixture_add(&b, INTX, 1, 2, 0)->msi_flags = CFG_SHMEM_LOSSY_STATE;
	fixture_add(&b, MSIX, 1, 2, VECTORS)->msi_flags = CFG_SHMEM_LOSSY_STATE;
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&b, INTX);
	fixture_enable(&b, MSIX);
}

static void lossy_state_change_while_disabled(void **state)
{
	(void)state;
	make_b_lossy();
	reg_write(&a, INTX, STATE, 1);
	reg_write(&a, INTX, STATE, 2);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), 2);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 2);
	assert_false(fixture_latched(&b, INTX));
	config_write(&b, INTX, 0x05, 1, 4);
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, STATE, 3);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MASKED), 1);
	config_write(&b, INTX, 0x05, 1, 0);
	assert_int_equal(host_raised_total(), 0);
	reg_write(&a, INTX, STATE, 4);
	assert_int_equal(host_raised(SPI_B), 1);
}

static void state_change_while_disabled_is_told_later(void **state)
{
	(void)state;
	reg_write(&a, INTX, STATE, 1);
	assert_true(fixture_latched(&b, INTX));
	reg_write(&a, INTX, STATE, 2);
	reg_write(&a, INTX, STATE, 2);
	assert_int_equal(ring_b(1, 0), 0);	/* a doorbell is not kept */
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_MERGED), 1);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 1);
	assert_int_equal(host_raised_total(), 0);
	reg_write(&b, INTX, CTRL, 0);
	assert_int_equal(host_raised_total(), 0);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised(SPI_B), 1);	/* one, for both changes */
	assert_int_equal(host_raised_total(), 1);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DELIVERED), 1);
	assert_false(fixture_latched(&b, INTX));
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised_total(), 1);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void state_change_while_masked_is_told_later(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	config_write(&b, INTX, 0x05, 1, 4);	/* INTx disable */
	reg_write(&a, INTX, STATE, 1);
	assert_int_equal(host_raised_total(), 0);
	config_write(&b, INTX, 0x05, 1, 0);
	assert_int_equal(host_raised(SPI_B), 1);

	host_own_spi(&b.cell, SPI_B, false);
	vpci_reroute(&b.cell);
	reg_write(&a, INTX, STATE, 2);
	vpci_reroute(&b.cell);
	assert_int_equal(host_raised(SPI_B), 1);
	host_own_spi(&b.cell, SPI_B, true);
	vpci_reroute(&b.cell);
	assert_int_equal(host_raised(SPI_B), 2);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void latched_change_is_one_shot(void **state)
{
	(void)state;
	config_write(&b, INTX, 0x43, 1, 1);
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, STATE, 1);
	assert_int_equal(host_raised(SPI_B), 1);
	/* the receiver works on the first one, when the second comes: it is not missed */
	reg_write(&a, INTX, STATE, 2);
	assert_int_equal(host_raised(SPI_B), 1);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised(SPI_B), 2);
	assert_int_equal(reg_read(&b, INTX, CTRL), 0);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(reg_read(&b, INTX, CTRL), 1);
	assert_int_equal(host_raised(SPI_B), 2);
}

static void reset_forgets_what_is_latched(void **state)
{
	(void)state;
	reg_write(&a, INTX, STATE, 1);
	vpci_reset(&b.cell);
	assert_false(fixture_latched(&b, INTX));
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_INACTIVE), 1);
	fixture_enable(&b, INTX);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(fixture_unaccounted(INTX), 0);

	/* and so does leaving: who comes next is told nothing of it, but the link still knows what it did */
	reg_write(&b, INTX, CTRL, 0);
	reg_write(&a, INTX, STATE, 2);
	fixture_destroy(&b);
	assert_int_equal(fixture_unaccounted(INTX), 0);
	make_cell(&b, BASE_B, 1);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_INACTIVE), 2);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(host_raised_total(), 0);
}

static void write_the_same_first(void)
{
	reg_write(&a, INTX, STATE, 5);
}

/* Two CPUs of a cell change State to the same value: one of them has to wait for the lock, and there is nothing left to tell. */
static void state_is_changed_twice_to_the_same(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	host_clear_raised();
	host_on_lock(write_the_same_first);
	reg_write(&a, INTX, STATE, 5);
	assert_int_equal(reg_read(&a, INTX, STATE), 5);
	assert_int_equal(fixture_state_entry(0), 5);
	assert_int_equal(host_raised(SPI_B), 1);
}

static uint8_t *page_of_table;

/* The store of an entry is not taken: before it is done again, another CPU of the cell has changed State. */
static void change_at_the_store(int number)
{
	(void)number;
	mprotect(page_of_table, PAGE_SIZE, PROT_READ | PROT_WRITE);
	reg_write(&a, INTX, STATE, 6);
}

static void state_changes_while_the_same_is_written(void **state)
{
	const volatile uint32_t *table = ivshmem_link_of(fixture_endpoint(&a, INTX))->table;
	struct sigaction old, new = { .sa_handler = change_at_the_store };

	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, STATE, 5);
	host_clear_raised();
	page_of_table = (uint8_t *)((uintptr_t)table & ~(uintptr_t)(PAGE_SIZE - 1));
	sigaction(SIGSEGV, &new, &old);
	mprotect(page_of_table, PAGE_SIZE, PROT_READ);
	reg_write(&a, INTX, STATE, 5);
	sigaction(SIGSEGV, &old, NULL);
	/* 6, then 5 again: both were told, and the entry is what the register says */
	assert_int_equal(host_raised(SPI_B), 2);
	assert_int_equal(reg_read(&a, INTX, STATE), 5);
	assert_int_equal(fixture_state_entry(0), 5);
}

/* Between the reset of a leaving peer's registers and its end, another one changes its State. */
static void change_state_of_a(void)
{
	reg_write(&a, INTX, STATE, reg_read(&a, INTX, STATE) + 1);
}

static uint32_t locks_until_change;

static void change_at_a_later_lock(void)
{
	if (--locks_until_change == 0)
		change_state_of_a();
	else
		host_on_lock(change_at_a_later_lock);
}

static void change_of_state_while_a_peer_leaves(void **state)
{
	(void)state;
	/* at each of the locks that leaving takes; not the link's, as its own State is 0 */
	for (uint32_t nth = 1; nth <= 2; nth++) {
		uint64_t sent = fixture_count(&a, INTX, LINK_COUNTER_SENT);

		locks_until_change = nth;
		host_on_lock(change_at_a_later_lock);
		ivshmem_detach(fixture_endpoint(&b, INTX));
		assert_int_equal(locks_until_change, 0);
		assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_SENT), sent + 1);
		assert_int_equal(fixture_unaccounted(INTX), 0);
		ivshmem_detach(fixture_endpoint(&b, MSIX));
		b.cell.num_functions = 0;
		make_cell(&b, BASE_B, 1);
		assert_false(fixture_latched(&b, INTX));
	}
}

static void reset_of_a_peer(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, CTRL, 1);
	vpci_reset(&a.cell);
	assert_int_equal(host_raised_total(), 0);	/* State was 0 */

	fixture_enable(&a, INTX);
	assert_int_equal(reg_read(&a, INTX, CTRL), 0);
	reg_write(&a, INTX, STATE, 3);
	host_clear_raised();
	vpci_reset(&a.cell);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(fixture_state_entry(0), 0);
	fixture_enable(&a, INTX);
	assert_int_equal(reg_read(&a, INTX, STATE), 0);
}

static void reset_peer_gets_no_interrupts(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	vpci_reset(&b.cell);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_count(&b, INTX, LINK_COUNTER_DISABLED), 1);
}

static void stopped_cell_leaves_state_zero(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, STATE, 3);
	config_write(&a, INTX, 0x43, 1, 1);
	host_clear_raised();
	ivshmem_cell_stopped(&a.cell);
	assert_int_equal(fixture_state_entry(0), 0);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(config_read(&a, INTX, 0x43, 1), 1);	/* no further reset */
	ivshmem_cell_stopped(&a.cell);
	assert_int_equal(host_raised(SPI_B), 1);
}

static void destroyed_peer(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, CTRL, 1);
	reg_write(&b, INTX, STATE, 7);
	host_clear_raised();
	fixture_destroy(&b);
	assert_int_equal(host_raised(SPI_A), 1);
	assert_int_equal(fixture_state_entry(1), 0);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_count(&a, INTX, LINK_COUNTER_INACTIVE), 1);
	/* and it can come back */
	make_cell(&b, BASE_B, 1);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, pair_setup, pair_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state_is_stored_and_announced), TEST(table_is_written_before_the_interrupt),
		TEST(lossy_state_change_while_disabled), TEST(state_change_while_disabled_is_told_later),
		TEST(state_change_while_masked_is_told_later), TEST(latched_change_is_one_shot),
		TEST(reset_forgets_what_is_latched), TEST(state_is_changed_twice_to_the_same),
		TEST(state_changes_while_the_same_is_written), TEST(change_of_state_while_a_peer_leaves),
		TEST(reset_of_a_peer), TEST(reset_peer_gets_no_interrupts),
		TEST(stopped_cell_leaves_state_zero), TEST(destroyed_peer),
	};

	return cmocka_run_group_tests_name("ivshmem_state", tests, NULL, NULL);
}
