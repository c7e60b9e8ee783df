/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an A64 load or store does, from its instruction word: for data aborts whose syndrome says nothing
 * (ESR_EL2.ISV = 0), as with pairs and write-back. Pure functions on values, callable anywhere.
 *
 * How a trap handler uses it: fetch the word at the guest's PC; decode; compute the address of the first
 * element with a64_access_address() from the base register (rn 31 is the stack pointer of the guest's
 * exception level) and the index register (rm 31 is zero). Do not take the address from FAR_EL2: the element
 * that faulted may be the second one of a pair whose first lies in another page. Element i is at address +
 * i * size. Perform all accesses, store the results of loads (rt 31 discards), and at the end, if
 * writeback is set, base + writeback_imm to rn. Nothing may be written back if an access was refused.
 *
 * The guest owns the word and may change it between trap and fetch: treat the result as a wish of the guest,
 * not as a description of what trapped.
 */
#ifndef BULKHEAD_A64_ACCESS_H
#define BULKHEAD_A64_ACCESS_H

#include "types.h"

struct a64_access {
	bool is_write;
	bool is_pair;		/* two elements: rt, then rt2 */
	bool sign_extend;	/* loads: from size to width */
	uint8_t size;		/* bytes of one element: 1, 2, 4 or 8 */
	uint8_t width;		/* of the register of a load, 32 or 64 bits; 32 clears the upper half */
	uint8_t rt, rt2;	/* 31: reads as zero, writes are discarded */
	uint8_t rn;		/* base; 31: stack pointer */

	/* address of the first element: base + offset, or base + extended and shifted index */
	int32_t offset;
	bool has_index;
	bool index_is_32bit;	/* only the low word of rm counts */
	bool index_is_signed;	/* how that word is extended */
	uint8_t index_shift;
	uint8_t rm;		/* index; 31: zero */

	bool writeback;		/* before or after the access: pre or post-indexed */
	int32_t writeback_imm;	/* to be added to rn, 0 without write-back */
};

/*
 * Known forms, general registers only: LDR, STR, LDRB, STRB, LDRH, STRH, LDRSB, LDRSH, LDRSW (unsigned,
 * unscaled, pre and post-indexed, register offset), LDTR*, STTR*, LDP, STP, LDPSW, LDNP, STNP, LDAR*, STLR*,
 * LDLAR*, STLLR*. false for everything else and for CONSTRAINED UNPREDICTABLE register combinations; then
 * *out is undefined.
 */
bool a64_decode_access(uint32_t insn, struct a64_access *out);

/* Address of the first element from the values of rn and, if has_index, rm. */
uint64_t a64_access_address(const struct a64_access *access, uint64_t base, uint64_t index);

/* What a load of size bytes puts into the 64-bit register, or into the 32-bit one, when it read value. */
uint64_t a64_load_result(uint64_t value, uint32_t size, bool sign_extend, bool to_64);

#endif
