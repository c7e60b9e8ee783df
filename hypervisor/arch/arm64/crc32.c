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
	for (; size >= 8; size -= 8, bytes += 8)
		__asm__(".arch_extension crc\n\tcrc32x %w0, %w0, %1" :
			"+r"(crc) : "r"(*(const uint64_t *)(const void *)bytes));
	return crc32_update(crc, bytes, size);
}
