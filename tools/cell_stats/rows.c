/* SPDX-License-Identifier: BSD-2-Clause */
/* The table: which sums, in which order. */
#include <stdlib.h>
#include <string.h>

#include "stats.h"

static struct row *find_row(struct rows *rows, const struct cell_sample *cell, int cpu, int cause)
{
	size_t n;

	for (n = rows->count; n > 0; n--) {
		struct row *row = &rows->rows[n - 1];

		if (row->cell != cell)
			break;		/* cells come one after the other */
		if (row->cpu == cpu && row->cause == cause)
			return row;
	}
	return NULL;
}

static struct row *row_of(struct rows *rows, const struct cell_sample *cell, int cpu, int cause)
{
	struct row *row = find_row(rows, cell, cpu, cause), *more;

	if (row)
		return row;
	more = realloc(rows->rows, (rows->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	rows->rows = more;
	row = &more[rows->count++];
	*row = (struct row){ .cell = cell, .cpu = cpu, .cause = cause };
	return row;
}

/* A sum of which a part is not known is not known. */
static void add(struct row *row, uint64_t exits, uint64_t difference, double seconds)
{
	row->total += exits;
	row->rate = seconds <= 0 || row->rate < 0 ? -1 : row->rate + (double)difference / seconds;
}

static int add_cpu(struct rows *rows, const struct sample *before, const struct cell_sample *cell,
		   const struct cpu_sample *cpu, const struct selection *what)
{
	int by_cpu = what->detail == BY_CPU || what->detail == BY_CPU_AND_CAUSE;
	int by_cause = what->detail == BY_CAUSE || what->detail == BY_CPU_AND_CAUSE;
	int number = by_cpu || what->cpu != ALL ? (int)cpu->number : ALL;
	uint64_t difference[MAX_VALUES] = { 0 };
	double seconds = before ? cpu_difference(before, cell, cpu, difference) : 0;
	unsigned int n;

	for (n = 0; n < causes.count; n++) {
		struct row *row;

		if (by_cause && !cpu->exits[n])
			continue;
		row = row_of(rows, cell, number, by_cause ? (int)n : ALL);
		if (!row)
			return -1;
		add(row, cpu->exits[n], difference[n], seconds);
	}
	return 0;
}

static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

/* Numbers: the largest first. Names: the first one first */
static int compare_column(const struct row *a, const struct row *b, enum column column)
{
	switch (column) {
	case COLUMN_CELL:
		return compare(a->cell->id, b->cell->id);
	case COLUMN_CPU:
		return compare(a->cpu, b->cpu);
	case COLUMN_CAUSE:
		return a->cause == ALL || b->cause == ALL ? 0 : strcmp(causes.text[a->cause], causes.text[b->cause]);
	case COLUMN_TOTAL:
		return (a->total < b->total) - (a->total > b->total);
	default:
		return compare(b->rate, a->rate);
	}
}

/* Rows that are equal where one looks keep their order, so that they do not jump. */
static int compare_rows(const void *first, const void *second, void *selection)
{
	static const enum column by_number[] = { COLUMN_RATE, COLUMN_TOTAL, COLUMN_CELL, COLUMN_CPU, COLUMN_CAUSE };
	static const enum column by_name[] = { COLUMN_CELL, COLUMN_CPU, COLUMN_RATE, COLUMN_TOTAL, COLUMN_CAUSE };
	const struct selection *what = selection;
	const enum column *order = what->sort < COLUMN_TOTAL ? by_name : by_number;
	const struct row *a = first, *b = second;
	int result = compare_column(a, b, what->sort), n;

	if (what->reverse)
		result = -result;
	for (n = 0; !result && n < NUM_COLUMNS; n++)
		result = compare_column(a, b, order[n]);
	return result;
}

int rows_make(struct rows *rows, const struct sample *before, const struct sample *sample, const struct selection *what)
{
	unsigned int n, i;

	memset(rows, 0, sizeof(*rows));
	for (n = 0; n < sample->num_cells; n++) {
		const struct cell_sample *cell = &sample->cells[n];

		if (what->cell != ALL && cell->id != (unsigned int)what->cell)
			continue;
		for (i = 0; i < cell->num_cpus; i++) {
			if (what->cpu != ALL && cell->cpus[i].number != (unsigned int)what->cpu)
				continue;
			if (add_cpu(rows, before, cell, &cell->cpus[i], what)) {
				rows_free(rows);
				return -1;
			}
		}
	}
	if (rows->count)
		qsort_r(rows->rows, rows->count, sizeof(*rows->rows), compare_rows, (void *)what);
	return 0;
}

void rows_free(struct rows *rows)
{
	free(rows->rows);
	memset(rows, 0, sizeof(*rows));
}
