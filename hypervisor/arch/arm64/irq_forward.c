/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical interrupts: from acknowledge to the list register of the guest they belong to. */
#include "cell.h"
#include "control.h"
#include "watchdog.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"
#include "trap.h"

/* Interrupts taken in one exit; the rest traps again. */
#define BATCH	8

/*
 * Priorities below it are not held up. Ours are 0, which with two security states is 80h in hardware. The mask is
 * shifted likewise only if firmware takes Group 0 (IHI 0069, 4.8.6: SCR_EL3.FIQ): this one lets ours through in
 * each case. Guests may give such priorities to interrupts of theirs.
 */
#define OURS_ONLY_MASK	0x88

static bool is_spurious(uint32_t intid)
{
	return intid >= SPURIOUS_INTID && intid < FIRST_EXTENDED;
}

/*
 * An SPI that the cell of this CPU does not own. The root cell sees what its Linux had before, listed or not; but extended
 * interrupts are nobody's.
 */
static bool is_foreign(const struct percpu *cpu, uint32_t intid)
{
	const struct cell *cell = cpu->cell;

	if (intid >= SPURIOUS_INTID)
		return intid < FIRST_LPI;
	return !cell->is_root && intid >= FIRST_SPI && !(cell->arch.spis[intid / 32] >> (intid % 32) & 1);
}

static uint32_t acknowledge(void)
{
	uint32_t intid = (uint32_t)read_sysreg(ICC_IAR1_EL1) & 0xffffff;

	/* IHI 0069, 4.8: the acknowledge takes effect before what follows */
	dsb(sy);
	return intid;
}

static void drop_priority(uint32_t intid)
{
	write_sysreg(intid, ICC_EOIR1_EL1);
	isb();
}

static void deactivate(uint32_t intid)
{
	write_sysreg(intid, ICC_DIR_EL1);
	isb();
}

/* In cells without a watchdog, the timer is off, and its interrupt a guest's like others. */
static bool is_timer(const struct percpu *cpu, uint32_t intid)
{
	return intid == TIMER_INTID && cell_has_watchdog(cpu->cell);
}

/* For the counters only. An SGI and a request may have met in one kick; what came late found the work done. */
static uint32_t cause_of_kick(const struct percpu *cpu)
{
	if (cpu_has_requests(cpu))
		return CPU_EXIT_KICK_REQUEST;
	return cpu->arch.sgi_pending ? CPU_EXIT_KICK_SGI : CPU_EXIT_KICK_LATE;
}

/* Left routed to a CPU that changed its cell, by something the root cell does not list. */
static COLD void take_foreign(uint32_t intid)
{
	/* one that no cell can switch off stays active, and so does not come again */
	if (intid >= FIRST_EXTENDED)
		return;
	mmio_write32(gic.gicd, GICD_ICENABLER + intid / 32 * 4, 1U << (intid % 32));
	deactivate(intid);
}

/* Was it a kick, or is there something else to be obeyed? */
static bool take_interrupt(struct percpu *cpu, uint32_t intid, volatile uint64_t *counters /* from CPU_EXIT_IRQ on */)
{
	if (intid < 16) {
		deactivate(intid);
		if (intid == KICK_SGI) {
			counters[cause_of_kick(cpu) - CPU_EXIT_IRQ]++;
			return true;
		}
		/* SGIs of guests are virtual; this one the guest made pending in the redistributor */
		counters[CPU_EXIT_PENDED_SGI - CPU_EXIT_IRQ]++;
		__atomic_fetch_or(&cpu->arch.sgi_pending, 1U << intid, __ATOMIC_RELAXED);
	} else if (intid == gic.maintenance_intid) {
		deactivate(intid);
		counters[CPU_EXIT_MAINTENANCE - CPU_EXIT_IRQ]++;
		vgic_flush(cpu);
	} else if (is_timer(cpu, intid)) {
		counters[CPU_EXIT_WATCHDOG - CPU_EXIT_IRQ]++;
		gic_take_timer();
		return true;
	} else if (is_foreign(cpu, intid)) {
		counters[CPU_EXIT_FOREIGN_IRQ - CPU_EXIT_IRQ]++;
		take_foreign(intid);
	} else {
		counters[gic_cause_of_exit(intid) - CPU_EXIT_IRQ]++;
		vgic_inject_hardware(cpu, intid);
	}
	return false;
}

bool trap_light_kick(void)
{
	struct percpu *cpu = this_cpu();

	/* a request that comes later has a kick of its own */
	if (cpu_has_requests(cpu) || watchdog_has_expired(cpu->cell))
		return false;
	drop_priority(KICK_SGI);
	deactivate(KICK_SGI);
	cpu->exits[cpu->arch.sgi_pending ? CPU_EXIT_KICK_SGI : CPU_EXIT_KICK_LATE]++;
	vgic_flush(cpu);
	return true;
}

void trap_irq(struct trap_frame *frame, uint32_t intid, bool dropped)
{
	struct percpu *cpu = this_cpu();
	bool kicked = false;

	(void)frame;
	if (is_spurious(intid))
		cpu->exits[CPU_EXIT_SPURIOUS]++;
	for (uint32_t taken = 0; !is_spurious(intid); intid = acknowledge()) {
		if (taken > 0 || !dropped)
			drop_priority(intid);
		kicked |= take_interrupt(cpu, intid, taken == 0 ? &cpu->exits[CPU_EXIT_IRQ] : cpu->joined);
		if (++taken == BATCH)
			break;
	}
	if (kicked)
		cpu_handle_events();
	vgic_flush(cpu);
}

void trap_fiq(struct trap_frame *frame)
{
	/* Group 0 is off at the physical interface, so there is nobody to send one */
	(void)frame;
	panic("unexpected FIQ");
}

void arch_timer_stop(void)
{
	write_sysreg(0, cnthp_ctl_el2);
	isb();
}

void arch_sleep_while(const volatile bool *request)
{
	volatile uint8_t *sgi = this_cpu()->arch.gicr + GICR_SGI_FRAME;

	/*
	 * What is less urgent than a kick shall not wake it; the kick shall, whatever kept it away (arch_revoke()). A watchdog
	 * that is due has it poll.
	 */
	write_sysreg(OURS_ONLY_MASK, ICC_PMR_EL1);
	mmio_write32(sgi, GICD_ISENABLER, 1U << KICK_SGI);
	for (;;) {
		/* an earlier kick would not let it sleep. It is gone before the request is looked at. tests/spin/suspend.pml */
		mmio_write32(sgi, GICD_ICPENDR, 1U << KICK_SGI);
		mmio_read32(sgi, GICD_ICPENDR);
		dsb(sy);
		if (!__atomic_load_n(request, __ATOMIC_ACQUIRE))
			break;
		wfi();
	}
	write_sysreg(0xff, ICC_PMR_EL1);
	/* kicks that are gone may have been for something else, too */
	mmio_write32(sgi, GICD_ISPENDR, 1U << KICK_SGI);
}

void arch_wait_for_kick(void)
{
	struct percpu *cpu = this_cpu();
	uint32_t intid;

	/* what is for guests stays pending, until it is routed elsewhere or the CPU runs one */
	write_sysreg(OURS_ONLY_MASK, ICC_PMR_EL1);
	dsb(sy);
	wfi();
	intid = acknowledge();
	write_sysreg(0xff, ICC_PMR_EL1);
	if (is_spurious(intid))
		return;
	drop_priority(intid);
	if (is_timer(cpu, intid))
		gic_take_timer();
	else if (is_foreign(cpu, intid))
		take_foreign(intid);
	else if (intid < FIRST_SPI)
		deactivate(intid);
	else if (intid < SPURIOUS_INTID)
		/* as urgent as ours: pending again, and so again here, if it stays routed here */
		gic_release(cpu, intid / 32, 1U << (intid % 32), true);
}
