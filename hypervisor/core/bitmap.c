/* SPDX-License-Identifier: BSD-2-Clause */
#include "bitmap.h"

#define WORD_BITS	64U

uint32_t bitmap_find(const uint64_t *bitmap, uint32_t from, uint32_t limit, bool set)
{
	while (from < limit) {
		uint64_t word = bitmap[from / WORD_BITS];

		word = (set ? word : ~word) >> from % WORD_BITS;
		if (word)
			return MIN(from + (uint32_t)__builtin_ctzll(word), limit);
		from = (from / WORD_BITS + 1) * WORD_BITS;
	}
	return limit;
}

void bitmap_set_range(uint64_t *bitmap, uint32_t first, uint32_t count, bool set)
{
	for (uint32_t done = 0, bits; done < count; done += bits) {
		uint32_t shift = (first + done) % WORD_BITS;
		uint64_t *word = &bitmap[(first + done) / WORD_BITS], mask;

		bits = MIN(count - done, WORD_BITS - shift);
		mask = ~0ULL >> (WORD_BITS - bits) << shift;
		*word = set ? *word | mask : *word & ~mask;
	}
}
