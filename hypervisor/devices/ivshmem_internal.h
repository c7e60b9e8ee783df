/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the ivshmem core among themselves, and what its tests may look at.
 *
 * ivshmem_attach.c  config entry -> checked struct ivshmem_params
 * ivshmem_link.c    links, endpoints, delivery of events, State
 * ivshmem_config.c  PCI configuration space
 * ivshmem.c         register page and MSI-X page
 *
 * Objects are named by index: endpoints[], links[], and per link a contiguous range of slots[], one slot per
 * peer id, which holds the endpoint id of the peer. Peer ids have 16 bits here; that a binary
 * configuration carries 8 is the business of ivshmem_attach.c.
 *
 * Locks, in order of acquisition: management lock, link lock, endpoint lock. Never two link locks, never two
 * endpoint locks. A doorbell takes the target's endpoint lock only, so that no peer can be held up by State
 * traffic. Critical sections: an endpoint lock at most IVSHMEM_MAX_VECTORS route look-ups or one interrupt; a
 * link lock at most one delivery per slot.
 */
#ifndef BULKHEAD_IVSHMEM_INTERNAL_H
#define BULKHEAD_IVSHMEM_INTERNAL_H

#include "generated/config.h"
#include "ivshmem.h"
#include "lock.h"
#include "mmio.h"
#include "virq.h"

#define IVSHMEM_MAX_VECTORS	16u	/* Jailhouse ABI */
#define IVSHMEM_MAX_PEERS	65536u	/* ids have 16 bits */
#define IVSHMEM_NUM_BARS	2u
#define IVSHMEM_NONE		UINT32_MAX	/* no endpoint, no link */

/* Why an event did not become an interrupt. */
enum ivshmem_drop {
	IVSHMEM_DROP_DISABLED,	/* Interrupt Control of the target is 0 */
	IVSHMEM_DROP_MASKED,	/* vector of the target not armed */
	IVSHMEM_DROP_NO_PEER,	/* the link has no such peer id */
	IVSHMEM_DROP_NO_VECTOR,	/* sender or target does not have that vector */
	IVSHMEM_DROP_INACTIVE,	/* the peer has not joined, or left */
	IVSHMEM_NUM_DROPS,
};

/*
 * Counters of an endpoint since attach. sent: events of this endpoint, one per addressed peer. delivered:
 * interrupts of this endpoint. Disabled, masked, and vectors that the target lacks are counted at the target,
 * the rest at the sender, so that over a link that nobody left sent = delivered + dropped.
 */
struct ivshmem_stats {
	uint64_t sent;
	uint64_t delivered;
	uint64_t dropped[IVSHMEM_NUM_DROPS];
};

struct ivshmem_params {
	uint16_t bdf;
	uint16_t id;
	uint32_t peers;			/* 1..IVSHMEM_MAX_PEERS */
	uint32_t vectors;		/* MSI-X; 0: INTx */
	uint32_t intx;			/* INTID of the INTx line, if vectors is 0 */
	uint16_t protocol;
	uint32_t bar_mask[IVSHMEM_NUM_BARS];
	uint64_t state_phys;		/* state table: page aligned, at least 4 bytes per peer */
	uint32_t state_size;
	uint64_t rw_size;
	uint64_t output_size;
	uint64_t base;			/* guest address of the state table */
};

struct ivshmem_endpoint {
	/* frozen from attach to detach */
	struct ivshmem_params params;
	const struct cell *cell;
	uint32_t link;
	struct mmio_window *windows[IVSHMEM_NUM_BARS];	/* NULL: BAR not implemented */

	spinlock_t lock;
	/* endpoint lock */
	bool active;
	bool one_shot;
	uint32_t interrupt_control;
	uint16_t command;
	uint16_t msix_control;
	uint32_t bar[IVSHMEM_NUM_BARS];
	uint32_t msix_table[IVSHMEM_MAX_VECTORS][4];
	struct virq_route routes[IVSHMEM_MAX_VECTORS];	/* INTx: element 0 */

	/* written under the link lock, read atomically */
	uint32_t state;

	/* atomic */
	struct ivshmem_stats stats;
};

struct ivshmem_link {
	/* frozen while the link exists */
	uint16_t bdf;
	uint32_t first_slot;
	uint32_t num_slots;
	uint64_t state_phys;
	uint32_t state_size;
	uint64_t rw_size;
	uint64_t output_size;
	volatile uint32_t *table;

	/* management lock */
	uint32_t num_endpoints;		/* 0: the link does not exist */

	spinlock_t lock;	/* State and table entries of all peers; writing of slots (atomically read) */
};

extern struct ivshmem_endpoint ivshmem_endpoints[CONFIG_IVSHMEM_MAX_ENDPOINTS];

/* Configuration bits */
#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_COMMAND_INTX_OFF	0x0400u
#define MSIX_CONTROL_ENABLE	0x8000u
#define MSIX_CONTROL_MASK_ALL	0x4000u
#define MSIX_VECTOR_MASKED	0x1u	/* dword 3 of a table entry */

/* Join the link of params->bdf. params was checked by the caller. Management lock. */
int ivshmem_join(struct cell *cell, const struct ivshmem_params *params, uint32_t *endpoint);

/* Resolve all routes, or that of one vector, from the registers. Endpoint lock. */
void ivshmem_update_routes(uint32_t endpoint);
void ivshmem_update_route(uint32_t endpoint, uint32_t vector);

/* Registers to reset values, windows closed. Endpoint lock. */
void ivshmem_reset_registers(uint32_t endpoint);

/* [guest] No locks held. */
void ivshmem_set_state(uint32_t endpoint, uint32_t value);
void ivshmem_ring(uint32_t endpoint, uint32_t peer, uint32_t vector);
struct ivshmem_stats ivshmem_get_stats(uint32_t endpoint);

/* Handlers of the BAR windows; index is the endpoint id. */
enum mmio_result ivshmem_register_page(void *owner, uint32_t index, struct mmio_access *access);
enum mmio_result ivshmem_msix_page(void *owner, uint32_t index, struct mmio_access *access);

#endif
