/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: arbitrary accesses of three cells to their virtual PCI hosts and ivshmem devices, mixed
 * with resets, failures, leaving and joining. After each step the rules that must hold whatever guests do are
 * checked.
 *
 * Input: steps of 8 bytes { cell and kind, size and window, offset (2, little-endian), value (4) }.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "console.h"
#include "fixture.h"
#include "host.h"

#define CELLS	3u
#define INTX	BDF(0, 0, 0)
#define MSIX	BDF(0, 1, 0)
#define CHECK(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

enum { KIND_READ, KIND_WRITE, KIND_RESET, KIND_FAIL, KIND_LEAVE, KIND_JOIN, KIND_OWN, KIND_DISOWN };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture_cell cells[CELLS];
static bool present[CELLS];

static const uint8_t vectors[CELLS] = { 4, 4, 16 };
static const uint16_t bdfs[2] = { INTX, MSIX };

static void join(uint32_t n)
{
	struct fixture_cell *c = &cells[n];

	fixture_init(c, 20 * n);
	fixture_add(c, INTX, (uint8_t)n, 3, 0);
	fixture_add(c, MSIX, (uint8_t)n, 3, vectors[n]);
	for (uint32_t v = 0; v < 4; v++)
		host_own_spi(&c->cell, 100 + 10 * n + v, true);
	CHECK(fixture_create(c) == 0);
	present[n] = true;
}

static void leave(uint32_t n)
{
	fixture_destroy(&cells[n]);
	present[n] = false;
}

/* Only interrupts of cells that own them, and only while somebody acts */
static void check_interrupt(uint32_t intid)
{
	uint32_t owners = 0;

	for (uint32_t n = 0; n < CELLS; n++)
		owners += present[n] && ((cells[n].cell.arch.spis[intid / 32] >> (intid % 32)) & 1);
	CHECK(owners == 1);
	CHECK(host_locks_held() <= 2);
}

static void check_rules(void)
{
	CHECK(host_locks_held() == 0);
	CHECK(host_locks_held_max() <= 2);
	for (uint32_t n = 0; n < CELLS; n++) {
		for (uint32_t d = 0; present[n] && d < 2; d++) {
			const struct ivshmem_endpoint *ep =
				ivshmem_endpoint_at(cells[n].cell.functions[d].endpoint);

			CHECK(fixture_unaccounted(bdfs[d]) == 0);
			CHECK(ep->params.bdf == bdfs[d] && ep->params.id == n);
			CHECK((ep->interrupt_control & ~1u) == 0);
			CHECK((ep->command & ~0x0406u) == 0);
			CHECK(host_read32(HOST_RAM_BASE + (bdfs[d] & 0xff) * 0x1000ull + 4 * n) == ep->state);
			CHECK(config_read(&cells[n], bdfs[d], 0, 4) == 0x4106110a);
			CHECK(config_read(&cells[n], bdfs[d], 0x04, 2) == ep->command);
			CHECK(config_read(&cells[n], bdfs[d], 0x06, 2) == 0x0010);
		}
		if (!present[n])
			CHECK(host_read32(HOST_RAM_BASE + 4 * n) == 0);
	}
}

/* Where an access goes: mostly to what answers */
static uint64_t address(uint32_t n, uint8_t window, uint16_t offset)
{
	uint16_t bdf = bdfs[(window >> 2) & 1];

	switch (window & 3) {
	case 0:
		return FIXTURE_ECAM + bdf * 0x1000ull + offset % 0x90;
	case 1:
		return FIXTURE_ECAM + offset * 0x21ull;
	case 2:
		return (config_read(&cells[n], bdf, 0x10, 4) & 0xfffff000ull) + offset % 0x20;
	default:
		return (config_read(&cells[n], bdf, 0x14, 4) & 0xfffff000ull) + offset % 0x210;
	}
}

static void access_memory(uint32_t n, bool is_write, const uint8_t *step)
{
	uint8_t size = (uint8_t)(1u << (step[1] & 3));
	uint64_t value = step[4] | step[5] << 8 | step[6] << 16 | (uint64_t)step[7] << 24, got;
	uint64_t addr = address(n, step[1] >> 2, (uint16_t)(step[2] | step[3] << 8));

	if (!present[n])
		return;
	if (is_write) {
		value |= value << 32;
		value &= size < 8 ? (1ull << (8 * size)) - 1 : UINT64_MAX;
		/* no harmless access stops a cell */
		CHECK(fixture_write_result(&cells[n], addr, size, value) != MMIO_REFUSED);
	} else {
		CHECK(fixture_read_result(&cells[n], addr, size, &got) != MMIO_REFUSED);
	}
}

static void own(uint32_t n, uint32_t value, bool owned)
{
	if (!present[n])
		return;
	host_own_spi(&cells[n].cell, 100 + 10 * n + value % 4, owned);
	host_own_spi(&cells[n].cell, 32 + 20 * n + value % 4, owned);
	vpci_reroute(&cells[n].cell);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_reset();
	for (uint32_t n = 0; n < CELLS; n++)
		join(n);
	host_on_raise(check_interrupt);

	for (; size >= 8; data += 8, size -= 8) {
		uint32_t n = data[0] % CELLS, kind = (data[0] / CELLS) % 16;

		/* half of the kinds are writes, a quarter reads */
		switch (kind < 8 ? KIND_WRITE : kind < 10 ? KIND_READ : kind - 8) {
		case KIND_READ:
			access_memory(n, false, data);
			break;
		case KIND_WRITE:
			access_memory(n, true, data);
			break;
		case KIND_RESET:
			if (present[n])
				vpci_reset(&cells[n].cell);
			break;
		case KIND_FAIL:
			if (present[n])
				ivshmem_cell_failed(&cells[n].cell);
			break;
		case KIND_LEAVE:
			if (present[n])
				leave(n);
			break;
		case KIND_JOIN:
			if (!present[n])
				join(n);
			break;
		case KIND_OWN:
			own(n, data[4], true);
			break;
		default:
			own(n, data[4], false);
			break;
		}
		check_rules();
	}

	host_on_raise(NULL);
	for (uint32_t n = 0; n < CELLS; n++)
		if (present[n])
			leave(n);
	CHECK(host_mappings() == 0);
	return 0;
}
