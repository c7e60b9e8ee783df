// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the hypervisor lives. Three sources: memory that Linux does not use (mem=, reserved-memory), memory
 * at a fixed address that Linux gives up, or contiguous memory from anywhere (phys_start 0). Always
 * mapped write-back, because the hypervisor and the console reader share it that way.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>

#include "driver.h"

#define RESOURCE_NAME	"Jailhouse hypervisor"
#define MAP_BLOCK_SIZE	SZ_2M		/* lets the hypervisor map itself with blocks */

static bool try_pages(struct bh_hvmem *mem, u64 size)
{
	mem->pages_size = size;
	mem->pages = dma_alloc_pages(&bh.pdev->dev, size, &mem->dma, DMA_BIDIRECTIONAL,
				     GFP_KERNEL | __GFP_NOWARN);
	return mem->pages;
}

static void free_pages_of(struct bh_hvmem *mem)
{
	if (mem->pages)
		dma_free_pages(&bh.pdev->dev, mem->pages_size, mem->pages, mem->dma, DMA_BIDIRECTIONAL);
	mem->pages = NULL;
}

/* CMA aligns to 1 MiB only: take that much more if need be, and if there is not, any alignment. */
static int allocate(struct bh_hvmem *mem, struct bh_reason *why)
{
	if (try_pages(mem, mem->size) && !IS_ALIGNED(page_to_phys(mem->pages), MAP_BLOCK_SIZE)) {
		free_pages_of(mem);
		if (!try_pages(mem, mem->size + MAP_BLOCK_SIZE / 2))
			try_pages(mem, mem->size);
	}
	if (!mem->pages)
		return bh_refuse(why, -EINVAL,
				 "no %llu KiB of contiguous memory for the hypervisor: boot with cma=128M, or reserve memory and give its address in hypervisor_memory",
				 mem->size >> 10);
	mem->phys = page_to_phys(mem->pages);
	if (ALIGN(mem->phys, MAP_BLOCK_SIZE) + mem->size <= mem->phys + mem->pages_size)
		mem->phys = ALIGN(mem->phys, MAP_BLOCK_SIZE);
	return 0;
}

static int use_fixed(struct bh_hvmem *mem, struct bh_reason *why)
{
	u64 ram = bh_linux_ram(mem->phys, mem->size);
	int err;

	err = bh_check_memory(mem->phys, mem->size, "hypervisor_memory", why);
	if (err)
		return err;
	if (!ram) {
		mem->resource = request_mem_region(mem->phys, mem->size, RESOURCE_NAME);
		if (!mem->resource)
			return bh_refuse(why, -EINVAL,
					 "hypervisor_memory 0x%llx-0x%llx is in use (see /proc/iomem): choose other memory",
					 mem->phys, mem->phys + mem->size);
		return 0;
	}
	/* the text of bh_claim() says what to do; here the interface has -EINVAL for it */
	err = bh_claim(&mem->claims, mem->phys, mem->size, "hypervisor_memory", why);
	return err == -EINTR ? err : err ? -EINVAL : 0;
}

/* Also shown in /proc/iomem when it lies inside System RAM. Only cosmetics, so failure is no problem. */
static void show_in_iomem(struct bh_hvmem *mem)
{
	mem->inserted = (struct resource)
		DEFINE_RES_NAMED(mem->phys, mem->size, RESOURCE_NAME, IORESOURCE_MEM | IORESOURCE_BUSY);
	if (mem->resource || insert_resource(&iomem_resource, &mem->inserted))
		mem->inserted.flags = 0;
}

int bh_hvmem_acquire(struct bh_hvmem *mem, u64 phys, u64 size, struct bh_reason *why)
{
	int err;

	bh_claims_init(&mem->claims);
	mem->phys = phys;
	mem->size = size;
	err = phys ? use_fixed(mem, why) : allocate(mem, why);
	if (err)
		goto release;

	mem->virt = memremap(mem->phys, mem->size, MEMREMAP_WB);
	if (!mem->virt) {
		err = bh_refuse(why, -EINVAL, "cannot map hypervisor_memory 0x%llx-0x%llx", mem->phys,
				mem->phys + mem->size);
		goto release;
	}
	show_in_iomem(mem);
	return 0;

release:
	bh_hvmem_release(mem);
	return err;
}

/* Where firmware put it: all that we can read of it are the public page and the last one. */
int bh_hvmem_adopt(struct bh_hvmem *mem, u64 phys, u64 size, u64 public_page)
{
	bh_claims_init(&mem->claims);
	mem->phys = phys;
	mem->size = size;
	mem->features = ~0U;
	mem->max_cells = ~0U;
	mem->resource = request_mem_region(phys, size, RESOURCE_NAME);
	mem->public_page = memremap(public_page, sizeof(*mem->public_page), MEMREMAP_WB);
	mem->crash_log = memremap(phys + size - sizeof(*mem->crash_log), sizeof(*mem->crash_log), MEMREMAP_WB);
	if (!mem->resource || !mem->public_page || !mem->crash_log) {
		pr_err("hypervisor memory 0x%llx-0x%llx is in use (see /proc/iomem)\n", phys, phys + size);
		bh_hvmem_release(mem);
		return -EBUSY;
	}
	return 0;
}

void bh_hvmem_release(struct bh_hvmem *mem)
{
	if (mem->virt) {
		memunmap(mem->virt);
	} else {
		if (mem->public_page)
			memunmap(mem->public_page);
		if (mem->crash_log)
			memunmap(mem->crash_log);
	}
	if (mem->inserted.flags)
		remove_resource(&mem->inserted);
	if (mem->resource)
		release_mem_region(mem->phys, mem->size);
	free_pages_of(mem);
	if (mem->size)
		bh_claims_release(&mem->claims);
	*mem = (struct bh_hvmem) { };
}
