/* SPDX-License-Identifier: BSD-2-Clause */
/* Why requests are refused, in words: without CONFIG_REASONS, of those only that the image was built without something for. */
#include "bulkhead/image.h"
#include "console.h"
#include "console_setup.h"

/* The line has the protection of the reason; it is not on the stack, on which whoever refuses is deep. */
static void give_reason(int error, const char *format, va_list args)
{
	static char line[CONSOLE_LINE];

	if (public_page.reason[0])
		return;
	format_text_va(public_page.reason, sizeof(public_page.reason), format, args);
	console_write(NULL, line, format_text(line, sizeof(line), "refused (%d): %s\n", error, public_page.reason));
}

int (refuse)(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	give_reason(error, format, args);
	va_end(args);
	return error;
}

int (refuse_invalid)(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	give_reason(-EINVAL, format, args);
	va_end(args);
	return -EINVAL;
}
