/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up of the hypervisor's address space, for the arm64 files. */
#ifndef BULKHEAD_ARM64_PAGING_H
#define BULKHEAD_ARM64_PAGING_H

#include "percpu.h"

int paging_init(void);				/* once, after pages_init() */
int paging_init_window(struct percpu *cpu);	/* each CPU, once, under the lock of start-up */

#endif
