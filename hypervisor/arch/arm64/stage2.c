/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 translation tables of cells (DDI 0487, D8.2): 4K granule, 1 GiB and 2 MiB blocks where a region allows
 * them. With 44 or more physical address bits the tables have four levels, else three with
 * a root of up to 8 concatenated pages. Management lock; no CPU of the cell runs while its tables change
 * (root CPUs are suspended, others stopped), so entries are replaced without break-before-make
 * and one flush ends each series of changes.
 */
#include "cell.h"
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "asm/sysreg.h"
#include "pgtable.h"
#include "stage2.h"

#define ENTRIES		512U
#define VTCR_RES1	(1UL << 31)
#define VTCR_WALK	0x3500UL	/* write-back walks, inner shareable */

static const uint8_t pa_range_bits[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };

static uint32_t ipa_bits;
static uint32_t root_level;
static uint32_t root_pages;
static uint64_t vtcr;

void stage2_setup(void)
{
	uint64_t pa_range = MIN(read_sysreg(id_aa64mmfr0_el1) & 7, 5UL);

	ipa_bits = pa_range_bits[pa_range];
	root_level = ipa_bits >= 44 ? 0 : 1;
	root_pages = root_level == 0 || ipa_bits <= 39 ? 1 : 1U << (ipa_bits - 39);
	vtcr = VTCR_RES1 | pa_range << 16 | VTCR_WALK | (root_level == 0 ? 2UL : 1UL) << 6 | (64 - ipa_bits);
}

uint64_t stage2_vtcr(void)
{
	return vtcr;
}

uint64_t arch_phys_limit(void)
{
	return 1UL << ipa_bits;
}

uint64_t arch_guest_limit(void)
{
	return 1UL << ipa_bits;
}

static inline uint64_t level_size(uint32_t level)
{
	return 1UL << (39 - 9 * level);
}

static inline bool is_table(uint64_t entry, uint32_t level)
{
	return level < 3 && (entry & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static uint64_t *entry_of(uint64_t *table, uint32_t level, uint64_t guest)
{
	uint64_t index = guest / level_size(level);

	/* the concatenated root has more than 512 entries; its index is bounded by ipa_bits */
	return &table[level == root_level ? index : index % ENTRIES];
}

static uint64_t *table_of(uint64_t entry)
{
	return host_to_virt(HOST_ADDR(entry & PTE_ADDR_MASK));
}

static uint64_t *split(uint64_t *entry, uint32_t level)
{
	uint64_t *table = pages_alloc(1, 1);
	uint64_t old = *entry;
	uint64_t step = level_size(level + 1);

	if (!table)
		return NULL;
	if (old & PTE_VALID) {
		uint64_t attributes = old & ~PTE_ADDR_MASK & ~PTE_TABLE;

		if (level + 1 == 3)
			attributes |= PTE_TABLE;
		for (uint32_t i = 0; i < ENTRIES; i++)
			table[i] = ((old & PTE_ADDR_MASK) + i * step) | attributes;
	}
	dsb(ishst);
	*entry = virt_to_host(table).value | PTE_TABLE | PTE_VALID;
	return table;
}

/* The next entry that is a table, from index on; ENTRIES if there is none, as in all tables of the last level. */
static uint32_t next_table(const uint64_t *table, uint32_t level, uint32_t index)
{
	if (level == 3)
		return ENTRIES;
	while (index < ENTRIES && !is_table(table[index], level))
		index++;
	return index;
}

/* Level of tables below is bounded by 3, so three nested loops at the most; no recursion. */
static void free_subtables(uint64_t entry, uint32_t level)
{
	uint64_t *stack_table[4];
	uint32_t stack_index[4];
	uint32_t depth = 0;

	if (!is_table(entry, level))
		return;
	stack_table[0] = table_of(entry);
	stack_index[0] = 0;
	for (;;) {
		uint32_t current = level + 1 + depth;
		uint32_t index = next_table(stack_table[depth], current, stack_index[depth]);

		if (index == ENTRIES) {
			pages_free(stack_table[depth], 1);
			if (depth == 0)
				return;
			depth--;
			continue;
		}
		stack_index[depth] = index + 1;
		stack_table[depth + 1] = table_of(stack_table[depth][index]);
		stack_index[depth + 1] = 0;
		depth++;
	}
}

static uint64_t attributes_of(uint64_t flags)
{
	uint64_t attributes = PTE_VALID | PTE_AF;

	if (flags & CFG_MEM_IO)
		attributes |= PTE_S2_DEVICE | PTE_XN;
	else
		attributes |= PTE_S2_NORMAL | PTE_SH_INNER;
	if (flags & CFG_MEM_READ)
		attributes |= PTE_S2_READ;
	if (flags & CFG_MEM_WRITE)
		attributes |= PTE_S2_WRITE;
	if (flags & CFG_MEM_NO_HUGEPAGES)
		attributes |= PTE_S2_NO_BLOCK;
	return attributes;
}

/* Write one leaf; returns how many bytes it covers, 0 when out of memory. attributes 0: unmap. */
static uint64_t set_leaf(struct cell *cell, uint64_t guest, uint64_t host, uint64_t size, uint64_t attributes,
			 bool no_blocks)
{
	uint64_t *table = cell->arch.stage2_root;

	for (uint32_t level = root_level; ; level++) {
		uint64_t *entry = entry_of(table, level, guest);
		uint64_t span = level_size(level);
		bool aligned = !((guest | host) & (span - 1)) && size >= span;

		if (level == 3 || (level > 0 && aligned && !no_blocks) || (!attributes && aligned)) {
			uint64_t old = *entry;
			uint64_t leaf = attributes ? host | attributes : 0;

			if (leaf && level == 3)
				leaf |= PTE_TABLE;
			*entry = leaf;
			free_subtables(old, level);
			return span;
		}
		if (!is_table(*entry, level)) {
			/* nothing there: skip the rest of this entry */
			if (!attributes && !(*entry & PTE_VALID))
				return MIN(size, span - (guest & (span - 1)));
			table = split(entry, level);
			if (!table)
				return 0;
		} else {
			table = table_of(*entry);
		}
	}
}

static int set_range(struct cell *cell, uint64_t guest, uint64_t host, uint64_t size, uint64_t attributes,
		     bool no_blocks)
{
	while (size) {
		uint64_t done = set_leaf(cell, guest, host, size, attributes, no_blocks);

		if (!done)
			return refuse(-ENOMEM, "%pC: no page for stage-2 tables, hypervisor memory is too small",
				      &cell->config);
		done = MIN(done, size);
		guest += done;
		host += done;
		size -= done;
	}
	return 0;
}

/* Entry for guest at a level, if the walk gets there through tables; NULL otherwise. */
static uint64_t *find_entry(struct cell *cell, uint64_t guest, uint32_t wanted)
{
	uint64_t *table = cell->arch.stage2_root;

	for (uint32_t level = root_level; level < wanted; level++) {
		uint64_t *entry = entry_of(table, level, guest);

		if (!is_table(*entry, level))
			return NULL;
		table = table_of(*entry);
	}
	return entry_of(table, wanted, guest);
}

/* A table whose leaves are one contiguous range of one kind is a block: no page stays behind what came and went. */
static void merge(uint64_t *entry, uint32_t level, uint64_t guest)
{
	uint64_t *table = table_of(*entry);
	uint64_t index = guest / level_size(level + 1) % ENTRIES;
	uint64_t step = level_size(level + 1), first = table[0];

	if (!(first & PTE_VALID) || is_table(first, level + 1) || (first & PTE_S2_NO_BLOCK) ||
	    (first & PTE_ADDR_MASK & (level_size(level) - 1)))
		return;
	/* what is mapped there now may be different itself; other pieces that are, as sections of a link, mostly are at the end */
	if (table[index] != first + index * step)
		return;
	for (uint32_t i = ENTRIES - 1; i > 0; i--)
		if (table[i] != first + i * step)
			return;
	*entry = level + 1 == 3 ? first & ~PTE_TABLE : first;
	dsb(ishst);
	pages_free(table, 1);
}

static void merge_at(struct cell *cell, uint64_t guest, uint32_t level)
{
	uint64_t *entry = find_entry(cell, guest, level);

	if (entry && is_table(*entry, level))
		merge(entry, level, guest);
}

/* Between the first and the last byte set_leaf() has taken a block wherever there can be one. Level 0 has none. */
static void merge_ends(struct cell *cell, uint64_t guest, uint64_t size)
{
	for (uint32_t level = 2; level >= 1; level--) {
		uint64_t last = guest + size - 1;

		merge_at(cell, guest, level);
		if (guest / level_size(level) != last / level_size(level))
			merge_at(cell, last, level);
	}
}

int arch_memory_map(struct cell *cell, guest_addr_t guest, host_addr_t host, uint64_t size, uint64_t flags)
{
	int error;

	if (!(flags & (CFG_MEM_READ | CFG_MEM_WRITE)))
		return arch_memory_unmap(cell, guest, size);
	error = set_range(cell, guest.value, host.value, size, attributes_of(flags), flags & CFG_MEM_NO_HUGEPAGES);
	if (!error && !(flags & CFG_MEM_NO_HUGEPAGES))
		merge_ends(cell, guest.value, size);
	return error;
}

int arch_memory_unmap(struct cell *cell, guest_addr_t guest, uint64_t size)
{
	/* a host address congruent to the guest's, so that alignment is the guest's alone */
	return set_range(cell, guest.value, guest.value, size, 0, false);
}

int arch_memory_init(struct cell *cell)
{
	cell->arch.stage2_root = pages_alloc(root_pages, root_pages);
	if (!cell->arch.stage2_root)
		return refuse(-ENOMEM, "%pC: no page for stage-2 tables, hypervisor memory is too small",
			      &cell->config);
	cell->arch.vttbr = (uint64_t)cell->id << 48 | virt_to_host(cell->arch.stage2_root).value;
	return 0;
}

void arch_memory_exit(struct cell *cell)
{
	uint64_t *root = cell->arch.stage2_root;

	if (!root)
		return;
	for (uint32_t page = 0; page < root_pages; page++) {
		const uint64_t *table = root + page * ENTRIES;

		for (uint32_t i = 0; (i = next_table(table, root_level, i)) < ENTRIES; i++)
			free_subtables(table[i], root_level);
	}
	pages_free(root, root_pages);
	cell->arch.stage2_root = NULL;
}

void arch_memory_flush(struct cell *cell)
{
	uint64_t current = read_sysreg(vttbr_el2);

	dsb(ishst);
	write_sysreg(cell->arch.vttbr, vttbr_el2);
	isb();
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	write_sysreg(current, vttbr_el2);
	isb();
}

bool arch_memory_lookup(struct cell *cell, guest_addr_t guest, bool is_write, host_addr_t *host)
{
	uint64_t right = is_write ? PTE_S2_WRITE : PTE_S2_READ;
	uint64_t *table = cell->arch.stage2_root;

	if (guest.value >= arch_guest_limit())
		return false;
	for (uint32_t level = root_level; level <= 3; level++) {
		uint64_t entry = *entry_of(table, level, guest.value);

		if (!(entry & PTE_VALID))
			return false;
		if (is_table(entry, level)) {
			table = table_of(entry);
			continue;
		}
		if (!(entry & right) || (entry & PTE_S2_TYPE) != PTE_S2_NORMAL)
			return false;
		*host = HOST_ADDR((entry & PTE_ADDR_MASK) + (guest.value & (level_size(level) - 1)));
		return true;
	}
	return false;
}

/*
 * Entries that are not 0 are there, without their valid bits, too. Break before make (DDI 0487, D8.14.1): when they are valid
 * again, no CPU has any of them in its TLB. A CPU that faults finds the count odd, or has missed that it was: the
 * count becomes odd before the first entry is invalid, and even after the last one is valid. tests/spin/revoke.pml
 */
void stage2_revoke(struct cell *cell, bool revoke)
{
	uint64_t *root = cell->arch.stage2_root;

	if (revoke) {
		cell->arch.revocations++;
		dsb(ishst);
	}
	for (uint32_t i = 0; i < root_pages * ENTRIES; i++)
		if (root[i])
			root[i] ^= PTE_VALID;
	arch_memory_flush(cell);
	if (!revoke)
		cell->arch.revocations++;
}
