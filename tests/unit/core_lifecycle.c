/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, set loadable, destroy, states and messages of cells. */
#include "core_fixture.h"
#include "host.h"
#include "ivshmem_internal.h"
#include "vpci.h"

static struct test_config alpha, beta;

static void start_with_alpha(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_make_cell(&beta, "beta", 2, 2, RAM_HIGH);
	core_created(&alpha);
}

static struct comm_region *comm_of(uint32_t id)
{
	return core_cell(id)->comm;
}

/* Guests that answer messages */

static uint32_t received[HOST_NUM_CPUS], messages[HOST_NUM_CPUS], answer[HOST_NUM_CPUS];

static void answering_guest(struct percpu *cpu)
{
	struct comm_region *comm = cpu->cell->comm;
	uint32_t message = comm->msg_to_cell;

	if (!message)
		return;
	received[cpu->cpu_id] = message;
	messages[cpu->cpu_id]++;
	comm->msg_to_cell = COMM_MSG_NONE;
	comm->reply_from_cell = answer[cpu->cpu_id];
}

static void guest_answers(uint32_t cpu, uint32_t reply)
{
	answer[cpu] = reply;
	host_set_guest(cpu, answering_guest);
}

static void guest_stops_by_state(struct percpu *cpu)
{
	if (cpu->cell->comm->msg_to_cell == COMM_MSG_SHUTDOWN)
		cpu->cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
}

static const uint32_t managing[] = { HC_CELL_START, HC_CELL_SET_LOADABLE, HC_CELL_DESTROY };

static void common_checks(void)
{
	struct core_snapshot before;

	start_with_alpha();
	core_started(1);
	core_snapshot(&before);
	for (uint32_t n = 0; n < ARRAY_SIZE(managing); n++) {
		refused(core_call(managing[n], 5), -ENOENT, "there is no cell with id 5");
		refused(core_call(managing[n], UINT64_MAX), -ENOENT, "there is no cell with id 4294967295");
		/* not cut to 32 bits, where it would be cell 1 */
		refused(core_call(managing[n], 0x100000001), -ENOENT, "there is no cell with id 4294967295");
		refused(core_call(managing[n], 0), -EINVAL,
			"cell \"qemu-arm64\" is the root cell: it cannot be started, loaded or destroyed");
		refuse_clear();
		assert_int_equal(host_hypercall(1, managing[n], 1, 0), -EPERM);
		assert_int_equal(host_hypercall(1, managing[n], 5, 0), -EPERM);
		assert_string_equal(host_reason(), "");
	}
	core_assert_unchanged(&before);
	assert_true(host_in_guest(1));
	host_stop();
}

static void denied_shutdown(void)
{
	static const uint32_t denials[] = {
		COMM_REPLY_UNKNOWN, COMM_REPLY_DENIED, COMM_REPLY_RECEIVED, 5, UINT32_MAX
	};
	struct core_snapshot before;

	start_with_alpha();
	core_started(1);
	core_snapshot(&before);
	for (uint32_t n = 0; n < ARRAY_SIZE(denials) * ARRAY_SIZE(managing); n++) {
		guest_answers(1, denials[n / ARRAY_SIZE(managing)]);
		refused(core_call(managing[n % ARRAY_SIZE(managing)], 1), -EPERM,
			"cell \"alpha\" denied the shutdown request");
		assert_int_equal(received[1], COMM_MSG_SHUTDOWN);
		assert_int_equal(messages[1], n + 1);
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	}
	core_assert_unchanged(&before);
	guest_answers(1, COMM_REPLY_APPROVED);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_stop();
}

static void stopping_by_state_approves(void)
{
	start_with_alpha();
	core_started(1);
	host_set_guest(1, guest_stops_by_state);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_true(core_cell(1)->loadable);
	host_stop();
}

/* States 2 to 4 are terminal: nobody is asked. */
static void stopped_cells_are_not_asked(void)
{
	start_with_alpha();
	for (uint32_t state = COMM_STATE_SHUT_DOWN; state <= COMM_STATE_ABI_MISMATCH; state++) {
		uint64_t start = arch_ticks();

		core_started(1);
		comm_of(1)->cell_state = state;
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), state);
		assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
		assert_true(core_cell(1)->loadable);
		assert_true(arch_ticks() - start < HOST_TICKS_PER_SECOND);
	}
	host_stop();
}

static void passive_cells_are_not_asked(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.flags = CFG_CELL_PASSIVE_COMM_REGION;
	core_created(&alpha);
	core_started(1);
	guest_answers(1, COMM_REPLY_DENIED);
	comm_of(1)->msg_to_cell = 77;
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	assert_int_equal(comm_of(1)->msg_to_cell, 0);	/* rebuilt, not sent */
	comm_of(1)->msg_to_cell = 0;
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_int_equal(comm_of(1)->msg_to_cell, 0);
	host_stop();
}

static void silent_cell(uint64_t timeout)
{
	uint64_t start;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.msg_reply_timeout = timeout;
	core_created(&alpha);
	core_started(1);
	host_uart_text();
	start = arch_ticks();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_true(core_cell(1)->loadable);
	assert_false(host_in_guest(1));
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" does not answer messages: stopped\r\n"));
	if (timeout)
		assert_true(arch_ticks() - start < HOST_TICKS_PER_SECOND);
	else
		assert_true(arch_ticks() - start > 2 * HOST_TICKS_PER_SECOND);
	host_stop();
}

static void silent_cell_with_timeout(void)
{
	silent_cell(10);
}

static void silent_cell_without_timeout(void)
{
	silent_cell(0);
}

/* Counted in looks at the reply, the first of which is before any wait. */
static uint32_t looks;

static void guest_answers_late(struct percpu *cpu)
{
	if (cpu->cell->comm->msg_to_cell && ++looks == 5)
		cpu->cell->comm->reply_from_cell = COMM_REPLY_DENIED;
}

static void answer_within_the_timeout(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.msg_reply_timeout = 100;
	core_created(&alpha);
	core_started(1);
	host_set_guest(1, guest_answers_late);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), -EPERM);
	host_stop();
}

/* A reply that was there before the question is none. */
static void old_replies_do_not_count(void)
{
	start_with_alpha();
	core_started(1);
	comm_of(1)->reply_from_cell = COMM_REPLY_APPROVED;
	guest_answers(1, COMM_REPLY_DENIED);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), -EPERM);
	host_stop();
}

static void reconfiguration_is_announced(void)
{
	start_with_alpha();
	core_started(1);
	guest_answers(1, COMM_REPLY_RECEIVED);
	core_created(&beta);
	assert_int_equal(received[1], COMM_MSG_RECONFIGURED);
	assert_int_equal(messages[1], 1);
	/* any other answer is as good */
	guest_answers(1, COMM_REPLY_DENIED);
	assert_int_equal(core_call(HC_CELL_DESTROY, 2), 0);
	assert_int_equal(messages[1], 2);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	/* start and set loadable are no reconfiguration */
	core_created(&beta);
	messages[1] = 0;
	core_started(2);
	assert_int_equal(messages[1], 0);
	host_stop();
}

static void silence_on_information(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_make_cell(&beta, "beta", 2, 2, RAM_HIGH);
	beta.header.msg_reply_timeout = 10;
	core_created(&alpha);
	core_created(&beta);
	core_started(1);
	core_started(2);
	core_make_cell(&alpha, "gamma", 3, 3, RAM_LOW + MIB);
	core_created(&alpha);
	/* with a timeout it had its chance; without one it has all the time it wants */
	assert_int_equal(core_call(HC_CELL_GET_STATE, 2), COMM_STATE_FAILED);
	assert_false(host_in_guest(2));
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	assert_true(host_in_guest(1));
	host_stop();
}

static void locked_cell_protects_others(void)
{
	start_with_alpha();
	core_created(&beta);
	core_started(1);
	comm_of(1)->cell_state = COMM_STATE_LOCKED;
	refused(core_call(HC_CELL_DESTROY, 2), -EPERM,
		"cell \"alpha\" is in state running/locked: shut it down first");
	/* but not from being started or loaded, and not itself */
	core_started(2);
	guest_answers(1, COMM_REPLY_APPROVED);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_stop();
}

static void states(void)
{
	start_with_alpha();
	assert_int_equal(core_call(HC_CELL_GET_STATE, 0), COMM_STATE_RUNNING);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_SHUT_DOWN);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 2), -ENOENT);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 0x100000001), -ENOENT);
	core_started(1);
	for (uint32_t state = 0; state <= COMM_STATE_ABI_MISMATCH; state++) {
		comm_of(1)->cell_state = state;
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), state);
	}
	comm_of(1)->cell_state = COMM_STATE_ABI_MISMATCH + 1;
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), -EINVAL);
	comm_of(1)->cell_state = 0x80000000;
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), -EINVAL);
	assert_int_equal(host_hypercall(1, HC_CELL_GET_STATE, 1, 0), -EPERM);
	host_stop();
}

static void expect_bytes(const uint8_t *page, uint32_t offset, const char *hex)
{
	for (uint32_t n = 0; hex[2 * n]; n++) {
		char text[3];

		snprintf(text, sizeof(text), "%02x", page[offset + n]);
		if (memcmp(text, hex + 2 * n, 2))
			fail_msg("byte 0x%x is %s, not %.2s", offset + n, text, hex + 2 * n);
	}
}

static void communication_region_at_start(void)
{
	const uint8_t *page;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.flags = CFG_CELL_CONSOLE_ACTIVE;
	alpha.header.vpci_irq_base = 0x12345678;
	alpha.header.console = (struct cfg_console){
		.address = 0x0102030405060708, .size = 0x11121314, .type = 0x2122, .flags = 0x3132,
		.divider = 0x41424344, .gate_nr = 0x51525354, .clock_reg = 0x6162636465666768,
	};
	core_created(&alpha);
	page = (const uint8_t *)comm_of(1);
	memset(comm_of(1), 0xee, PAGE_SIZE);
	comm_of(1)->cell_state = COMM_STATE_SHUT_DOWN;
	core_started(1);
	expect_bytes(page, 0x00, "4a48434f4d4d" "0200" "00000000" "00000000" "00000000" "02000000");
	expect_bytes(page, 0x18, "0807060504030201" "14131211" "2221" "3231" "44434241" "54535251" "6867666564636261");
	expect_bytes(page, 0x38, "0000e00800000000" "03" "00000000000000");
	expect_bytes(page, 0x48, "0000000800000000" "0000000000000000" "00000a0800000000" "78563412");
	for (uint32_t at = 0x64; at < PAGE_SIZE; at++)
		assert_int_equal(page[at], 0);
	host_stop();
}

static void console_flags_are_independent(void)
{
	start_with_alpha();
	beta.header.flags = CFG_CELL_CONSOLE_PERMITTED;
	core_created(&beta);
	core_started(1);
	core_started(2);
	assert_int_equal(comm_of(1)->flags, 0);
	assert_int_equal(comm_of(2)->flags, COMM_FLAG_PUTC_PERMITTED);
	host_stop();
}

static void only_the_first_cpu_starts(void)
{
	struct cell *cell;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 3, RAM_LOW);
	alpha.cpus[0] = 0x0c;
	alpha.header.cpu_reset_address = 0x1234;
	core_created(&alpha);
	cell = core_cell(1);
	core_started(1);
	assert_true(host_in_guest(2));
	assert_int_equal(core_cpu(2)->arch.entry, 0x1234);
	assert_int_equal(core_cpu(2)->arch.context, 0);
	assert_false(core_cpu(2)->arch.by_sibling);
	assert_int_equal(core_cpu(2)->arch.resets, 1);
	assert_false(host_in_guest(3));
	assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
	assert_int_equal(core_cpu(3)->arch.resets, 0);

	assert_true(host_run(2, core_switch_on_job, 3, 0x4321, 99));
	host_settle();
	assert_true(host_in_guest(3));
	assert_int_equal(core_cpu(3)->arch.entry, 0x4321);
	assert_int_equal(core_cpu(3)->arch.context, 99);
	assert_true(core_cpu(3)->arch.by_sibling);
	assert_false(host_run(2, core_switch_on_job, 3, 0x4321, 99));

	/* a running cell is started anew */
	cell->comm->cell_state = COMM_STATE_FAILED;
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	host_settle();
	assert_int_equal(core_cpu(2)->arch.resets, 2);
	assert_true(host_in_guest(2));
	assert_int_equal(core_cpu(3)->run_state, CPU_OFF);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	host_stop();
}

static void start_resets_what_the_cell_has(void)
{
	uint32_t resets;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	core_created(&alpha);
	resets = host_spis[40].resets;
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_int_equal(host_spis[40].resets, resets + 1);
	assert_int_equal(host_cleaned(RAM_LOW), 1);	/* by its creation */
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	assert_int_equal(host_spis[40].resets, resets + 2);
	assert_int_equal(host_spis[41].resets, 0);
	assert_int_equal(host_cleaned(RAM_LOW), 2);
	assert_int_equal(host_cleaned(RAM_LOW + 64 * KIB - 1), 2);
	assert_int_equal(host_cleaned(RAM_LOW + 64 * KIB), 0);
	assert_int_equal(host_cleaned(virt_to_host(comm_of(1)).value + PAGE_SIZE - 1), 1);
	/* its signature: what the cell reads with its caches off is there */
	assert_int_equal(host_first_cleaned(virt_to_host(comm_of(1)).value), COMM_SIGNATURE[0]);
	host_stop();
}

static void loadable_twice_is_no_error(void)
{
	start_with_alpha();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_true(core_cell(1)->loadable);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_SHUT_DOWN);
	host_stop();
}

static void failed_cpus_and_cells(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] = 0x06;
	core_created(&alpha);
	core_started(1);
	host_run(1, core_switch_on_job, 2, 0, 0);
	host_settle();
	core_fail(2);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 2, CPU_INFO_STATE), CPU_STATE_FAILED);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STATE), CPU_STATE_RUNNING);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_RUNNING);
	/* a sibling may switch it on again; the mark stays */
	assert_true(host_run(1, core_switch_on_job, 2, 0x77, 0));
	host_settle();
	assert_true(host_in_guest(2));
	assert_int_equal(core_cpu(2)->arch.entry, 0x77);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 2, CPU_INFO_STATE), CPU_STATE_FAILED);

	core_fail(2);
	core_fail(1);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" failed\r\n"));
	core_started(1);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STATE), CPU_STATE_RUNNING);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 2, CPU_INFO_STATE), CPU_STATE_RUNNING);
	assert_true(host_in_guest(1));
	host_stop();
}

/* A cell is also dead if the CPUs that have not failed are off. */
static void last_running_cpu_fails(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] = 0x06;
	core_created(&alpha);
	core_started(1);
	core_fail(1);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STATE), CPU_STATE_RUNNING);
	host_stop();
}

/* State of the cell on its link, with the root cell as a peer that listens; one that is gone leaves none. */

static uint32_t endpoint_of(uint32_t id)
{
	return core_cell(id)->functions[0].endpoint;
}

static void announced(uint32_t cpu)
{
	host_settle();
	assert_true(host_in_guest(cpu));
	assert_int_equal(host_read32(LINK_STATE + 4), 0);
	ivshmem_set_state(endpoint_of(1), 7);
	assert_int_equal(host_read32(LINK_STATE + 4), 7);
	host_clear_raised();
}

#define gone() do {						\
	host_settle();						\
	assert_int_equal(host_read32(LINK_STATE + 4), 0);	\
	assert_int_equal(host_raised_total(), 1);		\
} while (0)

static void whoever_goes_leaves_no_state(void)
{
	core_start();
	ivshmem_endpoint_at(endpoint_of(0))->interrupt_control = IVSHMEM_INT_ENABLE;
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	alpha.cpus[0] = 0x06;
	alpha.header.flags = CFG_CELL_PASSIVE_COMM_REGION;
	core_make_cell(&beta, "beta", 2, 3, RAM_HIGH);
	core_created(&alpha);
	core_started(1);
	announced(1);
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	gone();
	announced(1);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	gone();

	core_started(1);
	announced(1);
	core_fail(1);
	gone();

	/* nobody can switch a CPU on again: a second one that fails or goes off last, and all of them off */
	for (uint32_t failing = 0; failing < 2; failing++) {
		core_started(1);
		host_run(1, core_switch_on_job, 2, 0, 0);
		announced(2);
		core_go_off(1);
		assert_int_equal(host_read32(LINK_STATE + 4), 7);
		assert_int_equal(host_raised_total(), 0);
		if (failing)
			core_fail(2);
		else
			core_go_off(2);
		gone();
		assert_int_equal(core_call(HC_CELL_GET_STATE, 1), failing ? COMM_STATE_FAILED : COMM_STATE_RUNNING);
	}

	core_started(1);
	announced(1);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	gone();

	/* it does not answer */
	alpha.header.flags = 0;
	alpha.header.msg_reply_timeout = 3;
	core_created(&alpha);
	core_started(1);
	announced(1);
	core_created(&beta);
	gone();
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	host_stop();
}

static void destroy_gives_the_cpus_back(void)
{
	struct core_snapshot before;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	core_switch_off(1);
	host_spis[40].target = 3;
	core_snapshot(&before);
	core_created(&alpha);
	core_started(1);
	core_cpu(1)->exits[CPU_EXIT_GICD] = 5;
	guest_answers(1, COMM_REPLY_APPROVED);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_set_guest(1, NULL);
	core_assert_unchanged(&before);
	assert_true(cpu_set_test(&root_cell.cpus, host_spis[40].target));
	assert_false(host_in_guest(1));
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + CPU_STAT_MMIO), 0);
	assert_non_null(strstr(host_uart_text(), "cell \"alpha\" destroyed\r\n"));
	assert_int_equal(core_call(HC_CELL_START, 1), -ENOENT);
	/* Linux brings it online again */
	assert_true(host_run(0, core_switch_on_job, 1, 0x99, 3));
	host_settle();
	assert_true(host_in_guest(1));
	assert_int_equal(host_hypercall(1, HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0), 1);
	host_stop();
}

/* Memory cannot be taken back or given: everything stays as it was. */
static void start_without_memory(void)
{
	struct core_snapshot before;

	start_with_alpha();
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	core_snapshot(&before);
	host_fail_stage2(1);
	assert_int_equal(core_call(HC_CELL_START, 1), -ENOMEM);
	core_assert_unchanged(&before);
	assert_true(core_cell(1)->loadable);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_SHUT_DOWN);
	assert_int_equal(core_call(HC_CELL_START, 1), 0);
	host_stop();
}

static void set_loadable_without_memory(void)
{
	struct core_snapshot before;

	start_with_alpha();
	core_snapshot(&before);
	host_fail_stage2(1);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), -ENOMEM);
	core_assert_unchanged(&before);
	assert_false(core_cell(1)->loadable);
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_lifecycle[] = {
		CORE_TEST(common_checks),
		CORE_TEST(denied_shutdown),
		CORE_TEST(stopping_by_state_approves),
		CORE_TEST(stopped_cells_are_not_asked),
		CORE_TEST(passive_cells_are_not_asked),
		CORE_TEST(silent_cell_with_timeout),
		CORE_TEST(silent_cell_without_timeout),
		CORE_TEST(answer_within_the_timeout),
		CORE_TEST(old_replies_do_not_count),
		CORE_TEST(reconfiguration_is_announced),
		CORE_TEST(silence_on_information),
		CORE_TEST(locked_cell_protects_others),
		CORE_TEST(states),
		CORE_TEST(communication_region_at_start),
		CORE_TEST(console_flags_are_independent),
		CORE_TEST(only_the_first_cpu_starts),
		CORE_TEST(start_resets_what_the_cell_has),
		CORE_TEST(loadable_twice_is_no_error),
		CORE_TEST(failed_cpus_and_cells),
		CORE_TEST(last_running_cpu_fails),
		CORE_TEST(whoever_goes_leaves_no_state),
		CORE_TEST(destroy_gives_the_cpus_back),
		CORE_TEST(start_without_memory),
		CORE_TEST(set_loadable_without_memory),
	};

	return cmocka_run_group_tests(core_lifecycle, NULL, NULL);
}
