/* SPDX-License-Identifier: BSD-2-Clause */
/* Life cycle of cells: their list, start and stop. Creation is in cell_create.c, what the root cell asks for in cell_manage.c. */
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
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

struct cell *cell_find(uint32_t id)
{
	for (struct cell *cell = &root_cell; cell; cell = cell->next)
		if (cell->id == id)
			return cell;
	return NULL;
}

void cell_suspend_cpus(const struct cell *cell)
{
	for_each_other_cpu(id, &cell->cpus)
		cpu_suspend(percpu_of(id));
}

void cell_resume_cpus(const struct cell *cell)
{
	for_each_other_cpu(id, &cell->cpus)
		cpu_resume(percpu_of(id));
}

void cell_stop_cpus(struct cell *cell)
{
	/* all of them, before one is changed: its siblings could switch it on again */
	cell_suspend_cpus(cell);
	for_each_cpu(id, &cell->cpus)
		cpu_set_parked(percpu_of(id));
	/* after the second suspend a CPU has dropped its guest state */
	for_each_other_cpu(id, &cell->cpus) {
		cpu_resume(percpu_of(id));
		cpu_suspend(percpu_of(id));
		cpu_finish_report(percpu_of(id));
	}
}

static void fill_comm_region(struct cell *cell)
{
	struct comm_region *comm = cell->comm;
	uint32_t flags = cell->config.cell->flags;

	__builtin_memset(comm, 0, cell->is_root ? sizeof(*comm) : PAGE_SIZE);
	__builtin_memcpy(comm->signature, COMM_SIGNATURE, COMM_SIGNATURE_LEN);
	comm->revision = COMM_REVISION;
	comm->cell_state = COMM_STATE_RUNNING;
	comm->flags = (flags & CFG_CELL_CONSOLE_PERMITTED ? COMM_FLAG_PUTC_PERMITTED : 0) |
		      (flags & CFG_CELL_CONSOLE_ACTIVE ? COMM_FLAG_PUTC_ACTIVE : 0);
	comm->console = cell->config.cell->console;
	comm->pci_mmconfig_base = system_config->pci_mmconfig_base;
	arch_fill_comm_region(cell, system_config);
}

void cell_launch(struct cell *cell, uint64_t argument)
{
	struct percpu *boot_cpu = NULL;

	vpci_reset(cell);
	arch_irq_cell_reset(cell);
	fill_comm_region(cell);
	arch_clean_page(cell->comm);
	cell->failed = false;
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

		if (cpu->dead)
			console_printf("CPU %u has stopped for good\n", id);
		cpu_give_to(cpu, &root_cell);
		cpu->reset_request = false;
		cpu->run_state = CPU_OFF;	/* until Linux switches it on */
		cpu_set_assign(&root_cell.cpus, id, true);
	}
	arch_irq_retarget(&root_cell);
}

void cell_give_back(struct cell *cell)
{
	arch_irq_cell_exit(cell, system_config);
	cell_return_cpus(cell);
	/* the pages of its own tables first: the root cell may need them */
	arch_memory_flush(cell);
	arch_memory_exit(cell);
	/* if pages are too few all the same, the root cell lacks memory, but does not see too much */
	if (cell_memory_return(cell))
		console_printf("%pC: not all memory could be mapped back into the root cell\n", &cell->config);
}

int cell_get_state(uint32_t id)
{
	const struct cell *cell;
	uint32_t state = 0;

	if (!this_cpu()->cell->is_root)
		return -EPERM;
	look_lock();
	cell = cell_find(id);
	if (cell)
		state = cell->comm->cell_state;
	look_unlock();
	if (!cell)
		return -ENOENT;
	return state <= COMM_STATE_ABI_MISMATCH ? (int)state : -EINVAL;
}
