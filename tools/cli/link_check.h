/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link doctor. link_check.c looks at a link twice and reports; link_diagnose.c has the table of diagnoses, each a
 * pure function of what was seen, those of interrupts in link_interrupts.c; link_protocol.c knows the states of
 * protocols.
 */
#ifndef JAILHOUSE_LINK_CHECK_H
#define JAILHOUSE_LINK_CHECK_H

#include "link.h"

#define EVIDENCE_SIZE	320	/* of a text, with NUL */
#define WHOLE_LINK	UINT32_MAX

/* Both have the same peers by id; who was not there both times counts as absent. */
struct link_view {
	const struct link *before, *now;
	uint32_t milliseconds;		/* between the two */
};

struct diagnosis {
	const char *id;			/* as in docs/troubleshooting.md */
	const char *sentence;		/* about "peer N, CELL", or complete if it is about the whole link */
	const char *remedy;
};

struct finding {
	const struct diagnosis *diagnosis;
	uint32_t peer;			/* or WHOLE_LINK */
	int is_history;			/* it is over: mentioned, but nobody is ill of it */
	char evidence[EVIDENCE_SIZE];
};

/* What a test of a diagnosis says; NOT_FOUND is 0 */
enum { NOT_FOUND, FOUND_NOW, FOUND_BEFORE };

/* Findings in order of peers, causes first; to be freed. NULL: no memory; count is 0 if there is none. */
struct finding *diagnose(const struct link_view *view, size_t *count);

int peer_is_there(const struct link_view *view, uint32_t peer);
uint32_t peers_there(const struct link_view *view);
int peer_runs(const struct link_peer *peer);

/* For tests of diagnoses: FOUND_NOW, with the text as evidence; a peer at one of the looks; how much a counter has grown */
int found(char *evidence, const char *format, ...) __attribute__((format(printf, 2, 3)));
const struct link_peer *peer_now(const struct link_view *view, uint32_t peer);
const struct link_peer *peer_before(const struct link_view *view, uint32_t peer);
uint64_t grown(const struct link_view *view, uint32_t peer, uint32_t counter);

/* link_interrupts.c: tests of diagnoses */
int interrupts_disabled(const struct link_view *view, uint32_t peer, char *evidence);
int one_shot_used(const struct link_view *view, uint32_t peer, char *evidence);
int intx_disabled(const struct link_view *view, uint32_t peer, char *evidence);
int msix_disabled(const struct link_view *view, uint32_t peer, char *evidence);
int msix_function_masked(const struct link_view *view, uint32_t peer, char *evidence);
int no_bus_master(const struct link_view *view, uint32_t peer, char *evidence);
int vector_masked(const struct link_view *view, uint32_t peer, char *evidence);
int interrupt_not_owned(const struct link_view *view, uint32_t peer, char *evidence);
int interrupt_not_enabled(const struct link_view *view, uint32_t peer, char *evidence);
int interrupt_not_taken(const struct link_view *view, uint32_t peer, char *evidence);

/* link_protocol.c */
/* Name of a state of the peer's protocol, NULL: the protocol is not known, or has no such state */
const char *state_word(uint32_t protocol, uint32_t state);
int protocol_has_states(uint32_t protocol);
int protocols_fit(uint32_t one, uint32_t other);

/* What one peer of two has to do in its state, with the other in its: 0 if it is done or waits for the other */
enum step { STEP_NONE, STEP_ETHERNET, STEP_BACK_END, STEP_FRONT_END, STEP_FRONT_END_RESET };
enum step next_step(uint32_t protocol, uint32_t own, uint32_t other, const char **what);

#endif
