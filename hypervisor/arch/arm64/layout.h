/* SPDX-License-Identifier: BSD-2-Clause */
/* Address space of the hypervisor at EL2; shared with assembly. */
#ifndef BULKHEAD_ARM64_LAYOUT_H
#define BULKHEAD_ARM64_LAYOUT_H

#define VA_IMAGE	0xb1d000000000	/* image, per-CPU areas, configuration, pool: hypervisor memory */
#define VA_REMAP	0xb1d040000000	/* map_range(): devices, state tables, per-CPU windows */
#define REMAP_PAGES	16384
#define VA_SWEEP	0xb1d044000000	/* behind it: 2 MiB of memory that is cleaned or scrubbed, while that is done */
#define VA_BITS		48

/* MAIR_EL2: index 0 device nGnRE, 1 normal write-back */
#define EL2_MAIR	0xff04
/* TCR_EL2: T0SZ, inner and outer write-back walks, inner shareable, 4K granule; PS is added at run time */
#define EL2_TCR		(0x80800000 | 0x3500 | (64 - VA_BITS))

#endif
