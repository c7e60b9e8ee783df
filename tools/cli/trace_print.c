/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as lines for people, and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "trace.h"

static double seconds(const struct trace *trace, uint64_t ticks, uint64_t since)
{
	return (double)(int64_t)(ticks - since) / trace->ticks_per_second;
}

static int is_wanted(const struct trace_filter *filter, uint32_t number, const struct trace_cpu *cpu)
{
	return cpu->present && (!filter->cpu || filter->cpu_number == number) &&
	       trace_wants_cell(filter, cpu->cell, cpu->name);
}

void trace_text_header(FILE *out, const struct trace *trace)
{
	if (strcmp(trace->mode, "all") == 0)
		fprintf(out, "Mode all: every exit since it was set is recorded\n");
	else
		fprintf(out, "Mode unusual: repeated exits that take a fast path are left out; "
			"--mode all records them\n");
	fprintf(out, "%15s %12s %5s  %-16s %-18s %s\n", "Seconds", "Delta", "CPU", "Cell", "PC", "What");
}

void trace_text(FILE *out, const struct trace *trace, struct trace_clock *clock)
{
	struct trace_words words;
	size_t n;

	for (n = 0; n < trace->count; n++) {
		const struct trace_item *item = &trace->items[n];
		char pc[20] = "-";

		trace_words(&item->event, &words);
		/* of a change of the cell there is none */
		if (BH_TRACE_KIND(item->event.cause) != BH_TRACE_CELL)
			snprintf(pc, sizeof(pc), "0x%" PRIx64, item->event.pc);
		fprintf(out, "%15.6f %12.6f %5u  %-16s %-18s %s\n", seconds(trace, item->event.ticks, clock->zero),
			clock->has_before ? seconds(trace, item->event.ticks, clock->before) : 0.0, item->cpu, item->name, pc,
			words.text);
		clock->before = item->event.ticks;
		clock->has_before = 1;
	}
}

void trace_text_cpus(FILE *out, const struct trace *trace, const struct trace_filter *filter)
{
	uint32_t n;

	fprintf(out, "\n%5s  %-16s %-20s %s\n", "CPU", "Cell", "Last event", "Events");
	for (n = 0; n < trace->num_cpus; n++) {
		const struct trace_cpu *cpu = &trace->cpus[n];
		char last[32] = "none";

		if (!is_wanted(filter, n, cpu))
			continue;
		if (cpu->kept)
			snprintf(last, sizeof(last), "%.6f s ago", seconds(trace, trace->now, cpu->last));
		fprintf(out, "%5u  %-16s %-20s %u, %u kept\n", n, cpu->name, last, cpu->position, cpu->kept);
	}
}

void trace_text_lost(FILE *out, const struct trace *trace, const struct trace_filter *filter)
{
	uint32_t n;

	for (n = 0; n < trace->num_cpus; n++)
		if (trace->cpus[n].lost && is_wanted(filter, n, &trace->cpus[n]))
			fprintf(out, "CPU %u: %u events lost\n", n, trace->cpus[n].lost);
}

static void json_number(FILE *out, const char *key, int64_t value)
{
	if (value < 0)
		fprintf(out, ", \"%s\": null", key);
	else
		fprintf(out, ", \"%s\": %" PRId64, key, value);
}

static void json_access(FILE *out, const struct bh_trace_event *event, const struct trace_words *words)
{
	if (!words->access || words->reg[0]) {
		fprintf(out, ", \"access\": null");
		return;
	}
	fprintf(out, ", \"access\": {\"what\": \"%s\"", words->access);
	json_number(out, "size", words->size);
	if (words->has_address)
		fprintf(out, ", \"address\": \"0x%" PRIx64 "\"}", event->address);
	else
		fprintf(out, ", \"address\": null}");
}

static void json_event(FILE *out, const struct trace *trace, const struct trace_item *item, uint64_t zero)
{
	const struct bh_trace_event *event = &item->event;
	struct trace_words words;

	trace_words(event, &words);
	fprintf(out, "{\"cpu\": %u, \"number\": %u, \"seconds\": %.9f, \"ticks\": \"%" PRIu64 "\", \"cell_id\": %u, \"cell\": ",
		item->cpu, item->number, seconds(trace, event->ticks, zero), event->ticks, item->cell);
	json_string(out, item->name);
	fprintf(out, ", \"kind\": \"%s\", \"cause\": \"0x%" PRIx64 "\", \"text\": ", words.kind, event->cause);
	json_string(out, words.text);
	if (BH_TRACE_KIND(event->cause) == BH_TRACE_CELL)
		fprintf(out, ", \"pc\": null");
	else
		fprintf(out, ", \"pc\": \"0x%" PRIx64 "\"", event->pc);
	json_number(out, "exception_class", words.exception_class);
	json_access(out, event, &words);
	if (words.reg[0])
		fprintf(out, ", \"register\": {\"name\": \"%s\", \"what\": \"%s\"}", words.reg, words.access);
	else
		fprintf(out, ", \"register\": null");
	json_number(out, "hypercall", words.hypercall);
	json_number(out, "function", words.function);
	json_number(out, "interrupt", words.interrupt);
	fputc('}', out);
}

void trace_json(FILE *out, const struct trace *trace, const struct trace_filter *filter, uint64_t zero)
{
	const char *separator = "";
	size_t i;
	uint32_t n;

	fprintf(out, "{\"mode\": \"%s\", \"now\": \"%" PRIu64 "\", \"ticks_per_second\": %u, \"cpus\": [", trace->mode,
		trace->now, trace->ticks_per_second);
	for (n = 0; n < trace->num_cpus; n++) {
		const struct trace_cpu *cpu = &trace->cpus[n];

		if (!is_wanted(filter, n, cpu))
			continue;
		fprintf(out, "%s\n {\"cpu\": %u, \"cell_id\": %u, \"cell\": ", separator, n, cpu->cell);
		json_string(out, cpu->name);
		fprintf(out, ", \"position\": %u, \"kept\": %u, \"last_seconds\": ", cpu->position, cpu->kept);
		if (cpu->kept)
			fprintf(out, "%.9f}", seconds(trace, cpu->last, zero));
		else
			fprintf(out, "null}");
		separator = ",";
	}
	fprintf(out, "],\n \"events\": [");
	for (i = 0; i < trace->count; i++) {
		fprintf(out, "%s\n ", i ? "," : "");
		json_event(out, trace, &trace->items[i], zero);
	}
	fprintf(out, "]}\n");
}

void trace_json_lines(FILE *out, const struct trace *trace, const struct trace_filter *filter, uint64_t zero)
{
	size_t i;
	uint32_t n;

	for (n = 0; n < trace->num_cpus; n++)
		if (trace->cpus[n].lost && is_wanted(filter, n, &trace->cpus[n]))
			fprintf(out, "{\"cpu\": %u, \"lost\": %u}\n", n, trace->cpus[n].lost);
	for (i = 0; i < trace->count; i++) {
		json_event(out, trace, &trace->items[i], zero);
		fputc('\n', out);
	}
}
