/* SPDX-License-Identifier: BSD-2-Clause */
/* What HC_CELL_INFO tells the root cell about cells: it may not have made them itself. */
#include "bulkhead/cell_info.h"
#include "cell.h"
#include "cell_internal.h"
#include "control.h"
#include "errors.h"

#define PIECE		4u	/* bytes; the result is never negative */

static int64_t piece_of(const void *bytes, uint64_t size, uint32_t n)
{
	uint64_t offset = (uint64_t)n * PIECE;
	uint32_t value = 0;

	if (offset >= size)
		return -EINVAL;
	__builtin_memcpy(&value, (const uint8_t *)bytes + offset, MIN(size - offset, (uint64_t)PIECE));
	return value;
}

static int64_t piece_of_name(const struct cell *cell, uint32_t n)
{
	char name[CFG_NAME_LEN] = { 0 };

	for (uint32_t i = 0; i < CFG_NAME_LEN && cell->config.cell->name[i]; i++)
		name[i] = cell->config.cell->name[i];
	return piece_of(name, sizeof(name), n);
}

static int64_t read_item(const struct cell *cell, uint32_t item)
{
	/* the root cell's configuration begins with the system's */
	const uint64_t before = cell->is_root ? offsetof(struct cfg_system, root_cell) : 0, size = before + cell->config.size;

	if (item == CELL_INFO_CONFIG_SIZE)
		return (int64_t)size;
	if (item == CELL_INFO_STARTS)
		return cell->fault.starts;
	if (item == CELL_INFO_RESTARTS)
		return cell->restarts;
	if (item == CELL_INFO_FAULTS)
		return cell->fault.count;
	if (item == CELL_INFO_WATCHDOG_EXPIRIES)
		return cell->watchdog.expiries;
	if (item == CELL_INFO_WATCHDOG_PERIOD)
		return cell->watchdog.period;
	if (item >= CELL_INFO_CONFIG_BASE)
		return piece_of((const uint8_t *)cell->config.cell - before, size, item - CELL_INFO_CONFIG_BASE);
	if (item >= CELL_INFO_CPUS_BASE)
		return piece_of(&cell->cpus, sizeof(cell->cpus), item - CELL_INFO_CPUS_BASE);
	if (item >= CELL_INFO_NAME_BASE)
		return piece_of_name(cell, item - CELL_INFO_NAME_BASE);
	return -EINVAL;
}

static int64_t next_id(uint32_t from)
{
	int64_t next = -ENOENT;

	for (const struct cell *cell = &root_cell; cell; cell = cell->next)
		if (cell->id >= from && (next < 0 || cell->id < next))
			next = cell->id;
	return next;
}

int64_t cell_info(uint32_t id, uint32_t item)
{
	const struct cell *cell;
	int64_t result;

	if (!this_cpu()->cell->is_root)
		return -EPERM;
	look_lock();
	cell = cell_find(id);
	if (item == CELL_INFO_NEXT)
		result = next_id(id);
	else
		result = cell ? read_item(cell, item) : -ENOENT;
	look_unlock();
	return result;
}
