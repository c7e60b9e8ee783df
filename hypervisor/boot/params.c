/* SPDX-License-Identifier: BSD-2-Clause */
#include "params.h"
#include "bulkhead/cell_config.h"
#include "boot_arch.h"

void boot_info_of_image(struct boot_info *boot)
{
	const struct bh_boot_params *params = &image_header.boot;
	uint64_t pool = boot_pool_offset(&image_header);
	uint64_t end = params->memory_size - PAGE_SIZE;		/* there is the crash log */

	*boot = (struct boot_info){
		.config = (const struct cfg_system *)(image_start + params->config_offset),
		.config_size = params->config_size,
		.memory_start = params->phys_base,
		.memory_size = params->memory_size,
		.percpu_areas = boot_percpu_areas(),
		.max_cpus = params->max_cpus,
		.entering_cpus = params->online_cpus,
		.primary_cpu = params->primary_cpu,
		.memory = image_start,
		.pool_page = (uint32_t)(pool >> PAGE_SHIFT),
		.pool_pages = pool < end ? (uint32_t)((end - pool) >> PAGE_SHIFT) : 0,
		.crash_log = (struct bh_crash_log *)(image_start + end),
	};
}
