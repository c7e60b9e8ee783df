/* SPDX-License-Identifier: BSD-2-Clause */
/* What check_repeat.c and its assembly share. */
#ifndef CHECK_REPEAT_H
#define CHECK_REPEAT_H

#define REPEAT_STORE	0
#define REPEAT_VALUE	8
#define REPEAT_LOAD	16
#define REPEAT_AFTER	24

#ifndef __ASSEMBLER__
#include <stdint.h>

struct repeat {
	uint64_t store, value, load;	/* addresses of 32-bit registers, what is stored: all of the register */
	uint64_t after[31];
};

extern void (*const repeat_with[31])(struct repeat *repeat);
uint32_t thumb_repeat(uint32_t address, uint32_t value);
#endif

#endif
