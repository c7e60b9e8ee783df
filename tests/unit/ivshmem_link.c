/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may join a link: each check of ivshmem_attach() and of the link, and the limits. */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "console.h"
#include "errors.h"
#include "fixture.h"
#include "host.h"

#define DEV	BDF(0, 0, 0)

static struct fixture_cell a, b, d;
static struct cfg_pci_device *dev_a, *dev_b;

static int setup(void **state)
{
	(void)state;
	host_reset();
	fixture_init(&a, 0);
	fixture_init(&b, 20);
	fixture_init(&d, 40);
	dev_a = fixture_add(&a, DEV, 0, 3, 0);
	dev_b = fixture_add(&b, DEV, 1, 3, 0);
	fixture_add(&d, DEV, 2, 3, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&a);
	fixture_destroy(&b);
	fixture_destroy(&d);
	assert_int_equal(host_mappings(), 0);
	return 0;
}

/* The creation of the cell is refused with this text and leaves nothing behind. */
static void refused(struct fixture_cell *c, int error, const char *text)
{
	uint32_t mappings = host_mappings();

	assert_int_equal(fixture_create(c), error);
	if (!strstr(host_reason(), text) || !strstr(host_reason(), "00:00.0"))
		fail_msg("\"%s\" is not in \"%s\"", text, host_reason());
	assert_int_equal(host_mappings(), mappings);
	assert_int_equal(c->cell.mmio.num_movable, 0);
	assert_int_equal(c->cell.num_functions, 0);
}

static void region_index_is_bounded(void **state)
{
	(void)state;
	/* needs start .. start + 2 + peers - 1 */
	a.config.num_memory_regions = 4;
	refused(&a, -EINVAL, "needs memory regions 0 to 4, the cell has 4");
	a.config.num_memory_regions = 5;
	dev_a->shmem_regions_start = 1;
	refused(&a, -EINVAL, "needs memory regions 1 to 5");
	dev_a->shmem_regions_start = UINT32_MAX;
	refused(&a, -EINVAL, "needs memory regions 4294967295 to 4294967299");
	dev_a->shmem_regions_start = UINT32_MAX - 1 - 3;
	refused(&a, -EINVAL, "needs memory regions");
	dev_a->shmem_regions_start = 0;
	dev_a->shmem_peers = 255;
	refused(&a, -EINVAL, "needs memory regions 0 to 256, the cell has 5");
	a.config.num_memory_regions = 0;
	refused(&a, -EINVAL, "the cell has 0");
	dev_a->shmem_peers = 0;
	refused(&a, -EINVAL, "the cell has 0");
	a.config.num_memory_regions = 5;
	dev_a->shmem_peers = 3;
	assert_int_equal(fixture_create(&a), 0);
}

static void own_output_must_exist(void **state)
{
	(void)state;
	/* id beyond the peers is a habit of published configurations; it works while the section is there */
	dev_a->shmem_dev_id = 3;
	refused(&a, -EINVAL, "peer 3 has no memory region for its output section");
	dev_a->shmem_dev_id = 255;
	refused(&a, -EINVAL, "peer 255 has no memory region");
	fixture_region(&a, dev_a, 2)->size = 0;		/* a link without outputs needs none */
	dev_a->shmem_dev_id = 3;
	assert_int_equal(fixture_create(&a), 0);
}

static void vectors_are_bounded(void **state)
{
	(void)state;
	dev_a->num_msix_vectors = 17;
	dev_a->bar_mask[1] = 0xfffff000;
	refused(&a, -EINVAL, "17 MSI-X vectors; use at most 16");
	dev_a->num_msix_vectors = 65535;
	refused(&a, -EINVAL, "65535 MSI-X vectors");
	dev_a->num_msix_vectors = 16;
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(config_read(&a, DEV, 0x60, 4), 0x000f0011);
	/* behind the last of 16 vectors comes the PBA, which is no storage */
	fixture_enable(&a, DEV);
	for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
		msix_write(&a, DEV, offset, 0xffffffff);
		assert_int_equal(msix_read(&a, DEV, offset), offset < 0x100 ? 0xffffffff : 0);
	}
}

static void peers_must_not_be_zero(void **state)
{
	(void)state;
	dev_a->shmem_peers = 0;
	refused(&a, -EINVAL, "shmem_peers is 0");
}

static void state_table_must_be_protected_and_aligned(void **state)
{
	struct cfg_memory *table = fixture_region(&a, dev_a, 0);

	(void)state;
	table->flags |= CFG_MEM_WRITE;
	refused(&a, -EINVAL, "is writable for the cell");
	table->flags = CFG_MEM_READ;
	table->phys_start += 4;
	refused(&a, -EINVAL, "page-aligned");
	table->phys_start -= 4;
	table->virt_start += 0x800;
	refused(&a, -EINVAL, "page-aligned");
	table->virt_start -= 0x800;
	table->size = 0x800;
	refused(&a, -EINVAL, "page-aligned");
	table->size = 0;
	refused(&a, -EINVAL, "has 0x0 bytes");
	table->size = 0x100000000;
	refused(&a, -EINVAL, "has 0x100000000 bytes");
	table->size = 0x2000;
	table->phys_start = 0xfffffffffffff000;
	refused(&a, -EINVAL, "at 0xfffffffffffff000");
	table->size = 0x1000;
	table->phys_start = HOST_RAM_BASE;
	assert_int_equal(fixture_create(&a), 0);
}

static void bar_masks_are_powers_of_two(void **state)
{
	static const uint32_t bad[] = {
		0, 0xffffffff, 0xfffff800, 0xffffe001, 0xfffff00f, 0xfff0f000, 0x7ffff000,
		0x1000, 1, 0xffffef00,
	};
	static const uint32_t good[] = { 0xffff0000, 0x80000000, 0xffffe000, 0xfffff000 };

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(bad); n++) {
		dev_a->bar_mask[0] = bad[n];
		refused(&a, -EINVAL, "bar_mask[0] is");
	}
	for (uint32_t n = 0; n < ARRAY_SIZE(good); n++) {
		dev_a->bar_mask[0] = good[n];
		assert_int_equal(fixture_create(&a), 0);
		config_write(&a, DEV, 0x10, 4, 0xffffffff);
		assert_int_equal(config_read(&a, DEV, 0x10, 4), good[n]);
		fixture_destroy(&a);
	}
	dev_a->num_msix_vectors = 2;
	for (uint32_t n = 0; n < ARRAY_SIZE(bad); n++) {
		dev_a->bar_mask[1] = bad[n];
		refused(&a, -EINVAL, "bar_mask[1] is");
	}
	dev_a->bar_mask[1] = 0xfffff000;
	for (uint32_t n = 2; n < 6; n++) {
		dev_a->bar_mask[n] = 0xfffff000;
		refused(&a, -EINVAL, "the device has no such BAR");
		dev_a->bar_mask[n] = 0;
	}
	assert_int_equal(fixture_create(&a), 0);
}

static void intx_must_be_an_spi(void **state)
{
	(void)state;
	a.config.vpci_irq_base = 988;
	refused(&a, -EINVAL, "interrupt 1020, beyond SPI 1019");
	a.config.vpci_irq_base = UINT32_MAX;		/* must not wrap around to a good one */
	refused(&a, -EINVAL, "interrupt 4294967327");
	a.config.vpci_irq_base = UINT32_MAX - 30;
	refused(&a, -EINVAL, "beyond SPI");
	a.config.vpci_irq_base = 987;
	host_own_spi(&a.cell, 1019, true);
	assert_int_equal(fixture_create(&a), 0);
	assert_string_equal(host_console(), "");
}

static void foreign_intx_is_a_warning(void **state)
{
	(void)state;
	host_own_spi(&a.cell, 32, false);
	assert_int_equal(fixture_create(&a), 0);
	assert_string_equal(host_console(), "Warning: ivshmem device 00:00.0: interrupt 32 is not in the "
			    "irqchips of the cell, the device will not interrupt\n");
}

static void id_is_taken_once(void **state)
{
	(void)state;
	assert_int_equal(fixture_create(&a), 0);
	dev_b->shmem_dev_id = 0;
	refused(&b, -EBUSY, "peer 0: another cell is this peer");
	dev_b->shmem_dev_id = 1;
	assert_int_equal(fixture_create(&b), 0);
	fixture_destroy(&a);
	assert_int_equal(host_mappings(), 1);
	assert_int_equal(fixture_create(&a), 0);
}

static void id_beyond_the_link(void **state)
{
	(void)state;
	dev_a->shmem_peers = 1;		/* the link still has two peers */
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(fixture_create(&b), 0);
	refused(&d, -EINVAL, "peer 2: the link was made for 2 peers by the first that joined; set "
		"shmem_peers there to at least 3");
}

static void published_ids_beyond_peers(void **state)
{
	(void)state;
	/* root says two peers, the inmate has id 1 and says one */
	dev_a->shmem_peers = 2;
	dev_b->shmem_peers = 1;
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&a, DEV);
	fixture_enable(&b, DEV);
	assert_int_equal(reg_read(&b, DEV, IVSHMEM_REG_ID), 1);
	assert_int_equal(reg_read(&b, DEV, IVSHMEM_REG_MAX_PEERS), 1);
	reg_write(&a, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&b, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&b, DEV, IVSHMEM_REG_STATE, 4);
	assert_int_equal(fixture_state_entry(1), 4);
	assert_int_equal(host_raised(32), 1);
	reg_write(&a, DEV, IVSHMEM_REG_DOORBELL, 1 << 16);
	assert_int_equal(host_raised(52), 1);
	fixture_destroy(&a);
	fixture_destroy(&b);

	/* and alone, first on the link */
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&b, DEV);
	reg_write(&b, DEV, IVSHMEM_REG_STATE, 9);
	assert_int_equal(fixture_state_entry(1), 9);
}

static void peers_agree_on_memory(void **state)
{
	struct cfg_memory *mem;

	(void)state;
	assert_int_equal(fixture_create(&a), 0);
	mem = fixture_region(&b, dev_b, 0);
	mem->phys_start += 0x1000;
	refused(&b, -EINVAL, "peer 1: address of the state table is 0x60001000, but 0x60000000 at the peers");
	mem->phys_start -= 0x1000;
	mem->size += 0x1000;
	refused(&b, -EINVAL, "size of the state table is 0x2000, but 0x1000");
	mem->size -= 0x1000;
	mem = fixture_region(&b, dev_b, 1);
	mem->size = 0;
	refused(&b, -EINVAL, "size of the R/W section is 0x0, but 0x9000");
	mem->size = 0x100009000;
	refused(&b, -EINVAL, "size of the R/W section is 0x100009000, but 0x9000");
	mem->size = 0x9000;
	mem = fixture_region(&b, dev_b, 2);
	mem->size = 0x1000;
	refused(&b, -EINVAL, "size of the output section is 0x1000, but 0x2000");
	mem->size = 0x2000;
	/* guest addresses, protocol, vectors and the number of peers are each cell's own */
	fixture_region(&b, dev_b, 0)->virt_start = 0x10000000;
	dev_b->shmem_protocol = 0x8001;
	dev_b->shmem_peers = 2;
	dev_b->num_msix_vectors = 3;
	dev_b->bar_mask[1] = 0xfffff000;
	assert_int_equal(fixture_create(&b), 0);
	assert_int_equal(config_read(&b, DEV, 0x08, 4), 0xff800100);
}

static void domain_is_not_part_of_the_link(void **state)
{
	(void)state;
	dev_a->domain = 1;
	dev_b->domain = 0;
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(fixture_create(&b), 0);
	assert_int_equal(host_mappings(), 1);
}

static void only_the_joiner_entry_is_cleared_later(void **state)
{
	(void)state;
	assert_int_equal(fixture_create(&a), 0);
	fixture_enable(&a, DEV);
	reg_write(&a, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&a, DEV, IVSHMEM_REG_STATE, 8);
	host_fill(HOST_RAM_BASE + 4, 8, 0x77);
	assert_int_equal(fixture_create(&b), 0);
	assert_int_equal(fixture_state_entry(0), 8);
	assert_int_equal(fixture_state_entry(1), 0);
	assert_int_equal(fixture_state_entry(2), 0x77777777);
	assert_int_equal(host_raised_total(), 0);	/* connecting is no state change */
}

static void state_goes_to_all_peers_once(void **state)
{
	(void)state;
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(fixture_create(&b), 0);
	assert_int_equal(fixture_create(&d), 0);
	fixture_enable(&a, DEV);
	fixture_enable(&b, DEV);
	fixture_enable(&d, DEV);
	reg_write(&a, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&b, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&d, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&b, DEV, IVSHMEM_REG_STATE, 8);
	assert_int_equal(host_raised(32), 1);
	assert_int_equal(host_raised(52), 0);
	assert_int_equal(host_raised(72), 1);
	assert_int_equal(fixture_stats(&b, DEV).sent, 2);
	/* a doorbell reaches the addressed peer alone */
	reg_write(&a, DEV, IVSHMEM_REG_DOORBELL, 2 << 16);
	assert_int_equal(host_raised(52), 0);
	assert_int_equal(host_raised(72), 2);
}

/* --- limits of tests/unit/config/generated/config.h: 3 links, 7 endpoints, 20 slots --- */

static struct mmio_window windows[2 * CONFIG_IVSHMEM_MAX_ENDPOINTS + 2];
static struct cell limits_cell;
static uint32_t joined[CONFIG_IVSHMEM_MAX_ENDPOINTS];
static uint32_t num_joined;

static int join(uint16_t bdf, uint16_t id, uint32_t peers)
{
	struct ivshmem_params params = {
		.bdf = bdf, .id = id, .peers = peers, .intx = 32, .bar_mask = { 0xfffff000 },
		.state_phys = HOST_RAM_BASE + bdf * 0x1000ull, .state_size = 0x1000,
	};
	uint32_t endpoint;
	int err = ivshmem_join(&limits_cell, &params, &endpoint);

	if (!err)
		joined[num_joined++] = endpoint;
	return err;
}

static int limits_setup(void **state)
{
	(void)state;
	host_reset();
	num_joined = 0;
	mmio_map_init(&limits_cell.mmio, windows, 0, ARRAY_SIZE(windows));
	return 0;
}

static int limits_teardown(void **state)
{
	(void)state;
	while (num_joined > 0)
		ivshmem_detach(joined[--num_joined]);
	assert_int_equal(host_mappings(), 0);
	return 0;
}

static void number_of_links(void **state)
{
	(void)state;
	for (uint16_t n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		assert_int_equal(join(n, 0, 2), 0);
	assert_int_equal(join(100, 0, 2), -ENOMEM);
	assert_non_null(strstr(host_reason(), "all 3 links are in use; raise CONFIG_IVSHMEM_MAX_LINKS"));
	assert_int_equal(limits_cell.mmio.num_movable, CONFIG_IVSHMEM_MAX_LINKS);
	assert_int_equal(join(0, 1, 2), 0);
}

static void number_of_endpoints(void **state)
{
	(void)state;
	for (uint16_t n = 0; n < CONFIG_IVSHMEM_MAX_ENDPOINTS; n++)
		assert_int_equal(join(0, n, 10), 0);
	assert_int_equal(join(0, 8, 10), -ENOMEM);
	assert_non_null(strstr(host_reason(), "all 7 endpoints are in use"));
	ivshmem_detach(joined[3]);
	joined[3] = joined[--num_joined];
	assert_int_equal(join(0, 8, 10), 0);
}

static void slots_grow_with_peers(void **state)
{
	(void)state;
	assert_int_equal(join(0, 0, 1), 0);	/* 2 slots: 0..1 */
	assert_int_equal(join(1, 7, 2), 0);	/* 8 slots: 2..9 */
	assert_int_equal(join(2, 0, 11), -ENOMEM);
	assert_non_null(strstr(host_reason(), "no room for a link of 11 peers; raise CONFIG_IVSHMEM_SLOTS"));
	assert_int_equal(join(2, 0, 10), 0);	/* 10..19 */
	/* a gap is used again by what fits into it, and only by that */
	ivshmem_detach(joined[1]);
	joined[1] = joined[--num_joined];
	refuse_clear();
	assert_int_equal(join(3, 0, 9), -ENOMEM);
	assert_int_equal(join(3, 0, 8), 0);
	assert_int_equal(join(3, 7, 8), 0);
	assert_int_equal(join(0, 1, 2), 0);
	assert_int_equal(join(2, 9, 2), 0);
}

static void more_slots_than_there_are(void **state)
{
	(void)state;
	assert_int_equal(join(0, 0, CONFIG_IVSHMEM_SLOTS + 1), -ENOMEM);
	assert_int_equal(join(0, 0, IVSHMEM_MAX_PEERS), -ENOMEM);
	assert_int_equal(join(0, 0, CONFIG_IVSHMEM_SLOTS), 0);
}

static void reused_endpoint_starts_fresh(void **state)
{
	struct ivshmem_stats stats;

	(void)state;
	for (uint32_t n = 0; n < 3 * CONFIG_IVSHMEM_MAX_ENDPOINTS; n++) {
		assert_int_equal(join(0, 1, 2), 0);
		stats = ivshmem_get_stats(joined[0]);
		assert_int_equal(stats.sent, 0);
		assert_int_equal(ivshmem_endpoints[joined[0]].state, 0);
		ivshmem_set_state(joined[0], 1);
		ivshmem_config_write(joined[0], 0x43, 1, 1);
		ivshmem_ring(joined[0], 0, 0);
		ivshmem_detach(joined[0]);
		num_joined = 0;
		limits_cell.mmio.num_movable = 0;	/* a new cell each time */
	}
}

/* Detach joined[1] and make its endpoint peer id of the link of bdf, with its interrupt enabled. */
static void reuse_endpoint(uint16_t bdf, uint16_t id)
{
	uint32_t old = joined[1], n;

	ivshmem_detach(old);
	num_joined = 1;
	for (n = 0; n < CONFIG_IVSHMEM_MAX_ENDPOINTS; n++) {
		limits_cell.mmio.num_movable = 1;
		assert_int_equal(join(bdf, id, 3), 0);
		if (joined[1] == old)
			break;
		ivshmem_detach(joined[--num_joined]);
	}
	assert_int_equal(joined[1], old);
	ivshmem_endpoints[old].interrupt_control = 1;
	ivshmem_reroute(old);
}

static void endpoint_becomes_another_device(void)
{
	reuse_endpoint(8, 1);
}

static void endpoint_becomes_another_peer(void)
{
	reuse_endpoint(0, 2);
}

static void endpoint_is_not_used_again(void)
{
	ivshmem_detach(joined[--num_joined]);
}

/* The peer leaves, and its endpoint is perhaps used for something else, after the sender has looked it up. */
static void doorbell_misses_a_peer_that_just_left(void **state)
{
	static void (*const changes[])(void) = {
		endpoint_is_not_used_again, endpoint_becomes_another_device, endpoint_becomes_another_peer,
	};

	(void)state;
	host_own_spi(&limits_cell, 32, true);
	for (uint32_t n = 0; n < ARRAY_SIZE(changes); n++) {
		assert_int_equal(join(0, 0, 3), 0);
		assert_int_equal(join(0, 1, 3), 0);
		host_on_lock(changes[n]);
		ivshmem_ring(joined[0], 1, 0);
		assert_int_equal(host_raised_total(), 0);
		assert_int_equal(ivshmem_get_stats(joined[0]).dropped[IVSHMEM_DROP_INACTIVE], 1);
		assert_int_equal(ivshmem_get_stats(joined[1]).delivered, 0);
		limits_teardown(NULL);
		limits_setup(NULL);
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define LIMIT(name)	cmocka_unit_test_setup_teardown(name, limits_setup, limits_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(region_index_is_bounded), TEST(own_output_must_exist), TEST(vectors_are_bounded),
		TEST(peers_must_not_be_zero), TEST(state_table_must_be_protected_and_aligned),
		TEST(bar_masks_are_powers_of_two), TEST(intx_must_be_an_spi), TEST(foreign_intx_is_a_warning),
		TEST(id_is_taken_once), TEST(id_beyond_the_link), TEST(published_ids_beyond_peers),
		TEST(peers_agree_on_memory), TEST(domain_is_not_part_of_the_link),
		TEST(only_the_joiner_entry_is_cleared_later), TEST(state_goes_to_all_peers_once),
		LIMIT(number_of_links), LIMIT(number_of_endpoints), LIMIT(slots_grow_with_peers),
		LIMIT(more_slots_than_there_are), LIMIT(reused_endpoint_starts_fresh),
		LIMIT(doorbell_misses_a_peer_that_just_left),
	};

	return cmocka_run_group_tests_name("ivshmem_link", tests, NULL, NULL);
}
