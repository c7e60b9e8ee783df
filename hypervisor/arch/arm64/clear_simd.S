/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of vectors, which the hypervisor does not use itself */

	.text
/* void arm64_clear_simd(void): no register contents of one owner of a CPU may reach the next one. */
	.globl arm64_clear_simd
arm64_clear_simd:
	.arch_extension fp
	.arch_extension simd
	.irp	n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	ret

/*
 * void arm64_clear_sve(void): predicates. Behind arm64_clear_simd(): who writes a vector register of 128 bits clears what is above
 * them (DDI 0487, B1.2.2).
 */
	.globl arm64_clear_sve
arm64_clear_sve:
	.arch_extension sve
	.irp	n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	pfalse	p\n\().b
	.endr
	wrffr	p0.b
	ret
