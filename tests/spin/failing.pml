/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of a cell switch each other on (PSCI CPU_ON) and stop (CPU_OFF, or failing). The cell counts those that may run, by
 * atomic operations, each CPU under its control_lock. Who counts down to 0 stops last: it sets State to 0 and, if one has failed,
 * declares the cell failed. The manager starts the cell again at any time, but for that all its CPUs must be in their guests
 * or waiting.
 */
#define CPUS	3
hidden byte declared, too_early, once, counted;

bit control_lock[CPUS];
bit may_run[CPUS] = 1;
bit failed;		/* the cell: one of them has */
byte running = CPUS;
byte busy;		/* CPUs in the hypervisor */
bit is_declared;

#define nobody_runs	(!may_run[0] && !may_run[1] && !may_run[2])

inline lock(cpu)
{
	atomic { !control_lock[cpu] -> control_lock[cpu] = 1 }
}

#ifdef COUNT_TORN	/* mutant: a load and a store */
#define count(change)	seen = running; running = seen + change
#else
#define count(change)	atomic { running = running + change; seen = running - change }
#endif

inline stop(fails)
{
	lock(me);
#ifndef FAIL_LATE	/* mutant: when it is counted already */
	failed = failed || fails;
#endif
	may_run[me] = 0;
	count(-1);
#ifdef LOOK_AGAIN	/* mutant: not at what it counted itself */
	seen = running + 1;
#endif
	control_lock[me] = 0;
	atomic {
		if
		:: seen == 1 && failed ->
			assert(nobody_runs || too_early);
			assert(!is_declared || once);
#ifndef FAIL_SILENTLY	/* mutant */
			is_declared = 1
#endif
		:: else
		fi
	}
#ifdef FAIL_LATE
	failed = failed || fails;
#endif
}

inline switch_on(other)
{
	lock(other);
	if
	:: !may_run[other] ->
#ifdef COUNT_LATE	/* mutant: when it may have stopped already */
		may_run[other] = 1;
		control_lock[other] = 0;
		count(1)
#else
		count(1);
		may_run[other] = 1;
		control_lock[other] = 0
#endif
	:: else -> control_lock[other] = 0
	fi
}

active [CPUS] proctype a_cpu()
{
	byte me = _pid, seen;

end:	do
	:: atomic { may_run[me] && !control_lock[me] -> busy++ }
		if
#ifndef NO_CPU_ON	/* mutant, with others: what they do wrong without it */
		:: switch_on((me + 1) % CPUS)
		:: switch_on((me + 2) % CPUS)
#endif
		:: stop(0)
		:: stop(1)
		fi;
		d_step { busy--; seen = 0 }
	od
}

active proctype manager()
{
end:	do
	:: d_step {
		busy == 0 ->
		may_run[0] = 1; may_run[1] = 0; may_run[2] = 0;
		running = 1;
		failed = 0;
		is_declared = 0
	}
	od
}

active proctype monitor()
{
end:	do
	:: atomic { busy == 0 && nobody_runs && failed && !is_declared -> assert(declared) }
	:: atomic { is_declared && !nobody_runs -> assert(too_early) }
	:: atomic { busy == 0 && running != may_run[0] + may_run[1] + may_run[2] -> assert(counted) }
	od
}
