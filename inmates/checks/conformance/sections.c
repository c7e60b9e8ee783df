/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections of the shared memory: H2, H3, H4, H8 and section A.3.
 */
#include <inmate.h>
#include <tap.h>

#include "suite.h"

/* The last word of a page: not used by requests, answers and the checks with scratch space */
#define LAST_WORD	(PAGE_SIZE - 4)

static uint64_t rw_start(void)
{
	return own.dev.state_size;
}

static uint64_t info_u64(const struct peer *peer, unsigned int index)
{
	return peer->info[index] | ((uint64_t)peer->info[index + 1] << 32);
}

static bool rw_equal(void)
{
	bool good = true;

	for (unsigned int n = 0; n < num_peers; n++)
		good &= tap_equal("R/W Section Size of the peer", info_u64(&peers[n], CONF_INFO_RW_SIZE),
				  own.dev.rw_size);
	return good;
}

static bool output_equal(void)
{
	bool good = true;

	for (unsigned int n = 0; n < num_peers; n++)
		good &= tap_equal("Output Section Size of the peer",
				  info_u64(&peers[n], CONF_INFO_OUTPUT_SIZE), own.dev.output_size);
	return good;
}

static bool state_equal(void)
{
	return peers_told("State Table Size of the peer", CONF_INFO_STATE_SIZE, own.dev.state_size);
}

static bool entry_per_peer(void)
{
	if (own.dev.state_size >= 4ull * own.dev.max_peers)
		return true;
	tap_note("State Table of %llx bytes for %u peers", (unsigned long long)own.dev.state_size,
		 own.dev.max_peers);
	return false;
}

static bool whole_pages(void)
{
	return tap_equal("State Table Size, offset in page", own.dev.state_size % PAGE_SIZE, 0) &
	       tap_equal("R/W Section Size, offset in page", own.dev.rw_size % PAGE_SIZE, 0) &
	       tap_equal("Output Section Size, offset in page", own.dev.output_size % PAGE_SIZE, 0);
}

static bool has_state_table(void)
{
	return own.dev.state_size > 0;
}

static bool rw_both_ways(void)
{
	struct peer *peer = &peers[0];
	bool good = true;

	for (uint64_t page = 0; good && page < own.dev.rw_size; page += PAGE_SIZE) {
		uint64_t word = rw_start() + page + LAST_WORD;
		uint32_t mark = 0x10000000 + (uint32_t)(page / PAGE_SIZE);

		*endpoint_word(word) = mark;
		good = peer_reads(peer, "word written here", word, mark) && peer_write(peer, word, ~mark) &&
		       tap_equal("word written by the peer", *endpoint_word(word), ~mark);
	}
	return good;
}

static bool output_of_each(void)
{
	uint64_t own_word = endpoint_output_offset(own.dev.id) + LAST_WORD;
	bool good = true;

	*endpoint_word(own_word) = 0x20000000 + own.dev.id;
	for (unsigned int n = 0; good && n < num_peers; n++) {
		uint64_t word = endpoint_output_offset(peers[n].id) + LAST_WORD;
		uint32_t mark = 0x30000000 + peers[n].id;

		good = peer_reads(&peers[n], "own output, read by the peer", own_word,
				  0x20000000 + own.dev.id) &&
		       peer_write(&peers[n], word, mark) &&
		       tap_equal("output of the peer", *endpoint_word(word), mark);
	}
	return good & tap_equal("own output", *endpoint_word(own_word), 0x20000000 + own.dev.id);
}

static bool output_between_peers(void)
{
	uint64_t word = endpoint_output_offset(peers[0].id) + LAST_WORD;

	return peer_write(&peers[0], word, 0x40000001) &&
	       peer_reads(&peers[1], "output of one peer, read by the other", word, 0x40000001);
}

static bool all_readable(void)
{
	/* A section that is not there stops this CPU or gives it an abort */
	for (uint64_t page = 0; page < endpoint_memory_size(); page += PAGE_SIZE)
		(void)*endpoint_word(page);
	return true;
}

static bool holds_data(uint64_t start, uint64_t size)
{
	bool good = true;

	for (uint64_t page = 0; page < size; page += PAGE_SIZE)
		*endpoint_word(start + page + LAST_WORD) = 0x50000000 + (uint32_t)(page / PAGE_SIZE);
	for (uint64_t page = 0; page < size; page += PAGE_SIZE)
		good &= tap_equal("word", *endpoint_word(start + page + LAST_WORD),
				  0x50000000 + (uint32_t)(page / PAGE_SIZE));
	return good;
}

static bool rw_holds_data(void)
{
	return holds_data(rw_start(), own.dev.rw_size);
}

static bool output_holds_data(void)
{
	return holds_data(endpoint_output_offset(own.dev.id), own.dev.output_size);
}

static const struct check checks[] = {
	{ "A2.1", "R/W Section Size is the same for all peers", NEED_PEER, rw_equal },
	{ "A2.2", "Output Section Size is the same for all peers", NEED_PEER, output_equal },
	{ "A2.3", "State Table Size is the same for all peers", NEED_PEER, state_equal },
	{ "A2.4", "the State Table has an entry for each possible peer", 0, entry_per_peer },
	{ "A2.5", "all sizes are multiples of a page", 0, whole_pages },
	{ "A3.1", "State Table Size is not 0", 0, has_state_table },
	{ "A3.2", "the R/W section lies behind the State Table, and all peers can write it",
	  NEED_RW | NEED_PEER, rw_both_ways },
	{ "A3.3", "the output sections follow in the order of IDs, and all can read them",
	  NEED_OUTPUT | NEED_PEER, output_of_each },
	{ "A3.4", "a peer can read the output section of another", NEED_OUTPUT | NEED_TWO_PEERS,
	  output_between_peers },
	{ "A3.5", "all sections can be read to their end", 0, all_readable },
	{ "A3.6", "each page of the R/W section holds data", NEED_RW, rw_holds_data },
	{ "A3.7", "each page of the own output section holds data", NEED_OUTPUT, output_holds_data },
};

CHECK_LIST(section_checks, checks);
