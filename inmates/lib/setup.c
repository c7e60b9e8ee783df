/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the first instructions to inmate_main(), and messages of the hypervisor.
 */
#include <cpu.h>
#include <inmate.h>

#include "internal.h"

struct comm_region *comm_region(void)
{
	return (struct comm_region *)COMM_REGION_ADDRESS;
}

void inmate_setup(void)
{
	struct comm_region *comm = comm_region();

	/* Before translation is on: a wrong communication region must not cost more than this */
	if (comm->revision != COMM_REVISION || memcmp(comm->signature, COMM_SIGNATURE, COMM_SIGNATURE_LEN)) {
		comm->cell_state = COMM_STATE_ABI_MISMATCH;
		stop();
	}
	mmu_setup();
	console_setup();
	inmate_main();
	stop();
}

uint32_t message_take(void)
{
	return comm_region()->msg_to_cell;
}

void message_reply(uint32_t reply)
{
	struct comm_region *comm = comm_region();

	/* Pairs with the hypervisor, which clears the reply before it posts a message */
	comm->msg_to_cell = COMM_MSG_NONE;
	barrier_memory();
	comm->reply_from_cell = reply;
}

bool message_is_shutdown(void)
{
	switch (message_take()) {
	case COMM_MSG_NONE:
		return false;
	case COMM_MSG_SHUTDOWN:
		return true;
	case COMM_MSG_RECONFIGURED:
		message_reply(COMM_REPLY_RECEIVED);
		return false;
	default:
		message_reply(COMM_REPLY_UNKNOWN);
		return false;
	}
}

void watchdog_tick(void)
{
	comm_region()->watchdog++;
}

void shut_down(void)
{
	irq_disable();
	comm_region()->cell_state = COMM_STATE_SHUT_DOWN;
	barrier_memory();
	message_reply(COMM_REPLY_APPROVED);
	stop();
}
