/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine in memory, for tests of the whole core. CPUs are threads. By default only one of them runs at a time
 * and hands over where it waits, so that a test is repeatable; time passes only while CPUs wait. A CPU that
 * runs its guest does nothing but what the test has it do.
 *
 * One machine per process: the core keeps its state in static variables.
 */
#ifndef BULKHEAD_HOST_MACHINE_H
#define BULKHEAD_HOST_MACHINE_H

#include "host.h"
#include "percpu.h"
#include "setup.h"

#define HOST_MAX_CPUS		8u
#define HOST_NUM_CPUS		4u
#define HOST_TICKS_PER_SECOND	1000u

#define HOST_GICD		0x08000000ull
#define HOST_GICR		0x080a0000ull
#define HOST_UART		0x09000000ull

/* Hypervisor memory: the end of RAM */
#define HOST_HV_SIZE		0x00100000ull
#define HOST_HV_BASE		(HOST_RAM_BASE + HOST_RAM_SIZE - HOST_HV_SIZE)
#define HOST_PUBLIC_PAGE	(HOST_HV_BASE + 2 * PAGE_SIZE)

/* How CPUs take turns. Before host_start(). */
enum host_order {
	HOST_ROUND_ROBIN,
	HOST_RANDOM,		/* by seed, also at locks */
	HOST_PARALLEL,		/* really at the same time; time is real, too */
};

void host_set_order(enum host_order order, unsigned int seed);

/* Limits of boot_info that a test may change before host_start() */
extern struct boot_info host_boot;	/* from_guest is set by host_start() unless host_firmware */
extern bool host_firmware;
extern void (*host_after_setup)(uint32_t cpu);	/* [each CPU] before it runs a guest; NULL: nothing */
extern uint8_t host_crash_page[PAGE_SIZE];	/* what arch_clean_page() has written back */
extern bool host_is_off, host_is_reset;	/* arch_system_off(), arch_system_reset() was called */
extern uint32_t host_entering;		/* CPUs 0 .. host_entering - 1 enter, if host_firmware, when they are started */
int host_start_cpu(uint32_t cpu);	/* boot_info.start_cpu, unless a test sets another one */

/* CPUs enter with this system configuration. Returns when all have left setup_cpu(). */
void host_start(const struct cfg_system *config, uint64_t size);
int host_setup_result(uint32_t cpu);

/* Let every CPU that is in its guest end. To be called before the end of a test that wants leaks to be found. */
void host_stop(void);

/* Have a CPU that runs its guest do something; host_post() does not wait for the end of it. */
typedef int64_t (*host_job_t)(uint64_t arg1, uint64_t arg2, uint64_t arg3);

void host_post(uint32_t cpu, host_job_t job, uint64_t arg1, uint64_t arg2, uint64_t arg3);
int64_t host_wait(uint32_t cpu);
bool host_is_done(uint32_t cpu);
int64_t host_run(uint32_t cpu, host_job_t job, uint64_t arg1, uint64_t arg2, uint64_t arg3);
int64_t host_hypercall(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2);
void host_post_hypercall(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2);

/* Let the other CPUs run until each of them waits for something. */
void host_settle(void);

/* What the guest on a CPU does whenever it has its turn; NULL: nothing. Parallel order: before host_start(). */
void host_set_guest(uint32_t cpu, void (*step)(struct percpu *cpu));

/* Is the CPU in its guest? Has it left the hypervisor (disable, failed start), with which result? */
bool host_in_guest(uint32_t cpu);
bool host_has_left(uint32_t cpu, int64_t *result);
bool host_has_halted(uint32_t cpu);

/* Sequential orders: does the CPU wait for a kick or a job, and needs no turn until then? */
bool host_sleeps(uint32_t cpu);

/* Broken hardware. The CPU takes no kicks until it sleeps in arch_sleep_while(), or from there on; does nothing any more. */
void host_deafen(uint32_t cpu);
void host_stick(uint32_t cpu);

/* Memory of cells */
#define HOST_ANY_ACCESS	(CFG_MEM_READ | CFG_MEM_WRITE)

uint64_t host_access_to(const struct cell *cell, uint64_t phys);	/* union of flags of mappings of this byte */
bool host_translate(const struct cell *cell, uint64_t guest, uint64_t *phys, uint64_t *flags);
char *host_dump_map(const struct cell *cell);	/* text, to be compared and freed */
uint32_t host_map_calls(void);			/* of arch_memory_map() and _unmap() so far */
extern void (*host_map_hook)(void);		/* called by the CPU that does it, before it is done */
void host_fail_stage2(uint32_t nth);		/* that call does half of its work and fails; 0: none */
void host_fail_stage2_from(uint32_t nth);	/* and so do all that follow, until the next host_fail_stage2() */
uint32_t host_cleaned(uint64_t phys);		/* how often this byte was part of arch_clean_memory() or _scrub_ */
uint32_t host_scrubbed(uint64_t phys);		/* of arch_scrub_memory() alone */
extern void (*host_sweep_hook)(void);		/* called by the CPU that does it, if it is more than a page */
uint32_t host_sweeps(bool while_root_waits);	/* calls of both; those of more than a page while a root CPU was suspended */
int host_first_cleaned(uint64_t phys);		/* what was there when a range from here was cleaned last; -1: never */

/* Page pool: needs -Wl,--wrap=pages_alloc,--wrap=pages_free */
uint32_t host_pages_calls(void);

/* Devices: this page does not answer. */
void host_remove_device(uint64_t phys);

/* Interrupt controller */
struct host_spi {
	uint32_t target;	/* CPU */
	uint32_t resets;	/* masked and deactivated */
};

extern struct host_spi host_spis[HOST_NUM_INTIDS];

/* What the debug console UART got, since the last call */
const char *host_uart_text(void);
void host_stall_uart(bool on);		/* no room to send */
uint32_t host_uart_looks(void);		/* how often it was asked for room */

#endif
