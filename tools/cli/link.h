/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver tells about a link, and how it is printed. */
#ifndef JAILHOUSE_LINK_H
#define JAILHOUSE_LINK_H

#include <stdio.h>
#include <bulkhead/cell_config.h>
#include <bulkhead/hypercall.h>

#define BDF_FORMAT	"%02x:%02x.%x"
#define BDF_VALUES(bdf)	(bdf) >> 8, ((bdf) >> 3) & 0x1fu, (bdf) & 7u

#define MAX_PEERS	65536u	/* IDs have 16 bits; the hypervisor has no more on all links together either */

#define MAX_VECTORS	16u	/* of a device, and numbers that are counted one by one */

/* Counters that there are for each vector, by their LINK_COUNTER_*: the others stay 0 */
struct link_vector {
	uint64_t counter[LINK_NUM_COUNTERS];
	uint64_t route;			/* LINK_ROUTE_*; 0 if the device does not have the vector */
	int waits;			/* link check: pending or active whenever it was looked at */
};

/* One memory region of the peer's configuration */
struct link_section {
	char name[16];
	struct cfg_memory region;
};

struct link_peer {
	int present;
	/* if present */
	char *cell;		/* name; its ID in digits if it is gone since */
	uint32_t cell_id;
	uint32_t state;
	uint32_t flags;		/* LINK_FLAG_* */
	uint32_t protocol;
	uint32_t vectors;	/* 0: INTx */
	/* if present and read in detail */
	struct link_vector vector[MAX_VECTORS];
	char *cell_state;	/* NULL: unknown */
	int never_started;
	struct link_section *sections;	/* NULL: unknown; in the order of the link, those of size 0 included */
	size_t num_sections;
	char *driver;		/* root cell: of its device; "": none; NULL: unknown */
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

/* link.c: 0, or WRONG_USAGE after a message */
int parse_bdf(const char *text, uint32_t *bdf);

/* link_read.c: one number at a time; peers may come and go meanwhile, and so may the link */
enum link_answer next_link(int fd, uint32_t from, uint32_t *bdf);
enum link_answer read_link(int fd, uint32_t bdf, uint32_t max_peers, int detail, struct link *link);
enum link_answer read_route(int fd, uint32_t bdf, uint32_t peer, uint32_t vector, uint64_t *route);
void free_link(struct link *link);	/* after LINK_FOUND */
void print_no_link(int fd);	/* right after LINK_ABSENT */

/* link_cell.c: what sysfs knows of the peer's cell and of its configuration; nothing of it if the cell is gone */
void read_link_cell(uint32_t bdf, struct link_peer *peer);

/* For both kinds of output. A peer that is not there is shown only with something to remember. */
uint64_t link_total(const struct link *link, uint32_t counter);
uint64_t link_dropped(const struct link *link);
int peer_is_shown(const struct link_peer *peer);
int vector_is_shown(const struct link_peer *peer, uint32_t vector);
uint32_t num_lines(const struct link_peer *peer);	/* interrupts of its own */
void protocol_words(uint32_t protocol, char *text, size_t size);

/* link_text.c, link_json.c */
void text_list_header(FILE *out);
void text_list_row(FILE *out, const struct link *link);
void text_show(FILE *out, const struct link *link);
void json_list_row(FILE *out, const struct link *link);
void json_show(FILE *out, const struct link *link);

#endif
