/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core needs from an architecture to run and stop CPUs. Together with the other headers of this
 * folder, virq.h, paging.h and lock.h this is the list for porting.
 */
#ifndef BULKHEAD_ARCH_CPU_H
#define BULKHEAD_ARCH_CPU_H

#include "percpu.h"

struct bh_fault;
struct cell;
struct cfg_system;

/* Make cpu enter the hypervisor soon, whatever its guest masks. Orders earlier stores before the kick. */
void arch_kick(struct percpu *cpu);

/*
 * [management lock] For a CPU that a kick does not get: until arch_restore(), its cell has no memory at all, so that each of
 * the cell's CPUs comes to the hypervisor in a bounded time, whatever it does; also one that waits there. It calls
 * cpu_handle_revocation(), and when it goes on it does so as if nothing had been. Nobody may look up or change the
 * cell's memory meanwhile.
 */
void arch_revoke(struct percpu *cpu);
void arch_restore(struct percpu *cpu);

/*
 * [calling CPU] Sleep in the hypervisor until *request is false, which who clears it follows with a kick, that gets here even
 * if none did before. Acquires what was stored before. Takes no interrupt; a kick, if only the one that ends it, is taken
 * after the return.
 */
void arch_sleep_while(const volatile bool *request);

/* [calling CPU] Sleep in the hypervisor until a kick (or anything else) arrived; those of guests stay pending. */
void arch_wait_for_kick(void);

/*
 * [calling CPU] Reset guest state to the entry state of the ABI; it continues at entry on return to it. by_sibling: another
 * CPU of the cell has switched it on, which is told a little differently.
 */
void arch_cpu_reset(uint64_t entry, uint64_t context, bool by_sibling);

/* [calling CPU] Stop delivering to the guest that was here: drop virtual state, release interrupts. */
void arch_cpu_park(void);

/*
 * Of exits that the entry code does without C (CONFIG_FAST_PATH), those that cpu takes from now on come to C, until C has
 * left them to it anew. cpu may be in one of them, or C on it about to leave it one: trace_takes_all().
 */
void arch_forget_fast_paths(struct percpu *cpu);

/* One relaxed turn of a polling loop. */
void arch_relax(void);

/* Free-running time in ticks and its frequency; for bounds of wait loops and the timer only. */
uint64_t arch_ticks(void);
uint64_t arch_ticks_per_second(void);

/*
 * [calling CPU] A timer of the hypervisor's own: when arch_ticks() reaches `when`, or at once, the CPU calls
 * watchdog_check() and then cpu_handle_events(), whatever its guest masks; also out of arch_wait_for_kick(), but not out of
 * arch_sleep_while().
 * Armed only while the CPU's cell has a watchdog; then no guest of the cell sees or reaches the timer or its interrupt. It
 * survives arch_cpu_park() and arch_cpu_reset(). Arming it anew, or stopping it, is all that ends a call that is due.
 */
void arch_timer_arm(uint64_t when);
void arch_timer_stop(void);

/* [calling CPU] pc, pstate and x of a record: where its guest was last. */
void arch_fill_fault(volatile struct bh_fault *fault);

/*
 * [the CPU itself, parked, or who has suspended it] Print one line about the violation by which it failed: the first one with
 * left = VIOLATION_LINES - 1, the last one with 0.
 */
#define VIOLATION_LINES	10
void arch_report_violation(const struct percpu *cpu, uint32_t left);

/* [calling CPU] Stop for good. */
void arch_halt(void) __attribute__((noreturn));

/* [calling CPU] Switch the machine off or start it anew, as far as the firmware can; do not come back. */
void arch_system_off(void) __attribute__((noreturn));
void arch_system_reset(void) __attribute__((noreturn));

/*
 * CONFIG_FAST_PATH: what CPUs have written down to do it again without asking. Forget it: about windows of a cell, on all of its
 * CPUs, which go on meanwhile; or everything on one CPU [the calling one, or a suspended one], whose counts are complete then.
 */
void arch_forget_accesses(const struct cell *cell);
void arch_forget_all(struct percpu *cpu);

/* cpu->exits, with those that a CPU has done by itself and not added yet. */
uint64_t arch_exits(const struct percpu *cpu, uint32_t cause);

/*
 * Access a device register that may not exist: false instead of an exception if nothing answers. Naturally aligned,
 * size 1, 2, 4 or 8.
 */
bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write);

/* Write back and invalidate a page of the hypervisor's memory: it is there after a reset, and for who reads without caches. */
void arch_clean_page(void *page);

/* Start-up, see setup.c for the order. All return 0 or a negative errno after refuse(). */
int arch_init_memory(void);					/* primary CPU: own address space, limits */
int arch_init_platform(const struct cfg_system *system);	/* primary CPU: interrupt controller, firmware */
int arch_init_cpu(struct percpu *cpu);				/* each CPU: can it take part? changes nothing */
void arch_activate_cpu(struct percpu *cpu);			/* each CPU: take over; cannot fail */
void arch_deactivate_cpu(struct percpu *cpu);			/* each CPU at disable: give everything back */

/* [calling CPU, deactivated] Leave the hypervisor; the guest sees result as that of its call. */
void arch_leave_guest(int64_t result) __attribute__((noreturn));

/* Limits of the machine, valid after arch_init_memory() */
uint64_t arch_phys_limit(void);
uint64_t arch_guest_limit(void);

#endif
