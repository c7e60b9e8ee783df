/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Direct boot: the GICv3 in a known state, whoever has used it before. After a late launch Linux uses it, and nothing of this
 * is called.
 */
#include "console.h"
#include "errors.h"
#include "asm/sysreg.h"
#include "gic.h"

#define PRIORITIES	0xa0a0a0a0U

/* Interrupts from first on: off, once RWP is clear. Until then nothing else of them may change. */
static void disable_frame(volatile uint8_t *frame, uint32_t first, uint32_t end)
{
	for (uint32_t intid = first; intid < end; intid += 32)
		mmio_write32(frame, GICD_ICENABLER + intid / 8, 0xffffffff);
}

/* Nothing pending or active, Group 1, one priority, level-sensitive */
static void reset_frame(volatile uint8_t *frame, uint32_t first, uint32_t end)
{
	for (uint32_t intid = first; intid < end; intid += 32) {
		uint32_t word = intid / 32 * 4;

		mmio_write32(frame, GICD_ICACTIVER + word, 0xffffffff);
		mmio_write32(frame, GICD_IGROUPR + word, 0xffffffff);
		mmio_write32(frame, GICD_IGRPMODR + word, 0);
		/* SGIs are edges */
		if (intid)
			mmio_write32(frame, GICD_ICFGR + 2 * word, 0);
		mmio_write32(frame, GICD_ICFGR + 2 * word + 4, 0);
		/* edges only: what a device still asserts is pending again, and off */
		mmio_write32(frame, GICD_ICPENDR + word, 0xffffffff);
	}
	for (uint32_t intid = first; intid < end; intid += 4)
		mmio_write32(frame, GICD_IPRIORITYR + intid, PRIORITIES);
}

static int set_distributor_control(uint32_t value)
{
	mmio_write32(gic.gicd, GICD_CTLR, value);
	if (!gic_wait_clear(gic.gicd, GICD_CTLR, GICD_CTLR_RWP))
		return refuse(-EIO, "GIC distributor: its writes do not end (GICD_CTLR.RWP)");
	return 0;
}

/* Affinity routing is switched on while all groups are off, and nothing is pending or active (IHI 0069, GICD_CTLR). */
int gic_reset_distributor(void)
{
	uint32_t control = mmio_read32(gic.gicd, GICD_CTLR) & ~(GICD_CTLR_GROUPS | GICD_CTLR_RWP);
	uint64_t here = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	int error;

	disable_frame(gic.gicd, FIRST_SPI, gic.num_intids);
	error = set_distributor_control(control);
	if (error)
		return error;
	reset_frame(gic.gicd, FIRST_SPI, gic.num_intids);
	control |= GICD_CTLR_ARE_NS;
	error = set_distributor_control(control);
	if (error)
		return error;
	for (uint32_t intid = FIRST_SPI; intid < gic.num_intids; intid++)
		gic_set_route(intid, here);
	return set_distributor_control(control | GICD_CTLR_ENABLE_NS);
}

int gic_reset_redistributor(struct percpu *cpu)
{
	volatile uint8_t *frame = cpu->arch.gicr;

	mmio_write32(frame, GICR_WAKER, mmio_read32(frame, GICR_WAKER) & ~GICR_WAKER_SLEEP);
	if (!gic_wait_clear(frame, GICR_WAKER, GICR_WAKER_ASLEEP))
		return refuse(-EIO, "CPU %u: its GIC redistributor does not wake up", cpu->cpu_id);
	disable_frame(frame + GICR_SGI_FRAME, 0, FIRST_SPI);
	mmio_write32(frame, GICR_CTLR, 0);
	if (!gic_wait_clear(frame, GICR_CTLR, GICR_CTLR_RWP))
		return refuse(-EIO, "CPU %u: writes of its GIC redistributor do not end (GICR_CTLR.RWP)", cpu->cpu_id);
	/* it writes to tables in memory that cells get; not all hardware can stop (IHI 0069, GICR_CTLR.EnableLPIs) */
	if (mmio_read32(frame, GICR_CTLR) & GICR_CTLR_LPIS)
		return refuse(-EIO, "CPU %u: firmware has switched LPIs on, which cannot be undone: switch them off there",
			      cpu->cpu_id);
	reset_frame(frame + GICR_SGI_FRAME, 0, FIRST_SPI);
	return 0;
}

/* An interrupt that was acknowledged and never ended would hold up all that are not more urgent. */
void gic_reset_cpu_interface(void)
{
	uint64_t bits = ICC_CTLR_PRI_BITS(read_sysreg(ICC_CTLR_EL1));
	bool group0 = gic_has_group0();

	zero_sysregs(ICC_IGRPEN1_EL1, ICC_CTLR_EL1, ICC_PMR_EL1, ICC_BPR1_EL1, ICC_AP1R_EL1(0));
	if (bits >= 6)
		zero_sysregs(ICC_AP1R_EL1(1));
	if (bits >= 7)
		zero_sysregs(ICC_AP1R_EL1(2), ICC_AP1R_EL1(3));
	if (group0) {
		zero_sysregs(ICC_AP0R_EL1(4));
		if (bits >= 6)
			zero_sysregs(ICC_AP0R_EL1(5));
		if (bits >= 7)
			zero_sysregs(ICC_AP0R_EL1(6), ICC_AP0R_EL1(7));
	}
	isb();
}
