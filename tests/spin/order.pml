/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is stored before an interrupt is seen when it arrives: CPU 0 changes State a few times, CPU 1 stores
 * data and rings. The receiver compares when it takes an interrupt.
 */
#define PEERS		2
#define STORERS		1
#define CPUS		3
#define RECEIVER	1
#define CHANGES		4
#define RINGS		3

/* Versions count changes. What an interrupt that was raised promises the receiver: */
byte promised_state, promised_data;

/* Of the State of peer 0: made, in the table, and as of the last event that was latched or merged */
byte version, table_version, latched_version;
#define CHANGE(p)	version++
#define VISIBLE(cpu)	table_version = version		/* the link lock lets one change at a time wait */
#define NOT_DELIVERED(t)	latched_version = (my_link -> version : latched_version)

/* Of the data, which only CPU 1 stores: made, visible */
byte data_version, visible_data;
#define DATA_VISIBLE	(me != 1 || visible_data == data_version)

#define ANNOUNCE(t)	promise()
#include "device.pml"

inline promise()
{
	promised_state = (my_link -> version : (me == 2 -> latched_version : promised_state));
	promised_data = (me == 1 -> data_version : promised_data)
}

active proctype data_memory()
{
end:	do
	:: visible_data < data_version -> visible_data++
	od
}

proctype writer(byte me)
{
	LOCALS;

	do
	:: version < CHANGES -> set_state(0, 1 - state[0])
	:: version == CHANGES -> break
	od
}

proctype ringer(byte me)
{
	LOCALS;

	do
	:: data_version < RINGS ->
	   data_version++;
	   ring(RECEIVER)
	:: data_version == RINGS -> break
	od
}

proctype driver(byte me)
{
	LOCALS;

end:	do
	:: atomic {
		pending[RECEIVER] ->
		pending[RECEIVER] = 0;
		CHECK(in_order, table_version >= promised_state);
		CHECK(in_order, visible_data >= promised_data)
	   }
	:: enable_interrupts(RECEIVER)
	:: disable_interrupts(RECEIVER)
	od
}

init
{
	atomic {
		endpoint[0].present = 1; endpoint[1].present = 1;
		endpoint[RECEIVER].armed = 1;
		is_quiet[RECEIVER] = 1;
		run writer(0); run ringer(1); run driver(2)
	}
}
