/* SPDX-License-Identifier: BSD-2-Clause */
/* What a type 3 PCI entry of a configuration has to fulfil before it becomes an ivshmem device. */
#include "cell.h"
#include "console.h"
#include "ivshmem_internal.h"

#define FIRST_SPI	32u
#define LAST_SPI	1019u

#define DEVICE		"ivshmem device %pB: "
#define DEVICE_ARGS(dev)	BDF_ARG((dev)->bdf)

/* Regions of the device from shmem_regions_start on */
enum {
	REGION_STATE,
	REGION_RW,
	REGION_OUTPUT,
};

static int check_regions(const struct cfg_pci_device *dev, const struct cfg_memory *regions,
			 uint64_t available)
{
	const struct cfg_memory *table = &regions[REGION_STATE];
	uint64_t peers = MAX(dev->shmem_peers, dev->shmem_dev_id + 1u);

	if (table->flags & CFG_MEM_WRITE)
		return refuse_invalid(DEVICE "memory region %u, the state table, is writable for "
				      "the cell; remove the write flag", DEVICE_ARGS(dev), dev->shmem_regions_start);
	if ((table->phys_start | table->virt_start | table->size) & ~PAGE_MASK)
		return refuse_invalid(DEVICE "memory region %u, the state table, must have "
				      "page-aligned addresses and size", DEVICE_ARGS(dev), dev->shmem_regions_start);
	if (table->size < 4 * peers || table->size > UINT32_MAX ||
	    !range_valid(table->phys_start, table->size))
		return refuse_invalid(DEVICE "memory region %u, the state table, has 0x%llx bytes at "
				      "0x%llx; give it a size from 4 bytes per peer (%u) to less than 4 GiB",
				      DEVICE_ARGS(dev), dev->shmem_regions_start, (unsigned long long)table->size,
				      (unsigned long long)table->phys_start, (uint32_t)peers);
	if (regions[REGION_OUTPUT].size && REGION_OUTPUT + (uint64_t)dev->shmem_dev_id >= available)
		return refuse_invalid(DEVICE "peer %u has no memory region for its output section; "
				      "add regions or change shmem_dev_id", DEVICE_ARGS(dev), dev->shmem_dev_id);
	return 0;
}

/* A mask is all ones from the top bit down to the size of the BAR, one page to 2 GiB. */
static bool bar_mask_valid(uint32_t mask)
{
	uint32_t size = ~mask + 1;

	return size >= PAGE_SIZE && (size & (size - 1)) == 0;
}

static int check_bars(const struct cfg_pci_device *dev, struct ivshmem_params *params)
{
	uint32_t n;

	params->bar_mask[0] = dev->bar_mask[0];
	/* Guests take a BAR 1 for MSI-X: unimplemented on INTx, whatever the configuration says. */
	params->bar_mask[1] = params->vectors ? dev->bar_mask[1] : 0;

	for (n = 0; n <= (params->vectors ? 1u : 0u); n++)
		if (!bar_mask_valid(params->bar_mask[n]))
			return refuse_invalid(DEVICE "bar_mask[%u] is 0x%08x; use 0xfffff000 for "
					      "4 KiB or another power of two", DEVICE_ARGS(dev), n,
					      params->bar_mask[n]);
	for (n = 2; n < ARRAY_SIZE(dev->bar_mask); n++)
		if (dev->bar_mask[n])
			return refuse_invalid(DEVICE "bar_mask[%u] is 0x%08x; the device has no such "
					      "BAR, set it to 0", DEVICE_ARGS(dev), n, dev->bar_mask[n]);
	return 0;
}

static int check_intx(const struct cell *cell, const struct cfg_pci_device *dev,
		      struct ivshmem_params *params)
{
	uint64_t intid = FIRST_SPI + (uint64_t)cell->config.cell->vpci_irq_base + ((dev->bdf >> 3) & 3);

	params->intx = 0;
	if (params->vectors)
		return 0;
	if (intid > LAST_SPI)
		return refuse_invalid(DEVICE "INTx would be interrupt %llu, beyond SPI %u; lower "
				      "vpci_irq_base (%u)", DEVICE_ARGS(dev), (unsigned long long)intid, LAST_SPI,
				      cell->config.cell->vpci_irq_base);
	params->intx = (uint32_t)intid;
	return 0;
}

int ivshmem_attach(struct cell *cell, const struct cfg_pci_device *dev, uint32_t *endpoint)
{
	uint64_t available = cell->config.cell->num_memory_regions;
	const struct cfg_memory *regions;
	struct ivshmem_params params;
	struct virq_route route;
	int err;

	/* The index and both additions are below 2^34. */
	if (dev->shmem_regions_start + (uint64_t)REGION_OUTPUT + dev->shmem_peers > available)
		return refuse_invalid(DEVICE "needs memory regions %u to %llu, the cell has %llu; "
				      "correct shmem_regions_start or shmem_peers", DEVICE_ARGS(dev),
				      dev->shmem_regions_start, dev->shmem_regions_start + 1ull + dev->shmem_peers,
				      (unsigned long long)available);
	if (dev->num_msix_vectors > IVSHMEM_MAX_VECTORS)
		return refuse_invalid(DEVICE "%u MSI-X vectors; use at most %u", DEVICE_ARGS(dev),
				      dev->num_msix_vectors, IVSHMEM_MAX_VECTORS);
	if (dev->shmem_peers == 0)
		return refuse_invalid(DEVICE "shmem_peers is 0; set it to the number of peers of the "
				      "link", DEVICE_ARGS(dev));

	/* Now at least one output section is there. */
	regions = &cell->config.memory[dev->shmem_regions_start];
	params.bdf = dev->bdf;
	params.id = dev->shmem_dev_id;
	params.peers = dev->shmem_peers;
	params.vectors = dev->num_msix_vectors;
	params.protocol = dev->shmem_protocol;
	params.latch_state = !(dev->msi_flags & CFG_SHMEM_LOSSY_STATE);
	params.state_phys = regions[REGION_STATE].phys_start;
	params.state_size = (uint32_t)regions[REGION_STATE].size;
	params.base = regions[REGION_STATE].virt_start;
	params.rw_size = regions[REGION_RW].size;
	params.output_size = regions[REGION_OUTPUT].size;

	err = check_regions(dev, regions, available - dev->shmem_regions_start);
	if (!err)
		err = check_bars(dev, &params);
	if (!err)
		err = check_intx(cell, dev, &params);
	if (!err)
		err = ivshmem_join(cell, &params, endpoint);
	if (err)
		return err;

	if (params.vectors == 0 && !arch_virq_route_spi(cell, params.intx, &route))
		console_printf("Warning: " DEVICE "interrupt %u is not in the irqchips of the cell, the "
			       "device will not interrupt\n", DEVICE_ARGS(dev), params.intx);
	return 0;
}
