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

/* What size and opc say in the single-register classes. */
struct single_form {
	bool valid;
	bool is_write;
	bool sign_extend;
	uint8_t width;
};

/* Indexed by size:opc; general registers (V = 0). The rest is unallocated or a prefetch. */
static const struct single_form single_forms[16] = {
	[0x0] = { .valid = true, .width = 32, .is_write = true },	/* STRB */
	[0x1] = { .valid = true, .width = 32 },				/* LDRB */
	[0x2] = { .valid = true, .width = 64, .sign_extend = true },	/* LDRSB X */
	[0x3] = { .valid = true, .width = 32, .sign_extend = true },	/* LDRSB W */
	[0x4] = { .valid = true, .width = 32, .is_write = true },	/* STRH */
	[0x5] = { .valid = true, .width = 32 },				/* LDRH */
	[0x6] = { .valid = true, .width = 64, .sign_extend = true },	/* LDRSH X */
	[0x7] = { .valid = true, .width = 32, .sign_extend = true },	/* LDRSH W */
	[0x8] = { .valid = true, .width = 32, .is_write = true },	/* STR W */
	[0x9] = { .valid = true, .width = 32 },				/* LDR W */
	[0xa] = { .valid = true, .width = 64, .sign_extend = true },	/* LDRSW */
	[0xc] = { .valid = true, .width = 64, .is_write = true },	/* STR X */
	[0xd] = { .valid = true, .width = 64 },				/* LDR X */
};

/* What opc says in the pair classes: 01 exists as a load only (LDPSW; the store is STGP), 11 not at all. */
struct pair_form {
	bool load, store;
	bool sign_extend;
	uint8_t size;
	uint8_t width;
};

static const struct pair_form pair_forms[4] = {
	[0] = { .load = true, .store = true, .size = 4, .width = 32 },
	[1] = { .load = true, .sign_extend = true, .size = 4, .width = 64 },
	[2] = { .load = true, .store = true, .size = 8, .width = 64 },
};

static int32_t sign_extend32(uint32_t value, uint32_t bits)
{
	const uint32_t sign = 1u << (bits - 1);

	return (int32_t)((value ^ sign) - sign);
}

static void set_address(struct a64_access *out, enum a64_writeback writeback, int32_t imm)
{
	out->writeback = writeback;
	out->writeback_imm = writeback == A64_WRITEBACK_NONE ? 0 : imm;
	out->offset = writeback == A64_WRITEBACK_POST ? 0 : imm;
}

static bool decode_single_form(uint32_t insn, struct a64_access *out)
{
	const struct single_form *form = &single_forms[BITS(insn, 31, 30) << 2 | BITS(insn, 23, 22)];

	out->is_write = form->is_write;
	out->sign_extend = form->sign_extend;
	out->width = form->width;
	out->size = (uint8_t)(1u << BITS(insn, 31, 30));
	out->rt = (uint8_t)BITS(insn, 4, 0);
	out->rn = (uint8_t)BITS(insn, 9, 5);
	return form->valid;
}

/* Load/store register (unsigned immediate): size 111 0 01 opc imm12 Rn Rt */
static bool decode_unsigned_offset(uint32_t insn, struct a64_access *out)
{
	set_address(out, A64_WRITEBACK_NONE, (int32_t)(BITS(insn, 21, 10) << BITS(insn, 31, 30)));
	return decode_single_form(insn, out);
}

/*
 * Load/store register (unscaled immediate, immediate post-indexed, unprivileged, immediate pre-indexed):
 * size 111 0 00 opc 0 imm9 mode Rn Rt
 */
static bool decode_imm9(uint32_t insn, struct a64_access *out)
{
	static const enum a64_writeback modes[4] = {
		[0] = A64_WRITEBACK_NONE,	/* unscaled */
		[1] = A64_WRITEBACK_POST,
		[2] = A64_WRITEBACK_NONE,	/* unprivileged */
		[3] = A64_WRITEBACK_PRE,
	};

	set_address(out, modes[BITS(insn, 11, 10)], sign_extend32(BITS(insn, 20, 12), 9));
	return decode_single_form(insn, out);
}

/* Load/store register (register offset): size 111 0 00 opc 1 Rm option S 10 Rn Rt */
static bool decode_register_offset(uint32_t insn, struct a64_access *out)
{
	/* bit 1 of option clear would be an 8 or 16-bit extend: unallocated */
	if (!BIT(insn, 14))
		return false;

	out->has_index = true;
	out->rm = (uint8_t)BITS(insn, 20, 16);
	out->index_is_32bit = !BIT(insn, 13);
	out->index_is_signed = BIT(insn, 15);
	out->index_shift = BIT(insn, 12) ? (uint8_t)BITS(insn, 31, 30) : 0;
	return decode_single_form(insn, out);
}

/*
 * Load/store pair (post-indexed, offset, pre-indexed) and no-allocate pair:
 * opc 101 0 0 mode L imm7 Rt2 Rn Rt
 */
static bool decode_pair(uint32_t insn, struct a64_access *out)
{
	static const enum a64_writeback modes[4] = {
		[0] = A64_WRITEBACK_NONE,	/* no-allocate */
		[1] = A64_WRITEBACK_POST,
		[2] = A64_WRITEBACK_NONE,
		[3] = A64_WRITEBACK_PRE,
	};
	const struct pair_form *form = &pair_forms[BITS(insn, 31, 30)];
	const uint32_t mode = BITS(insn, 24, 23);
	const bool is_load = BIT(insn, 22);

	out->is_write = !is_load;
	out->is_pair = true;
	out->sign_extend = form->sign_extend;
	out->width = form->width;
	out->size = form->size;
	out->rt = (uint8_t)BITS(insn, 4, 0);
	out->rt2 = (uint8_t)BITS(insn, 14, 10);
	out->rn = (uint8_t)BITS(insn, 9, 5);
	set_address(out, modes[mode], sign_extend32(BITS(insn, 21, 15), 7) * form->size);

	/* there is no LDNPSW */
	if (mode == 0 && form->sign_extend)
		return false;
	return is_load ? form->load : form->store;
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
	out->rt = (uint8_t)BITS(insn, 4, 0);
	out->rn = (uint8_t)BITS(insn, 9, 5);
	set_address(out, A64_WRITEBACK_NONE, 0);
	return true;
}

struct a64_class {
	uint32_t mask;
	uint32_t value;
	bool (*decode)(uint32_t insn, struct a64_access *out);
};

/* V (bit 26) is in every mask: SIMD and floating point are not emulated. */
static const struct a64_class classes[] = {
	{ .mask = 0x3f000000, .value = 0x39000000, .decode = decode_unsigned_offset },
	{ .mask = 0x3f200000, .value = 0x38000000, .decode = decode_imm9 },
	{ .mask = 0x3f200c00, .value = 0x38200800, .decode = decode_register_offset },
	{ .mask = 0x3e000000, .value = 0x28000000, .decode = decode_pair },
	{ .mask = 0x3fbf7c00, .value = 0x089f7c00, .decode = decode_ordered },
};

/*
 * CONSTRAINED UNPREDICTABLE forms (DDI 0487, K1.1): write-back to a register that is transferred as well, and
 * a pair load into one register twice. No compiler makes them; they are not emulated.
 */
static bool is_unpredictable(const struct a64_access *access)
{
	if (access->is_pair && !access->is_write && access->rt == access->rt2)
		return true;
	if (access->writeback == A64_WRITEBACK_NONE || access->rn == REG_SP_OR_ZERO)
		return false;
	return access->rn == access->rt || (access->is_pair && access->rn == access->rt2);
}

bool a64_decode_access(uint32_t insn, struct a64_access *out)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if ((insn & classes[i].mask) != classes[i].value)
			continue;
		*out = (struct a64_access){ .is_pair = false };
		return classes[i].decode(insn, out) && !is_unpredictable(out);
	}
	return false;
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

uint64_t a64_load_result(const struct a64_access *access, uint64_t value)
{
	const uint32_t bits = 8u * access->size;
	const uint64_t value_mask = bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1;
	const uint64_t sign = 1ULL << ((bits - 1) % 64);

	value &= value_mask;
	if (access->sign_extend)
		value = (value ^ sign) - sign;
	return access->width == 64 ? value : (uint32_t)value;
}
