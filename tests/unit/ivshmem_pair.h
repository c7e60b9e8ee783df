/* SPDX-License-Identifier: BSD-2-Clause */
/* Two cells, peers 0 and 1 of two links: one with INTx, one with MSI-X. */
#ifndef BULKHEAD_IVSHMEM_PAIR_H
#define BULKHEAD_IVSHMEM_PAIR_H

#include "fixture.h"

#define INTX	BDF(0, 0, 0)	/* pin 1, state table at HOST_RAM_BASE */
#define MSIX	BDF(0, 1, 0)
#define BASE_A	0u		/* vpci_irq_base of the cells */
#define BASE_B	20u
#define SPI_A	(32 + BASE_A)
#define SPI_B	(32 + BASE_B)
#define VECTORS	4u		/* may become SPIs 100..103 in A, 110..113 in B */

#define ID	IVSHMEM_REG_ID
#define PEERS	IVSHMEM_REG_MAX_PEERS
#define CTRL	IVSHMEM_REG_INT_CTRL
#define BELL	IVSHMEM_REG_DOORBELL
#define STATE	IVSHMEM_REG_STATE

#define RING(peer, vector)	((uint32_t)(peer) << 16 | (vector))

extern struct fixture_cell a, b;

/* As a driver has it after probing: BARs in place, Memory and Master on, interrupts off */
void make_cell(struct fixture_cell *c, uint32_t irq_base, uint8_t id);

/* cmocka fixtures; RAM is full of eeh before, and nothing may be left behind. */
int pair_setup(void **state);
int pair_teardown(void **state);

/* Doorbell of A on the INTx link; how many interrupts B, and nobody else, got on its line */
uint32_t ring_b(uint32_t peer, uint32_t vector);

#endif
