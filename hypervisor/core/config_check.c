/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points of the configuration checks, and the rules on the machine part of a system configuration. */
#include "config_rules.h"
#include "console.h"
#include "errors.h"

#define ECAM_BUS_SIZE 0x100000UL /* configuration space of one bus */
#define GIC_FRAME 0x10000UL

static int apply(const struct check *check, const struct rule *rules, size_t count)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = rules[i].check(check);
	return err;
}

static int apply_to_overlaps(struct check *check, const struct rule *rules, size_t count)
{
	const uint64_t start = check->mem->phys_start, size = check->mem->size;
	int err = 0;

	for (check->other = 0; has_physical_range(check->mem) && check->other < check->num_cells; check->other++) {
		check->other_view = check->cells[check->other];
		for (uint32_t i = 0; !err && i < check->other_view->cell->num_memory_regions; i++) {
			check->other_index = i;
			check->other_mem = &check->other_view->memory[i];
			if (has_physical_range(check->other_mem) &&
			    ranges_overlap(start, size, check->other_mem->phys_start, check->other_mem->size))
				err = apply(check, rules, count);
		}
	}
	return err;
}

static int apply_to_regions(struct check *check, const struct rule *rules, size_t count)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < check->view->cell->num_memory_regions; i++) {
		check->index = i;
		check->mem = &check->view->memory[i];
		err = rules->kind == PER_REGION ? apply(check, rules, count) : apply_to_overlaps(check, rules, count);
	}
	return err;
}

static int apply_to_sections(struct check *check, const struct rule *rules, size_t count)
{
	const uint32_t sections = config_num_sections(check->view, check->dev);
	int err = 0;

	for (uint32_t i = 0; !err && i < sections; i++) {
		check->section = i;
		check->index = check->dev->shmem_regions_start + i;
		check->mem = &check->view->memory[check->index];
		if (check->mem->size)
			err = apply(check, rules, count);
	}
	return err;
}

static int apply_to_devices(struct check *check, const struct rule *rules, size_t count)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < check->view->cell->num_pci_devices; i++) {
		check->device = i;
		check->dev = &check->view->pci_devices[i];
		if (check->dev->type == CFG_PCI_IVSHMEM)
			err = rules->kind == PER_IVSHMEM ? apply(check, rules, count) : apply_to_sections(check, rules, count);
	}
	return err;
}

int run_rules(struct check *check, const struct rule *rules, size_t count)
{
	int err = 0;

	for (size_t alike; !err && count > 0; rules += alike, count -= alike) {
		for (alike = 1; alike < count && rules[alike].kind == rules->kind; )
			alike++;
		if (rules->kind == PER_CELL)
			err = apply(check, rules, alike);
		else if (rules->kind <= PER_OVERLAP)
			err = apply_to_regions(check, rules, alike);
		else
			err = apply_to_devices(check, rules, alike);
	}
	return err;
}

/* Both kinds of files begin alike. */
static int check_identity(const char *kind, const char *signature, const char *expected, uint32_t revision,
			  uint32_t architecture)
{
	if (!same_bytes(signature, expected, CFG_SIGNATURE_LEN))
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
		return refuse_invalid("system configuration is truncated: %lu bytes, its header alone has %u", bytes,
				      (uint32_t)sizeof(*system));
	return check_identity("system", system->signature, CFG_SIGNATURE_SYSTEM, system->revision,
			      system->architecture);
}

static int check_system_size(const struct cfg_system *system)
{
	const uint64_t size = offsetof(struct cfg_system, root_cell) + config_size(&system->root_cell);

	if (size > CFG_MAX_SIZE)
		return refuse(-E2BIG, "system configuration: its counts need %lu bytes, at most %u are allowed", size,
			      CFG_MAX_SIZE);
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

void machine_windows(const struct check *check, struct window *windows)
{
	const struct config_platform *platform = check->platform;
	const struct cfg_system *system = platform->system;
	const struct cfg_console *console = &system->debug_console;
	const struct config_view *root = check->cells ? check->cells[0] : check->view;

	windows[WINDOW_ECAM] =
		window_at("the PCI configuration window", system->pci_mmconfig_base, config_ecam_size(system));
	windows[WINDOW_CONSOLE] =
		window_at("the debug console", console->address, console->type != CFG_CONSOLE_NONE ? MAX(console->size, 0x1000u) : 0);
	windows[WINDOW_HYPERVISOR] =
		window_at("hypervisor memory", platform->hv_start, platform->hv_size);
	windows[WINDOW_DISTRIBUTOR] =
		window_at("the GIC distributor", system->arch.arm.gicd_base, CFG_GICD_SIZE(system->arch.arm.gic_version));
	windows[WINDOW_REDISTRIBUTORS] =
		window_at("the GIC redistributors", system->arch.arm.gicr_base, redistributors_size(root, platform));
}

static bool is_range(uint64_t start, uint64_t size, uint64_t unit, uint64_t limit)
{
	return size && !((start | size) & (unit - 1)) && range_valid(start, size) && start + size <= limit;
}

static int check_place(const char *what, uint64_t start, uint64_t size, uint32_t unit, uint64_t limit)
{
	if (is_range(start, size, unit, limit))
		return 0;
	return refuse_invalid("%pT at 0x%lx, size 0x%lx: make it one or more units of 0x%x bytes, below 0x%lx", what,
			      start, size, unit, limit);
}

static int check_hypervisor_memory(const struct check *check)
{
	const struct cfg_memory *mem = &check->platform->system->hypervisor_memory;

	return check_place("hypervisor_memory", mem->phys_start, mem->size, PAGE_SIZE, check->platform->phys_limit);
}

/* The launcher may have chosen the place itself; what it says must make sense, too. */
static int check_hypervisor_placement(const struct check *check)
{
	const struct config_platform *platform = check->platform;

	if (is_range(platform->hv_start, platform->hv_size, PAGE_SIZE, platform->phys_limit))
		return 0;
	return refuse_invalid("hypervisor placed at 0x%lx, size 0x%lx, which is no page-aligned range of memory: "
			      "launcher and hypervisor do not match", platform->hv_start, platform->hv_size);
}

/* A console inside the hypervisor would have it write characters over itself. */
static int check_debug_console(const struct check *check)
{
	const struct config_platform *platform = check->platform;
	const struct cfg_console *console = &platform->system->debug_console;
	const uint32_t size = MAX(console->size, 1);
	int err;

	if (console->type == CFG_CONSOLE_NONE || !(console->flags & CFG_CONSOLE_MMIO))
		return 0;
	err = check_place("debug_console", console->address, size, 1, platform->phys_limit);
	if (err || !ranges_overlap(console->address, size, platform->hv_start, platform->hv_size))
		return err;
	return refuse_invalid("debug_console [0x%lx, 0x%lx) lies in hypervisor memory [0x%lx, 0x%lx): correct its "
			      "address", console->address, console->address + size, platform->hv_start,
			      platform->hv_start + platform->hv_size);
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

/* At 0 there is none. */
static int check_gic_frames(const struct check *check, const char *name, uint64_t base, uint64_t size)
{
	return check_place(name, base, base ? size : 0, GIC_FRAME, check->platform->phys_limit);
}

static int check_gic_bases(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;
	int err = check_gic_frames(check, "gicd_base", system->arch.arm.gicd_base,
				   CFG_GICD_SIZE(system->arch.arm.gic_version));

	return err ? err : check_gic_frames(check, "gicr_base", system->arch.arm.gicr_base,
					    redistributors_size(check->view, check->platform));
}

static int check_ecam_window(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;
	const uint64_t base = system->pci_mmconfig_base;

	return !base ? 0 : check_place("pci_mmconfig_base", base, config_ecam_size(system), ECAM_BUS_SIZE,
				       MIN(check->platform->phys_limit, check->platform->guest_limit));
}

/* The window is emulated as a whole; a physical host behind it would vanish. */
static int check_pci_host(const struct check *check)
{
	const struct cfg_system *system = check->platform->system;

	if (system->pci_mmconfig_base == 0 || system->pci_is_virtual == 1)
		return 0;
	return refuse_invalid("ivshmem devices on a physical PCI host (pci_is_virtual %u) are not supported yet: "
			      "use a virtual one", system->pci_is_virtual);
}

/* All take and return operations assume it. */
static int check_root_identity_map(const struct check *check)
{
	const struct cfg_memory *mem = check->mem;

	if (!has_physical_range(mem) || mem->phys_start == mem->virt_start)
		return 0;
	return refuse_invalid("root cell: memory region %u has virt_start 0x%lx but phys_start 0x%lx: make them equal",
			      check->index, mem->virt_start, mem->phys_start);
}

int config_check_system(const struct cfg_system *system, uint64_t bytes,
			const struct config_platform *platform, struct config_view *view)
{
	static const struct rule machine_rules[] = {
		{ PER_CELL, check_hypervisor_memory },
		{ PER_CELL, check_hypervisor_placement },
		{ PER_CELL, check_debug_console },
		{ PER_CELL, check_gic_version },
		{ PER_CELL, check_maintenance_irq },
		{ PER_CELL, check_gic_bases },
		{ PER_CELL, check_ecam_window },
	};
	static const struct rule root_rules[] = {
		{ PER_IVSHMEM, check_pci_host },
		{ PER_REGION, check_root_identity_map },
	};
	struct config_platform here = *platform;
	struct check check = { .platform = &here, .view = view, .is_root = true };
	int err;

	here.system = system;
	err = check_system_header(system, bytes);
	if (!err)
		err = check_system_size(system);
	if (!err)
		err = config_view_init(view, &system->root_cell, bytes - offsetof(struct cfg_system, root_cell));
	if (!err)
		err = run_rules(&check, machine_rules, ARRAY_SIZE(machine_rules));
	if (!err)
		err = check_cell_alone(&check);
	return err ? err : run_rules(&check, root_rules, ARRAY_SIZE(root_rules));
}

int config_check_cell(const struct config_view *view, const struct config_platform *platform,
		      const struct config_view *const *cells, uint32_t num_cells)
{
	struct check check = {
		.platform = platform,
		.view = view,
		.cells = cells,
		.num_cells = num_cells,
	};
	int err = check_identity("cell", view->cell->signature, CFG_SIGNATURE_CELL, view->cell->revision,
				 view->cell->architecture);

	if (!err)
		err = check_cell_alone(&check);
	return err ? err : check_conflicts(&check);
}
