/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up and shutdown of the hypervisor as a whole. */
#ifndef BULKHEAD_SETUP_H
#define BULKHEAD_SETUP_H

#include "percpu.h"

struct cfg_system;
struct bh_crash_log;

/* What a front door knows when it hands over; the core cannot tell which one it was. */
struct boot_info {
	const struct cfg_system *config;	/* inside hypervisor memory, writable by nobody else */
	uint64_t config_size;
	uint64_t memory_start;			/* hypervisor memory, physical */
	uint64_t memory_size;
	struct percpu_area *percpu_areas;
	uint32_t max_cpus;			/* areas */
	uint32_t entering_cpus;			/* how many CPUs there are to call setup_cpu() */
	uint32_t primary_cpu;
	void *memory;				/* hypervisor memory */
	uint32_t pool_page;			/* from there on, the rest is the page pool */
	uint32_t pool_pages;
	struct bh_crash_log *crash_log;		/* the last page of hypervisor memory */
	bool from_guest;			/* the CPUs run the root cell already, enter at once, and go on with it */

	/* Primary CPU, console up, nothing of the machine touched yet: 0 or an errno after refuse(). NULL: nothing to do */
	int (*check)(const struct boot_info *boot);
	/* Primary CPU, system set up, unless from_guest: make another CPU call setup_cpu(). 0 or an errno after refuse() */
	int (*start_cpu)(uint32_t cpu);
};

/* boot->from_guest, where there are both ways in */
static inline bool enters_from_guest(const struct boot_info *boot)
{
	return CONFIG_LATE_LAUNCH && (!CONFIG_DIRECT_BOOT || boot->from_guest);
}

/*
 * Every entering CPU. From a guest, at the same time: 0: the CPU now runs its cell; else all of them get the same negative
 * errno, and nothing of the machine has been changed. Else the primary one first: 0: all CPUs are there, and wait for events.
 */
int setup_cpu(struct percpu *cpu, const struct boot_info *boot);

/*
 * Hypercall "disable". Returns an errno if refused; on success the CPU is not in the hypervisor any more
 * and does not return from here.
 */
int hypervisor_disable(void);

/* Management lock, other root CPUs suspended: to the first CPU that asked? */
bool disable_is_granted(void);

/* After start-up: is there no Linux below that the hypervisor could give the machine back to? */
bool firmware_started_us(void);

#endif
