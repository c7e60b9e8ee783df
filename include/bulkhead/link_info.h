/* SPDX-License-Identifier: BSD-2-Clause */
/* Items of HC_LINK_INFO (hypercall.h), and what they say. */
#ifndef BULKHEAD_LINK_INFO_H
#define BULKHEAD_LINK_INFO_H

#define LINK_PEER(bdf, peer)	((unsigned long)(bdf) << 16 | (peer))

#define LINK_INFO_NEXT		0	/* root; lowest bdf from the given one on that has a link; peer ignored */
#define LINK_INFO_PEERS		1	/* how many peer ids the link has; peer ignored */
#define LINK_INFO_CELL		2	/* id of the cell that is the peer */
#define LINK_INFO_STATE		3
#define LINK_INFO_FLAGS		4	/* LINK_FLAG_* */
#define LINK_INFO_PROTOCOL	5
#define LINK_INFO_VECTORS	6	/* MSI-X; 0: INTx */
#define LINK_INFO_COUNTER_BASE	0x100	/* + LINK_COUNTER_*: 63 bits, since the link was made */
/*
 * + 16 * vector + LINK_COUNTER_SENT, _DELIVERED, _DISABLED or _MASKED: the part of that counter which is of this vector number,
 * 0 to 15, whether the device has it or not; also where all of them ring one line (INTx). A State change has number 0.
 */
#define LINK_INFO_VECTOR_COUNTER_BASE	0x200
#define LINK_INFO_ROUTE_BASE	0x300	/* + vector that the device has: LINK_ROUTE_* */

#define LINK_FLAG_ENABLED	0x001	/* Interrupt Control is 1 */
#define LINK_FLAG_ARMED		0x002	/* vector 0 would become an interrupt */
#define LINK_FLAG_ONE_SHOT	0x004
#define LINK_FLAG_LATCHED	0x008	/* a change of State waits for interrupts to be enabled and armed */
#define LINK_FLAG_MEMORY	0x010	/* Command: Memory Space */
#define LINK_FLAG_MASTER	0x020	/* Command: Bus Master */
#define LINK_FLAG_INTX_OFF	0x040	/* Command: INTx disable */
#define LINK_FLAG_MSIX		0x080	/* MSI-X enabled */
#define LINK_FLAG_MSIX_MASKED	0x100	/* MSI-X function mask */

/* Where a vector leads */
#define LINK_ROUTE_INTID(route)		((route) & 0xffffffff)	/* line of INTx, message data of MSI-X: any number */
#define LINK_ROUTE_ARMED		(1ull << 32)	/* becomes an interrupt if Interrupt Control is 1 */
#define LINK_ROUTE_MASKED		(1ull << 33)	/* masked in the MSI-X table */
/* Of the interrupt controller, for an interrupt of the cell only (armed) */
#define LINK_ROUTE_ENABLED		(1ull << 34)
#define LINK_ROUTE_PENDING		(1ull << 35)
#define LINK_ROUTE_ACTIVE		(1ull << 36)	/* a CPU has taken it and not ended it */
#define LINK_ROUTE_PRIORITY(route)	((route) >> 40 & 0xff)
#define LINK_ROUTE_CPU(route)		((route) >> 48 & 0x7fff)
#define LINK_ROUTE_NO_CPU		0x7fff	/* it goes to none of the cell's CPUs */

#endif
