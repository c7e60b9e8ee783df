/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct boot: what happens when cells from a bundle fail. */
#include "bundle_fixture.h"

static void boot_changed(void)
{
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
}

static void boot_with(uint32_t on_failure, uint32_t max_restarts, uint32_t window_seconds)
{
	make_bundle();
	file.dir.cells[0].on_failure = on_failure;
	file.dir.cells[0].max_restarts = max_restarts;
	file.dir.cells[0].window_seconds = window_seconds;
	boot_changed();
	host_uart_text();
}

static void failed_cell_stays(void)
{
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_true(host_in_guest(2));
	host_stop();
}

static void failed_cell_starts_again(void)
{
	boot_with(BH_ON_FAILURE_RESTART, 2, 0);
	for (uint32_t round = 1; round <= 2; round++) {
		host_fill(RAM_LOW, 64 * KIB, 0xdd);
		core_fail(1);
		assert_true(host_in_guest(1));
		assert_int_equal(core_cpu(1)->arch.resets, 1 + round);
		assert_int_equal(core_cpu(1)->arch.context, 0xa0);
		assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_RUNNING);
		assert_loaded(0, RAM_LOW);
		assert_int_equal(core_cell(1)->restarts, round);
		assert_int_equal(core_cell(1)->fault.starts, 1 + round);
	}
	/* what it said last time does not matter */
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" stays stopped: it was restarted 2 times, as "
			       "often as its on-failure allows\r\n"));
	assert_true(host_in_guest(2));
	host_stop();
}

static int64_t wait_job(uint64_t ticks, uint64_t arg2, uint64_t arg3)
{
	uint64_t start = arch_ticks();

	(void)arg2;
	(void)arg3;
	while (arch_ticks() - start <= ticks)
		arch_relax();
	return 0;
}

static void restarts_are_counted_within_a_time(void)
{
	boot_with(BH_ON_FAILURE_RESTART, 1, 10);
	core_fail(1);
	assert_true(host_in_guest(1));
	host_run(2, wait_job, 10 * HOST_TICKS_PER_SECOND, 0, 0);
	core_fail(1);
	assert_true(host_in_guest(1));
	core_fail(1);
	assert_false(host_in_guest(1));
	host_stop();
}

static void several_cpus_fail(void)
{
	make_bundle();
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
	boot_changed();
	assert_true(host_run(2, core_switch_on_job, 3, 0x99, 0));
	host_settle();
	assert_true(host_in_guest(3));
	core_fail(3);
	assert_false(host_in_guest(3));
	assert_true(host_in_guest(2));
	core_fail(2);
	assert_true(host_in_guest(2));
	assert_int_equal(core_cpu(2)->arch.entry, 0x2000);
	assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
	assert_false(core_cpu(3)->failed);
	host_stop();
}

static void failed_cell_halts_the_machine(void)
{
	boot_with(BH_ON_FAILURE_HALT, 0, 0);
	host_post(1, core_fail_job, 0, 0, 0);
	host_wait(1);		/* it ends */
	assert_true(host_has_halted(1) && host_is_off);
	assert_false(host_in_guest(2));
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" has failed, which stops the machine"));
}

/* The root cell, and a cell that is started again whenever it fails */
static void boot_packed_beside_root_cell(void)
{
	file.dir.cells[0].on_failure = BH_ON_FAILURE_RESTART;
	file.dir.cells[1].config_part = 1;
	file.dir.cells[1].num_images = 0;
	seal_bundle();
	boot_bundle();
}

static void boot_beside_root_cell(void)
{
	make_bundle();
	boot_packed_beside_root_cell();
}

static void destroyed_cell_is_forgotten(void)
{
	struct test_config gamma;

	boot_beside_root_cell();
	assert_int_equal(start_result, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	/* another one in its place, perhaps with the same object, has no policy */
	core_make_cell(&gamma, "gamma", 1, 1, RAM_LOW);
	core_created(&gamma);
	core_started(1);
	core_fail(1);
	assert_false(host_in_guest(1));
	host_stop();
}

static void fails_then_last_goes_off(void)
{
	make_bundle();
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
	boot_changed();
	assert_true(host_run(2, core_switch_on_job, 3, 0x99, 0));
	host_settle();
	core_fail(3);
	core_go_off(2);
	assert_int_equal(core_cell(2)->comm->cell_state, COMM_STATE_RUNNING);
	assert_true(host_in_guest(2));
	host_stop();
}

static void reason_survives_restart(void)
{
	boot_beside_root_cell();
	assert_int_equal(core_call(HC_CELL_DESTROY, 77), -ENOENT);
	assert_non_null(strstr(host_reason(), "no cell with id 77"));
	core_fail(1);
	assert_non_null(strstr(host_reason(), "no cell with id 77"));
	host_stop();
}

static uint32_t asked;

static void ask(void)
{
	asked++;
	assert_int_equal(core_ask(0, HC_CELL_GET_STATE, 1, 0), COMM_STATE_FAILED);
	assert_int_equal(core_ask(0, HC_CELL_INFO, 1, CELL_INFO_RESTARTS), 0);
}

static void root_cell_can_ask_during_a_restart(void)
{
	boot_beside_root_cell();
	host_sweep_hook = ask;
	core_fail(1);
	assert_true(asked);
	assert_int_equal(core_cell(1)->restarts, 1);
	assert_true(host_in_guest(1));
	host_sweep_hook = NULL;
	host_stop();
}

static void restart_keeps_what_the_root_cell_loaded(void)
{
	boot_beside_root_cell();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	host_fill(RAM_LOW, 64 * KIB, 0xdd);
	core_started(1);
	core_fail(1);
	if (host_in_guest(1))
		assert_int_equal(host_read32(RAM_LOW + 0x800), 0xdddddddd);
	host_stop();
}

/* --- two cells that fail at once; the CPUs take turns by a seed, also at locks */

#define ROUNDS		40u
#define ALPHA_RESTARTS	15u

static void boot_two(unsigned int seed, uint32_t alpha_on_failure, uint32_t alpha_restarts)
{
	host_set_order(HOST_RANDOM, seed);
	make_bundle();
	file.dir.cells[0].on_failure = alpha_on_failure;
	file.dir.cells[0].max_restarts = alpha_restarts;
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
	boot_changed();
	srand(seed);
}

/* The second CPU of beta runs, too; all posts are there before the first CPU fails. */
static void fail_at_once(bool alpha_runs)
{
	uint32_t first = (uint32_t)rand();

	assert_true(host_run(2, core_switch_on_job, 3, 0x99, 0));
	host_settle();
	assert_true(host_in_guest(3));
	for (uint32_t n = 0; n < 3; n++) {
		uint32_t cpu = 1 + (first + n) % 3;

		if (cpu != 1 || alpha_runs)
			host_post(cpu, core_fail_job, 0, 0, 0);
	}
}

static void assert_fresh(uint32_t n, uint32_t cpu, uint64_t phys, uint32_t starts)
{
	assert_true(host_in_guest(cpu));
	assert_int_equal(core_cpu(cpu)->arch.resets, starts);
	assert_int_equal(core_cpu(cpu)->arch.entry, 0x1000 * (n + 1));
	assert_int_equal(core_cpu(cpu)->arch.context, 0xa0 + n);
	assert_false(core_cpu(cpu)->failed);
	assert_int_equal(core_cell(1 + n)->comm->cell_state, COMM_STATE_RUNNING);
	assert_loaded(n, phys);
}

/* Each is started again once for each failure, with its own image; the one whose restarts are used up stays, alone. */
static void both_fail_at_once(unsigned int seed)
{
	boot_two(seed, BH_ON_FAILURE_RESTART, ALPHA_RESTARTS);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		host_fill(RAM_LOW, 64 * KIB, 0xdd);
		host_fill(RAM_LOW + MIB, 64 * KIB, 0xdd);
		host_uart_text();
		fail_at_once(round <= ALPHA_RESTARTS + 1);
		host_settle();
		assert_fresh(1, 2, RAM_LOW + MIB, 1 + round);
		assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
		assert_false(core_cpu(3)->failed);
		if (round <= ALPHA_RESTARTS) {
			assert_fresh(0, 1, RAM_LOW, 1 + round);
		} else {
			assert_false(host_in_guest(1));
			assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
			assert_int_equal(core_cpu(1)->arch.resets, 1 + ALPHA_RESTARTS);
			assert_int_equal(host_read32(RAM_LOW + IMAGE_TARGET), 0xdddddddd);
		}
	}
	host_stop();
}

static void both_fail_at_once_1(void)
{
	both_fail_at_once(1);
}

static void both_fail_at_once_2(void)
{
	both_fail_at_once(2);
}

static void both_fail_at_once_3(void)
{
	both_fail_at_once(3);
}

/* One wants to be started again, the other one ends the machine: nothing runs then, whoever came first. */
static void one_halts_while_one_starts_again(unsigned int seed)
{
	boot_two(seed, BH_ON_FAILURE_HALT, 0);
	fail_at_once(true);
	host_wait(1);
	assert_true(host_has_halted(1) && host_is_off && !host_is_reset);
	assert_false(host_in_guest(2));
	assert_false(host_in_guest(3));
}

static void one_halts_while_one_starts_again_1(void)
{
	one_halts_while_one_starts_again(1);
}

static void one_halts_while_one_starts_again_2(void)
{
	one_halts_while_one_starts_again(2);
}

static void one_halts_while_one_starts_again_3(void)
{
	one_halts_while_one_starts_again(3);
}

/* The root cell destroys a cell that is failing: whoever gets the lock second finds what the first one left. */
static void destroyed_while_it_fails(unsigned int seed)
{
	host_set_order(HOST_RANDOM, seed);
	make_bundle();
	bundle_cells[0].cpus[0] |= 1u << 2;
	pack_cell(0);
	boot_packed_beside_root_cell();
	assert_int_equal(start_result, 0);
	assert_true(host_run(1, core_switch_on_job, 2, 0x99, 0));
	host_settle();
	assert_true(host_in_guest(1) && host_in_guest(2));
	host_post(1 + seed % 2, core_fail_job, 0, 0, 0);
	host_post(2 - seed % 2, core_fail_job, 0, 0, 0);
	host_post_hypercall(0, HC_CELL_DESTROY, 1, 0);
	assert_int_equal(host_wait(0), 0);
	host_settle();
	assert_int_equal(num_cells(), 1);
	for (uint32_t cpu = 1; cpu <= 2; cpu++) {
		assert_true(core_cpu(cpu)->cell->is_root);
		assert_int_equal(core_cpu(cpu)->run_state, CPU_OFF);
		assert_false(core_cpu(cpu)->failed);
		assert_false(host_in_guest(cpu));
	}
	host_stop();
}

/* The core starts once in a process. */
static void destroyed_while_it_fails_in_many_orders(void)
{
	for (unsigned int seed = 1; seed <= 60; seed++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			destroyed_while_it_fails(seed);
			free_images();
			exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("seed %u: status 0x%x", seed, (unsigned int)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(failed_cell_stays),
		CORE_TEST(failed_cell_starts_again),
		CORE_TEST(root_cell_can_ask_during_a_restart),
		CORE_TEST(restarts_are_counted_within_a_time),
		CORE_TEST(several_cpus_fail),
		CORE_TEST(failed_cell_halts_the_machine),
		CORE_TEST(destroyed_cell_is_forgotten),
		CORE_TEST(fails_then_last_goes_off),
		CORE_TEST(reason_survives_restart),
		CORE_TEST(restart_keeps_what_the_root_cell_loaded),
		CORE_TEST(both_fail_at_once_1),
		CORE_TEST(both_fail_at_once_2),
		CORE_TEST(both_fail_at_once_3),
		CORE_TEST(one_halts_while_one_starts_again_1),
		CORE_TEST(one_halts_while_one_starts_again_2),
		CORE_TEST(one_halts_while_one_starts_again_3),
		CORE_TEST(destroyed_while_it_fails_in_many_orders),
	};

	return cmocka_run_group_tests_name("core_restart", tests, NULL, NULL);
}
