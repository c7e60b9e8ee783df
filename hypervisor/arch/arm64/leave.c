/* SPDX-License-Identifier: BSD-2-Clause */
/* A CPU goes back to the Linux that it was taken from. Not part of a build without CONFIG_LATE_LAUNCH. */
#include "pages.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "entry.h"
#include "gic.h"
#include "trap.h"

extern char leave_unmapped[];

static void deactivate_gic(struct percpu *cpu)
{
	struct launch_state *launch = &cpu->arch.launch;
	volatile uint8_t *sgi = cpu->arch.gicr + GICR_SGI_FRAME;
	uint32_t taken = 0xffff | 1U << gic.maintenance_intid;	/* from Linux: SGIs, too, are virtual */
	uint64_t vmcr = read_sysreg(ICH_VMCR_EL2);
	uint64_t ctlr = launch->icc_ctlr & ~(ICC_CTLR_CBPR | ICC_CTLR_EOIMODE);

	mmio_write32(sgi, GICD_ICENABLER, taken & ~launch->enabled);
	mmio_write32(sgi, GICD_ISENABLER, taken & launch->enabled);
	mmio_write32(sgi, GICD_ICPENDR, 1U << KICK_SGI);
	for (uint32_t ours = OUR_INTERRUPTS; ours; ours &= ours - 1)
		sgi[GICD_IPRIORITYR + __builtin_ctz(ours)] = launch->priorities[__builtin_ctz(ours)];
	vgic_to_physical(cpu);
	gic_wait_redistributor(cpu);

	if (vmcr & ICH_VMCR_VCBPR)
		ctlr |= ICC_CTLR_CBPR;
	if (vmcr & ICH_VMCR_VEOIM)
		ctlr |= ICC_CTLR_EOIMODE;
	write_sysreg(ctlr, ICC_CTLR_EL1);
	write_sysreg(vmcr >> ICH_VMCR_VPMR_SHIFT & 0xff, ICC_PMR_EL1);
	write_sysreg(vmcr >> ICH_VMCR_VBPR1_SHIFT & 7, ICC_BPR1_EL1);
	if (launch->has_group0)
		write_sysreg(launch->icc_igrpen0, ICC_IGRPEN0_EL1);
	write_sysreg(vmcr & ICH_VMCR_VENG1 ? 1 : 0, ICC_IGRPEN1_EL1);
	write_sysreg(launch->ich_hcr, ICH_HCR_EL2);
	write_sysreg(launch->ich_vmcr, ICH_VMCR_EL2);
	write_sysreg(launch->icc_sre_el2, ICC_SRE_EL2);
	isb();
}

void arch_deactivate_cpu(struct percpu *cpu)
{
	struct launch_state *launch = &cpu->arch.launch;

	deactivate_gic(cpu);
	__asm__ volatile("tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
	write_sysreg(launch->hcr_el2, hcr_el2);
	write_sysreg(launch->vttbr_el2, vttbr_el2);
	write_sysreg(launch->vtcr_el2, vtcr_el2);
	write_sysreg(launch->cnthp_cval, cnthp_cval_el2);
	write_sysreg(launch->cnthp_ctl, cnthp_ctl_el2);
	isb();
}

void arch_leave(int64_t result, struct trap_frame *frame)
{
	struct launch_state *launch = &this_cpu()->arch.launch;

	arm64_leave(result, frame, launch->sctlr_el2, launch->vbar_el2,
		    virt_to_host(leave_unmapped).value);
}

void arch_leave_guest(int64_t result)
{
	arch_leave(result, frame_of(this_cpu()));
}
