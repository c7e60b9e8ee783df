/* SPDX-License-Identifier: BSD-2-Clause */
/* ivshmem links: who is on a link, State, and the delivery of events between peers. */
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "ivshmem_internal.h"
#include "pages.h"
#include "paging.h"
#include "setup.h"
#include "vpci.h"
#include "arch/cpu.h"

struct ivshmem_link *ivshmem_links[CONFIG_IVSHMEM_MAX_LINKS];

static void count(struct ivshmem_endpoint *ep, uint32_t counter)
{
	__atomic_fetch_add(&ep->counters[counter], 1, __ATOMIC_RELAXED);
}

static uint64_t *vector_counter(struct ivshmem_endpoint *ep, uint32_t vector, uint32_t counter)
{
	return &ep->vector_counters[vector][ivshmem_vector_counter(counter)];
}

/* One of VECTOR_COUNTER_SET, by the number that was rung, whatever it is good for: the sums of sender and receiver agree. */
static void count_vector(struct ivshmem_endpoint *ep, uint32_t vector, uint32_t counter)
{
	__atomic_fetch_add(vector_counter(ep, vector, counter), 1, __ATOMIC_RELAXED);
}

static bool enabled(const struct ivshmem_endpoint *ep)
{
	return ep->interrupt_control & IVSHMEM_INT_ENABLE;
}

static bool armed(const struct ivshmem_endpoint *ep, uint32_t vector)
{
	return ep->routes[vector].intid != 0;
}

/* Enabled and armed; line is the own vector for the one that was rung. Endpoint lock. */
static inline void interrupt(struct ivshmem_endpoint *ep, uint32_t line, uint32_t vector)
{
	if (ep->one_shot)
		__atomic_store_n(&ep->interrupt_control, 0, __ATOMIC_RELAXED);
	arch_virq_raise(&ep->routes[line]);
	count_vector(ep, vector, LINK_COUNTER_DELIVERED);
}

static void deliver_latched(struct ivshmem_endpoint *ep)
{
	if (ep->latched && enabled(ep) && armed(ep, 0)) {
		/* observable before the interrupt: tell_peers() */
		__atomic_store_n(&ep->latched, false, __ATOMIC_SEQ_CST);
		interrupt(ep, 0, 0);
	}
}

static inline void resolve_route(struct ivshmem_endpoint *ep, uint32_t vector)
{
	uint32_t intid;
	bool wanted;

	if (ep->params.vectors == 0) {
		wanted = !(ep->command & PCI_COMMAND_INTX_OFF);
		intid = ep->params.intx;
	} else {
		/* No MSI controller behind the virtual host: message data is the INTID (Jailhouse ABI). */
		wanted = (ep->msix_control & (MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL)) ==
				 MSIX_CONTROL_ENABLE &&
			 !(ep->msix_table[vector][3] & MSIX_VECTOR_MASKED) &&
			 (ep->command & PCI_COMMAND_MASTER);
		intid = ep->msix_table[vector][2];
	}

	if (!wanted || !arch_virq_route_spi(ep->cell, intid, &ep->routes[vector]))
		ep->routes[vector] = VIRQ_UNARMED;
}

/* Routes that every event is to be sent by as long as nobody changes anything */
static void publish(struct ivshmem_endpoint *ep, uint32_t first, uint32_t count)
{
	static const struct virq_route unarmed[IVSHMEM_MAX_VECTORS];

	if (CONFIG_FAST_PATH)
		arch_virq_publish(&ep->ringers, &ep->stores[first],
				  enabled(ep) && !ep->one_shot ? &ep->routes[first] : unarmed, count);
}

void ivshmem_publish(struct ivshmem_endpoint *ep)
{
	publish(ep, 0, ivshmem_num_vectors(ep));
}

void ivshmem_update_route(struct ivshmem_endpoint *ep, uint32_t vector)
{
	resolve_route(ep, vector);
	publish(ep, vector, 1);
	deliver_latched(ep);
}

void ivshmem_update_routes(struct ivshmem_endpoint *ep)
{
	uint32_t n;

	for (n = 0; n < ivshmem_num_vectors(ep); n++)
		resolve_route(ep, n);
	publish(ep, 0, ivshmem_num_vectors(ep));
	deliver_latched(ep);
}

enum event { EVENT_DOORBELL, EVENT_STATE };

/* Endpoint lock */
static void receive(struct ivshmem_endpoint *ep, uint32_t vector, enum event event)
{
	uint32_t line = ep->params.vectors ? vector : 0;	/* every vector number rings the line of INTx */

	if (line >= ivshmem_num_vectors(ep)) {
		count(ep, LINK_COUNTER_NO_VECTOR);
	} else if (enabled(ep) && armed(ep, line)) {
		interrupt(ep, line, vector);
	} else if (event == EVENT_STATE && ep->params.latch_state) {
		/* nothing is latched yet: tell_peers(), under the link lock */
		__atomic_store_n(&ep->latched, true, __ATOMIC_RELAXED);
	} else {
		count_vector(ep, vector, enabled(ep) ? LINK_COUNTER_MASKED : LINK_COUNTER_DISABLED);
	}
}

/* false if no cell is that peer. */
static bool send(struct ivshmem_endpoint *ep, uint32_t vector, enum event event)
{
	bool present;

	/*
	 * Raising under the lock: when a write of 0 to Interrupt Control, a reset or a removal is over, no
	 * interrupt is in flight any more.
	 */
	spin_lock_ordered(&ep->lock);
	present = ep->active;
	if (present)
		receive(ep, vector, event);
	spin_unlock(&ep->lock);
	return present;
}

/*
 * Only a hint, as the endpoint may change: who rings by it looks at the address. The number is good for both: it was delivered. Of
 * INTx, only the first is published, so that whoever comes to this place later, a number means no other vector.
 */
static struct virq_store *published(struct ivshmem_endpoint *ep, uint32_t vector)
{
	struct virq_store *store = &ep->stores[vector];

	return CONFIG_FAST_PATH && __atomic_load_n(&store->address, __ATOMIC_RELAXED) ? store : NULL;
}

struct virq_store *ivshmem_ring(uint32_t endpoint, uint32_t peer, uint32_t vector)
{
	struct ivshmem_link *link = ivshmem_link_of(endpoint);
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	__atomic_fetch_add(vector < IVSHMEM_MAX_VECTORS ? &ep->vector_counters[vector][LINK_COUNTER_SENT] :
			   &ep->counters[LINK_COUNTER_SENT], 1, __ATOMIC_RELAXED);
	if (peer >= __atomic_load_n(&link->num_peers, __ATOMIC_RELAXED))
		count(ep, LINK_COUNTER_NO_PEER);
	/* INTx: every number that a vector can have is accepted, the line is the same. */
	else if (vector >= (ep->params.vectors ? ep->params.vectors : IVSHMEM_MAX_VECTORS))
		count(ep, LINK_COUNTER_NO_VECTOR);
	else if (!send(&link->endpoints[peer], vector, EVENT_DOORBELL))
		count(ep, LINK_COUNTER_INACTIVE);
	else
		return published(&link->endpoints[peer], vector);
	return NULL;
}

bool ivshmem_will_ring(uint32_t endpoint, uint32_t value, uint32_t cpu, uint64_t **sent, uint64_t **delivered)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint), *receiver;
	const struct ivshmem_link *link = ivshmem_link_of(endpoint);
	uint32_t peer = value >> 16, vector = value & 0xffff;

	if (peer >= __atomic_load_n(&link->num_peers, __ATOMIC_RELAXED) || vector >= IVSHMEM_MAX_VECTORS)
		return false;
	receiver = &link->endpoints[peer];
	*sent = vector_counter(ep, vector, LINK_COUNTER_SENT);
	*delivered = vector_counter(receiver, vector, LINK_COUNTER_DELIVERED);
	if (CONFIG_LINK_INFO)
		cpu_set_join(&ep->ringing, cpu);
	cpu_set_join(&receiver->ringers.cpus, cpu);
	return true;
}

/*
 * Link lock. Peers come and go without it: who is not there is not meant. What is latched already tells of this change, too: who
 * takes the latch back does so before he raises the interrupt, and has not done it yet when all of the change was observable.
 */
static inline bool tell(struct ivshmem_endpoint *peer)
{
	if (CONFIG_FAST_PATH && arch_virq_ring(&peer->stores[0], vector_counter(peer, 0, LINK_COUNTER_DELIVERED)))
		return true;
	if (__atomic_load_n(&peer->latched, __ATOMIC_SEQ_CST)) {
		count(peer, LINK_COUNTER_MERGED);
		return true;
	}
	return send(peer, 0, EVENT_STATE);
}

/* Link lock */
static void tell_peers(struct ivshmem_link *link, struct ivshmem_endpoint *ep)
{
	struct ivshmem_endpoint *peer = link->endpoints;
	uint32_t rest = link->num_peers, sent = rest - 1;

	if (CONFIG_FAST_PATH)
		arch_virq_tell(&link->teller);
	do {
		if (peer != ep && !tell(peer))
			sent--;
		peer++;
	} while (--rest);
	__atomic_fetch_add(&ep->vector_counters[0][LINK_COUNTER_SENT], sent, __ATOMIC_RELAXED);
}

/* The link lock makes table and State registers agree when several CPUs write. */
static APART void change_state(struct ivshmem_endpoint *ep, uint32_t value)
{
	struct ivshmem_link *link = ep->link;
	bool changed;

	spin_lock_ordered(&link->lock);
	changed = ep->state != value;
	__atomic_store_n(&ep->state, value, __ATOMIC_SEQ_CST);
	/* Observable before the interrupts, and before the look at what is latched: tell_peers() */
	__atomic_store_n(ep->entry, value, __ATOMIC_SEQ_CST);
	if (changed)
		tell_peers(link, ep);
	spin_unlock(&link->lock);
}

/*
 * If nothing changes, only the entry of the table is written again, without the lock: whoever changes it meanwhile stores State,
 * then the entry; so either its entry comes after this one, or its State is seen here. Who goes before he has joined has State
 * 0, and writes nothing.
 */
void ivshmem_write_state(struct ivshmem_endpoint *ep, uint32_t value)
{
	if (__atomic_load_n(&ep->state, __ATOMIC_RELAXED) == value) {
		if (!value)
			return;
		__atomic_store_n(ep->entry, value, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&ep->state, __ATOMIC_SEQ_CST) == value)
			return;
	}
	change_state(ep, value);
}

/* What is latched is lost with the registers that it waited for. Endpoint lock. */
static void drop_latched(struct ivshmem_endpoint *ep)
{
	if (ep->latched)
		count(ep, LINK_COUNTER_INACTIVE);
	__atomic_store_n(&ep->latched, false, __ATOMIC_RELAXED);
}

static COLD void reset_registers(struct ivshmem_endpoint *ep)
{
	uint32_t n;

	drop_latched(ep);
	__atomic_store_n(&ep->interrupt_control, 0, __ATOMIC_RELAXED);
	ep->one_shot = false;
	ep->command = 0;
	ep->msix_control = 0;
	for (n = 0; n < IVSHMEM_MAX_VECTORS; n++) {
		ep->routes[n] = VIRQ_UNARMED;
		ep->msix_table[n][0] = 0;
		ep->msix_table[n][1] = 0;
		ep->msix_table[n][2] = 0;
		ep->msix_table[n][3] = MSIX_VECTOR_MASKED;
	}
	publish(ep, 0, IVSHMEM_MAX_VECTORS);
	for (n = 0; n < IVSHMEM_NUM_BARS; n++) {
		__atomic_store_n(&ep->bar[n], 0, __ATOMIC_RELAXED);
		if (ep->windows[n])
			mmio_move(ep->windows[n], MMIO_CLOSED);
	}
	/* INTx needs no register to be armed. */
	resolve_route(ep, 0);
}

COLD void ivshmem_reset(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	bool decoded;

	spin_lock_ordered(&ep->lock);
	decoded = ep->command & PCI_COMMAND_MEMORY;
	reset_registers(ep);
	spin_unlock(&ep->lock);
	if (CONFIG_FAST_PATH && decoded)
		arch_forget_accesses(ep->cell);
	ivshmem_write_state(ep, 0);
}

COLD void ivshmem_device_stopped(struct cell *cell, uint32_t n)
{
	ivshmem_set_state(cell->functions[n].endpoint, 0);
}

COLD void ivshmem_cell_stopped(struct cell *cell)
{
	uint32_t n;

	for (n = 0; n < cell->num_functions; n++)
		ivshmem_device_stopped(cell, n);
}

COLD void ivshmem_reroute(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	spin_lock_ordered(&ep->lock);
	ivshmem_update_routes(ep);
	spin_unlock(&ep->lock);
}

COLD uint32_t ivshmem_find_link(uint16_t bdf)
{
	uint32_t n;

	for (n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		if (ivshmem_links[n] && ivshmem_links[n]->bdf == bdf)
			return n;
	return IVSHMEM_NO_LINK;
}

static uint32_t find_unused_link(void)
{
	uint32_t n;

	for (n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		if (!ivshmem_links[n])
			return n;
	return IVSHMEM_NO_LINK;
}

/*
 * The first peer decides how many peers the link has; its own id is always among them. Later ones may have higher ids as
 * long as the pages that were taken for them have room. After a late launch that is up to a multiple of eight: published
 * configurations do not agree about the number. Those that the compiler makes do, and a bundle has no others.
 */
static uint32_t wanted_peers(const struct ivshmem_params *params)
{
	return MAX(MAX(params->peers, params->id + 1u), 2u);
}

static uint32_t endpoint_pages(uint32_t peers)
{
	uint32_t last = firmware_started_us() ? peers - 1 : (peers - 1) | 7;

	return (uint32_t)(PAGE_ALIGN((last + 1ull) * sizeof(struct ivshmem_endpoint)) / PAGE_SIZE);
}

/* Bytes of the state table that are mapped: all entries that peers can have */
static uint32_t table_size(uint32_t state_size)
{
	return MIN(state_size, 4 * IVSHMEM_MAX_PEERS);
}

#define DEVICE		"ivshmem device %pB, peer %u: "
#define DEVICE_ARGS(params)	BDF_ARG((params)->bdf), (params)->id

static int create_link(const struct ivshmem_params *params, uint32_t *created)
{
	uint32_t n = find_unused_link(), peers = wanted_peers(params);
	struct ivshmem_endpoint *places;
	struct ivshmem_link *link;

	if (n == IVSHMEM_NO_LINK)
		return refuse_in_words(-ENOMEM, DEVICE "all %u links are in use; raise CONFIG_IVSHMEM_MAX_LINKS",
				       DEVICE_ARGS(params), (uint32_t)CONFIG_IVSHMEM_MAX_LINKS);

	places = pages_alloc(endpoint_pages(peers), 1);
	if (!places)
		return refuse(-ENOMEM, DEVICE "no memory for a link of %u peers; enlarge the hypervisor memory",
			      DEVICE_ARGS(params), peers);
	link = &places->of_link;
	link->table = map_range(HOST_ADDR(params->state_phys), table_size(params->state_size), MAP_NORMAL);
	if (!link->table) {
		pages_free(places, endpoint_pages(peers));
		return refuse(-ENOMEM,
			      DEVICE "no memory to map the state table; enlarge the hypervisor memory",
			      DEVICE_ARGS(params));
	}
	link->endpoints = places;
	link->bdf = params->bdf;
	link->last_place = (uint16_t)(endpoint_pages(peers) * PAGE_SIZE / sizeof(struct ivshmem_endpoint) - 1);
	link->num_peers = peers;
	link->state_phys = params->state_phys;
	link->state_size = params->state_size;
	link->rw_size = params->rw_size;
	link->output_size = params->output_size;
	ivshmem_links[n] = link;
	*created = n;
	return 0;
}

static int refuse_mismatch(const struct ivshmem_params *params, const char *what, uint64_t own,
			   uint64_t other)
{
	return refuse_invalid(DEVICE "%pT is 0x%llx, but 0x%llx at the peers that are on this link; "
			      "make them equal", DEVICE_ARGS(params), what, (unsigned long long)own,
			      (unsigned long long)other);
}

static int check_join(const struct ivshmem_link *link, const struct ivshmem_params *params)
{
	if (params->id > link->last_place)
		return refuse_invalid(DEVICE "the link was made for %u peers by the first that joined; "
				      "set shmem_peers there to at least %u", DEVICE_ARGS(params), link->last_place + 1u,
				      params->id + 1u);
	if (link->endpoints[params->id].active)
		return refuse(-EBUSY, DEVICE "another cell is this peer of the link; change shmem_dev_id",
			      DEVICE_ARGS(params));
	if (params->state_phys != link->state_phys)
		return refuse_mismatch(params, "address of the state table", params->state_phys,
				       link->state_phys);
	if (params->state_size != link->state_size)
		return refuse_mismatch(params, "size of the state table", params->state_size,
				       link->state_size);
	if (params->rw_size != link->rw_size)
		return refuse_mismatch(params, "size of the R/W section", params->rw_size, link->rw_size);
	if (params->output_size != link->output_size)
		return refuse_mismatch(params, "size of the output section", params->output_size,
				       link->output_size);
	return 0;
}

/* Windows of a device whose creation fails are taken back by shrinking the map to what it was. */
static int create_windows(struct cell *cell, const struct ivshmem_params *params, uint32_t endpoint,
			  struct mmio_window *windows[IVSHMEM_NUM_BARS])
{
	static const struct mmio_device *const devices[IVSHMEM_NUM_BARS] = {
		&ivshmem_register_page, &ivshmem_msix_page,
	};
	uint32_t n;

	for (n = 0; n < IVSHMEM_NUM_BARS; n++) {
		windows[n] = NULL;
		if (params->bar_mask[n] == 0)
			continue;
		windows[n] = mmio_add_movable(&cell->mmio, (uint64_t)~params->bar_mask[n] + 1, devices[n], NULL,
					      endpoint);
		if (!windows[n])
			return refuse(-ENOMEM, DEVICE "the cell has too many MMIO windows",
				      DEVICE_ARGS(params));
	}
	return 0;
}

static void free_link_if_unused(uint32_t n)
{
	const struct ivshmem_link *link = ivshmem_links[n];

	if (link->num_endpoints)
		return;
	ivshmem_links[n] = NULL;
	unmap_range((void *)link->table, table_size(link->state_size));
	pages_free(link->endpoints, endpoint_pages(link->last_place + 1u));
}

static int join_link(struct cell *cell, const struct ivshmem_params *params, uint32_t n)
{
	struct ivshmem_link *link = ivshmem_links[n];
	uint32_t endpoint = n * IVSHMEM_MAX_PEERS + params->id, windows = cell->mmio.num_movable, bar;
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	struct mmio_window *created[IVSHMEM_NUM_BARS];
	int err = create_windows(cell, params, endpoint, created);

	if (err) {
		cell->mmio.num_movable = windows;
		free_link_if_unused(n);
		return err;
	}

	spin_lock_ordered(&link->lock);
	__atomic_store_n(&link->num_peers, MAX(link->num_peers, params->id + 1u), __ATOMIC_RELAXED);
	ep->state = 0;
	/* the first peer may still be refused: until then the table is somebody else's memory, and scrubbed afterwards */
	if (link->num_endpoints++)
		__atomic_store_n(&link->table[params->id], 0, __ATOMIC_RELAXED);
	spin_unlock(&link->lock);

	/* Senders may be looking at this place already. */
	spin_lock_ordered(&ep->lock);
	ep->params = *params;
	ep->ids = (uint32_t)IVSHMEM_DEVICE_ID << 16 | IVSHMEM_VENDOR_ID;
	ep->cell = cell;
	ep->link = link;
	ep->ringers.teller = &link->teller;
	ep->entry = &link->table[params->id];
	for (bar = 0; bar < IVSHMEM_NUM_BARS; bar++)
		ep->windows[bar] = created[bar];
	reset_registers(ep);
	ep->active = true;
	spin_unlock(&ep->lock);
	return 0;
}

COLD int ivshmem_join(struct cell *cell, const struct ivshmem_params *params, uint32_t *endpoint)
{
	uint32_t n = ivshmem_find_link(params->bdf);
	int err;

	if (n == IVSHMEM_NO_LINK)
		err = create_link(params, &n);
	else
		err = check_join(ivshmem_links[n], params);
	if (!err)
		err = join_link(cell, params, n);
	if (!err)
		*endpoint = n * IVSHMEM_MAX_PEERS + params->id;
	return err;
}

COLD void ivshmem_detach(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	ivshmem_reset(endpoint);

	spin_lock_ordered(&ep->lock);
	drop_latched(ep);
	ep->active = false;
	spin_unlock(&ep->lock);

	ep->link->num_endpoints--;
	free_link_if_unused(endpoint / IVSHMEM_MAX_PEERS);
}
