/* SPDX-License-Identifier: BSD-2-Clause */
/* Items of HC_CELL_INFO (hypercall.h). */
#ifndef BULKHEAD_CELL_INFO_H
#define BULKHEAD_CELL_INFO_H

#define CELL_INFO_NEXT		0	/* lowest id from the given one on that a cell has */
#define CELL_INFO_CONFIG_SIZE	1	/* bytes of its configuration; root cell: of the system configuration */
#define CELL_INFO_STARTS	2	/* how often it has been started since it was created, modulo 2^32, like the next two */
#define CELL_INFO_RESTARTS	3	/* those of them that its on-failure asked for */
#define CELL_INFO_FAULTS	4	/* violations: count of struct bh_fault (fault.h) */
#define CELL_INFO_WATCHDOG_EXPIRIES 5	/* since it was created */
#define CELL_INFO_WATCHDOG_PERIOD 6	/* microseconds; 0: it has none */
#define CELL_INFO_NAME_BASE	0x100	/* + n: characters 4n.. of the name, the first one lowest, NUL behind its end */
#define CELL_INFO_CPUS_BASE	0x1000	/* + n: bit b is set if the cell has CPU 32n + b now */
#define CELL_INFO_CONFIG_BASE	0x10000	/* + n: bytes 4n.. of the configuration, the first one lowest */

#endif
