/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First instructions of the second CPU: MMU off, so all that it writes goes to memory at once.
 */
#include "check_cpus.h"

	.text
	.global	second_entry
second_entry:
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	orr	x2, x2, x\n
	.endr
	.irp	n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	orr	x2, x2, x\n
	.endr
	mov	x3, sp
	orr	x2, x2, x3
	/* SP_EL0 is accessible only if it is not the one in use */
	mrs	x4, spsel
	cbz	x4, 1f
	mrs	x3, sp_el0
	orr	x2, x2, x3
1:	adrp	x9, second
	add	x9, x9, :lo12:second
	stp	x0, x1, [x9, #SECOND_X0]
	str	x2, [x9, #SECOND_OTHERS]
	str	x4, [x9, #SECOND_SPSEL]
	mrs	x3, CurrentEL
	str	x3, [x9, #SECOND_EL]
	mrs	x3, daif
	str	x3, [x9, #SECOND_DAIF]
	mrs	x3, sctlr_el1
	str	x3, [x9, #SECOND_SCTLR]
	ldr	x3, [x9, #SECOND_VBAR]
	msr	vbar_el1, x3
	ldr	x3, [x9, #SECOND_STACK]
	mov	sp, x3
	isb
	bl	second_main
2:	wfi
	b	2b
