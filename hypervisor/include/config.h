/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to cell configurations. A config_view is made once from an untrusted image by
 * config_view_init(), which bounds every count; afterwards its arrays may be indexed up to their
 * counts. Index fields inside elements (caps_start, shmem_regions_start) stay untrusted until
 * config_check.c passed them.
 */
#ifndef BULKHEAD_CONFIG_H
#define BULKHEAD_CONFIG_H

#include "bulkhead/cell_config.h"
#include "types.h"

struct config_view {
	const struct cfg_cell *cell;
	const uint8_t *cpu_set;			/* cell->cpu_set_size bytes */
	const struct cfg_memory *memory;
	const struct cfg_irqchip *irqchips;
	const struct cfg_pci_device *pci_devices;
	uint64_t size;				/* bytes, header included */
};

/*
 * Size of the configuration whose header is at cell, from its counts; counts are 32 bit, so it cannot
 * overflow. Looks at the header only.
 */
uint64_t config_size(const struct cfg_cell *cell);

/* -EINVAL with a reason if cpu_set_size > CFG_MAX_CPU_SET or the arrays do not fit into available bytes. */
int config_view_init(struct config_view *view, const struct cfg_cell *cell, uint64_t available);

#define for_each_memory(mem, view) \
	for (const struct cfg_memory *mem = (view)->memory; mem < (view)->memory + (view)->cell->num_memory_regions; mem++)

#define for_each_ivshmem(dev, view) \
	for (const struct cfg_pci_device *dev = (view)->pci_devices; \
	     dev < (view)->pci_devices + (view)->cell->num_pci_devices; dev++) \
		if (dev->type == CFG_PCI_IVSHMEM)

static inline bool config_has_cpu(const struct config_view *view, uint32_t cpu)
{
	return cpu / 8 < view->cell->cpu_set_size && ((view->cpu_set[cpu / 8] >> (cpu % 8)) & 1);
}

/* By INTID: bit n % 32 of word n / 32 */
struct spi_set {
	uint32_t words[32];
};

/* The SPIs (32..1019) in the irqchip bitmaps of the cell for the distributor at gicd_base. */
void config_collect_spis(const struct config_view *view, uint64_t gicd_base, struct spi_set *spis);

static inline bool spi_set_test(const struct spi_set *spis, uint32_t intid)
{
	return spis->words[intid / 32] >> (intid % 32) & 1;
}

/* Sub-page region: never mapped, every access trapped (Jailhouse ABI). */
static inline bool config_is_subpage(const struct cfg_memory *mem)
{
	return (mem->virt_start | mem->size) & (PAGE_SIZE - 1);
}

/*
 * Sections of an ivshmem device: memory regions from shmem_regions_start on. 0 is the state table, 1 the R/W section,
 * 2 + i the output section of peer i.
 */
#define CFG_SECTION_STATE	0u
#define CFG_SECTION_RW		1u
#define CFG_SECTION_OUTPUT	2u
#define CFG_NO_SECTION		UINT32_MAX

/*
 * Number of sections. Published configurations have ids beyond shmem_peers: then the own output and those before it
 * count if the region where it would be continues the link.
 */
uint32_t config_num_sections(const struct config_view *view, const struct cfg_pci_device *dev);

/* Which section of the device a memory region of the view is, or CFG_NO_SECTION. */
uint32_t config_section_of(const struct config_view *view, const struct cfg_pci_device *dev, const struct cfg_memory *mem);

/* The first ivshmem device that has a memory region of the view as a section, or NULL. */
const struct cfg_pci_device *config_device_of(const struct config_view *view, const struct cfg_memory *mem);

/* The first ivshmem device of that bdf, or NULL: a link is its bdf. */
const struct cfg_pci_device *config_find_ivshmem(const struct config_view *view, uint16_t bdf);

/* Microseconds, 0 if the cell has no watchdog. */
uint32_t config_watchdog(const struct config_view *view);

/* What the checks have to know about the machine and the hypervisor. */
struct config_platform {
	const struct cfg_system *system;
	uint64_t hv_start;		/* hypervisor memory as really placed */
	uint64_t hv_size;
	uint32_t max_cpus;		/* CPU numbers are below it */
	uint64_t gicr_size;		/* all redistributors of the machine; 0: not known, derived from the CPUs */
	uint64_t phys_limit;		/* first address beyond the physical address space */
	uint64_t guest_limit;		/* first address beyond the stage-2 input address space */
};

/* Bytes of the GIC register windows, by version (GICv3: one redistributor is GICR_STRIDE bytes) */
#define CFG_GICD_SIZE(version)	((version) == 3 ? 0x10000UL : 0x1000UL)

/* ECAM window: (end_bus + 1) MiB at pci_mmconfig_base, none if the base is 0. */
static inline uint64_t config_ecam_size(const struct cfg_system *system)
{
	return system->pci_mmconfig_base ? ((uint64_t)system->pci_mmconfig_end_bus + 1) << 20 : 0;
}

/* Behind a physical host's window are the root cell's real devices; other cells get an emulated one all the same. */
static inline bool config_emulates_ecam(const struct cfg_system *system, bool is_root)
{
	return system->pci_mmconfig_base && (system->pci_is_virtual == 1 || !is_root);
}

/*
 * Checks of a system configuration with its root cell. bytes is what is really there. view gets the
 * root cell. 0 or a negative errno after refuse().
 */
int config_check_system(const struct cfg_system *system, uint64_t bytes,
			const struct config_platform *platform, struct config_view *view);

/*
 * Checks of a new cell against the machine and all existing cells. cells[0] is the root cell. Does not change
 * anything. CPU ownership, names and ids are checked by the caller (cell.c), who knows the order of the ABI.
 * 0 or a negative errno after refuse() with a text that names the new cell, both things in conflict and their
 * half-open ranges, and what to change.
 */
int config_check_cell(const struct config_view *view, const struct config_platform *platform,
		      const struct config_view *const *cells, uint32_t num_cells);

#endif
