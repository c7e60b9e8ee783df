/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creation of cells from arbitrary configurations, one after the other: any sections, any number of peers, too few
 * windows, other windows in the way, more links than there is room for.
 */
#include "proof.h"

#define CELLS	2u

enum { COMMON, OWN, SAME_TWICE };

PROOF_CELL(0);
PROOF_CELL(1);

static const struct proof_cell cells[CELLS] = { PROOF_CELL_INIT(0), PROOF_CELL_INIT(1) };
static struct cfg_system machine;

static enum mmio_result refuse_access(const struct mmio_window *window, struct mmio_access *access)
{
	(void)window;
	(void)access;
	return MMIO_REFUSED;
}

static const struct mmio_device no_device = { .access = refuse_access };

/* With other windows in the way, and perhaps not enough room for its own */
static bool create(uint32_t n)
{
	const struct proof_cell *c = &cells[n];
	uint32_t windows = vpci_movable_windows(c->cell->config.cell);

	mmio_map_init(&c->cell->mmio, c->windows, (uint32_t)Frama_C_interval(0, FIXED),
		      MAYBE() && windows > 0 ? windows - 1 : windows);
	if (MAYBE())
		mmio_add_fixed(&c->cell->mmio, ANY_U64(), ANY_U64(), &no_device, NULL, 0);
	return vpci_init(c->cell, &machine, c->functions) == 0;
}

/* Any type, any sections, any number of peers */
static void create_wrong(uint32_t n)
{
	uint32_t start = ANY_U32(), peers = (uint32_t)Frama_C_interval(0, UINT8_MAX);

	proof_configure(&cells[n], n);
	cells[n].config->num_pci_devices = 1;
	cells[n].devices[0].shmem_dev_id = 0;
	if (start <= REGIONS) {
		//@ split start;
		cells[n].devices[0].shmem_regions_start = start;
	} else {
		cells[n].devices[0].shmem_regions_start = start;
	}
	cells[n].devices[0].shmem_peers = 0;
	if (peers > 0)
		cells[n].devices[0].shmem_peers = (uint8_t)peers;
	if (create(n))
		vpci_exit(cells[n].cell);
}

/* Two devices, also on one link, also beyond the number of peers, also in a place that is taken */
static bool create_pair(uint32_t n)
{
	static const uint16_t common[DEVICES] = { 8, 0 }, own[CELLS][DEVICES] = { { 0, 8 }, { 16, 24 } };
	uint32_t high_id = (uint32_t)MAYBE(), links = (uint32_t)Frama_C_interval(COMMON, SAME_TWICE);

	//@ split high_id;
	//@ split links;
	proof_configure(&cells[n], n);
	for (uint32_t d = 0; d < DEVICES; d++) {
		cells[n].devices[d].type = CFG_PCI_IVSHMEM;
		cells[n].devices[d].bdf = links == COMMON ? common[d] : links == OWN ? own[n][d] : 0;
		cells[n].devices[d].shmem_dev_id = (uint8_t)(high_id ? PEERS - 1 : n);
		cells[n].devices[d].shmem_peers = (uint8_t)Frama_C_interval(1, UINT8_MAX);
		cells[n].devices[d].shmem_regions_start = 0;
	}
	return create(n);
}

static void reset(uint32_t n)
{
	vpci_reset(cells[n].cell);
	vpci_reroute(cells[n].cell);
	ivshmem_cell_stopped(cells[n].cell);
}

int main(void)
{
	Frama_C_make_unknown((char *)&machine, sizeof(machine));
	if (MAYBE()) {
		create_wrong(0);
	} else if (create_pair(0)) {
		reset(0);
		if (create_pair(1)) {
			reset(1);
			reset(0);
			proof_ask();
			vpci_exit(cells[0].cell);
			vpci_exit(cells[1].cell);
		}
	}
	return 0;
}
