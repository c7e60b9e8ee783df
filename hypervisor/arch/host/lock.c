/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket locks between threads. Aborts on recursion and on release out of order or by somebody else. */
#include <sched.h>
#include "host.h"
#include "lock.h"

#define MAX_HELD	4u

static _Thread_local spinlock_t *held[MAX_HELD];
static _Thread_local uint32_t num_held, max_held;
static _Thread_local void (*lock_hook)(void);
static _Thread_local bool ordered[MAX_HELD];

void (*host_preemption_point)(void);

static void may_be_preempted(void)
{
	if (host_preemption_point && num_held == 0)
		host_preemption_point();
}

void spin_lock(spinlock_t *lock)
{
	void (*hook)(void) = lock_hook;
	uint32_t ticket, n;

	if (hook) {
		lock_hook = NULL;
		hook();
	}
	may_be_preempted();

	for (n = 0; n < num_held; n++)
		HOST_ASSERT(held[n] != lock);
	HOST_ASSERT(num_held < MAX_HELD);

	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		sched_yield();

	ordered[num_held] = false;
	held[num_held++] = lock;
	max_held = MAX(max_held, num_held);
}

/* What is waited for under a lock were stores of a guest, if that lock had not been taken so, too; but for a disable. */
void spin_lock_ordered(spinlock_t *lock)
{
	HOST_ASSERT(num_held <= 2);
	spin_lock(lock);
	ordered[num_held - 1] = true;
}

bool host_raise_is_ordered(void)
{
	return num_held && ordered[num_held - 1];
}

void spin_unlock(spinlock_t *lock)
{
	HOST_ASSERT(num_held > 0 && held[num_held - 1] == lock);
	num_held--;
	__atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
	may_be_preempted();
}

void host_on_lock(void (*hook)(void))
{
	lock_hook = hook;
}

uint32_t host_locks_held(void)
{
	return num_held;
}

uint32_t host_locks_held_max(void)
{
	return max_held;
}
