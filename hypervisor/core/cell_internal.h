/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files that create and end cells. All under the management lock. */
#ifndef BULKHEAD_CELL_INTERNAL_H
#define BULKHEAD_CELL_INTERNAL_H

#include "cell.h"
#include "percpu.h"

/* Take the management lock and forget the last reason; false, and nothing done, if the caller is no root CPU. */
bool management_begin(void);

struct cell *cell_find(uint32_t id);
void cell_link(struct cell *cell);	/* to the end of the list */
void cell_unlink(struct cell *cell);
bool cell_locks_reconfiguration(const struct cell *except);

/* All root CPUs but the caller's */
void root_suspend(void);
void root_resume(void);

/*
 * A new cell from a configuration in hypervisor memory, of which size bytes are there, its header at least. Its CPUs are
 * suspended root CPUs or the caller. 0 or a negative errno after refuse(), with everything as it was.
 */
int cell_create_from(const void *config, uint64_t size, struct cell **created);

/* A stopped cell, or the root cell of a system without Linux below: reset what it has and start it with that argument. */
void cell_launch(struct cell *cell, uint64_t argument);

/* Suspended and without guest state afterwards, but for the caller itself */
void cell_stop_cpus(struct cell *cell);
void cell_resume_cpus(struct cell *cell);

/* A CPU changes its cell: suspended, or not one yet. Its counters begin anew. */
void cpu_give_to(struct percpu *cpu, struct cell *cell);

/* CPUs of a cell that ends: root CPUs, switched off; they stay suspended. */
void cell_return_cpus(struct cell *cell);

/* Memory of the object itself; everything it owned has been given back. */
void cell_free(struct cell *cell);

#endif
