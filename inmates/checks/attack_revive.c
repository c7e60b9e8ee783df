/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell with two CPUs that does not want to go: the first CPU fails, the second one switches it on again
 * whenever it is not on, also while the root cell stops the cell and takes its CPUs. If the first CPU finds
 * itself in the root cell, it says so on the UART for ever.
 *
 * Linked for the physical address of its memory, so that the code is there in the root cell, too.
 * Parameters: second=MPIDR (default 3), delay=N turns of a loop before it is switched on, fail=1: it
 * fails again each time (default: it waits until it is stopped).
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <tap.h>

#include "attack_revive.h"

#define NOTHING	0x50000000u	/* the cell has no memory there */

/* Read by CPUs with MMU off */
struct revive revive __attribute__((aligned(64)));

_Static_assert(offsetof(struct revive, victim) == REVIVE_VICTIM &&
	       offsetof(struct revive, delay) == REVIVE_DELAY &&
	       offsetof(struct revive, fail) == REVIVE_FAIL, "attack_revive.h");

void reviver_entry(void);

void inmate_main(void)
{
	uint64_t second = (uint64_t)param_int("second", 3);
	int32_t result;

	revive.victim = cpu_affinity();
	revive.delay = (uint64_t)param_int("delay", 0);
	revive.fail = param_bool("fail", false);
	barrier_full();
	__asm__ volatile("dc civac, %0\n\tdsb sy" : : "r" (&revive) : "memory");
	map(NOTHING, PAGE_SIZE, MAP_NORMAL);
	tap_note("revive: delay %llu, %s", (unsigned long long)revive.delay, revive.fail ? "fails" : "waits");
	result = (int32_t)smc_call(PSCI_CPU_ON, second, (uintptr_t)reviver_entry, 0).x0;
	if (result) {
		printk("Bail out! CPU_ON gives %d\n", result);
		return;
	}
	tap_note("on the way");
	(void)*(volatile uint32_t *)NOTHING;
	printk("Bail out! the first CPU did not fail\n");
}
