/* SPDX-License-Identifier: BSD-2-Clause */
/* The EFI program in front of a bundle: what is in efi_stub.c, and what it needs in assembly. */
#ifndef BULKHEAD_EFI_STUB_H
#define BULKHEAD_EFI_STUB_H

#include "efi.h"

/* Memory that the system needs, ends with size 0. Behind the program, where the tool has written it. */
struct efi_range {
	uint64_t start, size;
};

extern const struct efi_range efi_ranges[];

/* Entered by firmware. Returns only with an error, which it has said; nothing has changed then. */
efi_status efi_main(efi_handle image, struct efi_system_table *system);

/* The exception level of the caller. */
uint32_t efi_exception_level(void);

/* Boot services have ended: MMU and data cache off, then to the first instruction of the bundle, which ends at end. */
void efi_enter(uint64_t bundle, uint64_t end) __attribute__((noreturn));

#endif
