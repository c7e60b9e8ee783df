/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls: arm64 and arm `hvc #0x4a48`, code in x0, arguments in x1 and x2, result in x0 (0 or a
 * value, or a negative errno). Everything but x0 is preserved. EL1 only.
 */
#ifndef BULKHEAD_HYPERCALL_H
#define BULKHEAD_HYPERCALL_H

#define HC_IMMEDIATE		0x4a48

#define HC_DISABLE		0	/* root; every root CPU in parallel */
#define HC_CELL_CREATE		1	/* root; arg: guest-physical address of the configuration */
#define HC_CELL_START		2	/* root; arg: cell id */
#define HC_CELL_SET_LOADABLE	3	/* root; arg: cell id */
#define HC_CELL_DESTROY		4	/* root; arg: cell id */
#define HC_HYPERVISOR_INFO	5	/* any cell; arg: HV_INFO_* */
#define HC_CELL_GET_STATE	6	/* root; arg: cell id; result: COMM_STATE_* */
#define HC_CPU_INFO		7	/* root or owner; args: CPU number, CPU_INFO_* */
#define HC_DEBUG_PUTC		8	/* cells with CFG_CELL_CONSOLE_PERMITTED; arg: character */

#define HV_INFO_MEM_POOL_SIZE	0
#define HV_INFO_MEM_POOL_USED	1
#define HV_INFO_REMAP_POOL_SIZE	2
#define HV_INFO_REMAP_POOL_USED	3
#define HV_INFO_NUM_CELLS	4

#define CPU_INFO_STATE		0
#define CPU_STATE_RUNNING	0	/* also: parked or off */
#define CPU_STATE_FAILED	2
#define CPU_INFO_STAT_BASE	1000

/* Statistics, CPU_INFO_STAT_BASE + n; per CPU, modulo 2^31 */
#define CPU_STAT_TOTAL		0
#define CPU_STAT_MMIO		1
#define CPU_STAT_MANAGEMENT	2
#define CPU_STAT_HYPERCALL	3
#define CPU_STAT_MAINTENANCE	4	/* Arm from here on */
#define CPU_STAT_VIRT_IRQ	5
#define CPU_STAT_VIRT_SGI	6
#define CPU_STAT_PSCI		7
#define CPU_STAT_SMCCC		8
#define CPU_STAT_COUNT_ARM64	9

#endif
