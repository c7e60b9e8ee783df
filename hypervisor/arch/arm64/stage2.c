/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 translation tables of cells (DDI 0487, D8.2): 4K granule, 1 GiB and 2 MiB blocks where a region allows
 * them. Tables of a cell that has nothing from 512 GiB on have three levels; of others four, or with less than 44
 * physical address bits three with a root of up to 16 concatenated pages. A root of few entries is in the cell's object: that of a cell
 * that has nothing from 16 GiB on. Management lock; no CPU of the cell runs while its tables change
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

#define SMALL_BITS	39U		/* 512 entries of level 1 */
#define OWN_BITS	34U		/* STAGE2_OWN_ROOT of them */
#define VTCR_RES1	(1UL << 31)
#define VTCR_WALK	0x3500UL	/* write-back walks, inner shareable */

static const uint8_t pa_range_bits[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };

static uint32_t ipa_bits;
static uint64_t pa_range;

void stage2_setup(void)
{
	pa_range = MIN(read_sysreg(id_aa64mmfr0_el1) & 7, 5UL);
	ipa_bits = pa_range_bits[pa_range];
}

/*
 * The last address that the cell's configuration maps. The root cell's memory is at its physical address; it also sees
 * pages of hypervisor memory, which is in none of its regions.
 */
static uint64_t last_address(const struct cell *cell)
{
	uint64_t last = cell->is_root ? platform.hv_start + platform.hv_size - 1 : 0;

	for_each_memory(mem, &cell->config)
		if (mem->size)
			last = MAX(last, (cell->is_root ? MAX(mem->virt_start, mem->phys_start) : mem->virt_start) + mem->size - 1);
	return last;
}

/*
 * As many bits of guest addresses as the smallest root has that is enough. What is beyond them faults like what is not
 * mapped.
 */
static void choose_format(struct cell *cell)
{
	struct arch_cell *arch = &cell->arch;
	uint64_t last = last_address(cell);
	uint32_t bits = MIN(ipa_bits, last >> SMALL_BITS ? 64U : last >> OWN_BITS ? SMALL_BITS : OWN_BITS);

	arch->guest_bits = (uint8_t)bits;
	arch->root_level = bits >= 44 ? 0 : 1;
	arch->root_entries = (uint16_t)(1U << (bits - (arch->root_level == 0 ? 39 : 30)));
	arch->vtcr = VTCR_RES1 | pa_range << 16 | VTCR_WALK | (arch->root_level == 0 ? 2UL : 1UL) << 6 | (64U - bits);
}

static uint32_t root_pages(const struct cell *cell)
{
	return (cell->arch.root_entries + ENTRIES - 1) / ENTRIES;
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

static uint64_t *entry_of(const struct cell *cell, uint64_t *table, uint32_t level, uint64_t guest)
{
	uint64_t index = guest / level_size(level);

	/* the concatenated root has more than 512 entries; its index is bounded by guest_bits */
	return &table[level == cell->arch.root_level ? index : index % ENTRIES];
}

static void fill(uint64_t *entry, const uint64_t *end, uint64_t value, uint64_t step)
{
	for (; entry < end; value += step)
		*entry++ = value;
}

static uint64_t *split(uint64_t *entry, uint32_t level)
{
	uint64_t *table = pages_alloc(1, 1);
	uint64_t old = *entry;

	if (!table)
		return NULL;
	if (old & PTE_VALID)
		fill(table, table + ENTRIES, level + 1 == 3 ? old | PTE_TABLE : old, level_size(level + 1));
	dsb(ishst);
	*entry = virt_to_host(table).value | PTE_TABLE | PTE_VALID;
	return table;
}

/* Of an entry that is a table. Level of tables below is bounded by 3, so three nested loops at the most; no recursion. */
static void free_subtables(uint64_t entry, uint32_t level)
{
	uint64_t *table[4], *next[4];
	uint32_t depth = 0;

	next[0] = table[0] = table_of(entry);
	for (;;) {
		uint32_t current = level + 1 + depth;
		uint64_t *at = next[depth], *end = table[depth] + (current < 3 ? ENTRIES : 0);

		while (at < end && !is_table(*at, current))
			at++;
		if (at < end) {
			next[depth++] = at + 1;
			next[depth] = table[depth] = table_of(*at);
			continue;
		}
		pages_free(table[depth], 1);
		if (depth-- == 0)
			return;
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

/* What is still to be done of a range */
struct mapping {
	uint64_t guest, host, size;
	uint64_t attributes;	/* 0: unmap. Then host is guest, so that alignment is the guest's alone */
	bool blocks;
	bool one_page;		/* host is that of all pages */
};

static bool is_leaf(const struct mapping *map, uint32_t level)
{
	uint64_t span = level_size(level);

	if (level == 3)
		return true;
	return !((map->guest | map->host) & (span - 1)) && map->size >= span &&
	       (!map->attributes || (level > 0 && map->blocks));
}

static void advance(struct mapping *map, uint64_t done)
{
	map->guest += done;
	if (!map->one_page)
		map->host += done;
	map->size -= done;
}

/* All leaves that the range has in one table: where there could be a larger one, this table ends. */
static void set_leaves(const struct cell *cell, struct mapping *map, uint64_t *entry, uint32_t level)
{
	uint64_t span = level_size(level), index = map->guest / span;
	uint64_t room = level == cell->arch.root_level ? cell->arch.root_entries - index : ENTRIES - index % ENTRIES;
	uint64_t count = MIN(map->size / span, room), leaf = 0, step = 0;

	if (map->attributes) {
		leaf = map->host | map->attributes | (level == 3 ? PTE_TABLE : 0);
		step = map->one_page ? 0 : span;
	}
	for (uint64_t i = 0; level < 3 && i < count; i++)
		if (is_table(entry[i], level))
			free_subtables(entry[i], level);
	fill(entry, entry + count, leaf, step);
	advance(map, count * span);
}

/* One way down through the tables. False: out of memory */
static bool set_some(struct cell *cell, struct mapping *map)
{
	uint64_t *entry = entry_of(cell, cell->arch.stage2_root, cell->arch.root_level, map->guest);
	uint32_t level = cell->arch.root_level;

	for (; !is_leaf(map, level); level++) {
		uint64_t span = level_size(level), *table;

		/* nothing there: skip the rest of this entry */
		if (!map->attributes && !(*entry & PTE_VALID)) {
			advance(map, MIN(map->size, span - (map->guest & (span - 1))));
			return true;
		}
		table = is_table(*entry, level) ? table_of(*entry) : split(entry, level);
		if (!table)
			return false;
		entry = entry_of(cell, table, level + 1, map->guest);
	}
	set_leaves(cell, map, entry, level);
	return true;
}

static int set_range(struct cell *cell, struct mapping *map)
{
	uint64_t limit = 1UL << cell->arch.guest_bits, room = limit - MIN(map->guest, limit);

	/* beyond it is nothing of the cell's, and nothing that could be taken from it */
	if (map->attributes && map->size > room)
		return refuse_invalid("%pC: 0x%llx is beyond its addresses", &cell->config, (unsigned long long)map->guest);
	map->size = MIN(map->size, room);
	while (map->size)
		if (!set_some(cell, map))
			return refuse(-ENOMEM, "%pC: no page for stage-2 tables, hypervisor memory is too small",
				      &cell->config);
	return 0;
}

/* Entry for guest at a level, if the walk gets there through tables; NULL otherwise. */
static uint64_t *find_entry(struct cell *cell, uint64_t guest, uint32_t wanted)
{
	uint64_t *table = cell->arch.stage2_root;

	for (uint32_t level = cell->arch.root_level; level < wanted; level++) {
		uint64_t *entry = entry_of(cell, table, level, guest);

		if (!is_table(*entry, level))
			return NULL;
		table = table_of(*entry);
	}
	return entry_of(cell, table, wanted, guest);
}

/*
 * A table whose leaves are one contiguous range of one kind is a block: no page stays behind what came and went. Entry index
 * is where the range that has changed begins or ends: mostly what is beside it does not continue it.
 */
static void merge(uint64_t *entry, uint32_t level, uint64_t index)
{
	uint64_t *table = table_of(*entry);
	uint64_t step = level_size(level + 1), first = table[0];

	if (!(first & PTE_VALID) || is_table(first, level + 1) || (first & PTE_S2_NO_BLOCK) ||
	    (first & PTE_ADDR_MASK & (level_size(level) - 1)) || table[ENTRIES - 1] != first + (ENTRIES - 1) * step ||
	    (index > 0 && table[index - 1] + step != table[index]) ||
	    (index + 1 < ENTRIES && table[index] + step != table[index + 1]))
		return;
	for (uint64_t *at = table, next = first; at < table + ENTRIES; next += step)
		if (*at++ != next)
			return;
	*entry = level + 1 == 3 ? first & ~PTE_TABLE : first;
	dsb(ishst);
	pages_free(table, 1);
}

static void merge_at(struct cell *cell, uint64_t guest, uint32_t level)
{
	uint64_t *entry = find_entry(cell, guest, level);

	if (entry && is_table(*entry, level))
		merge(entry, level, guest / level_size(level + 1) % ENTRIES);
}

/* Between the first and the last byte there has been a block wherever there can be one. Level 0 has none. */
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
	bool rights = flags & (CFG_MEM_READ | CFG_MEM_WRITE), blocks = !(flags & CFG_MEM_NO_HUGEPAGES);
	struct mapping map = { .guest = guest.value, .host = rights ? host.value : guest.value, .size = size,
			       .attributes = rights ? attributes_of(flags) : 0, .blocks = blocks };
	int error = set_range(cell, &map);

	if (!error && rights && blocks)
		merge_ends(cell, guest.value, size);
	return error;
}

int arch_memory_map_one(struct cell *cell, guest_addr_t guest, host_addr_t page, uint64_t size)
{
	struct mapping map = { .guest = guest.value, .host = page.value, .size = size, .one_page = true,
			       .attributes = attributes_of(CFG_MEM_READ | CFG_MEM_NO_HUGEPAGES) };

	return set_range(cell, &map);
}

int arch_memory_unmap(struct cell *cell, guest_addr_t guest, uint64_t size)
{
	return arch_memory_map(cell, guest, HOST_ADDR(0), size, 0);
}

int arch_memory_init(struct cell *cell)
{
	choose_format(cell);
	cell->arch.stage2_root = cell->arch.root_entries <= STAGE2_OWN_ROOT ? cell->room->stage2_root :
				 pages_alloc(root_pages(cell), root_pages(cell));
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
	for (uint32_t i = 0; i < cell->arch.root_entries; i++)
		if (is_table(root[i], cell->arch.root_level))
			free_subtables(root[i], cell->arch.root_level);
	if (root != cell->room->stage2_root)
		pages_free(root, root_pages(cell));
	cell->arch.stage2_root = NULL;
}

void arch_memory_flush(struct cell *cell)
{
	uint64_t vttbr = read_sysreg(vttbr_el2);

	/*
	 * For its VMID. What this CPU might read speculatively by the wrong format of tables is kept for that, which no guest has
	 * here before the CPU is reset for it.
	 */
	dsb(ishst);
	write_sysreg(cell->arch.vttbr, vttbr_el2);
	isb();
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	write_sysreg(vttbr, vttbr_el2);
	isb();
}

bool arch_memory_lookup(struct cell *cell, guest_addr_t guest, bool is_write, host_addr_t *host)
{
	uint64_t right = is_write ? PTE_S2_WRITE : PTE_S2_READ;
	uint64_t *table = cell->arch.stage2_root;

	if (guest.value >> cell->arch.guest_bits)
		return false;
	for (uint32_t level = cell->arch.root_level; level <= 3; level++) {
		uint64_t entry = *entry_of(cell, table, level, guest.value);

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
	for (uint32_t i = 0; i < cell->arch.root_entries; i++)
		if (root[i])
			root[i] ^= PTE_VALID;
	arch_memory_flush(cell);
	if (!revoke)
		cell->arch.revocations++;
}
