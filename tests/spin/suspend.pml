/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manager suspends and resumes a CPU again and again; another CPU of the cell sends it SGIs meanwhile. Both kick. A
 * suspended CPU sleeps: what ends that is a pending kick, which is not taken before the CPU goes on. What it has been sent it
 * looks at when it takes a kick, not when it answers in a hypercall.
 */
hidden byte untouched, not_lost, sleeps;

bit request, suspended;		/* under control_lock: what is done under it is one step */
bit kick_pending;		/* in the redistributor */
bit kicked_anew;		/* since a sleeping CPU has cleared the one before */
bit sgi;			/* arch.sgi_pending */
bit changing;			/* the manager, between suspend and resume */
bit sending, at_rest = 1;	/* the sender; the CPU, in its guest */

inline kick()
{
	d_step { kick_pending = 1; kicked_anew = 1 }
}

inline sleep_while_requested()
{
	do
	::
#ifdef LOOK_FIRST	/* mutant */
	   if
	   :: !request -> break
	   :: else
	   fi;
#endif
	   d_step {
		kicked_anew = 0;
#ifndef NO_CLEAR	/* mutant */
		kick_pending = 0
#endif
	   };
#ifndef LOOK_FIRST
	   if
	   :: !request -> break
	   :: else
	   fi;
#endif
	   atomic { kick_pending -> assert(kicked_anew || sleeps) }
	od;
#ifndef NO_REPEND	/* mutant: it was only for the resume */
	kick_pending = 1
#endif
}

inline handle_events()
{
	do
	:: atomic { request -> suspended = 1 }
	   sleep_while_requested();
	   suspended = 0;
	   assert(!changing || untouched)				/* parks, resets */
	:: atomic { !request -> break }
	od
}

active proctype a_cpu()
{
end:	do
	:: atomic { kick_pending -> kick_pending = 0; at_rest = 0 }	/* trap_irq() */
	   handle_events();
	   sgi = 0;							/* vgic_flush() */
	   at_rest = 1
	:: atomic { request -> at_rest = 0 }				/* at the end of a hypercall */
	   handle_events();
	   at_rest = 1
	:: atomic { at_rest -> assert(!changing || untouched); assert(!suspended || untouched) }
	od
}

active proctype manager()
{
end:	do
	:: request = 1;
	   kick();
	   atomic { suspended -> changing = 1 }
	   changing = 0;
#ifdef KICK_FIRST	/* mutant */
	   kick();
	   request = 0;
#else
	   request = 0;
#ifndef NO_RESUME_KICK	/* mutant */
	   kick();
#endif
#endif
#ifndef NO_WAIT		/* mutant */
	   !suspended
#endif
	od
}

active proctype sender()
{
end:	do
	:: atomic { !sgi -> sending = 1; sgi = 1 }
	   kick();
	   sending = 0
	od
}

active proctype monitor()
{
end:	do
	:: atomic { at_rest && !request && !kick_pending && !sending -> assert(!sgi || not_lost) }
	od
}
