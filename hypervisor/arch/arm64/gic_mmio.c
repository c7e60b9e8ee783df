/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GIC registers as cells see them: distributor and redistributors at their hardware addresses, filtered to the
 * interrupts of the cell (IHI 0069, chapter 12). Fields of foreign interrupts read 0 and ignore writes. No
 * access stops a cell.
 */
#include "bulkhead/hypercall_codes.h"
#include "cell.h"
#include "console.h"
#include "percpu.h"
#include "virq.h"
#include "watchdog.h"
#include "arch/irq.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "gic.h"

/*
 * Register banks with a field for each interrupt, of 1024 interrupts in the distributor, of the first 32 in the frame of a
 * redistributor; found by what is above the lowest 7 bits of the offset.
 */
enum bank {
	NO_BANK,
	BANK_ACTS,		/* a bit each: writing ones acts, zeros do nothing */
	BANK_GROUPS,		/* plain fields from here on: a bit */
	BANK_CONFIG,		/* 2 bits */
	BANK_PRIORITIES,	/* 8 bits */
};

#define BANK_NUMBER(offset)	((offset) >> 7)
#define NUM_BANKS		32U

static const uint8_t banks[NUM_BANKS] = {
	[BANK_NUMBER(GICD_IGROUPR)] = BANK_GROUPS,
	[BANK_NUMBER(GICD_ISENABLER) ... BANK_NUMBER(GICD_ICACTIVER)] = BANK_ACTS,
	[BANK_NUMBER(GICD_IPRIORITYR) ... BANK_NUMBER(GICD_IPRIORITYR + 1023)] = BANK_PRIORITIES,
	[BANK_NUMBER(GICD_ICFGR) ... BANK_NUMBER(GICD_ICFGR + 255)] = BANK_CONFIG,
};

static inline enum bank bank_at(uint64_t offset)
{
	return BANK_NUMBER(offset) < NUM_BANKS ? (enum bank)banks[BANK_NUMBER(offset)] : NO_BANK;
}

/* INTID of the first field at an offset in a bank */
static inline uint32_t first_intid(enum bank bank, uint32_t offset)
{
	if (bank == BANK_PRIORITIES)
		return offset - GICD_IPRIORITYR;
	return bank == BANK_CONFIG ? (offset - GICD_ICFGR) * 4 : offset % 128 * 8;
}

/*
 * The bits of a register whose interrupts are the cell's. The distributor takes 32-bit accesses, priorities also bytes (IHI
 * 0069, 12.1.3): 0 for others, which may end in an external abort. owned[0] stands for INTIDs 0-31.
 */
static uint32_t owned_fields(enum bank bank, const volatile uint32_t *owned, uint32_t interrupts, uint32_t offset,
			     uint32_t size)
{
	uint32_t first = first_intid(bank, offset), fields;

	if (first >= interrupts)
		return 0;
	fields = owned[first / 32] >> (first % 32);
	if (size == 1 && bank == BANK_PRIORITIES)
		return fields & 1 ? 0xff : 0;
	if (size != 4 || (offset & 3))
		return 0;
	if (bank == BANK_PRIORITIES)
		/* bit n to bit 8n: of the copies at each seventh bit, only that one */
		return ((fields & 0xf) * 0x00204081 & 0x01010101) * 0xff;
	if (bank == BANK_CONFIG) {
		/* bit n to bits 2n and 2n + 1, by halves */
		fields = ((fields & 0xffff) | fields << 8) & 0x00ff00ff;
		fields = (fields | fields << 4) & 0x0f0f0f0f;
		fields = (fields | fields << 2) & 0x33333333;
		return ((fields | fields << 1) & 0x55555555) * 3;
	}
	return fields;
}

static uint32_t raw_read(const volatile uint8_t *frame, uint32_t offset, uint32_t size)
{
	return size == 1 ? frame[offset] : mmio_read32(frame, offset);
}

static void raw_write(volatile uint8_t *frame, uint32_t offset, uint32_t size, uint32_t value)
{
	if (size == 1)
		frame[offset] = (uint8_t)value;
	else
		mmio_write32(frame, offset, value);
}

static uint32_t read_bank(enum bank bank, const volatile uint8_t *frame, const volatile uint32_t *owned, uint32_t interrupts,
			  uint32_t offset, uint32_t size)
{
	uint32_t mask = owned_fields(bank, owned, interrupts, offset, size);

	return mask ? raw_read(frame, offset, size) & mask : 0;
}

/* Not BANK_ACTS */
static void write_fields(const struct cell *cell, enum bank bank, volatile uint8_t *frame, const volatile uint32_t *owned,
			 uint32_t interrupts, uint32_t offset, uint32_t size, uint32_t value)
{
	uint32_t mask = owned_fields(bank, owned, interrupts, offset, size);

	if (!mask)
		return;
	/* gic.lock: the other fields may be another cell's */
	spin_lock(&gic.lock);
	raw_write(frame, offset, size, (raw_read(frame, offset, size) & ~mask) | (value & mask));
	spin_unlock(&gic.lock);
	if (bank == BANK_PRIORITIES)
		vgic_new_priorities(cell, first_intid(bank, offset) & ~3U);
}

/* Fast for what guests do all the time: to switch an interrupt on and off. */
static inline void write_bank(const struct cell *cell, enum bank bank, volatile uint8_t *frame, const volatile uint32_t *owned,
			      uint32_t interrupts, uint32_t offset, uint32_t size, uint32_t value)
{
	if (bank != BANK_ACTS) {
		write_fields(cell, bank, frame, owned, interrupts, offset, size, value);
		return;
	}
	if (size != 4 || (offset & 3) || first_intid(BANK_ACTS, offset) >= interrupts)
		return;
	value &= owned[offset % 128 / 4];
	if (value)
		mmio_write32(frame, offset, value);
}

COLD struct percpu *cpu_in_cell(const struct cell *cell, uint64_t affinity)
{
	for_each_cpu(id, &cell->cpus)
		if (percpu_of(id)->mpidr == affinity)
			return percpu_of(id);
	return NULL;
}

/* NULL, or where it is. The upper half of a route is 0 on machines with Aff3 = 0, and a 64-bit write does both. */
static volatile uint8_t *find_router(const struct cell *cell, uint32_t offset, uint32_t size)
{
	uint32_t intid = (offset - GICD_IROUTER) / 8;

	if (offset < GICD_IROUTER || intid < FIRST_SPI || intid >= gic.num_intids || (offset & 7) || size < 4 ||
	    !(cell->arch.spis[intid / 32] >> (intid % 32) & 1))
		return NULL;
	return gic.gicd + offset;
}

static bool is_id_register(uint32_t offset)
{
	return offset >= 0xffd0 && offset < 0x10000;
}

static struct mmio_read read_distributor(const struct mmio_window *window, uint64_t at, uint32_t size)
{
	const struct cell *cell = window->owner;
	uint32_t offset = (uint32_t)at;
	enum bank bank = bank_at(offset);
	const volatile uint8_t *router;

	if (bank)
		return (struct mmio_read){ read_bank(bank, gic.gicd, cell->arch.spis, 1024, offset, size), NULL };
	if (size == 4 && (offset == GICD_CTLR || offset == GICD_TYPER || offset == GICD_IIDR ||
			  (is_id_register(offset) && !(offset & 3))))
		return (struct mmio_read){ mmio_read32(gic.gicd, offset), (const volatile uint32_t *)(gic.gicd + offset) };
	router = find_router(cell, offset, size);
	if (!router)
		return (struct mmio_read){ 0, NULL };
	return (struct mmio_read){ size == 8 ? mmio_read64(router, 0) : mmio_read32(router, 0), NULL };
}

static struct virq_store *write_distributor(const struct mmio_window *window, uint64_t at, uint32_t size, uint64_t value)
{
	struct cell *cell = window->owner;
	uint32_t offset = (uint32_t)at;
	enum bank bank = bank_at(offset);
	volatile uint8_t *router;

	if (bank) {
		write_bank(cell, bank, gic.gicd, cell->arch.spis, 1024, offset, size, (uint32_t)value);
		return NULL;
	}
	router = find_router(cell, offset, size);
	value = size == 8 ? value : (uint32_t)value;
	if (router && cpu_in_cell(cell, value))
		mmio_write64(router, 0, value);
	return NULL;
}

static const struct mmio_device distributor = {
	.cause = CPU_EXIT_GICD, .read = read_distributor, .write = write_distributor,
};

/* A frame of a redistributor, as a cell sees it */
struct redistributor {
	volatile uint8_t *frame;
	struct percpu *cpu;		/* NULL: of no CPU of the cell */
	uint32_t offset;
	bool is_last;
	enum bank bank;			/* of its CPU, in the second frame */
	uint32_t owned;			/* of the interrupts of the CPU */
};

static struct redistributor find_redistributor(const struct mmio_window *window, uint64_t offset)
{
	const struct cell *cell = window->owner;
	uint64_t number = offset / gic.gicr_stride;
	struct redistributor found = {
		.frame = gic.redistributors[number],
		.offset = (uint32_t)(offset % gic.gicr_stride),
		.is_last = number + 1 == gic.num_redistributors,
		.owned = ~(OUR_INTERRUPTS | (cell_has_watchdog(cell) ? 1U << TIMER_INTID : 0)),
	};

	if (this_cpu()->arch.gicr == found.frame)
		found.cpu = this_cpu();
	else
		for_each_cpu(id, &cell->cpus)
			if (percpu_of(id)->arch.gicr == found.frame)
				found.cpu = percpu_of(id);
	/* what is behind that frame has no banks */
	if (found.cpu && found.offset >= GICR_SGI_FRAME)
		found.bank = bank_at(found.offset - GICR_SGI_FRAME);
	return found;
}

/*
 * Guests look through all frames for that of their CPU: each is there, whosever it is. Nothing there can be written: the
 * hypervisor needs the redistributor awake, its LPIs are the root cell's from before.
 */
static uint64_t read_rd_frame(const struct redistributor *rd, uint32_t size)
{
	uint32_t offset = rd->offset;

	if (offset == GICR_TYPER || offset == GICR_TYPER + 4) {
		uint64_t typer = mmio_read64(rd->frame, GICR_TYPER) | (rd->is_last ? GICR_TYPER_LAST : 0);

		if (size < 4)
			return 0;
		typer = offset == GICR_TYPER ? typer : typer >> 32;
		return size == 8 ? typer : (uint32_t)typer;
	}
	if (size != 4 || (offset & 3))
		return 0;
	if (offset == GICR_IIDR || is_id_register(offset))
		return mmio_read32(rd->frame, offset);
	if (rd->cpu && (offset == GICR_CTLR || offset == GICR_STATUSR || offset == GICR_WAKER))
		return mmio_read32(rd->frame, offset);
	return 0;
}

static struct mmio_read read_redistributor(const struct mmio_window *window, uint64_t at, uint32_t size)
{
	struct redistributor rd = find_redistributor(window, at);
	volatile uint8_t *frame = rd.frame + GICR_SGI_FRAME;

	if (rd.offset < GICR_SGI_FRAME)
		return (struct mmio_read){ read_rd_frame(&rd, size), NULL };
	return (struct mmio_read){
		rd.bank ? read_bank(rd.bank, frame, &rd.owned, 32, rd.offset - GICR_SGI_FRAME, size) : 0, NULL,
	};
}

static struct virq_store *write_redistributor(const struct mmio_window *window, uint64_t at, uint32_t size, uint64_t value)
{
	struct redistributor rd = find_redistributor(window, at);

	if (rd.bank)
		write_bank(window->owner, rd.bank, rd.frame + GICR_SGI_FRAME, &rd.owned, 32, rd.offset - GICR_SGI_FRAME, size,
			   (uint32_t)value);
	return NULL;
}

static const struct mmio_device redistributor = {
	.cause = CPU_EXIT_GICR, .read = read_redistributor, .write = write_redistributor,
};

static void save_spi(struct cell *cell, uint32_t intid)
{
	uint32_t word = intid / 32;

	/* of each word, only what is the cell's is used */
	cell->saved->enabled[word] = mmio_read32(gic.gicd, GICD_ISENABLER + 4 * word);
	cell->saved->group[word] = mmio_read32(gic.gicd, GICD_IGROUPR + 4 * word);
	cell->saved->config[intid / 16] = mmio_read32(gic.gicd, GICD_ICFGR + intid / 16 * 4);
	cell->saved->priority[intid] = gic.gicd[GICD_IPRIORITYR + intid];
}

/* Group, priority and trigger as they were: neither the next start nor the root cell inherits what a cell did. */
static void restore_spi(struct cell *cell, uint32_t intid)
{
	uint32_t word = intid / 32, bit = 1U << (intid % 32);
	uint32_t config = GICD_ICFGR + intid / 16 * 4, config_mask = 3U << (intid % 16 * 2);

	spin_lock(&gic.lock);
	mmio_write32(gic.gicd, GICD_IGROUPR + 4 * word,
		     (mmio_read32(gic.gicd, GICD_IGROUPR + 4 * word) & ~bit) | (cell->saved->group[word] & bit));
	mmio_write32(gic.gicd, config, (mmio_read32(gic.gicd, config) & ~config_mask) |
		     (cell->saved->config[intid / 16] & config_mask));
	gic.gicd[GICD_IPRIORITYR + intid] = cell->saved->priority[intid];
	spin_unlock(&gic.lock);
}

static COLD void take_spis(struct cell *cell, const struct cfg_system *system, bool take)
{
	struct spi_set own, roots;

	config_collect_spis(&cell->config, system->arch.arm.gicd_base, &own);
	config_collect_spis(&root_cell.config, system->arch.arm.gicd_base, &roots);
	for (uint32_t word = 1; word < (gic.num_intids + 31) / 32; word++) {
		uint32_t spis = own.words[word], back = spis & roots.words[word];

		if (take) {
			if (!cell->is_root)
				root_cell.arch.spis[word] &= ~spis;
			cell->arch.spis[word] |= spis;
			for (; spis && !cell->is_root; spis &= spis - 1)
				save_spi(cell, 32 * word + (uint32_t)__builtin_ctz(spis));
		} else {
			cell->arch.spis[word] &= ~spis;
			root_cell.arch.spis[word] |= back;
			/* no effect after a refused creation, which has changed nothing */
			if (back & cell->saved->enabled[word])
				mmio_write32(gic.gicd, GICD_ISENABLER + 4 * word, back & cell->saved->enabled[word]);
		}
	}
}

COLD int arch_irq_cell_init(struct cell *cell, const struct cfg_system *system)
{
	uint64_t redistributors = gic.num_redistributors * gic.gicr_stride;
	int error;

	error = mmio_add_fixed(&cell->mmio, gic.gicd_phys, GIC_FRAME_SIZE, &distributor, cell, 0);
	if (!error)
		error = mmio_add_fixed(&cell->mmio, gic.gicr_phys, redistributors, &redistributor, cell, 0);
	if (error)
		return refuse(error, "%pC: a sub-page region or the ECAM window overlaps the GIC", &cell->config);
	take_spis(cell, system, true);
	return 0;
}

COLD int arch_irq_carve(struct cell *cell)
{
	int error = arch_memory_unmap(cell, GUEST_ADDR(gic.gicd_phys), GIC_FRAME_SIZE);

	return error ? error : arch_memory_unmap(cell, GUEST_ADDR(gic.gicr_phys),
						 gic.num_redistributors * gic.gicr_stride);
}

COLD void arch_irq_cell_reset(struct cell *cell)
{
	for (uint32_t word = 1; word < INTID_WORDS; word++) {
		uint32_t spis = cell->arch.spis[word];

		if (!spis)
			continue;
		mmio_write32(gic.gicd, GICD_ICENABLER + 4 * word, spis);
		gic_wait_clear(gic.gicd, GICD_CTLR, GICD_CTLR_RWP);
		mmio_write32(gic.gicd, GICD_ICACTIVER + 4 * word, spis);
		mmio_write32(gic.gicd, GICD_ICPENDR + 4 * word, spis);
		/* the root cell's are as it left them, or, in direct boot, as start-up did: nobody had them before */
		if (cell->is_root)
			continue;
		__atomic_fetch_and(&gic.of_link[word], ~spis, __ATOMIC_RELAXED);
		for (; spis; spis &= spis - 1) {
			uint32_t intid = 32 * word + (uint32_t)__builtin_ctz(spis);

			restore_spi(cell, intid);
			gic_set_route(intid, percpu_of(cpu_set_next(&cell->cpus, 0))->mpidr);
		}
	}
}

static bool runs(const struct percpu *cpu)
{
	return cpu->run_state == CPU_RUNNING;
}

/* A CPU that comes from another cell is off, and so nobody would take what that one has aimed at it. */
COLD void arch_irq_retarget(struct cell *cell)
{
	struct percpu *first = NULL;
	uint64_t last = ~0UL;	/* most routes are the same. No register has this one */
	bool stays = false;

	for_each_cpu(id, &cell->cpus)
		if (!first || (!runs(first) && runs(percpu_of(id))))
			first = percpu_of(id);
	if (!first)
		return;
	for (uint32_t word = 1; word < INTID_WORDS; word++)
		for (uint32_t spis = cell->arch.spis[word]; spis; spis &= spis - 1) {
			uint32_t intid = 32 * word + (uint32_t)__builtin_ctz(spis);
			uint64_t route = mmio_read64(gic.gicd, GICD_IROUTER + 8 * intid);

			if (route != last) {
				const struct percpu *target = cpu_in_cell(cell, route);

				stays = target && (runs(target) || !runs(first));
				last = route;
			}
			if (!stays)
				gic_set_route(intid, first->mpidr);
		}
}

COLD void arch_irq_cell_exit(struct cell *cell, const struct cfg_system *system)
{
	take_spis(cell, system, false);
}

COLD void arch_fill_comm_region(struct cell *cell, const struct cfg_system *system)
{
	struct comm_region *comm = cell->comm;

	comm->gic_version = system->arch.arm.gic_version;
	comm->gicd_base = system->arch.arm.gicd_base;
	comm->gicc_base = system->arch.arm.gicc_base;
	comm->gicr_base = system->arch.arm.gicr_base;
	comm->vpci_irq_base = cell->config.cell->vpci_irq_base;
}
