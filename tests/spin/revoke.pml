/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU takes no kicks. The manager takes the memory of its cell away until the CPU has come, several times; a sibling that
 * nobody wants loses its memory with it. Each guest may sleep at any time; one that runs fetches, again and again.
 */
hidden byte innocent, untouched;

#define CPUS	2
#define ROUNDS	3

bit valid = 1;			/* entries of the cell's root table */
bit cached[CPUS];		/* a CPU's TLB has one of them */
byte count;			/* arch.revocations of the cell */
byte seen[CPUS];		/* arch.revocations of a CPU */
bit asleep[CPUS], wake[CPUS];	/* in WFI; the maintenance interrupt is pending */
bit at_rest[CPUS];		/* in the guest */
bit request[CPUS], suspended[CPUS];
bit changing;			/* the manager, between suspend and resume */

inline handle_events()
{
	do
	:: atomic { request[id] -> suspended[id] = 1 }
	   !request[id];					/* arch_sleep_while() */
	   suspended[id] = 0
	:: atomic { !request[id] -> break }
	od
}

/* What stands for any access of the guest that needs the tables. None of them is wrong. */
inline abort()
{
	d_step { c = count };
#ifdef ODD_ONLY		/* mutant */
	assert(c % 2 || innocent);
#else
	assert(c % 2 || c != seen[id] || innocent);
#endif
	seen[id] = c;
	handle_events()
}

proctype a_cpu(byte id)
{
	byte c;

end:	do
	:: atomic { !asleep[id] && !cached[id] && valid -> cached[id] = 1 }
	:: atomic { !asleep[id] && !cached[id] && !valid -> at_rest[id] = 0 }
	   abort();
	   at_rest[id] = 1
	:: atomic { !asleep[id] && cached[id] && !wake[id] -> asleep[id] = 1 }
	:: atomic { wake[id] -> wake[id] = 0; asleep[id] = 0 }
	:: atomic { at_rest[id] && (suspended[id] || changing && id == 0) -> assert(untouched) }
	od
}

inline flush()
{
#ifndef NO_FLUSH	/* mutant */
	d_step { cached[0] = 0; cached[1] = 0 }
#else
	skip
#endif
}

proctype manager()
{
	byte round;

	do
	:: round < ROUNDS ->
	   request[0] = 1;
#ifdef COUNT_LATE	/* mutant */
	   valid = 0;
	   count++;
#else
	   count++;
	   valid = 0;
#endif
#ifdef WAKE_EARLY	/* mutant */
	   wake[0] = 1;
	   flush();
#else
	   flush();
#endif
#if !defined(NO_WAKE) && !defined(WAKE_EARLY)	/* mutant */
	   wake[0] = 1;
#endif
#ifndef NO_ANSWER	/* mutant */
	   suspended[0];
#endif
#ifdef EVEN_EARLY	/* mutant */
	   count++;
	   valid = 1;
#else
	   valid = 1;
	   count++;
#endif
	   changing = 1;
	   changing = 0;
	   request[0] = 0;
	   !suspended[0];
	   round++
	:: else -> break
	od
}

init
{
	atomic { at_rest[0] = 1; at_rest[1] = 1; run a_cpu(0); run a_cpu(1); run manager() }
}
