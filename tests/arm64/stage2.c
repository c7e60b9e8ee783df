/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 tables, as they are in the image, against a model: for each page of a window of guest addresses what it is mapped to.
 * Ranges are mapped, unmapped and filled at random, with ends that are often those of blocks or of other ranges; a walk that
 * knows nothing of stage2.c then has to find what the model says, in no more tables than that needs.
 *
 *   stage2 PA_RANGE SEED own|low|high	own: all that the cell has is below 16 GiB, and it needs no page for its root; low:
 *					below 512 GiB, and it has few levels
 *
 * Prints "ok" and how many operations ran out of pages.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "stage2.h"

#define POOL_PAGES	24u
#define WINDOW		(3ull << 30)		/* three entries of level 1, and a bit of a fourth */
#define PAGES		(WINDOW / PAGE_SIZE)
#define ACROSS		(0x1feull << 30)	/* across 512 GiB: two roots, or two entries of level 0 */
#define BELOW		((0x200ull << 30) - WINDOW)	/* up to 512 GiB: one root of three levels */
#define OWN		((16ull << 30) - WINDOW)	/* up to 16 GiB: the root is part of the cell's object */
#define START		window_start
#define OPERATIONS	600u
#define VALID		1ull
#define TABLE		2ull
#define ADDRESS		0xfffffffff000ull
#define NO_BLOCK	(1ull << 55)

struct config_platform platform;
uint64_t sysreg_id_aa64mmfr0_el1, sysreg_vttbr_el2, sysreg_vtcr_el2;
static struct cfg_cell header = { .num_memory_regions = 2 };
static struct cfg_memory regions[2];
static struct arch_cell_room room, root_room;
static struct cell cell = { .room = &room, .config = { .cell = &header, .memory = regions } };
static uint64_t window_start;
static uint64_t *model;		/* what a page descriptor would be, without bit 1; 0: not mapped */
static uint32_t tables, refused;

int (refuse)(int error, const char *format, ...)
{
	(void)format;
	refused++;
	return error;
}

int (refuse_invalid)(const char *format, ...)
{
	(void)format;
	return -EINVAL;
}

void console_printf(const char *format, ...)
{
	printf("%s", format);
	exit(1);
}

host_addr_t virt_to_host(const void *virt)
{
	return HOST_ADDR((uintptr_t)virt);
}

void *host_to_virt(host_addr_t addr)
{
	return (void *)addr.value;
}

void arch_memory_flush(struct cell *unused)
{
	(void)unused;
}

static uint64_t attributes(uint64_t flags)
{
	uint64_t device = flags & CFG_MEM_IO;

	return VALID | 1 << 10 | (device ? 1ull << 2 | 1ull << 54 : 0xfull << 2 | 3ull << 8) |
	       (flags & CFG_MEM_READ ? 1 << 6 : 0) | (flags & CFG_MEM_WRITE ? 1 << 7 : 0) |
	       (flags & CFG_MEM_NO_HUGEPAGES ? NO_BLOCK : 0);
}

static void fail(const char *what, uint64_t page, uint64_t found)
{
	printf("%s: page %llx: %llx, the model has %llx\n", what, (unsigned long long)page, (unsigned long long)found,
	       (unsigned long long)model[page]);
	exit(1);
}

/* One table for all below a block that is in the model as a whole is one too many. */
static void check_needed(uint64_t first, uint64_t count)
{
	uint64_t value = model[first];

	if (!(value & VALID) || (value & NO_BLOCK) || (value & ADDRESS) % (count * PAGE_SIZE))
		return;
	for (uint64_t i = 1; i < count; i++)
		if (model[first + i] != value + i * PAGE_SIZE)
			return;
	fail("a table that could be a block", first, count);
}

/* All that an entry maps without tables below it; base is where its first page is mapped */
static void check_leaf(uint64_t entry, uint32_t level, uint64_t base)
{
	uint64_t pages = 1ull << 9 * (3 - level);

	if (level == 3 && entry && !(entry & TABLE))
		fail("no page", 0, entry);
	if (entry & VALID && (base < START || base >= START + WINDOW || level == 0 || (level < 3 && entry & NO_BLOCK)))
		fail("outside, or a block", 0, entry);
	for (uint64_t at = MAX(base, START); at < MIN(base + pages * PAGE_SIZE, START + WINDOW); at += PAGE_SIZE) {
		uint64_t found = entry & VALID ? (entry & ~TABLE) + at - base : 0;

		if (model[(at - START) / PAGE_SIZE] != found)
			fail("level", (at - START) / PAGE_SIZE, found);
	}
}

/* Tables are counted, too. */
static void check_level(const uint64_t *table, uint32_t level, uint64_t entries, uint64_t base)
{
	uint64_t pages = 1ull << 9 * (3 - level);

	tables++;
	for (uint64_t n = 0; n < entries; n++, base += pages * PAGE_SIZE) {
		uint64_t entry = table[n];

		if (level == 3 || (entry & (VALID | TABLE)) != (VALID | TABLE)) {
			check_leaf(entry, level, base);
			continue;
		}
		check_level((void *)(entry & ADDRESS), level + 1, 512, base);
		if (level > 0 && base >= START && base < START + WINDOW)
			check_needed((base - START) / PAGE_SIZE, pages);
	}
}

/* The root: VTCR_EL2.SL0, as many entries as T0SZ makes necessary, aligned to what they take (DDI 0487, D8.2) */
static void check(void)
{
	uint64_t address = cell.arch.vttbr & 0xfffffffffffeull, vtcr = cell.arch.vtcr;
	uint32_t level = 2 - (vtcr >> 6 & 3), bits = 64 - (vtcr & 63);
	uint64_t entries = 1ull << (bits - (39 - 9 * level));
	bool own = address == (uintptr_t)room.stage2_root;

	if (address % (8 * entries) || entries > 8192 || (level == 0) != (bits >= 44) || own != (window_start == OWN) ||
	    (window_start != ACROSS && bits != (window_start == OWN ? 34 : 39)))
		exit(1);
	tables = 0;
	check_level((void *)address, level, entries, 0);
	tables += own ? -1u : (uint32_t)((entries + 511) / 512 - 1);
	if (tables != pages_used()) {
		printf("%u tables, %u pages in use\n", tables, pages_used());
		exit(1);
	}
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t page = (uint64_t)rand() % PAGES, value = model[page];
		bool is_write = rand() & 1, is_there;
		host_addr_t host;

		is_there = value & (is_write ? 1 << 7 : 1 << 6) && (value >> 2 & 15) == 15;
		if (arch_memory_lookup(&cell, GUEST_ADDR(START + page * PAGE_SIZE + 5), is_write, &host) != is_there ||
		    (is_there && host.value != (value & ADDRESS) + 5))
			fail("lookup", page, host.value);
	}
}

/* A page number: anywhere, at a block, or where something was before */
static uint64_t pick(void)
{
	static uint64_t before[8];
	uint64_t page = (((uint64_t)rand() << 20) ^ (uint64_t)rand()) % PAGES;

	switch (rand() % 5) {
	case 0:
		return before[rand() % 8];
	case 1:
		page &= ~511ull;
		break;
	case 2:
		page = page / 262144 * 262144;
		break;
	case 3:
		page = (page & ~511ull) + (uint64_t)rand() % 9;
		break;
	default:
		break;
	}
	return before[rand() % 8] = page;
}

static void operate(void)
{
	static const uint64_t kinds[] = {
		CFG_MEM_READ | CFG_MEM_WRITE, CFG_MEM_READ, CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_IO,
		CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_NO_HUGEPAGES, CFG_MEM_READ | CFG_MEM_WRITE, 0,
	};
	uint64_t a = pick(), b = rand() % 16 == 0 ? PAGES : rand() % 4 ? pick() :
			MIN(a + 1 + (uint64_t)rand() % 600, PAGES);	/* PAGES: up to the last page below a limit, too */
	uint64_t first = MIN(a, b), count = MAX(MAX(a, b) - first, 1u), flags = kinds[rand() % 6];
	uint64_t host = (rand() % 3 ? first : pick()) * PAGE_SIZE + (1ull << 33), guest = START + first * PAGE_SIZE;
	bool one = rand() % 8 == 0, unmap = rand() % 4 == 0;
	int error;

	/* tables for every page would be too many */
	if ((one || flags & CFG_MEM_NO_HUGEPAGES || (guest ^ host) & 0x1fffff) && !unmap)
		count = MIN(count, 1200u);
	if (unmap)
		error = arch_memory_unmap(&cell, GUEST_ADDR(guest), count * PAGE_SIZE);
	else if (one)
		error = arch_memory_map_one(&cell, GUEST_ADDR(guest), HOST_ADDR(host), count * PAGE_SIZE);
	else
		error = arch_memory_map(&cell, GUEST_ADDR(guest), HOST_ADDR(host), count * PAGE_SIZE, flags);
	/* beyond what the tables can map is nothing to be unmapped, and no harm in that */
	if (arch_memory_unmap(&cell, GUEST_ADDR(1ull << 47), WINDOW))
		exit(1);
	if (error) {
		/* a part may be there: unmapping it needs a page at the most, in the place of blocks, and there are some again */
		if (error != -ENOMEM)
			exit(1);
		arch_memory_unmap(&cell, GUEST_ADDR(START), WINDOW);
		memset(model, 0, PAGES * sizeof(*model));
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		model[first + i] = unmap || (!one && !flags) ? 0 : one ? host | attributes(CFG_MEM_READ | CFG_MEM_NO_HUGEPAGES) :
			(host + i * PAGE_SIZE) | attributes(flags);
}

/* What the root cell sees of hypervisor memory beyond 512 GiB, whatever it has itself. Nonzero: nothing */
static int hypervisor_is_seen(void)
{
	struct cell root = { .is_root = true, .room = &root_room, .config = cell.config };
	struct cfg_memory high = regions[1];
	guest_addr_t at = GUEST_ADDR(ACROSS + WINDOW);
	host_addr_t found;
	int error;

	regions[1].virt_start = regions[1].phys_start = 0;
	platform = (struct config_platform){ .hv_start = at.value, .hv_size = PAGE_SIZE };
	error = arch_memory_init(&root) || arch_memory_map_one(&root, at, HOST_ADDR(at.value), PAGE_SIZE) ||
		!arch_memory_lookup(&root, at, false, &found) || found.value != at.value;
	arch_memory_exit(&root);
	regions[1] = high;
	return error;
}

/* Addresses that the cell does not have are refused as a whole; that nothing is there any more is true of them. Nonzero: not so */
static int beyond_is_refused(void)
{
	uint64_t limit = 1ull << cell.arch.guest_bits, host = 1ull << 30, flags = CFG_MEM_READ | CFG_MEM_WRITE;
	host_addr_t found;

	return arch_memory_map(&cell, GUEST_ADDR(limit), HOST_ADDR(host), PAGE_SIZE, flags) != -EINVAL ||
		arch_memory_map(&cell, GUEST_ADDR(limit - PAGE_SIZE), HOST_ADDR(host), 2 * PAGE_SIZE, flags) != -EINVAL ||
		arch_memory_map(&cell, GUEST_ADDR(0 - PAGE_SIZE), HOST_ADDR(host), PAGE_SIZE, flags) != -EINVAL ||
		arch_memory_map_one(&cell, GUEST_ADDR(limit), HOST_ADDR(host), PAGE_SIZE) != -EINVAL ||
		arch_memory_lookup(&cell, GUEST_ADDR(limit - PAGE_SIZE), false, &found) ||
		arch_memory_map(&cell, GUEST_ADDR(limit - PAGE_SIZE), HOST_ADDR(host), PAGE_SIZE, flags) ||
		!arch_memory_lookup(&cell, GUEST_ADDR(limit - PAGE_SIZE), true, &found) ||
		arch_memory_unmap(&cell, GUEST_ADDR(limit - PAGE_SIZE), 2 * PAGE_SIZE) ||
		arch_memory_lookup(&cell, GUEST_ADDR(limit - PAGE_SIZE), false, &found);
}

int main(int argc, char **argv)
{
	void *pool = aligned_alloc(64 * PAGE_SIZE, POOL_PAGES * PAGE_SIZE);

	model = calloc(PAGES, sizeof(*model));
	if (argc != 4 || !pool || !model)
		return 2;
	window_start = !strcmp(argv[3], "own") ? OWN : !strcmp(argv[3], "low") ? BELOW : ACROSS;
	regions[1] = (struct cfg_memory){ .virt_start = window_start, .phys_start = 1ull << 47, .size = WINDOW };
	sysreg_id_aa64mmfr0_el1 = strtoull(argv[1], NULL, 0);
	srand((unsigned int)atoi(argv[2]));
	stage2_setup();
	pages_init(pool, 0, POOL_PAGES);
	if (arch_memory_init(&cell))
		return 1;
	if (hypervisor_is_seen() || beyond_is_refused())
		return 1;
	for (uint32_t n = 0; n < OPERATIONS; n++) {
		operate();
		if (n % 4 == 0)
			check();
	}
	check();
	arch_memory_exit(&cell);
	if (pages_used())
		return 1;
	printf("ok %u\n", refused);
	return 0;
}
