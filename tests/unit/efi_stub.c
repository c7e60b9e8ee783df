/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle as EFI program, on firmware in memory: what it refuses, what it leaves behind then, and what it enters. */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "efi_stub.h"
#include "bulkhead/image.h"

#define ARENA_PAGES	64
#define BUNDLE_PAGES	3
#define MEMORY_PAGES	16	/* of the hypervisor */
#define HEADROOM	8	/* pages that firmware gives to nobody */
#define DESCRIPTOR_SIZE	48	/* as firmware of today has it */
#define MAX_REGIONS	8

static uint8_t *arena;			/* RAM, and all there is */
static uint8_t *loaded;			/* the bundle as firmware has loaded it, at the end of it */
static struct { uint32_t type; uint64_t start, pages; } regions[MAX_REGIONS];
static uint32_t num_regions, extra_regions, level;
static uint64_t key;
static uint32_t calls, fail_call;	/* of services that may fail, from 1 on */
static uint32_t refused_exits;		/* how often boot services do not end */
static bool services_ended, map_changes;
static struct { uint64_t address, pages; } allocated[8];
static uint32_t num_allocated;
static uint64_t next_page[4];		/* pages of the arena that are given out next */
static uint32_t num_next;
static char said[512];
static jmp_buf entered;
static uint64_t entered_at, entered_end;
extern struct efi_range ranges[3] __asm__("efi_ranges");	/* the program only reads them */
struct efi_range ranges[3];
static struct efi_loaded_image loaded_image;

static bool fails(void)
{
	assert_false(services_ended);
	return ++calls == fail_call;
}

static efi_status allocate(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address)
{
	uint64_t first = num_next ? next_page[--num_next] : HEADROOM;

	assert_int_equal(how, EFI_ALLOCATE_ANY_PAGES);
	assert_int_equal(type, EFI_LOADER_DATA);
	if (fails())
		return EFI_OUT_OF_RESOURCES;
	if (map_changes)
		extra_regions += 4;
	*address = (uint64_t)(arena + first * EFI_PAGE_SIZE);
	allocated[num_allocated].address = *address;
	allocated[num_allocated++].pages = pages;
	key++;
	return EFI_SUCCESS;
}

static efi_status release(uint64_t address, uint64_t pages)
{
	assert_false(services_ended);
	for (uint32_t i = 0; i < num_allocated; i++) {
		if (allocated[i].address != address)
			continue;
		assert_int_equal(allocated[i].pages, pages);
		allocated[i] = allocated[--num_allocated];
		return EFI_SUCCESS;
	}
	fail_msg("freed, but never allocated: %#lx", (unsigned long)address);
	return EFI_NOT_FOUND;
}

static efi_status get_map(uint64_t *size, void *map, uint64_t *map_key, uint64_t *descriptor_size, uint32_t *version)
{
	uint64_t needed = (num_regions + extra_regions) * DESCRIPTOR_SIZE, room = *size;

	*size = needed;
	if (fails())
		return EFI_INVALID_PARAMETER;
	*version = 1;
	*descriptor_size = DESCRIPTOR_SIZE;
	if (needed > room)
		return EFI_BUFFER_TOO_SMALL;
	for (uint32_t i = 0; i < num_regions + extra_regions; i++) {
		struct efi_memory memory = { .type = EFI_MMIO, .physical_start = 0, .pages = 1 };

		if (i < num_regions) {
			memory.type = regions[i].type;
			memory.physical_start = regions[i].start;
			memory.pages = regions[i].pages;
		}
		memcpy((uint8_t *)map + i * DESCRIPTOR_SIZE, &memory, sizeof(memory));
	}
	*map_key = key;
	return EFI_SUCCESS;
}

static efi_status handle_protocol(efi_handle handle, const struct efi_guid *protocol, void **interface)
{
	static const uint8_t guid[16] = { 0xa1, 0x31, 0x1b, 0x5b, 0x62, 0x95, 0xd2, 0x11, 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69,
					  0x72, 0x3b };

	assert_ptr_equal(handle, &loaded_image);
	assert_memory_equal(protocol, guid, sizeof(guid));
	*interface = &loaded_image;
	return fails() ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

static efi_status exit_boot_services(efi_handle image, uint64_t map_key)
{
	assert_ptr_equal(image, &loaded_image);
	if (refused_exits) {
		refused_exits--;
		key++;
		return EFI_INVALID_PARAMETER;
	}
	assert_int_equal(map_key, key);
	if (fails())
		return EFI_INVALID_PARAMETER;
	services_ended = true;
	return EFI_SUCCESS;
}

static efi_status output_string(struct efi_text_output *output, const uint16_t *text)
{
	size_t length = strlen(said);

	assert_non_null(output);
	assert_false(services_ended);
	for (; *text; text++) {
		assert_in_range(*text, 1, 127);
		assert_true(length < sizeof(said) - 1);
		said[length++] = (char)*text;
	}
	said[length] = 0;
	return EFI_SUCCESS;
}

uint32_t efi_exception_level(void)
{
	return level;
}

void efi_enter(uint64_t bundle, uint64_t end)
{
	assert_true(services_ended);
	entered_at = bundle;
	entered_end = end;
	longjmp(entered, 1);
}

static struct efi_text_output output = { .output_string = output_string };
static struct efi_boot_services services = {
	.allocate_pages = allocate, .free_pages = release, .get_memory_map = get_map, .handle_protocol = handle_protocol,
	.exit_boot_services = exit_boot_services,
};
static struct efi_system_table table = { .output = &output, .boot_services = &services };

/* Status; 0: the bundle was entered. */
static efi_status run(void)
{
	efi_status status;

	said[0] = 0;
	calls = 0;
	if (setjmp(entered))
		return EFI_SUCCESS;
	status = efi_main(&loaded_image, &table);
	assert_int_not_equal(status, EFI_SUCCESS);
	/* one line; nothing is left */
	assert_memory_equal(said, "Bulkhead: ", 10);
	assert_ptr_equal(strstr(said, "\r\n"), said + strlen(said) - 2);
	assert_int_equal(num_allocated, 0);
	return status;
}

static void refuses(efi_status status, const char *text)
{
	assert_int_equal(run(), status);
	assert_non_null(strstr(said, text));
}

static struct bh_image_header *header(void)
{
	return (struct bh_image_header *)loaded;
}

static void seal(void)
{
	uint64_t words[sizeof(struct bh_image_header) / 8], check = 0;

	header()->boot.check = 0;
	memcpy(words, loaded, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / 8; i++)
		check = (check >> 7 | check << 57) ^ words[i];
	header()->boot.check = check;
}

/* Hypervisor memory at a page of the arena. */
static void place(uint32_t page)
{
	header()->boot.phys_base = (uint64_t)(arena + page * EFI_PAGE_SIZE);
	seal();
	ranges[0].start = header()->boot.phys_base;
	ranges[0].size = header()->boot.memory_size;
	ranges[1].size = 0;
}

static void add_region(uint32_t type, uint32_t page, uint64_t pages)
{
	regions[num_regions].type = type;
	regions[num_regions].start = (uint64_t)(arena + page * EFI_PAGE_SIZE);
	regions[num_regions++].pages = pages;
}

static int set_up(void **state)
{
	(void)state;
	arena = aligned_alloc(EFI_PAGE_SIZE, ARENA_PAGES * EFI_PAGE_SIZE);
	for (uint32_t i = 0; i < ARENA_PAGES * EFI_PAGE_SIZE; i++)
		arena[i] = (uint8_t)(i * 7 + i / 256);
	loaded = arena + (ARENA_PAGES - BUNDLE_PAGES - 1) * EFI_PAGE_SIZE;
	header()->kernel.pe_offset = BH_IMAGE_PE_OFFSET;
	header()->boot.memory_size = MEMORY_PAGES * EFI_PAGE_SIZE;
	header()->boot.pool_offset = BUNDLE_PAGES * EFI_PAGE_SIZE;
	loaded_image.base = loaded;
	loaded_image.size = (BUNDLE_PAGES + 1) * EFI_PAGE_SIZE;
	place(32);
	num_regions = extra_regions = num_allocated = num_next = fail_call = refused_exits = 0;
	services_ended = map_changes = false;
	table.output = &output;
	level = 2;
	add_region(EFI_MMIO, 2 * ARENA_PAGES, 1);
	add_region(EFI_CONVENTIONAL, 0, ARENA_PAGES);
	/* the map, then the copy */
	next_page[num_next++] = 16;
	next_page[num_next++] = 10;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(arena);
	return 0;
}

static void is_entered_at(uint32_t page)
{
	uint64_t *base = (uint64_t *)(loaded + BH_IMAGE_PE_OFFSET + BH_PE_IMAGE_BASE);

	assert_int_equal(run(), EFI_SUCCESS);
	assert_string_equal(said, "");
	assert_int_equal(entered_at, (uint64_t)(arena + page * EFI_PAGE_SIZE));
	assert_int_equal(entered_end, entered_at + BUNDLE_PAGES * EFI_PAGE_SIZE);
	assert_int_not_equal(*base, 0);
	*base = 0;		/* what firmware wrote there is not in the copy */
	assert_memory_equal((void *)entered_at, loaded, BUNDLE_PAGES * EFI_PAGE_SIZE);
}

static void enters_a_copy(void **state)
{
	(void)state;
	is_entered_at(16);
}

static void without_a_console(void **state)
{
	(void)state;
	table.output = NULL;
	is_entered_at(16);
	services_ended = false;
	num_allocated = 0;
	level = 1;
	assert_int_equal(efi_main(&loaded_image, &table), EFI_UNSUPPORTED);
}

static void wants_el2(void **state)
{
	(void)state;
	level = 1;
	refuses(EFI_UNSUPPORTED, "firmware does not run at EL2: switch virtualization on there (QEMU: virtualization=on)");
	assert_int_equal(calls, 0);
}

static void header_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(struct bh_image_header); i++) {
		loaded[i] ^= 0x10;
		refuses(EFI_LOAD_ERROR, "the header of the bundle is damaged: load the bundle again");
		loaded[i] ^= 0x10;
	}
	/* whole, but not all of the bundle was loaded, or it has no room in its memory */
	loaded_image.size = (BUNDLE_PAGES - 1) * EFI_PAGE_SIZE;
	refuses(EFI_LOAD_ERROR, "the header of the bundle is damaged");
	loaded_image.size = (BUNDLE_PAGES + 1) * EFI_PAGE_SIZE;
	header()->boot.memory_size = (BUNDLE_PAGES - 1) * EFI_PAGE_SIZE;
	seal();
	refuses(EFI_LOAD_ERROR, "the header of the bundle is damaged");
}

static void what_memory_can_be_taken(void **state)
{
	const bool free_later[] = {
		[EFI_LOADER_CODE] = true, [EFI_LOADER_DATA] = true, [EFI_BOOT_SERVICES_CODE] = true,
		[EFI_BOOT_SERVICES_DATA] = true, [EFI_RUNTIME_SERVICES_CODE] = true, [EFI_RUNTIME_SERVICES_DATA] = true,
		[EFI_CONVENTIONAL] = true, [EFI_ACPI_RECLAIM] = true, [EFI_PERSISTENT + 1] = false,
	};
	char expected[200];

	for (uint32_t type = 0; type < sizeof(free_later) / sizeof(free_later[0]); type++) {
		tear_down(state);
		set_up(state);
		/* the last page of hypervisor memory */
		num_regions = 1;
		add_region(EFI_CONVENTIONAL, 48, ARENA_PAGES - 48);
		add_region(type, 47, 1);
		add_region(EFI_BOOT_SERVICES_DATA, 0, 47);
		if (free_later[type]) {
			is_entered_at(16);
			continue;
		}
		snprintf(expected, sizeof(expected), "memory [%#lx, %#lx) cannot be used: %#lx belongs to firmware "
			 "for good: leave it out of the board\r\n", (long)(arena + 32 * EFI_PAGE_SIZE),
			 (long)(arena + 48 * EFI_PAGE_SIZE), (long)(arena + 47 * EFI_PAGE_SIZE));
		refuses(EFI_NOT_FOUND, expected);
	}
}

static void what_is_no_memory(void **state)
{
	char expected[100];

	(void)state;
	num_regions = 1;
	add_region(EFI_CONVENTIONAL, 41, ARENA_PAGES - 41);
	add_region(EFI_CONVENTIONAL, 0, 40);
	snprintf(expected, sizeof(expected), "cannot be used: %#lx is no RAM: correct the board",
		 (long)(arena + 40 * EFI_PAGE_SIZE));
	refuses(EFI_NOT_FOUND, expected);
	num_regions = 1;
	add_region(EFI_CONVENTIONAL, 33, ARENA_PAGES - 33);
	snprintf(expected, sizeof(expected), "cannot be used: %#lx is no RAM", (long)(arena + 32 * EFI_PAGE_SIZE));
	refuses(EFI_NOT_FOUND, expected);
	/* the end of the address space */
	ranges[0].start = -(uint64_t)MEMORY_PAGES * EFI_PAGE_SIZE;
	add_region(EFI_CONVENTIONAL, 0, 1);
	regions[2].start = ranges[0].start;
	regions[2].pages = MEMORY_PAGES - 1;
	refuses(EFI_NOT_FOUND, "cannot be used: 0xfffffffffffff000 is no RAM");
}

/* Of a cell, say. */
static void further_memory(void **state)
{
	char expected[100];

	(void)state;
	ranges[1].start = (uint64_t)(arena + 4 * EFI_PAGE_SIZE);
	ranges[1].size = 100;
	ranges[2].size = 0;
	is_entered_at(16);
	tear_down(state);
	set_up(state);
	num_regions = 1;
	add_region(EFI_CONVENTIONAL, 8, ARENA_PAGES - 8);
	ranges[1].start = (uint64_t)(arena + 7 * EFI_PAGE_SIZE);
	ranges[1].size = 2 * EFI_PAGE_SIZE;
	snprintf(expected, sizeof(expected), "memory [%#lx, %#lx) cannot be used: %#lx is no RAM", (long)ranges[1].start,
		 (long)(ranges[1].start + 2 * EFI_PAGE_SIZE), (long)ranges[1].start);
	refuses(EFI_NOT_FOUND, expected);
}

/* The copy must not overlap where the bundle has to be: it could not move there. */
static void copies_in_the_way(void **state)
{
	const int32_t ways[] = { 0, 1, 2, -1, -2 };

	for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		tear_down(state);
		set_up(state);
		num_next = 0;
		next_page[num_next++] = 16;
		next_page[num_next++] = (uint64_t)(32 + ways[i]);
		next_page[num_next++] = 10;
		is_entered_at(16);
	}
	/* behind and before it: where its page tables are going to be, too */
	for (uint32_t page = 29; page <= 35; page += 6) {
		tear_down(state);
		set_up(state);
		next_page[0] = page;
		is_entered_at(page);
	}
	/* two of them; a third one cannot be */
	tear_down(state);
	set_up(state);
	num_next = 0;
	next_page[num_next++] = 16;
	next_page[num_next++] = 34;
	next_page[num_next++] = 31;
	next_page[num_next++] = 10;
	is_entered_at(16);
	tear_down(state);
	set_up(state);
	num_next = 0;
	next_page[num_next++] = 33;
	next_page[num_next++] = 34;
	next_page[num_next++] = 31;
	next_page[num_next++] = 10;
	refuses(EFI_OUT_OF_RESOURCES, "firmware gives the same memory twice");
}

static void every_service_may_fail(void **state)
{
	const char *const texts[] = {
		NULL, "firmware does not say where it has loaded the bundle (EFI status 0x8000000000000003)",
		"there is no memory map (EFI status 0x8000000000000002)", "there is no memory map (EFI status 0x8000000000000009)",
		"there is no memory map", "no memory for a copy of the bundle: make the bundle smaller (EFI status "
		"0x8000000000000009)",
	};

	for (fail_call = 1; fail_call < sizeof(texts) / sizeof(texts[0]); fail_call++) {
		uint32_t call = fail_call;

		tear_down(state);
		set_up(state);
		fail_call = call;
		assert_int_not_equal(run(), EFI_SUCCESS);
		assert_non_null(strstr(said, texts[call]));
	}
}

static void boot_services_end_at_last(void **state)
{
	refused_exits = 1;
	is_entered_at(16);
	tear_down(state);
	set_up(state);
	refused_exits = 1000;
	refuses(EFI_INVALID_PARAMETER, "firmware does not end its boot services (EFI status 0x8000000000000002)");
	assert_in_range(refused_exits, 900, 998);
}

static void the_map_grows(void **state)
{
	(void)state;
	/* it filled a page before there was memory for it */
	extra_regions = EFI_PAGE_SIZE / DESCRIPTOR_SIZE - num_regions;
	map_changes = true;
	is_entered_at(16);
	assert_in_range((num_regions + extra_regions) * DESCRIPTOR_SIZE, EFI_PAGE_SIZE + 1, 2 * EFI_PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(enters_a_copy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_console, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wants_el2, set_up, tear_down),
		cmocka_unit_test_setup_teardown(header_is_checked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_memory_can_be_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(further_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(copies_in_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_service_may_fail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(boot_services_end_at_last, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_map_grows, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("efi_stub", tests, NULL, NULL);
}
