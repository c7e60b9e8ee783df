/* SPDX-License-Identifier: BSD-2-Clause */
/* The decoder of A64 loads and stores against the assembler, and properties over the whole space of words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "a64_access.h"

/* A prime: all fields vary. 1 visits every word (half an hour). */
#ifndef WORD_STRIDE
#define WORD_STRIDE	251u
#endif

struct form {
	const char *text;
	bool known;
	struct a64_access access;
};

#define FORM(string, ...)	{ .text = string, .known = true, .access = { __VA_ARGS__ } },
#define OTHER(string)		{ .text = string },

static const struct form forms[] = {
#include "a64_forms.h"
};

/* The same list as the cross assembler sees it: a64_forms_target.c */
extern const uint8_t words_start[] __asm__("_binary_a64_forms_bin_start");
extern const uint8_t words_end[] __asm__("_binary_a64_forms_bin_end");

static uint32_t word(uint32_t index)
{
	uint32_t value;

	memcpy(&value, words_start + 4 * index, 4);
	return value;
}

static bool same(const struct a64_access *a, const struct a64_access *b)
{
	return a->is_write == b->is_write && a->is_pair == b->is_pair && a->sign_extend == b->sign_extend &&
	       a->size == b->size && a->width == b->width && a->rt == b->rt && a->rt2 == b->rt2 &&
	       a->rn == b->rn && a->offset == b->offset && a->has_index == b->has_index &&
	       a->index_is_32bit == b->index_is_32bit && a->index_is_signed == b->index_is_signed &&
	       a->index_shift == b->index_shift && a->rm == b->rm && a->writeback == b->writeback &&
	       a->writeback_imm == b->writeback_imm;
}

static void every_form(void **state)
{
	(void)state;
	assert_int_equal(words_end - words_start, 4 * ARRAY_SIZE(forms));
	for (uint32_t n = 0; n < ARRAY_SIZE(forms); n++) {
		struct a64_access access;
		bool known;

		memset(&access, 0, sizeof(access));
		known = a64_decode_access(word(n), &access);
		if (known != forms[n].known || (known && !same(&access, &forms[n].access)))
			fail_msg("%s (%08x): decoded wrongly", forms[n].text, word(n));
	}
}

static void results_are_in_range(uint32_t insn, const struct a64_access *access)
{
	const bool size_ok = access->size == 1 || access->size == 2 || access->size == 4 || access->size == 8;
	const bool registers_ok = access->rt < 32 && access->rt2 < 32 && access->rn < 32 && access->rm < 32;
	const bool width_ok = access->width == 32 || (access->width == 64 && (access->size == 8 ||
									     access->sign_extend));
	const bool signs_ok = !access->sign_extend || (!access->is_write && access->size * 8 < access->width);
	const bool imm_ok = access->offset >= -512 && access->offset <= 4095 * 8 &&
			    access->writeback_imm >= -512 && access->writeback_imm <= 504;
	const bool index_ok = !access->has_index || (access->offset == 0 && access->index_shift <= 3 &&
						     !access->writeback);

	/* op0 of "Loads and Stores" is x1x0, and SIMD has bit 26 set */
	if ((insn & 0x0e000000) != 0x08000000 || !size_ok || !registers_ok || !width_ok || !signs_ok ||
	    !imm_ok || !index_ok)
		fail_msg("%08x: result out of range", insn);
}

static void all_words_sampled(void **state)
{
	uint64_t known = 0, visited = 0;

	(void)state;
	for (uint64_t insn = 0; insn <= UINT32_MAX; insn += WORD_STRIDE) {
		struct a64_access access;

		visited++;
		if (!a64_decode_access((uint32_t)insn, &access))
			continue;
		known++;
		results_are_in_range((uint32_t)insn, &access);
	}
	/* what the masks of the classes leave, less the CONSTRAINED UNPREDICTABLE: 37.4 of 1000 words */
	assert_int_equal(known * 1000 / visited, 37);
}

static void addresses(void **state)
{
	struct a64_access access = { .offset = -16 };

	(void)state;
	assert_int_equal(a64_access_address(&access, 0x1000, 77), 0xff0);
	assert_int_equal(a64_access_address(&access, 0, 77), 0xfffffffffffffff0);
	access = (struct a64_access){ .has_index = true, .index_shift = 3 };
	assert_int_equal(a64_access_address(&access, 0x1000, 0x100000002), 0x800001010);
	assert_int_equal(a64_access_address(&access, 0x1000, UINT64_MAX), 0xff8);
	access.index_is_32bit = true;
	assert_int_equal(a64_access_address(&access, 0x1000, 0x1fffffffe), 0x1000 + 0x7fffffff0);
	access.index_is_signed = true;
	assert_int_equal(a64_access_address(&access, 0x1000, 0x1fffffffe), 0xff0);
	assert_int_equal(a64_access_address(&access, 0x1000, 0x17fffffff), 0x1000 + 0x3fffffff8);
	access.index_is_32bit = false;
	assert_int_equal(a64_access_address(&access, 0x1000, UINT64_MAX), 0xff8);
}

static uint64_t result(uint8_t size, uint8_t width, bool sign_extend, uint64_t value)
{
	return a64_load_result(value, size, sign_extend, width == 64);
}

static void load_results(void **state)
{
	const uint64_t value = 0xf1f2f3f4f5f6f7f8;

	(void)state;
	assert_int_equal(result(1, 32, false, value), 0xf8);
	assert_int_equal(result(2, 32, false, value), 0xf7f8);
	assert_int_equal(result(4, 32, false, value), 0xf5f6f7f8);
	assert_int_equal(result(8, 64, false, value), value);
	assert_int_equal(result(1, 32, true, value), 0xfffffff8);
	assert_int_equal(result(2, 32, true, value), 0xfffff7f8);
	assert_int_equal(result(1, 64, true, value), 0xfffffffffffffff8);
	assert_int_equal(result(2, 64, true, value), 0xfffffffffffff7f8);
	assert_int_equal(result(4, 64, true, value), 0xfffffffff5f6f7f8);
	assert_int_equal(result(1, 64, true, 0x17f), 0x7f);
	assert_int_equal(result(4, 64, true, 0x17fffffff), 0x7fffffff);
}

int main(void)
{
	static const struct CMUnitTest a64_decode[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(all_words_sampled),
		cmocka_unit_test(addresses),
		cmocka_unit_test(load_results),
	};

	return cmocka_run_group_tests(a64_decode, NULL, NULL);
}
