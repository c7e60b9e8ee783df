/* SPDX-License-Identifier: BSD-2-Clause */
#include "crc32.h"

uint32_t arch_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	return crc32_update(crc, bytes, size);
}
