/* SPDX-License-Identifier: BSD-2-Clause */
/* The record that a panic leaves, what the next start makes of it, and of whatever else may stand there. */
#include "bulkhead/crash_log.h"
#include "console.h"
#include "core_fixture.h"
#include "crash_log.h"
#include "crc32.h"
#include "trace.h"

#define PLACE	(HOST_HV_BASE + HOST_HV_SIZE - PAGE_SIZE)

static struct test_config alpha;
static struct bh_crash_log log_page;

static struct bh_crash_log *place(void)
{
	return host_boot.crash_log;
}

/* Independent of the code under test but for the polynomial */
static uint32_t crc_of(const struct bh_crash_log *log)
{
	return ~crc32_update(CRC32_START, (const uint8_t *)log + 24, 4096 - 24);
}

static bool is_good(const void *page)
{
	const struct bh_crash_log *log = page;

	return !memcmp(log->signature, "BHCRASH", 8) && log->version == 1 && log->size == 4096 && log->crc == crc_of(log);
}

static int64_t panic_job(uint64_t number, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	panic("number %u", (uint32_t)number);
}

static int64_t panic_at_job(uint64_t vector, uint64_t arg2, uint64_t arg3)
{
	struct bh_crash_registers registers = { .esr = 1, .elr = 2, .far = 3, .sp = 4, .spsr = 5 };

	(void)arg2;
	(void)arg3;
	for (uint32_t n = 0; n < 31; n++)
		registers.x[n] = 100 + n;
	panic_at(&registers, (uint32_t)vector, "exception %u", (uint32_t)vector);
}

static const struct bh_crash_log *written(void)
{
	assert_true(is_good(place()));
	/* and written back as it is */
	assert_memory_equal(host_crash_page, place(), PAGE_SIZE);
	return place();
}

static void panic_leaves_a_record(void)
{
	const struct bh_crash_log *log;
	uint64_t before;

	core_start();
	core_make_cell(&alpha, "alpha", 7, 1, RAM_LOW);
	core_created(&alpha);
	core_started(7);
	console_printf("last words\n");
	before = arch_ticks();
	host_run(1, panic_job, 42, 0, 0);
	assert_true(host_has_halted(1));
	log = written();
	assert_string_equal(log->reason, "number 42");
	assert_string_equal(log->cell_name, "alpha");
	assert_string_equal(log->software, "test");
	assert_int_equal(log->cpu, 1);
	assert_int_equal(log->cell, 7);
	assert_int_equal(log->flags, 0);
	assert_int_equal(log->reported, 0);
	assert_int_equal(log->ticks_per_second, arch_ticks_per_second());
	assert_true(log->ticks >= before && log->ticks <= arch_ticks());
	assert_true(log->console_size > 11 && log->console_size <= sizeof(log->console));
	assert_memory_equal(log->console + log->console_size - 11, "last words\n", 11);
}

static void exception_leaves_its_registers(void)
{
	const struct bh_crash_log *log;

	core_start();
	host_run(2, panic_at_job, 4, 0, 0);
	log = written();
	assert_string_equal(log->reason, "exception 4");
	assert_int_equal(log->flags, BH_CRASH_EXCEPTION);
	assert_int_equal(log->vector, 4);
	assert_int_equal(log->cell, 0);
	assert_int_equal(log->registers.esr, 1);
	assert_int_equal(log->registers.elr, 2);
	assert_int_equal(log->registers.far, 3);
	assert_int_equal(log->registers.sp, 4);
	assert_int_equal(log->registers.spsr, 5);
	for (uint32_t n = 0; n < 31; n++)
		assert_int_equal(log->registers.x[n], 100 + n);
}

static void first_one_wins(void)
{
	core_start();
	host_run(1, panic_job, 1, 0, 0);
	memcpy(&log_page, place(), sizeof(log_page));
	host_run(2, panic_at_job, 2, 0, 0);
	assert_true(host_has_halted(1) && host_has_halted(2));
	assert_memory_equal(written(), &log_page, sizeof(log_page));
	assert_string_equal(log_page.reason, "number 1");
}

/* The same CPU fails while it writes: what it has by then is made good. Another one changes nothing. */
static int64_t write_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg2;
	(void)arg3;
	crash_log_write(NULL, 0, arg1 ? "two" : "one");
	return 0;
}

static void panic_in_a_panic(void)
{
	core_start();
	host_run(1, write_job, 0, 0, 0);
	place()->console[0] ^= 1;
	assert_false(is_good(place()));
	host_run(2, write_job, 1, 0, 0);
	assert_false(is_good(place()));
	host_run(1, write_job, 1, 0, 0);
	assert_string_equal(written()->reason, "one");
	host_stop();
}

/* Not more than twice, or an error in the panic itself would never end. */
static void panics_of_a_cpu_end(void)
{
	core_start();
	core_cpu(1)->dead = 1;
	host_uart_text();
	host_run(1, panic_job, 1, 0, 0);
	assert_string_equal(host_uart_text(), "PANIC on CPU 1: number 1\r\n");
	core_cpu(2)->dead = 2;
	host_run(2, panic_job, 2, 0, 0);
	assert_string_equal(host_uart_text(), "");
	assert_true(host_has_halted(1) && host_has_halted(2));
}

/* All CPUs' last events first; those that fit. */
static void traces_are_copied(void)
{
	const struct bh_crash_log *log;

	core_start();
	/* CPU 2 has only two */
	for (uint32_t cpu = 0; cpu < 4; cpu++)
		for (uint32_t n = 0; n < (cpu == 2 ? 2 : 100); n++)
			trace_starts(core_cpu(cpu), 1000 * cpu + n, 0);
	host_run(1, panic_job, 1, 0, 0);
	log = written();
	assert_int_equal(log->trace_count, BH_CRASH_TRACE_EVENTS);
	for (uint32_t n = 0, cpu = 0, later = 0; n < BH_CRASH_TRACE_EVENTS; n++) {
		assert_int_equal(log->trace[n].unused[0], cpu);
		assert_int_equal(log->trace[n].unused[1], later);
		assert_int_equal(log->trace[n].pc, 1000 * cpu + (cpu == 2 ? 2 : 100) - 1 - later);
		cpu++;
		cpu += cpu == 2 && later >= 2;
		later += cpu / 4;
		cpu %= 4;
	}
}

static void no_ring_no_text(void)
{
	core_system.header.flags = 0;
	core_start();
	host_run(0, panic_job, 1, 0, 0);
	assert_int_equal(written()->console_size, 0);
}

static void reasons_are_cut(void)
{
	const char *text;

	core_start();
	host_run(1, write_job, 0, 0, 0);
	host_stop();
	memset(place()->reason, 'x', sizeof(place()->reason));
	memset(place()->cell_name, '\x1b', sizeof(place()->cell_name));
	place()->crc = crc_of(place());
	host_uart_text();
	crash_log_init(place());
	text = host_uart_text();
	/* one line of printable characters, as long as messages can be */
	assert_int_equal(strncmp(text, "The run before ended in a panic on CPU 1, of cell \"???????????????????????????????\": xxx", 88), 0);
	assert_in_range(strlen(text), 100, CONSOLE_LINE + 1);
	assert_string_equal(text + strlen(text) - 3, "x\r\n");
	for (; *text; text++)
		assert_true((*text >= ' ' && *text <= '~') || *text == '\r' || *text == '\n');
}

/* The next start */
static void told_once(void)
{
	core_start();
	core_make_cell(&alpha, "alpha", 7, 1, RAM_LOW);
	core_created(&alpha);
	core_started(7);
	host_run(1, panic_job, 42, 0, 0);
	host_uart_text();
	crash_log_init(place());
	assert_string_equal(host_uart_text(), "The run before ended in a panic on CPU 1, of cell \"alpha\": number 42\r\n");
	/* the root cell can still read it */
	assert_int_equal(written()->reported, 1);
	assert_string_equal(written()->reason, "number 42");
	crash_log_init(place());
	assert_string_equal(host_uart_text(), "");
	for (uint32_t n = 0; n < PAGE_SIZE; n++)
		assert_int_equal(((const uint8_t *)place())[n] | host_crash_page[n], 0);
}

static void wiped(const char *what, uint32_t n)
{
	crash_log_init(place());
	if (*host_uart_text())
		fail_msg("%s %u was believed", what, n);
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((const uint8_t *)place())[i] | host_crash_page[i], 0);
}

static void garbage_is_wiped(void)
{
	core_start();
	host_run(1, panic_job, 42, 0, 0);
	memcpy(&log_page, place(), sizeof(log_page));
	host_uart_text();
	for (uint32_t n = 0; n < sizeof(log_page); n++) {
		if (n >= offsetof(struct bh_crash_log, reported) && n < offsetof(struct bh_crash_log, cpu))
			continue;
		memcpy(place(), &log_page, sizeof(log_page));
		((uint8_t *)place())[n] ^= 1u << n % 8;
		wiped("changed byte", n);
	}
	for (uint32_t n = 0; n < 256; n++) {
		memset(place(), (int)n, sizeof(log_page));
		wiped("pattern", n);
	}
	/* of another version, or size, but whole */
	memcpy(place(), &log_page, sizeof(log_page));
	place()->version = 2;
	place()->crc = crc_of(place());
	wiped("version", 2);
	memcpy(place(), &log_page, sizeof(log_page));
	place()->size = 4095;
	place()->crc = crc_of(place());
	wiped("size", 4095);
}

/* The page is not the pool's, and the root cell's to read: not to write. */
static void place_is_the_last_page(void)
{
	uint64_t phys, flags;

	core_start();
	assert_int_equal(virt_to_host(place()).value, PLACE);
	assert_true((uint8_t *)host_boot.memory + (host_boot.pool_page + host_boot.pool_pages) * PAGE_SIZE <= (uint8_t *)place());
	assert_true(host_translate(&root_cell, PLACE, &phys, &flags));
	assert_int_equal(phys, PLACE);
	assert_false(flags & CFG_MEM_WRITE);
	assert_true(host_translate(&root_cell, PLACE - PAGE_SIZE, &phys, &flags));
	assert_int_not_equal(phys, PLACE - PAGE_SIZE);
	host_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CORE_TEST(panic_leaves_a_record), CORE_TEST(exception_leaves_its_registers), CORE_TEST(first_one_wins),
		CORE_TEST(panic_in_a_panic), CORE_TEST(panics_of_a_cpu_end), CORE_TEST(traces_are_copied),
		CORE_TEST(no_ring_no_text),
		CORE_TEST(reasons_are_cut), CORE_TEST(told_once), CORE_TEST(garbage_is_wiped),
		CORE_TEST(place_is_the_last_page),
	};

	return cmocka_run_group_tests_name("core_crash_log", tests, NULL, NULL);
}
