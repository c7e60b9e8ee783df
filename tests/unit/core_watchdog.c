/* SPDX-License-Identifier: BSD-2-Clause */
/* The watchdog of a cell: when it expires and when not, what becomes of the cell then, and who may keep its timer. */
#include "bundle_fixture.h"
#include "ivshmem_internal.h"
#include "vpci.h"

#define PERIOD		100u	/* ticks of the host machine, which are milliseconds */
#define GRACE		(2 * PERIOD)
#define PERIOD_US	(1000 * PERIOD)

static struct test_config alpha;
static bool ticking[HOST_NUM_CPUS];

/* A guest that does nothing but tick, if it does; whatever was in the counter */
static void guest(struct percpu *cpu)
{
	if (ticking[cpu->cpu_id])
		cpu->cell->comm->watchdog -= 0x7fffffff;
	arch_relax();
}

static int64_t wait_job(uint64_t until, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	while (arch_ticks() < until)
		arch_relax();
	return 0;
}

/* CPUs whose guests have steps are never quiet: all of them have had their turns then */
static void wait_until(uint64_t ticks)
{
	host_run(0, wait_job, ticks, 0, 0);
}

static void wait_for(uint64_t ticks)
{
	wait_until(arch_ticks() + ticks);
}

/* In a step of its guest, a CPU is not quite in its guest. */
static bool runs(uint32_t cpu)
{
	return core_cpu(cpu)->run_state == CPU_RUNNING;
}

/* In whatever order they have their turns */
#define reached(condition) do {						\
	for (uint32_t turn_ = 0; turn_ < PERIOD && !(condition); turn_++)	\
		wait_for(1);						\
	assert_true(condition);						\
} while (0)

static void go_off(uint32_t cpu)
{
	core_go_off(cpu);
	reached(!runs(cpu));
	assert_int_equal(core_cpu(cpu)->run_state, CPU_OFF);
}

static void crash(uint32_t cpu)
{
	core_fail(cpu);
	reached(core_cpu(cpu)->failed);
}

static void start(void)
{
	core_started(1);
	reached(runs(1));
}

static void switch_on(uint32_t cpu, uint32_t other)
{
	assert_true(host_run(cpu, core_switch_on_job, other, 0, 0));
	reached(runs(other));
}

static void add_watchdog(struct test_config *config)
{
	add_memory(config, PERIOD_US, 0, 0, CFG_WATCHDOG);
}

/* Alpha with CPU 1, or CPUs 1 and 2, of which the first one ticks; or with a silent CPU 1, if 0. The time of its start */
static uint64_t start_alpha(uint32_t cpus)
{
	ticking[1] = cpus;
	cpus = cpus ? cpus : 1 << 1;
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] = (uint8_t)cpus;
	add_watchdog(&alpha);
	core_add_link(&alpha);
	core_created(&alpha);
	for (uint32_t cpu = 1; cpu < HOST_NUM_CPUS; cpu++)
		if (cpus >> cpu & 1)
			host_set_guest(cpu, guest);
	start();
	if (cpus >> 2 & 1)
		switch_on(1, 2);
	return core_cell(1)->watchdog.seen;
}

static uint32_t expiries(void)
{
	return (uint32_t)host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_WATCHDOG_EXPIRIES);
}

static uint32_t state(void)
{
	return (uint32_t)core_call(HC_CELL_GET_STATE, 1);
}

static bool any_timer(void)
{
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		if (core_cpu(cpu)->arch.timer_on)
			return true;
	return false;
}

static void assert_expired(void)
{
	assert_int_equal(state(), COMM_STATE_FAILED);
	assert_int_equal(expiries(), 1);
	assert_false(runs(1));
	assert_false(core_cpu(1)->arch.timer_on || core_cpu(2)->arch.timer_on);
}

static void assert_alive(void)
{
	assert_int_equal(state(), COMM_STATE_RUNNING);
	assert_int_equal(expiries(), 0);
}

static struct bh_fault read_fault(void)
{
	struct bh_fault fault;

	for (uint32_t n = 0; n < sizeof(fault) / sizeof(uint32_t); n++)
		((uint32_t *)&fault)[n] = (uint32_t)host_hypercall(0, HC_CELL_FAULT, 1, n);
	return fault;
}

static void ticking_cell_lives(void)
{
	start_alpha(1 << 1);
	wait_for(50 * PERIOD);
	assert_alive();
	assert_true(core_cpu(1)->arch.timer_on);
	assert_int_equal(core_cpu(1)->arch.resets, 1);
	assert_int_equal(read_fault().count, 0);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_WATCHDOG_PERIOD), PERIOD_US);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 0, CELL_INFO_WATCHDOG_PERIOD), 0);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 0, CELL_INFO_WATCHDOG_EXPIRIES), 0);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 2, CELL_INFO_WATCHDOG_PERIOD), -ENOENT);
	assert_int_equal(host_hypercall(1, HC_CELL_INFO, 1, CELL_INFO_WATCHDOG_PERIOD), -EPERM);
	host_stop();
}

static void cell_without_has_no_timer(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
	core_started(1);
	assert_false(any_timer());
	wait_for(10 * PERIOD);
	assert_alive();
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_WATCHDOG_PERIOD), 0);
	host_stop();
}

static void silent_cell_fails(void)
{
	uint64_t begin = start_alpha(0);
	struct bh_fault fault;
	char text[200];

	wait_until(begin + GRACE - 8);
	assert_alive();
	host_uart_text();
	wait_until(begin + GRACE + 10);
	assert_expired();
	fault = read_fault();
	assert_in_range(fault.ticks, begin + GRACE, begin + GRACE + 5);
	assert_int_equal(fault.virtual_address, 1000 * (fault.ticks - begin));
	snprintf(text, sizeof(text), "cell \"alpha\": watchdog: counter 0 unchanged for %u us, period 100000 us: "
		 "CPUs stopped\r\ncell \"alpha\" failed\r\n", (unsigned int)fault.virtual_address);
	assert_non_null(strstr(host_uart_text(), text));
	assert_true(core_cpu(1)->failed);
	assert_int_equal(fault.complete, 1);
	assert_int_equal(fault.begun, 1);
	assert_int_equal(fault.kind, BH_FAULT_WATCHDOG);
	assert_int_equal(fault.flags, 0);
	assert_int_equal(fault.size, 0);
	assert_int_equal(fault.cpu, 1);
	assert_int_equal(fault.address, 0);
	assert_int_equal(fault.syndrome, PERIOD_US);
	assert_int_equal(fault.count, 1);
	assert_int_equal(fault.x[30], 30);
	host_stop();
}

static void cell_that_stops_ticking_fails(void)
{
	uint64_t begin = start_alpha(1 << 1), stopped;
	struct bh_fault fault;

	wait_until(begin + 10 * PERIOD + PERIOD / 2);
	ticking[1] = false;
	stopped = arch_ticks();
	wait_until(begin + 12 * PERIOD - 8);
	assert_alive();
	wait_until(stopped + GRACE);
	assert_expired();
	fault = read_fault();
	assert_int_equal(fault.kind, BH_FAULT_WATCHDOG);
	assert_int_equal(fault.address, core_cell(1)->comm->watchdog);
	assert_in_range(fault.virtual_address, PERIOD_US, PERIOD_US + 5000);
	host_stop();
}

/* One change is enough for a period, to whatever value. */
static void each_change_counts(void)
{
	static const uint32_t values[] = { 1, 0, UINT32_MAX, UINT32_MAX - 1, 0x80000000, 0 };
	uint64_t begin = start_alpha(1 << 1);

	ticking[1] = false;
	for (uint32_t n = 0; n < ARRAY_SIZE(values); n++) {
		core_cell(1)->comm->watchdog = values[n];
		wait_until(begin + GRACE + n * PERIOD + PERIOD / 2);
		assert_alive();
	}
	wait_until(begin + GRACE + ARRAY_SIZE(values) * PERIOD + PERIOD / 2);
	assert_expired();
	host_stop();
}

static void start_begins_anew(void)
{
	uint64_t begin = start_alpha(1 << 1);

	ticking[1] = false;
	wait_until(begin + 5 * PERIOD);
	assert_expired();
	for (uint32_t round = 2; round <= 3; round++) {
		start();
		assert_int_equal(core_cell(1)->comm->watchdog, 0);
		begin = core_cell(1)->watchdog.seen;
		assert_int_equal(state(), COMM_STATE_RUNNING);
		wait_until(begin + GRACE - 8);
		assert_int_equal(state(), COMM_STATE_RUNNING);
		assert_int_equal(expiries(), round - 1);
		wait_until(begin + GRACE + 10);
		assert_int_equal(state(), COMM_STATE_FAILED);
		assert_int_equal(expiries(), round);
	}
	ticking[1] = true;
	start();
	wait_for(10 * PERIOD);
	assert_int_equal(state(), COMM_STATE_RUNNING);
	host_stop();
}

static void all_cpus_are_stopped(void)
{
	start_alpha(1 << 1 | 1 << 2);
	ticking[1] = false;
	wait_for(4 * PERIOD);
	assert_expired();
	assert_false(runs(2));
	assert_true(core_cpu(1)->failed && core_cpu(2)->failed);
	assert_int_equal(read_fault().count, 1);
	/* started again, its second CPU is off */
	ticking[1] = true;
	start();
	wait_for(4 * PERIOD);
	assert_true(runs(1));
	assert_false(core_cpu(1)->failed || core_cpu(2)->failed);
	assert_int_equal(core_cpu(2)->run_state, CPU_OFF);
	host_stop();
}

/* Its timer goes on where the first CPU waits in the hypervisor. */
static void second_cpu_is_watched_alone(void)
{
	start_alpha(1 << 1 | 1 << 2);
	ticking[2] = true;
	go_off(1);
	wait_for(20 * PERIOD);
	assert_alive();
	assert_true(runs(2));
	ticking[2] = false;
	wait_for(4 * PERIOD);
	assert_expired();
	assert_false(runs(2));
	assert_true(core_cpu(2)->failed);
	assert_false(core_cpu(1)->failed);
	assert_int_equal(core_cpu(1)->run_state, CPU_OFF);
	assert_int_equal(read_fault().cpu, 1);
	host_stop();
}

static void failed_first_cpu_watches_on(void)
{
	start_alpha(1 << 1 | 1 << 2);
	ticking[2] = true;
	crash(1);
	wait_for(10 * PERIOD);
	assert_alive();
	/* comes back, and the other one is gone: the same timer */
	switch_on(2, 1);
	go_off(2);
	wait_for(10 * PERIOD);
	assert_alive();
	ticking[1] = false;
	wait_for(4 * PERIOD);
	assert_expired();
	host_stop();
}

static void cell_that_is_off_does_not_fail(void)
{
	start_alpha(1 << 1 | 1 << 2);
	go_off(1);
	go_off(2);
	wait_for(4 * PERIOD);
	assert_alive();
	assert_false(any_timer());
	start();
	assert_true(core_cpu(1)->arch.timer_on);
	wait_for(4 * PERIOD);
	assert_alive();
	host_stop();
}

static void crashed_cell_does_not_expire(void)
{
	start_alpha(1 << 1);
	crash(1);
	wait_for(4 * PERIOD);
	assert_int_equal(state(), COMM_STATE_FAILED);
	assert_int_equal(expiries(), 0);
	assert_false(any_timer());
	host_stop();
}

/* What it says about itself: its CPU waits for the manager, for ever if need be. */
static void cell_that_has_shut_down_does_not_fail(void)
{
	static const uint32_t ends[] = { COMM_STATE_SHUT_DOWN, COMM_STATE_FAILED, COMM_STATE_ABI_MISMATCH };

	start_alpha(1 << 1);
	ticking[1] = false;
	for (uint32_t n = 0; n < ARRAY_SIZE(ends); n++) {
		core_cell(1)->comm->cell_state = ends[n];
		wait_for(5 * PERIOD);
		assert_int_equal(state(), ends[n]);
		assert_int_equal(expiries(), 0);
		assert_true(runs(1));
	}
	/* and if it was not the end */
	core_cell(1)->comm->cell_state = COMM_STATE_LOCKED;
	wait_for(3 * PERIOD);
	assert_expired();
	host_stop();
}

static void nonsense_is_no_end(void)
{
	start_alpha(1 << 1);
	ticking[1] = false;
	core_cell(1)->comm->cell_state = 0xffffffff;
	wait_for(4 * PERIOD);
	assert_expired();
	host_stop();
}

static void manager_ends_it_at_once(void)
{
	start_alpha(1 << 1);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_false(any_timer());
	wait_for(5 * PERIOD);
	assert_int_equal(expiries(), 0);
	start();
	assert_true(core_cpu(1)->arch.timer_on);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_false(any_timer());
	for (uint32_t n = 0; n < 50; n++) {
		core_created(&alpha);
		assert_false(any_timer());
		start();
		assert_true(core_cpu(1)->arch.timer_on);
		if (n & 1)
			wait_for(PERIOD);
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
		assert_false(any_timer());
	}
	host_stop();
}

/* A check that comes late is no proof against the cell, which may have stood still like its CPU; two in a row are. */
static void late_check_is_forgiven_once(void)
{
	uint64_t begin = start_alpha(1 << 1);

	ticking[1] = false;
	host_post(1, wait_job, begin + GRACE + PERIOD + 20, 0, 0);
	wait_until(begin + GRACE + PERIOD + 40);
	assert_alive();
	/* the cell has made its CPU late again */
	host_post(1, wait_job, begin + GRACE + 4 * PERIOD, 0, 0);
	wait_until(begin + GRACE + 4 * PERIOD + 20);
	assert_expired();
	host_stop();
}

/* A late look at a cell that ticks leaves it a whole period to tick once more. */
static void late_look_takes_no_time_away(void)
{
	uint64_t begin = start_alpha(1 << 1), late = begin + GRACE + PERIOD - 20;

	wait_until(begin + GRACE - 20);
	ticking[1] = false;
	host_post(1, wait_job, late, 0, 0);
	wait_until(late + PERIOD - 20);
	assert_alive();
	wait_until(late + PERIOD + 20);
	assert_expired();
	host_stop();
}

static void little_late_is_not_forgiven(void)
{
	uint64_t begin = start_alpha(1 << 1);

	ticking[1] = false;
	host_post(1, wait_job, begin + GRACE + PERIOD - 10, 0, 0);
	wait_until(begin + GRACE + PERIOD + 10);
	assert_expired();
	host_stop();
}

/* Peers learn it as they learn any failure. */
static void peers_are_told(void)
{
	start_alpha(1 << 1 | 1 << 2);
	ivshmem_endpoint_at(root_cell.functions[0].endpoint)->interrupt_control = IVSHMEM_INT_ENABLE;
	ivshmem_set_state(core_cell(1)->functions[0].endpoint, 7);
	assert_int_equal(host_read32(LINK_STATE + 4), 7);
	host_clear_raised();
	ticking[1] = false;
	wait_for(4 * PERIOD);
	assert_expired();
	assert_int_equal(host_read32(LINK_STATE + 4), 0);
	assert_int_equal(host_raised_total(), 1);
	host_stop();
}

/* Two cells: the other one goes on. */
static void other_cell_goes_on(void)
{
	struct test_config beta;

	start_alpha(1 << 1);
	core_make_cell(&beta, "beta", 2, 3, RAM_LOW + MIB);
	add_watchdog(&beta);
	core_created(&beta);
	ticking[3] = true;
	host_set_guest(3, guest);
	core_started(2);
	ticking[1] = false;
	wait_for(20 * PERIOD);
	assert_expired();
	assert_int_equal(core_call(HC_CELL_GET_STATE, 2), COMM_STATE_RUNNING);
	host_stop();
}

/* --- restart policies of a bundle */

static void boot_watched(uint32_t on_failure, uint32_t max_restarts)
{
	make_bundle();
	for (uint32_t n = 0; n < BUNDLE_CELLS; n++) {
		add_watchdog(&bundle_cells[n]);
		pack_cell(n);
	}
	file.dir.cells[0].on_failure = on_failure;
	file.dir.cells[0].max_restarts = max_restarts;
	seal_bundle();
	for (uint32_t cpu = 1; cpu < HOST_NUM_CPUS; cpu++)
		host_set_guest(cpu, guest);
	ticking[1] = false;
	ticking[2] = true;
	boot_bundle();
	assert_int_equal(start_result, 0);
	assert_true(host_run(2, core_switch_on_job, 3, 0, 0));
}

/* There is no root CPU that could wait: the second one of beta. */
static int64_t wait_on_3(uint64_t ticks, uint64_t arg2, uint64_t arg3)
{
	return wait_job(arch_ticks() + ticks, arg2, arg3);
}

static void let_time_pass(uint64_t ticks)
{
	host_run(3, wait_on_3, ticks, 0, 0);
}

static void cell_is_restarted(void)
{
	boot_watched(BH_ON_FAILURE_RESTART, 2);
	let_time_pass(2 * GRACE);
	assert_true(core_cell(1)->watchdog.expiries >= 1);
	let_time_pass(4 * GRACE);
	assert_int_equal(core_cell(1)->watchdog.expiries, 3);
	assert_int_equal(core_cpu(1)->arch.resets, 3);
	assert_int_equal(core_cell(1)->comm->cell_state, COMM_STATE_FAILED);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" stays stopped: it was restarted 2 times"));
	assert_int_equal(core_cell(2)->watchdog.expiries, 0);
	assert_true(runs(2));
	host_stop();
}

static void machine_is_halted(void)
{
	boot_watched(BH_ON_FAILURE_HALT, 0);
	for (uint32_t n = 0; n < 2 * GRACE && !host_has_halted(1); n++)
		host_run(1, wait_job, arch_ticks() + 1, 0, 0);
	assert_true(host_is_off && host_has_halted(1));
	assert_int_equal(core_cell(1)->watchdog.expiries, 1);
}

/* --- in many orders */

/* Both CPUs switch the other one on whenever it is off: a cell whose watchdog has expired stays down all the same. */
static void stubborn_guest(struct percpu *cpu)
{
	for_each_cpu(id, &cpu->cell->cpus)
		if (id != cpu->cpu_id)
			cpu_switch_on(percpu_of(id), 0, 0);
	arch_relax();
}

static void siblings_do_not_revive_it(unsigned int seed)
{
	start_alpha(1 << 1 | 1 << 2);
	ticking[1] = false;
	host_set_guest(1, stubborn_guest);
	host_set_guest(2, stubborn_guest);
	wait_for(6 * PERIOD);
	assert_expired();
	assert_false(runs(2));
	assert_true(core_cpu(1)->failed && core_cpu(2)->failed);
	(void)seed;
	host_stop();
}

/* The manager ends or restarts the cell while it expires. */
static void managed_while_it_expires(unsigned int seed)
{
	static const uint64_t codes[] = { HC_CELL_DESTROY, HC_CELL_SET_LOADABLE, HC_CELL_START };
	uint64_t begin = start_alpha(1 << 1 | 1 << 2);

	ticking[1] = false;
	host_run(0, wait_job, begin + GRACE - 3 + seed % 8, 0, 0);
	assert_int_equal(core_call(codes[seed % 3], 1), 0);
	if (seed % 3 == 2) {
		assert_int_equal(state(), COMM_STATE_RUNNING);
		reached(core_cpu(1)->watches);
	} else {
		assert_false(any_timer());
	}
	wait_for(2 * GRACE);
	if (seed % 3 == 0)
		assert_int_equal(num_cells(), 1);
	else
		assert_int_equal(state(), seed % 3 == 1 ? COMM_STATE_SHUT_DOWN : COMM_STATE_FAILED);
	assert_false(any_timer());
	assert_false(runs(1) || runs(2));
	host_stop();
}

/* The core starts once in a process. */
static void in_many_orders(void (*test)(unsigned int seed))
{
	for (unsigned int seed = 1; seed <= 48; seed++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			host_set_order(HOST_RANDOM, seed);
			test(seed);
			free_images();
			exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("seed %u: status 0x%x", seed, (unsigned int)status);
	}
}

static void siblings_do_not_revive_it_in_many_orders(void)
{
	in_many_orders(siblings_do_not_revive_it);
}

static void managed_while_it_expires_in_many_orders(void)
{
	in_many_orders(managed_while_it_expires);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(ticking_cell_lives), CORE_TEST(cell_without_has_no_timer), CORE_TEST(silent_cell_fails),
		CORE_TEST(cell_that_stops_ticking_fails), CORE_TEST(each_change_counts), CORE_TEST(start_begins_anew),
		CORE_TEST(all_cpus_are_stopped), CORE_TEST(second_cpu_is_watched_alone),
		CORE_TEST(failed_first_cpu_watches_on), CORE_TEST(cell_that_is_off_does_not_fail),
		CORE_TEST(crashed_cell_does_not_expire), CORE_TEST(cell_that_has_shut_down_does_not_fail),
		CORE_TEST(nonsense_is_no_end), CORE_TEST(manager_ends_it_at_once), CORE_TEST(late_check_is_forgiven_once),
		CORE_TEST(late_look_takes_no_time_away),
		CORE_TEST(little_late_is_not_forgiven), CORE_TEST(peers_are_told), CORE_TEST(other_cell_goes_on),
		CORE_TEST(cell_is_restarted), CORE_TEST(machine_is_halted),
		CORE_TEST(siblings_do_not_revive_it_in_many_orders), CORE_TEST(managed_while_it_expires_in_many_orders),
	};

	return cmocka_run_group_tests_name("core_watchdog", tests, NULL, NULL);
}
