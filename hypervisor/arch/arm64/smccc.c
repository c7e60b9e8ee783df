/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMC and HVC of guests: PSCI 1.1 (DEN 0022) for the cell's own CPUs, SMCCC 1.1 (DEN 0028) queries and workarounds,
 * hypercalls. Everything else is answered with "not supported"; no call stops a CPU.
 */
#include "bulkhead/hypercall_codes.h"
#include "cell.h"
#include "control.h"
#include "hypercall.h"
#include "power.h"
#include "smccc.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"
#include "psci.h"
#include "trap.h"

#define NOT_SUPPORTED		(-1L)
#define PSCI_DENIED		(-3L)
#define PSCI_ALREADY_ON		(-4L)

#define SMCCC_VERSION		0x80000000U
#define SMCCC_ARCH_FEATURES	0x80000001U
#define SMCCC_WORKAROUND_2	0x80007fffU
#define SMCCC_VERSION_1_1	0x00010001L
#define PSCI_VERSION_1_1	0x00010001L

#define FID_SMC64		0x40000000U

#define PSCI_VERSION		0x84000000U
#define PSCI_CPU_SUSPEND	0x84000001U
#define PSCI_CPU_OFF		0x84000002U
#define PSCI_CPU_ON		0x84000003U
#define PSCI_AFFINITY_INFO	0x84000004U
#define PSCI_FEATURES		0x8400000aU

/* What there is in either calling convention, by number */
#define PSCI_NUMBER(function)	((function) & 31)
#define PSCI_BIT(function)	(1U << PSCI_NUMBER(function))
#define PSCI_SMC64_CALLS	(PSCI_BIT(PSCI_CPU_SUSPEND) | PSCI_BIT(PSCI_CPU_ON) | PSCI_BIT(PSCI_AFFINITY_INFO))
#define PSCI_SMC32_CALLS	(PSCI_SMC64_CALLS | PSCI_BIT(PSCI_VERSION) | PSCI_BIT(PSCI_CPU_OFF) | PSCI_BIT(PSCI_FEATURES) | \
				 PSCI_BIT(PSCI_SYSTEM_OFF) | PSCI_BIT(PSCI_SYSTEM_RESET))

/* What the firmware offers, asked once; per CPU answers are the same on all machines known. */
static const uint32_t workarounds[] = { 0x80008000, SMCCC_WORKAROUND_2, 0x80003fff };
static bool has_workaround[ARRAY_SIZE(workarounds)];

int64_t call_firmware(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : :
			 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
			 "x17", "memory");
	return (int64_t)x0;
}

void smccc_setup(void)
{
	/* SMCCC_VERSION exists where PSCI_FEATURES says so (DEN 0028, 7.1); EL3 may be absent on a toy machine, but
	 * then PSCI and with it Linux SMP would be, too. */
	if ((int32_t)call_firmware(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0)
		return;
	if ((int32_t)call_firmware(SMCCC_VERSION, 0, 0, 0) < SMCCC_VERSION_1_1)
		return;
	for (uint32_t n = 0; n < ARRAY_SIZE(workarounds); n++)
		has_workaround[n] = (int32_t)call_firmware(SMCCC_ARCH_FEATURES, workarounds[n], 0, 0) >= 0;
}

void smccc_reset(void)
{
	if (has_workaround[1])
		call_firmware(SMCCC_WORKAROUND_2, 1, 0, 0);
}

/* In their convention, arguments have 32 or 64 bits. */
static int64_t psci_cpu_on(const struct trap_frame *frame, struct percpu *cpu, uint32_t function)
{
	uint64_t mask = function & FID_SMC64 ? UINT64_MAX : UINT32_MAX;
	struct percpu *other = cpu_in_cell(cpu->cell, frame->x[1] & mask);

	if (!other)
		return PSCI_DENIED;
	return cpu_switch_on(other, frame->x[2] & mask, frame->x[3] & mask) ? 0 : PSCI_ALREADY_ON;
}

static int64_t psci_affinity_info(struct percpu *cpu, uint64_t target)
{
	struct percpu *other = cpu_in_cell(cpu->cell, target);

	if (!other)
		return PSCI_DENIED;
	return other->run_state == CPU_RUNNING || other->reset_request ? 0 : 1;
}

static bool is_psci_call(uint32_t function)
{
	uint32_t calls = function & FID_SMC64 ? PSCI_SMC64_CALLS : PSCI_SMC32_CALLS;

	return ((function & ~FID_SMC64) ^ PSCI_VERSION) < 32 && (calls >> PSCI_NUMBER(function) & 1);
}

static int64_t psci_features(uint32_t function)
{
	if (function == SMCCC_VERSION)
		return 0;
	if (!is_psci_call(function) ||
	    ((function == PSCI_SYSTEM_OFF || function == PSCI_SYSTEM_RESET) && !may_end_machine()))
		return NOT_SUPPORTED;
	return 0;
}

/* Waits in place for an interrupt; one that is only virtual so far does not wake the physical WFI. */
static void psci_cpu_suspend(struct percpu *cpu)
{
	vgic_flush(cpu);
	if (!vgic_has_pending(cpu)) {
		dsb(sy);
		wfi();
	}
}

static int64_t psci_call(const struct trap_frame *frame, struct percpu *cpu, uint32_t function)
{
	switch (is_psci_call(function) ? PSCI_NUMBER(function) : UINT32_MAX) {
	case PSCI_NUMBER(PSCI_VERSION):
		return PSCI_VERSION_1_1;
	case PSCI_NUMBER(PSCI_CPU_SUSPEND):
		psci_cpu_suspend(cpu);
		return 0;
	case PSCI_NUMBER(PSCI_CPU_OFF):
		cpu_switch_off();
		return (int64_t)frame->x[0];	/* the CPU has been reset */
	case PSCI_NUMBER(PSCI_CPU_ON):
		return psci_cpu_on(frame, cpu, function);
	case PSCI_NUMBER(PSCI_AFFINITY_INFO):
		return psci_affinity_info(cpu, frame->x[1]);
	case PSCI_NUMBER(PSCI_SYSTEM_OFF):
	case PSCI_NUMBER(PSCI_SYSTEM_RESET):
		machine_end_for_cell(function == PSCI_SYSTEM_RESET);
		break;
	case PSCI_NUMBER(PSCI_FEATURES):
		return psci_features((uint32_t)frame->x[1]);
	}
	return NOT_SUPPORTED;
}

static bool offers_workaround(uint32_t function)
{
#pragma GCC unroll 1
	for (uint32_t n = 0; n < ARRAY_SIZE(workarounds); n++)
		if (workarounds[n] == function)
			return has_workaround[n];
	return false;
}

static int64_t arch_call(uint32_t function, uint32_t argument)
{
	if (function == SMCCC_VERSION)
		return SMCCC_VERSION_1_1;
	if (function == SMCCC_ARCH_FEATURES)
		return argument == SMCCC_ARCH_FEATURES || argument == SMCCC_VERSION || offers_workaround(argument) ?
		       0 : NOT_SUPPORTED;
	if (!offers_workaround(function))
		return NOT_SUPPORTED;
	/* the others have no argument */
	return call_firmware(function, function == SMCCC_WORKAROUND_2 ? argument : 0, 0, 0);
}

void trap_smc(struct trap_frame *frame, uint64_t esr)
{
	struct percpu *cpu = this_cpu();
	uint32_t function = (uint32_t)frame->x[0];

	(void)esr;
	/* a trapped SMC has not been executed: ELR_EL2 is its own address */
	skip_instruction();
	if ((function >> 24 & 0x3f) == 4 && function >> 31) {
		cpu->exits[CPU_EXIT_PSCI]++;
		frame->x[0] = (uint64_t)psci_call(frame, cpu, function);
		return;
	}
	cpu->exits[CPU_EXIT_SMCCC]++;
	frame->x[0] = (uint64_t)((function >> 24 & 0x3f) == 0 && function >> 31 ?
				 arch_call(function, (uint32_t)frame->x[1]) : NOT_SUPPORTED);
}

void trap_hvc(struct trap_frame *frame, uint64_t esr)
{
	struct percpu *cpu = this_cpu();

	if ((esr & 0xffff) != HC_IMMEDIATE || ESR_EC(esr) == EC_HVC32) {
		/* e.g. KVM of the root cell looking for its stub */
		cpu->exits[CPU_EXIT_HVC]++;
		frame->x[0] = (uint64_t)NOT_SUPPORTED;
		return;
	}
	cpu->exits[CPU_EXIT_HYPERCALL]++;
	frame->x[0] = (uint64_t)hypercall(frame->x[0], frame->x[1], frame->x[2]);
	if (cpu_has_requests(cpu))
		cpu_handle_events();
}

void arch_system_off(void)
{
	call_firmware(PSCI_SYSTEM_OFF, 0, 0, 0);
	arch_halt();
}

void arch_system_reset(void)
{
	call_firmware(PSCI_SYSTEM_RESET, 0, 0, 0);
	arch_halt();
}
