/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page pool: all memory that is allocated at run time, bounded by hypervisor memory. Pages come zeroed.
 * Called under the management lock or before any cell runs.
 */
#ifndef BULKHEAD_PAGES_H
#define BULKHEAD_PAGES_H

#include "types.h"

/* count contiguous pages, aligned to align_pages (a power of two). NULL when the pool has none. */
void *pages_alloc(uint32_t count, uint32_t align_pages);
void pages_free(void *pages, uint32_t count);

uint32_t pages_total(void);
uint32_t pages_used(void);

host_addr_t virt_to_host(const void *virt);	/* of hypervisor memory */
void *host_to_virt(host_addr_t addr);

/*
 * Early: count pages become the pool, those that are behind the first ones from virt on. If that is much, the bitmap is in its
 * first pages.
 */
void pages_init(void *virt, uint32_t before, uint32_t count);

/* Once: pages from before the pool become a part of it. */
void pages_add(void *pages, uint32_t count);

#endif
