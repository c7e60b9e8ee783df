/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows of a cell: order, overlap, wrap-around, and which of them gets an access. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "errors.h"
#include "mmio.h"
#include "virq.h"

#define MAX_FIXED	8u
#define MAX_MOVABLE	3u

static struct mmio_window windows[MAX_FIXED + MAX_MOVABLE];
static struct mmio_map map;
static uint32_t hit_index;
static uint64_t hit_offset, written;
static const uint32_t word;
static struct virq_store store;
static uint32_t hit_size;
static void *hit_owner;

#define READ_VALUE	0x1234567887654321u

static struct mmio_read record_read(const struct mmio_window *window, uint64_t offset, uint32_t size)
{
	hit_owner = window->owner;
	hit_index = window->index;
	hit_offset = offset;
	hit_size = size;
	return (struct mmio_read){ READ_VALUE, &word };
}

static struct virq_store *record_write(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value)
{
	record_read(window, offset, size);
	written = value;
	return &store;
}

static enum mmio_result deny_access(const struct mmio_window *window, struct mmio_access *access)
{
	assert_ptr_equal(access->window, window);
	hit_offset = access->offset;
	return MMIO_REFUSED;
}

static const struct mmio_device record = { .read = record_read, .write = record_write };
static const struct mmio_device deny = { .access = deny_access };

static int setup(void **state)
{
	(void)state;
	mmio_map_init(&map, windows, MAX_FIXED, MAX_MOVABLE);
	return 0;
}

static int add(uint64_t base, uint64_t size, uint32_t index)
{
	return mmio_add_fixed(&map, base, size, &record, &map, index);
}

/* Index of the window that was hit, or -1 */
static int access_at(uint64_t addr, uint8_t size)
{
	struct mmio_access access = { .size = size };
	enum mmio_result result = mmio_dispatch(&map, GUEST_ADDR(addr), &access);

	if (result == MMIO_NO_WINDOW)
		return -1;
	assert_int_equal(result, MMIO_HANDLED);
	return (int)hit_index;
}

static void fixed_windows_in_any_order(void **state)
{
	/* All orders of adding four windows give the same map. */
	static const uint64_t bases[] = { 0x1000, 0x3000, 0x4000, 0x9000 };

	(void)state;
	for (uint32_t order = 0; order < 256; order++) {
		uint32_t used = 0, n;

		mmio_map_init(&map, windows, MAX_FIXED, MAX_MOVABLE);
		for (n = 0; n < 4; n++) {
			uint32_t which = (order >> (2 * n)) & 3;

			if (used & (1u << which))
				continue;
			used |= 1u << which;
			assert_int_equal(add(bases[which], 0x1000, which), 0);
		}
		for (n = 0; n < 4; n++) {
			int expected = used & (1u << n) ? (int)n : -1;

			assert_int_equal(access_at(bases[n], 4), expected);
			assert_int_equal(access_at(bases[n] + 0xffc, 4), expected);
			if (expected >= 0)
				assert_int_equal(hit_offset, 0xffc);
		}
		assert_int_equal(access_at(0xffc, 4), -1);
		assert_int_equal(access_at(0x2000, 4), -1);
		assert_int_equal(access_at(0xa000, 4), -1);
	}
}

static void fixed_windows_must_not_overlap(void **state)
{
	(void)state;
	assert_int_equal(add(0x2000, 0x1000, 0), 0);
	assert_int_equal(add(0x2000, 0x1000, 1), -EINVAL);
	assert_int_equal(add(0x1000, 0x1001, 1), -EINVAL);
	assert_int_equal(add(0x2fff, 0x1000, 1), -EINVAL);
	assert_int_equal(add(0x1000, 0x4000, 1), -EINVAL);
	assert_int_equal(add(0x2400, 0x10, 1), -EINVAL);
	assert_int_equal(map.num_fixed, 1);
	assert_int_equal(add(0x1000, 0x1000, 1), 0);
	assert_int_equal(add(0x3000, 0x1000, 2), 0);
	assert_int_equal(access_at(0x2ffc, 4), 0);
}

static void fixed_window_must_not_wrap_or_be_empty(void **state)
{
	(void)state;
	assert_int_equal(add(0x1000, 0, 0), -EINVAL);
	assert_int_equal(add(UINT64_MAX - 0xfff, 0x1001, 0), -EINVAL);
	assert_int_equal(add(0x1000, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(map.num_fixed, 0);
	assert_int_equal(add(UINT64_MAX - 0x1000, 0x1000, 7), 0);
	assert_int_equal(access_at(UINT64_MAX - 0x1000, 1), 7);
	assert_int_equal(access_at(UINT64_MAX - 1, 1), 7);
	assert_int_equal(access_at(UINT64_MAX, 1), -1);
}

static void maps_have_limits(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < MAX_FIXED; n++)
		assert_int_equal(add(0x1000 * n, 0x1000, n), 0);
	assert_int_equal(add(0x100000, 0x1000, 0), -ENOMEM);
	for (uint32_t n = 0; n < MAX_MOVABLE; n++)
		assert_non_null(mmio_add_movable(&map, 0x1000, &record, NULL, n));
	assert_null(mmio_add_movable(&map, 0x1000, &record, NULL, 0));
	for (uint32_t n = 0; n < MAX_FIXED; n++)
		assert_int_equal(access_at(0x1000 * n, 4), (int)n);
}

static void straddling_is_no_window(void **state)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };

	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 0), 0);
	assert_int_equal(add(0x2000, 0x1000, 1), 0);
	for (uint32_t n = 0; n < ARRAY_SIZE(sizes); n++) {
		uint8_t size = sizes[n];

		assert_int_equal(access_at(0x2000 - size, size), 0);
		for (uint8_t beyond = 1; beyond < size; beyond++) {
			assert_int_equal(access_at(0x2000 - size + beyond, size), -1);
			assert_int_equal(access_at(0x1000 - size + beyond, size), -1);
			assert_int_equal(access_at(0x3000 - size + beyond, size), -1);
		}
	}
	assert_int_equal(access_at(UINT64_MAX - 2, 8), -1);
}

static void movable_window_moves_and_closes(void **state)
{
	struct mmio_window *window = mmio_add_movable(&map, 0x1000, &record, &windows, 5);

	(void)state;
	assert_int_equal(access_at(0, 1), -1);
	assert_int_equal(access_at(UINT64_MAX, 1), -1);		/* the closed base is no address */
	mmio_move(window, 0x8000);
	assert_int_equal(access_at(0x8ffc, 4), 5);
	assert_ptr_equal(hit_owner, &windows);
	assert_int_equal(hit_offset, 0xffc);
	assert_int_equal(access_at(0x8ffd, 4), -1);
	mmio_move(window, 0x10000);
	assert_int_equal(access_at(0x8000, 4), -1);
	assert_int_equal(access_at(0x10000, 4), 5);
	mmio_move(window, 0);
	assert_int_equal(access_at(0, 4), 5);
	mmio_move(window, MMIO_CLOSED);
	assert_int_equal(access_at(0, 4), -1);
	mmio_move(window, UINT64_MAX - 0xfff);			/* end wraps to 0 */
	assert_int_equal(access_at(UINT64_MAX - 0xfff, 4), -1);
	mmio_move(window, UINT64_MAX - 0x1000);
	assert_int_equal(access_at(UINT64_MAX - 0x1000, 4), 5);
}

static void fixed_wins_over_movable(void **state)
{
	struct mmio_window *window = mmio_add_movable(&map, 0x3000, &record, NULL, 9);

	(void)state;
	assert_int_equal(add(0x2000, 0x1000, 1), 0);
	mmio_move(window, 0x1000);
	assert_int_equal(access_at(0x1ffc, 4), 9);
	assert_int_equal(access_at(0x2000, 4), 1);
	assert_int_equal(access_at(0x2ffc, 4), 1);
	assert_int_equal(access_at(0x3000, 4), 9);
	/* not wholly in the fixed one, but wholly in the movable one */
	assert_int_equal(access_at(0x1ffe, 4), 9);
}

static void has_window_where_an_access_begins(void **state)
{
	struct mmio_window *window = mmio_add_movable(&map, 0x1000, &record, NULL, 9);

	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 0), 0);
	assert_false(mmio_has_window(&map, GUEST_ADDR(0xfff)));
	assert_true(mmio_has_window(&map, GUEST_ADDR(0x1000)));
	assert_true(mmio_has_window(&map, GUEST_ADDR(0x1fff)));
	assert_false(mmio_has_window(&map, GUEST_ADDR(0x2000)));
	assert_false(mmio_has_window(&map, GUEST_ADDR(UINT64_MAX)));
	mmio_move(window, 0x2000);
	assert_true(mmio_has_window(&map, GUEST_ADDR(0x2fff)));
	assert_false(mmio_has_window(&map, GUEST_ADDR(0x3000)));
}

/* Who takes each byte of a page? The window that takes the access has all of it, or not. */
static bool takes_all(const struct mmio_window *window, uint64_t page)
{
	for (uint64_t offset = 0; offset < PAGE_SIZE; offset += 0x100)
		if (access_at(page + offset, 1) != (int64_t)window->index)
			return false;
	return true;
}

/* Is a fixed one, which comes first, somewhere in this movable one? */
static bool has_fixed_ones(const struct mmio_window *window)
{
	for (uint64_t offset = 0; offset < window->size; offset += 0x100)
		if (access_at(window->base + offset, 1) >= (int)MAX_MOVABLE)
			return true;
	return false;
}

/* Windows at random in eight pages: fixed ones at any multiple of 100h, movable ones, which are whole pages, above each other, too. */
static void has_all_of_a_page(void **state)
{
	unsigned int seed = 1;
	uint32_t whole = 0, parts = 0;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		mmio_map_init(&map, windows, MAX_FIXED, MAX_MOVABLE);
		for (uint32_t n = 0; n < MAX_MOVABLE; n++) {
			uint64_t size = PAGE_SIZE << rand_r(&seed) % 2, base = (uint64_t)rand_r(&seed) % 8 * size;

			mmio_move(mmio_add_movable(&map, size, &record, NULL, n), rand_r(&seed) % 4 ? base : MMIO_CLOSED);
		}
		for (uint32_t n = 0; n < MAX_FIXED; n++)
			add((uint64_t)rand_r(&seed) % 0x80 * 0x100, 0x100u << rand_r(&seed) % 7, MAX_MOVABLE + n);
		for (uint64_t addr = 0; addr < 8 * PAGE_SIZE; addr += 0x100) {
			int64_t index = access_at(addr, 1);

			for (uint32_t n = 0; n < map.num_fixed + map.num_movable; n++) {
				const struct mmio_window *window = n < map.num_fixed ? &map.fixed[n] : &map.movable[n - map.num_fixed];
				bool all;

				if (index != (int64_t)window->index)
					continue;
				all = mmio_has_pages(&map, window, window->base, GUEST_ADDR(addr));
				assert_int_equal(all, takes_all(window, addr & PAGE_MASK) &&
						      (n < map.num_fixed || !has_fixed_ones(window)));
				whole += all;
				parts += !all;
			}
		}
	}
	assert_true(whole > 1000 && parts > 1000);
}

static void result_of_the_handler_is_passed_on(void **state)
{
	struct mmio_access access = { .size = 4, .again.word = &word };

	(void)state;
	assert_int_equal(mmio_add_fixed(&map, 0x1000, 0x1000, &deny, NULL, 0), 0);
	assert_int_equal(mmio_dispatch(&map, GUEST_ADDR(0x1ffc), &access), MMIO_REFUSED);
	assert_int_equal(hit_offset, 0xffc);
	assert_null(access.again.word);
}

static void values_come_and_go(void **state)
{
	struct mmio_access load = { .size = 8, .value = 5 };
	struct mmio_access write = { .size = 2, .is_write = true, .value = 0xabcd };

	(void)state;
	assert_int_equal(add(0x1000, 0x1000, 3), 0);
	assert_int_equal(mmio_dispatch(&map, GUEST_ADDR(0x1008), &load), MMIO_HANDLED);
	assert_true(load.value == READ_VALUE && hit_offset == 8 && hit_size == 8);
	assert_ptr_equal(load.window, &windows[0]);
	assert_ptr_equal(load.again.word, &word);
	assert_int_equal(mmio_dispatch(&map, GUEST_ADDR(0x1010), &write), MMIO_HANDLED);
	assert_true(written == 0xabcd && write.value == 0xabcd && hit_offset == 0x10 && hit_size == 2);
	assert_ptr_equal(write.again.store, &store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fixed_windows_in_any_order, setup),
		cmocka_unit_test_setup(fixed_windows_must_not_overlap, setup),
		cmocka_unit_test_setup(fixed_window_must_not_wrap_or_be_empty, setup),
		cmocka_unit_test_setup(maps_have_limits, setup),
		cmocka_unit_test_setup(straddling_is_no_window, setup),
		cmocka_unit_test_setup(movable_window_moves_and_closes, setup),
		cmocka_unit_test_setup(fixed_wins_over_movable, setup),
		cmocka_unit_test_setup(has_window_where_an_access_begins, setup),
		cmocka_unit_test_setup(has_all_of_a_page, setup),
		cmocka_unit_test_setup(result_of_the_handler_is_passed_on, setup),
		cmocka_unit_test_setup(values_come_and_go, setup),
	};

	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
