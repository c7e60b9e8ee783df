/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch/arm64 makes of aborts of guests: syndrome by syndrome, with system registers in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "cell.h"
#include "cell_internal.h"
#include "control.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "entry.h"
#include "trap.h"
#undef dsb
#define dsb(scope)	on_barrier()
static void on_barrier(void);
#include "../../hypervisor/arch/arm64/trap_data_abort.c"

#define EC_DABT		(0x24ULL << 26)
#define EC_IABT		(0x20ULL << 26)
#define IL		(1ULL << 25)
#define ISV		(1ULL << 24)
#define SAS(log2)	((uint64_t)(log2) << 22)
#define SSE		(1ULL << 21)
#define SRT(n)		((uint64_t)(n) << 16)
#define SF		(1ULL << 15)
#define CM		(1ULL << 8)
#define S1PTW		(1ULL << 7)
#define WNR		(1ULL << 6)
#define TRANSLATION	0x07ULL		/* level 3 */
#define ACCESS_FLAG	0x0bULL
#define PERMISSION	0x0fULL
#define EXTERNAL	0x10ULL
#define TAG_CHECK	0x11ULL
#define ALIGNMENT	0x21ULL

#define WINDOW		0x0a000000ULL	/* guest-physical, 4 KiB */
#define PC		0x4000ULL

uint64_t sysreg_elr_el2, sysreg_spsr_el2, sysreg_far_el2, sysreg_hpfar_el2, sysreg_par_el1, sysreg_sp_el0, sysreg_sp_el1,
	sysreg_tpidr_el2;

static struct percpu cpu;
static struct cell cell;
static struct cfg_cell header;
static struct cfg_memory regions[4];
static struct mmio_window windows[2];
static struct trap_frame frame;
static struct mmio_access seen[4];
static uint32_t num_seen, skipped, aborts, violations, handled;
static bool abort_of_instruction;
static uint32_t violation, violation_flags, violation_size;
static uint64_t read_value;
static enum mmio_result device_result;
static uint32_t instruction;
#define READABLE	0x80000000u
#define PAR_FAULT	0x1u
#define TABLE_ABORTS	0u
static uint64_t translation;	/* of the instruction */
static uint32_t traps, lights, remembered;
static uint64_t looked_at[CPU_EXIT_COUNT];

static void (*barrier_hook)(void);

/* What another CPU does meanwhile */
static void on_barrier(void)
{
	if (barrier_hook)
		barrier_hook();
}

void fast_remember(const struct trap_frame *of, uint64_t esr, const struct mmio_window *window, uint64_t offset,
		   union mmio_again again)
{
	assert_ptr_equal(of, &frame);
	assert_ptr_equal(window, &windows[0]);
	assert_in_range(offset, 0, PAGE_SIZE - 1);
	assert_non_null(again.word);
	assert_int_equal(esr >> 26, EC_DABT >> 26);
	remembered++;
}

void skip_instruction(void)
{
	skipped++;
}

void inject_external_abort(bool of_instruction)
{
	aborts++;
	abort_of_instruction = of_instruction;
}

void guest_violation(struct trap_frame *of, uint32_t kind, uint32_t flags, uint32_t size)
{
	assert_ptr_equal(of, &frame);
	violations++;
	violation = kind;
	violation_flags = flags;
	violation_size = size;
}

/* What the rest of core/cell_fault.c needs, which is tested by core_fault.c */
uint64_t arch_ticks(void)
{
	return 0;
}

uint64_t arch_ticks_per_second(void)
{
	return 1;
}

void look_lock(void)
{
	fail();
}

void look_unlock(void)
{
	fail();
}

struct cell *cell_find(uint32_t id)
{
	(void)id;
	return NULL;
}

void cpu_handle_revocation(void)
{
	handled++;
}

uint64_t arm64_translate(uint64_t address, bool by_el0)
{
	assert_int_equal(by_el0, (sysreg_spsr_el2 & SPSR_MODE_MASK) == SPSR_MODE_EL0T);
	assert_int_equal(address, PC);
	sysreg_par_el1 = translation;
	return translation;
}

void *arch_window(host_addr_t host)
{
	assert_int_equal(host.value, 0x80000000);
	return &instruction;
}

bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write)
{
	assert_ptr_equal(address, &instruction);
	assert_int_equal(size, 4);
	assert_false(is_write);
	*value = instruction;
	return true;
}

static void see(uint64_t offset, uint32_t size, bool is_write, uint64_t value)
{
	assert_true(num_seen < ARRAY_SIZE(seen));
	assert_true(size == 1 || size == 2 || size == 4 || size == 8);
	seen[num_seen++] = (struct mmio_access){
		.offset = offset, .size = (uint8_t)size, .is_write = is_write, .value = value & UINT64_MAX >> (64 - 8 * size),
	};
}

static struct mmio_read device_read(const struct mmio_window *window, uint64_t offset, uint32_t size)
{
	assert_ptr_not_equal(window->owner, &cell);
	see(offset, size, false, 0);
	return (struct mmio_read){ read_value & UINT64_MAX >> (64 - 8 * size), NULL };
}

static struct virq_store *device_write(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value)
{
	assert_ptr_not_equal(window->owner, &cell);
	see(offset, size, true, value);
	return NULL;
}

static enum mmio_result picky_access(const struct mmio_window *window, struct mmio_access *access)
{
	assert_ptr_equal(window->owner, &cell);
	see(access->offset, access->size, access->is_write, access->value);
	if (!access->is_write)
		access->value = read_value;
	return device_result;
}

static const struct mmio_device device = { .cause = CPU_EXIT_GICD, .read = device_read, .write = device_write };
/* It may refuse; its owner is the cell. */
static const struct mmio_device picky = { .cause = CPU_EXIT_SUBPAGE, .access = picky_access };

#define PICKY		0x0b000000ULL	/* 4 KiB, too */

static int setup(void **state)
{
	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	memset(&frame, 0, sizeof(frame));
	memset(&cell, 0, sizeof(cell));
	memset(&header, 0, sizeof(header));
	memset(regions, 0, sizeof(regions));
	cell.config.cell = &header;
	cell.config.memory = regions;
	cpu.cell = &cell;
	cpu.fast.page = FAST_EMPTY;
	mmio_map_init(&cell.mmio, windows, 2, 0);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW, PAGE_SIZE, &device, NULL, 0), 0);
	assert_int_equal(mmio_add_fixed(&cell.mmio, PICKY, PAGE_SIZE, &picky, &cell, 0), 0);
	for (uint32_t n = 0; n < 31; n++)
		frame.x[n] = 0xa5a5a5a500000000ULL + n;
	sysreg_tpidr_el2 = (uintptr_t)&cpu;
	sysreg_elr_el2 = PC;
	sysreg_spsr_el2 = SPSR_MODE_EL1H;
	sysreg_par_el1 = 0x1234;
	num_seen = skipped = aborts = violations = handled = traps = lights = 0;
	memset(seen, 0, sizeof(seen));
	memset(looked_at, 0, sizeof(looked_at));
	cell.arch.revocations = 0;
	violation = violation_flags = violation_size = 0;
	device_result = MMIO_HANDLED;
	translation = READABLE;
	barrier_hook = NULL;
	return 0;
}

/* Of one trap; trap_light() has to leave what trap_data_abort() leaves, or nothing. */
struct outcome {
	struct trap_frame frame;
	uint64_t exits[CPU_EXIT_COUNT], elr;
	struct mmio_access seen[ARRAY_SIZE(seen)];
	uint32_t num_seen, aborts, violations, handled;
};

static struct outcome outcome(void)
{
	struct outcome now;

	memset(&now, 0, sizeof(now));
	now.frame = frame;
	memcpy(now.exits, (const void *)cpu.exits, sizeof(now.exits));
	now.elr = sysreg_elr_el2;
	memcpy(now.seen, seen, num_seen * sizeof(seen[0]));
	now.num_seen = num_seen;
	now.aborts = aborts;
	now.violations = violations;
	now.handled = handled;
	return now;
}

static void go_back(const struct outcome *before)
{
	frame = before->frame;
	memcpy((void *)cpu.exits, before->exits, sizeof(before->exits));
	sysreg_elr_el2 = before->elr;
	num_seen = before->num_seen;
}

/* Has trap_light() done it? */
static bool try_light(uint64_t esr)
{
	struct outcome before = outcome(), after;
	/* the syndrome is the entry code's business */
	bool light = (esr & LIGHT_BITS) == LIGHT_ABORT && trap_light(&frame, esr);

	after = outcome();
	if (!light) {
		assert_memory_equal(&before, &after, sizeof(before));
		return false;
	}
	assert_int_equal(after.elr, before.elr + 4);
	go_back(&before);
	trap_data_abort(&frame, esr);
	after.elr = before.elr;		/* skip_instruction() is the test's */
	before = outcome();
	assert_memory_equal(&before, &after, sizeof(before));
	return true;
}

/* A data abort at an address of the guest, whose stage 1 is off. */
static void abort_at(uint64_t address, uint64_t iss)
{
	sysreg_far_el2 = address;
	sysreg_hpfar_el2 = address >> 12 << 4;
	traps++;
	if (try_light(EC_DABT | IL | iss))
		lights++;
	else
		trap_data_abort(&frame, EC_DABT | IL | iss);
}

static void fetch_abort(uint64_t iss)
{
	traps++;
	trap_instruction_abort(&frame, EC_IABT | IL | iss);
}

/* Whatever comes of it, each exit is counted once. */
static int each_has_one_cause(void **state)
{
	uint64_t sum = 0;

	(void)state;
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++)
		sum += cpu.exits[n];
	assert_int_equal(sum, traps);
	assert_int_not_equal(sum, 0);
	return 0;
}

/* Since the last look */
static void assert_counted(uint32_t cause, uint64_t times)
{
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++)
		assert_int_equal(cpu.exits[n] - looked_at[n], n == cause ? times : 0);
	memcpy(looked_at, (const void *)cpu.exits, sizeof(looked_at));
}

static void assert_outcome(uint32_t accesses, uint32_t skips, uint32_t injected, uint32_t violated)
{
	assert_int_equal(num_seen, accesses);
	assert_int_equal(skipped, skips);
	assert_int_equal(aborts, injected);
	assert_int_equal(violations, violated);
	num_seen = skipped = aborts = violations = 0;
}

/*
 * DC IVAC of a section that the cell may only read wants write permission; DC CIVAC and others of what the cell does not
 * have. Both are skipped, wherever they go, also over an emulated register, which they do not touch.
 */
static void cache_maintenance_is_skipped(void **state)
{
	static const uint64_t faults[] = { TRANSLATION, ACCESS_FLAG, PERMISSION };

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(faults); n++) {
		for (uint32_t is_root = 0; is_root < 2; is_root++) {
			cell.is_root = is_root;
			abort_at(0x70000000, CM | WNR | faults[n]);
			assert_outcome(0, 1, 0, 0);
			abort_at(WINDOW, CM | WNR | faults[n]);
			assert_outcome(0, 1, 0, 0);
			/* by a valid syndrome of a store it would be one */
			abort_at(WINDOW, ISV | SAS(2) | CM | WNR | faults[n]);
			assert_outcome(0, 1, 0, 0);
		}
	}
	for (uint32_t n = 0; n < 31; n++)
		assert_int_equal(frame.x[n], 0xa5a5a5a500000000ULL + n);
}

static void store_to_read_only_memory_is_an_abort(void **state)
{
	(void)state;
	abort_at(0x70000000, ISV | SAS(2) | WNR | PERMISSION);
	assert_outcome(0, 0, 1, 0);
	assert_false(abort_of_instruction);
	abort_at(WINDOW, ISV | SAS(2) | WNR | PERMISSION);
	assert_outcome(0, 0, 1, 0);
}

static void errors_of_walks_and_of_the_bus_are_the_guests(void **state)
{
	static const uint64_t own[] = { EXTERNAL, TAG_CHECK, ALIGNMENT, S1PTW | TRANSLATION, S1PTW | PERMISSION,
					S1PTW | CM | TRANSLATION };

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(own); n++) {
		abort_at(WINDOW, ISV | SAS(2) | own[n]);
		assert_outcome(0, 0, 1, 0);
	}
}

static void loads(void **state)
{
	static const struct {
		uint64_t iss, expected;
	} cases[] = {
		{ SAS(0),		0x88 },
		{ SAS(0) | SF,		0x88 },
		{ SAS(0) | SSE,		0xffffff88 },
		{ SAS(0) | SSE | SF,	0xffffffffffffff88 },
		{ SAS(1) | SSE,		0xffff9988 },
		{ SAS(1),		0x9988 },
		{ SAS(2),		0xbbaa9988 },
		{ SAS(2) | SSE | SF,	0xffffffffbbaa9988 },
		{ SAS(3) | SF,		0xffeeddccbbaa9988 },
	};

	(void)state;
	for (uint32_t n = 0; n < ARRAY_SIZE(cases); n++) {
		read_value = 0xffeeddccbbaa9988;
		abort_at(WINDOW + 0x108, ISV | SRT(7) | cases[n].iss | TRANSLATION);
		assert_int_equal(seen[0].offset, 0x108);
		assert_int_equal(seen[0].size, 1u << (cases[n].iss >> 22 & 3));
		assert_false(seen[0].is_write);
		assert_true(frame.x[7] == cases[n].expected);
		assert_outcome(1, 1, 0, 0);
	}
	/* to the zero register */
	abort_at(WINDOW, ISV | SRT(31) | SAS(3) | SF | TRANSLATION);
	assert_outcome(1, 1, 0, 0);
	assert_counted(CPU_EXIT_GICD, ARRAY_SIZE(cases) + 1);
}

static void stores(void **state)
{
	static const uint64_t values[] = { 0x88, 0x9988, 0xbbaa9988, 0xffeeddccbbaa9988 };

	(void)state;
	frame.x[30] = 0xffeeddccbbaa9988;
	for (uint32_t log2 = 0; log2 < 4; log2++) {
		abort_at(WINDOW + 8, ISV | SRT(30) | SAS(log2) | WNR | ACCESS_FLAG);
		assert_true(seen[0].is_write && seen[0].value == values[log2] && seen[0].size == 1u << log2);
		assert_outcome(1, 1, 0, 0);
		abort_at(WINDOW + 8, ISV | SRT(31) | SAS(log2) | WNR | TRANSLATION);
		assert_true(seen[0].is_write && seen[0].value == 0);
		assert_outcome(1, 1, 0, 0);
	}
}

static void nothing_there(void **state)
{
	(void)state;
	abort_at(WINDOW - 4, ISV | SAS(2) | TRANSLATION);
	assert_int_equal(violation, BH_FAULT_READ);
	assert_int_equal(violation_flags, 0);
	assert_int_equal(violation_size, 4);
	assert_outcome(0, 0, 0, 1);
	abort_at(WINDOW + PAGE_SIZE, ISV | SAS(3) | WNR | TRANSLATION);
	assert_int_equal(violation, BH_FAULT_WRITE);
	assert_int_equal(violation_size, 8);
	assert_outcome(0, 0, 0, 1);
	/* what the device itself refuses */
	device_result = MMIO_REFUSED;
	abort_at(PICKY, ISV | SAS(2) | TRANSLATION);
	assert_int_equal(violation, BH_FAULT_READ);
	assert_int_equal(violation_flags, BH_FAULT_REFUSED);
	assert_outcome(1, 0, 0, 1);
	device_result = MMIO_HANDLED;
	/* ldp x1, x2, [x3] */
	instruction = 0xa9400861;
	frame.x[3] = WINDOW + PAGE_SIZE;
	abort_at(WINDOW + PAGE_SIZE, TRANSLATION);
	assert_int_equal(violation_size, 16);
	assert_outcome(0, 0, 0, 1);
	for (uint32_t n = 0; n < BH_NUM_STRAYS; n++)
		assert_int_equal(cell.fault.strays[n], 0);
}

/*
 * A register page may be given to a process, which shall not stop its cell: what begins in a window and cannot be
 * executed is an abort of the guest.
 */
static void what_a_device_does_not_take(void **state)
{
	static const struct {
		uint32_t instruction;
		uint64_t iss;
	} cases[] = {
		{ 0x885f7c20, 0 },	/* ldxr w0, [x1] */
		{ 0x88027c20, WNR },	/* stxr w2, w0, [x1] */
		{ 0xb8200022, WNR },	/* ldadd w0, w2, [x1] */
		{ 0x88a07c22, WNR },	/* cas w0, w2, [x1] */
		{ 0x3dc00020, 0 },	/* ldr q0, [x1] */
		{ 0x3d800020, WNR },	/* str q0, [x1] */
		{ 0xd50b7421, WNR },	/* dc zva, x1 */
	};
	static const uint64_t levels[] = { SPSR_MODE_EL0T, SPSR_MODE_EL1H };

	(void)state;
	frame.x[1] = WINDOW + 0x40;
	for (uint32_t n = 0; n < ARRAY_SIZE(cases); n++) {
		for (uint32_t level = 0; level < ARRAY_SIZE(levels); level++) {
			sysreg_spsr_el2 = levels[level];
			instruction = cases[n].instruction;
			abort_at(WINDOW + 0x40, cases[n].iss | TRANSLATION);
			assert_false(abort_of_instruction);
			assert_outcome(0, 0, 1, 0);
			/* where nothing is, they stop the CPU as any access */
			abort_at(WINDOW + PAGE_SIZE, cases[n].iss | TRANSLATION);
			assert_outcome(0, 0, 0, 1);
		}
	}
	/* over the end of the window */
	abort_at(WINDOW + PAGE_SIZE - 4, ISV | SAS(3) | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	abort_at(WINDOW + PAGE_SIZE - 1, ISV | SAS(1) | WNR | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	abort_at(WINDOW - 4, ISV | SAS(3) | TRANSLATION);
	assert_outcome(0, 0, 0, 1);
}

static void without_syndrome(void **state)
{
	(void)state;
	/* ldp w1, w2, [x3], #8 */
	instruction = 0x28c10861;
	frame.x[3] = WINDOW + 0x10;
	read_value = 0x55667788;
	abort_at(WINDOW + 0x10, TRANSLATION);
	assert_int_equal(num_seen, 2);
	assert_int_equal(seen[0].offset, 0x10);
	assert_int_equal(seen[1].offset, 0x14);
	assert_int_equal(frame.x[1], 0x55667788);
	assert_int_equal(frame.x[2], 0x55667788);
	assert_int_equal(frame.x[3], WINDOW + 0x18);
	assert_int_equal(sysreg_par_el1, 0x1234);	/* the guest's */
	assert_outcome(2, 1, 0, 0);

	/* str w1, [sp, #4]! with the stack pointer of EL0 */
	instruction = 0xb8004fe1;
	sysreg_spsr_el2 = SPSR_MODE_EL0T;
	sysreg_sp_el0 = WINDOW;
	abort_at(WINDOW + 4, WNR | TRANSLATION);
	assert_int_equal(seen[0].offset, 4);
	assert_int_equal(sysreg_sp_el0, WINDOW + 4);
	assert_outcome(1, 1, 0, 0);

	/* the second half lies in another page, about which nothing is known */
	instruction = 0x28c10861;
	sysreg_spsr_el2 = SPSR_MODE_EL1H;
	frame.x[3] = WINDOW + PAGE_SIZE - 4;
	abort_at(WINDOW + PAGE_SIZE - 4, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	assert_int_equal(frame.x[3], WINDOW + PAGE_SIZE - 4);

	/* the instruction and the abort disagree: another CPU of the cell changes code */
	frame.x[3] = WINDOW;
	abort_at(WINDOW, WNR | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	frame.x[3] = WINDOW + 0x2000;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	/* nop; unreadable; AArch32 */
	frame.x[3] = WINDOW;
	instruction = 0xd503201f;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	instruction = 0x28c10861;
	translation = TABLE_ABORTS;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	translation = READABLE;
	sysreg_spsr_el2 = SPSR_MODE_AA32;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
}

static void instruction_aborts(void **state)
{
	(void)state;
	fetch_abort(TRANSLATION);
	assert_int_equal(violation, BH_FAULT_FETCH);
	assert_int_equal(violation_size, 4);
	assert_outcome(0, 0, 0, 1);
	fetch_abort(S1PTW | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
}

static void assert_strays(uint64_t reads, uint64_t writes, uint64_t given_aborts)
{
	assert_int_equal(cell.fault.strays[BH_STRAY_READS], reads);
	assert_int_equal(cell.fault.strays[BH_STRAY_WRITES], writes);
	assert_int_equal(cell.fault.strays[BH_STRAY_ABORTS], given_aborts);
	assert_int_equal(cell.fault.count, 0);
	for (uint32_t n = 0; n < BH_NUM_STRAYS; n++)
		cell.fault.strays[n] = 0;
}

#define NOTHING		0x70000000ULL

static void fetch_at(uint64_t address, uint64_t iss)
{
	sysreg_far_el2 = address;
	sysreg_hpfar_el2 = address >> 12 << 4;
	fetch_abort(iss);
}

static void ignored_accesses(void **state)
{
	(void)state;
	header.flags = CFG_STRAY_IGNORE;
	for (uint32_t log2 = 0; log2 < 4; log2++) {
		frame.x[7] = UINT64_MAX;
		abort_at(NOTHING, ISV | SRT(7) | SAS(log2) | SSE | SF | TRANSLATION);
		assert_int_equal(frame.x[7], 0);
		assert_outcome(0, 1, 0, 0);
		frame.x[7] = UINT64_MAX;
		abort_at(NOTHING, ISV | SRT(7) | SAS(log2) | WNR | TRANSLATION);
		assert_true(frame.x[7] == UINT64_MAX);
		assert_outcome(0, 1, 0, 0);
	}
	assert_strays(4, 4, 0);
	/* to the zero register, whose number would be that of the next thing in the frame */
	abort_at(NOTHING, ISV | SRT(31) | SAS(3) | SF | ACCESS_FLAG);
	assert_outcome(0, 1, 0, 0);
	assert_strays(1, 0, 0);
	/* ldp w1, w2, [x3], #8; stp w1, w2, [x3], #8: both halves are accesses */
	frame.x[1] = frame.x[2] = UINT64_MAX;
	frame.x[3] = NOTHING;
	instruction = 0x28c10861;
	abort_at(NOTHING, TRANSLATION);
	assert_true(!frame.x[1] && !frame.x[2] && frame.x[3] == NOTHING + 8);
	instruction = 0x28810861;
	abort_at(NOTHING + 8, WNR | TRANSLATION);
	assert_int_equal(frame.x[3], NOTHING + 16);
	assert_outcome(0, 2, 0, 0);
	assert_strays(2, 2, 0);
	/* windows are first, also for half of an access */
	instruction = 0x29400861;	/* ldp w1, w2, [x3] */
	frame.x[3] = WINDOW + PAGE_SIZE - 8;
	abort_at(WINDOW + PAGE_SIZE - 8, TRANSLATION);
	assert_outcome(2, 1, 0, 0);
	abort_at(WINDOW, ISV | SAS(2) | WNR | TRANSLATION);
	assert_outcome(1, 1, 0, 0);
	device_result = MMIO_REFUSED;
	abort_at(PICKY, ISV | SAS(2) | WNR | TRANSLATION);
	assert_outcome(1, 0, 0, 1);
	device_result = MMIO_HANDLED;
	abort_at(WINDOW + PAGE_SIZE - 4, ISV | SAS(3) | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	/* memory that may only be read is no nothing; walks and the bus neither */
	abort_at(NOTHING, ISV | SAS(2) | WNR | PERMISSION);
	abort_at(NOTHING, ISV | SAS(2) | S1PTW | TRANSLATION);
	abort_at(NOTHING, ISV | SAS(2) | EXTERNAL);
	assert_outcome(0, 0, 3, 0);
	abort_at(NOTHING, CM | WNR | TRANSLATION);
	assert_outcome(0, 1, 0, 0);
	assert_strays(0, 0, 0);
}

/* Nothing can be made of them: the guest learns it. */
static void what_cannot_be_ignored(void **state)
{
	static const struct {
		uint32_t instruction;
		uint64_t iss;
	} cases[] = {
		{ 0x885f7c20, 0 },	/* ldxr w0, [x1] */
		{ 0x88027c20, WNR },	/* stxr w2, w0, [x1] */
		{ 0xb8200022, WNR },	/* ldadd w0, w2, [x1] */
		{ 0x3dc00020, 0 },	/* ldr q0, [x1] */
		{ 0xd50b7421, WNR },	/* dc zva, x1 */
	};
	static const uint32_t actions[] = { CFG_STRAY_IGNORE, CFG_STRAY_ABORT };

	(void)state;
	frame.x[1] = NOTHING;
	for (uint32_t n = 0; n < ARRAY_SIZE(actions); n++) {
		header.flags = actions[n];
		for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
			instruction = cases[i].instruction;
			abort_at(NOTHING, cases[i].iss | TRANSLATION);
			assert_false(abort_of_instruction);
			assert_outcome(0, 0, 1, 0);
		}
		assert_strays(0, 0, ARRAY_SIZE(cases));
		fetch_at(NOTHING, TRANSLATION);
		assert_true(abort_of_instruction);
		assert_outcome(0, 0, 1, 0);
		assert_strays(0, 0, 1);
		/* where it has memory that it may not read */
		fetch_at(NOTHING, PERMISSION);
		assert_outcome(0, 0, 0, 1);
		assert_strays(0, 0, 0);
	}
}

static void aborted_accesses(void **state)
{
	(void)state;
	header.flags = CFG_STRAY_ABORT;
	frame.x[7] = 7;
	abort_at(NOTHING, ISV | SRT(7) | SAS(2) | TRANSLATION);
	abort_at(NOTHING, ISV | SRT(7) | SAS(2) | WNR | TRANSLATION);
	instruction = 0x28c10861;
	frame.x[3] = NOTHING;
	abort_at(NOTHING, TRANSLATION);
	assert_int_equal(frame.x[7], 7);
	assert_int_equal(frame.x[3], NOTHING);
	assert_false(abort_of_instruction);
	assert_outcome(0, 0, 3, 0);
	assert_strays(0, 0, 3);
}

static void add_range(uint32_t action, uint64_t start, uint64_t length)
{
	regions[header.num_memory_regions++] = (struct cfg_memory){
		.virt_start = start, .phys_start = length, .flags = action,
	};
}

static void ranges(void **state)
{
	(void)state;
	regions[header.num_memory_regions++] = (struct cfg_memory){ .phys_start = NOTHING, .virt_start = NOTHING, .flags = 7 };
	add_range(CFG_STRAY_IGNORE, NOTHING, 0x1000);
	add_range(CFG_STRAY_ABORT, NOTHING + 0x10, 0x10);
	add_range(CFG_STRAY_FAIL, NOTHING + 0x18, 4);
	for (uint32_t n = 0; n < 2; n++) {
		header.flags = n ? CFG_STRAY_ABORT : 0;
		abort_at(NOTHING - 4, ISV | SAS(2) | TRANSLATION);
		assert_outcome(0, 0, n, 1 - n);
		abort_at(NOTHING + 0x1000, ISV | SAS(2) | TRANSLATION);
		assert_outcome(0, 0, n, 1 - n);
		fetch_at(NOTHING + 0x1000, TRANSLATION);
		assert_outcome(0, 0, n, 1 - n);
		assert_strays(0, 0, 3 * n);
		/* the first byte decides */
		abort_at(NOTHING, ISV | SAS(2) | TRANSLATION);
		abort_at(NOTHING + 0xfff, ISV | SAS(2) | TRANSLATION);
		abort_at(NOTHING + 0xf, ISV | SAS(2) | TRANSLATION);
		abort_at(NOTHING + 0x20, ISV | SAS(2) | WNR | TRANSLATION);
		assert_outcome(0, 4, 0, 0);
		abort_at(NOTHING + 0x10, ISV | SAS(3) | TRANSLATION);
		abort_at(NOTHING + 0x1c, ISV | SAS(2) | TRANSLATION);
		assert_outcome(0, 0, 2, 0);
		abort_at(NOTHING + 0x18, ISV | SAS(2) | TRANSLATION);
		abort_at(NOTHING + 0x1b, ISV | SAS(0) | TRANSLATION);
		fetch_at(NOTHING + 0x18, TRANSLATION);
		assert_outcome(0, 0, 0, 3);
		assert_strays(3, 1, 2);
		/* of a pair, each half: the second one is in the range of aborts, then of failures */
		instruction = 0x29400861;	/* ldp w1, w2, [x3] */
		frame.x[3] = NOTHING + 0xc;
		abort_at(NOTHING + 0xc, TRANSLATION);
		assert_outcome(0, 0, 1, 0);
		assert_strays(1, 0, 1);
		frame.x[3] = NOTHING + 0x14;
		abort_at(NOTHING + 0x14, TRANSLATION);
		assert_outcome(0, 0, 1, 0);
		frame.x[3] = NOTHING + 0x18;
		abort_at(NOTHING + 0x18, TRANSLATION);
		assert_outcome(0, 0, 0, 1);
		assert_strays(0, 0, 1);
	}
}

static void fetch_nothing(void)
{
	fetch_at(WINDOW + PAGE_SIZE, TRANSLATION);
}

static void read_nothing(void)
{
	abort_at(WINDOW + PAGE_SIZE, ISV | TRANSLATION);
}

static void walk_nothing(void)
{
	abort_at(WINDOW + PAGE_SIZE, S1PTW | TRANSLATION);
}

static void clean_nothing(void)
{
	abort_at(WINDOW + PAGE_SIZE, CM | WNR | TRANSLATION);
}

static void write_read_only(void)
{
	abort_at(WINDOW + PAGE_SIZE, ISV | SAS(2) | WNR | PERMISSION);
}

/* What comes of every kind of abort that would hurt the guest, or skip what it does. Then it repeats its access. */
static void assert_revoked(uint32_t times)
{
	handled = 0;
	instruction = 0x29400861;	/* ldp w1, w2, [x3] */
	frame.x[3] = WINDOW + PAGE_SIZE;
	for (uint32_t n = 0; n < times; n++) {
		abort_at(WINDOW + PAGE_SIZE, ISV | TRANSLATION);
		abort_at(WINDOW + PAGE_SIZE, TRANSLATION);
		abort_at(WINDOW + PAGE_SIZE, S1PTW | TRANSLATION);
		abort_at(WINDOW + PAGE_SIZE, CM | WNR | TRANSLATION);
		write_read_only();
		fetch_abort(TRANSLATION);
		fetch_abort(S1PTW | TRANSLATION);
		/* an access to a device whose instruction cannot be read meanwhile */
		translation = PAR_FAULT;
		abort_at(WINDOW, TRANSLATION);
		translation = READABLE;
	}
	assert_int_equal(handled, 8 * times);
	assert_outcome(0, 0, 0, 0);
}

static void memory_is_revoked_for_a_moment(void **state)
{
	static void (*const aborts_of_guests[])(void) = { fetch_nothing, read_nothing, walk_nothing, clean_nothing,
		write_read_only };
	static const uint32_t actions[] = { 0, CFG_STRAY_IGNORE, CFG_STRAY_ABORT };

	(void)state;
	for (uint32_t n = 0; n < 15; n++) {
		cell.arch.revocations++;
		/* nor are they accesses to nothing, whatever is to become of those */
		header.flags = actions[n % 3];
		assert_revoked(3);
		assert_strays(0, 0, 0);
		header.flags = 0;
		/* devices go on */
		read_value = n;
		abort_at(WINDOW, ISV | SAS(2) | SRT(5) | TRANSLATION);
		assert_int_equal(frame.x[5], n);
		assert_outcome(1, 1, 0, 0);
		/* over, and seen or not: the first abort may be from before */
		cell.arch.revocations++;
		if (n % 2) {
			handled = 0;
			aborts_of_guests[n / 2 % 5]();
			assert_int_equal(handled, 1);
			assert_outcome(0, 0, 0, 0);
			fetch_nothing();
			assert_outcome(0, 0, 0, 1);
			read_nothing();
			assert_outcome(0, 0, 0, 1);
			walk_nothing();
			assert_outcome(0, 0, 1, 0);
			clean_nothing();
			assert_outcome(0, 1, 0, 0);
			write_read_only();
			assert_outcome(0, 0, 1, 0);
			assert_int_equal(handled, 1);
		}
	}
}

/* Beside the sum, which every test looks at */
static void causes(void **state)
{
	(void)state;
	abort_at(WINDOW, ISV | SAS(2) | TRANSLATION);
	assert_counted(CPU_EXIT_GICD, 1);
	/* ldp w1, w2, [x3]: two accesses, one exit */
	instruction = 0x29400861;
	frame.x[3] = WINDOW;
	abort_at(WINDOW, TRANSLATION);
	assert_int_equal(num_seen, 3);
	num_seen = 0;
	assert_counted(CPU_EXIT_GICD, 1);
	abort_at(PICKY, ISV | SAS(2) | TRANSLATION);
	assert_counted(CPU_EXIT_SUBPAGE, 1);
	device_result = MMIO_REFUSED;
	abort_at(PICKY, ISV | SAS(2) | TRANSLATION);
	assert_counted(CPU_EXIT_STRAY_FAILED, 1);
	device_result = MMIO_HANDLED;
	instruction = 0x885f7c60;	/* ldxr w0, [x3] */
	abort_at(WINDOW, TRANSLATION);
	assert_counted(CPU_EXIT_STRAY_ABORTED, 1);

	read_nothing();
	assert_counted(CPU_EXIT_STRAY_FAILED, 1);
	cell.is_root = true;
	read_nothing();
	assert_counted(CPU_EXIT_STRAY_FAILED, 1);
	fetch_nothing();
	assert_counted(CPU_EXIT_FETCH, 1);
	cell.is_root = false;
	walk_nothing();
	assert_counted(CPU_EXIT_MEMORY_ERROR, 1);
	fetch_abort(S1PTW | TRANSLATION);
	assert_counted(CPU_EXIT_MEMORY_ERROR, 1);
	clean_nothing();
	assert_counted(CPU_EXIT_CACHE_OP, 1);
	abort_at(WINDOW, ISV | SAS(2) | WNR | PERMISSION);
	assert_counted(CPU_EXIT_READ_ONLY, 1);

	header.flags = CFG_STRAY_ABORT;
	read_nothing();
	assert_counted(CPU_EXIT_STRAY_ABORTED, 1);
	fetch_nothing();
	assert_counted(CPU_EXIT_FETCH, 1);
	header.flags = CFG_STRAY_IGNORE;
	read_nothing();
	assert_counted(CPU_EXIT_STRAY_IGNORED, 1);
	instruction = 0x29400861;
	frame.x[3] = WINDOW + PAGE_SIZE;
	abort_at(WINDOW + PAGE_SIZE, TRANSLATION);
	assert_counted(CPU_EXIT_STRAY_IGNORED, 1);

	cell.arch.revocations++;
	read_nothing();
	clean_nothing();
	walk_nothing();
	fetch_nothing();
	assert_counted(CPU_EXIT_REVOKED, 4);
}

static bool is_light(uint64_t address, uint64_t iss)
{
	uint32_t before = lights;

	abort_at(address, iss);
	num_seen = 0;
	return lights > before;
}

#define LOAD	(ISV | SAS(2) | SRT(3) | TRANSLATION)

/* As arch_forget_accesses(), which follows each move of a window */
static void forget_hints(void)
{
	for (uint32_t n = 0; n < FAST_REGISTERS; n++)
		cpu.fast.interrupts[n].used = 0;
}

/* After one access to a page that took the way through C, those of the usual kinds do without. */
static void light_accesses(void **state)
{
	static const uint64_t kinds[] = { SAS(0), SAS(1), SAS(2), SAS(3) | SF };

	(void)state;
	assert_false(is_light(WINDOW, LOAD));
	for (uint32_t rt = 0; rt < 32; rt++) {
		for (uint32_t n = 0; n < ARRAY_SIZE(kinds); n++) {
			assert_true(is_light(WINDOW + 0x40, ISV | kinds[n] | SRT(rt) | TRANSLATION));
			assert_true(is_light(WINDOW + 0xff8, ISV | kinds[n] | SRT(rt) | WNR | TRANSLATION));
		}
	}
	/* level 1: also of a page */
	assert_true(is_light(WINDOW, ISV | SAS(2) | 0x05));
}

static void accesses_that_are_not_light(void **state)
{
	(void)state;
	assert_false(is_light(WINDOW, LOAD));
	assert_true(is_light(WINDOW, LOAD));
	assert_false(is_light(WINDOW, LOAD | SSE));
	assert_false(is_light(WINDOW, LOAD | CM));
	assert_false(is_light(WINDOW, LOAD | S1PTW));
	assert_false(is_light(WINDOW, ISV | SAS(2) | ACCESS_FLAG));
	assert_false(is_light(WINDOW, ISV | SAS(2) | PERMISSION));
	/* near the end of the page, whether it leaves it or not: inside, devices see what is not aligned */
	assert_true(is_light(WINDOW + 2, LOAD));
	assert_true(is_light(WINDOW + 0xff7, ISV | SAS(3) | TRANSLATION));
	assert_false(is_light(WINDOW + 0xff9, ISV | SAS(3) | TRANSLATION));
	assert_false(is_light(WINDOW + 0xffc, LOAD));
	assert_false(is_light(WINDOW + 0xfff, ISV | SAS(0) | WNR | TRANSLATION));
	instruction = 0;
	assert_false(is_light(WINDOW, TRANSLATION));
	assert_int_not_equal((EC_DABT | LOAD) & LIGHT_BITS, LIGHT_ABORT);	/* 16-bit instruction */
	assert_int_not_equal((EC_IABT | IL | LOAD) & LIGHT_BITS, LIGHT_ABORT);
	assert_true(is_light(WINDOW, LOAD));
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	assert_true(is_light(WINDOW, LOAD));
}

/* A window that has moved, or that was closed, is looked for anew; and so is what belongs to another CPU's cell. */
static void light_accesses_follow_the_window(void **state)
{
	struct mmio_window moving[2];
	struct mmio_window *bar;

	(void)state;
	mmio_map_init(&cell.mmio, moving, 1, 1);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW + 16 * PAGE_SIZE, PAGE_SIZE, &device, NULL, 0), 0);
	bar = mmio_add_movable(&cell.mmio, 2 * PAGE_SIZE, &device, NULL, 1);
	mmio_move(bar, WINDOW);
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	assert_true(is_light(WINDOW + PAGE_SIZE, LOAD));
	mmio_move(bar, WINDOW + PAGE_SIZE);
	forget_hints();
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	assert_true(is_light(WINDOW + PAGE_SIZE, LOAD));
	mmio_move(bar, MMIO_CLOSED);
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	mmio_move(bar, WINDOW + PAGE_SIZE);
	assert_true(is_light(WINDOW + PAGE_SIZE, LOAD));
	cpu.fast.page = FAST_EMPTY;
	forget_hints();
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
}

/* All IT blocks there are: each instruction takes one, as DDI 0487 has it (AArch32.ITAdvance). All else of the state stays. */
static void it_blocks(void **state)
{
	const uint64_t others = ~(SPSR_IT_HIGH | SPSR_IT_LOW);

	(void)state;
	for (uint64_t it = 0; it < 0x100; it++) {
		uint64_t spsr = (it & 0xfc) << 8 | (it & 3) << 25;
		uint64_t next = it % 8 ? it / 0x20 * 0x20 + it * 2 % 0x20 : 0;

		assert_int_equal(it_advance(spsr), (next & 0xfc) << 8 | (next & 3) << 25);
		assert_int_equal(it_advance(spsr | others), (next & 0xfc) << 8 | (next & 3) << 25 | others);
	}
}

static bool turns_to(uint64_t address)
{
	return is_light(address, LOAD) && cpu.fast.page == address >> 8;
}

/* Pages that are accessed in turn are light, all of them, each by its own window; and one that has the place of another one soon. */
static void pages_in_turn(void **state)
{
	static struct mmio_window many[4];
	const uint64_t pages[] = { WINDOW, WINDOW + 0x1000, WINDOW + 0x7000 };

	(void)state;
	mmio_map_init(&cell.mmio, many, 1, 3);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW, PAGE_SIZE, &device, NULL, 0), 0);
	for (uint32_t n = 1; n < 4; n++)
		assert_non_null(mmio_add_movable(&cell.mmio, PAGE_SIZE, &device, NULL, n));
	mmio_move(&many[1], pages[1]);
	mmio_move(&many[2], pages[2]);
	for (uint32_t n = 0; n < 3; n++)
		assert_false(is_light(pages[n], LOAD));
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t n = 0; n < 3; n++) {
			assert_true(turns_to(pages[n]));
			assert_ptr_equal(cpu.fast.window, &many[n]);
			assert_int_equal(cpu.fast.offset, 0);
		}
	}
	/* it is gone, and what is known of it does no harm */
	mmio_move(&many[1], MMIO_CLOSED);
	assert_false(is_light(pages[1], LOAD));
	assert_true(is_light(pages[2], LOAD));
	/* one that has the place of the first one: it is written down once in four times, and until then that one stays */
	mmio_move(&many[3], WINDOW + 0x21 * PAGE_SIZE);
	for (uint32_t n = 0; n < 3; n++) {
		assert_false(is_light(WINDOW + 0x21 * PAGE_SIZE, LOAD));
		assert_true(turns_to(WINDOW));
	}
	assert_false(is_light(WINDOW + 0x21 * PAGE_SIZE, LOAD));
	assert_true(turns_to(WINDOW + 0x21 * PAGE_SIZE));
	assert_false(is_light(WINDOW, LOAD));
}

static struct mmio_window bars[2];

static void bar_moves(void)
{
	mmio_move(&bars[1], WINDOW + PAGE_SIZE);
	forget_hints();
	barrier_hook = NULL;
}

static bool has_hints(void)
{
	uint32_t any = 0;

	for (uint32_t n = 0; n < FAST_REGISTERS; n++)
		any |= cpu.fast.interrupts[n].used;
	return any;
}

/* Another CPU moves the window while this one writes the hint: it sees that, or the other one forgets it. */
static void window_moves_while_it_is_remembered(void **state)
{
	(void)state;
	mmio_map_init(&cell.mmio, bars, 1, 1);
	assert_non_null(mmio_add_movable(&cell.mmio, PAGE_SIZE, &device, NULL, 1));
	mmio_move(&bars[1], WINDOW);
	barrier_hook = bar_moves;
	assert_false(is_light(WINDOW, LOAD));
	assert_null(barrier_hook);
	assert_false(has_hints());
	assert_int_equal(cpu.fast.page, FAST_EMPTY);
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	assert_true(has_hints());
	assert_true(is_light(WINDOW + PAGE_SIZE, LOAD));
}

/* Hints are bytes: a window whose number does not fit has none, and does not take that of another one. */
static void window_behind_the_last_number(void **state)
{
	static struct mmio_window many[UINT8_MAX + 2];

	(void)state;
	mmio_map_init(&cell.mmio, many, 0, ARRAY_SIZE(many));
	for (uint32_t n = 0; n < ARRAY_SIZE(many); n++)
		mmio_move(mmio_add_movable(&cell.mmio, PAGE_SIZE, &device, NULL, n), WINDOW + n * PAGE_SIZE);
	for (uint32_t n = UINT8_MAX; n < ARRAY_SIZE(many); n++)
		for (uint32_t turn = 0; turn < 10; turn++)
			assert_false(is_light(many[n].base, LOAD));
	assert_false(has_hints());
	assert_false(is_light(many[UINT8_MAX - 1].base, LOAD));
	assert_true(is_light(many[UINT8_MAX - 1].base, LOAD));
}

/* In a large window that moved over a fixed one: what is known of its other pages does not lead past that one. */
static void pages_around_a_fixed_window(void **state)
{
	static struct mmio_window two[2];
	const uint64_t large = 64 * PAGE_SIZE, fixed = WINDOW + 0x21 * PAGE_SIZE;
	struct mmio_window *bar;

	(void)state;
	mmio_map_init(&cell.mmio, two, 1, 1);
	assert_int_equal(mmio_add_fixed(&cell.mmio, fixed, PAGE_SIZE, &device, NULL, 0), 0);
	bar = mmio_add_movable(&cell.mmio, large, &device, NULL, 1);
	mmio_move(bar, WINDOW + large);
	for (uint32_t round = 0; round < 10; round++) {
		for (uint64_t offset = 0; offset < large; offset += PAGE_SIZE) {
			abort_at(bar->base + offset, LOAD);
			assert_int_equal(seen[0].offset, bar->base + offset == fixed ? 0 : offset);
			num_seen = 0;
		}
		if (round == 4) {
			assert_true(is_light(bar->base, LOAD) && is_light(bar->base + PAGE_SIZE, LOAD));
			mmio_move(bar, WINDOW);
			forget_hints();
		}
	}
	assert_true(is_light(fixed, LOAD) || is_light(fixed, LOAD));
}

/* No page is remembered at first, nor after a reset: page 0 neither, though HPFAR_EL2 is 0 there. */
static void page_zero(void **state)
{
	(void)state;
	assert_false(is_light(0, LOAD));
	assert_false(is_light(WINDOW, LOAD));
	assert_true(is_light(WINDOW, LOAD));
	assert_false(is_light(0, LOAD));
	cpu.fast.page = FAST_EMPTY;	/* as vgic_reset() does */
	assert_false(is_light(0, LOAD));
	assert_int_equal(violations, 3);
}

/* Only whole pages are remembered, and nothing that may be refused. */
static void pages_that_are_not_remembered(void **state)
{
	struct mmio_window small[1], both[3], *other;

	(void)state;
	assert_false(is_light(PICKY, LOAD));
	assert_false(is_light(PICKY, LOAD));
	device_result = MMIO_REFUSED;
	assert_false(is_light(PICKY, LOAD));
	assert_int_equal(violations, 1);
	/* a page in which there is another window, which is first */
	mmio_map_init(&cell.mmio, both, 1, 2);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW + 0x100, 0x10, &device, NULL, 0), 0);
	mmio_move(mmio_add_movable(&cell.mmio, PAGE_SIZE, &device, NULL, 1), WINDOW);
	other = mmio_add_movable(&cell.mmio, 2 * PAGE_SIZE, &device, NULL, 2);
	assert_false(is_light(WINDOW, LOAD));
	assert_false(is_light(WINDOW, LOAD));
	mmio_move(other, WINDOW + PAGE_SIZE);
	assert_false(is_light(WINDOW + PAGE_SIZE, LOAD));
	assert_true(is_light(WINDOW + PAGE_SIZE, LOAD));
	mmio_map_init(&cell.mmio, small, 1, 0);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW, PAGE_SIZE / 2, &device, NULL, 0), 0);
	assert_false(is_light(WINDOW, LOAD));
	assert_false(is_light(WINDOW, LOAD));
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, each_has_one_cause)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cache_maintenance_is_skipped), TEST(store_to_read_only_memory_is_an_abort),
		TEST(errors_of_walks_and_of_the_bus_are_the_guests), TEST(loads), TEST(stores), TEST(nothing_there),
		TEST(what_a_device_does_not_take), TEST(without_syndrome), TEST(instruction_aborts),
		TEST(ignored_accesses), TEST(what_cannot_be_ignored), TEST(aborted_accesses), TEST(ranges),
		TEST(memory_is_revoked_for_a_moment), TEST(causes), TEST(light_accesses), TEST(accesses_that_are_not_light),
		TEST(light_accesses_follow_the_window), cmocka_unit_test(it_blocks), TEST(pages_in_turn), TEST(pages_around_a_fixed_window),
		TEST(window_moves_while_it_is_remembered), TEST(window_behind_the_last_number),
		TEST(page_zero), TEST(pages_that_are_not_remembered),
	};

	return cmocka_run_group_tests_name("trap_data_abort", tests, NULL, NULL);
}
