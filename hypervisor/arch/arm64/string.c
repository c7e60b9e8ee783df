/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions that the compiler expects of a freestanding environment. Only for memory, and with the MMU on: accesses need
 * no alignment, and DC ZVA zeroes a block (DDI 0487, C6.2 DC ZVA, DCZID_EL0).
 */
#include "types.h"
#include "asm/sysreg.h"

typedef uint64_t unaligned_word_t __attribute__((aligned(1), may_alias));

#define WORD		sizeof(unaligned_word_t)
#define CHUNK_WORDS	8u	/* the compiler makes four pairs of them */
#define CHUNK		(CHUNK_WORDS * WORD)

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	for (; size >= CHUNK; size -= CHUNK, out += CHUNK, in += CHUNK) {
		unaligned_word_t *to_words = (void *)out;
		const unaligned_word_t *words = (const void *)in;

#pragma GCC unroll 8
		for (uint32_t i = 0; i < CHUNK_WORDS; i++)
			to_words[i] = words[i];
	}
	for (; size >= WORD; size -= WORD, out += WORD, in += WORD)
		*(unaligned_word_t *)(void *)out = *(const unaligned_word_t *)(const void *)in;
	for (; size; size--)
		*out++ = *in++;
	return to;
}

/* Zeroes whole blocks from an aligned address on; returns how many bytes. */
static size_t zero_blocks(uint8_t *out, size_t size)
{
	uint64_t id = read_sysreg(dczid_el0), block = 4UL << (id & 0xf);
	uint8_t *end = out + (size & ~(block - 1));

	if ((id & DCZID_PROHIBITED) || (uintptr_t)out % block)
		return 0;
#pragma GCC unroll 4
	for (uint8_t *at = out; at < end; at += block)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
	return (size_t)(end - out);
}

void *memset(void *to, int value, size_t size)
{
	uint64_t word = (uint8_t)value * 0x0101010101010101UL;
	uint8_t *out = to;

	if (word == 0) {
		size_t done = zero_blocks(out, size);

		out += done;
		size -= done;
	}
	for (; size >= WORD; size -= WORD, out += WORD)
		*(unaligned_word_t *)(void *)out = word;
	for (; size; size--)
		*out++ = (uint8_t)value;
	return to;
}
