/* SPDX-License-Identifier: BSD-2-Clause */
/* The console for setup.c, panic() and what cells print. */
#ifndef BULKHEAD_CONSOLE_SETUP_H
#define BULKHEAD_CONSOLE_SETUP_H

#include "bulkhead/cell_config.h"
#include "types.h"

struct bh_cell_console;

int console_init(const struct cfg_system *system);
size_t console_copy(char *to, size_t size);	/* the last characters of the ring; how many; without a lock */
void console_enter_panic(void);		/* output no longer waits for locks */

/* length <= size, at < size: what is behind the end goes to the beginning */
static inline void copy_around(char *ring, size_t size, size_t at, const char *text, size_t length)
{
	size_t first = MIN(length, size - at);

	__builtin_memcpy(ring + at, text, first);
	__builtin_memcpy(ring, text + first, length - first);
}

/* One message, and to the record of a cell, NULL for none */
void console_write(volatile struct bh_cell_console *record, const char *text, size_t length);

/* console_lock: to the record of a cell */
void cell_console_keep(volatile struct bh_cell_console *record, const char *text, size_t length);

#endif
