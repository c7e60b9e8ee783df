/* SPDX-License-Identifier: BSD-2-Clause */
/* map_range() over a piece of RAM in which only mapped pages may be touched. */
#include <sanitizer/asan_interface.h>
#include <string.h>
#include "host.h"
#include "paging.h"

#define NUM_PAGES	(HOST_RAM_SIZE / PAGE_SIZE)

static uint8_t ram[HOST_RAM_SIZE] __attribute__((aligned(4096)));
static uint32_t uses[NUM_PAGES];	/* mappings of each page */
static uint32_t mappings;
static uint32_t fail_at;

static void guard(uint64_t first, uint64_t pages)
{
	for (uint64_t n = first; n < first + pages; n++) {
		if (uses[n])
			ASAN_UNPOISON_MEMORY_REGION(ram + n * PAGE_SIZE, PAGE_SIZE);
		else
			ASAN_POISON_MEMORY_REGION(ram + n * PAGE_SIZE, PAGE_SIZE);
	}
}

__attribute__((constructor)) static void guard_all(void)
{
	guard(0, NUM_PAGES);
}

void *map_range(host_addr_t addr, uint64_t size, enum map_type type)
{
	uint64_t start = addr.value & PAGE_MASK, first, pages;

	HOST_ASSERT(type == MAP_NORMAL || type == MAP_DEVICE);
	HOST_ASSERT(size > 0 && range_contains(HOST_RAM_BASE, HOST_RAM_SIZE, addr.value, size));
	if (fail_at && --fail_at == 0)
		return NULL;

	first = (start - HOST_RAM_BASE) / PAGE_SIZE;
	pages = PAGE_ALIGN(addr.value + size - start) / PAGE_SIZE;
	for (uint64_t n = first; n < first + pages; n++)
		uses[n]++;
	guard(first, pages);
	mappings++;
	return ram + (addr.value - HOST_RAM_BASE);
}

void unmap_range(void *virt, uint64_t size)
{
	uint64_t offset = (uint64_t)((uint8_t *)virt - ram), first, pages;

	HOST_ASSERT(size > 0 && range_contains(0, HOST_RAM_SIZE, offset, size));
	first = offset / PAGE_SIZE;
	pages = PAGE_ALIGN(offset + size - first * PAGE_SIZE) / PAGE_SIZE;
	for (uint64_t n = first; n < first + pages; n++) {
		HOST_ASSERT(uses[n] > 0);
		uses[n]--;
	}
	guard(first, pages);
	mappings--;
}

__attribute__((no_sanitize("address"))) uint32_t host_read32(uint64_t phys)
{
	HOST_ASSERT(phys % 4 == 0 && range_contains(HOST_RAM_BASE, HOST_RAM_SIZE, phys, 4));
	return __atomic_load_n((uint32_t *)(void *)(ram + (phys - HOST_RAM_BASE)), __ATOMIC_ACQUIRE);
}

__attribute__((no_sanitize("address"))) void host_fill(uint64_t phys, uint64_t size, uint8_t value)
{
	HOST_ASSERT(range_contains(HOST_RAM_BASE, HOST_RAM_SIZE, phys, size));
	for (uint64_t n = 0; n < size; n++)
		((volatile uint8_t *)ram)[phys - HOST_RAM_BASE + n] = value;
}

uint32_t host_mappings(void)
{
	return mappings;
}

void host_fail_map(uint32_t nth)
{
	fail_at = nth;
}
