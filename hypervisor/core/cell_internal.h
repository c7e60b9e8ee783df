/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files that create and end cells. All under the management lock. */
#ifndef BULKHEAD_CELL_INTERNAL_H
#define BULKHEAD_CELL_INTERNAL_H

#include "cell.h"

/* Take the management lock and forget the last reason; false, and nothing done, if the caller is no root CPU. */
bool management_begin(void);

struct cell *cell_find(uint32_t id);
void cell_link(struct cell *cell);	/* to the end of the list */
void cell_unlink(struct cell *cell);
bool cell_locks_reconfiguration(const struct cell *except);

/* All root CPUs but the caller's */
void root_suspend(void);
void root_resume(void);

/* Suspended and without guest state afterwards */
void cell_stop_cpus(struct cell *cell);
void cell_resume_cpus(struct cell *cell);

/* CPUs of a cell that ends: root CPUs, switched off; they stay suspended. */
void cell_return_cpus(struct cell *cell);

/* Memory of the object itself; everything it owned has been given back. */
void cell_free(struct cell *cell);

#endif
