/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has which memory. Under the management lock with all root CPUs but the caller's suspended and the CPUs of
 * the cell stopped. Root regions map host addresses to equal guest addresses.
 */
#ifndef BULKHEAD_CELL_MEMORY_H
#define BULKHEAD_CELL_MEMORY_H

#include "cell.h"

/* Is it memory: no device, not the communication region, and no sub-page region, which is never mapped? */
bool is_memory_region(const struct cfg_memory *mem);

/* Map all regions of a cell, take them from the root cell, carve the emulated windows. The cell is not in the list yet. */
int cell_memory_take(struct cell *cell);

/* The list has changed: which sub-page regions of the root cell do cells have? */
void cell_memory_update_lent(void);

/* The cell is no longer in the list: give everything back to the root cell that its configuration covers and no other cell has. */
int cell_memory_return(struct cell *cell);

/* Loadable memory into and out of the root cell: cell->loadable. */
int cell_memory_lend(struct cell *cell);
int cell_memory_reclaim(struct cell *cell);

/*
 * At a change of the owner: zeros where the old one's data may not reach the new one, clean caches everywhere; of the root cell,
 * sections of links alone. Root CPUs need not be suspended.
 */
void cell_memory_scrub(struct cell *cell);

/* Write back and drop cache lines of the cell's memory: it starts with caches off. Root CPUs need not be suspended. */
void cell_memory_clean(struct cell *cell);

/* The root cell's own map. */
int root_memory_init(void);

/*
 * Copy an image in hypervisor memory to a guest address of a stopped cell and clean it from the caches. -EINVAL if it does
 * not lie in one region of memory, all of which the cell may write, or if nothing answers there; a part may be copied.
 */
int cell_memory_load(struct cell *cell, guest_addr_t target, const uint8_t *image, uint64_t size);

#endif
