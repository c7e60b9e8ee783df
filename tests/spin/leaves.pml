/* SPDX-License-Identifier: BSD-2-Clause */
/* A cell that fails, is started again, destroyed and created: what the driver of another peer gets to know */
#define PEERS		2
#define STORERS		3
#define CPUS		4
#define CELL_PEER	0
#include "device.pml"
#include "cell.pml"

#define RECEIVER	1
#define SENDERS		1
#define SENDERS_STOP
#define nobody_busy	(!busy[0] && !busy[1] && !busy[3] && !managing)
#include "guests.pml"

/* The other CPU of the cell, which does nothing but fail */
proctype idler(byte me)
{
	LOCALS;

stopped:
	cell_stopped();
end:	do
	:: fail(CELL_PEER);
	   goto stopped
	:: !runs -> goto stopped
	od
}

init
{
	atomic {
		endpoint[0].present = 1; endpoint[1].present = 1;
		endpoint[RECEIVER].armed = 1;
		is_quiet[0] = 1; is_quiet[1] = 1;
		runs = 1;
		run sender(0, 0);
		run idler(1);
		run manager(2);
		run driver(3)
	}
}
