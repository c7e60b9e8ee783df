/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own address space after start-up: the remap area for devices, state tables and the
 * per-CPU windows. Tables are shared by all CPUs; under the management lock but for the windows,
 * whose entries belong to one CPU each.
 */
#include "bulkhead/image.h"
#include "pages.h"
#include "paging.h"
#include "percpu.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "early_map.h"
#include "entry.h"
#include "layout.h"
#include "paging_arm64.h"
#include "pgtable.h"

#define REMAP_TABLES	(REMAP_PAGES / ENTRIES)
_Static_assert(CONFIG_MAX_CPUS * (sizeof(struct percpu_area) >> PAGE_SHIFT) < REMAP_PAGES / 2, "there is room beside the areas");

#define SWEEP_BLOCK		(PAGE_SIZE * ENTRIES)
#define SWEEP_STEP_MAX		(PAGE_SIZE / 8)

extern char image_start[];
extern struct bh_image_header image_header;

static uint64_t *remap_l2;	/* for level 3 of all that is not the image's: made when first needed */
static uint32_t remap_first;	/* page behind the areas of CPUs, and the devices: these stay */
static uint32_t remap_count;

host_addr_t virt_to_host(const void *virt)
{
	return HOST_ADDR((uint64_t)virt - VA_IMAGE + image_header.boot.phys_base);
}

void *host_to_virt(host_addr_t addr)
{
	return (void *)(addr.value - image_header.boot.phys_base + VA_IMAGE);
}

uint32_t remap_pages_total(void)
{
	return REMAP_PAGES;
}

uint32_t remap_pages_used(void)
{
	return remap_count;
}

void paging_init(void)
{
	uint64_t *root = host_to_virt(HOST_ADDR(early_root)), *l1 = table_of(root[VA_REMAP >> 39]);

	remap_l2 = table_of(l1[(VA_REMAP >> 30) % ENTRIES]);
	remap_first = num_cpu_slots * (sizeof(struct percpu_area) >> PAGE_SHIFT);
}

/* NULL: there is none */
static uint64_t *remap_table(uint32_t page)
{
	uint64_t entry = remap_l2[page / ENTRIES];

	return entry ? table_of(entry) : NULL;
}

/* First fit: so many pages that are free, as is one on each side, which stays unmapped. REMAP_PAGES if there are none */
static uint32_t remap_find(uint32_t count)
{
	uint32_t page = remap_first, first = page + 1;
	const uint64_t *table = remap_table(page);

	for (; page < REMAP_PAGES; page++) {
		if (page % ENTRIES == 0)
			table = remap_table(page);
		if (table && table[page % ENTRIES])
			first = page + 2;
		else if (page == first + count)
			return first;
	}
	return REMAP_PAGES;
}

/* All tables of the range; false, if there is no page for one. */
static bool remap_tables(uint32_t first, uint32_t count)
{
	for (uint32_t page = first; page < first + count; page = (page / ENTRIES + 1) * ENTRIES) {
		uint64_t *table;

		if (remap_table(page))
			continue;
		table = pages_alloc(1, 1);
		if (!table)
			return false;
		dsb(ishst);
		remap_l2[page / ENTRIES] = virt_to_host(table).value | PTE_TABLE | PTE_VALID;
	}
	return true;
}

/* Their tables are there. */
static void remap_set(uint32_t first, uint32_t count, uint64_t value, uint64_t step)
{
	uint64_t *entry = NULL;

	for (uint32_t page = first; page < first + count; page++, value += step) {
		if (!entry || page % ENTRIES == 0)
			entry = &remap_table(page)[page % ENTRIES];
		*entry++ = value;
	}
}

static void flush_el2(void)
{
	dsb(ishst);
	__asm__ volatile("tlbi alle2is" : : : "memory");
	dsb(ish);
	isb();
}

/* A configuration may name memory that the machine does not have. */
static bool is_memory(volatile char *virt, uint64_t pages)
{
	uint64_t value = 0;

	for (uint64_t i = 0; i < pages; i++)
		if (!arch_device_access(virt + (i << PAGE_SHIFT), &value, 4, false))
			return false;
	return true;
}

void *map_range(host_addr_t addr, uint64_t size, enum map_type type)
{
	uint64_t start = addr.value & PAGE_MASK;
	uint64_t count = (PAGE_ALIGN(addr.value + size) - start) >> PAGE_SHIFT;
	uint64_t attributes = type == MAP_DEVICE ? PTE_EL2_DEVICE : PTE_EL2_RW;
	uint32_t first;
	char *virt;

	if (count == 0 || count >= REMAP_PAGES)
		return NULL;
	first = remap_find(count);
	if (first == REMAP_PAGES || !remap_tables(first, count))
		return NULL;
	remap_set(first, count, start | attributes, PAGE_SIZE);
	remap_count += count;
	if (type == MAP_DEVICE)
		remap_first = first + count;
	dsb(ishst);
	isb();
	virt = (char *)(VA_REMAP + ((uint64_t)first << PAGE_SHIFT));
	if (type == MAP_NORMAL && !is_memory(virt, count)) {
		unmap_range(virt, count << PAGE_SHIFT);
		return NULL;
	}
	return virt + (addr.value - start);
}

void unmap_range(void *virt, uint64_t size)
{
	uint64_t start = (uint64_t)virt & PAGE_MASK;
	uint32_t first = (start - VA_REMAP) >> PAGE_SHIFT;
	uint32_t count = (PAGE_ALIGN((uint64_t)virt + size) - start) >> PAGE_SHIFT;

	remap_set(first, count, 0, 0);
	flush_el2();
	remap_count -= count;
}

static char *window_of(struct percpu *cpu)
{
	return (char *)cpu + (offsetof(struct percpu_area, window) - offsetof(struct percpu_area, cpu));
}

/* A page of address space per CPU, whose entry the CPU changes by itself. */
void paging_init_window(struct percpu *cpu)
{
	uint32_t page = ((uint64_t)window_of(cpu) - VA_REMAP) >> PAGE_SHIFT;

	cpu->arch.window_pte = &remap_table(page)[page % ENTRIES];
	remap_count++;
}

static void *set_window(host_addr_t addr, uint64_t attributes)
{
	uint64_t *entry = this_cpu()->arch.window_pte;
	char *window = window_of(this_cpu());

	*entry = 0;
	dsb(ishst);
	__asm__ volatile("tlbi vae2, %0" : : "r"((uint64_t)window >> PAGE_SHIFT) : "memory");
	dsb(nsh);
	*entry = (addr.value & PAGE_MASK) | attributes;
	dsb(ishst);
	isb();
	return window + (addr.value & ~PAGE_MASK);
}

void *arch_window(host_addr_t addr)
{
	return set_window(addr, PTE_EL2_RW);
}

volatile void *arch_window_device(host_addr_t addr)
{
	return set_window(addr, PTE_EL2_DEVICE);
}

/*
 * What arm64_sweep_page() does to a page, in steps that divide it by eight at least (DDI 0487, CTR_EL0.DminLine and
 * DCZID_EL0). zero: by DC ZVA, 0 if not; by_stores: instead of it.
 */
struct sweep {
	uint64_t line, zero;
	bool by_stores;
};

static struct sweep prepare_sweep(bool zero)
{
	uint64_t id = read_sysreg(dczid_el0), block = 4UL << (id & 0xf);
	bool suits = !(id & DCZID_PROHIBITED) && block <= SWEEP_STEP_MAX;

	return (struct sweep){
		.line = MIN(4UL << (read_sysreg(ctr_el0) >> 16 & 0xf), SWEEP_STEP_MAX),
		.zero = zero && suits ? block : 0,
		.by_stores = zero && !suits,
	};
}

static void sweep_page(char *page, const struct sweep *sweep)
{
	/* a configuration may name memory that the machine does not have */
	if (!arm64_sweep_page(page, sweep->line, sweep->zero) || !sweep->by_stores)
		return;
	__builtin_memset(page, 0, PAGE_SIZE);
	arm64_sweep_page(page, sweep->line, 0);
}

/*
 * A block that is in the range as a whole is mapped at once: one invalidation instead of 512. The place behind the remap area
 * is the manager's; it is empty when nobody sweeps.
 */
static char *set_block(uint64_t entry)
{
	remap_l2[REMAP_TABLES] = 0;
	dsb(ishst);
	__asm__ volatile("tlbi vae2is, %0" : : "r"(VA_SWEEP >> PAGE_SHIFT) : "memory");
	dsb(ish);
	remap_l2[REMAP_TABLES] = entry;
	dsb(ishst);
	isb();
	return (char *)VA_SWEEP;
}

static void sweep_range(uint64_t start, uint64_t end, bool zero)
{
	const struct sweep sweep = prepare_sweep(zero);
	uint64_t step;

	for (uint64_t addr = start & PAGE_MASK; addr < end; addr += step) {
		bool whole = !(addr & (SWEEP_BLOCK - 1)) && end - addr >= SWEEP_BLOCK;
		char *virt = whole ? set_block(addr | (PTE_EL2_RW & ~PTE_TABLE)) : arch_window(HOST_ADDR(addr));

		step = whole ? SWEEP_BLOCK : PAGE_SIZE;
		for (uint64_t offset = 0; offset < step; offset += PAGE_SIZE)
			sweep_page(virt + offset, &sweep);
	}
	dsb(sy);
	if (remap_l2[REMAP_TABLES])
		set_block(0);
}

void arch_clean_page(void *page)
{
	const struct sweep sweep = prepare_sweep(false);

	sweep_page(page, &sweep);
	dsb(sy);
}

void arch_clean_memory(host_addr_t host, uint64_t size)
{
	sweep_range(host.value, host.value + size, false);
}

void arch_scrub_memory(host_addr_t host, uint64_t size)
{
	sweep_range(host.value, host.value + size, true);
}
