/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of exits: their layout for the entry code, what C writes into them, and what HC_TRACE tells whom. */
#include "core_fixture.h"
#include "trace.h"
#include "trace_ring.h"

#define ENTRY	0x1000u

static struct test_config alpha;

/* What vectors.S does: the lowest byte of the position says where the event is, in units of 16 bytes behind the stack. */
static void exit_of_guest(struct percpu *cpu, uint64_t cause, uint64_t value)
{
	uint64_t *position = (uint64_t *)stack_top(cpu) - 1;
	uint64_t *event = (uint64_t *)((char *)stack_top(cpu) + (*position & 0xff) * 16);

	event[0] = arch_ticks();
	event[1] = cause;
	for (uint32_t n = 2; n < 6; n++)
		event[n] = value + n;
	*position += 4;
}

/* HC_TRACE by CPU 0, whose entry leaves an event */
static int64_t ask(uint64_t cpu, uint64_t piece)
{
	exit_of_guest(core_cpu(0), 0x16ull << 26, 0xdead);
	return host_hypercall(0, HC_TRACE, cpu, piece);
}

static void read_pieces(uint32_t cpu, uint32_t first, void *to, size_t size)
{
	for (uint32_t n = 0; n < size / 4; n++) {
		int64_t piece = ask(cpu, first + n);

		assert_in_range(piece, 0, UINT32_MAX);
		((uint32_t *)to)[n] = (uint32_t)piece;
	}
}

static struct bh_trace_header header_of(uint32_t cpu)
{
	struct bh_trace_header header;

	read_pieces(cpu, 0, &header, sizeof(header));
	assert_int_equal(header.num_events, BH_TRACE_SLOTS);
	assert_int_equal(header.ticks_per_second, arch_ticks_per_second());
	assert_int_equal(header.now_high, header.now_again);
	assert_true(((uint64_t)header.now_high << 32 | header.now_low) <= arch_ticks());
	return header;
}

static struct bh_trace_event event_of(uint32_t cpu, uint32_t number)
{
	struct bh_trace_event event;

	read_pieces(cpu, BH_TRACE_HEADER_PIECES + number % BH_TRACE_SLOTS * BH_TRACE_EVENT_PIECES, &event, sizeof(event));
	return event;
}

static void start_alpha(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.header.cpu_reset_address = ENTRY;
	core_created(&alpha);
	core_started(1);
}

static void events_in_their_order(void)
{
	struct bh_trace_event event;

	core_start();
	assert_int_equal(header_of(2).position, 0);
	for (uint32_t n = 0; n < 3 * BH_TRACE_SLOTS + 5; n++) {
		uint32_t oldest = n < BH_TRACE_SLOTS ? 0 : n - BH_TRACE_SLOTS + 1;

		exit_of_guest(core_cpu(2), 0x92000000 + n, n * 0x100000001ull);
		assert_int_equal(header_of(2).position, n + 1);
		event = event_of(2, n);
		assert_int_equal(event.cause, 0x92000000 + n);
		assert_int_equal(event.pc, n * 0x100000001ull + 2);
		assert_int_equal(event.address, n * 0x100000001ull + 3);
		assert_int_equal(event.x0, n * 0x100000001ull + 4);
		assert_int_equal(event.x1, n * 0x100000001ull + 5);
		assert_int_equal(event_of(2, oldest).cause, 0x92000000 + oldest);
	}
	assert_int_equal(header_of(3).position, 0);
	*trace_position(core_cpu(2)) = (1ull << 32) * TRACE_STEP;
	assert_int_equal(header_of(2).position, 0);
	host_stop();
}

static void questions_leave_no_event(void)
{
	core_start();
	for (uint32_t n = 0; n < BH_TRACE_KEPT; n++)
		exit_of_guest(core_cpu(0), n, n);
	for (uint32_t n = 0; n < BH_TRACE_KEPT; n++) {
		assert_int_equal(event_of(0, n).cause, n);
		assert_int_equal(header_of(0).position, BH_TRACE_KEPT);
	}
	/* also where there is nothing to be told */
	assert_int_equal(ask(HOST_MAX_CPUS, 0), -ENOENT);
	assert_int_equal(ask(0, BH_TRACE_PIECES), -EINVAL);
	assert_int_equal(header_of(0).position, BH_TRACE_KEPT);
	host_stop();
}

static void cells_of_a_cpu(void)
{
	struct bh_trace_event event;
	struct bh_trace_header header;

	start_alpha();
	header = header_of(1);
	assert_int_equal(header.position, 2);
	assert_int_equal(header.cell, 1);
	assert_string_equal(header.name, "alpha");
	event = event_of(1, 0);
	assert_int_equal(event.cause, (uint64_t)BH_TRACE_CELL << 56 | 0);
	assert_string_equal((const char *)&event.pc, root_cell.config.cell->name);
	event = event_of(1, 1);
	assert_int_equal(event.cause, (uint64_t)BH_TRACE_START << 56);
	assert_int_equal(event.pc, ENTRY);
	assert_int_equal(event.x0, 0);

	exit_of_guest(core_cpu(1), 0x1234, 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	header = header_of(1);
	assert_int_equal(header.position, 4);
	assert_int_equal(header.cell, 0);
	assert_string_equal(header.name, root_cell.config.cell->name);
	assert_int_equal(event_of(1, 2).cause, 0x1234);
	event = event_of(1, 3);
	assert_int_equal(event.cause, (uint64_t)BH_TRACE_CELL << 56 | 1);
	assert_string_equal((const char *)&event.pc, "alpha");
	/* CPUs that stay have no such event */
	assert_int_equal(header_of(2).position, 0);
	host_stop();
}

static void siblings_start_with_an_event(void)
{
	struct bh_trace_event event;

	core_start();
	core_make_cell(&alpha, "alpha", 1, 1, RAM_LOW);
	alpha.cpus[0] |= 1 << 2;
	core_created(&alpha);
	core_started(1);
	assert_int_equal(header_of(2).position, 1);
	assert_int_equal(host_run(1, core_switch_on_job, 2, 0x4000, 77), 1);
	host_settle();
	assert_int_equal(header_of(2).position, 2);
	event = event_of(2, 1);
	assert_int_equal(event.cause, (uint64_t)BH_TRACE_START << 56);
	assert_int_equal(event.pc, 0x4000);
	assert_int_equal(event.x0, 77);
	host_stop();
}

static void hostile_questions(void)
{
	start_alpha();
	for (uint64_t cpu = 0; cpu < 3; cpu++)
		assert_int_equal(host_hypercall(1, HC_TRACE, cpu, 0), -EPERM);
	assert_int_equal(host_hypercall(1, HC_TRACE, UINT64_MAX, UINT64_MAX), -EPERM);
	/* nor can it take back its events so */
	assert_int_equal(header_of(1).position, 2);
	for (uint64_t piece = BH_TRACE_PIECES; piece; piece <<= 8) {
		assert_int_equal(ask(0, piece), -EINVAL);
		assert_int_equal(ask(0, UINT64_MAX - piece), -EINVAL);
	}
	assert_int_equal(ask(0, 1ull << 32), -EINVAL);
	assert_int_equal(ask(HOST_NUM_CPUS, 0), -ENOENT);
	assert_int_equal(ask(UINT32_MAX, 0), -ENOENT);
	assert_int_equal(ask(1ull << 32, 0), -ENOENT);
	assert_int_equal(ask(UINT64_MAX, 0), -ENOENT);
	assert_in_range(ask(0, BH_TRACE_PIECES - 1), 0, UINT32_MAX);
	assert_int_equal(host_hypercall(0, HC_TRACE + 1, 0, 0), -ENOSYS);
	host_stop();
}

/* How often its fast paths were forgotten, each time when the mode that they are filled by was there already. */
static void assert_mode(uint32_t cpu, uint32_t mode, uint32_t forgotten)
{
	assert_int_equal(header_of(cpu).mode, mode);
	assert_int_equal(trace_takes_all(core_cpu(cpu)), mode == BH_TRACE_ALL);
	assert_int_equal(core_cpu(cpu)->fast.forgotten, forgotten);
	assert_int_equal(core_cpu(cpu)->fast.takes_all, forgotten && mode == BH_TRACE_ALL);
}

static void modes(void)
{
	uint32_t times = 0;

	start_alpha();
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		assert_mode(cpu, BH_TRACE_UNUSUAL, 0);
	for (uint32_t round = 0; round < 3; round++) {
		/* each time, also where it is on already */
		for (uint32_t n = 0; n < 2; n++) {
			assert_int_equal(ask(1, BH_TRACE_SET_MODE + BH_TRACE_ALL), 0);
			assert_mode(1, BH_TRACE_ALL, ++times);
		}
		assert_int_equal(ask(1, BH_TRACE_SET_MODE + BH_TRACE_UNUSUAL), 0);
		assert_mode(1, BH_TRACE_UNUSUAL, ++times);
	}
	/* it is the CPU's, whatever cell has it, and the others have their own */
	assert_int_equal(ask(1, BH_TRACE_SET_MODE + BH_TRACE_ALL), 0);
	assert_int_equal(core_call(HC_CELL_DESTROY, 1), 0);
	assert_mode(1, BH_TRACE_ALL, ++times);
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++)
		if (cpu != 1)
			assert_mode(cpu, BH_TRACE_UNUSUAL, 0);
	host_stop();
}

static void hostile_modes(void)
{
	start_alpha();
	for (uint32_t mode = BH_TRACE_ALL; mode <= BH_TRACE_ALL; mode--) {
		uint32_t forgotten = mode == BH_TRACE_ALL ? 1 : 2;

		assert_int_equal(ask(1, BH_TRACE_SET_MODE + mode), 0);
		for (uint64_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
			assert_int_equal(host_hypercall(1, HC_TRACE, cpu, BH_TRACE_SET_MODE + BH_TRACE_UNUSUAL), -EPERM);
			assert_int_equal(host_hypercall(1, HC_TRACE, cpu, BH_TRACE_SET_MODE + BH_TRACE_ALL), -EPERM);
		}
		for (uint32_t shift = 20; shift < 64; shift++)
			assert_int_equal(ask(1, BH_TRACE_SET_MODE + BH_TRACE_ALL - mode + (1ull << shift)), -EINVAL);
		assert_int_equal(ask(1, BH_TRACE_SET_MODE - 1), -EINVAL);
		assert_int_equal(ask(1, BH_TRACE_SET_MODE + BH_TRACE_ALL + 1), -EINVAL);
		assert_int_equal(ask(HOST_NUM_CPUS, BH_TRACE_SET_MODE + BH_TRACE_ALL), -ENOENT);
		assert_int_equal(ask(1ull << 32 | 1, BH_TRACE_SET_MODE + BH_TRACE_ALL - mode), -ENOENT);
		assert_mode(1, mode, forgotten);
		assert_mode(0, BH_TRACE_UNUSUAL, 0);
	}
	host_stop();
}

static void last_ones_without_a_lock(void)
{
	struct bh_trace_event event;

	core_start();
	assert_false(trace_last(core_cpu(2), 0, &event));
	for (uint32_t n = 0; n < 2 * BH_TRACE_SLOTS + 3; n++) {
		exit_of_guest(core_cpu(2), n, 0);
		for (uint32_t back = 0; back <= n && back < BH_TRACE_KEPT; back++) {
			assert_true(trace_last(core_cpu(2), back, &event));
			assert_int_equal(event.cause, n - back);
		}
		assert_false(trace_last(core_cpu(2), n + 1 < BH_TRACE_KEPT ? n + 1 : BH_TRACE_KEPT, &event));
		assert_false(trace_last(core_cpu(2), UINT32_MAX, &event));
	}
	host_stop();
}

/* As reader and writer meet in the worst way: an event is there in part, and its number is not yet. */
static void begin_exit(struct percpu *cpu)
{
	uint64_t *event = (uint64_t *)&trace_ring(cpu)[*trace_position(cpu) / TRACE_STEP % BH_TRACE_SLOTS];

	event[1] = event[4] = ~0ull;
}

static void numbered_exits(struct percpu *cpu, uint32_t count)
{
	while (count--)
		exit_of_guest(cpu, *trace_position(cpu) / TRACE_STEP, *trace_position(cpu) / TRACE_STEP * 0x100000001ull);
}

/* The writer goes on between the pieces: what the reader's rule lets through is whole, and nothing else is missing. */
static void overwritten_events_are_recognised(void)
{
	struct bh_trace_event events[BH_TRACE_KEPT];
	uint32_t accepted = 0;

	core_start();
	srand(1);
	for (uint32_t round = 0; round < 300; round++) {
		uint32_t first, gone, position, many = (uint32_t)rand() % 4 ? 1 : 80;

		numbered_exits(core_cpu(2), (uint32_t)rand() % 200 + BH_TRACE_KEPT);
		first = (uint32_t)ask(2, 0) - BH_TRACE_KEPT;
		for (uint32_t n = 0; n < BH_TRACE_KEPT; n++) {
			events[n] = event_of(2, first + n);
			if (rand() % 16 == 0)
				numbered_exits(core_cpu(2), (uint32_t)rand() % many + 1);
			begin_exit(core_cpu(2));
		}
		position = (uint32_t)ask(2, 0);
		gone = bh_trace_gone(first, BH_TRACE_KEPT, position);
		assert_int_equal(gone, position - first > 2 * BH_TRACE_KEPT ? BH_TRACE_KEPT :
				 position - first - BH_TRACE_KEPT);
		for (uint32_t n = gone; n < BH_TRACE_KEPT; n++, accepted++) {
			assert_int_equal(events[n].cause, first + n);
			assert_int_equal(events[n].x0, (first + n) * 0x100000001ull + 4);
			assert_int_equal(events[n].x1, (first + n) * 0x100000001ull + 5);
		}
	}
	assert_in_range(accepted, 1000, 300 * BH_TRACE_KEPT - 1000);
	/* over the end of the numbers */
	assert_int_equal(bh_trace_gone(0xfffffff0, BH_TRACE_KEPT, 0x28), 0);
	assert_int_equal(bh_trace_gone(0xfffffff0, BH_TRACE_KEPT, 0x2a), 2);
	assert_int_equal(bh_trace_gone(0xfffffff0, BH_TRACE_KEPT, 0x1000), BH_TRACE_KEPT);
	assert_int_equal(bh_trace_gone(0, 5, 5), 0);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(events_in_their_order), CORE_TEST(questions_leave_no_event), CORE_TEST(cells_of_a_cpu),
		CORE_TEST(siblings_start_with_an_event), CORE_TEST(hostile_questions), CORE_TEST(modes),
		CORE_TEST(hostile_modes), CORE_TEST(last_ones_without_a_lock),
		CORE_TEST(overwritten_events_are_recognised),
	};

	return cmocka_run_group_tests_name("core_trace", tests, NULL, NULL);
}
