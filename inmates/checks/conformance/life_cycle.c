/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reset and disconnection of a peer: sections A.9 and A.10. Somebody outside has to do what the lines
 * "# action: VERB peer ID" say. The first check makes one peer go through all of it; the others judge what
 * was seen.
 */
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "suite.h"

#define ODD_STATE	0x0ddba11u

enum stage { STAGE_NONE, STAGE_SHUTDOWN, STAGE_START, STAGE_QUIET_RESET, STAGE_RESTART, STAGE_DESTROYED,
	    STAGE_CREATED };

struct leaving {
	uint32_t here, other;	/* interrupts, here and at the second companion */
	bool entry_zero;
};

static struct {
	bool seen;
	enum stage reached;
	struct leaving shutdown, destroyed;
	uint32_t doorbells_absent;	/* interrupts by doorbells for a peer that is not there */
	uint32_t info[CONF_RESULTS];	/* of the peer that was started again after it had used its device */
	uint32_t start, start_total;	/* interrupts here, interrupts at the started peer */
	uint32_t quiet_reset;		/* interrupts from a reset with State 0 to the next State */
	uint32_t restart, restart_entry;
	uint32_t created, created_entry;
} facts;

/* As many as there have to be, and those that come although they must not. The table tells earlier than they come. */
static uint32_t interrupts_so_far(uint32_t wanted)
{
	uint64_t start = timer_ticks();

	while (own.total < wanted && still_waiting(start, event_seconds))
		nap();
	nap_ms(QUIET_MS);
	return own.total;
}

static uint32_t interrupts_of(struct peer *peer, uint32_t wanted)
{
	volatile uint32_t *total = &endpoint_area(peer->id)->results[CONF_COUNT_TOTAL];
	uint64_t start = timer_ticks();

	do {
		if (!peer_do(peer, CONF_COUNTS, 0, 0, 0, 0))
			return ~0u;
	} while (*total < wanted && still_waiting(start, event_seconds));
	return *total;
}

/* Nothing latched, nothing counted, both listen */
static bool listen(void)
{
	bool good = true;

	endpoint_flush();
	interrupts_on();
	for (unsigned int n = 1; n < num_peers; n++)
		good &= peer_do(&peers[n], CONF_FLUSH, 0, 0, 0, 0) && peer_interrupts_on(&peers[n]);
	return good;
}

/* The companion uses all of its device, so that a reset has something to undo */
static bool use_device(struct peer *peer)
{
	return peer_do(peer, CONF_CONFIG_WRITE, PCI_COMMAND, 2,
		       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF, 0) &&
	       peer_do(peer, CONF_CONFIG_WRITE, CONF_IN_VENDOR | IVSHMEM_CAP_PRIV_CTRL, 1, 1, 0) &&
	       peer_interrupts_on(peer);
}

static void ring_absent(const struct peer *peer)
{
	uint32_t before = own.total;

	for (uint32_t n = 0; n < 3; n++)
		shmem_ring(&own.dev, peer->id, 0);
	facts.doorbells_absent += interrupts_so_far(before) - before;
	if (num_peers > 1)
		facts.doorbells_absent += interrupts_of(&peers[1], 0);
}

/* After the action that it goes by */
static bool watch_leaving(struct peer *peer, struct leaving *seen)
{
	bool good;

	seen->entry_zero = wait_peer_state(peer, 0);
	seen->here = interrupts_so_far(1);
	seen->other = num_peers > 1 ? interrupts_of(&peers[1], 1) : 0;
	good = listen();
	ring_absent(peer);
	return good && seen->entry_zero;
}

static bool leave_by_shutdown(struct peer *peer)
{
	bool good = use_device(peer) && listen();

	action("shutdown", peer);
	return watch_leaving(peer, &facts.shutdown) && good;
}

static bool come_by_start(struct peer *peer)
{
	bool good = listen();

	action("start", peer);
	good = good && wait_peer_back(peer);
	facts.start = interrupts_so_far(1);
	for (unsigned int n = 0; n < CONF_RESULTS; n++)
		facts.info[n] = peer->info[n];
	good = good && peer_interrupts_on(peer);
	facts.start_total = interrupts_of(peer, 0);
	return good;
}

static bool restart_with_state(struct peer *peer, uint32_t state, uint32_t *interrupts)
{
	bool good = peer_set_state(peer, state) && listen();

	action("restart", peer);
	good = good && wait_peer_back(peer);
	*interrupts = interrupts_so_far(1);
	return good;
}

static bool leave_by_destruction(struct peer *peer)
{
	bool good = listen();

	action("destroy", peer);
	return watch_leaving(peer, &facts.destroyed) && good;
}

static bool come_by_creation(struct peer *peer)
{
	bool good = listen();

	action("create", peer);
	good = good && wait_peer_back(peer);
	facts.created = interrupts_so_far(1);
	facts.created_entry = peer->info[CONF_INFO_TABLE_ENTRY];
	return good;
}

static enum stage watch_life_cycle(struct peer *peer)
{
	if (!leave_by_shutdown(peer))
		return STAGE_NONE;
	if (!come_by_start(peer))
		return STAGE_SHUTDOWN;
	if (!restart_with_state(peer, 0, &facts.quiet_reset))
		return STAGE_START;
	if (!restart_with_state(peer, ODD_STATE, &facts.restart))
		return STAGE_QUIET_RESET;
	facts.restart_entry = peer->info[CONF_INFO_TABLE_ENTRY];
	if (!leave_by_destruction(peer))
		return STAGE_RESTART;
	return come_by_creation(peer) ? STAGE_CREATED : STAGE_DESTROYED;
}

static bool reached(enum stage stage)
{
	if (!facts.seen)
		facts.reached = watch_life_cycle(&peers[0]);
	facts.seen = true;
	if (facts.reached >= stage)
		return true;
	tap_note("the peer did not come as far as this");
	return false;
}

static bool after_shutdown(void)
{
	return reached(STAGE_SHUTDOWN) && tap_equal("entry is 0", facts.shutdown.entry_zero, 1) &&
	       tap_equal("interrupts", facts.shutdown.here, 1);
}

static bool after_start(void)
{
	/* The one interrupt is for the State that the started peer has written itself */
	return reached(STAGE_START) && tap_equal("entry at start", facts.info[CONF_INFO_TABLE_ENTRY], 0) &&
	       tap_equal("interrupts until its State is there", facts.start, 1);
}

static bool after_restart(void)
{
	bool good = reached(STAGE_RESTART) && tap_equal("entry at start", facts.restart_entry, 0);

	/* Two, for 0 and for the State that the peer writes; the CPU may have been too slow to see two */
	if (facts.restart == 1 || facts.restart == 2)
		return good;
	tap_note("%u interrupts", facts.restart);
	return false;
}

static bool after_quiet_reset(void)
{
	return reached(STAGE_QUIET_RESET) &&
	       tap_equal("interrupts until its State is there", facts.quiet_reset, 1);
}

static bool after_destruction(void)
{
	return reached(STAGE_DESTROYED) && tap_equal("entry is 0", facts.destroyed.entry_zero, 1) &&
	       tap_equal("interrupts", facts.destroyed.here, 1);
}

static bool after_creation(void)
{
	return reached(STAGE_CREATED) && tap_equal("entry at start", facts.created_entry, 0) &&
	       tap_equal("interrupts until its State is there", facts.created, 1);
}

static bool others_hear(void)
{
	return reached(STAGE_DESTROYED) && tap_equal("interrupts after shutdown", facts.shutdown.other, 1) &&
	       tap_equal("interrupts after destruction", facts.destroyed.other, 1);
}

static bool absent_peer(void)
{
	return reached(STAGE_DESTROYED) && tap_equal("interrupts of others", facts.doorbells_absent, 0) &&
	       tap_equal("interrupts of the peer when it is back", facts.start_total, 0);
}

static bool reset_config(void)
{
	return reached(STAGE_START) && tap_equal("Command", facts.info[CONF_INFO_COMMAND], 0) &&
	       tap_equal("BARs", facts.info[CONF_INFO_BARS], 0) &&
	       tap_equal("Privileged Control", facts.info[CONF_INFO_PRIVILEGED], 0);
}

static bool reset_msix(void)
{
	return reached(STAGE_START) && tap_equal("enable and mask", facts.info[CONF_INFO_MSIX_CONTROL], 0) &&
	       tap_equal("vectors not masked", facts.info[CONF_INFO_UNMASKED], 0);
}

static bool reset_int_control(void)
{
	return reached(STAGE_START) && tap_equal("Interrupt Control", facts.info[CONF_INFO_INT_CONTROL], 0);
}

static bool reset_state(void)
{
	return reached(STAGE_START) && tap_equal("State", facts.info[CONF_INFO_STATE], 0) &&
	       tap_equal("entry", facts.info[CONF_INFO_TABLE_ENTRY], 0);
}

#define NEEDS (NEED_PEER | NEED_ACTIONS | NEED_INTERRUPTS)

static const struct check checks[] = {
	{ "A10.1", "a peer is shut down: its entry is 0, one interrupt", NEEDS, after_shutdown },
	{ "A10.2", "a peer is started: its entry stays 0 and nobody is interrupted until it writes State",
	  NEEDS, after_start },
	{ "A10.3", "a running peer is started again: its entry becomes 0, others are interrupted", NEEDS,
	  after_restart },
	{ "A10.4", "a peer with State 0 is reset: no interrupt", NEEDS, after_quiet_reset },
	{ "A10.5", "a peer is destroyed: its entry is 0, one interrupt", NEEDS, after_destruction },
	{ "A10.6", "a peer connects: its entry stays 0 and nobody is interrupted until it writes State",
	  NEEDS, after_creation },
	{ "A10.7", "all other peers are interrupted when a peer is shut down or destroyed",
	  NEEDS | NEED_TWO_PEERS, others_hear },
	{ "A7-doorbell.15", "a peer that is shut down or destroyed: no effect of a doorbell, now or later",
	  NEEDS, absent_peer },
	{ "A9.1", "reset of a used device: Command, BARs and Privileged Control are 0", NEEDS, reset_config },
	{ "A9.2", "reset of a used device: MSI-X is off, all vectors are masked",
	  NEEDS | NEED_MSIX, reset_msix },
	{ "A9.3", "reset of a used device: Interrupt Control is 0", NEEDS, reset_int_control },
	{ "A9.4", "reset of a used device: State and the own entry are 0", NEEDS, reset_state },
};

CHECK_LIST(life_cycle_checks, checks);
