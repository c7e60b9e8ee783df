/* SPDX-License-Identifier: BSD-2-Clause */
/* The largest link of the specification: 65536 peers. */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "errors.h"
#include "fixture.h"
#include "host.h"
#include "pages.h"

#define PEERS	IVSHMEM_MAX_PEERS
#define SPI(id)	(32 + (id) % 900u)

static struct cell cell;
static struct mmio_window windows[PEERS + 1];
static uint32_t endpoints[PEERS];

static int join(uint16_t bdf, uint16_t id, uint32_t *endpoint)
{
	struct ivshmem_params params = {
		.bdf = bdf, .id = id, .peers = PEERS, .intx = SPI(id), .bar_mask = { 0xfffff000 },
		.state_phys = HOST_RAM_BASE, .state_size = 4 * PEERS,
	};

	return ivshmem_join(&cell, &params, endpoint);
}

static uint32_t page_access(uint32_t id, uint32_t reg, bool is_write, uint32_t value)
{
	const struct mmio_window window = { .index = endpoints[id] };

	if (!is_write)
		return (uint32_t)ivshmem_register_page.read(&window, reg, 4).value;
	ivshmem_register_page.write(&window, reg, 4, value);
	return value;
}

static int all_join(void **state)
{
	(void)state;
	host_reset();
	mmio_map_init(&cell.mmio, windows, 0, PEERS + 1);
	memset((void *)cell.arch.spis, 0xff, sizeof(cell.arch.spis));
	for (uint32_t id = 0; id < PEERS; id++) {
		assert_int_equal(join(8, (uint16_t)id, &endpoints[id]), 0);
		page_access(id, IVSHMEM_REG_INT_CTRL, true, 1);
	}
	return 0;
}

static int all_leave(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < PEERS; id++)
		ivshmem_detach(endpoints[id]);
	return host_mappings() || pages_used() ? -1 : 0;
}

static void ids_have_16_bits(void **state)
{
	uint32_t endpoint;

	(void)state;
	assert_int_equal(page_access(PEERS - 1, IVSHMEM_REG_ID, false, 0), 0xffff);
	assert_int_equal(page_access(0, IVSHMEM_REG_MAX_PEERS, false, 0), 65536);
	assert_int_equal(join(8, 0xffff, &endpoint), -EBUSY);
	assert_non_null(strstr(host_reason(), "peer 65535: another cell is this peer"));
}

static void doorbell_reaches_each(void **state)
{
	(void)state;
	host_clear_raised();
	for (uint32_t id = 0; id < PEERS; id++) {
		uint64_t before = ivshmem_total(ivshmem_endpoint_at(endpoints[id]), LINK_COUNTER_DELIVERED);
		uint32_t line = host_raised(SPI(id));

		page_access((id * 7919) % PEERS, IVSHMEM_REG_DOORBELL, true, id << 16);
		assert_int_equal(ivshmem_total(ivshmem_endpoint_at(endpoints[id]), LINK_COUNTER_DELIVERED), before + 1);
		assert_int_equal(host_raised(SPI(id)), line + 1);
	}
	assert_int_equal(host_raised_total(), PEERS);
}

static void state_reaches_all_others(void **state)
{
	static const uint32_t who[] = { 0, 1, 899, 32768, 65534, 65535 };
	uint64_t before = ivshmem_total(ivshmem_endpoint_at(endpoints[5]), LINK_COUNTER_DELIVERED);

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(who); n++) {
		host_clear_raised();
		page_access(who[n], IVSHMEM_REG_STATE, true, 0x1000 + n);
		assert_int_equal(host_raised_total(), PEERS - 1);
		assert_int_equal(fixture_state_entry(who[n]), 0x1000 + n);
	}
	assert_int_equal(ivshmem_total(ivshmem_endpoint_at(endpoints[5]), LINK_COUNTER_DELIVERED), before + ARRAY_SIZE(who));
	assert_int_equal(fixture_state_entry(2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_have_16_bits),
		cmocka_unit_test(doorbell_reaches_each),
		cmocka_unit_test(state_reaches_all_others),
	};

	return cmocka_run_group_tests_name("ivshmem_peers", tests, all_join, all_leave);
}
