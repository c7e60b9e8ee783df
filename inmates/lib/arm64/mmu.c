/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity map, 4 KiB granule, 39-bit addresses, levels 1 to 3 (Arm ARM, D8.3). Whole 2 MiB blocks where
 * they fit, pages elsewhere, so that nothing outside the requested ranges is ever reachable, not even
 * speculatively.
 */
#include <cpu.h>
#include <inmate.h>

#include "internal.h"

#define TABLE_ENTRIES	512u
#define BLOCK_SIZE	0x200000ull
#define VA_LIMIT	(1ull << 39)

#define DESC_VALID	0x1ull
#define DESC_TABLE	0x3ull	/* levels 1 and 2 */
#define DESC_BLOCK	0x1ull	/* level 2 */
#define DESC_PAGE	0x3ull	/* level 3 */
#define DESC_AF		(1ull << 10)
#define DESC_INNER_SHARE (3ull << 8)
#define DESC_READ_ONLY	(1ull << 7)	/* AP[2] */
#define DESC_ATTR(n)	((uint64_t)(n) << 2)
#define DESC_NO_EXEC	((1ull << 53) | (1ull << 54))	/* PXN, UXN */
#define DESC_ADDRESS	0x0000fffffffff000ull

#define ATTR_NORMAL	0
#define ATTR_DEVICE	1
#define MAIR_VALUE	0x00ffull	/* 0: write-back read/write-allocate, 1: nGnRnE */

/* T0SZ 25, inner and outer write-back, inner shareable, 4 KiB, no TTBR1 walks */
#define TCR_VALUE	(25ull | (1ull << 8) | (1ull << 10) | (3ull << 12) | (1ull << 23))

#define SCTLR_M		(1ull << 0)
#define SCTLR_C		(1ull << 2)
#define SCTLR_I		(1ull << 12)

typedef uint64_t table[TABLE_ENTRIES];

extern const char __image_start[], __writable_start[], __image_end[];
extern table __page_tables[];	/* zeroed by header.S; the first one is the root */

static unsigned int tables_used;

static uint64_t *new_table(void)
{
	uint64_t *new = __page_tables[tables_used];

	if ((uintptr_t)new >= (uintptr_t)__image_end) {
		printk("inmate: out of page tables, map less or enlarge them in inmate.ld\n");
		stop();
	}
	tables_used++;
	return new;
}

static uint64_t *next_level(uint64_t *entry)
{
	uint64_t *lower;
	uint64_t block = *entry;

	if ((block & DESC_TABLE) == DESC_TABLE)
		return (uint64_t *)(uintptr_t)(block & DESC_ADDRESS);

	lower = new_table();
	/* A level 2 block that gets finer attributes keeps its old ones everywhere else */
	for (unsigned int n = 0; (block & DESC_VALID) && n < TABLE_ENTRIES; n++)
		lower[n] = (block | DESC_PAGE) + n * PAGE_SIZE;
	*entry = 0;
	__asm__ volatile("dsb ish\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
	*entry = (uintptr_t)lower | DESC_TABLE;
	return lower;
}

static uint64_t leaf_attributes(unsigned int attributes)
{
	uint64_t leaf = DESC_AF | DESC_INNER_SHARE;

	leaf |= DESC_ATTR(attributes & MAP_DEVICE ? ATTR_DEVICE : ATTR_NORMAL);
	if (attributes & MAP_READ_ONLY)
		leaf |= DESC_READ_ONLY;
	if (!(attributes & MAP_EXECUTE))
		leaf |= DESC_NO_EXEC;
	return leaf;
}

void map(uint64_t start, uint64_t size, unsigned int attributes)
{
	uint64_t leaf = leaf_attributes(attributes);
	uint64_t at = start & ~(PAGE_SIZE - 1);
	uint64_t end = (start + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	if (!size || end < start || end > VA_LIMIT) {
		printk("inmate: cannot map %llx bytes at %llx: not in the first 512 GiB\n",
		       (unsigned long long)size, (unsigned long long)start);
		stop();
	}
	if (!tables_used)
		new_table();

	while (at < end) {
		uint64_t *level2 = next_level(&__page_tables[0][at >> 30]);
		uint64_t *entry = &level2[(at >> 21) % TABLE_ENTRIES];

		if (!(at % BLOCK_SIZE) && end - at >= BLOCK_SIZE && (*entry & DESC_TABLE) != DESC_TABLE) {
			*entry = at | leaf | DESC_BLOCK;
			at += BLOCK_SIZE;
		} else {
			uint64_t *level3 = next_level(entry);

			level3[(at >> 12) % TABLE_ENTRIES] = at | leaf | DESC_PAGE;
			at += PAGE_SIZE;
		}
	}
	__asm__ volatile("dsb ish\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

void mmu_setup(void)
{
	uintptr_t code = (uintptr_t)__image_start, data = (uintptr_t)__writable_start;

	map(code, data - code, MAP_NORMAL | MAP_READ_ONLY | MAP_EXECUTE);
	map(data, (uintptr_t)__image_end - data, MAP_NORMAL);
	map(COMM_REGION_ADDRESS, PAGE_SIZE, MAP_NORMAL);

	write_sysreg(mair_el1, MAIR_VALUE);
	write_sysreg(tcr_el1, TCR_VALUE | ((read_sysreg(id_aa64mmfr0_el1) & 7) << 32));
	write_sysreg(ttbr0_el1, (uintptr_t)__page_tables);
	/* Caches hold nothing of the cell's memory but may hold instructions of its predecessor */
	__asm__ volatile("ic iallu\n\ttlbi vmalle1\n\tdsb sy\n\tisb" : : : "memory");
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | SCTLR_M | SCTLR_C | SCTLR_I);
}
