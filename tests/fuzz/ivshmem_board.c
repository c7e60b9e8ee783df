/* SPDX-License-Identifier: BSD-2-Clause */
#include "host.h"
#include "ivshmem_board.h"
#include "ivshmem_model.h"

#define LINE	BDF(0, 0, 0)
#define MSIX	BDF(0, 1, 0)
#define MIXED	BDF(0, 2, 0)
#define WIDE	BDF(1, 3, 5)
#define SHARED	BDF(0, 4, 0)	/* the same interrupt line as LINE */

const uint16_t board_links[NUM_LINKS] = { LINE, MSIX, MIXED, WIDE, SHARED };

const struct board_device board[NUM_DEVICES] = {
	{ .cell = A, .bdf = LINE, .id = 0, .peers = 2 },
	{ .cell = A, .bdf = MSIX, .id = 0, .peers = 3, .vectors = 4 },
	{ .cell = A, .bdf = MIXED, .id = 0, .peers = 4 },
	{ .cell = A, .bdf = WIDE, .id = 11, .peers = 12, .vectors = 4, .bar0 = 0xffff0000 },
	{ .cell = B, .bdf = LINE, .id = 1, .peers = 2, .bar0 = 0xfff00000 },
	{ .cell = B, .bdf = MSIX, .id = 1, .peers = 3, .vectors = 4 },
	{ .cell = B, .bdf = MIXED, .id = 1, .peers = 4, .vectors = 1, .lossy = true },
	{ .cell = B, .bdf = WIDE, .id = 3, .peers = 4 },
	{ .cell = B, .bdf = SHARED, .id = 0, .peers = 2 },
	{ .cell = C, .bdf = MSIX, .id = 2, .peers = 3, .vectors = 16 },
	{ .cell = C, .bdf = MIXED, .id = 2, .peers = 4, .vectors = 16 },
	{ .cell = C, .bdf = WIDE, .id = 0, .peers = 12, .vectors = 1 },
	{ .cell = D, .bdf = MIXED, .id = 3, .peers = 4, .vectors = 4, .bar0 = 0x80000000 },
	/* id beyond its own shmem_peers */
	{ .cell = D, .bdf = WIDE, .id = 7, .peers = 1 },
	{ .cell = D, .bdf = SHARED, .id = 1, .peers = 2 },
	/* wants to be the same peer as B */
	{ .cell = E, .bdf = MSIX, .id = 1, .peers = 3, .vectors = 1 },
};

static uint32_t line_base(uint32_t cell)
{
	return 20 * cell;
}

uint32_t board_intid(uint32_t spi)
{
	uint32_t cell = spi / 8, n = spi % 8;

	return n < 4 ? 32 + line_base(cell) + n : 120 + 10 * cell + n - 4;
}

uint64_t board_table_phys(uint16_t bdf)
{
	return HOST_RAM_BASE + (bdf & 0xffu) * 0x1000ull;
}

uint64_t board_bar0_size(const struct board_device *b)
{
	return b->bar0 ? 0x100000000ull - b->bar0 : 0x1000;
}

/* One link has sections that need all bits of their registers. */
uint64_t board_table_size(uint16_t bdf)
{
	return FIXTURE_STATE_SIZE * (bdf == WIDE ? 2 : 1);
}

static uint64_t rw_size(uint16_t bdf)
{
	return FIXTURE_RW_SIZE + (bdf == WIDE ? 0x1200000000 : 0);
}

static uint64_t output_size(uint16_t bdf)
{
	return FIXTURE_OUTPUT_SIZE + (bdf == WIDE ? 0x3400000000 : 0);
}

static uint64_t guest_base(uint16_t bdf)
{
	return 0x7faf0000 + (bdf == WIDE ? 0x5600000000 : 0);
}

static uint16_t protocol(const struct board_device *b)
{
	return (uint16_t)(0x8000 + b->bdf + 0x1000 * b->cell);
}

void board_configure(struct fixture_cell *c, uint32_t cell, const uint32_t owner[NUM_SPIS])
{
	fixture_init(c, line_base(cell));
	c->cell.id = (uint16_t)cell;
	for (uint32_t n = 0; n < NUM_SPIS; n++)
		host_own_spi(&c->cell, board_intid(n), owner[n] == cell);
	for (const struct board_device *b = board; b < board + NUM_DEVICES; b++) {
		struct cfg_pci_device *dev;

		if (b->cell != cell)
			continue;
		dev = fixture_add(c, b->bdf, b->id, b->peers, b->vectors);
		if (b->bar0)
			dev->bar_mask[0] = b->bar0;
		dev->bar_mask[1] = 0xfffff000;		/* with INTx it is not looked at */
		dev->msi_flags = b->lossy ? CFG_SHMEM_LOSSY_STATE : 0;
		dev->shmem_protocol = protocol(b);
		fixture_region(c, dev, 0)->virt_start = guest_base(b->bdf);
		fixture_region(c, dev, 0)->size = board_table_size(b->bdf);
		fixture_region(c, dev, 1)->size = rw_size(b->bdf);
		fixture_region(c, dev, 2)->size = output_size(b->bdf);
	}
}

void board_model(void)
{
	for (const struct board_device *b = board; b < board + NUM_DEVICES; b++)
		model_add(b->cell, &(struct model_params){
			.bdf = b->bdf,
			.id = b->id,
			.peers = b->peers,
			.vectors = b->vectors,
			.intx = board_intid(8 * b->cell + b->bdf / 8 % 4),
			.protocol = protocol(b),
			.bar_mask = { b->bar0 ? b->bar0 : 0xfffff000, 0xfffff000 },
			.table_size = (uint32_t)board_table_size(b->bdf),
			.rw_size = rw_size(b->bdf),
			.output_size = output_size(b->bdf),
			.base = guest_base(b->bdf),
			.lossy_state = b->lossy,
		});
}
