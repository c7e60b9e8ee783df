/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GIC registers as cells see them: distributor and redistributors at their hardware addresses, filtered to the
 * interrupts of the cell (IHI 0069, chapter 12). Fields of foreign interrupts read 0 and ignore writes. No
 * access stops a cell.
 */
#include "bulkhead/hypercall.h"
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "percpu.h"
#include "virq.h"
#include "arch/irq.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "gic.h"

/* How a register bank with a field of `bits` bits per interrupt is to be accessed */
enum bank_kind {
	BANK_WRITE_ONES,	/* writing ones acts, zeros do nothing: mask and write */
	BANK_FIELDS,		/* plain fields: read-modify-write */
};

struct gic_bank {
	uint32_t start;
	uint32_t bits;		/* 1, 2 or 8 per interrupt; a bank covers 1024 interrupts */
	enum bank_kind kind;
};

static const struct gic_bank banks[] = {
	{ .start = GICD_IGROUPR, .bits = 1, .kind = BANK_FIELDS },
	{ .start = GICD_ISENABLER, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_ICENABLER, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_ISPENDR, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_ICPENDR, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_ISACTIVER, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_ICACTIVER, .bits = 1, .kind = BANK_WRITE_ONES },
	{ .start = GICD_IPRIORITYR, .bits = 8, .kind = BANK_FIELDS },
	{ .start = GICD_ICFGR, .bits = 2, .kind = BANK_FIELDS },
};

static const struct gic_bank *find_bank(uint32_t offset, uint32_t interrupts)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(banks); i++)
		if (offset >= banks[i].start && offset < banks[i].start + interrupts * banks[i].bits / 8)
			return &banks[i];
	return NULL;
}

/* Spread ownership bits of up to 32 interrupts from `first` over their fields in `size` bytes. */
static uint32_t field_mask(const volatile uint32_t *owned, uint32_t first, uint32_t bits, uint32_t size)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < size * 8 / bits; i++) {
		uint32_t intid = first + i;

		if (owned[intid / 32] >> (intid % 32) & 1)
			mask |= (bits == 8 ? 0xffU : (1U << bits) - 1) << (i * bits);
	}
	return mask;
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

/*
 * Access to a bank. The distributor takes 32-bit accesses, priorities also bytes (IHI 0069, 12.1.3). owned[0]
 * stands for INTIDs 0-31.
 */
static void access_bank(const struct cell *cell, const struct gic_bank *bank, volatile uint8_t *frame,
			const volatile uint32_t *owned, struct mmio_access *access)
{
	uint32_t offset = (uint32_t)access->offset;
	uint32_t first = (offset - bank->start) * 8 / bank->bits;
	uint32_t mask, value;

	if (access->size != 4 && (access->size != 1 || bank->bits != 8))
		return;		/* what the hardware does not take may end in an external abort */
	if (offset & (access->size - 1U))
		return;
	mask = field_mask(owned, first, bank->bits, access->size);
	if (!access->is_write) {
		access->value = raw_read(frame, offset, access->size) & mask;
		return;
	}
	value = (uint32_t)access->value & mask;
	if (!mask)
		return;
	if (bank->kind == BANK_WRITE_ONES) {
		raw_write(frame, offset, access->size, value);
		return;
	}
	/* gic.lock: the other fields may be another cell's */
	spin_lock(&gic.lock);
	raw_write(frame, offset, access->size, (raw_read(frame, offset, access->size) & ~mask) | value);
	spin_unlock(&gic.lock);
	if (bank->bits == 8)
		vgic_new_priorities(cell, first, access->size);
}

static const struct percpu *cpu_in_cell(const struct cell *cell, uint64_t affinity)
{
	for_each_cpu(id, &cell->cpus)
		if (percpu_of(id)->mpidr == affinity)
			return percpu_of(id);
	return NULL;
}

uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route)
{
	uint32_t intid = route->intid, word = intid / 32 * 4, bit = intid % 32;
	const struct percpu *cpu = cpu_in_cell(cell, mmio_read64(gic.gicd, GICD_IROUTER + 8 * intid));
	uint64_t status = cpu ? cpu->cpu_id : LINK_ROUTE_NO_CPU;

	status = status << 8 | *(gic.gicd + GICD_IPRIORITYR + intid);
	status <<= 3;
	for (uint32_t offset = GICD_ISACTIVER; offset; offset -= GICD_ISPENDR - GICD_ISENABLER)
		status = status << 1 | (mmio_read32(gic.gicd, offset + word) >> bit & 1);
	return status << 34;
}

static void access_router(const struct cell *cell, struct mmio_access *access)
{
	uint32_t offset = (uint32_t)access->offset;
	uint32_t intid = (offset - GICD_IROUTER) / 8;

	if (intid < FIRST_SPI || intid >= gic.num_intids || (offset & (access->size - 1U)) || access->size < 4 ||
	    !(cell->arch.spis[intid / 32] >> (intid % 32) & 1))
		return;
	if (offset & 4)
		return;		/* upper half: 0 on machines with Aff3 = 0, and a 64-bit write does both */
	if (!access->is_write)
		access->value = access->size == 8 ? mmio_read64(gic.gicd, offset) : mmio_read32(gic.gicd, offset);
	else if (cpu_in_cell(cell, access->value))
		mmio_write64(gic.gicd, offset, access->value);
}

static bool is_id_register(uint32_t offset)
{
	return offset >= 0xffd0 && offset < 0x10000;
}

static enum mmio_result access_distributor(void *owner, uint32_t index, struct mmio_access *access)
{
	struct cell *cell = owner;
	uint32_t offset = (uint32_t)access->offset;
	const struct gic_bank *bank = find_bank(offset, 1024);

	(void)index;
	access->cause = CPU_EXIT_GICD;
	access->value = access->is_write ? access->value : 0;
	if (bank) {
		access_bank(cell, bank, gic.gicd, cell->arch.spis, access);
	} else if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 8 * 1024) {
		access_router(cell, access);
	} else if (!access->is_write && access->size == 4 && !(offset & 3) &&
		   (offset == GICD_CTLR || offset == GICD_TYPER || offset == GICD_IIDR || is_id_register(offset))) {
		access->value = mmio_read32(gic.gicd, offset);
		access->again.word = (const volatile uint32_t *)(gic.gicd + offset);
	}
	return MMIO_HANDLED;
}

/* Guests look through all frames for that of their CPU: each is there, whosever it is. */
static void access_rd_frame(const volatile uint8_t *frame, bool own, bool last, struct mmio_access *access)
{
	uint32_t offset = (uint32_t)access->offset;

	if (offset == GICR_TYPER || offset == GICR_TYPER + 4) {
		uint64_t typer = mmio_read64(frame, GICR_TYPER) | (last ? GICR_TYPER_LAST : 0);

		if (!access->is_write && access->size >= 4)
			access->value = offset == GICR_TYPER ? typer : typer >> 32;
		return;
	}
	if (access->size != 4 || (offset & 3))
		return;
	if (offset == GICR_IIDR || is_id_register(offset)) {
		if (!access->is_write)
			access->value = mmio_read32(frame, offset);
	} else if (own && (offset == GICR_CTLR || offset == GICR_STATUSR || offset == GICR_WAKER)) {
		if (!access->is_write)
			access->value = mmio_read32(frame, offset);
		/* the hypervisor needs the redistributor awake, its LPIs are the root cell's from before */
	}
}

static void access_sgi_frame(const struct cell *cell, struct percpu *cpu, struct mmio_access *access)
{
	const struct gic_bank *bank = find_bank((uint32_t)access->offset, 32);
	uint32_t owned = ~(RESERVED_SGIS | 1U << gic.maintenance_intid |
			   (cpu->cell->watchdog.period ? 1U << TIMER_INTID : 0));

	if (bank)
		access_bank(cell, bank, cpu->arch.gicr + GICR_SGI_FRAME, &owned, access);
}

static enum mmio_result access_redistributor(void *owner, uint32_t index, struct mmio_access *access)
{
	struct cell *cell = owner;
	uint64_t number = access->offset / gic.gicr_stride;
	volatile uint8_t *frame = gic.redistributors[number];
	struct percpu *own = NULL;

	(void)index;
	access->cause = CPU_EXIT_GICR;
	access->value = access->is_write ? access->value : 0;
	access->offset %= gic.gicr_stride;
	for_each_cpu(id, &cell->cpus)
		if (percpu_of(id)->arch.gicr == frame)
			own = percpu_of(id);
	if (access->offset < GIC_FRAME_SIZE) {
		access_rd_frame(frame, own, number + 1 == gic.num_redistributors, access);
	} else if (access->offset < 2 * GIC_FRAME_SIZE && own) {
		access->offset -= GIC_FRAME_SIZE;
		access_sgi_frame(cell, own, access);
	}
	return MMIO_HANDLED;
}

static void save_spi(struct cell *cell, uint32_t intid)
{
	uint32_t word = intid / 32, bit = 1U << (intid % 32);
	uint32_t config_shift = intid % 16 * 2;

	if (mmio_read32(gic.gicd, GICD_ISENABLER + 4 * word) & bit)
		cell->arch.saved.enabled[word] |= bit;
	if (mmio_read32(gic.gicd, GICD_IGROUPR + 4 * word) & bit)
		cell->arch.saved.group[word] |= bit;
	cell->arch.saved.config[intid / 16] |= mmio_read32(gic.gicd, GICD_ICFGR + intid / 16 * 4) &
					       (3U << config_shift);
	cell->arch.saved.priority[intid] = gic.gicd[GICD_IPRIORITYR + intid];
}

/* Group, priority and trigger as they were: neither the next start nor the root cell inherits what a cell did. */
static void restore_spi(struct cell *cell, uint32_t intid)
{
	uint32_t word = intid / 32, bit = 1U << (intid % 32);
	uint32_t config = GICD_ICFGR + intid / 16 * 4, config_mask = 3U << (intid % 16 * 2);

	spin_lock(&gic.lock);
	mmio_write32(gic.gicd, GICD_IGROUPR + 4 * word,
		     (mmio_read32(gic.gicd, GICD_IGROUPR + 4 * word) & ~bit) | (cell->arch.saved.group[word] & bit));
	mmio_write32(gic.gicd, config, (mmio_read32(gic.gicd, config) & ~config_mask) |
		     (cell->arch.saved.config[intid / 16] & config_mask));
	gic.gicd[GICD_IPRIORITYR + intid] = cell->arch.saved.priority[intid];
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
			if (back & cell->arch.saved.enabled[word])
				mmio_write32(gic.gicd, GICD_ISENABLER + 4 * word, back & cell->arch.saved.enabled[word]);
		}
	}
}

COLD int arch_irq_cell_init(struct cell *cell, const struct cfg_system *system)
{
	uint64_t redistributors = gic.num_redistributors * gic.gicr_stride;
	int error;

	error = mmio_add_fixed(&cell->mmio, gic.gicd_phys, GIC_FRAME_SIZE, access_distributor, cell, 0);
	if (!error)
		error = mmio_add_fixed(&cell->mmio, gic.gicr_phys, redistributors, access_redistributor, cell, 0);
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
		mmio_write32(gic.gicd, GICD_ICACTIVER + 4 * word, spis);
		mmio_write32(gic.gicd, GICD_ICPENDR + 4 * word, spis);
		/* a CPU may have taken them while it waited: the next guest's they are not */
		for_each_cpu(id, &cell->cpus)
			vgic_forget(percpu_of(id), word, spis);
		/* the root cell's are as it left them, or, in direct boot, as start-up did: nobody had them before */
		while (spis && !cell->is_root) {
			uint32_t intid = 32 * word + (uint32_t)__builtin_ctz(spis);

			restore_spi(cell, intid);
			gic.of_link[intid] = false;
			spis &= spis - 1;
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
