/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up on all CPUs at once, what stops it, and the way back. */
#include "core_fixture.h"
#include "paging.h"
#include "vpci.h"
#include "ivshmem_internal.h"

/* All CPUs that entered get the same error, and nobody runs a guest. */
static void all_refused(int error, const char *reason)
{
	assert_int_equal(core_enter(), error);
	for (uint32_t cpu = 0; cpu < host_entering; cpu++) {
		assert_int_equal(host_setup_result(cpu), error);
		assert_false(core_cpu(cpu)->arch.active);
	}
	if (strcmp(host_reason(), reason))
		fail_msg("reason is \"%s\"", host_reason());
}

static void all_cpus_run_the_root_cell(void)
{
	core_start();
	assert_int_equal(num_cells(), 1);
	assert_string_equal(root_cell.config.cell->name, "qemu-arm64");
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		assert_true(host_in_guest(cpu));
		assert_ptr_equal(core_cpu(cpu)->cell, &root_cell);
		assert_true(cpu_set_test(&root_cell.cpus, cpu));
		assert_int_equal(core_cpu(cpu)->run_state, CPU_RUNNING);
		assert_int_equal(core_cpu(cpu)->arch.resets, 0);
	}
	assert_false(cpu_set_test(&root_cell.cpus, HOST_NUM_CPUS));
	assert_null(percpu_of(HOST_NUM_CPUS));
	assert_null(percpu_of(UINT32_MAX));
	assert_string_equal(host_reason(), "");
	host_stop();
}

static void any_cpu_can_be_primary(void)
{
	host_boot.primary_cpu = 2;
	core_start();
	host_stop();
}

static void starts_in_many_orders(void)
{
	host_set_order(HOST_RANDOM, (unsigned int)getpid());
	core_start();
	host_stop();
}

static void is_at(uint64_t guest, uint64_t phys, uint64_t flags)
{
	uint64_t there, rights;

	assert_true(host_translate(&root_cell, guest, &there, &rights));
	assert_int_equal(there, phys);
	assert_int_equal(rights, flags);
}

static void is_absent(uint64_t guest)
{
	uint64_t phys, flags;

	assert_false(host_translate(&root_cell, guest, &phys, &flags));
}

static void root_sees_its_memory_and_no_more(void)
{
	const uint64_t crash_log = HOST_HV_BASE + HOST_HV_SIZE - PAGE_SIZE;
	uint64_t zero, flags;

	core_start();
	is_at(RAM_LOW, RAM_LOW, 0x0f);
	is_at(RAM_HIGH - 1, RAM_HIGH - 1, 0x0f);
	is_at(RAM_HIGH, RAM_HIGH, 0x03);
	is_at(RAM_END - 1, RAM_END - 1, 0x03);
	is_at(LINK_STATE, LINK_STATE, 0x01);
	is_at(DEVICE, DEVICE, 0x13);
	is_absent(RAM_LOW - 1);
	is_absent(NOBODY);
	is_absent(SUBPAGE);
	is_absent(PRIVATE_DEVICE);
	/* inside a region of the root cell, but emulated */
	is_at(HOST_GICD + 0x10000, HOST_GICD + 0x10000, 0x13);
	is_absent(HOST_GICD);
	is_absent(HOST_GICD + 0xffff);
	is_absent(HOST_GICR);
	is_absent(ECAM);
	is_absent(ECAM + MIB - 1);
	is_at(ECAM + MIB, ECAM + MIB, 0x13);

	/* hypervisor memory: the public page, the crash log in the last one, and one page of zeros in place of all others */
	assert_true(host_translate(&root_cell, HOST_HV_BASE, &zero, &flags));
	for (uint64_t page = HOST_HV_BASE; page < HOST_HV_BASE + HOST_HV_SIZE; page += PAGE_SIZE)
		is_at(page, page == HOST_PUBLIC_PAGE || page == crash_log ? page : zero, CFG_MEM_READ);
	for (uint64_t phys = HOST_HV_BASE; phys < HOST_HV_BASE + HOST_HV_SIZE; phys += PAGE_SIZE)
		assert_int_equal(host_access_to(&root_cell, phys),
				 phys == zero || phys == HOST_PUBLIC_PAGE || phys == crash_log ? CFG_MEM_READ : 0);
	for (uint64_t at = zero; at < zero + PAGE_SIZE; at += 4)
		assert_int_equal(host_read32(at), 0);
	host_stop();
}

static void root_owns_its_interrupts(void)
{
	core_start();
	for (uint32_t intid = 32; intid < HOST_NUM_INTIDS; intid++)
		assert_int_equal((root_cell.arch.spis[intid / 32] >> (intid % 32)) & 1, intid < 160);
	host_stop();
}

static void fewer_cpus_than_configured(void)
{
	host_entering = host_boot.entering_cpus = 3;
	all_refused(-EINVAL, "3 CPUs are online, but the root cell's CPU set has 4: bring them online or correct "
		    "the set");
}

static void a_cpu_that_is_not_configured(void)
{
	core_system.root.cpus[0] = 0x0b;
	all_refused(-EINVAL, "CPU 2 is online, but the root cell's CPU set does not have it");
}

static void as_many_cpus_but_others(void)
{
	core_system.root.cpus[0] = 0x1e;
	host_boot.max_cpus = 5;
	all_refused(-EINVAL, "CPU 0 is online, but the root cell's CPU set does not have it");
}

static void a_promised_cpu_does_not_come(void)
{
	host_entering = 3;
	assert_int_equal(core_enter(), -EIO);
	assert_int_equal(host_setup_result(1), -EIO);
	assert_int_equal(host_setup_result(2), -EIO);
	assert_false(core_cpu(0)->arch.active);
}

static void more_cpus_than_built_for(void)
{
	host_boot.max_cpus = CONFIG_MAX_CPUS + 1;
	all_refused(-EINVAL, "CPU 64 is beyond the 64 CPUs this hypervisor is built for");
}

static void bad_configuration(void)
{
	core_system.header.arch.arm.maintenance_irq = 40;
	all_refused(-EINVAL, "maintenance_irq is INTID 40, but it must be a PPI: set it to the one of the machine, "
		    "16..31");
}

static void hardware_that_is_not_there(void)
{
	core_system.header.arch.arm.gicd_base = 0x0f000000;
	all_refused(-ENODEV, "no distributor at 0xf000000: check gicd_base");
}

static void console_that_does_not_answer(void)
{
	host_remove_device(HOST_UART);
	all_refused(-EINVAL, "debug console: nothing answers at 0x9000000, correct its address");
}

static void console_that_cannot_be_mapped(void)
{
	host_fail_map(1);
	all_refused(-ENOMEM, "hypervisor memory is too small to map the debug console");
}

static void console_of_senseless_size(void)
{
	core_system.header.debug_console.size = 0x10001;
	all_refused(-EINVAL, "debug console at 0x9000000, size 0x10001, is not a UART's register area");
}

static void no_pool_at_all(void)
{
	host_boot.pool_pages = 0;
	all_refused(-ENOMEM, "no memory for cell \"qemu-arm64\": hypervisor memory is too small");
}

static void link_that_cannot_be_mapped(void)
{
	host_fail_map(2);
	core_enter();
	assert_true(host_setup_result(0) < 0);
	for (uint32_t cpu = 1; cpu < HOST_NUM_CPUS; cpu++)
		assert_int_equal(host_setup_result(cpu), host_setup_result(0));
	assert_string_not_equal(host_reason(), "");
}

/* One process per failure: the nth allocation of start-up fails, for every n. */
static void count_allocations(uint32_t *pages, uint32_t *stage2)
{
	int pipe_ends[2];
	uint32_t counts[2];

	assert_int_equal(pipe(pipe_ends), 0);
	if (fork() == 0) {
		core_start();
		counts[0] = host_pages_calls();
		counts[1] = host_map_calls();
		_exit(write(pipe_ends[1], counts, sizeof(counts)) != sizeof(counts));
	}
	assert_int_equal(read(pipe_ends[0], counts, sizeof(counts)), sizeof(counts));
	*pages = counts[0];
	*stage2 = counts[1];
}

static void fails_with(uint32_t page, uint32_t map)
{
	int status;

	fflush(NULL);
	if (fork() == 0) {
		host_fail_pages(page, false);
		host_fail_stage2(map);
		core_enter();
		for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
			assert_int_equal(host_setup_result(cpu), -ENOMEM);
			assert_false(core_cpu(cpu)->arch.active);
		}
		assert_true(strlen(host_reason()) > 20);
		_exit(0);
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

static void any_allocation_may_fail(void)
{
	uint32_t pages, stage2;

	count_allocations(&pages, &stage2);
	wait(NULL);
	assert_true(pages > 10 && stage2 > 256);
	for (uint32_t n = 1; n <= pages; n++)
		fails_with(n, 0);
	/* most of them are the pages of hypervisor memory */
	for (uint32_t n = 1; n <= stage2; n += n < 20 || n > stage2 - 5 ? 1 : 37)
		fails_with(0, n);
}

/* Disable */

static void all_left(int64_t expected)
{
	int64_t result;

	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		assert_true(host_has_left(cpu, &result));
		assert_int_equal(result, expected);
		assert_false(core_cpu(cpu)->arch.active);
	}
}

static void disable_takes_all_cpus(void)
{
	core_start();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS - 1; cpu++) {
		int64_t result;

		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
		for (uint32_t turn = 0; turn < 100; turn++)
			host_hypercall(HOST_NUM_CPUS - 1, HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0);
		assert_false(host_has_left(cpu, &result));
	}
	host_post_hypercall(HOST_NUM_CPUS - 1, HC_DISABLE, 0, 0);
	host_wait(HOST_NUM_CPUS - 1);
	all_left(0);
	assert_non_null(strstr(host_uart_text(), "disabled, all CPUs go back to Linux\r\n"));
}

/* The root cell leaves its links as any other peer that goes away. */
static void disable_clears_the_state_table(void)
{
	core_start();
	ivshmem_set_state(root_cell.functions[0].endpoint, 3);
	assert_int_equal(host_read32(LINK_STATE), 3);
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		assert_int_equal(host_read32(LINK_STATE), 3);
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	}
	all_left(0);
	assert_int_equal(host_read32(LINK_STATE), 0);
	assert_int_equal(root_cell.num_functions, 0);
}

static void all_told_once(const char *reason)
{
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		if (core_cpu(cpu)->cell == &root_cell && core_cpu(cpu)->run_state == CPU_RUNNING) {
			assert_int_equal(host_hypercall(cpu, HC_DISABLE, 0, 0), -EBUSY);
			assert_string_equal(host_reason(), reason);
		}
	}
}

static void disable_is_refused_while_cells_exist(void)
{
	struct test_config alpha;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
	all_told_once("cell \"alpha\" exists: destroy it first");
	all_told_once("cell \"alpha\" exists: destroy it first");
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	all_told_once("CPU 1 of the root cell is offline: bring it online first");
	assert_int_equal(host_run(0, core_switch_on_job, 1, 0x1000, 7), true);
	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	all_left(0);
}

static void disable_is_refused_with_a_cpu_offline(void)
{
	core_start();
	core_switch_off(3);
	all_told_once("CPU 3 of the root cell is offline: bring it online first");
	host_run(0, core_switch_on_job, 3, 0, 0);
	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	all_left(0);
}

/* What the first caller was granted must not be undermined by the others before they call. */
static void no_cell_appears_while_disabling(void)
{
	struct test_config alpha;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	host_post_hypercall(2, HC_DISABLE, 0, 0);
	host_post_hypercall(3, HC_DISABLE, 0, 0);
	host_hypercall(0, HC_HYPERVISOR_INFO, 0, 0);
	refused(core_create(&alpha), -EBUSY, "the hypervisor is being disabled: no cell can be created");
	assert_int_equal(num_cells(), 1);
	host_post_hypercall(0, HC_DISABLE, 0, 0);
	host_post_hypercall(1, HC_DISABLE, 0, 0);
	all_left(0);
}

/* All go on as they were, and can try again. */
static void one_cpu_does_not_call(void)
{
	struct test_config alpha;

	core_start();
	for (uint32_t missing = 0; missing < HOST_NUM_CPUS; missing++) {
		char reason[100];

		snprintf(reason, sizeof(reason),
			 "CPU %u did not come within 30 s", missing);
		for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
			if (cpu != missing)
				host_post_hypercall(cpu, HC_DISABLE, 0, 0);
		for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
			if (cpu != missing)
				assert_int_equal(host_wait(cpu), -EIO);
		assert_string_equal(host_reason(), reason);
		host_settle();
		for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
			assert_true(host_in_guest(cpu));
	}
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
	/* a refusal that not everybody has been told does not stay */
	assert_int_equal(host_hypercall(0, HC_DISABLE, 0, 0), -EBUSY);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(host_run(0, core_switch_on_job, 1, 0, 0), true);
	host_settle();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	all_left(0);
}

/* It has called, and does nothing any more: the others leave without it. */
static void one_cpu_does_not_leave(void)
{
	int64_t result;

	core_start();
	host_post_hypercall(3, HC_DISABLE, 0, 0);
	host_hypercall(0, HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0);
	assert_false(host_in_guest(3));
	host_stick(3);
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	host_settle();
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		assert_true(host_has_left(cpu, &result) && result == 0);
	assert_false(host_has_left(3, &result));
}

static void disable_is_for_the_root_cell(void)
{
	struct test_config alpha;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	core_created(&alpha);
	core_started(1);
	assert_int_equal(host_hypercall(1, HC_DISABLE, 0, 0), -EPERM);
	/* and did not decide for the others */
	assert_int_equal(core_call(HC_DISABLE, 0), -EBUSY);
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_setup[] = {
		CORE_TEST(all_cpus_run_the_root_cell),
		CORE_TEST(any_cpu_can_be_primary),
		CORE_TEST(starts_in_many_orders),
		CORE_TEST(root_sees_its_memory_and_no_more),
		CORE_TEST(root_owns_its_interrupts),
		CORE_TEST(fewer_cpus_than_configured),
		CORE_TEST(a_cpu_that_is_not_configured),
		CORE_TEST(as_many_cpus_but_others),
		CORE_TEST(a_promised_cpu_does_not_come),
		CORE_TEST(more_cpus_than_built_for),
		CORE_TEST(bad_configuration),
		CORE_TEST(hardware_that_is_not_there),
		CORE_TEST(console_that_does_not_answer),
		CORE_TEST(console_that_cannot_be_mapped),
		CORE_TEST(console_of_senseless_size),
		CORE_TEST(no_pool_at_all),
		CORE_TEST(link_that_cannot_be_mapped),
		CORE_TEST(any_allocation_may_fail),
		CORE_TEST(disable_takes_all_cpus),
		CORE_TEST(disable_clears_the_state_table),
		CORE_TEST(disable_is_refused_while_cells_exist),
		CORE_TEST(disable_is_refused_with_a_cpu_offline),
		CORE_TEST(no_cell_appears_while_disabling),
		CORE_TEST(one_cpu_does_not_call),
		CORE_TEST(one_cpu_does_not_leave),
		CORE_TEST(disable_is_for_the_root_cell),
	};

	return cmocka_run_group_tests(core_setup, NULL, NULL);
}
