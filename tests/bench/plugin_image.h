/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a plug-in knows about the hypervisor: a file that excursions.py writes, one fact per line, numbers in hexadecimal
 *
 *   range LOW HIGH          where it is linked
 *   vectors ADDRESS
 *   raise LOW HIGH          physical addresses of registers; the first store there makes an interrupt pending
 *   function ADDRESS NAME   to the next one; in the order of their addresses
 *   tag NAME FUNCTION...    FUNCTIONs by number, from 0: an excursion that executes one of them gets this tag, if none of
 *                           those before
 *   piece CALLER FUNCTION   FUNCTIONs by number: where CALLER calls the other one, an excursion ends and the next begins
 *
 * Read once, before anything is executed; constant from then on.
 */
#ifndef BENCH_PLUGIN_IMAGE_H
#define BENCH_PLUGIN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_TAGS	64u
#define NO_FUNCTION	UINT32_MAX

struct function {
	uint64_t address;
	char *name;
	uint64_t tags;		/* bit n: tag n */
};

struct image {
	uint64_t low, high, vectors, raise_low, raise_high;
	struct function *functions;
	uint32_t num_functions, num_tags, piece_caller, piece;
	char *tag_names[MAX_TAGS];
};

extern struct image image;

/* False: there is no such file, it has something else, or it lacks range or vectors. */
bool read_image(const char *path);
/* The function that an address belongs to, or NO_FUNCTION */
uint32_t function_at(uint64_t address);

/* Memory that is zero. Does not come back without it. */
void *zeroed(size_t size);

#endif
