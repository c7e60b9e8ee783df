/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a bundle uses of EFI (UEFI specification 2.10; the section is given at each structure). Firmware owns all
 * tables and may be called until boot services end.
 */
#ifndef BULKHEAD_EFI_H
#define BULKHEAD_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status;
typedef void *efi_handle;

#define EFI_SUCCESS		0UL
#define EFI_ERROR(n)		(1UL << 63 | (n))	/* appendix D */
#define EFI_LOAD_ERROR		EFI_ERROR(1)
#define EFI_INVALID_PARAMETER	EFI_ERROR(2)
#define EFI_UNSUPPORTED		EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL	EFI_ERROR(5)
#define EFI_OUT_OF_RESOURCES	EFI_ERROR(9)
#define EFI_NOT_FOUND		EFI_ERROR(14)

#define EFI_PAGE_SIZE		4096UL

struct efi_guid {
	uint32_t data1;
	uint16_t data2, data3;
	uint8_t data4[8];
};

struct efi_table_header {	/* 4.2 */
	uint64_t signature;
	uint32_t revision, header_size, crc, reserved;
};

struct efi_text_output {	/* 12.4 */
	void *reset;
	efi_status (*output_string)(struct efi_text_output *output, const uint16_t *text);
};

enum efi_memory_type {		/* 7.2 */
	EFI_RESERVED,
	EFI_LOADER_CODE,
	EFI_LOADER_DATA,
	EFI_BOOT_SERVICES_CODE,
	EFI_BOOT_SERVICES_DATA,
	EFI_RUNTIME_SERVICES_CODE,
	EFI_RUNTIME_SERVICES_DATA,
	EFI_CONVENTIONAL,
	EFI_UNUSABLE,
	EFI_ACPI_RECLAIM,
	EFI_ACPI_NVS,
	EFI_MMIO,
	EFI_MMIO_PORTS,
	EFI_PAL_CODE,
	EFI_PERSISTENT,
};

struct efi_memory {		/* 7.2.3; descriptors may be larger */
	uint32_t type;
	uint64_t physical_start, virtual_start, pages, attributes;
};

#define EFI_ALLOCATE_ANY_PAGES	0

struct efi_boot_services {	/* 4.4: only what is called has a type */
	struct efi_table_header header;
	void *raise_tpl, *restore_tpl;
	efi_status (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
	efi_status (*free_pages)(uint64_t address, uint64_t pages);
	efi_status (*get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *descriptor_size,
				     uint32_t *descriptor_version);
	void *allocate_pool, *free_pool;
	void *events[6];
	void *protocol_interfaces[3];
	efi_status (*handle_protocol)(efi_handle handle, const struct efi_guid *protocol, void **interface);
	void *reserved, *register_protocol_notify, *locate_handle, *locate_device_path, *install_configuration_table;
	void *load_image, *start_image, *exit, *unload_image;
	efi_status (*exit_boot_services)(efi_handle image, uint64_t key);
};

struct efi_system_table {	/* 4.3 */
	struct efi_table_header header;
	uint16_t *vendor;
	uint32_t vendor_revision;
	efi_handle input_handle;
	void *input;
	efi_handle output_handle;
	struct efi_text_output *output;
	efi_handle error_handle;
	struct efi_text_output *error;
	void *runtime_services;
	struct efi_boot_services *boot_services;
};

#define EFI_LOADED_IMAGE_GUID \
	{ 0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } }

struct efi_loaded_image {	/* 9.1 */
	uint32_t revision;
	efi_handle parent;
	struct efi_system_table *system;
	efi_handle device;
	void *file_path, *reserved;
	uint32_t options_size;
	void *options;
	void *base;
	uint64_t size;
};

_Static_assert(offsetof(struct efi_boot_services, get_memory_map) == 24 + 4 * 8, "efi_boot_services");
_Static_assert(offsetof(struct efi_boot_services, handle_protocol) == 24 + 16 * 8, "efi_boot_services");
_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 24 + 26 * 8, "efi_boot_services");
_Static_assert(offsetof(struct efi_system_table, boot_services) == 96, "efi_system_table");
_Static_assert(offsetof(struct efi_loaded_image, base) == 64, "efi_loaded_image");
_Static_assert(sizeof(struct efi_memory) == 40, "efi_memory");

#endif
