/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 system registers by name.
 */
#ifndef INMATE_ARCH_SYSREG_H
#define INMATE_ARCH_SYSREG_H

#include <stdint.h>

#define read_sysreg(name) ({							\
	uint64_t read_sysreg_value;						\
	__asm__ volatile("mrs %0, " #name : "=r" (read_sysreg_value) : : "memory"); \
	read_sysreg_value;							\
})

#define write_sysreg(name, value)						\
	__asm__ volatile("msr " #name ", %0\n\tisb" : : "r" ((uint64_t)(value)) : "memory")

/* GICv3 CPU interface: Arm IHI 0069, chapter 12.2; spelled as encodings for assemblers that lack the names */
#define ICC_PMR_EL1		s3_0_c4_c6_0
#define ICC_IAR1_EL1		s3_0_c12_c12_0
#define ICC_EOIR1_EL1		s3_0_c12_c12_1
#define ICC_CTLR_EL1		s3_0_c12_c12_4
#define ICC_IGRPEN1_EL1		s3_0_c12_c12_7
#define ICC_SGI1R_EL1		s3_0_c12_c11_5
#define ICC_ASGI1R_EL1		s3_0_c12_c11_6
#define ICC_SGI0R_EL1		s3_0_c12_c11_7

/* Expands the register macros above before they are made a string */
#define read_icc(reg)		read_sysreg_expand(reg)
#define write_icc(reg, value)	write_sysreg_expand(reg, value)
#define read_sysreg_expand(name)		read_sysreg(name)
#define write_sysreg_expand(name, value)	write_sysreg(name, value)

#endif
