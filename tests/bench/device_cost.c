/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations of the ivshmem device on links of several sizes, each between two callgrind dumps, from the dispatch of the
 * access to the raised interrupt; device_cost.py reads the dumps. Every peer is there, enabled, and in a cell of its
 * own, as in a machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <valgrind/callgrind.h>
#include "fixture.h"
#include "host.h"

#define LINK		BDF(0, 0, 0)
#define MAX_PEERS	256u

static struct cell cells[MAX_PEERS];
static struct mmio_window windows[MAX_PEERS];
static uint32_t endpoints[MAX_PEERS];

static void join(uint32_t id, uint32_t peers)
{
	struct ivshmem_params params = {
		.bdf = LINK, .id = (uint16_t)id, .peers = peers, .intx = 32 + id, .bar_mask = { 0xfffff000 },
		.state_phys = HOST_RAM_BASE, .state_size = 0x1000, .latch_state = true,
	};

	mmio_map_init(&cells[id].mmio, &windows[id], 0, 1);
	host_own_spi(&cells[id], 32 + id, true);
	if (ivshmem_join(&cells[id], &params, &endpoints[id]))
		host_abort(__FILE__, __LINE__, host_reason());
	ivshmem_config_write(endpoints[id], 0x10, 4, FIXTURE_BAR0);
	ivshmem_config_write(endpoints[id], 0x04, 2, 0x0006);
}

static void access_register(uint32_t id, uint32_t offset, bool is_write, uint32_t value)
{
	struct mmio_access access = { .value = value, .size = 4, .is_write = is_write };

	if (mmio_dispatch(&cells[id].mmio, GUEST_ADDR(FIXTURE_BAR0 + offset), &access) != MMIO_HANDLED)
		abort();
}

static void measure(const char *operation, uint32_t peers, uint32_t id, uint32_t offset, bool is_write, uint32_t value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%u", operation, peers);
	CALLGRIND_ZERO_STATS;
	access_register(id, offset, is_write, value);
	CALLGRIND_DUMP_STATS_AT(name);
}

static void link_of(uint32_t peers)
{
	uint32_t mappings;

	for (uint32_t id = 0; id < peers; id++)
		join(id, peers);
	for (uint32_t id = 0; id < peers; id++)
		access_register(id, IVSHMEM_REG_INT_CTRL, true, 1);
	access_register(1, IVSHMEM_REG_STATE, true, 1);		/* the first one of a thread finds its records */
	host_clear_raised();
	mappings = host_mappings();

	measure("ID register read", peers, 0, IVSHMEM_REG_ID, false, 0);
	measure("doorbell to the first other peer", peers, 0, IVSHMEM_REG_DOORBELL, true, 1 << 16);
	measure("doorbell to the last peer", peers, 0, IVSHMEM_REG_DOORBELL, true, (peers - 1) << 16);
	measure("State written, unchanged", peers, 0, IVSHMEM_REG_STATE, true, 0);
	measure("State written, changed", peers, 0, IVSHMEM_REG_STATE, true, 1);
	measure("Interrupt Control write", peers, 0, IVSHMEM_REG_INT_CTRL, true, 1);

	/* no page table was touched */
	if (host_mappings() != mappings || host_raised_total() != 2 + peers - 1)
		abort();
	for (uint32_t id = 0; id < peers; id++)
		ivshmem_detach(endpoints[id]);
	host_clear_raised();
}

int main(void)
{
	static const uint32_t sizes[] = { 2, 8, 64, MAX_PEERS };

	host_reset();
	for (uint32_t n = 0; n < ARRAY_SIZE(sizes); n++)
		link_of(sizes[n]);
	return 0;
}
