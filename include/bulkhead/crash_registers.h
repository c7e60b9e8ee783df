/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exception in the hypervisor found: part of crash_log.h. */
#ifndef BULKHEAD_CRASH_REGISTERS_H
#define BULKHEAD_CRASH_REGISTERS_H

#include "abi.h"

struct bh_crash_registers {	/* of EL2 */
	uint64_t esr;
	uint64_t elr;
	uint64_t far;
	uint64_t sp;
	uint64_t spsr;
	uint64_t x[31];		/* x6 and x7 are lost */
};

BH_ABI_ASSERT(sizeof(struct bh_crash_registers) == 288, bh_crash_registers);

#endif
