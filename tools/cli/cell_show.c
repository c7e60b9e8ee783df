/* SPDX-License-Identifier: BSD-2-Clause */
/* cell show: a cell with its first violation and its accesses to nothing, out of sysfs, as text or JSON. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cell_console.h"
#include "cli.h"
#include "fault.h"

#define CELLS		JAILHOUSE_SYSFS "/cells"
#define PATH_SIZE	CELL_PATH_SIZE
#define LAST_LINES	8

#define EXPIRIES	"watchdog_expiries "	/* a line of the file of counters */

/* The root cell's own configuration is as long as a system configuration can be. */
#define MEMORY_SIZE	(1024UL * 1024)

int open_cell(uint32_t id, char *path)
{
	snprintf(path, PATH_SIZE, "%s/%u", CELLS, id);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int read_binary(int cell, const char *path, const char *attribute, size_t limit, struct file_data *file)
{
	int fd = openat(cell, attribute, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0) {
		fprintf(stderr, "opening %s/%s: %s\n", path, attribute, strerror(errno));
		return -1;
	}
	err = read_fd(fd, limit, file);
	if (err)
		fprintf(stderr, "reading %s/%s: %s\n", path, attribute, strerror(errno));
	close(fd);
	return err;
}

static int read_regions(int cell, const char *path, struct regions *regions)
{
	struct file_data file;

	if (read_binary(cell, path, "memory", MEMORY_SIZE, &file))
		return -1;
	regions->memory = file.data;
	regions->count = file.size / sizeof(struct cfg_memory);
	return 0;
}

static int read_fault(int cell, const char *path, struct bh_fault *fault)
{
	struct file_data file;
	int result = -1;

	if (read_binary(cell, path, "fault", 4096, &file))
		return -1;
	if (file.size == sizeof(*fault)) {
		memcpy(fault, file.data, sizeof(*fault));
		result = 0;
	} else {
		fprintf(stderr, "reading %s/fault: %zu bytes, %zu were expected: driver and tool are of different versions\n",
			path, file.size, sizeof(*fault));
	}
	free(file.data);
	return result;
}

/* In digits; NULL: not known */
static char *read_expiries(int cell, const char *path)
{
	struct file_data file;
	const char *line;
	char *digits = NULL;
	size_t length;

	if (faccessat(cell, "counters", F_OK, 0) || read_binary(cell, path, "counters", 4096, &file))
		return NULL;
	line = strstr(file.data, "\n" EXPIRIES);
	if (line) {
		line += strlen("\n" EXPIRIES);
		length = strspn(line, "0123456789");
		digits = length ? strndup(line, length) : NULL;
	}
	free(file.data);
	return digits;
}

typedef int (*visit_t)(uint32_t id, int cell, const char *path, void *argument);

/* Ends with the first visit that is not 0. Cells may come and go meanwhile. */
static int for_each_cell(visit_t visit, void *argument)
{
	char path[PATH_SIZE], *end;
	struct dirent *entry;
	DIR *directory = opendir(CELLS);
	unsigned long id;
	int result = 0, cell;

	while (directory && !result && (entry = readdir(directory))) {
		id = strtoul(entry->d_name, &end, 10);
		if (end == entry->d_name || *end || id > INT32_MAX)
			continue;
		cell = open_cell((uint32_t)id, path);
		if (cell < 0)
			continue;
		result = visit((uint32_t)id, cell, path, argument);
		close(cell);
	}
	if (directory)
		closedir(directory);
	return result;
}

static int has_name(uint32_t id, int cell, const char *path, void *argument)
{
	struct bh_cell_id *wanted = argument;
	char *name = read_attribute(cell, strrchr(path, '/') + 1, "name");
	int found = name && strcmp(name, wanted->name) == 0;

	free(name);
	if (found)
		wanted->id = (int32_t)id;
	return found;
}

static int has_memory(uint32_t id, int cell, const char *path, void *argument)
{
	struct cell_facts *root = argument;
	struct regions regions;

	if (id == 0 || read_regions(cell, path, &regions))
		return 0;
	if (region_at(&regions, root->fault.address, 1))
		root->other_name = read_attribute(cell, strrchr(path, '/') + 1, "name");
	free(regions.memory);
	return root->other_name != NULL;
}

static int read_facts(int directory, const char *path, struct cell_facts *cell)
{
	const char *id = strrchr(path, '/') + 1;
	char root_path[PATH_SIZE];
	int root;

	cell->name = read_attribute(directory, id, "name");
	cell->state = cell->name ? read_attribute(directory, id, "state") : NULL;
	cell->cpus = cell->state ? read_attribute(directory, id, "cpus_assigned_list") : NULL;
	cell->failed = cell->cpus ? read_attribute(directory, id, "cpus_failed_list") : NULL;
	cell->expiries = cell->failed ? read_expiries(directory, path) : NULL;
	if (!cell->failed || read_fault(directory, path, &cell->fault) || read_regions(directory, path, &cell->own) ||
	    read_cell_text(directory, path, &cell->text))
		return -1;
	if (!cell->fault.complete)
		return 0;
	if (cell->id == 0) {
		for_each_cell(has_memory, cell);
		return 0;
	}
	root = open_cell(0, root_path);
	if (root < 0)
		return 0;		/* it only makes the advice better */
	read_regions(root, root_path, &cell->root);
	close(root);
	return 0;
}

static void free_facts(struct cell_facts *cell)
{
	free(cell->name);
	free(cell->state);
	free(cell->cpus);
	free(cell->failed);
	free(cell->expiries);
	free(cell->own.memory);
	free(cell->root.memory);
	free(cell->other_name);
}

static int of_this_start(const struct bh_fault *fault)
{
	return fault->complete == fault->starts;
}

static uint64_t seconds(const struct bh_fault *fault, uint64_t *microseconds)
{
	uint64_t rest = fault->ticks_per_second ? fault->ticks % fault->ticks_per_second : 0;

	*microseconds = fault->ticks_per_second ? (uint64_t)((double)rest * 1e6 / (double)fault->ticks_per_second) : 0;
	return fault->ticks_per_second ? fault->ticks / fault->ticks_per_second : 0;
}

static void fact(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fact(const char *name, const char *format, ...)
{
	va_list arguments;

	printf("  %-12s", name);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static void text_nearest(const struct cell_facts *cell, char *words)
{
	const struct cfg_memory *region;
	struct nearest near;

	if (!nearest_region(&cell->own, cell->fault.address, &near)) {
		fact("nearest", "the cell has no memory");
		return;
	}
	region = &cell->own.memory[near.index];
	region_words(region->flags, words);
	if (near.position == INSIDE)
		fact("nearest", "inside memory %zu, [0x%" PRIx64 ", 0x%" PRIx64 "): %s", near.index, (uint64_t)region->virt_start,
		     (uint64_t)(region->virt_start + region->size), words);
	else
		fact("nearest", "0x%" PRIx64 " bytes %s memory %zu, [0x%" PRIx64 ", 0x%" PRIx64 "): %s", near.distance,
		     position_word(near.position), near.index, (uint64_t)region->virt_start,
		     (uint64_t)(region->virt_start + region->size), words);
}

static int is_watchdog(const struct bh_fault *fault)
{
	return fault->kind == BH_FAULT_WATCHDOG;
}

static void text_access(const struct bh_fault *fault)
{
	if (fault->size)
		fact("what", "%s of %u bytes%s", access_word(fault), fault->size, fault->flags & BH_FAULT_REFUSED ?
		     ", refused by the region there" : "");
	else
		fact("what", "%s, size unknown", access_word(fault));
	fact("result", "%s", fault->flags & BH_FAULT_ABORTED ? "synchronous external abort" : "CPU stopped");
	fact("address", "0x%" PRIx64 " (virtual 0x%" PRIx64 ")", fault->address, fault->virtual_address);
}

static void text_syndrome(const struct cell_facts *cell, char *words)
{
	const struct bh_fault *fault = &cell->fault;

	syndrome_words(fault, words);
	fact("syndrome", "0x%" PRIx64 ": class 0x%02x, %s", fault->syndrome,
	     (unsigned int)(fault->syndrome >> 26 & 0x3f), words);
	text_nearest(cell, words);
}

static void text_watchdog(const struct bh_fault *fault)
{
	fact("what", "the watchdog expired: counter %" PRIu64 " for %" PRIu64 " us, period %" PRIu64 " us", fault->address,
	     fault->virtual_address, fault->syndrome);
	fact("result", "all CPUs stopped");
}

static void text_fault(const struct cell_facts *cell)
{
	const struct bh_fault *fault = &cell->fault;
	char words[WORDS_SIZE];
	uint64_t micro, whole = seconds(fault, &micro);
	uint32_t later = fault->count - fault->number, n;

	printf("\n%s, of start %u%s",
	       fault->flags & BH_FAULT_ABORTED ? "First refused access" : "First violation", fault->complete, of_this_start(fault) ? "" : ", which is over");
	if (later)
		printf("; %u more since", later);
	putchar('\n');
	if (is_watchdog(fault))
		text_watchdog(fault);
	else
		text_access(fault);
	fact("PC", "0x%" PRIx64 " in %s", fault->pc, mode_word(fault));
	fact("CPU", "%u", fault->cpu);
	fact("time", "%" PRIu64 ".%06" PRIu64 " s of the system counter", whole, micro);
	if (!is_watchdog(fault))
		text_syndrome(cell, words);
	for (n = 0; n < 31; n++)
		printf("%sx%-3u%016" PRIx64 "%s", n % 4 ? " " : "  ", n, fault->x[n], n % 4 == 3 || n == 30 ? "\n" : "");
	advice_words(cell, words);
	printf("\nAdvice: %s\n", words);
}

static void text_console(const struct cell_text *text)
{
	const char *lines;
	size_t size;

	if (!text->size)
		return;
	lines = last_lines(text, LAST_LINES, &size);
	printf("\nLast lines on its console%s:\n", size < text->written ? ", see jailhouse cell console" : "");
	print_cell_text(lines, size, "  ");
}

/* In microseconds; 0: the cell has no watchdog */
static uint64_t watchdog_period(const struct cell_facts *cell)
{
	size_t n;

	for (n = 0; n < cell->own.count; n++)
		if (cell->own.memory[n].flags == CFG_WATCHDOG)
			return cell->own.memory[n].phys_start;
	return 0;
}

static void text_period(const struct cell_facts *cell)
{
	uint64_t period = watchdog_period(cell);

	if (period && cell->expiries)
		printf("Watchdog: period %" PRIu64 " us, expiries: %s\n", period, cell->expiries);
	else if (period)
		printf("Watchdog: period %" PRIu64 " us\n", period);
}

static void text_show(const struct cell_facts *cell)
{
	const struct bh_fault *fault = &cell->fault;

	printf("Cell %u \"%.31s\": %s, CPUs %s%s%s\n", cell->id, cell->name, cell->state, *cell->cpus ? cell->cpus : "none",
	       *cell->failed ? ", failed: " : "", cell->failed);
	printf("Accesses to nothing: %" PRIu64 " reads and %" PRIu64 " writes ignored, %" PRIu64 " aborted\n",
	       fault->strays[BH_STRAY_READS], fault->strays[BH_STRAY_WRITES], fault->strays[BH_STRAY_ABORTS]);
	text_period(cell);
	if (fault->complete)
		text_fault(cell);
	else
		printf("No violation\n");
	text_console(&cell->text);
}

static void json_nearest(const struct cell_facts *cell)
{
	const struct cfg_memory *region;
	struct nearest near;

	if (!nearest_region(&cell->own, cell->fault.address, &near)) {
		printf("null");
		return;
	}
	region = &cell->own.memory[near.index];
	printf("{\"index\": %zu, \"start\": \"0x%" PRIx64 "\", \"size\": \"0x%" PRIx64 "\", \"flags\": \"0x%" PRIx64
	       "\", \"distance\": \"0x%" PRIx64 "\", \"position\": \"%s\"}", near.index, (uint64_t)region->virt_start,
	       (uint64_t)region->size, (uint64_t)region->flags, near.distance, position_word(near.position));
}

/* What an access has and a watchdog has not */
static void json_number(const char *name, uint64_t value, int is_known)
{
	if (is_known)
		printf("\"%s\": \"0x%" PRIx64 "\", ", name, value);
	else
		printf("\"%s\": null, ", name);
}

static void json_syndrome(const struct bh_fault *fault)
{
	char words[WORDS_SIZE];

	fault_type_words(fault, words);
	json_number("syndrome", fault->syndrome, !is_watchdog(fault));
	if (is_watchdog(fault))
		printf("\"exception_class\": null, \"fault\": null");
	else
		printf("\"exception_class\": %u, \"fault\": \"%s\"", (unsigned int)(fault->syndrome >> 26 & 0x3f), words);
}

static void json_fault(const struct cell_facts *cell)
{
	const struct bh_fault *fault = &cell->fault;
	char words[WORDS_SIZE];
	uint32_t n;

	printf("{\"access\": \"%s\", \"size\": ", access_word(fault));
	if (fault->size)
		printf("%u, ", fault->size);
	else
		printf("null, ");
	json_number("address", fault->address, !is_watchdog(fault));
	json_number("virtual_address", fault->virtual_address, !is_watchdog(fault));
	printf("\"pc\": \"0x%" PRIx64 "\", \"mode\": \"%s\", \"pstate\": \"0x%" PRIx64 "\", \"cpu\": %u,\n  ", fault->pc,
	       mode_word(fault), fault->pstate, fault->cpu);
	printf("\"stopped\": %s, \"refused\": %s, \"start\": %u, \"this_start\": %s, \"later\": %u, \"ticks\": \"%" PRIu64
	       "\", \"ticks_per_second\": %" PRIu64 ",\n  ", fault->flags & BH_FAULT_ABORTED ? "false" : "true",
	       fault->flags & BH_FAULT_REFUSED ? "true" : "false", fault->complete, of_this_start(fault) ? "true" : "false",
	       fault->count - fault->number, fault->ticks, fault->ticks_per_second);
	json_syndrome(fault);
	printf(", \"registers\": [");
	for (n = 0; n < 31; n++)
		printf("%s\"0x%" PRIx64 "\"", n ? ", " : "", fault->x[n]);
	printf("],\n  \"nearest\": ");
	if (is_watchdog(fault))
		printf("null, \"counter\": %" PRIu64 ", \"unchanged_us\": %" PRIu64, fault->address, fault->virtual_address);
	else
		json_nearest(cell);
	advice_words(cell, words);
	printf(", \"advice\": ");
	json_string(stdout, words);
	putchar('}');
}

static void json_console(const struct cell_text *text)
{
	const char *lines;
	size_t size;

	if (!text->permitted) {
		printf("null");
		return;
	}
	lines = last_lines(text, LAST_LINES, &size);
	printf("{\"written\": %" PRIu64 ", \"last_lines\": ", text->written);
	json_bytes(lines, size);
	putchar('}');
}

static void json_show(const struct cell_facts *cell)
{
	const struct bh_fault *fault = &cell->fault;

	printf("{\"id\": %u, \"name\": ", cell->id);
	json_string(stdout, cell->name);
	printf(", \"state\": ");
	json_string(stdout, cell->state);
	printf(", \"cpus\": ");
	json_string(stdout, cell->cpus);
	printf(", \"failed_cpus\": ");
	json_string(stdout, cell->failed);
	printf(", \"starts\": %u, \"violations\": %u,\n \"accesses_to_nothing\": {\"ignored_reads\": %" PRIu64
	       ", \"ignored_writes\": %" PRIu64 ", \"aborted\": %" PRIu64 "},\n \"watchdog_us\": %" PRIu64
	       ", \"watchdog_expiries\": ", fault->starts, fault->count, fault->strays[BH_STRAY_READS],
	       fault->strays[BH_STRAY_WRITES], fault->strays[BH_STRAY_ABORTS], watchdog_period(cell));
	if (cell->expiries)
		printf("%llu", strtoull(cell->expiries, NULL, 10));
	else
		printf("null");
	printf(",\n \"fault\": ");
	if (fault->complete)
		json_fault(cell);
	else
		printf("null");
	printf(",\n \"console\": ");
	json_console(&cell->text);
	printf("}\n");
}

/* Nothing is printed before everything has been read. */
static int show(const struct bh_cell_id *wanted, int json)
{
	struct cell_facts cell = { .id = (uint32_t)wanted->id };
	char path[PATH_SIZE];
	int directory = open_cell(cell.id, path), err;

	if (directory < 0) {
		print_failed("opening", path);
		return EXIT_FAILED;
	}
	err = read_facts(directory, path, &cell);
	close(directory);
	if (!err && json)
		json_show(&cell);
	else if (!err)
		text_show(&cell);
	free_facts(&cell);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int parse_cell_json(const struct args *args, struct bh_cell_id *cell, int *json)
{
	struct args rest = *args;
	int used;

	*json = 0;
	/* first or last: in between, it would be a name behind --name */
	if (rest.argc > 0 && strcmp(rest.argv[0], "--json") == 0) {
		*json = 1;
		rest.argv++;
		rest.argc--;
	}
	used = parse_cell(&rest, cell);
	if (used == WRONG_USAGE)
		return WRONG_USAGE;
	if (!*json && used == rest.argc - 1 && strcmp(rest.argv[used], "--json") == 0)
		*json = 1;
	else if (used != rest.argc)
		return wrong_usage("too many arguments, starting with: %s", rest.argv[used]);
	if (cell->id == BH_CELL_ID_BY_NAME && !for_each_cell(has_name, cell)) {
		fprintf(stderr, "there is no cell \"%s\": see jailhouse cell list\n", cell->name);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int cmd_cell_show(const struct args *args)
{
	struct bh_cell_id wanted;
	int json, result = parse_cell_json(args, &wanted, &json);

	return result == EXIT_DONE ? show(&wanted, json) : result;
}
