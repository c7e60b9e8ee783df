/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contract between a launcher (the Linux driver, or the tool that makes bundles for direct boot) and the hypervisor
 * image. Private: both sides are built from one tree, checked by `abi`.
 *
 * Hypervisor memory, page-aligned, from low to high:
 *
 *   image                     header.core_size bytes, bss included; the file may be shorter, the rest is 0
 *   per-CPU areas             boot.max_cpus * header.percpu_size
 *   system configuration      boot.config_size bytes
 *   bundle                    direct boot only: directory and parts, see bundle.h
 *   page tables, page pool    from boot.pool_offset on
 *   crash log                 the last page, see crash_log.h; a launcher reads it before it overwrites it
 *
 * The header begins as the kernel image header of arm64 Linux does (Documentation/arm64/booting.rst of Linux), so that
 * firmware and QEMU load and enter a bundle as they would a kernel: at EL2, MMU off, at the first instruction. All
 * other boot parameters are in the file then. The launcher under Linux ignores that part.
 *
 * Entry from Linux (arm64): every CPU of the root cell in parallel, at EL2h with the MMU off and interrupts masked,
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
#define BH_IMAGE_ABI		3

#define BH_KERNEL_MAGIC		"ARM\x64"

/*
 * A bundle can be an EFI program, too: PE32+ header (Microsoft's PE format) in the first page, where an image has zeros,
 * and program at boot.pool_offset. That is not part of a bundle in memory.
 */
#define BH_IMAGE_PE_OFFSET	216
#define BH_IMAGE_PE_SIZE	296	/* at most */
#define BH_PE_IMAGE_BASE	48	/* field of a PE32+ header, 64 bits: where it was loaded; 0 in the file */
#define BH_EFI_SIGNATURE	"BHEFIAPP"	/* at offset 8 of the program, which is entered at 0; memory ranges follow it */

/* features: CONFIG_ of the same name */
#define BH_BUILT_LATE_LAUNCH		0x0001
#define BH_BUILT_DIRECT_BOOT		0x0002
#define BH_BUILT_CELL_MANAGEMENT	0x0004
#define BH_BUILT_FAST_PATH		0x0008
#define BH_BUILT_WATCHDOG		0x0010
#define BH_BUILT_UART_PL011		0x0020
#define BH_BUILT_UART_8250		0x0040
#define BH_BUILT_REASONS		0x0080
#define BH_BUILT_LINK_INFO		0x0100
#define BH_BUILT_CELL_INFO		0x0200
#define BH_BUILT_CELL_CONSOLE		0x0400
#define BH_BUILT_CRASH_LOG		0x0800
#define BH_BUILT_TRACE			0x1000

/* boot.launcher */
#define BH_LAUNCHER_LINUX	0
#define BH_LAUNCHER_FIRMWARE	1

struct bh_image_header {
	struct {			/* little-endian */
		uint32_t code[2];	/* begins with "MZ", as EFI wants it; branch to the entry for firmware, 0: CONFIG_DIRECT_BOOT=n */
		uint64_t text_offset;	/* of the place it wants in RAM, filled in by the tool */
		uint64_t image_size;	/* hypervisor memory, filled in by the tool; 0 without bundle */
		uint64_t flags;
		uint64_t reserved[3];
		char magic[4];		/* BH_KERNEL_MAGIC */
		uint32_t pe_offset;	/* header of an EFI program, filled in by the tool; 0: it is none */
	} kernel;
	char signature[8];
	uint32_t abi;
	uint32_t architecture;		/* CFG_ARCH_* */
	uint64_t core_size;		/* bytes, multiple of 4096 */
	uint64_t percpu_size;		/* bytes, multiple of 4096 */
	uint64_t entry;			/* offset; 0: CONFIG_LATE_LAUNCH=n */
	uint64_t public_page;		/* offset, struct bh_public_page */
	char version[16];		/* NUL-terminated */
	uint32_t features;		/* BH_BUILT_*: what is built in */
	uint32_t max_cpus;		/* CONFIG_MAX_CPUS, and so on */
	uint32_t max_cells;
	uint32_t max_links;
	struct bh_boot_params {		/* filled in by the launcher */
		uint64_t phys_base;
		uint64_t memory_size;
		uint32_t max_cpus;	/* highest CPU number of the root cell + 1 */
		uint32_t online_cpus;	/* how many CPUs are going to enter */
		uint32_t primary_cpu;	/* number of the entering CPU that sets up for all */
		uint32_t launcher;	/* BH_LAUNCHER_* */
		uint64_t config_offset;
		uint64_t config_size;
		uint64_t bundle_offset;	/* struct bh_bundle; 0: none */
		uint64_t pool_offset;	/* page-aligned: the launcher uses nothing from here on */
		/* BH_LAUNCHER_FIRMWARE: from 0, for each 64-bit word of the header, this one last: rotated right by 7,
		 * then exclusive or with the word; gives 0 */
		uint64_t check;
	} boot;
};

/*
 * One page of the image that the root cell may read while the hypervisor runs (at hypervisor memory
 * base + public_page; the rest of hypervisor memory reads as zeros there, but for the crash log).
 */
#define BH_CONSOLE_RING_SIZE	2048

struct bh_public_page {
	volatile uint32_t console_busy;	/* reader: wait for 0, note tail, copy, repeat if either changed */
	volatile uint32_t console_tail;	/* free-running index of the next byte */
	char console[BH_CONSOLE_RING_SIZE];
	/* Why the last refused enable or hypercall of the root cell was refused; one line, NUL-terminated,
	 * empty if there is nothing to add to the errno. Stable until the next hypercall 0..4. */
	char reason[256];
	uint8_t reserved[4096 - 8 - BH_CONSOLE_RING_SIZE - 256];	/* zeros, or the page is not shown */
};

BH_ABI_ASSERT(sizeof(struct bh_image_header) == BH_IMAGE_PE_OFFSET, bh_image_header);
BH_ABI_ASSERT(offsetof(struct bh_image_header, kernel.magic) == 56, bh_image_magic);
BH_ABI_ASSERT(offsetof(struct bh_image_header, signature) == 64, bh_image_signature);
BH_ABI_ASSERT(offsetof(struct bh_image_header, boot) == 144, bh_image_boot);
BH_ABI_ASSERT(sizeof(struct bh_public_page) == 4096, bh_public_page);

#endif
