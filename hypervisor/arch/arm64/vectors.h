/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ways in from a guest have in common: registers to the frame, the event of the trace, and on to C. */
#include "offsets.h"

#define PERCPU		FRAME_SIZE + TRACE_SIZE	/* struct percpu, from the frame */
#define SINGLE_STEP	21			/* SPSR_EL2.SS: C takes that away with the instruction */

.macro save_first
	stp	x0, x1, [sp, #-FRAME_SIZE]!
	stp	x2, x3, [sp, #8 * 2]
.endm

.macro save_light		/* the others that C does not preserve, but x30; and x19, which is beside x18 */
	stp	x4, x5, [sp, #8 * 4]
	save_more
.endm

.macro save_more
	stp	x6, x7, [sp, #8 * 6]
	stp	x8, x9, [sp, #8 * 8]
	stp	x10, x11, [sp, #8 * 10]
	stp	x12, x13, [sp, #8 * 12]
	stp	x14, x15, [sp, #8 * 14]
	stp	x16, x17, [sp, #8 * 16]
	stp	x18, x19, [sp, #8 * 18]
.endm

.macro save_rest
	stp	x20, x21, [sp, #8 * 20]
	stp	x22, x23, [sp, #8 * 22]
	stp	x24, x25, [sp, #8 * 24]
	stp	x26, x27, [sp, #8 * 26]
	stp	x28, x29, [sp, #8 * 28]
.endm

/* From a frame: what C does not preserve, but x0, x1, x16, x17 and x30; and what it does */
.macro load_light frame
	ldp	x2, x3, [\frame, #8 * 2]
	ldp	x4, x5, [\frame, #8 * 4]
	ldp	x6, x7, [\frame, #8 * 6]
	ldp	x8, x9, [\frame, #8 * 8]
	ldp	x10, x11, [\frame, #8 * 10]
	ldp	x12, x13, [\frame, #8 * 12]
	ldp	x14, x15, [\frame, #8 * 14]
	ldp	x18, x19, [\frame, #8 * 18]
.endm

.macro load_rest frame
	ldp	x20, x21, [\frame, #8 * 20]
	ldp	x22, x23, [\frame, #8 * 22]
	ldp	x24, x25, [\frame, #8 * 24]
	ldp	x26, x27, [\frame, #8 * 26]
	ldp	x28, x29, [\frame, #8 * 28]
.endm

/*
 * After save_light, with CONFIG_TRACE: one event of the trace (bulkhead/trace.h). The position is in the frame's last word, the
 * ring behind the frame; x30 was left to be stored with the position. At most 9 instructions in all; tests/direct/test_trace.py
 */
.macro trace_begin
	mrs	x11, cntpct_el0
	mrs	x12, elr_el2
	ldr	x10, [sp, #8 * 31]
	add	x9, sp, w10, uxtb #4
.endm

.macro trace_end cause, address
	stp	x11, \cause, [x9, #FRAME_SIZE]
	stp	x12, \address, [x9, #FRAME_SIZE + 16]
	add	x10, x10, #TRACE_STEP
	stp	x30, x10, [sp, #8 * 30]
.endm

/* x2: syndrome. The handler wants it in x1. */
.macro trace_sync
	trace_begin
	mrs	x13, far_el2
	stp	x0, x1, [x9, #FRAME_SIZE + 32]
	mov	x1, x2
	trace_end x2, x13
.endm

/* x1: what was acknowledged */
.macro trace_irq
	trace_begin
	mov	x13, #TRACE_IRQ << 48
	trace_end x13, x1
.endm

.macro trace_fiq
	trace_begin
	mov	x13, #TRACE_FIQ << 48
	trace_end x13, xzr
.endm

.macro trace_serror
	trace_begin
	mrs	x13, esr_el2
	trace_end x13, xzr
.endm

.macro enter_c kind
.if TRACE
	trace_\kind
.else
	str	x30, [sp, #8 * 30]
.endif
	save_rest
	mov	x0, sp
	bl	trap_\kind
	b	guest_return
.endm

/* After save_first, with the syndrome in x2: the rest of what C does not preserve; x1 is the syndrome then. */
.macro sync_light
	save_light
.if TRACE
	trace_sync
.else
	str	x30, [sp, #8 * 30]
	mov	x1, x2
.endif
.endm
