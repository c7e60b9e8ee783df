/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of CPUs, by their numbers. */
#ifndef BULKHEAD_CPU_SET_H
#define BULKHEAD_CPU_SET_H

#include "generated/config.h"
#include "types.h"

#define CPU_SET_WORDS	((CONFIG_MAX_CPUS + 63) / 64)

struct cpu_set {
	uint64_t bits[CPU_SET_WORDS];
};

static inline bool cpu_set_test(const struct cpu_set *set, uint32_t cpu)
{
	return cpu < CONFIG_MAX_CPUS && ((set->bits[cpu / 64] >> (cpu % 64)) & 1);
}

/* The first one from that CPU on; CONFIG_MAX_CPUS if there is none */
static inline uint32_t cpu_set_next(const struct cpu_set *set, uint32_t cpu)
{
	for (; cpu < CONFIG_MAX_CPUS; cpu = (cpu / 64 + 1) * 64) {
		uint64_t bits = set->bits[cpu / 64] >> (cpu % 64);

		if (bits)
			return cpu + (uint32_t)__builtin_ctzll(bits);
	}
	return CONFIG_MAX_CPUS;
}

static inline void cpu_set_assign(struct cpu_set *set, uint32_t cpu, bool member)
{
	if (member)
		set->bits[cpu / 64] |= 1UL << (cpu % 64);
	else
		set->bits[cpu / 64] &= ~(1UL << (cpu % 64));
}

/* Several CPUs may add to a set at once. Who adds has a barrier behind it. */
static inline void cpu_set_join(struct cpu_set *set, uint32_t cpu)
{
	__atomic_fetch_or(&set->bits[cpu / 64], 1UL << (cpu % 64), __ATOMIC_RELAXED);
}

#endif
