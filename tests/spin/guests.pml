/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guests do; included after device.pml (and cell.pml) and
 *
 *   RECEIVER  the peer with a driver that takes interrupts
 *   SENDERS   peers 0..SENDERS - 1 write State, what the driver wants to know
 *   TARGET    whom senders ring
 *
 * ONE_SHOT        the driver uses one-shot mode
 * SENDERS_STOP    the senders' cell is stopped and started, its CPUs fail
 * RECEIVER_STOPS  the receiver's cell is stopped and started
 * LIVE            for what happens at last: senders stop, the driver prefers an interrupt that waits
 */
byte seen[SENDERS];	/* what the driver knows */
bit listens;		/* the driver is ready and waits for interrupts */

/* CPUs of a cell that is stopped go to `stopped:`, but complete an access before. */
#define STOPPABLE(access) \
	if \
	:: runs -> busy[me] = 1; access; busy[me] = 0 \
	:: !runs -> goto stopped \
	fi
#define STEADY(access)	busy[me] = 1; access; busy[me] = 0

#ifdef SENDERS_STOP
#define SENDER(access)		STOPPABLE(access)
#else
#define SENDER(access)		STEADY(access)
#endif
#ifdef RECEIVER_STOPS
#define DRIVER(access)		STOPPABLE(access)
#else
#define DRIVER(access)		STEADY(access)
#endif

#ifdef LIVE
#define MAY_SEND	budget > 0 -> budget--
#define MAY_DO_ELSE	!pending[RECEIVER]
#else
#define MAY_SEND	true
#define MAY_DO_ELSE	true
#endif

proctype sender(byte me; byte peer)
{
	LOCALS;
	byte value;
#ifdef LIVE
	byte budget = 2;
#endif

#ifdef SENDERS_STOP
stopped:
	cell_stopped();
#endif
end:	do
	:: atomic {
		MAY_SEND;
		if
		:: value = 0
		:: value = 1
		fi
	   }
	   SENDER(set_state(peer, value));
	   value = 0
#ifdef TARGET
	:: MAY_SEND;
	   SENDER(ring(TARGET))
#endif
#ifdef SENDERS_STOP
	:: fail(peer);
	   goto stopped
	:: !runs -> goto stopped
#endif
	od
}

inline look()
{
	seen[0] = table[0];
#if SENDERS == 2
	seen[1] = table[1]
#endif
}

/* The driver may look before it enables, or after: with the latch both are right. The same at its start. */
inline look_and_enable()
{
	if
	:: look(); DRIVER(enable_interrupts(RECEIVER))
	:: DRIVER(enable_interrupts(RECEIVER)); look()
	fi
}

proctype driver(byte me)
{
	LOCALS;
#ifdef RECEIVER_STOPS
	bit has_looked, has_enabled, has_armed;

stopped:
	listens = 0;
	cell_stopped();
	has_looked = 0; has_enabled = 0; has_armed = 0;
	DRIVER(set_state(RECEIVER, 1));
#endif
#ifdef ONE_SHOT
	DRIVER(write_one_shot(RECEIVER, 1));
#endif
#ifdef RECEIVER_STOPS
	do
	:: !has_looked -> look(); has_looked = 1
	:: !has_enabled -> DRIVER(enable_interrupts(RECEIVER)); has_enabled = 1
	:: !has_armed -> DRIVER(arm(RECEIVER)); has_armed = 1
	:: has_looked && has_enabled && has_armed -> break
	od;
#else
	look_and_enable();
#endif
	listens = 1;
end:	do
	:: atomic { pending[RECEIVER] -> pending[RECEIVER] = 0; listens = 0 }
#ifdef ONE_SHOT
	   look_and_enable();
#else
	   look();
#endif
	   listens = 1
	:: atomic { MAY_DO_ELSE -> listens = 0 }
	   DRIVER(disable_interrupts(RECEIVER));
	   DRIVER(enable_interrupts(RECEIVER));
	   listens = 1
#ifdef RECEIVER_STOPS
	:: !runs -> goto stopped
#endif
	od
}

#define no_lock		(!link_lock && !endpoint[RECEIVER].lock)
#define can_interrupt	(endpoint[RECEIVER].enable && endpoint[RECEIVER].armed)
#if PEERS == 3
#define latched		(endpoint[0].latch + endpoint[1].latch + endpoint[2].latch)
#else
#define latched		(endpoint[0].latch + endpoint[1].latch)
#endif
#if SENDERS == 2
#define knows_all	(seen[0] == table[0] && seen[1] == table[1])
#define entries_agree	(state[0] == table[0] && state[1] == table[1])
#else
#define knows_all	(seen[0] == table[0])
#define entries_agree	(state[0] == table[0])
#endif

#ifndef LIVE
/* Takes a step only when something is wrong. */
active proctype monitor()
{
end:	do
	:: atomic { no_lock && can_interrupt && listens && !pending[RECEIVER] && !knows_all -> assert(told) }
	:: atomic { no_lock && can_interrupt && endpoint[RECEIVER].latch -> assert(not_stuck) }
	:: atomic { !link_lock && !entries_agree -> assert(agree) }
	:: atomic { nobody_busy && balance != latched -> assert(sum) }
	od
}
#endif
