/* SPDX-License-Identifier: BSD-2-Clause */
/* What cells may ask: hypervisor and CPU information; codes that do not exist. */
#include "core_fixture.h"
#include "paging.h"

static struct test_config alpha;

static void start_with_alpha(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
}

static void cpu_information(void)
{
	start_with_alpha();
	core_started(1);
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		core_cpu(1)->stats[n] = 0x80000000u + n;
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++) {
		uint64_t expected = n + (n == CPU_STAT_HYPERCALL ? 1 : 0);

		assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + n), n);
		if (n == CPU_STAT_HYPERCALL)
			assert_int_equal(host_hypercall(1, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + n), expected);
	}
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + CPU_STAT_COUNT_ARM64), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE - 1), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, 1), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, UINT64_MAX), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, HOST_NUM_CPUS, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 0x100000001, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, UINT64_MAX, 0), -EINVAL);
	/* others see their own CPUs only; existence comes first, then the right, then the type */
	assert_int_equal(host_hypercall(1, HC_CPU_INFO, 1, CPU_INFO_STATE), CPU_STATE_RUNNING);
	assert_int_equal(host_hypercall(1, HC_CPU_INFO, 0, CPU_INFO_STATE), -EPERM);
	assert_int_equal(host_hypercall(1, HC_CPU_INFO, 0, 1), -EPERM);
	assert_int_equal(host_hypercall(1, HC_CPU_INFO, 4, CPU_INFO_STATE), -EINVAL);
	host_stop();
}

static void statistics_belong_to_cell_and_cpu(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_cpu(1)->stats[CPU_STAT_MMIO] = 5;
	core_created(&alpha);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + CPU_STAT_MMIO), 0);
	core_cpu(1)->stats[CPU_STAT_MMIO] = 6;
	core_started(1);
	assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + CPU_STAT_MMIO), 6);
	host_stop();
}

static void hypervisor_information(void)
{
	start_with_alpha();
	core_started(1);
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_SIZE, 0),
				 host_boot.pool_pages);
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_USED, 0), pages_used());
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, HV_INFO_REMAP_POOL_SIZE, 0),
				 remap_pages_total());
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, HV_INFO_REMAP_POOL_USED, 0),
				 remap_pages_used());
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0), 2);
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, 5, 0), -EINVAL);
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, UINT64_MAX, 0), -EINVAL);
		assert_int_equal(host_hypercall(cpu, HC_HYPERVISOR_INFO, 1ull << 32, 0), -EINVAL);
		assert_int_equal(host_hypercall(cpu, 9, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, UINT64_MAX, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, 1ull << 32 | HC_DEBUG_PUTC, 0, 0), -ENOSYS);
	}
	assert_true(pages_used() > 1 && pages_used() < pages_total());
	assert_int_equal(remap_pages_used(), 2);	/* UART, state table */
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_info[] = {
		CORE_TEST(cpu_information),
		CORE_TEST(statistics_belong_to_cell_and_cpu),
		CORE_TEST(hypervisor_information),
	};

	return cmocka_run_group_tests(core_info, NULL, NULL);
}
