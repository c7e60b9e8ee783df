/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up of the hypervisor's address space, for the arm64 files. */
#ifndef BULKHEAD_ARM64_PAGING_H
#define BULKHEAD_ARM64_PAGING_H

#include "percpu.h"

void paging_init(void);				/* once */
void paging_init_window(struct percpu *cpu);	/* each CPU */

#endif
