/* SPDX-License-Identifier: BSD-2-Clause */
/* The way out of the hypervisor for one CPU, back to Linux. Not part of a build without CONFIG_LATE_LAUNCH. */
#include "vectors.h"

	.text
/*
 * void arm64_leave(int64_t result, struct trap_frame *frame, uint64_t sctlr, uint64_t vbar, uint64_t trampoline)
 * MMU off and back to the caller at EL1, all registers but x0 from the frame.
 */
	.globl arm64_leave
arm64_leave:
	msr	vbar_el2, x3
	mov	x17, x4
	mov	x30, x1
	ldp	x16, x18, [x30, #8 * 16]
	msr	tpidr_el2, x16		/* scratch from here on: the caller's x16 and x17 */
	msr	far_el2, x18
	mov	x16, x2
	ldr	x1, [x30, #8 * 1]
	load_light x30
	load_rest x30
	ldr	x30, [x30, #8 * 30]
	br	x17

/* The last steps of arm64_leave, identity-mapped: x16 SCTLR_EL2; x16 and x17 of the caller are parked. */
	.section .trampoline, "ax"
	.globl leave_unmapped
leave_unmapped:
	msr	sctlr_el2, x16
	isb
	tlbi	alle2
	dsb	nsh
	isb
	mrs	x16, tpidr_el2
	mrs	x17, far_el2
	eret
