/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks through memory for words that somebody else may have left, says how many there are, and leaves its own there.
 *
 * Parameters: from=ADDRESS, to=ADDRESS: whole pages behind the program. The word is C5C5C5C5h everywhere but in the program.
 */
#include <cpu.h>
#include <inmate.h>

#define NOT_CANARY	0x3a3a3a3au

void inmate_main(void)
{
	uint64_t from = (uint64_t)param_int("from", 0x100000), to = (uint64_t)param_int("to", 0x200000);
	unsigned int found = 0, others = 0;

	map(from, to - from, MAP_NORMAL);
	for (volatile uint32_t *word = (volatile uint32_t *)from; word < (volatile uint32_t *)to; word++) {
		if (~*word == NOT_CANARY)
			found++;
		else if (*word)
			others++;
		*word = ~NOT_CANARY;
	}
	barrier_full();
	printk("scan: %u words are the canary, %u others are not 0\n", found, others);
	while (!message_is_shutdown())
		;
	shut_down();
}
