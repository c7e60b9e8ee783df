// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of the non-root cells. The hypervisor owns the truth; the driver keeps what Linux has to do for a
 * cell: CPUs to take offline, memory and PCI devices to give up, sysfs objects, images to copy.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cacheflush.h>

#include "driver.h"

/* A cell owns copies of what is needed after its creation. NULL: no memory. */
struct bh_cell *bh_cell_alloc(const struct bh_config_view *view, u32 id)
{
	struct bh_cell *cell = kzalloc(sizeof(*cell), GFP_KERNEL);

	if (!cell)
		return NULL;
	cell->num_memory = view->cell->num_memory_regions;
	cell->memory = kvmalloc_array(cell->num_memory, sizeof(*cell->memory), GFP_KERNEL);
	cell->num_pci = view->cell->num_pci_devices;
	cell->pci = kvmalloc_array(cell->num_pci, sizeof(*cell->pci), GFP_KERNEL);
	if ((cell->num_memory && !cell->memory) || (cell->num_pci && !cell->pci)) {
		kvfree(cell->memory);
		kvfree(cell->pci);
		kfree(cell);
		return NULL;
	}
	memcpy(cell->memory, view->memory, cell->num_memory * sizeof(*cell->memory));
	memcpy(cell->pci, view->pci, cell->num_pci * sizeof(*cell->pci));
	cell->id = id;
	strscpy(cell->name, view->cell->name, sizeof(cell->name));
	INIT_LIST_HEAD(&cell->entry);
	bh_claims_init(&cell->claims);
	cell->claims.scrubbed = true;
	bh_sysfs_init_cell(cell);
	return cell;
}

void bh_cell_announce(struct bh_cell *cell)
{
	list_add_tail(&cell->entry, &bh.cells);
	kobject_uevent(&cell->kobj, KOBJ_ADD);
}

/* Also for a cell that has no sysfs objects yet; frees it, at the latest with its last sysfs reader */
void bh_cell_remove(struct bh_cell *cell)
{
	list_del(&cell->entry);
	bh_sysfs_del_cell(cell);
}

static struct bh_cell *find_cell(const struct bh_cell_id *id)
{
	struct bh_cell *cell;

	list_for_each_entry(cell, &bh.cells, entry)
		if (id->id == BH_CELL_ID_BY_NAME ? !strcmp(cell->name, id->name) : id->id == (s32)cell->id)
			return cell;
	return NULL;
}

static int lookup(const struct bh_cell_id *wanted, struct bh_cell **cell, struct bh_reason *why)
{
	struct bh_cell_id id = *wanted;

	id.name[BH_CELL_NAME_LEN - 1] = 0;
	if (!bh.enabled)
		return bh_refuse(why, -EINVAL, "not enabled: enable first");
	*cell = find_cell(&id);
	if (*cell)
		return 0;
	if (id.id == BH_CELL_ID_BY_NAME)
		return bh_refuse(why, -ENOENT, "there is no cell \"%s\": see the list of cells", id.name);
	return bh_refuse(why, -ENOENT, "there is no cell %d: see the list of cells", id.id);
}

static u32 free_id(void)
{
	struct bh_cell *cell;
	u32 id = 0;
	bool used;

	do {
		used = false;
		list_for_each_entry(cell, &bh.cells, entry)
			used |= cell->id == id;
	} while (used && ++id);
	return id;
}

static int hypercall(unsigned long code, unsigned long arg, struct bh_reason *why)
{
	long result = bh_hypercall(code, arg, 0);

	if (result == -ENOSYS)
		return bh_refuse(why, result, "the hypervisor was built without CONFIG_CELL_MANAGEMENT: its cells are all that there are");
	if (result < 0)
		bh_hypervisor_reason(why);
	return result;
}

static bool is_ram_region(const struct cfg_memory *region)
{
	return region->size && !(region->flags & (CFG_MEM_COMM_REGION | CFG_MEM_IO));
}

static bool overlaps(u64 start1, u64 size1, u64 start2, u64 size2)
{
	return start1 < start2 + size2 && start2 < start1 + size1;
}

/*
 * Takes the cell's memory from Linux. What stays mapped in the root cell as well is kept until disable,
 * because Linux programs may go on using it after this cell is gone.
 */
static int claim_memory(struct bh_cell *cell, struct bh_reason *why)
{
	char what[128];
	u32 n;

	for (n = 0; n < cell->num_memory; n++) {
		const struct cfg_memory *region = &cell->memory[n];
		u64 start = region->phys_start, size = region->size, ram;
		bool shared = region->flags & CFG_MEM_ROOTSHARED;
		int err;

		if (!size || region->flags & CFG_MEM_COMM_REGION)
			continue;
		if (size > PHYS_MASK || start > PHYS_MASK - size)
			return bh_refuse(why, -EINVAL, "cell \"%s\": memory region %u exceeds the address space",
					 cell->name, n);
		if (overlaps(start, size, bh.hvmem.phys, bh.hvmem.size))
			return bh_refuse(why, -EINVAL,
					 "cell \"%s\": memory region %u (0x%llx-0x%llx) overlaps the hypervisor (0x%llx-0x%llx): choose other memory",
					 cell->name, n, start, start + size, bh.hvmem.phys,
					 bh.hvmem.phys + bh.hvmem.size);
		ram = bh_linux_ram(start, size);
		if (ram && !is_ram_region(region))
			return bh_refuse(why, -EINVAL,
					 "cell \"%s\": memory region %u (0x%llx-0x%llx) is for a device, but there is memory of Linux: correct its address or its flags",
					 cell->name, n, start, start + size);
		/* devices, and what nobody is going to write: flash has no place in any list of memory */
		if (!ram && (!is_ram_region(region) || !(region->flags & CFG_MEM_WRITE)))
			continue;
		/* New claims are cleared by us now and used by Linux afterwards: both need access. */
		if (ram && !bh_is_claimed(start, size) &&
		    !bh_config_root_covers(&bh.root_config, start, size, CFG_MEM_READ | CFG_MEM_WRITE))
			return bh_refuse(why, -EINVAL,
					 "cell \"%s\": memory region %u (0x%llx-0x%llx) belongs to Linux, but the root cell's configuration does not have it writable: add it there",
					 cell->name, n, start, start + size);
		snprintf(what, sizeof(what), "cell \"%s\", memory region %u", cell->name, n);
		err = bh_claim(shared ? &bh.links : &cell->claims, start, size, what, why);
		if (err)
			return err;
	}
	return 0;
}

static void cpus_to_linux(struct bh_cell *cell)
{
	unsigned int cpu;

	bh_for_each_cpu(cpu, &cell->offlined) {
		int err = add_cpu(bh_linux_cpu(cpu));

		if (err < 0)	/* 1: somebody else was faster */
			pr_err("CPU %u of cell \"%s\" does not come online again: %d\n", cpu, cell->name, err);
		else
			__clear_bit(cpu, cell->offlined.bits);
	}
}

static int cpus_from_linux(struct bh_cell *cell, struct bh_reason *why)
{
	unsigned int cpu;

	bh_cpus_withhold(&cell->cpus);
	bh_for_each_cpu(cpu, &cell->cpus) {
		int err, linux_cpu = bh_linux_cpu(cpu);

		if (linux_cpu < 0 || !cpu_online(linux_cpu))
			continue;
		err = remove_cpu(linux_cpu);
		if (err > 0)	/* the user was faster, so it is not for us to bring it online again */
			continue;
		if (err)
			return bh_refuse(why, err, "cell \"%s\": Linux cannot take CPU %u offline: choose another CPU",
					 cell->name, cpu);
		__set_bit(cpu, cell->offlined.bits);
	}
	return 0;
}

static void give_cpus(struct bh_cell *from, struct bh_cell *to, const struct bh_cpus *cpus)
{
	bitmap_andnot(from->cpus.bits, from->cpus.bits, cpus->bits, BH_MAX_CPUS);
	bitmap_or(to->cpus.bits, to->cpus.bits, cpus->bits, BH_MAX_CPUS);
	if (to == bh.root)
		bh_cpus_allow(cpus);
	if (bh_sysfs_move_cpus(cpus, to))
		pr_warn("statistics of CPUs %*pbl stay in another cell's directory\n", bh_cpus_args(cpus));
}

static int check_cpus(struct bh_cell *cell, const struct bh_config_view *view, struct bh_cpus *cpus,
		      struct bh_reason *why)
{
	int excess = bh_config_cpus(view, cpus);

	if (excess >= 0)
		return bh_refuse(why, -EBUSY, "cell \"%s\": CPU %d does not exist, the machine has %u: choose others",
				 cell->name, excess, bh.num_cpus);
	if (!bitmap_subset(cpus->bits, bh.root->cpus.bits, BH_MAX_CPUS)) {
		bitmap_andnot(cpus->bits, cpus->bits, bh.root->cpus.bits, BH_MAX_CPUS);
		return bh_refuse(why, -EBUSY, "cell \"%s\": CPUs %*pbl are not the root cell's (it has %*pbl): choose among those",
				 cell->name, bh_cpus_args(cpus), bh_cpus_args(&bh.root->cpus));
	}
	return 0;
}

/* Nobody may bring a CPU of the cell online again on its way to the hypervisor. */
static int hand_over(struct bh_cell *cell, const struct cfg_cell *config, struct bh_reason *why)
{
	int err;

	cpus_read_lock();
	if (bh_any_online(&cell->cpus))
		err = bh_refuse(why, -EBUSY, "cell \"%s\": CPUs came online again meanwhile: try again", cell->name);
	else
		err = hypercall(HC_CELL_CREATE, virt_to_phys(config), why);
	cpus_read_unlock();
	return err;
}

static int create(struct cfg_cell *config, const struct bh_config_view *view, struct bh_reason *why)
{
	static struct bh_cpus cpus;	/* under bh.lock */
	struct bh_cell *cell;
	int err;

	cell = bh_cell_alloc(view, config->id);
	if (!cell)
		return -ENOMEM;
	err = bh_sysfs_add_cell(cell);
	if (err)
		goto remove;
	err = check_cpus(cell, view, &cpus, why);
	if (err)
		goto remove;
	give_cpus(bh.root, cell, &cpus);

	err = claim_memory(cell, why);
	if (err)
		goto release;
	err = cpus_from_linux(cell, why);
	if (err)
		goto release;
	bh_pci_stub_claim(cell->pci, cell->num_pci);

	err = hand_over(cell, config, why);
	if (err) {
		bh_pci_stub_release(cell->pci, cell->num_pci, true);
		goto release;
	}
	__module_get(THIS_MODULE);
	cell->holds_module = true;
	bh_cell_announce(cell);
	pr_info("created cell \"%s\"\n", cell->name);
	return 0;

release:
	give_cpus(cell, bh.root, &cpus);
	cpus_to_linux(cell);
	bh_claims_release(&cell->claims);
remove:
	bh_cell_remove(cell);
	return err;
}

/* As check_built() does for the system */
static int check_built(const struct bh_config_view *view, const char *name, struct bh_reason *why)
{
	struct bh_cell *cell;
	u32 n, count = 1;

	for (n = 0; n < view->cell->num_memory_regions; n++)
		if ((view->memory[n].flags & CFG_WATCHDOG) && !(bh.hvmem.features & BH_BUILT_WATCHDOG))
			return bh_refuse(why, -EINVAL,
					 "cell \"%s\": memory region %u is a watchdog: " BH_IMAGE_NAME " was built without CONFIG_WATCHDOG",
					 name, n);
	list_for_each_entry(cell, &bh.cells, entry)
		count++;
	if (count > bh.hvmem.max_cells)
		return bh_refuse(why, -ENOMEM,
				 "cell \"%s\" would be one too many: " BH_IMAGE_NAME " was built with a CONFIG_MAX_CELLS of %u",
				 name, bh.hvmem.max_cells);
	return 0;
}

/* config: 'size' physically contiguous bytes from user space, ours to modify */
int bh_cell_create(void *config, u64 size, struct bh_reason *why)
{
	struct bh_config_view view;
	struct cfg_cell *header = config;
	struct bh_cell_id same_name = { .id = BH_CELL_ID_BY_NAME };
	int err;

	if (!bh.enabled)
		return bh_refuse(why, -EINVAL, "not enabled: enable first");
	strscpy(same_name.name, header->name, sizeof(same_name.name));
	if (find_cell(&same_name))
		return bh_refuse(why, -EEXIST, "there is a cell \"%s\" already: destroy it, or choose another name",
				 same_name.name);
	err = bh_config_parse(header, size, &view, why);
	if (err)
		return err;
	err = check_built(&view, same_name.name, why);
	if (err)
		return err;
	header->id = free_id();
	return create(header, &view, why);
}

/* Piece by piece: copy_from_user() warns about 2 GiB and more, and whoever kills the loader does not wait for all of it. */
static int copy_bytes(void *target, u64 source, u64 size)
{
	u64 done, piece;

	for (done = 0; done < size; done += piece) {
		piece = min_t(u64, size - done, SZ_1M);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (copy_from_user(target + done, u64_to_user_ptr(source + done), piece))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

static int copy_image(const struct bh_cell *cell, const struct bh_image *image,
		      struct bh_reason *why)
{
	const struct cfg_memory *region = NULL;
	u64 offset, phys;
	void *target;
	u32 n;
	int err;

	for (n = 0; n < cell->num_memory && !region; n++)
		if (image->target_address >= cell->memory[n].virt_start &&
		    image->target_address - cell->memory[n].virt_start < cell->memory[n].size)
			region = &cell->memory[n];
	if (!region)
		return bh_refuse(why, -EINVAL, "cell \"%s\" has no memory at 0x%llx: load the image elsewhere",
				 cell->name, image->target_address);
	offset = image->target_address - region->virt_start;
	if (image->size > region->size - offset)
		return bh_refuse(why, -EINVAL,
				 "cell \"%s\": image at 0x%llx has 0x%llx bytes, its memory region only 0x%llx from there",
				 cell->name, image->target_address, image->size, region->size - offset);
	if ((region->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE)) != (CFG_MEM_WRITE | CFG_MEM_LOADABLE) ||
	    !is_ram_region(region))
		return bh_refuse(why, -EINVAL,
				 "cell \"%s\": memory at 0x%llx is not for images: its region has to be loadable and writable",
				 cell->name, image->target_address);
	phys = region->phys_start + offset;
	/* Elsewhere the hypervisor maps nothing for us, and our write would be a violation. */
	if (!bh_config_root_covers(&bh.root_config, phys, image->size, CFG_MEM_READ | CFG_MEM_WRITE))
		return bh_refuse(why, -EINVAL,
				 "cell \"%s\": the root cell cannot write 0x%llx-0x%llx: add this memory to its configuration",
				 cell->name, phys, phys + image->size);

	target = memremap(phys, image->size, MEMREMAP_WB);
	if (!target)
		return bh_refuse(why, -EBUSY, "cell \"%s\": cannot map 0x%llx-0x%llx", cell->name, phys,
				 phys + image->size);
	err = copy_bytes(target, image->source_address, image->size);
	/* The cell starts with MMU and caches off. */
	caches_clean_inval_pou((unsigned long)target, (unsigned long)target + image->size);
	bh_clean_to_poc(target, image->size);
	memunmap(target);
	return err;
}

int bh_cell_load(const struct bh_cell_load *load, const struct bh_image __user *images, struct bh_reason *why)
{
	struct bh_cell *cell;
	u32 n;
	int err;

	err = lookup(&load->cell_id, &cell, why);
	if (!err)
		err = hypercall(HC_CELL_SET_LOADABLE, cell->id, why);

	/* bounded by what user space can provide: each step reads 32 more bytes or fails */
	for (n = 0; n < load->num_images && !err; n++) {
		struct bh_image image;

		if (copy_from_user(&image, images + n, sizeof(image)))
			return -EFAULT;
		if (image.size) {
			err = copy_image(cell, &image, why);
			cell->loaded |= !err;
		}
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return err;
}

/* Without such memory a cell runs from what is there already, e.g. flash. */
static bool has_loadable_memory(const struct bh_cell *cell)
{
	u32 n;

	for (n = 0; n < cell->num_memory; n++)
		if ((cell->memory[n].flags & CFG_MEM_LOADABLE) && cell->memory[n].size)
			return true;
	return false;
}

int bh_cell_start(const struct bh_cell_id *id, struct bh_reason *why)
{
	struct bh_cell *cell;
	int err = lookup(id, &cell, why);

	if (err)
		return err;
	if (!cell->loaded && cell != bh.root && has_loadable_memory(cell))
		return bh_refuse(why, -EINVAL, "cell \"%s\" has not been loaded yet: jailhouse cell load it first",
				 cell->name);
	return hypercall(HC_CELL_START, cell->id, why);
}

static int destroy(struct bh_cell *cell, struct bh_reason *why)
{
	static struct bh_cpus cpus;	/* under bh.lock */
	int err = hypercall(HC_CELL_DESTROY, cell->id, why);

	if (err)
		return err;
	cpus = cell->cpus;
	give_cpus(cell, bh.root, &cpus);
	cpus_to_linux(cell);
	bh_pci_stub_release(cell->pci, cell->num_pci, false);
	bh_claims_release(&cell->claims);
	pr_info("destroyed cell \"%s\"\n", cell->name);
	if (cell->holds_module)
		module_put(THIS_MODULE);
	bh_cell_remove(cell);
	return 0;
}

int bh_cell_destroy(const struct bh_cell_id *id, struct bh_reason *why)
{
	struct bh_cell *cell;
	int err = lookup(id, &cell, why);

	return err ?: destroy(cell, why);
}

/* In creation order; the root cell is the first of the list */
int bh_cells_destroy_all(struct bh_reason *why)
{
	struct bh_cell *cell, *next;

	list_for_each_entry_safe(cell, next, &bh.cells, entry) {
		int err = cell == bh.root ? 0 : destroy(cell, why);

		if (err)
			return err;
	}
	return 0;
}
