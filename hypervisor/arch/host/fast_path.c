/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUs do again without asking (virq.h, mmio.h), as the entry code of arm64 does it: threads are CPUs. host_access() is
 * mmio_dispatch() with that in front. Several threads may access, publish and count.
 */
#include <sched.h>
#include "cell.h"
#include "host.h"
#include "ivshmem.h"
#include "mmio.h"
#include "virq.h"
#include "arch/cpu.h"

#define CPUS	32u
#define RECORDS	4u

#define LOAD(field)		__atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define STORE(field, value)	__atomic_store_n(&(field), value, __ATOMIC_SEQ_CST)

/* Written by its thread, but valid, which others take away */
struct record {
	bool valid;
	const struct mmio_map *map;
	uint64_t address, value;
	bool is_write;
	const volatile uint32_t *word;
	struct virq_store *store;
	ivshmem_write_t write;
	struct ivshmem_endpoint *endpoint;
	uint64_t started, done, counted;
	uint64_t *sent, *delivered;
};

/* The last one is for arch_virq_ring(): never valid */
static struct record records[CPUS][RECORDS + 1];
static uint32_t threads;
static _Thread_local uint32_t own;	/* number of the thread, from 1 on; 0: none yet */
static uint64_t repeated;

static struct record *own_records(void)
{
	if (!own)
		own = 1 + __atomic_fetch_add(&threads, 1, __ATOMIC_SEQ_CST) % CPUS;
	return records[own - 1];
}

static void count(struct record *record)
{
	uint64_t rung = LOAD(record->done) - record->counted;

	if (!rung)
		return;
	__atomic_fetch_add(record->sent, rung, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(record->delivered, rung, __ATOMIC_SEQ_CST);
	STORE(record->counted, record->counted + rung);
}

/* arm64/fast_slots.h: ring */
static bool ring(struct record *record)
{
	uint64_t started = record->started + 1, intid;

	STORE(record->started, started);
	intid = LOAD(record->store->address);
	if (intid) {
		HOST_ASSERT(LOAD(record->store->value) == intid);
		host_raise((uint32_t)intid);
		__atomic_fetch_add(&repeated, 1, __ATOMIC_SEQ_CST);
	} else {
		STORE(record->counted, record->counted + 1);
	}
	STORE(record->done, started);
	return intid != 0;
}

void arch_virq_tell(struct virq_teller *teller)
{
	STORE(teller->cpu, (struct percpu *)own_records());
}

bool arch_virq_ring(struct virq_store *store, uint64_t *counter)
{
	struct record *record = &own_records()[RECORDS];
	uint64_t intid;

	HOST_ASSERT(host_raise_is_ordered());
	STORE(record->store, store);
	STORE(record->started, record->started + 1);
	intid = LOAD(store->address);
	if (intid) {
		HOST_ASSERT(LOAD(store->value) == intid);
		host_raise((uint32_t)intid);
		__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
	}
	STORE(record->done, record->started);
	sched_yield();		/* who waits for it may be faster than what comes after it */
	return intid != 0;
}

static bool repeat(struct record *record, struct mmio_access *access)
{
	if (access->is_write && !record->write)
		return ring(record);
	__atomic_fetch_add(&repeated, 1, __ATOMIC_SEQ_CST);
	if (access->is_write)
		record->write(record->endpoint, (uint32_t)access->value);
	else
		access->value = LOAD(*record->word);
	return true;
}

static void remember(struct record *record, const struct mmio_map *map, uint64_t address, const struct mmio_access *access)
{
	STORE(record->valid, false);
	count(record);
	STORE(record->map, map);
	record->address = address;
	record->value = access->value;
	record->is_write = access->is_write;
	record->write = NULL;
	if (access->is_write && access->again.store == &mmio_direct) {
		record->write = ivshmem_register_write(access->window->index, access->offset, &record->endpoint);
	} else if (access->is_write) {
		uint64_t *sent, *delivered;

		STORE(record->store, access->again.store);
		HOST_ASSERT(ivshmem_will_ring(access->window->index, (uint32_t)access->value, own - 1, &sent, &delivered));
		STORE(record->sent, sent);
		STORE(record->delivered, delivered);
	} else {
		record->word = access->again.word;
	}
	STORE(record->valid, true);
	if (LOAD(access->window->base) != address - access->offset)
		STORE(record->valid, false);
}

enum mmio_result host_access(const struct mmio_map *map, uint64_t address, struct mmio_access *access)
{
	static _Thread_local uint32_t next;
	struct record *mine = own_records();
	enum mmio_result result;
	uint32_t n;

	for (n = 0; n < RECORDS; n++) {
		struct record *record = &mine[n];

		if (LOAD(record->valid) && record->map == map && record->address == address && access->size == 4 &&
		    record->is_write == access->is_write && (!access->is_write || record->write || record->value == access->value)) {
			if (repeat(record, access))
				return MMIO_HANDLED;
			break;
		}
	}
	result = mmio_dispatch(map, GUEST_ADDR(address), access);
	if (result == MMIO_HANDLED && access->again.word && n == RECORDS)
		remember(&mine[next++ % RECORDS], map, address, access);
	return result;
}

uint64_t host_repeated(void)
{
	return LOAD(repeated);
}

void host_forget(void)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (uint32_t n = 0; n < RECORDS; n++) {
			STORE(records[cpu][n].valid, false);
			STORE(records[cpu][n].store, NULL);
			STORE(records[cpu][n].counted, LOAD(records[cpu][n].done));
		}
}

void host_forget_cell(const struct mmio_map *map)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (uint32_t n = 0; n < RECORDS; n++) {
			struct record *record = &records[cpu][n];

			if (LOAD(record->map) != map)
				continue;
			STORE(record->valid, false);
			count(record);
			STORE(record->store, NULL);
			STORE(record->sent, NULL);
			STORE(record->delivered, NULL);
		}
}

static void wait_for(const struct record *record, const struct virq_store *stores, uint32_t count)
{
	uint64_t started = LOAD(record->started);

	if ((uintptr_t)LOAD(record->store) - (uintptr_t)stores >= count * sizeof(*stores))
		return;
	while ((int64_t)(LOAD(record->done) - started) < 0)
		sched_yield();
}

static bool is_ringer(const struct cpu_set *cpus, uint32_t cpu)
{
	return LOAD(cpus->bits[0]) >> cpu & 1;
}

static void wait_for_rings(const struct virq_ringers *ringers, const struct virq_store *stores, uint32_t count)
{
	const struct record *teller = ringers->teller ? (const struct record *)LOAD(ringers->teller->cpu) : NULL;

	if (teller)
		wait_for(&teller[RECORDS], stores, count);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (uint32_t n = 0; n < RECORDS && is_ringer(&ringers->cpus, cpu); n++)
			wait_for(&records[cpu][n], stores, count);
}

/* The value is the address once more: so it is seen if a reader finds two that do not belong together. */
void arch_virq_publish(const struct virq_ringers *ringers, struct virq_store *stores, const struct virq_route *routes,
		       uint32_t count)
{
	uint32_t n;

	HOST_ASSERT(host_locks_held() > 0);
	for (n = 0; n < count; n++)
		if (stores[n].address != routes[n].intid)
			STORE(stores[n].address, 0);
	wait_for_rings(ringers, stores, count);
	for (n = 0; n < count; n++)
		if (routes[n].intid)
			STORE(stores[n].value, routes[n].intid);
	wait_for_rings(ringers, stores, count);
	for (n = 0; n < count; n++)
		STORE(stores[n].address, routes[n].intid);
}

/* Nobody adds meanwhile: tests ask when their threads are at rest. */
static uint64_t count_one(const struct cpu_set *cpus, const uint64_t *counter)
{
	uint64_t sum = LOAD(*counter);

	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (uint32_t n = 0; n < RECORDS && is_ringer(cpus, cpu); n++) {
			const struct record *record = &records[cpu][n];

			uint64_t done, counted;

			if (!LOAD(record->store) || (LOAD(record->sent) != counter && LOAD(record->delivered) != counter))
				continue;
			do {
				done = LOAD(record->done);
				counted = LOAD(record->counted);
			} while (LOAD(record->started) != done);
			sum += done - counted;
		}
	return sum;
}

uint64_t arch_virq_count(const struct cpu_set *cpus, const uint64_t *counters, uint32_t count, uint32_t step)
{
	uint64_t sum = 0;

	for (uint32_t n = 0; n < count; n++)
		sum += count_one(cpus, &counters[n * step]);
	return sum;
}

void arch_forget_accesses(const struct cell *cell)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		for (uint32_t n = 0; n < RECORDS; n++)
			if (LOAD(records[cpu][n].map) == &cell->mmio)
				STORE(records[cpu][n].valid, false);
}

/* Machines of tests that have CPUs make no accesses by host_access(). */
void arch_forget_all(struct percpu *cpu)
{
	(void)cpu;
}

uint64_t arch_exits(const struct percpu *cpu, uint32_t cause)
{
	return cpu->exits[cause];
}
