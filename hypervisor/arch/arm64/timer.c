/* SPDX-License-Identifier: BSD-2-Clause */
/* The EL2 timer, which watchdogs have. Not part of a build without CONFIG_WATCHDOG. */
#include "watchdog.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"
#include "trap.h"

/* Level-sensitive: the check takes its cause away, but the line may fall later than it is deactivated, and come once more. */
void gic_take_timer(void)
{
	uint64_t due = CNTHP_ENABLE | CNTHP_ISTATUS;

	if ((read_sysreg(cnthp_ctl_el2) & due) == due)
		watchdog_check();
	write_sysreg(TIMER_INTID, ICC_DIR_EL1);
	isb();
}

void arch_timer_arm(uint64_t when)
{
	volatile uint8_t *sgi = this_cpu()->arch.gicr + GICR_SGI_FRAME;

	write_sysreg(when, cnthp_cval_el2);
	write_sysreg(CNTHP_ENABLE, cnthp_ctl_el2);
	isb();
	/* nothing is left of whoever had it before: a reset came first (vgic_reset()) */
	gic_claim(sgi, TIMER_INTID);
	mmio_write32(sgi, GICD_ISENABLER, 1U << TIMER_INTID);
}

void arch_fill_fault(volatile struct bh_fault *fault)
{
	record_guest(fault, frame_of(this_cpu()));
}
