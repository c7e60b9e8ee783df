/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: arbitrary words decoded and, as a trap handler would, executed on arbitrary registers.
 *
 * Input: { base (8), index (8), then words (4 each) }, little-endian.
 */
#include <string.h>
#include "a64_access.h"
#include "host.h"

#define CHECK(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void execute(uint32_t word, uint64_t base, uint64_t index)
{
	struct a64_access access, again;
	uint64_t address, value, lowest;

	memset(&access, 0x55, sizeof(access));
	if (!a64_decode_access(word, &access))
		return;

	/* the result is a function of the word */
	memset(&again, 0xaa, sizeof(again));
	CHECK(a64_decode_access(word, &again));
	CHECK(again.size == access.size && again.rt == access.rt && again.offset == access.offset &&
	      again.rt2 == access.rt2 && again.rm == access.rm &&
	      again.writeback_imm == access.writeback_imm);

	CHECK(access.rt < 32 && access.rt2 < 32 && access.rn < 32 && access.rm < 32);
	CHECK(access.is_pair || access.rt2 == 0);
	CHECK(access.writeback || access.writeback_imm == 0);

	address = a64_access_address(&access, base, index);
	if (!access.has_index)
		CHECK(address == base + (uint64_t)access.offset);
	else if (!access.index_is_32bit)
		CHECK(address == base + index * (1u << access.index_shift));

	value = a64_load_result(index, access.size, access.sign_extend, access.width == 64);
	lowest = access.size == 8 ? index : index % (1ull << (8 * access.size));
	CHECK((access.size == 8 ? value : value % (1ull << (8 * access.size))) == lowest);
	CHECK(access.sign_extend || value == lowest);
	CHECK(access.width == 64 || value <= UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t registers[2];
	uint32_t word;

	if (size < sizeof(registers))
		return 0;
	memcpy(registers, data, sizeof(registers));
	for (size_t at = sizeof(registers); at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		execute(word, registers[0], registers[1]);
	}
	return 0;
}
