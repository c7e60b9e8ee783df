/* SPDX-License-Identifier: BSD-2-Clause */
/* What the front door has to know of this architecture's use of hypervisor memory. */
#ifndef BULKHEAD_ARM64_BOOT_ARCH_H
#define BULKHEAD_ARM64_BOOT_ARCH_H

#include "early_map.h"
#include "entry.h"
#include "layout.h"

/* Offset of the page pool: behind configuration and first page tables. */
static inline uint64_t boot_pool_offset(const struct bh_image_header *header)
{
	return header->boot.pool_offset + early_table_pages(header) * PAGE_SIZE;
}

/* Where the areas of CPUs are mapped */
static inline struct percpu_area *boot_percpu_areas(void)
{
	return (struct percpu_area *)VA_REMAP;
}

/* [each CPU] The state of EL2 in which Linux would have left it */
void arch_init_from_firmware(void);

/* Have the firmware send a CPU to the entry for secondaries. 0 or a negative errno after refuse(). */
int arch_start_cpu(uint32_t cpu, uint64_t mpidr);

#endif
