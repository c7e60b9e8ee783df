/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that come in all ways in which the hypervisor may have remembered how it handed them over: one by one, more of
 * them than it has room for, with the same lowest bits, with a priority that has changed since; and such that a CPU did not
 * take. Their cell has the SPIs with INTIDs first=N .. N + 19, and a second CPU, second=MPIDR. IHI 0069 for the registers.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <tap.h>

#include "soak/second.h"

#define GICD_ISENABLER	0x0100u
#define GICD_ISPENDR	0x0200u
#define GICD_ISACTIVER	0x0300u
#define GICD_IPRIORITYR	0x0400u
#define GICD_IROUTER	0x6000u
#define GICR_SGI_BASE	0x10000u

#define SPIS		20u	/* more than list registers, than one exit takes, and than 16 slots */
#define ROUNDS		4u
#define USUAL		0xa0
#define URGENT		0	/* as the hypervisor's own */
#define LOW		0xf0	/* not higher than the mask that gic_setup() sets */
#define MASK_USUAL	0xf0
#define MASK_OPEN	0xf8
#define WAIT_MS		20000u	/* for what has to come, on a loaded host */
#define QUIET_MS	20u
#define PSCI_AFFINITY_INFO	0xc4000004u
#define AFFINITY_OFF		1u

static uint32_t first;
static volatile uint32_t came[1024], total;

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER)
		timer_stop();
	came[intid]++;
	total++;
}

static void pend(uint32_t intid)
{
	io_write32(comm_region()->gicd_base + GICD_ISPENDR + intid / 32 * 4, 1u << (intid % 32));
}

static void set_priority(uint32_t intid, uint8_t priority)
{
	uintptr_t frame = intid < INTID_SPI ? gic_redistributor() + GICR_SGI_BASE : comm_region()->gicd_base;

	io_write8(frame + GICD_IPRIORITYR + intid, priority);
}

/* With interrupts masked; afterwards they are again */
static bool wait_total(uint32_t wanted)
{
	uint64_t start = timer_ticks(), ticks = timer_frequency() * WAIT_MS / 1000;

	while (total < wanted && timer_ticks() - start < ticks) {
		irq_enable();
		__asm__ volatile("isb\n\tyield");
		irq_disable();
	}
	return total >= wanted;
}

static void clear(void)
{
	total = 0;
	for (uint32_t intid = 0; intid < sizeof(came) / sizeof(came[0]); intid++)
		came[intid] = 0;
}

static bool each_came(uint32_t times)
{
	bool good = true;

	for (uint32_t n = 0; n < SPIS; n++)
		good &= came[first + n] == times || (tap_note("%u came %u times", first + n, came[first + n]), false);
	return good && tap_equal("all interrupts", total, SPIS * times);
}

static bool one_by_one(void)
{
	clear();
	for (uint32_t n = 0; n < ROUNDS * SPIS; n++) {
		pend(first + n % SPIS);
		if (!wait_total(n + 1))
			break;
	}
	return each_came(ROUNDS);
}

static bool one_after_itself(void)
{
	clear();
	for (uint32_t n = 0; n < ROUNDS * SPIS; n++) {
		pend(first + n / ROUNDS);
		if (!wait_total(n + 1))
			break;
	}
	return each_came(ROUNDS);
}

/* What is pending comes as soon as the hypervisor can take it: so they get enabled when all are, with few writes. */
static bool all_at_once(void)
{
	clear();
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		for (uint32_t n = 0; n < SPIS; n++) {
			gic_disable(first + n);
			pend(first + n);
		}
		for (uint32_t word = first / 32; word <= (first + SPIS - 1) / 32; word++)
			io_write32(comm_region()->gicd_base + GICD_ISENABLER + 4 * word, ~0u);
		if (!wait_total(round * SPIS))
			break;
	}
	return each_came(ROUNDS);
}

extern void (*const registers_of[31])(uint64_t device, uint64_t after[31]);	/* check_interrupts_asm.S */

/* Every register is stored to a device, and loaded from there; the others stay as they are. */
static bool all_registers(void)
{
	uint64_t device = comm_region()->gicd_base + GICD_IPRIORITYR + first, after[31];
	bool good = true;

	for (uint32_t n = 0; n < 31; n++) {
		registers_of[n](device, after);
		for (uint32_t i = 0; i < 31; i++) {
			uint64_t value = 0x80808080u | (i & 15) << 3 | (i >> 4) << 11;

			if (i == (n == 30 ? 0 : n + 1))
				value = device;
			else if (i != n)
				value |= 0xa5a5000000000000ull | (uint64_t)(0x100 + i) << 32;
			if (after[i] != value) {
				tap_note("register %u, access with %u: 0x%llx, not 0x%llx", i, n,
					 (unsigned long long)after[i], (unsigned long long)value);
				good = false;
			}
		}
	}
	for (uint32_t n = 0; n < 4; n++)
		set_priority(first + n, USUAL);
	return good;
}

static void raise(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER)
		timer_start(1);
	else
		pend(intid);
}

/* Is it held back by the mask, as soon as its priority is low; and let through again? */
static bool priority_counts(uint32_t intid)
{
	bool good = true;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		clear();
		for (uint32_t n = 1; n <= 3; n++) {
			raise(intid);
			good &= wait_total(n);
		}
		set_priority(intid, LOW);
		raise(intid);
		irq_enable();
		timer_delay_ms(QUIET_MS);
		irq_disable();
		good &= tap_equal("interrupts of a low priority", total, 3);
		write_icc(ICC_PMR_EL1, MASK_OPEN);
		good &= wait_total(4);
		write_icc(ICC_PMR_EL1, MASK_USUAL);
		set_priority(intid, USUAL);
	}
	return good;
}

static bool priority_of_spi(void)
{
	return priority_counts(first);
}

static bool priority_of_timer(void)
{
	return priority_counts(INTID_VIRTUAL_TIMER);
}

static struct soak_second second;
static uint8_t second_stack[4096] __attribute__((aligned(64)));

/* Its interrupts are masked, and its interface to the controller is not set up: what comes to it waits in the hypervisor. */
void second_main(void)
{
	second.rounds = 1;
	while (second.mode != SECOND_OFF)
		__asm__ volatile("yield");
	smc_call(PSCI_CPU_OFF, 0, 0, 0);
}

static void route_all(uint64_t cpu)
{
	for (uint32_t n = 0; n < SPIS; n++)
		io_write64(comm_region()->gicd_base + GICD_IROUTER + 8 * (first + n), cpu);
}

static void switch_off(uint64_t cpu)
{
	second.mode = SECOND_OFF;
	while (smc_call(PSCI_AFFINITY_INFO, cpu, 0, 0).x0 != AFFINITY_OFF)
		__asm__ volatile("yield");
}

static uint32_t active(uint32_t intid)
{
	return io_read32(comm_region()->gicd_base + GICD_ISACTIVER + intid / 32 * 4) >> (intid % 32) & 1;
}

/* They come to a CPU that is off, where nobody takes them, and then to this one. */
static bool sent_to_off(uint8_t priority)
{
	uint64_t other = (uint64_t)param_int("second", 0);
	bool good = true;

	for (uint32_t round = 1; round <= ROUNDS && good; round++) {
		clear();
		route_all(other);
		for (uint32_t n = 0; n < SPIS; n++) {
			set_priority(first + n, priority);
			pend(first + n);
		}
		timer_delay_ms(QUIET_MS);
		good &= tap_equal("interrupts of the CPU that is off", total, 0);
		route_all(cpu_affinity());
		good &= wait_total(SPIS) && each_came(1);
		for (uint32_t n = 0; n < SPIS; n++) {
			good &= tap_equal("active", active(first + n), 0);
			set_priority(first + n, USUAL);
		}
	}
	return good;
}

static bool sent_to_off_usual(void)
{
	return sent_to_off(USUAL);
}

static bool sent_to_off_urgent(void)
{
	return sent_to_off(URGENT);
}

static bool not_taken(void)
{
	uint64_t other = (uint64_t)param_int("second", 0);
	bool good = true;

	for (uint32_t round = 1; round <= ROUNDS && good; round++) {
		clear();
		second.mode = SECOND_RING;
		second.rounds = 0;
		if (!second_start(&second, other, second_stack + sizeof(second_stack)))
			return false;
		while (!second.rounds)
			__asm__ volatile("yield");
		route_all(other);
		for (uint32_t n = 0; n < SPIS; n++)
			pend(first + n);
		irq_enable();
		timer_delay_ms(QUIET_MS);
		irq_disable();
		good &= tap_equal("interrupts of the other CPU", total, 0);
		/* as kernels do with a CPU that they are going to switch off */
		route_all(cpu_affinity());
		switch_off(other);
		good &= wait_total(SPIS) && each_came(1);
	}
	return good;
}

void inmate_main(void)
{
	static const struct tap_case cases[] = {
		{ "interrupts that come one by one", one_by_one },
		{ "one interrupt after itself", one_after_itself },
		{ "twenty interrupts at once", all_at_once },
		{ "each register is stored to a device and loaded from it", all_registers },
		{ "a changed priority of an SPI counts", priority_of_spi },
		{ "a changed priority of the timer counts", priority_of_timer },
		{ "what a CPU that goes off has not taken comes to another one", not_taken },
		{ "what comes to a CPU that is off comes to another one later", sent_to_off_usual },
		{ "as well if it is most urgent", sent_to_off_urgent },
		{ "interrupts that come one by one, afterwards", one_by_one },
	};

	first = (uint32_t)param_int("first", 0);
	gic_setup(on_interrupt);
	set_priority(INTID_VIRTUAL_TIMER, USUAL);
	gic_enable(INTID_VIRTUAL_TIMER);
	for (uint32_t n = 0; n < SPIS; n++) {
		set_priority(first + n, USUAL);
		gic_enable(first + n);
	}
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	stop();
}
