/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of bits in arrays of words. What protects the array is its owner's. */
#ifndef BULKHEAD_BITMAP_H
#define BULKHEAD_BITMAP_H

#include "types.h"

/* The first bit from `from` on that is set, or clear; limit, if there is none before it. */
uint32_t bitmap_find(const uint64_t *bitmap, uint32_t from, uint32_t limit, bool set);

void bitmap_set_range(uint64_t *bitmap, uint32_t first, uint32_t count, bool set);

#endif
