/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that a function has to keep, in a frame of so many bytes: from 96 on they are the function's own. */
	.macro	save_registers size
	stp	x29, x30, [sp, #-\size]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	.endm

	.macro	restore_registers size
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #\size
	.endm
