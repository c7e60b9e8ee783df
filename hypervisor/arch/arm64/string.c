/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that the compiler expects of a freestanding environment: words where both ends are aligned. */
#include "types.h"

#define WORD	sizeof(uint64_t)
#define BLOCK	(8 * WORD)

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if (((uintptr_t)out | (uintptr_t)in) % WORD == 0) {
		for (; size >= WORD; size -= WORD, out += WORD, in += WORD)
			*(uint64_t *)(void *)out = *(const uint64_t *)(const void *)in;
	}
	for (; size; size--)
		*out++ = *in++;
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint64_t word = (uint8_t)value * 0x0101010101010101UL;
	uint8_t *out = to;

	for (; size && (uintptr_t)out % WORD; size--)
		*out++ = (uint8_t)value;
	for (; size >= BLOCK; size -= BLOCK, out += BLOCK)
		for (uint32_t i = 0; i < BLOCK / WORD; i++)
			((uint64_t *)(void *)out)[i] = word;
	for (; size; size--)
		*out++ = (uint8_t)value;
	return to;
}
