/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 2 beside arch/memory.h. The CPUs have to be given what is in struct arch_cell. */
#ifndef BULKHEAD_ARM64_STAGE2_H
#define BULKHEAD_ARM64_STAGE2_H

#include "types.h"

void stage2_setup(void);	/* once, by the primary CPU */

struct cell;

/* Management lock: take all memory away from a cell, and give it back as it was. The cell's CPUs may be running. */
void stage2_revoke(struct cell *cell, bool revoke);

#endif
