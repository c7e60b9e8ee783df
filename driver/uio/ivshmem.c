// SPDX-License-Identifier: GPL-2.0-only
/*
 * UIO driver for ivshmem v2 devices with the undefined protocol (class FF0000; others through new_id).
 *
 * Maps, in this order: registers, state table, R/W section (if there is one), output sections of all peers
 * ("input"), own output section. The registers are mapped as device memory, the sections cacheable, so that
 * they are coherent with peers that map them so.
 *
 * State table and input sections are read-only for this peer: the hypervisor answers a write with a
 * violation of the whole cell. Existing programs map everything readable and writable without ever writing
 * there. So such a request is granted, but the pages are mapped read-only, and a program that does write gets
 * SIGSEGV. A request for a map that has no size fails in the UIO core.
 *
 * Interrupts: the device is put into one-shot mode, where each interrupt clears the enable bit. User space
 * sets it again through the register map; this driver never enables interrupts itself. All vectors raise
 * the same UIO event. After a close the state is 0, so that peers see the program leave, however it ended.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uio_driver.h>

#include <bulkhead/ivshmem.h>

#include "../compat.h"

#define DRIVER_NAME	"uio_ivshmem"
#define CLASS_UNDEFINED	((IVSHMEM_BASE_CLASS << 16) | IVSHMEM_PROTO_UNDEFINED)

#define BAR_REGISTERS	0
#define BAR_MEMORY	2	/* relocatable shared memory; else the capability has the address */

static_assert(MAX_UIO_MAPS >= 5);

struct open_inode {
	struct list_head entry;
	struct inode *inode;
	unsigned int files;
};

struct uio_ivshmem {
	struct uio_info info;
	struct pci_dev *pdev;
	u32 __iomem *registers;
	bool read_only[MAX_UIO_MAPS];
	int vectors;
	const char *irq_name;
	struct list_head inodes;	/* with open files; under UIO's info lock */
};

struct sections {
	u64 base;
	u64 state_size, rw_size, output_size;
	u64 input_size;		/* all output sections */
	u64 output_start;	/* of the own one */
};

static void write_register(struct uio_ivshmem *dev, unsigned int offset, u32 value)
{
	writel(value, (void __iomem *)dev->registers + offset);
}

static u32 read_register(struct uio_ivshmem *dev, unsigned int offset)
{
	return readl((void __iomem *)dev->registers + offset);
}

/* There is no status to read: an interrupt of a shared line is always taken as ours, too. */
static irqreturn_t handle_interrupt(int irq, void *data)
{
	struct uio_ivshmem *dev = data;

	uio_event_notify(&dev->info);
	return IRQ_HANDLED;
}

/* Each device node has its own inode; normally there is one. */
static struct open_inode *find_inode(struct uio_ivshmem *dev, const struct inode *inode)
{
	struct open_inode *known;

	list_for_each_entry(known, &dev->inodes, entry)
		if (known->inode == inode)
			return known;
	return NULL;
}

/* Mappings keep their file open, so an inode without open files has none. */
static void forget_inode(struct open_inode *known)
{
	list_del(&known->entry);
	iput(known->inode);
	kfree(known);
}

static int open(struct uio_info *info, struct inode *inode)
{
	struct uio_ivshmem *dev = info->priv;
	struct open_inode *known = find_inode(dev, inode);

	if (!known) {
		known = kzalloc(sizeof(*known), GFP_KERNEL);
		if (!known)
			return -ENOMEM;
		ihold(inode);
		known->inode = inode;
		list_add(&known->entry, &dev->inodes);
	}
	known->files++;
	return 0;
}

static int release(struct uio_info *info, struct inode *inode)
{
	struct uio_ivshmem *dev = info->priv;
	struct open_inode *known = find_inode(dev, inode);

	write_register(dev, IVSHMEM_REG_STATE, 0);
	if (known && !--known->files)
		forget_inode(known);
	return 0;
}

/*
 * Without the hypervisor there is something else, or nothing, at these addresses: programs that go on using
 * their maps get SIGBUS.
 */
static void zap_mappings(struct uio_ivshmem *dev)
{
	struct open_inode *known, *next;

	list_for_each_entry_safe(known, next, &dev->inodes, entry) {
		unmap_mapping_range(known->inode->i_mapping, 0, 0, 1);
		forget_inode(known);
	}
}

/* The UIO core has checked index and size. */
static int map_section(struct uio_info *info, struct vm_area_struct *vma)
{
	struct uio_ivshmem *dev = info->priv;
	unsigned int index = vma->vm_pgoff;
	const struct uio_mem *mem = &info->mem[index];

	bh_change_vm_flags(vma, VM_IO | VM_DONTEXPAND | VM_DONTDUMP,
			   dev->read_only[index] ? VM_WRITE | VM_MAYWRITE : 0);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	if (index == 0)
		vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, PFN_DOWN(mem->addr), vma->vm_end - vma->vm_start,
			       vma->vm_page_prot);
}

static u64 read_capability64(struct pci_dev *pdev, int where)
{
	u32 low = 0, high = 0;

	pci_read_config_dword(pdev, where, &low);
	pci_read_config_dword(pdev, where + 4, &high);
	return (u64)high << 32 | low;
}

/* Sizes come from the device: nothing may overflow or share a page with something else. */
static int read_sections(struct uio_ivshmem *dev, int cap, struct sections *s)
{
	struct pci_dev *pdev = dev->pdev;
	u32 id = read_register(dev, IVSHMEM_REG_ID), peers = read_register(dev, IVSHMEM_REG_MAX_PEERS);
	u32 state_size = 0;
	u64 total;
	u8 length = 0;

	pci_read_config_byte(pdev, cap + 2, &length);
	pci_read_config_dword(pdev, cap + IVSHMEM_CAP_STATE_SIZE, &state_size);
	s->state_size = state_size;
	s->rw_size = read_capability64(pdev, cap + IVSHMEM_CAP_RW_SIZE);
	s->output_size = read_capability64(pdev, cap + IVSHMEM_CAP_OUT_SIZE);

	if (peers > 65536 || id >= peers || !s->state_size || s->state_size / sizeof(u32) <= id) {
		dev_err(&pdev->dev, "peer %u of %u, state table of %llu bytes: correct the cell configuration\n",
			id, peers, s->state_size);
		return -EINVAL;
	}
	if (check_mul_overflow(s->output_size, (u64)peers, &s->input_size) ||
	    check_add_overflow(s->state_size, s->rw_size, &s->output_start) ||
	    check_add_overflow(s->output_start, s->input_size, &total) ||
	    !PAGE_ALIGNED(s->state_size | s->rw_size | s->output_size)) {
		dev_err(&pdev->dev, "section sizes 0x%llx, 0x%llx, 0x%llx: they have to be multiples of %lu and fit\n",
			s->state_size, s->rw_size, s->output_size, PAGE_SIZE);
		return -EINVAL;
	}

	if (pci_resource_len(pdev, BAR_MEMORY)) {
		s->base = pci_resource_start(pdev, BAR_MEMORY);
		if (pci_resource_len(pdev, BAR_MEMORY) < total)
			goto no_memory;
	} else {
		if (length < IVSHMEM_CAP_LENGTH)
			goto no_memory;
		s->base = read_capability64(pdev, cap + IVSHMEM_CAP_BASE);
	}
	if (!PAGE_ALIGNED(s->base) || s->base > PHYS_MASK || total > PHYS_MASK - s->base)
		goto no_memory;
	s->output_start += id * s->output_size;
	return 0;

no_memory:
	dev_err(&pdev->dev, "no usable address for 0x%llx bytes of shared memory\n", total);
	return -EINVAL;
}

static void add_map(struct uio_ivshmem *dev, unsigned int *index, const char *name, u64 addr, u64 size,
		    bool read_only)
{
	if (!size)
		return;
	dev->info.mem[*index] = (struct uio_mem) {
		.name = name,
		.addr = addr,
		.size = size,
		.memtype = UIO_MEM_PHYS,
	};
	dev->read_only[*index] = read_only;
	++*index;
}

static void add_maps(struct uio_ivshmem *dev, const struct sections *s)
{
	unsigned int index = 0;

	add_map(dev, &index, "registers", pci_resource_start(dev->pdev, BAR_REGISTERS),
		pci_resource_len(dev->pdev, BAR_REGISTERS), false);
	add_map(dev, &index, "state_table", s->base, s->state_size, true);
	add_map(dev, &index, "rw_section", s->base + s->state_size, s->rw_size, false);
	add_map(dev, &index, "input_sections", s->base + s->state_size + s->rw_size, s->input_size, true);
	add_map(dev, &index, "output_section", s->base + s->output_start, s->output_size, false);
}

static int request_vectors(struct uio_ivshmem *dev)
{
	struct pci_dev *pdev = dev->pdev;
	int n, err;

	dev->vectors = pci_alloc_irq_vectors(pdev, 1, max(pci_msix_vec_count(pdev), 1),
					     PCI_IRQ_INTX | PCI_IRQ_MSIX);
	if (dev->vectors < 0) {
		dev_err(&pdev->dev, "no interrupt: give the device an interrupt in the cell configuration\n");
		return dev->vectors;
	}
	for (n = 0; n < dev->vectors; n++) {
		err = request_irq(pci_irq_vector(pdev, n), handle_interrupt,
				  pdev->msix_enabled ? 0 : IRQF_SHARED, dev->irq_name, dev);
		if (err)
			goto free;
	}
	return 0;

free:
	while (n--)
		free_irq(pci_irq_vector(pdev, n), dev);
	pci_free_irq_vectors(pdev);
	return err;
}

static void free_vectors(struct uio_ivshmem *dev)
{
	int n;

	for (n = 0; n < dev->vectors; n++)
		free_irq(pci_irq_vector(dev->pdev, n), dev);
	pci_free_irq_vectors(dev->pdev);
}

static void unregister(struct uio_ivshmem *dev)
{
	uio_unregister_device(&dev->info);	/* no calls of ours from here on */
	zap_mappings(dev);
}

/*
 * The BARs are not requested: the window of a virtual PCI host may lie inside a range that the interrupt
 * controller's driver has claimed. The interrupt may be shared, so it can come at any time; the handler needs
 * the UIO device, which therefore comes first and goes last.
 */
static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int cap = pci_find_capability(pdev, PCI_CAP_ID_VNDR), err;
	struct uio_ivshmem *dev;
	struct sections sections;

	dev = devm_kzalloc(&pdev->dev, sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->pdev = pdev;
	dev->irq_name = pci_name(pdev);
	INIT_LIST_HEAD(&dev->inodes);

	if (!cap || pci_resource_len(pdev, BAR_REGISTERS) < PAGE_SIZE ||
	    !(pci_resource_flags(pdev, BAR_REGISTERS) & IORESOURCE_MEM)) {
		dev_err(&pdev->dev, "no ivshmem v2 device: capability or register page missing\n");
		return -ENODEV;
	}
	err = pci_enable_device(pdev);
	if (err)
		return err;
	err = -ENOMEM;
	dev->registers = ioremap(pci_resource_start(pdev, BAR_REGISTERS), PAGE_SIZE);
	if (!dev->registers)
		goto disable;
	err = read_sections(dev, cap, &sections);
	if (err)
		goto unmap;
	add_maps(dev, &sections);

	write_register(dev, IVSHMEM_REG_INT_CTRL, 0);
	pci_write_config_byte(pdev, cap + IVSHMEM_CAP_PRIV_CTRL, IVSHMEM_PRIV_ONESHOT);
	dev->info.name = DRIVER_NAME;
	dev->info.version = "1";
	dev->info.priv = dev;
	dev->info.irq = UIO_IRQ_CUSTOM;
	dev->info.mmap = map_section;
	dev->info.open = open;
	dev->info.release = release;
	pci_set_drvdata(pdev, dev);
	err = uio_register_device(&pdev->dev, &dev->info);
	if (err)
		goto unmap;
	err = request_vectors(dev);
	if (err)
		goto unregister;
	pci_set_master(pdev);
	return 0;

unregister:
	unregister(dev);
unmap:
	iounmap(dev->registers);
disable:
	pci_disable_device(pdev);
	return err;
}

static void remove(struct pci_dev *pdev)
{
	struct uio_ivshmem *dev = pci_get_drvdata(pdev);

	write_register(dev, IVSHMEM_REG_INT_CTRL, 0);
	free_vectors(dev);
	unregister(dev);
	/* programs may have written once more until their maps were gone */
	write_register(dev, IVSHMEM_REG_INT_CTRL, 0);
	write_register(dev, IVSHMEM_REG_STATE, 0);
	pci_clear_master(pdev);
	iounmap(dev->registers);
	pci_disable_device(pdev);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID), .class = CLASS_UNDEFINED,
	  .class_mask = 0xffffff },
	{ }
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver uio_ivshmem_driver = {
	.name = DRIVER_NAME,
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(uio_ivshmem_driver);

MODULE_DESCRIPTION("UIO access to ivshmem v2 devices");
MODULE_LICENSE("GPL v2");
