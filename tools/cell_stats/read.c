/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples of the counters of cells and CPUs in sysfs. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "stats.h"

#define CELLS		JAILHOUSE_SYSFS "/cells"
#define FILE_LIMIT	4096UL	/* a page is what a file of sysfs has */

struct names causes, counters;

double monotonic_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ENODEV: the hypervisor went while the file was open */
static int is_gone(int error)
{
	return error == ENOENT || error == ENODEV || error == ENOTDIR;
}

static int failed(char *error, const char *path)
{
	snprintf(error, ERROR_SIZE, "%s/%s: %s", CELLS, path, strerror(errno));
	return -1;
}

/* Content, to be freed. NULL with errno */
static char *read_text(int cells, const char *path)
{
	struct file_data file;
	int fd = openat(cells, path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return NULL;
	err = read_fd(fd, FILE_LIMIT, &file);
	if (err) {
		int error = errno;

		close(fd);
		errno = error;
		return NULL;
	}
	close(fd);
	return file.data;
}

/* 1: there is none; -1: error */
static int read_line(int cells, const char *path, char *line, size_t size, char *error)
{
	char *text = read_text(cells, path), *c;

	if (!text)
		return is_gone(errno) ? 1 : failed(error, path);
	*strchrnul(text, '\n') = 0;
	make_printable(text);
	for (c = text; *c; c++)
		if ((unsigned char)*c >= 0x80)	/* need not be UTF-8, nor one column */
			*c = '?';
	snprintf(line, size, "%s", text);
	free(text);
	return 0;
}

static unsigned int index_of(struct names *names, const char *name, size_t length)
{
	unsigned int n;

	for (n = 0; n < names->count; n++)
		if (strncmp(names->text[n], name, length) == 0 && !names->text[n][length])
			return n;
	if (n < MAX_VALUES) {
		memcpy(names->text[n], name, length);
		names->text[n][length] = 0;
		names->count++;
	}
	return n;
}

/* Lines "name value" */
static int read_values(int cells, const char *path, struct names *names, uint64_t *values, char *error)
{
	char *text = read_text(cells, path), *line, *rest;

	if (!text)
		return is_gone(errno) ? 1 : failed(error, path);
	for (rest = text; (line = strsep(&rest, "\n")) && *line;) {
		size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
		unsigned long long value;
		unsigned int n;
		char *end = line;

		errno = 0;
		value = length && length < NAME_SIZE && line[length] == ' ' && isdigit((unsigned char)line[length + 1]) ?
			strtoull(line + length + 1, &end, 10) : 0;
		if (end == line || *end || errno) {
			make_printable(line);
			snprintf(error, ERROR_SIZE, "%s/%s: not a name and a number: %.60s", CELLS, path, line);
			free(text);
			return -1;
		}
		n = index_of(names, line, length);
		if (n < MAX_VALUES)
			values[n] = value;
	}
	free(text);
	return 0;
}

/* Decimal number behind prefix, nothing else */
static int number_of(const char *name, const char *prefix, unsigned int *number)
{
	size_t length = strlen(prefix);
	unsigned long value;
	char *end;

	if (strncmp(name, prefix, length) != 0 || !isdigit((unsigned char)name[length]))
		return 0;
	errno = 0;
	value = strtoul(name + length, &end, 10);
	*number = (unsigned int)value;
	return !*end && !errno && value <= INT32_MAX;
}

static int by_number(const void *a, const void *b)
{
	unsigned int first = *(const unsigned int *)a, second = *(const unsigned int *)b;

	return (first > second) - (first < second);
}

/* Numbers of the entries, ascending. How many; -1 with errno */
static int list(int at, const char *path, const char *prefix, unsigned int **numbers)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	unsigned int number;

	*numbers = NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		unsigned int *more;

		if (!number_of(entry->d_name, prefix, &number))
			continue;
		more = realloc(*numbers, ((size_t)count + 1) * sizeof(**numbers));
		if (!more) {
			free(*numbers);
			closedir(dir);
			errno = ENOMEM;
			return -1;
		}
		*numbers = more;
		more[count++] = number;
	}
	closedir(dir);
	if (count)
		qsort(*numbers, (size_t)count, sizeof(**numbers), by_number);
	return count;
}

static int read_cpus(int cells, struct cell_sample *cell, char *error)
{
	unsigned int *numbers;
	char path[64];
	int count, n, result = 0;

	snprintf(path, sizeof(path), "%u/statistics", cell->id);
	count = list(cells, path, "cpu", &numbers);
	if (count < 0)
		return is_gone(errno) ? 1 : failed(error, path);
	cell->cpus = calloc((size_t)count + 1, sizeof(*cell->cpus));
	if (!cell->cpus) {
		free(numbers);
		return failed(error, path);
	}
	for (n = 0; n < count && result >= 0; n++) {
		struct cpu_sample *cpu = &cell->cpus[cell->num_cpus];

		memset(cpu, 0, sizeof(*cpu));
		cpu->number = numbers[n];
		snprintf(path, sizeof(path), "%u/statistics/cpu%u/exits", cell->id, cpu->number);
		result = read_values(cells, path, &causes, cpu->exits, error);
		cpu->time = monotonic_seconds();
		if (result == 0)	/* else it has moved */
			cell->num_cpus++;
	}
	free(numbers);
	return result < 0 ? -1 : 0;
}

/* 1: it has gone */
static int read_cell(int cells, struct cell_sample *cell, char *error)
{
	char path[64];
	int result;

	snprintf(path, sizeof(path), "%u/name", cell->id);
	result = read_line(cells, path, cell->name, sizeof(cell->name), error);
	snprintf(path, sizeof(path), "%u/state", cell->id);
	result = result ?: read_line(cells, path, cell->state, sizeof(cell->state), error);
	snprintf(path, sizeof(path), "%u/counters", cell->id);
	result = result ?: read_values(cells, path, &counters, cell->counters, error);
	return result ?: read_cpus(cells, cell, error);
}

int sample_take(struct sample *sample, char *error)
{
	int cells = open(CELLS, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count, n, result = 0;
	unsigned int *numbers;

	memset(sample, 0, sizeof(*sample));
	if (cells < 0)
		return is_gone(errno) ? 0 : failed(error, "");
	count = list(cells, ".", "", &numbers);
	if (count >= 0)
		sample->cells = calloc((size_t)count + 1, sizeof(*sample->cells));
	if (!sample->cells) {
		result = failed(error, "");
		close(cells);
		return result;
	}
	for (n = 0; n < count && result >= 0; n++) {
		struct cell_sample *cell = &sample->cells[sample->num_cells];

		free(cell->cpus);
		memset(cell, 0, sizeof(*cell));
		cell->id = numbers[n];
		result = read_cell(cells, cell, error);
		if (result == 0)
			sample->num_cells++;
	}
	if (result > 0)		/* the last one has gone */
		free(sample->cells[sample->num_cells].cpus);
	free(numbers);
	close(cells);
	if (result < 0) {
		free(sample->cells[sample->num_cells].cpus);
		sample_free(sample);
		return -1;
	}
	return 0;
}

void sample_free(struct sample *sample)
{
	unsigned int n;

	for (n = 0; n < sample->num_cells; n++)
		free(sample->cells[n].cpus);
	free(sample->cells);
	memset(sample, 0, sizeof(*sample));
}

const struct cell_sample *sample_cell(const struct sample *sample, unsigned int id)
{
	unsigned int n;

	for (n = 0; n < sample->num_cells; n++)
		if (sample->cells[n].id == id)
			return &sample->cells[n];
	return NULL;
}

const struct cell_sample *find_designated(const struct sample *sample, const struct designation *cell)
{
	unsigned int n;

	if (!cell->name)
		return sample_cell(sample, cell->id);
	for (n = 0; n < sample->num_cells; n++)
		if (strncmp(sample->cells[n].name, cell->name, sizeof(sample->cells[n].name) - 1) == 0)
			return &sample->cells[n];
	return NULL;
}
