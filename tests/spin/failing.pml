/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of a cell switch each other on (PSCI CPU_ON) and stop (CPU_OFF, or failing), the latter under the cell's
 * stop_lock. Who stops last sets State to 0 and, if one has failed, declares the cell failed.
 * Switching on takes no lock: who does it runs, and cannot stop while another CPU looks around. The manager
 * starts the cell again at any time, but for that all its CPUs must be in their guests or waiting.
 */
#define CPUS	3
hidden byte declared, too_early, once;

bit may_run[CPUS] = 1;
bit failed[CPUS];
bit stop_lock;
byte busy;		/* CPUs in the hypervisor */
bit is_declared;

#define nobody_runs	(!may_run[0] && !may_run[1] && !may_run[2])
#define one_failed	(failed[0] || failed[1] || failed[2])

inline lock_stop()
{
	atomic { !stop_lock -> stop_lock = 1 }
}

/* control_lock: one CPU is looked at in one step. */
inline stop(fails)
{
#ifndef STOP_UNLOCKED	/* mutant */
	lock_stop();
#endif
	d_step { may_run[me] = 0; failed[me] = failed[me] || fails }
#ifdef LOOK_LATER	/* mutant: the lock protects the stop alone */
	stop_lock = 0;
#endif
	d_step { cpu = 0; dead = 1; found = 0 }
#ifdef LOOK_AT_ONE	/* mutant */
	d_step { cpu = CPUS - 1; found = one_failed }
#endif
	do
	:: cpu < CPUS && may_run[cpu] -> dead = 0; break
	:: cpu < CPUS && !may_run[cpu] -> found = found || failed[cpu]; cpu++
	:: cpu == CPUS -> dead = found; break
	od;
#ifndef STOP_UNLOCKED
	stop_lock = 0;
#endif
	if
	:: dead ->
		atomic {
			assert(nobody_runs || too_early);
			assert(!is_declared || once);
#ifndef FAIL_SILENTLY	/* mutant */
			is_declared = 1
#endif
		}
	:: else
	fi
}

active [CPUS] proctype a_cpu()
{
	byte me = _pid, cpu;
	bit dead, found;

end:	do
	:: atomic { may_run[me] -> busy++ }
		if
#ifndef NO_CPU_ON	/* mutant, with others: what they do wrong without it */
		:: may_run[(me + 1) % CPUS] = 1
		:: may_run[(me + 2) % CPUS] = 1
#endif
		:: stop(0)
		:: stop(1)
		fi;
		d_step { busy--; cpu = 0; dead = 0; found = 0 }
	od
}

active proctype manager()
{
end:	do
	:: d_step {
		busy == 0 ->
		may_run[0] = 1; may_run[1] = 0; may_run[2] = 0;
		failed[0] = 0; failed[1] = 0; failed[2] = 0;
		is_declared = 0
	}
	od
}

active proctype monitor()
{
end:	do
	:: atomic { busy == 0 && nobody_runs && one_failed && !is_declared -> assert(declared) }
	:: atomic { is_declared && !nobody_runs -> assert(too_early) }
	od
}
