/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot loader that keeps to the boot protocol of arm64 Linux and has left everything that it does not speak of as no
 * hypervisor would like it. It enters BUNDLE, with E2H set where the CPU has it. Another one, 4 bytes behind it, does
 * not keep to it: the MMU is on.
 */
#define BUNDLE	0x40200000
#define UART	0x09000000
#define GICD	0x08000000
#define GICR	0x080a0000
#define SGIS	0x10000		/* frame of a redistributor */

	.macro set register, value
	ldr	x0, =\value
	msr	\register, x0
	.endm

	.macro store address, value
	ldr	x0, =\address
	ldr	w1, =\value
	str	w1, [x0]
	.endm

	.globl _start
_start:
	b	allowed
	b	mmu_is_on
allowed:
	/* a distributor and a redistributor in use: Group 0 and 1 on, a UART that has something to send */
	store	UART + 0x38, 0x7ff		/* UARTIMSC */
	store	GICD + 0x000, 0x13
	store	GICD + 0x084, 0			/* IGROUPR, ISENABLER, ISPENDR, IPRIORITYR of SPIs 32-63 */
	store	GICD + 0x104, 0xffffffff
	store	GICD + 0x204, 0xffffffff
	store	GICD + 0x424, 0
	store	GICR + 0x014, 0			/* WAKER */
1:	ldr	w1, [x0]
	tbnz	w1, #2, 1b
	store	GICR + SGIS + 0x080, 0
	store	GICR + SGIS + 0x100, 0xffffffff
	store	GICR + SGIS + 0x200, 0xffffffff
	store	GICR + SGIS + 0x300, 0xffffffff

	set	vbar_el2, 0xdead0000
	set	ttbr0_el2, 0xdead1000
	set	tcr_el2, 0x80802520
	set	mair_el2, 0x4404
	set	vttbr_el2, 0xdead2000
	set	tpidr_el2, 0xdead3000
	set	tpidr_el1, 0x1
	set	hstr_el2, 0x28af
	set	mdcr_el2, 0xe60
	set	cnthctl_el2, 0
	set	cntvoff_el2, 0x123456789ab
	set	cnthp_cval_el2, 0
	set	cnthp_ctl_el2, 1
	set	cntp_cval_el0, 0
	set	cntp_ctl_el0, 1
	set	vpidr_el2, 0
	set	vmpidr_el2, 0
	set	sp_el1, 0xdead4000
	set	elr_el2, 0xdead5000
	set	spsr_el2, 0x1f
	set	sctlr_el1, 0x30d5d99d
	set	ttbr0_el1, 0xdead6000
	set	vbar_el1, 0xdead7000
	set	cptr_el2, 0xc00037ff
	ldr	x30, =BUNDLE
	ldr	x2, =0x488000000		/* HCR_EL2: E2H, TGE, RW */
	mrs	x0, id_aa64mmfr1_el1
	tst	x0, #0xf00
	mov	x0, #(1 << 34)
	bic	x0, x2, x0
	csel	x2, x2, x0, ne
	ldr	x1, =0x32c5183e			/* SCTLR_EL2: EE, C, I, SA, A; the MMU off */
	msr	hcr_el2, x2
	isb
	msr	sctlr_el2, x1
	isb
	mov	sp, #8
	msr	spsel, #0
	mov	x0, #0				/* no device tree */
	movn	x1, #0
	mov	x2, x1
	mov	x3, x1
	mov	x19, x1
	mov	x29, x1
	br	x30

mmu_is_on:
	adr	x0, table
	msr	ttbr0_el2, x0
	set	mair_el2, 0xff04
	set	tcr_el2, 0x80823519	/* 39 bits, so the first table is of level 1 */
	isb
	set	sctlr_el2, 0x30c5183d
	isb
	ldr	x30, =BUNDLE
	br	x30
	.ltorg

	.balign	4096
table:	.quad	0x00000401		/* 0: devices */
	.quad	0x40000705		/* 40000000h: memory */
	.skip	510 * 8
