/* SPDX-License-Identifier: BSD-2-Clause */
/* A cell that is started again, destroyed, created, while another peer rings and writes State */
#define PEERS		2
#define STORERS		3
#define CPUS		3
#define CELL_PEER	1
#include "device.pml"
#include "cell.pml"

#define RECEIVER	1
#define SENDERS		1
#define TARGET		1
#define RECEIVER_STOPS
#define nobody_busy	(!busy[0] && !busy[2] && !managing)
#include "guests.pml"

init
{
	atomic {
		endpoint[0].present = 1; endpoint[1].present = 1;
		is_quiet[1] = 1;
		endpoint[0].armed = 1;
		if
		:: endpoint[0].enable = 1
		:: skip
		fi;
		runs = 1;
		stopped_cpus[1] = 1;
		run driver(0);
		run manager(1);
		run sender(2, 0)
	}
}
