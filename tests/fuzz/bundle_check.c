/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target: bundles by somebody who can make checksums, but lies. What is accepted and what is refused is
 * compared with rules of our own, made from include/bulkhead/bundle.h. Checksums are not made of more bytes than there
 * are, and a reason is one line that names the damaged part.
 *
 * Input: edits of 8 bytes { kind, index, where (2, little-endian), value (4, little-endian) }.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include "bulkhead/bundle.h"
#include "bulkhead/cell_config.h"
#include "bulkhead/image.h"
#include "bundle.h"
#include "console.h"
#include "crc32.h"
#include "host.h"
#include "generated/config.h"

#define CPUS		2u
#define PAGES		11u
#define FILE_SIZE	(PAGES * PAGE_SIZE)
#define SYSTEM_PAGE	3u	/* behind the image and the areas of two CPUs */
#define DIR_PAGE	4u
#define ROOM		8u	/* of each table */
#define IMAGE_ROOM	300u	/* more than a page of them */
#define MAX_RANGES	(2 * PAGES)	/* more cannot be apart: each begins at a page */
#define CHECK(rule)	((rule) ? (void)0 : host_abort(__FILE__, __LINE__, #rule))

enum edit_kind {
	EDIT_PART_KIND,
	EDIT_PART_PLACE,	/* to a page, rarely not to its begin */
	EDIT_PART_SIZE,
	EDIT_PART_NUMBER,	/* offset or size: any number */
	EDIT_PART_SWAP,
	EDIT_PART_NAME,
	EDIT_CELL,
	EDIT_IMAGE,
	EDIT_MPIDR,
	EDIT_COUNT,
	EDIT_BOOT,		/* where the image header says that things are */
	EDIT_RAW,		/* a word of the directory, as it is packed */
	EDIT_DAMAGE,		/* a byte, when all checksums have been made */
	NUM_EDITS
};

struct edit {
	uint8_t kind;
	uint8_t index;
	uint16_t where;
	uint32_t value;
};

/* What judge() says beside the number of a damaged part */
#define GOOD		-1
#define REFUSED		-2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Before it is packed */
static struct {
	struct bh_bundle head;
	struct bh_bundle_part parts[ROOM];
	struct bh_bundle_cell cells[ROOM];
	struct bh_bundle_image images[IMAGE_ROOM];
	uint64_t mpidr[ROOM];
} model;

static uint8_t content[FILE_SIZE] __attribute__((aligned(4096)));
static uint8_t before[FILE_SIZE];
static struct bh_image_header *const header = (void *)content;

/* How many bytes of the file checksums were made of */
static uint64_t looked_at;

uint32_t arch_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	/* but for the header of the directory, of which a copy is made */
	if (bytes >= content && bytes < content + FILE_SIZE)
		looked_at += size;
	else
		CHECK(size == sizeof(struct bh_bundle));
	return crc32_update(crc, bytes, size);
}

static uint32_t crc_by_definition(const uint8_t *bytes, uint64_t size)
{
	static uint32_t of_byte[256];
	uint32_t crc = 0xffffffff;

	for (uint32_t byte = 0; byte < 256 && !of_byte[255]; byte++) {
		of_byte[byte] = byte;
		for (uint32_t bit = 0; bit < 8; bit++)
			of_byte[byte] = of_byte[byte] & 1 ? of_byte[byte] >> 1 ^ 0xedb88320 : of_byte[byte] >> 1;
	}
	for (uint64_t i = 0; i < size; i++)
		crc = crc >> 8 ^ of_byte[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

/* A cell with an image, another cell that has two of them, and a part that nobody refers to */
static void make_model(void)
{
	static const struct bh_bundle_part parts[] = {
		{ .kind = BH_PART_HYPERVISOR, .size = 300, .name = "hypervisor" },
		{ .kind = BH_PART_SYSTEM, .offset = SYSTEM_PAGE * PAGE_SIZE, .size = 96, .name = "system" },
		{ .kind = BH_PART_CELL, .offset = 5 * PAGE_SIZE, .size = sizeof(struct cfg_cell) + 8, .name = "a" },
		{ .kind = BH_PART_CELL, .offset = 6 * PAGE_SIZE, .size = sizeof(struct cfg_cell), .name = "b" },
		{ .kind = BH_PART_IMAGE, .offset = 7 * PAGE_SIZE, .size = 1, .name = "small" },
		{ .kind = BH_PART_IMAGE, .offset = 8 * PAGE_SIZE, .size = 200, .name = "large" },
		{ .kind = BH_PART_IMAGE, .offset = 10 * PAGE_SIZE, .size = 40, .name = "unused" },
	};

	memset(&model, 0, sizeof(model));
	memcpy(model.head.signature, BH_BUNDLE_SIGNATURE, sizeof(model.head.signature));
	model.head.version = BH_BUNDLE_VERSION;
	model.head.num_parts = ARRAY_SIZE(parts);
	model.head.num_cells = 2;
	model.head.num_images = 3;
	model.head.num_cpus = CPUS;
	memcpy(model.parts, parts, sizeof(parts));
	for (uint32_t n = 0; n < IMAGE_ROOM; n++)
		model.images[n].part = 4 + n % 2;
	for (uint32_t n = 0; n < ROOM; n++) {
		model.cells[n] = (struct bh_bundle_cell){ .config_part = 2, .num_images = 1 };
		model.mpidr[n] = n;
	}
	model.cells[1] = (struct bh_bundle_cell){ .config_part = 3, .first_image = 1, .num_images = 2, .on_failure = 2 };

	memset(content, 0x5a, sizeof(content));
	memset(content, 0, sizeof(*header));
	header->core_size = PAGE_SIZE;
	header->percpu_size = PAGE_SIZE;
	header->boot.max_cpus = CPUS;
	header->boot.config_offset = SYSTEM_PAGE * PAGE_SIZE;
	header->boot.config_size = 96;
	header->boot.bundle_offset = DIR_PAGE * PAGE_SIZE;
	header->boot.pool_offset = FILE_SIZE;
}

static void edit_part(const struct edit *edit)
{
	struct bh_bundle_part *part = &model.parts[edit->index % ROOM], *other = &model.parts[edit->where % ROOM], copy;
	const uint64_t number = edit->value % 4 ? (uint64_t)edit->value << edit->where % 40 : -(uint64_t)edit->value;

	switch (edit->kind % NUM_EDITS) {
	case EDIT_PART_KIND:
		part->kind = edit->value >> 24 ? edit->value % 6 : edit->value;
		break;
	case EDIT_PART_PLACE:
		part->offset = edit->where % (PAGES + 1) * PAGE_SIZE + (edit->value >> 28 ? 0 : edit->value >> 27 ? edit->value % PAGE_SIZE :
			       edit->value % PAGE_SIZE & ~7u);
		break;
	case EDIT_PART_SIZE:
		part->size = edit->value % (3 * PAGE_SIZE);
		break;
	case EDIT_PART_NUMBER:
		*(edit->where & 0x8000 ? &part->offset : &part->size) = number;
		break;
	case EDIT_PART_NAME:
		memset(part->name + edit->where % sizeof(part->name), (int)edit->value,
		       sizeof(part->name) - edit->where % sizeof(part->name));
		break;
	case EDIT_PART_SWAP:
		copy = *part;
		*part = *other;
		*other = copy;
		break;
	}
}

static void edit_boot(const struct edit *edit)
{
	struct bh_boot_params *boot = &header->boot;
	const uint64_t page = edit->value % (PAGES + 1) * PAGE_SIZE;

	switch (edit->index % 4) {
	case 0:
		boot->config_offset = edit->where % 8 ? page : (uint64_t)edit->value << 32;
		if (edit->where & 0x8000)
			model.parts[1].offset = boot->config_offset;
		break;
	case 1:
		boot->config_size = edit->where % 8 ? edit->value % PAGE_SIZE : -page;
		break;
	case 2:
		boot->bundle_offset = edit->where % 8 == 0 ? (uint64_t)edit->value << edit->where % 37 :
				      edit->where % 8 == 1 ? page + 8 * (edit->where % 600) : page;
		break;
	case 3:
		/* the launcher has put so much there */
		boot->pool_offset = MIN(MAX(page + edit->where % 1024 - 128, PAGE_SIZE), FILE_SIZE);
		break;
	}
}

static void apply(const struct edit *edit)
{
	const uint32_t small = edit->value % 10, any = edit->value >> 28 ? small : edit->value;
	struct bh_bundle_cell *cell = &model.cells[edit->index % ROOM];
	uint32_t *const counts[] = { &model.head.num_parts, &model.head.num_cells, &model.head.num_images,
				     &model.head.num_cpus, &model.head.size };

	switch (edit->kind % NUM_EDITS) {
	case EDIT_CELL:
		*(edit->where % 4 == 0 ? &cell->config_part : edit->where % 4 == 1 ? &cell->first_image :
		  edit->where % 4 == 2 ? &cell->num_images : &cell->on_failure) = any;
		break;
	case EDIT_IMAGE:
		model.images[edit->index % ROOM].part = any;
		break;
	case EDIT_MPIDR:
		model.mpidr[edit->index % ROOM] = any;
		break;
	case EDIT_COUNT:
		*counts[edit->where % ARRAY_SIZE(counts)] = edit->value % (ROOM + 1);
		if (edit->where & 0x8000)
			model.head.num_images = edit->value % IMAGE_ROOM;
		break;
	case EDIT_BOOT:
		edit_boot(edit);
		break;
	case EDIT_RAW:
	case EDIT_DAMAGE:
		break;		/* later */
	default:
		edit_part(edit);
		break;
	}
}

static uint8_t *put(uint8_t *to, const void *from, uint64_t size)
{
	memcpy(to, from, size);
	return to + size;
}

static bool is_in_file(uint64_t offset, uint64_t size)
{
	return offset <= FILE_SIZE && size <= FILE_SIZE - offset;
}

/* Where the image header says that it is, if that can be */
static uint8_t *pack_directory(void)
{
	const uint64_t offset = header->boot.bundle_offset;
	uint8_t *at;

	/* an edit has said how much more, if any */
	model.head.size += (uint32_t)(sizeof(model.head) + model.head.num_parts * sizeof(model.parts[0]) +
				     model.head.num_cells * sizeof(model.cells[0]) +
				     model.head.num_images * sizeof(model.images[0]) +
				      model.head.num_cpus * sizeof(model.mpidr[0]));
	if (offset % 8 || !is_in_file(offset, 2 * PAGE_SIZE) || offset < PAGE_SIZE)
		return NULL;
	at = content + offset;
	at = put(at, &model.head, sizeof(model.head));
	at = put(at, model.parts, model.head.num_parts * sizeof(model.parts[0]));
	at = put(at, model.cells, model.head.num_cells * sizeof(model.cells[0]));
	at = put(at, model.images, model.head.num_images * sizeof(model.images[0]));
	put(at, model.mpidr, model.head.num_cpus * sizeof(model.mpidr[0]));
	return content + offset;
}

/* Checksums of the parts that are in the file, then that of the directory with what was edited in it. */
static void seal(const struct edit *edits, size_t count)
{
	struct bh_bundle_part *parts;
	struct bh_bundle *head;
	uint8_t *dir;

	dir = pack_directory();
	if (!dir)
		return;
	head = (void *)dir;
	parts = (void *)(head + 1);
	for (size_t n = 0; n < count; n++)
		if (edits[n].kind % NUM_EDITS == EDIT_RAW)
			memcpy(dir + (edits[n].where & ~3u) % model.head.size, &edits[n].value, 4);
	for (uint32_t n = 0; n < model.head.num_parts; n++)
		if (is_in_file(parts[n].offset, parts[n].size))
			parts[n].crc = crc_by_definition(content + parts[n].offset, parts[n].size);
	head->crc = 0;
	if (is_in_file(header->boot.bundle_offset, head->size))
		head->crc = crc_by_definition(dir, head->size);
}

static void damage(const struct edit *edits, size_t count)
{
	const uint32_t start = sizeof(*header);

	for (size_t n = 0; n < count; n++)
		if (edits[n].kind % NUM_EDITS == EDIT_DAMAGE)
			content[start + (edits[n].where | (uint32_t)edits[n].index << 16) % (FILE_SIZE - start)] ^=
				(uint8_t)edits[n].value;
}

/* --- what is right, by other means than the check's */

struct range {
	__uint128_t start, end;
};

/* Inside of what was loaded, apart from all others, and behind them */
static bool is_apart(const struct range *ranges, uint32_t n)
{
	if (ranges[n].end > header->boot.pool_offset)
		return false;
	for (uint32_t other = 0; other < n; other++)
		if (MAX(ranges[n].start, ranges[other].start) < MIN(ranges[n].end, ranges[other].end) ||
		    ranges[n].start < ranges[other].start)
			return false;
	return true;
}

static bool directory_is_right(const struct bh_bundle *head)
{
	const __uint128_t needs = sizeof(*head) + (__uint128_t)head->num_parts * 64 + (__uint128_t)head->num_cells * 32 +
				  (__uint128_t)head->num_images * 16 + (__uint128_t)head->num_cpus * 8;
	struct bh_bundle blank = *head;
	uint8_t *copy;
	bool right;

	if (memcmp(head->signature, "BHBUNDLE", 8) || head->version < 1 || head->version > 2 || head->num_cpus != CPUS ||
	    head->num_cells > CONFIG_MAX_CELLS || head->size != needs || header->boot.bundle_offset + needs > header->boot.pool_offset)
		return false;
	copy = malloc(head->size);
	CHECK(copy);
	memcpy(copy, head, head->size);
	blank.crc = 0;
	memcpy(copy, &blank, sizeof(blank));
	right = crc_by_definition(copy, head->size) == head->crc;
	free(copy);
	return right;
}

static bool parts_are_right(const struct bh_bundle *head, const struct bh_bundle_part *parts)
{
	const struct bh_boot_params *boot = &header->boot;
	struct range ranges[MAX_RANGES];
	uint32_t count = 0;

	if (head->num_parts < 2 || parts[0].kind != 1 || parts[1].kind != 2 || parts[0].offset != 0 ||
	    parts[0].size > header->core_size || parts[1].offset != boot->config_offset ||
	    parts[1].size != boot->config_size)
		return false;
	for (uint32_t n = 0; n < head->num_parts; n++) {
		if (parts[n].size == 0 || parts[n].offset % 8 || (n >= 2 && parts[n].kind != 3 && parts[n].kind != 4) ||
		    n >= MAX_RANGES - 1)
			return false;
		ranges[count++] = (struct range){ parts[n].offset, (__uint128_t)parts[n].offset + parts[n].size };
		if (!is_apart(ranges, count - 1))
			return false;
		/* it has more than its file: variables, and an area for each CPU */
		if (n == 0)
			ranges[0].end = SYSTEM_PAGE * PAGE_SIZE;
		if (n == 1) {
			ranges[count++] = (struct range){ boot->bundle_offset, boot->bundle_offset + head->size };
			if (!is_apart(ranges, count - 1))
				return false;
		}
	}
	return true;
}

static bool cells_are_right(const struct bh_bundle *head, const struct bh_bundle_part *parts)
{
	const struct bh_bundle_cell *cells = (const void *)(parts + head->num_parts);
	const struct bh_bundle_image *images = (const void *)(cells + head->num_cells);
	const uint64_t *mpidr = (const void *)(images + head->num_images);

	for (uint32_t n = 0; n < head->num_cells; n++) {
		const uint64_t end = (uint64_t)cells[n].first_image + cells[n].num_images;

		if (cells[n].config_part >= head->num_parts || end > head->num_images || cells[n].on_failure > 2)
			return false;
		if (parts[cells[n].config_part].kind != 2 && (parts[cells[n].config_part].kind != 3 ||
							      parts[cells[n].config_part].size < sizeof(struct cfg_cell)))
			return false;
		for (uint64_t i = cells[n].first_image; i < end; i++)
			if (images[i].part >= head->num_parts || parts[images[i].part].kind != 4)
				return false;
	}
	return mpidr[0] != mpidr[1];
}

/* GOOD, REFUSED, or the first part whose checksum is wrong */
static int judge(void)
{
	const struct bh_boot_params *boot = &header->boot;
	const struct bh_bundle_part *parts;
	const struct bh_bundle *head;

	if (boot->bundle_offset % 8 || !is_in_file(boot->bundle_offset, sizeof(*head)) ||
	    boot->bundle_offset + sizeof(*head) > boot->pool_offset)
		return REFUSED;
	head = (const void *)(content + boot->bundle_offset);
	parts = (const void *)(head + 1);
	if (!directory_is_right(head) || !parts_are_right(head, parts))
		return REFUSED;
	for (uint32_t n = 0; n < head->num_parts; n++)
		if (crc_by_definition(content + parts[n].offset, parts[n].size) != parts[n].crc)
			return (int)n;
	return cells_are_right(head, parts) ? GOOD : REFUSED;
}

static void check_reason(int verdict)
{
	char part[40];

	CHECK(!strncmp(host_reason(), "bundle: ", 8));
	for (const char *c = host_reason(); *c; c++)
		CHECK(*c >= ' ' && *c <= '~');
	if (verdict >= 0) {
		snprintf(part, sizeof(part), "bundle: part %d \"", verdict);
		CHECK(!strncmp(host_reason(), part, strlen(part)) && strstr(host_reason(), "\" is damaged (checksum 0x"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t count = size / sizeof(struct edit);
	struct edit *edits = malloc(size + 1);
	uint64_t loaded;
	int error, verdict;

	CHECK(edits);
	memcpy(edits, data, count * sizeof(*edits));
	make_model();
	for (size_t n = 0; n < count; n++)
		apply(&edits[n]);
	seal(edits, count);
	damage(edits, count);
	free(edits);

	/* what is read beyond what was loaded is found */
	loaded = header->boot.pool_offset;
	memcpy(before, content, loaded);
	ASAN_POISON_MEMORY_REGION(content + loaded, FILE_SIZE - loaded);
	looked_at = 0;
	refuse_clear();
	error = bundle_check(header);
	verdict = judge();
	CHECK((error == 0) == (verdict == GOOD));
	CHECK(looked_at <= loaded);
	if (error)
		check_reason(verdict);
	else
		CHECK(bundle_mpidr(0) != bundle_mpidr(1) && !host_reason()[0]);
	/* the check only reads */
	CHECK(!memcmp(before, content, loaded));
	ASAN_UNPOISON_MEMORY_REGION(content, FILE_SIZE);
	return 0;
}
