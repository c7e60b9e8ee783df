/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kexec starts in tests, in place of a kernel: says at which exception level it is, more than once, as others may say
 * something in the middle of it, for a second, and restarts the machine. Position independent; entered with the MMU off, like a
 * kernel.
 */
#define UART		0x09000000	/* PL011 of QEMU's machine */
#define UARTFR		0x18
#define UARTFR_TXFF	5
#define SYSTEM_RESET	0x84000009	/* PSCI */
#define TIMES		14
#define PAUSES		14		/* in a second: not in step with who says something ten times a second */

	.global _start
_start:	mrs	x9, CurrentEL
	ubfx	x9, x9, #2, #2
	add	w9, w9, #'0'
	adr	x10, level
	strb	w9, [x10]
	mov	x9, #TIMES
6:	adr	x10, text
	mov	x11, #UART
1:	ldrb	w12, [x10], #1
	cbz	w12, 3f
2:	ldr	w13, [x11, #UARTFR]
	tbnz	w13, #UARTFR_TXFF, 2b
	str	w12, [x11]
	b	1b
3:	isb
	mrs	x14, cntpct_el0
	mrs	x15, cntfrq_el0
	mov	x10, #PAUSES
	udiv	x15, x15, x10
	add	x14, x14, x15
4:	isb
	mrs	x15, cntpct_el0
	cmp	x15, x14
	b.lo	4b
	subs	x9, x9, #1
	b.ne	6b
	ldr	w0, =SYSTEM_RESET
	smc	#0
5:	wfi
	b	5b
	.ltorg
text:	.ascii	"\r\nnext kernel: at EL"
level:	.asciz	"?\r\n"
