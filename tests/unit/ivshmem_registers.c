/* SPDX-License-Identifier: BSD-2-Clause */
/* Register page: who sees what, and which events become interrupts. Two cells, two links. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fixture.h"
#include "host.h"

#define INTX	BDF(0, 0, 0)	/* pin 1, state table at HOST_RAM_BASE */
#define MSIX	BDF(0, 1, 0)
#define BASE_A	0		/* vpci_irq_base of the cells */
#define BASE_B	20
#define SPI_A	(32 + BASE_A)
#define SPI_B	(32 + BASE_B)
#define VECTORS	4

#define ID	IVSHMEM_REG_ID
#define PEERS	IVSHMEM_REG_MAX_PEERS
#define CTRL	IVSHMEM_REG_INT_CTRL
#define BELL	IVSHMEM_REG_DOORBELL
#define STATE	IVSHMEM_REG_STATE

#define RING(peer, vector)	((uint32_t)(peer) << 16 | (vector))

static struct fixture_cell a, b;

static void make_cell(struct fixture_cell *c, uint32_t irq_base, uint8_t id)
{
	fixture_init(c, irq_base);
	fixture_add(c, INTX, id, 2, 0);
	fixture_add(c, MSIX, id, 2, VECTORS);
	for (uint32_t n = 0; n < VECTORS; n++)
		host_own_spi(&c->cell, 100 + 10 * id + n, true);
	assert_int_equal(fixture_create(c), 0);
	fixture_enable(c, INTX);
	fixture_enable(c, MSIX);
}

static int setup(void **state)
{
	(void)state;
	host_reset();
	host_fill(HOST_RAM_BASE, HOST_RAM_SIZE, 0xee);
	make_cell(&a, BASE_A, 0);
	make_cell(&b, BASE_B, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&a);
	fixture_destroy(&b);
	return 0;
}

/* Doorbell of a; how many interrupts B got on the line */
static uint32_t ring_b(uint32_t peer, uint32_t vector)
{
	host_clear_raised();
	reg_write(&a, INTX, BELL, RING(peer, vector));
	assert_int_equal(host_raised_total(), host_raised(SPI_B));
	return host_raised(SPI_B);
}

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

static void table_is_zeroed_by_the_first_peer(void **state)
{
	(void)state;
	assert_int_equal(fixture_state_entry(0), 0);
	assert_int_equal(fixture_state_entry(1), 0);
	assert_int_equal(fixture_state_entry(2), 0xeeeeeeee);	/* the rest of the page is left alone */
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
	assert_int_equal(fixture_stats(&a, INTX).delivered, 1);
}

static void doorbell_to_nobody(void **state)
{
	struct ivshmem_stats stats;

	(void)state;
	reg_write(&a, INTX, CTRL, 1);
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t peer = 2; peer <= 0xffff; peer++)
		assert_int_equal(ring_b(peer, 0), 0);
	stats = fixture_stats(&a, INTX);
	assert_int_equal(stats.sent, 0xffff - 1);
	assert_int_equal(stats.dropped[IVSHMEM_DROP_NO_PEER], 0xffff - 1);
}

static void intx_line_rings_for_any_vector(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t vector = 0; vector < 16; vector++)
		assert_int_equal(ring_b(1, vector), 1);
	assert_int_equal(ring_b(1, 16), 0);
	assert_int_equal(ring_b(1, 0xffff), 0);
	assert_int_equal(fixture_stats(&a, INTX).dropped[IVSHMEM_DROP_NO_VECTOR], 2);
}

static void intx_disable_masks(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	config_write(&b, INTX, 0x04, 2, 0x0406);
	assert_int_equal(ring_b(1, 0), 0);
	assert_int_equal(fixture_stats(&b, INTX).dropped[IVSHMEM_DROP_MASKED], 1);
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
	assert_int_equal(fixture_stats(&b, INTX).dropped[IVSHMEM_DROP_MASKED], 1);
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

static uint32_t entry_at_interrupt;

static void look_at_table(uint32_t intid)
{
	(void)intid;
	entry_at_interrupt = fixture_state_entry(0);
	assert_int_equal(host_locks_held(), 2);		/* link, then the target */
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
	host_on_raise(look_at_locks);
	assert_int_equal(ring_b(1, 0), 1);
	host_on_raise(NULL);
}

static void state_change_while_disabled_is_counted(void **state)
{
	struct ivshmem_stats from, to;

	(void)state;
	reg_write(&a, INTX, STATE, 1);
	reg_write(&a, INTX, STATE, 2);
	from = fixture_stats(&a, INTX);
	to = fixture_stats(&b, INTX);
	assert_int_equal(from.sent, 2);
	assert_int_equal(to.delivered, 0);
	assert_int_equal(to.dropped[IVSHMEM_DROP_DISABLED], 2);
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
	assert_int_equal(fixture_stats(&b, INTX).dropped[IVSHMEM_DROP_DISABLED], 1);
}

static void failed_cell_leaves_state_zero(void **state)
{
	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, STATE, 3);
	config_write(&a, INTX, 0x43, 1, 1);
	host_clear_raised();
	ivshmem_cell_failed(&a.cell);
	assert_int_equal(fixture_state_entry(0), 0);
	assert_int_equal(host_raised(SPI_B), 1);
	assert_int_equal(config_read(&a, INTX, 0x43, 1), 1);	/* no further reset */
	ivshmem_cell_failed(&a.cell);
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
	assert_int_equal(fixture_stats(&a, INTX).dropped[IVSHMEM_DROP_INACTIVE], 1);
	/* and it can come back */
	make_cell(&b, BASE_B, 1);
	reg_write(&b, INTX, CTRL, 1);
	assert_int_equal(ring_b(1, 0), 1);
}

/* --- MSI-X --- */

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
	assert_int_equal(ring_msix(0xffff), 0);
	assert_int_equal(fixture_stats(&a, MSIX).dropped[IVSHMEM_DROP_NO_VECTOR], 2);
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
	assert_int_equal(fixture_stats(&b, MSIX).dropped[IVSHMEM_DROP_NO_VECTOR], 2);
	assert_int_equal(fixture_stats(&a, MSIX).dropped[IVSHMEM_DROP_NO_VECTOR], 0);

	/* from an INTx device to one with a single vector */
	fixture_enable(&b, INTX);
	reg_write(&b, INTX, CTRL, 1);
	reg_write(&a, INTX, BELL, RING(1, 1));
	assert_int_equal(fixture_stats(&b, INTX).dropped[IVSHMEM_DROP_NO_VECTOR], 1);
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
	msix_write(&b, MSIX, 16 + 12, 0);
	assert_int_equal(ring_msix(1), 1);
	config_write(&b, MSIX, 0x04, 2, 0x0002);	/* Bus Master */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x04, 2, 0x0402);	/* INTx disable is not its business */
	assert_int_equal(ring_msix(1), 0);
	config_write(&b, MSIX, 0x04, 2, 0x0406);
	assert_int_equal(ring_msix(1), 1);
	assert_int_equal(fixture_stats(&b, MSIX).dropped[IVSHMEM_DROP_MASKED], 5);
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

static void events_add_up(void **state)
{
	struct ivshmem_stats sa, sb;
	uint64_t sent, seen;

	(void)state;
	reg_write(&b, INTX, CTRL, 1);
	for (uint32_t n = 0; n < 100; n++) {
		reg_write(&a, INTX, BELL, RING(n % 5, n % 18));
		reg_write(&b, INTX, STATE, n / 3);
		config_write(&b, INTX, 0x05, 1, n & 4);
	}
	sa = fixture_stats(&a, INTX);
	sb = fixture_stats(&b, INTX);
	sent = sa.sent + sb.sent;
	seen = sa.delivered + sb.delivered;
	for (uint32_t n = 0; n < IVSHMEM_NUM_DROPS; n++)
		seen += sa.dropped[n] + sb.dropped[n];
	assert_int_equal(sent, seen);
	assert_int_equal(sb.delivered, host_raised(SPI_B));
	assert_true(sb.delivered > 0 && sb.dropped[IVSHMEM_DROP_MASKED] > 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(constants), TEST(control_has_one_bit), TEST(only_aligned_dwords_count),
		TEST(table_is_zeroed_by_the_first_peer), TEST(doorbell_reaches_the_enabled_peer),
		TEST(doorbell_to_oneself), TEST(doorbell_to_nobody), TEST(intx_line_rings_for_any_vector),
		TEST(intx_disable_masks), TEST(intx_of_somebody_else_never_rings),
		TEST(one_shot_disables_on_delivery), TEST(one_shot_needs_a_delivery),
		TEST(state_is_stored_and_announced), TEST(table_is_written_before_the_interrupt),
		TEST(state_change_while_disabled_is_counted), TEST(reset_of_a_peer),
		TEST(reset_peer_gets_no_interrupts), TEST(failed_cell_leaves_state_zero),
		TEST(destroyed_peer), TEST(msix_table_is_storage), TEST(msix_access_sizes),
		TEST(msix_vectors_are_told_apart), TEST(vectors_of_the_target_count),
		TEST(every_msix_condition_masks),
		TEST(msix_to_foreign_interrupts_stays_silent), TEST(events_add_up),
	};

	return cmocka_run_group_tests_name("ivshmem_registers", tests, NULL, NULL);
}
