/* SPDX-License-Identifier: BSD-2-Clause */
/* The page pool: alignment, zeroing, bounds, fragmentation, and a random run against a simple model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "console.h"
#include "host.h"
#include "pages.h"

#define POOL_PAGES	64u
/* Where the pool pretends to be: one page off every larger alignment */
#define POOL_HOST	0x7fc01000ull

/* Pages that the pool has bits for, but that are before it: its bitmap is in the pool, or it is small */
#define BEFORE		1024u

static uint8_t *memory;
static uint32_t own;		/* pages of the bitmap */

host_addr_t virt_to_host(const void *virt)
{
	return HOST_ADDR(POOL_HOST + (uint64_t)((const uint8_t *)virt - memory));
}

static int setup(uint32_t before)
{
	host_reset();
	memory = aligned_alloc(PAGE_SIZE, POOL_PAGES * PAGE_SIZE);
	assert_non_null(memory);
	memset(memory, 0xa5, POOL_PAGES * PAGE_SIZE);
	own = before ? 1 : 0;
	pages_init(memory - before * PAGE_SIZE, before, POOL_PAGES);
	return 0;
}

static int setup_small(void **state)
{
	(void)state;
	return setup(0);
}

static int setup_large(void **state)
{
	(void)state;
	return setup(BEFORE);
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
	for (uint64_t n = 0; n < size; n++)
		if (bytes[n])
			return false;
	return true;
}

static void bitmap_is_accounted_for(void **state)
{
	(void)state;
	assert_int_equal(pages_total(), POOL_PAGES);
	assert_int_equal(pages_used(), own);
	assert_ptr_equal(pages_alloc(1, 1), memory + own * PAGE_SIZE);
}

static void pages_come_zeroed(void **state)
{
	uint8_t *pages = pages_alloc(3, 1);

	(void)state;
	assert_true(is_zero(pages, 3 * PAGE_SIZE));
	memset(pages, 0x5a, 3 * PAGE_SIZE);
	pages_free(pages, 3);
	assert_ptr_equal(pages_alloc(3, 1), pages);
	assert_true(is_zero(pages, 3 * PAGE_SIZE));
}

static void whole_pool_can_be_used_and_returned(void **state)
{
	uint8_t *pages[POOL_PAGES + 1];
	uint32_t count = 0;

	(void)state;
	while ((pages[count] = pages_alloc(1, 1)))
		count++;
	assert_int_equal(count, POOL_PAGES - own);
	assert_int_equal(pages_used(), POOL_PAGES);
	while (count > 0)
		pages_free(pages[--count], 1);
	assert_int_equal(pages_used(), own);
	assert_non_null(pages_alloc(POOL_PAGES - own, 1));
	assert_null(pages_alloc(1, 1));
}

static void alignment_is_physical(void **state)
{
	(void)state;
	for (uint32_t align = 1; align <= 16; align *= 2) {
		void *pages = pages_alloc(2, align);

		assert_non_null(pages);
		assert_int_equal(virt_to_host(pages).value % (align * PAGE_SIZE), 0);
	}
}

static void impossible_requests(void **state)
{
	(void)state;
	assert_null(pages_alloc(0, 1));
	assert_null(pages_alloc(1, 0));
	assert_null(pages_alloc(1, 3));
	assert_null(pages_alloc(POOL_PAGES - own + 1, 1));
	assert_null(pages_alloc(UINT32_MAX, 1));
	assert_null(pages_alloc(1, 1u << 31));
	assert_null(pages_alloc(UINT32_MAX, 1u << 31));
	assert_int_equal(pages_used(), own);
}

static void holes_are_found(void **state)
{
	uint8_t *first = pages_alloc(4, 1), *second = pages_alloc(4, 1), *third = pages_alloc(4, 1);

	(void)state;
	assert_ptr_equal(second, first + 4 * PAGE_SIZE);
	pages_free(second, 4);
	assert_ptr_equal(pages_alloc(5, 1), third + 4 * PAGE_SIZE);
	assert_ptr_equal(pages_alloc(4, 1), second);
	pages_free(second + PAGE_SIZE, 2);	/* a part of an allocation is one, too */
	assert_ptr_equal(pages_alloc(2, 1), second + PAGE_SIZE);
}

static void bad_release(void *pages, uint32_t count)
{
	uint32_t used = pages_used();
	size_t said = strlen(host_console());

	pages_free(pages, count);
	assert_int_equal(pages_used(), used);
	assert_non_null(strstr(host_console() + said, "BUG: release of"));
}

static void bad_releases_change_nothing(void **state)
{
	uint8_t *pages = pages_alloc(2, 1);

	(void)state;
	bad_release(pages, 3);
	bad_release(pages + 1, 1);
	if (own)
		bad_release(memory, 1);		/* the bitmap */
	bad_release(memory + POOL_PAGES * PAGE_SIZE, 1);
	bad_release(memory - PAGE_SIZE, 1);
	bad_release(pages, UINT32_MAX);
	pages_free(pages, 2);
	bad_release(pages, 2);
	assert_string_not_equal(host_console(), "");
	pages_free(NULL, 1);
	pages_free(pages, 0);
	assert_int_equal(pages_used(), own);
}

static void tiny_pools(void **state)
{
	(void)state;
	pages_init(memory, 0, 0);
	assert_int_equal(pages_total(), 0);
	assert_null(pages_alloc(1, 1));
	assert_int_equal(pages_used(), 0);
	pages_init(memory, 0, 1);
	assert_int_equal(pages_used(), 0);
	assert_ptr_equal(pages_alloc(1, 1), memory);
	assert_null(pages_alloc(1, 1));
	pages_init(memory - BEFORE * PAGE_SIZE, BEFORE, 1);
	assert_int_equal(pages_used(), 1);
	assert_null(pages_alloc(1, 1));
}

/* The first pool whose bitmap is in its first page, and the last one before it; memory may hold anything */
static void smallest_of_the_large(void **state)
{
	(void)state;
	for (uint32_t more = 0; more < 3; more++) {
		memset(memory, 0xa5, POOL_PAGES * PAGE_SIZE);
		pages_init(memory - (BEFORE - POOL_PAGES + more) * PAGE_SIZE, BEFORE - POOL_PAGES + more, POOL_PAGES);
		assert_int_equal(pages_used(), more ? 1 : 0);
		assert_int_equal(memory[0], more ? 0xff : 0xa5);
		assert_ptr_equal(pages_alloc(POOL_PAGES - pages_used(), 1), memory + (more ? PAGE_SIZE : 0));
		assert_null(pages_alloc(1, 1));
	}
}

/* A pool behind other pages, some of which become its own */
static void pages_before_the_pool(void **state)
{
	uint32_t before = own * BEFORE;
	uint8_t *page;

	(void)state;
	memset(memory, 0xa5, 10 * PAGE_SIZE);
	pages_init(memory - before * PAGE_SIZE, before + 10, POOL_PAGES - 10);
	assert_int_equal(pages_total(), POOL_PAGES - 10);
	assert_int_equal(pages_used(), own);
	page = pages_alloc(2 - own, 1);
	assert_ptr_equal(page, memory + (10 + own) * PAGE_SIZE);
	bad_release(memory + 9 * PAGE_SIZE, 1);
	if (own)
		bad_release(memory + 10 * PAGE_SIZE, 1);	/* the bitmap */
	bad_release(memory + 9 * PAGE_SIZE, 3);
	pages_add(memory + 4 * PAGE_SIZE, 3);
	assert_int_equal(pages_total(), POOL_PAGES - 7);
	assert_int_equal(pages_used(), 2);
	bad_release(memory + 3 * PAGE_SIZE, 1);
	bad_release(memory + 5 * PAGE_SIZE, 1);
	if (own)
		bad_release(memory + 10 * PAGE_SIZE, 1);
	assert_ptr_equal(pages_alloc(4, 1), memory + 12 * PAGE_SIZE);
	page = pages_alloc(3, 1);
	assert_ptr_equal(page, memory + 4 * PAGE_SIZE);
	assert_true(is_zero(page, 3 * PAGE_SIZE) && page[3 * PAGE_SIZE] == 0xa5 && page[-1] == 0xa5);
	pages_free(page, 3);
	assert_int_equal(pages_used(), 6);
}

/* Its bitmap has bits for what is before it, too. */
static void bitmap_without_room(void **state)
{
	(void)state;
	pages_init(memory - (8 * PAGE_SIZE - 1) * PAGE_SIZE, 8 * PAGE_SIZE - 1, 1);
	assert_int_equal(pages_total(), 1);
	assert_null(pages_alloc(1, 1));
	pages_init(memory - (8 * PAGE_SIZE - 1) * PAGE_SIZE, 8 * PAGE_SIZE, 1);
	assert_int_equal(pages_total(), 0);
	assert_int_equal(pages_used(), 0);
	assert_null(pages_alloc(1, 1));
}

/* Owner of each page in the model, 0 is free */
static uint8_t owner[POOL_PAGES];

static void mark_owner(const uint8_t *pages, uint32_t count, uint8_t expected, uint8_t next)
{
	uint64_t page = (uint64_t)(pages - memory) / PAGE_SIZE;

	for (uint32_t n = 0; n < count; n++) {
		assert_int_equal(owner[page + n], expected);
		owner[page + n] = next;
	}
}

/* Does the model have room? Then the pool must find it. */
static bool model_has_run(uint32_t count, uint32_t align)
{
	for (uint32_t start = own; start + count <= POOL_PAGES; start++) {
		uint32_t length = 0;

		if ((POOL_HOST / PAGE_SIZE + start) % align)
			continue;
		while (length < count && owner[start + length] == 0)
			length++;
		if (length == count)
			return true;
	}
	return false;
}

static void random_use_against_a_model(void **state)
{
	struct { uint8_t *pages; uint32_t count; } live[16] = { { NULL, 0 } };

	(void)state;
	memset(owner, 0, sizeof(owner));
	owner[0] = own ? 255 : 0;
	srand(1);
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t slot = (uint32_t)rand() % 16, align = 1u << (rand() % 4);
		uint32_t count = 1 + (uint32_t)rand() % 12;
		uint8_t id = (uint8_t)(slot + 1);

		if (live[slot].pages) {
			assert_int_equal(live[slot].pages[live[slot].count * PAGE_SIZE - 1], id);
			mark_owner(live[slot].pages, live[slot].count, id, 0);
			pages_free(live[slot].pages, live[slot].count);
			live[slot].pages = NULL;
			continue;
		}
		live[slot].pages = pages_alloc(count, align);
		live[slot].count = count;
		assert_int_equal(live[slot].pages != NULL, model_has_run(count, align));
		if (!live[slot].pages)
			continue;
		assert_true(is_zero(live[slot].pages, count * PAGE_SIZE));
		mark_owner(live[slot].pages, count, 0, id);
		live[slot].pages[count * PAGE_SIZE - 1] = id;
	}
}

#define BOTH(test) \
	{ #test, test, setup_small, teardown, NULL }, { #test "_large", test, setup_large, teardown, NULL }

int main(void)
{
	static const struct CMUnitTest pages_pool[] = {
		BOTH(bitmap_is_accounted_for), BOTH(pages_come_zeroed), BOTH(whole_pool_can_be_used_and_returned),
		BOTH(alignment_is_physical), BOTH(impossible_requests), BOTH(holes_are_found), BOTH(bad_releases_change_nothing),
		BOTH(pages_before_the_pool), BOTH(random_use_against_a_model),
		cmocka_unit_test_setup_teardown(tiny_pools, setup_small, teardown),
		cmocka_unit_test_setup_teardown(smallest_of_the_large, setup_small, teardown),
		cmocka_unit_test_setup_teardown(bitmap_without_room, setup_small, teardown),
	};

	return cmocka_run_group_tests(pages_pool, NULL, NULL);
}
