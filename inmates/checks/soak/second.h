/* SPDX-License-Identifier: BSD-2-Clause */
/* What the second CPU of a cell of the soak test needs to go on in C, as the first one has set itself up */
#ifndef SOAK_SECOND_H
#define SOAK_SECOND_H

#define SECOND_STACK	0
#define SECOND_VBAR	8
#define SECOND_MAIR	16
#define SECOND_TCR	24
#define SECOND_TTBR	32
#define SECOND_SCTLR	40

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum second_mode { SECOND_RING, SECOND_STATE, SECOND_CRASH, SECOND_OFF };

struct soak_second {
	uint64_t stack, vbar, mair, tcr, ttbr, sctlr;
	volatile uint32_t mode;		/* enum second_mode; the first CPU writes */
	volatile uint32_t rounds;	/* the second one writes */
};

_Static_assert(offsetof(struct soak_second, stack) == SECOND_STACK &&
	       offsetof(struct soak_second, vbar) == SECOND_VBAR &&
	       offsetof(struct soak_second, mair) == SECOND_MAIR &&
	       offsetof(struct soak_second, tcr) == SECOND_TCR &&
	       offsetof(struct soak_second, ttbr) == SECOND_TTBR &&
	       offsetof(struct soak_second, sctlr) == SECOND_SCTLR, "soak_second is as the assembly part reads it");

/* Sets up what the second CPU goes on with, and switches it on; mode and rounds are the caller's. false: it cannot be. */
bool second_start(struct soak_second *second, uint64_t cpu, void *stack_end);

void second_entry(void);
void second_main(void);
#endif

#endif
