/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second-level maps of cells as sorted lists of intervals. They cost pages of the pool like real tables, one for
 * every few intervals, so that running out of pages can be tested and pages can be counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "console.h"
#include "errors.h"
#include "host_machine.h"
#include "machine.h"
#include "pages.h"
#include "arch/cpu.h"
#include "arch/memory.h"

#define MAX_INTERVALS		2048u
#define INTERVALS_PER_PAGE	16u
#define MAX_PAGES		(MAX_INTERVALS / INTERVALS_PER_PAGE + 1)
#define MAX_CLEANED		65536u

struct interval {
	uint64_t guest;
	uint64_t size;
	uint64_t host;
	uint64_t flags;
};

struct host_stage2 {
	struct interval maps[MAX_INTERVALS];	/* sorted by guest address, disjoint, merged where possible */
	uint32_t count;
	void *pages[MAX_PAGES];
	uint32_t num_pages;
	bool is_stale;				/* changed, and not flushed yet; atomic */
};

static uint32_t map_calls, fail_at, fail_until;
void (*host_map_hook)(void);
static struct sweep { uint64_t start, size; uint8_t first; bool zero, root_waits; } cleaned[MAX_CLEANED];
static uint32_t num_cleaned;

/* What belongs to the CPUs that may use the map must not run, except the CPU that changes it. */
static void check_stopped(const struct cell *cell)
{
	for (uint32_t id = 0; id < num_cpu_slots; id++) {
		const struct percpu *cpu = percpu_of(id);

		if (cpu && cpu != this_cpu() && cpu->cell == cell)
			HOST_ASSERT(__atomic_load_n(&cpu->suspended, __ATOMIC_ACQUIRE) || !cpu->arch.active);
	}
}

static bool adjacent(const struct interval *a, const struct interval *b)
{
	return a->guest + a->size == b->guest && a->host + a->size == b->host && a->flags == b->flags;
}

static void append(struct host_stage2 *s2, const struct interval *map)
{
	struct interval *last = s2->count ? &s2->maps[s2->count - 1] : NULL;

	if (map->size == 0)
		return;
	if (last && adjacent(last, map)) {
		last->size += map->size;
		return;
	}
	HOST_ASSERT(s2->count < MAX_INTERVALS);
	s2->maps[s2->count++] = *map;
}

/* Replace [new->guest, new->guest + new->size); flags 0 unmap. */
static void replace(struct host_stage2 *s2, const struct interval *new)
{
	static _Thread_local struct interval old[MAX_INTERVALS];
	uint64_t end = new->guest + new->size;
	uint32_t count = s2->count, n = 0;

	memcpy(old, s2->maps, count * sizeof(old[0]));
	s2->count = 0;
	for (; n < count && old[n].guest < new->guest; n++) {
		struct interval before = old[n];

		before.size = MIN(before.size, new->guest - before.guest);
		append(s2, &before);
		if (old[n].guest + old[n].size > new->guest)
			break;
	}
	if (new->flags)
		append(s2, new);
	for (; n < count; n++) {
		struct interval after = old[n];
		uint64_t cut = end > after.guest ? MIN(end - after.guest, after.size) : 0;

		after.guest += cut;
		after.host += cut;
		after.size -= cut;
		append(s2, &after);
	}
}

static uint32_t pages_needed(const struct host_stage2 *s2)
{
	return 1 + s2->count / INTERVALS_PER_PAGE;
}

static bool get_pages(struct host_stage2 *s2)
{
	while (s2->num_pages < pages_needed(s2)) {
		s2->pages[s2->num_pages] = pages_alloc(1, 1);
		if (!s2->pages[s2->num_pages])
			return false;
		s2->num_pages++;
	}
	return true;
}

static int change(struct cell *cell, uint64_t guest, uint64_t host, uint64_t size, uint64_t flags)
{
	struct interval new = { .guest = guest, .host = host, .size = size,
				.flags = flags & ~(CFG_MEM_NO_HUGEPAGES | CFG_MEM_KEEP) };
	struct host_stage2 *s2 = cell->arch.stage2;

	HOST_ASSERT(s2 && this_cpu() && !((guest | host | size) & ~PAGE_MASK) && range_valid(guest, size));
	HOST_ASSERT(guest + size <= arch_guest_limit() && host + size <= arch_phys_limit());
	check_stopped(cell);
	__atomic_store_n(&s2->is_stale, true, __ATOMIC_RELAXED);
	map_calls++;
	if (host_map_hook)
		host_map_hook();
	if (map_calls >= fail_at && map_calls < fail_until) {
		/* the contract allows a part to be done */
		new.size = size / 2 & PAGE_MASK;
		replace(s2, &new);
		return refuse(-ENOMEM, "cell \"%s\": stage 2 fails on request", cell->config.cell->name);
	}
	replace(s2, &new);
	if (!get_pages(s2))
		return refuse(-ENOMEM, "cell \"%s\": no page for stage-2 tables", cell->config.cell->name);
	return 0;
}

int arch_memory_map(struct cell *cell, guest_addr_t guest, host_addr_t host, uint64_t size, uint64_t flags)
{
	return change(cell, guest.value, host.value, size, flags & HOST_ANY_ACCESS ? flags : 0);
}

int arch_memory_map_one(struct cell *cell, guest_addr_t guest, host_addr_t page, uint64_t size)
{
	int error = 0;

	for (uint64_t done = 0; done < size && !error; done += PAGE_SIZE)
		error = change(cell, guest.value + done, page.value, PAGE_SIZE, CFG_MEM_READ);
	return error;
}

int arch_memory_unmap(struct cell *cell, guest_addr_t guest, uint64_t size)
{
	return change(cell, guest.value, guest.value, size, 0);
}

int arch_memory_init(struct cell *cell)
{
	struct host_stage2 *s2 = calloc(1, sizeof(*s2));

	HOST_ASSERT(s2 && !cell->arch.stage2);
	if (!get_pages(s2)) {
		free(s2);
		return refuse(-ENOMEM, "cell \"%s\": no page for stage-2 tables", cell->config.cell->name);
	}
	cell->arch.stage2 = s2;
	return 0;
}

void arch_memory_exit(struct cell *cell)
{
	struct host_stage2 *s2 = cell->arch.stage2;

	if (!s2)
		return;
	for (uint32_t id = 0; id < num_cpu_slots; id++)
		HOST_ASSERT(!percpu_of(id) || percpu_of(id)->cell != cell);
	while (s2->num_pages > 0)
		pages_free(s2->pages[--s2->num_pages], 1);
	free(s2);
	cell->arch.stage2 = NULL;
}

void arch_memory_flush(struct cell *cell)
{
	struct host_stage2 *s2 = cell->arch.stage2;

	HOST_ASSERT(s2);
	while (s2->num_pages > pages_needed(s2))
		pages_free(s2->pages[--s2->num_pages], 1);
	__atomic_store_n(&s2->is_stale, false, __ATOMIC_RELAXED);
}

void host_drop_translations(struct cell *cell)
{
	__atomic_store_n(&cell->arch.stage2->is_stale, false, __ATOMIC_RELAXED);
}

bool host_is_flushed(const struct cell *cell)
{
	return cell->arch.stage2 && !__atomic_load_n(&cell->arch.stage2->is_stale, __ATOMIC_RELAXED);
}

static const struct interval *find(const struct cell *cell, uint64_t guest)
{
	const struct host_stage2 *s2 = cell->arch.stage2;

	for (uint32_t n = 0; n < s2->count; n++)
		if (range_contains(s2->maps[n].guest, s2->maps[n].size, guest, 1))
			return &s2->maps[n];
	return NULL;
}

bool arch_memory_lookup(struct cell *cell, guest_addr_t guest, bool is_write, host_addr_t *host)
{
	const struct interval *map = find(cell, guest.value);

	if (!map || !(map->flags & (is_write ? CFG_MEM_WRITE : CFG_MEM_READ)))
		return false;
	*host = HOST_ADDR(map->host + (guest.value - map->guest));
	return true;
}

bool host_translate(const struct cell *cell, uint64_t guest, uint64_t *phys, uint64_t *flags)
{
	const struct interval *map = find(cell, guest);

	if (!map)
		return false;
	*phys = map->host + (guest - map->guest);
	*flags = map->flags;
	return true;
}

uint64_t host_access_to(const struct cell *cell, uint64_t phys)
{
	const struct host_stage2 *s2 = cell->arch.stage2;
	uint64_t flags = 0;

	for (uint32_t n = 0; n < s2->count; n++)
		if (range_contains(s2->maps[n].host, s2->maps[n].size, phys, 1))
			flags |= s2->maps[n].flags;
	return flags;
}

char *host_dump_map(const struct cell *cell)
{
	const struct host_stage2 *s2 = cell->arch.stage2;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	HOST_ASSERT(out);
	for (uint32_t n = 0; n < s2->count; n++)
		fprintf(out, "[%llx, %llx) -> %llx %llx\n", (unsigned long long)s2->maps[n].guest,
			(unsigned long long)(s2->maps[n].guest + s2->maps[n].size),
			(unsigned long long)s2->maps[n].host, (unsigned long long)s2->maps[n].flags);
	fclose(out);
	return text;
}

uint32_t host_map_calls(void)
{
	return map_calls;
}

void host_fail_stage2(uint32_t nth)
{
	fail_at = map_calls + nth;
	fail_until = nth ? fail_at + 1 : 0;
}

void host_fail_stage2_from(uint32_t nth)
{
	fail_at = map_calls + nth;
	fail_until = UINT32_MAX;
}

static bool root_waits(void)
{
	for (uint32_t id = 0; id < num_cpu_slots; id++)
		if (percpu_of(id) && percpu_of(id)->cell == &root_cell && percpu_of(id)->suspended)
			return true;
	return false;
}

void (*host_sweep_hook)(void);

static struct sweep *note_sweep(uint64_t start, uint64_t size)
{
	if (host_sweep_hook && size > PAGE_SIZE)
		host_sweep_hook();
	HOST_ASSERT(num_cleaned < MAX_CLEANED && range_valid(start, size));
	cleaned[num_cleaned] = (struct sweep){ .start = start, .size = size, .root_waits = root_waits() };
	return &cleaned[num_cleaned++];
}

void arch_clean_memory(host_addr_t host, uint64_t size)
{
	struct sweep *sweep = note_sweep(host.value, size);

	if (host_is_backed(host.value, 1))
		host_copy_out(&sweep->first, host.value, 1);
}

/* The CPUs of the cell that has it do not run; whether others have access does not matter here. */
void arch_scrub_memory(host_addr_t host, uint64_t size)
{
	HOST_ASSERT(size && !((host.value | size) & ~PAGE_MASK));
	note_sweep(host.value, size)->zero = true;
	for (uint64_t page = host.value; page < host.value + size; page += PAGE_SIZE)
		if (host_is_backed(page, PAGE_SIZE))
			host_fill(page, PAGE_SIZE, 0);
}

uint32_t host_cleaned(uint64_t phys)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < num_cleaned; n++)
		if (range_contains(cleaned[n].start, cleaned[n].size, phys, 1))
			count++;
	return count;
}

uint32_t host_scrubbed(uint64_t phys)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < num_cleaned; n++)
		if (cleaned[n].zero && range_contains(cleaned[n].start, cleaned[n].size, phys, 1))
			count++;
	return count;
}

uint32_t host_sweeps(bool while_root_waits)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < num_cleaned; n++)
		count += !while_root_waits || (cleaned[n].root_waits && cleaned[n].size > PAGE_SIZE);
	return count;
}

int host_first_cleaned(uint64_t phys)
{
	int first = -1;

	for (uint32_t n = 0; n < num_cleaned; n++)
		if (cleaned[n].start == phys)
			first = cleaned[n].first;
	return first;
}

/* One page per CPU, until the next one. */
void *arch_window(host_addr_t addr)
{
	struct percpu *cpu = this_cpu();
	host_addr_t page = HOST_ADDR(addr.value & PAGE_MASK);

	if (cpu->arch.has_window)
		host_unuse(cpu->arch.window.value, PAGE_SIZE);
	cpu->arch.has_window = true;
	cpu->arch.window = page;
	return (uint8_t *)host_use(page.value, PAGE_SIZE) + (addr.value - page.value);
}

volatile void *arch_window_device(host_addr_t addr)
{
	return arch_window(addr);
}
