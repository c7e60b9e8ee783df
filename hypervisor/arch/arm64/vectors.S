/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exception entry at EL2. From a guest: all general-purpose registers to the top of the stack, the handler
 * in C, and back. SP_EL2 points to the top of the stack whenever a guest runs. With CONFIG_FAST_PATH what guests do most needs
 * less than that: docs/fast-path.md.
 */
#include "vectors.h"
#if FAST_PATH
#include "fast_slots.h"
#endif

/* A slot has room for 32 instructions: what a guest waits for is in its own */
.macro slot number
	.org	vectors + 128 * \number
.endm

.macro from_guest kind
	save_first
	save_light
	enter_c	\kind
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
.if FAST_PATH
	fast_kick
.endif
	from_hypervisor 2
.if FAST_PATH
	fast_other_class
.endif
	from_hypervisor 3
.if FAST_PATH
	fast_sgi_of_rest
	fast_withdrawn
.endif

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
	save_first
	mrs	x2, esr_el2
.if FAST_PATH
	fast_sync
.else
	sync_light
	save_rest
	mov	x0, sp
	bl	trap_sync			/* (frame, esr) */
	b	guest_return
.endif
	slot	9
	save_first
	mrs	x0, S3_0_C12_C12_0		/* ICC_IAR1_EL1 */
	dsb	sy
.if FAST_PATH
	fast_irq
.else
	b	irq_in_c
.endif
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
	.globl guest_return, light_return
guest_return:
	load_rest sp
light_return:
	load_light sp
	ldp	x16, x17, [sp, #8 * 16]
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
	fast_no_hypercall
.endif
	slot	15
	b	vectors + 128 * 11
.if FAST_PATH
	fast_irq_waits
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
	tbz	w1, #0, 1f
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
