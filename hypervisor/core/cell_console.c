/* SPDX-License-Identifier: BSD-2-Clause */
/* What each cell printed last (bulkhead/cell_console.h). Not part of a build without CONFIG_CELL_CONSOLE. */
#include "bulkhead/cell_console.h"
#include "cell.h"
#include "cell_internal.h"
#include "console.h"
#include "console_setup.h"
#include "pages.h"

_Static_assert(CONSOLE_LINE <= BH_CELL_CONSOLE_SIZE, "a message fits into a record");
_Static_assert(sizeof(struct bh_cell_console) == PAGE_SIZE, "cell_piece() knows it");

bool cell_console_make(struct cell *cell)
{
	if (!(cell->config.cell->flags & CFG_CELL_CONSOLE_PERMITTED) || !root_cell.config.cell->num_memory_regions)
		return true;
	cell->console = pages_alloc(1, 1);
	return cell->console;
}

/* One writer. bulkhead/cell_console.h says what a reader does, who takes no lock. */
static void keep_chars(volatile struct bh_cell_console *record, const char *text, size_t length)
{
	uint64_t n = record->complete;

	record->begun = n + length;
	/* who sees one of the characters sees that they have begun; pairs with the acquire in cell_piece() */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	copy_around((char *)(uintptr_t)record->text, BH_CELL_CONSOLE_SIZE, n % BH_CELL_CONSOLE_SIZE, text, length);
	__atomic_store_n(&record->complete, n + length, __ATOMIC_RELEASE);
}

/* A message does not begin in a line of the cell. */
void cell_console_keep(volatile struct bh_cell_console *record, const char *text, size_t length)
{
	if (length > 1 && record->complete && record->text[(record->complete - 1) % BH_CELL_CONSOLE_SIZE] != '\n')
		keep_chars(record, "\n", 1);
	keep_chars(record, text, length);
}

int64_t cell_console(uint32_t id, uint32_t piece)
{
	return cell_piece(id, piece, true);
}
