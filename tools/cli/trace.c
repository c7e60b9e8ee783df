/* SPDX-License-Identifier: BSD-2-Clause */
/* trace: arguments, and one look or many. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "trace.h"

#define BETWEEN_LOOKS	100	/* milliseconds */

enum { OPTION_CPU = 256, OPTION_CELL, OPTION_LAST, OPTION_JSON, OPTION_MODE };

static const struct argp_option option_table[] = {
	{ .name = "cpu", .key = OPTION_CPU, .arg = "N" },
	{ .name = "cell", .key = OPTION_CELL, .arg = "CELL" },
	{ .name = "last", .key = OPTION_LAST, .arg = "N" },
	{ .name = "json", .key = OPTION_JSON },
	{ .name = "follow", .key = 'f' },
	{ .name = "mode", .key = OPTION_MODE, .arg = "MODE" },
	{ .name = NULL },
};

struct options {
	struct trace_filter filter;
	int json, follow;
	const char *mode;	/* to be set; NULL: show */
	int is_wrong;		/* it has been said what is */
};

static int parse_number(const char *option, const char *text, unsigned long min, unsigned long max, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *number >= min && *number <= max)
		return 0;
	wrong_usage("%s %s: give a number from %lu to %lu", option, text, min, max);
	return -1;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	unsigned long number = 0;

	switch (key) {
	case OPTION_CPU:
		options->is_wrong |= parse_number("--cpu", argument, 0, 4095, &number);
		options->filter.cpu = argument;
		options->filter.cpu_number = (uint32_t)number;
		break;
	case OPTION_LAST:
		options->is_wrong |= parse_number("--last", argument, 1, 1000000, &options->filter.last);
		break;
	case OPTION_CELL:
		options->filter.cell = argument;
		break;
	case OPTION_JSON:
		options->json = 1;
		break;
	case 'f':
		options->follow = 1;
		break;
	case OPTION_MODE:
		if (strcmp(argument, "all") != 0 && strcmp(argument, "unusual") != 0)
			options->is_wrong = wrong_usage("--mode %s: give all or unusual", argument);
		options->mode = argument;
		break;
	case ARGP_KEY_ARG:
		options->is_wrong = wrong_usage("trace takes options only, not %s", argument);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return options->is_wrong ? EINVAL : 0;
}

static int parse(const struct args *args, struct options *options)
{
	static const struct argp parser = { .options = option_table, .parser = parse_option };
	error_t error = argp_parse(&parser, args->argc, args->argv, ARGP_PARSE_ARGV0 | ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT,
				   NULL, options);

	if (error && !options->is_wrong)
		wrong_usage("trace knows --cpu N, --cell CELL, --last N, --json, -f, --follow and --mode MODE");
	if (!error && options->mode &&
	    (options->filter.cpu || options->filter.cell || options->filter.last || options->json || options->follow))
		error = wrong_usage("trace --mode takes no other option");
	return error ? WRONG_USAGE : 0;
}

/* The cell may be gone, but what it did is there. */
static int knows_cell(const struct trace *trace, const struct trace_filter *filter)
{
	uint32_t n;

	if (trace->count)
		return 1;
	for (n = 0; n < trace->num_cpus; n++)
		if (trace->cpus[n].present && trace_wants_cell(filter, trace->cpus[n].cell, trace->cpus[n].name))
			return 1;
	fprintf(stderr, "no CPU is or was in a cell \"%s\": see jailhouse cell list\n", filter->cell);
	return 0;
}

static int knows_cpu(const struct trace *trace, const struct trace_filter *filter)
{
	if (filter->cpu_number < trace->num_cpus && trace->cpus[filter->cpu_number].present)
		return 1;
	fprintf(stderr, "the hypervisor has no CPU %s\n", filter->cpu);
	return 0;
}

static void print(const struct trace *trace, const struct options *options, struct trace_clock *clock)
{
	if (options->json && options->follow) {
		trace_json_lines(stdout, trace, &options->filter, clock->zero);
	} else if (options->json) {
		trace_json(stdout, trace, &options->filter, clock->zero);
	} else {
		trace_text_lost(stdout, trace, &options->filter);
		trace_text(stdout, trace, clock);
	}
}

/* Until the hypervisor or the reader of the output is gone */
static int follow(struct trace *trace, struct options *options, struct trace_clock *clock)
{
	const struct timespec pause = { .tv_nsec = BETWEEN_LOOKS * 1000000L };

	options->filter.last = 0;
	while (!fflush(stdout) && !ferror(stdout)) {
		nanosleep(&pause, NULL);
		if (trace_look(trace))
			return EXIT_FAILED;
		trace_select(trace, &options->filter);
		print(trace, options, clock);
	}
	return EXIT_FAILED;
}

static int show(struct trace *trace, struct options *options)
{
	struct trace_clock clock = { 0 };

	if (trace_look(trace))
		return EXIT_FAILED;
	if (options->filter.cpu && !knows_cpu(trace, &options->filter))
		return EXIT_FAILED;
	trace_select(trace, &options->filter);
	if (options->filter.cell && !knows_cell(trace, &options->filter))
		return EXIT_FAILED;
	clock.zero = trace->now;
	if (!options->json)
		trace_text_header(stdout, trace);
	print(trace, options, &clock);
	if (options->follow)
		return follow(trace, options, &clock);
	if (!options->json)
		trace_text_cpus(stdout, trace, &options->filter);
	return EXIT_DONE;
}

int cmd_trace(const struct args *args)
{
	struct options options = { .json = 0 };
	struct trace trace;
	int result;

	if (parse(args, &options))
		return WRONG_USAGE;
	if (options.mode)
		return trace_set_mode(options.mode) ? EXIT_FAILED : EXIT_DONE;
	if (trace_open(&trace))
		return EXIT_FAILED;
	result = show(&trace, &options);
	trace_close(&trace);
	return result;
}
