/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own address space. Implemented by the architecture; called under the management lock.
 */
#ifndef BULKHEAD_PAGING_H
#define BULKHEAD_PAGING_H

#include "types.h"

enum map_type {
	MAP_NORMAL,	/* write-back, coherent with guests */
	MAP_DEVICE,	/* device registers */
};

/*
 * Map whole pages covering [addr, addr + size) read/write, never executable, until unmap_range().
 * Returns the virtual address of addr itself; NULL if out of pages or address space, or if
 * MAP_NORMAL finds no memory there. Ranges of a
 * few pages: guest RAM is not mapped at EL2.
 */
void *map_range(host_addr_t addr, uint64_t size, enum map_type type);
void unmap_range(void *virt, uint64_t size);

/* Address space for map_range(), in pages */
uint32_t remap_pages_total(void);
uint32_t remap_pages_used(void);

#endif
