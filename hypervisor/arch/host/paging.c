/* SPDX-License-Identifier: BSD-2-Clause */
/* map_range() over a piece of RAM, and pages of devices, in which only mapped pages may be touched. */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include "host.h"
#include "paging.h"

#define NUM_PAGES	(HOST_RAM_SIZE / PAGE_SIZE)
#define MAX_AREAS	8u

struct area {
	uint64_t base;
	uint64_t size;
	uint8_t *bytes;
	uint32_t *uses;		/* mappings of each page; atomic */
};

static uint8_t ram[HOST_RAM_SIZE] __attribute__((aligned(4096)));
static uint32_t ram_uses[NUM_PAGES];

static struct area areas[MAX_AREAS] = {
	{ .base = HOST_RAM_BASE, .size = HOST_RAM_SIZE, .bytes = ram, .uses = ram_uses },
};
static uint32_t num_areas = 1;
static uint32_t mappings, mapped_pages;
static uint32_t fail_at;

static void guard(const struct area *area, uint64_t first, uint64_t pages)
{
	for (uint64_t n = first; n < first + pages; n++) {
		if (__atomic_load_n(&area->uses[n], __ATOMIC_RELAXED))
			ASAN_UNPOISON_MEMORY_REGION(area->bytes + n * PAGE_SIZE, PAGE_SIZE);
		else
			ASAN_POISON_MEMORY_REGION(area->bytes + n * PAGE_SIZE, PAGE_SIZE);
	}
}

__attribute__((constructor)) static void guard_all(void)
{
	guard(&areas[0], 0, NUM_PAGES);
}

static const struct area *find_area(uint64_t phys, uint64_t size)
{
	for (uint32_t n = 0; n < num_areas; n++)
		if (range_contains(areas[n].base, areas[n].size, phys, size))
			return &areas[n];
	return NULL;
}

static const struct area *area_of(uint64_t phys, uint64_t size)
{
	const struct area *area = find_area(phys, size);

	HOST_ASSERT(size > 0 && area);
	return area;
}

bool host_is_backed(uint64_t phys, uint64_t size)
{
	return find_area(phys, size);
}

static uint64_t count_uses(const struct area *area, uint64_t offset, uint64_t size, uint32_t change)
{
	uint64_t first = offset / PAGE_SIZE;
	uint64_t pages = PAGE_ALIGN(offset + size - first * PAGE_SIZE) / PAGE_SIZE;

	for (uint64_t n = first; n < first + pages; n++) {
		uint32_t before = __atomic_fetch_add(&area->uses[n], change, __ATOMIC_RELAXED);

		HOST_ASSERT(change == 1 || before > 0);
	}
	guard(area, first, pages);
	return pages;
}

void *host_use(uint64_t phys, uint64_t size)
{
	const struct area *area = area_of(phys, size);

	count_uses(area, phys - area->base, size, 1);
	return area->bytes + (phys - area->base);
}

void host_unuse(uint64_t phys, uint64_t size)
{
	const struct area *area = area_of(phys, size);

	count_uses(area, phys - area->base, size, UINT32_MAX);
}

void *map_range(host_addr_t addr, uint64_t size, enum map_type type)
{
	const struct area *area = area_of(addr.value, size);

	HOST_ASSERT(type == MAP_NORMAL || type == MAP_DEVICE);
	if (fail_at && --fail_at == 0)
		return NULL;

	mapped_pages += (uint32_t)count_uses(area, addr.value - area->base, size, 1);
	mappings++;
	return area->bytes + (addr.value - area->base);
}

void unmap_range(void *virt, uint64_t size)
{
	for (uint32_t n = 0; n < num_areas; n++) {
		uint64_t offset = (uintptr_t)virt - (uintptr_t)areas[n].bytes;

		if (!range_contains(0, areas[n].size, offset, size))
			continue;
		HOST_ASSERT(size > 0);
		mapped_pages -= (uint32_t)count_uses(&areas[n], offset, size, UINT32_MAX);
		mappings--;
		return;
	}
	HOST_ASSERT(!"mapped by map_range()");
}

uint32_t remap_pages_total(void)
{
	return 0x10000;
}

uint32_t remap_pages_used(void)
{
	return mapped_pages;
}

void host_add_device(uint64_t phys)
{
	struct area *area = &areas[num_areas++];

	HOST_ASSERT(num_areas <= MAX_AREAS && phys % PAGE_SIZE == 0 && !find_area(phys, 1));
	*area = (struct area){
		.base = phys,
		.size = PAGE_SIZE,
		.bytes = aligned_alloc(PAGE_SIZE, PAGE_SIZE),
		.uses = calloc(1, sizeof(uint32_t)),
	};
	HOST_ASSERT(area->bytes && area->uses);
	memset(area->bytes, 0, PAGE_SIZE);
	guard(area, 0, 1);
}

__attribute__((no_sanitize("address"))) uint32_t host_read32(uint64_t phys)
{
	const struct area *area = area_of(phys, 4);

	HOST_ASSERT(phys % 4 == 0);
	return __atomic_load_n((uint32_t *)(void *)(area->bytes + (phys - area->base)), __ATOMIC_ACQUIRE);
}

__attribute__((no_sanitize("address"))) void host_fill(uint64_t phys, uint64_t size, uint8_t value)
{
	const struct area *area = area_of(phys, size);

	for (uint64_t n = 0; n < size; n++)
		((volatile uint8_t *)area->bytes)[phys - area->base + n] = value;
}

__attribute__((no_sanitize("address"))) void host_copy_out(void *to, uint64_t phys, uint64_t size)
{
	const struct area *area = area_of(phys, size);

	for (uint64_t n = 0; n < size; n++)
		((volatile uint8_t *)to)[n] = ((volatile uint8_t *)area->bytes)[phys - area->base + n];
}

__attribute__((no_sanitize("address"))) void host_copy_in(uint64_t phys, const void *from, uint64_t size)
{
	const struct area *area = area_of(phys, size);

	for (uint64_t n = 0; n < size; n++)
		((volatile uint8_t *)area->bytes)[phys - area->base + n] = ((const volatile uint8_t *)from)[n];
}

uint32_t host_mappings(void)
{
	return mappings;
}

void host_fail_map(uint32_t nth)
{
	fail_at = nth;
}
