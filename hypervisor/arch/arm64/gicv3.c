/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical GICv3: discovery, taking over from Linux, kicks, raising SPIs. */
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "paging.h"
#include "setup.h"
#include "virq.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"

struct gic gic;

/* Is a frame of a GICv3 or GICv4 at an address that may be wrong? Architecture revision, in GICD_PIDR2 and GICR_PIDR2 */
static bool is_frame(volatile uint8_t *frame)
{
	uint64_t value = 0;
	uint32_t revision;

	arch_device_access(frame + GIC_PIDR2, &value, 4, false);
	revision = value >> 4 & 0xf;
	return revision == 3 || revision == 4;
}

static int find_redistributors(void)
{
	uint64_t phys = gic.gicr_phys;

	for (uint32_t i = 0; i < CONFIG_MAX_CPUS; i++) {
		volatile uint8_t *frame = map_range(HOST_ADDR(phys), 2 * GIC_FRAME_SIZE, MAP_DEVICE);
		uint64_t typer;

		if (!frame)
			return refuse(-ENOMEM, "hypervisor memory is too small to map the GIC");
		if (!is_frame(frame))
			return refuse(-ENODEV, "no GICv3 redistributor at 0x%llx: check gicr_base",
				      (unsigned long long)phys);
		gic.redistributors[i] = frame;
		gic.num_redistributors = i + 1;
		typer = mmio_read64(frame, GICR_TYPER);
		gic.gicr_stride = typer & GICR_TYPER_VLPIS ? GICR_STRIDE_VLPI : GICR_STRIDE;
		platform.gicr_size = gic.num_redistributors * gic.gicr_stride;
		if (typer & GICR_TYPER_LAST)
			return 0;
		phys += gic.gicr_stride;
	}
	return 0;
}

int gic_init(const struct cfg_system *system)
{
	int error;

	gic.gicd_phys = system->arch.arm.gicd_base;
	gic.gicr_phys = system->arch.arm.gicr_base;
	gic.maintenance_intid = system->arch.arm.maintenance_irq;
	gic.gicd = map_range(HOST_ADDR(gic.gicd_phys), GIC_FRAME_SIZE, MAP_DEVICE);
	if (!gic.gicd)
		return refuse(-ENOMEM, "hypervisor memory is too small to map the GIC");
	if (!is_frame(gic.gicd))
		return refuse(-ENODEV, "no GICv3 distributor at 0x%llx: check gicd_base",
			      (unsigned long long)gic.gicd_phys);
	gic.num_intids = MIN(32 * ((mmio_read32(gic.gicd, GICD_TYPER) & 0x1f) + 1), (uint32_t)NUM_INTIDS);
	error = firmware_started_us() ? gic_reset_distributor() : 0;
	if (error)
		return error;
	if (!(mmio_read32(gic.gicd, GICD_CTLR) & GICD_CTLR_ARE_NS))
		return refuse(-EIO, "GIC distributor runs without affinity routing");
	return find_redistributors();
}

int gic_init_cpu(struct percpu *cpu)
{
	uint64_t affinity = (cpu->mpidr >> 32) << 24 | (cpu->mpidr & 0xffffff);

	if ((cpu->mpidr & 0xff) >= 16)
		return refuse(-EIO, "CPU %u: MPIDR affinity 0x%llx, level 0 above 15 is not supported", cpu->cpu_id,
			      (unsigned long long)cpu->mpidr);
	if (!gic_has_registers() || !(read_sysreg(ICC_SRE_EL2) & ICC_SRE_SRE))
		return refuse(-ENODEV, "CPU %u: GIC system registers are off at EL2", cpu->cpu_id);
	for (uint32_t i = 0; i < gic.num_redistributors; i++) {
		if (mmio_read64(gic.redistributors[i], GICR_TYPER) >> 32 != affinity)
			continue;
		cpu->arch.gicr = gic.redistributors[i];
		vgic_init_cpu(cpu);
		return firmware_started_us() ? gic_reset_redistributor(cpu) : 0;
	}
	return refuse(-ENODEV, "CPU %u: no redistributor for MPIDR affinity 0x%llx", cpu->cpu_id,
		      (unsigned long long)cpu->mpidr);
}

void gic_wait_redistributor(const struct percpu *cpu)
{
	gic_wait_clear(cpu->arch.gicr, GICR_CTLR, GICR_CTLR_RWP);
}

/*
 * With two security states, Group 0 is the firmware's, and its registers trap to EL3. Then priorities are seen shifted, and
 * the lowest bit of them gets lost (IHI 0069, 4.8.6: SCR_EL3.FIQ is 1).
 */
bool gic_has_group0(void)
{
	uint64_t bit = 1UL << (8 - ICC_CTLR_PRI_BITS(read_sysreg(ICC_CTLR_EL1)));
	uint64_t mask = read_sysreg(ICC_PMR_EL1);
	bool result;

	write_sysreg(bit, ICC_PMR_EL1);
	result = read_sysreg(ICC_PMR_EL1);
	write_sysreg(mask, ICC_PMR_EL1);
	return result;
}

void gic_activate_cpu(struct percpu *cpu)
{
	struct launch_state *launch = &cpu->arch.launch;
	volatile uint8_t *sgi = cpu->arch.gicr + GICR_SGI_FRAME;
	uint32_t pending;

	launch->icc_sre_el2 = read_sysreg(ICC_SRE_EL2);
	launch->icc_ctlr = read_sysreg(ICC_CTLR_EL1);
	launch->icc_pmr = read_sysreg(ICC_PMR_EL1);
	launch->icc_bpr1 = read_sysreg(ICC_BPR1_EL1);
	launch->has_group0 = gic_has_group0();
	if (launch->has_group0)
		launch->icc_igrpen0 = read_sysreg(ICC_IGRPEN0_EL1);
	launch->icc_igrpen1 = read_sysreg(ICC_IGRPEN1_EL1);
	launch->ich_hcr = read_sysreg(ICH_HCR_EL2);
	launch->ich_vmcr = read_sysreg(ICH_VMCR_EL2);
	launch->enabled = mmio_read32(sgi, GICD_ISENABLER);
	for (uint32_t i = 0; i < ARRAY_SIZE(launch->priorities); i++)
		launch->priorities[i] = sgi[GICD_IPRIORITYR + i];
	launch->groups = mmio_read32(sgi, GICD_IGROUPR);
	launch->ppi_config = mmio_read32(sgi, GICD_ICFGR + 4);

	write_sysreg(launch->icc_sre_el2 | ICC_SRE_SRE | ICC_SRE_ENABLE, ICC_SRE_EL2);
	isb();
	write_sysreg(0, ICH_HCR_EL2);
	isb();
	vgic_reset(cpu);

	/* the guest's view continues where the physical interface was */
	write_sysreg((launch->icc_igrpen1 & 1 ? ICH_VMCR_VENG1 : 0) |
		     (launch->icc_ctlr & ICC_CTLR_CBPR ? ICH_VMCR_VCBPR : 0) |
		     (launch->icc_ctlr & ICC_CTLR_EOIMODE ? ICH_VMCR_VEOIM : 0) |
		     (launch->icc_bpr1 & 7) << ICH_VMCR_VBPR1_SHIFT | 7UL << ICH_VMCR_VBPR0_SHIFT |
		     (launch->icc_pmr & 0xff) << ICH_VMCR_VPMR_SHIFT, ICH_VMCR_EL2);
	write_sysreg(0xff, ICC_PMR_EL1);
	write_sysreg(0, ICC_BPR1_EL1);
	write_sysreg(launch->icc_ctlr | ICC_CTLR_EOIMODE, ICC_CTLR_EL1);
	/* guests may put interrupts of theirs into Group 0: nobody takes them */
	if (launch->has_group0)
		write_sysreg(0, ICC_IGRPEN0_EL1);
	write_sysreg(1, ICC_IGRPEN1_EL1);
	isb();

	/* SGIs that Linux sent and has not seen become virtual ones */
	pending = mmio_read32(sgi, GICD_ISPENDR) & 0xffff;
	mmio_write32(sgi, GICD_ICPENDR, pending);
	mmio_write32(sgi, GICD_ICACTIVER, 0xffff);
	__atomic_fetch_or(&cpu->arch.sgi_pending, pending, __ATOMIC_RELAXED);

	for (uint32_t ours = OUR_INTERRUPTS; ours; ours &= ours - 1)
		gic_claim(sgi, (uint32_t)__builtin_ctz(ours));
	mmio_write32(sgi, GICD_ISENABLER, 1U << KICK_SGI | 1U << gic.maintenance_intid);
	gic_wait_redistributor(cpu);
	write_sysreg(ICH_HCR_EN, ICH_HCR_EL2);
	isb();
	vgic_flush(cpu);
}

void gic_release(struct percpu *cpu, uint32_t word, uint32_t intids, bool repend)
{
	volatile uint8_t *frame = word ? gic.gicd : cpu->arch.gicr + GICR_SGI_FRAME;

	/* an edge is pending in the distributor again before it may be taken again */
	if (repend && word)
		mmio_write32(frame, GICD_ISPENDR + 4 * word, intids);
	mmio_write32(frame, GICD_ICACTIVER + 4 * word, intids);
}

/* From then on it is 0: siblings that write another field of the word write 0 back. */
void gic_claim(volatile uint8_t *sgi_frame, uint32_t intid)
{
	spin_lock(&gic.lock);
	sgi_frame[GICD_IPRIORITYR + intid] = 0;
	spin_unlock(&gic.lock);
}

void gic_set_route(uint32_t intid, uint64_t affinity)
{
	mmio_write64(gic.gicd, GICD_IROUTER + 8 * intid, affinity);
}

void arch_kick(struct percpu *cpu)
{
	dsb(ish);
	write_sysreg((uint64_t)KICK_SGI << 24 | cpu->arch.sgi_target, ICC_SGI1R_EL1);
	isb();
	sev();
}

void gic_wake(struct percpu *cpu)
{
	mmio_write32(cpu->arch.gicr + GICR_SGI_FRAME, GICD_ISPENDR, 1U << gic.maintenance_intid);
	dsb(sy);
	sev();
}

bool arch_virq_route_spi(const struct cell *cell, uint32_t intid, struct virq_route *route)
{
	route->intid = 0;
	if (intid < FIRST_SPI || intid >= gic.num_intids)
		return false;
	if (!(cell->arch.spis[intid / 32] >> (intid % 32) & 1))
		return false;
	route->intid = intid;
	__atomic_fetch_or(&gic.of_link[intid / 32], 1U << (intid % 32), __ATOMIC_RELAXED);
	return true;
}

void arch_virq_raise(const struct virq_route *route)
{
	uint32_t intid = route->intid;

	if (!intid)
		return;
	dsb(ish);
	mmio_write32(gic.gicd, GICD_ISPENDR + intid / 32 * 4, 1U << (intid % 32));
}
