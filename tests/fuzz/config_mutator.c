/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations for the fuzz target config_check: edits are inserted, removed, repeated for another image and exchanged as
 * a whole. Most new ones change the structure, with values that rules look at.
 */
#include <string.h>
#include "config_edits.h"
#include "mutation.h"

static uint32_t one_of(const uint32_t *values, uint32_t count)
{
	return values[below(count)];
}

#define ONE_OF(...)	one_of((const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static uint32_t flags(void)
{
	return ONE_OF(0, 1, 3, 3, 7, 0x13, 0x13, 0x43, 0x47, 0x81, 0x83, 0x83, 0xc3, 0x23, 0x40013, 0x10003, 4, 2);
}

/* A corner, mostly with pages around it, in the form that the target reads */
static uint32_t corner(void)
{
	return below(EDIT_CORNERS) | (below(3) ? below(8) << 5 : 3 << 5) | (below(8) ? 0 : below(4096) << 8);
}

static void new_edit(void *item)
{
	struct edit *edit = item;

	edit->image = (uint8_t)below(EDIT_IMAGES);
	edit->where = (uint16_t)(below(4) ? below(16) : below(0x10000));
	edit->value = random_now();
	if (below(6) == 0) {
		edit->kind = (uint8_t)below(NUM_EDITS);
		return;
	}
	edit->kind = (uint8_t)(STRUCTURE | below(NUM_STRUCTURES));
	switch (edit->kind & ~STRUCTURE) {
	case ADD_MEMORY:
		edit->value = corner();
		edit->where = (uint16_t)(flags() | (below(2) ? 0x4000u : 0));
		break;
	case COPY_MEMORY:
		edit->value = below(EDIT_IMAGES) | below(16) << 2 | (below(2) ? flags() << 8 : 0);
		break;
	case REFLAG:
		edit->value = ONE_OF(1, 2, 3, 0x10, 0x20, 0x40, 0x80, 0x82, 0x40010, 1u << 26, 1u << 27, 1u << 28, 3u << 28);
		break;
	case RESIZE:
	case SHIFT:
	case SHIFT_LINK:
		edit->value = ONE_OF(0, 1, 2, 3, 4, 7, 8, 15, 16) | below(4) << 8 | below(2) << 10 |
			      (below(6) ? 0 : below(4096) << 12);
		break;
	case ADD_LINK:
		edit->value = corner();
		edit->where = (uint16_t)(below(4) | below(4) << 4 | below(3) << 8 | below(3) << 12);
		break;
	case ADD_STRAY:
		edit->value = corner();
		break;
	case ADD_WATCHDOG:
		edit->value = ONE_OF(0, 999, 1000, 1001, 100000, 3599999999u, 3600000000u, 3600000001u, 0xffffffffu);
		break;
	case JOIN_LINK:
		edit->value = below(EDIT_IMAGES) | below(4) << 2 | below(4) << 4;
		break;
	case DEVICE:
		edit->value = below(8) | ONE_OF(0, 1, 2, 3, 4, 8, 16, 24, 255, 0xffff) << 8;
		break;
	case ADD_PIN:
		edit->value = ONE_OF(31, 32, 33, 96, 128, 130, 144, 160, 1019, 1020) + below(3);
		break;
	case LINE_BASE:
		edit->value = ONE_OF(0, 96, 97, 98, 112, 128, 984, 988, 0xffffffe0, 0xffffffff);
		break;
	default:
		edit->value = below(16) | corner() << 8 | below(4) << 30;
		break;
	}
}

/* One cell leaves its link for that of another one, and has a region of that one beside: two edits */
static size_t approach(void *items, size_t count, size_t max_count)
{
	struct edit *edits = items;
	const uint32_t from = below(EDIT_IMAGES), to = below(EDIT_IMAGES);
	const struct edit pair[] = {
		{ .image = (uint8_t)to, .kind = STRUCTURE | JOIN_LINK, .where = (uint16_t)(below(32) | 1),
		  .value = from | below(3) << 4 },
		{ .image = (uint8_t)to, .kind = STRUCTURE | COPY_MEMORY,
		  .value = from | below(12) << 2 | (below(3) ? ONE_OF(0x81, 0x83, 0xc1, 0xc3, 1) << 8 : 0) },
	};

	if (count + 2 > max_count)
		return count;
	memcpy(&edits[count], pair, sizeof(pair));
	return count + 2;
}

static void for_another_image(void *item)
{
	((struct edit *)item)->image = (uint8_t)below(EDIT_IMAGES);
}

static const struct mutations mutations = {
	.item_size = sizeof(struct edit),
	.make = new_edit,
	.repeated = for_another_image,
	.extra = approach,
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t count = size / sizeof(struct edit);

	random_seed(seed);
	if (below(16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (uint32_t n = 1 + below(4); n > 0; n--)
		count = mutate_list(&mutations, data, count, max_size / sizeof(struct edit));
	return count * sizeof(struct edit);
}

/* All of the one, then the end of the other */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out, unsigned int seed)
{
	const size_t step = sizeof(struct edit), count2 = size2 / step;

	random_seed(seed);
	return join_lists(data1, size1 / step * step, data2 + count2 * step, step * below((uint32_t)count2 + 1), step, out,
			  max_out);
}
