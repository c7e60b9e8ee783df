/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of cells: mapping it, moving it between the root cell and others, sub-page regions. */
#include "cell_memory.h"
#include "bulkhead/image.h"
#include "console.h"
#include "errors.h"
#include "pages.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/memory.h"

static bool is_mapped_region(const struct cfg_memory *mem)
{
	return mem->size && !config_is_subpage(mem);
}

bool is_memory_region(const struct cfg_memory *mem)
{
	return is_mapped_region(mem) && !(mem->flags & (CFG_MEM_IO | CFG_MEM_COMM_REGION));
}

/* The root cell has no communication region: what is flagged as one is nothing there (Jailhouse ABI). */
static bool means_nothing(const struct cell *cell, const struct cfg_memory *mem)
{
	return mem->size == 0 || (cell->is_root && (mem->flags & CFG_MEM_COMM_REGION));
}

/* Sub-page regions: performed access by access on behalf of the cell */

static bool subpage_allows(const struct cfg_memory *mem, const struct mmio_access *access)
{
	uint64_t width = (uint64_t)CFG_MEM_IO_8 << __builtin_ctz(access->size);

	if (!(mem->flags & (access->is_write ? CFG_MEM_WRITE : CFG_MEM_READ)) || !(mem->flags & width))
		return false;
	return !(access->offset & (access->size - 1U)) || (mem->flags & CFG_MEM_IO_UNALIGNED);
}

static enum mmio_result access_subpage(const struct mmio_window *window, struct mmio_access *access)
{
	const struct cell *cell = window->owner;
	const struct cfg_memory *mem = &cell->config.memory[window->index];
	uint64_t phys = mem->phys_start + access->offset;
	volatile void *device;

	if (!subpage_allows(mem, access) || (cell->lent_regions && cell->lent_regions[window->index]))
		return MMIO_REFUSED;
	/* one page is mapped: an unaligned access must stay inside it; device memory takes aligned ones only */
	if ((phys & ~PAGE_MASK) + access->size > PAGE_SIZE || (phys & (access->size - 1U)))
		return MMIO_REFUSED;
	device = arch_window_device(HOST_ADDR(phys));
	return arch_device_access(device, &access->value, access->size, access->is_write) ? MMIO_HANDLED : MMIO_REFUSED;
}

static const struct mmio_device subpage = { .cause = CPU_EXIT_SUBPAGE, .access = access_subpage };

static int add_subpage(struct cell *cell, const struct cfg_memory *mem)
{
	uint32_t index = (uint32_t)(mem - cell->config.memory);
	int error = mmio_add_fixed(&cell->mmio, mem->virt_start, mem->size, &subpage, cell, index);

	if (error)
		return refuse(error, "%pC: memory region %u (guest 0x%lx-0x%lx) overlaps another emulated window: move "
			      "one", &cell->config, index, mem->virt_start, mem->virt_start + mem->size);
	return 0;
}

/* Does the root cell list this section of another cell's device? It keeps what it has as a peer, and nothing else. */
static bool root_lists_section(const struct config_view *view, const struct cfg_pci_device *dev, const struct cfg_memory *mem)
{
	const struct cfg_pci_device *own = config_find_ivshmem(&root_cell.config, dev->bdf);

	return own && config_section_of(view, dev, mem) < config_num_sections(&root_cell.config, own);
}

/*
 * Does a region of the cell leave the root cell for the time its cell exists? For sections of links it does not matter whether
 * they are flagged as root-shared: a peer has its sections, and nobody else has them.
 */
static bool is_taken(const struct cell *cell, const struct cfg_memory *mem)
{
	const struct cfg_pci_device *dev;

	if (!mem->size || (mem->flags & CFG_MEM_COMM_REGION))
		return false;
	dev = config_device_of(&cell->config, mem);
	return dev ? !root_lists_section(&cell->config, dev, mem) : !(mem->flags & CFG_MEM_ROOTSHARED);
}

static bool takes_from_subpage(const struct cell *cell, const struct cfg_memory *own)
{
	for_each_memory(mem, &cell->config) {
		if (!ranges_overlap(own->phys_start, own->size, mem->phys_start, mem->size))
			continue;
		/* sections are mapped for those who may have them: no access beside that */
		if (config_device_of(&cell->config, mem))
			return true;
		if (is_taken(cell, mem) && config_is_subpage(mem) && !((mem->flags & CFG_MEM_LOADABLE) && cell->loadable) &&
		    range_contains(own->phys_start, own->size, mem->phys_start, 1))
			return true;
	}
	return false;
}

/*
 * A sub-page region of the root cell is lent as a whole while a sub-page region of any other cell starts in it, or a section
 * of another cell's link is there.
 */
void cell_memory_update_lent(void)
{
	const struct config_view *root = &root_cell.config;

	for (uint32_t i = 0; i < root->cell->num_memory_regions; i++) {
		const struct cfg_memory *own = &root->memory[i];
		bool lent = false;

		if (!own->size || !config_is_subpage(own))
			continue;
		for (const struct cell *cell = root_cell.next; cell; cell = cell->next)
			lent |= takes_from_subpage(cell, own);
		root_cell.lent_regions[i] = lent;
	}
}

/* The hypervisor and what it emulates stay invisible, whatever a configuration maps there. */

static int show_page(uint64_t addr)
{
	return arch_memory_map_one(&root_cell, GUEST_ADDR(addr), HOST_ADDR(addr), PAGE_SIZE);
}

/* What it may read: the public page, and the crash log in the last one */
static int carve_hypervisor(void)
{
	uint64_t start = platform.hv_start, size = platform.hv_size;
	void *zero_page = pages_alloc(1, 1);
	int error;

	if (!zero_page)
		return refuse(-ENOMEM, "hypervisor memory is too small");
	error = arch_memory_map_one(&root_cell, GUEST_ADDR(start), virt_to_host(zero_page), size);
	if (!error)
		error = show_page(virt_to_host(&public_page).value);
	return error || !CONFIG_CRASH_LOG ? error : show_page(start + size - PAGE_SIZE);
}

/* Sections of links keep their rights, even where another region of the list covers them. */
static int map_sections(struct cell *cell, const struct cfg_pci_device *dev)
{
	for (uint32_t s = 0; s < config_num_sections(&cell->config, dev); s++) {
		const struct cfg_memory *mem = &cell->config.memory[dev->shmem_regions_start + s];
		uint64_t flags = mem->flags;
		int error;

		if (!mem->size)
			continue;
		if (s == CFG_SECTION_STATE)
			flags &= ~(uint64_t)CFG_MEM_WRITE;
		error = arch_memory_map(cell, GUEST_ADDR(mem->virt_start), HOST_ADDR(mem->phys_start), mem->size, flags);
		if (error)
			return error;
	}
	return 0;
}

static int protect_sections(struct cell *cell)
{
	int error = 0;

	for_each_ivshmem(dev, &cell->config)
		if (!error)
			error = map_sections(cell, dev);
	return error;
}

static int carve_emulated(struct cell *cell)
{
	uint64_t ecam = config_ecam_size(system_config);
	int error = protect_sections(cell);

	if (!error)
		error = arch_irq_carve(cell);
	if (!error && config_emulates_ecam(system_config, cell->is_root))
		error = arch_memory_unmap(cell, GUEST_ADDR(system_config->pci_mmconfig_base), ecam);
	return error;
}

static int map_region(struct cell *cell, const struct cfg_memory *mem)
{
	host_addr_t host = mem->flags & CFG_MEM_COMM_REGION ? virt_to_host(cell->comm) : HOST_ADDR(mem->phys_start);

	return arch_memory_map(cell, GUEST_ADDR(mem->virt_start), host, mem->size, mem->flags);
}

static int map_all(struct cell *cell)
{
	for_each_memory(mem, &cell->config) {
		int error;

		if (means_nothing(cell, mem))
			continue;
		error = is_mapped_region(mem) ? map_region(cell, mem) : add_subpage(cell, mem);
		if (error)
			return error;
	}
	return carve_emulated(cell);
}

int root_memory_init(void)
{
	int error = map_all(&root_cell);

	/* without memory of its own it runs nothing that could stray there */
	return error || !root_cell.config.cell->num_memory_regions ? error : carve_hypervisor();
}

/* Everything, or what is loadable, which may be shared otherwise */
static int take_from_root(struct cell *cell, bool loadable)
{
	int error = 0;

	for_each_memory(mem, &cell->config)
		if (!error && (loadable ? mem->flags & CFG_MEM_LOADABLE : is_taken(cell, mem)) && is_mapped_region(mem))
			error = arch_memory_unmap(&root_cell, GUEST_ADDR(mem->phys_start), mem->size);
	arch_memory_flush(&root_cell);
	return error;
}

int cell_memory_take(struct cell *cell)
{
	int error = take_from_root(cell, false);

	return error ? error : map_all(cell);
}

int cell_memory_reclaim(struct cell *cell)
{
	cell->loadable = false;
	cell_memory_update_lent();
	return take_from_root(cell, true);
}

/* [start, end) is the root cell's; then, up to next, comes what is not. */
struct piece {
	uint64_t start, end, next;
};

/* The root cell's sections have rights of their own, and come last: map_sections(). */
static bool keeps(const struct cell *cell, const struct cfg_memory *mem)
{
	if (cell->is_root)
		return config_device_of(&cell->config, mem);
	return !config_is_subpage(mem) && !((mem->flags & CFG_MEM_LOADABLE) && cell->loadable) && is_taken(cell, mem);
}

static APART void end_before(struct piece *piece, uint64_t start, uint64_t size)
{
	if (!ranges_overlap(piece->start, piece->end - piece->start, start, size))
		return;
	piece->end = MAX(piece->start, start);
	piece->next = start + size;
}

/* What other cells have does not come back with the first of them that goes; what is emulated never does. */
static APART void end_at_others(struct piece *piece, const struct cell *leaving)
{
	const struct mmio_window *window = root_cell.mmio.fixed, *last = window + root_cell.mmio.num_fixed;

	for (; window < last; window++)
		if (window->device != &subpage)
			end_before(piece, window->base, window->size);
	for (const struct cell *cell = &root_cell; cell; cell = cell->next)
		for_each_memory(mem, &cell->config)
			/* most of them are somewhere else */
			if (cell != leaving && mem->phys_start < piece->end && mem->phys_start + mem->size > piece->start &&
			    keeps(cell, mem))
				end_before(piece, mem->phys_start, mem->size);
}

/*
 * As the root cell's configuration has it, and piece by piece, so that the root cell never sees too much, wherever that ends for
 * want of pages
 */
static int return_region(const struct cell *cell, const struct cfg_memory *mem)
{
	int error = 0;

	for_each_memory(own, &root_cell.config) {
		struct piece piece = { .next = MAX(own->phys_start, mem->phys_start) };
		uint64_t end = MIN(own->phys_start + own->size, mem->phys_start + mem->size);

		if (config_is_subpage(own) || means_nothing(&root_cell, own))
			continue;
		while (piece.next < end && !error) {
			piece.start = piece.next;
			piece.end = piece.next = end;
			end_at_others(&piece, cell);
			if (piece.end > piece.start)
				error = arch_memory_map(&root_cell, GUEST_ADDR(piece.start),
							HOST_ADDR(piece.start), piece.end - piece.start,
							own->flags);
		}
	}
	return error;
}

/* Everything, or what is loadable, but for what other cells have of it: cells on a link may have the same sections. */
static int return_memory(struct cell *cell, bool loadable)
{
	int result = 0;

	for_each_memory(mem, &cell->config)
		/* start takes loadable memory from the root cell even if it is shared otherwise */
		if (((mem->flags & CFG_MEM_LOADABLE) || (!loadable && is_taken(cell, mem))) && is_mapped_region(mem) &&
		    return_region(cell, mem))
			result = -ENOMEM;
	cell_memory_update_lent();
	if (protect_sections(&root_cell))
		result = -ENOMEM;
	arch_memory_flush(&root_cell);
	return result;
}

int cell_memory_return(struct cell *cell)
{
	return return_memory(cell, false);
}

int cell_memory_lend(struct cell *cell)
{
	cell->loadable = true;
	return return_memory(cell, true);
}

static bool others_list_section(const struct cell *cell, const struct cfg_memory *section)
{
	for (const struct cell *other = &root_cell; other; other = other->next)
		for_each_memory(mem, &other->config)
			if (other != cell && ranges_overlap(mem->phys_start, mem->size, section->phys_start, section->size) &&
			    config_device_of(&other->config, mem))
				return true;
	return false;
}

/*
 * Does what is in a region of the cell concern this cell alone? Of a link, its own output does, and what no other peer has: when the
 * first one joins, and when the last one leaves. Memory that can only be read is given for what is in it.
 */
static bool is_private(const struct cell *cell, const struct cfg_memory *mem)
{
	const struct cfg_pci_device *dev = config_device_of(&cell->config, mem);

	if (dev)
		return config_section_of(&cell->config, dev, mem) == CFG_SECTION_OUTPUT + dev->shmem_dev_id ||
		       !others_list_section(cell, mem);
	return !cell->is_root && is_taken(cell, mem) && (mem->flags & CFG_MEM_WRITE) && !(mem->flags & CFG_MEM_KEEP);
}

void cell_memory_scrub(struct cell *cell)
{
	for_each_memory(mem, &cell->config)
		if (is_memory_region(mem) && is_private(cell, mem))
			arch_scrub_memory(HOST_ADDR(mem->phys_start), mem->size);
		else if (is_memory_region(mem) && !cell->is_root)
			arch_clean_memory(HOST_ADDR(mem->phys_start), mem->size);
}

void cell_memory_clean(struct cell *cell)
{
	for_each_memory(mem, &cell->config)
		if (is_memory_region(mem))
			arch_clean_memory(HOST_ADDR(mem->phys_start), mem->size);
}
