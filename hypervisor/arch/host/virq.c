/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts are counted by INTID; several threads may raise. */
#include "host.h"
#include "virq.h"

static uint32_t raised[HOST_NUM_INTIDS];
static void (*raise_hook)(uint32_t intid);
static uint64_t status_of[HOST_NUM_INTIDS];

bool arch_virq_route_spi(const struct cell *cell, uint32_t intid, struct virq_route *route)
{
	HOST_ASSERT(cell && route);
	*route = VIRQ_UNARMED;
	if (intid < 32 || intid >= HOST_NUM_INTIDS || !((cell->arch.spis[intid / 32] >> (intid % 32)) & 1))
		return false;
	route->intid = intid;
	return true;
}

void arch_virq_raise(const struct virq_route *route)
{
	if (route->intid == 0)
		return;
	HOST_ASSERT(host_raise_is_ordered());
	host_raise(route->intid);
}

void host_raise(uint32_t intid)
{
	HOST_ASSERT(intid >= 32 && intid < HOST_NUM_INTIDS);
	__atomic_fetch_add(&raised[intid], 1, __ATOMIC_SEQ_CST);
	if (raise_hook)
		raise_hook(intid);
}

uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route)
{
	HOST_ASSERT(route->intid >= 32 && (cell->arch.spis[route->intid / 32] >> (route->intid % 32) & 1));
	return status_of[route->intid];
}

void host_virq_status(uint32_t intid, uint64_t status)
{
	HOST_ASSERT(intid < HOST_NUM_INTIDS);
	status_of[intid] = status;
}

void host_own_spi(struct cell *cell, uint32_t intid, bool owned)
{
	uint32_t bit = 1u << (intid % 32);

	HOST_ASSERT(intid >= 32 && intid < HOST_NUM_INTIDS);
	cell->arch.spis[intid / 32] = (cell->arch.spis[intid / 32] & ~bit) | (owned ? bit : 0);
}

uint32_t host_raised(uint32_t intid)
{
	HOST_ASSERT(intid < HOST_NUM_INTIDS);
	return __atomic_load_n(&raised[intid], __ATOMIC_ACQUIRE);
}

uint32_t host_raised_total(void)
{
	uint32_t n, total = 0;

	for (n = 0; n < HOST_NUM_INTIDS; n++)
		total += host_raised(n);
	return total;
}

void host_clear_raised(void)
{
	for (uint32_t n = 0; n < HOST_NUM_INTIDS; n++)
		__atomic_store_n(&raised[n], 0, __ATOMIC_RELAXED);
}

void host_on_raise(void (*hook)(uint32_t intid))
{
	raise_hook = hook;
}
