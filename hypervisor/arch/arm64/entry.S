/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way into the hypervisor for one CPU: entry from the hyp stub with the MMU off. The way back is in leave_entry.S,
 * exception entry in vectors.S.
 */
#include "layout.h"
#include "errors.h"
#include "vectors.h"

	.globl va_image			/* for link.ld */
	.set	va_image, VA_IMAGE

	.section .header, "ax"
	.globl image_header
image_header:
	add	x13, x18, #22		/* its code begins with "MZ"; changes nothing that matters */
.if DIRECT_BOOT
	b	firmware_entry
.else
	.word	0			/* a launcher sees that there is none */
.endif
	.skip	8			/* text offset and image size: filled in by the tool that makes bundles */
	.skip	8
	.quad	0x2			/* flags: little-endian, 4K pages, near the start of RAM */
	.skip	24
	.ascii	"ARM"
	.byte	0x64
	.word	0			/* header of an EFI program: filled in by the tool that makes bundles */
	.ascii	"BULKHEAD"
	.word	IMAGE_ABI
	.word	2			/* CFG_ARCH_ARM64 */
	.quad	header_core_size
	.quad	PERCPU_SIZE
.if LATE_LAUNCH
	.quad	header_entry
.else
	.quad	0			/* likewise */
.endif
	.quad	header_public_page
	.asciz	BULKHEAD_VERSION
	.org	image_header + 128	/* a longer version is an error here */
	.word	IMAGE_FEATURES
	.word	IMAGE_MAX_CPUS
	.word	IMAGE_MAX_CELLS
	.word	IMAGE_MAX_LINKS
	.org	image_header + 144
	.skip	72			/* struct bh_boot_params, filled in by the launcher */

/*
 * Up to here: BH_IMAGE_PE_SIZE. The page is also the vector table until there are page tables: synchronous exceptions. When the
 * MMU is switched on where nothing is mapped, the next instruction is the first one that comes here.
 */
	.org	image_header + 0x200
.if DIRECT_BOOT
	/* at any exception level: are we at VA_IMAGE, or where we were loaded, which is below 8 TiB? */
	adr	x2, image_header
	tbz	x2, #VA_IMAGE_BIT, early_fault
.endif
	b	entry_mapped

/*
 * After a late launch, this page is also mapped at its physical address, so that the MMU can be switched off under it.
 *
 * In: x0 physical base, x1 CPU number. x18-x30 and SP_EL1 belong to the caller and are not touched until they
 * can be stored with caches on: what is written with the MMU off bypasses the caches, and what is
 * read later through them must have been invalidated (early_map() does it for all it writes).
 */
	.section .trampoline, "ax"
	.globl arm64_entry
arm64_entry:
	msr	daifset, #0xf
	msr	tpidr_el2, x30
	mrs	x14, sctlr_el2
	/* this CPU's area: base + core_size + cpu * PERCPU_SIZE */
	ldr	x2, [x0, #HEADER_CORE_SIZE]
	mov	x3, #PERCPU_SIZE
	madd	x2, x1, x3, x2
	add	x2, x2, x0
	mov	x3, #STACK_SIZE
	add	x15, x2, x3		/* physical top of the stack */
	mov	sp, x15
	stp	x0, x1, [sp, #-16]!
	stp	x14, x15, [sp, #-16]!
	ldr	w2, [x0, #HEADER_PRIMARY_CPU]
	cmp	w1, w2
	b.ne	1f
	bl	early_map
	b	2f
	/* others wait for the tables. The primary cannot fail to make them, but may not come: 32 s, or if nobody has set the
	 * frequency some ticks, and back to Linux. (Firmware starts others when there are tables.) */
1:	adr	x2, early_root
	mrs	x4, cntfrq_el0
	lsl	x4, x4, #5
	orr	x4, x4, #1 << 26
	mrs	x5, cntpct_el0
3:	yield
	ldr	x3, [x2]
	cbnz	x3, 5f
	mrs	x3, cntpct_el0
	sub	x3, x3, x5
	cmp	x3, x4
	b.lo	3b
	mov	x0, #-EIO
	mrs	x30, tpidr_el2
	eret
5:	dmb	sy
2:	ldp	x14, x15, [sp], #16
	ldp	x0, x1, [sp], #16
	/* drop the lines of the scratch stack area: nothing stale may shadow it when caches are on */
	sub	x2, x15, #512
4:	dc	civac, x2
	add	x2, x2, #16
	cmp	x2, x15
	b.ne	4b
	dsb	sy

	ldr	x2, early_root
	msr	ttbr0_el2, x2
	mov	x2, #EL2_MAIR
	msr	mair_el2, x2
	ldr	w2, =EL2_TCR
	ldr	w3, [x0, #HEADER_LAUNCHER]
	add	x2, x2, x3, lsl #2			/* T0SZ: VA_BITS - VA_BITS_SMALL */
	mrs	x3, id_aa64mmfr0_el1	/* PARange -> TCR_EL2.PS, at most 48 bits */
	and	x3, x3, #0xf
	cmp	x3, #5
	mov	x4, #5
	csel	x3, x3, x4, lo
	bfi	x2, x3, #16, #3
	msr	tcr_el2, x2
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	mrs	x13, vbar_el2
	mov	x3, #(VA_IMAGE >> 28)
	lsl	x3, x3, #28
	msr	vbar_el2, x3
	ldr	w2, =0x30cd183d		/* RES1, M, C, SA, I, WXN */
	add	x3, x3, #0x200
	msr	sctlr_el2, x2
	isb
	br	x3

	.ltorg

	.text
entry_mapped:
	/* now in the image's own address space, caches on */
	ldr	x2, =PERCPU_FIRST
	mov	x3, #PERCPU_STRIDE
	madd	x2, x1, x3, x2		/* struct percpu */
	sub	sp, x2, #TRACE_SIZE
	mrs	x30, tpidr_el2
	msr	tpidr_el2, x2
	sub	sp, sp, #FRAME_SIZE
	stp	x18, x19, [sp, #8 * 18]
	save_rest
	str	x30, [sp, #8 * 30]
	adr	x5, vectors
	msr	vbar_el2, x5
	isb
	mov	x0, x2			/* percpu */
	/* x1: CPU number */
.if LATE_LAUNCH && DIRECT_BOOT
	adr	x5, image_start
	ldr	w5, [x5, #HEADER_LAUNCHER]
	cbnz	w5, 2f
.endif
.if LATE_LAUNCH
	mov	x2, x14			/* SCTLR_EL2 as found */
	mov	x3, x13			/* VBAR_EL2 as found */
	mrs	x19, elr_el2
	mrs	x20, spsr_el2
	bl	from_linux_entry	/* int (percpu, cpu, sctlr, vbar) */
	msr	elr_el2, x19
	msr	spsr_el2, x20
	sxtw	x0, w0
	cbnz	x0, 1f
	str	xzr, [sp]
	b	guest_return
1:	mov	x1, sp
	bl	arch_leave
	b	.
.endif
.if DIRECT_BOOT
2:	bl	from_firmware_entry	/* void (percpu, cpu); the frame is the guest's then */
	b	guest_return
.endif
