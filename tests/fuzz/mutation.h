/* SPDX-License-Identifier: BSD-2-Clause */
/* What custom mutators of lists share: items are removed, exchanged, repeated, replaced, changed and inserted as a whole. */
#ifndef BULKHEAD_TEST_MUTATION_H
#define BULKHEAD_TEST_MUTATION_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
				 uint8_t *out, size_t max_out, unsigned int seed);

#define MUTATION_MAX_ITEM	64

struct mutations {
	size_t item_size;			/* at most MUTATION_MAX_ITEM */
	void (*make)(void *item);		/* a new one */
	void (*repeated)(void *item);		/* NULL, or what is changed in one that is repeated */
	/* NULL, or one more mutation; gives the new count, as mutate_list() */
	size_t (*extra)(void *items, size_t count, size_t max_count);
};

void random_seed(uint32_t seed);
uint32_t random_now(void);			/* changed by each below() */
uint32_t below(uint32_t bound);

/* One mutation; gives the new count, which is not above max_count if count is not. */
size_t mutate_list(const struct mutations *mutations, void *items, size_t count, size_t max_count);

/* out: the first `first` bytes of one input, and of the end of another one's items as many of `second` bytes as there is room for */
size_t join_lists(const uint8_t *data1, size_t first, const uint8_t *end2, size_t second, size_t item_size, uint8_t *out,
		  size_t max_out);

#endif
