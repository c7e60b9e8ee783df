/* SPDX-License-Identifier: BSD-2-Clause */
#include "mutation.h"
#include <assert.h>
#include <string.h>

static uint32_t random_state;

void random_seed(uint32_t seed)
{
	random_state = seed;
}

uint32_t random_now(void)
{
	return random_state;
}

uint32_t below(uint32_t bound)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(random_state >> 8) * bound >> 24);
}

/* EXTRA if there is one; INSERT is three times as likely as the others. */
enum { REMOVE, EXCHANGE, REPEAT, REPLACE, CHANGE, EXTRA };

size_t mutate_list(const struct mutations *mutations, void *items, size_t count, size_t max_count)
{
	const size_t size = mutations->item_size;
	const uint32_t insert = mutations->extra ? EXTRA + 1 : EXTRA;
	uint32_t mutation = count ? below(insert + 3) : insert;
	uint8_t *at = (uint8_t *)items + size * below((uint32_t)count), *end = (uint8_t *)items + size * count;
	uint8_t *other = (uint8_t *)items + size * below((uint32_t)count);
	_Alignas(max_align_t) uint8_t item[MUTATION_MAX_ITEM];

	assert(size <= sizeof(item));
	switch (mutation < insert ? mutation : insert + 1) {
	case REMOVE:
		memmove(at, at + size, (size_t)(end - at) - size);
		return count - 1;
	case EXCHANGE:
		memcpy(item, at, size);
		memmove(at, other, size);
		memcpy(other, item, size);
		return count;
	case REPLACE:
		mutations->make(at);
		return count;
	case CHANGE:
		LLVMFuzzerMutate(at, size, size);
		return count;
	case EXTRA:
		return mutations->extra(items, count, max_count);
	case REPEAT:
		memcpy(item, other, size);
		if (mutations->repeated)
			mutations->repeated(item);
		break;
	default:
		mutations->make(item);
		break;
	}
	if (count == max_count)
		return count;
	at = (uint8_t *)items + size * below((uint32_t)count + 1);
	memmove(at + size, at, (size_t)(end - at));
	memcpy(at, item, size);
	return count + 1;
}

size_t join_lists(const uint8_t *data1, size_t first, const uint8_t *end2, size_t second, size_t item_size, uint8_t *out,
		  size_t max_out)
{
	if (first > max_out)
		return 0;
	if (second > max_out - first)
		second = (max_out - first) / item_size * item_size;
	memcpy(out, data1, first);
	memcpy(out + first, end2 - second, second);
	return first + second;
}
