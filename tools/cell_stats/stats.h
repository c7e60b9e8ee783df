/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cell stats: read.c takes samples of what sysfs has, rate.c compares two of them, rows.c makes a table of that, and
 * print.c or screen.c shows it. A sample is a value: it stays as it is until sample_free().
 */
#ifndef JAILHOUSE_STATS_H
#define JAILHOUSE_STATS_H

#include <stddef.h>
#include <stdint.h>

#define MAX_VALUES	64	/* lines of a file; more are left out */
#define NAME_SIZE	24	/* of a line, with its NUL */
#define ERROR_SIZE	256

/* Names as the driver gives them: whatever it counts is shown. */
struct names {
	unsigned int count;
	char text[MAX_VALUES][NAME_SIZE];
};

extern struct names causes;	/* exits */
extern struct names counters;	/* of cells: starts and others */

struct cpu_sample {
	unsigned int number;
	double time;			/* seconds, monotonic */
	uint64_t exits[MAX_VALUES];	/* by index of causes */
};

struct cell_sample {
	unsigned int id;
	char name[32], state[24];
	uint64_t counters[MAX_VALUES];
	unsigned int num_cpus;
	struct cpu_sample *cpus;	/* by number */
};

struct sample {
	unsigned int num_cells;
	struct cell_sample *cells;	/* by id */
};

/* read.c: 0, or -1 and a reason; what goes away meanwhile is left out. No cells: the hypervisor is not enabled. */
int sample_take(struct sample *sample, char *error);
void sample_free(struct sample *sample);
const struct cell_sample *sample_cell(const struct sample *sample, unsigned int id);

/* Which cell: by id, or by name if that is not NULL */
struct designation {
	unsigned int id;
	const char *name;
};

const struct cell_sample *find_designated(const struct sample *sample, const struct designation *cell);

/*
 * rate.c: what a CPU has counted between two samples, and in how many seconds. 0 if that is not known: there is no sample
 * before. Counters of a CPU that has changed its cell meanwhile began at 0.
 */
double cpu_difference(const struct sample *before, const struct cell_sample *cell, const struct cpu_sample *cpu,
		      uint64_t *difference);

/* What makes a row of its own */
enum detail { BY_CAUSE, BY_CPU, BY_CPU_AND_CAUSE, BY_CELL, NUM_DETAILS };
enum column { COLUMN_CELL, COLUMN_CPU, COLUMN_CAUSE, COLUMN_TOTAL, COLUMN_RATE, NUM_COLUMNS };

#define ALL	(-1)	/* CPUs, causes of a row; cells of a selection */

struct row {
	const struct cell_sample *cell;
	int cpu, cause;
	uint64_t total;
	double rate;		/* per second; negative: not known */
};

struct selection {
	int cell, cpu;		/* id, number, or ALL */
	enum detail detail;
	enum column sort;
	int reverse;
};

struct rows {
	size_t count;
	struct row *rows;
};

/* rows.c: without rows of causes that never were. 0, or -1 with errno; to be freed. before: NULL if there is none */
int rows_make(struct rows *rows, const struct sample *before, const struct sample *sample, const struct selection *what);
void rows_free(struct rows *rows);

/* print.c; seconds: between the samples, 0 if there is only one */
int print_text(const struct sample *before, const struct sample *sample, int cell);
int print_json(const struct sample *before, const struct sample *sample, int cell, double seconds);

/* screen.c: until the user has enough; exit code */
int run_screen(const struct designation *cell, double interval);

double monotonic_seconds(void);

#endif
