/* SPDX-License-Identifier: BSD-2-Clause */
/* A loader that does not keep to the boot protocol of arm64 Linux: the MMU is on when it enters BUNDLE. */
#define BUNDLE	0x40200000

	.globl _start
_start:
	adr	x0, table
	msr	ttbr0_el2, x0
	ldr	x0, =0xff04
	msr	mair_el2, x0
	ldr	x0, =0x80823519		/* 39 bits, so the first table is of level 1 */
	msr	tcr_el2, x0
	isb
	ldr	x0, =0x30c5183d
	msr	sctlr_el2, x0
	isb
	ldr	x30, =BUNDLE
	br	x30
	.ltorg

	.balign	4096
table:	.quad	0x00000401		/* 0: devices */
	.quad	0x40000705		/* 40000000h: memory */
	.skip	510 * 8
