/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cell may do to its own interrupts, and what nobody else may feel. attack=NAME:
 *
 * deactivate    again and again deactivates its timer interrupt at the redistributor, while it is asserted
 *               and waits for a CPU that does not take it
 * reconfigure   group 0, lowest priority, edge, another route, active and enabled for intid=N (default
 *               33), an SPI of the cell
 *
 * The last line is "TAP done".
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <tap.h>

#define GICD_IGROUPR		0x0080u
#define GICD_ISENABLER		0x0100u
#define GICD_ICENABLER		0x0180u
#define GICD_ISPENDR		0x0200u
#define GICD_ISACTIVER		0x0300u
#define GICD_ICACTIVER		0x0380u
#define GICD_IPRIORITYR		0x0400u
#define GICD_ICFGR		0x0c00u
#define GICD_IROUTER		0x6000u
#define GICR_SGI_BASE		0x10000u

#define DEACTIVATIONS		40u	/* more than there are list registers on any machine */
#define TAKEN_LIMIT		200u

static void on_interrupt(uint32_t intid)
{
	(void)intid;
}

static bool timer_comes(void)
{
	uint64_t start = timer_ticks();
	uint32_t intid = INTID_SPURIOUS;

	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(1000);
	while (intid != INTID_VIRTUAL_TIMER && timer_ticks() - start < 5 * timer_frequency()) {
		intid = (uint32_t)read_icc(ICC_IAR1_EL1) & 0xffffff;
		if (intid == INTID_VIRTUAL_TIMER) {
			timer_stop();
			write_icc(ICC_EOIR1_EL1, intid);
		}
	}
	timer_stop();
	return tap_equal("INTID", intid, INTID_VIRTUAL_TIMER);
}

static bool deactivate(void)
{
	uintptr_t sgi = gic_redistributor() + GICR_SGI_BASE;
	uint32_t bit = 1u << INTID_VIRTUAL_TIMER;
	uint32_t taken = 0;

	gic_enable(INTID_VIRTUAL_TIMER);
	write_sysreg(cntv_cval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	for (unsigned int n = 0; n < DEACTIVATIONS; n++) {
		io_write32(sgi + GICD_ICACTIVER, bit);
		barrier_full();
	}
	timer_stop();
	gic_disable(INTID_VIRTUAL_TIMER);
	while (taken < TAKEN_LIMIT) {
		uint32_t intid = (uint32_t)read_icc(ICC_IAR1_EL1) & 0xffffff;

		if (intid == INTID_SPURIOUS)
			break;
		write_icc(ICC_EOIR1_EL1, intid);
		taken++;
	}
	tap_note("interrupts taken afterwards: %u", taken);
	tap_result(taken < TAKEN_LIMIT, "they come to an end");
	/* A maintenance interrupt that comes again and again leaves a program no time */
	timer_delay_ms(100);
	tap_result(true, "the program goes on");
	return timer_comes();
}

static bool reconfigure(void)
{
	uintptr_t gicd = comm_region()->gicd_base;
	uint32_t intid = (uint32_t)param_int("intid", 33);
	uint32_t word = 4 * (intid / 32), bit = 1u << (intid % 32);
	uint32_t edge = 2u << (2 * (intid % 16));

	io_write32(gicd + GICD_ICENABLER + word, bit);
	io_write8(gicd + GICD_IPRIORITYR + intid, 0xf8);
	io_write32(gicd + GICD_IGROUPR + word, 0);
	io_write32(gicd + GICD_ICFGR + 4 * (intid / 16), edge);
	io_write64(gicd + GICD_IROUTER + 8 * intid, cpu_affinity());
	io_write32(gicd + GICD_ISPENDR + word, bit);
	io_write32(gicd + GICD_ISACTIVER + word, bit);
	io_write32(gicd + GICD_ISENABLER + word, bit);
	tap_result(io_read32(gicd + GICD_ISENABLER + word) & bit, "the interrupt is the cell's own");
	return tap_equal("ICFGR", io_read32(gicd + GICD_ICFGR + 4 * (intid / 16)) & edge, edge);
}

void inmate_main(void)
{
	char buffer[16];
	const char *name = param_str("attack", buffer, sizeof(buffer), "");

	gic_setup(on_interrupt);
	if (!strcmp(name, "deactivate")) {
		tap_plan(3);
		tap_result(deactivate(), "the timer interrupts as before");
	} else if (!strcmp(name, "reconfigure")) {
		tap_plan(2);
		tap_result(reconfigure(), "it is edge-triggered now");
	} else {
		printk("Bail out! no attack \"%s\"\n", name);
		return;
	}
	tap_done();
}
