/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registers_N(uint64_t device, uint64_t after[31]): all registers get values of their own; then register N is stored to the device,
 * gets another value, and is loaded from there. after: all registers then. The address is in the register behind N.
 */
	.macro	value n
	movz	x\n, #0x8080 | (\n & 15) << 3 | (\n >> 4) << 11
	movk	x\n, #0x8080, lsl #16
	movk	x\n, #0x100 + \n, lsl #32
	movk	x\n, #0xa5a5, lsl #48
	.endm

	.macro	registers n, base
	.text
registers_\n:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x1, [sp, #96]
	str	x0, [sp, #104]
	sub	sp, sp, #256
	.irp	i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	value	\i
	.endr
	ldr	x\base, [sp, #256 + 104]
	str	w\n, [x\base]
	mvn	x\n, x\n
	ldr	w\n, [x\base]
	.irp	i,0,2,4,6,8,10,12,14,16,18,20,22,24,26,28
	str	x\i, [sp, #8 * \i]
	.endr
	.irp	i,1,3,5,7,9,11,13,15,17,19,21,23,25,27,29
	str	x\i, [sp, #8 * \i]
	.endr
	str	x30, [sp, #8 * 30]
	ldr	x1, [sp, #256 + 96]
	mov	x2, #31
1:	sub	x2, x2, #1
	ldr	x3, [sp, x2, lsl #3]
	str	x3, [x1, x2, lsl #3]
	cbnz	x2, 1b
	add	sp, sp, #256
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret
	.section .rodata.registers_of, "a"
	.quad	registers_\n
	.endm

	.section .rodata.registers_of, "a"
	.balign	8
	.globl	registers_of
registers_of:
	registers 0, 1
	registers 1, 2
	registers 2, 3
	registers 3, 4
	registers 4, 5
	registers 5, 6
	registers 6, 7
	registers 7, 8
	registers 8, 9
	registers 9, 10
	registers 10, 11
	registers 11, 12
	registers 12, 13
	registers 13, 14
	registers 14, 15
	registers 15, 16
	registers 16, 17
	registers 17, 18
	registers 18, 19
	registers 19, 20
	registers 20, 21
	registers 21, 22
	registers 22, 23
	registers 23, 24
	registers 24, 25
	registers 25, 26
	registers 26, 27
	registers 27, 28
	registers 28, 29
	registers 29, 30
	registers 30, 0
