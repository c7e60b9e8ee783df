/* SPDX-License-Identifier: BSD-2-Clause */
/* What concerns all of the host architecture. */
#include <stdio.h>
#include <stdlib.h>
#include "host.h"

void host_abort(const char *file, int line, const char *rule)
{
	fprintf(stderr, "%s:%d: contract broken: %s\n", file, line, rule);
	abort();
}
