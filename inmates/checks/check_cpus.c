/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell with two CPUs: the first one switches the other on and off (PSCI), and they interrupt each other.
 *
 * Parameter second=MPIDR: affinity of the other CPU (default 3). At the end it is left on, in a loop.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <tap.h>

#include "check_cpus.h"

#define PSCI_CPU_ON_32	0x84000003u
#define PSCI_ON		0u
#define PSCI_OFF	1u
#define PSCI_ALREADY_ON	((uint32_t)-4)

#define SCTLR_RESET	0x30d00800u	/* MMU and caches off */
#define ROUNDS		10u
#define SGI_TO_FIRST	5u
#define SGI_TO_SECOND	6u
#define NOTHING		0x50000000u	/* the cell has no memory there */
#define LINE		64u

enum command { COMMAND_INTERRUPT, COMMAND_OFF };

/*
 * The second CPU works with its MMU off: the first one cleans and drops lines of its cache around each
 * access, and each line has one writer.
 */
struct second {
	uint64_t x0, x1, others, el, daif, sctlr, spsel, vbar, stack;
	volatile uint32_t arrivals;	/* the second CPU writes, the first reads */
	volatile uint32_t interrupts;
	volatile uint32_t survived_off;
};

struct second second __attribute__((aligned(256)));
static struct {
	volatile uint32_t number;	/* the first CPU writes, the second reads */
	volatile uint32_t command;
} orders __attribute__((aligned(256)));

static uint8_t second_stack[4096] __attribute__((aligned(256)));

_Static_assert(offsetof(struct second, x0) == SECOND_X0 && offsetof(struct second, x1) == SECOND_X1 &&
	       offsetof(struct second, others) == SECOND_OTHERS && offsetof(struct second, el) == SECOND_EL &&
	       offsetof(struct second, daif) == SECOND_DAIF &&
	       offsetof(struct second, sctlr) == SECOND_SCTLR &&
	       offsetof(struct second, spsel) == SECOND_SPSEL &&
	       offsetof(struct second, vbar) == SECOND_VBAR &&
	       offsetof(struct second, stack) == SECOND_STACK, "check_cpus.h");

static uint64_t second_cpu;
static volatile uint32_t received[16];

void second_entry(void);
void second_main(void);

/* --- the second CPU: no cacheable data of others, no printk --- */

void second_main(void)
{
	uint32_t done = orders.number;

	write_icc(ICC_PMR_EL1, 0xf0);
	write_icc(ICC_IGRPEN1_EL1, 1);
	second.arrivals++;
	for (;;) {
		uint32_t intid = (uint32_t)read_icc(ICC_IAR1_EL1) & 0xffffff;

		if (intid < INTID_SPI) {
			write_icc(ICC_EOIR1_EL1, intid);
			if (intid == SGI_TO_SECOND)
				second.interrupts++;
		}
		if (orders.number == done)
			continue;
		done = orders.number;
		barrier_full();
		if (orders.command == COMMAND_INTERRUPT) {
			gic_send_sgi(SGI_TO_FIRST, (uint16_t)(1u << (second.x0 & 0xf)));
		} else if (orders.command == COMMAND_OFF) {
			smc_call(PSCI_CPU_OFF, 0, 0, 0);
			second.survived_off++;
		}
	}
}

/* --- the first CPU --- */

static void sync_lines(const volatile void *start, size_t size)
{
	uintptr_t at = (uintptr_t)start & ~(uintptr_t)(LINE - 1);

	barrier_full();
	for (; at < (uintptr_t)start + size; at += LINE)
		__asm__ volatile("dc civac, %0" : : "r" (at) : "memory");
	barrier_full();
}

static uint32_t fresh(const volatile uint32_t *word)
{
	sync_lines(word, sizeof(*word));
	return *word;
}

/* Waits until *word is not `old` any more */
static bool changes(const volatile uint32_t *word, uint32_t old)
{
	uint64_t start = timer_ticks();

	while (fresh(word) == old && timer_ticks() - start < 10 * timer_frequency())
		__asm__ volatile("yield");
	return fresh(word) != old;
}

static uint32_t affinity_info(void)
{
	return (uint32_t)smc_call(PSCI_AFFINITY_INFO, second_cpu, 0, 0).x0;
}

static bool becomes_off(void)
{
	uint64_t start = timer_ticks();

	while (affinity_info() != PSCI_OFF && timer_ticks() - start < 10 * timer_frequency())
		__asm__ volatile("yield");
	return tap_equal("AFFINITY_INFO", affinity_info(), PSCI_OFF);
}

static bool switch_on(uint64_t function, uint64_t context)
{
	uint32_t arrivals = fresh(&second.arrivals);
	uint32_t result = (uint32_t)smc_call(function, second_cpu, (uintptr_t)second_entry, context).x0;

	if (!tap_equal("CPU_ON", result, 0))
		return false;
	if (!changes(&second.arrivals, arrivals)) {
		tap_note("the CPU does not run");
		return false;
	}
	return tap_equal("arrivals", fresh(&second.arrivals), arrivals + 1);
}

static void order(enum command command)
{
	orders.command = command;
	sync_lines(&orders, sizeof(orders));
	orders.number++;
	sync_lines(&orders, sizeof(orders));
}

static bool switch_off(void)
{
	bool good;

	order(COMMAND_OFF);
	good = becomes_off();
	return good & tap_equal("returns of CPU_OFF", fresh(&second.survived_off), 0);
}

static void on_interrupt(uint32_t intid)
{
	if (intid < 16)
		received[intid]++;
}

static bool off_at_start(void)
{
	return tap_equal("AFFINITY_INFO", affinity_info(), PSCI_OFF) &
	       tap_equal("CPUs that ran", fresh(&second.arrivals), 0);
}

/* The low byte of a context is the first CPU's own Aff0, which the second one sends its interrupts to */
static uint64_t context(uint64_t upper)
{
	return upper << 8 | (cpu_affinity() & 0xff);
}

static bool comes_on(void)
{
	return switch_on(PSCI_CPU_ON, context(0xc0ffee0ddba11));
}

static bool start_context(void)
{
	sync_lines(&second, sizeof(second));
	return tap_equal("x0", second.x0, context(0xc0ffee0ddba11)) &
	       tap_equal("x1", second.x1, context(0xc0ffee0ddba11));
}

static bool start_registers(void)
{
	bool good;

	sync_lines(&second, sizeof(second));
	good = tap_equal("OR of x2..x30, SP_EL0, SP_EL1", second.others, 0);
	good &= tap_equal("CurrentEL", second.el, 1 << 2);
	good &= tap_equal("SPSel", second.spsel, 1);
	good &= tap_equal("DAIF", second.daif, 0x3c0);
	good &= tap_equal("SCTLR_EL1", second.sctlr, SCTLR_RESET);
	return good;
}

static bool is_on(void)
{
	bool good = tap_equal("AFFINITY_INFO", affinity_info(), PSCI_ON);
	uint32_t again = (uint32_t)smc_call(PSCI_CPU_ON, second_cpu, NOTHING, 0).x0;

	good &= tap_equal("CPU_ON", again, PSCI_ALREADY_ON);
	return good & tap_equal("arrivals", fresh(&second.arrivals), 1);
}

static bool interrupt_to_second(void)
{
	uint32_t before = fresh(&second.interrupts);

	gic_send_sgi(SGI_TO_SECOND, (uint16_t)(1u << (second_cpu & 0xf)));
	return changes(&second.interrupts, before) &&
	       tap_equal("interrupts", fresh(&second.interrupts), before + 1);
}

static bool interrupt_to_first(void)
{
	uint32_t before = received[SGI_TO_FIRST];
	uint64_t start = timer_ticks();

	order(COMMAND_INTERRUPT);
	while (received[SGI_TO_FIRST] == before && timer_ticks() - start < 10 * timer_frequency())
		__asm__ volatile("yield");
	return tap_equal("interrupts", received[SGI_TO_FIRST], before + 1);
}

static bool off_and_on(void)
{
	bool good = true;

	for (uint64_t n = 0; n < ROUNDS && good; n++) {
		uint64_t want = n % 2 ? context(n) : context(n) | 0xabcdull << 48;

		good &= switch_off();
		good &= switch_on(PSCI_CPU_ON, want);
		sync_lines(&second, sizeof(second));
		good &= tap_equal("x0", second.x0, want) & tap_equal("x1", second.x1, want);
		good &= tap_equal("registers", second.others, 0);
	}
	return good;
}

static bool on_by_32_bit_call(void)
{
	/* Only the lower halves count: entry and context are below 4 GiB */
	return switch_off() && switch_on(PSCI_CPU_ON_32, context(0x5a5a) | 0xffull << 32) &&
	       (sync_lines(&second, sizeof(second)), tap_equal("x0", second.x0, context(0x5a5a)));
}

static bool interrupt_while_off(void)
{
	uint32_t before = fresh(&second.interrupts);
	bool good = switch_off();

	gic_send_sgi(SGI_TO_SECOND, (uint16_t)(1u << (second_cpu & 0xf)));
	good &= tap_equal("AFFINITY_INFO after an SGI", affinity_info(), PSCI_OFF);
	good &= switch_on(PSCI_CPU_ON, context(1));
	/* The next one arrives; whether the one to a CPU that was off does is nobody's business */
	gic_send_sgi(SGI_TO_SECOND, (uint16_t)(1u << (second_cpu & 0xf)));
	return good & changes(&second.interrupts, before);
}

static bool failed_and_on_again(void)
{
	bool good = switch_off();

	good &= tap_equal("CPU_ON", (uint32_t)smc_call(PSCI_CPU_ON, second_cpu, NOTHING, 0).x0, 0);
	good &= becomes_off();
	return good & switch_on(PSCI_CPU_ON, context(2));
}

#define CASE(function, words) { .text = words, .run = function }

static const struct tap_case cases[] = {
	CASE(off_at_start, "PSCI: the second CPU is off at the start of the cell"),
	CASE(comes_on, "PSCI: CPU_ON starts it at the entry point"),
	CASE(start_context, "PSCI: it has the context in x0 and x1"),
	CASE(start_registers, "PSCI: EL1h, interrupts masked, MMU off, other registers zero"),
	CASE(is_on, "PSCI: AFFINITY_INFO says on, CPU_ON says already on"),
	CASE(interrupt_to_second, "GIC: an SGI reaches it"),
	CASE(interrupt_to_first, "GIC: its SGI comes here"),
	CASE(off_and_on, "PSCI: off and on again, with a context of its own each time"),
	CASE(on_by_32_bit_call, "PSCI: the 32-bit CPU_ON takes the lower halves"),
	CASE(interrupt_while_off, "PSCI: an SGI does not wake it from off"),
	CASE(failed_and_on_again, "PSCI: one that failed is off and can be switched on"),
};

void inmate_main(void)
{
	second_cpu = (uint64_t)param_int("second", 3);
	if (second_cpu == cpu_affinity()) {
		printk("Bail out! second=%llx is this very CPU\n", (unsigned long long)second_cpu);
		return;
	}
	second.vbar = read_sysreg(vbar_el1);
	second.stack = (uintptr_t)second_stack + sizeof(second_stack);
	sync_lines(&second, sizeof(second));
	sync_lines(second_stack, sizeof(second_stack));
	gic_setup(on_interrupt);
	irq_enable();
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	irq_disable();
}
