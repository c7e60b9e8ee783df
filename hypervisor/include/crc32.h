/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32 as zlib computes it. Running value: starts as CRC32_START, is inverted at the end. The architecture may have
 * instructions for it (arch_crc32_update()); crc32_update() is what they are compared with.
 */
#ifndef BULKHEAD_CRC32_H
#define BULKHEAD_CRC32_H

#include "types.h"

#define CRC32_START	0xffffffffu

uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size);
uint32_t arch_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size);

#endif
