/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page pool: first fit over a bitmap. One allocation or release looks at every word of the bitmap at most
 * twice; there is none outside of enable and cell management.
 */
#include "pages.h"
#include "bitmap.h"
#include "console.h"

#define BITS_PER_PAGE	(8 * (uint32_t)PAGE_SIZE)
#define SMALL_POOL	1024U	/* pages, with those before it: 4 MiB of hypervisor memory */

static uint64_t small_bitmap[SMALL_POOL / 64];

/* management lock, or a single CPU during start-up */
static struct {
	uint8_t *base;		/* page 0: of hypervisor memory, before the pool */
	uint64_t *bitmap;	/* bit set: page in use, or not the pool's; of a large pool it is in its first pages */
	uint32_t first, end;	/* pages before or behind were never the pool's */
	uint32_t total;
	uint32_t used;
	uint32_t first_free;	/* all before it are in use */
} pool;

static uint32_t bitmap_pages(void)
{
	return pool.end <= SMALL_POOL ? 0 : (pool.end + BITS_PER_PAGE - 1) / BITS_PER_PAGE;
}

/* Distance from page to the next one whose physical address is aligned: tables are aligned for hardware. */
static uint32_t alignment_gap(uint32_t page, uint32_t align_pages)
{
	if (align_pages == 1)
		return 0;
	return (uint32_t)(-((virt_to_host(pool.base).value >> PAGE_SHIFT) + page) & (align_pages - 1));
}

/* First page of a free run, or pool.end. The search goes on behind a page in use: each is seen once. */
static uint32_t find_run(uint32_t count, uint32_t align_pages)
{
	uint64_t page = pool.first_free = bitmap_find(pool.bitmap, pool.first_free, pool.end, false);

	for (;;) {
		uint32_t used;

		page += alignment_gap((uint32_t)page, align_pages);
		if (page + count > pool.end)
			return pool.end;
		used = bitmap_find(pool.bitmap, (uint32_t)page, (uint32_t)page + count, true);
		if (used == page + count)
			return (uint32_t)page;
		page = bitmap_find(pool.bitmap, used, pool.end, false);
	}
}

void *pages_alloc(uint32_t count, uint32_t align_pages)
{
	uint32_t first;
	uint8_t *pages;

	if (count == 0 || align_pages == 0 || (align_pages & (align_pages - 1)))
		return NULL;
	first = find_run(count, align_pages);
	if (first == pool.end)
		return NULL;

	bitmap_set_range(pool.bitmap, first, count, true);
	pool.used += count;
	pages = pool.base + first * PAGE_SIZE;
	__builtin_memset(pages, 0, count * PAGE_SIZE);
	return pages;
}

/* Are these count pages allocated ones, and none of them part of the bitmap? */
static bool is_allocation(uint64_t offset, uint32_t count)
{
	const uint64_t first = offset >> PAGE_SHIFT, bitmap = ((uint8_t *)pool.bitmap - pool.base) >> PAGE_SHIFT;

	if (offset & (PAGE_SIZE - 1) || first < pool.first || first >= pool.end || count > pool.end - first ||
	    ranges_overlap(first, count, bitmap, bitmap_pages()))
		return false;
	return bitmap_find(pool.bitmap, (uint32_t)first, (uint32_t)first + count, false) == first + count;
}

void pages_free(void *pages, uint32_t count)
{
	const uint64_t offset = (uintptr_t)pages - (uintptr_t)pool.base;

	if (!pages || count == 0)
		return;
	if (!is_allocation(offset, count)) {
		console_printf("BUG: release of %u pages at pool offset 0x%llx, not allocated\n", count,
			       (unsigned long long)offset);
		return;
	}
	bitmap_set_range(pool.bitmap, (uint32_t)(offset >> PAGE_SHIFT), count, false);
	pool.first_free = MIN(pool.first_free, (uint32_t)(offset >> PAGE_SHIFT));
	pool.used -= count;
}

uint32_t pages_total(void)
{
	return pool.total;
}

uint32_t pages_used(void)
{
	return pool.used;
}

void pages_add(void *pages, uint32_t count)
{
	pool.first = (uint32_t)(((uint8_t *)pages - pool.base) >> PAGE_SHIFT);
	pool.total += count;
	pool.used += count;
	pages_free(pages, count);
}

void pages_init(void *virt, uint32_t before, uint32_t count)
{
	pool.base = virt;
	pool.first = before;
	pool.end = before + count;
	pool.first_free = 0;
	/* an empty pool, if not even the bitmap has room */
	if (bitmap_pages() > count)
		pool.end = before = count = 0;
	pool.total = count;
	pool.used = bitmap_pages();
	pool.bitmap = pool.used ? (uint64_t *)(pool.base + before * PAGE_SIZE) : small_bitmap;	/* a page: aligned */
	__builtin_memset(pool.bitmap, 0, (pool.end + 63) / 64 * sizeof(*pool.bitmap));
	bitmap_set_range(pool.bitmap, 0, before + bitmap_pages(), true);
}
