/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls: arm64 and arm `hvc #0x4a48`, code in x0, arguments in x1 and x2, result in x0 (0 or a
 * value, or a negative errno). Everything but x0 is preserved. EL1 only.
 */
#ifndef BULKHEAD_HYPERCALL_H
#define BULKHEAD_HYPERCALL_H

#include "cell_info.h"
#include "hypercall_codes.h"
#include "link_info.h"

#endif
