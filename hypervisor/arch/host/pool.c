/* SPDX-License-Identifier: BSD-2-Clause */
/* Around the page pool: fails on request; pages that are not allocated must not be touched. */
#include <sanitizer/asan_interface.h>
#include "host_machine.h"
#include "pages.h"

#define MAX_PAGES	(HOST_HV_SIZE / PAGE_SIZE)

void *__real_pages_alloc(uint32_t count, uint32_t align_pages);
void __real_pages_free(void *pages, uint32_t count);
void *__wrap_pages_alloc(uint32_t count, uint32_t align_pages);
void __wrap_pages_free(void *pages, uint32_t count);

static uint32_t calls, fail_at;
static bool fail_ever_after;
static bool allocated[MAX_PAGES];	/* of hypervisor memory */

static uint64_t index_of(const void *page)
{
	return (virt_to_host(page).value - HOST_HV_BASE) / PAGE_SIZE;
}

static void mark(const void *pages, uint32_t count, bool value)
{
	uint64_t first = index_of(pages);

	for (uint64_t n = first; n < first + count; n++) {
		HOST_ASSERT(allocated[n] != value);
		allocated[n] = value;
	}
}

/* The pool itself clears what it gives away, and looks at its bitmap. */
static void guard_free_pages(void)
{
	uint8_t *base = host_to_virt(HOST_ADDR(HOST_HV_BASE));
	uint64_t first = host_boot.pool_page;

	for (uint64_t n = first; n < first + host_boot.pool_pages; n++) {
		if (allocated[n] || n == first)
			ASAN_UNPOISON_MEMORY_REGION(base + n * PAGE_SIZE, PAGE_SIZE);
		else
			ASAN_POISON_MEMORY_REGION(base + n * PAGE_SIZE, PAGE_SIZE);
	}
}

void *__wrap_pages_alloc(uint32_t count, uint32_t align_pages)
{
	void *pages;

	calls++;
	if (fail_at && (calls == fail_at || (fail_ever_after && calls > fail_at)))
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION((uint8_t *)host_boot.memory + host_boot.pool_page * PAGE_SIZE,
				    host_boot.pool_pages * PAGE_SIZE);
	pages = __real_pages_alloc(count, align_pages);
	if (pages)
		mark(pages, count, true);
	guard_free_pages();
	return pages;
}

void __wrap_pages_free(void *pages, uint32_t count)
{
	/* the core never has a reason to release nothing */
	HOST_ASSERT(pages && count > 0);
	mark(pages, count, false);
	__real_pages_free(pages, count);
	guard_free_pages();
}

void host_fail_pages(uint32_t nth, bool ever_after)
{
	fail_at = nth ? calls + nth : 0;
	fail_ever_after = ever_after;
}

uint32_t host_pages_calls(void)
{
	return calls;
}
