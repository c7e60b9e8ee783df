/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of all CPUs, out of sysfs: which cell an event is of, what was lost, and all of them by time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bulkhead/hypercall.h>

#include "cli.h"
#include "trace.h"

#define TRACE_FILE	JAILHOUSE_SYSFS "/trace"
#define MODE_FILE	JAILHOUSE_SYSFS "/trace_mode"
#define MAX_CPUS	4096u
#define NEW_SESSION	(8 * (int32_t)BH_TRACE_SLOTS)	/* positions do not go back so far, but after another enable */

int trace_open(struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	trace->fd = open(TRACE_FILE, O_RDONLY | O_CLOEXEC);
	if (trace->fd < 0)
		print_failed("opening", TRACE_FILE);
	return trace->fd < 0 ? -1 : 0;
}

void trace_close(struct trace *trace)
{
	close(trace->fd);
	free(trace->cpus);
	free(trace->items);
}

static void print_errno(const char *what, const char *file)
{
	switch (errno) {
	case ENOSYS:
		fprintf(stderr, "the hypervisor keeps no trace: it was built without; set CONFIG_TRACE=y (make menuconfig, "
			"Debugging), build it and enable it again\n");
		break;
	case ENODEV:
		fprintf(stderr, "there is no trace: the hypervisor is not enabled: jailhouse enable SYSCONFIG\n");
		break;
	default:
		print_failed(what, file);
	}
}

int trace_set_mode(const char *mode)
{
	size_t length = strlen(mode);
	int fd = open(MODE_FILE, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int failed;

	if (fd < 0) {
		print_failed("opening", MODE_FILE);
		return -1;
	}
	failed = write(fd, mode, length) != (ssize_t)length;
	if (failed)
		print_errno("writing", MODE_FILE);
	close(fd);
	return failed ? -1 : 0;
}

/* 1: there is a record, 0: no CPU has this number or a higher one */
static int read_record(int fd, uint32_t cpu, struct bh_trace *record)
{
	ssize_t got;

	do
		got = pread(fd, record, sizeof(*record), (off_t)cpu * BH_TRACE_RECORD);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return 0;
	if (got < 0) {
		print_errno("reading", TRACE_FILE);
		return -1;
	}
	if (got != sizeof(*record) || record->header.num_events > BH_TRACE_KEPT) {
		fprintf(stderr, "reading %s: not what was expected: driver and tool are of different versions\n", TRACE_FILE);
		return -1;
	}
	return 1;
}

static void take_name(char *to, const void *from)
{
	memcpy(to, from, CFG_NAME_LEN);
	to[CFG_NAME_LEN - 1] = 0;
	make_printable(to);
}

/* Somebody who reads the trace at the same time is no event. */
static int is_of_reader(const struct bh_trace_event *event)
{
	struct trace_words words;

	trace_words(event, &words);
	return words.hypercall == HC_TRACE;
}

/* How many of the record's events are new; those are the last ones. */
static uint32_t count_new(struct trace_cpu *cpu, uint32_t position, uint32_t kept)
{
	int32_t ahead = (int32_t)(position - cpu->next);
	uint32_t fresh = kept;

	cpu->lost = 0;
	if (cpu->present && ahead > -NEW_SESSION) {
		if (ahead <= 0)
			return 0;
		if ((uint32_t)ahead < kept)
			fresh = (uint32_t)ahead;
		cpu->lost = (uint32_t)ahead - fresh;
	}
	cpu->next = position;
	return fresh;
}

/* From the last event back: what comes before a change is of the cell that it names. */
static void take_events(struct trace *trace, uint32_t number, const struct bh_trace *record)
{
	const struct bh_trace_header *header = &record->header;
	struct trace_cpu *cpu = &trace->cpus[number];
	uint32_t fresh = count_new(cpu, header->position, header->num_events), n;
	uint32_t cell = header->cell;
	char name[CFG_NAME_LEN];

	take_name(name, header->name);
	cpu->present = 1;
	cpu->position = header->position;
	cpu->kept = header->num_events;
	cpu->cell = cell;
	memcpy(cpu->name, name, sizeof(name));
	if (cpu->kept)
		cpu->last = record->events[cpu->kept - 1].ticks;
	for (n = 1; n <= fresh; n++) {
		const struct bh_trace_event *event = &record->events[header->num_events - n];
		struct trace_item *item = &trace->items[trace->count];

		if (BH_TRACE_KIND(event->cause) == BH_TRACE_CELL) {
			cell = (uint32_t)event->cause;
			take_name(name, &event->pc);
		}
		if (is_of_reader(event))
			continue;
		item->cpu = number;
		item->number = header->position - n;
		item->event = *event;
		item->cell = cell;
		memcpy(item->name, name, sizeof(name));
		trace->count++;
	}
}

static int by_time(const void *a, const void *b)
{
	const struct trace_item *first = a, *second = b;

	if (first->event.ticks != second->event.ticks)
		return first->event.ticks < second->event.ticks ? -1 : 1;
	if (first->cpu != second->cpu)
		return first->cpu < second->cpu ? -1 : 1;
	return (int32_t)(first->number - second->number) < 0 ? -1 : 1;
}

static int grow(struct trace *trace, uint32_t cpu)
{
	struct trace_item *items;
	struct trace_cpu *cpus;

	if (trace->count + BH_TRACE_KEPT > trace->capacity) {
		trace->capacity = 2 * trace->capacity + BH_TRACE_KEPT;
		items = realloc(trace->items, trace->capacity * sizeof(*items));
		if (!items)
			return -1;
		trace->items = items;
	}
	if (cpu >= trace->num_cpus) {
		cpus = realloc(trace->cpus, (cpu + 1) * sizeof(*cpus));
		if (!cpus)
			return -1;
		trace->cpus = cpus;
		memset(&cpus[trace->num_cpus], 0, (cpu + 1 - trace->num_cpus) * sizeof(*cpus));
		trace->num_cpus = cpu + 1;
	}
	return 0;
}

int trace_look(struct trace *trace)
{
	struct bh_trace record;
	uint32_t cpu;
	int result = 1, is_all = 1;

	trace->count = 0;
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		result = read_record(trace->fd, cpu, &record);
		if (result <= 0)
			break;
		if (!record.header.ticks_per_second)
			continue;
		if (grow(trace, cpu)) {
			perror("trace");
			return -1;
		}
		trace->ticks_per_second = record.header.ticks_per_second;
		trace->now = (uint64_t)record.header.now_high << 32 | record.header.now_low;
		is_all &= record.header.mode == BH_TRACE_ALL;
		take_events(trace, cpu, &record);
	}
	trace->mode = is_all && trace->ticks_per_second ? "all" : "unusual";
	if (result >= 0 && trace->count)
		qsort(trace->items, trace->count, sizeof(*trace->items), by_time);
	return result < 0 ? -1 : 0;
}

int trace_wants_cell(const struct trace_filter *filter, uint32_t cell, const char *name)
{
	char *end;

	if (!filter->cell || strcmp(filter->cell, name) == 0)
		return 1;
	return strtoul(filter->cell, &end, 0) == cell && end != filter->cell && !*end;
}

void trace_select(struct trace *trace, const struct trace_filter *filter)
{
	size_t n, kept = 0;

	for (n = 0; n < trace->count; n++) {
		const struct trace_item *item = &trace->items[n];

		if ((!filter->cpu || item->cpu == filter->cpu_number) && trace_wants_cell(filter, item->cell, item->name))
			trace->items[kept++] = *item;
	}
	if (filter->last && kept > filter->last) {
		memmove(trace->items, &trace->items[kept - filter->last], filter->last * sizeof(*trace->items));
		kept = filter->last;
	}
	trace->count = kept;
}
