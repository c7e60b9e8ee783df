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

volatile uint32_t early_ready;
uint64_t early_l0;

#define ENTRIES		512UL
#define STACK		offsetof(struct percpu, stack)
#define L1_SIZE		(1UL << 30)
#define L2_SIZE		(1UL << 21)

struct early_alloc {
	uint64_t *next;
};

uint64_t early_table_pages(uint64_t memory_size)
{
	/* image: L0, L1, L2 and one L3 per 2 MiB; trampoline: L1, L2, L3 */
	return 3 + (memory_size + L2_SIZE - 1) / L2_SIZE + 3;
}

uint64_t early_tables_offset(const struct bh_image_header *header)
{
	return header->boot.pool_offset;
}

static uint64_t *table_alloc(struct early_alloc *alloc)
{
	uint64_t *table = alloc->next;

	for (unsigned int i = 0; i < ENTRIES; i++)
		((volatile uint64_t *)table)[i] = 0;
	alloc->next += ENTRIES;
	return table;
}

static uint64_t *next_table(struct early_alloc *alloc, uint64_t *entry)
{
	if (!(*entry & PTE_VALID))
		*entry = (uint64_t)table_alloc(alloc) | PTE_TABLE | PTE_VALID;
	return (uint64_t *)(*entry & PTE_ADDR_MASK);
}

/* The entry of a page. Entries of one table, 2 MiB of addresses, follow each other. */
static uint64_t *page_entry(struct early_alloc *alloc, uint64_t *l0, uint64_t virt)
{
	uint64_t *l1 = next_table(alloc, &l0[(virt >> 39) % ENTRIES]);
	uint64_t *l2 = next_table(alloc, &l1[(virt >> 30) % ENTRIES]);
	uint64_t *l3 = next_table(alloc, &l2[(virt >> 21) % ENTRIES]);

	return &l3[(virt >> 12) % ENTRIES];
}

static void map_pages(struct early_alloc *alloc, uint64_t *l0, uint64_t virt, uint64_t phys, uint64_t size,
		      uint64_t attributes)
{
	uint64_t *entry = NULL;

	for (uint64_t end = phys + size; phys < end; virt += PAGE_SIZE, phys += PAGE_SIZE) {
		if (!entry || virt % L2_SIZE == 0)
			entry = page_entry(alloc, l0, virt);
		*entry++ = phys | attributes;
	}
}

void early_map(uint64_t base)
{
	const struct bh_image_header *header = (const struct bh_image_header *)base;
	/* Differences of link addresses, from PC-relative (here: physical) ones */
	uint64_t rodata = PAGE_ALIGN((uint64_t)image_rodata - (uint64_t)image_start);
	uint64_t data = (uint64_t)image_data - (uint64_t)image_start;
	uint64_t size = header->boot.memory_size;
	uint64_t percpu_end = header->core_size + header->boot.max_cpus * header->percpu_size;
	uint64_t tables = base + early_tables_offset(header);
	struct early_alloc alloc = { .next = (uint64_t *)tables };
	uint64_t *l0;

	/* nobody has cleaned what is behind the file */
	arm64_discard_lines(tables, tables + early_table_pages(size) * PAGE_SIZE);
	l0 = table_alloc(&alloc);

	map_pages(&alloc, l0, VA_IMAGE, base, rodata, PTE_EL2_RX);
	map_pages(&alloc, l0, VA_IMAGE + rodata, base + rodata, data - rodata, PTE_EL2_RO);
	map_pages(&alloc, l0, VA_IMAGE + data, base + data, header->core_size - data, PTE_EL2_RW);
	/* without the guard page below each stack */
	for (uint64_t area = header->core_size; area < percpu_end; area += header->percpu_size) {
		map_pages(&alloc, l0, VA_IMAGE + area, base + area, PERCPU_GUARD, PTE_EL2_RW);
		map_pages(&alloc, l0, VA_IMAGE + area + STACK, base + area + STACK, header->percpu_size - STACK, PTE_EL2_RW);
	}
	map_pages(&alloc, l0, VA_IMAGE + percpu_end, base + percpu_end, size - percpu_end, PTE_EL2_RW);
	map_pages(&alloc, l0, base, base, PAGE_SIZE, PTE_EL2_RX);

	early_l0 = (uint64_t)l0;
	arm64_discard_lines(tables, (uint64_t)alloc.next);
	arm64_discard_lines((uint64_t)&early_l0, (uint64_t)(&early_l0 + 1));
	early_ready = 1;
	arm64_discard_lines((uint64_t)&early_ready, (uint64_t)(&early_ready + 1));
}
