/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last characters that a cell wrote with HC_DEBUG_PUTC, with lines of the hypervisor about that cell between them. Kept
 * from the creation of a cell with CFG_CELL_CONSOLE_PERMITTED to its destruction. HC_CELL_CONSOLE gives it in pieces of 32
 * bits, sysfs as a file. The characters are the cell's: any bytes.
 *
 * Character n, from 0, is text[n % BH_CELL_CONSOLE_SIZE]. A reader that takes the pieces in their order has those from
 * begun - BH_CELL_CONSOLE_SIZE (or 0) to below complete; if there are none, or complete is above begun, the cell wrote too
 * fast: read again.
 */
#ifndef BULKHEAD_CELL_CONSOLE_H
#define BULKHEAD_CELL_CONSOLE_H

#include "abi.h"

#define BH_CELL_CONSOLE_SIZE	4080

struct bh_cell_console {
	uint64_t complete;	/* characters since the cell was created */
	char text[BH_CELL_CONSOLE_SIZE];
	uint64_t begun;		/* as complete, counted before the character is written */
};

BH_ABI_ASSERT(sizeof(struct bh_cell_console) == 4096, bh_cell_console);
BH_ABI_ASSERT(offsetof(struct bh_cell_console, text) == 8, bh_cell_console_text);
BH_ABI_ASSERT(offsetof(struct bh_cell_console, begun) == 4088, bh_cell_console_begun);

#endif
