/* SPDX-License-Identifier: BSD-2-Clause */
/* What concerns all of the host architecture. */
#include <stdio.h>
#include <stdlib.h>
#include "console.h"
#include "host.h"

void host_abort(const char *file, int line, const char *rule)
{
	fprintf(stderr, "%s:%d: contract broken: %s\n", file, line, rule);
	abort();
}

/* Of tests of the formatter: 0x81 is "one", and from 0x82 on each is the one before it twice */
const uint8_t text_pairs[TEXT_PAIRS][2] = {
	{ 'n', 'e' }, { 'o', 0x80 }, { 0x81, 0x81 }, { 0x82, 0x82 }, { 0x83, 0x83 }, { 0x84, 0x84 }, { 0x85, 0x85 }, { '%', 'd' },
};
