/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls by which the root cell creates, loads, starts and destroys cells. Not part of a build without
 * CONFIG_CELL_MANAGEMENT.
 */
#include "bundle.h"
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "cell_message.h"
#include "console.h"
#include "control.h"
#include "errors.h"
#include "setup.h"
#include "vpci.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/memory.h"

/* Take the management lock and forget the last reason; false, and nothing done, if the caller is no root CPU. */
static bool management_begin(void)
{
	if (!this_cpu()->cell->is_root)
		return false;
	management_lock();
	/* while it waited, the CPU may have been given to another cell */
	if (!this_cpu()->cell->is_root) {
		management_unlock();
		return false;
	}
	refuse_clear();
	return true;
}

/* Is a cell other than `except` in the state in which it wants no reconfiguration? */
static bool locks_reconfiguration(const struct cell *except)
{
	for (struct cell *cell = root_cell.next; cell; cell = cell->next)
		if (cell != except && cell->comm->cell_state == COMM_STATE_LOCKED) {
			refuse(-EPERM, "%pC is in state running/locked: shut it down first", &cell->config);
			return true;
		}
	return false;
}

/* The root cell's configuration may map what is no memory: such reads fail instead of faulting. Words where it can be. */
static bool copy_from_page(uint8_t *to, host_addr_t host, uint64_t size)
{
	volatile uint8_t *from = arch_window(host);

	while (size) {
		uint32_t chunk = size >= 8 && !((uintptr_t)from & 7) ? 8 : 1;
		uint64_t value = 0;

		if (!arch_device_access(from, &value, chunk, false))
			return false;
		__builtin_memcpy(to, &value, chunk);
		from += chunk;
		to += chunk;
		size -= chunk;
	}
	return true;
}

static int copy_from_root(void *to, guest_addr_t from, uint64_t size)
{
	uint8_t *next = to;

	while (size) {
		uint64_t chunk = MIN(PAGE_SIZE - (from.value & ~PAGE_MASK), size);
		host_addr_t host;

		if (!arch_memory_lookup(&root_cell, from, false, &host) || !copy_from_page(next, host, chunk))
			return refuse(-ENOMEM, "the configuration is not in the root cell's memory (0x%lx)",
				      from.value);
		next += chunk;
		from.value += chunk;
		size -= chunk;
	}
	return 0;
}

static int create(guest_addr_t address, struct cell **created)
{
	struct cfg_cell header;
	uint64_t size;
	int error = copy_from_root(&header, address, sizeof(header));

	if (error)
		return error;
	error = cell_prepare(&header, address.value & ~PAGE_MASK, created);
	if (error)
		return error;
	size = config_size(&header);
	error = copy_from_root(cell_config_behind_header(*created), GUEST_ADDR(address.value + sizeof(header)), size - sizeof(header));
	if (error)
		cell_free(*created);
	else
		error = cell_build(*created, size, true);
	if (!error)
		cells_notify_reconfigured();
	return error;
}

int cell_create(guest_addr_t config)
{
	struct cell *cell = NULL;
	int error;

	if (!management_begin())
		return -EPERM;
	cell_suspend_cpus(&root_cell);
	/* all other root CPUs are suspended, so nobody is in the middle of deciding */
	if (locks_reconfiguration(NULL))
		error = -EPERM;
	else if (CONFIG_LATE_LAUNCH && disable_is_granted())
		error = refuse(-EBUSY, "the hypervisor is being disabled: no cell can be created");
	else
		error = create(config, &cell);
	cell_resume_cpus(&root_cell);
	if (!error) {
		/* they park; but one that waits to look would keep all who wait behind it from that, this CPU first */
		cell_resume_cpus(cell);
		/* it can neither be loaded nor started before; its memory may be large, and root CPUs run and look meanwhile */
		look_unlock();
		cell_memory_scrub(cell);
		look_lock();
	}
	management_unlock();
	return error;
}

static void end_management(void)
{
	cell_resume_cpus(&root_cell);
	management_unlock();
}

enum operation {
	START,
	SET_LOADABLE,
	DESTROY,
};

/* Their common beginning. On success root CPUs and the cell's CPUs are suspended. */
static int begin_management(uint32_t id, enum operation operation, struct cell **found)
{
	struct cell *cell;
	int error = 0;

	if (!management_begin())
		return -EPERM;
	cell_suspend_cpus(&root_cell);
	cell = cell_find(id);
	if (!cell)
		error = refuse(-ENOENT, "there is no cell with id %u", id);
	else if (cell->is_root)
		error = refuse_invalid("%pC is the root cell: it cannot be started, loaded or destroyed",
				       &cell->config);
	else if (operation == START && percpu_of(cpu_set_next(&cell->cpus, 0))->dead)
		error = refuse(-EIO, "the first CPU of %pC has stopped for good", &cell->config);
	else if (operation == DESTROY && locks_reconfiguration(cell))
		error = -EPERM;
	else if (!cell_approves_shutdown(cell))
		error = refuse(-EPERM, "%pC denied the shutdown request", &cell->config);
	if (error) {
		end_management();
		return error;
	}
	cell_stop_cpus(cell);
	*found = cell;
	return 0;
}

static int end_stopped(struct cell *cell, int result)
{
	cell_resume_cpus(cell);
	end_management();
	return result;
}

int cell_start(uint32_t id)
{
	struct cell *cell;
	int error = begin_management(id, START, &cell);

	if (error)
		return error;
	if (cell->loadable) {
		error = cell_memory_reclaim(cell);
		if (error) {
			cell_memory_lend(cell);
			return end_stopped(cell, error);
		}
	}
	cell_resume_cpus(&root_cell);
	look_unlock();		/* large memory takes long */
	cell_memory_clean(cell);
	look_lock();
	cell_launch(cell, 0);
	cell_resume_cpus(cell);
	management_unlock();
	return 0;
}

int cell_set_loadable(uint32_t id)
{
	struct cell *cell;
	int error = begin_management(id, SET_LOADABLE, &cell);

	if (error)
		return error;
	cell->failed = false;
	for_each_cpu(cpu_id, &cell->cpus)
		percpu_of(cpu_id)->failed = false;
	if (!cell->loadable) {
		cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
		vpci_reset(cell);
		arch_irq_cell_reset(cell);
		error = cell_memory_lend(cell);
		/* if that cannot be undone, either, a start tries it */
		if (error && cell_memory_reclaim(cell))
			cell->loadable = true;
		/* from now on it is the root cell that knows what runs there */
		if (CONFIG_DIRECT_BOOT)
			bundle_forget(cell);
	}
	return end_stopped(cell, error);
}

int cell_destroy(uint32_t id)
{
	struct cell *cell;
	int error = begin_management(id, DESTROY, &cell);

	if (error)
		return error;
	console_printf("%pC destroyed\n", &cell->config);
	if (CONFIG_DIRECT_BOOT)
		bundle_forget(cell);
	/* while there is what it counts in */
	for_each_cpu(cpu, &cell->cpus)
		if (CONFIG_FAST_PATH)
			arch_forget_all(percpu_of(cpu));
	cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
	/* peers know that it is gone when its output becomes zeros */
	vpci_reset(cell);
	cell_resume_cpus(&root_cell);		/* while the cell is there, nobody disables the hypervisor */
	look_unlock();		/* large memory takes long */
	cell_memory_scrub(cell);
	look_lock();
	cell_suspend_cpus(&root_cell);
	vpci_exit(cell);
	arch_irq_cell_reset(cell);
	cell_unlink(cell);
	cell_give_back(cell);
	vpci_reroute(&root_cell);
	cell_free(cell);
	cells_notify_reconfigured();
	end_management();	/* the CPUs are root CPUs again, resumed with them */
	return 0;
}
