/* SPDX-License-Identifier: BSD-2-Clause */
/* jailhouse cell stats: exits of cells and CPUs by cause. An extension of the jailhouse command. */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "stats.h"

#define DEFAULT_INTERVAL	1.0
#define MIN_INTERVAL		0.1
#define MAX_INTERVAL		3600.0

enum key { KEY_NAME = 0x100, KEY_ONCE, KEY_JSON, KEY_INTERVAL };

struct options {
	int has_cell, once, json;
	struct bh_cell_id cell;
	double interval;	/* 0: not given */
};

static const struct argp_option option_list[] = {
	{ .name = "name", .key = KEY_NAME, .arg = "NAME", .doc = "the cell of that name, also if it looks like an ID" },
	{ .name = "once", .key = KEY_ONCE, .doc = "print totals as a table and end; with --interval also rates over that time" },
	{ .name = "json", .key = KEY_JSON, .doc = "likewise, as one JSON object" },
	{ .name = "interval", .key = KEY_INTERVAL, .arg = "SECONDS", .doc = "between two looks, 0.1 to 3600 (1)" },
	{ .name = NULL, .key = 'h', .flags = OPTION_HIDDEN },
	{ 0 }
};

static void set_cell(struct options *options, struct argp_state *state, char *first, char *second)
{
	char *argv[] = { first, second, NULL };
	const struct args args = { .argc = second ? 2 : 1, .argv = argv };

	if (options->has_cell)
		argp_error(state, "one cell, or none for all of them");
	options->has_cell = 1;
	if (parse_cell(&args, &options->cell) == WRONG_USAGE)
		exit(EXIT_FAILED);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static char by_name[] = "--name";
	struct options *options = state->input;
	char *end;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case KEY_NAME:
		set_cell(options, state, by_name, arg);
		break;
	case KEY_ONCE:
		options->once = 1;
		break;
	case KEY_JSON:
		options->json = 1;
		break;
	case KEY_INTERVAL:
		options->interval = strtod(arg, &end);
		if (end == arg || *end || !(options->interval >= MIN_INTERVAL && options->interval <= MAX_INTERVAL))
			argp_error(state, "--interval %s: give seconds from 0.1 to 3600", arg);
		break;
	case ARGP_KEY_ARG:
		set_cell(options, state, arg, NULL);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	.options = option_list,
	.parser = parse,
	.args_doc = "[ID | [--name] NAME]",
	.doc = "Shows why the CPUs of a cell, or of all cells, come into the hypervisor, and how often: live, or once.\v"
	       "Keys: q or Ctrl-C quit; Tab next cell or all; c next CPU, a all CPUs; v what makes a row; s sort by the next "
	       "column, r the other way round; p pause; arrows, Page Up, Page Down, Home, End scroll.",
};

static void wait_seconds(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * fmod(seconds, 1)) };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int print_once(const struct options *options, const struct designation *designated)
{
	struct sample before = { 0 }, sample = { 0 }, *first = options->interval > 0 ? &before : NULL;
	char error[ERROR_SIZE];
	double start = monotonic_seconds();
	int result = EXIT_FAILED, id = ALL, failed = 0;

	if (first) {
		failed = sample_take(first, error);
		if (!failed)
			wait_seconds(options->interval);
	}
	if (!failed)
		failed = sample_take(&sample, error);
	if (failed) {
		fprintf(stderr, "reading stats: %s\n", error);
	} else if (sample.num_cells == 0) {
		fprintf(stderr, "reading stats: there are no cells: the hypervisor is not enabled\n");
	} else if (options->has_cell && !find_designated(&sample, designated)) {
		fprintf(stderr, "reading stats: there is no such cell; see jailhouse cell list\n");
	} else {
		if (options->has_cell)
			id = (int)find_designated(&sample, designated)->id;
		result = options->json ? print_json(first, &sample, id, monotonic_seconds() - start) :
			 print_text(first, &sample, id);
	}
	if (first)
		sample_free(first);
	sample_free(&sample);
	return result;
}

/* At exit, which argp calls for --help by itself */
static void check_output(void)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("writing output");
		_exit(EXIT_FAILED);
	}
}

int main(int argc, char **argv)
{
	static char presented[] = "jailhouse cell stats";
	struct options options = { 0 };
	struct designation cell;

	setlocale(LC_CTYPE, "");
	if (atexit(check_output)) {
		perror("cell stats");
		return EXIT_FAILED;
	}
	if (argc > 0)
		argv[0] = presented;
	argp_err_exit_status = EXIT_FAILED;
	if (argp_parse(&parser, argc, argv, 0, NULL, &options))
		return EXIT_FAILED;
	cell.id = (unsigned int)options.cell.id;
	cell.name = options.cell.id == BH_CELL_ID_BY_NAME ? options.cell.name : NULL;
	if (options.once || options.json)
		return print_once(&options, &cell);
	return run_screen(options.has_cell ? &cell : NULL, options.interval > 0 ? options.interval : DEFAULT_INTERVAL);
}
