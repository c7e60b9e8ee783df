/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First instructions and exception vectors. The start state is recorded before anything changes it, so no
 * register but x0, x1 and, once recorded, the FP registers may be touched in the first lines.
 */
	.arch	armv8-a+fp+simd

	.macro	or_sysreg reg
	mrs	x1, \reg
	orr	x0, x0, x1
	.endm

	.section .header, "ax"
	.global	inmate_entry
inmate_entry:
	/* general_or: every register once, before it is reused */
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	orr	x0, x0, x\n
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	orr	x0, x0, x\n
	.endr
	mov	x1, sp
	orr	x0, x0, x1
	or_sysreg sp_el0
	mov	x10, x0

	mrs	x12, CurrentEL
	mrs	x13, daif
	mrs	x14, sctlr_el1
	mrs	x15, cpacr_el1

	mov	x0, #0
	or_sysreg vbar_el1
	or_sysreg ttbr0_el1
	or_sysreg ttbr1_el1
	or_sysreg tcr_el1
	or_sysreg mair_el1
	or_sysreg contextidr_el1
	or_sysreg tpidr_el0
	or_sysreg tpidrro_el0
	or_sysreg tpidr_el1
	or_sysreg esr_el1
	or_sysreg far_el1
	or_sysreg cntkctl_el1
	mrs	x1, cntv_ctl_el0
	and	x1, x1, #3
	orr	x0, x0, x1
	mrs	x1, cntp_ctl_el0
	and	x1, x1, #3
	orr	x0, x0, x1
	mov	x16, x0

	/* From here on an exception is reported instead of looping through address 0 */
	adr	x0, vectors
	msr	vbar_el1, x0
	ldr	x0, =__stack_top
	mov	sp, x0
	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	isb

	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	orr	v0.16b, v0.16b, v\n\().16b
	.endr
	.irp	n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	orr	v0.16b, v0.16b, v\n\().16b
	.endr
	mov	x0, v0.d[0]
	mov	x1, v0.d[1]
	orr	x11, x0, x1

	ldr	x0, =entry_state
	stp	x10, x11, [x0]
	stp	x12, x13, [x0, #16]
	stp	x14, x15, [x0, #32]
	str	x16, [x0, #48]

	/* A restart without load finds the old contents */
	ldr	x0, =__bss_start
	ldr	x1, =__bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	ldr	x0, =__page_tables
	ldr	x1, =__image_end
3:	cmp	x0, x1
	b.hs	4f
	stp	xzr, xzr, [x0], #16
	b	3b
4:	bl	inmate_setup
	b	stop

	.ltorg

	.section .entry_state, "aw", %nobits
	.balign	8
	.global	entry_state
entry_state:
	.skip	56

	.section .parameters, "a"
	.global	parameter_buffer
parameter_buffer:
	.skip	256

	/* One slot: 80h bytes. The dispatcher knows by the number what happened; it may not come back. */
	.macro	slot number
	.balign	0x80
	stp	x29, x30, [sp, #-192]!
	bl	save_caller_registers
	mov	x0, sp
	mov	x1, #\number
	bl	exception_dispatch
	b	restore_and_return
	.endm

	.section .vectors, "ax"
	.balign	0x800
vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	slot	\n
	.endr
	.balign	0x80

	.text
/* Frame: x29 x30, x0..x18, ELR, SPSR */
save_caller_registers:
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	stp	x10, x11, [sp, #96]
	stp	x12, x13, [sp, #112]
	stp	x14, x15, [sp, #128]
	stp	x16, x17, [sp, #144]
	mrs	x0, elr_el1
	stp	x18, x0, [sp, #160]
	mrs	x0, spsr_el1
	str	x0, [sp, #176]
	ret

restore_and_return:
	ldr	x0, [sp, #176]
	msr	spsr_el1, x0
	ldp	x18, x0, [sp, #160]
	msr	elr_el1, x0
	ldp	x16, x17, [sp, #144]
	ldp	x14, x15, [sp, #128]
	ldp	x12, x13, [sp, #112]
	ldp	x10, x11, [sp, #96]
	ldp	x8, x9, [sp, #80]
	ldp	x6, x7, [sp, #64]
	ldp	x4, x5, [sp, #48]
	ldp	x2, x3, [sp, #32]
	ldp	x0, x1, [sp, #16]
	ldp	x29, x30, [sp], #192
	eret
