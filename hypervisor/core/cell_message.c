/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages to cells. The page is shared with the guest: every value read from it is one of a guest's
 * choosing, read once and compared, never used as an index or bound.
 */
#include "cell_internal.h"
#include "cell_message.h"
#include "console.h"
#include "control.h"
#include "ivshmem.h"
#include "arch/cpu.h"

/*
 * A reply timeout of 0 means "no limit" to configurations; nobody gains from root CPUs that wait for ever, so a
 * cell that is silent for this long counts as one that does not answer any more.
 */
#define DEFAULT_REPLY_SECONDS	5

/* A timeout counts looks at the reply. Linux waits meanwhile, and takes more than 20 seconds for a fault of its own. */
#define MAX_REPLY_SECONDS	15

enum verdict {
	VERDICT_APPROVED,
	VERDICT_DENIED,
	VERDICT_SILENT,
};

static enum verdict send_message(struct cell *cell, uint32_t message, uint32_t expected, uint64_t start)
{
	struct comm_region *comm = cell->comm;
	uint64_t timeout = cell->config.cell->msg_reply_timeout;
	uint64_t limit = (timeout ? MAX_REPLY_SECONDS : DEFAULT_REPLY_SECONDS) * arch_ticks_per_second();

	if (cell->config.cell->flags & CFG_CELL_PASSIVE_COMM_REGION)
		return VERDICT_APPROVED;
	comm->reply_from_cell = COMM_REPLY_NONE;
	/* pairs with the cell's barrier between clearing the message and replying */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	comm->msg_to_cell = message;
	for (uint64_t turns = 1; ; turns++) {
		uint32_t reply;

		/* nobody is there to answer when all CPUs are off or failed */
		if (comm_state_is_end(comm->cell_state) || cell_has_ended(cell))
			return VERDICT_APPROVED;
		reply = comm->reply_from_cell;
		if (reply == expected)
			return VERDICT_APPROVED;
		if (reply != COMM_REPLY_NONE)
			return VERDICT_DENIED;
		if (turns == timeout || arch_ticks() - start > limit)
			return VERDICT_SILENT;
		arch_relax();
	}
}

static void give_up(struct cell *cell)
{
	cell_stop_cpus(cell);
	cell_resume_cpus(cell);
	cell->comm->cell_state = COMM_STATE_FAILED;
	ivshmem_cell_stopped(cell);
	console_printf_about(cell, "%pC does not answer messages: stopped\n", &cell->config);
}

bool cell_approves_shutdown(struct cell *cell)
{
	enum verdict verdict = send_message(cell, COMM_MSG_SHUTDOWN, COMM_REPLY_APPROVED, arch_ticks());

	if (verdict == VERDICT_SILENT)
		give_up(cell);
	return verdict != VERDICT_DENIED;
}

void cells_notify_reconfigured(void)
{
	/* one budget for all of them: Linux waits meanwhile */
	uint64_t start = arch_ticks();

	for (struct cell *cell = root_cell.next; cell; cell = cell->next) {
		enum verdict verdict = send_message(cell, COMM_MSG_RECONFIGURED, COMM_REPLY_RECEIVED, start);

		/* without a timeout in its configuration a cell has all the time it wants for information */
		if (verdict == VERDICT_SILENT && cell->config.cell->msg_reply_timeout)
			give_up(cell);
	}
}
