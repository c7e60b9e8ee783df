/* SPDX-License-Identifier: BSD-2-Clause */
/* Command words, usage text, dispatch. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct command {
	const char *word[2];			/* the second one may be NULL */
	const char *synopsis;
	int (*run)(const struct args *args);	/* NULL: an extension */
};

#define CELL "{ ID | [--name] NAME }"

static const struct command commands[] = {
	{ .word = { "enable" }, .synopsis = "SYSCONFIG", .run = cmd_enable },
	{ .word = { "disable" }, .synopsis = "", .run = cmd_disable },
	{ .word = { "console" }, .synopsis = "[-f | --follow]", .run = cmd_console },
	{ .word = { "trace" }, .synopsis = "{ [--cpu N] [--cell { ID | NAME }] [--last N] [--json] [-f | --follow] |"
	  " --mode { all | unusual } }", .run = cmd_trace },
	{ .word = { "crash" }, .synopsis = "[FILE] [--json]", .run = cmd_crash },
	{ .word = { "cell", "create" }, .synopsis = "CELLCONFIG", .run = cmd_cell_create },
	{ .word = { "cell", "list" }, .synopsis = "", .run = cmd_cell_list },
	{ .word = { "cell", "show" }, .synopsis = CELL " [--json]", .run = cmd_cell_show },
	{ .word = { "cell", "console" }, .synopsis = CELL " [--json]", .run = cmd_cell_console },
	{ .word = { "cell", "load" }, .synopsis = CELL " { IMAGE | { -s | --string } STRING }"
	  " [{ -a | --address } ADDRESS] ...", .run = cmd_cell_load },
	{ .word = { "cell", "start" }, .synopsis = CELL, .run = cmd_cell_start },
	{ .word = { "cell", "shutdown" }, .synopsis = CELL, .run = cmd_cell_shutdown },
	{ .word = { "cell", "destroy" }, .synopsis = CELL, .run = cmd_cell_destroy },
	{ .word = { "cell", "linux" }, .synopsis = "CELLCONFIG KERNEL [OPTION ...]" },
	{ .word = { "cell", "stats" }, .synopsis = "[" CELL "] [--once | --json] [--interval SECONDS]" },
	{ .word = { "link", "list" }, .synopsis = "[--json]", .run = cmd_link_list },
	{ .word = { "link", "show" }, .synopsis = "[BUS:]DEVICE[.FUNCTION] [--json]", .run = cmd_link_show },
	{ .word = { "link", "check" }, .synopsis = "[[BUS:]DEVICE[.FUNCTION]] [--wait MILLISECONDS] [--json]",
	  .run = cmd_link_check },
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

static void print_usage(const char *argv0)
{
	const struct command *command;

	printf("Usage: %s { COMMAND | --help | --version }\n\nCommands:\n", base_name(argv0));
	for (command = commands; command < commands + NUM_COMMANDS; command++)
		printf("   %s%s%s%s%s\n", command->word[0], command->word[1] ? " " : "",
		       command->word[1] ? command->word[1] : "", *command->synopsis ? " " : "",
		       command->synopsis);
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
		if (command->run)
			return command->run(&args);
		return run_extension(argv[0], command->word[0], command->word[1], &args);
	}
	if (argc < 2)
		return wrong_usage("no command given");
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
