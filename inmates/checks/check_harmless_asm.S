/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses that a compiler only makes by chance, and calls with watched registers. For the accesses x0 is the
 * address; results of pairs come back in x0 and x1.
 */
#include "saved_registers.h"

	.arch	armv8-a+fp+simd

	.macro	function name
	.section .text.\name, "ax"
	.balign	4
	.global	\name
	.type	\name, %function
\name:
	.endm

/* --- loads; a W destination is returned as the whole X register, so that dirt above shows --- */
	function load_pair_w		/* struct pair: two words */
	ldp	w2, w1, [x0]
	mov	x0, x2
	ret

	function load_pair_x
	ldp	x2, x1, [x0]
	mov	x0, x2
	ret

	function load_pre_index		/* value at x0 + 4, and the written-back address */
	ldr	w2, [x0, #4]!
	mov	x1, x0
	mov	x0, x2
	ret

	function load_post_index
	ldr	w2, [x0], #4
	mov	x1, x0
	mov	x0, x2
	ret

	function load_pair_pre_index	/* first word and written-back address */
	ldp	w2, w3, [x0, #8]!
	mov	x1, x0
	mov	x0, x2
	ret

	function load_byte
	mov	x1, #-1
	ldrb	w1, [x0]
	mov	x0, x1
	ret

	function load_half
	mov	x1, #-1
	ldrh	w1, [x0]
	mov	x0, x1
	ret

	function load_byte_signed_x
	ldrsb	x0, [x0]
	ret

	function load_byte_signed_w
	ldrsb	w0, [x0]
	ret

	function load_half_signed_x
	ldrsh	x0, [x0]
	ret

	function load_word_signed_x
	ldrsw	x0, [x0]
	ret

	function load_acquire
	ldar	w0, [x0]
	ret

	function load_to_zero_register
	ldr	wzr, [x0]
	ret

/* --- stores; x1, x2 are the values --- */
	function store_pair_w
	stp	w1, w2, [x0]
	ret

	function store_pair_x
	stp	x1, x2, [x0]
	ret

	function store_pre_index	/* at x0 + 4; returns the written-back address */
	str	w1, [x0, #4]!
	ret

	function store_post_index
	str	w1, [x0], #4
	ret

	function store_release
	stlr	w1, [x0]
	ret

	function store_zero_register
	str	wzr, [x0]
	ret

/* --- calls: everything but x0-x3 has to survive; returns the number of registers that did not --- */
	.macro	watched_call instruction
	save_registers 96
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	mov	x\n, #(0x5a00 + \n)
	.endr
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	mov	x\n, #(0x5a00 + \n)
	.endr
	\instruction
	mov	x0, #0
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	sub	x\n, x\n, #0x5, lsl #12
	sub	x\n, x\n, #0xa00
	cmp	x\n, #\n
	cinc	x0, x0, ne
	.endr
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	sub	x\n, x\n, #0x5, lsl #12
	sub	x\n, x\n, #0xa00
	cmp	x\n, #\n
	cinc	x0, x0, ne
	.endr
	restore_registers 96
	ret
	.endm

	function watched_hypercall	/* x0 code, x1, x2 arguments */
	watched_call "hvc #0x4a48"

	function watched_smc		/* x0 function, x1..x3 arguments */
	watched_call "smc #0"

/* FP registers across a hypercall: they are the cell's and the hypervisor does not use them */
/* All ones if the patterns in v0 and v31 are still there after hypercall x0 */
	function fp_survives_hypercall
	movi	v0.16b, #0xa5
	movi	v31.16b, #0x5a
	hvc	#0x4a48
	eor	v0.16b, v0.16b, v31.16b
	mov	x0, v0.d[0]
	mov	x1, v0.d[1]
	and	x0, x0, x1
	ret

/* --- stray calls --- */
	.macro	stray name, instruction
	function \name
	\instruction
	ret
	.endm

	stray	stray_hvc_0, "hvc #0"
	stray	stray_hvc_1, "hvc #1"
	stray	stray_hvc_ffff, "hvc #0xffff"
	stray	smc_with_immediate, "smc #0x1234"

	.section .note.GNU-stack, "", %progbits
