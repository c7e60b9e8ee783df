/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repeat_N(struct repeat *): all registers get values of their own, N the one that is stored three times to the address in
 * the register behind it; then it gets what is loaded from the other address, three times. Then all registers are kept.
 */
#include "check_repeat.h"

	.macro	value n
	movz	x\n, #0x100 + \n
	movk	x\n, #0xa5a5, lsl #48
	.endm

	.macro	repeat n, base
	.text
repeat_\n:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	sub	sp, sp, #256
	.irp	i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	value	\i
	.endr
	ldr	x\base, [sp, #256 + 96]
	ldr	x\n, [x\base, #REPEAT_VALUE]
	ldr	x\base, [x\base, #REPEAT_STORE]
	str	w\n, [x\base]
	str	w\n, [x\base]
	str	w\n, [x\base]
	ldr	x\base, [sp, #256 + 96]
	ldr	x\base, [x\base, #REPEAT_LOAD]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	.irp	i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	str	x\i, [sp, #8 * \i]
	.endr
	ldr	x1, [sp, #256 + 96]
	mov	x2, #31
1:	sub	x2, x2, #1
	ldr	x3, [sp, x2, lsl #3]
	add	x4, x1, x2, lsl #3
	str	x3, [x4, #REPEAT_AFTER]
	cbnz	x2, 1b
	add	sp, sp, #256
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret
	.section .rodata.repeat_with, "a"
	.quad	repeat_\n
	.endm

	.section .rodata.repeat_with, "a"
	.balign	8
	.globl	repeat_with
repeat_with:
	repeat	0, 1
	repeat	1, 2
	repeat	2, 3
	repeat	3, 4
	repeat	4, 5
	repeat	5, 6
	repeat	6, 7
	repeat	7, 8
	repeat	8, 9
	repeat	9, 10
	repeat	10, 11
	repeat	11, 12
	repeat	12, 13
	repeat	13, 14
	repeat	14, 15
	repeat	15, 16
	repeat	16, 17
	repeat	17, 18
	repeat	18, 19
	repeat	19, 20
	repeat	20, 21
	repeat	21, 22
	repeat	22, 23
	repeat	23, 24
	repeat	24, 25
	repeat	25, 26
	repeat	26, 27
	repeat	27, 28
	repeat	28, 29
	repeat	29, 30
	repeat	30, 0

/*
 * uint32_t thumb_repeat(uint32_t address, uint32_t value): a process of 32 bits stores four times, by an instruction of two bytes,
 * and counts. It has no memory: all is in registers, and the MMU is off meanwhile. The count.
 */
	.text
	.globl	thumb_repeat
thumb_repeat:
	mrs	x15, vbar_el1
	mrs	x16, sctlr_el1
	bic	x17, x16, #1
	msr	sctlr_el1, x17
	adr	x17, thumb_vectors
	msr	vbar_el1, x17
	adr	x17, thumb_code
	msr	elr_el1, x17
	mov	x17, #0x1f0		/* interrupts masked, T32, EL0 */
	msr	spsr_el1, x17
	mov	x2, #0
	isb
	eret
thumb_code:
	.rept	4
	.2byte	0x6001			/* str r1, [r0] */
	.2byte	0x3201			/* adds r2, #1 */
	.endr
	.2byte	0xdf00, 0xdf00		/* svc #0 */
	.balign	2048
thumb_vectors:
	.org	thumb_vectors + 0x600
	msr	sctlr_el1, x16
	msr	vbar_el1, x15
	isb
	mov	w0, w2
	ret
