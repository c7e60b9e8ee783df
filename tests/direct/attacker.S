/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell that does what the test says: it calls the instructions that were put into its memory, by the emulator's
 * door, and says how they ended. Offsets of the mailbox are those of attacker.py. Before each request all state of
 * the CPU that an attack may have changed is set up anew.
 *
 * Three regions of 512 GiB each show the first 512 GiB of guest memory: as it is; as a device; to EL0, too. The
 * fourth is what the test writes into its table. One more shows the last 512 GiB below 2^44.
 */
#define COMM_AT	0x80000000
#define COMM_CELL_STATE	8
#define COMM_STATE_SHUT_DOWN 2

#define MAILBOX		0x1000
#define REQUEST		0
#define ANSWER		8
#define ARGUMENTS	16
#define CAUSE		80		/* 0: the code returned; n: exception by vector n - 1 */
#define SYNDROME	88		/* ESR, ELR, FAR, SPSR */
#define RESULTS		120		/* x0 to x3 */
#define BEGUN		152

#define CODE		0x2000
#define TABLES		0x4000
#define STACK		0x10000

#define MAIR		0x00ff		/* 0: write-back, 1: nGnRnE */
#define TCR_HIGH	0x0005		/* 48 bits of address */
#define TCR_LOW		0x00003510	/* T0SZ 16, write-back walks, inner shareable; the second half is off */
#define TCR_EPD1	(1 << 23)
#define SCTLR		0x30d01805	/* M, C, I, and what is 1 at reset */

	.section .text
start:
	msr	daifset, #0xf
	adr	x0, vectors
	msr	vbar_el1, x0
	mov	x0, #STACK
	mov	sp, x0
	ldr	x0, =MAIR
	msr	mair_el1, x0
	ldr	x0, =(TCR_LOW | TCR_EPD1)
	movk	x0, #TCR_HIGH, lsl #32
	msr	tcr_el1, x0
	mov	x0, #TABLES
	msr	ttbr0_el1, x0
	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	tlbi	vmalle1
	dsb	sy
	isb
	ldr	w0, =SCTLR
	msr	sctlr_el1, x0
	isb

	/* it need not be asked when the test stops it: nobody would answer */
	mov	x19, #COMM_AT
	mov	w20, #COMM_STATE_SHUT_DOWN
	str	w20, [x19, #COMM_CELL_STATE]
	mov	x19, #MAILBOX
	ldr	x20, [x19, #ANSWER]
1:	yield
	ldar	x21, [x19]
	cmp	x21, x20
	b.eq	1b
	ic	iallu
	tlbi	vmalle1
	dsb	sy
	isb
	str	x21, [x19, #BEGUN]
	ldp	x0, x1, [x19, #ARGUMENTS]
	ldp	x2, x3, [x19, #ARGUMENTS + 16]
	ldp	x4, x5, [x19, #ARGUMENTS + 32]
	ldp	x6, x7, [x19, #ARGUMENTS + 48]
	mov	x8, #CODE
	blr	x8
	mov	x30, #MAILBOX
	stp	x0, x1, [x30, #RESULTS]
	stp	x2, x3, [x30, #RESULTS + 16]
	mov	x0, #0
report:
	str	x0, [x30, #CAUSE]
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	stp	x0, x1, [x30, #SYNDROME]
	mrs	x0, far_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [x30, #SYNDROME + 16]
	ldr	x0, [x30, #REQUEST]
	add	x1, x30, #ANSWER
	stlr	x0, [x1]
	b	start
	.ltorg

	.org	0x800
vectors:
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	.balign	0x80
	mov	x30, #MAILBOX
	stp	x0, x1, [x30, #RESULTS]
	stp	x2, x3, [x30, #RESULTS + 16]
	mov	x0, #\n
	b	report
	.endr

	.org	MAILBOX
	.fill	4096, 1, 0
