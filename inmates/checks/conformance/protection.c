/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may not write: H3 and H4. A companion tries; the hypervisor may stop it for that, so these checks come
 * last and do not insist on an answer.
 */
#include <inmate.h>
#include <tap.h>

#include "suite.h"

#define CANARY	0x0badc0deu

/* The last one that lives: the first one is for the life cycle */
static struct peer *victim(void)
{
	for (unsigned int n = num_peers; n-- > 0;)
		if (peers[n].alive)
			return &peers[n];
	skip_reason = "no companion is left after the check before: have two of them";
	return NULL;
}

static void try_to_write(struct peer *peer, uint64_t offset)
{
	if (!peer_do(peer, CONF_FOREIGN_WRITE, (uint32_t)offset, (uint32_t)(offset >> 32), CANARY, 0))
		tap_note("peer %u was stopped for it, as it seems", peer->id);
}

static bool output_of_another(void)
{
	uint64_t word = endpoint_output_offset(own.dev.id) + own.dev.output_size - 4;
	struct peer *peer = victim();

	if (!peer)
		return true;
	*endpoint_word(word) = 0x600d;
	try_to_write(peer, word);
	return tap_equal("own output section", *endpoint_word(word), 0x600d);
}

static bool state_table(void)
{
	struct peer *peer = victim();
	bool good;

	if (!peer)
		return true;
	shmem_write(&own.dev, IVSHMEM_REG_STATE, 0x600d);
	try_to_write(peer, 4ull * own.dev.id);
	good = tap_equal("own entry", *endpoint_word(4ull * own.dev.id), 0x600d);

	peer = victim();
	if (peer) {
		try_to_write(peer, 4ull * peer->id);
		/* 0 if that has cost it its life, and the hypervisor counts it as gone */
		if (peer_state(peer) == CANARY) {
			tap_note("the peer has written its own entry");
			good = false;
		}
	}
	/* The entry for the own ID is good, whoever else was stopped */
	skip_reason = NULL;
	return good;
}

static const struct check checks[] = {
	{ "A2.6", "nobody but its owner can write an output section",
	  NEED_OUTPUT | NEED_PEER, output_of_another },
	{ "A2.7", "no guest can write the State Table", NEED_PEER, state_table },
};

CHECK_LIST(protection_checks, checks);
