/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory while the MMU is off: what is written bypasses the caches. */
#include "cache_lines.h"

	.section .trampoline, "ax"

/* void arm64_zero(uint64_t start, uint64_t end): whole pages, without caches. Changes x0. */
	.globl arm64_zero
arm64_zero:
	.irp	at, 0, 16, 32, 48, 64, 80, 96, 112
	stp	xzr, xzr, [x0, #\at]
	.endr
	add	x0, x0, #128
	cmp	x0, x1
	b.lo	arm64_zero
	ret

/*
 * void arm64_discard_lines(uint64_t start, uint64_t end)
 * The range is written with the MMU off: nothing that was there in caches may come back, neither over it nor instead of
 * it. Changes x0, x2 and x3.
 */
	.globl arm64_discard_lines
arm64_discard_lines:
	dsb	sy
	each_line ivac
	dsb	sy
	ret

/* The same for whole pages, four lines at a time. Pieces of a line, where they are longer than that, do no harm. */
	.globl arm64_discard_pages
arm64_discard_pages:
	dsb	sy
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x2, x3, x2
	mov	x3, #1024
	cmp	x2, x3
	csel	x2, x2, x3, lo
1:	.rept	4
	dc	ivac, x0
	add	x0, x0, x2
	.endr
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
