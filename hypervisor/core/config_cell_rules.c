/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules on the configuration of one cell, looked at alone. */
#include "config_rules.h"
#include "console.h"
#include "errors.h"

/* The work of all checks is bounded by it. */
static int check_size(const struct check *check)
{
	if (check->view->size > CFG_MAX_SIZE)
		return refuse(-E2BIG, "cell configuration has %lu bytes, at most %u are allowed", check->view->size,
			      CFG_MAX_SIZE);
	return 0;
}

static int check_name(const struct check *check)
{
	const char *name = check->view->cell->name;

	for (uint32_t i = 0; i < CFG_NAME_LEN; i++)
		if (name[i] == '\0')
			return 0;
	return refuse_invalid("%pC: its name has no end, use at most %u characters", check->view, CFG_NAME_LEN - 1);
}

static int check_flags(const struct check *check)
{
	/* the root cell is Linux as it runs: its flag has no meaning */
	if (check->is_root || !(check->view->cell->flags & CFG_CELL_AARCH32))
		return 0;
	return refuse_invalid("%pC: AArch32 cells are not supported yet, clear flag 0x%x", check->view,
			      CFG_CELL_AARCH32);
}

static bool is_one_action(uint64_t flags)
{
	return flags == CFG_STRAY_FAIL || flags == CFG_STRAY_IGNORE || flags == CFG_STRAY_ABORT;
}

static int check_stray_action(const struct check *check)
{
	const uint32_t actions = check->view->cell->flags & CFG_STRAY_ACTIONS;

	return !actions || is_one_action(actions) ? 0 :
	       refuse_invalid("%pC: flags 0x%x have several actions for accesses to nothing: set one of them",
			      check->view, actions);
}

/* They map nothing, whatever else is in them, because their size is 0. */
static int check_stray_ranges(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;
	const uint64_t limit = check->platform->guest_limit;

	if (!(mem->flags & CFG_STRAY_ACTIONS))
		return 0;
	if (mem->size || !is_one_action(mem->flags))
		return refuse_invalid("%pC: memory region %u has size 0x%lx and flags 0x%lx: for accesses to nothing "
				      "make that 0 and one action", check->view, check->index, mem->size, mem->flags);
	if (!mem->phys_start || !range_valid(mem->virt_start, mem->phys_start) ||
	    mem->virt_start + mem->phys_start > limit)
		return refuse_invalid("%pC: memory region %u, accesses to nothing at 0x%lx, length 0x%lx: make it a "
				      "range inside the address space (0x%lx)", check->view, check->index,
				      mem->virt_start, mem->phys_start, limit);
	return 0;
}

/* It maps nothing, because its size is 0; what is to be changed regularly is in the communication region. */
static int check_watchdog(const struct check *check)
{
	const struct config_view *view = check->view;
	bool has_counter = false;
	uint32_t count = 0;

	for (uint32_t i = 0; i < view->cell->num_memory_regions; i++) {
		const struct cfg_memory *mem = &view->memory[i];

		if (is_comm_region(mem) && mem->size && (mem->flags & CFG_MEM_WRITE))
			has_counter = true;
		if (!(mem->flags & CFG_WATCHDOG))
			continue;
		if (!CONFIG_WATCHDOG)
			return refuse_in_words(-EINVAL, "%pC: memory region %u is a watchdog: this hypervisor was built without "
					       "CONFIG_WATCHDOG", view, i);
		if (mem->size || mem->virt_start || mem->flags != CFG_WATCHDOG || mem->phys_start < CFG_WATCHDOG_MIN ||
		    mem->phys_start > CFG_WATCHDOG_MAX)
			return refuse(-EINVAL, "%pC: memory region %u is no watchdog: set phys_start to %u..%u microseconds, "
				      "flags to 0x%x, all else to 0", view, i, CFG_WATCHDOG_MIN, CFG_WATCHDOG_MAX,
				      CFG_WATCHDOG);
		if (check->is_root || count++)
			return refuse(-EINVAL, "%pC: memory region %u is a watchdog, of which the root cell has none, and "
				      "others one: remove it", view, i);
	}
	if (!count || has_counter)
		return 0;
	return refuse(-EINVAL, "%pC has a watchdog, but no communication region that it may write: add one", view);
}

static int check_cpu_set(const struct check *check)
{
	const struct config_view *view = check->view;
	const uint32_t max_cpus = check->platform->max_cpus;
	uint32_t count = 0;

	for (uint32_t cpu = 0; cpu < 8 * view->cell->cpu_set_size; cpu++) {
		if (!config_has_cpu(view, cpu))
			continue;
		if (cpu >= max_cpus)
			return refuse_invalid("%pC: CPU %u is in its set, but there are only CPUs 0..%u", view, cpu,
					      max_cpus - 1);
		count++;
	}
	if (count == 0)
		return refuse_invalid("%pC has no CPU: assign at least one", view);
	return 0;
}

static int check_range(const struct check *check, const char *space, uint64_t start, uint64_t limit)
{
	const uint64_t size = check->mem->size;

	if (range_valid(start, size) && start + size <= limit)
		return 0;
	return refuse_invalid("%pC: memory region %u, %s start 0x%lx, size 0x%lx, ends beyond the address space "
			      "(0x%lx)", check->view, check->index, space, start, size, limit);
}

static int check_memory_ranges(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;
	int err;

	if (mem->size == 0)
		return 0;
	err = check_range(check, "guest-physical", mem->virt_start, check->platform->guest_limit);
	if (err || !has_physical_range(mem))
		return err;
	return check_range(check, "physical", mem->phys_start, check->platform->phys_limit);
}

/* A region of whole guest pages is mapped: at another offset in its page it would expose its neighbours. */
static int check_page_offsets(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;

	if (!has_physical_range(mem) || config_is_subpage(mem) || !(mem->phys_start & (PAGE_SIZE - 1)))
		return 0;
	return refuse_invalid("%pC: memory region %u has virt_start 0x%lx in whole pages, but phys_start 0x%lx is not "
			      "a multiple of 0x%x", check->view, check->index, mem->virt_start, mem->phys_start,
			      (uint32_t)PAGE_SIZE);
}

/* Behind its single page lies other memory of the hypervisor. The root cell has none: ignored there. */
static int check_comm_region(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;
	const struct cfg_memory *before = check->view->memory;

	if (check->is_root || !is_comm_region(mem) || mem->size == 0)
		return 0;
	if (mem->size != PAGE_SIZE || mem->virt_start & (PAGE_SIZE - 1))
		return refuse_invalid("%pC: memory region %u is a communication region at 0x%lx with 0x%lx bytes: make "
				      "it one aligned page, 0x%x bytes", check->view, check->index, mem->virt_start,
				      mem->size, (uint32_t)PAGE_SIZE);
	for (uint32_t i = 0; i < check->index; i++)
		if (is_comm_region(&before[i]) && before[i].size)
			return refuse_invalid("%pC: memory regions %u and %u are both communication regions: "
					      "remove one", check->view, i, check->index);
	return 0;
}

/* Other chips than the distributor of the machine are ignored by the ABI, whatever they say. */
static int check_irqchips(const struct check *check)
{
	const struct config_view *view = check->view;

	for (uint32_t i = 0; i < view->cell->num_irqchips; i++) {
		const struct cfg_irqchip *chip = &view->irqchips[i];
		const uint32_t pins = 32 * ARRAY_SIZE(chip->pin_bitmap);

		if (chip->address != check->platform->system->arch.arm.gicd_base)
			continue;
		if (chip->pin_base % 32 || chip->pin_base > 1024 - pins)
			return refuse_invalid("%pC: irqchip %u has pin_base %u: use a multiple of 32, at most %u",
					      view, i, chip->pin_base, 1024 - pins);
	}
	return 0;
}

static int check_pci_cap_indices(const struct check *check)
{
	const struct cfg_cell *cell = check->view->cell;

	for (uint32_t i = 0; i < cell->num_pci_devices; i++) {
		const struct cfg_pci_device *dev = &check->view->pci_devices[i];
		const uint32_t end = (uint32_t)dev->caps_start + dev->num_caps;

		if (dev->num_caps && end > cell->num_pci_caps)
			return refuse_invalid("%pC: PCI device %u uses capabilities %u..%u, but the cell lists %u",
					      check->view, i, dev->caps_start, end - 1, cell->num_pci_caps);
	}
	return 0;
}

static int check_ivshmem_sections(const struct check *check)
{
	const struct cfg_pci_device *dev = check->dev;
	const uint64_t end = (uint64_t)dev->shmem_regions_start + config_num_sections(check->view, dev);
	const uint32_t regions = check->view->cell->num_memory_regions;

	if (dev->shmem_peers == 0)
		return refuse_invalid("%pC: ivshmem device %u has shmem_peers 0: set it to the number of peers of "
				      "the link", check->view, check->device);
	if (end > regions)
		return refuse_invalid("%pC: ivshmem device %u, shmem_peers %u, uses memory regions %u..%lu as "
				      "sections, but the cell lists %u", check->view, check->device, dev->shmem_peers,
				      dev->shmem_regions_start, end - 1, regions);
	return 0;
}

int check_cell_alone(struct check *check)
{
	static const struct rule rules[] = {
		{ PER_CELL, check_size },
		{ PER_CELL, check_name },
		{ PER_CELL, check_flags },
		{ PER_CELL, check_stray_action },
		{ PER_CELL, check_cpu_set },
		{ PER_REGION, check_memory_ranges },
		{ PER_REGION, check_stray_ranges },
		{ PER_CELL, check_watchdog },
		{ PER_REGION, check_page_offsets },
		{ PER_REGION, check_comm_region },
		{ PER_CELL, check_irqchips },
		{ PER_CELL, check_pci_cap_indices },
		{ PER_IVSHMEM, check_ivshmem_sections },
		{ PER_CELL, check_links },
		{ PER_SECTION, check_section_kinds },
		{ PER_SECTION, check_sections_outside_machine },
		{ PER_IVSHMEM, check_section_layout },
		{ PER_SECTION, check_sections_are_memory },
		{ PER_SECTION, check_sections_once },
	};

	return run_rules(check, rules, ARRAY_SIZE(rules));
}
