/* SPDX-License-Identifier: BSD-2-Clause */
/* Console ring, debug console of cells, reasons of refusals. */
#include <pthread.h>
#include "core_fixture.h"

static struct test_config alpha;

static void read_ring(char *text, uint32_t from, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++)
		text[n] = public_page.console[(from + n) % BH_CONSOLE_RING_SIZE];
	text[count] = '\0';
}

static void printed(const char *expected, uint32_t from)
{
	static char text[BH_CONSOLE_RING_SIZE + 1];
	uint32_t length = public_page.console_tail - from;

	assert_true(length <= BH_CONSOLE_RING_SIZE);
	read_ring(text, from, length);
	assert_string_equal(text, expected);
}

static void messages_go_to_ring_and_uart(void)
{
	uint32_t tail;

	core_start();
	tail = public_page.console_tail;
	host_uart_text();
	console_printf("%s %u\n", "one", 2u);
	printed("one 2\n", tail);
	assert_string_equal(host_uart_text(), "one 2\r\n");
	assert_int_equal(public_page.console_busy, 0);
}

static void start_up_is_reported(void)
{
	core_start();
	assert_int_equal(public_page.console_tail, strlen(public_page.console));
	assert_memory_equal(public_page.console, "Bulkhead test on CPU 0, ", 24);
	assert_non_null(strstr(public_page.console, "root cell \"qemu-arm64\" runs on 4 CPUs, "));
	/* lines end in CR LF on the UART, in LF in the ring */
	assert_null(strchr(public_page.console, '\r'));
	host_stop();
}

static void ring_wraps_at_its_end(void)
{
	static char expected[BH_CONSOLE_RING_SIZE + 1], text[BH_CONSOLE_RING_SIZE + 1];
	uint32_t tail;

	core_start();
	for (uint32_t n = 0; n < 3 * BH_CONSOLE_RING_SIZE + 7; n++)
		console_putc(NULL, (char)('a' + n % 23));
	tail = public_page.console_tail;
	for (uint32_t n = 0; n < BH_CONSOLE_RING_SIZE; n++)
		expected[n] = (char)('a' + (2 * BH_CONSOLE_RING_SIZE + 7 + n) % 23);
	read_ring(text, tail - BH_CONSOLE_RING_SIZE, BH_CONSOLE_RING_SIZE);
	assert_string_equal(text, expected);
	/* nothing else of the page was touched */
	for (uint32_t n = 0; n < sizeof(public_page.reserved); n++)
		assert_int_equal(public_page.reserved[n], 0);
	assert_string_equal(host_reason(), "");
}

static void tail_runs_freely(void)
{
	core_start();
	public_page.console_tail = UINT32_MAX - 2;
	console_printf("abcdef");
	assert_int_equal(public_page.console_tail, 3);
	printed("abcdef", UINT32_MAX - 2);
}

static void no_ring_without_the_flag(void)
{
	uint32_t tail;

	core_system.header.flags = 0;
	core_start();
	tail = public_page.console_tail;
	host_uart_text();
	console_printf("secret");
	assert_int_equal(public_page.console_tail, tail);
	assert_string_equal(host_uart_text(), "secret");
	host_stop();
}

static void no_uart_is_fine(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	core_start();
	assert_string_equal(host_uart_text(), "");
	assert_true(public_page.console_tail > 0);
	host_stop();
}

static void unknown_uart_is_fine(void)
{
	core_system.header.debug_console.type = 999;
	core_start();
	assert_string_equal(host_uart_text(), "");
	host_stop();
}

static void uart_by_ports_is_not_ours(void)
{
	core_system.header.debug_console.flags = 0;
	core_start();
	assert_string_equal(host_uart_text(), "");
	host_stop();
}

static void other_uart(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_8250;
	core_start();
	assert_non_null(strstr(host_uart_text(), "runs on 4 CPUs"));
	host_stop();
}

static void long_messages_are_cut(void)
{
	char text[600];
	uint32_t tail;

	core_start();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tail = public_page.console_tail;
	console_printf("%s", text);
	assert_int_equal(public_page.console_tail - tail, CONSOLE_LINE - 1);
	refuse(-EINVAL, "%s", text);
	assert_int_equal(strlen(public_page.reason), sizeof(public_page.reason) - 1);
}

/* A cell that shares the UART may stop it: that must not cost a wait per character. */
static void stalled_uart_is_left_out(void)
{
	uint32_t tail, looks;

	core_start();
	host_uart_text();
	host_stall_uart(true);
	console_putc(NULL, 'a');
	looks = host_uart_looks();
	tail = public_page.console_tail;
	console_printf("nobody waits\n");
	assert_true(host_uart_looks() - looks <= 20);
	printed("nobody waits\n", tail);
	host_stall_uart(false);
	console_printf("again\n");
	assert_string_equal(host_uart_text(), "again\r\n");
	host_stop();
}

/* The reader of the ring looks at busy first: it must be set before the first byte appears, until after the last. */

static uint32_t seen_busy, seen_idle;
static volatile bool hostile_reader_runs = true;

static void *read_console(void *arg)
{
	static char copy[BH_CONSOLE_RING_SIZE + 1];

	while (hostile_reader_runs) {
		uint32_t busy = __atomic_load_n(&public_page.console_busy, __ATOMIC_ACQUIRE);
		uint32_t tail = __atomic_load_n(&public_page.console_tail, __ATOMIC_ACQUIRE);

		if (busy) {
			seen_busy++;
			continue;
		}
		if (tail < 64)
			continue;
		read_ring(copy, tail - 32, 32);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&public_page.console_busy, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&public_page.console_tail, __ATOMIC_ACQUIRE) != tail)
			continue;
		/* whole messages only */
		assert_memory_equal(copy, "0123456789012345678901234567890\n", 32);
		seen_idle++;
	}
	return arg;
}

static int64_t print_much(uint64_t count, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	for (uint64_t n = 0; n < count; n++)
		console_printf("0123456789012345678901234567890\n");
	return 0;
}

static void readers_see_whole_messages(void)
{
	pthread_t reader;

	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	host_set_order(HOST_PARALLEL, 0);
	core_start();
	print_much(2, 0, 0);
	assert_int_equal(pthread_create(&reader, NULL, read_console, NULL), 0);
	for (uint32_t round = 0; round < 200 || !seen_idle; round++) {
		host_post(0, print_much, 50, 0, 0);
		host_post(1, print_much, 50, 0, 0);
		host_wait(0);
		host_wait(1);
	}
	hostile_reader_runs = false;
	pthread_join(reader, NULL);
	host_stop();
}

/* Debug console */

static void putc_needs_the_permitted_flag(void)
{
	uint32_t tail;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.flags = CFG_CELL_CONSOLE_ACTIVE;
	core_created(&alpha);
	core_make_cell(&alpha, "beta", 2, 2, RAM_HIGH);
	alpha.header.flags = CFG_CELL_CONSOLE_PERMITTED;
	core_created(&alpha);
	core_started(1);
	core_started(2);
	tail = public_page.console_tail;
	assert_int_equal(host_hypercall(1, HC_DEBUG_PUTC, 'a', 0), -EPERM);
	assert_int_equal(host_hypercall(0, HC_DEBUG_PUTC, 'b', 0), -EPERM);
	assert_int_equal(host_hypercall(2, HC_DEBUG_PUTC, 'c', 0), 0);
	assert_int_equal(host_hypercall(2, HC_DEBUG_PUTC, 0xffffffffffffff00 | 'd', 0), 0);
	assert_int_equal(host_hypercall(2, HC_DEBUG_PUTC, '\n', 0), 0);
	printed("cd\n", tail);
	/* what the region says is for the guest only */
	core_cell(1)->comm->flags = COMM_FLAG_PUTC_PERMITTED;
	assert_int_equal(host_hypercall(1, HC_DEBUG_PUTC, 'a', 0), -EPERM);
	host_stop();
}

static void root_cell_may_be_permitted(void)
{
	uint32_t tail;

	core_system.root.header.flags = CFG_CELL_CONSOLE_PERMITTED;
	core_start();
	tail = public_page.console_tail;
	assert_int_equal(host_hypercall(0, HC_DEBUG_PUTC, 'b', 0), 0);
	printed("b", tail);
	host_stop();
}

/* Reasons */

static void first_reason_wins(void)
{
	core_start();
	assert_int_equal(refuse(-EINVAL, "first"), -EINVAL);
	assert_int_equal(refuse(-EBUSY, "second"), -EBUSY);
	assert_string_equal(host_reason(), "first");
	assert_non_null(strstr(host_uart_text(), "refused (-22): first\r\n"));
	refuse_clear();
	assert_int_equal(refuse(-EBUSY, "third"), -EBUSY);
	assert_string_equal(host_reason(), "third");
}

static void reasons_last_until_the_next_managing_call(void)
{
	static const uint64_t others[] = {
		HC_HYPERVISOR_INFO, HC_CELL_GET_STATE, HC_CPU_INFO, HC_DEBUG_PUTC, 9, UINT64_MAX
	};
	static const uint64_t managing[] = { HC_CELL_CREATE, HC_CELL_START, HC_CELL_SET_LOADABLE, HC_CELL_DESTROY };

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
	core_started(1);
	refused(core_call(HC_CELL_START, 9), -ENOENT, "there is no cell with id 9");
	for (uint32_t n = 0; n < ARRAY_SIZE(others); n++) {
		core_call(others[n], 9);
		assert_string_equal(host_reason(), "there is no cell with id 9");
	}
	/* other cells have no part in it */
	for (uint32_t n = 0; n < ARRAY_SIZE(managing); n++)
		assert_int_equal(host_hypercall(1, managing[n], 7, 0), -EPERM);
	assert_int_equal(host_hypercall(1, HC_DISABLE, 0, 0), -EPERM);
	assert_string_equal(host_reason(), "there is no cell with id 9");

	for (uint32_t n = 1; n < ARRAY_SIZE(managing); n++)
		refused(core_call(managing[n], 10 + n), -ENOENT,
			n == 1 ? "there is no cell with id 11" : n == 2 ? "there is no cell with id 12" :
			"there is no cell with id 13");
	refused(core_call(HC_CELL_CREATE, 0), -ENOMEM, "the configuration is not in the root cell's memory (0x0)");
	refused(core_call(HC_DISABLE, 0), -EBUSY, "cell \"alpha\" exists: destroy it first");
	core_cell(1)->comm->cell_state = COMM_STATE_FAILED;
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_string_equal(host_reason(), "");
	host_stop();
}

static int64_t panic_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	panic("number %u", (uint32_t)arg1);
}

static void panic_is_reported(void)
{
	core_start();
	host_uart_text();
	host_run(1, panic_job, 42, 0, 0);
	assert_true(host_has_halted(1));
	assert_string_equal(host_uart_text(), "PANIC on CPU 1: number 42\r\n");
}

/* Direct boot has not come to the point where others go on without this CPU. */
static void panic_that_nobody_hears_of(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	core_start();
	start_is_unattended = true;
	host_run(1, panic_job, 42, 0, 0);
	assert_true(host_has_halted(1) && host_is_off);
}

static void panic_that_somebody_hears_of(void)
{
	core_start();
	start_is_unattended = true;
	host_run(1, panic_job, 42, 0, 0);
	assert_true(host_has_halted(1) && !host_is_off);
}

static void panic_without_console_while_others_run(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	core_start();
	host_run(1, panic_job, 42, 0, 0);
	assert_true(host_has_halted(1) && !host_is_off);
}

int main(void)
{
	static const struct CMUnitTest core_console[] = {
		CORE_TEST(messages_go_to_ring_and_uart),
		CORE_TEST(start_up_is_reported),
		CORE_TEST(ring_wraps_at_its_end),
		CORE_TEST(tail_runs_freely),
		CORE_TEST(no_ring_without_the_flag),
		CORE_TEST(no_uart_is_fine),
		CORE_TEST(unknown_uart_is_fine),
		CORE_TEST(uart_by_ports_is_not_ours),
		CORE_TEST(other_uart),
		CORE_TEST(long_messages_are_cut),
		CORE_TEST(stalled_uart_is_left_out),
		CORE_TEST(readers_see_whole_messages),
		CORE_TEST(putc_needs_the_permitted_flag),
		CORE_TEST(root_cell_may_be_permitted),
		CORE_TEST(first_reason_wins),
		CORE_TEST(reasons_last_until_the_next_managing_call),
		CORE_TEST(panic_is_reported),
		CORE_TEST(panic_that_nobody_hears_of),
		CORE_TEST(panic_that_somebody_hears_of),
		CORE_TEST(panic_without_console_while_others_run),
	};

	return cmocka_run_group_tests(core_console, NULL, NULL);
}
