/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First page tables, made by the primary CPU with the MMU off. Code of this file runs at its physical address:
 * it may use nothing that holds an absolute address (no tables of pointers, no switch tables); what
 * it writes goes to memory and is dropped from the caches afterwards, so that cached readers see it.
 */
#include "bulkhead/image.h"
#include "early_map.h"
#include "layout.h"
#include "pgtable.h"
#include "asm/sysreg.h"

extern char image_start[], image_text[], image_data[];

volatile uint32_t early_ready;
uint64_t early_l0;

#define ENTRIES		512UL
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

static void map_page(struct early_alloc *alloc, uint64_t *l0, uint64_t virt, uint64_t phys, uint64_t attributes)
{
	uint64_t *l1 = next_table(alloc, &l0[(virt >> 39) % ENTRIES]);
	uint64_t *l2 = next_table(alloc, &l1[(virt >> 30) % ENTRIES]);
	uint64_t *l3 = next_table(alloc, &l2[(virt >> 21) % ENTRIES]);

	l3[(virt >> 12) % ENTRIES] = phys | attributes;
}

static void drop_lines(uint64_t start, uint64_t size)
{
	for (uint64_t line = start & ~15UL; line < start + size; line += 16)
		__asm__ volatile("dc ivac, %0" : : "r"(line) : "memory");
	dsb(sy);
}

void early_map(uint64_t base)
{
	const struct bh_image_header *header = (const struct bh_image_header *)base;
	/* Differences of link addresses, from PC-relative (here: physical) ones */
	uint64_t text = (uint64_t)image_text - (uint64_t)image_start;
	uint64_t data = (uint64_t)image_data - (uint64_t)image_start;
	uint64_t size = header->boot.memory_size;
	uint64_t percpu_end = header->core_size + header->boot.max_cpus * header->percpu_size;
	uint64_t tables = base + early_tables_offset(header);
	struct early_alloc alloc = { .next = (uint64_t *)tables };
	uint64_t *l0 = table_alloc(&alloc);

	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
		uint64_t attributes = PTE_EL2_RW;

		if (offset < text)
			attributes = PTE_EL2_RO;
		else if (offset < data)
			attributes = PTE_EL2_RX;
		else if (offset >= header->core_size && offset < percpu_end &&
			 (offset - header->core_size) % header->percpu_size == 0)
			continue;	/* guard page below each stack */
		map_page(&alloc, l0, VA_IMAGE + offset, base + offset, attributes);
	}
	map_page(&alloc, l0, base + text, base + text, PTE_EL2_RX);

	early_l0 = (uint64_t)l0;
	drop_lines(tables, (uint64_t)alloc.next - tables);
	drop_lines((uint64_t)&early_l0, sizeof(early_l0));
	early_ready = 1;
	dsb(sy);
	drop_lines((uint64_t)&early_ready, sizeof(early_ready));
}
