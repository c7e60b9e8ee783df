/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells that start from a bundle, and what happens when they fail. */
#include "bundle.h"
#include "bulkhead/comm_region.h"
#include "bulkhead/image.h"
#include "bundle_internal.h"
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "console.h"
#include "control.h"
#include "pages.h"
#include "power.h"
#include "arch/cpu.h"

/* By order in the bundle; management lock */
static struct {
	struct cell *cell;	/* NULL: destroyed, or never made */
	uint32_t restarts;	/* since window_start */
	uint64_t window_start;
} started[CONFIG_MAX_CELLS];

/* The image that cannot be loaded, NULL if all are. */
static const struct bh_bundle_image *load_images(uint32_t n)
{
	const struct bh_bundle_cell *entry = &bundle.cells[n];

	for (uint32_t i = 0; i < entry->num_images; i++) {
		const struct bh_bundle_image *image = &bundle.images[entry->first_image + i];
		const struct bh_bundle_part *part = &bundle.parts[image->part];

		if (cell_memory_load(started[n].cell, GUEST_ADDR(image->target), bundle.base + part->offset, part->size))
			return image;
	}
	return NULL;
}

static int load_at_start(uint32_t n)
{
	const struct bh_bundle_image *image = load_images(n);
	const struct bh_bundle_part *part;
	struct part_label label;

	if (!image)
		return 0;
	part = &bundle.parts[image->part];
	return refuse_invalid("bundle: %s cannot be loaded to [0x%lx, 0x%lx) of %pC: it has no memory that it may "
			      "write there", part_label(&label, image->part), image->target, image->target + part->size,
			      &started[n].cell->config);
}

static uint32_t find_started(const struct cell *cell)
{
	uint32_t n = 0;

	while (n < CONFIG_MAX_CELLS && (!cell || started[n].cell != cell))
		n++;
	return n;
}

static int create_cell(uint32_t n)
{
	const struct bh_bundle_part *part = &bundle.parts[bundle.cells[n].config_part];

	if (part->kind == BH_PART_SYSTEM) {
		uint32_t other = find_started(&root_cell);

		if (other < CONFIG_MAX_CELLS)
			return refuse_invalid("bundle: cells %u and %u are both the root cell: make the bundle "
					      "again", other, n);
		started[n].cell = &root_cell;
		return 0;
	}
	return cell_create_from(bundle.base + part->offset, part->size, &started[n].cell);
}

/*
 * What is behind the directory becomes memory like any other, if no cell is ever loaded from there again. Configurations have
 * been copied.
 */
static void release_parts(void)
{
	const struct bh_image_header *image = (const void *)bundle.base;
	uintptr_t start = PAGE_ALIGN((uintptr_t)bundle.head + bundle.head->size);

	for (uint32_t n = 0; n < bundle.head->num_cells; n++)
		if (bundle.cells[n].on_failure == BH_ON_FAILURE_RESTART)
			return;
	pages_add((void *)start, (uint32_t)(((uintptr_t)image + image->boot.pool_offset - start) >> PAGE_SHIFT));
}

int bundle_start_cells(void)
{
	int error = 0;

	management_lock();
	refuse_clear();
	cell_suspend_cpus(&root_cell);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		error = create_cell(n);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		error = load_at_start(n);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		cell_launch(started[n].cell, bundle.cells[n].argument);
	if (!error) {
		release_parts();
		console_printf("%u cells run, %u pages free\n", bundle.head->num_cells, pages_total() - pages_used());
	}
	for (uint32_t n = 0; n < bundle.head->num_cells; n++)
		if (started[n].cell && started[n].cell != &root_cell)
			cell_resume_cpus(started[n].cell);
	cell_resume_cpus(&root_cell);
	management_unlock();
	return error;
}

/* One more restart, if there may be one now. */
static bool count_restart(uint32_t n)
{
	const struct bh_bundle_cell *entry = &bundle.cells[n];
	uint64_t window = (uint64_t)entry->window_seconds * arch_ticks_per_second();

	if (started[n].restarts == 0 || (window && arch_ticks() - started[n].window_start > window)) {
		started[n].window_start = arch_ticks();
		started[n].restarts = 0;
	}
	if (entry->max_restarts && started[n].restarts >= entry->max_restarts)
		return false;
	started[n].restarts++;
	return true;
}

static void restart(uint32_t n)
{
	const struct bh_bundle_image *image;
	struct cell *cell = started[n].cell;

	if (!count_restart(n)) {
		console_printf_about(cell, "%pC stays stopped: it was restarted %u times, as often as its on-failure allows\n",
			       &cell->config, started[n].restarts);
		return;
	}
	cell_stop_cpus(cell);
	/* this one, too: what came for the guest that failed is not the next one's */
	arch_cpu_park();
	look_unlock();		/* large memory takes long */
	image = load_images(n);
	if (!image)
		cell_memory_clean(cell);
	look_lock();
	/* the root cell may not have read yet why it was refused something: the console alone tells about this */
	if (image) {
		console_printf_about(cell, "%pC stays stopped: its images cannot be loaded again\n", &cell->config);
	} else {
		cell->restarts++;
		cell_launch(cell, bundle.cells[n].argument);
	}
	cell_resume_cpus(cell);
}

void bundle_cell_failed(void)
{
	struct cell *cell;
	uint32_t n;

	management_lock();
	/* while this CPU waited, its cell may have been restarted or destroyed by somebody else */
	cell = this_cpu()->cell;
	n = find_started(cell);
	if (n < CONFIG_MAX_CELLS && cell->comm->cell_state == COMM_STATE_FAILED && cell_has_ended(cell) && cell->failed) {
		if (bundle.cells[n].on_failure == BH_ON_FAILURE_RESTART) {
			restart(n);
		} else if (bundle.cells[n].on_failure == BH_ON_FAILURE_HALT) {
			console_printf("%pC has failed, which stops the machine\n", &cell->config);
			machine_end(false);
		}
	}
	management_unlock();
}

void bundle_forget(const struct cell *cell)
{
	uint32_t n = find_started(cell);

	if (n < CONFIG_MAX_CELLS)
		started[n].cell = NULL;
}
