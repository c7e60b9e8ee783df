/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from firmware, at EL2 with the MMU off: the first CPU at the image's first instruction, the others by PSCI
 * CPU_ON. They then take the same way as CPUs that Linux sends, from arm64_entry on.
 */
#include "layout.h"
#include "offsets.h"
#include "psci.h"
#include "cache_lines.h"

#define HCR_RW		0x80000000
#define HCR_E2H_SHIFT	34
#define SCTLR_EL2_OFF	0x30c51830	/* RES1, I */

/* The address of a message of its own, relative to the PC */
.macro message text
	.pushsection .rodata
.Lmessage_\@:
	.asciz	"Bulkhead: \text\r\n"
	.popsection
	adr	x1, .Lmessage_\@
.endm

	.section .trampoline, "ax"
	.globl firmware_entry
firmware_entry:
	msr	daifset, #0xf
	msr	spsel, #1
	msr	tpidr_el1, xzr		/* how far early_stop and early_off have come */
	adrp	x19, image_start	/* where we are: all addresses are relative to the PC */
	mrs	x0, currentel
	cmp	x0, #(2 << 2)
	b.ne	not_el2
	msr	vbar_el2, x19
	mrs	x0, sctlr_el2
	tbnz	x0, #0, mmu_is_on
	bl	set_el2_state
	tbnz	x2, #HCR_E2H_SHIFT, fixed_e2h
	ldr	x20, [x19, #HEADER_PHYS_BASE]
	cbz	x20, early_off		/* no bundle, so no console */
	/* nothing of the header is believed before: checksums come much later, when it has been used */
	mov	x0, x19
	add	x1, x19, #HEADER_SIZE
	mov	x2, xzr
1:	ldr	x3, [x0], #8
	eor	x2, x3, x2, ror #7
	cmp	x0, x1
	b.lo	1b
	cbnz	x2, damaged_header
	cmp	x19, x20
	b.ne	elsewhere

	/* bss and per-CPU areas are zeros in the file, but no checksum covers them */
	adrp	x0, image_data
	adrp	x1, image_end
	ldr	w2, [x19, #HEADER_MAX_CPUS]
	mov	w3, #PERCPU_SIZE
	umaddl	x1, w2, w3, x1
	mov	x4, x0
	bl	arm64_zero
	mov	x0, x4
	bl	arm64_discard_pages

	ldr	w1, [x19, #HEADER_PRIMARY_CPU]
	mov	x0, x19
	b	arm64_entry

/* Loaded at another place: move there, if what is to be moved is not in the way of itself. */
elsewhere:
	ldr	x21, [x19, #HEADER_POOL_OFFSET]
	sub	x0, x20, x19
	cmp	x0, xzr
	cneg	x0, x0, lt
	cmp	x0, x21
	b.lo	in_the_way
	/* only what was loaded is known to be clean: what is written back later would come over the copy */
	mov	x0, x20
	add	x1, x20, x21
	bl	arm64_discard_pages
	mov	x0, x19
	mov	x1, x20
	add	x2, x19, x21
1:	ldp	x3, x4, [x0], #16
	stp	x3, x4, [x1], #16
	cmp	x0, x2
	b.lo	1b
	mov	x0, x20
	bl	arm64_discard_pages
	ldr	x3, [x19]		/* what is not there may take writes silently */
	ldr	x4, [x20]
	cmp	x3, x4
	b.ne	no_memory
	ic	iallu
	dsb	sy
	isb
	br	x20

/*
 * Whatever ran at EL2 before: little-endian, MMU off, no E2H, with which registers of EL2 have other fields. The others are
 * set with the MMU on. x2: HCR_EL2 as it is now.
 */
set_el2_state:
	mov	x2, #HCR_RW
	msr	hcr_el2, x2
	mov	w2, #(SCTLR_EL2_OFF & 0xffff)
	movk	w2, #(SCTLR_EL2_OFF >> 16), lsl #16
	ic	iallu
	dsb	nsh
	msr	sctlr_el2, x2
	isb
	mrs	x2, hcr_el2
	ret

/* Secondary CPUs: x0 is the CPU number. One that does not come is missed by the primary CPU. */
	.globl firmware_secondary
firmware_secondary:
	msr	daifset, #0xf
	msr	spsel, #1
	mov	x1, x0
	adrp	x0, image_start
	bl	set_el2_state
	tbnz	x2, #HCR_E2H_SHIFT, stand_still
	b	arm64_entry

not_el2:
	cmp	x0, #(1 << 2)
	b.ne	1f
	msr	vbar_el1, x19
	b	2f
1:	msr	vbar_el3, x19
2:	isb
	message	"firmware did not enter at EL2: switch virtualization on there (QEMU: virtualization=on)"
	b	early_stop
mmu_is_on:
	isb
	message	"entered with the MMU on, the boot protocol says off: start it as a kernel (U-Boot: booti)"
	b	early_stop
fixed_e2h:
	message	"HCR_EL2.E2H of CPU 0 is always 1: this kind of CPU is not supported, take another machine"
	b	early_stop
damaged_header:
	message	"the header of the bundle is damaged: load the bundle again"
	b	early_stop
in_the_way:
	message	"the bundle was loaded so that it overlaps the place where it has to be: load it elsewhere"
	b	early_stop

/* An exception before there are page tables. After a message has begun, it is the console that does not answer. */
	.globl early_fault
early_fault:
	mrs	x0, tpidr_el1
	cbnz	x0, early_off
no_memory:
	adrp	x19, image_start
	message	"there is no RAM where the bundle says that hypervisor memory is: correct the board"
early_stop:
	mov	x0, #1
	msr	tpidr_el1, x0
	/* any memory behind the image will do as a stack: nothing of it is used yet */
	adrp	x2, image_end
	mov	x3, #STACK_SIZE
	add	sp, x2, x3
	mov	x0, x19
	bl	early_message
	cbz	w0, early_off
stand_still:
	wfi
	b	stand_still

/*
 * Nobody can be told why: a machine that is off is better than one that seems to run. At EL1 it may be HVC that ends it. A
 * call that is not there is an exception, and so comes here again: the count goes on, to the other call, then to the end.
 */
early_off:
	mrs	x1, tpidr_el1
	add	x1, x1, #1
	msr	tpidr_el1, x1
	ldr	w0, =PSCI_SYSTEM_OFF
	cmp	x1, #3
	b.hi	stand_still
	b.eq	1f
	hvc	#0
	b	early_off
1:	smc	#0
	b	stand_still
	.ltorg
