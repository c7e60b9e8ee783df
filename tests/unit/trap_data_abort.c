/* SPDX-License-Identifier: BSD-2-Clause */
/* What arch/arm64 makes of aborts of guests: syndrome by syndrome, with system registers in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "cell.h"
#include "control.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "trap.h"

#define EC_DABT		(0x24ULL << 26)
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

uint64_t sysreg_elr_el2, sysreg_spsr_el2, sysreg_far_el2, sysreg_hpfar_el2, sysreg_par_el1, sysreg_sp_el0, sysreg_sp_el1;

static struct percpu cpu;
static struct cell cell;
static struct mmio_window windows[1];
static struct trap_frame frame;
static struct mmio_access seen[4];
static uint32_t num_seen, skipped, aborts, violations;
static bool abort_of_instruction;
static const char *violation;
static uint64_t read_value;
static enum mmio_result device_result;
static uint32_t instruction;
static bool instruction_readable;

struct percpu *this_cpu(void)
{
	return &cpu;
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

void guest_violation(struct trap_frame *of, bool of_instruction, const char *what)
{
	assert_ptr_equal(of, &frame);
	violations++;
	abort_of_instruction = of_instruction;
	violation = what;
}

void translate_read_el0(uint64_t address)
{
	assert_int_equal(sysreg_spsr_el2 & SPSR_MODE_MASK, SPSR_MODE_EL0T);
	assert_int_equal(address, PC);
	sysreg_par_el1 = instruction_readable ? 0x80000000 : 1;
}

void translate_read_el1(uint64_t address)
{
	assert_int_not_equal(sysreg_spsr_el2 & SPSR_MODE_MASK, SPSR_MODE_EL0T);
	assert_int_equal(address, PC);
	sysreg_par_el1 = instruction_readable ? 0x80000000 : 1;
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

static enum mmio_result device(void *owner, uint32_t index, struct mmio_access *access)
{
	(void)owner;
	(void)index;
	assert_true(num_seen < ARRAY_SIZE(seen));
	seen[num_seen++] = *access;
	if (!access->is_write)
		access->value = read_value;
	return device_result;
}

static int setup(void **state)
{
	(void)state;
	memset(&cpu, 0, sizeof(cpu));
	memset(&frame, 0, sizeof(frame));
	cpu.cell = &cell;
	mmio_map_init(&cell.mmio, windows, 1, 0);
	assert_int_equal(mmio_add_fixed(&cell.mmio, WINDOW, PAGE_SIZE, device, NULL, 0), 0);
	for (uint32_t n = 0; n < 31; n++)
		frame.x[n] = 0xa5a5a5a500000000ULL + n;
	sysreg_elr_el2 = PC;
	sysreg_spsr_el2 = SPSR_MODE_EL1H;
	sysreg_par_el1 = 0x1234;
	num_seen = skipped = aborts = violations = 0;
	violation = NULL;
	device_result = MMIO_HANDLED;
	instruction_readable = true;
	return 0;
}

/* A data abort at an address of the guest, whose stage 1 is off. */
static void abort_at(uint64_t address, uint64_t iss)
{
	sysreg_far_el2 = address;
	sysreg_hpfar_el2 = address >> 12 << 4;
	trap_data_abort(&frame, EC_DABT | IL | iss);
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
	assert_int_equal(cpu.stats[CPU_STAT_MMIO], ARRAY_SIZE(cases) + 1);
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
	assert_string_equal(violation, "read of memory it does not have");
	assert_outcome(0, 0, 0, 1);
	abort_at(WINDOW + PAGE_SIZE, ISV | SAS(2) | WNR | TRANSLATION);
	assert_string_equal(violation, "write to memory it does not have");
	assert_outcome(0, 0, 0, 1);
	/* what the device itself refuses */
	device_result = MMIO_REFUSED;
	abort_at(WINDOW, ISV | SAS(2) | TRANSLATION);
	assert_outcome(1, 0, 0, 1);
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
	instruction_readable = false;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
	instruction_readable = true;
	sysreg_spsr_el2 = SPSR_MODE_AA32;
	abort_at(WINDOW, TRANSLATION);
	assert_outcome(0, 0, 1, 0);
}

static void instruction_aborts(void **state)
{
	(void)state;
	trap_instruction_abort(&frame, 0x20ULL << 26 | IL | TRANSLATION);
	assert_true(abort_of_instruction);
	assert_string_equal(violation, "instruction fetch from memory it does not have");
	assert_outcome(0, 0, 0, 1);
	trap_instruction_abort(&frame, 0x20ULL << 26 | IL | S1PTW | TRANSLATION);
	assert_outcome(0, 0, 1, 0);
}

#define TEST(name)	cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cache_maintenance_is_skipped), TEST(store_to_read_only_memory_is_an_abort),
		TEST(errors_of_walks_and_of_the_bus_are_the_guests), TEST(loads), TEST(stores), TEST(nothing_there),
		TEST(what_a_device_does_not_take), TEST(without_syndrome), TEST(instruction_aborts),
	};

	return cmocka_run_group_tests_name("trap_data_abort", tests, NULL, NULL);
}
