/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions of check_harmless_asm.S: unusual accesses, watched calls.
 */
#ifndef CHECK_ODD_ACCESS_H
#define CHECK_ODD_ACCESS_H

#include <stdint.h>

struct pair {
	uint64_t first, second;
};

struct pair load_pair_w(uintptr_t address);
struct pair load_pair_x(uintptr_t address);
struct pair load_pre_index(uintptr_t address);		/* value at + 4, new address */
struct pair load_post_index(uintptr_t address);		/* value, new address */
struct pair load_pair_pre_index(uintptr_t address);	/* first word at + 8, new address */
uint64_t load_byte(uintptr_t address);
uint64_t load_half(uintptr_t address);
uint64_t load_byte_signed_x(uintptr_t address);
uint64_t load_byte_signed_w(uintptr_t address);
uint64_t load_half_signed_x(uintptr_t address);
uint64_t load_word_signed_x(uintptr_t address);
uint64_t load_acquire(uintptr_t address);
void load_to_zero_register(uintptr_t address);

void store_pair_w(uintptr_t address, uint32_t first, uint32_t second);
void store_pair_x(uintptr_t address, uint64_t first, uint64_t second);
uintptr_t store_pre_index(uintptr_t address, uint32_t value);
uintptr_t store_post_index(uintptr_t address, uint32_t value);
void store_release(uintptr_t address, uint32_t value);
void store_zero_register(uintptr_t address);

uint64_t watched_hypercall(uint64_t code, uint64_t a1, uint64_t a2);
uint64_t watched_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t fp_survives_hypercall(uint64_t code, uint64_t a1, uint64_t a2);

uint64_t stray_hvc_0(uint64_t function);
uint64_t stray_hvc_1(uint64_t function);
uint64_t stray_hvc_ffff(uint64_t function);
uint64_t smc_with_immediate(uint64_t function);

#endif
