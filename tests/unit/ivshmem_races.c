/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads as CPUs of cells on one link, under ThreadSanitizer: doorbells, State, register and configuration
 * writes against each other, against device reset, and against a peer that leaves and comes back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>
#include "fixture.h"
#include "host.h"

#define DEV	BDF(0, 0, 0)
#define ROUNDS	3000u

static struct fixture_cell a, b, d;
static uint32_t ids[3];			/* endpoints of a, b, d */

/* The register page of each peer, for itself: it is there whatever the peer's BAR says */
static struct mmio_window pages[3];
static struct mmio_map page_maps[3];

static void make(struct fixture_cell *c, uint8_t id)
{
	fixture_init(c, 20 * id);
	fixture_add(c, DEV, id, 3, id == 2 ? 2 : 0);
	host_own_spi(&c->cell, 100, true);
	assert_int_equal(fixture_create(c), 0);
	if (c->cell.functions[0].endpoint != ids[id])		/* the same, if it was there before */
		ids[id] = c->cell.functions[0].endpoint;
}

static int setup(void **state)
{
	(void)state;
	host_reset();
	make(&a, 0);
	make(&b, 1);
	make(&d, 2);
	for (uint32_t n = 0; n < 3; n++) {
		mmio_map_init(&page_maps[n], &pages[n], 1, 0);
		assert_int_equal(mmio_add_fixed(&page_maps[n], 0, PAGE_SIZE, &ivshmem_register_page, NULL, ids[n]), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_destroy(&a);
	fixture_destroy(&b);
	fixture_destroy(&d);
	return 0;
}

static void access_page(uint32_t endpoint, uint32_t reg, struct mmio_access *access)
{
	for (uint32_t n = 0; n < 3; n++)
		if (ids[n] == endpoint)
			assert_int_equal(host_access(&page_maps[n], reg, access), MMIO_HANDLED);
}

static void page_write(uint32_t endpoint, uint32_t reg, uint32_t value)
{
	struct mmio_access access = { .value = value, .size = 4, .is_write = true };

	access_page(endpoint, reg, &access);
}

static uint32_t page_read(uint32_t endpoint, uint32_t reg)
{
	struct mmio_access access = { .size = 4 };

	access_page(endpoint, reg, &access);
	return (uint32_t)access.value;
}

/* A CPU that rings everybody, itself included, and uses all of its registers */
static void *busy_cpu(void *arg)
{
	uint32_t endpoint = ids[(uintptr_t)arg];

	for (uint32_t n = 0; n < ROUNDS; n++) {
		page_write(endpoint, IVSHMEM_REG_INT_CTRL, n % 7 != 0);
		page_write(endpoint, IVSHMEM_REG_DOORBELL, (n % 4) << 16 | (n % 3));
		if (n % 5 == 0)
			page_write(endpoint, IVSHMEM_REG_STATE, n / 10);
		page_read(endpoint, IVSHMEM_REG_STATE);
		page_read(endpoint, IVSHMEM_REG_INT_CTRL);
		ivshmem_config_write(endpoint, 0x43, 1, n & 1);
		if (n % 11 == 0) {
			ivshmem_config_write(endpoint, 0x10, 4, n << 12);
			ivshmem_config_write(endpoint, 0x04, 2, n % 22 ? 0x6 : 0x400);
		}
		ivshmem_config_read(endpoint, 0x04, 4);
	}
	return NULL;
}

static void run(uint32_t count, void *(*const cpus[])(void *), void *const args[])
{
	pthread_t threads[8];

	for (uint32_t n = 0; n < count; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, cpus[n], args[n]), 0);
	for (uint32_t n = 0; n < count; n++)
		assert_int_equal(pthread_join(threads[n], NULL), 0);
}

static void check_sum(void)
{
	uint64_t delivered = 0;

	for (uint32_t id = 0; id < 3; id++)
		delivered += ivshmem_total(ivshmem_endpoint_at(ids[id]), LINK_COUNTER_DELIVERED);
	assert_int_equal(fixture_unaccounted(DEV), 0);
	assert_int_equal(delivered, host_raised_total());
}

/* Two CPUs of a, one of b, one of d: all at once, nobody waits for ever, no event disappears. */
static void everybody_at_once(void **state)
{
	void *(*const cpus[])(void *) = { busy_cpu, busy_cpu, busy_cpu, busy_cpu };
	void *const args[] = { (void *)0, (void *)0, (void *)1, (void *)2 };

	uint64_t before = host_repeated();

	(void)state;
	run(4, cpus, args);
	check_sum();
	assert_true(host_repeated() > before);
}

static void *state_writer(void *arg)
{
	for (uint32_t n = 1; n <= ROUNDS; n++)
		page_write(ids[0], IVSHMEM_REG_STATE, (uint32_t)(uintptr_t)arg * ROUNDS + n);
	return NULL;
}

/* Whoever came last: table and register agree, and no change was without its interrupt. */
static void two_cpus_write_state(void **state)
{
	void *(*const cpus[])(void *) = { state_writer, state_writer };
	void *const args[] = { (void *)1, (void *)2 };

	(void)state;
	page_write(ids[1], IVSHMEM_REG_INT_CTRL, 1);
	run(2, cpus, args);
	assert_int_equal(fixture_state_entry(0), page_read(ids[0], IVSHMEM_REG_STATE));
	assert_int_equal(host_raised(52), 2 * ROUNDS);
}

static void *state_repeater(void *arg)
{
	for (uintptr_t n = 0; n < 400; n++)
		page_write(ids[0], IVSHMEM_REG_STATE, 1 + (((uintptr_t)arg + n) / 4 & 1));
	return NULL;
}

/* Writes that change nothing are between those that do: table and register agree all the same when all are over. */
static void two_cpus_write_the_same_states(void **state)
{
	void *(*const cpus[])(void *) = { state_repeater, state_repeater, state_repeater };
	void *const args[] = { (void *)0, (void *)2, (void *)4 };

	(void)state;
	for (uint32_t n = 0; n < 300; n++) {
		run(3, cpus, args);
		assert_int_equal(fixture_state_entry(0), page_read(ids[0], IVSHMEM_REG_STATE));
	}
	check_sum();
}

static void *resetter(void *arg)
{
	(void)arg;
	for (uint32_t n = 0; n < ROUNDS / 10; n++) {
		vpci_reset(&b.cell);
		/* the cell's CPUs are stopped, so: unarmed until they run again */
		assert_int_equal(page_read(ids[1], IVSHMEM_REG_INT_CTRL), 0);
		page_write(ids[1], IVSHMEM_REG_INT_CTRL, 1);
		page_write(ids[1], IVSHMEM_REG_STATE, n + 1);
		vpci_reroute(&b.cell);
	}
	return NULL;
}

static void reset_against_doorbells_and_state(void **state)
{
	void *(*const cpus[])(void *) = { busy_cpu, busy_cpu, resetter };
	void *const args[] = { (void *)0, (void *)2, NULL };

	(void)state;
	run(3, cpus, args);
	check_sum();
	assert_int_equal(fixture_state_entry(1), ROUNDS / 10);
}

static void *leaver(void *arg)
{
	(void)arg;
	for (uint32_t n = 0; n < ROUNDS / 10; n++) {
		page_write(ids[1], IVSHMEM_REG_INT_CTRL, 1);
		page_write(ids[1], IVSHMEM_REG_STATE, 7);
		fixture_destroy(&b);
		assert_int_equal(fixture_state_entry(1), 0);
		make(&b, 1);
	}
	return NULL;
}

static void leaving_against_doorbells_and_state(void **state)
{
	void *(*const cpus[])(void *) = { busy_cpu, busy_cpu, leaver };
	void *const args[] = { (void *)0, (void *)2, NULL };

	(void)state;
	run(3, cpus, args);
	check_sum();
	assert_int_equal(fixture_state_entry(1), 0);
	assert_int_equal(fixture_state_entry(0), page_read(ids[0], IVSHMEM_REG_STATE));
}

static uint32_t late, is_over;

static void *teller(void *arg)
{
	for (uint32_t n = 1; !__atomic_load_n(&is_over, __ATOMIC_RELAXED); n++) {
		page_write(ids[0], IVSHMEM_REG_STATE, n);
		page_write(ids[0], IVSHMEM_REG_DOORBELL, 1 << 16);
	}
	return arg;
}

static uint64_t delivered_to_b(void)
{
	return ivshmem_total(ivshmem_endpoint_at(ids[1]), LINK_COUNTER_DELIVERED);
}

static void *switcher(void *arg)
{
	for (uint32_t n = 0; n < ROUNDS / 3; n++) {
		uint64_t before = delivered_to_b(), raised;

		page_write(ids[1], IVSHMEM_REG_INT_CTRL, 1);
		while (delivered_to_b() < before + 2)
			sched_yield();
		page_write(ids[1], IVSHMEM_REG_INT_CTRL, 0);
		/* from here on nothing is in flight, and all is counted */
		before = delivered_to_b();
		raised = host_raised(52);
		page_read(ids[1], IVSHMEM_REG_STATE);
		late += delivered_to_b() != before || host_raised(52) != raised;
	}
	__atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
	return arg;
}

static void nothing_in_flight_after_disabling(void **state)
{
	void *(*const cpus[])(void *) = { teller, teller, switcher };
	void *const args[] = { NULL, NULL, NULL };

	(void)state;
	late = is_over = 0;
	run(3, cpus, args);
	assert_int_equal(late, 0);
	check_sum();
}

static void *one_shot_ringer(void *arg)
{
	(void)arg;
	for (uint32_t n = 0; n < ROUNDS; n++)
		page_write(ids[0], IVSHMEM_REG_DOORBELL, 1 << 16);
	return NULL;
}

static void *one_shot_enabler(void *arg)
{
	(void)arg;
	for (uint32_t n = 0; n < ROUNDS; n++)
		page_write(ids[1], IVSHMEM_REG_INT_CTRL, 1);
	return NULL;
}

/* However many ring: never more interrupts than times the receiver enabled them. */
static void one_shot_against_doorbells(void **state)
{
	void *(*const cpus[])(void *) = { one_shot_ringer, one_shot_ringer, one_shot_enabler };
	void *const args[] = { NULL, NULL, NULL };

	(void)state;
	ivshmem_config_write(ids[1], 0x43, 1, 1);
	run(3, cpus, args);
	assert_in_range(host_raised(52), 0, ROUNDS);
	check_sum();
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everybody_at_once), TEST(two_cpus_write_state), TEST(two_cpus_write_the_same_states),
		TEST(reset_against_doorbells_and_state),
		TEST(leaving_against_doorbells_and_state), TEST(nothing_in_flight_after_disabling),
		TEST(one_shot_against_doorbells),
	};

	return cmocka_run_group_tests_name("ivshmem_races", tests, NULL, NULL);
}
