/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up: a list that the primary CPU works off, then all CPUs at once, or one after the other. */
#include "setup.h"
#include "cell.h"
#include "cell_memory.h"
#include "console.h"
#include "console_setup.h"
#include "crash_log.h"
#include "errors.h"
#include "pages.h"
#include "setup_internal.h"
#include "trace.h"
#include "arch/cpu.h"

uint32_t num_cpu_slots;

static struct percpu_area *percpu_areas;
static bool can_be_disabled;			/* there is somebody to give the CPUs back to */

/* Start-up: who is where. Written with atomics. */
static uint32_t met[MEETING_POINTS];
static volatile int setup_error;
static spinlock_t refuse_lock = SPINLOCK_INIT;

struct percpu *percpu_of(uint32_t cpu)
{
	if (cpu >= num_cpu_slots || !percpu_areas[cpu].cpu.present)
		return NULL;
	return &percpu_areas[cpu].cpu;
}

static void report_error(int error)
{
	int none = 0;

	__atomic_compare_exchange_n(&setup_error, &none, error, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

int refuse_missing(uint32_t cpu)
{
	return refuse(-EIO, "CPU %u did not come within %u s", cpu, MEET_SECONDS);
}

bool is_too_late(uint64_t start)
{
	return arch_ticks() - start > MEET_SECONDS * arch_ticks_per_second();
}

/* Who waits longest tells who did not come; only the first reason is kept. */
static void report_missing(uint32_t point, const struct boot_info *boot)
{
	spin_lock(&refuse_lock);
	for_each_cpu(id, &root_cell.cpus)
		if (percpu_areas[id].cpu.met < point + 1)
			refuse_missing(id);
	refuse(-EIO, "%u of %u CPUs did not come within %u s: they are not in the CPU set of the root cell",
	       boot->entering_cpus - met[point], boot->entering_cpus, MEET_SECONDS);
	spin_unlock(&refuse_lock);
}

/*
 * Wait until all CPUs have arrived here, if they enter at once. One that does not come is an error for all: they go back
 * together.
 */
static void meet(struct percpu *cpu, uint32_t point, const struct boot_info *boot)
{
	uint64_t start = arch_ticks();

	__atomic_store_n(&cpu->met, point + 1, __ATOMIC_RELEASE);
	if (!enters_from_guest(boot))
		return;
	__atomic_fetch_add(&met[point], 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&met[point], __ATOMIC_ACQUIRE) < boot->entering_cpus) {
		arch_relax();
		if (is_too_late(start)) {
			report_missing(point, boot);
			report_error(-EIO);
			return;
		}
	}
}

static int setup_root_cell(const struct boot_info *boot)
{
	struct config_view view;
	int error = config_check_system(boot->config, boot->config_size, &platform, &view);

	if (error)
		return error;
	for (uint32_t cpu = 0; cpu < boot->max_cpus; cpu++)
		if (config_has_cpu(&view, cpu))
			cpu_set_assign(&root_cell.cpus, cpu, true);
	return root_cell_init(&view);
}

/* The list, by the primary CPU alone. */
static int setup_system(const struct boot_info *boot)
{
	int error;

	refuse_clear();
	if (boot->max_cpus > CONFIG_MAX_CPUS)
		return refuse_in_words(-EINVAL, "CPU %u is beyond the %u CPUs this hypervisor is built for",
				       boot->max_cpus - 1, CONFIG_MAX_CPUS);
	percpu_areas = boot->percpu_areas;
	can_be_disabled = boot->from_guest;
	num_cpu_slots = boot->max_cpus;
	system_config = boot->config;
	pages_init(boot->memory, boot->pool_page, boot->pool_pages);
	error = arch_init_memory();
	if (error)
		return error;
	platform = (struct config_platform){
		.system = boot->config,
		.hv_start = boot->memory_start,
		.hv_size = boot->memory_size,
		.max_cpus = boot->max_cpus,
		.phys_limit = arch_phys_limit(),
		.guest_limit = arch_guest_limit(),
	};
	error = console_init(boot->config);
	if (error)
		return error;
	if (CONFIG_CRASH_LOG)
		crash_log_init(boot->crash_log);
	console_printf("Bulkhead %pT on CPU %u, %u pages free\n", BULKHEAD_VERSION, this_cpu()->cpu_id,
		       pages_total() - pages_used());
	error = CONFIG_DIRECT_BOOT && boot->check ? boot->check(boot) : 0;
	if (!error)
		error = arch_init_platform(boot->config);
	if (!error)
		error = setup_root_cell(boot);
	return error;
}

/* Every CPU by itself. */
static int setup_this_cpu(struct percpu *cpu, const struct boot_info *boot)
{
	int error;

	if (!cpu_set_test(&root_cell.cpus, cpu->cpu_id))
		return refuse_invalid("CPU %u is online, but the root cell's CPU set does not have it", cpu->cpu_id);
	error = arch_init_cpu(cpu);
	if (error)
		return error;
	if (CONFIG_TRACE)
		trace_begin(cpu);
	cpu->cell = &root_cell;
	cpu->run_state = enters_from_guest(boot) ? CPU_RUNNING : CPU_OFF;
	root_cell.running += enters_from_guest(boot);
	cpu->present = true;
	return 0;
}

/*
 * Direct boot, by the primary CPU: it alone waits, and for one CPU at a time. All at once would take each other's time where
 * CPUs are emulated. One that comes when it has been given up finds setup_error, and goes nowhere.
 */
static int start_others(const struct boot_info *boot)
{
	for_each_cpu(id, &root_cell.cpus) {
		uint64_t start = arch_ticks();
		int error;

		if (id == boot->primary_cpu)
			continue;
		error = boot->start_cpu(id);
		if (error)
			return error;
		/* pairs with the release in meet() */
		while (__atomic_load_n(&percpu_areas[id].cpu.met, __ATOMIC_ACQUIRE) < MEETING_POINTS) {
			if (setup_error)
				return setup_error;
			arch_relax();
			if (is_too_late(start))
				return refuse_missing(id);
		}
	}
	return 0;
}

/* By the primary CPU, when all are there. */
static int setup_finish(const struct boot_info *boot)
{
	uint32_t expected = 0;

	for (uint32_t cpu = 0; cpu < boot->max_cpus; cpu++)
		if (cpu_set_test(&root_cell.cpus, cpu))
			expected++;
	if (expected != boot->entering_cpus)
		return refuse_invalid("%u CPUs are online, but the root cell's CPU set has %u: bring them online "
				      "or correct the set", boot->entering_cpus, expected);
	console_printf("root %pC %pT %u CPUs, %u pages free\n", &root_cell.config,
		       enters_from_guest(boot) ? "runs on" : "has", expected, pages_total() - pages_used());
	return 0;
}

int setup_cpu(struct percpu *cpu, const struct boot_info *boot)
{
	bool primary = cpu->cpu_id == boot->primary_cpu;
	int error;

	if (primary) {
		error = setup_system(boot);
		if (error)
			report_error(error);
	}
	meet(cpu, 0, boot);
	if (!setup_error) {
		spin_lock(&refuse_lock);
		error = setup_this_cpu(cpu, boot);
		spin_unlock(&refuse_lock);
		if (error)
			report_error(error);
	}
	meet(cpu, 1, boot);
	if (primary && !setup_error) {
		error = enters_from_guest(boot) ? 0 : start_others(boot);
		if (!error)
			error = setup_finish(boot);
		if (error)
			report_error(error);
	}
	meet(cpu, 2, boot);
	if (setup_error)
		return setup_error;
	/* sections of its links: the first change of what was Linux's */
	if (primary)
		cell_memory_scrub(&root_cell);
	arch_activate_cpu(cpu);
	/* nobody goes back to Linux and sends interrupts before everybody can take them */
	meet(cpu, 3, boot);
	return 0;
}

bool firmware_started_us(void)
{
	return CONFIG_DIRECT_BOOT && !(CONFIG_LATE_LAUNCH && can_be_disabled);
}
