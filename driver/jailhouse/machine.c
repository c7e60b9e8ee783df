// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine has at a physical address, by all that Linux can tell without a look there. A look where nothing
 * is ends in a bus error that Linux does not survive, so what is not known to be there is not touched.
 */
#include <linux/acpi.h>
#include <linux/efi.h>
#include <linux/ioport.h>
#include <linux/minmax.h>
#include <linux/of.h>
#include <linux/of_address.h>

#include "driver.h"

static bool node_contains(struct device_node *node, u64 start, u64 size)
{
	struct resource res;
	int index;

	for (index = 0; !of_address_to_resource(node, index, &res); index++)
		if (res.start <= start && start + size - 1 <= res.end)
			return true;
	return false;
}

/* Is the range inside a node of /reserved-memory? Then it was set aside for somebody like us. */
bool bh_is_reserved_memory(u64 start, u64 size)
{
	struct device_node *parent = of_find_node_by_path("/reserved-memory"), *child;

	if (!parent)
		return false;
	for_each_child_of_node(parent, child) {
		/* "reusable" ones are lent to Linux (CMA) */
		if (!of_property_read_bool(child, "reusable") && node_contains(child, start, size)) {
			of_node_put(child);
			break;
		}
	}
	of_node_put(parent);
	return child;
}

/* The first address behind those that the node has from start on; start: it has none */
static u64 node_end(struct device_node *node, u64 start)
{
	struct resource res;
	u64 end = start;
	int index;

	for (index = 0; !of_address_to_resource(node, index, &res); index++)
		if (res.start <= start && start <= res.end)
			end = res.end + 1;
	return end;
}

/* The device tree's memory; on-chip memory has a node of another kind. */
static u64 tree_memory_end(u64 start)
{
	struct device_node *node = NULL;
	u64 end = start;

	while ((node = of_find_node_by_type(node, "memory")))
		end = max(end, node_end(node, start));
	while ((node = of_find_compatible_node(node, NULL, "mmio-sram")))
		end = max(end, node_end(node, start));
	return end;
}

/* EFI takes the nodes out of the tree, if there is one: it has a list of its own, also of what mem= cuts off. */
static u64 efi_memory_end(u64 start)
{
	const u64 cacheable = EFI_MEMORY_WB | EFI_MEMORY_WT | EFI_MEMORY_WC;
	const efi_memory_desc_t *desc;

	if (!efi_enabled(EFI_MEMMAP))
		return start;
	for_each_efi_memory_desc(desc) {
		u64 end = desc->phys_addr + (desc->num_pages << EFI_PAGE_SHIFT);

		if (desc->phys_addr <= start && start < end && desc->attribute & cacheable &&
		    desc->type != EFI_MEMORY_MAPPED_IO && desc->type != EFI_MEMORY_MAPPED_IO_PORT_SPACE &&
		    desc->type != EFI_UNUSABLE_MEMORY)
			return end;
	}
	return start;
}

static int ram_piece(struct resource *res, void *data)
{
	u64 *end = data;

	if (res->start <= *end)
		*end = max_t(u64, *end, res->end + 1);
	return 0;
}

/* Linux's own memory; some of it may have been plugged in later. */
static u64 linux_memory_end(u64 start, u64 end)
{
	u64 at = start;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, start, end - 1, &at, ram_piece);
	return at;
}

/* Is all of the range memory, as far as anybody has told? What Linux leaves alone (mem=) is in no list of its own. */
bool bh_may_be_memory(u64 start, u64 size)
{
	u64 at = start, end = start + size, next;

	for (; at < end; at = next) {
		next = max3(tree_memory_end(at), efi_memory_end(at), linux_memory_end(at, end));
		if (next == at)
			return bh_is_reserved_memory(at, end - at);
	}
	return true;
}

/*
 * 0, or the range is refused: it is about to be written. The tree of a Linux that the hypervisor has started lists what that Linux
 * has, and no memory of other cells: there is nobody to ask.
 */
int bh_check_memory(u64 start, u64 size, const char *what, struct bh_reason *why)
{
	if (bh.by_firmware || bh_may_be_memory(start, size))
		return 0;
	return bh_refuse(why, -EINVAL,
			 "%s 0x%llx-0x%llx: the machine has no memory there (see its device tree, or EFI's memory map): choose other memory, "
			 "or tell of it in /reserved-memory",
			 what, start, start + size);
}

static int device_piece(struct resource *res, void *data)
{
	u64 *largest = data;

	/* a window is where devices may be, or not */
	if (!(res->flags & (IORESOURCE_WINDOW | IORESOURCE_SYSRAM)))
		*largest = max_t(u64, *largest, resource_size(res));
	return 0;
}

/* Are these registers of a device that the device tree or ACPI has? Not memory: the caller has asked. */
bool bh_is_device(u64 start, u64 size)
{
	struct device_node *node = NULL;
	u64 largest = 0;

	while ((node = of_find_all_nodes(node))) {
		/* what a PCI host has is where its devices may have their configurations, or not */
		if (of_device_is_available(node) && !of_node_is_type(node, "pci") && node_contains(node, start, size)) {
			of_node_put(node);
			return true;
		}
	}
	/* With a device tree, the windows of PCI hosts do not look like windows here. */
	if (!acpi_disabled)
		walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_MEM, start, start + size - 1, &largest, device_piece);
	return largest == size;
}
