/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3 (IHI 0069) as the arm64 files see it. Physical interrupts come to EL2, which drops their priority and hands
 * them to the guest in list registers with the hardware bit, so that the guest's deactivation is the
 * physical one. SGIs of guests are virtual; SGI 0 is the hypervisor's kick.
 */
#ifndef BULKHEAD_ARM64_GIC_H
#define BULKHEAD_ARM64_GIC_H

#include "percpu.h"
#include "asm/sysreg.h"

struct cell;
struct cfg_system;

#define GICD_CTLR		0x0000
#define GICD_CTLR_GROUPS	0x7U		/* any of the group enables, in either view */
#define GICD_CTLR_ENABLE_NS	0x3U		/* Group 1, in either view */
#define GICD_CTLR_ARE_NS	(1U << 4)
#define GICD_CTLR_RWP		(1U << 31)
#define GICD_TYPER		0x0004
#define GICD_IIDR		0x0008
#define GICD_IGROUPR		0x0080
#define GICD_ISENABLER		0x0100
#define GICD_ICENABLER		0x0180
#define GICD_ISPENDR		0x0200
#define GICD_ICPENDR		0x0280
#define GICD_ISACTIVER		0x0300
#define GICD_ICACTIVER		0x0380
#define GICD_IPRIORITYR		0x0400
#define GICD_ICFGR		0x0c00
#define GICD_IGRPMODR		0x0d00
#define GICD_IROUTER		0x6000
#define GIC_PIDR2		0xffe8

#define GICR_CTLR		0x0000
#define GICR_CTLR_LPIS		(1U << 0)	/* EnableLPIs */
#define GICR_CTLR_RWP		(1U << 3)
#define GICR_IIDR		0x0004
#define GICR_TYPER		0x0008
#define GICR_TYPER_LAST		(1U << 4)
#define GICR_TYPER_VLPIS	(1U << 1)
#define GICR_STATUSR		0x0010
#define GICR_WAKER		0x0014
#define GICR_WAKER_SLEEP	(1U << 1)	/* ProcessorSleep */
#define GICR_WAKER_ASLEEP	(1U << 2)	/* ChildrenAsleep */
#define GICR_SGI_FRAME		0x10000	/* the registers below are in it, at their GICD_ offsets */

#define GIC_FRAME_SIZE		0x10000UL
#define GICR_STRIDE		0x20000UL
#define GICR_STRIDE_VLPI	0x40000UL

#define KICK_SGI		0
#define RESERVED_SGIS		0x3U	/* SGIs 0 and 1 belong to the hypervisor physically */
#define OUR_INTERRUPTS		(RESERVED_SGIS | 1U << gic.maintenance_intid)	/* of each CPU, all the time */
#define TIMER_INTID		26	/* of the EL2 physical timer (BSA, DEN 0094, PPI assignments) */
#define FIRST_SPI		32
#define SPURIOUS_INTID		1020	/* and above, up to 1023 */
#define FIRST_EXTENDED		1024	/* PPIs and SPIs of GICv3.1, up to the LPIs */
#define FIRST_LPI		8192

#define CNTHP_ENABLE		(1U << 0)
#define CNTHP_ISTATUS		(1U << 2)

struct gic {
	volatile uint8_t *gicd;
	uint64_t gicd_phys, gicr_phys;
	uint64_t gicr_stride;
	uint32_t num_redistributors;
	volatile uint8_t *redistributors[CONFIG_MAX_CPUS];	/* all there are, also of CPUs that are not ours */
	uint32_t num_intids;		/* SPIs are below it */
	uint32_t maintenance_intid;
	volatile uint32_t of_link[INTID_WORDS];	/* atomic; a link has had a route there since its cell was reset; for counters only */
	spinlock_t lock;		/* read-modify-write of words with fields of several cells, or of ours */
};

extern struct gic gic;

/* Does this CPU have the system registers of a GICv3? Without, they are undefined instructions. */
static inline bool gic_has_registers(void)
{
	return id_field(id_aa64pfr0_el1, 24);
}

static inline uint32_t mmio_read32(const volatile uint8_t *base, uint32_t offset)
{
	return *(const volatile uint32_t *)(base + offset);
}

static inline void mmio_write32(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

static inline uint64_t mmio_read64(const volatile uint8_t *base, uint32_t offset)
{
	return *(const volatile uint64_t *)(base + offset);
}

static inline void mmio_write64(volatile uint8_t *base, uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)(base + offset) = value;
}

/* Of the exit in which an interrupt came that is not the hypervisor's: CPU_EXIT_* */
static inline uint32_t gic_cause_of_exit(uint32_t intid)
{
	return intid < NUM_INTIDS && gic.of_link[intid / 32] >> (intid % 32) & 1 ? CPU_EXIT_LINK_IRQ : CPU_EXIT_IRQ;
}

/* Find distributor and redistributors; once. */
int gic_init(const struct cfg_system *system);

/* The redistributor and list registers of the calling CPU; changes nothing, unless firmware started us. */
int gic_init_cpu(struct percpu *cpu);

/* Direct boot: nothing of what firmware has done to it remains. Once; each CPU its own. 0 or an errno after refuse(). */
int gic_reset_distributor(void);
int gic_reset_redistributor(struct percpu *cpu);
void gic_reset_cpu_interface(void);

/* Have bits cleared? The hardware does so within a bounded time; the bound only guards against a broken one: false then. */
bool gic_wait_clear(const volatile uint8_t *frame, uint32_t offset, uint32_t bits);

/* Until interrupts of a CPU that were switched off are off. */
void gic_wait_redistributor(const struct percpu *cpu);

/* Calling CPU: do the registers of Group 0 belong to us, and not to firmware at EL3? */
bool gic_has_group0(void);

/* Calling CPU: take the CPU interface over from Linux with what is pending. */
void gic_activate_cpu(struct percpu *cpu);

/* An SGI or PPI of a CPU, by its second frame, is ours from now on: more urgent than what guests have. */
void gic_claim(volatile uint8_t *sgi_frame, uint32_t intid);

/* Deactivate hardware interrupts of a word that the guest never saw; make them pending again if repend. */
void gic_release(struct percpu *cpu, uint32_t word, uint32_t intids, bool repend);

/*
 * End the WFE or WFI of a CPU that does not hear the kick: by its other interrupt that no guest has, the maintenance
 * interrupt, which comes another way, by the registers of its redistributor.
 */
void gic_wake(struct percpu *cpu);

/* Distributor base of an affinity as IROUTER takes it; MPIDR affinity fields already have that layout. */
void gic_set_route(uint32_t intid, uint64_t affinity);

/* The CPU of the cell with an MPIDR affinity, or NULL */
struct percpu *cpu_in_cell(const struct cell *cell, uint64_t affinity);

/* Calling CPU, in its cell with a watchdog: the interrupt of the timer was acknowledged. */
void gic_take_timer(void);

/* Calling CPU: virtual side of the CPU interface. */
void vgic_init_cpu(struct percpu *cpu);		/* what is known about it and never changes */
void vgic_reset(struct percpu *cpu);		/* no guest state, PPIs off; undelivered SPIs pending again */
void vgic_inject_hardware(struct percpu *cpu, uint32_t intid);
/* The priority of one of four, of which the first is a multiple of four, has changed: the entry code hands none to CPUs of the cell. */
void vgic_new_priorities(const struct cell *cell, uint32_t intid);
void vgic_flush(struct percpu *cpu);		/* what is pending in software -> list registers */
bool vgic_has_pending(struct percpu *cpu);	/* would the guest wake from WFI? */
void vgic_to_physical(struct percpu *cpu);	/* hand everything pending back to the hardware */

/* Send virtual SGI to CPUs of the caller's cell: value as written to ICC_SGI1R_EL1. */
void vgic_send_sgi(struct percpu *cpu, uint64_t value);

#endif
