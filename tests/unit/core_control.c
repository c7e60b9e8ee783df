/* SPDX-License-Identifier: BSD-2-Clause */
/* Control of CPUs in many orders: suspend, park, reset, fail; managers that meet. */
#include "core_fixture.h"
#include "ivshmem_internal.h"
#include "vpci.h"
#include "hypercall.h"

#define EVIL	0xe711ull

static struct test_config alpha, beta;

static void start_in_order(unsigned int seed)
{
	host_set_order(HOST_RANDOM, seed);
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.flags = CFG_CELL_PASSIVE_COMM_REGION;
	core_make_cell(&beta, "beta", 2, 3, RAM_HIGH);
	beta.header.flags = CFG_CELL_PASSIVE_COMM_REGION;
}

/* For host_run(): suspend and resume another CPU. */
static int64_t suspend_job(uint64_t target, uint64_t times, uint64_t arg3)
{
	struct percpu *cpu = core_cpu((uint32_t)target);

	(void)arg3;
	management_lock();
	for (uint64_t n = 0; n < times; n++) {
		cpu_suspend(cpu);
		assert_true(cpu->suspended);
		assert_false(host_in_guest((uint32_t)target));
		/* whatever it was kicked for before, it does not run in circles */
		for (uint32_t turn = 0; turn < 1000 && !host_sleeps((uint32_t)target); turn++)
			arch_relax();
		assert_true(host_sleeps((uint32_t)target));
		assert_true(cpu->suspended);
		assert_false(host_in_guest((uint32_t)target));
		cpu_resume(cpu);
		assert_false(cpu->suspended);
	}
	management_unlock();
	return 0;
}

static void suspended_cpus_do_nothing(void)
{
	for (uint32_t n = 0; n < 2; n++) {
		if (n == 0)
			start_in_order(1);
		assert_int_equal(host_run(0, suspend_job, 1, 50, 0), 0);
		host_settle();
		assert_true(host_in_guest(1));
		core_switch_off(1);
		assert_int_equal(host_run(0, suspend_job, 1, 50, 0), 0);
		host_settle();
		assert_false(host_in_guest(1));
		assert_int_equal(host_run(0, core_switch_on_job, 1, 2, 3), true);
		host_settle();
	}
	host_stop();
}

static void managers_suspend_each_other(void)
{
	start_in_order(2);
	for (uint32_t round = 0; round < 20; round++) {
		host_post(0, suspend_job, 1, 3, 0);
		host_post(1, suspend_job, 2, 3, 0);
		host_post(2, suspend_job, 0, 3, 0);
		host_post(3, suspend_job, 2, 3, 0);
		for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
			host_wait(cpu);
	}
	host_stop();
}

static void nobody_runs_after(uint32_t code)
{
	assert_int_equal(core_call(code, 1), 0);
	for (uint32_t turn = 0; turn < 20; turn++)
		core_call(HC_HYPERVISOR_INFO, 0);
	for (uint32_t cpu = 1; cpu < 3; cpu++) {
		assert_false(host_in_guest(cpu));
		assert_false(core_cpu(cpu)->reset_request);
		assert_int_equal(core_cpu(cpu)->run_state, code == HC_CELL_DESTROY ? CPU_OFF : CPU_PARKED);
	}
}

/* Also without its memory. The others have theirs afterwards. */
static void cpu_that_does_not_answer(void)
{
	start_in_order(3);
	host_uart_text();
	host_stick(2);
	host_run(0, suspend_job, 2, 1, 0);
	assert_true(host_has_halted(0));
	assert_non_null(strstr(host_uart_text(), "PANIC on CPU 0: CPU 2 does not answer\r\n"));
	assert_int_equal(host_run(1, core_switch_on_job, 3, 0, 0), false);
}

static void assert_came_without_memory(uint32_t cpu, const char *cell, const char *text)
{
	char line[80];

	snprintf(line, sizeof(line), "cell \"%s\", CPU %u: took no kick\r\n", cell, cpu);
	if (!strstr(text, line))
		fail_msg("no line \"%s\" in \"%s\"", line, text);
}

/* A root CPU goes on afterwards, and so do its siblings. */
static void root_cpu_that_is_deaf(void)
{
	start_in_order(10);
	host_uart_text();
	host_deafen(2);
	assert_int_equal(host_run(0, suspend_job, 2, 3, 0), 0);
	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		assert_true(host_in_guest(cpu));
	assert_came_without_memory(2, "qemu-arm64", host_uart_text());
	/* it hears again */
	assert_int_equal(host_run(0, suspend_job, 2, 3, 0), 0);
	assert_null(strstr(host_uart_text(), "kick"));
	host_stop();
}

/* Stopped and started again and destroyed, with a CPU that is on, off, or failed, and a sibling that is on. */
static void cell_cpu_that_is_deaf(void)
{
	start_in_order(11);
	core_switch_off(1);
	core_switch_off(2);
	alpha.cpus[0] = 0x06;
	for (uint32_t round = 0; round < 30; round++) {
		uint32_t code = round / 3 % 2 ? HC_CELL_SET_LOADABLE : HC_CELL_DESTROY;

		core_created(&alpha);
		core_started(1);
		assert_int_equal(host_run(1, core_switch_on_job, 2, 0, 0), true);
		host_settle();
		if (round % 3 == 1)
			core_switch_off(1);
		else if (round % 3 == 2)
			core_fail(1);
		assert_int_equal(host_in_guest(1), round % 3 == 0);
		assert_true(host_in_guest(2));
		host_uart_text();
		host_deafen(1);
		nobody_runs_after(code);
		/* one that waited in the hypervisor has not been in its guest */
		if (round % 3 == 0)
			assert_came_without_memory(1, "alpha", host_uart_text());
		if (code != HC_CELL_DESTROY)
			assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	}
	host_stop();
}

static int64_t resume_job(uint64_t target, uint64_t sticks, uint64_t arg3)
{
	struct percpu *cpu = core_cpu((uint32_t)target);

	(void)arg3;
	management_lock();
	cpu_suspend(cpu);
	while (!host_sleeps((uint32_t)target))
		arch_relax();
	if (sticks)
		host_stick((uint32_t)target);
	else
		host_deafen((uint32_t)target);
	cpu_resume(cpu);
	assert_false(cpu->suspended);
	management_unlock();
	return 0;
}

/* It is woken in the other way, too. */
static void cpu_that_is_deaf_when_suspended(void)
{
	start_in_order(3);
	host_uart_text();
	assert_int_equal(host_run(0, resume_job, 2, false, 0), 0);
	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		assert_true(host_in_guest(cpu));
	assert_string_equal(host_uart_text(), "");
	assert_int_equal(host_run(0, resume_job, 2, false, 0), 0);
	host_stop();
}

static void cpu_that_does_not_go_on(void)
{
	start_in_order(3);
	host_uart_text();
	host_run(0, resume_job, 2, true, 0);
	assert_true(host_has_halted(0));
	assert_non_null(strstr(host_uart_text(), "PANIC on CPU 0: CPU 2 does not answer\r\n"));
}

static int64_t panic_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	panic("test");
}

/* One that hit an error of the hypervisor counts as suspended: the others can be managed. */
static void cpu_that_panicked(void)
{
	start_in_order(9);
	core_created(&alpha);
	core_started(1);
	host_run(1, panic_job, 0, 0, 0);
	assert_true(host_has_halted(1));
	core_created(&beta);
	core_started(2);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	host_stop();
}

/* What it had goes back, and nobody is told that it starts on it. */
static void cell_whose_first_cpu_panicked(void)
{
	static const char stopped[] = "CPU 1 has stopped for good\r\n";

	start_in_order(9);
	alpha.cpus[0] = 0x06;
	core_created(&alpha);
	core_started(1);
	assert_int_equal(host_run(1, core_switch_on_job, 2, 0, 0), true);
	host_settle();
	host_run(1, panic_job, 0, 0, 0);
	host_uart_text();
	/* nor is what runs of it stopped */
	for (uint32_t round = 0; round < 2; round++) {
		assert_int_equal(core_call(HC_CELL_START, 1), -EIO);
		assert_string_equal(host_reason(), "the first CPU of cell \"alpha\" has stopped for good");
		host_settle();
		assert_int_equal(host_in_guest(2), round == 0);
		assert_null(strstr(host_uart_text(), "started"));
		assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	}
	assert_null(strstr(host_uart_text(), stopped));
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_non_null(strstr(host_uart_text(), stopped));
	/* the next one starts as little there, but elsewhere */
	core_created(&alpha);
	assert_int_equal(core_call(HC_CELL_START, 1), -EIO);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	alpha.cpus[0] = 0x04;
	core_created(&alpha);
	core_started(1);
	host_settle();
	assert_true(host_in_guest(2));
	host_stop();
}

static void off_and_on(void)
{
	start_in_order(4);
	/* nobody switches on what runs */
	assert_int_equal(host_run(0, core_switch_on_job, 1, EVIL, 0), false);
	for (uint64_t n = 1; n < 50; n++) {
		uint32_t parks = core_cpu(1)->arch.parks;

		core_switch_off(1);
		assert_int_equal(core_cpu(1)->arch.parks, parks + 1);
		assert_int_equal(host_run(0, core_switch_on_job, 1, n, n + 1), true);
		/* the first one counts, even if it has not been obeyed yet */
		host_run(2, core_switch_on_job, 1, EVIL, 0);
		host_settle();
		assert_true(host_in_guest(1));
		assert_int_equal(core_cpu(1)->arch.resets, n);
		assert_int_equal(core_cpu(1)->arch.entry, n);
		assert_int_equal(core_cpu(1)->arch.context, n + 1);
	}
	host_stop();
}

/* A parked CPU that has not failed belongs to a stopped cell: not even its siblings may switch it on. */
static void parked_is_not_off(void)
{
	start_in_order(5);
	core_created(&alpha);
	assert_int_equal(host_run(0, core_switch_on_job, 1, EVIL, 0), false);
	core_started(1);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_int_equal(host_run(0, core_switch_on_job, 1, EVIL, 0), false);
	host_settle();
	assert_false(host_in_guest(1));
	host_stop();
}

/* A cell of two CPUs, one of which fails, while the other switches it on when it is being managed. */

static void fails_once(struct percpu *cpu)
{
	if (!cpu->cell->is_root && cpu->arch.entry != EVIL)
		cpu_fail();
}

static void revives_its_sibling(struct percpu *cpu)
{
	if (!cpu->cell->is_root && core_cpu(1)->suspend_request)
		cpu_switch_on(core_cpu(1), EVIL, 0);
}

static void failed_cpus_cannot_be_revived_by_a_cell_that_ends(void)
{
	start_in_order(6);
	core_switch_off(1);
	core_switch_off(2);
	alpha.cpus[0] = 0x06;
	host_set_guest(1, fails_once);
	host_set_guest(2, revives_its_sibling);
	for (uint32_t round = 0; round < 100; round++) {
		core_cpu(1)->arch.entry = 0;
		core_created(&alpha);
		assert_int_equal(core_call(HC_CELL_START, 1), 0);
		/* the boot CPU fails; the other one is switched on by the test in its place */
		while (!core_cpu(1)->failed)
			core_call(HC_HYPERVISOR_INFO, 0);
		host_run(0, core_switch_on_job, 2, 0, 0);
		while (core_cpu(2)->run_state != CPU_RUNNING)
			core_call(HC_HYPERVISOR_INFO, 0);
		if (round % 2)
			nobody_runs_after(HC_CELL_SET_LOADABLE);
		nobody_runs_after(HC_CELL_DESTROY);
	}
	host_stop();
}

static void revives_its_sibling_when_told(struct percpu *cpu)
{
	if (!cpu->cell->is_root && cpu->cell->comm->msg_to_cell)
		cpu_switch_on(core_cpu(1), EVIL, 0);
}

/* The same while it is told of a reconfiguration, and does not answer. */
static void cell_that_gave_up_stays_stopped(void)
{
	start_in_order(7);
	core_switch_off(1);
	core_switch_off(2);
	alpha.cpus[0] = 0x06;
	alpha.header.flags = 0;
	alpha.header.msg_reply_timeout = 3;
	host_set_guest(1, fails_once);
	host_set_guest(2, revives_its_sibling_when_told);
	for (uint32_t round = 0; round < 60; round++) {
		core_cpu(1)->arch.entry = 0;
		core_created(&alpha);
		assert_int_equal(core_call(HC_CELL_START, 1), 0);
		/* with its only running CPU the cell fails; the test has it go on */
		while (core_cell(1)->comm->cell_state != COMM_STATE_FAILED)
			core_call(HC_HYPERVISOR_INFO, 0);
		host_run(0, core_switch_on_job, 2, 0, 0);
		while (core_cpu(2)->run_state != CPU_RUNNING)
			core_call(HC_HYPERVISOR_INFO, 0);
		core_cell(1)->comm->cell_state = COMM_STATE_RUNNING;
		core_created(&beta);
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
		for (uint32_t turn = 0; turn < 20; turn++)
			core_call(HC_HYPERVISOR_INFO, 0);
		assert_false(host_in_guest(1));
		assert_false(host_in_guest(2));
		assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
		assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	}
	host_stop();
}

/* Two root CPUs manage the same cells. */
static int64_t manage_job(uint64_t seed, uint64_t rounds, uint64_t config)
{
	unsigned int state = (unsigned int)seed;

	for (uint64_t n = 0; n < rounds; n++) {
		uint32_t id = 1 + (uint32_t)rand_r(&state) % 2;
		int64_t result;

		switch (rand_r(&state) % 5) {
		case 0:
			result = cell_create(GUEST_ADDR(config + (id - 1) * 0x1000));
			assert_true(result == 0 || result == -EEXIST);
			break;
		case 1:
			result = cell_start(id);
			assert_true(result == 0 || result == -ENOENT);
			break;
		case 2:
			result = cell_set_loadable(id);
			assert_true(result == 0 || result == -ENOENT);
			break;
		case 3:
			result = cell_get_state(id);
			assert_true(result == COMM_STATE_RUNNING || result == COMM_STATE_SHUT_DOWN ||
				    result == -ENOENT);
			break;
		default:
			result = cell_destroy(id);
			assert_true(result == 0 || result == -ENOENT);
			break;
		}
	}
	return 0;
}

static void two_managers(void)
{
	struct core_snapshot before;

	start_in_order(8);
	core_switch_off(1);
	core_switch_off(3);
	core_place(&alpha, CONFIG_AT);
	core_place(&beta, CONFIG_AT + 0x1000);
	core_snapshot(&before);
	host_post(0, manage_job, 1, 150, CONFIG_AT);
	host_post(2, manage_job, 2, 150, CONFIG_AT);
	host_wait(0);
	host_wait(2);
	core_call(HC_CELL_DESTROY, 1);
	core_call(HC_CELL_DESTROY, 2);
	core_assert_unchanged(&before);
	host_stop();
}

static uint32_t served[HOST_NUM_CPUS], num_served;

static int64_t be_served_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	management_lock();
	served[num_served++] = this_cpu()->cpu_id;
	management_unlock();
	return 0;
}

static int64_t let_others_run_job(uint64_t turns, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	while (turns--)
		arch_relax();
	return 0;
}

static int64_t lock_job(uint64_t lock, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	if (lock)
		management_lock();
	else
		management_unlock();
	return 0;
}

/* Nobody is overtaken, whatever the order in which those who wait look at the lock. */
static void managers_are_served_in_order(void)
{
	start_in_order(11);
	for (uint32_t round = 0; round < 20; round++) {
		num_served = 0;
		host_run(0, lock_job, true, 0, 0);
		for (uint32_t cpu = 3; cpu >= 1; cpu--) {
			host_post(cpu, be_served_job, 0, 0, 0);
			/* then it waits for the lock */
			host_run(0, let_others_run_job, 50, 0, 0);
		}
		host_run(0, lock_job, false, 0, 0);
		for (uint32_t cpu = 1; cpu < HOST_NUM_CPUS; cpu++)
			host_wait(cpu);
		assert_int_equal(num_served, 3);
		for (uint32_t n = 0; n < 3; n++)
			assert_int_equal(served[n], 3 - n);
	}
	host_stop();
}

static int64_t hand_over_job(uint64_t target, uint64_t arg2, uint64_t arg3)
{
	cpu_switch_on(core_cpu((uint32_t)target), arg2, arg3);
	cpu_switch_off();
	return 0;
}

static uint32_t occurrences(const char *text, const char *what)
{
	uint32_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

/*
 * While CPU 1 stops, CPU 2 switches it on again and stops, too. Either this comes too late and the cell has failed,
 * which is said once; or CPU 1 runs, and it has not.
 */
static void cell_fails_if_nobody_runs_any_more(void)
{
	bool too_late[2] = { false, false };

	start_in_order(10);
	alpha.cpus[0] = 0x0e;
	core_created(&alpha);
	for (uint32_t round = 0; round < 100; round++) {
		core_started(1);
		assert_true(host_run(1, core_switch_on_job, 2, 0, 0));
		assert_true(host_run(1, core_switch_on_job, 3, 0, 0));
		host_settle();
		core_fail(3);
		host_uart_text();

		/* one that runs is not switched on: with itself as target a CPU only stops */
		host_post(1, round % 2 ? core_fail_job : hand_over_job, 1, 0, 0);
		host_post(2, hand_over_job, 1, 0, 0);
		host_settle();
		too_late[!host_in_guest(1)] = true;
		assert_int_equal(host_hypercall(0, HC_CELL_GET_STATE, 1, 0),
				 host_in_guest(1) ? COMM_STATE_RUNNING : COMM_STATE_FAILED);
		assert_int_equal(occurrences(host_uart_text(), "cell \"alpha\" failed\r\n"), host_in_guest(1) ? 0 : 1);
	}
	assert_true(too_late[0] && too_late[1]);
	host_stop();
}

static int64_t violate_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	this_cpu()->report = REPORT_VIOLATION;
	cpu_fail();
	return 0;
}

static int64_t call_job(uint64_t code, uint64_t arg1, uint64_t arg2)
{
	assert_int_equal(hypercall(code, arg1, arg2), 0);
	return 0;
}

/*
 * What a CPU says about its failing is said once, in order, and before the cell is told to be anything else, whoever comes
 * meanwhile. Who manages it does not wait for that, but says the rest.
 */
static void all_is_said(void)
{
	static const uint32_t codes[] = { HC_CELL_SET_LOADABLE, HC_CELL_START, HC_CELL_DESTROY };
	bool by_itself = false, by_manager = false;

	start_in_order(11);
	core_created(&alpha);
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t code = codes[round % ARRAY_SIZE(codes)];
		const char *text, *begin, *place, *told;
		char line[64];

		core_started(1);
		host_uart_text();
		host_post(1, violate_job, 0, 0, 0);
		for (uint32_t turns = round / 3; turns > 0; turns--)
			arch_relax();
		host_post(0, call_job, code, 1, 0);
		host_settle();
		text = host_uart_text();
		if (code == HC_CELL_DESTROY)
			core_created(&alpha);
		begin = place = strstr(text, "CPU 1: violation");
		/* the manager may have been there before the guest did anything */
		if (!begin)
			continue;
		assert_int_equal(occurrences(text, "violation"), VIOLATION_LINES);
		for (uint32_t left = VIOLATION_LINES; left-- > 0;) {
			snprintf(line, sizeof(line), "CPU 1: violation, line %u, by", left);
			place = strstr(place, line);
			assert_non_null(place);
		}
		place = strstr(place, "cell \"alpha\" failed\r\n");
		assert_non_null(place);
		told = strstr(text, code == HC_CELL_DESTROY ? "destroyed" : "started");
		assert_true(!told || told < begin || told > place);
		by_itself |= strstr(text, "by CPU 1") != NULL;
		by_manager |= strstr(text, "by CPU 0") != NULL;
	}
	assert_true(by_itself && by_manager);
	host_stop();
}

/* A cell that is started anew and then goes off has not failed, whatever was before. */
static void failure_is_over_with_the_next_start(void)
{
	start_in_order(14);
	core_created(&alpha);
	for (uint32_t round = 0; round < 4; round++) {
		core_started(1);
		host_settle();
		core_fail(1);
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
		if (round % 2)
			core_started(1);
		else
			assert_int_equal(core_call(HC_CELL_START, 1), 0);
		host_settle();
		core_go_off(1);
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	}
	host_stop();
}

#define LINKS	3u

static uint64_t state_table(uint32_t link)
{
	return link ? RAM_HIGH + link * 0x10000 : LINK_STATE;
}

/* Links beside that with the root cell, which no other cell joins */
static void add_lonely_links(struct test_config *config)
{
	for (uint32_t n = 1; n < LINKS; n++) {
		uint32_t first = config->header.num_memory_regions;

		for (uint32_t section = 0; section < 4; section++)
			add_memory(config, state_table(n) + section * PAGE_SIZE, 0xf0000000 + n * MIB + section * PAGE_SIZE, PAGE_SIZE,
				   CFG_MEM_READ | (section % 2 ? CFG_MEM_WRITE : 0));
		config->irqchips[0].pin_bitmap[0] |= 1u << (8 + n);
		add_ivshmem(config, (uint16_t)(n << 3), first, 1, 2);
	}
}

/* Peers of all links learn it when a cell ends, and nothing is left to be told later. */
static void peers_of_all_links_are_told(void)
{
	start_in_order(13);
	core_add_link(&alpha);
	add_lonely_links(&alpha);
	core_created(&alpha);
	for (uint32_t round = 0; round < 20; round++) {
		core_started(1);
		host_settle();
		for (uint32_t n = 0; n < LINKS; n++) {
			ivshmem_set_state(core_cell(1)->functions[n].endpoint, 7);
			assert_int_equal(host_read32(state_table(n) + 4), 7);
		}
		if (round % 2)
			core_fail(1);
		else
			core_go_off(1);
		host_settle();
		for (uint32_t n = 0; n < LINKS; n++)
			assert_int_equal(host_read32(state_table(n) + 4), 0);
		assert_int_equal(core_cpu(1)->report, 0);
	}
	host_stop();
}

/* Also before another CPU of the cell has switched it on again. */
static void all_is_said_before_it_goes_on(void)
{
	bool goes_on = false;

	start_in_order(12);
	alpha.cpus[0] = 0x0e;
	core_created(&alpha);
	for (uint32_t round = 0; round < 100; round++) {
		core_started(1);
		assert_true(host_run(1, core_switch_on_job, 2, 0, 0));
		host_settle();
		host_uart_text();
		host_post(1, violate_job, 0, 0, 0);
		for (uint32_t turns = round; turns > 0; turns--)
			arch_relax();
		host_post(2, core_switch_on_job, 1, 0, 0);
		host_settle();
		goes_on |= host_in_guest(1);
		assert_int_equal(occurrences(host_uart_text(), "violation"), VIOLATION_LINES);
		assert_int_equal(core_cpu(1)->report, 0);
	}
	assert_true(goes_on);
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_control[] = {
		CORE_TEST(suspended_cpus_do_nothing),
		CORE_TEST(managers_suspend_each_other),
		CORE_TEST(cpu_that_does_not_answer),
		CORE_TEST(root_cpu_that_is_deaf),
		CORE_TEST(cell_cpu_that_is_deaf),
		CORE_TEST(cpu_that_is_deaf_when_suspended),
		CORE_TEST(cpu_that_does_not_go_on),
		CORE_TEST(cpu_that_panicked),
		CORE_TEST(cell_whose_first_cpu_panicked),
		CORE_TEST(off_and_on),
		CORE_TEST(parked_is_not_off),
		CORE_TEST(failed_cpus_cannot_be_revived_by_a_cell_that_ends),
		CORE_TEST(cell_that_gave_up_stays_stopped),
		CORE_TEST(two_managers),
		CORE_TEST(managers_are_served_in_order),
		CORE_TEST(cell_fails_if_nobody_runs_any_more),
		CORE_TEST(all_is_said),
		CORE_TEST(failure_is_over_with_the_next_start),
		CORE_TEST(peers_of_all_links_are_told),
		CORE_TEST(all_is_said_before_it_goes_on),
	};

	return cmocka_run_group_tests(core_control, NULL, NULL);
}
