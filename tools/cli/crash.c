/* SPDX-License-Identifier: BSD-2-Clause */
/* crash: the record that a hypervisor left when it failed (bulkhead/crash_log.h), as text or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bulkhead/crash_log.h>

#include "cell_console.h"
#include "cli.h"

#define CRASH_LOG	JAILHOUSE_SYSFS "/crash_log"
#define MAX_DUMP	(1024UL * 1024 * 1024)	/* as large as hypervisor memory can be */

static const char *const kinds[] = {
	[BH_TRACE_SYNDROME] = "syndrome",
	[BH_TRACE_IRQ] = "irq",
	[BH_TRACE_FIQ] = "fiq",
	[BH_TRACE_START] = "start",
	[BH_TRACE_CELL] = "cell",
};

/* DDI 0487, ESR_EL2.EC: those that the hypervisor can take from itself */
static const char *class_words(uint64_t esr)
{
	switch (esr >> 26 & 0x3f) {
	case 0x00:
		return "undefined instruction";
	case 0x0e:
		return "illegal execution state";
	case 0x21:
		return "instruction abort";
	case 0x22:
		return "PC alignment";
	case 0x25:
		return esr & 0x40 ? "data abort, write" : "data abort, read";
	case 0x26:
		return "SP alignment";
	case 0x2f:
		return "SError";
	case 0x3c:
		return "BRK instruction";
	default:
		return "other exception";
	}
}

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;
	int bit;

	while (size--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void end_text(char *text, size_t size)
{
	unsigned char *c = (unsigned char *)text;

	text[size - 1] = 0;
	for (; *c; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';
}

/* What can be relied on afterwards: texts end and are printable, counts are inside the arrays. */
static int take_record(const char *path, const struct file_data *file, struct bh_crash_log *log)
{
	if (file->size < sizeof(*log)) {
		fprintf(stderr, "%s: has %zu bytes, a crash log has %zu\n", path, file->size, sizeof(*log));
		return -1;
	}
	memcpy(log, (const char *)file->data + file->size - sizeof(*log), sizeof(*log));
	if (memcmp(log->signature, BH_CRASH_SIGNATURE, sizeof(log->signature)) != 0) {
		fprintf(stderr, "%s: ends in no crash log\n", path);
		return -1;
	}
	if (log->version != BH_CRASH_VERSION) {
		fprintf(stderr, "%s: is a crash log of version %u, this tool reads version %u: use the tool of that hypervisor\n",
			path, log->version, BH_CRASH_VERSION);
		return -1;
	}
	if (log->size != sizeof(*log) ||
	    log->crc != crc32((const uint8_t *)log + BH_CRASH_CRC_FROM, sizeof(*log) - BH_CRASH_CRC_FROM)) {
		fprintf(stderr, "%s: is a damaged crash log\n", path);
		return -1;
	}
	end_text(log->cell_name, sizeof(log->cell_name));
	end_text(log->software, sizeof(log->software));
	end_text(log->reason, sizeof(log->reason));
	if (log->console_size > sizeof(log->console))
		log->console_size = sizeof(log->console);
	if (log->trace_count > BH_CRASH_TRACE_EVENTS)
		log->trace_count = BH_CRASH_TRACE_EVENTS;
	return 0;
}

/* Of events of the kind BH_TRACE_CELL */
static void event_name(const struct bh_trace_event *event, char *name)
{
	memcpy(name, &event->pc, CFG_NAME_LEN);
	end_text(name, CFG_NAME_LEN);
}

/* Of an interrupt the lower half has a meaning only. */
static uint64_t event_address(const struct bh_trace_event *event)
{
	return BH_TRACE_KIND(event->cause) == BH_TRACE_IRQ ? (uint32_t)event->address : event->address;
}

static const char *event_kind(const struct bh_trace_event *event)
{
	uint64_t kind = BH_TRACE_KIND(event->cause);

	return kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind] : "unknown";
}

static void print_seconds(uint64_t ticks, uint64_t ticks_per_second)
{
	uint64_t rate = ticks_per_second ? ticks_per_second : 1;

	printf("%" PRIu64 ".%06u s", ticks / rate, (unsigned int)((double)(ticks % rate) * 1e6 / (double)rate));
}

static void text_event(const struct bh_crash_log *log, const struct bh_trace_event *event)
{
	char name[CFG_NAME_LEN];

	printf("  CPU %-3" PRIu64 " ", event->unused[0]);
	print_seconds(event->ticks, log->ticks_per_second);
	printf("  %-8s ", event_kind(event));
	if (BH_TRACE_KIND(event->cause) == BH_TRACE_CELL) {
		event_name(event, name);
		printf("earlier ones are of cell %u \"%s\"\n", (unsigned int)event->cause, name);
		return;
	}
	printf("0x%-8" PRIx64 " at 0x%" PRIx64 ", address 0x%" PRIx64 ", x0 0x%" PRIx64 ", x1 0x%" PRIx64 "\n",
	       event->cause << 8 >> 8, event->pc, event_address(event), event->x0, event->x1);
}

static void text_registers(const struct bh_crash_log *log)
{
	const struct bh_crash_registers *registers = &log->registers;
	uint32_t n;

	printf("  exception  vector %u, syndrome 0x%" PRIx64 ": class 0x%02x, %s\n", log->vector, registers->esr,
	       (unsigned int)(registers->esr >> 26 & 0x3f), class_words(registers->esr));
	printf("  ELR        0x%" PRIx64 "\n  FAR        0x%" PRIx64 "\n  SP         0x%" PRIx64 "\n  SPSR       0x%" PRIx64 "\n",
	       registers->elr, registers->far, registers->sp, registers->spsr);
	for (n = 0; n < 31; n++) {
		if (n == 6 || n == 7)
			printf("%sx%-3u%16s%s", n % 4 ? " " : "  ", n, "lost", n % 4 == 3 ? "\n" : "");
		else
			printf("%sx%-3u%016" PRIx64 "%s", n % 4 ? " " : "  ", n, registers->x[n], n % 4 == 3 || n == 30 ? "\n" : "");
	}
}

static void text_crash(const struct bh_crash_log *log)
{
	uint32_t n;

	printf("Bulkhead %s failed: %s\n  CPU        %u", log->software, log->reason, log->cpu);
	if (log->cell != BH_CRASH_NO_CELL)
		printf(", of cell %u \"%s\"", log->cell, log->cell_name);
	printf("\n  time       ");
	print_seconds(log->ticks, log->ticks_per_second);
	printf(" of the system counter\n");
	if (log->flags & BH_CRASH_EXCEPTION)
		text_registers(log);
	if (log->console_size) {
		printf("\nLast of its console:\n");
		print_cell_text(log->console, log->console_size, "  ");
	}
	if (log->trace_count)
		printf("\nLast exits of CPUs, the last one of each first:\n");
	for (n = 0; n < log->trace_count; n++)
		text_event(log, &log->trace[n]);
}

static void json_number(const char *key, uint64_t value)
{
	printf(", \"%s\": \"0x%" PRIx64 "\"", key, value);
}

static void json_exception(const struct bh_crash_log *log)
{
	const struct bh_crash_registers *registers = &log->registers;
	uint32_t n;

	printf("{\"vector\": %u, \"exception_class\": %u", log->vector, (unsigned int)(registers->esr >> 26 & 0x3f));
	json_number("syndrome", registers->esr);
	json_number("elr", registers->elr);
	json_number("far", registers->far);
	json_number("sp", registers->sp);
	json_number("spsr", registers->spsr);
	printf(", \"registers\": [");
	for (n = 0; n < 31; n++) {
		if (n == 6 || n == 7)
			printf(", null");
		else
			printf("%s\"0x%" PRIx64 "\"", n ? ", " : "", registers->x[n]);
	}
	printf("]}");
}

static void json_event(const struct bh_trace_event *event)
{
	char name[CFG_NAME_LEN];

	printf("{\"cpu\": %" PRIu64 ", \"later\": %" PRIu64 ", \"kind\": \"%s\"", event->unused[0], event->unused[1],
	       event_kind(event));
	printf(", \"ticks\": \"%" PRIu64 "\"", event->ticks);
	if (BH_TRACE_KIND(event->cause) == BH_TRACE_CELL) {
		event_name(event, name);
		printf(", \"cell_id\": %u, \"cell\": ", (unsigned int)event->cause);
		json_string(stdout, name);
	} else {
		json_number("cause", event->cause);
		json_number("pc", event->pc);
		json_number("address", event_address(event));
		json_number("x0", event->x0);
		json_number("x1", event->x1);
	}
	printf("}");
}

static void json_crash(const struct bh_crash_log *log)
{
	uint32_t n;

	printf("{\"version\": %u, \"software\": ", log->version);
	json_string(stdout, log->software);
	printf(", \"reason\": ");
	json_string(stdout, log->reason);
	printf(", \"cpu\": %u, \"cell_id\": ", log->cpu);
	if (log->cell == BH_CRASH_NO_CELL) {
		printf("null, \"cell\": null");
	} else {
		printf("%u, \"cell\": ", log->cell);
		json_string(stdout, log->cell_name);
	}
	printf(",\n \"ticks\": \"%" PRIu64 "\", \"ticks_per_second\": %" PRIu64 ", \"exception\": ", log->ticks,
	       log->ticks_per_second);
	if (log->flags & BH_CRASH_EXCEPTION)
		json_exception(log);
	else
		printf("null");
	printf(",\n \"console\": ");
	json_bytes(log->console, log->console_size);
	printf(",\n \"trace\": [");
	for (n = 0; n < log->trace_count; n++) {
		printf(n ? ",\n  " : "");
		json_event(&log->trace[n]);
	}
	printf("]}\n");
}

static int show_crash(const char *path, int json)
{
	struct bh_crash_log log;
	struct file_data file;
	int err;

	if (read_file(path ? path : CRASH_LOG, MAX_DUMP, &file))
		return EXIT_FAILED;
	if (!path && !file.size) {
		printf(json ? "null\n" : "The hypervisor has left no crash log\n");
		free(file.data);
		return EXIT_DONE;
	}
	err = take_record(path ? path : CRASH_LOG, &file, &log);
	free(file.data);
	if (!err && json)
		json_crash(&log);
	else if (!err)
		text_crash(&log);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int cmd_crash(const struct args *args)
{
	const char *path = NULL;
	int json = 0, n;

	for (n = 0; n < args->argc; n++) {
		if (strcmp(args->argv[n], "--json") == 0 && !json)
			json = 1;
		else if (args->argv[n][0] == '-')
			return wrong_usage("unknown option: %s", args->argv[n]);
		else if (path)
			return wrong_usage("too many arguments, starting with: %s", args->argv[n]);
		else
			path = args->argv[n];
	}
	return show_crash(path, json);
}
