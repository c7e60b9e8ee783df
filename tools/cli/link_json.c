/* SPDX-License-Identifier: BSD-2-Clause */
/* Links as JSON: the same numbers as in the tables, and the flags one by one. */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "link.h"

static const struct {
	uint32_t flag;
	const char *key;
} flags[] = {
	{ LINK_FLAG_ENABLED, "enabled" },
	{ LINK_FLAG_ARMED, "armed" },
	{ LINK_FLAG_ONE_SHOT, "one_shot" },
	{ LINK_FLAG_LATCHED, "latched" },
	{ LINK_FLAG_MEMORY, "memory_space" },
	{ LINK_FLAG_MASTER, "bus_master" },
	{ LINK_FLAG_INTX_OFF, "intx_disabled" },
	{ LINK_FLAG_MSIX, "msix_enabled" },
	{ LINK_FLAG_MSIX_MASKED, "msix_masked" },
};

static const struct {
	uint32_t counter;
	const char *key;
} drops[] = {
	{ LINK_COUNTER_DISABLED, "disabled" },
	{ LINK_COUNTER_MASKED, "masked" },
	{ LINK_COUNTER_NO_PEER, "no_peer" },
	{ LINK_COUNTER_NO_VECTOR, "no_vector" },
	{ LINK_COUNTER_INACTIVE, "inactive" },
};

static const char *const truth[] = { "false", "true" };

static void print_link(FILE *out, const struct link *link)
{
	fprintf(out, "\"bdf\": \"" BDF_FORMAT "\", \"peer_ids\": %u", BDF_VALUES(link->bdf), link->num_peers);
}

static void print_cell(FILE *out, const struct link_peer *peer)
{
	fprintf(out, ", \"cell_id\": %u, \"cell\": ", peer->cell_id);
	json_string(out, peer->cell);
	fprintf(out, ", \"state\": %u", peer->state);
}

void json_list_row(FILE *out, const struct link *link)
{
	const char *separator = "";
	uint32_t n;

	fputc('{', out);
	print_link(out, link);
	fprintf(out, ", \"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"merged\": %" PRIu64
		", \"dropped\": %" PRIu64 ", \"peers\": [", link_total(link, LINK_COUNTER_SENT),
		link_total(link, LINK_COUNTER_DELIVERED), link_total(link, LINK_COUNTER_MERGED),
		link_dropped(link));
	for (n = 0; n < link->num_peers; n++) {
		if (!link->peers[n].present)
			continue;
		fprintf(out, "%s{\"id\": %u", separator, n);
		print_cell(out, &link->peers[n]);
		fputc('}', out);
		separator = ", ";
	}
	fprintf(out, "]}");
}

static void print_route(FILE *out, uint64_t route)
{
	fprintf(out, ", \"intid\": %" PRIu64 ", \"armed\": %s, \"masked\": %s", (uint64_t)LINK_ROUTE_INTID(route),
		truth[!!(route & LINK_ROUTE_ARMED)], truth[!!(route & LINK_ROUTE_MASKED)]);
	if (!(route & LINK_ROUTE_ARMED))
		return;
	fprintf(out, ", \"enabled\": %s, \"pending\": %s, \"active\": %s, \"priority\": %" PRIu64 ", \"cpu\": ",
		truth[!!(route & LINK_ROUTE_ENABLED)], truth[!!(route & LINK_ROUTE_PENDING)],
		truth[!!(route & LINK_ROUTE_ACTIVE)], (uint64_t)LINK_ROUTE_PRIORITY(route));
	if (LINK_ROUTE_CPU(route) == LINK_ROUTE_NO_CPU)
		fprintf(out, "null");
	else
		fprintf(out, "%" PRIu64, (uint64_t)LINK_ROUTE_CPU(route));
}

static void print_vectors(FILE *out, const struct link_peer *peer)
{
	const char *separator = "";
	uint32_t v;

	fprintf(out, ", \"vector_list\": [");
	for (v = 0; v < MAX_VECTORS; v++) {
		const uint64_t *counter = peer->vector[v].counter;

		if (!vector_is_shown(peer, v))
			continue;
		fprintf(out, "%s{\"vector\": %u", separator, v);
		if (v < num_lines(peer))
			print_route(out, peer->vector[v].route);
		fprintf(out, ", \"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"dropped\": {\"disabled\": %" PRIu64
			", \"masked\": %" PRIu64 "}}", counter[LINK_COUNTER_SENT], counter[LINK_COUNTER_DELIVERED],
			counter[LINK_COUNTER_DISABLED], counter[LINK_COUNTER_MASKED]);
		separator = ", ";
	}
	fputc(']', out);
}

static void print_sections(FILE *out, const struct link_peer *peer)
{
	const char *separator = "";
	size_t n;

	if (!peer->sections) {
		fprintf(out, ", \"sections\": null");
		return;
	}
	fprintf(out, ", \"sections\": [");
	for (n = 0; n < peer->num_sections; n++) {
		const struct cfg_memory *region = &peer->sections[n].region;

		if (!region->size)
			continue;
		fprintf(out, "%s{\"name\": \"%s\", \"address\": \"0x%" PRIx64 "\", \"physical\": \"0x%" PRIx64
			"\", \"size\": \"0x%" PRIx64 "\", \"read\": %s, \"write\": %s}", separator, peer->sections[n].name,
			(uint64_t)region->virt_start, (uint64_t)region->phys_start, (uint64_t)region->size,
			truth[!!(region->flags & CFG_MEM_READ)], truth[!!(region->flags & CFG_MEM_WRITE)]);
		separator = ", ";
	}
	fputc(']', out);
}

static void print_present(FILE *out, const struct link_peer *peer)
{
	char protocol[40];
	size_t n;

	protocol_words(peer->protocol, protocol, sizeof(protocol));
	print_cell(out, peer);
	fprintf(out, ", \"vectors\": %u, \"protocol\": %u, \"protocol_name\": ", peer->vectors, peer->protocol);
	json_string(out, protocol);
	fprintf(out, ", \"flags\": {");
	for (n = 0; n < sizeof(flags) / sizeof(flags[0]); n++)
		fprintf(out, "%s\"%s\": %s", n ? ", " : "", flags[n].key,
			truth[!!(peer->flags & flags[n].flag)]);
	fprintf(out, "}, \"cell_state\": ");
	json_string_or_null(out, peer->cell_state);
	fprintf(out, ", \"driver\": ");
	json_string_or_null(out, peer->driver);
	print_vectors(out, peer);
	print_sections(out, peer);
}

static void print_counters(FILE *out, const struct link_peer *peer)
{
	size_t n;

	fprintf(out, ", \"sent\": %" PRIu64 ", \"delivered\": %" PRIu64 ", \"merged\": %" PRIu64 ", \"dropped\": {",
		peer->counter[LINK_COUNTER_SENT], peer->counter[LINK_COUNTER_DELIVERED],
		peer->counter[LINK_COUNTER_MERGED]);
	for (n = 0; n < sizeof(drops) / sizeof(drops[0]); n++)
		fprintf(out, "%s\"%s\": %" PRIu64, n ? ", " : "", drops[n].key, peer->counter[drops[n].counter]);
	fputc('}', out);
}

void json_show(FILE *out, const struct link *link)
{
	const char *separator = "";
	uint32_t n;

	fputc('{', out);
	print_link(out, link);
	fprintf(out, ", \"peers\": [");
	for (n = 0; n < link->num_peers; n++) {
		const struct link_peer *peer = &link->peers[n];

		if (!peer_is_shown(peer))
			continue;
		fprintf(out, "%s{\"id\": %u, \"present\": %s", separator, n, peer->present ? "true" : "false");
		if (peer->present)
			print_present(out, peer);
		print_counters(out, peer);
		fputc('}', out);
		separator = ", ";
	}
	fprintf(out, "]}\n");
}
