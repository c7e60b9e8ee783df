/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device accesses: one plain load or store each, whose syndrome tells a hypervisor everything (no pairs, no
 * write-back addressing, never merged or torn by the compiler).
 */
#ifndef INMATE_IO_H
#define INMATE_IO_H

#include <stdint.h>

#define IO_READ(bits, mnemonic, reg)						\
	static inline uint##bits##_t io_read##bits(uintptr_t address)		\
	{									\
		uint##bits##_t value;						\
		__asm__ volatile(mnemonic " %" reg "0, [%1]"			\
				 : "=r" (value) : "r" (address) : "memory");	\
		return value;							\
	}

#define IO_WRITE(bits, mnemonic, reg)						\
	static inline void io_write##bits(uintptr_t address, uint##bits##_t value) \
	{									\
		__asm__ volatile(mnemonic " %" reg "0, [%1]"			\
				 : : "r" (value), "r" (address) : "memory");	\
	}

IO_READ(8, "ldrb", "w")
IO_READ(16, "ldrh", "w")
IO_READ(32, "ldr", "w")
IO_READ(64, "ldr", "x")
IO_WRITE(8, "strb", "w")
IO_WRITE(16, "strh", "w")
IO_WRITE(32, "str", "w")
IO_WRITE(64, "str", "x")

#undef IO_READ
#undef IO_WRITE

#endif
