// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU numbers. After a late launch the hypervisor has Linux's.
 */
#include <linux/cpumask.h>

#include "driver.h"

void bh_cpus_init(void)
{
	bh.num_cpus = min_t(unsigned int, nr_cpu_ids, BH_MAX_CPUS);
}

int bh_linux_cpu(unsigned int cpu)
{
	return cpu < bh.num_cpus ? cpu : -1;
}

/* CPU hotplug locked, or the answer is only a hint */
bool bh_any_online(const struct bh_cpus *cpus)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, cpus)
		if (bh_linux_cpu(cpu) >= 0 && cpu_online(bh_linux_cpu(cpu)))
			return true;
	return false;
}

void bh_online_cpus(struct bh_cpus *cpus)
{
	unsigned int cpu;

	bitmap_zero(cpus->bits, BH_MAX_CPUS);
	for (cpu = 0; cpu < bh.num_cpus; cpu++)
		if (bh_linux_cpu(cpu) >= 0 && cpu_online(bh_linux_cpu(cpu)))
			__set_bit(cpu, cpus->bits);
}
