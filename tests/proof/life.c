/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that can be done to two cells on a link of three peers, as often as one likes, in any order, with any
 * values: they are created, access what they want, are reset, fail, are destroyed, are asked about.
 */
#include "proof.h"

#define ECAM	0x07000000ull
#define CELLS	2u

/* What a cell has. From NO_BAR on it is refused, or is no ivshmem device. */
enum { ABSENT, INTX, MSIX, NO_BAR, TYPE_BELOW, TYPE_ABOVE };

PROOF_CELL(0);
PROOF_CELL(1);

static const struct proof_cell cells[CELLS] = { PROOF_CELL_INIT(0), PROOF_CELL_INIT(1) };
static struct cfg_system machine;
static uint32_t kind, shape;		/* of the cell that is created; two bits for each cell that is there */

static uint32_t kind_of(uint32_t n)
{
	return (shape >> (2 * n)) & 3;
}

static uint32_t some_bar(void)
{
	return Frama_C_unsigned_int_interval(1, UINT32_MAX);
}

static void make_device(struct cfg_pci_device *dev)
{
	//@ split kind;
	dev->type = CFG_PCI_IVSHMEM;
	dev->bar_mask[0] = some_bar();
	dev->bar_mask[1] = kind == NO_BAR ? 0 : some_bar();
	dev->num_msix_vectors = (uint16_t)(kind == INTX ? 0 : Frama_C_interval(1, UINT16_MAX));
	if (kind == TYPE_BELOW)
		dev->type = (uint8_t)Frama_C_interval(0, CFG_PCI_IVSHMEM - 1);
	else if (kind == TYPE_ABOVE)
		dev->type = (uint8_t)Frama_C_interval(CFG_PCI_IVSHMEM + 1, UINT8_MAX);
}

/* Something else that a cell has, in a map of its own: EVA would take it for each of the windows that are put in order */
static enum mmio_result maybe_refused(const struct mmio_window *window, struct mmio_access *access)
{
	(void)window;
	access->value = ANY_U64();
	return MAYBE() ? MMIO_REFUSED : MMIO_HANDLED;
}

static const struct mmio_device other_device = { .access = maybe_refused };
static struct mmio_window other_window[1];
static struct mmio_map other_map;

static void create(uint32_t n)
{
	const struct proof_cell *c = &cells[n];

	proof_configure(c, n);
	c->devices[0].bdf = 0;
	c->devices[0].shmem_dev_id = (uint8_t)(n + 1);	/* up to the end of the array, and one place is empty */
	c->devices[0].shmem_peers = PEERS;
	kind = (uint32_t)Frama_C_interval(INTX, TYPE_ABOVE);
	make_device(&c->devices[0]);
	mmio_map_init(&c->cell->mmio, c->windows, 1, vpci_movable_windows(c->cell->config.cell));
	if (vpci_init(c->cell, &machine, c->functions) == 0 && c->cell->num_functions == 1)
		shape += kind << (2 * n);
	kind = ABSENT;
}

static void destroy(uint32_t n)
{
	vpci_exit(cells[n].cell);
	shape &= ~(3u << (2 * n));
}

static volatile uint32_t read_value;

/* What a CPU does that repeats an access by itself */
static void access_again(const struct mmio_access *access)
{
	uint64_t *sent, *delivered;
	struct ivshmem_endpoint *ep;

	if (!access->window)
		return;
	if (access->is_write && access->again.store == &mmio_direct) {
		/* what it calls is what write_page() has called, which EVA knows the endpoint of */
		(void)ivshmem_register_write(access->window->index, ANY_U32() ? IVSHMEM_REG_STATE : IVSHMEM_REG_INT_CTRL, &ep);
	} else if (access->is_write && access->again.store) {
		if (access->again.store->address && ivshmem_will_ring(access->window->index, (uint32_t)access->value, 0, &sent,
									  &delivered)) {
			++*sent;
			++*delivered;
		}
	} else if (!access->is_write && access->again.word) {
		read_value = *access->again.word;
	}
}

static void access_memory(uint32_t n)
{
	struct mmio_access access = {
		.value = ANY_U64(),
		.size = (uint8_t)(1u << Frama_C_interval(0, 3)),
		.is_write = MAYBE(),
	};

	//@ split access.is_write;
	if (mmio_dispatch(&cells[n].cell->mmio, GUEST_ADDR(ANY_U64()), &access) == MMIO_HANDLED)
		access_again(&access);
	//@ merge access.is_write;
	mmio_dispatch(&other_map, GUEST_ADDR(ANY_U64()), &access);
	mmio_has_window(&cells[n].cell->mmio, GUEST_ADDR(ANY_U64()));
	if (access.window)
		mmio_has_pages(&cells[n].cell->mmio, access.window, ANY_U64(), GUEST_ADDR(ANY_U64()));
}

static void step(uint32_t n)
{
	switch (Frama_C_interval(0, 7)) {
	case 0:
		access_memory(n);
		break;
	case 1:
		vpci_reset(cells[n].cell);
		break;
	case 2:
		vpci_reroute(cells[n].cell);
		break;
	case 3:
		ivshmem_cell_stopped(cells[n].cell);
		break;
	case 4:
		ivshmem_own_info(cells[n].cell, ANY_U32(), ANY_U32(), ANY_U32());
		break;
	case 5:
		proof_ask();
		break;
	case 6:
		ivshmem_total(ivshmem_endpoint_at(cells[n].functions[0].endpoint),
				(uint32_t)Frama_C_interval(0, LINK_NUM_COUNTERS - 1));
		break;
	default:
		destroy(n);
		break;
	}
}

int main(void)
{
	Frama_C_make_unknown((char *)&machine, sizeof(machine));
	machine.pci_mmconfig_base = ECAM;
	machine.pci_is_virtual = 1;
	mmio_map_init(&other_map, other_window, 1, 0);
	mmio_add_fixed(&other_map, 0, PAGE_SIZE, &other_device, NULL, 0);
	while (MAYBE()) {
		uint32_t n = (uint32_t)Frama_C_interval(0, CELLS - 1);

		//@ split n;
		if (kind_of(n) == ABSENT)
			create(n);
		else
			step(n);
		//@ assert released: proof_locks == 0;
		//@ merge n;
		n = 0;
	}
	return 0;
}
