/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level address translation of cells. All under the management lock, unless noted. */
#ifndef BULKHEAD_ARCH_MEMORY_H
#define BULKHEAD_ARCH_MEMORY_H

#include "cell.h"

int arch_memory_init(struct cell *cell);	/* empty tables; -ENOMEM */
void arch_memory_exit(struct cell *cell);	/* frees them; the cell's CPUs are stopped */

/*
 * Map [guest, guest + size) to host with the rights and type of CFG_MEM_* flags; replaces what was there.
 * Page-aligned. -ENOMEM may leave a part mapped; -EINVAL: the cell has no such addresses.
 */
int arch_memory_map(struct cell *cell, guest_addr_t guest, host_addr_t host, uint64_t size, uint64_t flags);
/* The same, but one page, which may be read, is all that is seen in the range. */
int arch_memory_map_one(struct cell *cell, guest_addr_t guest, host_addr_t page, uint64_t size);
int arch_memory_unmap(struct cell *cell, guest_addr_t guest, uint64_t size);

/* After the last of a series of changes: no CPU uses old translations afterwards. */
void arch_memory_flush(struct cell *cell);

/* Host address of a mapped guest page, if it is normal memory that the cell may read, or write if is_write. */
bool arch_memory_lookup(struct cell *cell, guest_addr_t guest, bool is_write, host_addr_t *host);

/*
 * [calling CPU, no lock] Map one page of any physical memory at EL2 until the next call on this CPU;
 * returns the address of addr inside it.
 */
void *arch_window(host_addr_t addr);
volatile void *arch_window_device(host_addr_t addr);	/* the same, as device memory */

/*
 * Write back and invalidate data caches for a physical range; arch_scrub_memory() fills it with zeros before, and takes whole
 * pages. Pages where no memory answers are passed over. Management lock; a CPU that uses the range may run.
 */
void arch_clean_memory(host_addr_t host, uint64_t size);
void arch_scrub_memory(host_addr_t host, uint64_t size);

#endif
