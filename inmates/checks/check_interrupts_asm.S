/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registers_N(uint64_t device, uint64_t after[31]): all registers get values of their own; then register N is stored to the device,
 * gets another value, and is loaded from there. after: all registers then. The address is in the register behind N.
 */
#include "each_register.h"

	.macro	value n
	movz	x\n, #0x8080 | (\n & 15) << 3 | (\n >> 4) << 11
	movk	x\n, #0x8080, lsl #16
	movk	x\n, #0x100 + \n, lsl #32
	movk	x\n, #0xa5a5, lsl #48
	.endm

	.macro	registers n, base
	.text
registers_\n:
	enter_registers
	ldr	x\base, [sp, #FIRST_ARGUMENT]
	str	w\n, [x\base]
	mvn	x\n, x\n
	ldr	w\n, [x\base]
	leave_registers SECOND_ARGUMENT
	.section .rodata.registers_of, "a"
	.quad	registers_\n
	.endm

	.section .rodata.registers_of, "a"
	.balign	8
	.globl	registers_of
registers_of:
	each_register registers
