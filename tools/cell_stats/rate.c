/* SPDX-License-Identifier: BSD-2-Clause */
/* What has been counted between two samples. */
#include <string.h>

#include "stats.h"

#define COUNTER_MASK	(UINT64_MAX >> 1)	/* counters have 63 bits */
#define WRAPS		(COUNTER_MASK / 2)	/* further than this no counter goes back but by its end */

static const struct cpu_sample *find_cpu(const struct cell_sample *cell, unsigned int number)
{
	unsigned int n;

	for (n = 0; n < cell->num_cpus; n++)
		if (cell->cpus[n].number == number)
			return &cell->cpus[n];
	return NULL;
}

static const struct cpu_sample *find_anywhere(const struct sample *sample, unsigned int number,
					      const struct cell_sample **owner)
{
	const struct cpu_sample *cpu = NULL;
	unsigned int n;

	for (n = 0; n < sample->num_cells && !cpu; n++) {
		cpu = find_cpu(&sample->cells[n], number);
		*owner = &sample->cells[n];
	}
	return cpu;
}

static int same_cell(const struct cell_sample *a, const struct cell_sample *b)
{
	return a->id == b->id && strcmp(a->name, b->name) == 0;
}

/* A counter that went back: the CPU left its cell and came back. */
static int began_anew(const struct cpu_sample *old, const struct cpu_sample *cpu)
{
	unsigned int n;

	for (n = 0; n < MAX_VALUES; n++)
		if (cpu->exits[n] < old->exits[n] && old->exits[n] - cpu->exits[n] < WRAPS)
			return 1;
	return 0;
}

double cpu_difference(const struct sample *before, const struct cell_sample *cell, const struct cpu_sample *cpu,
		      uint64_t *difference)
{
	const struct cell_sample *owner = NULL;
	const struct cpu_sample *old = find_anywhere(before, cpu->number, &owner);
	unsigned int n;
	int anew;

	if (!old || cpu->time <= old->time)
		return 0;
	anew = !same_cell(owner, cell) || began_anew(old, cpu);
	for (n = 0; n < MAX_VALUES; n++)
		difference[n] = anew ? cpu->exits[n] : (cpu->exits[n] - old->exits[n]) & COUNTER_MASK;
	return cpu->time - old->time;
}
