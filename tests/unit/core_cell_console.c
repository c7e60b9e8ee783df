/* SPDX-License-Identifier: BSD-2-Clause */
/* What a cell printed, as HC_CELL_CONSOLE gives it: which of it stays, for how long, and who may read it. */
#include "bulkhead/cell_console.h"
#include "console.h"
#include "core_fixture.h"

#define PIECES	(sizeof(struct bh_cell_console) / sizeof(uint32_t))

static struct test_config alpha, beta;

static struct bh_cell_console read_console(uint32_t id)
{
	struct bh_cell_console console;
	uint32_t pieces[PIECES];

	for (uint32_t n = 0; n < PIECES; n++) {
		int64_t piece = host_hypercall(0, HC_CELL_CONSOLE, id, n);

		assert_in_range(piece, 0, UINT32_MAX);
		pieces[n] = (uint32_t)piece;
	}
	memcpy(&console, pieces, sizeof(console));
	return console;
}

/* By the rule of the header; to be used once before the next call */
static const char *kept(uint32_t id)
{
	static char text[BH_CELL_CONSOLE_SIZE + 1];
	struct bh_cell_console console = read_console(id);
	uint64_t first = console.begun > BH_CELL_CONSOLE_SIZE ? console.begun - BH_CELL_CONSOLE_SIZE : 0;

	assert_true(console.complete <= console.begun);
	memset(text, 0, sizeof(text));
	for (uint64_t n = first; n < console.complete; n++)
		text[n - first] = console.text[n % BH_CELL_CONSOLE_SIZE];
	return text;
}

static void print(uint32_t cpu, const char *text)
{
	for (; *text; text++)
		assert_int_equal(host_hypercall(cpu, HC_DEBUG_PUTC, (uint8_t)*text, 0), 0);
}

static void start_two(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] |= 1 << 2;
	alpha.header.flags |= CFG_CELL_CONSOLE_PERMITTED | CFG_CELL_PASSIVE_COMM_REGION;
	core_created(&alpha);
	core_make_cell(&beta, "beta", 2, 3, RAM_LOW + 0x10000);
	beta.header.flags &= ~CFG_CELL_CONSOLE_PERMITTED;
	core_created(&beta);
}

static void what_cells_print_is_kept(void)
{
	uint32_t tail;

	start_two();
	assert_string_equal(kept(1), "");
	core_started(1);
	tail = public_page.console_tail;
	print(1, "Hello\nwor");
	print(1, "\x80\x01ld");
	assert_string_equal(kept(1), "cell \"alpha\" started\nHello\nwor\x80\x01ld");
	/* and printed as before */
	assert_int_equal(public_page.console_tail - tail, 13);
	host_stop();
}

static void stays_until_the_cell_is_destroyed(void)
{
	uint32_t used;

	start_two();
	used = pages_used();
	core_started(1);
	print(1, "one");
	core_fail(1);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	/* a line about the cell is a line of its own */
	assert_string_equal(kept(1), "cell \"alpha\" started\none\ncell \"alpha\" failed\n");
	core_started(1);
	print(1, "two\n");
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, 1), 0);
	assert_string_equal(kept(1), "cell \"alpha\" started\none\ncell \"alpha\" failed\ncell \"alpha\" started\ntwo\n");
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1, 0), -ENOENT);
	core_created(&alpha);
	assert_string_equal(kept(1), "");
	assert_int_equal(pages_used(), used);
	host_stop();
}

static void the_last_characters_are_kept(void)
{
	struct bh_cell_console console;
	uint64_t before;
	const char *text;

	start_two();
	core_started(1);
	before = read_console(1).complete;
	for (uint32_t n = 0; n < 2 * BH_CELL_CONSOLE_SIZE + 5; n++)
		assert_int_equal(host_hypercall(1, HC_DEBUG_PUTC, 'a' + n % 23, 0), 0);
	console = read_console(1);
	assert_int_equal(console.complete, before + 2 * BH_CELL_CONSOLE_SIZE + 5);
	assert_int_equal(console.begun, console.complete);
	text = kept(1);
	assert_int_equal(strlen(text), BH_CELL_CONSOLE_SIZE);
	for (uint32_t n = 0; n < BH_CELL_CONSOLE_SIZE; n++)
		assert_int_equal(text[n], 'a' + (BH_CELL_CONSOLE_SIZE + 5 + n) % 23);
	host_stop();
}

/* Counts have 64 bits: a cell that prints for days does not look as if it had begun anew. */
static void counts_are_long(void)
{
	volatile struct bh_cell_console *console;

	start_two();
	core_started(1);
	console = core_cell(1)->console;
	console->complete = console->begun = UINT32_MAX;
	print(1, "xy");
	assert_int_equal(read_console(1).complete, UINT32_MAX + 2ull);
	assert_int_equal(read_console(1).begun, UINT32_MAX + 2ull);
	assert_int_equal(console->text[(UINT32_MAX + 1ull) % BH_CELL_CONSOLE_SIZE], 'y');
	host_stop();
}

/* A page for each cell that may print, and no cell without it. */
static void it_takes_a_page(void)
{
	uint32_t with, without, used;

	core_start();
	used = pages_used();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.flags |= CFG_CELL_CONSOLE_PERMITTED;
	core_created(&alpha);
	with = pages_used() - used;
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(pages_used(), used);
	alpha.header.flags &= ~CFG_CELL_CONSOLE_PERMITTED;
	core_created(&alpha);
	without = pages_used() - used;
	assert_int_equal(with, without + 1);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	alpha.header.flags |= CFG_CELL_CONSOLE_PERMITTED;
	/* object and communication region come first */
	host_fail_pages(3, false);
	refused(core_create(&alpha), -ENOMEM, "no memory for cell \"alpha\": hypervisor memory is too small");
	host_fail_pages(0, false);
	assert_int_equal(pages_used(), used);
	core_created(&alpha);
	host_stop();
}

static void root_cell_has_one_if_it_may_print(void)
{
	core_system.root.header.flags |= CFG_CELL_CONSOLE_PERMITTED;
	core_start();
	print(2, "linux");
	assert_string_equal(kept(0), "linux");
	host_stop();
}

static void hostile_questions(void)
{
	start_two();
	core_started(1);
	for (uint64_t id = 0; id < 4; id++) {
		assert_int_equal(host_hypercall(1, HC_CELL_CONSOLE, id, 0), -EPERM);
		assert_int_equal(host_hypercall(1, HC_CELL_CONSOLE, id, UINT64_MAX), -EPERM);
	}
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1, PIECES), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1, UINT32_MAX), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1, 1ull << 32), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1, UINT64_MAX), -EINVAL);
	/* these may not print */
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 0, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 2, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 3, 0), -ENOENT);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, 1ull << 32 | 1, 0), -ENOENT);
	assert_int_equal(host_hypercall(0, HC_CELL_CONSOLE, UINT64_MAX, UINT64_MAX), -ENOENT);
	host_stop();
}

/* A reader that is in the middle when the cell goes on sees how far its characters are overwritten. */
static void overwriting_is_noticed(void)
{
	uint64_t complete, begun;

	start_two();
	core_started(1);
	print(1, "before");
	complete = read_console(1).complete;
	for (uint32_t n = 0; n < BH_CELL_CONSOLE_SIZE; n++)
		assert_int_equal(host_hypercall(1, HC_DEBUG_PUTC, '.', 0), 0);
	begun = (uint64_t)host_hypercall(0, HC_CELL_CONSOLE, 1, PIECES - 2) |
		(uint64_t)host_hypercall(0, HC_CELL_CONSOLE, 1, PIECES - 1) << 32;
	assert_int_equal(begun - BH_CELL_CONSOLE_SIZE, complete);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(what_cells_print_is_kept), CORE_TEST(stays_until_the_cell_is_destroyed),
		CORE_TEST(the_last_characters_are_kept), CORE_TEST(counts_are_long), CORE_TEST(it_takes_a_page),
		CORE_TEST(root_cell_has_one_if_it_may_print), CORE_TEST(hostile_questions), CORE_TEST(overwriting_is_noticed),
	};

	return cmocka_run_group_tests_name("core_cell_console", tests, NULL, NULL);
}
