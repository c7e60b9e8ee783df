/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check of a bundle. Directory and parts stand one behind the other, so that no byte belongs to two of them and the
 * checksums cost one look at each. What this version does not know is refused: nothing is skipped.
 */
#include "bulkhead/image.h"
#include "bundle.h"
#include "bundle_internal.h"
#include "config.h"
#include "console.h"
#include "crc32.h"
#include "generated/config.h"

#define FIXED_PARTS	2u	/* the hypervisor and its configuration */

struct bundle_tables bundle;

const char *part_label(struct part_label *label, uint32_t n)
{
	struct bh_bundle_part part = bundle.parts[n];

	part.name[sizeof(part.name) - 1] = '\0';
	format_text(label->text, sizeof(label->text), "part %u \"%s\"", n, part.name);
	return label->text;
}

static uint64_t tables_size(const struct bh_bundle *head)
{
	return sizeof(*head) + (uint64_t)head->num_parts * sizeof(struct bh_bundle_part) +
	       (uint64_t)head->num_cells * sizeof(struct bh_bundle_cell) +
	       (uint64_t)head->num_images * sizeof(struct bh_bundle_image) +
	       (uint64_t)head->num_cpus * sizeof(uint64_t);
}

static int refuse_checksum(const char *what, uint32_t crc, uint32_t expected)
{
	return refuse_invalid("bundle: %pT is damaged (checksum 0x%x instead of 0x%x): load the bundle again", what,
			      crc, expected);
}

static int check_directory(const struct bh_boot_params *boot)
{
	uint64_t offset = boot->bundle_offset, limit = boot->pool_offset;
	const struct bh_bundle *head;
	struct bh_bundle copy;
	uint32_t crc;

	if (offset % BH_BUNDLE_ALIGNMENT || offset < boot->config_offset + boot->config_size || offset >= limit ||
	    limit - offset < sizeof(*head) || !same_bytes(bundle.base + offset, BH_BUNDLE_SIGNATURE, sizeof(head->signature)))
		return refuse_invalid("bundle: there is no directory at 0x%lx, behind the system configuration: make "
				      "the bundle again", offset);
	head = (const void *)(bundle.base + offset);
	if (head->version < BH_BUNDLE_OLDEST || head->version > BH_BUNDLE_VERSION)
		return refuse_invalid("bundle: it has version %u, this hypervisor reads version %u: make it again",
				      head->version, BH_BUNDLE_VERSION);
	if (head->num_cells > CONFIG_MAX_CELLS)
		return refuse_in_words(-EINVAL, "bundle: it has %u cells, this hypervisor is built for %u cells", head->num_cells,
				       CONFIG_MAX_CELLS);
	/* a size that is right and inside bounds all counts */
	if (head->num_cpus != boot->max_cpus || head->size != tables_size(head) ||
	    head->size > limit - offset)
		return refuse_invalid("bundle: the directory is damaged (its counts): load it again");
	copy = *head;
	copy.crc = 0;
	crc = arch_crc32_update(CRC32_START, (const void *)&copy, sizeof(copy));
	crc = ~arch_crc32_update(crc, (const void *)(head + 1), head->size - sizeof(*head));
	bundle.head = head;
	bundle.parts = (const void *)(head + 1);
	bundle.cells = (const void *)(bundle.parts + head->num_parts);
	bundle.images = (const void *)(bundle.cells + head->num_cells);
	bundle.mpidr = (const void *)(bundle.images + head->num_images);
	return crc == head->crc ? 0 : refuse_checksum("the directory", crc, head->crc);
}

static bool is_part(uint32_t n, uint32_t kind)
{
	return n < bundle.head->num_parts && bundle.parts[n].kind == kind;
}

/* What runs, and what it has been configured with by now, have to be what the checksums are of. */
static int check_fixed_parts(const struct bh_image_header *image)
{
	const struct bh_boot_params *boot = &image->boot;
	const struct bh_bundle_part *parts = bundle.parts;
	uint64_t place = 0;
	uint32_t n;

	if (!is_part(0, BH_PART_HYPERVISOR) || parts[0].offset || parts[0].size > image->core_size) {
		n = 0;
	} else if (!is_part(1, BH_PART_SYSTEM) || parts[1].offset != boot->config_offset ||
		   parts[1].size != boot->config_size) {
		n = 1;
		place = boot->config_offset;
	} else {
		return 0;
	}
	return refuse_invalid("bundle: part %u has to be the %pT, at 0x%lx: make the bundle again", n,
			      n ? "system configuration" : "hypervisor", place);
}

/* end: of what stands before the part: of the hypervisor with the areas of its CPUs, of the directory, or of a part */
static int check_place(uint32_t n, uint64_t end, uint64_t limit)
{
	uint64_t start = bundle.parts[n].offset, size = bundle.parts[n].size;
	const char *wrong, *before = "";
	struct part_label label, other;

	if (size == 0 || start % BH_BUNDLE_ALIGNMENT || !range_contains(0, limit, start, size)) {
		wrong = "is empty, not at a multiple of 8 or not inside the bundle";
	} else if (start < end) {
		wrong = "begins before the end of ";
		before = n == FIXED_PARTS ? "the directory" : part_label(&other, n - 1);
	} else {
		return 0;
	}
	return refuse_invalid("bundle: %s [0x%lx, 0x%lx) %pT%pT: make the bundle again", part_label(&label, n), start,
			      start + size, wrong, before);
}

static int check_part(uint32_t n)
{
	const struct bh_bundle_part *part = &bundle.parts[n];
	struct part_label label;
	uint32_t crc;

	if (n >= FIXED_PARTS && part->kind != BH_PART_CELL && part->kind != BH_PART_IMAGE)
		return refuse_invalid("bundle: %s is of kind %u, neither cell nor image: make the bundle with the "
				      "tools of this hypervisor", part_label(&label, n), part->kind);
	crc = ~arch_crc32_update(CRC32_START, bundle.base + part->offset, part->size);
	return crc == part->crc ? 0 : refuse_checksum(part_label(&label, n), crc, part->crc);
}

/* All of them are in their places before the first byte of one is looked at. */
static int check_parts(const struct bh_image_header *image)
{
	const uint32_t count = bundle.head->num_parts;
	int error = check_fixed_parts(image);
	uint64_t end = 0;

	for (uint32_t n = 0; n < count && !error; n++) {
		error = check_place(n, end, image->boot.pool_offset);
		if (n == 0)
			end = image->core_size + image->boot.max_cpus * image->percpu_size;
		else if (n == 1)
			end = image->boot.bundle_offset + bundle.head->size;
		else
			end = bundle.parts[n].offset + bundle.parts[n].size;
	}
	for (uint32_t n = 0; n < count && !error; n++)
		error = check_part(n);
	return error;
}

/* What the cell has that cannot be, NULL if all is well. */
static const char *fault_of_cell(const struct bh_bundle_cell *cell)
{
	if (!is_part(cell->config_part, BH_PART_SYSTEM) &&
	    (!is_part(cell->config_part, BH_PART_CELL) || bundle.parts[cell->config_part].size < sizeof(struct cfg_cell)))
		return "no configuration";
	if (cell->num_images > bundle.head->num_images || cell->first_image > bundle.head->num_images - cell->num_images)
		return "images that are not there";
	for (uint32_t i = 0; i < cell->num_images; i++)
		if (!is_part(bundle.images[cell->first_image + i].part, BH_PART_IMAGE))
			return "an image without a part";
	return cell->on_failure > BH_ON_FAILURE_HALT ? "an unknown on-failure" : NULL;
}

static int check_cell(uint32_t n)
{
	const char *fault = fault_of_cell(&bundle.cells[n]);

	return fault ? refuse_invalid("bundle: cell %u has %pT: make the bundle again", n, fault) : 0;
}

/* Two CPUs of one affinity would be one that comes with the number of whoever asked last. */
static int check_affinities(void)
{
	for (uint32_t n = 1; n < bundle.head->num_cpus; n++)
		for (uint32_t other = 0; other < n; other++)
			if (bundle.mpidr[n] == bundle.mpidr[other])
				return refuse_invalid("bundle: CPUs %u and %u have the same affinity 0x%lx: correct "
						      "mpidr of the board", other, n, bundle.mpidr[n]);
	return 0;
}

int bundle_check(const struct bh_image_header *image)
{
	int error;

	bundle.base = (const uint8_t *)image;
	error = check_directory(&image->boot);
	if (!error)
		error = check_parts(image);
	for (uint32_t n = 0; !error && n < bundle.head->num_cells; n++)
		error = check_cell(n);
	return error ? error : check_affinities();
}

uint64_t bundle_mpidr(uint32_t cpu)
{
	return bundle.mpidr[cpu];
}
