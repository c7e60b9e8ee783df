/* SPDX-License-Identifier: BSD-2-Clause */
/* A CPU of the machine: taking it over, reset of its guest state. Back to Linux: leave.c */
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "controls.h"
#include "entry.h"
#include "gic.h"
#include "paging_arm64.h"
#include "smccc.h"
#include "stage2.h"
#include "trap.h"

#define HCR_GUEST	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TSC | HCR_TACR | HCR_RW | HCR_FB | \
			 HCR_BSU_IS)
/* Set at EL2 by Linux when it uses pointer authentication or memory tagging */
#define HCR_KEEP	(HCR_API | HCR_APK | HCR_ATA)
#define HCR_E2H		(1UL << 34)
#define HCR_TGE		(1UL << 27)

#define SCTLR_EL1_RESET	0x30d00800UL
#define CPACR_RESET	0x300000UL
#define BUFFER_P	(1UL << 4)	/* PMBIDR_EL1, TRBIDR_EL1: firmware has the buffer */

uint64_t arch_ticks(void)
{
	return read_sysreg(cntpct_el0);
}

uint64_t arch_ticks_per_second(void)
{
	return read_sysreg(cntfrq_el0);
}

void arch_relax(void)
{
	cpu_relax();
}

/* One place, by which a CPU that has stopped is known */
__attribute__((noinline)) void arch_halt(void)
{
	for (;;)
		wfi();
}

bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write)
{
	return arm64_device_access(address, value, (uint32_t)__builtin_ctz(size) + (is_write ? 4 : 0));
}

int arch_init_memory(void)
{
	stage2_setup();
	paging_init();
	return 0;
}

int arch_init_platform(const struct cfg_system *system)
{
	smccc_setup();
	return gic_init(system);
}

int arch_init_cpu(struct percpu *cpu)
{
	cpu->mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	if (read_sysreg(hcr_el2) & (HCR_E2H | HCR_TGE))
		return refuse(-EIO, "CPU %u: Linux runs at EL2 (VHE): boot it with kvm-arm.mode=nvhe", cpu->cpu_id);
	if ((read_sysreg(spsr_el2) & SPSR_MODE_MASK) != SPSR_MODE_EL1H)
		return refuse(-EIO, "CPU %u: entered from an unexpected mode", cpu->cpu_id);
	if (!arch_ticks_per_second())
		return refuse(-EIO, "CPU %u: firmware has not set CNTFRQ_EL0, the frequency of its timer", cpu->cpu_id);
	paging_init_window(cpu);
	return gic_init_cpu(cpu);
}

void arch_revoke(struct percpu *cpu)
{
	stage2_revoke(cpu->cell, true);
	/* one that sleeps fetches nothing */
	gic_wake(cpu);
}

void arch_restore(struct percpu *cpu)
{
	stage2_revoke(cpu->cell, false);
}

static void set_guest_controls(struct percpu *cpu)
{
	uint64_t hcr = HCR_GUEST | (cpu->arch.launch.hcr_el2 & HCR_KEEP);

	/*
	 * Registers defined by the implementation, and error records, can be shared between CPUs. Allocation tags would
	 * outlive scrubbing: without access to them, accesses are unchecked, and nothing else changes for the cell.
	 */
	if (!cpu->cell->is_root)
		hcr = (hcr & ~HCR_ATA) | HCR_TIDCP | HCR_TERR;
	write_sysreg(cpu->cell->arch.vtcr, vtcr_el2);
	write_sysreg(cpu->cell->arch.vttbr, vttbr_el2);
	write_sysreg(hcr, hcr_el2);
	write_sysreg(cpu->arch.launch.cptr_el2 | (cpu->cell->is_root ? 0 : CPTR_TTA), cptr_el2);
	/* at disable it runs the root cell */
	if (cpu->arch.is_confined == cpu->cell->is_root) {
		controls_swap(&cpu->fast.interrupts[0].control);
		cpu->arch.is_confined = !cpu->cell->is_root;
	}
	isb();
}

void arch_activate_cpu(struct percpu *cpu)
{
	struct launch_state *launch = &cpu->arch.launch;

	launch->hcr_el2 = read_sysreg(hcr_el2);
	launch->cptr_el2 = read_sysreg(cptr_el2);
	launch->vttbr_el2 = read_sysreg(vttbr_el2);
	launch->vtcr_el2 = read_sysreg(vtcr_el2);
	launch->cnthp_ctl = read_sysreg(cnthp_ctl_el2);
	launch->cnthp_cval = read_sysreg(cnthp_cval_el2);
	arch_timer_stop();
	controls_init(&cpu->fast.interrupts[0].control);
	set_guest_controls(cpu);
	__asm__ volatile("tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
	gic_activate_cpu(cpu);
}

/* Pointer authentication keys exist where the CPU has the feature (DDI 0487, ID_AA64ISAR1_EL1.APA and API). */
static void reset_pauth_keys(void)
{
	if (!(read_sysreg(id_aa64isar1_el1) & 0xff0))
		return;
	/* APIAKeyLo_EL1, then Hi, IB, DA, DB, GA */
	zero_sysregs(S3_0_C2_C1_0, S3_0_C2_C1_1, S3_0_C2_C1_2, S3_0_C2_C1_3, S3_0_C2_C2_0, S3_0_C2_C2_1, S3_0_C2_C2_2,
		     S3_0_C2_C2_3, S3_0_C2_C3_0, S3_0_C2_C3_1);
}

/* An event and a filter is data that the next owner of the CPU would find; entry 31 is the cycle counter's filter. */
static void reset_counter_types(void)
{
	uint64_t count = read_sysreg(pmcr_el0) >> 11 & 0x1f;

	for (uint64_t n = 0; n < count; n++) {
		write_sysreg(n, pmselr_el0);
		isb();
		write_sysreg(0, pmxevtyper_el0);
	}
	zero_sysregs(pmselr_el0, pmccfiltr_el0);
}

static void reset_pmu(void)
{
	if (!has_pmu())
		return;
	reset_counter_types();
	write_sysreg(0xffffffff, pmcntenclr_el0);
	write_sysreg(0xffffffff, pmintenclr_el1);
	write_sysreg(0xffffffff, pmovsclr_el0);
	write_sysreg(0, pmuserenr_el0);
	write_sysreg(0x6, pmcr_el0);	/* P and C: event and cycle counters to 0 */
	isb();
	write_sysreg(0, pmcr_el0);
}

/* All that is as long as a breakpoint can carry something; the OS lock is what gives access to part of it. */
static void reset_debug(void)
{
	zero_sysregs(mdscr_el1, mdccint_el1, osdlr_el1);
	write_sysreg(1, oslar_el1);	/* as after a reset: breakpoints that somebody left have no effect */
	isb();
	arm64_clear_debug(id_field(id_aa64dfr0_el1, 12) + 1, id_field(id_aa64dfr0_el1, 20) + 1);
}

/* Streaming mode ends with its registers; outside of it, SVE's are those that are there (DDI 0487, SVCR). */
static void reset_vectors(void)
{
	uint64_t cptr = read_sysreg(cptr_el2);

	if (id_field(id_aa64pfr1_el1, 24) && !(cptr & CPTR_TSM))
		zero_sysregs(SVCR, SMCR_EL1, SMPRI_EL1, TPIDR2_EL0);
	arm64_clear_simd();
	if (id_field(id_aa64pfr0_el1, 32) && !(cptr & CPTR_TZ)) {
		arm64_clear_sve();
		write_sysreg(0, ZCR_EL1);
	}
}

/* With HCR_EL2.AMO, what EL1 sees as DISR_EL1 (DDI 0487, VDISR_EL2) */
static void reset_deferred_serror(void)
{
	if (id_field(id_aa64pfr0_el1, 28))
		zero_sysregs(VDISR_EL2, VSESR_EL2);
}

static void reset_lor(void)
{
	if (id_field(id_aa64mmfr1_el1, 16))
		zero_sysregs(LORC_EL1, LORSA_EL1, LOREA_EL1, LORN_EL1);
}

static void reset_el1(void)
{
	reset_deferred_serror();
	reset_lor();
	reset_pauth_keys();
	reset_pmu();
	reset_debug();
	reset_vectors();
	write_sysreg(SCTLR_EL1_RESET, sctlr_el1);
	write_sysreg(CPACR_RESET, cpacr_el1);
	zero_sysregs(sp_el0, sp_el1, spsr_el1, elr_el1, vbar_el1);
	zero_sysregs(ttbr0_el1, ttbr1_el1, tcr_el1, mair_el1, amair_el1, contextidr_el1);
	zero_sysregs(tpidr_el0, tpidr_el1, tpidrro_el0, csselr_el1);
	zero_sysregs(esr_el1, far_el1, par_el1, afsr0_el1, afsr1_el1);
	zero_sysregs(cntkctl_el1, cntp_ctl_el0, cntp_cval_el0, cntv_ctl_el0, cntv_cval_el0);
	write_sysreg(ICC_SRE_SRE | ICC_SRE_DISABLE_BYPASS, ICC_SRE_EL1);
	smccc_reset();
}

/*
 * The CPU itself writes the buffers of statistical profiling and trace, by the tables of its guest: that ends before
 * these do, or belong to somebody else (DDI 0487, PSB CSYNC and TSB CSYNC), and so do their interrupts. Only the
 * root cell has these registers: controls.h.
 */
static void stop_profiling(void)
{
	if (id_field(id_aa64dfr0_el1, 32) && !(read_sysreg(PMBIDR_EL1) & BUFFER_P)) {
		write_sysreg(0, PMSCR_EL1);
		isb();
		__asm__ volatile("hint #17; dsb nsh" : : : "memory");	/* PSB CSYNC */
		zero_sysregs(PMBLIMITR_EL1, PMBSR_EL1);
	}
	if (id_field(id_aa64dfr0_el1, 44) && !(read_sysreg(TRBIDR_EL1) & BUFFER_P)) {
		/* firmware that does not know trace may forbid it, but then the buffer has never been on */
		if (read_sysreg(TRBLIMITR_EL1) & 1)
			write_sysreg(0, TRFCR_EL1);
		isb();
		__asm__ volatile("hint #18; dsb nsh" : : : "memory");	/* TSB CSYNC */
		zero_sysregs(TRBLIMITR_EL1, TRBSR_EL1);
	}
	isb();
}

void arch_cpu_park(void)
{
	stop_profiling();
	arm64_drain_serror();
	/* timers of the guest must not keep the waiting CPU awake */
	zero_sysregs(cntp_ctl_el0, cntv_ctl_el0);
	isb();
	vgic_reset(this_cpu());
}

void arch_cpu_reset(uint64_t entry, uint64_t context, bool by_sibling)
{
	struct percpu *cpu = this_cpu();
	struct trap_frame *frame = frame_of(cpu);

	for (uint32_t i = 0; i < ARRAY_SIZE(frame->x); i++)
		frame->x[i] = 0;
	frame->x[0] = context;
	/* PSCI says x0; what is out there also looks at x1. Linux wants it to be 0 on its first CPU. */
	frame->x[1] = by_sibling ? context : 0;
	reset_el1();
	cpu->arch.serror_seen = false;
	vgic_reset(cpu);
	set_guest_controls(cpu);
	__asm__ volatile("tlbi vmalls12e1; dsb nsh; ic iallu; dsb nsh" : : : "memory");
	write_sysreg(entry, elr_el2);
	write_sysreg(SPSR_MODE_EL1H | SPSR_DAIF, spsr_el2);
	isb();
}
