/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enters a bundle at EL2, and leaves behind in registers of EL2 and of the GIC what others may have left there. The tests fill
 * in `flags` to `num_cpus`. For QEMU's virt machine, in two ways:
 *
 * - started at EL3 (secure=on, -bios), as firmware: it stays there as PSCI by SMC. What comes there although it should not
 *   is told on the serial line, and ends the machine.
 * - started at EL2, as a boot loader on CPU 0. PSCI is that of QEMU.
 */
#define FLAG_DIRTY_EL2	0	/* bit numbers */
#define FLAG_DIRTY_GIC	1
#define FLAG_ONE_STATE	2	/* GICD_CTLR.DS: the GIC does not tell secure from non-secure */
#define FLAG_ENTER_EL1	3	/* at EL1, and HVC is undefined */
#define FLAG_NO_FIQ	4	/* two security states, but Group 0 is not taken to EL3 */
#define FLAG_NO_FREQUENCY	5	/* CNTFRQ_EL0 is set on CPU 0 alone */

#define UART		0x09000000
#define SECURE_GPIO	0x090b0000	/* line 0 switches the machine off */
#define MAILBOXES	0x0e000000	/* secure RAM: 16 bytes for each CPU: context, entry */
#define WORKAROUND_2	0x7f000000	/* a word for each CPU: what it was last asked for with SMCCC_ARCH_WORKAROUND_2 */
#define GICD		0x08000000
#define GICR		0x080a0000
#define GICR_SGI	0x10000

#define GICD_CTLR	0x0000
#define GICD_IROUTER	0x6000
#define GICR_CTLR	0x0000
#define GICR_WAKER	0x0014
#define GICR_PROPBASER	0x0070
#define GICR_PENDBASER	0x0078
#define LPI_TABLES	0x70000000
/* both frames */
#define IGROUPR		0x0080
#define ISENABLER	0x0100
#define ISPENDR		0x0200
#define ISACTIVER	0x0300
#define IPRIORITYR	0x0400
#define ICFGR		0x0c00

#define ICC_PMR_EL1	S3_0_C4_C6_0
#define ICC_AP0R0_EL1	S3_0_C12_C8_4
#define ICC_IAR1_EL1	S3_0_C12_C12_0
#define ICC_BPR1_EL1	S3_0_C12_C12_3
#define ICC_CTLR_EL1	S3_0_C12_C12_4
#define ICC_SRE_EL1	S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1	S3_0_C12_C12_7
#define ICC_SRE_EL2	S3_4_C12_C9_5
#define ICC_SRE_EL3	S3_6_C12_C12_5
#define ICH_HCR_EL2	S3_4_C12_C11_0
#define ICH_VMCR_EL2	S3_4_C12_C11_7
#define ICH_LR0_EL2	S3_4_C12_C12_0
#define ICH_AP1R0_EL2	S3_4_C12_C9_0
#define HCRX_EL2	S3_4_C1_C2_2
#define HFGRTR_EL2	S3_4_C1_C1_4
#define HFGWTR_EL2	S3_4_C1_C1_5
#define HFGITR_EL2	S3_4_C1_C1_6
#define CNTHV_CTL_EL2	S3_4_C14_C3_1
#define CNTHV_CVAL_EL2	S3_4_C14_C3_2
#define SVCR		S3_3_C4_C2_2

#define SCR_BASE	0x531		/* NS, RES1, HCE, RW */
#define SCR_FIQ		0x4		/* Group 0 is the firmware's */
#define SCR_HCE		0x100
#define SCR_PAUTH	0x30000		/* APK, API */

	.text
	.globl firmware
firmware:
	b	reset
	.balign	16
flags:		.quad	0
entry:		.quad	0
num_cpus:	.quad	0

reset:
	mrs	x0, mpidr_el1
	bl	cpu_index
	mov	x19, x0
	ldr	x20, flags
	mrs	x26, currentel
	cmp	x26, #(3 << 2)
	b.ne	with_gic
	adr	x0, vectors
	msr	vbar_el3, x0
	mov	x0, #SCR_BASE
	movk	x0, #(SCR_PAUTH >> 16), lsl #16
	tbnz	x20, #FLAG_ONE_STATE, 1f
	tbnz	x20, #FLAG_NO_FIQ, 1f
	orr	x0, x0, #SCR_FIQ
1:	mrs	x1, id_aa64mmfr0_el1
	ubfx	x1, x1, #56, #4
	cbz	x1, 2f
	orr	x0, x0, #(1 << 27)	/* FGTEn */
2:	mrs	x1, id_aa64mmfr1_el1
	ubfx	x1, x1, #40, #4
	cbz	x1, 3f
	orr	x0, x0, #(1 << 38)	/* HXEn */
3:	mrs	x1, S3_0_C0_C4_1	/* ID_AA64PFR1_EL1 */
	ubfx	x2, x1, #24, #4
	mov	x3, #0x100		/* CPTR_EL3.EZ */
	cbz	x2, 4f
	orr	x0, x0, #(1 << 41)	/* EnTP2 */
	orr	x3, x3, #0x1000		/* ESM */
4:	ubfx	x2, x1, #8, #4
	cbz	x2, 5f
	orr	x0, x0, #(1 << 26)	/* ATA */
5:	tbz	x20, #FLAG_ENTER_EL1, 6f
	bic	x0, x0, #SCR_HCE
6:	msr	scr_el3, x0
	msr	cptr_el3, x3
	isb
	mov	x0, #0xf
	msr	ICC_SRE_EL3, x0
	isb
	msr	ICC_SRE_EL1, x0
	msr	ICC_SRE_EL2, x0
	isb
	mov	x0, #0xff		/* non-secure code can change it only where it is */
	msr	ICC_PMR_EL1, x0

	/* the redistributor: awake, everything in Group 1, non-secure */
with_gic:
	mov	x0, #GICR_SGI * 2
	mul	x0, x0, x19
	ldr	x1, =GICR
	add	x21, x0, x1
	str	wzr, [x21, #GICR_WAKER]
7:	ldr	w0, [x21, #GICR_WAKER]
	tbnz	w0, #2, 7b
	add	x22, x21, #GICR_SGI
	mov	w0, #-1
	str	w0, [x22, #IGROUPR]

	cbnz	x19, secondary
	ldr	x23, =GICD
	mov	w0, #0x30		/* ARE */
	tbz	x20, #FLAG_ONE_STATE, 8f
	orr	w0, w0, #0x40
8:	str	w0, [x23, #GICD_CTLR]
	mov	w0, #-1
	add	x1, x23, #IGROUPR
	add	x2, x1, #(1024 / 8)
9:	str	w0, [x1, #4]!
	cmp	x1, x2
	b.lo	9b
	tbz	x20, #FLAG_DIRTY_GIC, 10f
	bl	soil_distributor
10:	ldr	x24, entry
	mov	x25, xzr
	b	leave

secondary:
	tbz	x20, #FLAG_NO_FREQUENCY, 10f
	msr	cntfrq_el0, xzr
10:	ldr	x0, =MAILBOXES
	add	x0, x0, x19, lsl #4
11:	wfe
	ldr	x24, [x0, #8]
	cbz	x24, 11b
	dsb	sy
	ldr	x25, [x0]

/* To x24 with x25 in x0 */
leave:
	tbz	x20, #FLAG_DIRTY_GIC, 1f
	bl	soil_redistributor
1:	tbz	x20, #FLAG_DIRTY_EL2, 2f
	bl	soil_el2
2:	cmp	x26, #(3 << 2)
	b.eq	3f
	mov	x0, x25
	br	x24
3:	mov	x0, #0x3c9		/* EL2h, DAIF */
	tbz	x20, #FLAG_ENTER_EL1, 4f
	mov	x0, #0x3c5
	mov	x1, #(1 << 31)
	msr	hcr_el2, x1
4:	msr	spsr_el3, x0
	msr	elr_el3, x24
	mov	x0, x25
	isb
	eret

/* All SPIs on, pending, every other one active, urgent, edges, to a CPU that does not exist or to any; groups on */
soil_distributor:
	mov	w0, #0x77
	ldr	w1, [x23, #GICD_CTLR]
	and	w1, w1, #0x40
	orr	w0, w0, w1
	str	w0, [x23, #GICD_CTLR]
	mov	x1, #4
	mov	w2, #-1
	mov	w3, #0x55555555
1:	add	x0, x23, x1
	str	w3, [x0, #ISACTIVER]
	str	w2, [x0, #ISPENDR]
	str	w2, [x0, #ISENABLER]
	add	x1, x1, #4
	cmp	x1, #36
	b.lo	1b
	mov	x1, #32
	mov	w2, #0x00800080
2:	add	x0, x23, x1
	str	w2, [x0, #IPRIORITYR]
	lsr	x4, x1, #2
	add	x0, x23, x4
	str	w3, [x0, #ICFGR]
	add	x1, x1, #4
	cmp	x1, #288
	b.lo	2b
	mov	x1, #32
	mov	x2, #0x80000000		/* any CPU */
	mov	x3, #0x0500		/* one that is not there */
3:	add	x0, x23, #GICD_IROUTER
	add	x0, x0, x1, lsl #3
	tst	x1, #1
	csel	x4, x2, x3, ne
	str	x4, [x0]
	add	x1, x1, #1
	cmp	x1, #288
	b.lo	3b
	ret

/*
 * Private interrupts likewise, and LPIs are on. One that is acknowledged and never ended blocks all others: at EL2 only, as
 * QEMU with EL3 has it that non-secure code cannot end that.
 */
soil_redistributor:
	ldr	x0, =LPI_TABLES | 0xd
	str	x0, [x21, #GICR_PROPBASER]
	ldr	x0, =LPI_TABLES + 0x100000
	add	x0, x0, x19, lsl #16
	str	x0, [x21, #GICR_PENDBASER]
	mov	w0, #1
	str	w0, [x21, #GICR_CTLR]
	mov	x1, #0
	mov	w2, #0
1:	add	x0, x22, x1
	str	w2, [x0, #IPRIORITYR]
	add	x1, x1, #4
	cmp	x1, #32
	b.lo	1b
	mov	w2, #-1
	str	w2, [x22, #ICFGR + 4]
	str	w2, [x22, #ISPENDR]
	str	w2, [x22, #ISENABLER]
	mov	x0, #0xff
	msr	ICC_PMR_EL1, x0
	mov	x0, #1
	msr	ICC_IGRPEN1_EL1, x0
	isb
	cmp	x26, #(3 << 2)
	b.eq	2f
	mrs	x0, ICC_IAR1_EL1
	dsb	sy
2:	str	w2, [x22, #ISACTIVER]
	mov	x0, #7
	msr	ICC_BPR1_EL1, x0
	mov	x0, #0x43		/* PMHE, EOImode, CBPR */
	msr	ICC_CTLR_EL1, x0
	mov	x0, #0x80		/* seen as 0 by non-secure code */
	msr	ICC_PMR_EL1, x0
	tbz	x20, #FLAG_ONE_STATE, 3f
	msr	ICC_PMR_EL1, xzr
	mov	x0, #1
	msr	ICC_AP0R0_EL1, x0
3:	isb
	ret

/* With E2H and TGE, and what else traps, moves or hides something */
soil_el2:
	ldr	x0, =0x0102030405060708
	msr	tpidr_el2, x0
	msr	ttbr0_el2, x0
	msr	vttbr_el2, x0
	msr	mair_el2, x0
	msr	amair_el2, x0
	msr	cntvoff_el2, x0
	msr	vpidr_el2, x0
	msr	vmpidr_el2, x0
	msr	far_el2, x0
	msr	esr_el2, x0
	msr	elr_el2, x0
	msr	spsr_el2, x0
	mov	x0, #-1
	msr	hstr_el2, x0
	msr	hacr_el2, x0
	msr	tcr_el2, x0
	msr	vtcr_el2, x0
	msr	sp_el1, x0
	msr	mdscr_el1, x0
	ldr	w0, =0x3fffffdf		/* all traps, no counters for EL1 */
	msr	mdcr_el2, x0
	mov	x0, #1			/* timers of EL2 that have expired */
	msr	cnthp_cval_el2, xzr
	msr	cnthp_ctl_el2, x0
	msr	cntp_cval_el0, xzr
	msr	cntp_ctl_el0, x0
	msr	cntv_cval_el0, xzr
	msr	cntv_ctl_el0, x0
	msr	ICH_VMCR_EL2, x0
	mov	x0, #-1
	msr	ICH_AP1R0_EL2, x0
	ldr	x0, =0x5080000000000023	/* pending, Group 1 */
	msr	ICH_LR0_EL2, x0
	mov	x0, #0xff
	msr	ICH_HCR_EL2, x0

	mrs	x0, id_aa64mmfr0_el1
	ubfx	x0, x0, #56, #4
	cbz	x0, 1f
	ldr	x0, =0x003fffffffffffff
	msr	HFGRTR_EL2, x0
	msr	HFGWTR_EL2, x0
	msr	HFGITR_EL2, x0
1:	mrs	x0, id_aa64mmfr1_el1
	ubfx	x1, x0, #40, #4
	cbz	x1, 2f
	mov	x1, #-1
	msr	HCRX_EL2, x1
2:	mrs	x1, S3_0_C0_C4_1
	ubfx	x1, x1, #24, #4
	cbz	x1, 3f
	mov	x1, #3			/* streaming mode, ZA */
	msr	SVCR, x1
3:	mov	x2, #-1
	ubfx	x0, x0, #8, #4
	cbz	x0, 4f
	mov	x1, #1
	msr	CNTHV_CVAL_EL2, xzr
	msr	CNTHV_CTL_EL2, x1
4:	msr	cptr_el2, x2
	msr	cnthctl_el2, x2
	/* big-endian, alignment is checked, what can be written is not executed; virtual interrupts, all traps, DC, E2H, TGE */
	ldr	w2, =0x32dd183e
	ldr	x3, =0x00000007ffffffff
	msr	sctlr_el2, x2
	msr	hcr_el2, x3
	isb
	ret

/* x0: MPIDR -> number, 16 CPUs for each cluster. Uses x1. */
cpu_index:
	ubfx	x1, x0, #8, #8
	and	x0, x0, #0xff
	add	x0, x0, x1, lsl #4
	ret

/* Arguments in x0-x3; x0-x17 may be used */
smc:
	ldr	w4, =0xc4000003		/* CPU_ON */
	cmp	w0, w4
	b.eq	cpu_on
	ldr	w4, =0x84000008		/* SYSTEM_OFF */
	cmp	w0, w4
	b.eq	off
	ldr	w4, =0x80007fff		/* SMCCC_ARCH_WORKAROUND_2 */
	cmp	w0, w4
	b.eq	workaround_2
	ldr	w4, =0x84000000		/* PSCI_VERSION */
	ldr	w5, =0x80000000		/* SMCCC_VERSION */
	cmp	w0, w4
	ccmp	w0, w5, #4, ne
	b.eq	1f
	ldr	w4, =0x8400000a		/* PSCI_FEATURES: that there is SMCCC_VERSION */
	cmp	w0, w4
	ccmp	w1, w5, #0, eq
	b.eq	2f
	ldr	w4, =0x80000001		/* SMCCC_ARCH_FEATURES */
	ldr	w5, =0x80007fff
	cmp	w0, w4
	ccmp	w1, w5, #0, eq
	b.eq	2f
	mov	x0, #-1
	eret
1:	mov	x0, #0x10000
	add	x0, x0, #1		/* 1.1, of both */
	eret
2:	mov	x0, xzr
	eret

workaround_2:
	mov	x16, x30		/* the caller's */
	mov	x5, x1
	mrs	x0, mpidr_el1
	bl	cpu_index
	mov	x30, x16
	ldr	x4, =WORKAROUND_2
	str	w5, [x4, x0, lsl #2]
	dsb	sy
	mov	x0, xzr
	eret

cpu_on:
	mov	x16, x30		/* the caller's */
	mov	x0, x1
	bl	cpu_index
	mov	x30, x16
	ldr	x4, num_cpus
	cmp	x0, x4
	b.hs	2f
	ldr	x4, =MAILBOXES
	add	x4, x4, x0, lsl #4
	ldr	x5, [x4, #8]
	cbnz	x5, 3f
	str	x3, [x4]
	dsb	sy
	str	x2, [x4, #8]
	dsb	sy
	sev
	mov	x0, xzr
	eret
2:	mov	x0, #-2
	eret
3:	mov	x0, #-4
	eret

off:
	ldr	x0, =SECURE_GPIO
	mov	w1, #1
	str	w1, [x0, #0x400]	/* an output, */
	str	w1, [x0, #0x004]	/* high */
1:	wfi
	b	1b

/* From a lower exception level, neither SMC nor anything that is expected: x17 is ESR_EL3 */
trapped:
	adr	x0, text
	ldr	x1, =UART
1:	ldrb	w2, [x0], #1
	cbz	w2, 2f
	str	w2, [x1]
	b	1b
2:	mov	x3, #64
3:	sub	x3, x3, #4
	lsr	x2, x17, x3
	and	x2, x2, #0xf
	cmp	x2, #10
	add	x4, x2, #'0'
	add	x5, x2, #('a' - 10)
	csel	x2, x4, x5, lo
	str	w2, [x1]
	cbnz	x3, 3b
	mov	w2, #'\n'
	str	w2, [x1]
	b	off
text:	.asciz	"firmware: this should not come to EL3: ESR 0x"
	.balign	4
	.ltorg

	.balign	2048
vectors:
	.rept	8
	.balign	128
	mrs	x17, esr_el3
	b	trapped
	.endr
	.balign	128			/* a lower exception level: synchronous */
	mrs	x17, esr_el3
	ubfx	x16, x17, #26, #6
	cmp	x16, #0x17
	b.eq	smc
	b	trapped
	.rept	7
	.balign	128
	mrs	x17, esr_el3
	b	trapped
	.endr
