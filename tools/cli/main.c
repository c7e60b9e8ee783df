/* SPDX-License-Identifier: BSD-2-Clause */
/* Command words, usage text, dispatch. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct command {
	const char *word[2];			/* the second one may be NULL */
	const char *synopsis;
	int (*run)(const struct args *args);	/* NULL: an extension, which has a help of its own */
	const char *help;
};

#define CELL "{ ID | [--name] NAME }"

static const struct command commands[] = {
	{ .word = { "enable" }, .synopsis = "SYSCONFIG", .run = cmd_enable,
	  .help = "Starts the hypervisor with a system configuration." },
	{ .word = { "disable" }, .synopsis = "", .run = cmd_disable,
	  .help = "Destroys all cells but the root cell and stops the hypervisor." },
	{ .word = { "console" }, .synopsis = "[-f | --follow]", .run = cmd_console,
	  .help = "Prints the virtual console of the hypervisor.\n\n"
		"   -f, --follow  wait for more, until interrupted" },
	{ .word = { "trace" }, .synopsis = "{ [--cpu N] [--cell { ID | NAME }] [--last N] [--json] [-f | --follow] |"
	  " --mode { all | unusual } }", .run = cmd_trace,
	  .help = "Shows what the CPUs were in the hypervisor for last.\n\n"
		"   --cpu N       of this CPU only\n"
		"   --cell CELL   of this cell only, which may be gone\n"
		"   --last N      the last N events\n"
		"   --json        as JSON; with --follow one object in each line\n"
		"   -f, --follow  then each new event, until interrupted\n"
		"   --mode MODE   from now on record all exits, or unusual ones only" },
	{ .word = { "crash" }, .synopsis = "[FILE] [--json]", .run = cmd_crash,
	  .help = "Shows why the hypervisor failed: its own record, or one in a copy of that memory, FILE.\n\n"
		"   --json  as JSON" },
	{ .word = { "cell", "create" }, .synopsis = "CELLCONFIG", .run = cmd_cell_create,
	  .help = "Creates a cell from its configuration." },
	{ .word = { "cell", "list" }, .synopsis = "", .run = cmd_cell_list,
	  .help = "Lists the cells, their states and CPUs." },
	{ .word = { "cell", "show" }, .synopsis = CELL " [--json]", .run = cmd_cell_show,
	  .help = "Shows the state of a cell, its counters, and what stopped it.\n\n"
		"   --json  as JSON" },
	{ .word = { "cell", "console" }, .synopsis = CELL " [--json]", .run = cmd_cell_console,
	  .help = "Prints what a cell has written to its virtual console.\n\n"
		"   --json  as JSON" },
	{ .word = { "cell", "load" }, .synopsis = CELL " { IMAGE | { -s | --string } STRING }"
	  " [{ -a | --address } ADDRESS] ...", .run = cmd_cell_load,
	  .help = "Stops a cell if it runs, and copies images into its memory.\n\n"
		"   -s, --string STRING    an image that is this text, with a zero at its end\n"
		"   -a, --address ADDRESS  where the image before goes to, as the cell sees it (0)" },
	{ .word = { "cell", "start" }, .synopsis = CELL, .run = cmd_cell_start,
	  .help = "Starts a cell whose images are loaded." },
	{ .word = { "cell", "shutdown" }, .synopsis = CELL, .run = cmd_cell_shutdown,
	  .help = "Stops a cell." },
	{ .word = { "cell", "destroy" }, .synopsis = CELL, .run = cmd_cell_destroy,
	  .help = "Destroys a cell; its CPUs and memory go back to the root cell." },
	{ .word = { "cell", "linux" }, .synopsis = "CELLCONFIG KERNEL [OPTION ...]" },
	{ .word = { "cell", "stats" }, .synopsis = "[" CELL "] [--once | --json] [--interval SECONDS]" },
	{ .word = { "link", "list" }, .synopsis = "[--json]", .run = cmd_link_list,
	  .help = "Lists the links between cells, and their peers.\n\n"
		"   --json  as JSON" },
	{ .word = { "link", "show" }, .synopsis = "[BUS:]DEVICE[.FUNCTION] [--json]", .run = cmd_link_show,
	  .help = "Shows the peers of a link and their counters.\n\n"
		"   --json  as JSON" },
	{ .word = { "link", "check" }, .synopsis = "[[BUS:]DEVICE[.FUNCTION]] [--wait MILLISECONDS] [--json]",
	  .run = cmd_link_check,
	  .help = "Says what is wrong with a link, or with all: exit code 1 if something is.\n\n"
		"   --wait MILLISECONDS  how long to look on\n"
		"   --json               as JSON" },
	{ .word = { "config", "create" }, .synopsis = "{ -o | --output } DIR [OPTION ...]" },
	{ .word = { "config", "collect" }, .synopsis = "FILE.TAR" },
	{ .word = { "config", "check" }, .synopsis = "SYSCONFIG [CELLCONFIG ...]" },
	{ .word = { "config", "build" }, .synopsis = "SYSTEM.yaml { -o | --output } DIR" },
	{ .word = { "config", "diagram" }, .synopsis = "SYSTEM.yaml [{ -o | --output } FILE]" },
	{ .word = { "config", "explain" }, .synopsis = "SYSTEM.yaml [--json]" },
	{ .word = { "config", "import" }, .synopsis = "SYSCONFIG [CELLCONFIG ...] [{ -o | --output } SYSTEM.yaml]" },
	{ .word = { "config", "show" }, .synopsis = "FILE [--json]" },
	{ .word = { "hardware", "check" }, .synopsis = "" },
};

#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_synopsis(const char *before, const struct command *command)
{
	printf("%s %s%s%s%s%s\n", before, command->word[0], command->word[1] ? " " : "",
	       command->word[1] ? command->word[1] : "", *command->synopsis ? " " : "", command->synopsis);
}

static void print_usage(const char *argv0)
{
	const struct command *command;

	printf("Usage: %s { COMMAND | --help | --version }\n\nCommands:\n", base_name(argv0));
	for (command = commands; command < commands + NUM_COMMANDS; command++)
		print_synopsis("  ", command);
}

static int is_help(const struct args *args)
{
	return args->argc == 1 && strcmp(args->argv[0], "--help") == 0;
}

/* Of all commands with this first word; 0 if there is none */
static int print_group(const char *argv0, const char *word)
{
	const struct command *command;
	int found = 0;

	for (command = commands; command < commands + NUM_COMMANDS; command++) {
		if (!command->word[1] || strcmp(word, command->word[0]) != 0)
			continue;
		if (!found++)
			printf("Usage: %s %s { COMMAND | --help }\n\nCommands:\n", base_name(argv0), word);
		print_synopsis("  ", command);
	}
	return found;
}

static int words_match(const struct command *command, int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], command->word[0]) != 0)
		return 0;
	return !command->word[1] || (argc > 2 && strcmp(argv[2], command->word[1]) == 0);
}

static int run_command(int argc, char **argv)
{
	const struct command *command;
	struct args args;
	int words;

	for (command = commands; command < commands + NUM_COMMANDS; command++) {
		if (!words_match(command, argc, argv))
			continue;
		words = command->word[1] ? 3 : 2;
		args.argc = argc - words;
		args.argv = argv + words;
		if (command->run && is_help(&args)) {
			printf("Usage: %s", base_name(argv[0]));
			print_synopsis("", command);
			printf("\n%s\n", command->help);
			return EXIT_DONE;
		}
		if (command->run)
			return command->run(&args);
		return run_extension(argv[0], command->word[0], command->word[1], &args);
	}
	if (argc < 2)
		return wrong_usage("no command given");
	if (argc == 3 && strcmp(argv[2], "--help") == 0 && print_group(argv[0], argv[1]))
		return EXIT_DONE;
	return wrong_usage("unknown command: %s%s%s", argv[1], argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
}

int main(int argc, char **argv)
{
	int result = EXIT_DONE;

	if (argc < 1)		/* execve() allows it */
		return EXIT_FAILED;
	setlocale(LC_ALL, "");
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		print_usage(argv[0]);
	else if (argc == 2 && strcmp(argv[1], "--version") == 0)
		printf("Jailhouse management tool %s\n", JAILHOUSE_VERSION);
	else
		result = run_command(argc, argv);

	if (result < 0) {
		print_usage(argv[0]);
		result = -result;
	}
	if (fflush(stdout) || ferror(stdout)) {
		perror("writing output");
		result = EXIT_FAILED;
	}
	return result;
}
