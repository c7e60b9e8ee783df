/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembly that does the same with each general-purpose register, all others having values of their own, and keeps what is in
 * all of them afterwards. Between enter_registers and leave_registers no register is what it was, but SP.
 */
#include "saved_registers.h"

#define FIRST_ARGUMENT	(256+96)	/* from SP: x0 and x1 of the caller */
#define SECOND_ARGUMENT	(256+104)

	.macro	enter_registers
	save_registers 112
	stp	x0, x1, [sp, #96]
	sub	sp, sp, #256
	.irp	i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	value	\i
	.endr
	.endm

	/* After this, x0 to x4 are free: all 31 go to an array of uint64_t, whose address is in the argument, plus offset */
	.macro	leave_registers argument, offset=0
	.irp	i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	str	x\i, [sp, #8 * \i]
	.endr
	ldr	x1, [sp, #\argument]
	add	x1, x1, #\offset
	mov	x2, #31
1:	sub	x2, x2, #1
	ldr	x3, [sp, x2, lsl #3]
	str	x3, [x1, x2, lsl #3]
	cbnz	x2, 1b
	add	sp, sp, #256
	restore_registers 112
	ret
	.endm

	/* Macro `what` with the number of each register, and that of the one behind it */
	.macro	each_register what
	\what	0, 1
	\what	1, 2
	\what	2, 3
	\what	3, 4
	\what	4, 5
	\what	5, 6
	\what	6, 7
	\what	7, 8
	\what	8, 9
	\what	9, 10
	\what	10, 11
	\what	11, 12
	\what	12, 13
	\what	13, 14
	\what	14, 15
	\what	15, 16
	\what	16, 17
	\what	17, 18
	\what	18, 19
	\what	19, 20
	\what	20, 21
	\what	21, 22
	\what	22, 23
	\what	23, 24
	\what	24, 25
	\what	25, 26
	\what	26, 27
	\what	27, 28
	\what	28, 29
	\what	29, 30
	\what	30, 0
	.endm
