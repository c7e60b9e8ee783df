/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points of the configuration checks, and the rules on the machine part of a system configuration. */
#include "config_rules.h"
#include "console.h"
#include "errors.h"

#define ECAM_BUS_SIZE 0x100000UL /* configuration space of one bus */
#define GIC_FRAME 0x10000UL

int run_rules(const struct check *check, const config_rule_t *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int err = rules[i](check);

		if (err)
			return err;
	}
	return 0;
}

int for_each_region(const struct check *check, region_rule_t rule)
{
	const struct config_view *view = check->view;
	int err = 0;

	for (uint32_t i = 0; !err && i < view->cell->num_memory_regions; i++)
		err = rule(check, i, &view->memory[i]);
	return err;
}

int for_each_ivshmem(const struct check *check, device_rule_t rule)
{
	const struct config_view *view = check->view;
	int err = 0;

	for (uint32_t i = 0; !err && i < view->cell->num_pci_devices; i++)
		if (is_ivshmem(&view->pci_devices[i]))
			err = rule(check, i, &view->pci_devices[i]);
	return err;
}

int for_each_overlap(const struct check *check, uint32_t first, overlap_rule_t rule)
{
	struct overlap o = { .check = check, .mem = check->view->memory };
	int err;

	for (; o.index < check->view->cell->num_memory_regions; o.index++, o.mem++)
		for (o.other = first; o.other < check->num_cells; o.other++) {
			o.other_view = check->cells[o.other];
			o.other_mem = o.other_view->memory;
			for (o.other_index = 0; o.other_index < o.other_view->cell->num_memory_regions;
			     o.other_index++, o.other_mem++)
				if (same_memory(o.mem, o.other_mem)) {
					err = rule(&o);
					if (err)
						return err;
				}
		}
	return 0;
}

static bool signature_is(const char *signature, const char *expected)
{
	for (uint32_t i = 0; i < CFG_SIGNATURE_LEN; i++)
		if (signature[i] != expected[i])
			return false;
	return true;
}

/* Both kinds of files begin alike. */
static int check_identity(const char *kind, const char *signature, const char *expected, uint32_t revision,
			  uint32_t architecture)
{
	if (!signature_is(signature, expected))
		return refuse_invalid("not a %s configuration: its signature is not %s", kind, expected);
	if (revision != CFG_REVISION)
		return refuse_invalid("%s configuration has revision %u, this hypervisor reads revision %u: "
				      "compile it again", kind, revision, CFG_REVISION);
	if (architecture != CFG_ARCH_ARM64)
		return refuse_invalid("%s configuration is for architecture %u, this machine is %u (arm64): use "
				      "one made for it", kind, architecture, CFG_ARCH_ARM64);
	return 0;
}

static int check_system_header(const struct cfg_system *system, uint64_t bytes)
{
	if (bytes < sizeof(*system))
		return refuse_invalid("system configuration is truncated: %llu bytes, its header alone has %u",
				      ULL(bytes), (uint32_t)sizeof(*system));
	return check_identity("system", system->signature, CFG_SIGNATURE_SYSTEM, system->revision,
			      system->architecture);
}

static int check_system_size(const struct cfg_system *system)
{
	const uint64_t size = offsetof(struct cfg_system, root_cell) + config_size(&system->root_cell);

	if (size > CFG_MAX_SIZE)
		return refuse(-E2BIG,
			      "system configuration: its counts need %llu bytes, at most %u are allowed",
			      ULL(size), CFG_MAX_SIZE);
	return 0;
}

/*
 * What the machine has, offline CPUs included; before that is known, one redistributor for each CPU up to the last
 * one of the root cell.
 */
uint64_t redistributors_size(const struct config_view *root, const struct config_platform *platform)
{
	uint32_t count = platform->max_cpus;

	if (platform->gicr_size)
		return platform->gicr_size;
	while (count > 1 && !config_has_cpu(root, count - 1))
		count--;
	return count * CFG_GICR_STRIDE;
}

void machine_window(const struct check *check, enum machine_window number, struct window *window)
{
	static const char *const names[NUM_WINDOWS] = {
		[WINDOW_HYPERVISOR] = "hypervisor memory",
		[WINDOW_DISTRIBUTOR] = "the GIC distributor",
		[WINDOW_REDISTRIBUTORS] = "the GIC redistributors",
		[WINDOW_ECAM] = "the PCI configuration window",
		[WINDOW_CONSOLE] = "the debug console",
	};
	const struct config_platform *platform = check->platform;
	const struct cfg_system *system = platform->system;
	uint64_t start = 0, size = 0;

	switch (number) {
	case WINDOW_HYPERVISOR:
		start = platform->hv_start;
		size = platform->hv_size;
		break;
	case WINDOW_DISTRIBUTOR:
		start = system->arch.arm.gicd_base;
		size = CFG_GICD_SIZE(system->arch.arm.gic_version);
		break;
	case WINDOW_REDISTRIBUTORS:
		start = system->arch.arm.gicr_base;
		size = redistributors_size(check->cells ? check->cells[0] : check->view, platform);
		break;
	case WINDOW_ECAM:
		start = system->pci_mmconfig_base;
		size = config_ecam_size(system);
		break;
	default:
		if (system->debug_console.type == CFG_CONSOLE_NONE)
			break;
		start = system->debug_console.address;
		size = MAX(system->debug_console.size, 0x1000u);
		break;
	}
	window->what = names[number];
	window->range.phys_start = start;
	window->range.size = size;
}

static bool misaligned(uint64_t value, uint64_t alignment)
{
	return value & (alignment - 1);
}

static int check_hypervisor_memory(const struct check *check)
{
	const struct cfg_memory *mem = &check->platform->system->hypervisor_memory;

	if (mem->size == 0)
		return refuse_invalid("hypervisor_memory has size 0: give the hypervisor memory");
	if (misaligned(mem->phys_start | mem->size, PAGE_SIZE))
		return refuse_invalid("hypervisor_memory at 0x%llx, size 0x%llx: make both multiples of 0x%x",
				      ULL(mem->phys_start), ULL(mem->size), (uint32_t)PAGE_SIZE);
	if (!range_valid(mem->phys_start, mem->size) ||
	    mem->phys_start + mem->size > check->platform->phys_limit)
		return refuse_invalid("hypervisor_memory at 0x%llx, size 0x%llx ends beyond the physical address "
				      "space (0x%llx)", ULL(mem->phys_start), ULL(mem->size),
				      ULL(check->platform->phys_limit));
	return 0;
}

/* The launcher may have chosen the place itself; what it says must make sense, too. */
static int check_hypervisor_placement(const struct check *check)
{
	const struct config_platform *platform = check->platform;

	if (platform->hv_size == 0 || misaligned(platform->hv_start | platform->hv_size, PAGE_SIZE) ||
	    !range_valid(platform->hv_start, platform->hv_size) ||
	    platform->hv_start + platform->hv_size > platform->phys_limit)
		return refuse_invalid("hypervisor placed at 0x%llx, size 0x%llx, which is no page-aligned range "
				      "of memory: launcher and hypervisor do not match", ULL(platform->hv_start),
				      ULL(platform->hv_size));
	return 0;
}

/* A console inside the hypervisor would have it write characters over itself. */
static int check_debug_console(const struct check *check)
{
	const struct config_platform *platform = check->platform;
	const struct cfg_console *console = &platform->system->debug_console;

	if (console->type == CFG_CONSOLE_NONE || !(console->flags & CFG_CONSOLE_MMIO))
		return 0;
	if (!range_valid(console->address, console->size) ||
	    console->address + console->size > platform->phys_limit)
		return refuse_invalid("debug_console at 0x%llx, size 0x%x ends beyond the physical address space "
				      "(0x%llx)", ULL(console->address), console->size, ULL(platform->phys_limit));
	if (ranges_overlap(console->address, MAX(console->size, 1), platform->hv_start, platform->hv_size))
		return refuse_invalid("debug_console [0x%llx, 0x%llx) lies in hypervisor memory [0x%llx, 0x%llx): "
				      "correct its address", ULL(console->address),
				      ULL(console->address + console->size), ULL(platform->hv_start),
				      ULL(platform->hv_start + platform->hv_size));
	return 0;
}

static int check_gic_version(const struct check *check)
{
	const uint32_t version = check->platform->system->arch.arm.gic_version;

	if (version == 2)
		return refuse_invalid("gic_version 2 is not supported by this build: use a machine with GICv3");
	if (version != 3)
		return refuse_invalid("gic_version is %u: set it to 3", version);
	return 0;
}

static int check_maintenance_irq(const struct check *check)
{
	const uint32_t intid = check->platform->system->arch.arm.maintenance_irq;

	if (intid < INTID_PPI_FIRST || intid >= INTID_SPI_FIRST)
		return refuse_invalid("maintenance_irq is INTID %u, but it must be a PPI: set it to the one of "
				      "the machine, %u..%u", intid, INTID_PPI_FIRST, INTID_SPI_FIRST - 1);
	return 0;
}

static int check_gic_frame(const struct check *check, const char *name, uint64_t base, uint64_t size)
{
	if (base == 0 || misaligned(base, GIC_FRAME) || !range_valid(base, size) ||
	    base + size > check->platform->phys_limit)
		return refuse_invalid("%s is 0x%llx, but it must be a multiple of 0x%x, not 0, and below 0x%llx: "
				      "set it to the one of the machine", name, ULL(base), (uint32_t)GIC_FRAME,
				      ULL(check->platform->phys_limit));
	return 0;
}

static int check_gic_bases(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;
	int err;

	err = check_gic_frame(check, "gicd_base", system->arch.arm.gicd_base,
			      CFG_GICD_SIZE(system->arch.arm.gic_version));
	if (err)
		return err;
	return check_gic_frame(check, "gicr_base", system->arch.arm.gicr_base,
			       redistributors_size(check->view, check->platform));
}

static int check_ecam_window(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;
	const uint64_t base = system->pci_mmconfig_base;
	const uint64_t size = config_ecam_size(system);
	const uint64_t limit = MIN(check->platform->phys_limit, check->platform->guest_limit);

	if (misaligned(base, ECAM_BUS_SIZE))
		return refuse_invalid("pci_mmconfig_base is 0x%llx: make it a multiple of 0x%x", ULL(base),
				      (uint32_t)ECAM_BUS_SIZE);
	if (!range_valid(base, size) || base + size > limit)
		return refuse_invalid("pci_mmconfig_base 0x%llx with %u buses ends beyond the address space "
				      "(0x%llx)", ULL(base), system->pci_mmconfig_end_bus + 1u, ULL(limit));
	return 0;
}

/* The window is emulated as a whole; a physical host behind it would vanish. */
static int pci_host(const struct check *check, uint32_t index, const struct cfg_pci_device *dev)
{
	const struct cfg_system *system = check->platform->system;

	(void)index, (void)dev;
	if (system->pci_mmconfig_base == 0 || system->pci_is_virtual == 1)
		return 0;
	return refuse_invalid("ivshmem devices on a physical PCI host (pci_is_virtual %u) are not supported yet: "
			      "use a virtual one", system->pci_is_virtual);
}

static int check_pci_host(const struct check *check)
{
	return for_each_ivshmem(check, pci_host);
}

/* All take and return operations assume it. */
static int root_identity_map(const struct check *check, uint32_t index, const struct cfg_memory *mem)
{
	(void)check;
	if (!has_physical_range(mem) || mem->phys_start == mem->virt_start)
		return 0;
	return refuse_invalid("root cell: memory region %u has virt_start 0x%llx but phys_start 0x%llx: make them "
			      "equal", index, ULL(mem->virt_start), ULL(mem->phys_start));
}

static int check_root_identity_map(const struct check *check)
{
	return for_each_region(check, root_identity_map);
}

int config_check_system(const struct cfg_system *system, uint64_t bytes,
			const struct config_platform *platform, struct config_view *view)
{
	static const config_rule_t machine_rules[] = {
		check_hypervisor_memory,
		check_hypervisor_placement,
		check_debug_console,
		check_gic_version,
		check_maintenance_irq,
		check_gic_bases,
		check_ecam_window,
	};
	static const config_rule_t root_rules[] = {
		check_pci_host,
		check_root_identity_map,
	};
	struct config_platform here = *platform;
	const struct check check = { .platform = &here, .view = view, .is_root = true };
	int err;

	here.system = system;

	err = check_system_header(system, bytes);
	if (err)
		return err;
	err = check_system_size(system);
	if (err)
		return err;
	err = config_view_init(view, &system->root_cell, bytes - offsetof(struct cfg_system, root_cell));
	if (err)
		return err;
	err = run_rules(&check, machine_rules, ARRAY_SIZE(machine_rules));
	if (err)
		return err;
	err = check_cell_alone(&check);
	if (err)
		return err;
	return run_rules(&check, root_rules, ARRAY_SIZE(root_rules));
}

int config_check_cell(const struct config_view *view, const struct config_platform *platform,
		      const struct config_view *const *cells, uint32_t num_cells)
{
	const struct check check = {
		.platform = platform,
		.view = view,
		.cells = cells,
		.num_cells = num_cells,
	};
	int err;

	err = check_identity("cell", view->cell->signature, CFG_SIGNATURE_CELL, view->cell->revision,
			     view->cell->architecture);
	if (err)
		return err;
	err = check_cell_alone(&check);
	if (err)
		return err;
	return check_conflicts(&check);
}
