/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs that come from firmware: what Linux would have prepared at EL2, whatever is there; PSCI as its caller (DEN 0022). */
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "asm/sysreg.h"
#include "boot_arch.h"
#include "controls.h"
#include "gic.h"
#include "psci.h"
#include "smccc.h"

#define CPTR_EL2_RES1		0x33ffUL
#define ZCR_LEN_ALL		0x1ffUL
#define SMCR_LEN_ALL		0xfUL
#define SMCR_FA64		(1UL << 31)
#define SMFR0_FA64		(1UL << 63)
#define CNTHCTL_EL1_ACCESS	0x3UL	/* EL1PCTEN, EL1PCEN */

extern char firmware_secondary[];

/* What the ID registers show to EL1 it can use: the vector extensions, and no fine-grained trap is on. */
static void allow_extensions(void)
{
	bool sve = id_field(id_aa64pfr0_el1, 32), sme = id_field(id_aa64pfr1_el1, 24);
	uint64_t controls[NUM_CONTROLS * CONTROL_STRIDE] = { 0 };

	write_sysreg(CPTR_EL2_RES1 & ~(sve ? CPTR_TZ : 0) & ~(sme ? CPTR_TSM : 0), cptr_el2);
	isb();
	if (sve)
		write_sysreg(ZCR_LEN_ALL, ZCR_EL2);
	if (sme) {
		write_sysreg(SMCR_LEN_ALL | (read_sysreg(ID_AA64SMFR0_EL1) & SMFR0_FA64 ? SMCR_FA64 : 0), SMCR_EL2);
		write_sysreg(0, SMPRIMAP_EL2);
		write_sysreg(0, SVCR);	/* in streaming mode, clearing the vector registers is undefined */
	}
	controls_init(controls);
	controls_swap(controls);
}

/* Timers of EL2, whose interrupts a guest could have; the physical one is the hypervisor's own when it needs one. */
static void stop_timers(void)
{
	write_sysreg(0, cnthp_ctl_el2);
	if (id_field(id_aa64mmfr1_el1, 8))
		write_sysreg(0, CNTHV_CTL_EL2);
}

void arch_init_from_firmware(void)
{
	/* pointer authentication and memory tagging are EL1's; no effect where they are not there */
	write_sysreg(HCR_RW | HCR_AMO | HCR_API | HCR_APK | HCR_ATA, hcr_el2);
	arm64_drain_serror();
	allow_extensions();
	zero_sysregs(hstr_el2, hacr_el2, amair_el2, cntvoff_el2);
	write_sysreg(CNTHCTL_EL1_ACCESS, cnthctl_el2);
	stop_timers();
	write_sysreg(read_sysreg(midr_el1), vpidr_el2);
	write_sysreg(read_sysreg(mpidr_el1), vmpidr_el2);
	write_sysreg(SPSR_MODE_EL1H | SPSR_DAIF, spsr_el2);
	if (!gic_has_registers())
		return;		/* refused when there is a console */
	write_sysreg(ICC_SRE_SRE | ICC_SRE_DISABLE_BYPASS | ICC_SRE_ENABLE, ICC_SRE_EL2);
	isb();
	write_sysreg(ICC_SRE_SRE | ICC_SRE_DISABLE_BYPASS, ICC_SRE_EL1);
	isb();
	gic_reset_cpu_interface();
}

int arch_start_cpu(uint32_t cpu, uint64_t mpidr)
{
	int64_t result;

	/* the lines that it reads with its caches off have been written through ours: parameters were in memory before */
	result = (int32_t)call_firmware(PSCI_CPU_ON_64, mpidr, virt_to_host(firmware_secondary).value, cpu);
	if (result)
		return refuse(-EIO, "firmware does not switch CPU %u on, MPIDR 0x%llx (PSCI error %lld): correct mpidr of "
			      "the board", cpu, (unsigned long long)mpidr, (long long)result);
	return 0;
}
