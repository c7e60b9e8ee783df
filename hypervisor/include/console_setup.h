/* SPDX-License-Identifier: BSD-2-Clause */
/* Console start-up, for setup.c and panic(). */
#ifndef BULKHEAD_CONSOLE_SETUP_H
#define BULKHEAD_CONSOLE_SETUP_H

#include "bulkhead/cell_config.h"

int console_init(const struct cfg_system *system);
size_t console_copy(char *to, size_t size);	/* the last characters of the ring; how many; without a lock */
void console_enter_panic(void);		/* output no longer waits for locks */

#endif
