/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on a new cell against the machine, the hypervisor, and the cells that exist. */
#include "config_rules.h"
#include "console.h"

#define FIRST_NON_ROOT 1 /* in check->cells */

/* by_access: regions that allow none do not matter */
static int refuse_touched(const struct check *check, const struct window *window, bool by_access)
{
	for (uint32_t i = 0; i < check->view->cell->num_memory_regions; i++) {
		const struct cfg_memory *mem = &check->view->memory[i];

		if (same_memory(mem, &window->range) && (!by_access || gives_access(mem)))
			return refuse_invalid("%pC: memory region %u, physical %pM, overlaps %pT %pM: move or remove it",
					      check->view, i, mem, window->what, &window->range);
	}
	return 0;
}

/*
 * With the distributor a cell would own every interrupt of the machine. Redistributors read and write memory (LPI tables): worse
 * than a lost interrupt.
 */
static int check_machine_untouched(const struct check *check)
{
	struct window windows[NUM_WINDOWS];
	int err = 0;

	machine_windows(check, windows);
	for (uint32_t n = WINDOW_HYPERVISOR; !err && n < NUM_WINDOWS; n++)
		err = refuse_touched(check, &windows[n], n != WINDOW_HYPERVISOR);
	return err;
}

/* Whoever has its registers reaches all memory by DMA. The root cell may drive it, as it did before. */
static int check_iommus_untouched(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;
	int err = 0;

	for (uint32_t i = 0; !err && i < ARRAY_SIZE(system->iommu_units) && system->iommu_units[i].type; i++) {
		struct window window = window_at("an IOMMU", system->iommu_units[i].base, system->iommu_units[i].size);

		err = refuse_touched(check, &window, true);
	}
	return err;
}

static int check_memory_unowned(const struct check *o)
{
	if (o->other < FIRST_NON_ROOT || (o->mem->flags & o->other_mem->flags & CFG_MEM_ROOTSHARED))
		return 0;
	/* whether it is the same section, check_sections_of_link_only() looks at */
	if (config_device_of(o->view, o->mem) && config_device_of(o->other_view, o->other_mem))
		return 0;
	return refuse_invalid("%pC: memory region %u %pM overlaps region %u %pM of %pC: move it, or flag both as "
			      "root-shared", o->view, o->index, o->mem, o->other_index, o->other_mem,
			      o->other_view);
}

static int check_spis_unowned(const struct check *check)
{
	const uint64_t gicd_base = check->platform->system->arch.arm.gicd_base;
	struct spi_set mine, theirs;

	config_collect_spis(check->view, gicd_base, &mine);
	for (uint32_t c = FIRST_NON_ROOT; c < check->num_cells; c++) {
		config_collect_spis(check->cells[c], gicd_base, &theirs);
		for (uint32_t w = 0; w < ARRAY_SIZE(mine.words); w++) {
			const uint32_t both = mine.words[w] & theirs.words[w];

			if (both)
				return refuse_invalid("%pC: INTID %u belongs to %pC: remove it from the irqchips "
						      "of one of them", check->view,
						      32 * w + (uint32_t)__builtin_ctz(both), check->cells[c]);
		}
	}
	return 0;
}

/* INTID of the SPI of a device with INTx: devices use the four SPIs from vpci_irq_base in turn. */
static uint64_t intx_intid(const struct config_view *view, const struct cfg_pci_device *dev)
{
	return INTID_SPI_FIRST + (uint64_t)view->cell->vpci_irq_base + ((dev->bdf >> 3) & 3);
}

static int check_intx_unowned(const struct check *check)
{
	const uint64_t intid = intx_intid(check->view, check->dev);
	struct spi_set theirs;

	/* beyond the SPIs nothing can be armed and nobody be disturbed */
	if (check->dev->num_msix_vectors || intid >= INTID_SPI_END)
		return 0;
	for (uint32_t c = FIRST_NON_ROOT; c < check->num_cells; c++) {
		config_collect_spis(check->cells[c], check->platform->system->arch.arm.gicd_base, &theirs);
		if (spi_set_test(&theirs, (uint32_t)intid))
			return refuse_invalid("%pC: ivshmem device %u would interrupt by INTID %u, which belongs "
					      "to %pC: change vpci_irq_base", check->view, check->device, (uint32_t)intid,
					      check->cells[c]);
	}
	return 0;
}

int check_conflicts(struct check *check)
{
	static const struct rule rules[] = {
		{ PER_CELL, check_machine_untouched },
		{ PER_CELL, check_iommus_untouched },
		{ PER_OVERLAP, check_memory_unowned },
		{ PER_OVERLAP, check_state_tables_of_others },
		{ PER_OVERLAP, check_sections_of_link_only },
		{ PER_IVSHMEM, check_sections_agree },
		{ PER_CELL, check_spis_unowned },
		{ PER_IVSHMEM, check_intx_unowned },
	};

	return run_rules(check, rules, ARRAY_SIZE(rules));
}
