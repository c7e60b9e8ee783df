/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Controls of newer extensions at EL2 (DDI 0487, D24.2). In the fine-grained traps 0 allows what is as old as they
 * are; of what came later it traps all, and so it does in HCRX_EL2: no cell has registers for permission indirection
 * and overlays, guarded control stacks, branch records and the like, which nobody resets.
 */
#include "asm/percpu.h"
#include "asm/sysreg.h"
#include "controls.h"

enum {
	HFGRTR,
	HFGWTR,
	HDFGRTR,
	HDFGWTR,
	HFGRTR2,
	HFGWTR2,
	HDFGRTR2,
	HDFGWTR2,
	HFGITR,
	MDCR,
	HCRX,
	HAFGRTR,
	CONTROLS_END,
};
_Static_assert(CONTROLS_END == NUM_CONTROLS, "all have a place");

#define HCRX_MSCEN		(1UL << 11)	/* 0 makes memory copy instructions undefined */
#define HFGR_NOT_TPIDR2		(1UL << 55)	/* SME: a reset knows these */
#define HFGR_NOT_SMPRI		(1UL << 54)
#define HDFGW_NOT_BRBCTL	(1UL << 60)
#define MDCR_TTRF		(1UL << 19)	/* trace filters, which firmware may keep from EL2, too */
#define MDCR_TPMS		(1UL << 14)	/* profiling; E2PB and E2TB 0: nor its buffer, nor that of trace */
#define PMCR_N(pmcr)		((pmcr) >> 11 & 0x1f)

bool has_pmu(void)
{
	uint64_t version = id_field(id_aa64dfr0_el1, 8);

	return version != 0 && version != 0xf;
}

void controls_init(uint64_t *controls)
{
	/* debug and counters of EL1 are not trapped; it has all counters */
	controls[MDCR * CONTROL_STRIDE] = MDCR_TTRF | MDCR_TPMS | (has_pmu() ? PMCR_N(read_sysreg(pmcr_el0)) : 0);
	controls[HCRX * CONTROL_STRIDE] = HCRX_MSCEN;
	if (id_field(id_aa64pfr1_el1, 24))
		controls[HFGRTR * CONTROL_STRIDE] = controls[HFGWTR * CONTROL_STRIDE] = HFGR_NOT_TPIDR2 | HFGR_NOT_SMPRI;
}

#define SWAP(control, reg) do {					\
	uint64_t old_ = read_sysreg(reg);			\
								\
	write_sysreg(controls[(control) * CONTROL_STRIDE], reg);			\
	controls[(control) * CONTROL_STRIDE] = old_;				\
} while (0)

void controls_swap(uint64_t *controls)
{
	uint64_t fine_grained = id_field(id_aa64mmfr0_el1, 56);

	SWAP(MDCR, mdcr_el2);
	if (id_field(id_aa64mmfr1_el1, 40))
		SWAP(HCRX, HCRX_EL2);
	if (!fine_grained)
		return;
	SWAP(HFGRTR, HFGRTR_EL2);
	SWAP(HFGWTR, HFGWTR_EL2);
	SWAP(HDFGRTR, HDFGRTR_EL2);
	SWAP(HDFGWTR, HDFGWTR_EL2);
	SWAP(HFGITR, HFGITR_EL2);
	/* who could write it may have left it on: the branches of a cell would be recorded */
	if (controls[HDFGWTR * CONTROL_STRIDE] & HDFGW_NOT_BRBCTL)
		write_sysreg(0, BRBCR_EL1);
	if (id_field(id_aa64pfr0_el1, 44))		/* activity monitors */
		SWAP(HAFGRTR, HAFGRTR_EL2);
	if (fine_grained == 1)
		return;
	SWAP(HFGRTR2, HFGRTR2_EL2);
	SWAP(HFGWTR2, HFGWTR2_EL2);
	SWAP(HDFGRTR2, HDFGRTR2_EL2);
	SWAP(HDFGWTR2, HDFGWTR2_EL2);
}
