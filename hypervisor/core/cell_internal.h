/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files that create and end cells. All under the management lock. */
#ifndef BULKHEAD_CELL_INTERNAL_H
#define BULKHEAD_CELL_INTERNAL_H

#include "cell.h"
#include "percpu.h"

struct cell *cell_find(uint32_t id);

/* No lock. A piece of the record of a cell's first violation, or of what it printed, as the hypercalls give it */
int64_t cell_piece(uint32_t id, uint32_t piece, bool of_console);

/* Room for what a new cell prints, if it may. Without memory, the root cell runs nothing that could read it. */
bool cell_console_make(struct cell *cell);

void cell_link(struct cell *cell);	/* to the end of the list */
void cell_unlink(struct cell *cell);

/*
 * A new cell is made in two steps. First the object, from the header of its configuration, which is offset_in_page bytes
 * behind the begin of a page: it has a copy of the header. 0 or a negative errno after refuse().
 */
int cell_prepare(struct cfg_cell *header, uint64_t offset_in_page, struct cell **made);

/* Where the rest of that copy goes */
void *cell_config_behind_header(const struct cell *cell);

/*
 * When the copy is whole, with size bytes: the cell. If it cannot be, nothing stays of it. by_guest: the caller's CPU stays
 * with the root cell.
 */
int cell_build(struct cell *cell, uint64_t size, bool by_guest);

/*
 * Both, from a configuration in hypervisor memory, of which size bytes are there, its header at least. Its CPUs are
 * suspended root CPUs or the caller. 0 or a negative errno after refuse(), with everything as it was.
 */
int cell_create_from(const void *config, uint64_t size, struct cell **created);

/* A stopped cell, or the root cell of a system without Linux below: reset what it has and start it with that argument. */
void cell_launch(struct cell *cell, uint64_t argument);

/* All of its CPUs but the caller */
void cell_suspend_cpus(const struct cell *cell);
void cell_resume_cpus(const struct cell *cell);

/* Suspended and without guest state afterwards, but for the caller itself */
void cell_stop_cpus(struct cell *cell);

/* A CPU changes its cell: suspended, or not one yet. Its counters begin anew. */
void cpu_give_to(struct percpu *cpu, struct cell *cell);

/* CPUs of a cell that ends: root CPUs, switched off; they stay suspended. */
void cell_return_cpus(struct cell *cell);

/* All that is the root cell's again when a stopped cell ends, or cannot be made: interrupts, CPUs, memory. */
void cell_give_back(struct cell *cell);

/* Memory of the object itself; everything it owned has been given back. */
void cell_free(struct cell *cell);

#endif
