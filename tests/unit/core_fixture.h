/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of the whole core on the host machine. Each runs in a process of its own, because the core, like the
 * hypervisor, starts once; a failed assertion, an abort, a leak or a test that does not end fails the test.
 *
 * The machine has four CPUs. The root cell has all of them, RAM in two regions with different rights, a
 * link of two peers, device pages, and two regions that are parts of one device page.
 */
#ifndef BULKHEAD_CORE_FIXTURE_H
#define BULKHEAD_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "bulkhead/hypercall.h"
#include "bulkhead/image.h"
#include "cell.h"
#include "config_fixture.h"
#include "control.h"
#include "errors.h"
#include "host_machine.h"
#include "pages.h"
#include "arch/cpu.h"

#define CORE_TEST(f)	{ #f, core_run_in_child, NULL, NULL, (void *)(f) }
#define CORE_SECONDS	120	/* until a test counts as hanging */

void core_run_in_child(void **state);

#define RAM_LOW		0x60000000ull	/* 2 MiB, 0xf */
#define RAM_HIGH	0x60200000ull	/* 512 KiB, read and write */
#define RAM_END		0x60280000ull
#define LINK_STATE	0x60280000ull	/* the root cell is peer 0 */
#define LINK_RW		0x60281000ull
#define LINK_OUT0	0x6028a000ull
#define LINK_OUT1	0x6028c000ull
#define LINK_END	0x6028e000ull
#define NOBODY		0x60290000ull	/* RAM that the root cell does not have, up to hypervisor memory */
#define DEVICE		0x0a000000ull	/* a page that the root cell has */
#define SUBPAGE		0x0a001000ull	/* two regions, 0x200 and 0x100 bytes */
#define PRIVATE_DEVICE	0x0a002000ull	/* a page that the root cell does not have */
#define ECAM		0x08e00000ull
#define COMM		0x80000000ull
#define CONFIG_AT	0x601e0000ull	/* where the root cell puts configurations */

extern struct test_system core_system;	/* may be changed before core_start() */

/* [CPUs enter] core_start() asserts success; core_enter() gives the result of CPU 0. */
int core_enter(void);
void core_start(void);

/* A cell of 64 KiB loadable RAM at phys (guest 0), with a communication region. */
void core_make_cell(struct test_config *config, const char *name, uint32_t id, uint32_t cpu, uint64_t phys);

/* Join the link as peer 1, INTx on INTID 40. */
void core_add_link(struct test_config *config);

/* Put a configuration into root cell memory, if there is any at the address. */
void core_place(const struct test_config *config, uint64_t address);

/* Hypercalls of CPU 0 */
int64_t core_create_at(const struct test_config *config, uint64_t address);
int64_t core_create(const struct test_config *config);
int64_t core_call(uint64_t code, uint64_t arg);

void core_created(const struct test_config *config);	/* create and assert */
void core_started(uint32_t id);				/* set loadable, start, assert */

struct cell *core_cell(uint32_t id);	/* NULL if there is none */
struct percpu *core_cpu(uint32_t cpu);

/* Have a CPU switch itself off, or fail, and wait until all is quiet; core_switch_off() asserts that it is off then. */
void core_go_off(uint32_t cpu);
void core_fail(uint32_t cpu);
void core_switch_off(uint32_t cpu);

/* For host_run(): CPU_ON for cpu, from another CPU of its cell; the result is cpu_switch_on()'s. */
int64_t core_switch_on_job(uint64_t cpu, uint64_t entry, uint64_t context);

/* Called by a CPU in the middle of something: what another one's hypercall gives meanwhile. Fails if that has to wait. */
int64_t core_ask(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2);

/* For host_post(): the CPU fails. */
int64_t core_fail_job(uint64_t arg1, uint64_t arg2, uint64_t arg3);

/* What the test wants to find unchanged after a refusal */
struct core_snapshot {
	uint32_t pages_used, remap_used, cells;
	char *root_map;
	struct cpu_set root_cpus;
	uint32_t spis[32];
	uint32_t resets;	/* of SPI 40 */
	enum cpu_run_state run_state[HOST_NUM_CPUS];
	struct cell *cell_of[HOST_NUM_CPUS];
	uint8_t lent[64];
};

void core_snapshot(struct core_snapshot *snapshot);
void core_assert_unchanged(struct core_snapshot *snapshot);	/* and free it */

#define refused(call, error, text) do {						\
	assert_int_equal((call), (error));					\
	if (strcmp(host_reason(), (text)))					\
		fail_msg("reason is \"%s\", not \"%s\"", host_reason(), (text));	\
} while (0)

#endif
