// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical PCI devices of cells: their Linux driver is unbound, and jailhouse-pci-stub holds them until the
 * cell is destroyed. Devices are not given back to their former driver; that is the user's choice.
 *
 * The hypervisor refuses physical functions in cells as yet: until it does not, a claim only lasts until that refusal,
 * after which Linux's drivers are tried again. So nothing but claim and restore has ever run.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "driver.h"

struct known_id {
	struct list_head entry;
	u16 vendor, device, subvendor, subdevice;
};

/* under bh.lock */
static LIST_HEAD(known_ids);		/* the driver core has no way to take an ID back or to ask for it */
static struct pci_dev *being_claimed;

static int stub_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	return dev == READ_ONCE(being_claimed) ? 0 : -ENODEV;
}

static void stub_remove(struct pci_dev *dev)
{
}

static struct pci_driver stub_driver = {
	.name = "jailhouse-pci-stub",
	.probe = stub_probe,
	.remove = stub_remove,
	.driver_managed_dma = true,
};

/* The device may belong to a cell: suspend and hot-unplug are not ours, so nothing else is implemented. */
static bool is_known(const struct pci_dev *dev)
{
	struct known_id *id;

	list_for_each_entry(id, &known_ids, entry)
		if (id->vendor == dev->vendor && id->device == dev->device &&
		    id->subvendor == dev->subsystem_vendor && id->subdevice == dev->subsystem_device)
			return true;
	return false;
}

/* Adding an ID makes the driver core try it on every unbound device; stub_probe() takes only ours. */
static int bind(struct pci_dev *dev)
{
	struct known_id *id;
	int err;

	if (is_known(dev))
		return device_driver_attach(&stub_driver.driver, &dev->dev);
	id = kzalloc(sizeof(*id), GFP_KERNEL);
	if (!id)
		return -ENOMEM;
	err = pci_add_dynid(&stub_driver, dev->vendor, dev->device, dev->subsystem_vendor,
			    dev->subsystem_device, 0, 0, 0);
	if (err) {
		kfree(id);
		return err;
	}
	id->vendor = dev->vendor;
	id->device = dev->device;
	id->subvendor = dev->subsystem_vendor;
	id->subdevice = dev->subsystem_device;
	list_add(&id->entry, &known_ids);
	return dev->dev.driver == &stub_driver.driver ? 0 : -EBUSY;
}

static struct pci_dev *find_device(const struct cfg_pci_device *entry)
{
	if (entry->type != CFG_PCI_DEVICE)
		return NULL;
	return pci_get_domain_bus_and_slot(entry->domain, PCI_BUS_NUM(entry->bdf), entry->bdf & 0xff);
}

void bh_pci_stub_claim(const struct cfg_pci_device *devices, u32 count)
{
	u32 n;

	for (n = 0; n < count; n++) {
		struct pci_dev *dev = find_device(&devices[n]);
		int err;

		if (!dev)
			continue;
		if (dev->dev.driver != &stub_driver.driver) {
			WRITE_ONCE(being_claimed, dev);
			device_release_driver(&dev->dev);
			err = bind(dev);
			WRITE_ONCE(being_claimed, NULL);
			if (err)
				pci_warn(dev, "cannot be held for the cell (%d): keep its drivers away\n", err);
		}
		pci_dev_put(dev);
	}
}

/* restore: the cell never came to be, so Linux's drivers get another chance at once */
void bh_pci_stub_release(const struct cfg_pci_device *devices, u32 count, bool restore)
{
	u32 n;

	for (n = 0; n < count; n++) {
		struct pci_dev *dev = find_device(&devices[n]);

		if (!dev)
			continue;
		if (dev->dev.driver == &stub_driver.driver) {
			device_release_driver(&dev->dev);
			if (restore && device_attach(&dev->dev) < 0)
				pci_warn(dev, "is without its driver: bind it again\n");
		}
		pci_dev_put(dev);
	}
}

int bh_pci_stub_init(void)
{
	return pci_register_driver(&stub_driver);
}

void bh_pci_stub_exit(void)
{
	struct known_id *id, *next;

	pci_unregister_driver(&stub_driver);
	list_for_each_entry_safe(id, next, &known_ids, entry)
		kfree(id);
}
