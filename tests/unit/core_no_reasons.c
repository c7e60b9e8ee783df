/* SPDX-License-Identifier: BSD-2-Clause */
/* The core without CONFIG_REASONS: what it was built without, or for too few of, is said in words all the same. */
#include "core_fixture.h"
#include "console.h"

static struct test_config alpha;

static void start(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_NONE;
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
}

/* On the console */
static void said(const char *line)
{
	char text[BH_CONSOLE_RING_SIZE + 1];

	assert_true(public_page.console_tail <= BH_CONSOLE_RING_SIZE);
	memcpy(text, public_page.console, public_page.console_tail);
	text[public_page.console_tail] = '\0';
	assert_non_null(strstr(text, line));
	assert_null(strstr(strstr(text, "refused (") + 1, "refused ("));
}

static void what_is_left_out_has_a_name(void)
{
	start();
	add_memory(&alpha, 100000, 0, 0, CFG_WATCHDOG);
	refused(core_create(&alpha), -EINVAL, "cell \"alpha\": memory region 2 is a watchdog: this hypervisor was built "
		"without CONFIG_WATCHDOG");
	said("\nrefused (-22): cell \"alpha\": memory region 2 is a watchdog: this hypervisor was built without CONFIG_WATCHDOG\n");
	host_stop();
}

static void uarts_have_names(void)
{
	core_system.header.debug_console.type = CFG_CONSOLE_8250;
	refused(core_enter(), -EINVAL, "debug console: this hypervisor was built without CONFIG_UART_8250");
}

static void limits_are_said(void)
{
	static struct test_config beta;

	start();
	core_created(&alpha);
	core_make_cell(&beta, "beta", 2, 2, RAM_HIGH);
	refused(core_create(&beta), -ENOMEM, "cell \"beta\" would be one too many: this hypervisor is built for 2 cells");
	host_stop();
}

/* A tool tells the rest. */
static void all_else_is_without_words(void)
{
	start();
	alpha.header.flags |= CFG_CELL_AARCH32;
	refused(core_create(&alpha), -EINVAL,
		"built without CONFIG_REASONS: 'bulkhead-config check --hypervisor' tells what is wrong");
	said("\nrefused (-22): built without CONFIG_REASONS: 'bulkhead-config check --hypervisor' tells what is wrong\n");
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(what_is_left_out_has_a_name), CORE_TEST(uarts_have_names), CORE_TEST(limits_are_said),
		CORE_TEST(all_else_is_without_words),
	};

	return cmocka_run_group_tests_name("core_no_reasons", tests, NULL, NULL);
}
