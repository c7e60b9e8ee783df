/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual PCI host: ECAM window of a cell and the ivshmem functions behind it. */
#include "cell.h"
#include "console.h"
#include "ivshmem.h"
#include "mmio.h"
#include "vpci.h"

/* Position of the first function with at least this bdf */
static uint32_t lower_bound(const struct vpci_function *functions, uint32_t count, uint16_t bdf)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (functions[middle].bdf < bdf)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* NULL if there is none, or if it does not take such an access */
static const struct vpci_function *find_function(const struct cell *cell, uint64_t offset, uint32_t size)
{
	/* The window is at most 256 MiB, so that bus, device and function are 16 bits. */
	uint16_t bdf = (uint16_t)(offset / PAGE_SIZE);
	uint32_t n = lower_bound(cell->functions, cell->num_functions, bdf);

	if (size > 4 || (offset & (size - 1)) || n == cell->num_functions || cell->functions[n].bdf != bdf)
		return NULL;
	return &cell->functions[n];
}

static struct mmio_read read_ecam(const struct mmio_window *window, uint64_t offset, uint32_t size)
{
	const struct cell *cell = window->owner;
	const struct vpci_function *function = find_function(cell, offset, size);
	uint32_t reg = (uint32_t)(offset % PAGE_SIZE);

	if (!function)
		return (struct mmio_read){ UINT64_MAX >> (64 - 8 * size), NULL };
	return (struct mmio_read){
		ivshmem_config_read(function->endpoint, reg, size),
		size == 4 ? ivshmem_config_word(function->endpoint, reg) : NULL,
	};
}

static struct virq_store *write_ecam(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value)
{
	const struct cell *cell = window->owner;
	const struct vpci_function *function = find_function(cell, offset, size);

	if (function)
		ivshmem_config_write(function->endpoint, (uint32_t)(offset % PAGE_SIZE), size, (uint32_t)value);
	return NULL;
}

static const struct mmio_device ecam = { .cause = CPU_EXIT_PCI_CONFIG, .read = read_ecam, .write = write_ecam };

static int add_ivshmem(struct cell *cell, const struct cfg_pci_device *dev)
{
	uint32_t position = lower_bound(cell->functions, cell->num_functions, dev->bdf), endpoint;
	int err;

	if (position < cell->num_functions && cell->functions[position].bdf == dev->bdf)
		return refuse_invalid("PCI function %pB appears twice in the cell; change a bdf", BDF_ARG(dev->bdf));
	err = ivshmem_attach(cell, dev, &endpoint);
	if (err)
		return err;

	for (uint32_t n = cell->num_functions; n > position; n--)
		cell->functions[n] = cell->functions[n - 1];
	cell->functions[position] = (struct vpci_function){ .bdf = dev->bdf, .endpoint = endpoint };
	cell->num_functions++;
	return 0;
}

static int add_function(struct cell *cell, const struct cfg_pci_device *dev)
{
	if (dev->type == CFG_PCI_IVSHMEM)
		return add_ivshmem(cell, dev);
	if (dev->type != CFG_PCI_DEVICE && dev->type != CFG_PCI_BRIDGE)
		return refuse_invalid("PCI function %pB: unknown type %u; use %u for ivshmem", BDF_ARG(dev->bdf), dev->type,
				      CFG_PCI_IVSHMEM);
	/* What the root cell has of real PCI, it keeps without us. */
	if (cell->is_root)
		return 0;
	return refuse_invalid("PCI function %pB: physical functions cannot be given to a cell yet; remove it from pci_devices",
			      BDF_ARG(dev->bdf));
}

COLD int vpci_init(struct cell *cell, const struct cfg_system *system, struct vpci_function *functions)
{
	uint32_t windows = cell->mmio.num_movable;
	uint64_t base = system->pci_mmconfig_base, size = config_ecam_size(system);
	int err = 0;

	cell->functions = functions;
	cell->num_functions = 0;
	for (uint32_t n = 0; !err && n < cell->config.cell->num_pci_devices; n++)
		err = add_function(cell, &cell->config.pci_devices[n]);

	if (!err && config_emulates_ecam(system, cell->is_root)) {
		err = mmio_add_fixed(&cell->mmio, base, size, &ecam, cell, 0);
		if (err)
			refuse(err, "PCI configuration window [0x%llx, 0x%llx) does not fit beside the other "
			       "windows of the cell; change pci_mmconfig_base", (unsigned long long)base,
			       (unsigned long long)(base + size));
	}
	if (err) {
		vpci_exit(cell);
		cell->mmio.num_movable = windows;
	}
	return err;
}

COLD void vpci_reset(struct cell *cell)
{
	for (uint32_t n = 0; n < cell->num_functions; n++)
		ivshmem_reset(cell->functions[n].endpoint);
}

COLD void vpci_reroute(struct cell *cell)
{
	for (uint32_t n = 0; n < cell->num_functions; n++)
		ivshmem_reroute(cell->functions[n].endpoint);
}

COLD void vpci_exit(struct cell *cell)
{
	for (uint32_t n = 0; n < cell->num_functions; n++)
		ivshmem_detach(cell->functions[n].endpoint);
	cell->num_functions = 0;
}
