/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contract between a launcher (the Linux driver, later the firmware front door) and the hypervisor
 * image. Private: both sides are built from one tree, checked by `abi`.
 *
 * Hypervisor memory, page-aligned, from low to high:
 *
 *   image                     header.core_size bytes, bss included; the file may be shorter, the rest is 0
 *   per-CPU areas             boot.max_cpus * header.percpu_size
 *   system configuration      boot.config_size bytes, rounded up to a page
 *   page pool                 the rest
 *
 * Entry (arm64): every CPU of the root cell in parallel, at EL2h with the MMU off and interrupts masked,
 * through the hyp stub's HVC_SOFT_RESTART, at base + header.entry with
 *   x0 = physical base of hypervisor memory, x1 = Linux logical CPU number.
 * The launcher has cleaned the whole hypervisor memory to the point of coherency. The hypervisor returns
 * with an ERET to the caller of the stub: x0 = 0 or a negative errno, x1-x17 clobbered, all else
 * as it was. The errno is the same on every CPU. After a failure the stub's vectors are in place again, no
 * CPU holds a reference to the memory, and the public page says why.
 */
#ifndef BULKHEAD_IMAGE_H
#define BULKHEAD_IMAGE_H

#include "abi.h"

#define BH_IMAGE_SIGNATURE	"BULKHEAD"
#define BH_IMAGE_ABI		1

struct bh_image_header {
	char signature[8];
	uint32_t abi;
	uint32_t architecture;		/* CFG_ARCH_* */
	uint64_t core_size;		/* bytes, multiple of 4096 */
	uint64_t percpu_size;		/* bytes, multiple of 4096 */
	uint64_t entry;			/* offset */
	uint64_t public_page;		/* offset, struct bh_public_page */
	char version[32];		/* NUL-terminated */
	struct bh_boot_params {		/* filled in by the launcher */
		uint64_t phys_base;
		uint64_t memory_size;
		uint32_t max_cpus;	/* highest CPU number of the root cell + 1 */
		uint32_t online_cpus;	/* how many CPUs are going to enter */
		uint32_t primary_cpu;	/* number of the entering CPU that sets up for all */
		uint32_t padding;
		uint64_t config_offset;
		uint64_t config_size;
	} boot;
};

/*
 * One page of the image that the root cell may read while the hypervisor runs (at hypervisor memory
 * base + public_page; the rest of hypervisor memory reads as zeros there).
 */
#define BH_CONSOLE_RING_SIZE	2048

struct bh_public_page {
	volatile uint32_t console_busy;	/* reader: wait for 0, note tail, copy, repeat if either changed */
	volatile uint32_t console_tail;	/* free-running index of the next byte */
	char console[BH_CONSOLE_RING_SIZE];
	/* Why the last refused enable or hypercall of the root cell was refused; one line, NUL-terminated,
	 * empty if there is nothing to add to the errno. Stable until the next hypercall 0..4. */
	char reason[256];
	uint8_t reserved[4096 - 8 - BH_CONSOLE_RING_SIZE - 256];
};

BH_ABI_ASSERT(sizeof(struct bh_image_header) == 128, bh_image_header);
BH_ABI_ASSERT(offsetof(struct bh_image_header, boot) == 80, bh_image_boot);
BH_ABI_ASSERT(sizeof(struct bh_public_page) == 4096, bh_public_page);

#endif
