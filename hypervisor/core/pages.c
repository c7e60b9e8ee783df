/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page pool: first fit over a bitmap. One allocation or release looks at every page of the pool at
 * most once, and at pages in use 64 at a time; there is none outside of enable and cell management.
 */
#include "pages.h"
#include "console.h"

#define BITS_PER_PAGE	(8 * (uint32_t)PAGE_SIZE)

/* management lock, or a single CPU during start-up */
static struct {
	uint8_t *base;
	uint64_t *bitmap;	/* bit set: page in use; lies in the first pages of the pool, which are */
	uint32_t total;
	uint32_t used;
} pool;

static bool is_used(uint32_t page)
{
	return (pool.bitmap[page / 64] >> (page % 64)) & 1;
}

/* The bits of up to count pages from page on that are in one word; how many they are. */
static uint32_t bits_of(uint32_t page, uint32_t count, uint64_t *bits)
{
	uint32_t n = MIN(count, 64 - page % 64);

	*bits = ~0UL >> (64 - n) << (page % 64);
	return n;
}

static void mark(uint32_t page, uint32_t count, bool used)
{
	uint64_t bits;

	while (count) {
		uint64_t *word = &pool.bitmap[page / 64];
		uint32_t n = bits_of(page, count, &bits);

		*word = used ? *word | bits : *word & ~bits;
		page += n;
		count -= n;
	}
}

/* Distance from page to the next one whose physical address is aligned: tables are aligned for hardware. */
static uint32_t alignment_gap(uint32_t page, uint32_t align_pages)
{
	if (align_pages == 1)
		return 0;
	return (uint32_t)(-((virt_to_host(pool.base).value >> PAGE_SHIFT) + page) & (align_pages - 1));
}

/* First page from this one on that is free, or one behind the pool. */
static uint32_t next_free(uint32_t page)
{
	for (; page < pool.total; page = (page | 63) + 1) {
		uint64_t unused = ~pool.bitmap[page / 64] >> (page % 64);

		if (unused)
			return page + (uint32_t)__builtin_ctzll(unused);
	}
	return pool.total;
}

/* Number of free pages from first on, counted up to limit. */
static uint32_t free_run(uint32_t first, uint32_t limit)
{
	uint32_t length = 0;

	while (length < limit && !is_used(first + length))
		length++;
	return length;
}

/* First page of a free run, or pool.total. The search goes on behind a page in use: each is seen once. */
static uint32_t find_run(uint32_t count, uint32_t align_pages)
{
	uint64_t page = 0;

	for (;;) {
		uint32_t length;

		page = next_free((uint32_t)page);
		page += alignment_gap((uint32_t)page, align_pages);
		if (page + count > pool.total)
			return pool.total;
		length = free_run((uint32_t)page, count);
		if (length == count)
			return (uint32_t)page;
		page += length + 1;
	}
}

void *pages_alloc(uint32_t count, uint32_t align_pages)
{
	uint32_t first;
	uint8_t *pages;

	if (count == 0 || align_pages == 0 || (align_pages & (align_pages - 1)))
		return NULL;
	first = find_run(count, align_pages);
	if (first == pool.total)
		return NULL;

	mark(first, count, true);
	pool.used += count;
	pages = pool.base + first * PAGE_SIZE;
	__builtin_memset(pages, 0, count * PAGE_SIZE);
	return pages;
}

/* Are these count pages allocated ones, and none of them part of the bitmap? */
static bool is_allocation(uint64_t offset, uint32_t count)
{
	const uint32_t bitmap_pages = (pool.total + BITS_PER_PAGE - 1) / BITS_PER_PAGE;
	const uint64_t first = offset >> PAGE_SHIFT;

	if (offset & (PAGE_SIZE - 1) || first < bitmap_pages || first >= pool.total ||
	    count > pool.total - first)
		return false;
	for (uint32_t n, done = 0; done < count; done += n) {
		uint32_t page = (uint32_t)first + done;
		uint64_t bits;

		n = bits_of(page, count - done, &bits);
		if (bits & ~pool.bitmap[page / 64])
			return false;
	}
	return true;
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
	mark((uint32_t)(offset >> PAGE_SHIFT), count, false);
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

void pages_init(void *virt, uint32_t count)
{
	const uint32_t bitmap_pages = (count + BITS_PER_PAGE - 1) / BITS_PER_PAGE;

	pool.base = virt;
	pool.bitmap = virt;	/* a page: aligned */
	pool.total = count;
	pool.used = bitmap_pages;
	__builtin_memset(pool.bitmap, 0, bitmap_pages * PAGE_SIZE);
	mark(0, bitmap_pages, true);
}
