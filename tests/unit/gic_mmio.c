/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cell reads and writes of the GIC, against the rule for one interrupt at a time: a field is the cell's if its interrupt
 * is. Every offset and size, with registers in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../hypervisor/arch/arm64/gic_mmio.c"

#define CPUS		2u
#define INTIDS		288u
#define HERE		0x10000u	/* MPIDR of CPU n: n more */

uint64_t sysreg_tpidr_el2;
struct gic gic;
struct cell root_cell;
uint32_t num_cpu_slots = CPUS;

static uint8_t distributor_frame[GIC_FRAME_SIZE] __attribute__((aligned(8)));
static uint8_t redistributors[3][GICR_STRIDE] __attribute__((aligned(8)));	/* the last one is nobody's */
static struct percpu cpus[CPUS];
static struct cell cell;
static struct mmio_window windows[2];
static uint32_t locks, told_first;
static bool told;

struct percpu *percpu_of(uint32_t cpu)
{
	return &cpus[cpu];
}

void vgic_new_priorities(const struct cell *of, uint32_t first)
{
	assert_ptr_equal(of, &cell);
	assert_int_equal(locks, 0);
	told_first = first;
	told = true;
}

void spin_lock(spinlock_t *lock)
{
	assert_ptr_equal(lock, &gic.lock);
	locks++;
}

void spin_unlock(spinlock_t *lock)
{
	assert_ptr_equal(lock, &gic.lock);
	locks--;
}

/* What the rest of the file needs */
int (refuse)(int error, const char *format, ...)
{
	(void)format;
	return error;
}

void config_collect_spis(const struct config_view *config, uint64_t gicd_base, struct spi_set *spis)
{
	(void)config;
	(void)gicd_base;
	memset(spis, 0, sizeof(*spis));
}

int arch_memory_unmap(struct cell *of, guest_addr_t guest, uint64_t size)
{
	(void)of;
	(void)guest;
	(void)size;
	return 0;
}

void gic_set_route(uint32_t intid, uint64_t affinity)
{
	memcpy(&distributor_frame[GICD_IROUTER + 8 * intid], &affinity, sizeof(affinity));
}

static uint32_t waits;
static uint8_t at_wait[GIC_FRAME_SIZE];

bool gic_wait_clear(const volatile uint8_t *frame, uint32_t offset, uint32_t bits)
{
	assert_ptr_equal(frame, distributor_frame);
	assert_int_equal(offset, GICD_CTLR);
	assert_int_equal(bits, GICD_CTLR_RWP);
	assert_int_equal(locks, 0);
	memcpy(at_wait, distributor_frame, sizeof(at_wait));
	waits++;
	return true;
}

static void fill(void)
{
	for (uint32_t n = 0; n < sizeof(distributor_frame); n++)
		distributor_frame[n] = (uint8_t)rand();
	for (uint32_t n = 0; n < sizeof(redistributors); n++)
		redistributors[n / GICR_STRIDE][n % GICR_STRIDE] = (uint8_t)rand();
}

static int setup(void **state)
{
	static struct cfg_system system;

	(void)state;
	srand(8);
	memset(&cell, 0, sizeof(cell));
	memset(cpus, 0, sizeof(cpus));
	gic = (struct gic){
		.gicd = distributor_frame, .gicd_phys = 0x8000000, .gicr_phys = 0x80a0000, .gicr_stride = GICR_STRIDE,
		.num_redistributors = 3, .num_intids = INTIDS, .maintenance_intid = 25,
	};
	for (uint32_t n = 0; n < 3; n++)
		gic.redistributors[n] = redistributors[n];
	for (uint32_t n = 0; n < CPUS; n++) {
		cpus[n].mpidr = HERE + n;
		cpus[n].arch.gicr = redistributors[n];
		cpu_set_assign(&cell.cpus, n, true);
	}
	sysreg_tpidr_el2 = (uintptr_t)&cpus[0];
	mmio_map_init(&cell.mmio, windows, 2, 0);
	assert_int_equal(arch_irq_cell_init(&cell, &system), 0);
	for (uint32_t word = 1; word < 9; word++)
		cell.arch.spis[word] = (uint32_t)rand() << 16 ^ (uint32_t)rand();
	cell.arch.spis[8] = UINT32_MAX;
	locks = 0;
	fill();
	return 0;
}

static uint64_t load(uint64_t address, uint8_t size)
{
	struct mmio_access access = { .size = size, .value = 0x5a5a5a5a5a5a5a5a };

	assert_int_equal(mmio_dispatch(&cell.mmio, GUEST_ADDR(address), &access), MMIO_HANDLED);
	assert_int_equal(locks, 0);
	return access.value;
}

static void store(uint64_t address, uint8_t size, uint64_t value)
{
	struct mmio_access access = { .size = size, .value = value, .is_write = true };

	assert_int_equal(mmio_dispatch(&cell.mmio, GUEST_ADDR(address), &access), MMIO_HANDLED);
	assert_int_equal(locks, 0);
}

/* Bits of an interrupt in the bank that an offset is in; 0: none */
static uint32_t field_of(uint32_t offset, uint32_t interrupts, uint32_t *first)
{
	static const struct { uint32_t start, bits; } table[] = {
		{ GICD_IGROUPR, 1 }, { GICD_ISENABLER, 1 }, { GICD_ICENABLER, 1 }, { GICD_ISPENDR, 1 }, { GICD_ICPENDR, 1 },
		{ GICD_ISACTIVER, 1 }, { GICD_ICACTIVER, 1 }, { GICD_IPRIORITYR, 8 }, { GICD_ICFGR, 2 },
	};

	for (uint32_t n = 0; n < ARRAY_SIZE(table); n++) {
		if (offset < table[n].start || offset >= table[n].start + interrupts * table[n].bits / 8)
			continue;
		*first = (offset - table[n].start) * 8 / table[n].bits;
		return table[n].bits;
	}
	return 0;
}

/* The bits of an access that are the cell's */
static uint32_t expected_mask(uint32_t offset, uint32_t size, const uint32_t *owned, uint32_t interrupts)
{
	uint32_t first, bits = field_of(offset, interrupts, &first), mask = 0;

	if (!bits || offset % size || (size != 4 && (size != 1 || bits != 8)))
		return 0;
	for (uint32_t bit = 0; bit < 8 * size; bit++) {
		uint32_t intid = first + bit / bits;

		mask |= (owned[intid / 32] >> (intid % 32) & 1u) << bit;
	}
	return mask;
}

static uint32_t at(const uint8_t *frame, uint32_t offset, uint32_t size)
{
	uint32_t value = 0;

	memcpy(&value, frame + offset, size);
	return value;
}

static void banks_of(uint64_t base, uint8_t *frame, const uint32_t *owned, uint32_t interrupts)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	static uint8_t before[GIC_FRAME_SIZE];

	for (uint32_t offset = 0x40; offset < 0x1000; offset++) {
		for (uint32_t n = 0; n < ARRAY_SIZE(sizes); n++) {
			uint32_t size = sizes[n], first, bits = field_of(offset, interrupts, &first);
			uint32_t mask = expected_mask(offset, size, owned, interrupts);
			uint32_t value = (uint32_t)rand() << 16 ^ (uint32_t)rand(), was = at(frame, offset, size < 4 ? size : 4);
			bool acts = offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR;

			assert_int_equal(load(base + offset, (uint8_t)size), mask ? was & mask : 0);
			memcpy(before, frame, sizeof(before));
			told = false;
			store(base + offset, (uint8_t)size, 0xffffffff00000000 | value);
			if (mask && (!acts || (value & mask))) {
				uint32_t now = (value & mask) | (acts ? 0 : was & ~mask);

				assert_int_equal(at(frame, offset, size), size == 1 ? now & 0xff : now);
				memcpy(frame + offset, before + offset, size);
			}
			assert_memory_equal(frame, before, sizeof(before));
			assert_int_equal(told, mask && bits == 8);
			if (told)
				assert_int_equal(told_first, first & ~3u);
		}
	}
}

static void fields_of_the_distributor(void **state)
{
	uint32_t owned[INTID_WORDS];

	(void)state;
	for (uint32_t n = 0; n < INTID_WORDS; n++)
		owned[n] = cell.arch.spis[n];
	banks_of(gic.gicd_phys, distributor_frame, owned, 1024);
}

static void fields_of_redistributors(void **state)
{
	uint32_t all_but_ours = ~(RESERVED_SGIS | 1u << 25), nothing = 0;

	(void)state;
	/* also of the other CPU of the cell, as hardware has it */
	for (uint32_t n = 0; n < 2; n++)
		banks_of(gic.gicr_phys + n * GICR_STRIDE + GICR_SGI_FRAME, redistributors[n] + GICR_SGI_FRAME, &all_but_ours, 32);
	banks_of(gic.gicr_phys + 2 * GICR_STRIDE + GICR_SGI_FRAME, redistributors[2] + GICR_SGI_FRAME, &nothing, 32);
	cell.watchdog.period = 1;
	all_but_ours &= ~(1u << TIMER_INTID);
	banks_of(gic.gicr_phys + GICR_SGI_FRAME, redistributors[0] + GICR_SGI_FRAME, &all_but_ours, 32);
}

static void routes(void **state)
{
	(void)state;
	cell.arch.spis[1] = 2;
	for (uint32_t offset = GICD_IROUTER - 16; offset < GICD_IROUTER + 8 * 1024; offset++) {
		for (uint8_t size = 1; size <= 8; size = (uint8_t)(size * 2)) {
			uint32_t intid = (offset - GICD_IROUTER) / 8;
			bool is_own = offset % 8 == 0 && size >= 4 && offset > GICD_IROUTER && intid < INTIDS &&
				      cell.arch.spis[intid / 32] >> (intid % 32) & 1;
			uint64_t was, now;

			memcpy(&was, &distributor_frame[offset & ~7u], 8);
			assert_true(load(gic.gicd_phys + offset, size) == (is_own ? size == 8 ? was : (uint32_t)was : 0));
			store(gic.gicd_phys + offset, size, 0x20000);	/* no CPU of the cell */
			memcpy(&now, &distributor_frame[offset & ~7u], 8);
			assert_true(now == was);
			store(gic.gicd_phys + offset, size, HERE + 1 + (size == 4 ? 1ull << 32 : 0));
			memcpy(&now, &distributor_frame[offset & ~7u], 8);
			assert_true(now == (is_own ? HERE + 1 : was));
		}
	}
}

static bool is_in(uint32_t offset, const uint32_t *list, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++)
		if (list[n] == offset)
			return true;
	return offset >= 0xffd0 && offset % 4 == 0;
}

static void other_registers(void **state)
{
	static const uint32_t of_gicd[] = { GICD_CTLR, GICD_TYPER, GICD_IIDR };
	static const uint32_t of_own[] = { GICR_CTLR, GICR_IIDR, GICR_STATUSR, GICR_WAKER }, of_others[] = { GICR_IIDR };
	static uint8_t before[3][GICR_STRIDE];

	(void)state;
	memcpy(before, redistributors, sizeof(before));
	for (uint32_t offset = 0; offset < GIC_FRAME_SIZE; offset++) {
		for (uint8_t size = 1; size <= 8 && offset + size <= GIC_FRAME_SIZE; size = (uint8_t)(size * 2)) {
			uint32_t first;

			if (!field_of(offset, 1024, &first) && (offset < GICD_IROUTER || offset >= GICD_IROUTER + 8 * 1024)) {
				bool is_there = size == 4 && is_in(offset, of_gicd, ARRAY_SIZE(of_gicd));

				assert_int_equal(load(gic.gicd_phys + offset, size), is_there ? at(distributor_frame, offset, 4) : 0);
				store(gic.gicd_phys + offset, size, ~at(distributor_frame, offset & ~3u, 4));
			}
			for (uint32_t n = 0; n < 3; n++) {
				bool is_there = size == 4 && (n < 2 ? is_in(offset, of_own, ARRAY_SIZE(of_own)) :
								is_in(offset, of_others, ARRAY_SIZE(of_others)));
				uint64_t value = is_there ? at(redistributors[n], offset, 4) : 0;

				if (offset / 8 == GICR_TYPER / 8 && offset % 4 == 0 && size >= 4) {
					memcpy(&value, &redistributors[n][GICR_TYPER], 8);
					value |= n == 2 ? GICR_TYPER_LAST : 0;
					value = offset % 8 ? value >> 32 : size == 8 ? value : (uint32_t)value;
				}
				assert_true(load(gic.gicr_phys + n * GICR_STRIDE + offset, size) == value);
				store(gic.gicr_phys + n * GICR_STRIDE + offset, size, UINT64_MAX);
			}
		}
	}
	assert_memory_equal(before, redistributors, sizeof(before));
	/* behind the two frames of a redistributor that also has virtual LPIs */
	gic.gicr_stride = GICR_STRIDE_VLPI;
	assert_int_equal(load(gic.gicr_phys + 2 * GIC_FRAME_SIZE + GICD_IPRIORITYR, 4), 0);
	store(gic.gicr_phys + 2 * GIC_FRAME_SIZE + GICD_ISENABLER, 4, UINT32_MAX);
	assert_memory_equal(before, redistributors, sizeof(before));
}

static void take_field(uint8_t *to, const uint8_t *from, uint32_t bank, uint32_t intid, uint32_t bits)
{
	uint32_t at = bank + intid * bits / 8, mask = ((1u << bits) - 1) << intid * bits % 8;

	to[at] = (uint8_t)((to[at] & ~mask) | (from[at] & mask));
}

/* As before the first start, to the first CPU; nothing is configured before the distributor says that it is off. */
static void reset_of_a_cell(void **state)
{
	static uint8_t first[GIC_FRAME_SIZE], before[GIC_FRAME_SIZE];
	static struct arch_cell_saved saved;
	uint32_t intid = 8 * 32 + 3, word = intid / 32;

	(void)state;
	memset(&saved, 0, sizeof(saved));
	cell.saved = &saved;
	save_spi(&cell, intid);
	memcpy(first, distributor_frame, sizeof(first));
	fill();
	for (uint32_t n = 0; n < INTID_WORDS; n++)
		cell.arch.spis[n] = n == word ? 1u << intid % 32 : 0;
	cpu_set_assign(&cell.cpus, 0, false);
	memcpy(before, distributor_frame, sizeof(before));
	waits = 0;
	arch_irq_cell_reset(&cell);
	assert_int_equal(waits, 1);
	assert_int_equal(at(at_wait, GICD_ICENABLER + 4 * word, 4), 1u << intid % 32);
	assert_memory_equal(&before[GICD_IGROUPR], &at_wait[GICD_IGROUPR], GICD_ISENABLER - GICD_IGROUPR);
	assert_memory_equal(&before[GICD_IPRIORITYR], &at_wait[GICD_IPRIORITYR], GIC_FRAME_SIZE - GICD_IPRIORITYR);
	/* of the interrupt what was saved, of others what is there */
	take_field(before, first, GICD_IGROUPR, intid, 1);
	take_field(before, first, GICD_ICFGR, intid, 2);
	take_field(before, first, GICD_IPRIORITYR, intid, 8);
	assert_memory_equal(&before[GICD_IGROUPR], &distributor_frame[GICD_IGROUPR], GICD_ISENABLER - GICD_IGROUPR);
	assert_memory_equal(&before[GICD_IPRIORITYR], &distributor_frame[GICD_IPRIORITYR], GICD_IROUTER - GICD_IPRIORITYR);
	assert_int_equal(at(distributor_frame, GICD_IROUTER + 8 * intid, 4), HERE + 1);
	memcpy(&before[GICD_IROUTER + 8 * intid], &distributor_frame[GICD_IROUTER + 8 * intid], 8);
	assert_memory_equal(&before[GICD_IROUTER], &distributor_frame[GICD_IROUTER], 8 * 1020);
}

/* The root cell's, in direct boot, are aimed as its programs, or start-up, did. */
static void reset_of_the_root_cell(void **state)
{
	static uint8_t before[GIC_FRAME_SIZE];

	(void)state;
	cell.is_root = true;
	/* they may all be other cells' */
	for (uint32_t n = 0; n < CPUS; n++)
		cpu_set_assign(&cell.cpus, n, false);
	memcpy(before, distributor_frame, sizeof(before));
	arch_irq_cell_reset(&cell);
	assert_memory_equal(&before[GICD_IPRIORITYR], &distributor_frame[GICD_IPRIORITYR], GIC_FRAME_SIZE - GICD_IPRIORITYR);
}

#define TEST(name)	cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_of_the_distributor), TEST(fields_of_redistributors), TEST(routes), TEST(other_registers),
		TEST(reset_of_a_cell), TEST(reset_of_the_root_cell),
	};

	return cmocka_run_group_tests_name("gic_mmio", tests, NULL, NULL);
}
