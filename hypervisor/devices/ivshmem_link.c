/* SPDX-License-Identifier: BSD-2-Clause */
/* ivshmem links: who is on a link, State, and the delivery of events between peers. */
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "ivshmem_internal.h"
#include "paging.h"
#include "vpci.h"

struct ivshmem_endpoint ivshmem_endpoints[CONFIG_IVSHMEM_MAX_ENDPOINTS];
static struct ivshmem_link links[CONFIG_IVSHMEM_MAX_LINKS];
static uint32_t slots[CONFIG_IVSHMEM_SLOTS];	/* endpoint ids */
static uint32_t next_endpoint;			/* where the search for a free one starts; management lock */

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

struct ivshmem_stats ivshmem_get_stats(uint32_t endpoint)
{
	struct ivshmem_stats *stats = &ivshmem_endpoints[endpoint].stats;
	struct ivshmem_stats copy;
	uint32_t n;

	copy.sent = __atomic_load_n(&stats->sent, __ATOMIC_RELAXED);
	copy.delivered = __atomic_load_n(&stats->delivered, __ATOMIC_RELAXED);
	for (n = 0; n < IVSHMEM_NUM_DROPS; n++)
		copy.dropped[n] = __atomic_load_n(&stats->dropped[n], __ATOMIC_RELAXED);
	return copy;
}

void ivshmem_update_route(uint32_t endpoint, uint32_t vector)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	uint32_t intid;
	bool armed;

	if (ep->params.vectors == 0) {
		armed = !(ep->command & PCI_COMMAND_INTX_OFF);
		intid = ep->params.intx;
	} else {
		/* No MSI controller behind the virtual host: message data is the INTID (Jailhouse ABI). */
		armed = (ep->msix_control & (MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL)) ==
				MSIX_CONTROL_ENABLE &&
			!(ep->msix_table[vector][3] & MSIX_VECTOR_MASKED) &&
			(ep->command & PCI_COMMAND_MASTER);
		intid = ep->msix_table[vector][2];
	}

	if (!armed || !arch_virq_route_spi(ep->cell, intid, &ep->routes[vector]))
		ep->routes[vector] = VIRQ_UNARMED;
}

void ivshmem_update_routes(uint32_t endpoint)
{
	uint32_t n, vectors = MAX(ivshmem_endpoints[endpoint].params.vectors, 1u);

	for (n = 0; n < vectors; n++)
		ivshmem_update_route(endpoint, n);
}

/*
 * Interrupt the peer. false if the endpoint is not (or no longer) this peer of this link: senders read slots
 * without a lock, so it may have left, even be another device by now.
 */
static bool deliver(uint32_t endpoint, uint32_t link, uint32_t peer, uint32_t vector)
{
	struct ivshmem_endpoint *ep;
	bool present;

	if (endpoint >= CONFIG_IVSHMEM_MAX_ENDPOINTS)
		return false;
	ep = &ivshmem_endpoints[endpoint];

	/*
	 * Raising under the lock: when a write of 0 to Interrupt Control, a reset or a removal is over, no
	 * interrupt is in flight any more.
	 */
	spin_lock(&ep->lock);
	present = ep->active && ep->link == link && ep->params.id == peer;
	if (present) {
		/* An INTx device has one line, which every vector number rings. */
		if (ep->params.vectors == 0)
			vector = 0;

		if (vector >= MAX(ep->params.vectors, 1u)) {
			count(&ep->stats.dropped[IVSHMEM_DROP_NO_VECTOR]);
		} else if (!(ep->interrupt_control & IVSHMEM_INT_ENABLE)) {
			count(&ep->stats.dropped[IVSHMEM_DROP_DISABLED]);
		} else if (ep->routes[vector].intid == 0) {
			count(&ep->stats.dropped[IVSHMEM_DROP_MASKED]);
		} else {
			if (ep->one_shot)
				ep->interrupt_control = 0;
			arch_virq_raise(&ep->routes[vector]);
			count(&ep->stats.delivered);
		}
	}
	spin_unlock(&ep->lock);
	return present;
}

void ivshmem_ring(uint32_t endpoint, uint32_t peer, uint32_t vector)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	const struct ivshmem_link *link = &links[ep->link];
	uint32_t target;

	count(&ep->stats.sent);
	if (peer >= link->num_slots) {
		count(&ep->stats.dropped[IVSHMEM_DROP_NO_PEER]);
		return;
	}
	/* INTx: every number that a vector can have is accepted, the line is the same. */
	if (vector >= (ep->params.vectors ? ep->params.vectors : IVSHMEM_MAX_VECTORS)) {
		count(&ep->stats.dropped[IVSHMEM_DROP_NO_VECTOR]);
		return;
	}
	target = __atomic_load_n(&slots[link->first_slot + peer], __ATOMIC_ACQUIRE);
	if (!deliver(target, ep->link, peer, vector))
		count(&ep->stats.dropped[IVSHMEM_DROP_INACTIVE]);
}

/* The link lock makes table and State registers agree when several CPUs write, and slots stay as they are. */
void ivshmem_set_state(uint32_t endpoint, uint32_t value)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	struct ivshmem_link *link = &links[ep->link];
	uint32_t peer;
	bool changed;

	spin_lock(&link->lock);
	changed = ep->state != value;
	__atomic_store_n(&ep->state, value, __ATOMIC_RELAXED);
	/* Observable before the interrupts: arch_virq_raise() orders it. */
	__atomic_store_n(&link->table[ep->params.id], value, __ATOMIC_RELEASE);

	for (peer = 0; changed && peer < link->num_slots; peer++) {
		uint32_t target = slots[link->first_slot + peer];

		if (target == IVSHMEM_NONE || target == endpoint)
			continue;
		count(&ep->stats.sent);
		/* Leaving takes the link lock first, so the peer is there. */
		deliver(target, ep->link, peer, 0);
	}
	spin_unlock(&link->lock);
}

void ivshmem_reset_registers(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	uint32_t n;

	ep->interrupt_control = 0;
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
	for (n = 0; n < IVSHMEM_NUM_BARS; n++) {
		ep->bar[n] = 0;
		if (ep->windows[n])
			mmio_move(ep->windows[n], MMIO_CLOSED);
	}
}

void ivshmem_reset(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];

	spin_lock(&ep->lock);
	ivshmem_reset_registers(endpoint);
	spin_unlock(&ep->lock);
	ivshmem_set_state(endpoint, 0);
}

void ivshmem_cell_failed(struct cell *cell)
{
	uint32_t n;

	for (n = 0; n < cell->num_functions; n++)
		ivshmem_set_state(cell->functions[n].endpoint, 0);
}

void ivshmem_reroute(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];

	spin_lock(&ep->lock);
	ivshmem_update_routes(endpoint);
	spin_unlock(&ep->lock);
}

static bool slots_free(uint32_t start, uint32_t wanted)
{
	uint32_t n;

	if (wanted > CONFIG_IVSHMEM_SLOTS || start > CONFIG_IVSHMEM_SLOTS - wanted)
		return false;
	for (n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		if (links[n].num_endpoints &&
		    ranges_overlap(start, wanted, links[n].first_slot, links[n].num_slots))
			return false;
	return true;
}

/* A gap begins at slot 0 or behind a link. IVSHMEM_NONE if none is large enough. */
static uint32_t find_slots(uint32_t wanted)
{
	uint32_t n;

	if (slots_free(0, wanted))
		return 0;
	for (n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++) {
		uint32_t start = links[n].first_slot + links[n].num_slots;

		if (links[n].num_endpoints && slots_free(start, wanted))
			return start;
	}
	return IVSHMEM_NONE;
}

static uint32_t find_link(uint16_t bdf)
{
	uint32_t n;

	for (n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++)
		if (links[n].num_endpoints && links[n].bdf == bdf)
			return n;
	return IVSHMEM_NONE;
}

static uint32_t find_endpoint(void)
{
	uint32_t n;

	for (n = 0; n < CONFIG_IVSHMEM_MAX_ENDPOINTS; n++) {
		uint32_t endpoint = (next_endpoint + n) % CONFIG_IVSHMEM_MAX_ENDPOINTS;

		if (!ivshmem_endpoints[endpoint].active) {
			next_endpoint = (endpoint + 1) % CONFIG_IVSHMEM_MAX_ENDPOINTS;
			return endpoint;
		}
	}
	return IVSHMEM_NONE;
}

/* The first peer decides how many can be on the link; its own id is always among them. */
static uint32_t wanted_slots(const struct ivshmem_params *params)
{
	return MAX(MAX(params->peers, params->id + 1u), 2u);
}

#define DEVICE		"ivshmem device %02x:%02x.%x, peer %u: "
#define DEVICE_ARGS(params)	(params)->bdf >> 8, ((params)->bdf >> 3) & 0x1fu, (params)->bdf & 7u, \
				(params)->id

static int create_link(const struct ivshmem_params *params, uint32_t *created)
{
	uint32_t wanted = wanted_slots(params);
	uint32_t first = find_slots(wanted), peer, n = 0;
	struct ivshmem_link *link;

	while (n < CONFIG_IVSHMEM_MAX_LINKS && links[n].num_endpoints)
		n++;
	if (n == CONFIG_IVSHMEM_MAX_LINKS)
		return refuse(-ENOMEM, DEVICE "all %u links are in use; raise CONFIG_IVSHMEM_MAX_LINKS",
			      DEVICE_ARGS(params), (uint32_t)CONFIG_IVSHMEM_MAX_LINKS);
	if (first == IVSHMEM_NONE)
		return refuse(-ENOMEM,
			      DEVICE "no room for a link of %u peers; raise CONFIG_IVSHMEM_SLOTS (%u)",
			      DEVICE_ARGS(params), wanted, (uint32_t)CONFIG_IVSHMEM_SLOTS);

	link = &links[n];
	link->table = map_range(HOST_ADDR(params->state_phys), PAGE_ALIGN(4ull * wanted), MAP_NORMAL);
	if (!link->table)
		return refuse(-ENOMEM,
			      DEVICE "no memory to map the state table; enlarge the hypervisor memory",
			      DEVICE_ARGS(params));
	link->bdf = params->bdf;
	link->first_slot = first;
	link->num_slots = wanted;
	link->state_phys = params->state_phys;
	link->state_size = params->state_size;
	link->rw_size = params->rw_size;
	link->output_size = params->output_size;
	for (peer = 0; peer < wanted; peer++) {
		slots[first + peer] = IVSHMEM_NONE;
		link->table[peer] = 0;
	}
	*created = n;
	return 0;
}

static int refuse_mismatch(const struct ivshmem_params *params, const char *what, uint64_t own,
			   uint64_t other)
{
	return refuse(-EINVAL, DEVICE "%s is 0x%llx, but 0x%llx at the peers that are on this link; "
		      "make them equal", DEVICE_ARGS(params), what, (unsigned long long)own,
		      (unsigned long long)other);
}

static int check_join(const struct ivshmem_link *link, const struct ivshmem_params *params)
{
	if (params->id >= link->num_slots)
		return refuse(-EINVAL, DEVICE "the link was made for %u peers by the first that joined; "
			      "set shmem_peers there to at least %u", DEVICE_ARGS(params), link->num_slots,
			      params->id + 1u);
	if (slots[link->first_slot + params->id] != IVSHMEM_NONE)
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
static int create_windows(struct cell *cell, const struct ivshmem_params *params, uint32_t endpoint)
{
	static const mmio_handler_t handlers[IVSHMEM_NUM_BARS] = { ivshmem_register_page, ivshmem_msix_page };
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	uint32_t n;

	for (n = 0; n < IVSHMEM_NUM_BARS; n++) {
		ep->windows[n] = NULL;
		if (params->bar_mask[n] == 0)
			continue;
		ep->windows[n] = mmio_add_movable(&cell->mmio, (uint64_t)~params->bar_mask[n] + 1,
						  handlers[n], NULL, endpoint);
		if (!ep->windows[n])
			return refuse(-ENOMEM, DEVICE "the cell has too many MMIO windows",
				      DEVICE_ARGS(params));
	}
	return 0;
}

int ivshmem_join(struct cell *cell, const struct ivshmem_params *params, uint32_t *endpoint)
{
	uint32_t windows = cell->mmio.num_movable;
	uint32_t n = find_link(params->bdf), e;
	struct ivshmem_endpoint *ep;
	struct ivshmem_link *link;
	int err;

	if (n != IVSHMEM_NONE) {
		err = check_join(&links[n], params);
		if (err)
			return err;
	}
	e = find_endpoint();
	if (e == IVSHMEM_NONE)
		return refuse(-ENOMEM,
			      DEVICE "all %u endpoints are in use; raise CONFIG_IVSHMEM_MAX_ENDPOINTS",
			      DEVICE_ARGS(params), (uint32_t)CONFIG_IVSHMEM_MAX_ENDPOINTS);

	err = create_windows(cell, params, e);
	if (!err && n == IVSHMEM_NONE)
		err = create_link(params, &n);
	if (err) {
		cell->mmio.num_movable = windows;
		return err;
	}
	link = &links[n];
	link->num_endpoints++;

	/* A sender may still hold the id of the previous owner of this endpoint. */
	ep = &ivshmem_endpoints[e];
	spin_lock(&ep->lock);
	ep->params = *params;
	ep->cell = cell;
	ep->link = n;
	ep->stats = (struct ivshmem_stats){ .sent = 0 };
	ivshmem_reset_registers(e);
	ep->active = true;
	spin_unlock(&ep->lock);

	spin_lock(&link->lock);
	ep->state = 0;
	__atomic_store_n(&link->table[params->id], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slots[link->first_slot + params->id], e, __ATOMIC_RELEASE);
	spin_unlock(&link->lock);

	*endpoint = e;
	return 0;
}

void ivshmem_detach(uint32_t endpoint)
{
	struct ivshmem_endpoint *ep = &ivshmem_endpoints[endpoint];
	struct ivshmem_link *link = &links[ep->link];

	ivshmem_reset(endpoint);

	spin_lock(&link->lock);
	__atomic_store_n(&slots[link->first_slot + ep->params.id], IVSHMEM_NONE, __ATOMIC_RELEASE);
	spin_unlock(&link->lock);

	spin_lock(&ep->lock);
	ep->active = false;
	spin_unlock(&ep->lock);

	link->num_endpoints--;
	if (link->num_endpoints == 0) {
		unmap_range((void *)link->table, PAGE_ALIGN(4ull * link->num_slots));
		link->table = NULL;
	}
}
