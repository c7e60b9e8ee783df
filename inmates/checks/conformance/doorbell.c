/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doorbell: section A.7 (Doorbell), H6, and section 0.2 of the client rules.
 *
 * On an INTx link the vectors 1 to 15 are not tried: implementations differ in whether they ring the line.
 */
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "suite.h"

#define ROUNDS		100u

/* --- gates --- */

static void mask_vector(uint32_t value)
{
	endpoint_table_write(MSIX_ENTRY_CONTROL, value);
}

static void close_vector(void)
{
	mask_vector(MSIX_VECTOR_MASKED);
}

static void open_vector(void)
{
	mask_vector(0);
}

static void close_function(void)
{
	msix_control(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
}

static void close_msix(void)
{
	msix_control(0);
}

static void open_msix(void)
{
	msix_control(MSIX_CONTROL_ENABLE);
}

static void close_master(void)
{
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static void open_master(void)
{
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
}

static void close_intx(void)
{
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF, 2);
}

enum { GATE_VECTOR, GATE_FUNCTION, GATE_MSIX, GATE_MASTER, GATE_INTX, NUM_GATES };

const struct gate gates[] = {
	[GATE_VECTOR] = { "vector masked", true, close_vector, open_vector },
	[GATE_FUNCTION] = { "function masked", true, close_function, open_msix },
	[GATE_MSIX] = { "MSI-X off", true, close_msix, open_msix },
	[GATE_MASTER] = { "no Bus Master", true, close_master, open_master },
	[GATE_INTX] = { "INTx disable", false, close_intx, open_master },
};

const unsigned int num_gates = NUM_GATES;

/* A doorbell has no effect while the gate is closed, and none later */
static bool gate_drops(unsigned int gate)
{
	bool good;

	interrupts_on();
	ring_here(0);
	good = got(0, 1);
	gates[gate].close();
	ring_here(0);
	good &= got(0, 1);
	gates[gate].open();
	good &= got(0, 1);
	ring_here(0);
	return good & got(0, 2);
}

static bool vector_masked(void)
{
	return gate_drops(GATE_VECTOR);
}

static bool function_masked(void)
{
	return gate_drops(GATE_FUNCTION);
}

static bool msix_off(void)
{
	return gate_drops(GATE_MSIX);
}

static bool no_master(void)
{
	return gate_drops(GATE_MASTER);
}

static bool intx_disable(void)
{
	return gate_drops(GATE_INTX);
}

/* --- delivery --- */

static bool to_oneself(void)
{
	bool good = true;

	interrupts_on();
	for (uint32_t n = 1; n <= 3; n++) {
		shmem_ring(&own.dev, own.dev.id, 0);
		good &= got(0, n);
	}
	return good;
}

static bool to_peer(void)
{
	bool good = peer_interrupts_on(&peers[0]);

	for (uint32_t n = 1; n <= 3; n++) {
		shmem_ring(&own.dev, peers[0].id, 0);
		good = good && peer_got(&peers[0], 0, n);
	}
	return good;
}

static bool from_peer(void)
{
	bool good = true;

	interrupts_on();
	for (uint32_t n = 1; n <= 3; n++)
		good = good && peer_ring(&peers[0], own.dev.id, 0) && got(0, n);
	return good;
}

static bool each_vector_here(void)
{
	bool good = true;

	interrupts_on();
	for (uint32_t vector = 0; vector < own.usable; vector++) {
		endpoint_forget();
		ring_here(vector);
		good &= got(vector, 1);
	}
	return good;
}

static bool each_vector_at_peer(void)
{
	struct peer *peer = &peers[0];
	bool good = true;

	for (uint32_t vector = 0; vector < peer->info[CONF_INFO_USABLE]; vector++) {
		good = good && peer_do(peer, CONF_FLUSH, 0, 0, 0, 0) && peer_interrupts_on(peer);
		shmem_ring(&own.dev, peer->id, vector);
		good = good && peer_got(peer, vector, 1);
	}
	return good;
}

static bool one_vector_masked(void)
{
	bool good = true;

	interrupts_on();
	close_vector();
	ring_here(0);
	ring_here(1);
	good &= got(1, 1);
	open_vector();
	return good & got(1, 1);
}

static bool addressed_peer_only(void)
{
	bool good = peer_interrupts_on(&peers[0]) && peer_interrupts_on(&peers[1]);

	interrupts_on();
	for (unsigned int n = 0; n < 2; n++) {
		shmem_ring(&own.dev, peers[n].id, 0);
		good = good && peer_got(&peers[0], 0, 1) && peer_got(&peers[1], 0, n);
	}
	good = good && peer_ring(&peers[0], peers[1].id, 0);
	return good && peer_got(&peers[1], 0, 2) && peer_got(&peers[0], 0, 1) && got(0, 0);
}

static bool nobody_else_hears(void)
{
	bool good = got(0, 0);

	for (unsigned int n = 0; n < num_peers; n++)
		good = good && peer_got(&peers[n], 0, 0);
	return good;
}

static bool all_interrupts_on(void)
{
	bool good = true;

	interrupts_on();
	for (unsigned int n = 0; n < num_peers; n++)
		good = good && peer_do(&peers[n], CONF_FLUSH, 0, 0, 0, 0) && peer_interrupts_on(&peers[n]);
	return good;
}

static bool absent_vectors(void)
{
	/* Those whose lower bits are those of vector 0 are for devices that do not look at all 16 */
	const uint32_t vectors[] = { own.vectors ? own.vectors : CONF_MAX_VECTORS, CONF_MAX_VECTORS, 0x7ff,
				     0x100, 0x800, 0x1000, 0x8000, 0xffff };
	bool good = all_interrupts_on();

	for (unsigned int n = 0; n < sizeof(vectors) / sizeof(vectors[0]); n++) {
		shmem_ring(&own.dev, own.dev.id, vectors[n]);
		for (unsigned int peer = 0; good && peer < num_peers; peer++) {
			shmem_ring(&own.dev, peers[peer].id, vectors[n]);
			good = peer_ring(&peers[peer], own.dev.id, vectors[n]);
		}
	}
	good = good && nobody_else_hears();
	ring_here(0);
	return good && got(0, 1);
}

static bool absent_peers(void)
{
	const uint32_t ids[] = { own.dev.max_peers & 0xffff, 0xff, 0xffff, 0x10 | own.dev.id,
				 0x100 | own.dev.id, 0x1000 | own.dev.id, 0x8000 | own.dev.id };
	bool good = all_interrupts_on();

	for (unsigned int n = 0; n < sizeof(ids) / sizeof(ids[0]); n++) {
		if (ids[n] >= own.dev.max_peers) {
			shmem_ring(&own.dev, ids[n], 0);
			good = good && (!num_peers || peer_ring(&peers[0], ids[n], 0));
		}
	}
	good = good && nobody_else_hears();
	ring_here(0);
	return good && got(0, 1);
}

static bool disabled_here(void)
{
	bool good;

	ring_here(0);
	good = got(0, 0);
	interrupts_on();
	good &= got(0, 0);
	ring_here(0);
	good &= got(0, 1);
	interrupts_off();
	ring_here(0);
	good &= got(0, 1);
	interrupts_on();
	return good & got(0, 1);
}

static bool disabled_at_peer(void)
{
	struct peer *peer = &peers[0];
	bool good;

	shmem_ring(&own.dev, peer->id, 0);
	good = peer_got(peer, 0, 0) && peer_interrupts_on(peer) && peer_got(peer, 0, 0);
	shmem_ring(&own.dev, peer->id, 0);
	return good && peer_got(peer, 0, 1);
}

static bool order(void)
{
	uint64_t scratch = scratch_offset(own.dev.id);
	struct peer *peer = &peers[0];
	bool good = peer_do(peer, CONF_WATCH, (uint32_t)scratch, (uint32_t)(scratch >> 32), 0, 0) &&
		    peer_interrupts_on(peer);
	volatile uint32_t *results = endpoint_area(peer->id)->results;

	for (uint32_t n = 1; good && n <= ROUNDS; n++) {
		uint64_t start = timer_ticks();

		*endpoint_word(scratch) = n;
		shmem_ring(&own.dev, peer->id, 0);
		do {
			good = good && peer_do(peer, CONF_COUNTS, 0, 0, 0, 0);
		} while (good && results[CONF_COUNT_TOTAL] < n && still_waiting(start, event_seconds));
		good = good && tap_equal("memory at the interrupt", results[CONF_COUNT_SEEN], n);
	}
	return good;
}

static const struct check checks[] = {
	{ "A7-doorbell.1", "a doorbell interrupts the peer that it addresses, once",
	  NEED_INTERRUPTS | NEED_PEER, to_peer },
	{ "A7-doorbell.2", "a doorbell of a peer interrupts here, once",
	  NEED_INTERRUPTS | NEED_PEER, from_peer },
	{ "A7-doorbell.3", "each vector arrives as itself", NEED_MSIX | NEED_INTERRUPTS, each_vector_here },
	{ "A7-doorbell.4", "each vector arrives as itself at a peer", NEED_MSIX | NEED_INTERRUPTS | NEED_PEER,
	  each_vector_at_peer },
	{ "A7-doorbell.5", "a doorbell interrupts nobody but its target", NEED_INTERRUPTS | NEED_TWO_PEERS,
	  addressed_peer_only },
	{ "A7-doorbell.6", "a masked vector: no effect, now or later",
	  NEED_MSIX | NEED_INTERRUPTS, vector_masked },
	{ "A7-doorbell.7", "a masked vector leaves the others alone",
	  NEED_MSIX | NEED_INTERRUPTS | NEED_TWO_VECTORS, one_vector_masked },
	{ "A7-doorbell.8", "function masked: no effect, now or later",
	  NEED_MSIX | NEED_INTERRUPTS, function_masked },
	{ "A7-doorbell.9", "MSI-X off: no effect, now or later", NEED_MSIX | NEED_INTERRUPTS, msix_off },
	{ "A7-doorbell.10", "a vector that is not provided: no effect", NEED_INTERRUPTS, absent_vectors },
	{ "A7-doorbell.11", "a peer that does not exist: no effect", NEED_INTERRUPTS, absent_peers },
	{ "A7-doorbell.12", "own Interrupt Control 0: no effect, now or later",
	  NEED_INTERRUPTS, disabled_here },
	{ "A7-doorbell.13", "Interrupt Control of the peer 0: no effect, now or later",
	  NEED_INTERRUPTS | NEED_PEER, disabled_at_peer },
	{ "A7-doorbell.14", "what was stored before a doorbell is visible at the interrupt",
	  NEED_INTERRUPTS | NEED_PEER, order },
	{ "P2.1", "a doorbell to oneself interrupts, once", NEED_INTERRUPTS, to_oneself },
	{ "P2.2", "INTx disable: no effect of a doorbell, now or later",
	  NEED_INTX | NEED_INTERRUPTS, intx_disable },
	{ "P2.3", "MSI-X without Bus Master: no effect of a doorbell, now or later",
	  NEED_MSIX | NEED_INTERRUPTS, no_master },
};

CHECK_LIST(doorbell_checks, checks);
