/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creation of cells, the root cell included. The order of the checks is that of the ABI; all of them come before the
 * first change, what can fail later is undone.
 */
#include "bulkhead/image.h"
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "console.h"
#include "control.h"
#include "errors.h"
#include "pages.h"
#include "vpci.h"
#include "arch/irq.h"
#include "arch/memory.h"

#define MAX_CONFIG_PAGES	(CFG_MAX_SIZE / PAGE_SIZE)
#define MAX_CELL_ID		255

static bool same_name(const char *a, const char *b)
{
	for (uint32_t i = 0; i < CFG_NAME_LEN; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			break;
	}
	return true;
}

static int check_identity(const struct cfg_cell *header)
{
	for (struct cell *cell = &root_cell; cell; cell = cell->next) {
		if (same_name(cell->config.cell->name, header->name))
			return refuse(-EEXIST, "a cell named \"%s\" exists already", header->name);
		if (cell->id == header->id)
			return refuse(-EEXIST, "%pC has id %u already", &cell->config, header->id);
	}
	return 0;
}

static int check_cpus(const struct config_view *view)
{
	for (uint32_t cpu = 0; cpu < view->cell->cpu_set_size * 8; cpu++)
		if (config_has_cpu(view, cpu) && !cpu_set_test(&root_cell.cpus, cpu))
			return refuse(-EBUSY, "%pC wants CPU %u, which is not the root cell's", view, cpu);
	if (view->cell->id > MAX_CELL_ID)
		return refuse(-E2BIG, "%pC: id %u is above %u", view, view->cell->id, MAX_CELL_ID);
	return 0;
}

static int check_caller_is_kept(const struct config_view *view)
{
	uint32_t cpu = this_cpu()->cpu_id;

	return config_has_cpu(view, cpu) ? refuse(-EBUSY, "%pC wants CPU %u, which executes this request", view, cpu) : 0;
}

static int check_against_cells(const struct config_view *view)
{
	const struct config_view *cells[CONFIG_MAX_CELLS];
	uint32_t count = 0;

	if (num_cells() >= CONFIG_MAX_CELLS)
		return refuse_in_words(-ENOMEM, "%pC would be one too many: this hypervisor is built for %u cells", view,
				       CONFIG_MAX_CELLS);
	for (struct cell *cell = &root_cell; cell; cell = cell->next)
		cells[count++] = &cell->config;
	return config_check_cell(view, &platform, cells, count);
}

/* The cell's copy of its configuration, of which size bytes were there. by_guest: the caller's CPU stays with the root cell. */
static int check_copy(struct cell *cell, uint64_t size, bool by_guest)
{
	struct config_view *view = &cell->config;
	int error = config_view_init(view, view->cell, size);

	if (!error && by_guest)
		error = check_caller_is_kept(view);
	if (!error)
		error = check_cpus(view);
	return error ? error : check_against_cells(view);
}

static int refuse_memory(const struct cfg_cell *header)
{
	return refuse(-ENOMEM, "no memory for cell \"%s\": hypervisor memory is too small", header->name);
}

/* More windows than that a configuration with this header cannot have, whatever is behind it. */
static uint32_t most_fixed_windows(const struct cfg_cell *header)
{
	return ARCH_IRQ_WINDOWS + 1 + header->num_memory_regions;
}

static uint64_t tables_size(const struct cfg_cell *header)
{
	return (most_fixed_windows(header) + vpci_movable_windows(header)) * sizeof(struct mmio_window) +
	       (uint64_t)header->num_pci_devices * sizeof(struct vpci_function);
}

/* Window tables and functions. Where they end */
static void *place_tables(struct cell *cell, void *tables, const struct cfg_cell *header)
{
	uint32_t fixed = most_fixed_windows(header), movable = vpci_movable_windows(header);
	struct mmio_window *windows = tables;

	mmio_map_init(&cell->mmio, windows, fixed, movable);
	cell->functions = (struct vpci_function *)(windows + fixed + movable);
	return cell->functions + header->num_pci_devices;
}

/*
 * Object, tables and the hypervisor's own copy of the configuration, in one piece: nobody can change what is checked. Of the
 * copy, the header is there.
 */
static int make_object(const struct cfg_cell *header, uint64_t offset_in_page, struct cell **made)
{
	uint64_t size = config_size(header);
	struct { struct arch_cell_room room; struct arch_cell_saved saved; struct cell cell; } *object;
	struct cfg_cell *copy;
	struct cell *cell;
	uint32_t pages;

	if (offset_in_page + size > MAX_CONFIG_PAGES * PAGE_SIZE)
		return refuse(-E2BIG, "configuration of cell \"%s\" has %lu bytes, at most %u fit", header->name, size,
			      CFG_MAX_SIZE);
	pages = (uint32_t)(PAGE_ALIGN(sizeof(*object) + tables_size(header) + size) >> PAGE_SHIFT);
	object = pages_alloc(pages, 1);
	if (!object)
		return refuse_memory(header);
	cell = &object->cell;
	cell->room = &object->room;
	cell->saved = &object->saved;
	cell->object_pages = pages;
	copy = place_tables(cell, object + 1, header);
	*copy = *header;
	cell->config.cell = copy;
	*made = cell;
	return 0;
}

void *cell_config_behind_header(const struct cell *cell)
{
	return (uint8_t *)(uintptr_t)cell->config.cell + sizeof(struct cfg_cell);
}

int cell_prepare(struct cfg_cell *header, uint64_t offset_in_page, struct cell **made)
{
	int error;

	header->name[CFG_NAME_LEN - 1] = '\0';
	error = check_identity(header);
	return error ? error : make_object(header, offset_in_page, made);
}

/* CPUs of the new cell: they are root CPUs and suspended. */
static void take_cpus(struct cell *cell)
{
	for (uint32_t id = 0; id < num_cpu_slots; id++) {
		struct percpu *cpu = percpu_of(id);

		if (!config_has_cpu(&cell->config, id))
			continue;
		cpu_set_parked(cpu);
		cpu_give_to(cpu, cell);
		cpu_set_assign(&root_cell.cpus, id, false);
		cpu_set_assign(&cell->cpus, id, true);
	}
}

static int take_resources(struct cell *cell)
{
	int error = arch_memory_init(cell);

	if (error)
		return error;
	error = arch_irq_cell_init(cell, system_config);
	if (error)
		return error;
	error = vpci_init(cell, system_config, cell->functions);
	if (error)
		arch_irq_cell_exit(cell, system_config);
	return error;
}

/* A cell whose configuration has been checked */
static int build(struct cell *cell)
{
	int error;

	cell->id = (uint16_t)cell->config.cell->id;
	cell->watchdog.period = CONFIG_WATCHDOG ? config_watchdog(&cell->config) : 0;
	cell->comm = pages_alloc(1, 1);
	if (!cell->comm || (CONFIG_CELL_CONSOLE && !cell_console_make(cell)))
		return refuse_memory(cell->config.cell);
	cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
	take_cpus(cell);
	error = take_resources(cell);
	if (error) {
		cell_return_cpus(cell);
		return error;
	}
	error = cell_memory_take(cell);
	if (error) {
		vpci_exit(cell);
		cell_give_back(cell);
		return error;
	}
	/* every cell may ask how many there are: one that could not be made never was */
	cell_link(cell);
	cell_memory_update_lent();
	/* SPIs that left the root cell may have been routes of its devices */
	vpci_reroute(&root_cell);
	/* and the CPUs that left it targets of its interrupts */
	arch_irq_retarget(&root_cell);
	arch_irq_cell_reset(cell);
	arch_irq_retarget(cell);
	arch_memory_flush(cell);
	console_printf("%pC created\n", &cell->config);
	return 0;
}

int cell_build(struct cell *cell, uint64_t size, bool by_guest)
{
	int error = check_copy(cell, size, by_guest);

	if (!error)
		error = build(cell);
	if (error)
		cell_free(cell);
	return error;
}

/* No guest sees the root cell's communication region: others can be behind it. */
struct root_pages {
	struct comm_region comm;
	struct arch_cell_room room;
};

/* Without memory it sees the public page as little as a page that is its own. */
static struct root_pages *find_root_pages(const struct cfg_cell *header, uint64_t size)
{
	uintptr_t unused = (uintptr_t)public_page.reserved, end = (uintptr_t)(&public_page + 1);

	unused += -unused % _Alignof(struct root_pages);
	if (!header->num_memory_regions && size <= end - unused)
		return (struct root_pages *)unused;
	return pages_alloc((uint32_t)(PAGE_ALIGN(size) >> PAGE_SHIFT), 1);
}

int root_cell_init(const struct config_view *view)
{
	const struct cfg_cell *header = view->cell;
	uint64_t size = sizeof(struct root_pages) + tables_size(header) + header->num_memory_regions;
	struct root_pages *pages = find_root_pages(header, size);
	int error;

	if (!pages)
		return refuse_memory(header);

	root_cell.config = *view;
	root_cell.is_root = true;
	root_cell.fault.starts = 1;
	root_cell.comm = &pages->comm;
	root_cell.room = &pages->room;
	if (CONFIG_CELL_CONSOLE && !cell_console_make(&root_cell))
		return refuse_memory(header);
	root_cell.lent_regions = place_tables(&root_cell, pages + 1, header);
	error = arch_memory_init(&root_cell);
	if (!error)
		error = arch_irq_cell_init(&root_cell, system_config);
	if (!error)
		error = root_memory_init();
	if (!error)
		error = vpci_init(&root_cell, system_config, root_cell.functions);
	return error;
}
