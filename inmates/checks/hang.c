/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of a cell with a watchdog: it ticks every 10 ms, ticks=N times (default 20), says so, and then hangs. how=NAME:
 *
 * never     ticks on; says so once more after ten times as many
 * spin      an endless loop
 * masked    the same, with all exceptions masked
 * wfi       sleeps for good
 * suspend   PSCI CPU_SUSPEND again and again
 * off       the second CPU, affinity second=MPIDR, ticks, the first one is switched off, and then the second one hangs
 * alone     likewise, but the second one ticks for good
 * all-off   switches its only CPU off
 * shut-down says in its communication region that it has shut down
 * nonsense  states and counter values that mean nothing, and then none
 * attack    tries to get at the timer that watches it, and hangs: TAP
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <tap.h>

#include "soak/second.h"

#define TIMER_INTID		26u
#define TICK_MS			10u
#define GICR_SGI_BASE		0x10000u
#define GICD_IGROUPR		0x0080u
#define GICD_ISENABLER		0x0100u
#define GICD_ICENABLER		0x0180u
#define GICD_ISPENDR		0x0200u
#define GICD_ICPENDR		0x0280u
#define GICD_ISACTIVER		0x0300u
#define GICD_ICACTIVER		0x0380u
#define GICD_IPRIORITYR		0x0400u
#define GICD_ICFGR		0x0c00u
#define ICC_DIR_EL1		s3_0_c12_c11_1
#define UNDEFINED(esr)		((esr) && !((esr) >> 26 & 0x1f))

static struct soak_second second;
static uint8_t second_stack[4096] __attribute__((aligned(64)));
static volatile uint32_t timers;

static void on_interrupt(uint32_t intid)
{
	if (intid == TIMER_INTID)
		timers++;
}

static void tick(uint32_t times)
{
	for (uint32_t n = 0; n < times; n++) {
		watchdog_tick();
		timer_delay_ms(TICK_MS);
	}
}

static void hang(void)
{
	for (;;)
		__asm__ volatile("");
}

/* --- the second CPU */

void second_main(void)
{
	while (second.mode == SECOND_RING)
		;
	/* the first one is off, or about to be */
	do {
		tick(20);
		second.rounds++;
	} while (second.mode == SECOND_STATE || second.rounds < 5);
	hang();
}

static void start_second(enum second_mode mode)
{
	second.mode = SECOND_RING;
	if (!second_start(&second, (uint64_t)param_int("second", 2), second_stack + sizeof(second_stack)))
		printk("hang: the second CPU cannot be switched on\n");
	second.mode = mode;
	smc_call(PSCI_CPU_OFF, 0, 0, 0);
}

/* --- what must not work */

static bool registers_are_hidden(void)
{
	static const uint32_t banks[] = { GICD_IGROUPR, GICD_ISENABLER, GICD_ISPENDR, GICD_ISACTIVER, GICD_ICENABLER,
					  GICD_ICPENDR, GICD_ICACTIVER };
	uintptr_t sgi = gic_redistributor() + GICR_SGI_BASE;
	uint32_t bit = 1u << TIMER_INTID, seen = 0;

	for (unsigned int n = 0; n < sizeof(banks) / sizeof(banks[0]); n++)
		seen |= io_read32(sgi + banks[n]) & bit;
	seen |= io_read8(sgi + GICD_IPRIORITYR + TIMER_INTID);
	seen |= io_read32(sgi + GICD_ICFGR + 4) & 3u << 2 * (TIMER_INTID % 16);
	return tap_equal("fields of INTID 26", seen, 0);
}

static void write_registers(void)
{
	uintptr_t sgi = gic_redistributor() + GICR_SGI_BASE;
	uint32_t bit = 1u << TIMER_INTID;

	io_write32(sgi + GICD_ICENABLER, bit);
	io_write32(sgi + GICD_IGROUPR, 0);
	io_write32(sgi + GICD_ICFGR + 4, 2u << 2 * (TIMER_INTID % 16));
	io_write8(sgi + GICD_IPRIORITYR + TIMER_INTID, 0xff);
	io_write32(sgi + GICD_IPRIORITYR + (TIMER_INTID & ~3u), 0xffffffff);
	io_write32(sgi + GICD_ISPENDR, bit);
	io_write32(sgi + GICD_ICPENDR, bit);
	io_write32(sgi + GICD_ISACTIVER, bit);
	io_write32(sgi + GICD_ICENABLER, 0xffffffff);
	/* a mistake here would make it come again, or never */
	write_icc(ICC_DIR_EL1, TIMER_INTID);
	write_icc(ICC_EOIR1_EL1, TIMER_INTID);
	write_icc(ICC_PMR_EL1, 0);
}

static bool timer_is_undefined(void)
{
	uint64_t refused = 1;

#define TRY(access) do {				\
	probe_begin();					\
	access;						\
	refused &= UNDEFINED(probe_end()) ? 1 : 0;	\
} while (0)
	TRY((void)read_sysreg(cnthp_ctl_el2));
	TRY(write_sysreg(cnthp_ctl_el2, 0));
	TRY((void)read_sysreg(cnthp_cval_el2));
	TRY(write_sysreg(cnthp_cval_el2, ~0ull));
	TRY(write_sysreg(cnthp_tval_el2, 0x7fffffff));
#undef TRY
	return refused;
}

static void attack(void)
{
	gic_setup(on_interrupt);
	irq_enable();
	tap_plan(4);
	tap_result(registers_are_hidden(), "the redistributor does not show the timer of the watchdog");
	tap_result(timer_is_undefined(), "its registers are undefined");
	for (unsigned int n = 0; n < 5; n++) {
		write_registers();
		tick(20);
	}
	tap_result(registers_are_hidden(), "nor after all these writes");
	tap_result(tap_equal("interrupts 26", timers, 0), "it never interrupts the cell");
	tap_done();
	write_registers();
	irq_disable();
	hang();
}

static void nonsense(void)
{
	volatile struct comm_region *comm = comm_region();

	for (uint32_t n = 0; n < 40; n++) {
		/* up and down, but never twice the same: whoever looks sees a change */
		comm->watchdog = (n & 1 ? 0x80000000 : UINT32_MAX) - n;
		comm->cell_state = 5 + n * 0x01234567;
		timer_delay_ms(TICK_MS);
	}
	printk("hang: no nonsense any more\n");
	hang();
}

void inmate_main(void)
{
	char buffer[16];
	const char *how = param_str("how", buffer, sizeof(buffer), "spin");
	uint32_t ticks = (uint32_t)param_int("ticks", 20);

	tick(ticks);
	printk("hang: %u ticks\n", ticks);
	if (!strcmp(how, "never")) {
		tick(10 * ticks);
		printk("hang: still alive\n");
		for (;;)
			tick(1);
	} else if (!strcmp(how, "masked")) {
		__asm__ volatile("msr daifset, #15");
		hang();
	} else if (!strcmp(how, "wfi")) {
		stop();
	} else if (!strcmp(how, "suspend")) {
		for (;;)
			smc_call(PSCI_CPU_SUSPEND, 0, 0, 0);
	} else if (!strcmp(how, "off")) {
		start_second(SECOND_OFF);
	} else if (!strcmp(how, "alone")) {
		start_second(SECOND_STATE);
	} else if (!strcmp(how, "all-off")) {
		smc_call(PSCI_CPU_OFF, 0, 0, 0);
	} else if (!strcmp(how, "shut-down")) {
		comm_region()->cell_state = COMM_STATE_SHUT_DOWN;
		stop();
	} else if (!strcmp(how, "nonsense")) {
		nonsense();
	} else if (!strcmp(how, "attack")) {
		attack();
	}
	hang();
}
