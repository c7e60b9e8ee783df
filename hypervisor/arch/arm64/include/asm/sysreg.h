/* SPDX-License-Identifier: BSD-2-Clause */
/* System register access and the bits that are used (Arm ARM DDI 0487, GIC architecture IHI 0069). */
#ifndef BULKHEAD_ASM_SYSREG_H
#define BULKHEAD_ASM_SYSREG_H

#include "types.h"

#define SYSREG_STR_(...)	#__VA_ARGS__
#define SYSREG_STR(...)		SYSREG_STR_(__VA_ARGS__)

#define read_sysreg(reg) ({ \
	uint64_t value_; \
	__asm__ volatile("mrs %0, " SYSREG_STR(reg) : "=r"(value_) : : "memory"); \
	value_; })
/* What never changes: the compiler may read it once, or not at all */
#define read_constant_sysreg(reg) ({ \
	uint64_t value_; \
	__asm__("mrs %0, " SYSREG_STR(reg) : "=r"(value_)); \
	value_; })
#define write_sysreg(value, reg) \
	__asm__ volatile("msr " SYSREG_STR(reg) ", %x0" : : "rZ"((uint64_t)(value)) : "memory")

/* Four bits of an ID register: 0 is almost always that a feature is missing */
#define id_field(reg, shift)	(read_sysreg(reg) >> (shift) & 0xf)

/* 0 to each of a list */
#define zero_sysregs(...) \
	__asm__ volatile(".irp reg, " SYSREG_STR(__VA_ARGS__) "\n\tmsr \\reg, xzr\n\t.endr" : : : "memory")

#define isb()		__asm__ volatile("isb" : : : "memory")
#define dsb(scope)	__asm__ volatile("dsb " #scope : : : "memory")
#define dmb(scope)	__asm__ volatile("dmb " #scope : : : "memory")
#define wfi()		__asm__ volatile("wfi" : : : "memory")
#define sev()		__asm__ volatile("sev" : : : "memory")
#define cpu_relax()	__asm__ volatile("yield" : : : "memory")

/* GICv3 CPU interface and virtualisation registers, by encoding: assemblers of old do not know the names */
#define ICC_PMR_EL1	S3_0_C4_C6_0
#define ICC_AP0R_EL1(n)	S3_0_C12_C8_##n		/* n: 4..7 */
#define ICC_AP1R_EL1(n)	S3_0_C12_C9_##n		/* 0..3 */
#define ICC_DIR_EL1	S3_0_C12_C11_1
#define ICC_SGI1R_EL1	S3_0_C12_C11_5
#define ICC_IAR1_EL1	S3_0_C12_C12_0
#define ICC_EOIR1_EL1	S3_0_C12_C12_1
#define ICC_BPR1_EL1	S3_0_C12_C12_3
#define ICC_CTLR_EL1	S3_0_C12_C12_4
#define ICC_IGRPEN0_EL1	S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1	S3_0_C12_C12_7
#define ICC_SRE_EL1	S3_0_C12_C12_5
#define ICC_SRE_EL2	S3_4_C12_C9_5
#define ICH_AP0R_EL2(n)	S3_4_C12_C8_##n
#define ICH_AP1R_EL2(n)	S3_4_C12_C9_##n
#define ICH_HCR_EL2	S3_4_C12_C11_0
#define ICH_VTR_EL2	S3_4_C12_C11_1
#define ICH_ELRSR_EL2	S3_4_C12_C11_5
#define ICH_VMCR_EL2	S3_4_C12_C11_7
#define ICH_LR_EL2(n)	S3_4_C12_C12_##n	/* 0..7 */
#define ICH_LR_HI_EL2(n) S3_4_C12_C13_##n	/* 8..15 */

/* Registers of newer architecture versions, by encoding, too; only where the ID registers have them */
#define HCRX_EL2	S3_4_C1_C2_2
#define HFGRTR_EL2	S3_4_C1_C1_4
#define HFGWTR_EL2	S3_4_C1_C1_5
#define HFGITR_EL2	S3_4_C1_C1_6
#define HDFGRTR_EL2	S3_4_C3_C1_4
#define HDFGWTR_EL2	S3_4_C3_C1_5
#define HAFGRTR_EL2	S3_4_C3_C1_6
#define HDFGRTR2_EL2	S3_4_C3_C1_0
#define HDFGWTR2_EL2	S3_4_C3_C1_1
#define HFGRTR2_EL2	S3_4_C3_C1_2
#define HFGWTR2_EL2	S3_4_C3_C1_3
#define BRBCR_EL1	S2_1_C9_C0_0
#define CNTHV_CTL_EL2	S3_4_C14_C3_1
#define ID_AA64SMFR0_EL1 S3_0_C0_C4_5
#define ZCR_EL1		S3_0_C1_C2_0
#define SMPRI_EL1	S3_0_C1_C2_4
#define SMCR_EL1	S3_0_C1_C2_6
#define TPIDR2_EL0	S3_3_C13_C0_5
#define LORSA_EL1	S3_0_C10_C4_0
#define LOREA_EL1	S3_0_C10_C4_1
#define LORN_EL1	S3_0_C10_C4_2
#define LORC_EL1	S3_0_C10_C4_3
#define TRFCR_EL1	S3_0_C1_C2_1
#define PMSCR_EL1	S3_0_C9_C9_0
#define PMBLIMITR_EL1	S3_0_C9_C10_0
#define PMBSR_EL1	S3_0_C9_C10_3
#define PMBIDR_EL1	S3_0_C9_C10_7
#define TRBLIMITR_EL1	S3_0_C9_C11_0
#define TRBSR_EL1	S3_0_C9_C11_3
#define TRBIDR_EL1	S3_0_C9_C11_7
#define VDISR_EL2	S3_4_C12_C1_1
#define VSESR_EL2	S3_4_C5_C2_3
#define ZCR_EL2		S3_4_C1_C2_0
#define SMCR_EL2	S3_4_C1_C2_6
#define SMPRIMAP_EL2	S3_4_C1_C2_5
#define SVCR		S3_3_C4_C2_2

#define ICC_CTLR_CBPR		(1UL << 0)
#define ICC_CTLR_EOIMODE	(1UL << 1)
#define ICC_CTLR_PRI_BITS(ctlr)	(((ctlr) >> 8 & 7) + 1)
#define ICC_SRE_SRE		(1UL << 0)
#define ICC_SRE_DISABLE_BYPASS	0x6UL	/* DFB, DIB */
#define ICC_SRE_ENABLE		(1UL << 3)

#define ICH_HCR_EN		(1UL << 0)
#define ICH_HCR_UIE		(1UL << 1)
#define ICH_VTR_LIST_REGS(vtr)	(((vtr) & 0x1f) + 1)
#define ICH_VMCR_VENG1		(1UL << 1)
#define ICH_VMCR_VCBPR		(1UL << 4)
#define ICH_VMCR_VEOIM		(1UL << 9)
#define ICH_VMCR_VBPR1_SHIFT	18
#define ICH_VMCR_VBPR0_SHIFT	21
#define ICH_VMCR_VPMR_SHIFT	24

#define ICH_LR_PENDING		(1UL << 62)
#define ICH_LR_ACTIVE		(1UL << 63)
#define ICH_LR_STATE		(3UL << 62)
#define ICH_LR_HW		(1UL << 61)
#define ICH_LR_GROUP1		(1UL << 60)
#define ICH_LR_PRIORITY(p)	((uint64_t)(p) << 48)
#define ICH_LR_PINTID(i)	((uint64_t)(i) << 32)
#define ICH_LR_VINTID(lr)	((uint32_t)(lr))

#define HCR_VM		(1UL << 0)
#define HCR_SWIO	(1UL << 1)
#define HCR_PTW		(1UL << 2)
#define HCR_FMO		(1UL << 3)
#define HCR_IMO		(1UL << 4)
#define HCR_AMO		(1UL << 5)
#define HCR_VSE		(1UL << 8)
#define HCR_BSU_IS	(1UL << 10)
#define HCR_FB		(1UL << 9)
#define HCR_TSC		(1UL << 19)
#define HCR_TIDCP	(1UL << 20)
#define HCR_TACR	(1UL << 21)
#define HCR_RW		(1UL << 31)
#define HCR_TERR	(1UL << 36)
#define HCR_APK		(1UL << 40)
#define HCR_API		(1UL << 41)
#define HCR_ATA		(1UL << 56)

#define ESR_EC(esr)	(((esr) >> 26) & 0x3f)
#define ESR_IL		(1UL << 25)
#define ESR_ISS(esr)	((esr) & 0x1ffffffUL)

#define EC_WFX		0x01
#define EC_HVC32	0x12
#define EC_SMC32	0x13
#define EC_HVC64	0x16
#define EC_SMC64	0x17
#define EC_SYS64	0x18
#define EC_IABT_LOW	0x20
#define EC_DABT_LOW	0x24

/* ISS of MSR/MRS without direction and register (DDI 0487, D17.2.37) */
#define SYSREG_ISS(op0, op1, crn, crm, op2) \
	((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_SGI1R	SYSREG_ISS(3, 0, 12, 11, 5)

#define SPSR_MODE_MASK	0x1fUL
#define SPSR_MODE_EL0T	0x00UL
#define SPSR_MODE_EL1H	0x05UL
#define SPSR_MODE_AA32	(1UL << 4)
#define SPSR_DAIF	(0xfUL << 6)
#define SPSR_SS		(1UL << 21)
#define SPSR_BTYPE	(3UL << 10)	/* AArch64 */
#define SPSR_IT_LOW	(3UL << 25)	/* AArch32: IT[1:0] */
#define SPSR_IT_HIGH	(0x3fUL << 10)	/* IT[7:2] */

/* CPTR_EL2 */
#define CPTR_TZ		(1UL << 8)
#define CPTR_TSM	(1UL << 12)
#define CPTR_TTA	(1UL << 20)

#define DCZID_PROHIBITED	(1UL << 4)

#define MPIDR_AFFINITY	0xff00ffffffUL

#endif
