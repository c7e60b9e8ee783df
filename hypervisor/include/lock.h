/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket spin locks; the implementation is the architecture's. Order of locks: docs/locking.md. */
#ifndef BULKHEAD_LOCK_H
#define BULKHEAD_LOCK_H

#include "types.h"

typedef struct {
	volatile uint32_t next;
	volatile uint32_t owner;
} spinlock_t;

#define SPINLOCK_INIT	{ 0, 0 }

/* Acquire and release order memory accesses; a lock is never held while waiting for guest code. */
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

/*
 * For locks under which interrupts are raised: takes the lock when all earlier stores of this CPU are observable. So they are
 * when the interrupt arrives; and if a device of its guest does not take one, this CPU waits alone, with the lock free.
 */
void spin_lock_ordered(spinlock_t *lock);

#endif
