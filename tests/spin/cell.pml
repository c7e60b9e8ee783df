/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of one cell, whose CPUs 0 and 1 have peer CELL_PEER; included after device.pml. The manager starts
 * it again (so does "load"), destroys it, creates it anew. Its CPUs may fail.
 *
 * The manager takes no lock of the device before all CPUs of the cell have stopped, that is, are in no
 * access.
 */
bit runs;		/* CPUs may run guest code */
bit stopped_cpus[2];
bit failed[2];
bit managing;
#define all_stopped	(stopped_cpus[0] && stopped_cpus[1])
#define all_failed	(failed[0] && failed[1])

/* [CPU of the cell] Wait until started */
inline cell_stopped()
{
	stopped_cpus[me] = 1;
	atomic { runs && !failed[me] -> stopped_cpus[me] = 0 }
}

/*
 * [CPU of the cell] An error of the guest: the last CPU that fails sets State to 0. That at least one sees
 * that it is the last is what failing.pml is about.
 */
inline fail(p)
{
	atomic {
		runs -> busy[me] = 1; failed[me] = 1
	}
	if
#ifndef FAIL_SILENTLY	/* mutant */
	:: all_failed -> set_state(p, 0)
#endif
	:: else
	fi;
	busy[me] = 0
}

/* What is left of the peer when an operation is over: nothing */
#define is_zero(p) \
	(state[p] == 0 && table[p] == 0 && !endpoint[p].enable && !endpoint[p].one_shot)

/* Interrupts that wait at the CPUs of the cell may be dropped, or not. */
inline stop_cell(p)
{
#ifdef STOP_UNDER_LOCK	/* mutant */
	lock_link();
#endif
	runs = 0;
#ifndef NO_STOP		/* mutant: does not wait */
	all_stopped;
#endif
#ifdef STOP_UNDER_LOCK
	unlock_link();
#endif
	if
	:: pending[p] = 0
	:: skip
	fi
}

inline start_cell(p)
{
	d_step { failed[0] = 0; failed[1] = 0; runs = 1 }
}

/* Start, load and shutdown all reset the device. A cell that was created waits for its first start. */
proctype manager(byte me)
{
	LOCALS;

end:	do
	:: endpoint[CELL_PEER].present ->
	   managing = 1;
	   stop_cell(CELL_PEER);
	   reset(CELL_PEER);
	   CHECK(zero, is_zero(CELL_PEER));
	   start_cell(CELL_PEER);
	   managing = 0
	:: endpoint[CELL_PEER].present ->
	   managing = 1;
	   stop_cell(CELL_PEER);
	   leave(CELL_PEER);
	   CHECK(zero, is_zero(CELL_PEER));
	   managing = 0
	:: !endpoint[CELL_PEER].present ->
	   managing = 1;
	   join(CELL_PEER);
	   CHECK(zero, is_zero(CELL_PEER));
	   managing = 0
	od
}

/* Takes a step only when something is wrong. */
active proctype cell_monitor()
{
end:	do
	:: atomic { !managing && !runs && table[CELL_PEER] != 0 -> assert(zero) }
	:: atomic { !managing && !endpoint[CELL_PEER].present && endpoint[CELL_PEER].latch -> assert(zero) }
	:: atomic { all_failed && !busy[0] && !busy[1] && table[CELL_PEER] != 0 -> assert(zero) }
	od
}
