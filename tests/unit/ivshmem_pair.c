/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "host.h"
#include "ivshmem_pair.h"
#include "pages.h"

struct fixture_cell a, b;

void make_cell(struct fixture_cell *c, uint32_t irq_base, uint8_t id)
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

int pair_setup(void **state)
{
	(void)state;
	host_reset();
	host_fill(HOST_RAM_BASE, HOST_RAM_SIZE, 0xee);
	make_cell(&a, BASE_A, 0);
	make_cell(&b, BASE_B, 1);
	return 0;
}

int pair_teardown(void **state)
{
	(void)state;
	fixture_destroy(&a);
	fixture_destroy(&b);
	return host_mappings() || pages_used() ? -1 : 0;
}

uint32_t ring_b(uint32_t peer, uint32_t vector)
{
	host_clear_raised();
	reg_write(&a, INTX, BELL, RING(peer, vector));
	assert_int_equal(host_raised_total(), host_raised(SPI_B));
	return host_raised(SPI_B);
}
