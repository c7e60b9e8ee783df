/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IVSHMEM version 2 device core: links and their endpoints, in index style (ids instead of pointers between
 * objects, no hardware access), so that it can be tested, fuzzed and proven on the host.
 *
 * An endpoint is named by an id from ivshmem_attach() to ivshmem_detach(). Functions marked [guest] may run on
 * several CPUs at once, also against reset and against attach/detach of other peers; the rest is called under the
 * management lock.
 *
 * What it needs: arch_virq_*, spin locks, map_range(), the page pool, full barriers.
 */
#ifndef BULKHEAD_HV_IVSHMEM_H
#define BULKHEAD_HV_IVSHMEM_H

#include "bulkhead/ivshmem.h"
#include "bulkhead/cell_config.h"
#include "types.h"

struct cell;
struct ivshmem_endpoint;
struct mmio_access;

/* Join the link of dev->bdf as peer dev->shmem_dev_id; see docs/ivshmem.md for the checks. */
int ivshmem_attach(struct cell *cell, const struct cfg_pci_device *dev, uint32_t *endpoint);

/* All registers to reset values, own State to 0; peers interrupted if it was not 0. */
void ivshmem_reset(uint32_t endpoint);

/* As reset, then leave the link; the link ends with its last endpoint. */
void ivshmem_detach(uint32_t endpoint);

/* The interrupts that the cell owns have changed: resolve the routes again. */
void ivshmem_reroute(uint32_t endpoint);

/* [guest] offset aligned to size, size 1, 2 or 4, offset < 4096 */
uint32_t ivshmem_config_read(uint32_t endpoint, uint32_t offset, uint32_t size);
void ivshmem_config_write(uint32_t endpoint, uint32_t offset, uint32_t size, uint32_t value);

/* Its value, as long as the function exists, if it is kept as a word of memory; else NULL */
const uint32_t *ivshmem_config_word(uint32_t endpoint, uint32_t offset);

/*
 * From now on the CPU rings by itself when this value is written to the register page of that endpoint: what it counts by then. A
 * barrier comes before it does. False if there is no such doorbell.
 */
bool ivshmem_will_ring(uint32_t endpoint, uint32_t value, uint32_t cpu, uint64_t **sent, uint64_t **delivered);

/* The function that writes the register at this offset of the register page, of which writes are mmio_direct [guest] */
typedef void (*ivshmem_write_t)(struct ivshmem_endpoint *ep, uint32_t value);
ivshmem_write_t ivshmem_register_write(uint32_t endpoint, uint64_t offset, struct ivshmem_endpoint **ep);

/*
 * No CPU of the cell runs any more, failed or off, and only the manager can change that: its State becomes 0 and
 * peers are told, without further reset. Of all its devices; or of the n-th one [guest]: called on the CPU that stopped last.
 */
void ivshmem_cell_stopped(struct cell *cell);
void ivshmem_device_stopped(struct cell *cell, uint32_t n);

/*
 * HC_LINK_INFO for the root cell: the value of item (LINK_INFO_*) for peer id peer of the link with that bdf,
 * or -ENOENT or -EINVAL as described there. All arguments may have any value.
 */
int64_t ivshmem_link_info(uint32_t bdf, uint32_t peer, uint32_t item);

/*
 * The same for a cell that asks about its own ends; -EPERM for anything else. [guest]: on a CPU of the cell,
 * whose links stay as long as it is on them.
 */
int64_t ivshmem_own_info(const struct cell *cell, uint32_t bdf, uint32_t peer, uint32_t item);

#endif
