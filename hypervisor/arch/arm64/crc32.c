/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32 instructions, where the CPU has them (DDI 0487, ID_AA64ISAR0_EL1.CRC32). */
#include "crc32.h"
#include "asm/sysreg.h"

static inline uint32_t eight_words(uint32_t crc, const uint64_t *words)
{
	__asm__(".arch_extension crc\n\tcrc32x %w0, %w0, %1\n\tcrc32x %w0, %w0, %2\n\t"
		"crc32x %w0, %w0, %3\n\tcrc32x %w0, %w0, %4\n\tcrc32x %w0, %w0, %5\n\t"
		"crc32x %w0, %w0, %6\n\tcrc32x %w0, %w0, %7\n\tcrc32x %w0, %w0, %8" : "+&r"(crc) :
		"r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]),
		"r"(words[4]), "r"(words[5]), "r"(words[6]), "r"(words[7]));
	return crc;
}

uint32_t arch_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (!id_field(id_aa64isar0_el1, 16))
		return crc32_update(crc, bytes, size);
	while (size && (uintptr_t)bytes % 8) {
		crc = crc32_update(crc, bytes++, 1);
		size--;
	}
	for (; size >= 128; size -= 128, bytes += 128)
		crc = eight_words(eight_words(crc, (const void *)bytes), (const void *)(bytes + 64));
	for (; size >= 8; size -= 8, bytes += 8)
		__asm__(".arch_extension crc\n\tcrc32x %w0, %w0, %1" : "+r"(crc) : "r"(*(const uint64_t *)(const void *)bytes));
	return crc32_update(crc, bytes, size);
}
