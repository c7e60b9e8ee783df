/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes of hypercalls, and what all of them but HC_LINK_INFO and HC_CELL_INFO take and give; see hypercall.h. */
#ifndef BULKHEAD_HYPERCALL_CODES_H
#define BULKHEAD_HYPERCALL_CODES_H

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
 * Ours: one item about an ivshmem link or one of its peers. Args: LINK_PEER(bdf, peer id), LINK_INFO_* (link_info.h). The
 * root cell may ask about every link and peer, other cells about their own end only (-EPERM). -ENOENT: no link has that
 * bdf, the link has no such peer id, or (all but LINK_INFO_PEERS and the counters) no cell is that peer now.
 * -EINVAL: unknown item.
 */
#define HC_LINK_INFO		0x4200

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
 * Ours: one item about a cell, so that a root cell that did not make it can manage it. Args: cell id, CELL_INFO_*
 * (cell_info.h). Root cell only (-EPERM). -ENOENT: no cell has that id, CELL_INFO_NEXT: nor a higher one. -EINVAL: unknown
 * item, or a piece beyond the end. Pieces are 32 bits of the result, so that none looks like an errno.
 */
#define HC_CELL_INFO		0x4201

/*
 * Ours: bytes 4n.. of the struct bh_fault of a cell (fault.h), the first one lowest. Args: cell id, n. Root cell only
 * (-EPERM). -ENOENT: no cell has that id. -EINVAL: a piece beyond the end.
 */
#define HC_CELL_FAULT		0x4202

/*
 * Ours: bytes 4n.. of the struct bh_cell_console of a cell (cell_console.h), the first one lowest. Args: cell id, n. Root
 * cell only (-EPERM). -ENOENT: no cell has that id. -EINVAL: a piece beyond the end, or the cell has no
 * CFG_CELL_CONSOLE_PERMITTED.
 */
#define HC_CELL_CONSOLE		0x4203

/*
 * Ours: how often a CPU came from its guest into the hypervisor for one cause, since it belongs to its cell. Args: CPU number,
 * CPU_EXIT_*. Root cell, or owner of the CPU (-EPERM). -EINVAL: no such CPU or cause. The result has 63 bits, which is no wrap in
 * practice. Each exit has one cause: their sum is CPU_STAT_TOTAL modulo 2^31. Of interrupts that are taken in one exit, the
 * first one is its cause. No lock; a CPU that runs goes on counting between two calls.
 */
#define HC_CPU_EXITS		0x4204

#define CPU_EXIT_HYPERCALL	0	/* any code, also unknown ones */
#define CPU_EXIT_HVC		1	/* HVC with another immediate, or of 32-bit code */
#define CPU_EXIT_PSCI		2
#define CPU_EXIT_SMCCC		3	/* all other SMC */
#define CPU_EXIT_WFX		4	/* WFI, WFE; not trapped, as a rule */
#define CPU_EXIT_SGI		5	/* sends interrupts to CPUs of its cell: write to ICC_SGI1R_EL1 */
#define CPU_EXIT_SYSREG		6	/* another trapped system register */
#define CPU_EXIT_OTHER_CLASS	7	/* exception class that nobody handles: undefined instruction for the guest */
#define CPU_EXIT_IVSHMEM	8	/* register page of a link; from here to STRAY_FAILED: CPU_STAT_MMIO */
#define CPU_EXIT_MSIX		9	/* MSI-X page of a link */
#define CPU_EXIT_PCI_CONFIG	10
#define CPU_EXIT_GICD		11
#define CPU_EXIT_GICR		12
#define CPU_EXIT_SUBPAGE	13	/* sub-page region, done */
#define CPU_EXIT_STRAY_IGNORED	14	/* access to nothing: had no effect */
#define CPU_EXIT_STRAY_ABORTED	15	/* likewise: external abort. Also what cannot be done to an emulated register */
#define CPU_EXIT_STRAY_FAILED	16	/* violation: stopped the CPU; of the root cell: external abort */
#define CPU_EXIT_READ_ONLY	17	/* write to memory that is mapped read-only */
#define CPU_EXIT_CACHE_OP	18	/* cache maintenance of what the cell does not have, or may only read */
#define CPU_EXIT_MEMORY_ERROR	19	/* walk of the guest's tables into nothing, error of the bus: passed on */
#define CPU_EXIT_FETCH		20	/* of an instruction from what the cell does not have */
#define CPU_EXIT_REVOKED	21	/* the cell had no memory for a moment: its manager waited for this CPU */
#define CPU_EXIT_IRQ		22	/* interrupt of a device or timer of the cell */
#define CPU_EXIT_LINK_IRQ	23	/* of a link: doorbell or change of State of a peer */
#define CPU_EXIT_PENDED_SGI	24	/* SGI that the guest itself made pending in the redistributor */
#define CPU_EXIT_KICK_SGI	25	/* kick: SGI of a CPU of the cell */
#define CPU_EXIT_KICK_REQUEST	26	/* kick: management of cells, this or another one */
#define CPU_EXIT_KICK_LATE	27	/* kick: another exit has done already what it was for */
#define CPU_EXIT_MAINTENANCE	28	/* list registers ran empty and more interrupts wait */
#define CPU_EXIT_FOREIGN_IRQ	29	/* of an interrupt that is not the cell's: switched off */
#define CPU_EXIT_SPURIOUS	30	/* the interrupt was gone when it was acknowledged */
#define CPU_EXIT_SERROR		31
#define CPU_EXIT_WATCHDOG	32	/* looked whether its cell is alive */
#define CPU_EXIT_COUNT		33

/*
 * Ours: piece n of the trace of a CPU (trace.h), 32 bits; or sets its mode. Args: CPU number, n. Root cell only (-EPERM).
 * -ENOSYS: the hypervisor is built without. -ENOENT: it has no such CPU. -EINVAL: a piece beyond the end, or no mode.
 * These calls themselves leave no event.
 */
#define HC_TRACE		0x4205

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
