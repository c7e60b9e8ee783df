/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct boot: what happens when cells from a bundle fail. */
#include "bundle_fixture.h"

static void boot_with(uint32_t on_failure, uint32_t max_restarts, uint32_t window_seconds)
{
	make_bundle();
	file.dir.cells[0].on_failure = on_failure;
	file.dir.cells[0].max_restarts = max_restarts;
	file.dir.cells[0].window_seconds = window_seconds;
	seal_bundle();
	boot_bundle();
	assert_int_equal(start_result, 0);
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
	}
	/* what it said last time does not matter */
	core_fail(1);
	assert_false(host_in_guest(1));
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" stays stopped: it was restarted 2 times within 0 s"));
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
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;	/* the bundle is read where it lies */
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
static void boot_beside_root_cell(void)
{
	make_bundle();
	file.dir.cells[0].on_failure = BH_ON_FAILURE_RESTART;
	file.dir.cells[1].config_part = 1;
	file.dir.cells[1].num_images = 0;
	seal_bundle();
	boot_bundle();
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
	boot_with(BH_ON_FAILURE_STOP, 0, 0);
	file.dir.cells[1].on_failure = BH_ON_FAILURE_RESTART;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(failed_cell_stays),
		CORE_TEST(failed_cell_starts_again),
		CORE_TEST(restarts_are_counted_within_a_time),
		CORE_TEST(several_cpus_fail),
		CORE_TEST(failed_cell_halts_the_machine),
		CORE_TEST(destroyed_cell_is_forgotten),
		CORE_TEST(fails_then_last_goes_off),
		CORE_TEST(reason_survives_restart),
		CORE_TEST(restart_keeps_what_the_root_cell_loaded),
	};

	return cmocka_run_group_tests_name("core_restart", tests, NULL, NULL);
}
