/* SPDX-License-Identifier: BSD-2-Clause */
/* Late launch: what the Linux driver prepared, as a struct boot_info. */
#include "bulkhead/image.h"
#include "bulkhead/cell_config.h"
#include "errors.h"
#include "setup.h"
#include "boot_arch.h"

extern struct bh_image_header image_header;
extern char image_start[];

int from_linux_entry(struct percpu *cpu, uint64_t cpu_id, uint64_t sctlr, uint64_t vbar)
{
	const struct bh_boot_params *params = &image_header.boot;
	uint64_t pool = boot_pool_offset(&image_header);
	struct boot_info boot = {
		.config = (const struct cfg_system *)(image_start + params->config_offset),
		.config_size = params->config_size,
		.memory_start = params->phys_base,
		.memory_size = params->memory_size,
		.percpu_areas = image_start + image_header.core_size,
		.max_cpus = params->max_cpus,
		.entering_cpus = params->online_cpus,
		.primary_cpu = params->primary_cpu,
		.pool = image_start + pool,
		.from_guest = true,
		.pool_pages = pool < params->memory_size ? (uint32_t)((params->memory_size - pool) >> PAGE_SHIFT) : 0,
	};

	cpu->cpu_id = (uint32_t)cpu_id;
	cpu->arch.launch.sctlr_el2 = sctlr;
	cpu->arch.launch.vbar_el2 = vbar;
	return setup_cpu(cpu, &boot);
}
