/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events between peers that stay on the link. Two CPUs write State and ring the last peer, which receives.
 *
 * PEERS 2   the two belong to one peer, and a second CPU of the receiver masks and unmasks the vector
 * PEERS 3   each is a peer of its own
 * LIVE      there is only the first, which does two things, and the second CPU of the receiver does one
 */
#ifndef PEERS
#define PEERS		2
#endif
#ifdef LIVE
#define STORERS		1
#else
#define STORERS		2
#endif
#define CPUS		4
#include "device.pml"

#define RECEIVER	(PEERS - 1)
#define SENDERS		(PEERS - 1)
#define TARGET		RECEIVER
#define nobody_busy	(!busy[0] && !busy[1] && !busy[2] && !busy[3])
#include "guests.pml"

#if PEERS == 2
proctype masker(byte me)
{
	LOCALS;

end:	do
	:: busy[me] = 1;
	   disarm(RECEIVER);
	   arm(RECEIVER);
	   busy[me] = 0;
#ifdef LIVE
	   break
#endif
	od
}
#endif

#ifdef LIVE
ltl told_at_last { <>[] knows_all }
#endif

init
{
	atomic {
		endpoint[0].present = 1; endpoint[1].present = 1; endpoint[RECEIVER].present = 1;
		endpoint[RECEIVER].armed = 1;
		is_quiet[0] = 1; is_quiet[1] = 1; is_quiet[RECEIVER] = 1;
		run sender(0, 0);
#ifndef LIVE
		run sender(1, PEERS - 2);
#endif
		run driver(2);
#if PEERS == 2
		run masker(3)
#endif
	}
}
