/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that the hypervisor raises in a cell on behalf of a virtual device.
 *
 * A route is a value: where the interrupt goes is resolved and checked against the owning cell when the
 * guest arms it; raising it later cannot fail, needs no lookup and costs bounded work.
 */
#ifndef BULKHEAD_VIRQ_H
#define BULKHEAD_VIRQ_H

#include "cpu_set.h"
#include "types.h"

struct cell;
struct percpu;

struct virq_route {
	uint32_t intid;		/* 0: unarmed, raising does nothing */
};

#define VIRQ_UNARMED	((struct virq_route){ .intid = 0 })

/*
 * Route to an SPI of the cell (Arm: INTID 32..1019, in the cell's irqchip bitmap).
 * false and an unarmed route if the cell does not own it.
 */
bool arch_virq_route_spi(const struct cell *cell, uint32_t intid, struct virq_route *route);

/*
 * Raise as an edge. [lock that was taken by spin_lock_ordered()] All stores that the calling CPU made before are observable by the
 * target when the interrupt reaches it.
 */
void arch_virq_raise(const struct virq_route *route);

/*
 * The same as one store of 32 bits, so that a CPU that knows where it is published can raise the interrupt without asking: to
 * address at EL2, unless that is 0. Who reads it says so before (arm64: fast_slots.h), so that it can be waited for.
 */
struct virq_store {
	volatile uint64_t address;
	volatile uint64_t value;
};

/* The CPU that rings by arch_virq_ring(), or did last: one at a time */
struct virq_teller {
	struct percpu *volatile cpu;
};

/* Who may be about to use what is published */
struct virq_ringers {
	struct cpu_set cpus;	/* whose entry code repeats rings: a CPU joins before it does so for the first time, and stays */
	const struct virq_teller *teller;	/* NULL: nobody */
};

/*
 * Publish how each of count routes is raised, or, if it is unarmed, or there is no such store, that it cannot be done that way. [a
 * lock that serialises the calls for these stores] When this returns, no CPU raises an interrupt by what was published before.
 * Takes no lock, and waits at most for some instructions of each ringer. An element that was never published is all 0.
 */
void arch_virq_publish(const struct virq_ringers *ringers, struct virq_store *stores, const struct virq_route *routes,
		       uint32_t count);

/* The calling CPU is going to ring. [lock of the teller, until the last one is over] */
void arch_virq_tell(struct virq_teller *teller);

/*
 * Raise what is published there, as the entry code does, and count it, atomically: who takes it away waits for the end of both. False:
 * nothing is. For the rest as arch_virq_raise(). [lock of a teller that the receiver's ringers have]
 */
bool arch_virq_ring(struct virq_store *store, uint64_t *counter);

/*
 * Sum of every step-th of counters, count of them, with the interrupts that these CPUs have raised that way and not added yet. Other
 * counts are added to them atomically.
 */
uint64_t arch_virq_count(const struct cpu_set *cpus, const uint64_t *counters, uint32_t count, uint32_t step);

/*
 * What the interrupt controller says about an armed route of the cell: LINK_ROUTE_ENABLED and what follows it. [management
 * lock, or a CPU of the cell]
 */
uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route);

#endif
