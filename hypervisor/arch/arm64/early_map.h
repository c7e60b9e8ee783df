/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first page tables. They lie in hypervisor memory behind the configuration, at the pool_offset of the header; the pool begins
 * behind them.
 */
#ifndef BULKHEAD_ARM64_EARLY_MAP_H
#define BULKHEAD_ARM64_EARLY_MAP_H

#include "bulkhead/image.h"
#include "types.h"

uint64_t early_table_pages(const struct bh_image_header *header);

/* Called from assembly on the primary CPU with the MMU off: base of hypervisor memory. */
void early_map(uint64_t base);

extern uint64_t early_root;	/* physical; 0: not yet */

#endif
