/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells out of hypervisor memory: configurations and images of a bundle. Not part of a build without CONFIG_DIRECT_BOOT. */
#include "cell_internal.h"
#include "cell_memory.h"
#include "errors.h"
#include "arch/cpu.h"
#include "arch/memory.h"

int cell_create_from(const void *config, uint64_t size, struct cell **created)
{
	struct cfg_cell header;
	int error;

	__builtin_memcpy(&header, config, sizeof(header));
	error = cell_prepare(&header, 0, created);
	if (error)
		return error;
	__builtin_memcpy(cell_config_behind_header(*created), (const uint8_t *)config + sizeof(header),
			 MIN(size, config_size(&header)) - sizeof(header));
	error = cell_build(*created, size, false);
	if (error)
		*created = NULL;
	else
		cell_memory_scrub(*created);
	return error;
}

/* Does one region have all of [target, target + size) as memory that the cell itself may write? */
static bool is_writable(const struct cell *cell, guest_addr_t target, uint64_t size)
{
	for_each_memory(mem, &cell->config)
		if (is_memory_region(mem) && (mem->flags & CFG_MEM_WRITE) &&
		    range_contains(mem->virt_start, mem->size, target.value, size))
			return true;
	return false;
}

static bool copy_to_page(host_addr_t host, const uint8_t *from, uint64_t size)
{
	uint8_t *to = arch_window(host);
	uint64_t value = 0;

	/* a configuration may name memory that the machine does not have */
	if (!arch_device_access((volatile void *)((uintptr_t)to & PAGE_MASK), &value, 4, false))
		return false;
	__builtin_memcpy(to, from, size);
	return true;
}

/* The configuration of the root cell also has what others own by now: stage 2 decides, page by page. */
int cell_memory_load(struct cell *cell, guest_addr_t target, const uint8_t *image, uint64_t size)
{
	uint64_t chunk;

	if (!is_writable(cell, target, size))
		return -EINVAL;
	for (uint64_t done = 0; done < size; done += chunk) {
		guest_addr_t guest = GUEST_ADDR(target.value + done);
		host_addr_t host;

		chunk = MIN(PAGE_SIZE - (guest.value & ~PAGE_MASK), size - done);
		if (!arch_memory_lookup(cell, guest, true, &host) || !copy_to_page(host, image + done, chunk))
			return -EINVAL;
		arch_clean_memory(host, chunk);
	}
	return 0;
}
