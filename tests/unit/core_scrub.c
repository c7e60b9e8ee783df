/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in memory that changes its owner: nothing of the old one, unless the configuration says so. */
#include "core_fixture.h"

#define OLD		0x5555555555555555ull
#define DEAD		0xaaaaaaaaaaaaaaaaull
#define KIB64		(64 * KIB)
#define PLAIN		NOBODY			/* read and write, 8 KiB */
#define ONLY_READ	(NOBODY + 0x2000)
#define KEPT		(NOBODY + 0x3000)
#define SHARED		(NOBODY + 0x4000)
#define NO_ACCESS	(NOBODY + 0x5000)
#define NO_MEMORY	0x50000000ull		/* nothing answers there */

static struct test_config alpha, beta;

static void fill(uint64_t pattern)
{
	host_fill(RAM_LOW, HOST_HV_BASE - RAM_LOW, (uint8_t)pattern);
}

static bool all_is(uint64_t phys, uint64_t size, uint64_t word)
{
	for (uint64_t offset = 0; offset < size; offset += 4)
		if (host_read32(phys + offset) != (uint32_t)word)
			return false;
	return true;
}

static void describe_alpha(void)
{
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	add_memory(&alpha, PLAIN, 0x10000000, 0x2000, 0x03);
	add_memory(&alpha, ONLY_READ, 0x20000000, 0x1000, 0x01);
	add_memory(&alpha, KEPT, 0x30000000, 0x1000, 0x03 | CFG_MEM_KEEP);
	add_memory(&alpha, SHARED, 0x40000000, 0x1000, 0x83);
	add_memory(&alpha, NO_ACCESS, 0x50000000, 0x1000, 0);
	add_memory(&alpha, DEVICE, 0x60000000, 0x1000, 0x13);
	add_memory(&alpha, NO_MEMORY, 0x70000000, 0x2000, 0x03);
}

/* Exactly once, and nothing beside it */
static void check_scrubbed(uint32_t times)
{
	const struct { uint64_t phys, size; } scrubbed[] = { { RAM_LOW, KIB64 }, { PLAIN, 0x2000 } };

	for (uint32_t n = 0; n < ARRAY_SIZE(scrubbed); n++) {
		for (uint64_t page = 0; page < scrubbed[n].size; page += PAGE_SIZE) {
			assert_int_equal(host_scrubbed(scrubbed[n].phys + page), times);
			assert_int_equal(host_scrubbed(scrubbed[n].phys + page + PAGE_SIZE - 1), times);
		}
		assert_int_equal(host_scrubbed(scrubbed[n].phys - 1), 0);
		assert_int_equal(host_scrubbed(scrubbed[n].phys + scrubbed[n].size), 0);
	}
	assert_int_equal(host_cleaned(DEVICE), 0);
	assert_int_equal(host_cleaned(RAM_LOW + KIB64), 0);
	/* the others are clean, too, whoever had them */
	assert_int_equal(host_cleaned(ONLY_READ), times);
	assert_int_equal(host_cleaned(KEPT + PAGE_SIZE - 1), times);
	assert_int_equal(host_cleaned(SHARED), times);
	/* no root CPU waits for it */
	assert_true(host_sweeps(false) > 0);
	assert_int_equal(host_sweeps(true), 0);
}

static void creation(void)
{
	core_start();
	fill(OLD);
	describe_alpha();
	core_created(&alpha);
	check_scrubbed(1);
	assert_true(all_is(RAM_LOW, KIB64, 0) && all_is(RAM_LOW + KIB64, PAGE_SIZE, OLD));
	assert_true(all_is(PLAIN, 0x2000, 0));
	assert_true(all_is(ONLY_READ, 0x4000, OLD));
	host_stop();
}

static void destruction(bool loadable)
{
	core_start();
	describe_alpha();
	core_created(&alpha);
	if (loadable)
		assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	fill(DEAD);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	check_scrubbed(2);
	assert_int_equal(host_access_to(&root_cell, RAM_LOW), 0x0f);
	assert_true(all_is(RAM_LOW, KIB64, 0) && all_is(RAM_LOW + KIB64, PAGE_SIZE, DEAD));
	assert_true(all_is(PLAIN, 0x2000, 0));
	assert_true(all_is(ONLY_READ, 0x4000, DEAD));
	host_stop();
}

static void destruction_of_a_stopped_cell(void)
{
	destruction(false);
}

static void destruction_of_a_loadable_cell(void)
{
	destruction(true);
}

/* Between the two nothing is: not even what a restart does is a change of the owner. */
static void a_restart_is_no_change(void)
{
	core_start();
	describe_alpha();
	core_created(&alpha);
	fill(DEAD);
	core_started(1);
	core_started(1);
	assert_int_equal(host_scrubbed(RAM_LOW), 1);
	assert_true(all_is(RAM_LOW, KIB64, DEAD) && all_is(PLAIN, 0x2000, DEAD));
	assert_int_equal(host_sweeps(true), 0);
	host_stop();
}

static uint32_t asked;

static void ask(void)
{
	int64_t state = core_ask(2, HC_CELL_GET_STATE, 1, 0);

	assert_true(state == COMM_STATE_SHUT_DOWN || state == COMM_STATE_RUNNING);
	assert_int_equal(core_ask(2, HC_CELL_INFO, 1, CELL_INFO_NEXT), 1);
	assert_int_equal(core_ask(2, HC_LINK_INFO, 0xfff0ull << 16, LINK_INFO_PEERS), -ENOENT);
	assert_int_equal(core_ask(2, HC_CELL_FAULT, 1, 1000), -EINVAL);
	asked++;
}

/* However large a cell is: who asks about cells meanwhile is answered meanwhile. */
static void nobody_waits_who_asks(void)
{
	core_start();
	describe_alpha();
	host_sweep_hook = ask;
	core_created(&alpha);
	assert_true(asked);
	asked = 0;
	core_started(1);
	assert_true(asked);
	asked = 0;
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_true(asked);
	host_sweep_hook = NULL;
	host_stop();
}

/* [CPU 3] CPU 1 asks about cells while CPU 0 waits to create one that gets CPU 1. */
static int64_t make_both_wait(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	look_lock();
	host_post_hypercall(0, HC_CELL_CREATE, CONFIG_AT, 0);
	for (uint32_t turns = 0; turns < 100; turns++)
		arch_relax();
	host_post_hypercall(1, HC_CELL_GET_STATE, 0, 0);
	for (uint32_t turns = 0; turns < 100; turns++)
		arch_relax();
	look_unlock();
	(void)arg1;
	(void)arg2;
	(void)arg3;
	return 0;
}

/* A CPU that is given away while it waits for its turn to look has it nevertheless: others wait behind it. */
static void nobody_waits_for_who_was_given_away(void)
{
	core_start();
	describe_alpha();
	core_place(&alpha, CONFIG_AT);
	host_run(3, make_both_wait, 0, 0, 0);
	assert_int_equal(host_wait(0), 0);
	assert_true(core_cpu(1)->cell == core_cell(1));
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_SHUT_DOWN);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_stop();
}

static uint32_t holds;

/* [CPU 3] Somebody looks, for a while. */
static int64_t look_long(uint64_t turns, uint64_t arg2, uint64_t arg3)
{
	look_lock();
	holds++;
	for (uint64_t turn = 0; turn < turns; turn++)
		arch_relax();
	look_unlock();
	(void)arg2;
	(void)arg3;
	return 0;
}

/* [CPU 0, which destroys a cell] Meanwhile one CPU looks, and another one waits for its turn to. */
static void begin_to_look(void)
{
	host_sweep_hook = NULL;
	host_post(3, look_long, 300, 0, 0);
	while (!holds)
		arch_relax();
	host_post_hypercall(2, HC_CELL_GET_STATE, 0, 0);
	for (uint32_t turns = 0; turns < 20; turns++)
		arch_relax();
}

/* Whose turn comes before is not suspended by who waits for that turn to end: look lock first, then the root CPUs. */
static void who_destroys_waits_for_who_looks(void)
{
	core_start();
	describe_alpha();
	core_created(&alpha);
	host_sweep_hook = begin_to_look;
	host_post_hypercall(0, HC_CELL_DESTROY, 1, 0);
	for (uint32_t turns = 0; turns < 100000 && !host_is_done(0); turns++)
		arch_relax();
	assert_true(holds && host_is_done(0));
	assert_int_equal(host_wait(0), 0);
	assert_int_equal(host_wait(2), COMM_STATE_RUNNING);
	assert_int_equal(host_wait(3), 0);
	host_stop();
}

/* Wherever it fails: nothing of what the root cell keeps has changed. The link would be a new one. */
static void refused_creation(void)
{
	uint32_t calls = 0;
	int64_t error;

	core_system.root.header.num_pci_devices = 0;
	core_start();
	describe_alpha();
	core_add_link(&alpha);
	fill(OLD);
	do {
		host_fail_stage2(++calls);
		error = core_create(&alpha);
		if (!error)
			break;
		assert_int_equal(error, -ENOMEM);
		assert_int_equal(host_sweeps(false), 0);
		assert_true(all_is(RAM_LOW, CONFIG_AT - RAM_LOW, OLD));
		assert_true(all_is(RAM_HIGH, HOST_HV_BASE - RAM_HIGH, OLD));
	} while (calls < 1000);
	assert_true(calls > 10 && calls < 1000);
	assert_true(all_is(LINK_STATE, 0x1000, 0) && all_is(RAM_LOW, KIB64, 0));
	host_stop();
}

/* Refused by the check of the link itself, after an earlier device of the cell has made its link */
static void refused_second_device(void)
{
	core_system.root.header.num_pci_devices = 0;
	core_start();
	describe_alpha();
	core_add_link(&alpha);
	add_ivshmem(&alpha, 8, alpha.pci[0].shmem_regions_start, 1, 2)->bar_mask[0] = 0xfffff800;
	fill(OLD);
	assert_int_equal(core_create(&alpha), -EINVAL);
	assert_true(all_is(LINK_STATE, LINK_END - LINK_STATE, OLD));
	host_stop();
}

/* The root cell is peer 0 and stays: the link is its, but nobody gets the output of somebody else. */
static void link_with_the_root_cell(void)
{
	fill(OLD);
	core_start();
	assert_true(all_is(LINK_STATE, LINK_END - LINK_STATE, 0));
	fill(OLD);
	describe_alpha();
	core_add_link(&alpha);
	core_created(&alpha);
	assert_true(all_is(LINK_STATE + 0x20, 0xfe0, OLD));
	assert_true(all_is(LINK_RW, LINK_OUT1 - LINK_RW, OLD));
	assert_true(all_is(LINK_OUT1, LINK_END - LINK_OUT1, 0));
	host_fill(LINK_OUT1, LINK_END - LINK_OUT1, (uint8_t)DEAD);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_true(all_is(LINK_RW, LINK_OUT1 - LINK_RW, OLD));
	assert_true(all_is(LINK_OUT1, LINK_END - LINK_OUT1, 0));
	host_stop();
}

/* From the first peer to the last it is the link's, before and afterwards the root cell's. */
static void link_of_cells(void)
{
	core_system.root.header.num_pci_devices = 0;
	core_start();
	fill(OLD);
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	core_make_cell(&beta, "beta", 2, 2, RAM_LOW + MIB);
	core_add_link(&beta);
	beta.pci[0].shmem_dev_id = 0;
	beta.memory[4].flags |= CFG_MEM_WRITE;
	beta.memory[5].flags &= ~(uint64_t)CFG_MEM_WRITE;
	beta.irqchips[0].pin_bitmap[0] = 0;
	beta.header.vpci_irq_base = 64;
	core_created(&alpha);
	assert_true(all_is(LINK_STATE, LINK_END - LINK_STATE, 0));
	fill(DEAD);
	core_created(&beta);
	assert_true(all_is(LINK_RW, LINK_OUT0 - LINK_RW, DEAD) && all_is(LINK_OUT1, LINK_END - LINK_OUT1, DEAD));
	assert_true(all_is(LINK_OUT0, LINK_OUT1 - LINK_OUT0, 0));
	host_fill(LINK_OUT0, LINK_OUT1 - LINK_OUT0, 0x66);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_true(all_is(LINK_RW, LINK_OUT0 - LINK_RW, DEAD) && all_is(LINK_OUT1, LINK_END - LINK_OUT1, 0));
	assert_true(all_is(LINK_OUT0, LINK_OUT1 - LINK_OUT0, 0x66666666));
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	assert_true(all_is(LINK_STATE, LINK_END - LINK_STATE, 0));
	host_stop();
}

/* What is refused changes nothing of the machine. */
static void refused_start(void)
{
	fill(OLD);
	host_entering = host_boot.entering_cpus = 3;
	assert_int_equal(core_enter(), -EINVAL);
	assert_true(all_is(LINK_STATE, LINK_END - LINK_STATE, OLD));
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(creation),
		CORE_TEST(destruction_of_a_stopped_cell),
		CORE_TEST(destruction_of_a_loadable_cell),
		CORE_TEST(a_restart_is_no_change),
		CORE_TEST(nobody_waits_who_asks),
		CORE_TEST(nobody_waits_for_who_was_given_away),
		CORE_TEST(who_destroys_waits_for_who_looks),
		CORE_TEST(refused_creation),
		CORE_TEST(refused_second_device),
		CORE_TEST(link_with_the_root_cell),
		CORE_TEST(link_of_cells),
		CORE_TEST(refused_start),
	};

	return cmocka_run_group_tests_name("core_scrub", tests, NULL, NULL);
}
