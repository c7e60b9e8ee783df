/* SPDX-License-Identifier: BSD-2-Clause */
/* Address space of the hypervisor at EL2; shared with assembly. */
#ifndef BULKHEAD_ARM64_LAYOUT_H
#define BULKHEAD_ARM64_LAYOUT_H

/* One table of level 2 serves all of it, and one of level 3 the areas of CPUs and the devices of a small machine. */
#define VA_REMAP	0xb1d00000000	/* areas of CPUs; behind them map_range(): devices, state tables */
#define REMAP_PAGES	16384
#define VA_SWEEP	0xb1d04000000	/* behind it: 2 MiB of memory that is cleaned or scrubbed, while that is done */
#define VA_IMAGE	0xb1d10000000	/* hypervisor memory but for the areas of CPUs: image, configuration, pool */
#define VA_IMAGE_BIT	43		/* set in it */

/* After a late launch there is room for any physical address, too; else for what is above. See entry.S */
#define VA_BITS		48
#define VA_BITS_SMALL	44

/* MAIR_EL2: index 0 device nGnRE, 1 normal write-back */
#define EL2_MAIR	0xff04
/* TCR_EL2: T0SZ, inner and outer write-back walks, inner shareable, 4K granule; PS is added at run time */
#define EL2_TCR		(0x80800000 | 0x3500 | (64 - VA_BITS))

#endif
