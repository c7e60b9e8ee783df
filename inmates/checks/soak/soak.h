/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs of the soak test say to each other. The root cell (soak_root) creates, starts, stops and
 * destroys two cells (soak_cell) again and again; all of them are peers of one link and exchange doorbells and
 * State changes all the time. The cells have one more link between themselves.
 *
 * All sharing is in the output sections of the first link, one page for each peer, which only its owner writes. They
 * outlive a stop of the cell, and are zeros when it is created. Of its other link a cell tells there, because the root
 * cell does not see it.
 */
#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stdint.h>

#include <pci.h>

#define SOAK_PEERS	3u	/* root cell, a, b: their ids on the first link */
#define SOAK_ROOT	0u
#define SOAK_TICK_HZ	1000u

/* One peer's view of a link. A message is a number and a ring; seen and state change in an interrupt only. */
struct soak_view {
	uint32_t state;			/* what it has written to State last, 0: it is not there */
	struct {
		uint32_t number;	/* last message to that peer */
		uint32_t seen;		/* last message of that peer */
		uint32_t state;		/* last State of that peer that it was told of */
	} of[SOAK_PEERS];
};

/* Order of the root cell: it is obeyed when its number changes */
struct soak_order {
	uint32_t number, what, argument;
};

enum soak_what {
	SOAK_CRASH,		/* argument: SOAK_CRASH_* */
	SOAK_NOISE,		/* rings and State changes without pause, argument: how many */
	SOAK_OFF,		/* all CPUs off */
	SOAK_DENY,		/* the next shutdown request is denied */
	SOAK_IGNORE,		/* no message is answered any more */
	SOAK_LATE,		/* shutdown requests are answered after so many ticks */
	SOAK_STORM,		/* so many interrupts, each raised by the handler of the one before */
	SOAK_DEAF,		/* interrupts of the device off; argument 1: by INTx disable, 0: by Interrupt Control */
	SOAK_HEAR,		/* on again */
	SOAK_LOCK,		/* cell_state 1: no reconfiguration */
	SOAK_UNLOCK,
};

#define SOAK_CRASH_STATE	1u	/* amid State changes, else amid doorbells */
#define SOAK_CRASH_SECOND	2u	/* the second CPU goes on with that, and crashes as well */
#define SOAK_CRASH_STORM	4u	/* in an interrupt storm */
#define SOAK_CRASH_OFF		8u	/* the second CPU is switched off instead */

struct soak_output {
	/* every peer */
	struct soak_view view;
	uint32_t rings_begun, rings;	/* doorbells written: before and after the access */
	uint32_t states_begun, states;	/* State written, likewise */
	uint32_t second_begun;		/* doorbells of the second CPU */
	uint32_t interrupts;
	/* cells */
	uint32_t incarnation;		/* how often its program has begun since the cell was created */
	uint32_t obeyed;		/* number of the last order that is done */
	uint32_t held;			/* value of hold at which it was found quiet */
	struct soak_view other;		/* its other link, where the ids are a 0, b 1 */
	/* root cell */
	uint32_t hold;			/* odd: no new messages, no State changes */
	struct soak_order orders[SOAK_PEERS];
};

_Static_assert(sizeof(struct soak_output) <= 4096, "an output section has one page");

/* An end of a link, and what its owner keeps about it */
struct soak_end {
	struct shmem_device dev;
	volatile struct soak_output *mine;
	uint32_t peers;
	bool one_shot;
	bool idle[SOAK_PEERS];		/* that peer has seen my last message, and nothing new was sent */
	bool kept_deaf;			/* by order: until the next one */
	uint32_t deaf_ticks;		/* interrupts are off so long */
	bool deaf_by_command;
	uint32_t version;
	uint32_t state_value;		/* upper half of State */
	const volatile struct soak_output *root;	/* where hold is */
};

uint32_t soak_random(uint32_t below);
void soak_random_seed(uint32_t seed);

/* NULL, or why not */
const char *soak_open(struct soak_end *end, uint16_t bdf, unsigned int index, uint32_t peers);
/* Interrupts on, State not 0 */
void soak_join(struct soak_end *end);
/* [handler] The line of the device was raised. */
void soak_interrupted(struct soak_end *end);
/* [handler] A tick: deaf ends hear again, idle ones send. No look at what others say. */
void soak_tick(struct soak_end *end);
/* [interrupts masked] */
void soak_ring(struct soak_end *end, uint32_t peer);
void soak_change_state(struct soak_end *end);
void soak_deafen(struct soak_end *end, bool by_command);
void soak_hear(struct soak_end *end);

static inline bool soak_held(const struct soak_end *end)
{
	return end->root->hold & 1;
}

#endif
