/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle of two cells, as the tool would lay it out, on the machine of core_fixture.h. */
#ifndef BULKHEAD_BUNDLE_FIXTURE_H
#define BULKHEAD_BUNDLE_FIXTURE_H

#include "core_fixture.h"
#include "bulkhead/bundle.h"
#include "bundle.h"

#define BUNDLE_PARTS	6u	/* hypervisor, system, two cells, two images */
#define BUNDLE_CELLS	2u
#define BUNDLE_IMAGES	2u
#define IMAGE_SIZE	5000u
#define IMAGE_TARGET	0x800u

struct bundle_file {
	union {
		struct bh_image_header header;
		uint8_t bytes[PAGE_SIZE];
	} hypervisor;
	uint8_t areas[HOST_NUM_CPUS][PAGE_SIZE];	/* of CPUs */
	uint8_t system[PAGE_SIZE];
	struct {
		struct bh_bundle head;
		struct bh_bundle_part parts[BUNDLE_PARTS];
		struct bh_bundle_cell cells[BUNDLE_CELLS];
		struct bh_bundle_image images[BUNDLE_IMAGES];
		uint64_t mpidr[HOST_NUM_CPUS];
	} dir __attribute__((aligned(4096)));
	uint8_t configs[BUNDLE_CELLS][2 * PAGE_SIZE] __attribute__((aligned(4096)));
	uint8_t images[BUNDLE_IMAGES][2 * PAGE_SIZE] __attribute__((aligned(4096)));
};

#define BUNDLE_PAGES	(uint32_t)(sizeof(struct bundle_file) / PAGE_SIZE)

/* Everything may be changed before seal_bundle(). */
extern struct bundle_file file;
extern struct bundle_file *loaded;			/* after boot_bundle(): the copy that is in hypervisor memory */
extern struct test_config bundle_cells[BUNDLE_CELLS];	/* pack_cell() puts one into the file */
extern int start_result;				/* of bundle_start_cells(), after boot_bundle() */

#define OFFSET_OF(member)	((uint64_t)((uint8_t *)&(member) - (uint8_t *)&file))

/* Cells alpha on CPU 1 and beta on CPUs 2 and 3, with an image each */
void make_bundle(void);
void pack_cell(uint32_t n);
void seal_directory(void);	/* its checksum */
void seal_bundle(void);		/* those of the parts, too */

/* Start the machine with it: check, cells. The first one is for a test that expects host_start() to fail. */
void prepare_boot(void);
void boot_bundle(void);

/* Image n has been loaded into RAM at phys, and the caches know. */
void assert_loaded(uint32_t n, uint64_t phys);

#endif
