/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control of CPUs: suspend, start, park, fail.
 *
 * A CPU in its guest is brought into the hypervisor by a kick (an interrupt that the guest cannot mask) and
 * looks at its control fields in cpu_handle_events(). Whoever manages a CPU suspends it first, changes it
 * and resumes it.
 */
#ifndef BULKHEAD_CONTROL_H
#define BULKHEAD_CONTROL_H

#include "console.h"
#include "percpu.h"

struct cell;

/*
 * Direct boot before the first cell runs: an error that nobody can be told, because there is no console, switches the
 * machine off. Set by the front door.
 */
extern volatile bool start_is_unattended;

/* Is this an error that nobody will hear of? */
bool nobody_hears(void);

/*
 * The management lock: hypercalls that change cells. While waiting for it a CPU answers suspend requests, so
 * the holder may suspend other CPUs.
 */
void management_lock(void);
void management_unlock(void);

/*
 * To look at cells and links without changing them; the management lock has it, too. Its holder gives it away while it goes over
 * memory of a cell, and nothing changes that a looker reads: look_unlock(), look_lock().
 */
void look_lock(void);
void look_unlock(void);

/*
 * percpu.report: what a CPU that has stopped tells and prints when it is parked, a line at a time, and what it does then. So
 * nobody waits for more than a line but who stops the CPU for good, and no guest comes to the CPU before all is said.
 */
#define REPORT_ACTION	1	/* the failure action of its cell's bundle */
#define REPORT_CELL	2	/* the cell has failed */
#define REPORT_WATCHDOG	4	/* its cell's watchdog has expired */
#define REPORT_LINKS	8	/* peers of its cell, which has stopped: as a line, each link by itself, before all others */
#define REPORT_LINE	16	/* times the lines about its violation */
#define REPORT_VIOLATION	(VIOLATION_LINES * REPORT_LINE)

/* CPU suspended: tell and print what it has not yet. */
void cpu_finish_report(struct percpu *cpu);

/* Management lock held; cpu is not the caller. Returns when the CPU is suspended. */
void cpu_suspend(struct percpu *cpu);
void cpu_resume(struct percpu *cpu);

/* CPU suspended: what it does after cpu_resume(). */
void cpu_set_parked(struct percpu *cpu);
void cpu_set_reset(struct percpu *cpu, uint64_t entry, uint64_t context);

/* [calling CPU] In long waits of a hypercall: answer a suspend request. */
void cpu_poll_suspend(void);

/* Has cpu_handle_events() something to do before the guest may go on? */
static inline bool cpu_has_requests(const struct percpu *cpu)
{
	return cpu->suspend_request || cpu->park_request || cpu->reset_request || cpu->run_state != CPU_RUNNING;
}

/*
 * [each CPU, at a kick] Obey suspend, park and reset requests; returns when there is a guest to go back to.
 */
void cpu_handle_events(void);

/* [each CPU] The same when its guest found itself without memory: arch_revoke(). */
void cpu_handle_revocation(void);

/* [calling CPU] PSCI CPU_OFF; returns when somebody turned the CPU on again. */
void cpu_switch_off(void);

/*
 * PSCI CPU_ON for a CPU of the same cell: false if it is not off (or failed). Any CPU of the cell may call.
 */
bool cpu_switch_on(struct percpu *cpu, uint64_t entry, uint64_t context);

/*
 * [calling CPU] The guest violated a rule. Marks the CPU failed, and the cell if it was its last one; then peers
 * of its links learn it. Returns when the CPU has been given something else to run.
 */
void cpu_fail(void);

/* The hypervisor itself is in trouble: leave a crash log, print and stop this CPU for good. */
void panic(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

/* The same for an exception of that vector, with the registers that it found. */
struct bh_crash_registers;
void panic_at(const struct bh_crash_registers *registers, uint32_t vector, const char *format, ...) PRINTF_LIKE(3, 4)
	__attribute__((noreturn));

#endif
