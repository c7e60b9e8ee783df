/* SPDX-License-Identifier: BSD-2-Clause */
/* Suspending, starting, parking and failing CPUs. */
#include "bundle.h"
#include "cell.h"
#include "console.h"
#include "console_setup.h"
#include "control.h"
#include "crash_log.h"
#include "ivshmem.h"
#include "trace.h"
#include "watchdog.h"
#include "arch/cpu.h"

/* How long a CPU may take to answer a kick, which no guest can mask; and then, while its guest has no memory. Milliseconds */
#define KICK_LIMIT	100
#define WAKE_LIMIT	1000	/* of one that is suspended: it runs no guest, which could be why it is late */
#define ANSWER_LIMIT	20000

volatile bool start_is_unattended;

/* Ticket locks, but for what a CPU does while it waits: who changes cells, and who may look at them */
static struct turns {
	volatile uint32_t next, owner;
} managers, lookers;

/* [calling CPU, control_lock held] Answer one suspend request, if there is one. */
static bool answer_suspend(struct percpu *cpu)
{
	if (!cpu->suspend_request)
		return false;
	/* pairs with the acquire in cpu_suspend(): all that this CPU has done and looked at so far comes before */
	__atomic_store_n(&cpu->suspended, true, __ATOMIC_RELEASE);
	spin_unlock(&cpu->control_lock);
	/* pairs with the release in cpu_resume(): what the manager changed is seen afterwards */
	arch_sleep_while(&cpu->suspend_request);
	spin_lock(&cpu->control_lock);
	__atomic_store_n(&cpu->suspended, false, __ATOMIC_RELEASE);
	return true;
}

void cpu_poll_suspend(void)
{
	struct percpu *cpu = this_cpu();

	spin_lock(&cpu->control_lock);
	answer_suspend(cpu);
	spin_unlock(&cpu->control_lock);
}

static void take_turn(struct turns *turns)
{
	uint32_t ticket = __atomic_fetch_add(&turns->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&turns->owner, __ATOMIC_ACQUIRE) != ticket) {
		cpu_poll_suspend();
		arch_relax();
	}
}

static void end_turn(struct turns *turns)
{
	__atomic_store_n(&turns->owner, turns->owner + 1, __ATOMIC_RELEASE);
}

void look_lock(void)
{
	take_turn(&lookers);
}

void look_unlock(void)
{
	end_turn(&lookers);
}

void management_lock(void)
{
	take_turn(&managers);
	look_lock();
}

void management_unlock(void)
{
	look_unlock();
	end_turn(&managers);
}

static bool answers(const struct percpu *cpu, bool suspended, uint32_t milliseconds)
{
	uint64_t start = arch_ticks(), limit = milliseconds * arch_ticks_per_second() / 1000;

	/* a CPU that hit an error of the hypervisor does not run anything any more */
	while (__atomic_load_n(&cpu->suspended, __ATOMIC_ACQUIRE) != suspended && !cpu->dead) {
		arch_relax();
		if (arch_ticks() - start > limit)
			return false;
	}
	return true;
}

/* Kick a CPU until it is suspended, or goes on. */
static void await(struct percpu *cpu, bool suspended)
{
	bool answered;

	arch_kick(cpu);
	if (answers(cpu, suspended, suspended ? KICK_LIMIT : WAKE_LIMIT))
		return;
	/* no guest can do that; tests/spin/revoke.pml */
	arch_revoke(cpu);
	answered = answers(cpu, suspended, ANSWER_LIMIT);
	arch_restore(cpu);
	if (!answered)
		panic("CPU %u does not answer", cpu->cpu_id);
}

void cpu_suspend(struct percpu *cpu)
{
	spin_lock(&cpu->control_lock);
	cpu->suspend_request = true;
	spin_unlock(&cpu->control_lock);
	await(cpu, true);
}

void cpu_resume(struct percpu *cpu)
{
	__atomic_store_n(&cpu->suspend_request, false, __ATOMIC_RELEASE);
	/* it is only leaving its loop; a new request must not see the old answer */
	await(cpu, false);
}

/* [control_lock] Is the CPU in its guest, or going to be without anybody's help? Changes with the count of its cell. */
static bool may_run(const struct percpu *cpu)
{
	return cpu->reset_request || cpu->run_state == CPU_RUNNING;
}

/* [control_lock] How many of its cell may run now */
static uint32_t count(struct percpu *cpu, uint32_t change)
{
	/* who is counted last has seen what the others did before */
	return __atomic_add_fetch(&cpu->cell->running, change, __ATOMIC_ACQ_REL);
}

void cpu_set_parked(struct percpu *cpu)
{
	spin_lock(&cpu->control_lock);
	count(cpu, -(uint32_t)may_run(cpu));
	cpu->park_request = true;
	cpu->reset_request = false;
	cpu->watches = false;
	cpu->run_state = CPU_PARKED;
	spin_unlock(&cpu->control_lock);
}

void cpu_set_reset(struct percpu *cpu, uint64_t entry, uint64_t context)
{
	spin_lock(&cpu->control_lock);
	cpu->entry = entry;
	cpu->context = context;
	cpu->by_sibling = false;
	count(cpu, !may_run(cpu));
	cpu->reset_request = true;
	spin_unlock(&cpu->control_lock);
}

bool cpu_switch_on(struct percpu *cpu, uint64_t entry, uint64_t context)
{
	bool was_off;

	spin_lock(&cpu->control_lock);
	was_off = !cpu->reset_request &&
		  (cpu->run_state == CPU_OFF || (cpu->run_state == CPU_PARKED && cpu->failed));
	if (was_off) {
		cpu->entry = entry;
		cpu->context = context;
		cpu->by_sibling = true;
		count(cpu, 1);
		cpu->reset_request = true;
	}
	spin_unlock(&cpu->control_lock);
	if (was_off)
		arch_kick(cpu);
	return was_off;
}

/* Peers are told when the state says it already. */
static void declare_stopped(struct percpu *cpu, struct cell *cell)
{
	if (cell->failed) {
		cell->comm->cell_state = COMM_STATE_FAILED;
		cpu->report |= REPORT_CELL | REPORT_ACTION;
	}
	cell->untold = cell->num_functions;
	cpu->report |= REPORT_LINKS;
}

static void report_line(struct percpu *cpu)
{
	if (cpu->report & REPORT_LINKS) {
		if (cpu->cell->untold)
			ivshmem_device_stopped(cpu->cell, --cpu->cell->untold);
		else
			cpu->report &= ~REPORT_LINKS;
	} else if (cpu->report >= REPORT_LINE) {
		cpu->report -= REPORT_LINE;
		arch_report_violation(cpu, cpu->report / REPORT_LINE);
	} else if (CONFIG_WATCHDOG && (cpu->report & REPORT_WATCHDOG)) {
		cpu->report &= ~REPORT_WATCHDOG;
		watchdog_report(cpu->cell);
	} else {
		cpu->report &= ~REPORT_CELL;
		console_printf_about(cpu->cell, "%pC failed\n", &cpu->cell->config);
	}
}

void cpu_finish_report(struct percpu *cpu)
{
	while (cpu->report > REPORT_ACTION)
		report_line(cpu);
}

static void go_on_with_report(struct percpu *cpu)
{
	if (cpu->report > REPORT_ACTION) {
		report_line(cpu);
		return;
	}
	cpu->report = 0;
	if (CONFIG_DIRECT_BOOT)
		bundle_cell_failed();
}

/*
 * If this CPU was the last one that ran, nobody of the cell can switch one on again: its peers learn that it is gone. If one
 * has failed before or now, the cell has. docs/locking.md, tests/spin/failing.pml
 */
static void stop_guest(struct percpu *cpu, bool failed)
{
	bool last;

	spin_lock(&cpu->control_lock);
	if (failed) {
		cpu->failed = true;
		cpu->cell->failed = true;
	}
	cpu->run_state = failed ? CPU_PARKED : CPU_OFF;
	cpu->park_request = true;
	last = count(cpu, -1u) == 0;
	spin_unlock(&cpu->control_lock);

	if (last)
		declare_stopped(cpu, cpu->cell);
}

void cpu_handle_events(void)
{
	struct percpu *cpu = this_cpu();

	spin_lock(&cpu->control_lock);
	for (;;) {
		if (cpu->park_request) {
			cpu->park_request = false;
			spin_unlock(&cpu->control_lock);
			/* a CPU that its cell switches off, or that fails, goes on watching for the others */
			if (CONFIG_WATCHDOG && !cpu->watches)
				arch_timer_stop();
			arch_cpu_park();
			spin_lock(&cpu->control_lock);
		} else if (answer_suspend(cpu)) {
			continue;
		} else if (cpu->report && cpu->run_state != CPU_RUNNING) {
			spin_unlock(&cpu->control_lock);
			go_on_with_report(cpu);
			spin_lock(&cpu->control_lock);
		} else if (cpu->reset_request) {
			uint64_t entry = cpu->entry, context = cpu->context;
			bool by_sibling = cpu->by_sibling;

			cpu->reset_request = false;
			cpu->run_state = CPU_RUNNING;
			spin_unlock(&cpu->control_lock);
			if (CONFIG_TRACE)
				trace_starts(cpu, entry, context);
			arch_cpu_reset(entry, context, by_sibling);
			if (CONFIG_WATCHDOG && !by_sibling)
				watchdog_start(cpu->cell);
			spin_lock(&cpu->control_lock);
		} else if (cpu->run_state != CPU_RUNNING) {
			spin_unlock(&cpu->control_lock);
			arch_wait_for_kick();
			spin_lock(&cpu->control_lock);
		} else if (watchdog_has_expired(cpu->cell)) {
			spin_unlock(&cpu->control_lock);
			stop_guest(cpu, true);
			spin_lock(&cpu->control_lock);
		} else {
			break;
		}
	}
	spin_unlock(&cpu->control_lock);
}

void cpu_handle_revocation(void)
{
	struct percpu *cpu = this_cpu();

	/* one that is only late takes its kick first */
	if (cpu->suspend_request)
		console_printf("%pC, CPU %u: took no kick\n", &cpu->cell->config, cpu->cpu_id);
	cpu_handle_events();
}

void cpu_switch_off(void)
{
	stop_guest(this_cpu(), false);
	cpu_handle_events();
}

void cpu_fail(void)
{
	stop_guest(this_cpu(), true);
	cpu_handle_events();
}

bool nobody_hears(void)
{
	return CONFIG_DIRECT_BOOT && start_is_unattended && !console_has_uart();
}

/* What it does may fail itself: then it comes here again, once. */
static void __attribute__((noreturn)) stop_for_good(const struct bh_crash_registers *registers, uint32_t vector,
						    const char *format, va_list args)
{
	char line[CONSOLE_LINE];

	console_enter_panic();
	if (this_cpu()->dead++ < 2) {
		size_t head = format_text(line, sizeof(line) - 1, "PANIC on CPU %u: ", this_cpu()->cpu_id);
		size_t length = head + format_text_va(line + head, sizeof(line) - 1 - head, format, args);

		if (CONFIG_CRASH_LOG)
			crash_log_write(registers, vector, line + head);
		console_put_line(line, length);
	}
	if (nobody_hears())
		arch_system_off();
	arch_halt();
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop_for_good(NULL, 0, format, args);
}

void panic_at(const struct bh_crash_registers *registers, uint32_t vector, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop_for_good(registers, vector, format, args);
}
