/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bundle: everything that a system needs to start without Linux, in one file. Made by the configuration compiler; read by
 * the hypervisor. Little-endian, naturally aligned. The file is hypervisor memory as it is to be loaded, from its base
 * up to boot.pool_offset; offsets of parts are from that base, too.
 *
 * Nothing is trusted before its checksum is right: CRC-32 of IEEE 802.3 (zlib's crc32()). The directory is checked first,
 * then all parts, and only then is a CPU or a cell touched. What a part says is checked again as if a guest had made it.
 *
 * A version is complete: a reader takes the versions that it was built for and refuses all others, and kinds of parts and
 * values that it does not know. So whatever gets a meaning, or another one, is a new version. Padding is not read.
 * Version 1 is version 2 with directory and parts at whole pages.
 *
 * Parts: the hypervisor, the system configuration, then cell configurations and images in any number. They stand in the
 * file in the order of the directory, which stands behind the system configuration, and do not overlap. The hypervisor
 * extends to the end of the per-CPU areas.
 */
#ifndef BULKHEAD_BUNDLE_H
#define BULKHEAD_BUNDLE_H

#include "abi.h"

#define BH_BUNDLE_SIGNATURE	"BHBUNDLE"
#define BH_BUNDLE_VERSION	2
#define BH_BUNDLE_OLDEST	1	/* that is still taken */
#define BH_BUNDLE_ALIGNMENT	8	/* of directory and parts */

#define BH_PART_HYPERVISOR	1	/* part 0, the image file: offset 0 */
#define BH_PART_SYSTEM		2	/* part 1, system configuration: boot.config_offset, boot.config_size */
#define BH_PART_CELL		3	/* cell configuration */
#define BH_PART_IMAGE		4	/* to be loaded into a cell */

struct bh_bundle {
	char signature[8];
	uint32_t version;
	uint32_t size;			/* bytes: this header and the tables behind it */
	uint32_t crc;			/* of these bytes, with 0 here */
	uint32_t num_parts;
	uint32_t num_cells;
	uint32_t num_images;
	uint32_t num_cpus;		/* boot.max_cpus */
	uint32_t padding;
	/* struct bh_bundle_part[], struct bh_bundle_cell[], struct bh_bundle_image[], uint64_t mpidr[] by CPU number follow */
};

struct bh_bundle_part {
	uint32_t kind;			/* BH_PART_* */
	uint32_t crc;
	uint64_t offset;		/* a multiple of BH_BUNDLE_ALIGNMENT */
	uint64_t size;			/* not 0 */
	char name[40];			/* for messages: the file it was; NUL-terminated, printable ASCII */
};

/* What happens when all CPUs of the cell have failed */
#define BH_ON_FAILURE_STOP	0	/* it stays as it is */
#define BH_ON_FAILURE_RESTART	1	/* its images are loaded again and it starts anew */
#define BH_ON_FAILURE_HALT	2	/* the machine is stopped: all other cells, then PSCI SYSTEM_OFF */

/* In the order of their start */
struct bh_bundle_cell {
	uint32_t config_part;		/* BH_PART_CELL, with an id of its own, or BH_PART_SYSTEM for the root cell */
	uint32_t first_image;
	uint32_t num_images;
	uint32_t on_failure;		/* BH_ON_FAILURE_* */
	uint32_t max_restarts;		/* within window_seconds, then it stays stopped; 0: no limit */
	uint32_t window_seconds;	/* 0: for ever */
	uint64_t argument;		/* x0 at the entry: for Linux the address of the device tree */
};

/* Loaded in this order: of two that overlap in the cell, the later one stays */
struct bh_bundle_image {
	uint32_t part;			/* BH_PART_IMAGE */
	uint32_t padding;
	uint64_t target;		/* guest-physical; all of it in one writable memory region of the cell */
};

BH_ABI_ASSERT(sizeof(struct bh_bundle) == 40, bh_bundle);
BH_ABI_ASSERT(sizeof(struct bh_bundle_part) == 64, bh_bundle_part);
BH_ABI_ASSERT(sizeof(struct bh_bundle_cell) == 32, bh_bundle_cell);
BH_ABI_ASSERT(sizeof(struct bh_bundle_image) == 16, bh_bundle_image);

#endif
