/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bundle as EFI program. Firmware loads it anywhere and enters here, with its MMU on. A copy of the bundle is made
 * that is not in the way of its place, boot services are ended, and the copy is entered as a boot loader would enter it
 * that has ignored the place: it moves itself. So all memory that firmware no longer needs then can be taken,
 * whoever has it now.
 */
#include "efi_stub.h"
#include "bulkhead/image.h"

#define MAP_SLACK	(8 * 64)	/* descriptors that allocating memory for the map may add */
#define MAX_ATTEMPTS	4		/* to end boot services: the map may be out of date */
#define MAX_COPIES	3		/* of ranges of one size, two at most overlap another one, but not each other */

struct stub {
	efi_handle image;
	struct efi_system_table *system;
	struct efi_boot_services *services;
	const struct bh_image_header *header;	/* of the bundle as loaded */
	uint64_t copies[MAX_COPIES], num_copies;	/* the last one is good */
	uint64_t map, map_pages;
	uint64_t map_size, map_key, descriptor_size;
};

struct line {
	uint16_t text[200];
	uint32_t length;
};

static uint64_t pages_of(uint64_t size)
{
	return (size + EFI_PAGE_SIZE - 1) / EFI_PAGE_SIZE;
}

/* Messages are one line each */

static void add_char(struct line *line, char c)
{
	if (line->length < sizeof(line->text) / sizeof(line->text[0]) - 1)
		line->text[line->length++] = (uint8_t)c;
}

static void add_text(struct line *line, const char *text)
{
	while (*text)
		add_char(line, *text++);
}

static void add_hex(struct line *line, uint64_t value)
{
	int shift = 60;

	add_text(line, "0x");
	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		add_char(line, "0123456789abcdef"[value >> shift & 0xf]);
}

static void begin(struct line *line, const char *text)
{
	line->length = 0;
	add_text(line, "Bulkhead: ");
	add_text(line, text);
}

static efi_status say(struct stub *stub, struct line *line, efi_status status)
{
	struct efi_text_output *output = stub->system->output;

	add_text(line, "\r\n");
	line->text[line->length] = 0;
	if (output)
		output->output_string(output, line->text);
	return status;
}

static efi_status fail(struct stub *stub, const char *text, efi_status status)
{
	struct line line;

	begin(&line, text);
	return say(stub, &line, status);
}

static efi_status fail_with_status(struct stub *stub, const char *text, efi_status status)
{
	struct line line;

	begin(&line, text);
	add_text(&line, " (EFI status ");
	add_hex(&line, status);
	add_char(&line, ')');
	return say(stub, &line, status);
}

static efi_status fail_at(struct stub *stub, const struct efi_range *range, uint64_t address, const char *text)
{
	struct line line;

	begin(&line, "memory [");
	add_hex(&line, range->start);
	add_text(&line, ", ");
	add_hex(&line, range->start + range->size);
	add_text(&line, ") cannot be used: ");
	add_hex(&line, address);
	add_text(&line, text);
	return say(stub, &line, EFI_NOT_FOUND);
}

/* The bundle as firmware has loaded it */

static bool header_is_whole(const struct bh_image_header *header)
{
	const uint64_t *words = (const uint64_t *)header;
	uint64_t check = 0;

	for (size_t i = 0; i < sizeof(*header) / sizeof(*words); i++)
		check = (check >> 7 | check << 57) ^ words[i];
	return !check;
}

static efi_status find_bundle(struct stub *stub)
{
	static const struct efi_guid guid = EFI_LOADED_IMAGE_GUID;
	struct efi_loaded_image *loaded;
	const struct bh_boot_params *boot;
	efi_status status = stub->services->handle_protocol(stub->image, &guid, (void **)&loaded);

	if (status)
		return fail_with_status(stub, "firmware does not say where it has loaded the bundle", status);
	stub->header = loaded->base;
	boot = &stub->header->boot;
	if (!header_is_whole(stub->header) || boot->pool_offset > loaded->size || boot->pool_offset > boot->memory_size)
		return fail(stub, "the header of the bundle is damaged: load the bundle again", EFI_LOAD_ERROR);
	return EFI_SUCCESS;
}

/* Memory map */

static efi_status read_map(struct stub *stub)
{
	uint32_t version;

	stub->map_size = stub->map_pages * EFI_PAGE_SIZE;
	return stub->services->get_memory_map(&stub->map_size, (void *)stub->map, &stub->map_key, &stub->descriptor_size,
					      &version);
}

static efi_status get_map(struct stub *stub)
{
	efi_status status = read_map(stub);

	if (status == EFI_BUFFER_TOO_SMALL) {
		stub->map_pages = pages_of(stub->map_size + MAP_SLACK);
		status = stub->services->allocate_pages(EFI_ALLOCATE_ANY_PAGES, EFI_LOADER_DATA, stub->map_pages,
							&stub->map);
		if (status)
			stub->map_pages = 0;
		else
			status = read_map(stub);
	}
	if (status)
		return fail_with_status(stub, "there is no memory map", status);
	return EFI_SUCCESS;
}

static const struct efi_memory *memory_at(const struct stub *stub, uint64_t address)
{
	for (uint64_t offset = 0; offset + sizeof(struct efi_memory) <= stub->map_size; offset += stub->descriptor_size) {
		const struct efi_memory *memory = (const struct efi_memory *)(stub->map + offset);

		if ((address - memory->physical_start) / EFI_PAGE_SIZE < memory->pages)
			return memory;
	}
	return NULL;
}

/* Nothing of firmware is called later: its run-time services and the tables of ACPI are in nobody's way. */
static bool is_free_later(uint32_t type)
{
	return (type >= EFI_LOADER_CODE && type <= EFI_CONVENTIONAL) || type == EFI_ACPI_RECLAIM;
}

static efi_status check_range(struct stub *stub, const struct efi_range *range)
{
	uint64_t address = range->start;

	while (address - range->start < range->size) {
		const struct efi_memory *memory = memory_at(stub, address);

		if (!memory)
			return fail_at(stub, range, address, " is no RAM: correct the board");
		if (!is_free_later(memory->type))
			return fail_at(stub, range, address, " belongs to firmware for good: leave it out of the board");
		address = memory->physical_start + memory->pages * EFI_PAGE_SIZE;
	}
	return EFI_SUCCESS;
}

static efi_status check_memory(struct stub *stub)
{
	efi_status status = EFI_SUCCESS;

	for (const struct efi_range *range = efi_ranges; range->size && !status; range++)
		status = check_range(stub, range);
	return status;
}

/* A copy of the bundle. Where it has to be, it does not overlap it, or it could not move there. */

static bool is_in_the_way(const struct bh_boot_params *boot, uint64_t copy)
{
	return copy < boot->phys_base + boot->pool_offset && boot->phys_base < copy + boot->pool_offset;
}

static efi_status allocate_copy(struct stub *stub)
{
	const struct bh_boot_params *boot = &stub->header->boot;

	while (stub->num_copies < MAX_COPIES) {
		uint64_t *copy = &stub->copies[stub->num_copies];
		efi_status status = stub->services->allocate_pages(EFI_ALLOCATE_ANY_PAGES, EFI_LOADER_DATA,
								   pages_of(boot->pool_offset), copy);

		if (status)
			return fail_with_status(stub, "no memory for a copy of the bundle: make the bundle smaller",
						status);
		stub->num_copies++;
		if (!is_in_the_way(boot, *copy))
			return EFI_SUCCESS;
	}
	return fail(stub, "firmware gives the same memory twice", EFI_OUT_OF_RESOURCES);
}

/* Firmware may write into the header of an EFI program where it has loaded it; a checksum covers the header. */
static uint64_t make_copy(const struct stub *stub)
{
	uint64_t copy = stub->copies[stub->num_copies - 1], size = stub->header->boot.pool_offset;
	uint64_t base_field = stub->header->kernel.pe_offset + BH_PE_IMAGE_BASE;
	const uint64_t *from = (const uint64_t *)stub->header;
	uint64_t *to = (uint64_t *)copy;

	for (uint64_t i = 0; i < size / sizeof(*to); i++)
		to[i] = from[i];
	if (base_field <= size - sizeof(*to))
		*(uint64_t *)(copy + base_field) = 0;
	return copy;
}

static efi_status end_boot_services(struct stub *stub)
{
	efi_status status = EFI_INVALID_PARAMETER;

	for (int attempt = 0; status && attempt < MAX_ATTEMPTS; attempt++) {
		status = read_map(stub);
		if (!status)
			status = stub->services->exit_boot_services(stub->image, stub->map_key);
	}
	if (status)
		return fail_with_status(stub, "firmware does not end its boot services", status);
	return EFI_SUCCESS;
}

static void give_back(struct stub *stub)
{
	for (uint64_t i = 0; i < stub->num_copies; i++)
		stub->services->free_pages(stub->copies[i], pages_of(stub->header->boot.pool_offset));
	if (stub->map_pages)
		stub->services->free_pages(stub->map, stub->map_pages);
}

efi_status efi_main(efi_handle image, struct efi_system_table *system)
{
	struct stub stub;	/* what is not set here is set before it is used */
	efi_status status;

	stub.image = image;
	stub.system = system;
	stub.services = system->boot_services;
	stub.num_copies = 0;
	stub.map = 0;
	stub.map_pages = 0;
	if (efi_exception_level() != 2)
		return fail(&stub, "firmware does not run at EL2: switch virtualization on there "
			    "(QEMU: virtualization=on)", EFI_UNSUPPORTED);
	status = find_bundle(&stub);
	if (!status)
		status = get_map(&stub);
	if (!status)
		status = check_memory(&stub);
	if (!status)
		status = allocate_copy(&stub);
	if (!status) {
		uint64_t copy = make_copy(&stub);

		status = end_boot_services(&stub);
		if (!status)
			efi_enter(copy, copy + stub.header->boot.pool_offset);
	}
	give_back(&stub);
	return status;
}
