/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of a cell fail, perhaps at once: mark yourself, fence, look at all others; whoever sees nobody
 * left declares the cell failed, which sets State to 0. control_lock is left out: the fence alone has to do.
 */
#define CPUS	3
hidden byte declared, too_early;

bit stopped[CPUS];	/* as everybody sees it */
bit waits[CPUS];	/* the store of 1 is made, but not visible */
bit declares;
byte ended;

active [CPUS] proctype memory()
{
end:	do
	:: atomic { waits[_pid] -> stopped[_pid] = 1; waits[_pid] = 0 }
	od
}

/* Everybody sees its own stores. */
#define runs(cpu)	(!stopped[cpu] && !(cpu == me && waits[cpu]))

proctype failing_cpu(byte me)
{
	byte cpu;

	waits[me] = 1;
#ifndef NO_FENCE	/* mutant */
	!waits[me];
#endif
#ifdef LOOK_AT_ONE	/* mutant */
	cpu = CPUS - 1;
#endif
	do
	:: cpu < CPUS && runs(cpu) -> break
	:: cpu < CPUS && !runs(cpu) -> cpu++
	:: cpu == CPUS -> declares = 1; break
	od;
	ended++
}

active proctype monitor()
{
end:	do
	:: atomic { ended == CPUS && !declares -> assert(declared) }
	:: atomic { declares && (!stopped[0] || !stopped[1] || !stopped[2]) -> assert(too_early) }
	od
}

init
{
	atomic { run failing_cpu(0); run failing_cpu(1); run failing_cpu(2) }
}
