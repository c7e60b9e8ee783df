/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver tells about a link, and how it is printed. */
#ifndef JAILHOUSE_LINK_H
#define JAILHOUSE_LINK_H

#include <stdio.h>
#include <bulkhead/hypercall.h>

#define BDF_FORMAT	"%02x:%02x.%x"
#define BDF_VALUES(bdf)	(bdf) >> 8, ((bdf) >> 3) & 0x1fu, (bdf) & 7u

#define MAX_PEERS	65536u	/* IDs have 16 bits; the hypervisor has no more on all links together either */

struct link_peer {
	int present;
	/* if present */
	char *cell;		/* name; its ID in digits if it is gone since */
	uint32_t cell_id;
	uint32_t state;
	uint32_t flags;		/* LINK_FLAG_* */
	uint32_t protocol;
	uint32_t vectors;	/* 0: INTx */
	/* in any case */
	uint64_t counter[LINK_NUM_COUNTERS];
};

struct link {
	uint32_t bdf;
	uint32_t num_peers;
	struct link_peer *peers;	/* by id */
};

/* LINK_ABSENT: there is no such link (any more); LINK_FAILED: a line of explanation has been printed. */
enum link_answer { LINK_FOUND, LINK_ABSENT, LINK_FAILED };

/* link_read.c: one number at a time; peers may come and go meanwhile, and so may the link */
enum link_answer next_link(int fd, uint32_t from, uint32_t *bdf);
enum link_answer read_link(int fd, uint32_t bdf, uint32_t max_peers, struct link *link);
void free_link(struct link *link);	/* after LINK_FOUND */
void print_no_link(int fd);	/* right after LINK_ABSENT */

/* For both kinds of output. A peer that is not there is shown only with something to remember. */
uint64_t link_total(const struct link *link, uint32_t counter);
uint64_t link_dropped(const struct link *link);
int peer_is_shown(const struct link_peer *peer);
void protocol_words(uint32_t protocol, char *text, size_t size);

/* link_text.c, link_json.c */
void text_list_header(FILE *out);
void text_list_row(FILE *out, const struct link *link);
void text_show(FILE *out, const struct link *link);
void json_list_row(FILE *out, const struct link *link);
void json_show(FILE *out, const struct link *link);

#endif
