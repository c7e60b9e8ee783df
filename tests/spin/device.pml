/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ivshmem core as the models see it; included by them, after
 *
 *   PEERS    number of peer ids of the link
 *   STORERS  CPUs that write State, numbered from 0: each has a store buffer
 *   CPUS     all CPUs
 *
 * One link, vector 0 only, and of the registers what decides about delivery. A process that calls the inlines
 * has the locals of LOCALS, and is the CPU `me`. A critical section is cut into steps where somebody who does
 * not hold the lock can look: the raised interrupt and the state table. What only holders look at is one
 * step.
 *
 * NO_..., and whatever else a comment calls a mutant, takes out one thing that a property needs.
 */

/* Names for what pan prints; all of them are 0. CHECK(name, condition) */
hidden byte told, not_stuck, in_order, at_most_once, quiet, zero, agree, sum, lock_order, bounded;
#define CHECK(name, condition)	assert((condition) || name)

#define LOCALS	bit my_link; bit my_endpoint; bit interrupts; byte other

typedef endpoint_t {
	bit lock;
	/* the rest: endpoint lock */
	bit present;
	bit enable;		/* Interrupt Control */
	bit armed;		/* vector 0 has a route */
	bit one_shot;
	bit latch;		/* a change of State waits for enabled and armed */
};
endpoint_t endpoint[PEERS];

bit link_lock;
byte state[PEERS];		/* State registers; link lock */
byte table[PEERS];		/* state table as everybody sees it */
bit pending[PEERS];		/* the interrupt at the peer's interrupt controller; edges merge */

/*
 * A store becomes visible at any time after it was made; a barrier, and a release, wait for it. Here for
 * stores to the state table, of which a CPU makes one at a time.
 */
typedef store_t {
	bit waits;
	byte peer;
	byte value;
};
store_t store[STORERS];

#ifndef VISIBLE
#define VISIBLE(cpu)	skip
#endif

active [STORERS] proctype memory()
{
end:	do
	:: d_step {
		store[_pid].waits ->
		table[store[_pid].peer] = store[_pid].value;
		VISIBLE(_pid);
		store[_pid].waits = 0; store[_pid].peer = 0; store[_pid].value = 0
	   }
	od
}

#ifndef DATA_VISIBLE
#define DATA_VISIBLE	true	/* the same for stores of the guest */
#endif
#define store_visible()	((me >= STORERS || !store[(me < STORERS -> me : 0)].waits) && DATA_VISIBLE)

bit busy[CPUS];			/* in an access */

/* Ghosts */
short balance;			/* sent - delivered - merged - dropped */
bit is_quiet[PEERS];		/* no write of 1 has begun since a write of 0, a reset or leaving was over */
byte credit[PEERS];		/* one-shot: deliveries that enables allow */

/*
 * Hooks for more ghosts: an interrupt is raised at t, an event does not become one, p's State has changed,
 * this CPU waits for an endpoint lock, gets it, and is between two deliveries of a change of State
 */
#ifndef ANNOUNCE
#define ANNOUNCE(t)	skip
#endif
#ifndef NOT_DELIVERED
#define NOT_DELIVERED(t)	skip
#endif
#ifndef CHANGE
#define CHANGE(p)	skip
#endif
#ifndef WAITING
#define WAITING(t)	skip
#endif
#ifndef GRANTED
#define GRANTED(t)	skip
#endif
#ifndef BETWEEN
#define BETWEEN		skip
#endif

/*
 * --- Locks
 *
 * Whoever comes takes a free lock: that allows more orders than the ticket locks of the hypervisor, so what
 * is never violated here is not with them. Only for what happens *at last* the order counts: QUEUED.
 */
#ifdef QUEUED
chan endpoint_queue[PEERS] = [CPUS] of { byte };	/* the CPU in front holds the lock */
chan link_queue = [CPUS] of { byte };
#define wait_endpoint(t) \
	endpoint_queue[t] ! me; \
	endpoint_queue[t] ? [eval(me)] -> CHECK(lock_order, !endpoint[t].lock); \
	endpoint[t].lock = 1
#define wait_link() \
	link_queue ! me; \
	link_queue ? [eval(me)] -> CHECK(lock_order, !link_lock); \
	link_lock = 1
#define leave_endpoint(t)	endpoint[t].lock = 0; endpoint_queue[t] ? eval(me)
#define leave_link()		link_lock = 0; link_queue ? eval(me)
#else
#define wait_endpoint(t)	!endpoint[t].lock -> endpoint[t].lock = 1
#define wait_link()		!link_lock -> link_lock = 1
#define leave_endpoint(t)	endpoint[t].lock = 0
#define leave_link()		link_lock = 0
#endif

/* spin_lock_ordered() */
#ifdef NO_BARRIER	/* mutant */
#define stores_are_visible()	skip
#else
#define stores_are_visible()	store_visible()
#endif

inline lock_endpoint(t)
{
	atomic {
		CHECK(lock_order, !my_endpoint);
		stores_are_visible();
		WAITING(t);
		wait_endpoint(t);
		GRANTED(t);
		my_endpoint = 1
	}
}

inline unlock_endpoint(t)
{
	atomic {
		store_visible() -> leave_endpoint(t);
		my_endpoint = 0
	}
}

inline lock_link()
{
	atomic {
		CHECK(lock_order, !my_endpoint && !my_link);
		stores_are_visible();
		wait_link();
		my_link = 1
	}
}

inline unlock_link()
{
	atomic { store_visible() -> leave_link(); my_link = 0 }
}

/* --- Delivery */

/* [endpoint lock] The decision to interrupt, with what it changes at the device */
#ifdef NO_ONE_SHOT	/* mutant: Interrupt Control stays */
#define consume_enable(t)	skip
#else
#define consume_enable(t)	endpoint[t].enable = endpoint[t].enable && !endpoint[t].one_shot
#endif

inline raise(t)
{
	atomic {
		CHECK(quiet, !is_quiet[t]);
		CHECK(at_most_once, !endpoint[t].one_shot || credit[t] > 0);
		credit[t] = (credit[t] > 0 -> credit[t] - 1 : 0);
		ANNOUNCE(t);
		pending[t] = 1;
		balance--
	}
}

/* A change of State, or a doorbell */
inline deliver(t, is_state)
{
	atomic {
		balance++;
		lock_endpoint(t);
		if
		:: !endpoint[t].present -> balance--		/* inactive */
		:: endpoint[t].present && endpoint[t].enable && endpoint[t].armed ->
			consume_enable(t); interrupts = 1
		:: endpoint[t].present && !(endpoint[t].enable && endpoint[t].armed) ->
			NOT_DELIVERED(t);
			if
#ifndef NO_LATCH
			:: is_state && !endpoint[t].latch -> endpoint[t].latch = 1
#endif
#ifdef NO_MERGED	/* mutant: not counted */
			:: is_state && endpoint[t].latch
#endif
			:: else -> balance--	/* merged, disabled or masked */
			fi
		fi
	}
#ifdef RAISE_OUTSIDE	/* mutant */
	unlock_endpoint(t);
#endif
	if
	:: interrupts -> raise(t); interrupts = 0
	:: else
	fi;
#ifndef RAISE_OUTSIDE
	unlock_endpoint(t)
#endif
}

#ifdef LOOK_EARLY	/* mutant: the store to the table may become visible later */
#define before_look()	true
#else
#define before_look()	store_visible()
#endif

/* A change of State. Without the lock if one is latched: merged */
inline tell(t)
{
	if
	:: atomic { before_look() && endpoint[t].latch -> NOT_DELIVERED(t) }
	:: deliver(t, true)
	fi
}

/* [endpoint lock] What was latched, if now it can be delivered */
inline deliver_latched(t)
{
#ifndef NO_LATCH
	if
	:: endpoint[t].latch && endpoint[t].enable && endpoint[t].armed ->
#ifdef LATCH_LATE	/* mutant: after the interrupt */
		consume_enable(t);
		raise(t);
		endpoint[t].latch = 0
#else
		d_step {
#ifndef LATCH_STAYS	/* mutant */
			endpoint[t].latch = 0;
#endif
			consume_enable(t)
		}
		raise(t)
#endif
	:: else
	fi
#else
	skip
#endif
}

/* --- Accesses of a guest */

inline ring(t)
{
#ifdef RING_TAKES_LINK	/* mutant */
	lock_link();
	deliver(t, false);
	unlock_link()
#else
	deliver(t, false)
#endif
}

#ifdef NO_LINK_LOCK	/* mutant */
#define lock_state()	skip
#define unlock_state()	skip
#else
#define lock_state()	lock_link()
#define unlock_state()	unlock_link()
#endif

inline set_state(p, new)
{
	atomic {
		lock_state();
		other = PEERS;
		if
		:: state[p] != new ->
			CHANGE(p);
			other = 0
		:: else
		fi;
		state[p] = new;
		store[me].waits = 1; store[me].peer = p; store[me].value = new
	}
	do
	:: other < PEERS && other != p ->
	   tell(other);
	   BETWEEN;
	   other++
	:: other == p -> other++
	:: other == PEERS -> break
	od;
	atomic { unlock_state(); other = 0 }
}

/* Write of 1 to Interrupt Control. An enable when there is one already allows no second delivery. */
inline enable_interrupts(p)
{
	atomic {
		is_quiet[p] = 0;
		credit[p]++;
		lock_endpoint(p);
		endpoint[p].enable = 1
	}
#ifndef FORGET_ENABLE	/* mutant */
	deliver_latched(p);
#endif
	unlock_endpoint(p);
	credit[p] = (credit[p] > 1 -> 1 : credit[p])
}

inline disable_interrupts(p)
{
#ifdef DISABLE_UNLOCKED	/* mutant */
	endpoint[p].enable = 0;
#else
	atomic { lock_endpoint(p); endpoint[p].enable = 0 }
	unlock_endpoint(p);
#endif
	d_step { credit[p] = 0; is_quiet[p] = 1 }
}

/* The vector gets a route: Command, MSI-X control, MSI-X table, or an interrupt that the cell gains */
inline arm(p)
{
	atomic { lock_endpoint(p); endpoint[p].armed = 1 }
#ifndef FORGET_ARM	/* mutant */
	deliver_latched(p);
#endif
	unlock_endpoint(p)
}

inline disarm(p)
{
	atomic { lock_endpoint(p); endpoint[p].armed = 0 }
	unlock_endpoint(p)
}

inline write_one_shot(p, new)
{
	atomic { lock_endpoint(p); endpoint[p].one_shot = new }
	unlock_endpoint(p)
}

/* --- Life cycle; callers see to it that no CPU of the peer is in an access (but set_state() by its last CPU) */

/* [endpoint lock] What is latched is lost, and counts as inactive. */
inline drop_latched(p)
{
#ifndef DROP_UNCOUNTED	/* mutant */
	balance = balance - endpoint[p].latch;
#endif
	endpoint[p].latch = 0
}

/* The line of INTx is armed then, unless the cell does not own it; vectors of MSI-X are not. */
inline reset_registers(p)
{
	drop_latched(p);
	endpoint[p].enable = 0; endpoint[p].one_shot = 0;
	if
	:: endpoint[p].armed = 0
	:: endpoint[p].armed = 1
	fi
}

#ifdef RESET_UNLOCKED	/* mutant */
#define lock_reset(p)	skip
#define unlock_reset(p)	skip
#else
#define lock_reset(p)	lock_endpoint(p)
#define unlock_reset(p)	unlock_endpoint(p)
#endif

inline reset(p)
{
	atomic {
		lock_reset(p);
		reset_registers(p)
	}
#ifndef RESET_NESTED	/* mutant: State is set under the endpoint lock */
	unlock_reset(p);
#endif
	is_quiet[p] = 1;
#ifdef RESET_SILENT	/* mutant: others are not told */
	lock_link();
	d_step { state[p] = 0; table[p] = 0 }
	unlock_link()
#else
	set_state(p, 0)
#endif
#ifdef RESET_NESTED
	unlock_reset(p)
#endif
}

inline leave(p)
{
#ifndef LEAVE_ONLY	/* mutant */
	reset(p);
#endif
	atomic {
		lock_endpoint(p);
#ifndef LEAVE_LATCHED	/* mutant */
		drop_latched(p);	/* others may have changed their State since the reset */
#endif
		endpoint[p].present = 0
	}
	unlock_endpoint(p)
}

inline join(p)
{
	atomic {
		lock_link();
		state[p] = 0;
		store[me].waits = 1; store[me].peer = p; store[me].value = 0
	}
	unlock_link();
	atomic { lock_endpoint(p); reset_registers(p); endpoint[p].present = 1 }
	unlock_endpoint(p)
}
