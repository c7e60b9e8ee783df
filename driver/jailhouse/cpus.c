// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU numbers. After a late launch the hypervisor has Linux's. If firmware started both, a CPU's node in the device tree
 * says which one it is for the hypervisor, and there are CPUs that Linux does not know.
 *
 * And CPUs that Linux may not bring online, because cells have them.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/of.h>
#include <linux/slab.h>

#include "driver.h"

static s16 *linux_cpus;		/* by the hypervisor's number; NULL: the same */
static struct cpumask withheld;	/* Linux's numbers; atomic bits, written under bh.lock */
static enum cpuhp_state owner_state;
static bool hypervisor_below, modes_differ;

/* CPU hotplug locked. The hypervisor would refuse it, too, but cannot say why. */
static int before_online(unsigned int linux_cpu)
{
	if (!cpumask_test_cpu(linux_cpu, &withheld)) {
		if (READ_ONCE(hypervisor_below))
			WRITE_ONCE(modes_differ, true);
		return 0;
	}
	pr_err("CPU %u cannot come online, a cell has it (jailhouse cell list): destroy that cell first\n", linux_cpu);
	return -EBUSY;
}

int bh_cpus_init(void)
{
	int state;

	bh.num_cpus = min_t(unsigned int, nr_cpu_ids, BH_MAX_CPUS);
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "jailhouse:owner", before_online, NULL);
	if (state < 0)
		return state;
	owner_state = state;
	return 0;
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

void bh_cpus_drop_tree(void)
{
	kfree(linux_cpus);
	linux_cpus = NULL;
}

void bh_cpus_exit(void)
{
	cpuhp_remove_state_nocalls(owner_state);
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

/* From now on these CPUs stay offline once they are; who is half-way online has arrived when this returns. */
void bh_cpus_withhold(const struct bh_cpus *cpus)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, cpus)
		if (bh_linux_cpu(cpu) >= 0)
			cpumask_set_cpu(bh_linux_cpu(cpu), &withheld);
	cpus_read_lock();
	cpus_read_unlock();
}

void bh_cpus_allow(const struct bh_cpus *cpus)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, cpus)
		if (bh_linux_cpu(cpu) >= 0)
			cpumask_clear_cpu(bh_linux_cpu(cpu), &withheld);
}

/* All of them that are offline; failures are for the caller to find. */
void bh_cpus_bring_online(const struct bh_cpus *cpus)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, cpus)
		if (bh_linux_cpu(cpu) >= 0 && !cpu_online(bh_linux_cpu(cpu)))
			add_cpu(bh_linux_cpu(cpu));
}

/* bh.lock held: before the CPUs enter, and when they have left or not entered. */
void bh_cpus_below(bool hypervisor)
{
	WRITE_ONCE(hypervisor_below, hypervisor);
}

/*
 * A CPU that comes online below the hypervisor starts at EL1. Linux remembers for good that its CPUs did not all start
 * at EL2, and then neither gives EL2 to a next kernel nor moves EL2's vectors away from where that is copied to.
 */
bool bh_cpus_differ_in_mode(void)
{
	return READ_ONCE(modes_differ);
}
