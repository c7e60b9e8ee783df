/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tester's side of protocol.h, and actions that somebody outside of the cells has to do.
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "suite.h"

#define FIND_SECONDS	5u

struct peer peers[2];
unsigned int num_peers;

uint32_t peer_state(const struct peer *peer)
{
	return *endpoint_word(4ull * peer->id);
}

static bool is_known(uint32_t id)
{
	for (unsigned int n = 0; n < num_peers; n++)
		if (peers[n].id == id)
			return true;
	return false;
}

static void look_for_companions(unsigned int wanted)
{
	uint32_t last = own.dev.max_peers < CONF_MAX_PEERS ? own.dev.max_peers : CONF_MAX_PEERS;

	for (uint32_t id = 0; id < last && num_peers < wanted; id++) {
		struct peer *peer = &peers[num_peers];

		*peer = (struct peer){ .id = id, .alive = true };
		if (id == own.dev.id || is_known(id) || !endpoint_area(id) || peer_state(peer) != CONF_READY)
			continue;
		/* One that announces itself but does not answer fails all checks that need it */
		num_peers++;
		peer_learn(peer);
	}
}

void peers_find(unsigned int wanted)
{
	uint64_t start = timer_ticks();

	if (wanted > sizeof(peers) / sizeof(peers[0]))
		wanted = sizeof(peers) / sizeof(peers[0]);
	if (!endpoint_area(own.dev.id))
		wanted = 0;
	look_for_companions(wanted);
	while (num_peers < wanted && still_waiting(start, FIND_SECONDS)) {
		nap();
		look_for_companions(wanted);
	}
}

bool peer_post(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	volatile struct conf_area *request = endpoint_area(own.dev.id);
	uint32_t seq = request->seq + 1 ? request->seq + 1 : 1;

	if (!peer->alive) {
		tap_note("peer %u has stopped answering", peer->id);
		return false;
	}
	request->magic = CONF_MAGIC;
	request->target = peer->id;
	request->op = op;
	request->args[0] = a0;
	request->args[1] = a1;
	request->args[2] = a2;
	request->args[3] = a3;
	barrier_memory();	/* pairs with the one behind the companion's read of seq */
	request->seq = seq;
	return true;
}

bool peer_wait(struct peer *peer)
{
	volatile struct conf_area *request = endpoint_area(own.dev.id), *answer = endpoint_area(peer->id);
	uint64_t start = timer_ticks();

	while (answer->ack != request->seq && still_waiting(start, event_seconds))
		nap();
	barrier_memory();
	peer->alive = answer->ack == request->seq;
	if (!peer->alive)
		tap_note("peer %u does not answer request %u", peer->id, request->op);
	return peer->alive;
}

bool peer_do(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3)
{
	return peer_post(peer, op, a0, a1, a2, a3) && peer_wait(peer);
}

uint32_t peer_ask(struct peer *peer, uint32_t op, uint32_t a0, uint32_t a1)
{
	return peer_do(peer, op, a0, a1, 0, 0) ? endpoint_area(peer->id)->results[0] : 0;
}

bool peer_learn(struct peer *peer)
{
	if (!peer_do(peer, CONF_INFO, 0, 0, 0, 0))
		return false;
	for (unsigned int n = 0; n < CONF_RESULTS; n++)
		peer->info[n] = endpoint_area(peer->id)->results[n];
	return true;
}

bool peers_default(void)
{
	bool good = true;

	/* First all changes of State, then nothing of them may be left at anybody */
	for (unsigned int n = 0; n < num_peers; n++)
		good &= !peers[n].alive || peer_do(&peers[n], CONF_DEFAULT, 0, 0, 0, 0);
	for (unsigned int n = 0; n < num_peers; n++)
		good &= !peers[n].alive || peer_do(&peers[n], CONF_FLUSH, 0, 0, 0, 0);
	return good;
}

bool peer_got(struct peer *peer, uint32_t vector, uint32_t count)
{
	volatile uint32_t *results = endpoint_area(peer->id)->results;
	uint64_t start = timer_ticks();

	do {
		if (!peer_do(peer, CONF_COUNTS, 0, 0, 0, 0))
			return false;
	} while (results[CONF_COUNT_VECTOR + vector] < count && still_waiting(start, event_seconds));
	nap_ms(QUIET_MS);
	if (!peer_do(peer, CONF_COUNTS, 0, 0, 0, 0))
		return false;
	return tap_equal("interrupts at the peer", results[CONF_COUNT_VECTOR + vector], count) &
	       tap_equal("interrupts at other vectors of the peer",
			 results[CONF_COUNT_TOTAL] - results[CONF_COUNT_VECTOR + vector], 0);
}

bool peer_interrupts_on(struct peer *peer)
{
	return peer_do(peer, CONF_REG_WRITE, IVSHMEM_REG_INT_CTRL, 1, 0, 0);
}

bool peer_set_state(struct peer *peer, uint32_t value)
{
	return peer_do(peer, CONF_REG_WRITE, IVSHMEM_REG_STATE, value, 0, 0);
}

bool peer_ring(struct peer *peer, uint32_t target, uint32_t vector)
{
	return peer_do(peer, CONF_REG_WRITE, IVSHMEM_REG_DOORBELL, (target << 16) | vector, 0, 0);
}

void ring_here(uint32_t vector)
{
	for (unsigned int n = 0; n < num_peers; n++) {
		if (peers[n].alive) {
			peer_ring(&peers[n], own.dev.id, vector);
			return;
		}
	}
	shmem_ring(&own.dev, own.dev.id, vector);
}

bool peer_write(struct peer *peer, uint64_t offset, uint32_t value)
{
	return peer_do(peer, CONF_MEM_WRITE, (uint32_t)offset, (uint32_t)(offset >> 32), value, 0);
}

bool peer_reads(struct peer *peer, const char *what, uint64_t offset, uint32_t value)
{
	return peer_do(peer, CONF_MEM_READ, (uint32_t)offset, (uint32_t)(offset >> 32), 0, 0) &&
	       tap_equal(what, endpoint_area(peer->id)->results[0], value);
}

/* --- actions --- */

void action(const char *verb, struct peer *peer)
{
	/* Whatever runs there from now on has not answered yet */
	peer->alive = false;
	printk("# action: %s peer %u\n", verb, peer->id);
}

bool wait_peer_state(const struct peer *peer, uint32_t value)
{
	uint64_t start = timer_ticks();

	while (peer_state(peer) != value && still_waiting(start, action_seconds))
		nap();
	return tap_equal("State of the peer", peer_state(peer), value);
}

bool wait_peer_back(struct peer *peer)
{
	peer->alive = wait_peer_state(peer, CONF_READY);
	return peer_learn(peer);
}

bool peers_told(const char *what, uint32_t info, uint32_t expected)
{
	bool good = true;

	for (unsigned int n = 0; n < num_peers; n++)
		good &= tap_equal(what, peers[n].info[info], expected);
	return good;
}
