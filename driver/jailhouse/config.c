// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configurations come from user space: every count is checked against the buffer before an array is
 * touched. What the hypervisor checks itself is left to it; here is only what the driver relies on.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "driver.h"

int bh_config_check_ident(const char *signature, u8 architecture, u16 revision, const char *expected,
			  struct bh_reason *why)
{
	if (memcmp(signature, expected, CFG_SIGNATURE_LEN))
		return bh_refuse(why, -EINVAL, "not a %s configuration: it has to start with %s",
				 strcmp(expected, CFG_SIGNATURE_SYSTEM) ? "cell" : "system", expected);
	if (revision != CFG_REVISION)
		return bh_refuse(why, -EINVAL,
				 "configuration has revision %u, this driver takes %u: compile it again", revision,
				 CFG_REVISION);
	if (architecture != CFG_ARCH_ARM64)
		return bh_refuse(why, -EINVAL,
				 "configuration is for architecture %u, this machine is %u (arm64): compile it for arm64",
				 architecture, CFG_ARCH_ARM64);
	return 0;
}

/* Counts and element sizes are at most 32 and 6 bits wide: no overflow. */
u64 bh_config_size(const struct cfg_cell *cell)
{
	return sizeof(*cell) + (u64)cell->cpu_set_size +
	       (u64)cell->num_memory_regions * sizeof(struct cfg_memory) +
	       (u64)cell->num_cache_regions * sizeof(struct cfg_cache) +
	       (u64)cell->num_irqchips * sizeof(struct cfg_irqchip) +
	       (u64)cell->num_pio_regions * sizeof(struct cfg_pio) +
	       (u64)cell->num_pci_devices * sizeof(struct cfg_pci_device) +
	       (u64)cell->num_pci_caps * sizeof(struct cfg_pci_cap) +
	       (u64)cell->num_stream_ids * sizeof(u32);
}

/* available: bytes from the start of the cell's header to the end of the buffer */
int bh_config_parse(const struct cfg_cell *cell, u64 available, struct bh_config_view *view,
		    struct bh_reason *why)
{
	const u8 *pos;

	view->size = bh_config_size(cell);
	if (view->size > available)
		return bh_refuse(why, -EINVAL,
				 "cell \"%.31s\": its counts need %llu bytes, the configuration has %llu",
				 cell->name, view->size, available);

	if (cell->cpu_set_size > CFG_MAX_CPU_SET)
		return bh_refuse(why, -EINVAL, "cell \"%.31s\": CPU set of %u bytes, at most %u are allowed",
				 cell->name, cell->cpu_set_size, CFG_MAX_CPU_SET);

	view->cell = cell;
	pos = (const u8 *)(cell + 1);
	view->cpu_set = pos;
	pos += cell->cpu_set_size;
	view->memory = (const struct cfg_memory *)pos;
	pos += (size_t)cell->num_memory_regions * sizeof(struct cfg_memory);
	pos += (size_t)cell->num_cache_regions * sizeof(struct cfg_cache);
	pos += (size_t)cell->num_irqchips * sizeof(struct cfg_irqchip);
	pos += (size_t)cell->num_pio_regions * sizeof(struct cfg_pio);
	view->pci = (const struct cfg_pci_device *)pos;
	return 0;
}

/* Returns the first CPU that the machine does not have, or -1. */
int bh_config_cpus(const struct bh_config_view *view, struct bh_cpus *cpus)
{
	unsigned int bit, bits = view->cell->cpu_set_size * 8;
	int excess = -1;

	bitmap_zero(cpus->bits, BH_MAX_CPUS);
	for (bit = 0; bit < bits; bit++) {
		if (!(view->cpu_set[bit / 8] & (1 << (bit % 8))))
			continue;
		if (bit < bh.num_cpus)
			__set_bit(bit, cpus->bits);
		else if (excess < 0)
			excess = bit;
	}
	return excess;
}

static u64 region_end(const struct cfg_memory *region)
{
	return region->phys_start + min(region->size, ~region->phys_start);
}

/*
 * True if all of the range has exactly 'flags' among 'mask' in the root cell's configuration. Later regions
 * override earlier ones. Each round ends at a boundary of some region, hence the bound.
 */
static bool root_covers(const struct bh_config_view *root, u64 start, u64 size, u64 mask, u64 flags)
{
	u32 rounds = 2 * root->cell->num_memory_regions + 1;
	u64 pos = start, end = start + size;

	while (pos < end && rounds--) {
		const struct cfg_memory *decides = NULL;
		u64 next = end;
		u32 n;

		for (n = 0; n < root->cell->num_memory_regions; n++) {
			const struct cfg_memory *region = &root->memory[n];
			u64 region_start = region->phys_start;

			if (region_start > pos)
				next = min(next, region_start);
			if (region_end(region) > pos)
				next = min(next, region_end(region));
			if (region_start <= pos && pos < region_end(region))
				decides = region;
		}
		if (!decides || (decides->flags & mask) != flags)
			return false;
		pos = next;
	}
	return pos >= end;
}

/* Has the root cell at least the access 'flags' to the whole range, as ordinary memory? */
bool bh_config_root_covers(const struct bh_config_view *root, u64 start, u64 size, u64 flags)
{
	return root_covers(root, start, size, flags | CFG_MEM_IO, flags);
}

/* Has the root cell the whole range as registers that it may read and write? */
bool bh_config_root_has_device(const struct bh_config_view *root, u64 start, u64 size)
{
	const u64 flags = CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_IO;

	return root_covers(root, start, size, flags, flags);
}

/* Is this memory region a section of one of the cell's ivshmem devices? */
bool bh_config_is_link_region(const struct bh_config_view *view, u32 index)
{
	u32 n;

	for (n = 0; n < view->cell->num_pci_devices; n++) {
		const struct cfg_pci_device *dev = &view->pci[n];
		/* Published configurations have peers 1 and device ID 1: the link has ID + 1 peers then. */
		u64 peers = max_t(u32, dev->shmem_peers, dev->shmem_dev_id + 1);

		if (dev->type == CFG_PCI_IVSHMEM && index >= dev->shmem_regions_start &&
		    index - (u64)dev->shmem_regions_start < 2 + peers)
			return true;
	}
	return false;
}
