/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of violations, as HC_CELL_FAULT gives it: who reads it, and what of it stays. */
#include "core_fixture.h"

#define PIECES	(sizeof(struct bh_fault) / sizeof(uint32_t))

static struct test_config alpha, beta;

/* For host_run() and host_post(): what the architecture does at a violation */
static int64_t violate_job(uint64_t address, uint64_t arg2, uint64_t arg3)
{
	volatile struct bh_fault *fault = cell_fault_begin(this_cpu()->cell);

	(void)arg2;
	(void)arg3;
	if (fault) {
		fault->kind = BH_FAULT_WRITE;
		fault->size = 4;
		fault->address = address;
		for (uint32_t n = 0; n < ARRAY_SIZE(fault->x); n++)
			fault->x[n] = address + n;
		cell_fault_end(fault);
	}
	if (!this_cpu()->cell->is_root) {
		this_cpu()->report = REPORT_VIOLATION;
		cpu_fail();
	}
	return 0;
}

static void violate(uint32_t cpu, uint64_t address)
{
	host_post(cpu, violate_job, address, 0, 0);
	host_settle();
}

static struct bh_fault read_fault(uint32_t id)
{
	uint32_t pieces[PIECES];
	struct bh_fault fault;

	for (uint32_t n = 0; n < PIECES; n++) {
		int64_t piece = host_hypercall(0, HC_CELL_FAULT, id, n);

		assert_in_range(piece, 0, UINT32_MAX);
		pieces[n] = (uint32_t)piece;
	}
	memcpy(&fault, pieces, sizeof(fault));
	return fault;
}

static void start_two(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] |= 1 << 2;
	core_created(&alpha);
	core_make_cell(&beta, "beta", 2, 3, RAM_LOW + 0x10000);
	core_created(&beta);
}

static void first_one_of_a_start_is_kept(void)
{
	uint64_t before = arch_ticks();
	struct bh_fault fault;

	start_two();
	fault = read_fault(1);
	assert_int_equal(fault.starts, 0);
	core_started(1);
	fault = read_fault(1);
	assert_int_equal(fault.complete, 0);
	assert_int_equal(fault.starts, 1);
	assert_int_equal(fault.count, 0);

	assert_int_equal(host_run(1, core_switch_on_job, 2, 0, 0), 1);
	violate(1, 0x12345678000);
	fault = read_fault(1);
	assert_int_equal(fault.complete, 1);
	assert_int_equal(fault.begun, 1);
	assert_int_equal(fault.count, 1);
	assert_int_equal(fault.number, 1);
	assert_int_equal(fault.kind, BH_FAULT_WRITE);
	assert_int_equal(fault.size, 4);
	assert_int_equal(fault.cpu, 1);
	assert_int_equal(fault.address, 0x12345678000);
	assert_int_equal(fault.x[30], 0x12345678000 + 30);
	assert_int_equal(fault.ticks_per_second, arch_ticks_per_second());
	assert_true(fault.ticks >= before && fault.ticks <= arch_ticks());
	/* the cell's second CPU is a later one */
	violate(2, 0x1000);
	fault = read_fault(1);
	assert_int_equal(fault.count, 2);
	assert_int_equal(fault.number, 1);
	assert_int_equal(fault.cpu, 1);
	assert_int_equal(fault.address, 0x12345678000);
	assert_int_equal(core_call(HC_CELL_GET_STATE, 1), COMM_STATE_FAILED);
	host_stop();
}

static void stays_until_the_cell_is_destroyed(void)
{
	struct bh_fault fault;

	start_two();
	core_started(1);
	violate(1, 0x1000);
	core_started(1);
	/* of an earlier start */
	fault = read_fault(1);
	assert_int_equal(fault.starts, 2);
	assert_int_equal(fault.complete, 1);
	assert_int_equal(fault.begun, 1);
	assert_int_equal(fault.address, 0x1000);
	violate(1, 0x2000);
	fault = read_fault(1);
	assert_int_equal(fault.complete, 2);
	assert_int_equal(fault.begun, 2);
	assert_int_equal(fault.address, 0x2000);
	assert_int_equal(fault.count, 2);
	assert_int_equal(fault.number, 2);
	assert_int_equal(read_fault(2).count, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_int_equal(host_hypercall(0, HC_CELL_FAULT, 1, 0), -ENOENT);
	core_created(&alpha);
	fault = read_fault(1);
	assert_int_equal(fault.complete, 0);
	assert_int_equal(fault.count, 0);
	assert_int_equal(fault.address, 0);
	host_stop();
}

static void root_cell_has_one(void)
{
	struct bh_fault fault;

	core_start();
	assert_int_equal(read_fault(0).starts, 1);
	assert_int_equal(read_fault(0).complete, 0);
	violate(2, 0x5000);
	violate(3, 0x6000);
	fault = read_fault(0);
	assert_int_equal(fault.complete, 1);
	assert_int_equal(fault.cpu, 2);
	assert_int_equal(fault.address, 0x5000);
	assert_int_equal(fault.count, 2);
	host_stop();
}

static void hostile_questions(void)
{
	start_two();
	core_started(1);
	for (uint64_t id = 0; id < 4; id++) {
		assert_int_equal(host_hypercall(1, HC_CELL_FAULT, id, 0), -EPERM);
		assert_int_equal(host_hypercall(1, HC_CELL_FAULT, id, UINT64_MAX), -EPERM);
	}
	for (uint64_t id = 0; id < 3; id++) {
		assert_int_equal(host_hypercall(0, HC_CELL_FAULT, id, PIECES), -EINVAL);
		assert_int_equal(host_hypercall(0, HC_CELL_FAULT, id, UINT32_MAX), -EINVAL);
		assert_int_equal(host_hypercall(0, HC_CELL_FAULT, id, 1ull << 32), -EINVAL);
		assert_int_equal(host_hypercall(0, HC_CELL_FAULT, id, UINT64_MAX), -EINVAL);
	}
	assert_int_equal(host_hypercall(0, HC_CELL_FAULT, 3, 0), -ENOENT);
	assert_int_equal(host_hypercall(0, HC_CELL_FAULT, 1ull << 32 | 1, 0), -ENOENT);
	assert_int_equal(host_hypercall(0, HC_CELL_FAULT, UINT64_MAX, UINT64_MAX), -ENOENT);
	host_stop();
}

/* A reader that is in the middle when the next record begins sees it: `complete` is its first piece, `begun` its last. */
static void torn_records_are_recognised(void)
{
	uint32_t complete;

	start_two();
	core_started(1);
	violate(1, 0x1000);
	core_started(1);
	complete = (uint32_t)host_hypercall(0, HC_CELL_FAULT, 1, 0);
	assert_int_equal(complete, 1);
	violate(1, 0x2000);
	assert_int_not_equal(host_hypercall(0, HC_CELL_FAULT, 1, PIECES - 1), complete);
	host_stop();
}

/* What is ignored or aborted is counted, and changes no mapping. */
static void strays_map_nothing(void)
{
	struct mmio_access access = { .size = 8, .value = 5 };
	uint64_t phys, flags;
	struct cell *cell;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	/* over the root cell's memory, the hypervisor and everything else */
	add_memory(&alpha, 1ull << 40, 0, 0, CFG_STRAY_IGNORE);
	core_created(&alpha);
	cell = core_cell(1);
	for (uint64_t guest = RAM_LOW + 0x10000; guest < RAM_END; guest += PAGE_SIZE) {
		assert_false(host_translate(cell, guest, &phys, &flags));
		assert_true(host_translate(&root_cell, guest, &phys, &flags));
	}
	assert_true(cell_ignores_stray(cell, GUEST_ADDR(RAM_HIGH), &access));
	assert_int_equal(access.value, 0);
	access.is_write = true;
	assert_true(cell_ignores_stray(cell, GUEST_ADDR(RAM_HIGH), &access));
	assert_true(cell_aborts_stray(cell, GUEST_ADDR(RAM_HIGH)));
	assert_false(cell_ignores_stray(&root_cell, GUEST_ADDR(RAM_HIGH), &access));
	assert_false(cell_aborts_stray(&root_cell, GUEST_ADDR(RAM_HIGH)));
	for (uint32_t n = 0; n < BH_NUM_STRAYS; n++)
		assert_int_equal(read_fault(1).strays[n], 1);
	assert_int_equal(read_fault(1).count, 0);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(first_one_of_a_start_is_kept), CORE_TEST(stays_until_the_cell_is_destroyed),
		CORE_TEST(root_cell_has_one), CORE_TEST(hostile_questions), CORE_TEST(torn_records_are_recognised),
		CORE_TEST(strays_map_nothing),
	};

	return cmocka_run_group_tests_name("core_fault", tests, NULL, NULL);
}
