/* SPDX-License-Identifier: BSD-2-Clause */
/* What sysfs knows about cells: cell list, and their names for others. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define CELLS		JAILHOUSE_SYSFS "/cells"
#define SYSFS_PAGE	4096UL

enum column { COL_NAME, COL_STATE, COL_CPUS, COL_FAILED, NUM_COLUMNS };

static const char *const column_file[NUM_COLUMNS] = {
	[COL_NAME] = "name",
	[COL_STATE] = "state",
	[COL_CPUS] = "cpus_assigned_list",
	[COL_FAILED] = "cpus_failed_list",
};

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* First line of an attribute. The driver delivers at least a newline, so nothing at all is an error. */
char *read_attribute(int cell, const char *id, const char *attribute)
{
	struct file_data file;
	int fd, err;

	fd = openat(cell, attribute, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "opening %s/%s/%s: %s\n", CELLS, id, attribute, strerror(errno));
		return NULL;
	}
	err = read_fd(fd, SYSFS_PAGE, &file);
	if (err)
		fprintf(stderr, "reading %s/%s/%s: %s\n", CELLS, id, attribute, strerror(errno));
	close(fd);
	if (err)
		return NULL;
	if (file.size == 0) {
		fprintf(stderr, "reading %s/%s/%s: the file is empty\n", CELLS, id, attribute);
		free(file.data);
		return NULL;
	}
	*strchrnul(file.data, '\n') = 0;
	make_printable(file.data);
	return file.data;
}

char *cell_name(uint32_t id)
{
	char path[sizeof(CELLS) + 12], *name = NULL;
	int cell;

	snprintf(path, sizeof(path), "%s/%u", CELLS, id);
	cell = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cell >= 0) {
		name = read_attribute(cell, strrchr(path, '/') + 1, column_file[COL_NAME]);
		close(cell);
	}
	return name;
}

static int print_row(int cell, const char *id, int number)
{
	char *value[NUM_COLUMNS] = { NULL };
	int column, result = EXIT_FAILED;

	for (column = 0; column < NUM_COLUMNS; column++) {
		value[column] = read_attribute(cell, id, column_file[column]);
		if (!value[column])
			break;
	}
	if (column == NUM_COLUMNS) {
		printf("%-8d%-24.31s%-18s%-24s%-24s\n", number, value[COL_NAME], value[COL_STATE],
		       value[COL_CPUS], value[COL_FAILED]);
		result = EXIT_DONE;
	}
	for (column = 0; column < NUM_COLUMNS; column++)
		free(value[column]);
	return result;
}

static int print_cell(int cells, const char *id)
{
	long number;
	char *end;
	int cell, result;

	errno = 0;
	number = strtol(id, &end, 10);
	if (errno || end == id || *end || number < 0 || number > INT_MAX) {
		fprintf(stderr, "%s/%s: not a cell ID\n", CELLS, id);
		return EXIT_FAILED;
	}
	cell = openat(cells, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cell < 0) {
		if (errno == ENOENT)	/* destroyed since the directory was read */
			return EXIT_DONE;
		fprintf(stderr, "opening %s/%s: %s\n", CELLS, id, strerror(errno));
		return EXIT_FAILED;
	}
	result = print_row(cell, id, (int)number);
	close(cell);
	return result;
}

/* A cell that cannot be read costs its line and the exit code, not the other lines. */
int cmd_cell_list(const struct args *args)
{
	struct dirent **entries;
	int cells, count, n, result = EXIT_DONE;

	if (args->argc != 0)
		return wrong_usage("cell list takes no argument");
	cells = open(CELLS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cells < 0) {
		if (errno == ENOENT)
			return EXIT_DONE;
		print_failed("opening", CELLS);
		return EXIT_FAILED;
	}
	count = scandirat(cells, ".", &entries, not_hidden, alphasort);
	if (count < 0) {
		print_failed("reading", CELLS);
		close(cells);
		return EXIT_FAILED;
	}
	if (count > 0)
		printf("%-8s%-24s%-18s%-24s%-24s\n", "ID", "Name", "State", "Assigned CPUs", "Failed CPUs");
	for (n = 0; n < count; n++) {
		if (print_cell(cells, entries[n]->d_name) != EXIT_DONE)
			result = EXIT_FAILED;
		free(entries[n]);
	}
	free(entries);
	close(cells);
	return result;
}
