/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Soak test, root cell: management of cells, and what is noted about it: the state that a cell has to have, the lines
 * that the hypervisor has to say, the last steps.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <irq.h>

#include "root.h"

#define ENOMEM	12

struct soak_cell soak_cells[SOAK_CELLS];
struct soak_end soak_root_end;

/* For the host */
const char soak_figure_names[][16] __attribute__((used, retain)) = {
#define X(name) [FIGURE_##name] = #name,
	SOAK_FIGURES(X)
#undef X
};
const char soak_line_names[][16] __attribute__((used, retain)) = {
#define X(name) [LINE_##name] = #name,
	SOAK_LINES(X)
#undef X
};
uint64_t soak_figures[NUM_FIGURES];
struct soak_lines { uint32_t least, most; };
static struct soak_lines lines[NUM_SPEAKERS][NUM_LINES];
uint64_t soak_round;		/* rounds that are over */
/* What had to be said before the n-th line "soak: ..." of ours, by n modulo their count */
struct soak_lines soak_windows[256][NUM_SPEAKERS][NUM_LINES];
struct { uint64_t failed; char what[160]; int64_t a, b, c; } soak_failure;
/* The last steps, by number modulo their count */
struct { uint32_t round, code; int64_t argument, result, time; } soak_log[64];	/* time: microseconds */
uint64_t soak_log_length;

uint64_t root_state_events;
static uint32_t state_version_counted;
uint32_t root_random;

/* --- the log, expectations, failure */

void soak_fail(const char *what, int64_t a, int64_t b, int64_t c)
{
	irq_disable();
	soak_failure.a = a;
	soak_failure.b = b;
	soak_failure.c = c;
	for (uint32_t n = 0; n < sizeof(soak_failure.what) - 1 && what[n]; n++)
		soak_failure.what[n] = what[n];
	barrier_memory();
	soak_failure.failed = 1;
	stop();
}

void note(uint32_t code, int64_t argument, int64_t result)
{
	uint32_t n = soak_log_length % (sizeof(soak_log) / sizeof(soak_log[0]));

	soak_log[n].round = (uint32_t)soak_round;
	soak_log[n].code = code;
	soak_log[n].argument = argument;
	soak_log[n].result = result;
	soak_log[n].time = (int64_t)(timer_ticks_to_ns(timer_ticks()) / 1000);
	soak_log_length++;
}

void expect(uint32_t speaker, enum soak_line line, uint32_t least, uint32_t most)
{
	lines[speaker][line].least += least;
	lines[speaker][line].most += most;
}

void count(enum soak_figure figure)
{
	soak_figures[figure]++;
}

uint32_t dice(uint32_t below)
{
	root_random ^= root_random << 13;
	root_random ^= root_random >> 17;
	root_random ^= root_random << 5;
	return root_random % below;
}

/* Which peers there are changes in here only, and so does what a State change of ours is sent to. */
void count_state_events(void)
{
	root_state_events += (soak_root_end.mine->states - state_version_counted) * (soak_exists(0) + soak_exists(1));
	state_version_counted = soak_root_end.mine->states;
}

/* --- hypercalls */

int64_t manage(uint32_t code, uint64_t argument)
{
	int64_t result;

	count_state_events();
	result = hypercall(code, argument, 0);
	note(code, (int64_t)argument, result);
	if (result < 0) {
		count(FIGURE_refusals);
		expect(SPEAKER_NOBODY, LINE_refused, 1, 1);
		if (result == -ENOMEM)
			count(FIGURE_no_memory);
	}
	return result;
}

/* A cell with little time may have been stopped because it did not answer. */
void look_whether_silent(uint32_t cell)
{
	struct soak_cell *it = &soak_cells[cell];

	if (it->variant != VARIANT_SHORT || it->life != LIFE_RUNNING ||
	    hypercall(HC_CELL_GET_STATE, soak_id(cell), 0) != COMM_STATE_FAILED)
		return;
	it->life = LIFE_FAILED;
	count(FIGURE_silent);
	expect(cell, LINE_silent, 1, 1);
}

/* The other ones were told of a reconfiguration. */
void reconfigured(void)
{
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		look_whether_silent(cell);
}

uint64_t config_at(uint32_t config)
{
	return SOAK_CONFIGS + config * SOAK_CONFIG_STEP;
}

bool create(uint32_t cell, bool may_be_short)
{
	struct soak_cell *it = &soak_cells[cell];
	enum variant variant = dice(NUM_VARIANTS);
	int64_t result = manage(HC_CELL_CREATE, config_at(CONFIG_CELLS + cell * NUM_VARIANTS + variant));

	if (result < 0) {
		if (!may_be_short || result != -ENOMEM)
			soak_fail("cell %d could not be created: %d", cell, result, 0);
		return false;
	}
	it->life = LIFE_STOPPED;
	it->lent = false;
	it->loaded = false;
	it->variant = variant;
	count(FIGURE_created);
	expect(cell, LINE_created, 1, 1);
	soak_count_begins(cell);
	reconfigured();
	return true;
}

/* What a request does that stops a cell first: on success, or 0 if it may lack memory, or -EPERM */
static int64_t stop_and(uint32_t code, uint32_t cell)
{
	struct soak_cell *it = &soak_cells[cell];
	bool ran = it->life == LIFE_RUNNING;
	int64_t result = manage(code, soak_id(cell));

	if (ran && it->variant == VARIANT_SHORT)
		expect(cell, LINE_silent, 0, 1);
	return result;
}

bool load(uint32_t cell, bool may_be_short)
{
	volatile struct soak_stage *stage = soak_stage();
	struct soak_cell *it = &soak_cells[cell];
	int64_t result = stop_and(HC_CELL_SET_LOADABLE, cell);

	if (result < 0 && !(may_be_short && result == -ENOMEM))
		soak_fail("cell %d cannot be loaded: %d", cell, result, 0);
	it->life = LIFE_STOPPED;
	if (result < 0)
		return false;
	it->lent = true;
	count(FIGURE_loaded);
	memcpy((void *)(uintptr_t)stage->cells[cell].ram, (const void *)(uintptr_t)stage->cells[cell].image,
	       stage->cells[cell].size);
	it->loaded = true;
	return true;
}

void start(uint32_t cell, bool may_be_short)
{
	int64_t result = stop_and(HC_CELL_START, cell);

	if (result < 0 && !(may_be_short && result == -ENOMEM))
		soak_fail("cell %d cannot be started: %d", cell, result, 0);
	if (result < 0) {
		soak_cells[cell].life = LIFE_STOPPED;
		return;
	}
	soak_cells[cell].life = LIFE_RUNNING;
	soak_cells[cell].lent = false;
	count(FIGURE_started);
	expect(cell, LINE_started, 1, 1);
}

void destroy(uint32_t cell)
{
	int64_t result;

	soak_count_ends(cell);
	result = stop_and(HC_CELL_DESTROY, cell);
	if (result < 0)
		soak_fail("cell %d cannot be destroyed: %d", cell, result, 0);
	soak_cells[cell].life = LIFE_NONE;
	soak_cells[cell].lent = false;
	count(FIGURE_destroyed);
	expect(cell, LINE_destroyed, 1, 1);
	reconfigured();
}

void stop_somehow(uint32_t cell)
{
	switch (dice(3)) {
	case 0:
		start(cell, false);
		break;
	case 1:
		load(cell, false);
		break;
	default:
		destroy(cell);
	}
}

/*
 * For the host, which compares what has been said since the last time. No cell may exist: then nobody is about to say
 * something.
 */
void end_window(void)
{
	static uint32_t number;

	memcpy(soak_windows[number++ % (sizeof(soak_windows) / sizeof(soak_windows[0]))], lines, sizeof(lines));
	memset(lines, 0, sizeof(lines));
	soak_count();
	barrier_memory();
	printk("soak: %llu rounds\n", (unsigned long long)soak_round);
}
