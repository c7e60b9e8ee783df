/* SPDX-License-Identifier: BSD-2-Clause */
/* A cell as cell show knows it: cell_show.c reads it, fault_words.c finds words, cell_show.c prints them. */
#ifndef JAILHOUSE_FAULT_H
#define JAILHOUSE_FAULT_H

#include <stddef.h>
#include <bulkhead/cell_config.h>
#include <bulkhead/comm_region.h>
#include <bulkhead/fault.h>
#include "cell_console.h"

/* Of a cell's configuration; content of its sysfs file */
struct regions {
	struct cfg_memory *memory;
	size_t count;
};

struct cell_facts {
	uint32_t id;
	char *name, *state, *cpus, *failed;
	char *expiries;		/* of its watchdog; NULL: the driver does not tell */
	struct bh_fault fault;
	struct cell_text text;
	struct regions own;
	struct regions root;	/* of the root cell; empty if this is it */
	char *other_name;	/* root cell: another one that has the memory of the fault; or NULL */
};

enum position { BEFORE, INSIDE, BEHIND };

struct nearest {
	size_t index;
	uint64_t distance;	/* bytes between region and access */
	enum position position;	/* of the access */
};

#define WORDS_SIZE	512	/* of texts made here */

const struct cfg_memory *region_at(const struct regions *regions, uint64_t address, int host);
int nearest_region(const struct regions *regions, uint64_t address, struct nearest *nearest);	/* 0: none has memory */
const char *access_word(const struct bh_fault *fault);
const char *mode_word(const struct bh_fault *fault);
const char *position_word(enum position position);
void syndrome_words(const struct bh_fault *fault, char *words);
void fault_type_words(const struct bh_fault *fault, char *words);
void region_words(uint64_t flags, char *words);
void advice_words(const struct cell_facts *cell, char *words);

#endif
