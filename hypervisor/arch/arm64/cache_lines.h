/* SPDX-License-Identifier: BSD-2-Clause */
/* For assembly. Both programs that run without caches, hypervisor and EFI program, need it at addresses of their own. */
#ifndef BULKHEAD_ARM64_CACHE_LINES_H
#define BULKHEAD_ARM64_CACHE_LINES_H

	/* dc OPERATION for each line of [x0, x1); changes x0, x2 and x3 */
	.macro each_line operation
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		/* DminLine: log2 of words */
	mov	x3, #4
	lsl	x2, x3, x2
	sub	x3, x2, #1
	bic	x0, x0, x3
.Lline_\@:
	dc	\operation, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	.Lline_\@
	.endm

#endif
