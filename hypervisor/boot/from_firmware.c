/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Direct boot: what the tool wrote into the image, as a struct boot_info. Firmware enters with one CPU, which checks the
 * bundle and has the others switched on, one by one; they sleep in the hypervisor until cells are started on them.
 */
#include "bundle.h"
#include "console.h"
#include "control.h"
#include "arch/cpu.h"
#include "boot_arch.h"
#include "params.h"

static int check_bundle(const struct boot_info *boot)
{
	(void)boot;
	return bundle_check(&image_header);
}

static int start_cpu(uint32_t cpu)
{
	return arch_start_cpu(cpu, bundle_mpidr(cpu));
}

void from_firmware_entry(struct percpu *cpu, uint64_t cpu_id)
{
	static struct boot_info boot;		/* made by the primary CPU, before there are others */
	bool primary = cpu_id == image_header.boot.primary_cpu;
	int error;

	cpu->cpu_id = (uint32_t)cpu_id;
	if (primary) {
		boot_info_of_image(&boot);
		boot.check = check_bundle;
		boot.start_cpu = start_cpu;
		start_is_unattended = true;
	}
	arch_init_from_firmware();
	error = setup_cpu(cpu, &boot);
	if (!error && primary)
		error = bundle_start_cells();
	if (error) {
		if (primary)
			console_printf(CONFIG_REASONS ? "The system was not started (%d), for the reason above\n" :
				       "The system was not started (%d)\n", error);
		if (primary && nobody_hears())
			arch_system_off();
		arch_halt();
	}
	if (primary)
		start_is_unattended = false;
	cpu_handle_events();
}
