/* SPDX-License-Identifier: BSD-2-Clause */
#include "power.h"
#include "cell.h"
#include "cell_internal.h"
#include "console.h"
#include "control.h"
#include "arch/cpu.h"

void machine_end(bool reset)
{
	cell_suspend_cpus(&root_cell);
	for (struct cell *cell = root_cell.next; cell; cell = cell->next)
		cell_stop_cpus(cell);
	if (reset)
		arch_system_reset();
	arch_system_off();
}

bool may_end_machine(void)
{
	return this_cpu()->cell->is_root;
}

void machine_end_for_cell(bool reset)
{
	if (!may_end_machine())
		return;
	management_lock();
	/* while it waited, the CPU may have been given to another cell */
	if (may_end_machine()) {
		console_printf("%pC %pT the machine\n", &root_cell.config, reset ? "restarts" : "switches off");
		machine_end(reset);
	}
	management_unlock();
}
