/* SPDX-License-Identifier: BSD-2-Clause */
/* The first page tables, which lie in hypervisor memory behind the configuration, where the header says that the pool begins: that is
 * behind them. */
#ifndef BULKHEAD_ARM64_EARLY_MAP_H
#define BULKHEAD_ARM64_EARLY_MAP_H

#include "bulkhead/image.h"
#include "types.h"

uint64_t early_table_pages(const struct bh_image_header *header);

/* Called from assembly on the primary CPU with the MMU off: base of hypervisor memory. */
void early_map(uint64_t base);

extern uint64_t early_root;	/* physical; 0: not yet */

#endif
