/* SPDX-License-Identifier: BSD-2-Clause */
/* Trapped system registers. */
#include "asm/sysreg.h"
#include "gic.h"
#include "trap.h"

#define SYSREG_ISS_MASK	SYSREG_ISS(3UL, 7UL, 15UL, 15UL, 7UL)

void trap_sgi(struct percpu *cpu, uint64_t value)
{
	cpu->exits[CPU_EXIT_SGI]++;
	skip_word();
	vgic_send_sgi(cpu, value);
}

void trap_sysreg(struct trap_frame *frame, uint64_t esr)
{
	struct percpu *cpu = this_cpu();
	uint32_t iss = ESR_ISS(esr) & SYSREG_ISS_MASK;
	uint32_t rt = esr >> 5 & 0x1f;
	bool is_read = esr & 1;
	uint64_t value = 0;

	cpu->exits[iss == ISS_SGI1R ? CPU_EXIT_SGI : CPU_EXIT_SYSREG]++;
	if (iss == ISS_SGI1R && !is_read) {
		vgic_send_sgi(cpu, guest_reg(frame, rt));
		skip_instruction();
		return;
	}
	/* what else is written has no effect */
	switch (iss) {
	case SYSREG_ISS(3, 0, 1, 0, 1):
		value = read_sysreg(actlr_el1);
		break;
	/* HCR_EL2.ATA is 0: a kernel that finds tags among the features may set them up */
	case SYSREG_ISS(3, 0, 1, 0, 5):		/* RGSR_EL1 */
	case SYSREG_ISS(3, 0, 1, 0, 6):		/* GCR_EL1 */
	case SYSREG_ISS(3, 0, 5, 6, 0):		/* TFSR_EL1 */
	case SYSREG_ISS(3, 0, 5, 6, 1):		/* TFSRE0_EL1 */
		break;
	/* Groups 0 and secure 1 do not exist for guests: nobody receives these */
	case SYSREG_ISS(3, 0, 12, 11, 6):	/* ICC_ASGI1R_EL1 */
	case SYSREG_ISS(3, 0, 12, 11, 7):	/* ICC_SGI0R_EL1 */
		if (!is_read)
			break;
		/* fall through */
	default:
		inject_undefined();
		return;
	}
	if (is_read)
		set_guest_reg(frame, rt, value);
	skip_instruction();
}
