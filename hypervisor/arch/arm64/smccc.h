/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BULKHEAD_ARM64_SMCCC_H
#define BULKHEAD_ARM64_SMCCC_H

#include "types.h"

void smccc_setup(void);		/* once: which workarounds the firmware has */

void smccc_reset(void);		/* [calling CPU] for another guest: what the one before has switched off is on */

int64_t call_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);

#endif
