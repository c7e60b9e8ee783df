/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control of the host architecture by tests. It implements the contracts of hypervisor/include in memory,
 * aborts when they are not kept, and fails on request. host_machine.h has what only tests of the whole core need.
 */
#ifndef BULKHEAD_HOST_H
#define BULKHEAD_HOST_H

#include "cell.h"
#include "mmio.h"
#include "types.h"

/* Forget texts and interrupts, fail nothing; RAM keeps its contents. Aborts if a mapping or lock is left. */
void host_reset(void);

/* RAM, for map_range(). Only what is mapped may be touched (AddressSanitizer watches). */
#define HOST_RAM_BASE	0x60000000ull
#ifndef HOST_RAM_SIZE
#define HOST_RAM_SIZE	0x00100000ull
#endif

uint32_t host_read32(uint64_t phys);	/* mapped or not */
void host_fill(uint64_t phys, uint64_t size, uint8_t value);
void host_copy_out(void *to, uint64_t phys, uint64_t size);
void host_copy_in(uint64_t phys, const void *from, uint64_t size);
uint32_t host_mappings(void);
void host_fail_map(uint32_t nth);	/* the nth map_range() from now on fails, 1 is the next; 0: none */

/* A page of device registers besides RAM: plain memory, in which only what is mapped may be touched. */
void host_add_device(uint64_t phys);

/* Page pool: the nth pages_alloc() from now on fails, 1 is the next, and perhaps all later ones; 0: none. */
void host_fail_pages(uint32_t nth, bool ever_after);

/* For other parts of the host architecture: like map_range() and unmap_range(), but not counted. */
void *host_use(uint64_t phys, uint64_t size);
void host_unuse(uint64_t phys, uint64_t size);
bool host_is_backed(uint64_t phys, uint64_t size);

/* Interrupts */
#define HOST_NUM_INTIDS	1020u

void host_own_spi(struct cell *cell, uint32_t intid, bool owned);
uint32_t host_raised(uint32_t intid);	/* how often since host_clear_raised() */
uint32_t host_raised_total(void);
void host_clear_raised(void);
void host_raise(uint32_t intid);	/* as a device does */
/* Called at each interrupt, with locks held; NULL: none */
void host_virq_status(uint32_t intid, uint64_t status);	/* what arch_virq_status() will say */
void host_on_raise(void (*hook)(uint32_t intid));

/*
 * mmio_dispatch() for a thread that is a CPU, which does accesses again by itself where it may (fast_path.c); how many it did so;
 * all CPUs forget what they know.
 */
enum mmio_result host_access(const struct mmio_map *map, uint64_t address, struct mmio_access *access);
uint64_t host_repeated(void);
void host_forget_cell(const struct mmio_map *map);	/* which makes no accesses any more: arch_forget_all() of its CPUs */
void host_forget(void) __attribute__((weak));	/* only where there are devices */

/* Called once, when this thread takes its next lock, before it has it: what another CPU may do just then */
void host_on_lock(void (*hook)(void));

/* Called whenever a thread that holds no lock is about to take one, or has released its last one; NULL: none */
extern void (*host_preemption_point)(void);

/* Locks: how many the calling thread holds, and the most it ever held since host_reset() */
uint32_t host_locks_held(void);
bool host_raise_is_ordered(void);	/* has the last lock that is held been taken by spin_lock_ordered()? */
uint32_t host_locks_held_max(void);

/* Texts */
const char *host_reason(void);	/* "" if nothing was refused */
const char *host_console(void);

void host_abort(const char *file, int line, const char *rule) __attribute__((noreturn));
#define HOST_ASSERT(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

#endif
