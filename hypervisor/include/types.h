/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Basic types. Addresses of different spaces are different types, so that mixing them does not compile:
 * host_addr_t is physical, guest_addr_t is guest-physical (IPA) of one cell. Hypervisor virtual
 * addresses are C pointers.
 */
#ifndef BULKHEAD_TYPES_H
#define BULKHEAD_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t value; } host_addr_t;
typedef struct { uint64_t value; } guest_addr_t;

#define HOST_ADDR(v)	((host_addr_t){ .value = (v) })
#define GUEST_ADDR(v)	((guest_addr_t){ .value = (v) })

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(v)	(((v) + PAGE_SIZE - 1) & PAGE_MASK)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
/* In a file that is made fast: nothing that a guest waits for on its way, so it is made small */
#define COLD __attribute__((cold))

/* Not inlined: it takes no instruction from what is on the way beside it. */
#define APART __attribute__((noinline))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Ranges are half-open [start, start + size); neither end may wrap, see range_valid(). */
static inline bool range_valid(uint64_t start, uint64_t size)
{
	return start + size >= start;
}

/* Both ranges valid. Empty ranges overlap nothing. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size && b_size && a < b + b_size && b < a + a_size;
}

/* Is [b, b + b_size) inside [a, a + a_size)? */
static inline bool range_contains(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return b >= a && b_size <= a_size && b - a <= a_size - b_size;
}

static inline bool same_bytes(const void *a, const void *b, size_t size)
{
	const uint8_t *left = a, *right = b;
	size_t same = 0;

	while (same < size && left[same] == right[same])
		same++;
	return same == size;
}

#endif
