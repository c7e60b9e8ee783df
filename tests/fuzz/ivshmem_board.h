/* SPDX-License-Identifier: BSD-2-Clause */
/* The cells of the ivshmem fuzz target and their devices, for the device core and for the reference model. */
#ifndef BULKHEAD_IVSHMEM_BOARD_H
#define BULKHEAD_IVSHMEM_BOARD_H

#include "fixture.h"

enum { A, B, C, D, E, CELLS };

struct board_device {
	uint8_t cell;
	uint16_t bdf;
	uint8_t id, peers, vectors;
	uint32_t bar0;		/* mask of BAR 0, if it has not 4 KiB */
	bool lossy;		/* State changes */
};

/* By cells */
#define NUM_DEVICES	16u
extern const struct board_device board[NUM_DEVICES];

#define NUM_LINKS	5u
extern const uint16_t board_links[NUM_LINKS];

/* Interrupts that may change hands: cell n at first has 8 n to 8 n + 7, four of them its INTx lines. */
#define NUM_SPIS	(8u * CELLS)
#define NOBODY		CELLS

uint32_t board_intid(uint32_t spi);

uint64_t board_table_phys(uint16_t bdf);
uint64_t board_table_size(uint16_t bdf);
uint64_t board_bar0_size(const struct board_device *b);

/* The configuration of a cell that is to be created; owner: cell of each interrupt */
void board_configure(struct fixture_cell *c, uint32_t cell, const uint32_t owner[NUM_SPIS]);
/* Declare all devices to the model. */
void board_model(void);

#endif
