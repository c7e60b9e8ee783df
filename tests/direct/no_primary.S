/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU that late launch sends to the hypervisor, while the one that makes its page tables never comes: CPU 1, as the hyp stub
 * jumps, with ELR_EL2 and SPSR_EL2 of its caller at EL1. The test fills in where the hypervisor is, its entry, and the
 * frequency of the timer.
 */
	.globl	_start
_start:
	b	1f
	.balign	8
base:	.quad	0
entry:	.quad	0
hertz:	.quad	0
found:	.fill	5, 8, 0			/* 1 at the end; x0, CurrentEL, sum of what was changed, ticks */

1:	ldr	x0, hertz
	msr	cntfrq_el0, x0
	mov	x0, #0x80000000
	msr	hcr_el2, x0
	mov	x0, #0x3c5
	msr	spsr_el2, x0
	adr	x0, back
	msr	elr_el2, x0
	.irp	n,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, #(\n * 0x111)
	.endr
	isb
	mrs	x3, cntpct_el0
	adr	x2, found
	str	x3, [x2, #32]
	ldr	x0, base
	ldr	x3, entry
	mov	x1, #1
	br	x3

back:	adr	x1, found
	str	x0, [x1, #8]
	mrs	x2, currentel
	str	x2, [x1, #16]
	mov	x2, xzr
	.irp	n,18,19,20,21,22,23,24,25,26,27,28,29,30
	sub	x\n, x\n, #(\n * 0x111 / 4096), lsl #12
	sub	x\n, x\n, #(\n * 0x111 % 4096)
	orr	x2, x2, x\n
	.endr
	str	x2, [x1, #24]
	ldr	x2, [x1, #32]
	mrs	x3, cntpct_el0
	sub	x2, x3, x2
	str	x2, [x1, #32]
	mov	x2, #1
	stlr	x2, [x1]
2:	wfe
	b	2b
