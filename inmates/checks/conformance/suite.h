/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tester: one numbered check for each requirement of the IVSHMEM v2 specification that a guest can see.
 * docs/ivshmem-conformance.md lists them all; a test compares it with the tables here.
 *
 * Each check begins with the device in the state of endpoint_default(), nothing latched, no counts, own State
 * 0, and with the companions likewise but for their State, CONF_READY.
 */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"

enum need {
	NEED_INTX = 1 << 0,
	NEED_MSIX = 1 << 1,
	NEED_INTERRUPTS = 1 << 2,	/* MSI-X: the parameter msix-intid */
	NEED_TWO_VECTORS = 1 << 3,
	NEED_FIXED_MEMORY = 1 << 4,
	NEED_RELOCATABLE_MEMORY = 1 << 5,
	NEED_RW = 1 << 6,
	NEED_OUTPUT = 1 << 7,
	NEED_PEER = 1 << 8,		/* a companion */
	NEED_TWO_PEERS = 1 << 9,
	NEED_ACTIONS = 1 << 10,		/* somebody who does what "# action:" says */
	NEED_FATAL = 1 << 11,		/* the parameter fatal */
	NEED_PROTOCOL = 1 << 12,	/* the parameter protocol */
};

struct check {
	const char *id;
	const char *text;
	uint32_t needs;
	/* true when the requirement holds; explains with tap_note() if not */
	bool (*run)(void);
};

struct check_list {
	const struct check *checks;
	unsigned int count;
};

/* Set by a check that finds out by itself that it cannot be made */
extern const char *skip_reason;

/* In the order in which they run; the last one may cost a companion its life */
extern const struct check_list config_space_checks, capability_checks, register_checks, state_checks,
	doorbell_checks, msix_checks, section_checks, life_cycle_checks, protection_checks;

#define CHECK_LIST(name, table) \
	const struct check_list name = { .checks = table, .count = sizeof(table) / sizeof((table)[0]) }

/* --- own device --- */

#define QUIET_MS	10u	/* how long "no interrupt" is watched */

void interrupts_on(void);
void interrupts_off(void);
/* Exactly count interrupts came since the counts were forgotten, all at this vector */
bool got(uint32_t vector, uint32_t count);
/* Bits of the capability's control register, all else as it is */
void msix_control(uint16_t value);
uint32_t config_read(uint16_t offset, unsigned int width);
void config_write(uint16_t offset, uint32_t value, unsigned int width);
/* A word that this peer can write and that no request uses: of the R/W section, else of its output section */
uint64_t scratch_offset(uint32_t writer);

/* What a guest can do to its device, beside Interrupt Control, so that events do not reach it */
struct gate {
	const char *name;
	bool msix;		/* with MSI-X, else with INTx */
	void (*close)(void);
	void (*open)(void);
};

extern const struct gate gates[];
extern const unsigned int num_gates;

extern unsigned int event_seconds;	/* after which an event or answer that has to come is given up */
extern unsigned int action_seconds;	/* the same for what follows an action */

/* Answers the hypervisor's messages; true while less than this time has passed since start */
bool still_waiting(uint64_t start, unsigned int seconds);

/* --- companions --- */

struct peer {
	uint32_t id;
	bool alive;
	uint32_t info[CONF_RESULTS];
};

extern struct peer peers[2];
extern unsigned int num_peers;

void peers_find(unsigned int wanted);
/* All that live, as for the beginning of a check */
bool peers_default(void);
uint32_t peer_state(const struct peer *peer);

/* Has the request done; false (and a remark) if there is no answer */
/* As peer_post() and peer_wait(), for whoever wants to do something in between */
bool peer_do(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);
bool peer_post(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);
bool peer_wait(struct peer *peer);
/* First result, 0 without an answer */
uint32_t peer_ask(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1);

/* Have all peers told the expected value when they came? info: CONF_INFO_* */
bool peers_told(const char *what, uint32_t info, uint32_t expected);
bool peer_got(struct peer *peer, uint32_t vector, uint32_t count);
bool peer_interrupts_on(struct peer *peer);
bool peer_set_state(struct peer *peer, uint32_t value);
bool peer_ring(struct peer *peer, uint32_t target, uint32_t vector);
/* A doorbell for the own device: by a companion, and only if there is none by oneself */
void ring_here(uint32_t vector);
bool peer_write(struct peer *peer, uint64_t offset, uint32_t value);
bool peer_reads(struct peer *peer, const char *what, uint64_t offset, uint32_t value);
bool wait_peer_state(const struct peer *peer, uint32_t value);
/* Its answer to CONF_INFO anew */
bool peer_learn(struct peer *peer);

/* Prints "# action: VERB peer ID" for whoever watches, to be waited for with wait_peer_*() */
void action(const char *verb, struct peer *peer);
/* A companion that was started again takes requests again */
bool wait_peer_back(struct peer *peer);

#endif
