/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations for the fuzz target config_check: edits are inserted, removed, repeated for another image and exchanged as
 * a whole. Most new ones change the structure, with values that rules look at.
 */
#include <stddef.h>
#include <string.h>
#include "config_edits.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out, unsigned int seed);

static uint32_t random_state;

static uint32_t below(uint32_t bound)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(random_state >> 8) * bound >> 24);
}

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

static void new_edit(struct edit *edit)
{
	edit->image = (uint8_t)below(EDIT_IMAGES);
	edit->where = (uint16_t)(below(4) ? below(16) : below(0x10000));
	edit->value = random_state;
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
		edit->value = ONE_OF(1, 2, 3, 0x10, 0x20, 0x40, 0x80, 0x82, 0x40010, 1u << 27, 1u << 28, 3u << 28);
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
static size_t approach(struct edit *edits, size_t count, size_t max_count)
{
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

enum { REMOVE, EXCHANGE, REPEAT, REPLACE, CHANGE, APPROACH, INSERT, MUTATIONS = INSERT + 3 };

static size_t mutate(struct edit *edits, size_t count, size_t max_count)
{
	uint32_t mutation = count ? below(MUTATIONS) : INSERT;
	size_t at = below((uint32_t)count), other = below((uint32_t)count);
	struct edit edit;

	switch (mutation) {
	case REMOVE:
		memmove(&edits[at], &edits[at + 1], (count - at - 1) * sizeof(edit));
		return count - 1;
	case EXCHANGE:
		edit = edits[at];
		edits[at] = edits[other];
		edits[other] = edit;
		return count;
	case REPLACE:
		new_edit(&edits[at]);
		return count;
	case CHANGE:
		LLVMFuzzerMutate((uint8_t *)&edits[at], sizeof(edit), sizeof(edit));
		return count;
	case APPROACH:
		return approach(edits, count, max_count);
	case REPEAT:
		edit = edits[other];
		edit.image = (uint8_t)below(EDIT_IMAGES);
		break;
	default:
		new_edit(&edit);
		break;
	}
	if (count == max_count)
		return count;
	at = below((uint32_t)count + 1);
	memmove(&edits[at + 1], &edits[at], (count - at) * sizeof(edit));
	edits[at] = edit;
	return count + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct edit *edits = (struct edit *)data;
	size_t count = size / sizeof(*edits);

	random_state = seed;
	if (below(16) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (uint32_t n = 1 + below(4); n > 0; n--)
		count = mutate(edits, count, max_size / sizeof(*edits));
	return count * sizeof(*edits);
}

/* All of the one, then the end of the other */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out, unsigned int seed)
{
	const size_t step = sizeof(struct edit), first = size1 / step * step;
	size_t second;

	random_state = seed;
	second = step * below((uint32_t)(size2 / step) + 1);
	if (first > max_out)
		return 0;
	if (second > max_out - first)
		second = (max_out - first) / step * step;
	memcpy(out, data1, first);
	memcpy(out + first, data2 + size2 / step * step - second, second);
	return first + second;
}
