// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root cell's ivshmem devices in Linux: behind a host bridge of our own if the PCI host is virtual, else
 * by scanning their slots on the existing bus. The bridge is made by hand because stock kernels
 * cannot apply device tree overlays. Failures are logged: the hypervisor works without.
 */
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/pci-ecam.h>
#include <linux/sizes.h>

#include "driver.h"

#define NUM_PINS	4
#define ANY_DOMAIN	0xffff
#define SPI_TYPE	0	/* first cell of a GIC interrupt specifier */

/* under bh.lock; bridge NULL: there is none */
static struct {
	struct pci_host_bridge *bridge;
	void __iomem *ecam;
	struct resource bus_numbers, window;
	bool window_inserted;
	struct fwnode_handle *gic;
	u32 irq_base;			/* SPI of pin 1 */
	unsigned int virqs[NUM_PINS];	/* mapped so far */
} host;

/*
 * The ECAM may lie in a range that another driver has claimed (Jailhouse's configurations for QEMU put it
 * into the redistributor range of the GIC), hence no claim here. The hypervisor traps it anyway.
 */
static void __iomem *map_bus(struct pci_bus *bus, unsigned int devfn, int where)
{
	return bus->number ? NULL : host.ecam + PCIE_ECAM_OFFSET(0, devfn, where);
}

static struct pci_ops virtual_ops = {
	.map_bus = map_bus,
	.read = pci_generic_config_read,
	.write = pci_generic_config_write,
};

static int map_irq(const struct pci_dev *dev, u8 slot, u8 pin)
{
	struct irq_fwspec spec = {
		.fwnode = host.gic,
		.param_count = 3,
		.param = { SPI_TYPE, host.irq_base + pin - 1, IRQ_TYPE_EDGE_RISING },
	};

	if (pin < 1 || pin > NUM_PINS)
		return 0;
	if (!host.virqs[pin - 1])
		host.virqs[pin - 1] = irq_create_fwspec_mapping(&spec);
	return host.virqs[pin - 1];
}

static struct fwnode_handle *find_gic(void)
{
	static const struct of_device_id gics[] = {
		{ .compatible = "arm,gic-v3" },
		{ .compatible = "arm,cortex-a15-gic" },
		{ .compatible = "arm,cortex-a7-gic" },
		{ .compatible = "arm,gic-400" },
		{ }
	};
	struct device_node *node = of_find_matching_node(NULL, gics);

	return node ? of_node_to_fwnode(node) : NULL;
}

static u32 count_ivshmem(const struct bh_config_view *root)
{
	u32 n, count = 0;

	for (n = 0; n < root->cell->num_pci_devices; n++)
		count += root->pci[n].type == CFG_PCI_IVSHMEM;
	return count;
}

/* Linux must not choose: without a node in the device tree its own numbering refuses. -1: none */
static int choose_domain(u16 wanted)
{
	int domain;

	if (wanted != ANY_DOMAIN)
		return pci_find_bus(wanted, 0) ? -1 : wanted;
	for (domain = 0; domain < ANY_DOMAIN; domain++)
		if (!pci_find_bus(domain, 0))
			return domain;
	return -1;
}

static void destroy_bridge(void)
{
	unsigned int pin;

	if (host.bridge)
		pci_free_host_bridge(host.bridge);
	if (host.window_inserted)
		release_resource(&host.window);
	for (pin = 0; pin < NUM_PINS; pin++)
		if (host.virqs[pin])
			irq_dispose_mapping(host.virqs[pin]);
	if (host.ecam)
		iounmap(host.ecam);
	fwnode_handle_put(host.gic);
	memset(&host, 0, sizeof(host));
}

static void add_bridge(const struct cfg_system *config, const struct bh_config_view *root, u32 count)
{
	u64 ecam = config->pci_mmconfig_base, window = ecam + SZ_1M;
	int domain = choose_domain(config->pci_domain);
	int err;

	if (!acpi_disabled) {
		pr_warn("no virtual PCI host: it needs a kernel booted with a device tree\n");
		return;
	}
	if (domain < 0) {
		pr_warn("no virtual PCI host: domain %u is taken, choose another pci_domain\n",
			config->pci_domain);
		return;
	}
	host.gic = find_gic();
	host.ecam = ioremap(ecam, SZ_1M);
	host.bridge = pci_alloc_host_bridge(0);
	if (!host.gic || !host.ecam || !host.bridge) {
		pr_warn("no virtual PCI host: %s\n",
			!host.gic ? "no GIC in the device tree" : "cannot map its configuration space");
		destroy_bridge();
		return;
	}
	host.irq_base = root->cell->vpci_irq_base;
	host.bus_numbers = (struct resource) { .name = "jailhouse PCI bus", .flags = IORESOURCE_BUS };
	host.window = (struct resource) {
		.name = "jailhouse PCI memory",
		.start = window,
		.end = window + count * 2ull * PAGE_SIZE - 1,
		.flags = IORESOURCE_MEM,
	};
	/* If others hold the range, drivers cannot claim their BARs, but can use them. */
	host.window_inserted = !request_resource(&iomem_resource, &host.window);
	if (!host.window_inserted)
		pr_info("PCI memory window %pR is shared with another resource\n", &host.window);

	pci_add_resource(&host.bridge->windows, &host.bus_numbers);
	pci_add_resource(&host.bridge->windows, &host.window);
	host.bridge->dev.parent = &bh.pdev->dev;
	host.bridge->ops = &virtual_ops;
	host.bridge->domain_nr = domain;
	host.bridge->map_irq = map_irq;
	host.bridge->swizzle_irq = pci_common_swizzle;

	err = pci_host_probe(host.bridge);
	if (err) {
		pr_warn("no virtual PCI host: scanning it failed (%d)\n", err);
		destroy_bridge();
	}
}

static void remove_bridge(void)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(host.bridge->bus);
	pci_remove_root_bus(host.bridge->bus);
	pci_unlock_rescan_remove();
	destroy_bridge();
}

static void scan_slot(const struct cfg_pci_device *entry)
{
	struct pci_bus *bus;

	pci_lock_rescan_remove();
	bus = pci_find_bus(entry->domain, PCI_BUS_NUM(entry->bdf));
	if (!bus) {
		pr_warn("no PCI bus %04x:%02x for an ivshmem device: correct its domain and bdf\n",
			entry->domain, PCI_BUS_NUM(entry->bdf));
	} else if (pci_scan_slot(bus, entry->bdf & 0xff)) {
		pci_bus_assign_resources(bus);
		pci_bus_add_devices(bus);
	}
	pci_unlock_rescan_remove();
}

static void remove_slot(const struct cfg_pci_device *entry)
{
	struct pci_dev *dev = pci_get_domain_bus_and_slot(entry->domain, PCI_BUS_NUM(entry->bdf),
							  entry->bdf & 0xff);

	if (dev)
		pci_stop_and_remove_bus_device_locked(dev);
	pci_dev_put(dev);
}

static void for_each_ivshmem(const struct bh_config_view *root, void (*action)(const struct cfg_pci_device *))
{
	u32 n;

	for (n = 0; n < root->cell->num_pci_devices; n++)
		if (root->pci[n].type == CFG_PCI_IVSHMEM)
			action(&root->pci[n]);
}

void bh_pci_virtual_add(const struct cfg_system *config, const struct bh_config_view *root)
{
	u32 count = count_ivshmem(root);

	if (!count)
		return;
	if (!config->pci_is_virtual)
		for_each_ivshmem(root, scan_slot);
	else if (config->pci_mmconfig_base)
		add_bridge(config, root, count);
	else
		pr_warn("no virtual PCI host: pci_mmconfig_base is 0\n");
}

/* bh.config is still there: called before the hypervisor is left */
void bh_pci_virtual_remove(void)
{
	if (host.bridge)
		remove_bridge();
	else if (!bh.config->pci_is_virtual)
		for_each_ivshmem(&bh.root_config, remove_slot);
}
