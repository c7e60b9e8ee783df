/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Test Anything Protocol output.
 */
#include <inmate.h>
#include <tap.h>

static unsigned int cases_done, cases_failed;

void tap_plan(unsigned int count)
{
	printk("1..%u\n", count);
}

bool tap_result(bool good, const char *text)
{
	cases_done++;
	if (!good)
		cases_failed++;
	printk("%s %u - %s\n", good ? "ok" : "not ok", cases_done, text);
	return good;
}

void tap_done(void)
{
	printk("# %u checks, %u failed\n", cases_done, cases_failed);
	printk("TAP done\n");
}

bool tap_equal(const char *what, unsigned long long got, unsigned long long want)
{
	if (got == want)
		return true;
	tap_note("%s: got %llx, want %llx", what, got, want);
	return false;
}

void tap_run(const struct tap_case *cases, unsigned int count)
{
	tap_plan(count);
	for (unsigned int n = 0; n < count; n++)
		tap_result(cases[n].run(), cases[n].text);
	tap_done();
}
