/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs of the host machine and hypervisor memory. What a CPU has to be told, schedule.c tells it. */
#include <string.h>
#include "bulkhead/image.h"
#include "errors.h"
#include "console.h"
#include "host_machine.h"
#include "machine.h"
#include "pages.h"
#include "trace.h"
#include "watchdog.h"
#include "arch/cpu.h"
#include "arch/memory.h"

#define MAX_REMOVED	4u
#define IMAGE_PAGES	4u

static uint64_t removed[MAX_REMOVED];
static uint32_t num_removed;
static uint8_t *hv_memory;	/* virtual address of HOST_HV_BASE */

struct percpu *this_cpu(void)
{
	return host_current();
}

void arch_kick(struct percpu *cpu)
{
	HOST_ASSERT(cpu != this_cpu() && cpu->present);
	host_kick(cpu);
}

void arch_revoke(struct percpu *cpu)
{
	HOST_ASSERT(cpu != this_cpu() && host_locks_held() == 0);
	host_revoke(cpu->cell, true);
}

void arch_restore(struct percpu *cpu)
{
	host_revoke(cpu->cell, false);
}

void arch_sleep_while(const volatile bool *request)
{
	HOST_ASSERT(host_locks_held() == 0);
	host_sleep_while(this_cpu(), request);
}

void arch_wait_for_kick(void)
{
	HOST_ASSERT(host_locks_held() == 0);
	host_sleep_until_kick(this_cpu());
	if (host_timer_is_due(this_cpu()))
		watchdog_check();
}

void arch_timer_arm(uint64_t when)
{
	HOST_ASSERT(host_locks_held() == 0 && this_cpu()->cell->watchdog.period);
	this_cpu()->arch.timer = when;
	this_cpu()->arch.timer_on = true;
}

void arch_timer_stop(void)
{
	HOST_ASSERT(host_locks_held() == 0);
	this_cpu()->arch.timer_on = false;
}

bool host_timer_is_due(const struct percpu *cpu)
{
	return cpu->arch.timer_on && arch_ticks() >= cpu->arch.timer;
}

void arch_fill_fault(volatile struct bh_fault *fault)
{
	fault->pc = this_cpu()->arch.entry;
	fault->pstate = 0;
	for (uint32_t n = 0; n < ARRAY_SIZE(fault->x); n++)
		fault->x[n] = n;
}

void arch_relax(void)
{
	HOST_ASSERT(host_locks_held() == 0);
	host_yield();
}

/* With who prints it: the CPU itself, or who manages it */
void arch_report_violation(const struct percpu *cpu, uint32_t left)
{
	HOST_ASSERT(host_locks_held() == 0 && left < VIOLATION_LINES && (cpu == this_cpu() || cpu->suspended));
	console_printf("CPU %u: violation, line %u, by CPU %u\n", cpu->cpu_id, left, this_cpu()->cpu_id);
}

uint64_t arch_ticks(void)
{
	return host_ticks();
}

uint64_t arch_ticks_per_second(void)
{
	return HOST_TICKS_PER_SECOND;
}

void arch_halt(void)
{
	this_cpu()->arch.active = false;
	host_halt();
}

bool host_is_off, host_is_reset;

void arch_system_off(void)
{
	host_is_off = true;
	arch_halt();
}

void arch_system_reset(void)
{
	host_is_reset = true;
	arch_halt();
}

void arch_cpu_reset(uint64_t entry, uint64_t context, bool by_sibling)
{
	struct percpu *cpu = this_cpu();

	HOST_ASSERT(host_locks_held() == 0 && cpu->arch.active);
	cpu->arch.resets++;
	cpu->arch.entry = entry;
	cpu->arch.context = context;
	cpu->arch.by_sibling = by_sibling;
}

void arch_cpu_park(void)
{
	HOST_ASSERT(host_locks_held() == 0);
	this_cpu()->arch.parks++;
}

void arch_forget_fast_paths(struct percpu *cpu)
{
	HOST_ASSERT(cpu->present);
	cpu->fast.forgotten++;
	cpu->fast.takes_all = trace_takes_all(cpu);
}

bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write)
{
	uint64_t page;

	HOST_ASSERT(size == 1 || size == 2 || size == 4 || size == 8);
	HOST_ASSERT((uintptr_t)address % size == 0);
	for (uint32_t n = 0; n < num_removed; n++) {
		page = (uintptr_t)host_use(removed[n], PAGE_SIZE);
		host_unuse(removed[n], PAGE_SIZE);
		if (((uintptr_t)address & PAGE_MASK) == page)
			return false;
	}
	if (is_write) {
		memcpy((void *)(uintptr_t)address, value, size);
	} else {
		*value = 0;
		memcpy(value, (const void *)(uintptr_t)address, size);
	}
	return true;
}

void host_remove_device(uint64_t phys)
{
	HOST_ASSERT(num_removed < MAX_REMOVED && phys % PAGE_SIZE == 0);
	removed[num_removed++] = phys;
}

/* As a reset would find it: what was written since is not seen by tests. */
uint8_t host_crash_page[PAGE_SIZE];

void arch_clean_page(void *page)
{
	if (page == hv_memory + HOST_HV_SIZE - PAGE_SIZE)
		memcpy(host_crash_page, page, PAGE_SIZE);
	else
		arch_clean_memory(virt_to_host(page), PAGE_SIZE);
}

int arch_init_memory(void)
{
	return 0;
}

int arch_init_platform(const struct cfg_system *system)
{
	/* this machine knows where it has its interrupt controller */
	if (system->arch.arm.gicd_base != HOST_GICD)
		return refuse(-ENODEV, "no distributor at 0x%llx: check gicd_base",
			      (unsigned long long)system->arch.arm.gicd_base);
	return 0;
}

int arch_init_cpu(struct percpu *cpu)
{
	HOST_ASSERT(cpu == this_cpu());
	cpu->mpidr = cpu->cpu_id;
	return 0;
}

void arch_activate_cpu(struct percpu *cpu)
{
	HOST_ASSERT(cpu == this_cpu() && !cpu->arch.active && cpu->cell);
	host_drop_translations(cpu->cell);
	cpu->arch.active = true;
}

void arch_deactivate_cpu(struct percpu *cpu)
{
	HOST_ASSERT(cpu == this_cpu() && cpu->arch.active);
	cpu->arch.active = false;
}

void arch_leave_guest(int64_t result)
{
	HOST_ASSERT(host_locks_held() == 0 && !this_cpu()->arch.active);
	host_leave(result);
}

uint64_t arch_phys_limit(void)
{
	return 1ull << 40;
}

uint64_t arch_guest_limit(void)
{
	return 1ull << 40;
}

/* The public page is part of the image, and that is not in this memory. */
host_addr_t virt_to_host(const void *virt)
{
	uint64_t offset = (uintptr_t)virt - (uintptr_t)hv_memory;

	if (virt == &public_page)
		return HOST_ADDR(HOST_PUBLIC_PAGE);
	HOST_ASSERT(offset < HOST_HV_SIZE);
	return HOST_ADDR(HOST_HV_BASE + offset);
}

void *host_to_virt(host_addr_t addr)
{
	HOST_ASSERT(range_contains(HOST_HV_BASE, HOST_HV_SIZE, addr.value, 1));
	return hv_memory + (addr.value - HOST_HV_BASE);
}

void host_build(struct boot_info *boot)
{
	uint64_t percpus = IMAGE_PAGES * PAGE_SIZE;
	uint64_t pool = percpus + HOST_MAX_CPUS * sizeof(struct percpu_area);

	hv_memory = host_use(HOST_HV_BASE, HOST_HV_SIZE);
	*boot = (struct boot_info){
		.memory_start = HOST_HV_BASE,
		.memory_size = HOST_HV_SIZE,
		.percpu_areas = (struct percpu_area *)(hv_memory + percpus),
		.max_cpus = HOST_NUM_CPUS,
		.entering_cpus = HOST_NUM_CPUS,
		.memory = hv_memory,
		.pool_page = (uint32_t)(pool / PAGE_SIZE),
		.pool_pages = (uint32_t)((HOST_HV_SIZE - pool) / PAGE_SIZE) - 1,
		.crash_log = (struct bh_crash_log *)(hv_memory + HOST_HV_SIZE - PAGE_SIZE),
	};
	for (uint32_t cpu = 0; cpu < HOST_MAX_CPUS; cpu++)
		boot->percpu_areas[cpu].cpu.cpu_id = cpu;
}
