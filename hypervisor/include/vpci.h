/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual PCI host of a cell: the ECAM window and the functions behind it.
 *
 * Config accesses of 1, 2 and 4 bytes, naturally aligned; others read all ones and write nothing, as do
 * accesses to absent functions: none of them stops a cell.
 */
#ifndef BULKHEAD_VPCI_H
#define BULKHEAD_VPCI_H

#include "bulkhead/cell_config.h"
#include "types.h"

struct cell;
struct cfg_system;

struct vpci_function {
	uint16_t bdf;
	uint32_t endpoint;	/* ivshmem endpoint id */
};

/* Movable MMIO windows, as many as vpci_init() can need for a configuration with this header */
static inline uint32_t vpci_movable_windows(const struct cfg_cell *header)
{
	return 2 * header->num_pci_devices;
}

/*
 * Create the functions of the cell's ivshmem entries and join their links; register the ECAM window (if
 * the system has one). functions: array with room for all type 3 entries. On failure everything is
 * undone. cell->config, cell->mmio, cell->is_root must be set. 0 or a negative errno after refuse().
 */
int vpci_init(struct cell *cell, const struct cfg_system *system, struct vpci_function *functions);

/* Device reset of all functions (cell start, set loadable). The cell's CPUs are stopped. */
void vpci_reset(struct cell *cell);

/* The interrupts that the cell owns have changed (SPIs taken from or given back to the root cell). */
void vpci_reroute(struct cell *cell);

/* Peers learn it, endpoints leave their links. The cell's CPUs are stopped. */
void vpci_exit(struct cell *cell);

#endif
