/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI (DEN 0022): what the hypervisor asks the firmware for, also on behalf of the root cell; shared with assembly. */
#ifndef BULKHEAD_ARM64_PSCI_H
#define BULKHEAD_ARM64_PSCI_H

#define PSCI_CPU_ON_64		0xc4000003
#define PSCI_SYSTEM_OFF		0x84000008
#define PSCI_SYSTEM_RESET	0x84000009

#endif
