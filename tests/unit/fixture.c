/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "console.h"
#include "fixture.h"
#include "host.h"
#include "setup.h"

bool fixture_from_firmware;

bool firmware_started_us(void)
{
	return fixture_from_firmware;
}

struct cfg_system fixture_system = {
	.pci_mmconfig_base = FIXTURE_ECAM,
	.pci_mmconfig_end_bus = 1,
	.pci_is_virtual = 1,
};

void fixture_init(struct fixture_cell *c, uint32_t irq_base)
{
	memset(c, 0, sizeof(*c));
	strcpy(c->config.name, "cell");
	c->config.vpci_irq_base = irq_base;
	c->cell.config.cell = &c->config;
	c->cell.config.memory = c->memory;
	c->cell.config.pci_devices = c->devices;
	for (uint32_t pin = 0; pin < 4; pin++)
		host_own_spi(&c->cell, 32 + irq_base + pin, true);
}

struct cfg_pci_device *fixture_add(struct fixture_cell *c, uint16_t bdf, uint8_t id, uint8_t peers,
				   uint16_t vectors)
{
	struct cfg_pci_device *dev = &c->devices[c->config.num_pci_devices++];
	uint32_t regions = 2u + MAX(peers, id + 1u), n;
	uint64_t offset = 0;

	assert_true(c->config.num_pci_devices <= FIXTURE_MAX_DEVICES);
	assert_true(c->config.num_memory_regions + regions <= FIXTURE_MAX_REGIONS);
	*dev = (struct cfg_pci_device){
		.type = CFG_PCI_IVSHMEM,
		.bdf = bdf,
		.bar_mask = { 0xfffff000, vectors ? 0xfffff000 : 0 },
		.num_msix_vectors = vectors,
		.shmem_regions_start = c->config.num_memory_regions,
		.shmem_dev_id = id,
		.shmem_peers = peers,
		.shmem_protocol = 0x4002,
	};
	for (n = 0; n < regions; n++) {
		struct cfg_memory *mem = &c->memory[c->config.num_memory_regions++];
		const uint64_t sizes[] = { FIXTURE_STATE_SIZE, FIXTURE_RW_SIZE, FIXTURE_OUTPUT_SIZE };

		*mem = (struct cfg_memory){
			.phys_start = HOST_RAM_BASE + (uint64_t)(bdf & 0xff) * 0x1000 + offset,
			.virt_start = 0x7faf0000 + offset,
			.size = sizes[MIN(n, 2u)],
			.flags = CFG_MEM_READ | (n == 1 || n == 2u + id ? CFG_MEM_WRITE : 0),
		};
		offset += mem->size;
	}
	return dev;
}

struct cfg_memory *fixture_region(struct fixture_cell *c, const struct cfg_pci_device *dev, uint32_t n)
{
	return &c->memory[dev->shmem_regions_start + n];
}

/* As the core does for the first peer when nothing can be refused any more */
static void scrub_tables(struct fixture_cell *c)
{
	for (uint32_t n = 0; n < c->cell.num_functions; n++) {
		const struct ivshmem_link *link = ivshmem_link_of(c->functions[n].endpoint);

		if (link->num_endpoints == 1)
			host_fill(link->state_phys, link->state_size, 0);
	}
}

int fixture_create(struct fixture_cell *c)
{
	uint32_t movable = vpci_movable_windows(c->cell.config.cell);
	int err;

	assert_true(movable < FIXTURE_MAX_WINDOWS);
	mmio_map_init(&c->cell.mmio, c->windows, 1, movable);
	refuse_clear();
	err = vpci_init(&c->cell, &fixture_system, c->functions);
	if (!err)
		scrub_tables(c);
	return err;
}

void fixture_destroy(struct fixture_cell *c)
{
	host_forget_cell(&c->cell.mmio);
	vpci_exit(&c->cell);
}

enum mmio_result fixture_read_result(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t *value)
{
	/* What a handler leaves in value must not depend on what was there. */
	struct mmio_access access = { .value = 0x5a5a5a5a5a5a5a5a, .size = size };
	enum mmio_result result = host_access(&c->cell.mmio, addr, &access);

	*value = access.value;
	if (result == MMIO_HANDLED && size < 8)
		assert_int_equal(access.value >> (8 * size), 0);
	return result;
}

enum mmio_result fixture_write_result(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t value)
{
	struct mmio_access access = { .value = value, .size = size, .is_write = true };

	return host_access(&c->cell.mmio, addr, &access);
}

uint64_t fixture_read(struct fixture_cell *c, uint64_t addr, uint8_t size)
{
	uint64_t value;

	assert_int_equal(fixture_read_result(c, addr, size, &value), MMIO_HANDLED);
	return value;
}

void fixture_write(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t value)
{
	assert_int_equal(fixture_write_result(c, addr, size, value), MMIO_HANDLED);
}

uint32_t config_read(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint8_t size)
{
	return (uint32_t)fixture_read(c, FIXTURE_ECAM + bdf * 0x1000ull + reg, size);
}

void config_write(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint8_t size, uint32_t value)
{
	fixture_write(c, FIXTURE_ECAM + bdf * 0x1000ull + reg, size, value);
}

static uint32_t bar0_of(uint16_t bdf)
{
	return FIXTURE_BAR0 + (bdf / 8u) * 0x1000u;
}

static uint32_t bar1_of(uint16_t bdf)
{
	return FIXTURE_BAR1 + (bdf / 8u) * 0x1000u;
}

void fixture_enable(struct fixture_cell *c, uint16_t bdf)
{
	config_write(c, bdf, 0x10, 4, bar0_of(bdf));
	config_write(c, bdf, 0x14, 4, bar1_of(bdf));
	config_write(c, bdf, 0x04, 2, 0x0006);
}

uint32_t reg_read(struct fixture_cell *c, uint16_t bdf, uint32_t reg)
{
	return (uint32_t)fixture_read(c, bar0_of(bdf) + reg, 4);
}

void reg_write(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint32_t value)
{
	fixture_write(c, bar0_of(bdf) + reg, 4, value);
}

uint32_t msix_read(struct fixture_cell *c, uint16_t bdf, uint32_t offset)
{
	return (uint32_t)fixture_read(c, bar1_of(bdf) + offset, 4);
}

void msix_write(struct fixture_cell *c, uint16_t bdf, uint32_t offset, uint32_t value)
{
	fixture_write(c, bar1_of(bdf) + offset, 4, value);
}

void msix_program(struct fixture_cell *c, uint16_t bdf, uint32_t vector, uint32_t intid)
{
	msix_write(c, bdf, 16 * vector, 0xfee00000);
	msix_write(c, bdf, 16 * vector + 4, 0);
	msix_write(c, bdf, 16 * vector + 8, intid);
	msix_write(c, bdf, 16 * vector + 12, 0);
}

uint32_t fixture_endpoint(struct fixture_cell *c, uint16_t bdf)
{
	for (uint32_t n = 0; n < c->cell.num_functions; n++)
		if (c->cell.functions[n].bdf == bdf)
			return c->cell.functions[n].endpoint;
	fail_msg("no such function");
	return 0;
}

uint64_t fixture_count(struct fixture_cell *c, uint16_t bdf, uint32_t counter)
{
	return ivshmem_total(ivshmem_endpoint_at(fixture_endpoint(c, bdf)), counter);
}

bool fixture_latched(struct fixture_cell *c, uint16_t bdf)
{
	return ivshmem_endpoint_at(fixture_endpoint(c, bdf))->latched;
}

int64_t fixture_unaccounted(uint16_t bdf)
{
	uint32_t link = ivshmem_find_link(bdf);
	int64_t sum = 0;

	assert_true(link != IVSHMEM_NO_LINK);
	for (uint32_t peer = 0; peer < ivshmem_links[link]->num_peers; peer++) {
		uint32_t endpoint = link * IVSHMEM_MAX_PEERS + peer;

		sum += (int64_t)ivshmem_total(ivshmem_endpoint_at(endpoint), LINK_COUNTER_SENT);
		for (uint32_t n = LINK_COUNTER_DELIVERED; n < LINK_NUM_COUNTERS; n++)
			sum -= (int64_t)ivshmem_total(ivshmem_endpoint_at(endpoint), n);
		sum -= ivshmem_endpoint_at(endpoint)->latched;
	}
	return sum;
}

uint32_t fixture_state_entry(uint32_t id)
{
	return host_read32(HOST_RAM_BASE + 4ull * id);
}
