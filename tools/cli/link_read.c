/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a link from the driver. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli.h"
#include "link.h"

static const struct request info_request = { .name = "JAILHOUSE_LINK_INFO", .number = BH_IOC_LINK_INFO };

/* Of a peer that is there. The largest value keeps nonsense out of the output. */
static const struct {
	uint32_t item;
	uint64_t max;
	size_t offset;
} fields[] = {
	{ .item = LINK_INFO_CELL, .max = INT32_MAX, .offset = offsetof(struct link_peer, cell_id) },
	{ .item = LINK_INFO_STATE, .max = UINT32_MAX, .offset = offsetof(struct link_peer, state) },
	{ .item = LINK_INFO_FLAGS, .max = UINT32_MAX, .offset = offsetof(struct link_peer, flags) },
	{ .item = LINK_INFO_PROTOCOL, .max = UINT16_MAX, .offset = offsetof(struct link_peer, protocol) },
	{ .item = LINK_INFO_VECTORS, .max = MAX_VECTORS, .offset = offsetof(struct link_peer, vectors) },
};

#define NUM_FIELDS (sizeof(fields) / sizeof(fields[0]))

void print_no_link(int fd)
{
	print_refused(fd, &info_request, ENOENT);
}

static enum link_answer ask(int fd, const struct bh_link_info *question, uint64_t min, uint64_t max,
			    uint64_t *value)
{
	struct bh_link_info info = *question;

	if (ioctl(fd, info_request.number, &info) != 0) {
		if (errno == ENOENT)
			return LINK_ABSENT;
		print_refused(fd, &info_request, errno);
		return LINK_FAILED;
	}
	if (info.value < min || info.value > max) {
		fprintf(stderr, "%s: %s: 0x%llx as item 0x%x of " BDF_FORMAT ", peer %u: use a driver that fits this "
			"tool\n", info_request.name, strerror(EPROTO), (unsigned long long)info.value,
			question->item, BDF_VALUES(question->bdf + 0u), question->peer);
		return LINK_FAILED;
	}
	*value = info.value;
	return LINK_FOUND;
}

enum link_answer next_link(int fd, uint32_t from, uint32_t *bdf)
{
	const struct bh_link_info question = { .bdf = (uint16_t)from, .item = LINK_INFO_NEXT };
	uint64_t value;
	enum link_answer answer;

	if (from > UINT16_MAX)
		return LINK_ABSENT;
	answer = ask(fd, &question, from, UINT16_MAX, &value);
	if (answer == LINK_FOUND)
		*bdf = (uint32_t)value;
	return answer;
}

static int name_cell(struct link_peer *peer)
{
	peer->cell = cell_name(peer->cell_id);
	if (!peer->cell && asprintf(&peer->cell, "%u", peer->cell_id) < 0)
		peer->cell = NULL;
	if (!peer->cell)
		perror("link");
	return peer->cell ? 0 : -1;
}

static enum link_answer read_peer(int fd, struct bh_link_info question, struct link_peer *peer)
{
	enum link_answer answer = LINK_FOUND;
	uint64_t value;
	uint32_t n;

	for (n = 0; n < NUM_FIELDS && answer == LINK_FOUND; n++) {
		question.item = fields[n].item;
		answer = ask(fd, &question, 0, fields[n].max, &value);
		if (answer == LINK_FOUND)
			*(uint32_t *)((char *)peer + fields[n].offset) = (uint32_t)value;
	}
	if (answer == LINK_FAILED)
		return answer;
	peer->present = answer == LINK_FOUND;

	for (n = 0; n < LINK_NUM_COUNTERS; n++) {
		question.item = LINK_INFO_COUNTER_BASE + n;
		answer = ask(fd, &question, 0, INT64_MAX, &peer->counter[n]);
		if (answer != LINK_FOUND)	/* absent: that is the link */
			return answer;
	}
	if (peer->present && name_cell(peer))
		return LINK_FAILED;
	return LINK_FOUND;
}

enum link_answer read_route(int fd, uint32_t bdf, uint32_t peer, uint32_t vector, uint64_t *route)
{
	const struct bh_link_info question = {
		.bdf = (uint16_t)bdf, .peer = (uint16_t)peer, .item = LINK_INFO_ROUTE_BASE + vector,
	};

	return ask(fd, &question, 0, INT64_MAX, route);
}

static enum link_answer read_vectors(int fd, struct bh_link_info question, struct link_peer *peer)
{
	static const uint32_t counters[] = {
		LINK_COUNTER_SENT, LINK_COUNTER_DELIVERED, LINK_COUNTER_DISABLED, LINK_COUNTER_MASKED,
	};
	enum link_answer answer = LINK_FOUND;
	uint32_t v, n;

	for (v = 0; v < MAX_VECTORS; v++) {
		for (n = 0; n < sizeof(counters) / sizeof(counters[0]) && answer == LINK_FOUND; n++) {
			question.item = LINK_INFO_VECTOR_COUNTER_BASE + 16 * v + counters[n];
			answer = ask(fd, &question, 0, INT64_MAX, &peer->vector[v].counter[counters[n]]);
		}
		if (answer == LINK_FOUND && v < num_lines(peer))
			answer = read_route(fd, question.bdf, question.peer, v, &peer->vector[v].route);
		if (answer != LINK_FOUND)
			return answer;
	}
	return answer;
}

static enum link_answer read_details(int fd, const struct bh_link_info *question, struct link_peer *peer)
{
	enum link_answer answer = read_vectors(fd, *question, peer);

	if (answer == LINK_ABSENT) {	/* it has left, or it is the link: whoever asks next will see */
		peer->present = 0;
		return LINK_FOUND;
	}
	if (answer == LINK_FOUND)
		read_link_cell(question->bdf, peer);
	return answer;
}

enum link_answer read_link(int fd, uint32_t bdf, uint32_t max_peers, int detail, struct link *link)
{
	struct bh_link_info question = { .bdf = (uint16_t)bdf, .item = LINK_INFO_PEERS };
	enum link_answer answer;
	uint64_t value;
	uint32_t n;

	answer = ask(fd, &question, 1, max_peers, &value);
	if (answer != LINK_FOUND)
		return answer;
	link->bdf = bdf;
	link->num_peers = (uint32_t)value;
	link->peers = calloc(link->num_peers, sizeof(*link->peers));
	if (!link->peers) {
		perror("link");
		return LINK_FAILED;
	}
	for (n = 0; n < link->num_peers && answer == LINK_FOUND; n++) {
		question.peer = (uint16_t)n;
		answer = read_peer(fd, question, &link->peers[n]);
		if (answer == LINK_FOUND && detail && link->peers[n].present)
			answer = read_details(fd, &question, &link->peers[n]);
	}
	if (answer != LINK_FOUND)
		free_link(link);
	return answer;
}

void free_link(struct link *link)
{
	uint32_t n;

	for (n = 0; n < link->num_peers; n++) {
		free(link->peers[n].cell);
		free(link->peers[n].cell_state);
		free(link->peers[n].sections);
		free(link->peers[n].driver);
	}
	free(link->peers);
}
