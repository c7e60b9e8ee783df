/* SPDX-License-Identifier: BSD-2-Clause */
/* What the architecture and the core provide to the device, as loosely as their contracts allow */
#include <string.h>
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "paging.h"
#include "proof.h"
#include "setup.h"

#define LINKS	CONFIG_IVSHMEM_MAX_LINKS

uint32_t proof_allocated, proof_mapped, proof_active, proof_locks;

/* Objects of their own, too */
static struct ivshmem_endpoint places_0[PEERS], places_1[PEERS];
static volatile uint32_t table_0[IVSHMEM_MAX_PEERS], table_1[IVSHMEM_MAX_PEERS];
static struct ivshmem_endpoint *const places[] = { places_0, places_1 };
static volatile uint32_t *const tables[] = { table_0, table_1 };
_Static_assert(LINKS <= ARRAY_SIZE(places) && LINKS <= ARRAY_SIZE(tables), "one object for each link");

void spin_lock(spinlock_t *lock)
{
	lock->next++;
	//@ assert order: proof_locks < 2;
	proof_locks++;
}

void spin_unlock(spinlock_t *lock)
{
	lock->owner++;
	//@ assert held: proof_locks > 0;
	proof_locks--;
	proof_active = 0;
	for (uint32_t n = 0; n < LINKS; n++)
		for (uint32_t peer = 0; peer < PEERS; peer++)
			proof_active |= (uint32_t)places[n][peer].active << (PEERS * n + peer);
}

bool arch_virq_route_spi(const struct cell *cell, uint32_t intid, struct virq_route *route)
{
	*route = VIRQ_UNARMED;
	if (intid < 32 || intid >= 32 * ARRAY_SIZE(cell->arch.spis) ||
	    !((cell->arch.spis[intid / 32] >> (intid % 32)) & 1))
		return false;
	route->intid = intid;
	return true;
}

uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route)
{
	(void)cell;
	//@ assert armed: route->intid > 0;
	(void)route;
	return ANY_U64() << 34 & INT64_MAX;
}

void spin_lock_ordered(spinlock_t *lock)
{
	spin_lock(lock);
}

void arch_virq_raise(const struct virq_route *route)
{
	(void)route;
}

void arch_virq_publish(const struct virq_ringers *ringers, struct virq_store *stores, const struct virq_route *routes,
		       uint32_t count)
{
	//@ assert locked: proof_locks > 0;
	for (uint32_t n = 0; n < count; n++) {
		stores[n].value = routes[n].intid;
		stores[n].address = routes[n].intid;
	}
}

void arch_virq_tell(struct virq_teller *teller)
{
	//@ assert valid: \valid(teller);
	teller->cpu = NULL;
}

bool arch_virq_ring(struct virq_store *store, uint64_t *counter)
{
	//@ assert locked: proof_locks > 0;
	if (store->address)
		*counter += 1;
	return store->address;
}

uint64_t arch_virq_count(const struct cpu_set *cpus, const uint64_t *counters, uint32_t count, uint32_t step)
{
	//@ assert there: \valid_read(counters + (0 .. (count - 1) * step));
	return *counters + ANY_U64();
}

void arch_forget_accesses(const struct cell *cell)
{
	//@ assert there: \valid_read(cell);
	(void)cell;
}

bool firmware_started_us(void)
{
	return MAYBE();
}

void *pages_alloc(uint32_t count, uint32_t align_pages)
{
	(void)count;
	(void)align_pages;
	if (MAYBE())
		return NULL;
	for (uint32_t n = 0; n < LINKS; n++)
		if (!((proof_allocated >> n) & 1)) {
			proof_allocated |= 1u << n;
			memset(places[n], 0, sizeof(places_0));
			return places[n];
		}
	return NULL;
}

void pages_free(void *pages, uint32_t count)
{
	uint32_t n = pages == (void *)places[0] ? 0 : LINKS - 1;

	(void)count;
	//@ assert allocated: pages == (void *)places[n] && ((proof_allocated >> n) & 1);
	proof_allocated &= ~(1u << n);
}

void *map_range(host_addr_t addr, uint64_t size, enum map_type type)
{
	(void)addr;
	(void)type;
	//@ assert bounded: size <= sizeof(table_0);
	(void)size;
	if (MAYBE())
		return NULL;
	for (uint32_t n = 0; n < LINKS; n++)
		if (!((proof_mapped >> n) & 1)) {
			proof_mapped |= 1u << n;
			return (void *)tables[n];
		}
	return NULL;
}

void unmap_range(void *virt, uint64_t size)
{
	uint32_t n = virt == (void *)tables[0] ? 0 : LINKS - 1;

	(void)size;
	//@ assert mapped: virt == (void *)tables[n] && ((proof_mapped >> n) & 1);
	proof_mapped &= ~(1u << n);
}

void console_printf(const char *format, ...)
{
	(void)format;
}

int (refuse)(int error, const char *format, ...)
{
	(void)format;
	return error;
}

int (refuse_invalid)(const char *format, ...)
{
	(void)format;
	return -EINVAL;
}

void proof_configure(const struct proof_cell *c, uint32_t n)
{
	Frama_C_make_unknown((char *)c->config, sizeof(*c->config));
	Frama_C_make_unknown((char *)c->memory, REGIONS * sizeof(*c->memory));
	Frama_C_make_unknown((char *)c->devices, DEVICES * sizeof(*c->devices));
	c->config->num_memory_regions = (uint32_t)Frama_C_interval(0, REGIONS);
	c->config->num_pci_devices = DEVICES;
	c->cell->is_root = n == 0;
	c->cell->id = (uint16_t)n;
	c->cell->config.cell = c->config;
	c->cell->config.memory = c->memory;
	c->cell->config.pci_devices = c->devices;
}

void proof_ask(void)
{
	uint32_t peer = ANY_U32();

	if (peer < PEERS) {
		//@ split peer;
		ivshmem_link_info(ANY_U32(), peer, ANY_U32());
		//@ merge peer;
	} else {
		ivshmem_link_info(ANY_U32(), peer, ANY_U32());
	}
}
