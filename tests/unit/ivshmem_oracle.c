/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reference model that the fuzz target compares the device core with (tests/fuzz/ivshmem_model.h),
 * against what the specification says, by hand: the two must not be wrong in the same way. The device core is
 * not part of this.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <cmocka.h>
#include "ivshmem_model.h"

#define ECAM	0x07000000ull
#define BDF(bus, device, function)	((uint16_t)((bus) << 8 | (device) << 3 | (function)))

/* INTX: cells A and B are peers 0 and 1. MSIX: A, B, C are peers 0, 1, 5; only A expects six. */
enum { A, B, C, D, E };

#define INTX	BDF(0, 2, 0)
#define MSIX	BDF(1, 3, 7)
#define ALONE	BDF(0, 0, 1)	/* E, which expects one peer */
#define BAR0	0x10000000u
#define BAR1	0x20000000u

#define ID	0x00u
#define PEERS	0x04u
#define CTRL	0x08u
#define BELL	0x0cu
#define STATE	0x10u

#define RING(peer, vector)	((uint32_t)(peer) << 16 | (vector))

static const struct model_params base = {
	.peers = 2, .protocol = 0x4002, .bar_mask = { 0xfffff000, 0xfffff000 }, .table_size = 0x1000,
	.rw_size = 0x9000, .output_size = 0x2000, .base = 0x7faf0000,
};

static uint64_t access_result(uint32_t cell, uint64_t addr, uint32_t size, bool is_write, uint64_t value,
			      enum model_result expected)
{
	assert_int_equal(model_access(cell, addr, size, is_write, &value), expected);
	return value;
}

static uint64_t get(uint32_t cell, uint64_t addr, uint32_t size)
{
	return access_result(cell, addr, size, false, 0x5a5a5a5a5a5a5a5a, MODEL_HANDLED);
}

static void set(uint32_t cell, uint64_t addr, uint32_t size, uint64_t value)
{
	access_result(cell, addr, size, true, value, MODEL_HANDLED);
}

static uint64_t config(uint16_t bdf, uint32_t offset)
{
	return ECAM + bdf * 0x1000ull + offset;
}

static uint64_t reg(uint16_t bdf, uint32_t offset)
{
	return BAR0 + bdf * 0x1000ull + offset;
}

static uint64_t entry(uint32_t vector, uint32_t dword)
{
	return BAR1 + MSIX * 0x1000ull + 16 * vector + 4 * dword;
}

static uint64_t count(uint16_t bdf, uint32_t id, uint32_t counter)
{
	return model_counters(bdf, id)[counter];
}

/* Interrupts since the last time, in any order; 0 ends the list */
static void raised(uint32_t first, ...)
{
	uint32_t expected = 0, sum = 0, intid;
	va_list args;

	va_start(args, first);
	for (intid = first; intid; intid = va_arg(args, uint32_t)) {
		expected++;
		sum += intid * intid;
	}
	va_end(args);
	assert_int_equal(model_raised.count, expected);
	for (uint32_t n = 0; n < model_raised.count; n++)
		sum -= model_raised.intid[n] * model_raised.intid[n];
	assert_int_equal(sum, 0);
	model_clear_raised();
	assert_true(model_balanced());
}

static void start(uint32_t cell, uint16_t bdf)
{
	set(cell, config(bdf, 0x10), 4, BAR0 + bdf * 0x1000u);
	set(cell, config(bdf, 0x14), 4, BAR1 + bdf * 0x1000u);
	set(cell, config(bdf, 0x04), 2, 0x0006);
	set(cell, reg(bdf, CTRL), 4, 1);
}

/* Vector v of cell n is interrupt 100 + 20 n + v */
static void start_msix(uint32_t cell, uint32_t vectors)
{
	start(cell, MSIX);
	for (uint32_t v = 0; v < vectors; v++) {
		set(cell, entry(v, 2), 4, 100 + 20 * cell + v);
		set(cell, entry(v, 3), 4, 0);
	}
	set(cell, config(MSIX, 0x62), 2, 0x8000);
}

static void add(uint32_t cell, uint16_t bdf, uint16_t id, uint32_t vectors)
{
	struct model_params params = base;

	params.bdf = bdf;
	params.id = id;
	params.vectors = vectors;
	params.peers = bdf == MSIX && cell == A ? 6 : bdf == ALONE ? 1 : 2;
	params.intx = vectors ? 0 : 40 + cell;
	params.lossy_state = cell == C;
	model_add(cell, &params);
}

static int setup(void **state)
{
	(void)state;
	model_clear(ECAM, 2);
	add(A, INTX, 0, 0);
	add(B, INTX, 1, 0);
	add(A, MSIX, 0, 4);
	add(B, MSIX, 1, 4);
	add(C, MSIX, 5, 1);
	add(D, MSIX, 1, 4);	/* wants to be B */
	add(E, ALONE, 0, 0);
	for (uint32_t cell = A; cell <= C; cell++) {
		for (uint32_t v = 0; v < 16; v++)
			model_own(cell, 100 + 20 * cell + v, true);
		model_own(cell, 40 + cell, true);
		assert_int_equal(model_join(cell), 0);
		if (cell != C)
			start(cell, INTX);
		start_msix(cell, cell == C ? 1 : 4);
	}
	raised(0);
	return 0;
}

static void configuration_space_as_printed(void **state)
{
	static const uint32_t common[32] = {
		[0x00 / 4] = 0x4106110a, [0x04 / 4] = 0x00100000, [0x08 / 4] = 0xff400200,
		[0x2c / 4] = 0x4106110a, [0x34 / 4] = 0x00000040, [0x40 / 4] = 0x00200009,
		[0x44 / 4] = 0x00001000, [0x48 / 4] = 0x00009000, [0x50 / 4] = 0x00002000,
		[0x58 / 4] = 0x7faf0000,
	};

	(void)state;
	model_reset(A);
	for (uint32_t n = 0; n < 32; n++) {
		uint32_t intx = common[n] | (n == 0x3c / 4 ? 0x300 : 0), msix = common[n];

		if (n == 0x40 / 4)
			msix = 0x00206009;
		if (n >= 0x60 / 4 && n <= 0x68 / 4)
			msix = (const uint32_t[]){ 0x00030011, 0x00000001, 0x00000101 }[n - 0x60 / 4];
		assert_int_equal(get(A, config(INTX, 4 * n), 4), intx);
		assert_int_equal(get(A, config(MSIX, 4 * n), 4), msix);
		assert_int_equal(get(A, config(INTX, 4 * n + 2), 2), intx >> 16);
		assert_int_equal(get(A, config(INTX, 4 * n + 3), 1), intx >> 24);
	}
}

static void configuration_bits_that_can_change(void **state)
{
	(void)state;
	model_reset(A);
	for (uint32_t offset = 0; offset < 0x80; offset++) {
		set(A, config(INTX, offset), 1, 0xff);
		set(A, config(MSIX, offset), 1, 0xff);
	}
	assert_int_equal(get(A, config(INTX, 0x00), 4), 0x4106110a);
	assert_int_equal(get(A, config(INTX, 0x04), 4), 0x00100406);
	assert_int_equal(get(A, config(INTX, 0x10), 4), 0xfffff000);
	assert_int_equal(get(A, config(INTX, 0x14), 4), 0);
	assert_int_equal(get(A, config(MSIX, 0x14), 4), 0xfffff000);
	assert_int_equal(get(A, config(MSIX, 0x18), 4), 0);
	assert_int_equal(get(A, config(INTX, 0x3c), 4), 0x00000300);
	assert_int_equal(get(A, config(INTX, 0x40), 4), 0x01200009);
	assert_int_equal(get(A, config(INTX, 0x60), 4), 0);
	assert_int_equal(get(A, config(MSIX, 0x60), 4), 0xc0030011);
	/* by word and dword */
	set(A, config(MSIX, 0x60), 4, 0x40000000);
	assert_int_equal(get(A, config(MSIX, 0x62), 2), 0x4003);
	set(A, config(MSIX, 0x42), 2, 0x0000);
	assert_int_equal(get(A, config(MSIX, 0x43), 1), 0);
	set(A, config(MSIX, 0x10), 2, 0x3fff);
	assert_int_equal(get(A, config(MSIX, 0x10), 4), 0xffff3000);
}

static void configuration_accesses_without_effect(void **state)
{
	(void)state;
	assert_int_equal(get(A, config(BDF(0, 2, 1), 0), 4), 0xffffffff);
	assert_int_equal(get(C, config(INTX, 0), 1), 0xff);
	assert_int_equal(get(A, config(INTX, 0x80), 4), 0xffffffff);
	assert_int_equal(get(A, config(INTX, 0xffe), 2), 0xffff);
	assert_int_equal(get(A, config(INTX, 0x01), 2), 0xffff);
	assert_int_equal(get(A, config(INTX, 0x06), 4), 0xffffffff);
	assert_true(get(A, config(INTX, 0x08), 8) == UINT64_MAX);
	set(A, config(INTX, 0x00), 8, 0);
	set(A, config(INTX, 0x03), 4, 0);
	set(A, config(BDF(1, 0, 0), 0x04), 4, 6);
	assert_int_equal(get(A, config(INTX, 0x04), 2), 0x0006);
	assert_int_equal(get(A, ECAM + 0x1ffffc, 4), 0xffffffff);
	access_result(A, ECAM + 0x1ffffc, 8, false, 0, MODEL_NO_WINDOW);
	access_result(A, ECAM + 0x200000, 1, false, 0, MODEL_NO_WINDOW);
	access_result(A, ECAM - 1, 2, false, 0, MODEL_NO_WINDOW);
}

static void windows_open_where_the_bars_were(void **state)
{
	(void)state;
	set(B, config(INTX, 0x10), 4, 0x30000000);	/* while open: nothing happens */
	assert_int_equal(get(B, reg(INTX, ID), 4), 1);
	access_result(B, 0x30000000, 4, false, 0, MODEL_NO_WINDOW);
	set(B, config(INTX, 0x04), 2, 0x0006);
	access_result(B, 0x30000000, 4, false, 0, MODEL_NO_WINDOW);
	set(B, config(INTX, 0x04), 2, 0x0004);
	access_result(B, reg(INTX, ID), 4, false, 0, MODEL_NO_WINDOW);
	set(B, config(INTX, 0x04), 1, 0x02);
	assert_int_equal(get(B, 0x30000000, 4), 1);
	/* ends */
	assert_int_equal(get(B, 0x30000ffc, 4), 0);
	access_result(B, 0x30000ffc, 8, false, 0, MODEL_NO_WINDOW);
	access_result(B, 0x2ffffffc, 8, true, 0, MODEL_NO_WINDOW);
	/* no BAR 1 without MSI-X: not at 0 */
	access_result(B, 0, 4, false, 0, MODEL_NO_WINDOW);
	/* two of them at one place, then under the ECAM window */
	set(B, config(MSIX, 0x04), 2, 0);
	set(B, config(MSIX, 0x10), 4, 0x30000000);
	set(B, config(MSIX, 0x04), 2, 2);
	access_result(B, 0x30000000, 4, false, 0, MODEL_UNDEFINED);
	set(B, config(MSIX, 0x04), 2, 0);
	set(B, config(MSIX, 0x10), 4, (uint32_t)ECAM + 0x100000);
	set(B, config(MSIX, 0x04), 2, 2);
	assert_int_equal(get(B, ECAM + 0x100000, 4), 0xffffffff);
	model_reset(B);
	access_result(B, 0x30000000, 4, false, 0, MODEL_NO_WINDOW);
}

static void register_page(void **state)
{
	(void)state;
	assert_int_equal(get(B, reg(MSIX, ID), 4), 1);
	assert_int_equal(get(B, reg(MSIX, PEERS), 4), 2);
	assert_int_equal(get(A, reg(MSIX, PEERS), 4), 6);
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 1);
	set(B, reg(MSIX, CTRL), 4, 0xfffffffe);
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 0);
	set(B, reg(MSIX, STATE), 4, 0xdeadbeef);
	assert_int_equal(get(B, reg(MSIX, STATE), 4), 0xdeadbeef);
	assert_int_equal(model_table_entry(MSIX, 1), 0xdeadbeef);
	assert_int_equal(get(B, reg(MSIX, BELL), 4), 0);
	model_clear_raised();
	for (uint32_t size = 1; size <= 8; size *= 2) {
		assert_int_equal(get(B, reg(MSIX, STATE), size), size == 4 ? 0xdeadbeef : 0);
		assert_int_equal(get(B, reg(MSIX, STATE + 1), size), 0);
		assert_int_equal(get(B, reg(MSIX, 0x14), size), 0);
		set(B, reg(MSIX, STATE + 2), size, 0);
		set(B, reg(MSIX, size == 4 ? ID : BELL), size, 0);
	}
	raised(0);
	assert_int_equal(get(B, reg(MSIX, STATE), 4), 0xdeadbeef);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_SENT), 2);
}

static void msix_page(void **state)
{
	(void)state;
	assert_int_equal(get(A, entry(3, 2), 4), 103);
	set(A, entry(3, 0), 8, 0x1122334455667788);
	assert_int_equal(get(A, entry(3, 0), 4), 0x55667788);
	assert_int_equal(get(A, entry(3, 1), 4), 0x11223344);
	assert_true(get(A, entry(3, 0), 8) == 0x1122334455667788);
	set(A, entry(3, 0), 2, 0);
	set(A, entry(3, 0) + 1, 4, 0);
	set(A, entry(3, 1), 8, 0);
	assert_true(get(A, entry(3, 0), 8) == 0x1122334455667788);
	assert_int_equal(get(A, entry(3, 0), 2), 0);
	set(A, entry(4, 0), 4, 1);
	assert_int_equal(get(A, entry(4, 0), 4), 0);
	assert_int_equal(get(A, entry(16, 0), 8), 0);
	assert_int_equal(get(A, entry(0xff, 3), 4), 0);
	model_reset(A);
	start(A, MSIX);
	assert_true(get(A, entry(3, 0), 8) == 0);
	assert_true(get(A, entry(3, 2), 8) == 1ull << 32);
}

static uint32_t of_vector(uint32_t vector, uint32_t counter)
{
	return LINK_INFO_VECTOR_COUNTER_BASE + 16 * vector + counter;
}

static void doorbells_that_arrive(void **state)
{
	(void)state;
	set(A, reg(MSIX, BELL), 4, RING(1, 3));
	raised(123, 0);
	set(A, reg(MSIX, BELL), 4, RING(0, 2));		/* itself */
	raised(102, 0);
	set(A, reg(INTX, BELL), 4, RING(1, 0));
	set(A, reg(INTX, BELL), 4, RING(1, 15));	/* one line for all */
	raised(41, 41, 0);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_DELIVERED), 1);
	assert_int_equal(count(INTX, 1, LINK_COUNTER_DELIVERED), 2);
	assert_int_equal(count(INTX, 0, LINK_COUNTER_SENT), 2);
	assert_int_equal(model_info(MSIX, 1, of_vector(3, LINK_COUNTER_DELIVERED)), 1);
	assert_int_equal(model_info(MSIX, 1, of_vector(2, LINK_COUNTER_DELIVERED)), 0);
	assert_int_equal(model_info(INTX, 0, of_vector(15, LINK_COUNTER_SENT)), 1);
	assert_int_equal(model_info(INTX, 1, of_vector(15, LINK_COUNTER_DELIVERED)), 1);
}

static void doorbells_that_do_not(void **state)
{
	(void)state;
	set(A, reg(INTX, BELL), 4, RING(1, 16));
	set(A, reg(MSIX, BELL), 4, RING(1, 4));
	set(A, reg(MSIX, BELL), 4, RING(5, 1));		/* C has one vector */
	set(A, reg(MSIX, BELL), 4, RING(2, 0));
	set(A, reg(MSIX, BELL), 4, RING(6, 0));
	set(A, reg(MSIX, BELL), 4, RING(0xffff, 0));
	set(B, reg(MSIX, CTRL), 4, 0);
	set(B, entry(1, 3), 4, 1);
	set(A, reg(MSIX, BELL), 4, RING(1, 1));		/* disabled before masked */
	set(B, reg(MSIX, CTRL), 4, 1);
	set(A, reg(MSIX, BELL), 4, RING(1, 1));
	set(B, entry(1, 3), 4, 0);			/* and not later */
	raised(0);
	assert_int_equal(count(INTX, 0, LINK_COUNTER_NO_VECTOR), 1);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_NO_VECTOR), 1);
	assert_int_equal(count(MSIX, 5, LINK_COUNTER_NO_VECTOR), 1);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_INACTIVE), 1);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_NO_PEER), 2);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_DISABLED), 1);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_MASKED), 1);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_SENT), 7);
	assert_int_equal(model_info(MSIX, 1, of_vector(1, LINK_COUNTER_DISABLED)), 1);
	assert_int_equal(model_info(MSIX, 1, of_vector(1, LINK_COUNTER_MASKED)), 1);
	assert_int_equal(model_info(MSIX, 0, of_vector(4, LINK_COUNTER_SENT)), 1);
	assert_int_equal(model_info(MSIX, 0, of_vector(0, LINK_COUNTER_SENT)), 3);
}

/* Everything that disarms a vector: one step off, one step on again */
static void conditions_of_an_interrupt(void **state)
{
	static const struct { uint16_t bdf; uint32_t offset, off, on; } steps[] = {
		{ MSIX, 0x04, 0x0002, 0x0006 },		/* Bus Master */
		{ MSIX, 0x62, 0x0000, 0x8000 },		/* MSI-X enable */
		{ MSIX, 0x62, 0xc000, 0x8000 },		/* function mask */
		{ INTX, 0x04, 0x0406, 0x0006 },		/* INTx disable */
		{ INTX, 0x04, 0x0406, 0x0002 },		/* an INTx line needs no Bus Master */
	};

	(void)state;
	for (uint32_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
		uint32_t intid = steps[n].bdf == MSIX ? 120 : 41;

		set(B, config(steps[n].bdf, steps[n].offset), 2, steps[n].off);
		set(A, reg(steps[n].bdf, BELL), 4, RING(1, 0));
		raised(0);
		set(A, reg(steps[n].bdf, STATE), 4, n + 1);
		raised(steps[n].bdf == MSIX ? 140 : 0, 0);	/* C gets it */
		assert_true(model_latched(steps[n].bdf, 1));
		set(B, config(steps[n].bdf, steps[n].offset), 2, steps[n].on);
		raised(intid, 0);
		set(A, reg(steps[n].bdf, BELL), 4, RING(1, 0));
		raised(intid, 0);
	}
	/* INTx disable is nothing to MSI-X */
	set(B, config(MSIX, 0x04), 2, 0x0406);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	raised(120, 0);
}

static void interrupts_of_others(void **state)
{
	(void)state;
	set(B, entry(0, 2), 4, 100);		/* A's */
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	set(B, entry(0, 2), 4, 31);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	set(B, entry(0, 2), 4, 0x10000 + 120);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	raised(0);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_MASKED), 3);
	model_own(B, 41, false);
	set(A, reg(INTX, STATE), 4, 1);
	raised(0);
	model_own(B, 41, true);
	raised(41, 0);
}

static void one_shot(void **state)
{
	(void)state;
	set(B, config(MSIX, 0x43), 1, 1);
	set(B, entry(0, 3), 4, 1);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 1);	/* not delivered, not consumed */
	set(B, entry(0, 3), 4, 0);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	raised(120, 0);
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 0);
	set(A, reg(MSIX, STATE), 4, 1);
	raised(140, 0);
	set(B, reg(MSIX, CTRL), 4, 1);		/* what was latched is one delivery, too */
	raised(120, 0);
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 0);
	set(B, reg(MSIX, CTRL), 4, 1);
	raised(0);
	assert_int_equal(get(B, reg(MSIX, CTRL), 4), 1);
}

static void state_goes_to_all_others(void **state)
{
	(void)state;
	set(B, reg(MSIX, STATE), 4, 7);
	raised(100, 140, 0);
	set(B, reg(MSIX, STATE), 4, 7);
	raised(0);
	set(B, reg(MSIX, STATE), 4, 0);
	raised(100, 140, 0);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_SENT), 4);
	set(A, reg(INTX, STATE), 4, 7);
	raised(41, 0);
}

static void latched_state(void **state)
{
	(void)state;
	set(B, reg(MSIX, CTRL), 4, 0);
	set(C, reg(MSIX, CTRL), 4, 0);		/* lossy */
	set(A, reg(MSIX, STATE), 4, 1);
	set(A, reg(MSIX, STATE), 4, 2);
	set(A, reg(MSIX, STATE), 4, 0);
	set(A, reg(MSIX, BELL), 4, RING(1, 0));
	raised(0);
	assert_true(model_latched(MSIX, 1));
	assert_false(model_latched(MSIX, 5));
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_MERGED), 2);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_DISABLED), 1);
	assert_int_equal(count(MSIX, 5, LINK_COUNTER_DISABLED), 3);
	set(B, entry(0, 3), 4, 1);
	set(B, reg(MSIX, CTRL), 4, 1);
	set(C, reg(MSIX, CTRL), 4, 1);
	raised(0);
	set(B, entry(0, 3), 4, 0);
	raised(120, 0);
	assert_false(model_latched(MSIX, 1));
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_DELIVERED), 1);
	/* reset forgets */
	set(B, reg(MSIX, CTRL), 4, 0);
	set(A, reg(MSIX, STATE), 4, 1);
	model_reset(B);
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_INACTIVE), 1);
	start_msix(B, 1);
	raised(140, 0);
}

static void reset_failure_and_leaving(void **state)
{
	(void)state;
	set(A, reg(MSIX, STATE), 4, 1);
	model_clear_raised();
	model_fail(A);
	raised(120, 140, 0);
	assert_int_equal(model_table_entry(MSIX, 0), 0);
	assert_int_equal(get(A, reg(MSIX, CTRL), 4), 1);	/* registers stay */
	model_reset(A);
	raised(0);
	start_msix(A, 1);
	set(A, reg(MSIX, STATE), 4, 1);
	model_clear_raised();
	model_reset(A);
	raised(120, 140, 0);
	access_result(A, reg(MSIX, CTRL), 4, false, 0, MODEL_NO_WINDOW);
	start_msix(A, 1);
	set(A, reg(MSIX, STATE), 4, 1);
	model_clear_raised();
	model_leave(A);
	raised(120, 140, 0);
	assert_int_equal(model_table_entry(MSIX, 0), 0);
	set(B, reg(MSIX, BELL), 4, RING(0, 0));
	assert_int_equal(count(MSIX, 1, LINK_COUNTER_INACTIVE), 1);
	/* counters stay as long as the link */
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_SENT), 12);
	assert_int_equal(model_join(A), 0);
	raised(0);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_SENT), 12);
	model_leave(B);
	model_leave(A);
	assert_true(model_link_exists(MSIX));
	assert_false(model_link_exists(INTX));
	model_leave(C);
	assert_false(model_link_exists(MSIX));
}

static void joining(void **state)
{
	(void)state;
	assert_int_equal(model_link_peers(INTX), 2);
	assert_int_equal(model_link_peers(MSIX), 6);
	assert_int_equal(model_join(D), -EBUSY);
	model_leave(B);
	assert_int_equal(model_join(D), 0);
	assert_int_equal(model_join(B), -EBUSY);
	access_result(B, config(INTX, 0), 4, false, 0, MODEL_HANDLED);
	assert_int_equal(get(B, config(INTX, 0), 4), 0xffffffff);	/* nothing of it is left */
	model_leave(A);
	model_leave(C);
	model_leave(D);
	assert_int_equal(model_join(B), 0);		/* the first one wants two, and eight have room */
	assert_int_equal(model_link_peers(MSIX), 2);
	assert_int_equal(model_join(C), 0);
	assert_int_equal(model_link_peers(MSIX), 6);
	model_leave(C);
	assert_int_equal(model_link_peers(MSIX), 6);
	assert_int_equal(model_join(A), 0);
	model_leave(A);
	model_leave(B);
	assert_int_equal(model_join(C), 0);		/* id 5 needs six */
	assert_int_equal(model_link_peers(MSIX), 6);
	assert_int_equal(count(MSIX, 0, LINK_COUNTER_SENT), 0);
	assert_int_equal(model_join(E), 0);
	assert_int_equal(model_link_peers(ALONE), 2);
}

/* One 64-bit write of the table is one step: a vector that it changes and masks was never armed. */
static void table_is_written_as_a_whole(void **state)
{
	(void)state;
	set(B, entry(0, 2), 4, 100);		/* A's interrupt */
	set(A, reg(MSIX, STATE), 4, 1);
	raised(140, 0);
	set(B, entry(0, 2), 8, 1ull << 32 | 120);
	raised(0);
	assert_true(model_latched(MSIX, 1));
	set(B, entry(0, 2), 8, 121);
	raised(121, 0);
}

static void link_information(void **state)
{
	const uint32_t on = LINK_FLAG_ENABLED | LINK_FLAG_ARMED | LINK_FLAG_MEMORY | LINK_FLAG_MASTER;

	(void)state;
	assert_int_equal(model_info(MSIX, 0xffff, LINK_INFO_PEERS), 6);
	assert_int_equal(model_info(MSIX, 5, LINK_INFO_CELL), C);
	assert_int_equal(model_info(MSIX, 5, LINK_INFO_VECTORS), 1);
	assert_int_equal(model_info(MSIX, 5, LINK_INFO_PROTOCOL), 0x4002);
	assert_int_equal(model_info(MSIX, 1, LINK_INFO_FLAGS), on | LINK_FLAG_MSIX);
	assert_int_equal(model_info(INTX, 1, LINK_INFO_FLAGS), on);
	assert_true(model_info(MSIX, 1, LINK_INFO_ROUTE_BASE + 2) == (122 | LINK_ROUTE_ARMED));
	assert_true(model_info(INTX, 1, LINK_INFO_ROUTE_BASE) == (41 | LINK_ROUTE_ARMED));
	set(B, entry(2, 3), 4, 1);
	assert_true(model_info(MSIX, 1, LINK_INFO_ROUTE_BASE + 2) == (122 | LINK_ROUTE_MASKED));
	set(B, config(MSIX, 0x62), 2, 0xc000);
	set(B, config(INTX, 0x04), 2, 0x0402);
	assert_int_equal(model_info(INTX, 1, LINK_INFO_ROUTE_BASE), 41);
	assert_int_equal(model_info(MSIX, 1, LINK_INFO_ROUTE_BASE + 1), 121);
	set(B, config(INTX, 0x43), 1, 1);
	set(A, reg(INTX, STATE), 4, 77);
	assert_int_equal(model_info(INTX, 0, LINK_INFO_STATE), 77);
	assert_int_equal(model_info(INTX, 0, LINK_INFO_COUNTER_BASE + LINK_COUNTER_SENT), 1);
	assert_int_equal(model_info(MSIX, 1, LINK_INFO_FLAGS),
			 (on & ~(uint32_t)LINK_FLAG_ARMED) | LINK_FLAG_MSIX | LINK_FLAG_MSIX_MASKED);
	assert_int_equal(model_info(INTX, 1, LINK_INFO_FLAGS), LINK_FLAG_ENABLED | LINK_FLAG_MEMORY |
			 LINK_FLAG_INTX_OFF | LINK_FLAG_ONE_SHOT | LINK_FLAG_LATCHED);
	/* no cell is that peer, no such peer, no such link */
	assert_true(model_info(MSIX, 4, LINK_INFO_STATE) == MODEL_NO_INFO);
	assert_int_equal(model_info(MSIX, 4, LINK_INFO_COUNTER_BASE), 0);
	assert_true(model_info(MSIX, 6, LINK_INFO_COUNTER_BASE) == MODEL_NO_INFO);
	assert_true(model_info(BDF(0, 0, 0), 0, LINK_INFO_PEERS) == MODEL_NO_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(configuration_space_as_printed, setup),
		cmocka_unit_test_setup(configuration_bits_that_can_change, setup),
		cmocka_unit_test_setup(configuration_accesses_without_effect, setup),
		cmocka_unit_test_setup(windows_open_where_the_bars_were, setup),
		cmocka_unit_test_setup(register_page, setup),
		cmocka_unit_test_setup(msix_page, setup),
		cmocka_unit_test_setup(doorbells_that_arrive, setup),
		cmocka_unit_test_setup(doorbells_that_do_not, setup),
		cmocka_unit_test_setup(conditions_of_an_interrupt, setup),
		cmocka_unit_test_setup(interrupts_of_others, setup),
		cmocka_unit_test_setup(one_shot, setup),
		cmocka_unit_test_setup(state_goes_to_all_others, setup),
		cmocka_unit_test_setup(latched_state, setup),
		cmocka_unit_test_setup(reset_failure_and_leaving, setup),
		cmocka_unit_test_setup(joining, setup),
		cmocka_unit_test_setup(table_is_written_as_a_whole, setup),
		cmocka_unit_test_setup(link_information, setup),
	};

	return cmocka_run_group_tests_name("ivshmem_oracle", tests, NULL, NULL);
}
