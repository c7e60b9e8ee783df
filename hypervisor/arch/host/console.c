/* SPDX-License-Identifier: BSD-2-Clause */
/* Console and reasons go to buffers: for tests without core/console.c. */
#include <string.h>
#include "console.h"
#include "errors.h"
#include "host.h"

static char reason[CONSOLE_LINE];
static char output[16 * CONSOLE_LINE];

static void give_reason(const char *format, va_list args)
{
	if (reason[0])
		return;
	format_text_va(reason, sizeof(reason), format, args);
	/* A text that is cut, or does not fit into one line, is of no use to anybody. */
	HOST_ASSERT(reason[0] && strlen(reason) < sizeof(reason) - 1 && !strchr(reason, '\n'));
}

int (refuse)(int error, const char *format, ...)
{
	va_list args;

	HOST_ASSERT(error < 0);
	va_start(args, format);
	give_reason(format, args);
	va_end(args);
	return error;
}

int (refuse_invalid)(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	give_reason(format, args);
	va_end(args);
	return -EINVAL;
}

void refuse_clear(void)
{
	reason[0] = '\0';
}

void console_printf(const char *format, ...)
{
	size_t length = strlen(output);
	va_list args;

	va_start(args, format);
	format_text_va(output + length, sizeof(output) - length, format, args);
	va_end(args);
}

void console_printf_about(const struct cell *cell, const char *format, ...)
{
	size_t length = strlen(output);
	va_list args;

	(void)cell;
	va_start(args, format);
	format_text_va(output + length, sizeof(output) - length, format, args);
	va_end(args);
}

void console_putc(volatile struct bh_cell_console *record, char c)
{
	(void)record;
	if (strlen(output) + 1 < sizeof(output))
		strncat(output, &c, 1);
}

const char *host_reason(void)
{
	return reason;
}

const char *host_console(void)
{
	return output;
}

void host_reset(void)
{
	HOST_ASSERT(host_mappings() == 0);
	HOST_ASSERT(host_locks_held() == 0);
	refuse_clear();
	output[0] = '\0';
	host_fail_map(0);
	host_on_raise(NULL);
	if (host_forget)
		host_forget();
	host_clear_raised();
}
