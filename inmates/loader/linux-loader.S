/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts a Linux kernel that `jailhouse cell linux` has put into the memory of the cell, as the boot protocol of arm64
 * wants it (Documentation/arch/arm64/booting.rst): MMU and caches off, interrupts masked, x0 = device tree, x1 to x3 zero.
 *
 * A cell starts with MMU and caches off, and what was loaded is clean in the caches; so there is nothing to do but to
 * find the two addresses in "kernel=0x... dtb=0x...", 1000h behind the entry. Position-independent, no stack, nothing
 * is written.
 */
#include <bulkhead/hypercall.h>

#define PARAMETERS	0x1000
#define PARAMETERS_SIZE	256
#define SCTLR_M_C_I	((1 << 0) | (1 << 2) | (1 << 12))

	.text
start:
	adr	x20, start
	msr	daifset, #0xf

	adr	x9, kernel_name
	bl	find_number
	mov	x21, x10
	adr	x9, tree_name
	bl	find_number
	mov	x22, x10
	cbz	x21, refuse
	cbz	x22, refuse

	/* off already, unless something else has started us: then it has mapped us 1:1, as it has the loader */
	mrs	x0, sctlr_el1
	mov	x1, #SCTLR_M_C_I
	bic	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	ic	iallu
	tlbi	vmalle1
	dsb	nsh
	isb

	mov	x0, x22
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x21

/* x9: name with its "=0x"; x10: its number, 0 if there is none. Uses x11 to x16. A name may begin a word only. */
find_number:
	mov	x10, xzr
	add	x11, x20, #PARAMETERS
	add	x12, x11, #PARAMETERS_SIZE
next_word:
	mov	x13, x9
	mov	x14, x11
match:
	ldrb	w15, [x13], #1
	cbz	w15, digits
	cmp	x14, x12
	b.hs	done
	ldrb	w16, [x14], #1
	cmp	w15, w16
	b.eq	match
skip_word:
	cmp	x11, x12
	b.hs	done
	ldrb	w15, [x11], #1
	cbz	w15, done
	cmp	w15, #' '
	b.ne	skip_word
	b	next_word
digits:
	cmp	x14, x12
	b.hs	done
	ldrb	w15, [x14], #1
	sub	w16, w15, #'0'
	cmp	w16, #9
	b.ls	digit
	sub	w16, w15, #'a' - 10
	sub	w15, w15, #'a'
	cmp	w15, #5
	b.hi	done			/* the end, or what is no digit */
digit:
	add	x10, x16, x10, lsl #4
	b	digits
done:
	ret

/* To the virtual console, if the cell may use it; then for ever */
refuse:
	adr	x19, complaint
1:	ldrb	w1, [x19], #1
	cbz	w1, 2f
	mov	x0, #HC_DEBUG_PUTC
	hvc	#HC_IMMEDIATE
	b	1b
2:	wfi
	b	2b

kernel_name:
	.asciz	"kernel=0x"
tree_name:
	.asciz	"dtb=0x"
complaint:
	.asciz	"linux-loader: no kernel=0x... and dtb=0x... 1000h behind the entry: use jailhouse cell linux\n"
