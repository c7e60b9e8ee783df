/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CONFIG_FAST_PATH: what the slots of vectors.S have of the fast paths; the rest is in fast_entry.S. Instruction by instruction:
 * docs/fast-path.md
 */

/*
 * Synchronous, after save_first, with the syndrome in x2. If it is the store to a doorbell that the CPU did before, and nothing
 * has changed, the interrupt is raised right here, by the store that its receiver has published (virq.h).
 */
.macro fast_sync
	.globl	ring, abort_done
	tbz	x2, #31, no_abort		/* classes from 20h on: of those that guests cause, mostly data aborts */
	stp	x4, x5, [sp, #8 * 4]
	mrs	x1, hpfar_el2
	mrs	x3, far_el2
	bfi	x1, x3, #40, #12		/* where: page, and offset in the page */
	mrs	x0, tpidr_el2			/* the first record */
	ldp	x4, x5, [x0, #DOORBELL_SYNDROME]
	cmp	x2, x4
	ccmp	x1, x5, #0, eq
	ldp	x4, x5, [x0, #DOORBELL_VALUE]
	br	x5				/* to doorbell_values: and the register that is stored */
ring:
	dsb	ish				/* what the guest has written; who waits for this ring does not wait for that */
	ldp	x1, x5, [x0, #DOORBELL_STARTED]	/* x5: struct virq_store */
	add	x1, x1, #1
	str	x1, [x0, #DOORBELL_STARTED]
	dmb	ish				/* before the look */
	ldp	x2, x3, [x5]
	cbz	x2, withdrawn
	str	w3, [x2]
	stlr	x1, [x0]			/* done */
abort_done:
	mrs	x2, elr_el2
	add	x2, x2, #4
	msr	elr_el2, x2
	ldp	x4, x5, [sp, #8 * 4]
	ldp	x2, x3, [sp, #8 * 2]
	ldp	x0, x1, [sp], #FRAME_SIZE
	eret
.endm

/*
 * A physical interrupt, after save_first, acknowledged in x0: hand it to the guest at once if it is one that the guest was given
 * before in the same way, and no other interrupt is on the way to the guest.
 */
.macro fast_irq
	mrs	x1, tpidr_el2
	bfi	x1, x0, #5, #4			/* struct fast_interrupt */
	ldp	x2, x3, [x1, #FAST_LIST_REG]	/* x3: counter */
	cmp	w0, w2
	b.ne	irq_in_c
	msr	S3_0_C12_C12_1, x0		/* ICC_EOIR1_EL1 */
	mrs	x0, S3_4_C12_C11_5		/* ICH_ELRSR_EL2 */
	ldr	w1, [x1, #FAST_ALL_FREE]
	cmp	x0, x1
	b.ne	irq_waits
	msr	S3_4_C12_C12_0, x2		/* ICH_LR0_EL2 */
	ldr	x0, [x3]
	add	x0, x0, #1
	str	x0, [x3]
	ldp	x2, x3, [sp, #8 * 2]
	ldp	x0, x1, [sp], #FRAME_SIZE
	eret
.endm

/* A hypercall that there is not is refused right here. */
.macro fast_no_hypercall
no_abort:
	tbnz	x2, #SMC_BIT, 1f
	mov	w3, #(HYPERCALL_SYNDROME & 0xffff)
	movk	w3, #(HYPERCALL_SYNDROME >> 16), lsl #16
	cmp	x2, x3
	b.ne	no_hypercall
	sub	x3, x0, #(HC_OWN_BASE & ~0xfff)
	sub	x3, x3, #(HC_OWN_BASE & 0xfff)
	cmp	x0, #NUM_HYPERCALLS
	ccmp	x3, #NUM_OWN_HYPERCALLS, #0, hs
	b.lo	other_class
.if TRACE
	ldr	w3, [sp, #8 * 31]		/* the event as trace_sync leaves it */
	add	x3, sp, w3, uxtb #4
	stp	x0, x1, [x3, #FRAME_SIZE + 32]
	mrs	x0, cntpct_el0
	stp	x0, x2, [x3, #FRAME_SIZE]
	mrs	x0, elr_el2
	mrs	x1, far_el2
	stp	x0, x1, [x3, #FRAME_SIZE + 16]
	ldr	x0, [sp, #8 * 31]
	add	x0, x0, #TRACE_STEP
	str	x0, [sp, #8 * 31]
.endif
	ldr	x2, [sp, #PERCPU + COUNT_HYPERCALLS]
	add	x2, x2, #1
	str	x2, [sp, #PERCPU + COUNT_HYPERCALLS]
	mov	x0, #NO_HYPERCALL
	ldp	x2, x3, [sp, #8 * 2]
	ldp	xzr, x1, [sp], #FRAME_SIZE
	eret
1:	b	other_class			/* out of the reach of TBNZ */
.endm

/* Its priority is dropped already. */
.macro fast_irq_waits
irq_waits:
	mov	w1, w2
	mov	w2, #1
	b	irq_acknowledged
.endm

/* --- what has no slot of its own is where slots of exceptions that are none have room */

/* SGI 0, which is in x0: a request, which may need all registers of the guest, or an SGI of another CPU */
.macro fast_kick
kick:
	save_light
.if TRACE
	trace_irq
.else
	str	x30, [sp, #8 * 30]
.endif
	bl	trap_light_kick
	cbnz	w0, light_return
	save_rest
	mov	x0, sp
	mov	w1, #0
	mov	w2, #0
	bl	trap_irq
	b	guest_return
.endm

.macro fast_other_class
	.globl	other_class, sync_in_c, sync_saved
other_class:
	sync_light
sync_in_c:
	save_rest
sync_saved:
	mov	x0, sp
	bl	trap_sync
	b	guest_return
.endm

/* The value is in one of the registers that are not saved yet; XZR is none: in the frame that is the position of the trace. */
.macro fast_sgi_of_rest
	.globl	sgi_of_rest
sgi_of_rest:
	save_rest
	cmp	x3, #31
	b.ne	sgi_value
	mov	x1, #0
	b	sgi
.endm

/* The receiver wants it in another way now. This one was not done. */
.macro fast_withdrawn
withdrawn:
	ldr	x3, [x0, #DOORBELL_COUNTED]
	add	x3, x3, #1
	str	x3, [x0, #DOORBELL_COUNTED]
	stlr	x1, [x0]
	mrs	x2, esr_el2
	b	load_to_c
.endm
