/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU: barriers, interrupts, exceptions, MMU, calls to firmware and hypervisor. Implemented in <arch>/.
 */
#ifndef INMATE_CPU_H
#define INMATE_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/sysreg.h>

/* What the CPU held at the very first instruction, for checks of the start state */
struct entry_state {
	uint64_t general_or;	/* x0..x30 and both SPs, ORed */
	uint64_t fp_or;		/* all bits of v0..v31, ORed into 64 */
	uint64_t current_el;
	uint64_t daif;
	uint64_t sctlr;
	uint64_t cpacr;
	uint64_t el1_or;	/* VBAR, TTBR0/1, TCR, MAIR, CONTEXTIDR, TPIDR*, ESR, FAR, CNT*_CTL, ORed */
};

extern const struct entry_state entry_state;

/* --- interrupts; masked when inmate_main() starts --- */

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

/* Sleeps until an interrupt is pending, masked or not */
static inline void wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/*
 * One sleep of a main loop. Call it with interrupts masked after having found nothing to do: an
 * interrupt that arrives in between is pending and ends the sleep at once. Handlers run inside, masked
 * again on return.
 */
static inline void irq_sleep(void)
{
	wait_for_interrupt();
	irq_enable();
	__asm__ volatile("isb" : : : "memory");
	irq_disable();
}

static inline void barrier_full(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void barrier_memory(void)
{
	__asm__ volatile("dmb ish" : : : "memory");
}

/* --- address translation: identity, 4 KiB granule --- */

#define MAP_NORMAL	0x0u	/* write-back, inner shareable */
#define MAP_DEVICE	0x1u	/* nGnRnE */
#define MAP_READ_ONLY	0x2u
#define MAP_EXECUTE	0x4u

/* Maps [start, start + size), widened to pages; a page that is mapped already gets the new attributes */
void map(uint64_t start, uint64_t size, unsigned int attributes);

/* --- exceptions ---
 * An exception ends the inmate with a report, unless it happens inside a probe: then it is swallowed and the
 * instruction behind goes on.
 */
void probe_begin(void);
/* ESR of the first exception since probe_begin(), 0 if there was none */
uint64_t probe_end(void);

/* --- calls --- */

struct smc_result {
	uint64_t x0, x1, x2, x3;
};

struct smc_result smc_call(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
int64_t hypercall(uint64_t code, uint64_t a1, uint64_t a2);

#define PSCI_VERSION		0x84000000u
#define PSCI_CPU_SUSPEND	0xc4000001u
#define PSCI_CPU_OFF		0x84000002u
#define PSCI_CPU_ON		0xc4000003u
#define PSCI_AFFINITY_INFO	0xc4000004u
#define PSCI_SYSTEM_OFF		0x84000008u
#define PSCI_FEATURES		0x8400000au
#define SMCCC_VERSION		0x80000000u
#define SMCCC_ARCH_FEATURES	0x80000001u

/* Affinity fields of this CPU, the form PSCI wants */
static inline uint64_t cpu_affinity(void)
{
	return read_sysreg(mpidr_el1) & 0xff00ffffffull;
}

#endif
