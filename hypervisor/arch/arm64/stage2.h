/* SPDX-License-Identifier: BSD-2-Clause */
/* Parameters of stage 2 that the CPUs have to be given. */
#ifndef BULKHEAD_ARM64_STAGE2_H
#define BULKHEAD_ARM64_STAGE2_H

#include "types.h"

void stage2_setup(void);	/* once, by the primary CPU */
uint64_t stage2_vtcr(void);

struct cell;

/* Management lock: take all memory away from a cell, and give it back as it was. The cell's CPUs may be running. */
void stage2_revoke(struct cell *cell, bool revoke);

#endif
