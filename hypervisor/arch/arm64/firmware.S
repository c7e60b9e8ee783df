/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from firmware, at EL2 with the MMU off: the first CPU at the image's first instruction, the others by PSCI
 * CPU_ON. They then take the same way as CPUs that Linux sends, from arm64_entry on.
 */
#include "layout.h"
#include "offsets.h"

	.section .trampoline, "ax"
	.globl firmware_entry
firmware_entry:
	msr	daifset, #0xf
	adrp	x19, image_start	/* where we are: all addresses are relative to the PC */
	mrs	x0, currentel
	cmp	x0, #(2 << 2)
	b.ne	not_el2
	ldr	x20, [x19, #HEADER_PHYS_BASE]
	cbz	x20, no_bundle
	cmp	x19, x20
	b.ne	elsewhere
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
	mov	x0, x19
	mov	x1, x20
	add	x2, x19, x21
1:	ldp	x3, x4, [x0], #16
	stp	x3, x4, [x1], #16
	cmp	x0, x2
	b.lo	1b
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	br	x20

/* Secondary CPUs: x0 is the CPU number. */
	.globl firmware_secondary
firmware_secondary:
	msr	daifset, #0xf
	mov	x1, x0
	adrp	x0, image_start
	b	arm64_entry

not_el2:
	adrp	x1, text_not_el2
	add	x1, x1, :lo12:text_not_el2
	b	early_stop
no_bundle:
	adrp	x1, text_no_bundle
	add	x1, x1, :lo12:text_no_bundle
	b	early_stop
in_the_way:
	adrp	x1, text_in_the_way
	add	x1, x1, :lo12:text_in_the_way
early_stop:
	/* any memory behind the image will do as a stack: nothing of it is used yet */
	ldr	x2, [x19, #HEADER_CORE_SIZE]
	add	x2, x2, x19
	mov	x3, #PERCPU_STACK_TOP
	add	sp, x2, x3
	mov	x0, x19
	bl	early_message
2:	wfi
	b	2b

	.section .rodata
text_not_el2:
	.asciz	"Bulkhead: firmware did not enter at EL2: switch virtualization on there (QEMU: virtualization=on)\r\n"
text_no_bundle:
	.asciz	"Bulkhead: this is the hypervisor alone: make a bundle with bulkhead-config\r\n"
text_in_the_way:
	.asciz	"Bulkhead: the bundle was loaded so that it overlaps the place where it has to be: load it elsewhere\r\n"
