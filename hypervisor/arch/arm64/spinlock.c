/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket lock: waiting CPUs are served in order, so a wait is bounded by the holders before it. */
#include "lock.h"
#include "asm/sysreg.h"

static inline __attribute__((always_inline)) void take(spinlock_t *lock)
{
	uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

	/* pairs with the release in spin_unlock() */
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

void spin_lock(spinlock_t *lock)
{
	take(lock);
}

void spin_lock_ordered(spinlock_t *lock)
{
	dsb(ish);
	take(lock);
}

void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}
