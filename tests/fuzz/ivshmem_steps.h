/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input of the ivshmem fuzz target: a struct steps_head and any number of struct step. Each sequence of bytes
 * is a valid input; what is beyond the last whole step is ignored.
 */
#ifndef BULKHEAD_IVSHMEM_STEPS_H
#define BULKHEAD_IVSHMEM_STEPS_H

#include <stdint.h>

#define STEPS_CELLS	5u

struct steps_head {
	uint8_t joined;		/* bit n: cell n is there at the start */
	uint8_t started;	/* bit n: its driver has set up the devices */
	uint8_t one_shot;	/* bit n: that driver uses one-shot mode */
	uint8_t unused[5];
};

struct step {
	uint8_t who;		/* STEP_WHO() */
	uint8_t where;		/* STEP_WHERE() */
	uint8_t offset[2];	/* little-endian */
	uint8_t value[4];	/* little-endian; the upper half of 8 bytes is its complement */
};

/* Some kinds stand more than once, so that random bytes are mostly accesses. */
enum step_kind {
	STEP_WRITE = 0,		/* 0..6 */
	STEP_READ = 7,		/* 7..9 */
	STEP_RESET = 10,
	STEP_FAIL,
	STEP_LEAVE,
	STEP_JOIN,
	STEP_OWN,		/* the interrupt that value names goes to this cell */
	STEP_DISOWN,		/* it goes to nobody */
	STEP_KINDS,
};

enum step_place {
	STEP_CONFIG = 0,	/* 0..1: configuration space of the device */
	STEP_REGISTERS = 2,	/* 2..3: BAR 0 */
	STEP_MSIX = 4,		/* 4..5: BAR 1 */
	STEP_ECAM = 6,		/* anywhere in the ECAM window */
	STEP_EDGE = 7,		/* around first and last byte of a window */
};

#define STEP_WHO(cell, kind)		((uint8_t)((cell) + STEPS_CELLS * (kind)))
/* size: 0..3 for 1, 2, 4, 8 bytes; device: counted per cell, modulo what the cell has */
#define STEP_WHERE(size, device, place)	((uint8_t)((size) | (device) << 2 | (place) << 5))

#endif
