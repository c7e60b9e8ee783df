/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two sides of the demo say to each other over a link of the undefined protocol (class
 * FF0000h). Included by the bare-metal inmate and by the Linux program; C11, needs stdint.h only.
 *
 *   State            id + 1 while present, 0 when gone
 *   R/W section      counter[id]: messages sent by peer id; anybody may write anything here
 *                    question[id] is written by the asker, answer[id] by whoever answers it: its
 * complement output section   struct demo_output: only its owner can write it, so what stands there is
 * the owner's word doorbell         vector 0 with INTx, own id + 1 with MSI-X
 *
 * A sender fills its output section and the R/W words, then raises its counter, then rings. The receiver
 * notices by the counter (several doorbells may merge into one interrupt) and answers everything that is
 * not itself an answer. counter[] at the start of the R/W section, counter first in the output and the
 * State values are the convention of the published demo programs for this device; the rest is ours.
 */
#ifndef DEMO_LINK_H
#define DEMO_LINK_H

#include <stdint.h>

#define DEMO_MAX_PEERS	16u
#define DEMO_CLASS	0xff000000u	/* class and revision */

#define DEMO_KIND_ANSWER 0x52534e41u	/* "ANSR" */
#define DEMO_KIND_ASK	0x204b5341u	/* "ASK " */

struct demo_rw {
	uint32_t counter[DEMO_MAX_PEERS];
	uint32_t question[DEMO_MAX_PEERS];
	uint32_t answer[DEMO_MAX_PEERS];
};

#define DEMO_TEXT_SIZE	64u
#define DEMO_PATTERN	256u

struct demo_output {
	uint32_t counter;		/* as counter[own id] in the R/W section */
	uint32_t kind;
	uint32_t answers_to;		/* counter of the message answered */
	uint32_t data_good;		/* answer: 1 if the asker's output section held the pattern */
	uint64_t timestamp;		/* sender's counter register */
	char text[DEMO_TEXT_SIZE];
	uint32_t pattern[DEMO_PATTERN];
};

_Static_assert(sizeof(struct demo_output) == 24 + 64 + 1024, "demo_output has no padding");

/* Word n of message number counter of a peer: differs in every word of every message */
static inline uint32_t demo_pattern(uint32_t peer, uint32_t counter, uint32_t n)
{
	return (counter * 0x9e3779b1u) ^ (n * 0x85ebca77u) ^ (peer << 28);
}

/* What a peer asks in its message number counter */
static inline uint32_t demo_question(uint32_t peer, uint32_t counter)
{
	return demo_pattern(peer, counter, DEMO_PATTERN);
}

#endif
