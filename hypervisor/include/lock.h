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

#endif
