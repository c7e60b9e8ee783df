/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor and a guest of some dozen instructions, for bare QEMU: what test_bench.py knows the exact counts of.
 * Between image_start and image_end is the hypervisor. It has no stack; a guest keeps nothing in registers but x20.
 */
#define FAST		0x7777		/* immediates of HVC */
#define WAIT		0x1111
#define RAISE		0x2222
#define OFF		0x4444
#define SLEEP		0x5555
#define PIECES		0x6666
#define TO_NOTHING	0x3333		/* goes on where nothing is, so that it comes back at once */

#define EC_HVC		0x16
#define EC_FETCH	0x20
#define GICD_ISPENDR1	0x08000204

.macro function name
	.globl	\name
	.type	\name, %function
\name:
.endm

.macro end_function name
	.size	\name, . - \name
.endm

	.text
	.globl	image_start, image_rodata, image_end, vectors
image_start:

/* 17 */
function begin
	adr	x0, vectors
	msr	vbar_el2, x0
	adr	x1, table
	mov	x2, #0x40000000
	orr	x2, x2, #0x7fc		/* AF, inner shareable, read, write, normal memory */
	orr	x2, x2, #1		/* block of 1 GiB */
	str	x2, [x1, #8]
	msr	vttbr_el2, x1
	ldr	x3, =0x80023559		/* 39 bits, 4 KiB, from level 1 on */
	msr	vtcr_el2, x3
	ldr	x4, =0x800c2001		/* RW, TSC, TID3, TWI, VM */
	msr	hcr_el2, x4
	adr	x5, guest
	msr	elr_el2, x5
	mov	x6, #0x3c5		/* EL1h, all masked */
	msr	spsr_el2, x6
	eret
end_function begin

	.balign	2048
vectors:
	.fill	0x400 / 4, 4, 0
	mrs	x16, esr_el2		/* FAST: 6 instructions; otherwise 5 */
	and	x17, x16, #0xffff
	mov	x18, #FAST
	cmp	x17, x18
	b.ne	sync_entry
	eret
	.balign	2048

/* 10 for what is no HVC, and 9 in what it calls; 25 for HVC #0 */
sync_entry:
	lsr	x18, x16, #26
	cmp	x18, #EC_FETCH
	b.eq	1f
	bl	outer
	cmp	x18, #EC_HVC
	b.eq	2f
	mrs	x9, elr_el2
	add	x9, x9, #4
	msr	elr_el2, x9
	eret
1:	msr	elr_el2, x20
	eret
2:	mov	x9, #WAIT
	cmp	x17, x9
	b.eq	wait
	mov	x9, #RAISE
	cmp	x17, x9
	b.eq	raise
	mov	x9, #TO_NOTHING
	cmp	x17, x9
	b.ne	3f
	msr	elr_el2, xzr
	eret
3:	mov	x9, #OFF
	cmp	x17, x9
	b.eq	off
	mov	x9, #SLEEP
	cmp	x17, x9
	b.eq	sleep
	mov	x9, #PIECES
	cmp	x17, x9
	b.eq	cpu_handle_events
	eret

/* 4 */
function outer
	mov	x28, x30
	bl	leaf
	mov	x30, x28
	b	ivshmem_ring		/* returns to the caller */
end_function outer

/* 3 */
function leaf
	nop
label:	nop				/* no function */
	ret
end_function leaf

/* 2 */
function ivshmem_ring
	nop
	ret
end_function ivshmem_ring

/* 1 + 5 * 3 + 4, of which 4 * 3 wait: what follows is no loop, neither another place nor another call */
function wait
	mov	x9, #5
1:	yield
	sub	x9, x9, #1
	cbnz	x9, 1b
	yield
	bl	once
	bl	once
	eret
end_function wait

/* 2 */
function once
	yield
	ret
end_function once

/* the third instruction raises */
function raise
	ldr	x9, =GICD_ISPENDR1
	mov	w10, #1
	str	w10, [x9]
	eret
end_function raise

/* 7: 4 until it sleeps, 3 when it is woken */
function sleep
	mrs	x9, hcr_el2
	orr	x9, x9, #0x80		/* VI: something is pending, that ends WFI */
	msr	hcr_el2, x9
	bl	nap
	bic	x9, x9, #0x80
	msr	hcr_el2, x9
	eret
end_function sleep

/* 3, one of them until it sleeps */
function nap
	wfi
	nop
	ret
end_function nap

/* 4, and two pieces: 2 each in the function, of which the first one still belongs to what was before */
function cpu_handle_events
	bl	report_line
	bl	report_line
	nop
	eret
end_function cpu_handle_events

function report_line
	nop
	ret
end_function report_line

function off
	ldr	w0, =0x84000008		/* PSCI SYSTEM_OFF */
	smc	#0
	b	.
end_function off
	.ltorg
image_rodata:
	.balign	4096
image_end:
table:	.fill	512, 8, 0

guest:
	movz	xzr, #0
	hvc	#0
	nop
	hvc	#FAST
	hvc	#WAIT
	hvc	#RAISE
	hvc	#SLEEP
	hvc	#PIECES
	smc	#0
	mrs	x0, id_aa64pfr0_el1
	wfi
	mov	x1, #0
	mrs	x0, id_aa64mmfr0_el1
	ldr	w0, [x1]		/* behind one that traps, in the same block of the emulator */
	adr	x20, 1f
	hvc	#TO_NOTHING
1:	movz	xzr, #5
	adr	x20, 2f
	mov	x0, #0
	br	x0
2:	movz	xzr, #1
	hvc	#OFF
	b	.
