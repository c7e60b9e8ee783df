/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to the configuration checks. One rule is one function: 0, or a negative errno after refuse().
 * Rules of a list run in order and may rely on those before them. They only read.
 */
#ifndef BULKHEAD_CONFIG_RULES_H
#define BULKHEAD_CONFIG_RULES_H

#include "config.h"
#include "generated/config.h"

/* A redistributor is its RD_base and SGI_base frames, 64 KiB each (GIC architecture, IHI 0069, 12.10). */
#define CFG_GICR_STRIDE	0x20000UL

#define INTID_PPI_FIRST	16
#define INTID_SPI_FIRST	32
#define INTID_SPI_END	1020

struct check {
	const struct config_platform *platform;
	const struct config_view *view;		/* the cell being checked */
	bool is_root;
	const struct config_view *const *cells;	/* existing ones, [0] is the root cell; NULL at enable */
	uint32_t num_cells;

	/* what it is about, by the kind of the rule: a memory region, perhaps as a section of an ivshmem device, ... */
	uint32_t index;
	const struct cfg_memory *mem;
	uint32_t device, section;
	const struct cfg_pci_device *dev;
	/* ... and one of cells[other] that has physical memory of the region, too */
	uint32_t other, other_index;
	const struct config_view *other_view;
	const struct cfg_memory *other_mem;
};

enum rule_kind {
	PER_CELL,
	PER_REGION,
	PER_OVERLAP,
	PER_IVSHMEM,
	PER_SECTION,		/* that has memory */
};

struct rule {
	enum rule_kind kind;
	int (*check)(const struct check *check);
};

/* Of neighbours of one kind, all look at one thing before they look at the next. */
int run_rules(struct check *check, const struct rule *rules, size_t count);

/* Rules on one cell alone, root or not, and on a new cell against everything that exists. */
int check_cell_alone(struct check *check);
int check_conflicts(struct check *check);

/* Rules of config_link_rules.c, for those lists */
int check_links(const struct check *check);
int check_section_kinds(const struct check *check);
int check_section_layout(const struct check *check);
int check_sections_outside_machine(const struct check *check);
int check_sections_are_memory(const struct check *check);
int check_sections_once(const struct check *check);
int check_state_tables_of_others(const struct check *check);
int check_sections_agree(const struct check *check);
int check_sections_of_link_only(const struct check *check);

/* Places of the machine that are not for everybody; of the range physical start and size count. */
enum machine_window {
	WINDOW_ECAM,
	WINDOW_CONSOLE,
	WINDOW_HYPERVISOR,
	WINDOW_DISTRIBUTOR,
	WINDOW_REDISTRIBUTORS,
	NUM_WINDOWS,
};

struct window {
	const char *what;
	struct cfg_memory range;
};

static inline struct window window_at(const char *what, uint64_t start, uint64_t size)
{
	return (struct window){ .what = what, .range = { .phys_start = start, .size = size } };
}

/* All of them, by their numbers */
void machine_windows(const struct check *check, struct window *windows);

/* Bytes of the redistributors that belong to the CPUs of the root cell. */
uint64_t redistributors_size(const struct config_view *root, const struct config_platform *platform);

static inline bool is_comm_region(const struct cfg_memory *mem)
{
	return mem->flags & CFG_MEM_COMM_REGION;
}

/* Does the region stand for host-physical memory? The communication region has its page from the pool. */
static inline bool has_physical_range(const struct cfg_memory *mem)
{
	return mem->size && !is_comm_region(mem);
}

static inline bool same_memory(const struct cfg_memory *a, const struct cfg_memory *b)
{
	return has_physical_range(a) && has_physical_range(b) &&
	       ranges_overlap(a->phys_start, a->size, b->phys_start, b->size);
}

/* May the cell read or write anything through it? EXECUTE alone means nothing on Arm. */
static inline bool gives_access(const struct cfg_memory *mem)
{
	const uint64_t widths = CFG_MEM_IO_8 | CFG_MEM_IO_16 | CFG_MEM_IO_32 | CFG_MEM_IO_64;

	if (config_is_subpage(mem) && !(mem->flags & widths))
		return false;
	return mem->flags & (CFG_MEM_READ | CFG_MEM_WRITE);
}

#endif
