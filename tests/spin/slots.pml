/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A slot of a fast path: its CPU fills it in C, and takes exits by it; a sibling changes the priority that is in it,
 * the root cell has all exits traced and ends that again. Each store waits in a buffer of its own, and gets to memory
 * at any later time, in any order but of one CPU to one word; a CPU sees its own at once. A barrier waits for the CPU's
 * buffers.
 */
hidden byte recorded, current;

#define EMPTY		0	/* of the slot; else the priority */
#define NONE		3
#define OTHER(p)	(3 - (p))

byte slot = EMPTY, prio = 1;
bit takes_all;
/* buffers */
byte slot_of_cpu = NONE, slot_of_root = NONE, slot_of_sibling = NONE, prio_of_sibling = NONE, mode_of_root = NONE;

/* What who changed it may rely on: its call is back. Of the priority: 0 while it changes */
bit wants_all;
byte is_prio = 1;

active proctype memory()
{
end:	do
	:: d_step { slot_of_cpu != NONE -> slot = slot_of_cpu; slot_of_cpu = NONE }
	:: d_step { slot_of_root != NONE -> slot = slot_of_root; slot_of_root = NONE }
	:: d_step { slot_of_sibling != NONE -> slot = slot_of_sibling; slot_of_sibling = NONE }
	:: d_step { prio_of_sibling != NONE -> prio = prio_of_sibling; prio_of_sibling = NONE }
	:: d_step { mode_of_root != NONE -> takes_all = mode_of_root; mode_of_root = NONE }
	od
}

#define SLOT_SEEN	(slot_of_cpu != NONE -> slot_of_cpu : slot)

active proctype cpu()
{
	byte value;

end:	do
	:: d_step { SLOT_SEEN != EMPTY ->
		assert(!wants_all || recorded);
		assert(!is_prio || SLOT_SEEN == is_prio || current)
	   }
	:: SLOT_SEEN == EMPTY ->		/* vgic_inject_hardware(), remember() */
	   value = prio;
#ifdef LOOK_FIRST	/* mutant */
	   if
	   :: takes_all || prio != value
	   :: !takes_all && prio == value -> slot_of_cpu = value
	   fi
#else
	   slot_of_cpu = value;
#ifndef NO_DSB		/* mutant */
	   slot_of_cpu == NONE;
#endif
#ifndef NO_LOOK_AT_MODE	/* mutant */
	   if
	   :: takes_all -> slot_of_cpu = EMPTY
	   :: !takes_all
	   fi;
#endif
#ifndef NO_LOOK_AT_PRIORITY	/* mutant */
	   if
	   :: prio != value -> slot_of_cpu = EMPTY
	   :: prio == value
	   fi
#else
	   skip
#endif
#endif
	od
}

#ifndef NO_ROOT
active proctype root()		/* trace_piece() */
{
end:	do
	:: true ->
#ifdef EMPTY_FIRST	/* mutant */
	   slot_of_root = EMPTY;
	   slot_of_root == NONE;
	   mode_of_root = 1;
#else
	   mode_of_root = 1;
#ifndef NO_FENCE	/* mutant */
	   mode_of_root == NONE;
#endif
	   slot_of_root = EMPTY;
#endif
	   mode_of_root == NONE && slot_of_root == NONE;
	   wants_all = 1;
	   wants_all = 0;
	   mode_of_root = 0;
	   mode_of_root == NONE
	od
}

#endif
#ifndef NO_SIBLING
active proctype sibling()	/* vgic_new_priorities() */
{
	byte value = 1;

end:	do
	:: true ->
	   is_prio = 0;
	   value = OTHER(value);
	   prio_of_sibling = value;
#ifndef NO_DSB_OF_SIBLING	/* mutant */
	   prio_of_sibling == NONE;
#endif
	   if
	   :: slot != EMPTY -> slot_of_sibling = EMPTY
	   :: slot == EMPTY
	   fi;
	   prio_of_sibling == NONE && slot_of_sibling == NONE;
	   is_prio = value
	od
}
#endif
