/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Communication region: one page per non-root cell, at the address of the cell's COMM_REGION memory
 * region, readable and writable by the cell, rebuilt by the hypervisor at each cell start.
 */
#ifndef BULKHEAD_COMM_REGION_H
#define BULKHEAD_COMM_REGION_H

#include "abi.h"
#include "cell_config.h"

#define COMM_SIGNATURE		"JHCOMM"
#define COMM_SIGNATURE_LEN	6
#define COMM_REVISION		2

#define COMM_STATE_RUNNING	0
#define COMM_STATE_LOCKED	1
#define COMM_STATE_SHUT_DOWN	2
#define COMM_STATE_FAILED	3
#define COMM_STATE_ABI_MISMATCH	4

#define COMM_MSG_NONE		0
#define COMM_MSG_SHUTDOWN	1	/* request: the cell may deny */
#define COMM_MSG_RECONFIGURED	2	/* information */

#define COMM_REPLY_NONE		0
#define COMM_REPLY_UNKNOWN	1
#define COMM_REPLY_DENIED	2
#define COMM_REPLY_APPROVED	3
#define COMM_REPLY_RECEIVED	4

#define COMM_FLAG_PUTC_PERMITTED	0x1u
#define COMM_FLAG_PUTC_ACTIVE		0x2u

struct comm_region {
	char signature[COMM_SIGNATURE_LEN];
	uint16_t revision;
	volatile uint32_t cell_state;		/* written by both */
	volatile uint32_t msg_to_cell;		/* hypervisor; the cell clears */
	volatile uint32_t reply_from_cell;	/* cell; the hypervisor clears */
	uint32_t flags;
	struct cfg_console console;
	uint64_t pci_mmconfig_base;
	/* arm and arm64 */
	uint8_t gic_version;
	uint8_t padding[7];
	uint64_t gicd_base;
	uint64_t gicc_base;
	uint64_t gicr_base;
	uint32_t vpci_irq_base;
	/*
	 * Ours. A cell with a watchdog (CFG_WATCHDOG) changes it, to any value, at least once in each period from the
	 * second one on; the hypervisor reads it. 0 at each start.
	 */
	volatile uint32_t watchdog;
} BH_PACKED __attribute__((aligned(8)));

BH_ABI_ASSERT(offsetof(struct comm_region, cell_state) == 0x08, comm_state);
BH_ABI_ASSERT(offsetof(struct comm_region, flags) == 0x14, comm_flags);
BH_ABI_ASSERT(offsetof(struct comm_region, console) == 0x18, comm_console);
BH_ABI_ASSERT(offsetof(struct comm_region, pci_mmconfig_base) == 0x38, comm_mmconfig);
BH_ABI_ASSERT(offsetof(struct comm_region, gic_version) == 0x40, comm_gic);
BH_ABI_ASSERT(offsetof(struct comm_region, gicd_base) == 0x48, comm_gicd);
BH_ABI_ASSERT(offsetof(struct comm_region, gicr_base) == 0x58, comm_gicr);
BH_ABI_ASSERT(offsetof(struct comm_region, vpci_irq_base) == 0x60, comm_vpci);
BH_ABI_ASSERT(offsetof(struct comm_region, watchdog) == 0x64, comm_watchdog);

#endif
