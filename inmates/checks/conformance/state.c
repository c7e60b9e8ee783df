/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State and State Table: sections A.7 (State) and A.8, H5, and the order of memory and State (client rules
 * 0.4).
 *
 * Whether a State change is kept for a peer that cannot be interrupted at that moment is left open: at most
 * one interrupt may come when it can.
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "suite.h"

#define ROUNDS		50u

static const uint32_t values[] = { 1, 0x80000000, 0xffffffff, 0x5a5a5a5a, 0xa5a5a5a5, 7, 0 };
#define NUM_VALUES	(sizeof(values) / sizeof(values[0]))

static uint32_t own_entry(void)
{
	return *endpoint_word(4ull * own.dev.id);
}

static void set_state(uint32_t value)
{
	shmem_write(&own.dev, IVSHMEM_REG_STATE, value);
}

static bool reset_value(void)
{
	return tap_equal("State", own.start.state, 0);
}

static bool reads_back(void)
{
	bool good = true;

	for (unsigned int n = 0; n < NUM_VALUES; n++) {
		set_state(values[n]);
		good &= tap_equal("State", shmem_read(&own.dev, IVSHMEM_REG_STATE), values[n]);
	}
	return good;
}

static bool goes_to_table(void)
{
	bool good = true;

	for (unsigned int n = 0; n < NUM_VALUES; n++) {
		set_state(values[n]);
		/* Both are updated when the write is over */
		good &= tap_equal("entry", own_entry(), values[n]);
	}
	return good;
}

static bool silent_for_oneself(void)
{
	interrupts_on();
	set_state(1);
	nap();
	set_state(2);
	return got(0, 0);
}

static bool interrupts_peer(void)
{
	struct peer *peer = &peers[0];
	bool good = peer_interrupts_on(peer);

	set_state(1);
	return good && peer_got(peer, 0, 1) && peer_reads(peer, "entry", 4ull * own.dev.id, 1);
}

static bool interrupts_by_peer(void)
{
	interrupts_on();
	return peer_set_state(&peers[0], 1) && got(0, 1) && tap_equal("entry", peer_state(&peers[0]), 1);
}

static bool table_before_interrupt(void)
{
	struct peer *peer = &peers[0];
	uint64_t entry = 4ull * own.dev.id;
	bool good;

	own.watched = endpoint_word(4ull * peer->id);
	interrupts_on();
	good = peer_do(peer, CONF_WATCH, (uint32_t)entry, 0, 0, 0) && peer_interrupts_on(peer);
	for (uint32_t n = 1; good && n <= ROUNDS; n++) {
		uint64_t start = timer_ticks();

		good = peer_set_state(peer, n);
		while (own.total < n && still_waiting(start, event_seconds))
			nap();
		good = good && tap_equal("entry of the peer at the interrupt", own.seen, n);
		set_state(n);
		do {
			good = good && peer_do(peer, CONF_COUNTS, 0, 0, 0, 0);
		} while (good && endpoint_area(peer->id)->results[CONF_COUNT_TOTAL] < n &&
			 still_waiting(start, event_seconds));
		good = good && tap_equal("own entry at the interrupt of the peer",
					 endpoint_area(peer->id)->results[CONF_COUNT_SEEN], n);
	}
	return good;
}

static bool same_value(void)
{
	struct peer *peer = &peers[0];
	bool good = peer_interrupts_on(peer);

	interrupts_on();
	good = good && peer_set_state(peer, 1) && got(0, 1);
	good = good && peer_set_state(peer, 1) && got(0, 1);
	set_state(5);
	good = good && peer_got(peer, 0, 1);
	set_state(5);
	return good && peer_got(peer, 0, 1);
}

static bool every_change(void)
{
	bool good = true;

	interrupts_on();
	for (uint32_t n = 0; good && n < NUM_VALUES; n++)
		good = peer_set_state(&peers[0], values[n]) && got(0, n + 1);
	return good;
}

static bool all_peers(void)
{
	bool good = peer_interrupts_on(&peers[0]) && peer_interrupts_on(&peers[1]);

	set_state(1);
	good = good && peer_got(&peers[0], 0, 1) && peer_got(&peers[1], 0, 1);
	interrupts_on();
	good = good && peer_set_state(&peers[0], 1) && got(0, 1);
	/* The writer itself is left out */
	return good && peer_got(&peers[0], 0, 1) && peer_got(&peers[1], 0, 2);
}

static bool at_most_one(void)
{
	nap_ms(QUIET_MS);
	if (own.total <= 1 && own.total == own.counts[0])
		return true;
	tap_note("%u interrupts, %u of them at vector 0", own.total, own.counts[0]);
	return false;
}

/* Nothing came, now reception is possible again: at most one old event, and it works from now on */
static bool works_again(void)
{
	bool good = at_most_one();

	endpoint_forget();
	return good && peer_set_state(&peers[0], 100) && got(0, 1);
}

static bool disabled(void)
{
	bool good = peer_set_state(&peers[0], 1) && peer_set_state(&peers[0], 2) && got(0, 0);

	interrupts_on();
	return good && works_again();
}

static bool not_armed(void)
{
	bool good = true;

	for (unsigned int n = 0; n < num_gates; n++) {
		if (gates[n].msix != (own.vectors != 0))
			continue;
		endpoint_forget();
		interrupts_on();
		gates[n].close();
		good = good && peer_set_state(&peers[0], 1) && peer_set_state(&peers[0], 2) && got(0, 0);
		gates[n].open();
		good = good && works_again();
		if (!good) {
			tap_note("%s", gates[n].name);
			break;
		}
	}
	return good;
}

static bool polling(void)
{
	uint64_t scratch = scratch_offset(peers[0].id);
	bool good = true;

	for (uint32_t n = 1; n <= 5; n++) {
		good = good && peer_set_state(&peers[0], n) && tap_equal("entry", peer_state(&peers[0]), n);
		good = good && peer_write(&peers[0], scratch, n) &&
		       tap_equal("word that the peer writes", *endpoint_word(scratch), n);
	}
	return good && got(0, 0);
}

static bool memory_before_state(void)
{
	struct peer *peer = &peers[0];
	uint64_t scratch = scratch_offset(peer->id);
	bool good = true;

	for (uint32_t n = 1; good && n <= ROUNDS; n++) {
		uint64_t start = timer_ticks();

		good = peer_post(peer, CONF_PUBLISH, (uint32_t)scratch, (uint32_t)(scratch >> 32), n, n);
		while (peer_state(peer) != n && still_waiting(start, event_seconds))
			__asm__ volatile("yield");
		barrier_memory();
		good = good && tap_equal("memory when State is seen", *endpoint_word(scratch), n);
		good = good && peer_wait(peer);
	}
	return good;
}

/* --- State Table --- */

static bool entries(void)
{
	struct peer *peer = &peers[0];
	bool good;

	set_state(0xace);
	good = peer_set_state(peer, 0xbee);
	good = good && tap_equal("entry of the peer", peer_state(peer), 0xbee);
	good = good && tap_equal("own entry", own_entry(), 0xace);
	return good && peer_reads(peer, "own entry, read by the peer", 4ull * own.dev.id, 0xace) &&
	       peer_reads(peer, "entry of the peer, read by the peer", 4ull * peer->id, 0xbee);
}

static bool initially_zero(void)
{
	bool good = tap_equal("own entry at start", own.start.table_entry, 0);

	return good & peers_told("entry of the peer at its start", CONF_INFO_TABLE_ENTRY, 0);
}

static bool active_peers(void)
{
	bool good = true;

	for (unsigned int n = 0; n < num_peers; n++)
		good &= tap_equal("State of the peer", peer_state(&peers[n]), CONF_READY);
	return good;
}

static const struct check checks[] = {
	{ "A7-state.1", "State is 0 after reset", 0, reset_value },
	{ "A7-state.2", "State reads as written, all 32 bits", 0, reads_back },
	{ "A7-state.3", "a written State is in the State Table entry of the own ID", 0, goes_to_table },
	{ "A7-state.4", "a change does not interrupt the peer that made it",
	  NEED_INTERRUPTS, silent_for_oneself },
	{ "A7-state.5", "a change interrupts a peer, once", NEED_INTERRUPTS | NEED_PEER, interrupts_peer },
	{ "A7-state.6", "a change by a peer interrupts here, once, at vector 0", NEED_INTERRUPTS | NEED_PEER,
	  interrupts_by_peer },
	{ "A7-state.7", "the State Table is up to date when the interrupt comes", NEED_INTERRUPTS | NEED_PEER,
	  table_before_interrupt },
	{ "A7-state.8", "writing the same value interrupts nobody", NEED_INTERRUPTS | NEED_PEER, same_value },
	{ "A7-state.9", "each of several changes interrupts once",
	  NEED_INTERRUPTS | NEED_PEER, every_change },
	{ "A7-state.10", "a change interrupts all other peers, once each", NEED_INTERRUPTS | NEED_TWO_PEERS,
	  all_peers },
	{ "A7-state.11", "with Interrupt Control 0 a change does not interrupt, afterwards at most once",
	  NEED_INTERRUPTS | NEED_PEER, disabled },
	{ "A7-state.12", "with its interrupt not armed a change does not interrupt, afterwards at most once",
	  NEED_INTERRUPTS | NEED_PEER, not_armed },
	{ "A8.1", "entry i is the State of peer i, for all readers", NEED_PEER, entries },
	{ "A8.2", "entries are 0 until their peer writes State", 0, initially_zero },
	{ "A8.3", "entries of active peers are not 0", NEED_PEER, active_peers },
	{ "B.2", "a guest can leave Interrupt Control 0 and poll", NEED_PEER, polling },
	{ "P4.1", "memory written before State is visible when State is", NEED_PEER, memory_before_state },
};

CHECK_LIST(state_checks, checks);
