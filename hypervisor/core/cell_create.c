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

static int refuse_memory(const struct config_view *view)
{
	return refuse(-ENOMEM, "no memory for %pC: hypervisor memory is too small", view);
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
	struct config_view view;
	struct { struct arch_cell_room room; struct cell cell; } *object;
	struct cfg_cell *copy;
	struct cell *cell;
	uint32_t pages;

	if (offset_in_page + size > MAX_CONFIG_PAGES * PAGE_SIZE)
		return refuse(-E2BIG, "configuration of cell \"%s\" has %llu bytes, at most %u fit", header->name,
			      (unsigned long long)size, CFG_MAX_SIZE);
	pages = (uint32_t)(PAGE_ALIGN(sizeof(*object) + tables_size(header) + size) >> PAGE_SHIFT);
	object = pages_alloc(pages, 1);
	view.cell = header;	/* for the message, which needs nothing else */
	if (!object)
		return refuse_memory(&view);
	cell = &object->cell;
	cell->room = &object->room;
	cell->object_pages = pages;
	copy = place_tables(cell, object + 1, header);
	*copy = *header;
	cell->config.cell = copy;
	*made = cell;
	return 0;
}

static void *behind_header(const struct cell *cell)
{
	return (uint8_t *)(uintptr_t)cell->config.cell + sizeof(struct cfg_cell);
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

/* Room for what it prints, if it may. Without memory, the root cell runs nothing that could read it. */
static bool make_console(struct cell *cell)
{
	if (!CONFIG_CELL_CONSOLE || !(cell->config.cell->flags & CFG_CELL_CONSOLE_PERMITTED) ||
	    !root_cell.config.cell->num_memory_regions)
		return true;
	cell->console = pages_alloc(1, 1);
	return cell->console;
}

/* A cell whose configuration has been checked */
static int build(struct cell *cell)
{
	int error;

	cell->id = (uint16_t)cell->config.cell->id;
	cell->watchdog.period = CONFIG_WATCHDOG ? config_watchdog(&cell->config) : 0;
	cell->comm = pages_alloc(1, 1);
	if (!cell->comm || !make_console(cell))
		return refuse_memory(&cell->config);
	cell->comm->cell_state = COMM_STATE_SHUT_DOWN;
	take_cpus(cell);
	error = take_resources(cell);
	if (error) {
		cell_return_cpus(cell);
		arch_irq_retarget(&root_cell);
		arch_memory_flush(&root_cell);
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
	return 0;
}

/* A cell whose copy of its configuration is whole, with size bytes; if it cannot be, nothing stays of it. */
static int check_and_build(struct cell *cell, uint64_t size, bool by_guest)
{
	int error = check_copy(cell, size, by_guest);

	if (!error)
		error = build(cell);
	if (error)
		cell_free(cell);
	return error;
}

int cell_create_from(const void *config, uint64_t size, struct cell **created)
{
	struct cfg_cell header;
	int error;

	__builtin_memcpy(&header, config, sizeof(header));
	header.name[CFG_NAME_LEN - 1] = '\0';
	error = check_identity(&header);
	if (!error)
		error = make_object(&header, 0, created);
	if (error)
		return error;
	__builtin_memcpy(behind_header(*created), (const uint8_t *)config + sizeof(header),
			 MIN(size, config_size(&header)) - sizeof(header));
	error = check_and_build(*created, size, false);
	if (error)
		*created = NULL;
	else
		cell_memory_scrub(*created);
	return error;
}

static int create(guest_addr_t address, struct cell **created)
{
	struct cfg_cell header;
	uint64_t size;
	int error = copy_from_root(&header, address, sizeof(header));

	if (error)
		return error;
	header.name[CFG_NAME_LEN - 1] = '\0';
	error = check_identity(&header);
	if (!error)
		error = make_object(&header, address.value & ~PAGE_MASK, created);
	if (error)
		return error;
	size = config_size(&header);
	error = copy_from_root(behind_header(*created), GUEST_ADDR(address.value + sizeof(header)), size - sizeof(header));
	if (error)
		cell_free(*created);
	else
		error = check_and_build(*created, size, true);
	if (!error)
		cells_notify_reconfigured();
	return error;
}

int cell_create(guest_addr_t config)
{
	struct cell *cell = NULL;
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
	const struct cfg_cell *header = view->cell;
	/* no guest sees its communication region: others can be behind it in its page */
	struct { struct comm_region comm; struct arch_cell_room room; } *pages;
	uint64_t size = sizeof(*pages) + tables_size(header) + header->num_memory_regions;
	int error;

	pages = pages_alloc((uint32_t)(PAGE_ALIGN(size) >> PAGE_SHIFT), 1);
	if (!pages)
		return refuse_memory(view);

	root_cell.config = *view;
	root_cell.is_root = true;
	root_cell.fault.starts = 1;
	root_cell.comm = &pages->comm;
	root_cell.room = &pages->room;
	if (!make_console(&root_cell))
		return refuse_memory(view);
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
