/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between attack_revive.c and its assembly part.
 */
#ifndef ATTACK_REVIVE_H
#define ATTACK_REVIVE_H

#define REVIVE_VICTIM	0
#define REVIVE_DELAY	8
#define REVIVE_FAIL	16

#ifndef __ASSEMBLER__
#include <stdint.h>

struct revive {
	uint64_t victim;	/* MPIDR of the CPU that fails */
	uint64_t delay;
	uint64_t fail;
};
#endif

#endif
