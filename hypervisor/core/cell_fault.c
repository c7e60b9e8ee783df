/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses of cells to nothing: what their configuration wants, and the record of the first violation (fault.h). Records of
 * cells, this one and that of the console, as hypercalls give them.
 */
#include "cell.h"
#include "cell_internal.h"
#include "control.h"
#include "errors.h"
#include "arch/cpu.h"

/* Bounded by the size of a configuration; nothing but accesses to nothing waits for it. */
static uint32_t stray_action(const struct cell *cell, guest_addr_t address)
{
	const struct config_view *config = &cell->config;

	for (uint32_t i = config->cell->num_memory_regions; i > 0; i--) {
		const struct cfg_memory *mem = &config->memory[i - 1];

		if ((mem->flags & CFG_STRAY_ACTIONS) &&
		    range_contains(mem->virt_start, mem->phys_start, address.value, 1))
			return (uint32_t)mem->flags;
	}
	return config->cell->flags;
}

static void count_stray(struct cell *cell, uint32_t counter)
{
	__atomic_fetch_add(&cell->fault.strays[counter], 1, __ATOMIC_RELAXED);
}

bool cell_ignores_stray(struct cell *cell, guest_addr_t address, struct mmio_access *access)
{
	if (mmio_has_window(&cell->mmio, address) || !(stray_action(cell, address) & CFG_STRAY_IGNORE))
		return false;
	count_stray(cell, access->is_write ? BH_STRAY_WRITES : BH_STRAY_READS);
	access->value = 0;
	return true;
}

bool cell_aborts_stray(struct cell *cell, guest_addr_t address)
{
	if (!(stray_action(cell, address) & (CFG_STRAY_IGNORE | CFG_STRAY_ABORT)))
		return false;
	count_stray(cell, BH_STRAY_ABORTS);
	return true;
}

volatile struct bh_fault *cell_fault_begin(struct cell *cell)
{
	volatile struct bh_fault *fault = &cell->fault;
	uint32_t number = __atomic_add_fetch(&fault->count, 1, __ATOMIC_RELAXED);

	/* changed by a start only, when no CPU of the cell runs */
	if (__atomic_exchange_n(&fault->begun, fault->starts, __ATOMIC_RELAXED) == fault->starts)
		return NULL;
	/* a reader that sees something of this record sees `begun`, too; pairs with the lock in cell_piece() */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	fault->number = number;
	fault->cpu = this_cpu()->cpu_id;
	fault->ticks = arch_ticks();
	fault->ticks_per_second = arch_ticks_per_second();
	return fault;
}

void cell_fault_end(volatile struct bh_fault *fault)
{
	__atomic_store_n(&fault->complete, fault->starts, __ATOMIC_RELEASE);
}

/* Each of them under the lock: so they are read in the order of the calls. */
int64_t cell_piece(uint32_t id, uint32_t piece, bool of_console)
{
	const volatile uint32_t *pieces = NULL;
	const struct cell *cell;
	int64_t result = -EINVAL;
	uint64_t size = 0;

	if (!this_cpu()->cell->is_root)
		return -EPERM;
	look_lock();
	cell = cell_find(id);
	if (!cell) {
		result = -ENOENT;
	} else if (!of_console) {
		pieces = (const volatile uint32_t *)&cell->fault;
		size = sizeof(cell->fault);
	} else if (CONFIG_CELL_CONSOLE && cell->console) {
		pieces = (const volatile uint32_t *)cell->console;
		size = PAGE_SIZE;
	}
	if (piece < size / sizeof(*pieces))
		result = __atomic_load_n(pieces + piece, __ATOMIC_ACQUIRE);
	look_unlock();
	return result;
}

int64_t cell_fault(uint32_t id, uint32_t piece)
{
	return cell_piece(id, piece, false);
}
