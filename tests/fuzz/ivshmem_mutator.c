/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations of step sequences for the ivshmem fuzz target. Steps are inserted, removed, repeated and
 * exchanged as a whole, and often made from what drivers do: random bytes alone rarely hit a register with a
 * value that matters.
 */
#include <stdbool.h>
#include <string.h>
#include "ivshmem_steps.h"
#include "mutation.h"

#define NUM(array)	((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* Accesses that matter; size as in STEP_WHERE() */
static const struct usual {
	enum step_place place;
	uint16_t offset;
	uint8_t size;
	uint32_t values[10];
	uint32_t num_values;
} usual[] = {
#define VALUES(...)	.values = { __VA_ARGS__ }, .num_values = NUM(((const uint32_t[]){ __VA_ARGS__ }))
	{ STEP_CONFIG, 0x04, 1, VALUES(0, 2, 4, 6, 6, 6, 0x400, 0x402, 0x404, 0x406) },
	{ STEP_CONFIG, 0x04, 2, VALUES(0, 6, 0x406, 0xffffffff) },
	{ STEP_CONFIG, 0x05, 0, VALUES(0, 4, 0xff) },
	{ STEP_CONFIG, 0x10, 2, VALUES(0, 0xffffffff, 0x10000000, 0x10200000, 0x07000000, 0x071ff000) },
	{ STEP_CONFIG, 0x14, 2, VALUES(0, 0xffffffff, 0x20000000, 0x20200000, 0x07000000, 0x10001000) },
	{ STEP_CONFIG, 0x40, 2, VALUES(0, 0x01000000, 0xffffffff) },
	{ STEP_CONFIG, 0x43, 0, VALUES(0, 1, 0xff) },
	{ STEP_CONFIG, 0x60, 2, VALUES(0, 0x80000000, 0x40000000, 0xc0000000, 0xffffffff) },
	{ STEP_CONFIG, 0x62, 1, VALUES(0, 0x8000, 0x4000, 0xc000) },
	{ STEP_REGISTERS, 0x08, 2, VALUES(0, 1, 1, 0xfffffffe) },
	{ STEP_REGISTERS, 0x0c, 2, VALUES(0, 0x10000, 0x20000, 0x30000, 0x70000, 0xb0000, 1, 0x10003) },
	{ STEP_REGISTERS, 0x0c, 2, VALUES(0x0c0000, 0x100000, 0xffff0000, 0x10004, 0x20010, 0x2000f, 0x10) },
	{ STEP_REGISTERS, 0x10, 2, VALUES(0, 1, 2, 3, 0xffffffff) },
};

static void set_step(struct step *s, uint8_t who, uint8_t where, uint32_t offset, uint32_t value)
{
	s->who = who;
	s->where = where;
	s->offset[0] = (uint8_t)offset;
	s->offset[1] = (uint8_t)(offset >> 8);
	for (uint32_t n = 0; n < 4; n++)
		s->value[n] = (uint8_t)(value >> 8 * n);
}

/* MSI-X table: data of a vector or its mask */
static void make_table_write(struct step *s, uint32_t cell, uint32_t device)
{
	static const uint32_t sizes[] = { 2, 2, 3, 0, 1 };
	uint32_t entry = 16 * (below(3) ? below(4) : below(17));
	uint32_t intid = 120 + 10 * (below(4) ? cell : below(STEPS_CELLS)) + below(4);

	uint8_t who = STEP_WHO(cell, STEP_WRITE);

	if (below(2))
		set_step(s, who, STEP_WHERE(2, device, STEP_MSIX), entry + 12, below(2));
	else
		set_step(s, who, STEP_WHERE(sizes[below(NUM(sizes))], device, STEP_MSIX), entry + 8,
			 below(8) ? intid : below(1100));
}

static void make_read(struct step *s, uint32_t cell, uint32_t device)
{
	static const uint32_t sizes[] = { 2, 2, 2, 0, 1, 3 };
	uint32_t place = below(STEP_EDGE + 1);
	uint32_t offset = place / 2 * 2 == STEP_REGISTERS ? 4 * below(8) : below(0x10000);

	set_step(s, STEP_WHO(cell, STEP_READ), STEP_WHERE(sizes[below(NUM(sizes))], device, place), offset,
		 0);
}

/* What one mutation adds is mostly for one device: only together do register writes have effects. */
static uint32_t focus_cell, focus_device;

static void make_step(void *item)
{
	struct step *s = item;
	const struct usual *u = &usual[below(NUM(usual))];
	bool focus = below(4);
	uint32_t cell = focus ? focus_cell : below(STEPS_CELLS), device = focus ? focus_device : below(8);

	if (below(4) == 0)
		set_step(s, STEP_WHO(cell, STEP_RESET + below(STEP_KINDS - STEP_RESET)), 0, 0, below(64));
	else if (below(4) == 0)
		make_table_write(s, cell, device);
	else if (below(4) == 0)
		make_read(s, cell, device);
	else
		set_step(s, STEP_WHO(cell, STEP_WRITE), STEP_WHERE(u->size, device, u->place), u->offset,
			 u->values[below(u->num_values)]);
}

static const struct mutations mutations = { .item_size = sizeof(struct step), .make = make_step };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct steps_head head = { .joined = 0 };
	size_t count, max_count;

	random_seed(seed);
	focus_cell = below(STEPS_CELLS);
	focus_device = below(8);
	if (max_size < sizeof(head) || below(16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	if (size < sizeof(head)) {
		memcpy(data, &head, sizeof(head));
		size = sizeof(head);
	}
	max_count = (max_size - sizeof(head)) / sizeof(struct step);
	count = (size - sizeof(head)) / sizeof(struct step);

	if (below(16) == 0) {
		head.joined = (uint8_t)below(1 << STEPS_CELLS);
		head.started = (uint8_t)below(1 << STEPS_CELLS);
		head.one_shot = (uint8_t)below(1 << STEPS_CELLS);
		memcpy(data, &head, sizeof(head));
	}
	for (uint32_t n = 1 + below(5); n > 0; n--)
		count = mutate_list(&mutations, data + sizeof(head), count, max_count);
	return sizeof(head) + count * sizeof(struct step);
}

/* The beginning of one, then the end of the other */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out, unsigned int seed)
{
	size_t steps1 = size1 / sizeof(struct step), steps2 = size2 / sizeof(struct step), first, second;

	random_seed(seed);
	if (steps1 == 0 || steps2 == 0)
		return 0;
	first = sizeof(struct step) * (1 + below((uint32_t)steps1));
	second = sizeof(struct step) * below((uint32_t)steps2);
	return join_lists(data1, first, data2 + steps2 * sizeof(struct step), second, sizeof(struct step), out, max_out);
}
