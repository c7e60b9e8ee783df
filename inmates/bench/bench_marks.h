/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marks in the instruction stream of the programs that are measured: `movz xzr, #n`, which does nothing. The plug-in
 * (tests/bench/excursions.c) logs them. Operation n begins with mark 2n and ends with mark 2n + 1.
 * tests/bench/operations.py reads the names of this file.
 */
#ifndef BENCH_MARKS_H
#define BENCH_MARKS_H

#define MARK(n)	__asm__ volatile("movz xzr, #%0" : : "i"(n) : "memory")

enum bench_operation {
	BENCH_LOG,		/* what is logged: all between its marks */
	BENCH_VECTOR,		/* at pc=: the first instruction of an interrupt handler */
	BENCH_EMPTY,
	BENCH_NOPS,		/* eight of them */
	BENCH_NULL,
	BENCH_PSCI_VERSION,
	BENCH_WFI,
	BENCH_REG_READ,
	BENCH_STATE_SAME,
	BENCH_STATE_CHANGE,
	BENCH_INT_CTRL,
	BENCH_CFG_READ,
	BENCH_CFG_WRITE,
	BENCH_GICD_READ,
	BENCH_GICD_WRITE_1,
	BENCH_SGI_SELF,
	BENCH_SGI_OTHER,	/* to the second CPU */
	BENCH_SGI_RECEIVED,	/* there; ends when it is back from its handler */
	BENCH_TIMER,
	BENCH_DOORBELL,		/* sender */
	BENCH_RECEIVED,		/* receiver; ends when it is back from its handler */
	BENCH_RING_IN_TURN,	/* one of a round, sender */
	BENCH_READ_IN_TURN,	/* one of a round */
	BENCH_CREATE,
	BENCH_LOADABLE,
	BENCH_START,
	BENCH_DESTROY,
};

#define BENCH_REPETITIONS	8

#endif
