/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers as variables, so that files of arch/arm64 run on the build machine. The test defines those it needs. */
#ifndef BULKHEAD_TEST_SYSREG_H
#define BULKHEAD_TEST_SYSREG_H

#include "types.h"

#define SPSR_MODE_MASK	0x1fUL
#define SPSR_MODE_EL0T	0x00UL
#define SPSR_MODE_EL1H	0x05UL
#define SPSR_MODE_AA32	(1UL << 4)
#define SPSR_IT_LOW	(3UL << 25)
#define SPSR_IT_HIGH	(0x3fUL << 10)

extern uint64_t sysreg_elr_el2, sysreg_spsr_el2, sysreg_far_el2, sysreg_hpfar_el2, sysreg_par_el1, sysreg_sp_el0,
	sysreg_sp_el1, sysreg_tpidr_el2, sysreg_id_aa64isar0_el1, sysreg_id_aa64mmfr0_el1, sysreg_vttbr_el2,
	sysreg_vtcr_el2;

#define ESR_IL			(1UL << 25)
#define EC_DABT_LOW	0x24

#define MPIDR_AFFINITY	0xff00ffffffUL
#define ICC_CTLR_PRI_BITS(ctlr)	(((ctlr) >> 8 & 7) + 1)

extern uint64_t sysreg_mpidr_el1, sysreg_id_aa64pfr0_el1, sysreg_ICC_CTLR_EL1, sysreg_ICC_PMR_EL1, sysreg_ICC_BPR1_EL1,
	sysreg_ICC_IGRPEN1_EL1, test_ap0r[8], test_ap1r[4];
#define sysreg_ICC_AP0R_EL1(n)	test_ap0r[n]
#define sysreg_ICC_AP1R_EL1(n)	test_ap1r[n]

#define read_sysreg(reg)		(sysreg_##reg)
#define read_constant_sysreg(reg)	read_sysreg(reg)
#define id_field(reg, shift)		(read_sysreg(reg) >> (shift) & 0xf)
#define write_sysreg(value, reg)	((void)(sysreg_##reg = (value)))
/* Up to five */
#define zero_sysregs(...)		ZERO_SYSREGS(__VA_ARGS__, rest, rest, rest, rest, rest)
#define ZERO_SYSREGS(a, b, c, d, e, ...) \
	(write_sysreg(0, a), write_sysreg(0, b), write_sysreg(0, c), write_sysreg(0, d), write_sysreg(0, e))
static uint64_t sysreg_rest __attribute__((unused));
#define isb()				((void)0)
#define dsb(scope)			((void)0)
#define cpu_relax()			((void)0)

#endif
