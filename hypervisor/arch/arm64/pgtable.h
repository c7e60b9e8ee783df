/* SPDX-License-Identifier: BSD-2-Clause */
/* VMSAv8-64 descriptors, 4K granule, stage 1 at EL2 and stage 2 (DDI 0487, D8.3). */
#ifndef BULKHEAD_ARM64_PGTABLE_H
#define BULKHEAD_ARM64_PGTABLE_H

#include "pages.h"

#define ENTRIES		512UL		/* of a table */
#define PTE_VALID	(1UL << 0)
#define PTE_TABLE	(1UL << 1)	/* table at levels 0..2, page at level 3; clear: block */
#define PTE_ADDR_MASK	0x0000fffffffff000UL
#define PTE_AF		(1UL << 10)
#define PTE_SH_INNER	(3UL << 8)
#define PTE_XN		(1UL << 54)

/* Stage 1: MAIR indices of layout.h; AP[1] is RES1 at EL2, AP[2] = read-only */
#define PTE_ATTR_DEVICE	(0UL << 2)
#define PTE_ATTR_NORMAL	(1UL << 2)
#define PTE_AP_RES1	(1UL << 6)
#define PTE_AP_RO	(1UL << 7)

#define PTE_EL2_COMMON	(PTE_VALID | PTE_TABLE | PTE_AF | PTE_AP_RES1)
#define PTE_EL2_RX	(PTE_EL2_COMMON | PTE_ATTR_NORMAL | PTE_SH_INNER | PTE_AP_RO)
#define PTE_EL2_RO	(PTE_EL2_RX | PTE_XN)
#define PTE_EL2_RW	(PTE_EL2_COMMON | PTE_ATTR_NORMAL | PTE_SH_INNER | PTE_XN)
#define PTE_EL2_DEVICE	(PTE_EL2_COMMON | PTE_ATTR_DEVICE | PTE_XN)

/* Stage 2 */
#define PTE_S2_NORMAL	(0xfUL << 2)
#define PTE_S2_DEVICE	(0x1UL << 2)	/* nGnRE */
#define PTE_S2_TYPE	(0xfUL << 2)
#define PTE_S2_READ	(1UL << 6)
#define PTE_S2_WRITE	(1UL << 7)
#define PTE_S2_NO_BLOCK	(1UL << 55)	/* ignored by hardware: part of a region that wants 4K pages */

/* The table that an entry says, in hypervisor memory */
static inline uint64_t *table_of(uint64_t entry)
{
	return host_to_virt(HOST_ADDR(entry & PTE_ADDR_MASK));
}

#endif
