// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU numbers. After a late launch the hypervisor has Linux's. If firmware started both, a CPU's node in the device tree
 * says which one it is for the hypervisor, and there are CPUs that Linux does not know.
 */
#include <linux/cpumask.h>
#include <linux/of.h>
#include <linux/slab.h>

#include "driver.h"

static s16 *linux_cpus;		/* by the hypervisor's number; NULL: the same */

void bh_cpus_init(void)
{
	bh.num_cpus = min_t(unsigned int, nr_cpu_ids, BH_MAX_CPUS);
}

int bh_cpus_from_tree(unsigned int num_cpus)
{
	unsigned int cpu;

	linux_cpus = kmalloc_array(num_cpus, sizeof(*linux_cpus), GFP_KERNEL);
	if (!linux_cpus)
		return -ENOMEM;
	bh.num_cpus = num_cpus;
	memset(linux_cpus, 0xff, num_cpus * sizeof(*linux_cpus));
	for_each_possible_cpu(cpu) {
		struct device_node *node = of_get_cpu_node(cpu, NULL);
		u32 number;
		int err = of_property_read_u32(node, "bulkhead,cpu", &number);

		of_node_put(node);
		if (err || number >= num_cpus || linux_cpus[number] >= 0) {
			pr_err("CPU %u has no \"bulkhead,cpu\" of its own below %u in the device tree: make the tree again\n",
			       cpu, num_cpus);
			return -EINVAL;
		}
		linux_cpus[number] = cpu;
	}
	return 0;
}

void bh_cpus_exit(void)
{
	kfree(linux_cpus);
}

int bh_linux_cpu(unsigned int cpu)
{
	if (cpu >= bh.num_cpus)
		return -1;
	return linux_cpus ? linux_cpus[cpu] : cpu;
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
