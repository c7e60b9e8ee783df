/* SPDX-License-Identifier: BSD-2-Clause */
/* What HC_CPU_INFO and HC_CPU_EXITS tell about CPUs: state, and why they came into the hypervisor. */
#include "bulkhead/hypercall_codes.h"
#include "cell.h"
#include "errors.h"
#include "percpu.h"
#include "arch/cpu.h"

/* The CPU that the caller may ask about, or a negative errno */
static int64_t visible_cpu(uint64_t cpu_id, const struct percpu **cpu)
{
	*cpu = cpu_id < num_cpu_slots ? percpu_of((uint32_t)cpu_id) : NULL;
	if (!*cpu)
		return -EINVAL;
	return this_cpu()->cell->is_root || (*cpu)->cell == this_cpu()->cell ? 0 : -EPERM;
}

static uint64_t exits(const struct percpu *cpu, uint32_t cause)
{
	return CONFIG_FAST_PATH ? arch_exits(cpu, cause) : cpu->exits[cause];
}

/* Statistics of Jailhouse are sums over causes; those of interrupts count each of them, not the exits. */
static int64_t statistic(const struct percpu *cpu, uint64_t number)
{
	static const struct {
		uint8_t first, last;
	} causes[CPU_STAT_COUNT_ARM64] = {
		[CPU_STAT_TOTAL] = { .first = 0, .last = CPU_EXIT_COUNT - 1 },
		[CPU_STAT_MMIO] = { .first = CPU_EXIT_IVSHMEM, .last = CPU_EXIT_STRAY_FAILED },
		[CPU_STAT_MANAGEMENT] = { .first = CPU_EXIT_KICK_SGI, .last = CPU_EXIT_KICK_LATE },
		[CPU_STAT_HYPERCALL] = { .first = CPU_EXIT_HYPERCALL, .last = CPU_EXIT_HYPERCALL },
		[CPU_STAT_MAINTENANCE] = { .first = CPU_EXIT_MAINTENANCE, .last = CPU_EXIT_MAINTENANCE },
		[CPU_STAT_VIRT_IRQ] = { .first = CPU_EXIT_IRQ, .last = CPU_EXIT_LINK_IRQ },
		[CPU_STAT_VIRT_SGI] = { .first = CPU_EXIT_SGI, .last = CPU_EXIT_SGI },
		[CPU_STAT_PSCI] = { .first = CPU_EXIT_PSCI, .last = CPU_EXIT_PSCI },
		[CPU_STAT_SMCCC] = { .first = CPU_EXIT_SMCCC, .last = CPU_EXIT_SMCCC },
	};
	uint64_t sum = 0;

	if (number >= ARRAY_SIZE(causes))
		return -EINVAL;
	for (uint32_t cause = causes[number].first; cause <= causes[number].last; cause++)
		sum += exits(cpu, cause) + (number == CPU_STAT_TOTAL || cause < CPU_EXIT_IRQ ? 0 : cpu->joined[cause - CPU_EXIT_IRQ]);
	return sum & 0x7fffffff;
}

int64_t cpu_info(uint64_t cpu_id, uint64_t type)
{
	const struct percpu *cpu;
	int64_t error = visible_cpu(cpu_id, &cpu);

	if (error)
		return error;
	if (type == CPU_INFO_STATE)
		return cpu->failed ? CPU_STATE_FAILED : CPU_STATE_RUNNING;
	return statistic(cpu, type - CPU_INFO_STAT_BASE);
}

int64_t cpu_exits(uint64_t cpu_id, uint64_t cause)
{
	const struct percpu *cpu;
	int64_t error = visible_cpu(cpu_id, &cpu);

	if (error)
		return error;
	return cause < CPU_EXIT_COUNT ? (int64_t)(exits(cpu, (uint32_t)cause) & INT64_MAX) : -EINVAL;
}
