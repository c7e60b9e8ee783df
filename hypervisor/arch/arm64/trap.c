/* SPDX-License-Identifier: BSD-2-Clause */
/* Synchronous exceptions from guests: exception class -> handler; exceptions injected into guests. */
#include "bulkhead/crash_registers.h"
#include "cell.h"
#include "console.h"
#include "control.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "trap.h"

#define PSTATE_PAN	(1UL << 22)
#define PSTATE_DIT	(1UL << 24)
#define PSTATE_SSBS	(1UL << 12)
#define SCTLR_EL1_SPAN	(1UL << 23)
#define SCTLR_EL1_DSSBS	(1UL << 44)

typedef void (*trap_handler_t)(struct trap_frame *frame, uint64_t esr);

static void trap_undefined(struct trap_frame *frame, uint64_t esr)
{
	(void)frame;
	(void)esr;
	this_cpu()->exits[CPU_EXIT_OTHER_CLASS]++;
	inject_undefined();
}

static void trap_wfx(struct trap_frame *frame, uint64_t esr)
{
	(void)frame;
	(void)esr;
	this_cpu()->exits[CPU_EXIT_WFX]++;
	skip_instruction();
}

enum { HANDLE_UNDEFINED, HANDLE_WFX, HANDLE_HVC, HANDLE_SMC, HANDLE_SYSREG, HANDLE_FETCH, HANDLE_DATA };

/* Each of them counts the exit, before it does anything that may take the CPU from its cell. */
static const trap_handler_t handlers[] = {
	[HANDLE_UNDEFINED] = trap_undefined,
	[HANDLE_WFX] = trap_wfx,
	[HANDLE_HVC] = trap_hvc,
	[HANDLE_SMC] = trap_smc,
	[HANDLE_SYSREG] = trap_sysreg,
	[HANDLE_FETCH] = trap_instruction_abort,
	[HANDLE_DATA] = trap_data_abort,
};

/* By exception class */
static const uint8_t classes[64] = {
	[EC_WFX] = HANDLE_WFX,
	[EC_HVC32] = HANDLE_HVC,
	[EC_SMC32] = HANDLE_SMC,
	[EC_HVC64] = HANDLE_HVC,
	[EC_SMC64] = HANDLE_SMC,
	[EC_SYS64] = HANDLE_SYSREG,
	[EC_IABT_LOW] = HANDLE_FETCH,
	[EC_DABT_LOW] = HANDLE_DATA,
};

void trap_sync(struct trap_frame *frame, uint64_t esr)
{
	handlers[classes[ESR_EC(esr)]](frame, esr);
}

COLD void trap_serror(struct trap_frame *frame)
{
	(void)frame;
	/* Caused by an access of this guest, so it is the guest that has to know (DDI 0487, HCR_EL2.VSE) */
	this_cpu()->exits[CPU_EXIT_SERROR]++;
	if (!this_cpu()->arch.serror_seen)
		console_printf("CPU %u: SError from %pC, passed on to it\n", this_cpu()->cpu_id,
			       &this_cpu()->cell->config);
	this_cpu()->arch.serror_seen = true;
	write_sysreg(read_sysreg(hcr_el2) | HCR_VSE, hcr_el2);
}

COLD void trap_hypervisor_fault(struct trap_frame *frame, uint64_t kind, uint64_t sp)
{
	struct bh_crash_registers registers = {
		.esr = read_sysreg(esr_el2),
		.elr = read_sysreg(elr_el2),
		.far = read_sysreg(far_el2),
		.sp = sp,
		.spsr = read_sysreg(spsr_el2),
	};

	__builtin_memcpy(registers.x, frame->x, sizeof(registers.x));
	registers.x[6] = registers.x[7] = 0;
	panic_at(&registers, (uint32_t)kind, "exception in the hypervisor: vector %lu, ESR 0x%lx, ELR 0x%lx, FAR 0x%lx, SP 0x%lx",
		 (unsigned long)kind, (unsigned long)registers.esr, (unsigned long)registers.elr,
		 (unsigned long)registers.far, (unsigned long)sp);
}

void skip_instruction(void)
{
	uint64_t spsr = read_sysreg(spsr_el2);

	write_sysreg(read_sysreg(elr_el2) + (read_sysreg(esr_el2) & ESR_IL ? 4 : 2), elr_el2);
	spsr = spsr & SPSR_MODE_AA32 ? it_advance(spsr) : spsr & ~SPSR_BTYPE;
	write_sysreg(spsr & ~SPSR_SS, spsr_el2);
}

static void take_exception(uint64_t esr, bool with_far)
{
	uint64_t spsr = read_sysreg(spsr_el2);
	uint64_t mode = spsr & SPSR_MODE_MASK;
	uint64_t sctlr = read_sysreg(sctlr_el1);
	uint64_t state = SPSR_MODE_EL1H | SPSR_DAIF | (spsr & (PSTATE_PAN | PSTATE_DIT));
	uint64_t vector = read_sysreg(vbar_el1);

	if (spsr & SPSR_MODE_AA32)
		vector += 0x600;
	else if (mode == SPSR_MODE_EL0T)
		vector += 0x400;
	else if (mode == SPSR_MODE_EL1H)
		vector += 0x200;
	if (!(sctlr & SCTLR_EL1_SPAN) && id_field(id_aa64mmfr1_el1, 20))
		state |= PSTATE_PAN;
	if (sctlr & SCTLR_EL1_DSSBS)
		state |= PSTATE_SSBS;
	write_sysreg(spsr, spsr_el1);
	write_sysreg(read_sysreg(elr_el2), elr_el1);
	write_sysreg(esr, esr_el1);
	if (with_far)
		write_sysreg(read_sysreg(far_el2), far_el1);
	write_sysreg(vector, elr_el2);
	write_sysreg(state, spsr_el2);
}

COLD void inject_undefined(void)
{
	/* EC 0: unknown reason */
	take_exception(read_sysreg(esr_el2) & ESR_IL, false);
}

void inject_external_abort(bool instruction)
{
	uint64_t from_el0 = (read_sysreg(spsr_el2) & SPSR_MODE_MASK) == SPSR_MODE_EL0T ||
			    (read_sysreg(spsr_el2) & SPSR_MODE_AA32);
	uint64_t ec = instruction ? 0x21 : 0x25;

	if (from_el0)
		ec--;
	/* DFSC/IFSC 010000: synchronous external abort, not on a table walk */
	take_exception(ec << 26 | (read_sysreg(esr_el2) & ESR_IL) | 0x10, true);
}

COLD void record_guest(volatile struct bh_fault *fault, const struct trap_frame *frame)
{
	fault->pc = read_sysreg(elr_el2);
	fault->pstate = read_sysreg(spsr_el2);
	for (uint32_t n = 0; n < ARRAY_SIZE(fault->x); n++)
		fault->x[n] = frame->x[n];
}

static void record_fault(struct cell *cell, const struct trap_frame *frame, uint64_t address, uint32_t kind,
			 uint32_t flags, uint32_t size)
{
	volatile struct bh_fault *fault = cell_fault_begin(cell);

	if (!fault)
		return;
	fault->kind = kind;
	fault->flags = flags;
	fault->size = size;
	fault->address = address;
	fault->virtual_address = read_sysreg(far_el2);
	fault->syndrome = read_sysreg(esr_el2);
	record_guest(fault, frame);
	cell_fault_end(fault);
}

COLD void guest_violation(struct trap_frame *frame, uint32_t kind, uint32_t flags, uint32_t size)
{
	struct percpu *cpu = this_cpu();
	uint64_t address = fault_address();

	record_fault(cpu->cell, frame, address, kind, flags | (cpu->cell->is_root ? BH_FAULT_ABORTED : 0), size);
	if (cpu->cell->is_root) {
		inject_external_abort(kind == BH_FAULT_FETCH);
		return;
	}
	/* once per start: other CPUs of the cell could switch it on, and it fail, again and again */
	if (!cpu->failed) {
		cpu->arch.violation = (struct violation){ kind, address, read_sysreg(esr_el2), read_sysreg(elr_el2),
							  read_sysreg(far_el2) };
		cpu->report = REPORT_VIOLATION;
	}
	cpu_fail();
}

COLD void arch_report_violation(const struct percpu *cpu, uint32_t left)
{
	static const char *const what[] = {
		[BH_FAULT_READ] = "read of memory it does not have",
		[BH_FAULT_WRITE] = "write to memory it does not have",
		[BH_FAULT_FETCH] = "instruction fetch from memory it does not have",
	};
	const struct violation *violation = &cpu->arch.violation;
	uint32_t n = 4 * (VIOLATION_LINES - 3 - left);
	const uint64_t *x = frame_of(cpu)->x + n;

	if (left == VIOLATION_LINES - 1)
		console_printf_about(cpu->cell, "%pC, CPU %u: %pT at 0x%lx: CPU stopped\n", &cpu->cell->config, cpu->cpu_id,
				     what[violation->kind], (unsigned long)violation->address);
	else if (left == VIOLATION_LINES - 2)
		console_printf("  ESR 0x%lx, PC 0x%lx, virtual 0x%lx\n", (unsigned long)violation->syndrome,
			       (unsigned long)violation->pc, (unsigned long)violation->virtual_address);
	else if (left)
		console_printf("  x%u: %016lx %016lx %016lx %016lx\n", n, (unsigned long)x[0], (unsigned long)x[1],
			       (unsigned long)x[2], (unsigned long)x[3]);
	else
		console_printf("  x28: %016lx %016lx lr %016lx\n", (unsigned long)x[0], (unsigned long)x[1],
			       (unsigned long)x[2]);
}
