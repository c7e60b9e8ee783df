/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor leaves behind when one of its CPUs stops for good by an error of its own: one record in the last page of
 * hypervisor memory. Caches are written back, so that it survives a reset that keeps memory; who starts the hypervisor next takes
 * it. The root cell can read the page while the hypervisor runs. The first CPU that fails writes it, once.
 *
 * A reader works on a copy. It believes nothing before signature, size and CRC are right, and bounds counts and texts even then.
 * Signature, size and CRC keep their places and meanings in all versions; the rest may change with the version.
 */
#ifndef BULKHEAD_CRASH_LOG_H
#define BULKHEAD_CRASH_LOG_H

#include "abi.h"
#include "crash_registers.h"
#include "trace.h"

#define BH_CRASH_SIGNATURE	"BHCRASH"	/* with NUL */
#define BH_CRASH_VERSION	1
#define BH_CRASH_CRC_FROM	24u	/* offset of the first byte that the CRC is over; the last one is that of the record */
#define BH_CRASH_NO_CELL	0xffffffffu
#define BH_CRASH_CONSOLE_SIZE	1024
#define BH_CRASH_TRACE_EVENTS	37

/* flags */
#define BH_CRASH_EXCEPTION	0x1u	/* registers are those of an exception in the hypervisor; else they are 0 */

struct bh_crash_log {
	char signature[8];
	uint32_t version;
	uint32_t size;		/* bytes */
	uint32_t crc;		/* CRC-32 as zlib computes it */
	uint32_t reported;	/* 1: the next run has told it, the one after that drops it */
	uint32_t cpu;
	uint32_t cell;		/* id of the cell that had the CPU, BH_CRASH_NO_CELL: none yet */
	uint32_t flags;
	uint32_t vector;	/* which entry of the vector table, 0 to 15 */
	char cell_name[32];	/* texts: NUL-terminated */
	char software[32];	/* version of the hypervisor */
	char reason[256];
	uint64_t ticks;		/* of the system counter (CNTPCT_EL0) */
	uint64_t ticks_per_second;
	struct bh_crash_registers registers;
	uint32_t console_size;
	uint32_t trace_count;	/* 0: the hypervisor traces nothing, or there was nothing yet */
	char console[BH_CRASH_CONSOLE_SIZE];	/* the last characters of the hypervisor's console before the crash */
	/*
	 * The last event of each CPU by its number, then the last but one of each, and so on. unused[0] is the CPU, unused[1] how many
	 * of its events were later. Events of CPUs that ran on may be mixtures of two.
	 */
	struct bh_trace_event trace[BH_CRASH_TRACE_EVENTS];
	uint8_t reserved[32];
};

BH_ABI_ASSERT(sizeof(struct bh_crash_log) == 4096, bh_crash_log);
BH_ABI_ASSERT(offsetof(struct bh_crash_log, cpu) == BH_CRASH_CRC_FROM, bh_crash_log_cpu);
BH_ABI_ASSERT(offsetof(struct bh_crash_log, ticks) == 360, bh_crash_log_ticks);
BH_ABI_ASSERT(offsetof(struct bh_crash_log, console) == 672, bh_crash_log_console);

#endif
