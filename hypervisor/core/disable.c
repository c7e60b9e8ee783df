/* SPDX-License-Identifier: BSD-2-Clause */
/* The way back: all CPUs of the root cell leave the hypervisor. Not part of a build without CONFIG_LATE_LAUNCH. */
#include "cell.h"
#include "console.h"
#include "control.h"
#include "errors.h"
#include "lock.h"
#include "setup.h"
#include "setup_internal.h"
#include "vpci.h"
#include "arch/cpu.h"

enum shutdown_verdict { SHUTDOWN_NONE, SHUTDOWN_GRANTED, SHUTDOWN_REFUSED };
static spinlock_t shutdown_lock = SPINLOCK_INIT;
static enum shutdown_verdict shutdown_verdict;
static volatile uint32_t shutdown_missing;	/* CPUs that have not called yet */
static uint32_t shutdown_cpus, shutdown_left;	/* all of them; those that are ready to leave */
static volatile uint32_t shutdown_round;	/* those that were given up: who waits in an earlier one goes back */

/* A disable is one more meeting point. */
#define SHUTDOWN_CALLED	(MEETING_POINTS + 1)

/* The first CPU that calls decides for all; a refusal is told to each of them once. */
static void judge_shutdown(void)
{
	uint32_t running = 0;

	refuse_clear();
	shutdown_verdict = SHUTDOWN_GRANTED;
	for_each_cpu(id, &root_cell.cpus) {
		percpu_of(id)->met = MEETING_POINTS;
		if (percpu_of(id)->run_state == CPU_RUNNING)
			running++;
		else if (shutdown_verdict == SHUTDOWN_GRANTED) {
			refuse(-EBUSY, "CPU %u of the root cell is offline: bring it online first", id);
			shutdown_verdict = SHUTDOWN_REFUSED;
		}
	}
	if (root_cell.next) {
		refuse(-EBUSY, "%pC exists: destroy it first", &root_cell.next->config);
		shutdown_verdict = SHUTDOWN_REFUSED;
	}
	shutdown_missing = running;
	shutdown_cpus = running;
	shutdown_left = 0;
}

bool disable_is_granted(void)
{
	return shutdown_verdict == SHUTDOWN_GRANTED;
}

/* Nothing has been changed until the last CPU calls, so all can go on as they are; who comes late begins anew. */
static void give_up_shutdown(uint32_t round)
{
	spin_lock(&shutdown_lock);
	if (shutdown_missing && shutdown_round == round) {
		for_each_cpu(id, &root_cell.cpus)
			if (percpu_of(id)->met < SHUTDOWN_CALLED)
				refuse_missing(id);
		shutdown_verdict = SHUTDOWN_NONE;
		shutdown_round++;
	}
	spin_unlock(&shutdown_lock);
}

static bool all_call(uint32_t round)
{
	uint64_t start = arch_ticks();

	while (shutdown_missing && shutdown_round == round) {
		cpu_poll_suspend();
		arch_relax();
		if (is_too_late(start))
			give_up_shutdown(round);
	}
	return shutdown_round == round;
}

/*
 * Nobody sends interrupts before everybody has given its interrupt controller back; but for a CPU that hit an error of the
 * hypervisor on its way.
 */
static void wait_for_leaving(void)
{
	uint64_t start = arch_ticks();

	__atomic_fetch_add(&shutdown_left, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&shutdown_left, __ATOMIC_ACQUIRE) < shutdown_cpus) {
		arch_relax();
		if (is_too_late(start))
			return;
	}
}

int hypervisor_disable(void)
{
	struct percpu *cpu = this_cpu();
	enum shutdown_verdict verdict;
	uint32_t round;
	bool last;

	if (!cpu->cell->is_root)
		return -EPERM;
	if (firmware_started_us())
		return -EPERM;	/* below is nothing to go back to */
	spin_lock(&shutdown_lock);
	/* who calls twice asks anew, whoever has not been told the last refusal */
	if (shutdown_verdict == SHUTDOWN_NONE || cpu->met == SHUTDOWN_CALLED)
		judge_shutdown();
	verdict = shutdown_verdict;
	round = shutdown_round;
	cpu->met = SHUTDOWN_CALLED;
	last = --shutdown_missing == 0;
	/* no root CPU executes Linux any more: its devices go, and leave nothing in state tables */
	if (last && verdict == SHUTDOWN_GRANTED)
		vpci_exit(&root_cell);
	if (last && verdict == SHUTDOWN_REFUSED)
		shutdown_verdict = SHUTDOWN_NONE;
	spin_unlock(&shutdown_lock);
	if (verdict == SHUTDOWN_REFUSED)
		return -EBUSY;
	if (!all_call(round))
		return -EIO;
	if (last)
		console_printf("disabled, all CPUs go back to Linux\n");
	arch_deactivate_cpu(cpu);
	wait_for_leaving();
	arch_leave_guest(0);
}
