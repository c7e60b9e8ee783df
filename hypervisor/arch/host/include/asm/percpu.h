/* SPDX-License-Identifier: BSD-2-Clause */
/* The host part of the per-CPU data: what a test may want to know of a CPU. Written by the CPU itself. */
#ifndef BULKHEAD_ASM_PERCPU_H
#define BULKHEAD_ASM_PERCPU_H

#include "types.h"

struct percpu;

/* There is none; how often it would have been forgotten, and whether its trace took all exits then */
struct arch_fast_path {
	uint32_t forgotten;
	bool takes_all;
};

struct arch_percpu {
	bool active;			/* between arch_activate_cpu() and arch_deactivate_cpu() */
	uint32_t parks, resets;		/* how often */
	uint64_t entry, context;	/* of the last reset */
	bool by_sibling;
	host_addr_t window;		/* page in the window, if has_window */
	bool has_window;
	bool timer_on;
	uint64_t timer;			/* when it fires */
};

struct percpu *this_cpu(void);

#endif
