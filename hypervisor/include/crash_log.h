/* SPDX-License-Identifier: BSD-2-Clause */
/* The record that a panic leaves for the next start: bulkhead/crash_log.h */
#ifndef BULKHEAD_CORE_CRASH_LOG_H
#define BULKHEAD_CORE_CRASH_LOG_H

#include "types.h"

struct bh_crash_log;
struct bh_crash_registers;

/* Start-up, console there: tell about a record of the run before, if one is in this page, and drop one that was told. */
void crash_log_init(struct bh_crash_log *page);

/*
 * [any CPU, no lock] The first one that fails. registers: of an exception, of that vector; NULL: there was none. Called again by
 * the same CPU, because it failed in here: makes what there is good.
 */
void crash_log_write(const struct bh_crash_registers *registers, uint32_t vector, const char *reason);

#endif
