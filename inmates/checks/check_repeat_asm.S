/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repeat_N(struct repeat *): all registers get values of their own, N the one that is stored three times to the address in
 * the register behind it; then it gets what is loaded from the other address, three times. Then all registers are kept.
 */
#include "check_repeat.h"
#include "each_register.h"

	.macro	value n
	movz	x\n, #0x100 + \n
	movk	x\n, #0xa5a5, lsl #48
	.endm

	.macro	repeat n, base
	.text
repeat_\n:
	enter_registers
	ldr	x\base, [sp, #FIRST_ARGUMENT]
	ldr	x\n, [x\base, #REPEAT_VALUE]
	ldr	x\base, [x\base, #REPEAT_STORE]
	str	w\n, [x\base]
	str	w\n, [x\base]
	str	w\n, [x\base]
	ldr	x\base, [sp, #FIRST_ARGUMENT]
	ldr	x\base, [x\base, #REPEAT_LOAD]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	mvn	x\n, xzr
	ldr	w\n, [x\base]
	leave_registers FIRST_ARGUMENT, REPEAT_AFTER
	.section .rodata.repeat_with, "a"
	.quad	repeat_\n
	.endm

	.section .rodata.repeat_with, "a"
	.balign	8
	.globl	repeat_with
repeat_with:
	each_register repeat

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
