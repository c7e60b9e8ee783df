/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells. Created, changed and freed under the management lock with all root CPUs but the caller's
 * suspended; a cell's own CPUs look at it without a lock, because whatever they look at is frozen at
 * creation or protected by the lock named beside it, and they are stopped before it goes away.
 */
#ifndef BULKHEAD_CELL_H
#define BULKHEAD_CELL_H

#include "bulkhead/comm_region.h"
#include "bulkhead/fault.h"
#include "config.h"
#include "cpu_set.h"
#include "generated/config.h"
#include "lock.h"
#include "mmio.h"
#include "asm/cell.h"

struct bh_cell_console;
struct vpci_function;

/* watchdog.c. Written by the cell's first CPU, or by a start while the cell's CPUs are suspended */
struct watchdog {
	uint32_t period;		/* microseconds, 0: the cell has none. Frozen at creation */
	uint32_t last;			/* value of the counter at the last check */
	uint64_t seen;			/* since when, in ticks */
	uint64_t next_check;
	uint64_t time;			/* when it expired: of the counter unchanged, in microseconds */
	bool waited;			/* a late check has been forgiven, and no tick seen since */
	volatile bool expired;		/* no CPU of the cell goes back to its guest until the next start */
	volatile uint32_t expiries;
};

struct cell {
	/* frozen at creation */
	struct config_view config;	/* the hypervisor's own copy; root: inside the system configuration */
	uint32_t object_pages;		/* of this object with the arrays and that copy behind it */
	uint16_t id;
	bool is_root;
	struct mmio_map mmio;
	struct vpci_function *functions;	/* sorted by bdf */
	uint32_t num_functions;
	struct comm_region *comm;	/* one page, also guest-writable: contents are hostile; root: the hypervisor's alone */
	volatile struct bh_cell_console *console;	/* one page, written under console_lock; NULL: it may not print, or nobody can read */
	struct arch_cell arch;
	struct arch_cell_room *room;	/* the pages of this object begin with it; root: beside its communication region */
	struct arch_cell_saved *saved;	/* root: NULL */

	struct watchdog watchdog;

	/* management lock; readers on the cell's own CPUs see it only while stopped */
	struct cpu_set cpus;
	bool loadable;
	uint32_t restarts;		/* by its failure action */
	struct cell *next;		/* in order of creation, root first */

	/* atomic, under control_lock of the CPU concerned: its CPUs that are in their guests, or going to be without anybody's help */
	volatile uint32_t running;
	volatile bool failed;		/* one of its CPUs has, since the last start */

	/* counters atomic; a record by the CPU whose exchange of `begun` was the first one of this start */
	volatile struct bh_fault fault;

	uint32_t untold;		/* of its functions, the first ones, whose peers do not know it yet: by the CPU that stopped last */

	/* management lock; readers see single flags: sub-page regions of the root cell that another cell has */
	volatile uint8_t *lent_regions;
};

/* Do its CPUs neither run nor are going to, off or failed? Then only the manager can change that. */
static inline bool cell_has_ended(const struct cell *cell)
{
	return !__atomic_load_n(&cell->running, __ATOMIC_ACQUIRE);
}

extern struct cell root_cell;
extern const struct cfg_system *system_config;

/* The machine as config checks see it; valid after start-up. */
extern struct config_platform platform;

/* Once, by the primary CPU: the root cell from its checked configuration. 0 or a negative errno after refuse(). */
int root_cell_init(const struct config_view *view);

/*
 * The hypercalls. [root CPU, no lock] 0 or a negative errno; after a refusal everything is as it was and
 * refuse() has said why.
 */
int cell_create(guest_addr_t config);
int cell_start(uint32_t id);
int cell_set_loadable(uint32_t id);
int cell_destroy(uint32_t id);
int cell_get_state(uint32_t id);
int64_t cell_info(uint32_t id, uint32_t item);	/* HC_CELL_INFO: the value, or a negative errno without a reason */

int64_t cell_fault(uint32_t id, uint32_t piece);	/* HC_CELL_FAULT */
int64_t cell_console(uint32_t id, uint32_t piece);	/* HC_CELL_CONSOLE */

/* Hypercalls of any cell, about its own CPUs; of the root cell, about all */
int64_t cpu_info(uint64_t cpu_id, uint64_t type);
int64_t cpu_exits(uint64_t cpu_id, uint64_t cause);

uint32_t num_cells(void);

/*
 * [CPU of the cell] Accesses to guest addresses where no window of the cell is (MMIO_NO_WINDOW). Is this one ignored?
 * Then it is counted, and what is read is 0.
 */
bool cell_ignores_stray(struct cell *cell, guest_addr_t address, struct mmio_access *access);

/* Is one there that cannot be ignored, or is not to be, an external abort? Then it is counted. */
bool cell_aborts_stray(struct cell *cell, guest_addr_t address);

/*
 * [CPU of the cell] Count a violation. If it is the first one of this start: the record to fill in, from kind to x but
 * for cpu and ticks, and then to hand to cell_fault_end(); else NULL.
 */
volatile struct bh_fault *cell_fault_begin(struct cell *cell);
void cell_fault_end(volatile struct bh_fault *fault);

#endif
