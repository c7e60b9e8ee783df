/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundle of direct boot: its checks, and cells that start from it. */
#include "bundle.h"
#include "bulkhead/bundle.h"
#include "bulkhead/comm_region.h"
#include "cell.h"
#include "cell_internal.h"
#include "cell_memory.h"
#include "console.h"
#include "control.h"
#include "crc32.h"
#include "errors.h"
#include "pages.h"
#include "power.h"
#include "arch/cpu.h"

#define MAX_PARTS	4096u	/* of each table; keeps sums below 2^32 */

/* Frozen by bundle_check() */
static struct {
	const uint8_t *base;
	const struct bh_bundle *head;
	const struct bh_bundle_part *parts;
	const struct bh_bundle_cell *cells;
	const struct bh_bundle_image *images;
	const uint64_t *mpidr;
} bundle;

/* By order in the bundle; management lock */
static struct {
	struct cell *cell;	/* NULL: destroyed, or never made */
	uint32_t restarts;	/* since window_start */
	uint64_t window_start;
} started[CONFIG_MAX_CELLS];

static uint32_t checksum(const void *bytes, uint64_t size)
{
	return ~arch_crc32_update(CRC32_START, bytes, size);
}

static uint64_t tables_size(const struct bh_bundle *head)
{
	return sizeof(*head) + (uint64_t)head->num_parts * sizeof(struct bh_bundle_part) +
	       (uint64_t)head->num_cells * sizeof(struct bh_bundle_cell) +
	       (uint64_t)head->num_images * sizeof(struct bh_bundle_image) +
	       (uint64_t)head->num_cpus * sizeof(uint64_t);
}

static bool has_signature(const struct bh_bundle *head)
{
	static const char signature[sizeof(head->signature)] = BH_BUNDLE_SIGNATURE;

	for (uint32_t i = 0; i < sizeof(signature); i++)
		if (head->signature[i] != signature[i])
			return false;
	return true;
}

static int check_directory(uint64_t limit, uint64_t offset, uint32_t num_cpus)
{
	const struct bh_bundle *head = (const void *)(bundle.base + offset);
	struct bh_bundle copy;
	uint32_t crc;

	if (offset % PAGE_SIZE || offset >= limit || limit - offset < sizeof(*head) || !has_signature(head))
		return refuse(-EINVAL, "bundle: there is no directory at 0x%llx: make the bundle again",
			      (unsigned long long)offset);
	if (head->version != BH_BUNDLE_VERSION)
		return refuse(-EINVAL, "bundle: it has version %u, this hypervisor reads version %u: make it again",
			      head->version, BH_BUNDLE_VERSION);
	if (head->num_parts > MAX_PARTS || head->num_cells > CONFIG_MAX_CELLS || head->num_images > MAX_PARTS ||
	    head->num_cpus != num_cpus || head->size != tables_size(head) || head->size > limit - offset)
		return refuse(-EINVAL, "bundle: the directory is damaged (its counts): load it again");
	copy = *head;
	copy.crc = 0;
	crc = arch_crc32_update(CRC32_START, (const void *)&copy, sizeof(copy));
	crc = ~arch_crc32_update(crc, (const void *)(head + 1), head->size - sizeof(*head));
	if (crc != head->crc)
		return refuse(-EINVAL, "bundle: the directory is damaged (checksum 0x%x instead of 0x%x): load it again",
			      crc, head->crc);
	bundle.head = head;
	bundle.parts = (const void *)(head + 1);
	bundle.cells = (const void *)(bundle.parts + head->num_parts);
	bundle.images = (const void *)(bundle.cells + head->num_cells);
	bundle.mpidr = (const void *)(bundle.images + head->num_images);
	return 0;
}

static const char *part_name(const struct bh_bundle_part *part)
{
	return part->name[sizeof(part->name) - 1] ? "(name without end)" : part->name;
}

static int check_part(uint32_t n, uint64_t limit)
{
	const struct bh_bundle_part *part = &bundle.parts[n];
	uint32_t crc;

	if (part->size == 0 || part->offset % PAGE_SIZE || !range_contains(0, limit, part->offset, part->size))
		return refuse(-EINVAL, "bundle: part %u, \"%s\", [0x%llx, 0x%llx), is not inside the bundle: make it again",
			      n, part_name(part), (unsigned long long)part->offset,
			      (unsigned long long)(part->offset + part->size));
	crc = checksum(bundle.base + part->offset, part->size);
	if (crc != part->crc)
		return refuse(-EINVAL, "bundle: part %u, \"%s\", is damaged (checksum 0x%x instead of 0x%x): load the "
			      "bundle again", n, part_name(part), crc, part->crc);
	return 0;
}

static bool is_part(uint32_t n, uint32_t kind)
{
	return n < bundle.head->num_parts && bundle.parts[n].kind == kind;
}

static bool cell_is_sound(const struct bh_bundle_cell *cell)
{
	if (!is_part(cell->config_part, BH_PART_CELL) && !is_part(cell->config_part, BH_PART_SYSTEM))
		return false;
	if (is_part(cell->config_part, BH_PART_CELL) &&
	    bundle.parts[cell->config_part].size < sizeof(struct cfg_cell))
		return false;
	if (cell->num_images > bundle.head->num_images || cell->first_image > bundle.head->num_images - cell->num_images)
		return false;
	for (uint32_t i = 0; i < cell->num_images; i++)
		if (!is_part(bundle.images[cell->first_image + i].part, BH_PART_IMAGE))
			return false;
	return cell->on_failure <= BH_ON_FAILURE_HALT;
}

/* Two CPUs of one affinity would be one that comes with the number of whoever asked last. */
static int check_affinities(void)
{
	for (uint32_t n = 1; n < bundle.head->num_cpus; n++)
		for (uint32_t other = 0; other < n; other++)
			if (bundle.mpidr[n] == bundle.mpidr[other])
				return refuse(-EINVAL, "bundle: CPUs %u and %u have the same affinity 0x%llx: correct "
					      "mpidr of the board", other, n, (unsigned long long)bundle.mpidr[n]);
	return 0;
}

int bundle_check(const void *base, uint64_t limit, uint64_t offset, uint32_t num_cpus)
{
	int error;

	bundle.base = base;
	error = check_directory(limit, offset, num_cpus);
	for (uint32_t n = 0; !error && n < bundle.head->num_parts; n++)
		error = check_part(n, limit);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		if (!cell_is_sound(&bundle.cells[n]))
			error = refuse(-EINVAL, "bundle: cell %u refers to parts that are not there: make the bundle "
				       "again", n);
	return error ? error : check_affinities();
}

uint64_t bundle_mpidr(uint32_t cpu)
{
	return bundle.mpidr[cpu];
}

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

	if (!image)
		return 0;
	part = &bundle.parts[image->part];
	return refuse(-EINVAL, "bundle: \"%s\" cannot be loaded to [0x%llx, 0x%llx) of cell \"%s\": it has no memory "
		      "that it may write there", part_name(part), (unsigned long long)image->target,
		      (unsigned long long)(image->target + part->size), started[n].cell->config.cell->name);
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
			return refuse(-EINVAL, "bundle: cells %u and %u are both the root cell: make the bundle again",
				      other, n);
		started[n].cell = &root_cell;
		return 0;
	}
	return cell_create_from(bundle.base + part->offset, part->size, &started[n].cell);
}

int bundle_start_cells(void)
{
	int error = 0;

	management_lock();
	refuse_clear();
	root_suspend();
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		error = create_cell(n);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		error = load_at_start(n);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		cell_launch(started[n].cell, bundle.cells[n].argument);
	if (!error)
		console_printf("%u cells run, %u pages free\n", bundle.head->num_cells, pages_total() - pages_used());
	for (uint32_t n = 0; n < bundle.head->num_cells; n++)
		if (started[n].cell && started[n].cell != &root_cell)
			cell_resume_cpus(started[n].cell);
	root_resume();
	management_unlock();
	return error;
}

bool bundle_has_failure_action(const struct cell *cell)
{
	uint32_t n = find_started(cell);

	return n < CONFIG_MAX_CELLS && bundle.cells[n].on_failure != BH_ON_FAILURE_STOP;
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
	struct cell *cell = started[n].cell;

	if (!count_restart(n)) {
		console_printf("cell \"%s\" stays stopped: it was restarted %u times within %u s\n",
			       cell->config.cell->name, started[n].restarts, bundle.cells[n].window_seconds);
		return;
	}
	cell_stop_cpus(cell);
	cell_memory_clean(cell);
	/* the root cell may not have read yet why it was refused something: the console alone tells about this */
	if (load_images(n))
		console_printf("cell \"%s\" stays stopped: its images cannot be loaded again\n", cell->config.cell->name);
	else
		cell_launch(cell, bundle.cells[n].argument);
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
	if (n < CONFIG_MAX_CELLS && cell->comm->cell_state == COMM_STATE_FAILED && cell_is_dead(cell)) {
		if (bundle.cells[n].on_failure == BH_ON_FAILURE_RESTART) {
			restart(n);
		} else if (bundle.cells[n].on_failure == BH_ON_FAILURE_HALT) {
			console_printf("cell \"%s\" has failed, which stops the machine\n", cell->config.cell->name);
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
