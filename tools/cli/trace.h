/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of the trace: trace_read.c puts them together, trace_words.c finds words, trace_print.c prints, trace.c is the command. */
#ifndef JAILHOUSE_TRACE_H
#define JAILHOUSE_TRACE_H

#include <stddef.h>
#include <stdio.h>
#include <bulkhead/trace.h>

struct trace_item {
	uint32_t cpu, number;
	struct bh_trace_event event;
	uint32_t cell;			/* which had the CPU then */
	char name[CFG_NAME_LEN];
};

struct trace_cpu {
	int present;
	uint32_t position, kept;	/* number of its next event; how many before it there are */
	uint32_t next;			/* the first one that has not been taken */
	uint32_t lost;			/* between what was taken before and what was kept; by the last look */
	uint32_t cell;
	char name[CFG_NAME_LEN];
	uint64_t last;			/* ticks of its last event, if kept is not 0 */
};

struct trace {
	int fd;
	struct trace_cpu *cpus;		/* by number */
	uint32_t num_cpus;
	struct trace_item *items;	/* of the last look, by time */
	size_t count, capacity;
	uint64_t now;			/* ticks */
	uint32_t ticks_per_second;
	const char *mode;		/* "all" if it is that of every CPU, or "unusual" */
};

/* Everything, if cpu and cell are NULL; both as the user said them */
struct trace_filter {
	const char *cpu, *cell;
	uint32_t cpu_number;
	unsigned long last;		/* the last ones only; 0: all */
};

#define TRACE_TEXT	256

/* What an event says; members that do not apply are NULL or negative */
struct trace_words {
	const char *kind;
	int exception_class;
	const char *access;		/* "read", "write", "fetch", "cache maintenance", "table walk" */
	int size;			/* bytes of the access */
	int has_address;		/* the event's address is that of the access; virtual */
	int64_t hypercall, function;	/* code; SMC function */
	int64_t interrupt;		/* INTID */
	char reg[24];			/* system register, or "" */
	char text[TRACE_TEXT];
};

/* They print their error and return -1. A look takes what is new since the one before. */
int trace_open(struct trace *trace);
int trace_look(struct trace *trace);
void trace_close(struct trace *trace);
int trace_set_mode(const char *mode);

/* Drops what is not wanted, by filter.last the oldest ones of all. */
void trace_select(struct trace *trace, const struct trace_filter *filter);
int trace_wants_cell(const struct trace_filter *filter, uint32_t cell, const char *name);

void trace_words(const struct bh_trace_event *event, struct trace_words *words);

/* Times are relative to the first look. */
struct trace_clock {
	uint64_t zero, before;		/* ticks; of the event printed before */
	int has_before;
};

void trace_text_header(FILE *out, const struct trace *trace);
void trace_text(FILE *out, const struct trace *trace, struct trace_clock *clock);
void trace_text_cpus(FILE *out, const struct trace *trace, const struct trace_filter *filter);
void trace_text_lost(FILE *out, const struct trace *trace, const struct trace_filter *filter);
void trace_json(FILE *out, const struct trace *trace, const struct trace_filter *filter, uint64_t zero);
void trace_json_lines(FILE *out, const struct trace *trace, const struct trace_filter *filter, uint64_t zero);

#endif
