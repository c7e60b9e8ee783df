/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounded formatter: against the C library where both know a format, and at its limits. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "config.h"
#include "console.h"

/* Both must agree on text and length; the buffer ends where the text may end. */
#define same_as_libc(...) do { \
	char expected[512], *actual = malloc(512); \
	int length = snprintf(expected, sizeof(expected), __VA_ARGS__); \
	assert_int_equal(format_text(actual, 512, __VA_ARGS__), length); \
	assert_string_equal(actual, expected); \
	free(actual); \
} while (0)

static void plain_text(void **state)
{
	(void)state;
	same_as_libc("%s", "");
	same_as_libc("text only");
	same_as_libc("100%% of it");
}

static void strings(void **state)
{
	(void)state;
	same_as_libc("[%s]", "a string");
}

/* Names come from files and guests: they must not end a line or steer a terminal. */
static void strings_are_printable(void **state)
{
	char buffer[CONSOLE_LINE];

	(void)state;
	for (int c = 1; c < 256; c++) {
		const char name[] = { 'a', (char)c, 'b', '\0' };
		const char expected[] = { '[', 'a', c >= 0x20 && c < 0x7f ? (char)c : '?', 'b', ']', '\n', '\0' };

		assert_int_equal(format_text(buffer, sizeof(buffer), "[%s]\n", name), 6);
		assert_string_equal(buffer, expected);
	}
}

static void numbers(void **state)
{
	static const long long values[] = {
		0, 1, -1, 9, 10, -10, 15, 16, 255, INT_MAX, INT_MIN, UINT_MAX, LLONG_MAX, LLONG_MIN,
		LLONG_MIN + 1,
	};

	(void)state;
	for (size_t n = 0; n < sizeof(values) / sizeof(values[0]); n++) {
		long long v = values[n];

		same_as_libc("%d %u %x", (int)v, (unsigned int)v, (unsigned int)v);
		same_as_libc("%ld %lu %lx", (long)v, (unsigned long)v, (unsigned long)v);
		same_as_libc("%lld %llu %llx", v, (unsigned long long)v, (unsigned long long)v);
		same_as_libc("[%01d][%02u][%08u]", (int)v, (unsigned int)v, (unsigned int)v);
		same_as_libc("[%08x][%016lx]", (unsigned int)v, (unsigned long)v);
		same_as_libc("[%019llu][%020llu]", (unsigned long long)v, (unsigned long long)v);
	}
}

static void objects(void **state)
{
	struct cfg_cell cell = { .num_memory_regions = 0 };
	const struct config_view view = { .cell = &cell };
	const struct cfg_memory memory = { .phys_start = 0x80000000, .virt_start = 0x1000, .size = 0xfff };
	const struct cfg_memory at_the_end = { .phys_start = UINT64_MAX, .size = 1 };
	char buffer[CONSOLE_LINE];

	(void)state;
	memcpy(cell.name, "a \x1b", 4);
	format_text(buffer, sizeof(buffer), "%u %pC: %d", 1u, &view, -2);
	assert_string_equal(buffer, "1 cell \"a ?\": -2");
	/* without an end: at most as long as a name can be */
	memset(cell.name, 'n', sizeof(cell.name));
	cell.id = 0x6e6e;
	assert_int_equal(format_text(buffer, sizeof(buffer), "%pC", &view), 7 + sizeof(cell.name) - 1);
	format_text(buffer, sizeof(buffer), "%pM%pG %pM", &memory, &memory, &at_the_end);
	assert_string_equal(buffer, "[0x80000000, 0x80000fff)[0x1000, 0x1fff) [0xffffffffffffffff, 0x0)");
	format_text(buffer, sizeof(buffer), "%pB %pB", BDF_ARG(0xfffe), BDF_ARG(0x0070));
	assert_string_equal(buffer, "ff:1f.6 00:0e.0");
	/* mistakes */
	format_text(buffer, sizeof(buffer), "%p", BDF_ARG(0));
	assert_string_equal(buffer, "");
	format_text(buffer, 4, "%pM", &memory);
	assert_string_equal(buffer, "[0x");
}

static size_t format_va(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_text_va(buffer, size, format, args);
	va_end(args);
	return length;
}

/* The pairs are those of arch/host/host.c. */
static void packed_texts_are_taken_apart(void **state)
{
	const char *const packed = "a \x81 \x87%sz", *const deepest = "\x86", *const none = "a\xff" "b";
	char buffer[CONSOLE_LINE], expected[CONSOLE_LINE] = "";

	(void)state;
	format_va(buffer, sizeof(buffer), packed, 5, "b");
	assert_string_equal(buffer, "a one 5bz");
	format_text(buffer, sizeof(buffer), "%pT%pT, %s", "a plain one", "\x82", "\x82");
	assert_string_equal(buffer, "a plain oneoneone, ?");
	/* what such a text has in it is no format */
	format_text(buffer, sizeof(buffer), "%pT %d", "\x87", 1);
	assert_string_equal(buffer, "%d 1");
	/* the deepest, as a format and as an argument, whole and cut */
	for (int i = 0; i < 32; i++)
		memcpy(expected + 3 * i, "one", 4);
	assert_int_equal(format_va(buffer, sizeof(buffer), deepest), 96);
	assert_string_equal(buffer, expected);
	assert_int_equal(format_text(buffer, 96, "%pT", deepest), 95);
	assert_memory_equal(buffer, expected, 95);
	assert_int_equal(buffer[95], 0);
	/* a pair that is none */
	format_va(buffer, sizeof(buffer), none);
	assert_string_equal(buffer, "a");
}

static void mixed_arguments_stay_in_step(void **state)
{
	(void)state;
	same_as_libc("%d %s %llx %lu %u %s", 1, "two", 3ull, 5ul, 6u, "seven");
}

static void output_is_cut(void **state)
{
	static const char whole[] = "abc 12345 0007";

	(void)state;
	for (size_t size = 1; size <= sizeof(whole) + 2; size++) {
		size_t fits = size - 1 < sizeof(whole) - 1 ? size - 1 : sizeof(whole) - 1;
		char *buffer = malloc(size);

		assert_int_equal(format_text(buffer, size, "%s %d %04u", "abc", 12345, 7u), fits);
		assert_int_equal(strlen(buffer), fits);
		assert_memory_equal(buffer, whole, fits);
		free(buffer);
	}
}

static void no_room_at_all(void **state)
{
	char untouched = 'u';

	(void)state;
	assert_int_equal(format_text(&untouched, 0, "%s", "text"), 0);
	assert_int_equal(untouched, 'u');
}

static void mistakes_are_harmless(void **state)
{
	const char *no_string = NULL;
	char buffer[CONSOLE_LINE];

	(void)state;
	format_va(buffer, sizeof(buffer), "[%s]", no_string);
	assert_string_equal(buffer, "[(null)]");
	format_va(buffer, sizeof(buffer), "[%n][%5.3f][%");
	assert_string_equal(buffer, "[%?][%?3f][%?");
	format_va(buffer, sizeof(buffer), "%99999999999999999999d|", 1);
	assert_string_equal(buffer, "00000000000000000001|");
	format_va(buffer, sizeof(buffer), "%lllllx");
	assert_string_equal(buffer, "%?llx");
}

int main(void)
{
	static const struct CMUnitTest format_text[] = {
		cmocka_unit_test(plain_text),
		cmocka_unit_test(strings),
		cmocka_unit_test(strings_are_printable),
		cmocka_unit_test(numbers),
		cmocka_unit_test(objects),
		cmocka_unit_test(packed_texts_are_taken_apart),
		cmocka_unit_test(mixed_arguments_stay_in_step),
		cmocka_unit_test(output_is_cut),
		cmocka_unit_test(no_room_at_all),
		cmocka_unit_test(mistakes_are_harmless),
	};

	return cmocka_run_group_tests(format_text, NULL, NULL);
}
