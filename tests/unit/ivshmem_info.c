/* SPDX-License-Identifier: BSD-2-Clause */
/* What HC_LINK_INFO tells about links and peers. Cells A and B share two links, A and D a third one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "bulkhead/hypercall.h"
#include "errors.h"
#include "fixture.h"
#include "host.h"

#define INTX	BDF(0, 0, 0)	/* A is peer 0, B peer 2 of 4 */
#define MSIX	BDF(0, 3, 0)	/* A is peer 0, B peer 1 of 2 */
#define LAST	BDF(1, 31, 7)	/* A is peer 0, D peer 1 of 2 */
#define VECTORS	4
#define SPI_B	52		/* INTx of B */

#define CTRL	IVSHMEM_REG_INT_CTRL
#define BELL	IVSHMEM_REG_DOORBELL
#define STATE	IVSHMEM_REG_STATE
#define COMMAND	0x04
#define MSIX_CONTROL	0x62
#define PRIVATE_CONTROL	0x43	/* in the vendor capability */

static struct fixture_cell a, b, d;

static void make_cell(struct fixture_cell *c, uint16_t id, uint32_t irq_base)
{
	fixture_init(c, irq_base);
	c->cell.id = id;
	for (uint32_t n = 0; n < VECTORS; n++)
		host_own_spi(&c->cell, 100 + 10 * id + n, true);
}

static int setup(void **state)
{
	(void)state;
	host_reset();
	make_cell(&a, 0, 0);
	make_cell(&b, 7, 20);
	make_cell(&d, 3, 40);
	/* not in the order of their numbers */
	fixture_add(&a, LAST, 0, 2, 0)->shmem_protocol = 0x4001;
	fixture_add(&a, INTX, 0, 4, 0)->shmem_protocol = 0x0001;
	fixture_add(&a, MSIX, 0, 2, VECTORS)->shmem_protocol = 0x8003;
	fixture_add(&b, INTX, 2, 4, 0)->shmem_protocol = 0xc003;
	fixture_add(&b, MSIX, 1, 2, VECTORS)->shmem_protocol = 0xffff;
	fixture_add(&d, LAST, 1, 2, 0);
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(fixture_create(&b), 0);
	assert_int_equal(fixture_create(&d), 0);
	fixture_enable(&a, INTX);
	fixture_enable(&a, MSIX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&a);
	fixture_destroy(&b);
	fixture_destroy(&d);
	assert_int_equal(host_locks_held(), 0);
	return 0;
}

static int64_t next(uint32_t bdf)
{
	return ivshmem_link_info(bdf, 0, LINK_INFO_NEXT);
}

static void links_are_found_in_order(void **state)
{
	(void)state;
	assert_int_equal(next(0), INTX);
	assert_int_equal(next(INTX + 1), MSIX);
	assert_int_equal(next(MSIX), MSIX);
	assert_int_equal(next(MSIX + 1), LAST);
	assert_int_equal(next(LAST), LAST);
	assert_int_equal(next(LAST + 1), -ENOENT);
	assert_int_equal(next(0xffff), -ENOENT);
	assert_int_equal(next(0x10000), -ENOENT);
	assert_int_equal(next(0x10000 | INTX), -ENOENT);
	assert_int_equal(next(UINT32_MAX), -ENOENT);
	assert_int_equal(ivshmem_link_info(0, UINT32_MAX, LINK_INFO_NEXT), INTX);
	/* one end is enough for a link, and the last one takes it away */
	fixture_destroy(&a);
	assert_int_equal(next(MSIX + 1), LAST);
	fixture_destroy(&d);
	assert_int_equal(next(MSIX + 1), -ENOENT);
	fixture_destroy(&b);
	assert_int_equal(next(0), -ENOENT);
}

static void peer_ids_are_counted(void **state)
{
	(void)state;
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_PEERS), 4);
	assert_int_equal(ivshmem_link_info(INTX, UINT32_MAX, LINK_INFO_PEERS), 4);
	assert_int_equal(ivshmem_link_info(MSIX, 0, LINK_INFO_PEERS), 2);
	assert_int_equal(ivshmem_link_info(INTX + 1, 0, LINK_INFO_PEERS), -ENOENT);
	assert_int_equal(ivshmem_link_info(0x10000 | INTX, 0, LINK_INFO_PEERS), -ENOENT);
	assert_int_equal(ivshmem_link_info(UINT32_MAX, 0, LINK_INFO_PEERS), -ENOENT);
	fixture_destroy(&a);
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_PEERS), 4);
}

static void peers_are_described(void **state)
{
	(void)state;
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_CELL), 0);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_CELL), 7);
	assert_int_equal(ivshmem_link_info(LAST, 1, LINK_INFO_CELL), 3);
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_PROTOCOL), 0x0001);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_PROTOCOL), 0xc003);
	assert_int_equal(ivshmem_link_info(MSIX, 0, LINK_INFO_PROTOCOL), 0x8003);
	assert_int_equal(ivshmem_link_info(MSIX, 1, LINK_INFO_PROTOCOL), 0xffff);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_VECTORS), 0);
	assert_int_equal(ivshmem_link_info(MSIX, 1, LINK_INFO_VECTORS), VECTORS);
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_STATE), 0);
	reg_write(&a, INTX, STATE, UINT32_MAX);
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_STATE), UINT32_MAX);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_STATE), 0);
	assert_int_equal(ivshmem_link_info(MSIX, 0, LINK_INFO_STATE), 0);
}

static void absent_peers_have_counters_only(void **state)
{
	static const uint32_t beyond[] = { 4, 5, 0xffff, 0x10000, 0x10002, UINT32_MAX };

	(void)state;
	for (uint32_t item = LINK_INFO_CELL; item <= LINK_INFO_VECTORS; item++) {
		assert_true(ivshmem_link_info(INTX, 2, item) >= 0);
		assert_int_equal(ivshmem_link_info(INTX, 1, item), -ENOENT);
		assert_int_equal(ivshmem_link_info(INTX + 1, 0, item), -ENOENT);
		assert_int_equal(ivshmem_link_info(0x10000 | INTX, 0, item), -ENOENT);
	}
	for (uint32_t n = 0; n < LINK_NUM_COUNTERS; n++) {
		assert_int_equal(ivshmem_link_info(INTX, 1, LINK_INFO_COUNTER_BASE + n), 0);
		assert_int_equal(ivshmem_link_info(INTX + 1, 0, LINK_INFO_COUNTER_BASE + n), -ENOENT);
	}
	for (uint32_t n = 0; n < ARRAY_SIZE(beyond); n++) {
		assert_int_equal(ivshmem_link_info(INTX, beyond[n], LINK_INFO_CELL), -ENOENT);
		assert_int_equal(ivshmem_link_info(INTX, beyond[n], LINK_INFO_COUNTER_BASE), -ENOENT);
	}
	fixture_destroy(&b);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_CELL), -ENOENT);
	assert_true(ivshmem_link_info(INTX, 2, LINK_INFO_COUNTER_BASE) >= 0);
}

static void unknown_items(void **state)
{
	static const uint32_t unknown[] = {
		LINK_INFO_VECTORS + 1, 0x10, 0xff, LINK_INFO_COUNTER_BASE + LINK_NUM_COUNTERS, 0x1ff, 0x10000,
		LINK_INFO_VECTOR_COUNTER_BASE + LINK_COUNTER_MERGED, LINK_INFO_VECTOR_COUNTER_BASE + LINK_COUNTER_NO_PEER,
		LINK_INFO_VECTOR_COUNTER_BASE + 0xff, LINK_INFO_ROUTE_BASE + 16, LINK_INFO_ROUTE_BASE + 0x100, 0x10200, 0x10300,
		0x10100, INT32_MAX, 0x80000000, UINT32_MAX - 1, UINT32_MAX,
	};

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(unknown); n++) {
		assert_int_equal(ivshmem_link_info(INTX, 0, unknown[n]), -EINVAL);
		assert_int_equal(ivshmem_link_info(MSIX, 1, unknown[n]), -EINVAL);
	}
}

static int64_t flags_of_a(uint16_t bdf)
{
	return ivshmem_link_info(bdf, 0, LINK_INFO_FLAGS);
}

static void flags_of_an_intx_device(void **state)
{
	int64_t flags = LINK_FLAG_MEMORY | LINK_FLAG_MASTER | LINK_FLAG_ARMED;

	(void)state;
	/* Nothing was done to B: its line needs neither of the two bits. */
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_FLAGS), LINK_FLAG_ARMED);
	assert_int_equal(flags_of_a(INTX), flags);
	fixture_enable(&b, INTX);
	reg_write(&a, INTX, CTRL, IVSHMEM_INT_ENABLE);
	assert_int_equal(flags_of_a(INTX), flags | LINK_FLAG_ENABLED);
	config_write(&a, INTX, PRIVATE_CONTROL, 1, IVSHMEM_PRIV_ONESHOT);
	assert_int_equal(flags_of_a(INTX), flags | LINK_FLAG_ENABLED | LINK_FLAG_ONE_SHOT);
	reg_write(&a, INTX, BELL, 0);
	assert_int_equal(flags_of_a(INTX), flags | LINK_FLAG_ONE_SHOT);
	config_write(&a, INTX, COMMAND, 2, PCI_COMMAND_INTX_OFF);
	assert_int_equal(flags_of_a(INTX), LINK_FLAG_ONE_SHOT | LINK_FLAG_INTX_OFF);
	config_write(&a, INTX, COMMAND, 2, PCI_COMMAND_MASTER);
	assert_int_equal(flags_of_a(INTX), LINK_FLAG_ONE_SHOT | LINK_FLAG_MASTER | LINK_FLAG_ARMED);
	/* A's interrupts are off */
	reg_write(&b, INTX, STATE, 1);
	assert_int_equal(flags_of_a(INTX),
			 LINK_FLAG_ONE_SHOT | LINK_FLAG_MASTER | LINK_FLAG_ARMED | LINK_FLAG_LATCHED);
	vpci_reset(&a.cell);
	assert_int_equal(flags_of_a(INTX), LINK_FLAG_ARMED);
}

static void flags_of_an_msix_device(void **state)
{
	int64_t flags = LINK_FLAG_MEMORY | LINK_FLAG_MASTER;

	(void)state;
	assert_int_equal(flags_of_a(MSIX), flags);
	config_write(&a, MSIX, MSIX_CONTROL, 2, MSIX_CONTROL_ENABLE);
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX);
	/* other vectors do not count */
	msix_program(&a, MSIX, 1, 101);
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX);
	msix_program(&a, MSIX, 0, 111);		/* B's */
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX);
	msix_program(&a, MSIX, 0, 100);
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX | LINK_FLAG_ARMED);
	config_write(&a, MSIX, MSIX_CONTROL, 2, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX | LINK_FLAG_MSIX_MASKED);
	config_write(&a, MSIX, MSIX_CONTROL, 2, MSIX_CONTROL_MASK_ALL);
	assert_int_equal(flags_of_a(MSIX), flags | LINK_FLAG_MSIX_MASKED);
	/* B has seen nothing of all that */
	assert_int_equal(ivshmem_link_info(MSIX, 1, LINK_INFO_FLAGS), 0);
}

static void assert_counters(uint16_t bdf, uint32_t peer, const uint64_t expected[LINK_NUM_COUNTERS])
{
	for (uint32_t n = 0; n < LINK_NUM_COUNTERS; n++)
		if (ivshmem_link_info(bdf, peer, LINK_INFO_COUNTER_BASE + n) != (int64_t)expected[n])
			fail_msg("counter %u of peer %u is %lld, not %llu", n, peer,
				 (long long)ivshmem_link_info(bdf, peer, LINK_INFO_COUNTER_BASE + n),
				 (unsigned long long)expected[n]);
}

/* A rings so often that no two counters are equal. */
static void ring(uint32_t times, uint32_t peer, uint32_t vector)
{
	while (times--)
		reg_write(&a, INTX, BELL, peer << 16 | vector);
}

static void counters(void **state)
{
	uint64_t of_a[LINK_NUM_COUNTERS] = { 0 }, of_b[LINK_NUM_COUNTERS] = { 0 };

	(void)state;
	fixture_enable(&b, INTX);
	host_clear_raised();
	assert_counters(INTX, 0, of_a);
	assert_counters(INTX, 2, of_b);
	ring(1, 2, 0);
	of_b[LINK_COUNTER_DISABLED] = 1;
	reg_write(&b, INTX, CTRL, IVSHMEM_INT_ENABLE);
	ring(2, 2, 0);
	of_b[LINK_COUNTER_DELIVERED] = 2;
	config_write(&b, INTX, COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
	ring(3, 2, 0);
	of_b[LINK_COUNTER_MASKED] = 3;
	ring(4, 4, 0);
	of_a[LINK_COUNTER_NO_PEER] = 4;
	ring(5, 2, 16);
	of_a[LINK_COUNTER_NO_VECTOR] = 5;
	ring(6, 1, 0);
	of_a[LINK_COUNTER_INACTIVE] = 6;
	/* of eight changes of State that B cannot be told one is latched */
	for (uint32_t n = 1; n <= 8; n++)
		reg_write(&a, INTX, STATE, n);
	of_b[LINK_COUNTER_MERGED] = 7;
	of_a[LINK_COUNTER_SENT] = 1 + 2 + 3 + 4 + 5 + 6 + 8;
	assert_counters(INTX, 0, of_a);
	assert_counters(INTX, 2, of_b);
	assert_int_equal(host_raised(SPI_B), 2);
	/* the other links of these cells count for themselves */
	for (uint32_t n = 0; n < LINK_NUM_COUNTERS; n++) {
		assert_int_equal(ivshmem_link_info(MSIX, 0, LINK_INFO_COUNTER_BASE + n), 0);
		assert_int_equal(ivshmem_link_info(LAST, 1, LINK_INFO_COUNTER_BASE + n), 0);
	}
	/* they outlive the peer, and count what is lost with it */
	fixture_destroy(&b);
	of_b[LINK_COUNTER_INACTIVE] = 1;
	assert_counters(INTX, 2, of_b);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void counters_have_63_bits(void **state)
{
	uint64_t *counter = &ivshmem_endpoint_at(fixture_endpoint(&b, INTX))->counters[LINK_COUNTER_DISABLED];

	(void)state;
	*counter = INT64_MAX - 1;
	ring(1, 2, 0);
	assert_true(ivshmem_link_info(INTX, 2, LINK_INFO_COUNTER_BASE + LINK_COUNTER_DISABLED) == INT64_MAX);
	ring(1, 2, 0);
	assert_true(ivshmem_link_info(INTX, 2, LINK_INFO_COUNTER_BASE + LINK_COUNTER_DISABLED) == 0);
	*counter = 0;
}

static int64_t of_vector(uint16_t bdf, uint32_t peer, uint32_t vector, uint32_t counter)
{
	return ivshmem_link_info(bdf, peer, LINK_INFO_VECTOR_COUNTER_BASE + 16 * vector + counter);
}

/* Sums of all vectors are less than the whole counter by what had no vector number below 16. */
static void counters_of_vectors(void **state)
{
	(void)state;
	fixture_enable(&b, INTX);
	reg_write(&a, INTX, BELL, 2u << 16 | 3);
	assert_int_equal(of_vector(INTX, 0, 3, LINK_COUNTER_SENT), 1);
	assert_int_equal(of_vector(INTX, 2, 3, LINK_COUNTER_DISABLED), 1);
	reg_write(&b, INTX, CTRL, IVSHMEM_INT_ENABLE);
	/* one line, but each number for itself */
	for (uint32_t v = 0; v < IVSHMEM_MAX_VECTORS; v++)
		ring(v + 1, 2, v);
	ring(3, 2, IVSHMEM_MAX_VECTORS);
	ring(1, 2, UINT16_MAX);
	for (uint32_t v = 0; v < IVSHMEM_MAX_VECTORS; v++) {
		assert_int_equal(of_vector(INTX, 0, v, LINK_COUNTER_SENT), v + 1 + (v == 3));
		assert_int_equal(of_vector(INTX, 2, v, LINK_COUNTER_DELIVERED), v + 1);
		assert_int_equal(of_vector(INTX, 2, v, LINK_COUNTER_DISABLED), v == 3);
		assert_int_equal(of_vector(INTX, 2, v, LINK_COUNTER_MASKED), 0);
		assert_int_equal(of_vector(INTX, 0, v, LINK_COUNTER_DELIVERED), 0);
	}
	assert_int_equal(ivshmem_link_info(INTX, 0, LINK_INFO_COUNTER_BASE + LINK_COUNTER_SENT), 136 + 1 + 4);
	assert_int_equal(ivshmem_link_info(INTX, 2, LINK_INFO_COUNTER_BASE + LINK_COUNTER_DELIVERED), 136);
	config_write(&b, INTX, COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
	ring(5, 2, 7);
	assert_int_equal(of_vector(INTX, 2, 7, LINK_COUNTER_MASKED), 5);
	/* also to nobody, and with a vector that nobody has */
	ring(2, 4, 9);
	assert_int_equal(of_vector(INTX, 0, 9, LINK_COUNTER_SENT), 12);
	reg_write(&a, MSIX, BELL, 1u << 16 | VECTORS);
	assert_int_equal(of_vector(MSIX, 0, VECTORS, LINK_COUNTER_SENT), 1);
	assert_int_equal(ivshmem_link_info(MSIX, 0, LINK_INFO_COUNTER_BASE + LINK_COUNTER_NO_VECTOR), 1);
	/* State is told as vector 0 */
	reg_write(&a, MSIX, STATE, 5);
	assert_int_equal(of_vector(MSIX, 0, 0, LINK_COUNTER_SENT), 1);
	fixture_destroy(&b);
	assert_int_equal(of_vector(INTX, 2, 7, LINK_COUNTER_MASKED), 5);
	assert_int_equal(fixture_unaccounted(INTX), 0);
}

static void counters_of_vectors_have_63_bits(void **state)
{
	uint64_t *counter = &ivshmem_endpoint_at(fixture_endpoint(&b, INTX))->vector_counters[15][VECTOR_COUNTERS - 1];

	(void)state;
	*counter = UINT64_MAX;
	assert_true(of_vector(INTX, 2, 15, LINK_COUNTER_MASKED) == INT64_MAX);
	*counter = 0;
}

static int64_t route(uint16_t bdf, uint32_t peer, uint32_t vector)
{
	return ivshmem_link_info(bdf, peer, LINK_INFO_ROUTE_BASE + vector);
}

static void routes(void **state)
{
	const int64_t armed = LINK_ROUTE_ARMED, masked = LINK_ROUTE_MASKED;
	const uint64_t said = LINK_ROUTE_ENABLED | LINK_ROUTE_ACTIVE | 0xa0ull << 40 | 0x7ffeull << 48;

	(void)state;
	host_virq_status(SPI_B, said);
	assert_true(route(INTX, 2, 0) == (int64_t)(SPI_B | armed | said));
	assert_int_equal(LINK_ROUTE_INTID(route(INTX, 2, 0)), SPI_B);
	assert_int_equal(LINK_ROUTE_PRIORITY(route(INTX, 2, 0)), 0xa0);
	assert_int_equal(LINK_ROUTE_CPU(route(INTX, 2, 0)), 0x7ffe);
	assert_true(ivshmem_own_info(&b.cell, INTX, 2, LINK_INFO_ROUTE_BASE) == route(INTX, 2, 0));
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0, LINK_INFO_ROUTE_BASE), -EPERM);
	/* nothing of the interrupt controller about what is not armed */
	config_write(&b, INTX, COMMAND, 2, PCI_COMMAND_INTX_OFF);
	assert_int_equal(route(INTX, 2, 0), SPI_B);
	assert_int_equal(route(INTX, 2, 1), -EINVAL);
	assert_int_equal(route(INTX, 1, 0), -ENOENT);
	assert_int_equal(route(INTX, 4, 0), -ENOENT);
	host_virq_status(SPI_B, 0);

	assert_int_equal(route(MSIX, 0, 3), masked);
	config_write(&a, MSIX, MSIX_CONTROL, 2, MSIX_CONTROL_ENABLE);
	msix_write(&a, MSIX, 16 * 3 + 8, 101);
	assert_int_equal(route(MSIX, 0, 3), masked | 101);
	msix_write(&a, MSIX, 16 * 3 + 12, 0);
	assert_int_equal(route(MSIX, 0, 3), armed | 101);
	msix_write(&a, MSIX, 16 * 3 + 8, UINT32_MAX);
	assert_int_equal(route(MSIX, 0, 3), UINT32_MAX);
	assert_int_equal(route(MSIX, 0, VECTORS), -EINVAL);
	assert_int_equal(route(MSIX, 0, IVSHMEM_MAX_VECTORS - 1), -EINVAL);
	assert_int_equal(route(MSIX, 0, IVSHMEM_MAX_VECTORS), -EINVAL);
	fixture_destroy(&b);
	assert_int_equal(route(MSIX, 1, 0), -ENOENT);
	assert_int_equal(route(MSIX, 1, VECTORS), -ENOENT);
}

static void cells_see_their_own_ends(void **state)
{
	(void)state;
	for (uint32_t item = LINK_INFO_CELL; item <= LINK_INFO_VECTORS; item++) {
		assert_int_equal(ivshmem_own_info(&b.cell, INTX, 2, item), ivshmem_link_info(INTX, 2, item));
		assert_int_equal(ivshmem_own_info(&b.cell, MSIX, 1, item), ivshmem_link_info(MSIX, 1, item));
		assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0, item), -EPERM);
		assert_int_equal(ivshmem_own_info(&b.cell, INTX, 1, item), -EPERM);
		assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0x10002, item), -EPERM);
		assert_int_equal(ivshmem_own_info(&b.cell, MSIX, 2, item), -EPERM);
		assert_int_equal(ivshmem_own_info(&b.cell, LAST, 1, item), -EPERM);
		assert_int_equal(ivshmem_own_info(&b.cell, 0x10000 | INTX, 2, item), -EPERM);
	}
	ring(3, 2, 0);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 2, LINK_INFO_COUNTER_BASE + LINK_COUNTER_DISABLED), 3);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0, LINK_INFO_COUNTER_BASE + LINK_COUNTER_SENT), -EPERM);
	/* the number of peers belongs to the link */
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0, LINK_INFO_PEERS), 4);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, UINT32_MAX, LINK_INFO_PEERS), 4);
	assert_int_equal(ivshmem_own_info(&b.cell, LAST, 0, LINK_INFO_PEERS), -EPERM);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 2, LINK_INFO_NEXT), -EPERM);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 2, LINK_INFO_VECTORS + 1), -EINVAL);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 2, UINT32_MAX), -EINVAL);
	assert_int_equal(ivshmem_own_info(&b.cell, INTX, 0, UINT32_MAX), -EPERM);
}

int main(void)
{
	static const struct CMUnitTest ivshmem_info[] = {
		cmocka_unit_test_setup_teardown(links_are_found_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(peer_ids_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_are_described, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_peers_have_counters_only, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_items, setup, teardown),
		cmocka_unit_test_setup_teardown(flags_of_an_intx_device, setup, teardown),
		cmocka_unit_test_setup_teardown(flags_of_an_msix_device, setup, teardown),
		cmocka_unit_test_setup_teardown(counters, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_have_63_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_of_vectors, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_of_vectors_have_63_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(routes, setup, teardown),
		cmocka_unit_test_setup_teardown(cells_see_their_own_ends, setup, teardown),
	};

	return cmocka_run_group_tests(ivshmem_info, NULL, NULL);
}
