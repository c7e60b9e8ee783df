/* SPDX-License-Identifier: BSD-2-Clause */
/* First instructions of the second CPU; x0: struct soak_second */
#include "second.h"

	.text
	.global	second_entry
second_entry:
	ldp	x1, x2, [x0, #SECOND_STACK]
	mov	sp, x1
	msr	vbar_el1, x2
	ldp	x1, x2, [x0, #SECOND_MAIR]
	msr	mair_el1, x1
	msr	tcr_el1, x2
	ldp	x1, x2, [x0, #SECOND_TTBR]
	msr	ttbr0_el1, x1
	ic	iallu
	tlbi	vmalle1
	dsb	sy
	isb
	msr	sctlr_el1, x2
	isb
	bl	second_main
1:	wfi
	b	1b
