/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32 instructions, where the CPU has them (DDI 0487, ID_AA64ISAR0_EL1.CRC32). */
#include "crc32.h"
#include "asm/sysreg.h"

uint32_t arch_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	if (!(read_sysreg(id_aa64isar0_el1) >> 16 & 0xf))
		return crc32_update(crc, bytes, size);
	while (size && (uintptr_t)bytes % 8) {
		crc = crc32_update(crc, bytes++, 1);
		size--;
	}
	for (; size >= 32; size -= 32, bytes += 32) {
		const uint64_t *words = (const void *)bytes;

		__asm__(".arch_extension crc\n\tcrc32x %w0, %w0, %1\n\tcrc32x %w0, %w0, %2\n\t"
			"crc32x %w0, %w0, %3\n\tcrc32x %w0, %w0, %4" : "+&r"(crc) :
			"r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]));
	}
	return crc32_update(crc, bytes, size);
}
