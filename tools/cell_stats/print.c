/* SPDX-License-Identifier: BSD-2-Clause */
/* cell stats --once and --json: one look, on standard output. */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "stats.h"

static void print_rate(double rate)
{
	if (rate < 0)
		printf("%13s\n", "-");
	else
		printf("%13.1f\n", rate);
}

static void print_row(const struct row *row)
{
	char cpu[16] = "all";

	if (row->cpu != ALL)
		snprintf(cpu, sizeof(cpu), "%d", row->cpu);
	printf("%-4u%-19s %-5s%-15s%20" PRIu64, row->cell->id, row->cell->name, cpu,
	       row->cause == ALL ? "total" : causes.text[row->cause], row->total);
	print_rate(row->rate);
}

static int print_rows(const struct sample *before, const struct sample *sample, int cell, enum detail detail)
{
	const struct selection what = { .cell = cell, .cpu = ALL, .detail = detail, .sort = COLUMN_CELL };
	struct rows rows;
	size_t n;

	if (rows_make(&rows, before, sample, &what)) {
		perror("cell stats");
		return EXIT_FAILED;
	}
	for (n = 0; n < rows.count; n++)
		print_row(&rows.rows[n]);
	rows_free(&rows);
	return EXIT_DONE;
}

static void print_counters(const struct cell_sample *cell)
{
	unsigned int n;

	printf("%-4u%-19s %-18s", cell->id, cell->name, cell->state);
	for (n = 0; n < counters.count; n++)
		printf("%s%s %" PRIu64, n ? ", " : "", counters.text[n], cell->counters[n]);
	printf("\n");
}

int print_text(const struct sample *before, const struct sample *sample, int cell)
{
	unsigned int n;
	int result;

	printf("%-4s%-20s%-18s%s\n", "ID", "Cell", "State", "Counters");
	for (n = 0; n < sample->num_cells; n++)
		if (cell == ALL || sample->cells[n].id == (unsigned int)cell)
			print_counters(&sample->cells[n]);
	printf("\n%-4s%-20s%-5s%-15s%20s%13s\n", "ID", "Cell", "CPU", "Cause of exit", "Total", "Per second");
	result = print_rows(before, sample, cell, BY_CELL);
	return result == EXIT_DONE ? print_rows(before, sample, cell, BY_CPU_AND_CAUSE) : result;
}

static void json_counts(uint64_t total, double rate)
{
	printf("\"total\": %" PRIu64 ", \"per_second\": ", total);
	if (rate < 0)
		printf("null");
	else
		printf("%.3f", rate);
}

static void json_cpu(const struct sample *before, const struct cell_sample *cell, const struct cpu_sample *cpu)
{
	uint64_t difference[MAX_VALUES] = { 0 }, total = 0, change = 0;
	double seconds = before ? cpu_difference(before, cell, cpu, difference) : 0;
	unsigned int n;

	for (n = 0; n < causes.count; n++) {
		total += cpu->exits[n];
		change += difference[n];
	}
	printf("{\"cpu\": %u, ", cpu->number);
	json_counts(total, seconds > 0 ? (double)change / seconds : -1);
	printf(", \"exits\": {");
	for (n = 0; n < causes.count; n++) {
		printf("%s\"%s\": {", n ? ", " : "", causes.text[n]);
		json_counts(cpu->exits[n], seconds > 0 ? (double)difference[n] / seconds : -1);
		printf("}");
	}
	printf("}}");
}

static void json_cell(const struct sample *before, const struct cell_sample *cell)
{
	unsigned int n;

	printf("{\"id\": %u, \"name\": ", cell->id);
	json_string(stdout, cell->name);
	printf(", \"state\": ");
	json_string(stdout, cell->state);
	printf(", \"counters\": {");
	for (n = 0; n < counters.count; n++)
		printf("%s\"%s\": %" PRIu64, n ? ", " : "", counters.text[n], cell->counters[n]);
	printf("}, \"cpus\": [");
	for (n = 0; n < cell->num_cpus; n++) {
		printf("%s", n ? ",\n    " : "");
		json_cpu(before, cell, &cell->cpus[n]);
	}
	printf("]}");
}

int print_json(const struct sample *before, const struct sample *sample, int cell, double seconds)
{
	const char *separator = "";
	unsigned int n;

	printf("{\"seconds\": ");
	if (before)
		printf("%.3f", seconds);
	else
		printf("null");
	printf(", \"cells\": [");
	for (n = 0; n < sample->num_cells; n++) {
		if (cell != ALL && sample->cells[n].id != (unsigned int)cell)
			continue;
		printf("%s", separator);
		json_cell(before, &sample->cells[n]);
		separator = ",\n  ";
	}
	printf("]}\n");
	return EXIT_DONE;
}
