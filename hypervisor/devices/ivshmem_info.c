/* SPDX-License-Identifier: BSD-2-Clause */
/* What HC_LINK_INFO tells about links and their peers. */
#include "bulkhead/link_info.h"
#include "cell.h"
#include "errors.h"
#include "ivshmem_internal.h"
#include "vpci.h"

static int64_t info_flags(const struct ivshmem_endpoint *ep)
{
	return (ep->interrupt_control & IVSHMEM_INT_ENABLE ? LINK_FLAG_ENABLED : 0) |
	       (ep->routes[0].intid ? LINK_FLAG_ARMED : 0) |
	       (ep->one_shot ? LINK_FLAG_ONE_SHOT : 0) |
	       (ep->latched ? LINK_FLAG_LATCHED : 0) |
	       (ep->command & PCI_COMMAND_MEMORY ? LINK_FLAG_MEMORY : 0) |
	       (ep->command & PCI_COMMAND_MASTER ? LINK_FLAG_MASTER : 0) |
	       (ep->command & PCI_COMMAND_INTX_OFF ? LINK_FLAG_INTX_OFF : 0) |
	       (ep->msix_control & MSIX_CONTROL_ENABLE ? LINK_FLAG_MSIX : 0) |
	       (ep->msix_control & MSIX_CONTROL_MASK_ALL ? LINK_FLAG_MSIX_MASKED : 0);
}

/* Of a peer that is there: from LINK_INFO_CELL to LINK_INFO_VECTORS. Endpoint lock. */
static int64_t item_of(const struct ivshmem_endpoint *ep, uint32_t item)
{
	switch (item) {
	case LINK_INFO_CELL:
		return ep->cell->id;
	case LINK_INFO_STATE:
		return __atomic_load_n(&ep->state, __ATOMIC_RELAXED);
	case LINK_INFO_FLAGS:
		return info_flags(ep);
	case LINK_INFO_PROTOCOL:
		return ep->params.protocol;
	default:	/* LINK_INFO_VECTORS */
		return ep->params.vectors;
	}
}

static int64_t read_item(struct ivshmem_endpoint *ep, uint32_t item)
{
	int64_t value;

	spin_lock_ordered(&ep->lock);
	value = ep->active ? item_of(ep, item) : -ENOENT;
	spin_unlock(&ep->lock);
	return value;
}

/* The device stays, see link_info(). */
static int64_t read_route(struct ivshmem_endpoint *ep, uint32_t vector)
{
	int64_t value = -ENOENT;
	struct virq_route route;

	spin_lock_ordered(&ep->lock);
	route = VIRQ_UNARMED;
	if (ep->active && vector >= ivshmem_num_vectors(ep)) {
		value = -EINVAL;
	} else if (ep->active) {
		route = ep->routes[vector];
		value = ep->params.vectors ? ep->msix_table[vector][2] : ep->params.intx;
		if (ep->params.vectors && (ep->msix_table[vector][3] & MSIX_VECTOR_MASKED))
			value |= LINK_ROUTE_MASKED;
	}
	spin_unlock(&ep->lock);
	return route.intid ? value | (int64_t)(LINK_ROUTE_ARMED | arch_virq_status(ep->cell, &route)) : value;
}

static uint64_t vectors_total(const struct ivshmem_endpoint *ep, uint32_t first, uint32_t count, uint32_t counter)
{
	const uint64_t *counters = &ep->vector_counters[first][ivshmem_vector_counter(counter)];
	/* what CPUs have not added yet is looked for once; an event that is lost is counted by nobody but C */
	const struct cpu_set *cpus = counter == LINK_COUNTER_SENT ? &ep->ringing :
				     counter == LINK_COUNTER_DELIVERED ? &ep->ringers.cpus : NULL;
	uint64_t total = 0;

	if (CONFIG_FAST_PATH && cpus)
		return arch_virq_count(cpus, counters, count, VECTOR_COUNTERS);
	for (uint32_t n = 0; n < count; n++)
		total += __atomic_load_n(&counters[n * VECTOR_COUNTERS], __ATOMIC_RELAXED);
	return total;
}

uint64_t ivshmem_total(const struct ivshmem_endpoint *ep, uint32_t counter)
{
	uint64_t total = __atomic_load_n(&ep->counters[counter], __ATOMIC_RELAXED);

	if (VECTOR_COUNTER_SET >> counter & 1)
		total += vectors_total(ep, 0, IVSHMEM_MAX_VECTORS, counter);
	return total;
}

static int64_t positive(uint64_t counter)
{
	return (int64_t)(counter & INT64_MAX);
}

/* Any item but LINK_INFO_NEXT. The link has to stay: look lock, or a CPU of one of its peers. */
static int64_t link_info(const struct ivshmem_link *link, uint32_t peer, uint32_t item)
{
	uint32_t peers = __atomic_load_n(&link->num_peers, __ATOMIC_RELAXED);
	struct ivshmem_endpoint *ep;

	if (item == LINK_INFO_PEERS)
		return peers;
	if (peer >= peers)
		return -ENOENT;
	ep = &link->endpoints[peer];
	if (item >= LINK_INFO_COUNTER_BASE && item - LINK_INFO_COUNTER_BASE < LINK_NUM_COUNTERS)
		return positive(ivshmem_total(ep, item - LINK_INFO_COUNTER_BASE));
	if (item / 0x100 == LINK_INFO_VECTOR_COUNTER_BASE / 0x100 && (VECTOR_COUNTER_SET >> item % 16 & 1))
		return positive(vectors_total(ep, item / 16 % 16, 1, item % 16));
	if (item >= LINK_INFO_ROUTE_BASE && item - LINK_INFO_ROUTE_BASE < IVSHMEM_MAX_VECTORS)
		return read_route(ep, item - LINK_INFO_ROUTE_BASE);
	return item <= LINK_INFO_VECTORS ? read_item(ep, item) : -EINVAL;
}

static int64_t next_link(uint32_t bdf)
{
	int64_t next = -ENOENT;

	for (uint32_t n = 0; n < CONFIG_IVSHMEM_MAX_LINKS; n++) {
		const struct ivshmem_link *link = ivshmem_links[n];

		if (link && link->bdf >= bdf && (next < 0 || link->bdf < next))
			next = link->bdf;
	}
	return next;
}

int64_t ivshmem_link_info(uint32_t bdf, uint32_t peer, uint32_t item)
{
	uint32_t n = bdf <= UINT16_MAX ? ivshmem_find_link((uint16_t)bdf) : IVSHMEM_NO_LINK;

	if (item == LINK_INFO_NEXT)
		return next_link(bdf);
	return n == IVSHMEM_NO_LINK ? -ENOENT : link_info(ivshmem_links[n], peer, item);
}

int64_t ivshmem_own_info(const struct cell *cell, uint32_t bdf, uint32_t peer, uint32_t item)
{
	for (uint32_t n = 0; n < cell->num_functions; n++) {
		uint32_t endpoint = cell->functions[n].endpoint;

		if (cell->functions[n].bdf == bdf && item != LINK_INFO_NEXT &&
		    (endpoint % IVSHMEM_MAX_PEERS == peer || item == LINK_INFO_PEERS))
			return link_info(ivshmem_link_of(endpoint), peer, item);
	}
	return -EPERM;
}
