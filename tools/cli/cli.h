/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jailhouse command line tool. Every function that can fail prints its one line on stderr itself;
 * callers only pass the exit code on.
 */
#ifndef JAILHOUSE_CLI_H
#define JAILHOUSE_CLI_H

#include <stddef.h>
#include <stdio.h>
#include <bulkhead/management.h>

/* The test build sets its own on the compiler command line; the product takes neither from outside. */
#ifndef JAILHOUSE_DEVICE
#define JAILHOUSE_DEVICE	BH_DEVICE_NODE
#endif
#ifndef JAILHOUSE_SYSFS
#define JAILHOUSE_SYSFS		BH_SYSFS_ROOT
#endif
#ifndef JAILHOUSE_PCI
#define JAILHOUSE_PCI		"/sys/bus/pci/devices"
#endif
#ifndef JAILHOUSE_LIBEXECDIR
#define JAILHOUSE_LIBEXECDIR	"/usr/local/libexec"
#endif

/* Exit codes; negative ones never leave the tool: main() turns them into the usage text and the positive one. */
#define EXIT_DONE	0
#define EXIT_FAILED	1
#define WRONG_USAGE	(-1)

#define MAX_CONFIG_FILE	(1024UL * 1024)
#define MAX_IMAGE_FILE	(4096UL * 1024 * 1024)

/* Arguments behind the command words, argv[argc] is NULL. */
struct args {
	int argc;
	char **argv;
};

struct file_data {
	void *data;
	size_t size;
};

struct request {
	const char *name;	/* as printed when it fails */
	unsigned long number;
};

/* support.c */
/* "<what> <object>: <strerror(errno)>", and why, if that is because there is no driver, or nothing enabled */
void print_failed(const char *what, const char *object);
int wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
int read_file(const char *path, size_t limit, struct file_data *file);
int read_fd(int fd, size_t limit, struct file_data *file);
int open_device(int flags);
int device_request(const struct request *request, void *argument);
void print_refused(int fd, const struct request *request, int error);	/* after the ioctl, with its errno */
void make_printable(char *text);
void json_string(FILE *out, const char *text);	/* quoted, ASCII */
void json_string_or_null(FILE *out, const char *text);

/* One function per built-in command */
int cmd_enable(const struct args *args);
int cmd_disable(const struct args *args);
int cmd_console(const struct args *args);
int cmd_crash(const struct args *args);
int cmd_cell_create(const struct args *args);
int cmd_cell_list(const struct args *args);
int cmd_cell_show(const struct args *args);
int cmd_cell_console(const struct args *args);
int cmd_cell_load(const struct args *args);
int cmd_cell_start(const struct args *args);
int cmd_cell_shutdown(const struct args *args);
int cmd_cell_destroy(const struct args *args);
int cmd_link_list(const struct args *args);
int cmd_link_show(const struct args *args);
int cmd_trace(const struct args *args);
int cmd_link_check(const struct args *args);

/* cell.c: { ID | [--name] NAME }; how many arguments that took, or WRONG_USAGE */
int parse_cell(const struct args *args, struct bh_cell_id *cell);

/*
 * cell_show.c: { ID | [--name] NAME } and --json before or behind it, nothing else; the ID is found. EXIT_DONE, WRONG_USAGE or
 * EXIT_FAILED after a message
 */
int parse_cell_json(const struct args *args, struct bh_cell_id *cell, int *json);

/* cell_show.c: directory of a cell, and its path; -1 without a message */
#define CELL_PATH_SIZE	(sizeof(JAILHOUSE_SYSFS "/cells") + 32)
int open_cell(uint32_t id, char *path);

/* cell_list.c: first line of an attribute of a cell, by its directory; to be freed, NULL after a message */
char *read_attribute(int cell, const char *id, const char *attribute);

/* cell_list.c: to be freed; NULL if there is no such cell, or after a message */
char *cell_name(uint32_t id);

/* extension.c: does not return when the helper could be executed */
int run_extension(const char *argv0, const char *command, const char *subcommand, const struct args *args);

#endif
