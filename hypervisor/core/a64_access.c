/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decode of A64 loads and stores, after the encoding index "Loads and Stores" of the Arm ARM
 * (DDI 0487, C4.1). One decoder per class; the classes are told apart by fixed bits, so at most one
 * matches.
 */
#include "a64_access.h"

#define BITS(word, high, low)	(((word) >> (low)) & ((1u << ((high) - (low) + 1)) - 1))
#define BIT(word, n)		(((word) >> (n)) & 1)

#define REG_SP_OR_ZERO	31

static int32_t sign_extend32(uint32_t value, uint32_t bits)
{
	const uint32_t sign = 1u << (bits - 1);

	return (int32_t)((value ^ sign) - sign);
}

/* mode: bit 0 is write-back, after the access (1) or before it (3) */
static void set_address(struct a64_access *out, uint32_t mode, int32_t imm)
{
	out->writeback = mode & 1;
	out->writeback_imm = out->writeback ? imm : 0;
	out->offset = mode == 1 ? 0 : imm;
}

/* size and opc of one register: store, load, load signed to 64 bits, load signed to 32 bits */
static bool decode_single_form(uint32_t insn, struct a64_access *out)
{
	const uint32_t size = BITS(insn, 31, 30), opc = BITS(insn, 23, 22);

	out->is_write = opc == 0;
	out->sign_extend = opc >= 2;
	out->width = opc == 2 || (opc < 2 && size == 3) ? 64 : 32;
	out->size = (uint8_t)(1u << size);
	/* what has no bits to be extended to is unallocated or a prefetch */
	return opc < 2 || size + (opc & 1) < 3;
}

/* Load/store register (unsigned immediate): size 111 0 01 opc imm12 Rn Rt */
static bool decode_unsigned_offset(uint32_t insn, struct a64_access *out)
{
	set_address(out, 0, (int32_t)(BITS(insn, 21, 10) << BITS(insn, 31, 30)));
	return decode_single_form(insn, out);
}

/*
 * Load/store register (unscaled immediate, immediate post-indexed, unprivileged, immediate pre-indexed):
 * size 111 0 00 opc 0 imm9 mode Rn Rt
 */
static bool decode_imm9(uint32_t insn, struct a64_access *out)
{
	set_address(out, BITS(insn, 11, 10), sign_extend32(BITS(insn, 20, 12), 9));
	return decode_single_form(insn, out);
}

/* Load/store register (register offset): size 111 0 00 opc 1 Rm option S 10 Rn Rt */
static bool decode_register_offset(uint32_t insn, struct a64_access *out)
{
	out->has_index = true;
	out->rm = (uint8_t)BITS(insn, 20, 16);
	out->index_is_32bit = !BIT(insn, 13);
	out->index_is_signed = BIT(insn, 15);
	out->index_shift = BIT(insn, 12) ? (uint8_t)BITS(insn, 31, 30) : 0;
	/* bit 1 of option clear would be an 8 or 16-bit extend: unallocated */
	return BIT(insn, 14) && decode_single_form(insn, out);
}

/*
 * Load/store pair (no-allocate, post-indexed, offset, pre-indexed): opc 101 0 0 mode L imm7 Rt2 Rn Rt. opc is 32 bits, 32 bits
 * signed to 64, 64 bits.
 */
static bool decode_pair(uint32_t insn, struct a64_access *out)
{
	const uint32_t opc = BITS(insn, 31, 30), mode = BITS(insn, 24, 23);

	out->is_write = !BIT(insn, 22);
	out->is_pair = true;
	out->sign_extend = opc == 1;
	out->width = opc ? 64 : 32;
	out->size = opc == 2 ? 8 : 4;
	out->rt2 = (uint8_t)BITS(insn, 14, 10);
	set_address(out, mode, sign_extend32(BITS(insn, 21, 15), 7) * out->size);
	/* there is LDPSW, but no LDNPSW, and the store is STGP */
	return opc < 3 && !(out->sign_extend && (out->is_write || mode == 0));
}

/*
 * Load/store ordered (LDAR, STLR, LDLAR, STLLR): size 001000 1 L 0 11111 o0 11111 Rn Rt, where the fields of
 * ones are "should be one"
 */
static bool decode_ordered(uint32_t insn, struct a64_access *out)
{
	out->is_write = !BIT(insn, 22);
	out->size = (uint8_t)(1u << BITS(insn, 31, 30));
	out->width = out->size == 8 ? 64 : 32;
	return true;
}

/* V (bit 26) is in every mask: SIMD and floating point are not emulated. */
static bool decode_class(uint32_t insn, struct a64_access *out)
{
	if ((insn & 0x3f000000) == 0x39000000)
		return decode_unsigned_offset(insn, out);
	if ((insn & 0x3f200000) == 0x38000000)
		return decode_imm9(insn, out);
	if ((insn & 0x3f200c00) == 0x38200800)
		return decode_register_offset(insn, out);
	if ((insn & 0x3e000000) == 0x28000000)
		return decode_pair(insn, out);
	return (insn & 0x3fbf7c00) == 0x089f7c00 && decode_ordered(insn, out);
}

/*
 * CONSTRAINED UNPREDICTABLE forms (DDI 0487, K1.1): write-back to a register that is transferred as well, and
 * a pair load into one register twice. No compiler makes them; they are not emulated.
 */
static bool is_unpredictable(const struct a64_access *access)
{
	if (access->is_pair && !access->is_write && access->rt == access->rt2)
		return true;
	if (!access->writeback || access->rn == REG_SP_OR_ZERO)
		return false;
	return access->rn == access->rt || (access->is_pair && access->rn == access->rt2);
}

bool a64_decode_access(uint32_t insn, struct a64_access *out)
{
	*out = (struct a64_access){ .rt = (uint8_t)BITS(insn, 4, 0), .rn = (uint8_t)BITS(insn, 9, 5) };
	return decode_class(insn, out) && !is_unpredictable(out);
}

uint64_t a64_access_address(const struct a64_access *access, uint64_t base, uint64_t index)
{
	uint64_t address = base + (uint64_t)(int64_t)access->offset;

	if (!access->has_index)
		return address;
	if (access->index_is_32bit)
		index = access->index_is_signed ? (uint64_t)(int64_t)(int32_t)(uint32_t)index
						: (uint32_t)index;
	return address + (index << access->index_shift);
}

uint64_t a64_load_result(uint64_t value, uint32_t size, bool sign_extend, bool to_64)
{
	const uint32_t unused = 64 - 8 * size;

	value <<= unused;
	value = sign_extend ? (uint64_t)((int64_t)value >> unused) : value >> unused;
	return to_64 ? value : (uint32_t)value;
}
