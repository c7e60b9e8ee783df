/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may join a link: each check of ivshmem_attach() and of the link, and the limits. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "bulkhead/link_info.h"
#include "console.h"
#include "errors.h"
#include "fixture.h"
#include "host.h"
#include "pages.h"

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
	assert_int_equal(pages_used(), 0);
	return 0;
}

/* The creation of the cell is refused with this text and leaves nothing behind. */
static void refused(struct fixture_cell *c, int error, const char *text)
{
	uint32_t mappings = host_mappings(), pages = pages_used();

	assert_int_equal(fixture_create(c), error);
	if (!strstr(host_reason(), text) || !strstr(host_reason(), "00:00.0"))
		fail_msg("\"%s\" is not in \"%s\"", text, host_reason());
	assert_int_equal(host_mappings(), mappings);
	assert_int_equal(pages_used(), pages);
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

/* What fits into the pages that the first peer needed may come later, whatever the first one said. */
static void id_beyond_the_link(void **state)
{
	const uint32_t places = 8;
	char text[120];

	(void)state;
	dev_a->shmem_peers = 1;		/* the link still has two peers */
	assert_int_equal(fixture_create(&a), 0);
	assert_int_equal(ivshmem_link_info(DEV, 0, LINK_INFO_PEERS), 2);
	assert_int_equal(fixture_create(&b), 0);
	fixture_enable(&a, DEV);
	reg_write(&a, DEV, IVSHMEM_REG_DOORBELL, 2 << 16);
	assert_int_equal(fixture_count(&a, DEV, LINK_COUNTER_NO_PEER), 1);
	assert_int_equal(fixture_create(&d), 0);
	fixture_enable(&d, DEV);
	reg_write(&d, DEV, IVSHMEM_REG_INT_CTRL, 1);
	reg_write(&a, DEV, IVSHMEM_REG_DOORBELL, 2 << 16);
	reg_write(&a, DEV, IVSHMEM_REG_STATE, 6);
	assert_int_equal(host_raised(72), 2);
	assert_int_equal(fixture_unaccounted(DEV), 0);
	fixture_destroy(&d);

	fixture_init(&d, 40);
	fixture_add(&d, DEV, (uint8_t)places, 1, 0);
	snprintf(text, sizeof(text), "peer %u: the link was made for %u peers by the first that joined; set shmem_peers "
		 "there to at least %u", places, places, places + 1);
	refused(&d, -EINVAL, text);
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
	assert_int_equal(fixture_count(&b, DEV, LINK_COUNTER_SENT), 2);
	/* a doorbell reaches the addressed peer alone */
	reg_write(&a, DEV, IVSHMEM_REG_DOORBELL, 2 << 16);
	assert_int_equal(host_raised(52), 0);
	assert_int_equal(host_raised(72), 2);
}

/* What joins first may still be refused for another reason; until the core has scrubbed it, its table is somebody's memory. */
static void first_peer_leaves_the_table_alone(void **state)
{
	(void)state;
	host_fill(HOST_RAM_BASE, HOST_RAM_SIZE, 0x77);
	mmio_map_init(&a.cell.mmio, a.windows, 1, vpci_movable_windows(a.cell.config.cell));
	assert_int_equal(vpci_init(&a.cell, &fixture_system, a.functions), 0);
	vpci_exit(&a.cell);
	for (uint64_t offset = 0; offset < FIXTURE_STATE_SIZE; offset += 4)
		assert_int_equal(host_read32(HOST_RAM_BASE + offset), 0x77777777);
}

/* --- limits, without configurations: CONFIG_IVSHMEM_MAX_LINKS is 3 in tests/unit/config/generated/config.h --- */

#define MAX_JOINED	260u

static struct mmio_window windows[MAX_JOINED];
static struct cell limits_cell;
static uint32_t joined[MAX_JOINED];
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
	fixture_from_firmware = false;
	assert_int_equal(host_mappings(), 0);
	assert_int_equal(pages_used(), 0);
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

static uint32_t pages_for(uint64_t peers)
{
	return (uint32_t)(PAGE_ALIGN((peers + 7) / 8 * 8 * sizeof(struct ivshmem_endpoint)) / PAGE_SIZE);
}

/* Everything that a binary configuration can ask for, at once and in every place */
static void all_ids_of_a_configuration(void **state)
{
	(void)state;
	for (uint16_t id = 0; id < 256; id++)
		assert_int_equal(join(0, (uint16_t)(255 - id), 255), 0);
	assert_int_equal(pages_used(), pages_for(256));
	for (uint32_t n = 0; n < num_joined; n++) {
		assert_int_equal(ivshmem_endpoint_at(joined[n])->params.id, 255 - n);
		ivshmem_set_state(joined[n], 0x100 + n);
		assert_int_equal(fixture_state_entry(255 - n), 0x100 + n);
	}
}

static void memory_grows_with_the_peers_of_the_link(void **state)
{
	(void)state;
	assert_int_equal(join(0, 0, 1), 0);
	assert_int_equal(pages_used(), pages_for(2));
	assert_int_equal(join(0, 1, 200), 0);	/* the first one decided */
	assert_int_equal(pages_used(), pages_for(2));
	assert_int_equal(join(1, 199, 2), 0);
	assert_int_equal(pages_used(), pages_for(2) + pages_for(200));
	ivshmem_detach(joined[2]);
	ivshmem_detach(joined[0]);
	joined[0] = joined[1];
	num_joined = 1;
	assert_int_equal(pages_used(), pages_for(2));
}

/* Configurations that the compiler has made agree: so many places, and what their last page has room for. */
static void no_places_to_spare_in_direct_boot(void **state)
{
	const uint32_t in_page = PAGE_SIZE / sizeof(struct ivshmem_endpoint);

	(void)state;
	fixture_from_firmware = true;
	assert_int_equal(join(0, 0, (uint8_t)in_page), 0);
	assert_int_equal(pages_used(), 1);
	assert_int_equal(join(0, (uint16_t)in_page, 0), -EINVAL);
	assert_non_null(strstr(host_reason(), "the link was made for 2 peers by the first that joined"));
	assert_int_equal(join(0, (uint16_t)(in_page - 1), 0), 0);
	ivshmem_set_state(joined[1], 7);
	assert_int_equal(fixture_state_entry(in_page - 1), 7);
	for (uint32_t peers = in_page + 1; peers < 40; peers++) {
		uint32_t used = pages_used();

		assert_int_equal(join(1, 0, (uint8_t)peers), 0);
		assert_int_equal(pages_used() - used, PAGE_ALIGN(peers * sizeof(struct ivshmem_endpoint)) / PAGE_SIZE);
		ivshmem_detach(joined[--num_joined]);
		assert_int_equal(pages_used(), used);
	}
}

/* It is kept in the place of peer 0, which may be free before, meanwhile and afterwards. */
static void link_needs_no_peer_0(void **state)
{
	const struct ivshmem_link *link;

	(void)state;
	assert_int_equal(join(0, 2, 3), 0);
	link = ivshmem_link_of(joined[0]);
	ivshmem_set_state(joined[0], 3);
	assert_int_equal(join(0, 0, 3), 0);
	assert_ptr_equal(ivshmem_link_of(joined[1]), link);
	ivshmem_set_state(joined[1], 4);
	ivshmem_detach(joined[--num_joined]);
	assert_int_equal(ivshmem_find_link(0), joined[0] / IVSHMEM_MAX_PEERS);
	assert_int_equal(link->num_endpoints, 1);
	assert_int_equal(link->num_peers, 3);
	assert_int_equal(ivshmem_link_info(0, 2, LINK_INFO_STATE), 3);
	assert_int_equal(ivshmem_link_info(0, 0, LINK_INFO_PEERS), 3);
	assert_int_equal(pages_used(), pages_for(3));
	ivshmem_detach(joined[--num_joined]);
	assert_int_equal(ivshmem_find_link(0), IVSHMEM_NO_LINK);
	assert_int_equal(ivshmem_link_info(0, 0, LINK_INFO_NEXT), -ENOENT);
	assert_int_equal(pages_used(), 0);
}

static void no_memory_for_a_link(void **state)
{
	(void)state;
	host_fail_pages(1, false);
	assert_int_equal(join(0, 0, 60), -ENOMEM);
	assert_non_null(strstr(host_reason(), "no memory for a link of 60 peers; enlarge the hypervisor memory"));
	assert_int_equal(limits_cell.mmio.num_movable, 0);
	assert_int_equal(join(0, 0, 60), 0);
}

static void no_window_left(void **state)
{
	(void)state;
	mmio_map_init(&limits_cell.mmio, windows, 0, 1);
	assert_int_equal(join(0, 0, 2), 0);
	assert_int_equal(join(1, 0, 2), -ENOMEM);
	assert_non_null(strstr(host_reason(), "the cell has too many MMIO windows"));
	assert_int_equal(host_mappings(), 1);
	assert_int_equal(pages_used(), pages_for(2));
	refuse_clear();
	assert_int_equal(join(0, 1, 2), -ENOMEM);	/* the link stays for its first peer */
	ivshmem_set_state(joined[0], 5);
	assert_int_equal(fixture_state_entry(0), 5);
}

/* Who comes back finds a device after reset; the counters are the link's and go on. */
static void place_is_taken_again(void **state)
{
	(void)state;
	assert_int_equal(join(0, 0, 2), 0);
	for (uint32_t n = 0; n < 10; n++) {
		assert_int_equal(join(0, 1, 2), 0);
		assert_int_equal(ivshmem_endpoint_at(joined[1])->state, 0);
		assert_int_equal(ivshmem_config_read(joined[1], 0x40, 4), 0x00200009);
		assert_int_equal(ivshmem_total(ivshmem_endpoint_at(joined[1]), LINK_COUNTER_SENT), 3 * n);
		ivshmem_set_state(joined[1], 1);
		ivshmem_config_write(joined[1], 0x43, 1, 1);
		ivshmem_ring(joined[1], 5, 0);
		ivshmem_detach(joined[1]);		/* State 0 is told, too */
		num_joined = 1;
		limits_cell.mmio.num_movable = 1;	/* a new cell each time */
	}
	ivshmem_detach(joined[0]);
	num_joined = 0;
	assert_int_equal(join(0, 1, 2), 0);		/* a new link counts from 0 */
	assert_int_equal(ivshmem_total(ivshmem_endpoint_at(joined[0]), LINK_COUNTER_SENT), 0);
}

static void last_joined_leaves(void)
{
	ivshmem_detach(joined[--num_joined]);
}

/* The peer leaves after the sender has found it. */
static void doorbell_misses_a_peer_that_just_left(void **state)
{
	(void)state;
	host_own_spi(&limits_cell, 32, true);
	assert_int_equal(join(0, 0, 3), 0);
	assert_int_equal(join(0, 1, 3), 0);
	ivshmem_endpoint_at(joined[1])->interrupt_control = 1;
	ivshmem_reroute(joined[1]);
	host_on_lock(last_joined_leaves);
	ivshmem_ring(joined[0], 1, 0);
	assert_int_equal(host_raised_total(), 0);
	assert_int_equal(ivshmem_total(ivshmem_endpoint_at(joined[0]), LINK_COUNTER_INACTIVE), 1);
	assert_int_equal(fixture_unaccounted(0), 0);
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
		TEST(first_peer_leaves_the_table_alone),
		LIMIT(number_of_links), LIMIT(all_ids_of_a_configuration),
		LIMIT(memory_grows_with_the_peers_of_the_link), LIMIT(no_places_to_spare_in_direct_boot),
		LIMIT(link_needs_no_peer_0),
		LIMIT(no_memory_for_a_link),
		LIMIT(no_window_left), LIMIT(place_is_taken_again), LIMIT(doorbell_misses_a_peer_that_just_left),
	};

	return cmocka_run_group_tests_name("ivshmem_link", tests, NULL, NULL);
}
