/* SPDX-License-Identifier: BSD-2-Clause */
/* The EFI program of a bundle: its first instruction, and the way out of firmware's address space. */
#include "cache_lines.h"

	.section .entry, "ax"
	b	efi_main
	.balign	8
	.ascii	"BHEFIAPP"		/* BH_EFI_SIGNATURE */

	.text
	.globl efi_exception_level
efi_exception_level:
	mrs	x0, currentel
	lsr	x0, x0, #2
	ret

	/* Nothing but instructions is read once the caches are off; they are identity-mapped (UEFI 2.3.6). */
	.globl efi_enter
efi_enter:
	msr	daifset, #0xf
	mov	x4, x0
	each_line cvac
	adr	x0, efi_enter
	adr	x1, efi_enter_end
	each_line cvac
	dsb	sy
	mrs	x0, sctlr_el2
	mov	x1, #0x5		/* M, C */
	bic	x0, x0, x1
	msr	sctlr_el2, x0
	isb
	ic	iallu
	tlbi	alle2
	dsb	sy
	isb
	mov	x0, xzr
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x4
efi_enter_end:
