/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs really at the same time, under ThreadSanitizer: two root CPUs manage two cells, whose CPUs switch each other on
 * and off, fail, and call the hypervisor. Volatile accesses count as atomic ones without order, as on the
 * hardware: what needs order needs a barrier.
 */
#include "bulkhead/cell_console.h"
#include "core_fixture.h"
#include "hypercall.h"

#define ROUNDS		150
#define WATCHDOG_US	2000	/* expires often, where this is slow */

/* What the compiler calls for volatile accesses with --param tsan-distinguish-volatile=1 */
#define VOLATILE_ACCESS(size)					\
void __tsan_volatile_read##size(void *address);			\
void __tsan_volatile_write##size(void *address);		\
void __tsan_volatile_read##size(void *address)			\
{								\
	(void)address;						\
}								\
void __tsan_volatile_write##size(void *address)			\
{								\
	(void)address;						\
}

VOLATILE_ACCESS(1)
VOLATILE_ACCESS(2)
VOLATILE_ACCESS(4)
VOLATILE_ACCESS(8)

static struct test_config alpha, beta;

static _Thread_local unsigned int random_state;

static uint32_t random_below(uint32_t limit)
{
	if (!random_state)
		random_state = 1 + this_cpu()->cpu_id;
	return (uint32_t)rand_r(&random_state) % limit;
}

static void answer_message(struct comm_region *comm)
{
	uint32_t message = comm->msg_to_cell;

	if (!message)
		return;
	comm->msg_to_cell = COMM_MSG_NONE;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	comm->reply_from_cell = message == COMM_MSG_SHUTDOWN ? COMM_REPLY_APPROVED : COMM_REPLY_RECEIVED;
}

static void violate(struct percpu *cpu)
{
	volatile struct bh_fault *fault = cell_fault_begin(cpu->cell);

	if (fault) {
		fault->kind = BH_FAULT_READ;
		fault->address = cpu->cpu_id;
		for (uint32_t n = 0; n < ARRAY_SIZE(fault->x); n++)
			fault->x[n] = cpu->cpu_id;
		cell_fault_end(fault);
	}
	cpu->report = REPORT_VIOLATION;
	cpu_fail();
}

static uint32_t destructions;	/* atomic: begun */

/* A record is of one CPU, or known to be torn; of one cell as long as nobody destroys it, which the driver sees to. */
static void look_at_fault(uint32_t id)
{
	uint32_t before = __atomic_load_n(&destructions, __ATOMIC_SEQ_CST);
	uint32_t pieces[sizeof(struct bh_fault) / sizeof(uint32_t)];
	struct bh_fault fault;

	for (uint32_t n = 0; n < ARRAY_SIZE(pieces); n++)
		pieces[n] = (uint32_t)cell_fault(id, n);
	memcpy(&fault, pieces, sizeof(fault));
	if (fault.complete != fault.begun || (int32_t)fault.complete <= 0 ||
	    __atomic_load_n(&destructions, __ATOMIC_SEQ_CST) != before)
		return;
	if (fault.kind == BH_FAULT_WATCHDOG) {
		/* of alpha, on its first CPU */
		assert_int_equal(fault.cpu, 2);
		assert_int_equal(fault.syndrome, WATCHDOG_US);
		assert_int_equal(fault.x[30], 30);
		return;
	}
	assert_int_equal(fault.address, fault.cpu);
	for (uint32_t n = 0; n < ARRAY_SIZE(fault.x); n++)
		assert_int_equal(fault.x[n], fault.cpu);
}

/* What is said to be complete has been written, whoever goes on printing. */
static void look_at_console(uint32_t id)
{
	uint32_t before = __atomic_load_n(&destructions, __ATOMIC_SEQ_CST);
	uint32_t pieces[sizeof(struct bh_cell_console) / sizeof(uint32_t)];
	struct bh_cell_console console;
	int64_t piece = 0;

	for (uint32_t n = 0; n < ARRAY_SIZE(pieces) && piece >= 0; n++) {
		piece = cell_console(id, n);
		pieces[n] = (uint32_t)piece;
	}
	memcpy(&console, pieces, sizeof(console));
	if (piece < 0 || __atomic_load_n(&destructions, __ATOMIC_SEQ_CST) != before)
		return;
	assert_true(console.complete <= console.begun);
	for (uint64_t n = console.begun > BH_CELL_CONSOLE_SIZE ? console.begun - BH_CELL_CONSOLE_SIZE : 0;
	     n < console.complete; n++)
		assert_int_not_equal(console.text[n % BH_CELL_CONSOLE_SIZE], 0);
}

/* The guests of both cells */
static void restless_guest(struct percpu *cpu)
{
	if (cpu->cell->is_root)
		return;
	answer_message(cpu->cell->comm);
	switch (random_below(400)) {
	case 0:
		violate(cpu);
		break;
	case 1:
		cpu_switch_off();
		break;
	case 2 ... 20:
		for_each_cpu(id, &cpu->cell->cpus)
			if (id != cpu->cpu_id)
				cpu_switch_on(percpu_of(id), id, 0);
		break;
	case 21 ... 40:
		assert_true(hypercall(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0) >= 1);
		break;
	case 41 ... 60:
		hypercall(HC_CPU_INFO, random_below(5), CPU_INFO_STATE);
		break;
	case 61 ... 64:
		assert_int_equal(hypercall(HC_DEBUG_PUTC, '.', 0), 0);
		break;
	case 71 ... 99:
		cpu->cell->comm->watchdog++;
		break;
	case 65 ... 70:
		assert_int_equal(hypercall(HC_CELL_DESTROY, 1, 0), -EPERM);
		break;
	}
	arch_relax();
}

static int64_t manage_job(uint64_t rounds, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	for (uint64_t n = 0; n < rounds; n++) {
		uint32_t id = 1 + random_below(2);

		switch (random_below(6)) {
		case 0:
			cell_create(GUEST_ADDR(CONFIG_AT + (id - 1) * 0x1000));
			break;
		case 1:
			cell_start(id);
			break;
		case 2:
			cell_set_loadable(id);
			break;
		case 3:
			cell_get_state(id);
			break;
		case 4:
			look_at_fault(id);
			look_at_console(id);
			break;
		default:
			__atomic_fetch_add(&destructions, 1, __ATOMIC_SEQ_CST);
			cell_destroy(id);
			break;
		}
	}
	return 0;
}

static int64_t destroy_all_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	cell_destroy(1);
	cell_destroy(2);
	assert_int_equal(num_cells(), 1);
	return pages_used();
}

static void restless_machine(void)
{
	int64_t used;

	host_set_order(HOST_PARALLEL, 0);
	host_entering = host_boot.entering_cpus = host_boot.max_cpus = 6;
	core_system.root.cpus[0] = 0x3f;
	for (uint32_t cpu = 2; cpu < 6; cpu++)
		host_set_guest(cpu, restless_guest);
	core_start();
	core_make_cell(&alpha, "alpha", 1, 2, RAM_LOW);
	core_make_cell(&beta, "beta", 2, 4, RAM_HIGH);
	alpha.cpus[0] = 0x0c;
	beta.cpus[0] = 0x30;
	alpha.header.flags = beta.header.flags = CFG_CELL_CONSOLE_PERMITTED;
	core_add_link(&alpha);
	add_memory(&alpha, WATCHDOG_US, 0, 0, CFG_WATCHDOG);
	core_place(&alpha, CONFIG_AT);
	core_place(&beta, CONFIG_AT + 0x1000);
	used = host_run(0, destroy_all_job, 0, 0, 0);
	host_post(0, manage_job, ROUNDS, 0, 0);
	host_post(1, manage_job, ROUNDS, 0, 0);
	host_wait(0);
	host_wait(1);
	assert_int_equal(host_run(1, destroy_all_job, 0, 0, 0), used);
	host_stop();
}

static void parallel_start_and_disable(void)
{
	int64_t result;

	host_set_order(HOST_PARALLEL, 0);
	core_start();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		host_post_hypercall(cpu, HC_DISABLE, 0, 0);
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		host_wait(cpu);
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		assert_true(host_has_left(cpu, &result));
		assert_int_equal(result, 0);
	}
	host_stop();
}

int main(void)
{
	static const struct CMUnitTest core_races[] = {
		CORE_TEST(restless_machine),
		CORE_TEST(parallel_start_and_disable),
	};

	return cmocka_run_group_tests(core_races, NULL, NULL);
}
