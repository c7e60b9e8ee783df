/* SPDX-License-Identifier: BSD-2-Clause */
/* Trapped system registers. */
#include "asm/sysreg.h"
#include "gic.h"
#include "trap.h"

#define SYSREG_ISS_MASK	SYSREG_ISS(3UL, 7UL, 15UL, 15UL, 7UL)

struct trapped_register {
	uint32_t iss;
	uint64_t (*read)(void);				/* NULL: undefined */
	void (*write)(struct percpu *cpu, uint64_t value);
};

static uint64_t read_actlr(void)
{
	return read_sysreg(actlr_el1);
}

static uint64_t read_zero(void)
{
	return 0;
}

static void ignore_write(struct percpu *cpu, uint64_t value)
{
	(void)cpu;
	(void)value;
}

static const struct trapped_register registers[] = {
	{ .iss = ISS_SGI1R, .write = vgic_send_sgi },				/* ICC_SGI1R_EL1 */
	/* Groups 0 and secure 1 do not exist for guests: nobody receives these */
	{ .iss = SYSREG_ISS(3, 0, 12, 11, 6), .write = ignore_write },		/* ICC_ASGI1R_EL1 */
	{ .iss = SYSREG_ISS(3, 0, 12, 11, 7), .write = ignore_write },		/* ICC_SGI0R_EL1 */
	{ .iss = SYSREG_ISS(3, 0, 1, 0, 1), .read = read_actlr, .write = ignore_write },
	/* HCR_EL2.ATA is 0: a kernel that finds tags among the features may set them up, without effect */
	{ .iss = SYSREG_ISS(3, 0, 1, 0, 5), .read = read_zero, .write = ignore_write },		/* RGSR_EL1 */
	{ .iss = SYSREG_ISS(3, 0, 1, 0, 6), .read = read_zero, .write = ignore_write },		/* GCR_EL1 */
	{ .iss = SYSREG_ISS(3, 0, 5, 6, 0), .read = read_zero, .write = ignore_write },		/* TFSR_EL1 */
	{ .iss = SYSREG_ISS(3, 0, 5, 6, 1), .read = read_zero, .write = ignore_write },		/* TFSRE0_EL1 */
};

void trap_sgi(struct percpu *cpu, uint64_t value)
{
	cpu->exits[CPU_EXIT_SGI]++;
	skip_word();
	vgic_send_sgi(cpu, value);
}

void trap_sysreg(struct trap_frame *frame, uint64_t esr)
{
	uint32_t iss = ESR_ISS(esr) & SYSREG_ISS_MASK;
	uint32_t rt = esr >> 5 & 0x1f;
	bool is_read = esr & 1;

	this_cpu()->exits[iss == ISS_SGI1R ? CPU_EXIT_SGI : CPU_EXIT_SYSREG]++;
	for (uint32_t i = 0; i < ARRAY_SIZE(registers); i++) {
		const struct trapped_register *reg = &registers[i];

		if (reg->iss != iss)
			continue;
		if (is_read ? !reg->read : !reg->write)
			break;
		if (is_read)
			set_guest_reg(frame, rt, reg->read());
		else
			reg->write(this_cpu(), guest_reg(frame, rt));
		skip_instruction();
		return;
	}
	inject_undefined();
}
