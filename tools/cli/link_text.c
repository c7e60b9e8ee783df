/* SPDX-License-Identifier: BSD-2-Clause */
/* Links as tables for people. */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "link.h"

/* Protocol types: virtio over shared memory has one range for each side, with the virtio device ID in it. */
#define USER_DEFINED		0x4000u
#define VIRTIO_FRONT_END	0x8000u
#define VIRTIO_BACK_END		0xc000u

static const char *const virtio_devices[] = {
	[1] = "net", [2] = "block", [3] = "console", [4] = "rng", [5] = "balloon", [8] = "scsi", [9] = "9p",
	[16] = "gpu", [18] = "input", [19] = "vsock", [20] = "crypto", [26] = "fs", [27] = "pmem",
	[34] = "i2c", [41] = "gpio", [45] = "spi",
};

static const char *const dropped_because[LINK_NUM_COUNTERS] = {
	[LINK_COUNTER_DISABLED] = "disabled",
	[LINK_COUNTER_MASKED] = "masked",
	[LINK_COUNTER_NO_PEER] = "no peer",
	[LINK_COUNTER_NO_VECTOR] = "no vector",
	[LINK_COUNTER_INACTIVE] = "inactive",
};

enum device_kind { ANY, INTX, MSIX };

/* Words that appear if the bits of mask have this value, in this order. */
static const struct word {
	uint32_t mask, value;
	enum device_kind kind;
	const char *text;
} words[] = {
	{ LINK_FLAG_ENABLED, LINK_FLAG_ENABLED, ANY, "on" },
	{ LINK_FLAG_ENABLED, 0, ANY, "off" },
	{ LINK_FLAG_ONE_SHOT, LINK_FLAG_ONE_SHOT, ANY, "one-shot" },
	{ LINK_FLAG_LATCHED, LINK_FLAG_LATCHED, ANY, "latched" },
	{ LINK_FLAG_ARMED, LINK_FLAG_ARMED, ANY, "armed" },
	{ LINK_FLAG_ARMED, 0, ANY, "not armed" },
	/* why not */
	{ LINK_FLAG_INTX_OFF, LINK_FLAG_INTX_OFF, INTX, "INTx disabled" },
	{ LINK_FLAG_MSIX, 0, MSIX, "MSI-X off" },
	{ LINK_FLAG_MSIX_MASKED, LINK_FLAG_MSIX_MASKED, MSIX, "MSI-X masked" },
	{ LINK_FLAG_MASTER, 0, MSIX, "no bus master" },
	/* nothing of that: only once interrupts were switched on it is sure that the vector was looked at */
	{ LINK_FLAG_ENABLED | LINK_FLAG_ARMED | LINK_FLAG_INTX_OFF, LINK_FLAG_ENABLED, INTX,
	  "interrupt not the cell's" },
	{ LINK_FLAG_ENABLED | LINK_FLAG_ARMED | LINK_FLAG_MSIX | LINK_FLAG_MSIX_MASKED | LINK_FLAG_MASTER,
	  LINK_FLAG_ENABLED | LINK_FLAG_MSIX | LINK_FLAG_MASTER, MSIX,
	  "vector 0 masked or not the cell's" },
	{ LINK_FLAG_MEMORY, 0, ANY, "registers off" },
};

void protocol_words(uint32_t protocol, char *text, size_t size)
{
	const char *side = protocol >= VIRTIO_BACK_END ? "back-end" : "front-end";
	uint32_t device = protocol % (VIRTIO_BACK_END - VIRTIO_FRONT_END);

	if (protocol >= VIRTIO_FRONT_END && device < sizeof(virtio_devices) / sizeof(virtio_devices[0]) &&
	    virtio_devices[device])
		snprintf(text, size, "virtio-%s %s", virtio_devices[device], side);
	else if (protocol >= VIRTIO_FRONT_END)
		snprintf(text, size, "virtio device %u %s", device, side);
	else if (protocol >= USER_DEFINED)
		snprintf(text, size, "user-defined 0x%04x", protocol);
	else if (protocol > 1)
		snprintf(text, size, "reserved 0x%04x", protocol);
	else
		snprintf(text, size, "%s", protocol ? "ethernet" : "undefined");
}

uint64_t link_total(const struct link *link, uint32_t counter)
{
	uint64_t total = 0;
	uint32_t n;

	for (n = 0; n < link->num_peers; n++)
		total += link->peers[n].counter[counter];
	return total;
}

uint64_t link_dropped(const struct link *link)
{
	uint64_t dropped = 0;
	uint32_t n;

	for (n = 0; n < LINK_NUM_COUNTERS; n++)
		dropped += dropped_because[n] ? link_total(link, n) : 0;
	return dropped;
}

int peer_is_shown(const struct link_peer *peer)
{
	uint64_t any = 0;
	uint32_t n;

	for (n = 0; n < LINK_NUM_COUNTERS; n++)
		any |= peer->counter[n];
	return peer->present || any;
}

uint32_t num_lines(const struct link_peer *peer)
{
	return peer->vectors ? peer->vectors : 1;
}

int vector_is_shown(const struct link_peer *peer, uint32_t vector)
{
	uint64_t any = 0;
	uint32_t n;

	for (n = 0; n < LINK_NUM_COUNTERS; n++)
		any |= peer->vector[vector].counter[n];
	return vector < num_lines(peer) || any;
}

static void print_counter(FILE *out, uint64_t value)
{
	fprintf(out, "%-11" PRIu64 " ", value);
}

void text_list_header(FILE *out)
{
	fprintf(out, "%-12s%-8s%-12s%-12s%-12s%s\n", "Link", "Peers", "Sent", "Delivered", "Dropped",
		"Present: ID, cell, State");
}

void text_list_row(FILE *out, const struct link *link)
{
	const char *separator = "";
	uint32_t n;

	fprintf(out, BDF_FORMAT "     %-7u ", BDF_VALUES(link->bdf), link->num_peers);
	print_counter(out, link_total(link, LINK_COUNTER_SENT));
	print_counter(out, link_total(link, LINK_COUNTER_DELIVERED));
	print_counter(out, link_dropped(link));
	for (n = 0; n < link->num_peers; n++) {
		if (!link->peers[n].present)
			continue;
		fprintf(out, "%s%u %.31s 0x%x", separator, n, link->peers[n].cell, link->peers[n].state);
		separator = ", ";
	}
	fputc('\n', out);
}

static void print_interrupts(FILE *out, const struct link_peer *peer)
{
	enum device_kind kind = peer->vectors ? MSIX : INTX;
	const char *separator = "";
	const struct word *word;

	for (word = words; word < words + sizeof(words) / sizeof(words[0]); word++) {
		if ((peer->flags & word->mask) != word->value || (word->kind != ANY && word->kind != kind))
			continue;
		fprintf(out, "%s%s", separator, word->text);
		separator = ", ";
	}
}

static void print_peers(FILE *out, const struct link *link)
{
	char protocol[40], vectors[12];
	uint32_t n;

	fprintf(out, "%-8s%-24s%-18s%-12s%-10s%-32s%s\n", "ID", "Cell", "Cell state", "State", "Vectors", "Protocol",
		"Interrupts");
	for (n = 0; n < link->num_peers; n++) {
		const struct link_peer *peer = &link->peers[n];

		if (!peer_is_shown(peer))
			continue;
		if (!peer->present) {
			fprintf(out, "%-8u(absent)\n", n);
			continue;
		}
		snprintf(vectors, sizeof(vectors), "%u", peer->vectors);
		protocol_words(peer->protocol, protocol, sizeof(protocol));
		fprintf(out, "%-8u%-24.31s%-18.18s0x%-10x%-10s%-32s", n, peer->cell,
			peer->cell_state ? peer->cell_state : "?", peer->state, peer->vectors ? vectors : "INTx", protocol);
		print_interrupts(out, peer);
		fputc('\n', out);
	}
}

static void print_events(FILE *out, const struct link *link)
{
	uint32_t n, i;

	fprintf(out, "%-44s%s\n%-8s%-12s%-12s%-12s", "Events", "Dropped because", "ID", "Sent", "Delivered",
		"Merged");
	for (i = 0; i < LINK_NUM_COUNTERS; i++)
		if (dropped_because[i])
			fprintf(out, "%-12s", dropped_because[i]);
	fputc('\n', out);
	for (n = 0; n < link->num_peers; n++) {
		if (!peer_is_shown(&link->peers[n]))
			continue;
		fprintf(out, "%-8u", n);
		for (i = 0; i < LINK_NUM_COUNTERS; i++)
			print_counter(out, link->peers[n].counter[i]);
		fputc('\n', out);
	}
}

/* A line of INTx rings for all numbers; the first one has its row. */
static void print_route(FILE *out, const struct link_peer *peer, uint32_t vector)
{
	uint64_t route = peer->vector[vector].route;
	char said[48];

	if (vector >= num_lines(peer)) {
		fprintf(out, "%-12s%-8s%-10s%-26s", "-", "-", "-", peer->vectors ? "no such vector" : "as vector 0");
		return;
	}
	fprintf(out, "%-12" PRIu64, (uint64_t)LINK_ROUTE_INTID(route));
	if (!(route & LINK_ROUTE_ARMED)) {
		fprintf(out, "%-8s%-10s%-26s", "-", "-", route & LINK_ROUTE_MASKED ? "masked" : "not armed");
		return;
	}
	if (LINK_ROUTE_CPU(route) == LINK_ROUTE_NO_CPU)
		fprintf(out, "%-8s", "none");
	else
		fprintf(out, "%-8" PRIu64, (uint64_t)LINK_ROUTE_CPU(route));
	snprintf(said, sizeof(said), "%s%s%s", route & LINK_ROUTE_ENABLED ? "enabled" : "disabled",
		 route & LINK_ROUTE_PENDING ? ", pending" : "", route & LINK_ROUTE_ACTIVE ? ", active" : "");
	fprintf(out, "0x%-8" PRIx64 "%-26s", (uint64_t)LINK_ROUTE_PRIORITY(route), said);
}

static void print_vectors(FILE *out, const struct link *link)
{
	static const uint32_t columns[] = {
		LINK_COUNTER_SENT, LINK_COUNTER_DELIVERED, LINK_COUNTER_DISABLED, LINK_COUNTER_MASKED,
	};
	uint32_t n, v, c;

	fprintf(out, "%-8s%-8s%-12s%-8s%-10s%-26s%-12s%-12s%-12s%-12s\n", "ID", "Vector", "INTID", "CPU", "Priority",
		"Interrupt", "Sent", "Delivered", "disabled", "masked");
	for (n = 0; n < link->num_peers; n++) {
		const struct link_peer *peer = &link->peers[n];

		for (v = 0; v < MAX_VECTORS && peer->present; v++) {
			if (!vector_is_shown(peer, v))
				continue;
			fprintf(out, "%-8u%-8u", n, v);
			print_route(out, peer, v);
			for (c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
				print_counter(out, peer->vector[v].counter[columns[c]]);
			fputc('\n', out);
		}
	}
}

static void print_sections(FILE *out, const struct link *link)
{
	uint32_t n, headings = 0;
	size_t i;

	for (n = 0; n < link->num_peers; n++) {
		const struct link_peer *peer = &link->peers[n];

		for (i = 0; i < peer->num_sections && peer->present; i++) {
			const struct cfg_memory *region = &peer->sections[i].region;

			if (!region->size)
				continue;
			if (!headings++)
				fprintf(out, "\n%-8s%-14s%-20s%-20s%-14s%s\n", "ID", "Section", "Address", "Physical", "Size",
					"Access");
			fprintf(out, "%-8u%-14s0x%-18" PRIx64 "0x%-18" PRIx64 "0x%-12" PRIx64 "%s%s\n", n,
				peer->sections[i].name, (uint64_t)region->virt_start, (uint64_t)region->phys_start,
				(uint64_t)region->size, region->flags & CFG_MEM_READ ? "read" : "no",
				region->flags & CFG_MEM_WRITE ? ", write" : "");
		}
	}
}

void text_show(FILE *out, const struct link *link)
{
	fprintf(out, "Link " BDF_FORMAT ", %u peer IDs\n\n", BDF_VALUES(link->bdf), link->num_peers);
	print_peers(out, link);
	fputc('\n', out);
	print_events(out, link);
	fputc('\n', out);
	print_vectors(out, link);
	print_sections(out, link);
}
