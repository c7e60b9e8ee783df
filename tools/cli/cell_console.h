/* SPDX-License-Identifier: BSD-2-Clause */
/* What a cell printed last: cell console shows all that is kept, cell show the end of it. */
#ifndef JAILHOUSE_CELL_CONSOLE_H
#define JAILHOUSE_CELL_CONSOLE_H

#include <stddef.h>
#include <bulkhead/cell_console.h>

struct cell_text {
	int permitted;		/* 0: the cell may not print, or the driver does not know */
	int left_out;		/* not permitted: the hypervisor keeps nothing */
	uint64_t written;	/* characters since the cell was created */
	size_t size;		/* of those that are kept: any bytes */
	char bytes[BH_CELL_CONSOLE_SIZE];
};

/* cell: its directory, by its path. 0, or -1 after a message */
int read_cell_text(int cell, const char *path, struct cell_text *text);

/* Its last lines, as part of the same bytes */
const char *last_lines(const struct cell_text *text, unsigned int count, size_t *size);

/* Nothing of it can change a terminal. Every line begins with indent; the last one is ended. */
void print_cell_text(const char *bytes, size_t size, const char *indent);

/* As a string of JSON: byte n is the character of number n. */
void json_bytes(const char *bytes, size_t size);

#endif
