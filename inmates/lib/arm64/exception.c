/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions of the inmate itself: interrupts go to the GIC driver, everything else ends in a report.
 */
#include <cpu.h>
#include <inmate.h>

#include "internal.h"

struct exception_frame {
	uint64_t x29, x30;
	uint64_t x[19];
	uint64_t elr;
	uint64_t spsr;
};

_Static_assert(offsetof(struct exception_frame, elr) == 168, "header.S stores ELR there");
_Static_assert(offsetof(struct exception_frame, spsr) == 176, "header.S stores SPSR there");

/* Vector slots: 4 groups (EL1 with SP_EL0, EL1, EL0 64-bit, EL0 32-bit) of 4 kinds */
#define SLOT_EL1_SYNC	4u
#define SLOT_EL1_IRQ	5u

#define ESR_EC(esr)	(((esr) >> 26) & 0x3f)
#define EC_UNKNOWN	0x00u
#define EC_HVC64	0x16u
#define EC_SMC64	0x17u
#define EC_FETCH_ABORT	0x21u
#define EC_DATA_ABORT	0x25u

static const char *const slot_kinds[4] = { "synchronous exception", "IRQ", "FIQ", "SError" };

static struct {
	volatile bool armed;
	volatile uint64_t esr;
} probe;

void probe_begin(void)
{
	probe.esr = 0;
	probe.armed = true;
	__asm__ volatile("" : : : "memory");
}

uint64_t probe_end(void)
{
	barrier_full();
	probe.armed = false;
	return probe.esr;
}

static const char *class_name(unsigned int class)
{
	switch (class) {
	case EC_UNKNOWN:
		return "undefined instruction";
	case EC_FETCH_ABORT:
		return "instruction abort";
	case EC_DATA_ABORT:
		return "data abort";
	case EC_HVC64:
		return "HVC";
	case EC_SMC64:
		return "SMC";
	default:
		return "other class";
	}
}

void exception_dispatch(struct exception_frame *frame, unsigned int slot)
{
	uint64_t esr;

	if (slot == SLOT_EL1_IRQ) {
		irq_dispatch();
		return;
	}

	esr = read_sysreg(esr_el1);
	if (slot == SLOT_EL1_SYNC && probe.armed) {
		if (!probe.esr)
			probe.esr = esr | (1ull << 63);	/* never 0, also for class 0 */
		/* A fetch abort has no next instruction: go back to the caller of the bad address */
		if (ESR_EC(esr) == EC_FETCH_ABORT)
			frame->elr = frame->x30;
		else
			frame->elr += 4;
		return;
	}

	printk("inmate: %s (slot %u), %s: ESR %08llx ELR %016llx FAR %016llx SPSR %08llx\n",
	       slot_kinds[slot % 4], slot, class_name((unsigned int)ESR_EC(esr)), (unsigned long long)esr,
	       (unsigned long long)frame->elr, (unsigned long long)read_sysreg(far_el1),
	       (unsigned long long)frame->spsr);
	for (unsigned int n = 0; n < 18; n += 3)
		printk("inmate: x%-2u %016llx x%-2u %016llx x%-2u %016llx\n",
		       n, (unsigned long long)frame->x[n], n + 1, (unsigned long long)frame->x[n + 1],
		       n + 2, (unsigned long long)frame->x[n + 2]);
	printk("inmate: x18 %016llx x29 %016llx x30 %016llx; stopped\n", (unsigned long long)frame->x[18],
	       (unsigned long long)frame->x29, (unsigned long long)frame->x30);
	stop();
}
