/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A doorbell that the entry code rings by what the receiver has published: an address and a value that belong together, read by
 * two loads in any order. The receiver changes its interrupt, and switches it off. It waits for those only that have joined its
 * ringers. Each store waits in a buffer of its own, and gets to memory at any later time; a barrier waits for the CPU's buffers.
 * fast_path.c, fast_slots.h: ring
 */
hidden byte together, off;

#define NONE		3
#define OTHER(route)	(3 - (route))

/* Published: 0, or the number of a route, 1 or 2; in the beginning, the first one */
byte address = 1, value = 1;
bit flying;			/* started, but not done */
bit joined;			/* the sender is one of the ringers */
/* buffers */
byte address_of_receiver = NONE, value_of_receiver = NONE, flying_of_sender = NONE, joined_of_sender = NONE;

/* What the receiver may rely on: its call is over. 0: interrupts off */
byte wanted = NONE;

active proctype memory()
{
end:	do
	:: d_step { address_of_receiver != NONE -> address = address_of_receiver; address_of_receiver = NONE }
	:: d_step { value_of_receiver != NONE -> value = value_of_receiver; value_of_receiver = NONE }
	:: d_step { joined_of_sender != NONE -> joined = joined_of_sender; joined_of_sender = NONE }
	:: d_step { flying_of_sender != NONE -> flying = flying_of_sender; flying_of_sender = NONE }
	od
}

active proctype sender()
{
	byte a, v;

endNeverRings:
#ifndef NO_JOIN	/* mutant */
	joined_of_sender = 1;	/* fast_remember(), at any time */
#endif
end:	do
	:: true ->
	   flying_of_sender = 1;
#ifndef NO_DSB_OF_SENDER	/* mutant */
	   flying_of_sender == NONE && joined_of_sender == NONE;
#endif
	   if
	   :: a = address; v = value
	   :: v = value; a = address
	   fi;
	   if
	   :: a == 0
	   :: else ->
	      d_step {
		assert(a == v || together);
		assert(wanted == NONE || wanted == a || off)
	      }
	   fi;
	   /* store release: not before what was done */
	   flying_of_sender == NONE;
	   flying_of_sender = 0;
	   flying_of_sender == NONE
	od
}

#ifdef NO_WAIT	/* mutant */
#define WAIT	skip
#else
#define WAIT	if :: !joined :: joined -> !flying fi
#endif

inline withdraw()
{
	address_of_receiver = 0;
#ifndef NO_DSB_OF_RECEIVER	/* mutant */
	address_of_receiver == NONE;
#endif
	WAIT
}

active proctype receiver()	/* arch_virq_publish() */
{
	byte route = 1;

end:	do
	:: true ->		/* off, and on again */
	   wanted = NONE;
	   withdraw();
	   address_of_receiver == NONE;
	   wanted = 0;
	   wanted = NONE;
	   address_of_receiver = route;
	   address_of_receiver == NONE
#ifndef NO_CHANGE
	:: true ->		/* another interrupt */
	   wanted = NONE;
	   route = OTHER(route);
#ifndef NO_WITHDRAWAL	/* mutant */
	   withdraw();
#endif
	   value_of_receiver = route;
#ifndef NO_SECOND_WAIT	/* mutant */
	   value_of_receiver == NONE;
	   WAIT;
#endif
#ifndef NO_RELEASE	/* mutant */
	   value_of_receiver == NONE;
#endif
	   address_of_receiver = route;
	   value_of_receiver == NONE && address_of_receiver == NONE;
	   wanted = route
#endif
	od
}
