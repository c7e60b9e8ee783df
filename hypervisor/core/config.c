/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounded access to configuration images; the layout is in include/bulkhead/cell_config.h. */
#include "config.h"
#include "console.h"

#define SPI_END 1020 /* INTIDs 1020..1023 are special */

/* The arrays behind the header, in their order in the file */
uint64_t config_size(const struct cfg_cell *cell)
{
	return sizeof(*cell) + cell->cpu_set_size +
	       cell->num_memory_regions * (uint64_t)sizeof(struct cfg_memory) +
	       cell->num_cache_regions * (uint64_t)sizeof(struct cfg_cache) +
	       cell->num_irqchips * (uint64_t)sizeof(struct cfg_irqchip) +
	       cell->num_pio_regions * (uint64_t)sizeof(struct cfg_pio) +
	       cell->num_pci_devices * (uint64_t)sizeof(struct cfg_pci_device) +
	       cell->num_pci_caps * (uint64_t)sizeof(struct cfg_pci_cap) +
	       cell->num_stream_ids * (uint64_t)sizeof(uint32_t);
}

int config_view_init(struct config_view *view, const struct cfg_cell *cell, uint64_t available)
{
	const struct cfg_cache *caches;
	const struct cfg_pio *pio;

	if (available < sizeof(*cell))
		return refuse_invalid("cell configuration is truncated: %lu bytes, its header alone has %u", available,
				      (uint32_t)sizeof(*cell));
	if (cell->cpu_set_size > CFG_MAX_CPU_SET)
		return refuse_invalid("cell configuration: cpu_set_size is %u bytes, at most %u are allowed",
				      cell->cpu_set_size, CFG_MAX_CPU_SET);

	view->size = config_size(cell);
	if (view->size > available)
		return refuse_invalid("cell configuration is truncated: its counts need %lu bytes, there are %lu",
				      view->size, available);

	view->cell = cell;
	view->cpu_set = (const uint8_t *)(cell + 1);
	view->memory = (const void *)(view->cpu_set + cell->cpu_set_size);
	caches = (const void *)(view->memory + cell->num_memory_regions);
	view->irqchips = (const void *)(caches + cell->num_cache_regions);
	pio = (const void *)(view->irqchips + cell->num_irqchips);
	view->pci_devices = (const void *)(pio + cell->num_pio_regions);
	return 0;
}

void config_collect_spis(const struct config_view *view, uint64_t gicd_base, struct spi_set *spis)
{
	*spis = (struct spi_set){ .words = { 0 } };
	for (uint32_t i = 0; i < view->cell->num_irqchips; i++) {
		const struct cfg_irqchip *chip = &view->irqchips[i];
		const uint32_t first = chip->pin_base / 32;

		for (uint32_t w = 0; chip->address == gicd_base && w < ARRAY_SIZE(chip->pin_bitmap); w++)
			if (first + w < ARRAY_SIZE(spis->words))
				spis->words[first + w] |= chip->pin_bitmap[w];
	}
	spis->words[0] = 0;	/* SGIs and PPIs belong to CPUs */
	spis->words[SPI_END / 32] &= (1u << (SPI_END % 32)) - 1;
}

/* Index fields are not to be trusted yet: everything in 64 bits. */
uint32_t config_num_sections(const struct config_view *view, const struct cfg_pci_device *dev)
{
	const uint64_t start = dev->shmem_regions_start, own = start + CFG_SECTION_OUTPUT + dev->shmem_dev_id;
	const struct cfg_memory *first, *output;

	if (dev->shmem_dev_id < dev->shmem_peers || own >= view->cell->num_memory_regions)
		return CFG_SECTION_OUTPUT + dev->shmem_peers;
	first = &view->memory[start];
	output = &view->memory[own];
	if (!output->size || output->size != first[CFG_SECTION_OUTPUT].size ||
	    output->virt_start != first[CFG_SECTION_STATE].virt_start + first[CFG_SECTION_STATE].size +
					  first[CFG_SECTION_RW].size + dev->shmem_dev_id * output->size)
		return CFG_SECTION_OUTPUT + dev->shmem_peers;
	return CFG_SECTION_OUTPUT + dev->shmem_dev_id + 1u;
}

uint32_t config_section_of(const struct config_view *view, const struct cfg_pci_device *dev, const struct cfg_memory *mem)
{
	const uint32_t index = (uint32_t)(mem - view->memory);

	if (index < dev->shmem_regions_start || index - dev->shmem_regions_start >= config_num_sections(view, dev))
		return CFG_NO_SECTION;
	return index - dev->shmem_regions_start;
}

const struct cfg_pci_device *config_device_of(const struct config_view *view, const struct cfg_memory *mem)
{
	for_each_ivshmem(dev, view)
		if (config_section_of(view, dev, mem) != CFG_NO_SECTION)
			return dev;
	return NULL;
}

const struct cfg_pci_device *config_find_ivshmem(const struct config_view *view, uint16_t bdf)
{
	for_each_ivshmem(dev, view)
		if (dev->bdf == bdf)
			return dev;
	return NULL;
}

uint32_t config_watchdog(const struct config_view *view)
{
	for_each_memory(mem, view)
		if (mem->flags & CFG_WATCHDOG)
			return (uint32_t)mem->phys_start;
	return 0;
}
