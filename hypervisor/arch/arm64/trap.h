/* SPDX-License-Identifier: BSD-2-Clause */
/* Traps from guests: entry points of vectors.S and fast_entry.S, and what their handlers share. */
#ifndef BULKHEAD_ARM64_TRAP_H
#define BULKHEAD_ARM64_TRAP_H

#include "mmio.h"
#include "percpu.h"

struct bh_fault;
struct mmio_access;

void trap_sync(struct trap_frame *frame, uint64_t esr);

/* Syndromes of data aborts (DDI 0487, D17.2.37) */
#define ISS_ISV		(1UL << 24)
#define ISS_SSE		(1UL << 21)
#define ISS_SAS		(3UL << 22)
#define ISS_SAS_4	(2UL << 22)		/* four bytes */
#define ISS_WNR		(1UL << 6)
#define ISS_CM		(1UL << 8)
#define ISS_S1PTW	(1UL << 7)
#define FSC_TYPE(esr)	((esr) & 0x3c)
#define FSC_TRANSLATION	0x04

/* An access that is described, of a 32-bit instruction, not sign-extended, to what is not mapped: bits that count, their values */
#define LIGHT_BITS	(0x3fUL << 26 | ESR_IL | ISS_ISV | ISS_SSE | ISS_CM | ISS_S1PTW | FSC_TYPE(UINT64_MAX))
#define LIGHT_ABORT	((uint64_t)EC_DABT_LOW << 26 | ESR_IL | ISS_ISV | FSC_TRANSLATION)

/*
 * Such an abort that is an access to the page of the last one that came to a device is done, and the result is true; else nothing
 * has happened. Of x20 to x30 nothing has to be in the frame but the register of the access.
 */
bool trap_light(struct trap_frame *frame, uint64_t esr);
/* A write to ICC_SGI1R_EL1. Of the guest's registers the frame has those that C does not preserve. */
void trap_sgi(struct percpu *cpu, uint64_t value);
/* A kick was acknowledged that no request came with, but an SGI perhaps, or nothing: done, and true. Else nothing has happened. */
bool trap_light_kick(void);
/* intid: what the entry code has acknowledged. dropped: and whose priority it has dropped */
void trap_irq(struct trap_frame *frame, uint32_t intid, bool dropped);
void trap_fiq(struct trap_frame *frame);
void trap_serror(struct trap_frame *frame);
void trap_hypervisor_fault(struct trap_frame *frame, uint64_t kind, uint64_t sp) __attribute__((noreturn));

/* Handlers of one exception class each */
void trap_data_abort(struct trap_frame *frame, uint64_t esr);
void trap_instruction_abort(struct trap_frame *frame, uint64_t esr);
void trap_sysreg(struct trap_frame *frame, uint64_t esr);
void trap_smc(struct trap_frame *frame, uint64_t esr);
void trap_hvc(struct trap_frame *frame, uint64_t esr);

/* Register 31 is the zero register in all trapped instructions. */
static inline uint64_t guest_reg(const struct trap_frame *frame, uint64_t n)
{
	return n < 31 ? frame->x[n] : 0;
}

static inline void set_guest_reg(struct trap_frame *frame, uint64_t n, uint64_t value)
{
	if (n < 31)
		frame->x[n] = value;
}

/* ESR_EL2.SRT: register of a load or store that is described */
static inline uint64_t access_register(uint64_t esr)
{
	return esr >> 16 & 0x1f;
}

/* HPFAR_EL2.FIPA is bits 47..12 of the address; valid for translation faults (DDI 0487, D17.2.61) */
static inline uint64_t fault_address(void)
{
	return (read_sysreg(hpfar_el2) & 0xfffffffff0UL) << 8 | (read_sysreg(far_el2) & (PAGE_SIZE - 1));
}

/*
 * The guest goes on behind its instruction, which has been done: also if it is stepped through, is the target of a branch, or
 * one of an IT block (DDI 0487, D2.12.5, D1.4.1; AArch32.ITAdvance).
 */
void skip_instruction(void);

/* AArch32: an instruction of an IT block is done. IT[4:0] move up; where IT[2:0] are 0, it was the last one (AArch32.ITAdvance). */
static inline uint64_t it_advance(uint64_t spsr)
{
	uint64_t it = (spsr & SPSR_IT_HIGH) >> 8 | (spsr & SPSR_IT_LOW) >> 25;

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	return (spsr & ~SPSR_IT_HIGH & ~SPSR_IT_LOW) | (it << 8 & SPSR_IT_HIGH) | (it << 25 & SPSR_IT_LOW);
}

/* For calls of the entry code, which leaves guests that are stepped through, or have 32 bits, to trap_sync(). */
static inline void skip_word(void)
{
	write_sysreg(read_sysreg(elr_el2) + 4, elr_el2);
}

/* An access with a syndrome was done, and its handler says how it may be done again: the entry code does so from now on. */
void fast_remember(const struct trap_frame *frame, uint64_t esr, const struct mmio_window *window, uint64_t offset,
		   union mmio_again again);

/* pc, pstate and x of a record, of the guest of the calling CPU. */
void record_guest(volatile struct bh_fault *fault, const struct trap_frame *frame);

/* Registers of the guest of a CPU that is in the hypervisor */
static inline struct trap_frame *frame_of(const struct percpu *cpu)
{
	return (struct trap_frame *)stack_top(cpu) - 1;
}

/* Exceptions taken by the guest at EL1, as the hardware would (DDI 0487, AArch64.TakeException). */
void inject_undefined(void);
void inject_external_abort(bool instruction);

/*
 * An access to something the cell does not have, or another violation. The root cell gets an abort, because a
 * mistake of one of its programs must not cost it a CPU; any other cell's CPU fails. kind, flags and size
 * are those of struct bh_fault.
 */
void guest_violation(struct trap_frame *frame, uint32_t kind, uint32_t flags, uint32_t size);

#endif
