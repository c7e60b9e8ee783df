/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPU interface: list registers of the calling CPU (IHI 0069, chapter 9). All of it runs on the CPU it is
 * about; only sgi_pending is written by others.
 */
#include "cell.h"
#include "trace.h"
#include "arch/cpu.h"
#include "asm/sysreg.h"
#include "gic.h"

/* Not inlined: what is rare takes no instruction from what is not. */
#define APART		__attribute__((noinline))
#define LPI_PRIORITY	0xa0	/* its own is in a table of the root cell; Linux uses this one */

/* Of all list registers: number, register */
#define EACH_LIST_REG(DO) \
	DO(0, ICH_LR_EL2(0)) DO(1, ICH_LR_EL2(1)) DO(2, ICH_LR_EL2(2)) DO(3, ICH_LR_EL2(3)) \
	DO(4, ICH_LR_EL2(4)) DO(5, ICH_LR_EL2(5)) DO(6, ICH_LR_EL2(6)) DO(7, ICH_LR_EL2(7)) \
	DO(8, ICH_LR_HI_EL2(0)) DO(9, ICH_LR_HI_EL2(1)) DO(10, ICH_LR_HI_EL2(2)) DO(11, ICH_LR_HI_EL2(3)) \
	DO(12, ICH_LR_HI_EL2(4)) DO(13, ICH_LR_HI_EL2(5)) DO(14, ICH_LR_HI_EL2(6)) DO(15, ICH_LR_HI_EL2(7))

static uint64_t read_list_reg(uint32_t n)
{
#define READ(number, reg)	case number: return read_sysreg(reg);
	switch (n % 16) {
	EACH_LIST_REG(READ)
	}
	__builtin_unreachable();
}

static void write_list_reg(uint32_t n, uint64_t value)
{
#define WRITE(number, reg)	case number: write_sysreg(value, reg); break;
	switch (n % 16) {
	EACH_LIST_REG(WRITE)
	}
	/* before somebody looks for a free one: ICH_ELRSR_EL2 follows at a context synchronization event */
	isb();
}

static inline uint32_t priority_of(struct percpu *cpu, uint32_t intid)
{
	const volatile uint8_t *frame;

	/* SGIs 0 and 1 are physically the hypervisor's, with a priority of its own */
	if (intid < 2)
		return cpu->arch.launch.priorities[intid];
	frame = intid < FIRST_SPI ? cpu->arch.gicr + GICR_SGI_FRAME : gic.gicd;

	return frame[GICD_IPRIORITYR + intid];
}

/* A free list register, or num_list_regs. */
static uint32_t free_list_reg(struct percpu *cpu)
{
	uint32_t empty = (uint32_t)read_sysreg(ICH_ELRSR_EL2) & ((1U << cpu->arch.num_list_regs) - 1);

	return empty ? (uint32_t)__builtin_ctz(empty) : cpu->arch.num_list_regs;
}

/* Those that have something pending or active: nobody asks for maintenance interrupts at ends of interrupts. */
static uint32_t used_list_regs(const struct percpu *cpu)
{
	return ~(uint32_t)read_sysreg(ICH_ELRSR_EL2) & ((1U << cpu->arch.num_list_regs) - 1);
}

static void set_underflow_interrupt(bool on)
{
	write_sysreg(ICH_HCR_EN | (on ? ICH_HCR_UIE : 0), ICH_HCR_EL2);
}

static void spill(struct percpu *cpu, uint32_t intid)
{
	uint32_t bit = 1U << (intid % 32);

	if (intid >= FIRST_LPI) {
		if (cpu->arch.num_lpis < LPI_QUEUE)
			cpu->arch.lpis[cpu->arch.num_lpis++] = intid;
		else
			cpu->arch.lost_lpis++;
		return;
	}
	/* a guest may deactivate an interrupt behind our back and get it once more: it is kept, and counted, once */
	if (cpu->arch.spill[intid / 32] & bit)
		return;
	cpu->arch.spill[intid / 32] |= bit;
	cpu->arch.num_spilled++;
}

/*
 * If a list register has the interrupt, it is pending there, and of what the register has said besides stays what is to be kept. Two
 * of them with one INTID are UNPREDICTABLE (IHI 0069, 12.4).
 */
static inline __attribute__((always_inline)) bool renew_list_reg(struct percpu *cpu, uint32_t intid, uint64_t keep)
{
	for (uint32_t used = used_list_regs(cpu); used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t value = read_list_reg(n);

		if (ICH_LR_VINTID(value) == intid) {
			write_list_reg(n, (value & keep) | ICH_LR_PENDING);
			return true;
		}
	}
	return false;
}

static struct fast_interrupt *fast_slot(struct percpu *cpu, uint32_t intid)
{
	return &cpu->fast.interrupts[intid % FAST_INTERRUPTS];
}

APART __attribute__((flatten)) void vgic_new_priorities(const struct cell *cell, uint32_t intid)
{
	if (!CONFIG_FAST_PATH)
		return;
	/* pairs with remember(): it sees the change, or this its slot */
	dsb(sy);
	/* of one register: their slots are side by side. All CPUs of a large cell in one exit: as few instructions as there can be */
	for (uint32_t id = 0; (id = cpu_set_next(&cell->cpus, id)) < CONFIG_MAX_CPUS; id++) {
		struct fast_interrupt *slot = fast_slot(percpu_beside(this_cpu(), id), intid);

#pragma GCC unroll 4
		for (uint32_t n = 0; n < 4; n++)
			if ((uint32_t)slot[n].list_reg == intid + n)
				slot[n].list_reg = FAST_EMPTY;
	}
}

static COLD void remember(struct percpu *cpu, uint32_t intid, uint64_t value)
{
	struct fast_interrupt *slot = fast_slot(cpu, intid);

	/* the cause is that of now: statistics are wrong about an interrupt that a link gets after the guest had it already */
	slot->counter = &cpu->exits[gic_cause_of_exit(intid)];
	slot->all_free = cpu->arch.all_free;
	slot->list_reg = value;
	/* pairs with vgic_new_priorities() and trace_piece() */
	dsb(sy);
	if (trace_takes_all(cpu) || ICH_LR_PRIORITY(priority_of(cpu, intid)) != (value & ICH_LR_PRIORITY(0xff)))
		slot->list_reg = FAST_EMPTY;
}

void vgic_inject_hardware(struct percpu *cpu, uint32_t intid)
{
	uint32_t n = free_list_reg(cpu);
	uint64_t value;

	/* message interrupts are the root cell's; one that comes late to a CPU that left it is nobody's */
	if (intid >= FIRST_LPI && !cpu->cell->is_root)
		return;
	/* a guest that deactivates an interrupt at the distributor can get it again while a list register still has it */
	if (renew_list_reg(cpu, intid, ~ICH_LR_STATE))
		return;
	if (n == cpu->arch.num_list_regs) {
		spill(cpu, intid);
		set_underflow_interrupt(true);
		return;
	}
	/* LPIs have no active state that the guest could end (IHI 0069, 6.2) */
	if (intid >= FIRST_LPI) {
		write_list_reg(n, ICH_LR_PENDING | ICH_LR_GROUP1 | ICH_LR_PRIORITY(LPI_PRIORITY) | intid);
		return;
	}
	value = ICH_LR_PENDING | ICH_LR_HW | ICH_LR_GROUP1 | ICH_LR_PRIORITY(priority_of(cpu, intid)) |
		ICH_LR_PINTID(intid) | intid;
	write_list_reg(n, value);
	if (CONFIG_FAST_PATH && fast_slot(cpu, intid)->list_reg != value)
		remember(cpu, intid, value);
}

/* Others are in list registers: perhaps in one it is, or none is free. */
static APART bool inject_beside_others(struct percpu *cpu, uint32_t sgi, uint64_t pending)
{
	uint32_t n;

	if (renew_list_reg(cpu, sgi, UINT64_MAX))
		return true;
	n = free_list_reg(cpu);
	if (n == cpu->arch.num_list_regs)
		return false;
	write_list_reg(n, pending);
	return true;
}

/* Pending in a list register that has it already, or in a free one; false if there is none. */
static inline bool inject_sgi(struct percpu *cpu, uint32_t sgi)
{
	uint64_t value = ICH_LR_PENDING | ICH_LR_GROUP1 | ICH_LR_PRIORITY(priority_of(cpu, sgi)) | sgi;

	if (read_sysreg(ICH_ELRSR_EL2) != cpu->arch.all_free)
		return inject_beside_others(cpu, sgi, value);
	write_sysreg(value, ICH_LR_EL2(0));
	isb();
	return true;
}

static void flush_spilled(struct percpu *cpu)
{
	while (cpu->arch.num_lpis && free_list_reg(cpu) != cpu->arch.num_list_regs)
		vgic_inject_hardware(cpu, cpu->arch.lpis[--cpu->arch.num_lpis]);
	for (uint32_t word = 0; word < INTID_WORDS && cpu->arch.num_spilled; word++) {
		while (cpu->arch.spill[word]) {
			uint32_t bit = (uint32_t)__builtin_ctz(cpu->arch.spill[word]);

			if (free_list_reg(cpu) == cpu->arch.num_list_regs)
				return;
			cpu->arch.spill[word] &= ~(1U << bit);
			cpu->arch.num_spilled--;
			vgic_inject_hardware(cpu, 32 * word + bit);
		}
	}
}

void vgic_flush(struct percpu *cpu)
{
	uint32_t sgis, rest = 0;

	if (!cpu->arch.num_spilled && !cpu->arch.num_lpis && !cpu->arch.sgi_pending)
		return;
	if (cpu->arch.num_spilled || cpu->arch.num_lpis)
		flush_spilled(cpu);
	/* pairs with the senders' fetch_or: whoever set a bit before its kick is seen here */
	sgis = __atomic_exchange_n(&cpu->arch.sgi_pending, 0, __ATOMIC_ACQUIRE);
	while (sgis) {
		uint32_t sgi = (uint32_t)__builtin_ctz(sgis);

		sgis &= sgis - 1;
		if (!inject_sgi(cpu, sgi))
			rest |= 1U << sgi;
	}
	if (rest)
		__atomic_fetch_or(&cpu->arch.sgi_pending, rest, __ATOMIC_RELAXED);
	set_underflow_interrupt(rest || cpu->arch.num_spilled || cpu->arch.num_lpis);
}

COLD bool vgic_has_pending(struct percpu *cpu)
{
	if (cpu->arch.num_spilled || cpu->arch.num_lpis || cpu->arch.sgi_pending)
		return true;
	for (uint32_t used = used_list_regs(cpu); used; used &= used - 1)
		if (read_list_reg((uint32_t)__builtin_ctz(used)) & ICH_LR_PENDING)
			return true;
	return false;
}

/* Every interrupt that was taken for the guest and that it has not acknowledged goes back to the hardware. */
static COLD void release_undelivered(struct percpu *cpu, bool keep_active)
{
	for (uint32_t used = used_list_regs(cpu); used; used &= used - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(used);
		uint64_t value = read_list_reg(n);
		uint32_t intid = ICH_LR_VINTID(value), bit = 1U << (intid % 32);

		write_list_reg(n, 0);
		if (!(value & ICH_LR_HW)) {
			if (keep_active && (value & ICH_LR_PENDING) && intid < 16)
				__atomic_fetch_or(&cpu->arch.sgi_pending, bit, __ATOMIC_RELAXED);
			continue;
		}
		if (!(value & ICH_LR_ACTIVE))
			gic_release(cpu, intid / 32, bit, true);
		else if (!keep_active)
			gic_release(cpu, intid / 32, bit, false);
	}
	for (uint32_t word = 0; word < INTID_WORDS && cpu->arch.num_spilled; word++) {
		uint32_t intids = cpu->arch.spill[word];

		if (intids)
			gic_release(cpu, word, intids, true);
		cpu->arch.spill[word] = 0;
	}
	cpu->arch.num_spilled = 0;
	cpu->arch.num_lpis = 0;
}

COLD void vgic_to_physical(struct percpu *cpu)
{
	uint32_t sgis;

	release_undelivered(cpu, true);
	sgis = __atomic_exchange_n(&cpu->arch.sgi_pending, 0, __ATOMIC_ACQUIRE);
	mmio_write32(cpu->arch.gicr + GICR_SGI_FRAME, GICD_ISPENDR, sgis);
}

/*
 * Group, priority and trigger of SGIs and PPIs as Linux had them: no cell inherits what another one set. The priorities of ours
 * stay 0 all the time: siblings may be writing other fields of their words (write_fields()).
 */
static void restore_private_interrupts(struct percpu *cpu, uint32_t guests)
{
	const struct launch_state *launch = &cpu->arch.launch;
	volatile uint8_t *sgi = cpu->arch.gicr + GICR_SGI_FRAME;

	mmio_write32(sgi, GICD_IGROUPR, launch->groups);
	mmio_write32(sgi, GICD_ICFGR + 4, launch->ppi_config);
	for (; guests; guests &= guests - 1)
		sgi[GICD_IPRIORITYR + __builtin_ctz(guests)] = launch->priorities[__builtin_ctz(guests)];
}

/* One, two or four registers per group, for 5, 6 or 7 bits of preemption (IHI 0069, ICH_VTR_EL2.PREbits). */
static void reset_active_priorities(void)
{
	uint32_t bits = (uint32_t)(read_sysreg(ICH_VTR_EL2) >> 26 & 7) + 1;

	zero_sysregs(ICH_AP0R_EL2(0), ICH_AP1R_EL2(0));
	if (bits >= 6)
		zero_sysregs(ICH_AP0R_EL2(1), ICH_AP1R_EL2(1));
	if (bits >= 7)
		zero_sysregs(ICH_AP0R_EL2(2), ICH_AP1R_EL2(2), ICH_AP0R_EL2(3), ICH_AP1R_EL2(3));
}

/* That of the timer, too, while the hypervisor has it on: it goes on when the guest of this CPU does not (watchdog.c). */
static COLD uint32_t guests_private_interrupts(void)
{
	return ~(OUR_INTERRUPTS | (read_sysreg(cnthp_ctl_el2) & CNTHP_ENABLE ? 1U << TIMER_INTID : 0));
}

COLD void vgic_reset(struct percpu *cpu)
{
	volatile uint8_t *sgi = cpu->arch.gicr + GICR_SGI_FRAME;
	uint32_t guests = guests_private_interrupts();

	if (read_sysreg(ICH_HCR_EL2) & ICH_HCR_EN) {
		/* SGIs, too, though nobody sends physical ones: Linux would take, or miss, them after disable */
		mmio_write32(sgi, GICD_ICENABLER, guests);
		gic_wait_redistributor(cpu);
		release_undelivered(cpu, false);
		mmio_write32(sgi, GICD_ICACTIVER, guests);
		mmio_write32(sgi, GICD_ICPENDR, guests);
		restore_private_interrupts(cpu, guests);
		set_underflow_interrupt(false);
	} else {
		for (uint32_t n = 0; n < cpu->arch.num_list_regs; n++)
			write_list_reg(n, 0);
	}
	if (CONFIG_FAST_PATH)
		arch_forget_all(cpu);
	__atomic_store_n(&cpu->arch.sgi_pending, 0, __ATOMIC_RELAXED);
	reset_active_priorities();
	write_sysreg(0, ICH_VMCR_EL2);
	isb();
}

/* Fields of ICC_SGI1R_EL1 (IHI 0069): who gets it; the list is by Aff0, from 16 times the range selector on. */
#define SGI_LIST	0xffffUL
#define SGI_INTID(v)	((uint32_t)((v) >> 24 & 0xf))
#define SGI_OTHERS	(1UL << 40)	/* all CPUs but the sender, whatever else it says */
#define SGI_CLUSTER	(0xffUL << 48 | 0xfUL << 44 | SGI_OTHERS | 0xffUL << 32 | 0xffUL << 16)

/*
 * CPUs by their affinity: most SGIs go to one CPU. Two CPUs may have the same place, then
 * one of them is not there. Written once by each CPU, before any guest runs.
 */
static struct percpu *volatile sgi_targets[16];

static uint32_t place_of_target(uint64_t value)
{
	/* Aff0, the first one of the list, and Aff1: on some machines the one says it, on others the other */
	return (uint32_t)((uint32_t)__builtin_ctz((uint32_t)(value & SGI_LIST) | 1U << 16) + (value >> 16)) % 16;
}

void vgic_init_cpu(struct percpu *cpu)
{
	cpu->arch.num_list_regs = ICH_VTR_LIST_REGS(read_sysreg(ICH_VTR_EL2));
	cpu->arch.all_free = (1UL << cpu->arch.num_list_regs) - 1;
	cpu->arch.sgi_target = (cpu->mpidr >> 32 & 0xff) << 48 | (cpu->mpidr >> 16 & 0xff) << 32 |
			       (cpu->mpidr >> 8 & 0xff) << 16 | 1UL << (cpu->mpidr & 0xf);
	sgi_targets[place_of_target(cpu->arch.sgi_target)] = cpu;
}

/* As vgic_flush() would do it, which it is left to if others wait. */
static APART void send_to_itself(struct percpu *cpu, uint32_t sgi)
{
	if (!(cpu->arch.num_spilled | cpu->arch.num_lpis | cpu->arch.sgi_pending) && inject_sgi(cpu, sgi))
		return;
	__atomic_fetch_or(&cpu->arch.sgi_pending, 1U << sgi, __ATOMIC_RELAXED);
	vgic_flush(cpu);
}

static void send_to_other(struct percpu *target, uint32_t sgi)
{
	/* pairs with vgic_flush(): it is there before the kick */
	__atomic_fetch_or(&target->arch.sgi_pending, 1U << sgi, __ATOMIC_RELEASE);
	arch_kick(target);
}

/* No CPU has an Aff0 above 15 (gic_init_cpu()), so nobody is in the list of another range than 0. */
static bool is_receiver(const struct percpu *cpu, const struct percpu *target, uint64_t value)
{
	if (value & SGI_OTHERS)
		return target != cpu;
	return !((value ^ target->arch.sgi_target) & SGI_CLUSTER) && (value & target->arch.sgi_target & SGI_LIST);
}

static APART void send_to_all(struct percpu *cpu, uint64_t value)
{
	for (uint32_t word = 0; word < CPU_SET_WORDS; word++) {
		for (uint64_t cpus = cpu->cell->cpus.bits[word]; cpus; cpus &= cpus - 1) {
			struct percpu *target = percpu_beside(cpu, 64 * word + (uint32_t)__builtin_ctzl(cpus));

			if (!is_receiver(cpu, target, value))
				continue;
			if (target == cpu)
				send_to_itself(cpu, SGI_INTID(value));
			else
				send_to_other(target, SGI_INTID(value));
		}
	}
}

/* Is it a list of this CPU alone? */
static bool is_only_target(const struct percpu *target, uint64_t value)
{
	return !((value ^ target->arch.sgi_target) & (SGI_CLUSTER | SGI_LIST));
}

void vgic_send_sgi(struct percpu *cpu, uint64_t value)
{
	struct percpu *target;

	if (is_only_target(cpu, value)) {
		send_to_itself(cpu, SGI_INTID(value));
		return;
	}
	target = sgi_targets[place_of_target(value)];
	if (target && is_only_target(target, value) && target->cell == cpu->cell)
		send_to_other(target, SGI_INTID(value));
	else
		send_to_all(cpu, value);
}
