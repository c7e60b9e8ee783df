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

/* Codes of our own from here on; what published software knows is below. */
#define HC_OWN_BASE		0x4200

/*
 * Ours: one item about an ivshmem link or one of its peers. Args: LINK_PEER(bdf, peer id), LINK_INFO_*. The root cell
 * may ask about every link and peer, other cells about their own end only (-EPERM). -ENOENT: no link has that
 * bdf, the link has no such peer id, or (all but LINK_INFO_PEERS and the counters) no cell is that peer now.
 * -EINVAL: unknown item.
 */
#define HC_LINK_INFO		0x4200

#define LINK_PEER(bdf, peer)	((unsigned long)(bdf) << 16 | (peer))

#define LINK_INFO_NEXT		0	/* root; lowest bdf from the given one on that has a link; peer ignored */
#define LINK_INFO_PEERS		1	/* how many peer ids the link has; peer ignored */
#define LINK_INFO_CELL		2	/* id of the cell that is the peer */
#define LINK_INFO_STATE		3
#define LINK_INFO_FLAGS		4	/* LINK_FLAG_* */
#define LINK_INFO_PROTOCOL	5
#define LINK_INFO_VECTORS	6	/* MSI-X; 0: INTx */
#define LINK_INFO_COUNTER_BASE	0x100	/* + LINK_COUNTER_*: 63 bits, since the link was made */

#define LINK_FLAG_ENABLED	0x001	/* Interrupt Control is 1 */
#define LINK_FLAG_ARMED		0x002	/* vector 0 would become an interrupt */
#define LINK_FLAG_ONE_SHOT	0x004
#define LINK_FLAG_LATCHED	0x008	/* a change of State waits for interrupts to be enabled and armed */
#define LINK_FLAG_MEMORY	0x010	/* Command: Memory Space */
#define LINK_FLAG_MASTER	0x020	/* Command: Bus Master */
#define LINK_FLAG_INTX_OFF	0x040	/* Command: INTx disable */
#define LINK_FLAG_MSIX		0x080	/* MSI-X enabled */
#define LINK_FLAG_MSIX_MASKED	0x100	/* MSI-X function mask */

/* Counted at the sender: sent, no peer, no vector (its own), inactive; at the receiver: all others */
#define LINK_COUNTER_SENT	0	/* events, one for each addressed peer */
#define LINK_COUNTER_DELIVERED	1	/* became an interrupt */
#define LINK_COUNTER_MERGED	2	/* changes of State that met one that was latched already */
#define LINK_COUNTER_DISABLED	3	/* dropped: Interrupt Control is 0 */
#define LINK_COUNTER_MASKED	4	/* dropped: vector not armed */
#define LINK_COUNTER_NO_PEER	5	/* dropped: the link has no such peer id */
#define LINK_COUNTER_NO_VECTOR	6	/* dropped: sender or receiver does not have the vector */
#define LINK_COUNTER_INACTIVE	7	/* dropped: no cell is that peer, or it was reset with a latched event */
#define LINK_NUM_COUNTERS	8

/*
 * Ours: one item about a cell, so that a root cell that did not make it can manage it. Args: cell id, CELL_INFO_*. Root cell
 * only (-EPERM). -ENOENT: no cell has that id, CELL_INFO_NEXT: nor a higher one. -EINVAL: unknown item, or a piece beyond
 * the end. Pieces are 32 bits of the result, so that none looks like an errno.
 */
#define HC_CELL_INFO		0x4201

#define CELL_INFO_NEXT		0	/* lowest id from the given one on that a cell has */
#define CELL_INFO_CONFIG_SIZE	1	/* bytes of its configuration; root cell: of the system configuration */
#define CELL_INFO_NAME_BASE	0x100	/* + n: characters 4n.. of the name, the first one lowest, NUL behind its end */
#define CELL_INFO_CPUS_BASE	0x1000	/* + n: bit b is set if the cell has CPU 32n + b now */
#define CELL_INFO_CONFIG_BASE	0x10000	/* + n: bytes 4n.. of the configuration, the first one lowest */

/*
 * Ours: bytes 4n.. of the struct bh_fault of a cell (fault.h), the first one lowest. Args: cell id, n. Root cell only
 * (-EPERM). -ENOENT: no cell has that id. -EINVAL: a piece beyond the end.
 */
#define HC_CELL_FAULT		0x4202

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
