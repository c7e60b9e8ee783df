/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exception entry at EL2. From a guest: all general-purpose registers to the top of the stack, the handler
 * in C, and back. SP_EL2 points to the top of the stack whenever a guest runs. With CONFIG_FAST_PATH what guests do most needs
 * less than that: docs/fast-path.md.
 */
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

/* As trace_sync does, but x3 has FAR_EL2, and x0 and x1 are saved */
.macro trace_faulted
	trace_begin
	ldp	x13, x14, [sp]
	stp	x13, x14, [x9, #FRAME_SIZE + 32]
	trace_end x2, x3
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

/* A slot has room for 32 instructions: what a guest waits for is in its own */
.macro slot number
	.org	vectors + 128 * \number
.endm

/* An interrupt, with its number in x1: all that C does not preserve is in the frame then. */
.macro irq_light
	save_light
.if TRACE
	trace_irq
.else
	str	x30, [sp, #8 * 30]
.endif
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

.macro from_guest kind
	save_first
	save_light
	enter_c	\kind
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

/* trap_sync(frame, esr) */
.macro sync_to_c
	sync_light
	save_rest
	mov	x0, sp
	bl	trap_sync
	b	guest_return
.endm

/*
 * Synchronous. If it is the store to a doorbell that the CPU did before, and nothing has changed, the interrupt is raised right
 * here, by the store that its receiver has published (virq.h). Instruction by instruction: docs/fast-path.md
 */
.macro sync_from_guest
	save_first
	mrs	x2, esr_el2
.if FAST_PATH
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
.else
	sync_to_c
.endif
.endm

/*
 * A physical interrupt: acknowledge it, and hand it to the guest at once if it is one that the guest was given before in the same
 * way, and no other interrupt is on the way to the guest.
 */
.macro irq_from_guest
	save_first
	mrs	x0, S3_0_C12_C12_0		/* ICC_IAR1_EL1 */
	dsb	sy
.if FAST_PATH
	mrs	x1, tpidr_el2
	bfi	x1, x0, #5, #4			/* struct fast_interrupt */
	ldp	x2, x3, [x1, #FAST_LIST_REG]	/* x3: counter */
	cmp	w0, w2
	b.ne	irq_in_c
	msr	S3_0_C12_C12_1, x0		/* ICC_EOIR1_EL1 */
	mrs	x0, S3_4_C12_C11_5		/* ICH_ELRSR_EL2 */
	ldr	x1, [x1, #FAST_ALL_FREE]
	cmp	x0, x1
	b.ne	irq_waits
	msr	S3_4_C12_C12_0, x2		/* ICH_LR0_EL2 */
	ldr	x0, [x3]
	add	x0, x0, #1
	str	x0, [x3]
	ldp	x2, x3, [sp, #8 * 2]
	ldp	x0, x1, [sp], #FRAME_SIZE
	eret
.else
	b	irq_in_c
.endif
.endm

.macro from_hypervisor kind
	slot	\kind
	mov	x7, #\kind
	b	hypervisor_fault
.endm

	.section .vectors, "ax"
	.balign	2048
	.globl vectors
vectors:
	from_hypervisor 0		/* current EL, SP_EL0 */
/*
 * An exception inside the hypervisor: its stack may be bad, so take the top of it again. Kind in x7; x6 is lost, too. The guest
 * does not go on: its TPIDR_EL1 is free.
 */
hypervisor_fault:
	mov	x6, sp
	msr	tpidr_el1, x6
	mrs	x6, tpidr_el2
	sub	sp, x6, #TRACE_SIZE
	save_first			/* leaves the position of the trace as it is */
	save_light
	save_rest
	str	x30, [sp, #8 * 30]
	mov	x0, sp
	mov	x1, x7
	mrs	x2, tpidr_el1
	bl	trap_hypervisor_fault	/* (frame, kind, sp); does not return */
	b	.
	from_hypervisor 1
	from_hypervisor 2
	from_hypervisor 3

/*
 * Current EL, SP_EL2: synchronous. From may_fault on, the accesses of four functions may fault, which then report failure. x6
 * and x7 are free there, and what else comes here does not go on; so the stack, which may be bad, is not used.
 */
	slot	4
	mrs	x6, elr_el2
	adr	x7, may_fault
	sub	x6, x6, x7
	cmp	x6, #(device_accesses_end - may_fault)
	b.hs	1f
	adr	x7, device_failed
	msr	elr_el2, x7
	eret
1:	mov	x7, #4
	b	hypervisor_fault

	from_hypervisor 5
	from_hypervisor 6

/* SError. One that waited for arm64_drain_serror belongs to the guest that goes: it is dropped with it. */
	slot	7
	mrs	x6, elr_el2
	adr	x7, serror_window
	sub	x6, x6, x7
	cmp	x6, #(serror_window_end - serror_window)
	b.hs	1f
	eret
1:	mov	x7, #7
	b	hypervisor_fault

	/* lower EL, AArch64 */
	slot	8
trap_sync_entry:
	sync_from_guest
	slot	9
	irq_from_guest
	slot	10
	from_guest fiq			/* trap_fiq(frame) */
	slot	11
	from_guest serror
	slot	12			/* lower EL, AArch32: what follows an instruction is for C to tell */
.if FAST_PATH
	save_first
	mrs	x2, esr_el2
	b	other_class
.else
	b	vectors + 128 * 8
.endif
	.globl guest_return
guest_return:
	ldp	x20, x21, [sp, #8 * 20]
	ldp	x22, x23, [sp, #8 * 22]
	ldp	x24, x25, [sp, #8 * 24]
	ldp	x26, x27, [sp, #8 * 26]
	ldp	x28, x29, [sp, #8 * 28]
light_return:
	ldp	x2, x3, [sp, #8 * 2]
	ldp	x4, x5, [sp, #8 * 4]
	ldp	x6, x7, [sp, #8 * 6]
	ldp	x8, x9, [sp, #8 * 8]
	ldp	x10, x11, [sp, #8 * 10]
	ldp	x12, x13, [sp, #8 * 12]
	ldp	x14, x15, [sp, #8 * 14]
	ldp	x16, x17, [sp, #8 * 16]
	ldp	x18, x19, [sp, #8 * 18]
	ldr	x30, [sp, #8 * 30]
	ldp	x0, x1, [sp], #FRAME_SIZE
	eret
	slot	13
	b	vectors + 128 * 9
/* void arm64_drain_serror(void): no error of one owner of the CPU may reach the next one. */
	.globl arm64_drain_serror
arm64_drain_serror:
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	dsb	sy
	isb
	msr	daifclr, #4
serror_window:
	isb
	nop
	msr	daifset, #4
serror_window_end:
	isb
	msr	elr_el2, x3
	msr	spsr_el2, x4
	ret
	slot	14
	b	vectors + 128 * 10
.if FAST_PATH
/* A hypercall that there is not is refused right here. */
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
.endif
	slot	15
	b	vectors + 128 * 11
.if FAST_PATH
/* Its priority is dropped already. */
irq_waits:
	mov	w1, w2
	mov	w2, #1
	b	irq_acknowledged
.endif
irq_in_c:
	mov	w1, w0
	mov	w2, #0
.if FAST_PATH
	cbz	w0, kick
.endif
irq_acknowledged:
	save_light
	enter_c	irq			/* trap_irq(frame, intid, dropped) */

	.text
.if FAST_PATH
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
/* 16 bytes for each register: if all was equal so far, is it the value, x4? */
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
	nop
	.endr
/* A register that a function writes: in the odd place next to that of its address */
store:
	ubfx	x4, x3, #3, #2
	add	x0, x0, x4, lsl #6
	add	x0, x0, #(REGISTER_FIRST + REGISTER_SIZE)
	ldp	x4, x5, [x0]			/* syndrome, where */
	cmp	x2, x4
	ccmp	x1, x5, #0, eq
	b.ne	abort_to_c
	mrs	x4, spsr_el2
	tbnz	x4, #SINGLE_STEP, abort_to_c
	save_more
	save_rest
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
/* A register that is a word of memory (mmio.h): by the lowest bits of its address */
load:
	ubfx	x4, x3, #2, #3
	add	x0, x0, x4, lsl #5
	add	x0, x0, #REGISTER_FIRST
	ldp	x4, x5, [x0]			/* syndrome, where */
	cmp	x2, x4
	ccmp	x1, x5, #0, eq
	b.ne	abort_to_c
	mrs	x4, spsr_el2
	tbnz	x4, #SINGLE_STEP, abort_to_c
	ldp	x4, x5, [x0, #16]		/* word, counter */
	ldr	x1, [x5]
	add	x1, x1, #1
	str	x1, [x5]
	ldr	w4, [x4]
	ubfx	x3, x2, #16, #5
	adr	x5, 1f
	add	x5, x5, x3, lsl #3
	br	x5
1:	.irp	n,0,1,2,3,4,5
	str	x4, [sp, #8 * \n]
	b	abort_done
	.endr
	.irp	n,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,zr
	mov	x\n, x4
	b	abort_done
	.endr
/* The receiver wants it in another way now. This one was not done. */
withdrawn:
	ldr	x3, [x0, #DOORBELL_COUNTED]
	add	x3, x3, #1
	str	x3, [x0, #DOORBELL_COUNTED]
	stlr	x1, [x0]
	mrs	x2, esr_el2
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
	mrs	x1, spsr_el2
	tbnz	x1, #SINGLE_STEP, 4f
	sync_light
	cmp	x3, #20
	b.hs	2f
1:	ldr	x1, [sp, x3, lsl #3]
3:	mrs	x0, tpidr_el2
	bl	trap_sgi
	b	light_return
2:	save_rest
	cmp	x3, #31
	b.ne	1b
	mov	x1, #0				/* XZR; in the frame that is the position of the trace */
	b	3b
4:	ldr	x1, [sp, #8]

other_class:
	sync_light
sync_in_c:
	save_rest
sync_saved:
	mov	x0, sp
	bl	trap_sync
	b	guest_return

/* SGI 0: a request, which may need all registers of the guest, or an SGI of another CPU */
kick:
	irq_light
	bl	trap_light_kick
	cbnz	w0, light_return
	save_rest
	mov	x0, sp
	mov	w1, #0
	mov	w2, #0
	bl	trap_irq
	b	guest_return
.endif

/*
 * bool arm64_sweep_page(void *page, uint64_t line, uint64_t zero): write zeros by DC ZVA, in steps of zero bytes, if that is
 * not 0; then write back and drop the lines. False if there is no memory. Eight steps are not more than a page. Where both steps
 * are the same, as on most CPUs, one loop does both: what is done to one line keeps its order (DDI 0487, D7.5.9).
 */
	.globl arm64_sweep_page
arm64_sweep_page:
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	add	x5, x0, #4096
	mov	x8, x0
may_fault:
	ldrb	w6, [x0]
	cbz	x2, 2f
	cmp	x1, x2
	b.eq	3f
1:	.rept	4
	dc	zva, x8
	add	x8, x8, x2
	.endr
	cmp	x8, x5
	b.lo	1b
2:	.rept	4
	dc	civac, x0
	add	x0, x0, x1
	.endr
	cmp	x0, x5
	b.lo	2b
	mov	w0, #1
	ret
3:	.rept	8
	dc	zva, x0
	dc	civac, x0
	add	x0, x0, x1
	.endr
	cmp	x0, x5
	b.lo	3b
	mov	w0, #1
	ret

/*
 * void arm64_clear_debug(uint64_t breakpoints, uint64_t watchpoints): their registers; and the words
 * for an external debugger, where the CPU does not miss them (QEMU's do): else this ends at the first of them.
 */
	.globl arm64_clear_debug
arm64_clear_debug:
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	adr	x6, 1f
	sub	x6, x6, x0, lsl #3
	br	x6
	.irp	n,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0
	msr	dbgbcr\n\()_el1, xzr
	msr	dbgbvr\n\()_el1, xzr
	.endr
1:	adr	x6, 2f
	sub	x6, x6, x1, lsl #3
	br	x6
	.irp	n,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1,0
	msr	dbgwcr\n\()_el1, xzr
	msr	dbgwvr\n\()_el1, xzr
	.endr
2:	mov	x0, #0xff
	msr	dbgclaimclr_el1, x0
	msr	osdtrrx_el1, xzr
	msr	osdtrtx_el1, xzr
	msr	oseccr_el1, xzr
	ret

/*
 * uint64_t arm64_translate(uint64_t address, bool by_el0): where the guest reads, as PAR_EL1 says it then; 0 if one of its
 * translation tables is where nothing answers: an external abort of the walk is taken here, by the instruction itself.
 */
	.globl arm64_translate
arm64_translate:
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	cbz	w1, 1f
	at	s12e0r, x0
	b	2f
1:	at	s12e1r, x0
2:	isb
	mrs	x0, par_el1
	ret

/*
 * bool arm64_device_access(volatile void *address, uint64_t *value, uint32_t kind): kind is log2 of the size, plus 4
 * for a write. False if nothing answers. ELR_EL2 and SPSR_EL2 are the guest's, so they are kept.
 */
	.globl arm64_device_access
arm64_device_access:
	mrs	x3, elr_el2
	mrs	x4, spsr_el2
	ldr	x5, [x1]
	adr	x6, device_accesses
	add	x6, x6, w2, uxtw #3
	br	x6
device_accesses:
	ldrb	w5, [x0]
	b	2f
	ldrh	w5, [x0]
	b	2f
	ldr	w5, [x0]
	b	2f
	ldr	x5, [x0]
	b	2f
	strb	w5, [x0]
	b	2f
	strh	w5, [x0]
	b	2f
	str	w5, [x0]
	b	2f
	str	x5, [x0]
2:	dsb	sy			/* a synchronous abort comes here at the latest */
device_accesses_end:
	str	x5, [x1]
	mov	w0, #1
	b	3f
device_failed:
	mov	w0, #0
3:	msr	elr_el2, x3
	msr	spsr_el2, x4
	ret

/* void arm64_clear_simd(void): no register contents of one owner of a CPU may reach the next one. */
	.globl arm64_clear_simd
arm64_clear_simd:
	.arch_extension fp
	.arch_extension simd
	.irp	n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	ret

/*
 * void arm64_clear_sve(void): predicates. Behind arm64_clear_simd(): who writes a vector register of 128 bits clears what is above
 * them (DDI 0487, B1.2.2).
 */
	.globl arm64_clear_sve
arm64_clear_sve:
	.arch_extension sve
	.irp	n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	pfalse	p\n\().b
	.endr
	wrffr	p0.b
	ret
