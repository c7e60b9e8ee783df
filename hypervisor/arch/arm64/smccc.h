/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BULKHEAD_ARM64_SMCCC_H
#define BULKHEAD_ARM64_SMCCC_H

void smccc_setup(void);		/* once: which workarounds the firmware has */

#endif
