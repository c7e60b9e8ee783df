/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol for check inmates: "1..N", "ok 1 - text", "not ok 2 - text", "# remark", and as
 * last line "TAP done" so that a reader knows that nothing follows.
 */
#ifndef INMATE_TAP_H
#define INMATE_TAP_H

#include <stdbool.h>

struct tap_case {
	const char *text;
	/* Returns true when the check holds; explains with tap_note() if not */
	bool (*run)(void);
};

/* Prints plan and results of all cases in order, and "TAP done" */
void tap_run(const struct tap_case *cases, unsigned int count);

void tap_plan(unsigned int count);
bool tap_result(bool good, const char *text);
void tap_done(void);

#define tap_note(format, ...) printk("# " format "\n", ##__VA_ARGS__)

/* got == want, else a remark with both values */
bool tap_equal(const char *what, unsigned long long got, unsigned long long want);

#endif
