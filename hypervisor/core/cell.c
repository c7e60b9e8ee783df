/* SPDX-License-Identifier: BSD-2-Clause */
/* Life cycle of cells: start, stop, destroy; creation is in cell_create.c. */
#include "bundle.h"
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "cell_message.h"
#include "console.h"
#include "control.h"
#include "errors.h"
#include "pages.h"
#include "trace.h"
#include "vpci.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/memory.h"

struct cell root_cell;
const struct cfg_system *system_config;
struct config_platform platform;

/* Kept beside the list, which only its manager may walk: every cell may ask. */
static volatile uint32_t other_cells;

uint32_t num_cells(void)
{
	return 1 + other_cells;
}

void cell_link(struct cell *cell)
{
	struct cell **link = &root_cell.next;

	while (*link)
		link = &(*link)->next;
	*link = cell;
	other_cells++;
}

void cell_unlink(struct cell *cell)
{
	struct cell **link = &root_cell.next;

	while (*link != cell)
		link = &(*link)->next;
	*link = cell->next;
	other_cells--;
}

#define for_each_other_cpu(id, set) \
	for_each_cpu(id, set) \
		if (percpu_of(id) != this_cpu())

bool management_begin(void)
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

struct cell *cell_find(uint32_t id)
{
	for (struct cell *cell = &root_cell; cell; cell = cell->next)
		if (cell->id == id)
			return cell;
	return NULL;
}

void root_suspend(void)
{
	for_each_other_cpu(id, &root_cell.cpus)
		cpu_suspend(percpu_of(id));
}

void root_resume(void)
{
	for_each_other_cpu(id, &root_cell.cpus)
		cpu_resume(percpu_of(id));
}

void cell_stop_cpus(struct cell *cell)
{
	/* all of them, before one is changed: its siblings could switch it on again */
	for_each_other_cpu(id, &cell->cpus)
		cpu_suspend(percpu_of(id));
	for_each_cpu(id, &cell->cpus)
		cpu_set_parked(percpu_of(id));
	/* after the second suspend a CPU has dropped its guest state */
	for_each_other_cpu(id, &cell->cpus) {
		cpu_resume(percpu_of(id));
		cpu_suspend(percpu_of(id));
		cpu_finish_report(percpu_of(id));
	}
}

void cell_resume_cpus(struct cell *cell)
{
	for_each_other_cpu(id, &cell->cpus)
		cpu_resume(percpu_of(id));
}

/* Is a cell other than `except` in the state in which it wants no reconfiguration? */
bool cell_locks_reconfiguration(const struct cell *except)
{
	for (struct cell *cell = root_cell.next; cell; cell = cell->next)
		if (cell != except && cell->comm->cell_state == COMM_STATE_LOCKED) {
			refuse(-EPERM, "%pC is in state running/locked: shut it down first", &cell->config);
			return true;
		}
	return false;
}

/* Common beginning of start, set loadable and destroy. On success root CPUs and the cell's CPUs are suspended. */
static int begin_management(uint32_t id, bool destroy, struct cell **found)
{
	struct cell *cell;
	int error = 0;

	if (!management_begin())
		return -EPERM;
	root_suspend();
	cell = cell_find(id);
	if (!cell)
		error = refuse(-ENOENT, "there is no cell with id %u", id);
	else if (cell->is_root)
		error = refuse_invalid("%pC is the root cell: it cannot be started, loaded or destroyed",
				       &cell->config);
	else if (destroy && cell_locks_reconfiguration(cell))
		error = -EPERM;
	else if (!cell_approves_shutdown(cell))
		error = refuse(-EPERM, "%pC denied the shutdown request", &cell->config);
	if (error) {
		root_resume();
		management_unlock();
		return error;
	}
	cell_stop_cpus(cell);
	*found = cell;
	return 0;
}

static void end_management(void)
{
	root_resume();
	management_unlock();
}

void cell_launch(struct cell *cell, uint64_t argument)
{
	struct percpu *boot_cpu = NULL;

	vpci_reset(cell);
	arch_irq_cell_reset(cell);
	cell_fill_comm_region(cell);
	arch_clean_page(cell->comm);
	for_each_cpu(cpu_id, &cell->cpus) {
		struct percpu *cpu = percpu_of(cpu_id);

		cpu->failed = false;
		cpu->run_state = CPU_OFF;
		if (!boot_cpu) {
			boot_cpu = cpu;
			cpu_set_reset(cpu, cell->config.cell->cpu_reset_address, argument);
		}
	}
	cell->watchdog.expired = false;
	cell->fault.starts++;
	/* before the cell can print anything itself */
	console_printf_about(cell, "%pC started\n", &cell->config);
}

int cell_start(uint32_t id)
{
	struct cell *cell;
	int error = begin_management(id, false, &cell);

	if (error)
		return error;
	if (cell->loadable) {
		error = cell_memory_reclaim(cell);
		if (error) {
			cell_memory_lend(cell);
			cell_resume_cpus(cell);
			end_management();
			return error;
		}
		cell->loadable = false;
	}
	root_resume();
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
	int error = begin_management(id, false, &cell);

	if (error)
		return error;
	for_each_cpu(cpu_id, &cell->cpus)
		percpu_of(cpu_id)->failed = false;
	if (!cell->loadable) {
		cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
		vpci_reset(cell);
		arch_irq_cell_reset(cell);
		error = cell_memory_lend(cell);
		if (error)
			cell_memory_reclaim(cell);
		else
			cell->loadable = true;
		/* from now on it is the root cell that knows what runs there */
		if (CONFIG_DIRECT_BOOT)
			bundle_forget(cell);
	}
	cell_resume_cpus(cell);
	end_management();
	return error;
}

void cell_free(struct cell *cell)
{
	arch_memory_exit(cell);
	if (cell->comm)
		pages_free(cell->comm, 1);
	if (cell->console)
		pages_free((void *)(uintptr_t)cell->console, 1);
	pages_free(cell->room, cell->object_pages);
}

void cpu_give_to(struct percpu *cpu, struct cell *cell)
{
	if (CONFIG_TRACE)
		trace_leaves_cell(cpu);
	if (CONFIG_FAST_PATH)
		arch_forget_all(cpu);
	cpu->cell = cell;
	cpu->failed = false;
	__builtin_memset((void *)cpu->exits, 0, sizeof(cpu->exits));
	__builtin_memset((void *)cpu->joined, 0, sizeof(cpu->joined));
}

void cell_return_cpus(struct cell *cell)
{
	for_each_cpu(id, &cell->cpus) {
		struct percpu *cpu = percpu_of(id);

		cpu_give_to(cpu, &root_cell);
		cpu->reset_request = false;
		cpu->run_state = CPU_OFF;	/* until Linux switches it on */
		cpu_set_assign(&root_cell.cpus, id, true);
	}
}

int cell_destroy(uint32_t id)
{
	struct cell *cell;
	int error = begin_management(id, true, &cell);

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
	root_resume();		/* while the cell is there, nobody disables the hypervisor */
	look_unlock();		/* large memory takes long */
	cell_memory_scrub(cell);
	look_lock();
	root_suspend();
	/* out of memory for stage-2 tables here means that the root cell lacks memory, not that it sees too much */
	error = cell_memory_return(cell);
	if (error)
		console_printf("%pC: not all memory could be mapped back into the root cell\n", &cell->config);
	vpci_exit(cell);
	arch_irq_cell_reset(cell);
	arch_irq_cell_exit(cell, system_config);
	cell_unlink(cell);
	cell_return_cpus(cell);
	arch_irq_retarget(&root_cell);
	vpci_reroute(&root_cell);
	arch_memory_flush(cell);
	cell_free(cell);
	cells_notify_reconfigured();
	end_management();	/* the CPUs are root CPUs again, resumed with them */
	return 0;
}

int cell_get_state(uint32_t id)
{
	struct cell *cell;
	int state;

	if (!this_cpu()->cell->is_root)
		return -EPERM;
	look_lock();
	cell = cell_find(id);
	if (!cell) {
		state = -ENOENT;
	} else {
		uint32_t value = cell->comm->cell_state;

		state = value <= COMM_STATE_ABI_MISMATCH ? (int)value : -EINVAL;
	}
	look_unlock();
	return state;
}
