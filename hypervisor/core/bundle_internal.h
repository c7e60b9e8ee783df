/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundle as its check has found it; constant from then on. */
#ifndef BULKHEAD_BUNDLE_INTERNAL_H
#define BULKHEAD_BUNDLE_INTERNAL_H

#include "bulkhead/bundle.h"
#include "types.h"

struct bundle_tables {
	const uint8_t *base;	/* of hypervisor memory: offsets of parts are from here */
	const struct bh_bundle *head;
	const struct bh_bundle_part *parts;
	const struct bh_bundle_cell *cells;
	const struct bh_bundle_image *images;
	const uint64_t *mpidr;
};

extern struct bundle_tables bundle;

/* How messages name a part: its number and its name */
struct part_label {
	char text[64];
};

const char *part_label(struct part_label *label, uint32_t part);

#endif
