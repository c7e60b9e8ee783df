/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Creation of cells, the root cell included. The order of the checks is that of the ABI; all of them come before the
 * first change, what can fail later is undone.
 */
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "cell_message.h"
#include "console.h"
#include "control.h"
#include "errors.h"
#include "pages.h"
#include "setup.h"
#include "trace.h"
#include "vpci.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/memory.h"

#define MAX_CONFIG_PAGES	(CFG_MAX_SIZE / PAGE_SIZE)
#define MAX_CELL_ID		255

/* The root cell's configuration may map what is no memory: such reads fail instead of faulting. Words where it can be. */
static bool copy_from_page(uint8_t *to, host_addr_t host, uint64_t size)
{
	volatile uint8_t *from = arch_window(host);

	while (size) {
		uint32_t chunk = size >= 8 && !((uintptr_t)from & 7) ? 8 : 1;
		uint64_t value = 0;

		if (!arch_device_access(from, &value, chunk, false))
			return false;
		__builtin_memcpy(to, &value, chunk);
		from += chunk;
		to += chunk;
		size -= chunk;
	}
	return true;
}

static int copy_from_root(void *to, guest_addr_t from, uint64_t size)
{
	uint8_t *next = to;

	while (size) {
		uint64_t chunk = MIN(PAGE_SIZE - (from.value & ~PAGE_MASK), size);
		host_addr_t host;

		if (!arch_memory_lookup(&root_cell, from, false, &host) || !copy_from_page(next, host, chunk))
			return refuse(-ENOMEM, "the configuration is not in the root cell's memory (0x%llx)",
				      (unsigned long long)from.value);
		next += chunk;
		from.value += chunk;
		size -= chunk;
	}
	return 0;
}

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
		return refuse(-ENOMEM, "%pC would be one too many: this hypervisor is built for %u cells", view,
			      CONFIG_MAX_CELLS);
	for (struct cell *cell = &root_cell; cell; cell = cell->next)
		cells[count++] = &cell->config;
	return config_check_cell(view, &platform, cells, count);
}

/* A whole copy, of which size bytes were there. by_guest: the caller's CPU stays with the root cell. */
static int check_copy(struct config_view *view, const struct cfg_cell *copy, uint64_t size, bool by_guest)
{
	int error = config_view_init(view, copy, size);

	if (!error && by_guest)
		error = check_caller_is_kept(view);
	if (!error)
		error = check_cpus(view);
	return error ? error : check_against_cells(view);
}

/* Pages for the hypervisor's own copy of a configuration with this header: nobody can change what is checked. */
static int make_room(const struct cfg_cell *header, uint64_t offset_in_page, struct cfg_cell **copy, uint32_t *pages)
{
	uint64_t size = config_size(header);

	if (offset_in_page + size > MAX_CONFIG_PAGES * PAGE_SIZE)
		return refuse(-E2BIG, "configuration of cell \"%s\" has %llu bytes, at most %u fit", header->name,
			      (unsigned long long)size, CFG_MAX_SIZE);
	*pages = (uint32_t)(PAGE_ALIGN(size) >> PAGE_SHIFT);
	*copy = pages_alloc(*pages, 1);
	if (!*copy)
		return refuse(-ENOMEM, "no memory for the configuration of cell \"%s\": hypervisor memory is too small",
			      header->name);
	**copy = *header;
	return 0;
}

static int fetch_config(guest_addr_t address, struct config_view *view, uint32_t *pages)
{
	struct cfg_cell header, *copy;
	uint64_t size;
	int error = copy_from_root(&header, address, sizeof(header));

	if (error)
		return error;
	header.name[CFG_NAME_LEN - 1] = '\0';
	error = check_identity(&header);
	if (!error)
		error = make_room(&header, address.value & ~PAGE_MASK, &copy, pages);
	if (error)
		return error;
	size = config_size(&header);
	error = copy_from_root(copy + 1, GUEST_ADDR(address.value + sizeof(header)), size - sizeof(header));
	if (!error)
		error = check_copy(view, copy, size, true);
	if (error)
		pages_free(copy, *pages);
	return error;
}

/* Object, window tables and functions in one piece. */
static uint64_t object_size(const struct config_view *view, uint32_t *fixed, uint32_t *movable)
{
	*fixed = ARCH_IRQ_WINDOWS + 1 + subpage_windows(view);
	*movable = vpci_movable_windows(view);
	return sizeof(struct cell) + (uint64_t)(*fixed + *movable) * sizeof(struct mmio_window) +
	       (uint64_t)view->cell->num_pci_devices * sizeof(struct vpci_function);
}

static void place_tables(struct cell *cell, void *tables, uint32_t fixed, uint32_t movable)
{
	struct mmio_window *windows = tables;

	mmio_map_init(&cell->mmio, windows, fixed, movable);
	cell->functions = (struct vpci_function *)(windows + fixed + movable);
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
	if (error) {
		arch_irq_cell_exit(cell, system_config);
		return error;
	}
	error = cell_memory_take(cell);
	if (error) {
		cell_memory_return(cell);
		vpci_exit(cell);
		arch_irq_cell_exit(cell, system_config);
	}
	return error;
}

static int refuse_memory(const struct config_view *view)
{
	return refuse(-ENOMEM, "no memory for %pC: hypervisor memory is too small", view);
}

/* Room for what it prints, if it may. */
static bool make_console(struct cell *cell)
{
	if (!(cell->config.cell->flags & CFG_CELL_CONSOLE_PERMITTED))
		return true;
	cell->console = pages_alloc(1, 1);
	return cell->console;
}

/* view: what has been checked, with config_pages that belong to the cell now, whether it works or not */
static int build(const struct config_view *view, uint32_t config_pages, struct cell **created)
{
	uint32_t object_pages, fixed, movable;
	struct cell *cell;
	int error;

	object_pages = (uint32_t)(PAGE_ALIGN(object_size(view, &fixed, &movable)) >> PAGE_SHIFT);
	cell = pages_alloc(object_pages, 1);
	if (!cell) {
		error = refuse_memory(view);
		pages_free((void *)view->cell, config_pages);
		return error;
	}
	cell->config = *view;
	cell->config_pages = config_pages;
	cell->object_pages = object_pages;
	cell->id = (uint16_t)view->cell->id;
	cell->watchdog.period = config_watchdog(view);
	place_tables(cell, cell + 1, fixed, movable);
	cell->comm = pages_alloc(1, 1);
	if (!cell->comm || !make_console(cell)) {
		error = refuse_memory(view);
		cell_free(cell);
		return error;
	}
	cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
	take_cpus(cell);
	error = take_resources(cell);
	if (error) {
		cell_return_cpus(cell);
		arch_irq_retarget(&root_cell);
		arch_memory_flush(&root_cell);
		cell_free(cell);
		return error;
	}
	/* SPIs that left the root cell may have been routes of its devices */
	vpci_reroute(&root_cell);
	/* and the CPUs that left it targets of its interrupts */
	arch_irq_retarget(&root_cell);
	arch_irq_cell_reset(cell);
	arch_irq_retarget(cell);
	arch_memory_flush(cell);
	cell_link(cell);
	console_printf("%pC created\n", &cell->config);
	*created = cell;
	return 0;
}

int cell_create_from(const void *config, uint64_t size, struct cell **created)
{
	struct cfg_cell header, *copy;
	struct config_view view;
	uint32_t pages;
	int error;

	__builtin_memcpy(&header, config, sizeof(header));
	header.name[CFG_NAME_LEN - 1] = '\0';
	error = check_identity(&header);
	if (!error)
		error = make_room(&header, 0, &copy, &pages);
	if (error)
		return error;
	__builtin_memcpy(copy + 1, (const uint8_t *)config + sizeof(header),
			 MIN(size, config_size(&header)) - sizeof(header));
	error = check_copy(&view, copy, size, false);
	if (error) {
		pages_free(copy, pages);
		return error;
	}
	error = build(&view, pages, created);
	if (!error)
		cell_memory_scrub(*created);
	return error;
}

static int create(guest_addr_t address, struct cell **cell)
{
	struct config_view view;
	uint32_t config_pages;
	int error = fetch_config(address, &view, &config_pages);

	if (!error)
		error = build(&view, config_pages, cell);
	if (!error)
		cells_notify_reconfigured();
	return error;
}

int cell_create(guest_addr_t config)
{
	struct cell *cell;
	int error;

	if (!management_begin())
		return -EPERM;
	root_suspend();
	/* all other root CPUs are suspended, so nobody is in the middle of deciding */
	if (cell_locks_reconfiguration(NULL))
		error = -EPERM;
	else if (hypervisor_is_ending())
		error = refuse(-EBUSY, "the hypervisor is being disabled: no cell can be created");
	else
		error = create(config, &cell);
	root_resume();
	if (!error) {
		/* they park; but one that waits to look would keep all who wait behind it from that, this CPU first */
		cell_resume_cpus(cell);
		/* it can neither be loaded nor started before; its memory may be large, and root CPUs run and look meanwhile */
		look_unlock();
		cell_memory_scrub(cell);
		look_lock();
	}
	management_unlock();
	return error;
}

int root_cell_init(const struct config_view *view)
{
	uint32_t fixed, movable, pages;
	uint64_t size, lent;
	void *tables;
	int error;

	root_cell.config = *view;
	root_cell.id = 0;
	root_cell.is_root = true;
	root_cell.fault.starts = 1;
	size = object_size(view, &fixed, &movable) - sizeof(struct cell);
	lent = size;
	size += view->cell->num_memory_regions;
	pages = (uint32_t)(PAGE_ALIGN(size) >> PAGE_SHIFT);
	tables = pages_alloc(MAX(pages, 1U), 1);
	root_cell.comm = pages_alloc(1, 1);
	if (!tables || !root_cell.comm || !make_console(&root_cell))
		return refuse(-ENOMEM, "hypervisor memory is too small for the root cell");
	root_cell.lent_regions = (uint8_t *)tables + lent;
	place_tables(&root_cell, tables, fixed, movable);
	error = arch_memory_init(&root_cell);
	if (!error)
		error = arch_irq_cell_init(&root_cell, system_config);
	if (!error)
		error = root_memory_init();
	if (!error)
		error = vpci_init(&root_cell, system_config, root_cell.functions);
	return error;
}
