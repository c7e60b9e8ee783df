/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A root cell that makes the hypercalls which the test puts into its mailbox, by the emulator's door to memory. It runs
 * where it was loaded, with the MMU off. The mailbox is direct.MAILBOX: request number, number of the last
 * answer, code, two arguments, result; 64 bits each.
 */
#include <bulkhead/hypercall.h>

	.section .text
	.globl	proxy
proxy:
	adr	x19, mailbox
1:	ldr	x20, [x19, #8]
2:	yield
	ldar	x21, [x19]
	cmp	x21, x20
	b.eq	2b
	ldp	x0, x1, [x19, #16]
	ldr	x2, [x19, #32]
	hvc	#HC_IMMEDIATE
	str	x0, [x19, #40]
	add	x22, x19, #8
	stlr	x21, [x22]
	b	1b

	.balign	4096
mailbox:
	.fill	48, 1, 0
