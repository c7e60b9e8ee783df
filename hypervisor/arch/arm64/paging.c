/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own address space after start-up: the remap area for devices, state tables and the
 * per-CPU windows. Tables are shared by all CPUs; under the management lock but for the windows,
 * whose entries belong to one CPU each.
 */
#include "bulkhead/image.h"
#include "bitmap.h"
#include "cell.h"
#include "console.h"
#include "errors.h"
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

#define L3_ENTRIES	512
#define REMAP_TABLES	(REMAP_PAGES / L3_ENTRIES)
#define WINDOW_STRIDE	2U	/* windows of the CPUs come first, each with a page behind it that stays unmapped */
_Static_assert(WINDOW_STRIDE * CONFIG_MAX_CPUS < REMAP_PAGES / 2, "there is room beside the windows");

#define DCZID_PROHIBITED	(1UL << 4)
#define SWEEP_BLOCK		(PAGE_SIZE * L3_ENTRIES)
#define SWEEP_STEP_MAX		(PAGE_SIZE / 8)

extern char image_start[];
extern struct bh_image_header image_header;

static uint64_t *remap_l3[REMAP_TABLES];	/* made when first needed */
static uint64_t remap_used[REMAP_PAGES / 64];
static uint32_t remap_count;
static uint64_t *remap_l2;

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

/* Find the level 2 table of the remap area: it is next to the image's in the same level 1 table. */
int paging_init(void)
{
	uint64_t *l0 = host_to_virt(HOST_ADDR(early_l0));
	uint64_t *l1 = host_to_virt(HOST_ADDR(l0[(VA_REMAP >> 39) % L3_ENTRIES] & PTE_ADDR_MASK));

	remap_l2 = pages_alloc(1, 1);
	if (!remap_l2)
		return refuse(-ENOMEM, "hypervisor memory is too small for its page tables");
	bitmap_set_range(remap_used, 0, WINDOW_STRIDE * num_cpu_slots, true);
	l1[(VA_REMAP >> 30) % L3_ENTRIES] = virt_to_host(remap_l2).value | PTE_TABLE | PTE_VALID;
	dsb(ishst);
	isb();
	return 0;
}

static uint64_t *remap_pte(uint32_t page)
{
	uint64_t **l3 = &remap_l3[page / L3_ENTRIES];

	if (!*l3) {
		*l3 = pages_alloc(1, 1);
		if (!*l3)
			return NULL;
		remap_l2[page / L3_ENTRIES] = virt_to_host(*l3).value | PTE_TABLE | PTE_VALID;
	}
	return &(*l3)[page % L3_ENTRIES];
}

static void remap_mark(uint32_t first, uint32_t count, bool used)
{
	bitmap_set_range(remap_used, first, count, used);
	remap_count += used ? count : -count;
}

/* First fit, one page more than asked for stays unmapped behind each range. */
static uint32_t remap_find(uint32_t count)
{
	uint32_t page = 0;

	while (page < REMAP_PAGES) {
		uint32_t first = bitmap_find(remap_used, page, REMAP_PAGES, false);

		page = bitmap_find(remap_used, first, MIN(first + count + 1, REMAP_PAGES), true);
		if (page - first > count)
			return first;
	}
	return REMAP_PAGES;
}

/* All tables of the range; false, if there is no page for one. */
static bool remap_tables(uint32_t first, uint32_t count)
{
	for (uint32_t page = first; page < first + count; page = (page / L3_ENTRIES + 1) * L3_ENTRIES)
		if (!remap_pte(page))
			return false;
	return true;
}

/* Their tables are there. */
static void remap_set(uint32_t first, uint32_t count, uint64_t value, uint64_t step)
{
	uint64_t *entry = NULL;

	for (uint32_t page = first; page < first + count; page++, value += step) {
		if (!entry || page % L3_ENTRIES == 0)
			entry = remap_pte(page);
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
	remap_mark(first, count, true);
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
	remap_mark(first, count, false);
}

/* A page of address space per CPU, whose entry the CPU changes by itself. Its place is known: there is nothing to be searched. */
int paging_init_window(struct percpu *cpu)
{
	uint32_t page = WINDOW_STRIDE * cpu->cpu_id;

	cpu->arch.window_pte = remap_pte(page);
	if (!cpu->arch.window_pte)
		return refuse(-ENOMEM, "hypervisor memory is too small for CPU %u", cpu->cpu_id);
	remap_count++;
	cpu->arch.window = (void *)(VA_REMAP + ((uint64_t)page << PAGE_SHIFT));
	return 0;
}

static void *set_window(host_addr_t addr, uint64_t attributes)
{
	struct arch_percpu *arch = &this_cpu()->arch;

	*arch->window_pte = 0;
	dsb(ishst);
	__asm__ volatile("tlbi vae2, %0" : : "r"((uint64_t)arch->window >> PAGE_SHIFT) : "memory");
	dsb(nsh);
	*arch->window_pte = (addr.value & PAGE_MASK) | attributes;
	dsb(ishst);
	isb();
	return (char *)arch->window + (addr.value & ~PAGE_MASK);
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
