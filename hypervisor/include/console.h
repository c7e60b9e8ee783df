/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypervisor console (physical UART and virtual ring) and the reason text of refused requests.
 *
 * Formats: %s %d %u %x, the last three also with l (uint64_t) or ll, and with 0 and a number of digits. What is not printable ASCII in a
 * string becomes '?'.
 * Output is bounded: a message is cut at CONSOLE_LINE bytes. And what messages have often:
 *	%pC	const struct config_view *: cell "name"
 *	%pM	const struct cfg_memory *: its physical range, [0x1000, 0x2000)
 *	%pG	const struct cfg_memory *: its range in the cell
 *	%pB	BDF_ARG(bdf): bus, device and function, 00:0e.0
 *	%pT	const char *: a literal of the hypervisor's own
 * Long literals with a space are packed in the image (ci/assembler/as): only formats and what %pT prints may be such.
 */
#ifndef BULKHEAD_CONSOLE_H
#define BULKHEAD_CONSOLE_H

#include <stdarg.h>
#include "errors.h"
#include "generated/config.h"
#include "types.h"

struct bh_cell_console;
struct bh_public_page;
struct cell;

#define BDF_ARG(bdf)	((const void *)(uintptr_t)(bdf))
#define CONSOLE_LINE	256

extern struct bh_public_page public_page;	/* in a page of its own, which the root cell may read */

/* What characters from TEXT_FIRST on stand for: each for two others */
#define TEXT_FIRST	0x80
#define TEXT_PAIRS	128

extern const uint8_t text_pairs[TEXT_PAIRS][2];

/* Bounded formatter; returns the length without NUL; always terminates when size > 0. */
size_t format_text(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_text_va(char *buffer, size_t size, const char *format, va_list args);

/* One message, atomically against other CPUs. Callable everywhere once console_init() ran. */
void console_printf(const char *format, ...) PRINTF_LIKE(1, 2);

/* One about a cell, which its own record has, too, on a line of its own. */
void console_printf_about(const struct cell *cell, const char *format, ...) PRINTF_LIKE(2, 3);

/* A text that is there already, of a buffer with room for a character more: with the end of a line in place of the NUL. */
void console_put_line(char *line, size_t length);

/* Can anybody outside of the machine see it? */
bool console_has_uart(void);

/* One character on behalf of a cell, and to its record, NULL if it has none. */
void console_putc(volatile struct bh_cell_console *record, char c);

/*
 * Explain why the request being executed is refused: who, what, which values, what to change; one line without
 * newline. Goes to the console and to struct bh_public_page.reason, from where the driver hands it to the
 * user. Caller holds the management lock, or during start-up and disable their own locks. Returns `error`
 * (negative) so that a check can end in `return refuse(-EINVAL, "...")`. The first reason of a request wins.
 */
int refuse(int error, const char *format, ...) PRINTF_LIKE(2, 3);
int refuse_invalid(const char *format, ...) PRINTF_LIKE(1, 2);	/* -EINVAL, the most frequent */
void refuse_clear(void);

/*
 * Without CONFIG_REASONS the words are not there, only that they are not; but for refuse_in_words(), which is for what the image
 * was built without, or for too few of.
 */
void note_refusal(int error);
static inline int refuse_unsaid(int error)
{
	note_refusal(error);
	return error;
}

#define refuse_in_words(error, ...)	((refuse)(error, __VA_ARGS__))
#define refuse(error, ...)	(CONFIG_REASONS ? refuse(error, __VA_ARGS__) : refuse_unsaid(error))
#define refuse_invalid(...)	(CONFIG_REASONS ? refuse_invalid(__VA_ARGS__) : refuse_unsaid(-EINVAL))

#endif
