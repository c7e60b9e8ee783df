/* SPDX-License-Identifier: BSD-2-Clause */
/* What cells may ask: hypervisor, CPU and link information; codes that do not exist. */
#include "core_fixture.h"
#include "paging.h"

static struct test_config alpha;

static void start_with_alpha(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
}

/* Values that differ, also in the bits that do not fit into what Jailhouse has */
static void count_differently(uint32_t cpu)
{
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++) {
		core_cpu(cpu)->exits[n] = 0x7fffffff00000000ull + (0x1234567ull << n % 8) + n;
		if (n >= CPU_EXIT_IRQ)
			core_cpu(cpu)->joined[n - CPU_EXIT_IRQ] = n == CPU_EXIT_FOREIGN_IRQ ? 0 : 0x10000ull + n * n;
	}
}

/* What the ABI says of each: exits, but for interrupts, of which each is counted */
static const uint64_t *statistics_of(uint32_t cpu)
{
	static uint64_t expected[CPU_STAT_COUNT_ARM64];
	const volatile uint64_t *exits = core_cpu(cpu)->exits, *joined = core_cpu(cpu)->joined;	/* from CPU_EXIT_IRQ on */

	memset(expected, 0, sizeof(expected));
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++)
		expected[CPU_STAT_TOTAL] += exits[n];
	expected[CPU_STAT_MMIO] = exits[CPU_EXIT_IVSHMEM] + exits[CPU_EXIT_MSIX] + exits[CPU_EXIT_PCI_CONFIG] +
		exits[CPU_EXIT_GICD] + exits[CPU_EXIT_GICR] + exits[CPU_EXIT_SUBPAGE] + exits[CPU_EXIT_STRAY_IGNORED] +
		exits[CPU_EXIT_STRAY_ABORTED] + exits[CPU_EXIT_STRAY_FAILED];
	for (uint32_t n = CPU_EXIT_KICK_SGI; n <= CPU_EXIT_KICK_LATE; n++)
		expected[CPU_STAT_MANAGEMENT] += exits[n] + joined[n - CPU_EXIT_IRQ];
	expected[CPU_STAT_HYPERCALL] = exits[CPU_EXIT_HYPERCALL];
	expected[CPU_STAT_MAINTENANCE] = exits[CPU_EXIT_MAINTENANCE] + joined[CPU_EXIT_MAINTENANCE - CPU_EXIT_IRQ];
	expected[CPU_STAT_VIRT_IRQ] = exits[CPU_EXIT_IRQ] + joined[0] + exits[CPU_EXIT_LINK_IRQ] +
		joined[CPU_EXIT_LINK_IRQ - CPU_EXIT_IRQ];
	expected[CPU_STAT_VIRT_SGI] = exits[CPU_EXIT_SGI];
	expected[CPU_STAT_PSCI] = exits[CPU_EXIT_PSCI];
	expected[CPU_STAT_SMCCC] = exits[CPU_EXIT_SMCCC];
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		expected[n] &= 0x7fffffff;
	return expected;
}

static void assert_statistics(uint32_t asker, uint32_t cpu)
{
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		assert_int_equal(host_hypercall(asker, HC_CPU_INFO, cpu, CPU_INFO_STAT_BASE + n), statistics_of(cpu)[n]);
}

static void exits_by_cause(void)
{
	start_with_alpha();
	core_started(1);
	count_differently(1);
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++)
		assert_true(host_hypercall(0, HC_CPU_EXITS, 1, n) == (int64_t)core_cpu(1)->exits[n]);
	assert_true(host_hypercall(1, HC_CPU_EXITS, 1, CPU_EXIT_IRQ) == (int64_t)core_cpu(1)->exits[CPU_EXIT_IRQ]);
	/* never an errno, whatever is counted */
	core_cpu(1)->exits[CPU_EXIT_IRQ] = UINT64_MAX;
	assert_true(host_hypercall(0, HC_CPU_EXITS, 1, CPU_EXIT_IRQ) == INT64_MAX);
	/* itself */
	core_cpu(1)->exits[CPU_EXIT_HYPERCALL] = 7;
	assert_int_equal(host_hypercall(1, HC_CPU_EXITS, 1, CPU_EXIT_HYPERCALL), 8);

	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, 1, CPU_EXIT_COUNT), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, 1, 1ull << 32), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, 1, UINT64_MAX), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, HOST_NUM_CPUS, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, 0x100000001, 0), -EINVAL);
	assert_int_equal(host_hypercall(0, HC_CPU_EXITS, UINT64_MAX, 0), -EINVAL);
	/* existence comes first, then the right, then the cause */
	assert_int_equal(host_hypercall(1, HC_CPU_EXITS, 0, 0), -EPERM);
	assert_int_equal(host_hypercall(1, HC_CPU_EXITS, 0, CPU_EXIT_COUNT), -EPERM);
	assert_int_equal(host_hypercall(1, HC_CPU_EXITS, 4, 0), -EINVAL);
	assert_int_equal(host_hypercall(1, HC_CPU_EXITS, 1, CPU_EXIT_COUNT), -EINVAL);
	host_stop();
}

static void cell_counters(void)
{
	start_with_alpha();
	for (uint32_t n = 0; n < 3; n++) {
		assert_int_equal(host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_STARTS), n);
		core_started(1);
	}
	core_cell(1)->fault.count = UINT32_MAX;
	core_cell(1)->restarts = 0xfffffffe;
	assert_true(host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_FAULTS) == UINT32_MAX);
	assert_true(host_hypercall(0, HC_CELL_INFO, 1, CELL_INFO_RESTARTS) == 0xfffffffe);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 0, CELL_INFO_STARTS), 1);
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, 2, CELL_INFO_STARTS), -ENOENT);
	assert_int_equal(host_hypercall(1, HC_CELL_INFO, 1, CELL_INFO_STARTS), -EPERM);
	host_stop();
}

static void cpu_information(void)
{
	start_with_alpha();
	core_started(1);
	count_differently(1);
	assert_statistics(0, 1);
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		assert_int_not_equal(statistics_of(1)[n], 0);
	/* by itself: it counts the question, too */
	core_cpu(1)->exits[CPU_EXIT_HYPERCALL] = 7;
	assert_int_equal(host_hypercall(1, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + CPU_STAT_HYPERCALL), 8);
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
	count_differently(1);
	core_created(&alpha);
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + n), 0);
	for (uint32_t n = 0; n < CPU_EXIT_COUNT; n++)
		assert_int_equal(host_hypercall(0, HC_CPU_EXITS, 1, n), 0);
	count_differently(1);
	core_started(1);
	assert_statistics(0, 1);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	for (uint32_t n = 0; n < CPU_STAT_COUNT_ARM64; n++)
		assert_int_equal(host_hypercall(0, HC_CPU_INFO, 1, CPU_INFO_STAT_BASE + n), 0);
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
		assert_int_equal(host_hypercall(cpu, HC_LINK_INFO - 1, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, HC_TRACE + 1, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, 1ull << 32 | HC_LINK_INFO, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, UINT64_MAX, 0, 0), -ENOSYS);
		assert_int_equal(host_hypercall(cpu, 1ull << 32 | HC_DEBUG_PUTC, 0, 0), -ENOSYS);
	}
	assert_true(pages_used() > 1 && pages_used() < pages_total());
	assert_int_equal(remap_pages_used(), 2);	/* UART, state table */
	host_stop();
}

#define ROOT_END	LINK_PEER(0, 0)
#define ALPHA_END	LINK_PEER(0, 1)

static const uint64_t items[] = {
	LINK_INFO_PEERS, LINK_INFO_CELL, LINK_INFO_STATE, LINK_INFO_FLAGS, LINK_INFO_PROTOCOL, LINK_INFO_VECTORS,
	LINK_INFO_COUNTER_BASE, LINK_INFO_COUNTER_BASE + LINK_NUM_COUNTERS - 1, LINK_INFO_VECTOR_COUNTER_BASE,
	LINK_INFO_VECTOR_COUNTER_BASE + 0xf4, LINK_INFO_ROUTE_BASE,
};

static int64_t link_info(uint32_t cpu, uint64_t link_peer, uint64_t item)
{
	return host_hypercall(cpu, HC_LINK_INFO, link_peer, item);
}

/* Cell 1 on CPU 1 is peer 1 of the root cell's link, cell 2 on CPU 2 has no link. */
static void start_with_link(void)
{
	static struct test_config beta;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_add_link(&alpha);
	core_created(&alpha);
	core_started(1);
	core_make_cell(&beta, "beta", 2, 2, RAM_LOW + 0x10000);
	core_created(&beta);
	core_started(2);
}

static void root_asks_about_every_peer(void)
{
	start_with_link();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu += 3) {
		assert_int_equal(link_info(cpu, LINK_PEER(0, 0), LINK_INFO_NEXT), 0);
		assert_int_equal(link_info(cpu, LINK_PEER(1, 0), LINK_INFO_NEXT), -ENOENT);
		assert_int_equal(link_info(cpu, ROOT_END, LINK_INFO_PEERS), 2);
		assert_int_equal(link_info(cpu, ROOT_END, LINK_INFO_CELL), 0);
		assert_int_equal(link_info(cpu, ALPHA_END, LINK_INFO_CELL), 1);
		for (uint32_t n = 0; n < ARRAY_SIZE(items); n++) {
			assert_true(link_info(cpu, ROOT_END, items[n]) >= 0);
			assert_true(link_info(cpu, ALPHA_END, items[n]) >= 0);
			assert_int_equal(link_info(cpu, LINK_PEER(8, 0), items[n]), -ENOENT);
		}
	}
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(link_info(0, ALPHA_END, LINK_INFO_CELL), -ENOENT);
	assert_int_equal(link_info(0, ROOT_END, LINK_INFO_CELL), 0);
	host_stop();
}

static void others_ask_about_their_own_end(void)
{
	start_with_link();
	for (uint32_t n = 0; n < ARRAY_SIZE(items); n++) {
		assert_int_equal(link_info(1, ALPHA_END, items[n]), link_info(0, ALPHA_END, items[n]));
		/* the number of peers belongs to the link: any end of it will do */
		assert_int_equal(link_info(1, ROOT_END, items[n]), items[n] == LINK_INFO_PEERS ? 2 : -EPERM);
		assert_int_equal(link_info(1, LINK_PEER(0, 2), items[n]), items[n] == LINK_INFO_PEERS ? 2 : -EPERM);
		assert_int_equal(link_info(1, LINK_PEER(8, 1), items[n]), -EPERM);
		assert_int_equal(link_info(2, ROOT_END, items[n]), -EPERM);
		assert_int_equal(link_info(2, ALPHA_END, items[n]), -EPERM);
	}
	assert_int_equal(link_info(1, ALPHA_END, LINK_INFO_NEXT), -EPERM);
	assert_int_equal(link_info(2, 0, LINK_INFO_NEXT), -EPERM);
	host_stop();
}

static void hostile_questions_about_links(void)
{
	static const uint64_t unknown[] = {
		LINK_INFO_VECTORS + 1, LINK_INFO_COUNTER_BASE - 1, LINK_INFO_COUNTER_BASE + LINK_NUM_COUNTERS,
		UINT32_MAX, 1ull << 32 | LINK_INFO_NEXT, 1ull << 32 | LINK_INFO_CELL,
		1ull << 63 | LINK_INFO_COUNTER_BASE, UINT64_MAX, LINK_INFO_VECTOR_COUNTER_BASE + 0xff, LINK_INFO_ROUTE_BASE + 1,
		LINK_INFO_ROUTE_BASE + 16, 1ull << 32 | LINK_INFO_ROUTE_BASE,
	};
	static const uint64_t nobody[] = {
		LINK_PEER(0, 2), LINK_PEER(0, 0xffff), LINK_PEER(1, 0), LINK_PEER(0xffff, 0), LINK_PEER(0x10000, 1),
		LINK_PEER(0xffff, 0x10001), 1ull << 48, 1ull << 48 | 1, 1ull << 63 | 1, UINT64_MAX,
	};

	start_with_link();
	for (uint32_t n = 0; n < ARRAY_SIZE(unknown); n++) {
		assert_int_equal(link_info(0, ROOT_END, unknown[n]), -EINVAL);
		assert_int_equal(link_info(0, ALPHA_END, unknown[n]), -EINVAL);
		assert_int_equal(link_info(1, ALPHA_END, unknown[n]), -EINVAL);
		assert_int_equal(link_info(1, ROOT_END, unknown[n]), -EPERM);
		assert_int_equal(link_info(2, ROOT_END, unknown[n]), -EPERM);
	}
	for (uint32_t n = 0; n < ARRAY_SIZE(nobody); n++) {
		for (uint32_t i = 1; i < ARRAY_SIZE(items); i++) {
			assert_int_equal(link_info(0, nobody[n], items[i]), -ENOENT);
			assert_int_equal(link_info(1, nobody[n], items[i]), -EPERM);
		}
		assert_int_equal(link_info(0, nobody[n], UINT64_MAX) < 0, true);
		assert_int_equal(link_info(1, nobody[n], UINT64_MAX), -EPERM);
	}
	assert_int_equal(link_info(0, LINK_PEER(0x10000, 0), LINK_INFO_NEXT), -ENOENT);
	assert_int_equal(link_info(0, UINT64_MAX, LINK_INFO_NEXT), -ENOENT);
	assert_int_equal(link_info(0, LINK_PEER(0x10000, 0), LINK_INFO_PEERS), -ENOENT);
	host_stop();
}

/* For host_run() */
static int64_t lock_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	management_lock();
	return 0;
}

static int64_t unlock_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	management_unlock();
	return 0;
}

/* Peers come and go under the management lock: the root cell has to wait for it, no other cell may. */
static void links_and_the_management_lock(void)
{
	start_with_link();
	host_run(3, lock_job, 0, 0, 0);
	host_post_hypercall(0, HC_LINK_INFO, ALPHA_END, LINK_INFO_CELL);
	/* the CPUs take turns */
	assert_int_equal(link_info(1, ALPHA_END, LINK_INFO_CELL), 1);
	assert_int_equal(link_info(2, ALPHA_END, LINK_INFO_CELL), -EPERM);
	assert_false(host_is_done(0));
	host_run(3, unlock_job, 0, 0, 0);
	assert_int_equal(host_wait(0), 1);
	host_stop();
}

static uint64_t info(uint64_t id, uint64_t item)
{
	int64_t value = host_hypercall(0, HC_CELL_INFO, id, item);

	assert_in_range(value, 0, UINT32_MAX);
	return (uint64_t)value;
}

static void no_info(uint64_t id, uint64_t item, int error)
{
	assert_int_equal(host_hypercall(0, HC_CELL_INFO, id, item), error);
}

static void assert_config_is(uint32_t id, const void *bytes, uint64_t size)
{
	assert_int_equal(info(id, CELL_INFO_CONFIG_SIZE), size);
	for (uint64_t offset = 0; offset < size; offset += 4) {
		uint32_t expected = 0;

		memcpy(&expected, (const uint8_t *)bytes + offset, MIN(size - offset, 4u));
		assert_int_equal(info(id, CELL_INFO_CONFIG_BASE + offset / 4), expected);
	}
	no_info(id, CELL_INFO_CONFIG_BASE + (size + 3) / 4, -EINVAL);
	no_info(id, UINT32_MAX, -EINVAL);
	no_info(id, UINT64_MAX, -EINVAL);
}

static void assert_name_is(uint32_t id, const char *name)
{
	char expected[CFG_NAME_LEN] = { 0 };

	memcpy(expected, name, strlen(name));
	for (uint32_t n = 0; n < CFG_NAME_LEN / 4; n++) {
		uint32_t piece;

		memcpy(&piece, expected + 4 * n, 4);
		assert_int_equal(info(id, CELL_INFO_NAME_BASE + n), piece);
	}
	no_info(id, CELL_INFO_NAME_BASE + CFG_NAME_LEN / 4, -EINVAL);
}

static void cell_information(void)
{
	static struct test_config beta;
	struct config_view *root = &root_cell.config;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	memcpy(alpha.header.name + 6, "junk", 4);	/* behind the end of the name */
	core_created(&alpha);
	core_make_cell(&beta, "a-name-of-exactly-31-characters", 7, 2, RAM_LOW + MIB);
	beta.cpus[0] |= 1u << 3;
	beta.header.cpu_set_size++;
	core_created(&beta);

	assert_int_equal(info(0, CELL_INFO_NEXT), 0);
	assert_int_equal(info(1, CELL_INFO_NEXT), 1);
	assert_int_equal(info(2, CELL_INFO_NEXT), 7);
	no_info(8, CELL_INFO_NEXT, -ENOENT);
	no_info(1ull << 32, CELL_INFO_NEXT, -ENOENT);
	no_info(UINT64_MAX, CELL_INFO_NEXT, -ENOENT);

	assert_name_is(0, "qemu-arm64");
	assert_name_is(1, "alpha");
	assert_name_is(7, "a-name-of-exactly-31-characters");
	assert_int_equal(info(0, CELL_INFO_CPUS_BASE), 0x1);
	assert_int_equal(info(1, CELL_INFO_CPUS_BASE), 0x2);
	assert_int_equal(info(7, CELL_INFO_CPUS_BASE), 0xc);
	for (uint32_t n = 1; n < 2 * CPU_SET_WORDS; n++)
		assert_int_equal(info(7, CELL_INFO_CPUS_BASE + n), 0);
	no_info(7, CELL_INFO_CPUS_BASE + 2 * CPU_SET_WORDS, -EINVAL);
	no_info(7, CELL_INFO_CONFIG_BASE - 1, -EINVAL);

	assert_config_is(0, host_boot.config, offsetof(struct cfg_system, root_cell) + root->size);
	assert_config_is(1, core_cell(1)->config.cell, core_cell(1)->config.size);
	/* its size is no multiple of a piece: the last one is filled up with zeros */
	assert_int_not_equal(core_cell(7)->config.size % 4, 0);
	assert_config_is(7, core_cell(7)->config.cell, core_cell(7)->config.size);

	no_info(1, CELL_INFO_NAME_BASE - 2, -EINVAL);
	no_info(1, CELL_INFO_NAME_BASE - 1, -EINVAL);
	no_info(2, CELL_INFO_CONFIG_SIZE, -ENOENT);
	no_info(2, UINT64_MAX, -ENOENT);
	no_info(1ull << 32 | 1, CELL_INFO_CONFIG_SIZE, -ENOENT);
	no_info(1, 1ull << 32 | CELL_INFO_CONFIG_SIZE, -EINVAL);
	host_stop();
}

static void cell_information_is_the_root_cells(void)
{
	start_with_alpha();
	core_started(1);
	for (uint64_t item = 0; item < 3; item++) {
		assert_int_equal(host_hypercall(1, HC_CELL_INFO, 1, item), -EPERM);
		assert_int_equal(host_hypercall(1, HC_CELL_INFO, UINT64_MAX, item), -EPERM);
	}
	host_stop();
}

static void destroyed_cells_have_no_information(void)
{
	start_with_alpha();
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	no_info(1, CELL_INFO_NEXT, -ENOENT);
	no_info(1, CELL_INFO_CPUS_BASE, -ENOENT);
	assert_int_equal(info(0, CELL_INFO_CPUS_BASE), 0xf);
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_info[] = {
		CORE_TEST(cpu_information),
		CORE_TEST(exits_by_cause),
		CORE_TEST(cell_counters),
		CORE_TEST(statistics_belong_to_cell_and_cpu),
		CORE_TEST(hypervisor_information),
		CORE_TEST(root_asks_about_every_peer),
		CORE_TEST(others_ask_about_their_own_end),
		CORE_TEST(hostile_questions_about_links),
		CORE_TEST(links_and_the_management_lock),
		CORE_TEST(cell_information),
		CORE_TEST(cell_information_is_the_root_cells),
		CORE_TEST(destroyed_cells_have_no_information),
	};

	return cmocka_run_group_tests(core_info, NULL, NULL);
}
