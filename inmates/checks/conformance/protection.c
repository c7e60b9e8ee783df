/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may not write: H3 and H4. A companion tries; the hypervisor may stop it for that, so these checks come
 * last and do not insist on an answer.
 */
#include <inmate.h>
#include <tap.h>

#include "suite.h"

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
	if (!peer_do(peer, CONF_FOREIGN_WRITE, (uint32_t)offset, (uint32_t)(offset >> 32), 0, 0))
		tap_note("peer %u was stopped for it, as it seems", peer->id);
}

static bool untouched(const char *what, uint64_t start, uint64_t size)
{
	bool good = true;

	for (uint64_t word = start; good && word < start + size; word += 4)
		if (*endpoint_word(word) == CONF_CANARY) {
			tap_note("%s: written at 0x%llx", what, (unsigned long long)(word - start));
			good = false;
		}
	return good;
}

/* At the end of each page, as long as that does not cost the peer its life */
static bool write_everywhere(struct peer *peer, const char *what, uint64_t start, uint64_t size)
{
	for (uint64_t page = 0; peer->alive && page < size; page += PAGE_SIZE)
		try_to_write(peer, start + page + PAGE_SIZE - 4);
	return untouched(what, start, size);
}

static bool output_of_another(void)
{
	uint64_t own_output = endpoint_output_offset(own.dev.id);
	struct peer *peer = victim();
	bool good;

	if (!peer)
		return true;
	*endpoint_word(own_output + own.dev.output_size - 4) = 0x600d;
	try_to_write(peer, own_output + own.dev.output_size - 4);
	good = tap_equal("own output section", *endpoint_word(own_output + own.dev.output_size - 4), 0x600d);
	good &= write_everywhere(peer, "own output section", own_output, own.dev.output_size);
	for (unsigned int n = 0; n < num_peers; n++)
		if (&peers[n] != peer)
			good &= write_everywhere(peer, "output section of a third peer",
						 endpoint_output_offset(peers[n].id), own.dev.output_size);
	return good;
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

	/* its own entry last: 0 if that has cost it its life, and the hypervisor counts it as gone */
	peer = victim();
	if (peer) {
		good &= write_everywhere(peer, "State Table", 0, own.dev.state_size);
		if (peer->alive)
			try_to_write(peer, 4ull * peer->id);
	}
	/* What could be tried was tried, whoever was stopped for it */
	skip_reason = NULL;
	return good & untouched("State Table", 0, own.dev.state_size);
}

static const struct check checks[] = {
	{ "A2.6", "nobody but its owner can write an output section",
	  NEED_OUTPUT | NEED_PEER, output_of_another },
	{ "A2.7", "no guest can write the State Table", NEED_PEER, state_table },
};

CHECK_LIST(protection_checks, checks);
