/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root cell of the soak test. root.c is the random life of the cells, root_check.c what has to be true of it.
 * tests/direct/soak.py puts configurations and images to SOAK_STAGE, and reads variables named soak_* by their symbols.
 */
#ifndef SOAK_ROOT_H
#define SOAK_ROOT_H

#include "soak.h"

#define SOAK_STAGE		0x54000000u
#define SOAK_STAGE_SIZE		0x4000000u
#define SOAK_CONFIGS		0x54010000u
#define SOAK_CONFIG_STEP	0x10000u

#define SOAK_CELLS	2u	/* a, b: ids 1, 2; peers 1, 2 of the first link */
#define SOAK_MAX_SPIS	4u

/* What the host knows. Configurations: see enum config. */
struct soak_stage {
	uint64_t go;			/* not 0: all is there */
	uint64_t num_refused;		/* configurations that have to be refused while both cells exist */
	uint64_t filler_regions;	/* in that configuration, at most */
	uint64_t bdf[2];		/* of the links */
	struct {
		uint64_t image, size, ram;	/* where it is, and where it has to go */
		uint64_t cpus;			/* mask */
		uint64_t spis[SOAK_MAX_SPIS];	/* INTIDs, the first one without a device; 0: no more */
	} cells[SOAK_CELLS];
};

enum variant {
	VARIANT_DEFAULT,
	VARIANT_PASSIVE,	/* is not asked */
	VARIANT_SHORT,		/* has little time to answer */
	NUM_VARIANTS,
};

enum config {
	CONFIG_CELLS,		/* cell * NUM_VARIANTS + variant */
	CONFIG_FILLER = SOAK_CELLS * NUM_VARIANTS,
	CONFIG_REFUSED,		/* num_refused of them */
};

enum life { LIFE_NONE, LIFE_STOPPED, LIFE_RUNNING, LIFE_FAILED, LIFE_OFF };

struct soak_cell {
	enum life life;
	bool lent;		/* its memory is the root cell's to write */
	bool loaded;		/* its program is there: memory is scrubbed when a cell is created */
	enum variant variant;
};

#define SOAK_FIGURES(X) \
	X(created) X(started) X(loaded) X(destroyed) X(refusals) X(no_memory) \
	X(crash_doorbell) X(crash_state) X(crash_second) X(crash_storm) X(cut_start) X(cut_noise) X(cut_crash) \
	X(denied) X(ignored) X(late) X(locked) X(cpus_off) X(storms) X(latched) X(refused_create) \
	X(exhausted) X(silent) \
	X(rings) X(state_changes) X(interrupts) X(sent) X(delivered) X(merged) X(dropped) X(checks)
#define SOAK_FIGURE_NAME(name)	FIGURE_##name,
enum soak_figure { SOAK_FIGURES(SOAK_FIGURE_NAME) NUM_FIGURES };

/* Lines on the console since the last stop: at least, at most */
#define SOAK_LINES(X)	X(created) X(started) X(destroyed) X(failed) X(silent) X(record) X(refused)
#define SOAK_LINE_NAME(name)	LINE_##name,
enum soak_line { SOAK_LINES(SOAK_LINE_NAME) NUM_LINES };
#define NUM_SPEAKERS	4u	/* a, b, filler, nobody (refused) */
#define SPEAKER_FILLER	2u
#define SPEAKER_NOBODY	3u

extern struct soak_cell soak_cells[SOAK_CELLS];
extern struct soak_end soak_root_end;
extern uint64_t soak_figures[NUM_FIGURES];
extern uint64_t soak_round;
extern uint64_t root_state_events;	/* State events that we have sent, as far as counted */
extern uint32_t root_random;

static inline volatile struct soak_stage *soak_stage(void)
{
	return (volatile struct soak_stage *)(uintptr_t)SOAK_STAGE;
}

static inline uint32_t soak_id(uint32_t cell)
{
	return cell + 1;	/* of the cell, and of the peer */
}

static inline bool soak_exists(uint32_t cell)
{
	return soak_cells[cell].life != LIFE_NONE;
}

/* Says what is wrong and stops */
void soak_fail(const char *what, int64_t a, int64_t b, int64_t c) __attribute__((noreturn));

/* Each loop round handles interrupts; what has not come true in half a minute is an error. */
#define SOAK_WAIT(condition, what, a, b) \
	do { \
		uint64_t soak_since = timer_ticks(); \
		while (!(condition)) { \
			if (timer_ticks() - soak_since > 30 * timer_frequency()) \
				soak_fail(what, a, b, (int64_t)soak_round); \
			irq_sleep(); \
		} \
	} while (0)

/* root_manage.c */
void note(uint32_t code, int64_t argument, int64_t result);	/* the last steps, for a report */
void expect(uint32_t speaker, enum soak_line line, uint32_t least, uint32_t most);
void count(enum soak_figure figure);
uint32_t dice(uint32_t below);
/* Before it changes which peers there are, and before it is asked for */
void count_state_events(void);
int64_t manage(uint32_t code, uint64_t argument);
/* A cell with little time may have been stopped because it did not answer. */
void look_whether_silent(uint32_t cell);
void reconfigured(void);
uint64_t config_at(uint32_t config);
/* Any other result than the wanted one is a failure of the test; may_be_short: of memory, too. */
bool create(uint32_t cell, bool may_be_short);
bool load(uint32_t cell, bool may_be_short);
void start(uint32_t cell, bool may_be_short);
void destroy(uint32_t cell);
void stop_somehow(uint32_t cell);
void end_window(void);

/* No messages under way, everybody has been told of everything; and all that has to be true then. */
void soak_settle(void);
void soak_go_on(void);
/* Events and interrupts, for the figures; the first link's */
void soak_count(void);
/* A cell has been created, or is about to be destroyed: its output section begins, or ends. */
void soak_count_begins(uint32_t cell);
void soak_count_ends(uint32_t cell);

const volatile struct soak_output *soak_output_of(uint32_t peer);

#endif
