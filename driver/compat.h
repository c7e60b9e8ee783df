/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the modules are built for: Linux 6.1 and later. Nothing else may ask for a version.
 */
#ifndef BH_COMPAT_H
#define BH_COMPAT_H

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/version.h>

#ifndef PCI_IRQ_INTX	/* 6.8 */
#define PCI_IRQ_INTX	PCI_IRQ_LEGACY
#endif

/* vm_flags may be written only by these functions since 6.3 */
static inline void bh_change_vm_flags(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/*
 * Pages that wait in lists of CPUs get where they belong. Later kernels keep shake_page(), which does that, to themselves; but an
 * allocation of contiguous memory (CMA) of more than a page empties these lists on its way. Without CMA nothing does.
 */
static inline void bh_empty_page_lists(struct device *dev, struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	size_t size = 2 * PAGE_SIZE;
	dma_addr_t dma;
	struct page *pages = dma_alloc_pages(dev, size, &dma, DMA_BIDIRECTIONAL, GFP_KERNEL | __GFP_NOWARN);

	if (pages)
		dma_free_pages(dev, size, pages, dma, DMA_BIDIRECTIONAL);
#else
	if (IS_ENABLED(CONFIG_MEMORY_FAILURE))
		shake_page(page);
#endif
}

#endif
