/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a doorbell can be held up: two CPUs ring peer 2, one writes State, one enables and disables
 * interrupts of peer 2. All for ever.
 *
 * STALL  the CPU that writes State may stop for good while it holds the link lock
 */
#define PEERS		3
#define STORERS		1
#define CPUS		4
#define RECEIVER	2

/* How often others got the lock that this CPU waits for */
#define WAITING(t)	is_waiting[me] = 1
#define GRANTED(t)	count_grant(t)
#ifdef STALL
#define BETWEEN		if :: skip :: has_stalled = 1; end_stalled: false fi
bit has_stalled;
#endif
bit is_waiting[CPUS];
byte overtaken[CPUS];
#include "device.pml"

#define overtakes(cpu)	(is_waiting[cpu] && me != cpu && overtaken[cpu] < CPUS)
#define overtake(cpu)	overtaken[cpu] = overtaken[cpu] + (overtakes(cpu) -> 1 : 0)

inline count_grant(t)
{
	is_waiting[me] = 0;
	if
	:: t == RECEIVER -> overtake(1); overtake(2)
	:: else
	fi;
	CHECK(bounded, overtaken[1] < CPUS && overtaken[2] < CPUS);
	overtaken[me] = 0
}

bit ringing[CPUS], writing;

proctype ringer(byte me)
{
	LOCALS;

end:	do
	:: ringing[me] = 1;
	   ring(RECEIVER);
	   ringing[me] = 0
	od
}

proctype writer(byte me)
{
	LOCALS;

end:	do
	:: writing = 1;
	   set_state(0, 1 - state[0]);
	   writing = 0
	od
}

proctype enabler(byte me)
{
	LOCALS;

end:	do
	:: disable_interrupts(RECEIVER);
	   enable_interrupts(RECEIVER)
	od
}

ltl writes { [] (writing -> <> !writing) }
ltl rings { [] (ringing[1] -> <> !ringing[1]) }

init
{
	atomic {
		endpoint[0].present = 1; endpoint[1].present = 1; endpoint[RECEIVER].present = 1;
		endpoint[RECEIVER].armed = 1;
		run writer(0); run ringer(1); run ringer(2); run enabler(3)
	}
}
