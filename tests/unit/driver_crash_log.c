/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the driver looks for a crash log: in the last page of the hypervisor, on a kernel with larger ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/types.h>
#include "../../driver/jailhouse/driver.h"

#define BASE	0x70000000ull
#define SIZE	0x400000ull

static struct bh_crash_log last_page;
static unsigned int maps, said;
static bool is_memory;

struct bh_driver bh;

bool bh_may_be_memory(u64 start, u64 size)
{
	assert_int_equal(start, BASE);
	assert_int_equal(size, SIZE);
	return is_memory;
}

void *memremap(resource_size_t at, size_t size, unsigned long flags)
{
	assert_int_equal(at, BASE + SIZE - 4096);
	assert_int_equal(size, 4096);
	assert_int_equal(flags, MEMREMAP_WB);
	maps++;
	return &last_page;
}

void memunmap(void *at)
{
	assert_ptr_equal(at, &last_page);
	maps--;
}

void *kmemdup(const void *from, size_t size, int flags)
{
	void *copy = malloc(size);

	assert_non_null(copy);
	return memcpy(copy, from, size);
}

void kfree(const void *memory)
{
	free((void *)(uintptr_t)memory);
}

u32 crc32_le(u32 crc, const unsigned char *from, size_t size)
{
	assert_int_equal(crc, ~0u);
	assert_int_equal(size, 4096 - BH_CRASH_CRC_FROM);
	return ~from[0];
}

ssize_t memory_read_from_buffer(void *to, size_t count, loff_t *position, const void *from, size_t available)
{
	assert_int_equal(*position, 0);
	assert_in_range(available, 0, count);
	memcpy(to, from, available);
	return available;
}

int printk(const char *format, ...)
{
	assert_non_null(strstr(format, "has left a crash log"));
	said++;
	return 0;
}

void mutex_lock(struct mutex *mutex)
{
	assert_false(mutex->held);
	mutex->held = true;
}

void mutex_unlock(struct mutex *mutex)
{
	assert_true(mutex->held);
	mutex->held = false;
}

void down_read(struct rw_semaphore *semaphore)
{
	semaphore->readers++;
}

void up_read(struct rw_semaphore *semaphore)
{
	semaphore->readers--;
}

static void leave_record(void)
{
	memset(&last_page, 0, sizeof(last_page));
	memcpy(last_page.signature, BH_CRASH_SIGNATURE, sizeof(last_page.signature));
	last_page.size = sizeof(last_page);
	last_page.cpu = 3;
	last_page.crc = ((unsigned char *)&last_page)[BH_CRASH_CRC_FROM];
}

static void test_taken_from_the_last_page(void **state)
{
	const struct cfg_memory memory = { .phys_start = BASE, .size = SIZE };
	static struct bh_crash_log shown;

	leave_record();
	is_memory = true;
	bh_crash_log_take_from(&memory);
	assert_int_equal(said, 1);
	assert_int_equal(maps, 0);
	assert_int_equal(bh_crash_log_read((char *)&shown, 0, sizeof(shown)), sizeof(shown));
	assert_memory_equal(&shown, &last_page, sizeof(shown));
	bh_crash_log_exit();
}

/* memremap() would be asked for no address: its fake knows one only */
static void test_no_look_where_no_memory_is(void **state)
{
	const struct cfg_memory memory = { .phys_start = BASE, .size = SIZE }, anywhere = { .size = SIZE };
	char byte;

	leave_record();
	said = 0;
	is_memory = false;
	bh_crash_log_take_from(&memory);
	bh_crash_log_take_from(&anywhere);
	assert_int_equal(said, 0);
	assert_int_equal(bh_crash_log_read(&byte, 0, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_from_the_last_page),
		cmocka_unit_test(test_no_look_where_no_memory_is),
	};

	return cmocka_run_group_tests_name("driver_crash_log", tests, NULL, NULL);
}
