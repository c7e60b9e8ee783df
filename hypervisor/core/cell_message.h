/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to cells through the communication region. */
#ifndef BULKHEAD_CELL_MESSAGE_H
#define BULKHEAD_CELL_MESSAGE_H

#include "cell.h"

/* Is it a state in which a cell answers no messages, and does nothing any more? */
static inline bool comm_state_is_end(uint32_t state)
{
	return state == COMM_STATE_SHUT_DOWN || state == COMM_STATE_FAILED || state == COMM_STATE_ABI_MISMATCH;
}

/*
 * Management lock. Ask the cell to shut down: false if it refuses. A cell that is stopped, passive or silent
 * beyond its timeout does not refuse.
 */
bool cell_approves_shutdown(struct cell *cell);

/* Management lock. Tell all non-root cells that the partitioning changed. */
void cells_notify_reconfigured(void);

#endif
