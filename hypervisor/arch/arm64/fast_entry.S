/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CONFIG_FAST_PATH: what guests do most, without C or with little of it: docs/fast-path.md. It begins in the slots of vectors.S
 * (fast_slots.h); what is global here is what it goes on to.
 */
#include "vectors.h"

/* As trace_sync does, but x3 has FAR_EL2, and x0 and x1 are saved */
.macro trace_faulted
	trace_begin
	ldp	x13, x14, [sp]
	stp	x13, x14, [x9, #FRAME_SIZE + 32]
	trace_end x2, x3
.endm

	.text
	.globl other_abort, load_to_c, no_hypercall, sgi, sgi_value
/* Not what the first record says: look at the others of doorbells, or those of registers. x0 to x3 as they are in the slot */
other_abort:
	tbz	x2, #6, load
	tbz	x3, #2, store
	tst	x3, #(0xfff - LAST_OFFSETS)	/* doorbells are in the beginning of their page */
	b.ne	abort_to_c
	tbz	x3, #3, abort_to_c		/* no doorbell has such an offset */
other_doorbell:
	add	x0, x0, #DOORBELL_SIZE
	tbnz	x0, #DOORBELLS_END, abort_to_c
	ldp	x4, x5, [x0, #DOORBELL_SYNDROME]
	cmp	x2, x4
	ccmp	x1, x5, #0, eq
	ldp	x4, x5, [x0, #DOORBELL_VALUE]
	br	x5
/* 16 bytes for each register of the frame, 12 for each other: if all was equal so far, is it the value, x4? */
	.globl doorbell_values
doorbell_values:
	.irp	n,0,1,2,3,4,5
	ldr	x5, [sp, #8 * \n]
	ccmp	x5, x4, #0, eq
	b.eq	ring
	b	other_abort
	.endr
	.irp	n,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,zr
	ccmp	x\n, x4, #0, eq
	b.eq	ring
	b	other_abort
	.endr
/* A register that a function writes: as below, but from the end */
store:
	eon	x4, x3, x1, lsr #3
	and	x4, x4, #0x1c
	add	x0, x0, x4, lsl #3
	add	x0, x0, #REGISTER_FIRST
	ldp	x4, x5, [x0]			/* syndrome, where */
	cmp	x2, x4
	ccmp	x1, x5, #0, eq
	b.ne	abort_to_c
	mrs	x4, spsr_el2
	tbnz	x4, #SINGLE_STEP, abort_to_c
	str	w2, [x0, #(REGISTER_USED - REGISTER_FIRST)]
	save_more
	tbz	x2, #20, 1f			/* the value is in one of the rest? */
	save_rest
1:
.if TRACE
	trace_faulted
.else
	str	x30, [sp, #8 * 30]
	mrs	x12, elr_el2
.endif
	add	x12, x12, #4
	msr	elr_el2, x12
	ldp	x3, x0, [x0, #16]		/* function, endpoint */
	ubfx	x2, x2, #16, #5
	ldr	x1, [sp, x2, lsl #3]
	ldr	x4, [sp, #PERCPU + COUNT_IVSHMEM]
	add	x4, x4, #1
	str	x4, [sp, #PERCPU + COUNT_IVSHMEM]
	blr	x3
	b	light_return
/* A register that is a word of memory (mmio.h): by bits 4 to 2 of its address, and the lowest ones of its page */
load:
	eor	x4, x3, x1, lsr #3
	and	x4, x4, #0x1c
	add	x0, x0, x4, lsl #3
	add	x0, x0, #REGISTER_FIRST
	ldp	x3, x5, [x0]			/* syndrome and place of the code, where */
	cmp	w2, w3
	ccmp	x1, x5, #0, eq
	b.ne	load_to_c
	mrs	x4, spsr_el2
	tbnz	x4, #SINGLE_STEP, load_to_c
	str	w2, [x0, #(REGISTER_USED - REGISTER_FIRST)]
	ldp	x4, x5, [x0, #16]		/* word, counter */
	ldr	x1, [x5]
	add	x1, x1, #1
	str	x1, [x5]
	ldr	w4, [x4]
	adr	x5, 1f
	add	x5, x5, x3, lsr #32
	br	x5
1:	.irp	n,0,1,2,3,4,5
	str	x4, [sp, #8 * \n]
	b	abort_done
	.endr
	.irp	n,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,zr
	mov	x\n, x4
	b	abort_done
	.endr
load_to_c:
	mrs	x3, far_el2
/* trap_light() may be able to do it. The register of the access is saved, or, from 16 on, the rest has to be, too. */
abort_to_c:
	mrs	x5, spsr_el2
	tbnz	x5, #SINGLE_STEP, not_light
	ldr	x5, light_abort
	and	w4, w2, w5
	cmp	x4, x5, lsr #32
	b.ne	not_light
	save_more
.if TRACE
	trace_faulted
.else
	str	x30, [sp, #8 * 30]
.endif
	mov	x1, x2
	mov	x0, sp
	tbnz	w1, #20, 1f
	bl	trap_light
	cbnz	w0, light_return
	mrs	x1, esr_el2
	b	sync_in_c
1:	save_rest
	bl	trap_light
	mrs	x1, esr_el2
	cbz	w0, sync_saved
	tbz	w1, #6, 2f
	b	light_return			/* a store: as C leaves them */
2:	b	guest_return
not_light:
	ldp	x4, x5, [sp, #8 * 4]
	ldp	x0, x1, [sp]
	b	other_class
light_abort:
	.word	LIGHT_BITS, LIGHT_ABORT

/* A write to ICC_SGI1R_EL1? Then nothing is left of the syndrome but the register, in bits 9 to 5. */
no_hypercall:
	mov	w3, #(SGI_SYNDROME & 0xffff)
	movk	w3, #(SGI_SYNDROME >> 16), lsl #16
	eor	x3, x3, x2
	ror	x3, x3, #5
	cmp	x3, #31
	b.hi	other_class
	sync_light
	mrs	x4, spsr_el2
	tbnz	x4, #SINGLE_STEP, 1f
	cmp	x3, #20
	b.hs	sgi_of_rest
sgi_value:
	ldr	x1, [sp, x3, lsl #3]
sgi:	mrs	x0, tpidr_el2
	bl	trap_sgi
	b	light_return
1:	b	sync_in_c			/* out of the reach of TBNZ */
