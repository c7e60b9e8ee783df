/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input of the fuzz target config_check: edits of a system configuration and three configurations of cells. Those of
 * the structure come first, whatever their place in the input: they change what is packed then, with counts and indices
 * that are right. The others damage the packed images.
 */
#ifndef BULKHEAD_CONFIG_EDITS_H
#define BULKHEAD_CONFIG_EDITS_H

#include <stdint.h>

#define EDIT_CELLS	3u
#define EDIT_IMAGES	(1 + EDIT_CELLS)
#define EDIT_CORNERS	20u
#define STRUCTURE	0x80u	/* in the kind of an edit */

struct edit {
	uint8_t image;
	uint8_t kind;
	uint16_t where;
	uint32_t value;
};

enum edit_kind {
	EDIT_BYTE,
	EDIT_WORD,
	EDIT_CUT,
	EDIT_PHYS,	/* a region to a corner, give or take some pages */
	EDIT_SIZE,
	EDIT_FLAGS,
	EDIT_PIN,
	EDIT_WINDOW,	/* any eight bytes become a corner */
	NUM_EDITS
};

enum structure_kind {
	ADD_MEMORY,	/* at a corner; flags in the upper half of the value */
	COPY_MEMORY,	/* region of another image, with other flags */
	DROP_MEMORY,
	REFLAG,		/* turn some flags of a region */
	RESIZE,		/* a region by pages or bytes */
	SHIFT,		/* host, guest or both addresses of a region, by pages or bytes */
	ADD_LINK,	/* sections and device, as the compiler makes them */
	JOIN_LINK,	/* become a peer of a link of another image */
	SHIFT_LINK,	/* all its sections */
	DEVICE,		/* a field of a PCI device */
	ADD_PIN,
	LINE_BASE,	/* vpci_irq_base */
	CPUS,
	HEADER,
	MACHINE,	/* a field of the system header */
	PLATFORM,	/* what the checks are told */
	ADD_STRAY,	/* a range of accesses to nothing */
	ADD_WATCHDOG,
	NUM_STRUCTURES
};

/* Addresses at which rules change their mind */
extern const uint64_t edit_corners[EDIT_CORNERS];

#endif
