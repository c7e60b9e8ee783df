/* SPDX-License-Identifier: BSD-2-Clause */
/* The core without its features: what asks for one is refused, and the reason names the switch; all the rest works. */
#include "core_fixture.h"
#include "arch/memory.h"

static struct test_config alpha;

/* Without a console of a kind that is not there, and with a cell */
static void start(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
}

static void cells_live(void)
{
	start();
	alpha.header.flags |= CFG_CELL_CONSOLE_PERMITTED;
	core_created(&alpha);
	assert_null(core_cell(1)->console);
	core_started(1);
	assert_int_equal(core_cpu(1)->run_state, CPU_RUNNING);
	assert_int_equal(host_hypercall(1, HC_DEBUG_PUTC, 'x', 0), 0);
	core_fail(1);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	core_started(1);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	host_stop();
}

static void hypercalls_are_unknown(void)
{
	static const uint64_t codes[] = { HC_LINK_INFO, HC_CELL_INFO, HC_CELL_CONSOLE, HC_TRACE };

	start();
	core_created(&alpha);
	core_started(1);
	for (uint32_t n = 0; n < ARRAY_SIZE(codes); n++)
		for (uint32_t cpu = 0; cpu < 2; cpu++)
			assert_int_equal(host_hypercall(cpu, codes[n], 0, 0), -ENOSYS);
	host_stop();
}

/* What is in the page for it may be anything: the root cell sees zeros, as elsewhere in hypervisor memory. */
static void no_crash_log(void)
{
	host_addr_t last, other;

	start();
	assert_true(arch_memory_lookup(&root_cell, GUEST_ADDR(HOST_HV_BASE + HOST_HV_SIZE - PAGE_SIZE), false, &last));
	assert_true(arch_memory_lookup(&root_cell, GUEST_ADDR(HOST_HV_BASE + HOST_HV_SIZE - 2 * PAGE_SIZE), false, &other));
	assert_int_equal(last.value, other.value);
	host_stop();
}

static void watchdog_is_refused(void)
{
	struct core_snapshot before;

	start();
	add_memory(&alpha, 100000, 0, 0, CFG_WATCHDOG);
	core_snapshot(&before);
	refused(core_create(&alpha), -EINVAL, "cell \"alpha\": memory region 6 is a watchdog: this hypervisor was built "
		"without CONFIG_WATCHDOG");
	core_assert_unchanged(&before);
	host_stop();
}

static void uarts_are_refused(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_PL011;
	refused(core_enter(), -EINVAL, "debug console: this hypervisor was built without CONFIG_UART_PL011");
}

static void other_uart_is_refused(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_8250;
	refused(core_enter(), -EINVAL, "debug console: this hypervisor was built without CONFIG_UART_8250");
}

/* As with them */
static void unknown_uart_is_fine(void)
{
	core_system.header.debug_console.type = 999;
	core_start();
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(cells_live), CORE_TEST(hypercalls_are_unknown), CORE_TEST(no_crash_log), CORE_TEST(watchdog_is_refused),
		CORE_TEST(uarts_are_refused), CORE_TEST(other_uart_is_refused), CORE_TEST(unknown_uart_is_fine),
	};

	return cmocka_run_group_tests_name("core_left_out", tests, NULL, NULL);
}
