/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the ivshmem core among themselves, and what its tests may look at.
 *
 * ivshmem_attach.c  config entry -> checked struct ivshmem_params
 * ivshmem_link.c    links, endpoints, delivery of events, State
 * ivshmem_config.c  PCI configuration space
 * ivshmem.c         register page and MSI-X page
 * ivshmem_info.c    what HC_LINK_INFO tells
 *
 * An endpoint is a peer's place on a link: endpoint id = link index * 65536 + peer id. The places of all peers of a link are
 * one array, allocated when the link is made and freed when its last peer leaves, so that whoever sends on a
 * link keeps the places of all its receivers in existence, taken or not. Peer ids have 16 bits here; that a binary
 * configuration carries 8 is the business of ivshmem_attach.c.
 *
 * Locks, in order of acquisition: management lock, link lock, endpoint lock. Never two link locks, never two
 * endpoint locks. A doorbell takes the target's endpoint lock only, so that no peer can be held up by State
 * traffic. Critical sections: an endpoint lock at most IVSHMEM_MAX_VECTORS route look-ups and one interrupt; a
 * link lock at most one delivery for each peer id, mostly without the endpoint lock: tell_peers().
 */
#ifndef BULKHEAD_IVSHMEM_INTERNAL_H
#define BULKHEAD_IVSHMEM_INTERNAL_H

#include "bulkhead/hypercall_codes.h"
#include "generated/config.h"
#include "ivshmem.h"
#include "lock.h"
#include "mmio.h"
#include "virq.h"

#define IVSHMEM_MAX_VECTORS	16u	/* Jailhouse ABI */
#define IVSHMEM_MAX_PEERS	65536u	/* ids have 16 bits */
#define IVSHMEM_NUM_BARS	2u
#define IVSHMEM_NO_LINK		UINT32_MAX

struct ivshmem_params {
	uint16_t bdf;
	uint32_t id;			/* 0..IVSHMEM_MAX_PEERS - 1 */
	uint32_t peers;			/* 1..IVSHMEM_MAX_PEERS */
	uint32_t vectors;		/* MSI-X; 0: INTx */
	uint32_t intx;			/* INTID of the INTx line, if vectors is 0 */
	uint16_t protocol;
	bool latch_state;		/* tell changes of State later that came while interrupts were off */
	uint32_t bar_mask[IVSHMEM_NUM_BARS];
	uint64_t state_phys;		/* state table: page aligned, at least 4 bytes per peer */
	uint32_t state_size;
	uint64_t rw_size;
	uint64_t output_size;
	uint64_t base;			/* guest address of the state table */
};

/* Counters that are kept for each vector, and how many they are */
#define VECTOR_COUNTER_SET	(1u << LINK_COUNTER_SENT | 1u << LINK_COUNTER_DELIVERED | 1u << LINK_COUNTER_DISABLED | \
				 1u << LINK_COUNTER_MASKED)
#define VECTOR_COUNTERS		4u

/* Place of one of them in the array of a vector: the only one missing in their row is MERGED. */
static inline uint32_t ivshmem_vector_counter(uint32_t counter)
{
	return (counter - (counter > LINK_COUNTER_MERGED)) % VECTOR_COUNTERS;
}

struct ivshmem_link {
	spinlock_t lock;		/* State of all peers and the table */
	struct virq_teller teller;	/* of its changes; link lock */

	/* frozen while the link exists */
	struct ivshmem_endpoint *endpoints;	/* by peer id */
	uint64_t state_phys;
	uint64_t rw_size;
	uint64_t output_size;
	volatile uint32_t *table;
	uint32_t state_size;
	uint16_t bdf;
	uint16_t last_place;		/* the highest id that there is a place for: places fill whole pages */

	/* management lock */
	uint32_t num_endpoints;		/* active ones */

	/* written under the management and link lock, only ever increased, as far as there are places; read atomically */
	uint32_t num_peers;		/* ids 0 .. num_peers - 1 */
};

struct ivshmem_endpoint {
	spinlock_t lock;
	/* endpoint lock */
	bool active;			/* a cell is this peer */
	bool one_shot;
	uint32_t interrupt_control;
	uint32_t latched;		/* a change of State is to be told; who tells another one reads it without the lock */
	uint16_t command;
	uint16_t msix_control;
	struct virq_route routes[IVSHMEM_MAX_VECTORS];	/* INTx: element 0 */
	struct virq_store stores[IVSHMEM_MAX_VECTORS];	/* of routes, if nothing else has to be done; others read them */
	uint32_t bar[IVSHMEM_NUM_BARS];
	uint32_t msix_table[IVSHMEM_MAX_VECTORS][4];

	/* written under the link lock, read atomically */
	uint32_t state;

	/*
	 * atomic; since the link was made. Over all peers: sent = all others together + those latched now. An event is counted
	 * once: at its vector, if it has one and the counter is kept for each, or in the list by LINK_COUNTER_*.
	 */
	uint64_t counters[LINK_NUM_COUNTERS];
	uint64_t vector_counters[IVSHMEM_MAX_VECTORS][VECTOR_COUNTERS];	/* by ivshmem_vector_counter() */
	struct cpu_set ringing;		/* CPUs that ring from here without asking, which may have counts of their own */

	/* frozen while active */
	uint32_t ids;			/* device and vendor */
	struct ivshmem_params params;
	const struct cell *cell;
	struct ivshmem_link *link;
	struct virq_ringers ringers;	/* its CPUs: of peers, since the link was made */
	volatile uint32_t *entry;	/* of the state table */
	struct mmio_window *windows[IVSHMEM_NUM_BARS];	/* NULL: BAR not implemented */

	struct ivshmem_link of_link;	/* what the link is: in the place of peer 0, whoever has that. It takes what sizes leave over */
} __attribute__((aligned(512)));
_Static_assert(8 * sizeof(struct ivshmem_endpoint) % PAGE_SIZE == 0, "eight places are whole pages: none is lost");

/* Management lock, or a CPU of a peer. NULL: there is no such link */
extern struct ivshmem_link *ivshmem_links[CONFIG_IVSHMEM_MAX_LINKS];

static inline struct ivshmem_link *ivshmem_link_of(uint32_t endpoint)
{
	return ivshmem_links[endpoint / IVSHMEM_MAX_PEERS];
}

/* An INTx device has one line. */
static inline uint32_t ivshmem_num_vectors(const struct ivshmem_endpoint *ep)
{
	return MAX(ep->params.vectors, 1u);
}

static inline struct ivshmem_endpoint *ivshmem_endpoint_at(uint32_t endpoint)
{
	return &ivshmem_link_of(endpoint)->endpoints[endpoint % IVSHMEM_MAX_PEERS];
}

/* Configuration bits */
#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_COMMAND_INTX_OFF	0x0400u
#define MSIX_CONTROL_ENABLE	0x8000u
#define MSIX_CONTROL_MASK_ALL	0x4000u
#define MSIX_VECTOR_MASKED	0x1u	/* dword 3 of a table entry */

/* Index of the link of a bdf, or IVSHMEM_NO_LINK. Management lock. */
uint32_t ivshmem_find_link(uint16_t bdf);

/* Join the link of params->bdf. params was checked by the caller. Management lock. */
int ivshmem_join(struct cell *cell, const struct ivshmem_params *params, uint32_t *endpoint);

/*
 * Resolve all routes, or that of one vector, from the registers; deliver what is latched if that is possible now.
 * Endpoint lock.
 */
void ivshmem_update_routes(struct ivshmem_endpoint *ep);
void ivshmem_update_route(struct ivshmem_endpoint *ep, uint32_t vector);

/* After a change of what has to be done for an interrupt. Endpoint lock. */
void ivshmem_publish(struct ivshmem_endpoint *ep);

/*
 * [guest] No locks held. ivshmem_ring(): what to look at to ring again by itself; NULL if it has to be asked again.
 */
void ivshmem_write_state(struct ivshmem_endpoint *ep, uint32_t value);
struct virq_store *ivshmem_ring(uint32_t endpoint, uint32_t peer, uint32_t vector);

/* LINK_COUNTER_*, with all vectors */
uint64_t ivshmem_total(const struct ivshmem_endpoint *ep, uint32_t counter);

static inline void ivshmem_set_state(uint32_t endpoint, uint32_t value)
{
	ivshmem_write_state(ivshmem_endpoint_at(endpoint), value);
}

/* Behind the BAR windows; index is the endpoint id. */
extern const struct mmio_device ivshmem_register_page;
extern const struct mmio_device ivshmem_msix_page;

#endif
