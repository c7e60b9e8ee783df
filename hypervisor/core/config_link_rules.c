/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules on the memory of ivshmem links. The hypervisor itself writes state tables, at the physical address that a
 * configuration names, and guests believe what stands there: so a table is plain memory outside of everything
 * that matters, and no cell can write it. check_ivshmem_sections() has passed: section indices are good.
 */
#include "config_rules.h"
#include "console.h"
#include "generated/config.h"

static const struct cfg_memory *section_of(const struct config_view *view, const struct cfg_pci_device *dev,
					   uint32_t section)
{
	return &view->memory[dev->shmem_regions_start + section];
}

int check_section_kinds(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;
	const uint32_t own = check->dev->shmem_dev_id, peer = check->section - CFG_SECTION_OUTPUT;

	if (mem->flags & (CFG_MEM_COMM_REGION | CFG_MEM_IO | CFG_MEM_LOADABLE))
		return refuse_invalid("%pC: section %u of ivshmem device %u has flags 0x%lx: it cannot be a "
				      "communication region, device memory or loadable", check->view, check->section,
				      check->device, mem->flags);
	if (check->section >= CFG_SECTION_OUTPUT && peer != own && (mem->flags & CFG_MEM_WRITE))
		return refuse_invalid("%pC: the output section of peer %u is writable through ivshmem device %u, "
				      "which is peer %u: make it read-only", check->view, peer, check->device, own);
	if (check->section == CFG_SECTION_STATE && !(mem->flags & CFG_MEM_READ))
		return refuse_invalid("%pC: the state table of ivshmem device %u has flags 0x%lx: make it readable",
				      check->view, check->device, mem->flags);
	return 0;
}

/* A link has one device in a cell, and every device has a state table. */
int check_links(const struct check *check)
{
	const struct config_view *view = check->view;
	uint32_t count = 0;

	for_each_ivshmem(dev, view) {
		if (++count > CONFIG_IVSHMEM_MAX_LINKS)
			return refuse_in_words(-EINVAL, "%pC has more ivshmem devices than there can be links (%u)", view,
					       (uint32_t)CONFIG_IVSHMEM_MAX_LINKS);
		if (!section_of(view, dev, CFG_SECTION_STATE)->size)
			return refuse_invalid("%pC: the state table of ivshmem device %u has no memory: give it a "
					      "page", view, (uint32_t)(dev - view->pci_devices));
	}
	return 0;
}

int check_sections_outside_machine(const struct check *check)
{
	struct window windows[NUM_WINDOWS];

	machine_windows(check, windows);
	for (uint32_t n = 0; n < NUM_WINDOWS; n++)
		if (same_memory(check->mem, &windows[n].range))
			return refuse_invalid("%pC: section %u of ivshmem device %u, physical %pM, overlaps %pT %pM: move it",
					      check->view, check->section, check->device, check->mem, windows[n].what,
					      &windows[n].range);
	return 0;
}

/* The hypervisor maps state tables as memory and writes them: nothing that is a device to anybody. */
int check_sections_are_memory(const struct check *check)
{
	const uint32_t others = check->cells ? check->num_cells : 0;

	for (uint32_t c = 0; c <= others; c++) {
		const struct config_view *view = c < others ? check->cells[c] : check->view;

		for_each_memory(io, view)
			if ((io->flags & CFG_MEM_IO) && same_memory(check->mem, io))
				return refuse_invalid("%pC: section %u of ivshmem device %u, physical %pM, overlaps the "
						      "device %pM of %pC: move it", check->view, check->section,
						      check->device, check->mem, io, view);
	}
	return 0;
}

static int refuse_writable(const struct config_view *writer, uint32_t index, const struct config_view *owner,
			   const struct cfg_memory *table)
{
	const struct cfg_memory *mem = &writer->memory[index];

	return refuse_invalid("%pC: memory region %u %pM makes a state table of %pC %pM writable: move it, or "
			      "list the read-only section behind it", writer, index, mem, owner, table);
}

static bool is_state_table(const struct config_view *view, uint32_t index)
{
	for_each_ivshmem(dev, view)
		if (dev->shmem_regions_start == index)
			return true;
	return false;
}

/* The root cell maps 1:1 and loses the tables of others. */
int check_state_tables_of_others(const struct check *o)
{
	if ((o->mem->flags & CFG_MEM_WRITE) && is_state_table(o->other_view, o->other_index))
		return refuse_writable(o->view, o->index, o->other_view, o->other_mem);
	if (o->other > 0 && (o->other_mem->flags & CFG_MEM_WRITE) && is_state_table(o->view, o->index))
		return refuse_writable(o->other_view, o->other_index, o->view, o->mem);
	return 0;
}

/* Section by section, the ends of a link mean the same memory. */
static int agree(const struct check *check, const struct cfg_pci_device *mine, const struct config_view *other,
		 const struct cfg_pci_device *theirs)
{
	uint32_t count = MIN(config_num_sections(check->view, mine), config_num_sections(other, theirs));

	for (uint32_t s = 0; s < count; s++) {
		const struct cfg_memory *a = section_of(check->view, mine, s);
		const struct cfg_memory *b = section_of(other, theirs, s);

		if (a->size && b->size && a->phys_start != b->phys_start)
			return refuse_invalid("%pC: section %u of link %pB is at 0x%lx, but %pC has it at 0x%lx: all "
					      "peers need the same place", check->view, s, BDF_ARG(mine->bdf),
					      a->phys_start, other, b->phys_start);
	}
	return 0;
}

int check_sections_agree(const struct check *check)
{
	int err = 0;

	for (uint32_t c = 0; c < check->num_cells; c++)
		for_each_ivshmem(theirs, check->cells[c])
			if (!err && theirs->bdf == check->dev->bdf)
				err = agree(check, check->dev, check->cells[c], theirs);
	return err;
}

/*
 * Guests compute where sections are from Base Address and the sizes, so one follows the other, and all outputs are
 * equally large. Rights are those of pages.
 */
int check_section_layout(const struct check *check)
{
	const struct cfg_pci_device *dev = check->dev;
	const struct config_view *view = check->view;
	const uint64_t output_size = section_of(view, dev, CFG_SECTION_OUTPUT)->size;
	uint64_t expected = section_of(view, dev, CFG_SECTION_STATE)->virt_start;

	for (uint32_t s = 0; s < config_num_sections(view, dev); s++) {
		const struct cfg_memory *mem = section_of(view, dev, s);

		if (s >= CFG_SECTION_OUTPUT && mem->size != output_size)
			return refuse_invalid("%pC: the output section of peer %u of ivshmem device %u has 0x%lx "
					      "bytes, that of peer 0 0x%lx: make them equal", view,
					      s - CFG_SECTION_OUTPUT, check->device, mem->size, output_size);
		if (!mem->size)
			continue;
		if ((mem->size | mem->virt_start | mem->phys_start) & ~PAGE_MASK)
			return refuse_invalid("%pC: section %u of ivshmem device %u, guest %pG, is not made of "
					      "whole pages", view, s, check->device, mem);
		if (mem->virt_start != expected)
			return refuse_invalid("%pC: section %u of ivshmem device %u is at 0x%lx, but the section "
					      "before it ends at 0x%lx: leave no gap", view, s, check->device,
					      mem->virt_start, expected);
		expected += mem->size;
	}
	return 0;
}

/*
 * Does a region that covers a section give more than the section? In the root cell sections are mapped over it, so that
 * only an emulated region does. Loadable memory changes hands without regard to links.
 */
static bool second_way(const struct check *check, const struct cfg_memory *mem)
{
	if (check->is_root)
		return config_is_subpage(mem) && (mem->flags & CFG_MEM_WRITE);
	return mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE);
}

/*
 * A section is no other section of its own cell, and no second way to write it exists there. The root cell's other
 * regions end where its sections are.
 */
int check_sections_once(const struct check *check)
{
	const struct config_view *view = check->view;

	for (uint32_t i = 0; i < view->cell->num_memory_regions; i++) {
		const struct cfg_memory *mem = &view->memory[i];
		const struct cfg_pci_device *user;

		if (!same_memory(check->mem, mem))
			continue;
		user = config_device_of(view, mem);
		if (user ? i == check->index && user == check->dev : !second_way(check, mem))
			continue;
		return refuse_invalid("%pC: section %u of ivshmem device %u, physical %pM, is memory region %u, "
				      "too: give each memory of its own", view, check->section, check->device, check->mem, i);
	}
	return 0;
}

/*
 * May a region of one cell be the memory that is a section of dev in another one? As the same section of the same link;
 * a peer of that link may also have it elsewhere, as long as it cannot write there.
 */
static bool may_have_section(const struct config_view *view, const struct cfg_memory *mem, const struct config_view *other,
			     const struct cfg_pci_device *dev, const struct cfg_memory *other_mem)
{
	const struct cfg_pci_device *mine = config_find_ivshmem(view, dev->bdf);

	if (!mine)
		return false;
	if (config_device_of(view, mem))
		return config_section_of(view, mine, mem) == config_section_of(other, dev, other_mem);
	return !(mem->flags & (CFG_MEM_WRITE | CFG_MEM_LOADABLE));
}

/* Memory of a link, as that link's peers have it, is nobody else's, and no peer has a second way to write it. */
int check_sections_of_link_only(const struct check *o)
{
	const struct config_view *view = o->view;
	const struct cfg_pci_device *dev = config_device_of(o->other_view, o->other_mem);
	bool conflict = false;

	if (dev) {
		conflict = !may_have_section(view, o->mem, o->other_view, dev, o->other_mem);
	} else if (o->other > 0) {	/* what the root cell has, and is no section there, it loses or shares as always */
		dev = config_device_of(view, o->mem);
		conflict = dev && !may_have_section(o->other_view, o->other_mem, view, dev, o->mem);
	}
	if (!conflict)
		return 0;
	return refuse_invalid("%pC: memory region %u %pM overlaps region %u %pM of %pC, and a section of a link "
			      "is for its peers only: move it", view, o->index, o->mem, o->other_index,
			      o->other_mem, o->other_view);
}
