/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell without memory at address 0: it reads there, at its first start before it has used any device, at the next ones after the
 * redistributors and the distributor. How often it was started stands in its second page, which has no image.
 */
	.globl	_start
_start:
	adr	x5, _start
	add	x5, x5, #4096
	ldr	w6, [x5]
	add	w7, w6, #1
	str	w7, [x5]
	cbz	w6, 1f
	movz	x0, #0x080a, lsl #16		/* GICR_CTLR of CPU 0 */
	movz	x1, #0x0800, lsl #16		/* GICD_CTLR */
	tst	w6, #1
	csel	x0, x0, x1, eq
	ldr	w1, [x0]
	ldr	w1, [x0]
1:	mov	x0, #8
	ldr	w1, [x0]
	b	.
