/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-CPU data. There is an area for each CPU of the system, for the life of the hypervisor. Below and above it nothing is mapped:
 * a stack that overflows faults. What code looks at comes first in struct percpu: it is reached by short offsets.
 */
#ifndef BULKHEAD_PERCPU_H
#define BULKHEAD_PERCPU_H

#include "bulkhead/hypercall_codes.h"
#include "generated/config.h"
#include "lock.h"
#include "types.h"
#include "asm/percpu.h"

struct cell;

/* What a CPU does when nobody has suspended it */
enum cpu_run_state {
	CPU_RUNNING,	/* executes its cell */
	CPU_PARKED,	/* belongs to a cell that is stopped, or failed; waits in the hypervisor */
	CPU_OFF,	/* the cell switched it off (PSCI) */
};

struct percpu {
	struct arch_fast_path fast;	/* at the beginning for the entry code */

	/* constant after enable */
	uint32_t cpu_id;		/* Linux logical number */
	bool present;			/* entered at enable */
	uint64_t mpidr;			/* affinity fields only */

	volatile uint32_t met;		/* meeting points reached: those of start-up, then that of a disable */

	/* control_lock */
	spinlock_t control_lock;
	volatile bool suspend_request;
	volatile bool suspended;
	volatile uint8_t dead;		/* errors of the hypervisor on it: it has stopped for good */
	volatile bool park_request;	/* drop the guest's state first */
	volatile bool reset_request;	/* start the guest anew at entry/context, then CPU_RUNNING */
	volatile enum cpu_run_state run_state;
	volatile bool failed;
	uint64_t entry, context;
	bool by_sibling;		/* asked for by PSCI CPU_ON, not by the manager */
	uint8_t report;			/* REPORT_*: to be told, printed and done; by the CPU, or who has suspended it */
	bool watches;			/* its timer is its cell's watchdog; the CPU itself begins, the manager ends it */

	volatile uint32_t trace_mode;	/* look lock; BH_TRACE_*: trace.h */

	/* management lock while suspended; others only compare it */
	struct cell *volatile cell;

	/* written by the CPU itself, or while it is suspended; read by anybody. CPU_EXIT_* */
	volatile uint64_t exits[CPU_EXIT_COUNT];
	volatile uint64_t joined[CPU_EXIT_COUNT - CPU_EXIT_IRQ];	/* interrupts, from that on, taken in an exit of another cause */

	struct arch_percpu arch;
} __attribute__((aligned(512)));

#define TRACE_SIZE	(CONFIG_TRACE * PAGE_SIZE)

/* An area in the address space of the hypervisor. In memory, in whole pages behind the image, is what is between guard and window. */
struct percpu_area {
	uint8_t guard[PAGE_SIZE] __attribute__((aligned(4096)));	/* unmapped */
	uint8_t stack[CONFIG_STACK_SIZE];
	uint8_t trace[TRACE_SIZE];	/* trace_ring.h; the entry code finds it behind the stack */
	struct percpu cpu;
	uint8_t window[PAGE_SIZE] __attribute__((aligned(4096)));	/* the architecture's: other memory, for a moment */
};

#define PERCPU_SIZE	(sizeof(struct percpu_area) - 2 * PAGE_SIZE)
_Static_assert(offsetof(struct percpu_area, trace) == PAGE_SIZE + CONFIG_STACK_SIZE &&
	       offsetof(struct percpu_area, cpu) == offsetof(struct percpu_area, trace) + TRACE_SIZE,
	       "stack, trace and data follow each other: a stack is a multiple of 512 bytes");

static inline void *stack_top(const struct percpu *cpu)
{
	return (void *)((uintptr_t)cpu - TRACE_SIZE);
}

/* That of a CPU that is known to be there: areas are an array. */
static inline struct percpu *percpu_beside(struct percpu *cpu, uint32_t id)
{
	return (struct percpu *)((uintptr_t)cpu + ((int64_t)id - cpu->cpu_id) * (int64_t)sizeof(struct percpu_area));
}

/* this_cpu(): asm/percpu.h */

/* NULL if no such CPU entered at enable. */
struct percpu *percpu_of(uint32_t cpu);

extern uint32_t num_cpu_slots;		/* CPU numbers are below it */

#define for_each_cpu(cpu, set) \
	for (uint32_t cpu = cpu_set_next(set, 0); cpu < num_cpu_slots; cpu = cpu_set_next(set, cpu + 1))

#endif
