/* SPDX-License-Identifier: BSD-2-Clause */
/* Late launch: what the Linux driver prepared, as a struct boot_info. */
#include "boot_arch.h"
#include "params.h"

int from_linux_entry(struct percpu *cpu, uint64_t cpu_id, uint64_t sctlr, uint64_t vbar)
{
	struct boot_info boot;

	boot_info_of_image(&boot);
	boot.from_guest = true;
	cpu->cpu_id = (uint32_t)cpu_id;
	cpu->arch.launch.sctlr_el2 = sctlr;
	cpu->arch.launch.vbar_el2 = vbar;
	return setup_cpu(cpu, &boot);
}
