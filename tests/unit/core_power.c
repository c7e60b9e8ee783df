/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI SYSTEM_OFF and SYSTEM_RESET: whose word counts, and that everybody else stops first. */
#include "core_fixture.h"
#include "power.h"

static struct test_config alpha;

static int64_t end_machine(uint64_t reset, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	machine_end_for_cell(reset);
	return -1;
}

static int64_t may_end(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	return may_end_machine();
}

static void switch_self_on(uint32_t cpu)
{
	cpu_set_reset(core_cpu(cpu), 0, 0);
	cpu_handle_events();
}

/* All CPUs run the root cell: from firmware they come switched off. */
static void start(bool by_firmware)
{
	host_firmware = by_firmware;
	host_after_setup = by_firmware ? switch_self_on : NULL;
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] = 0x06;
	core_created(&alpha);
	core_started(1);
}

static void assert_goes_on(void)
{
	host_settle();
	assert_false(host_is_off || host_is_reset);
	assert_true(host_in_guest(0) && host_in_guest(1) && host_in_guest(3));
}

static void others_do_not_decide(bool by_firmware)
{
	start(by_firmware);
	assert_false(host_run(1, may_end, 0, 0, 0));
	assert_int_equal(host_run(1, end_machine, false, 0, 0), -1);
	assert_int_equal(host_run(1, end_machine, true, 0, 0), -1);
	assert_goes_on();
	host_stop();
}

static void other_cells_do_not_decide(void)
{
	others_do_not_decide(true);
}

static void other_cells_do_not_decide_after_a_late_launch(void)
{
	others_do_not_decide(false);
}

static void assert_everybody_stopped(uint32_t by, bool reset)
{
	assert_true(host_has_halted(by));
	assert_int_equal(host_is_off, !reset);
	assert_int_equal(host_is_reset, reset);
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		if (cpu == by)
			continue;
		assert_true(core_cpu(cpu)->suspended);
		if (core_cpu(cpu)->cell != &root_cell)
			assert_int_equal(core_cpu(cpu)->run_state, CPU_PARKED);
	}
}

static void root_switches_off(void)
{
	start(true);
	assert_true(host_run(0, may_end, 0, 0, 0));
	host_post(0, end_machine, false, 0, 0);
	host_wait(0);		/* it ends */
	assert_everybody_stopped(0, false);
	assert_non_null(strstr(host_uart_text(), "cell \"qemu-arm64\" switches off the machine"));
}

static void any_root_cpu_resets(void)
{
	start(true);
	host_post(3, end_machine, true, 0, 0);
	host_wait(3);
	assert_everybody_stopped(3, true);
	assert_non_null(strstr(host_uart_text(), "cell \"qemu-arm64\" restarts the machine"));
}

/* Its Linux has crashed, or it would have disabled the hypervisor. */
static void root_ends_the_machine_after_a_late_launch(bool reset)
{
	start(false);
	assert_true(host_run(0, may_end, 0, 0, 0));
	host_post(0, end_machine, reset, 0, 0);
	host_wait(0);
	assert_everybody_stopped(0, reset);
}

static void root_switches_off_after_a_late_launch(void)
{
	root_ends_the_machine_after_a_late_launch(false);
}

static void root_resets_after_a_late_launch(void)
{
	root_ends_the_machine_after_a_late_launch(true);
}

static void first_of_two_decides(void)
{
	start(true);
	host_post(0, end_machine, true, 0, 0);
	host_post(3, end_machine, false, 0, 0);
	host_wait(0);
	assert_everybody_stopped(0, true);
}

int main(void)
{
	static const struct CMUnitTest core_power[] = {
		CORE_TEST(other_cells_do_not_decide),
		CORE_TEST(other_cells_do_not_decide_after_a_late_launch),
		CORE_TEST(root_switches_off),
		CORE_TEST(any_root_cpu_resets),
		CORE_TEST(root_switches_off_after_a_late_launch),
		CORE_TEST(root_resets_after_a_late_launch),
		CORE_TEST(first_of_two_decides),
	};

	return cmocka_run_group_tests(core_power, NULL, NULL);
}
