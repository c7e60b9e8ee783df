/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First page tables, made by the primary CPU with the MMU off. Code of this file runs at its physical address:
 * it may use nothing that holds an absolute address (no tables of pointers, no switch tables); what
 * it writes goes to memory and is dropped from the caches before, so that nothing is written back over it, and
 * afterwards, so that cached readers see it.
 */
#include "bulkhead/image.h"
#include "early_map.h"
#include "entry.h"
#include "layout.h"
#include "percpu.h"
#include "pgtable.h"

extern char image_start[], image_rodata[], image_data[];

uint64_t early_root;

#define L1_SIZE		(1UL << 30)
#define L2_SIZE		(1UL << 21)

/* Level 0 of addresses of VA_BITS_SMALL */
static uint64_t small_root[1 << (VA_BITS_SMALL - 39)] __attribute__((aligned(8 << (VA_BITS_SMALL - 39))));

struct early_alloc {
	uint64_t *root, *next;
};

static uint64_t percpu_end(const struct bh_image_header *header)
{
	return header->core_size + header->boot.max_cpus * header->percpu_size;
}

/*
 * What is behind the areas of the CPUs can be mapped by blocks, from this offset on. A table that such a block makes unnecessary
 * is a page more for the pool.
 */
static uint64_t blocks_offset(const struct bh_image_header *header)
{
	uint64_t size = header->boot.memory_size, offset = (percpu_end(header) + L2_SIZE - 1) & ~(L2_SIZE - 1);

	return header->boot.phys_base % L2_SIZE || offset > size ? size : offset;
}

static bool is_late_launch(const struct bh_image_header *header)
{
	return header->boot.launcher == BH_LAUNCHER_LINUX;
}

/* Enough for any place: tables of level 3 for pages before the blocks, and for those behind the last block */
uint64_t early_table_pages(const struct bh_image_header *header)
{
	uint64_t size = header->boot.memory_size, blocks = blocks_offset(header);
	uint64_t areas = header->boot.max_cpus * sizeof(struct percpu_area);

	/* L1, L2 and those of areas; L0, and the trampoline's L1, L2, L3 */
	return 2 + (VA_IMAGE % L1_SIZE + size - 1) / L1_SIZE + (areas + L2_SIZE - 1) / L2_SIZE +
	       (blocks + L2_SIZE - 1) / L2_SIZE + (blocks < size && size % L2_SIZE) + (is_late_launch(header) ? 4 : 0);
}

static uint64_t *next_table(struct early_alloc *alloc, uint64_t *entry)
{
	if (!(*entry & PTE_VALID)) {
		*entry = (uint64_t)alloc->next | PTE_TABLE | PTE_VALID;
		alloc->next += ENTRIES;
	}
	return (uint64_t *)(*entry & PTE_ADDR_MASK);
}

/* Pages up to the next 2 MiB of addresses, or one block that is all of these. Returns how many bytes. */
static uint64_t map_some(struct early_alloc *alloc, uint64_t virt, uint64_t phys, uint64_t size, uint64_t attributes)
{
	uint64_t *l1 = next_table(alloc, &alloc->root[(virt >> 39) % ENTRIES]);
	uint64_t *l2 = next_table(alloc, &l1[(virt >> 30) % ENTRIES]), *entry = &l2[(virt >> 21) % ENTRIES];
	uint64_t done = MIN(size, L2_SIZE - virt % L2_SIZE), end = phys + done;

	if (done == L2_SIZE && phys % L2_SIZE == 0) {
		*entry = phys | (attributes & ~PTE_TABLE);
		return done;
	}
	entry = &next_table(alloc, entry)[(virt >> 12) % ENTRIES];
	for (; phys < end; phys += PAGE_SIZE)
		*entry++ = phys | attributes;
	return done;
}

static void early_map_range(struct early_alloc *alloc, uint64_t virt, uint64_t phys, uint64_t size, uint64_t attributes)
{
	for (uint64_t done = 0; done < size; )
		done += map_some(alloc, virt + done, phys + done, size - done, attributes);
}

/* What is in memory of the areas of CPUs; and tables for their windows. */
static void map_areas(struct early_alloc *alloc, uint64_t phys, uint32_t count)
{
	uint64_t virt = VA_REMAP + offsetof(struct percpu_area, stack);

	for (; count; count--, phys += PERCPU_SIZE, virt += sizeof(struct percpu_area)) {
		early_map_range(alloc, virt, phys, PERCPU_SIZE, PTE_EL2_RW);
		early_map_range(alloc, virt + PERCPU_SIZE, 0, PAGE_SIZE, 0);
	}
}

void early_map(uint64_t base)
{
	const struct bh_image_header *header = (const struct bh_image_header *)base;
	/* Differences of link addresses, from PC-relative (here: physical) ones */
	uint64_t rodata = PAGE_ALIGN((uint64_t)image_rodata - (uint64_t)image_start);
	uint64_t data = (uint64_t)image_data - (uint64_t)image_start;
	uint64_t size = header->boot.memory_size;
	uint64_t pool = percpu_end(header);
	uint64_t tables = base + header->boot.pool_offset, tables_end = tables + early_table_pages(header) * PAGE_SIZE;
	struct early_alloc alloc = { .root = small_root, .next = (uint64_t *)tables };

	/* nobody has cleaned what is behind the file */
	arm64_discard_pages(tables, tables_end);
	arm64_zero(tables, tables_end);

	/* the way back to Linux is to be mapped where it is, too */
	if (is_late_launch(header)) {
		alloc.root = alloc.next;
		alloc.next += ENTRIES;
		early_map_range(&alloc, base, base, PAGE_SIZE, PTE_EL2_RX);
	}
	early_map_range(&alloc, VA_IMAGE, base, rodata, PTE_EL2_RX);
	early_map_range(&alloc, VA_IMAGE + rodata, base + rodata, data - rodata, PTE_EL2_RO);
	early_map_range(&alloc, VA_IMAGE + data, base + data, header->core_size - data, PTE_EL2_RW);
	map_areas(&alloc, base + header->core_size, header->boot.max_cpus);
	early_map_range(&alloc, VA_IMAGE + pool, base + pool, size - pool, PTE_EL2_RW);

	arm64_discard_pages(tables, tables_end);
	arm64_discard_lines((uint64_t)small_root, (uint64_t)small_root + sizeof(small_root));
	early_root = (uint64_t)alloc.root;
	arm64_discard_lines((uint64_t)&early_root, (uint64_t)(&early_root + 1));
}
