/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every public header needs: fixed-width types and a compile-time check that works in C99, C11
 * and C++ alike. All structures of these headers are little-endian memory images.
 */
#ifndef BULKHEAD_ABI_H
#define BULKHEAD_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#if defined(__cplusplus)
#define BH_ABI_ASSERT(cond, tag) static_assert(cond, #tag)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define BH_ABI_ASSERT(cond, tag) _Static_assert(cond, #tag)
#else
#define BH_ABI_ASSERT(cond, tag) typedef char bh_assert_##tag[(cond) ? 1 : -1] __attribute__((unused))
#endif

#define BH_PACKED __attribute__((packed))

#endif
