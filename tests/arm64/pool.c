/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many pages of its pool the hypervisor takes for a system and its cells: cell management, page pool, device core
 * and stage-2 tables are those of the image; CPUs, interrupts and the hypervisor's own tables are not there.
 *
 *   pool PA_RANGE HV_START HV_SIZE CPUS linux|direct SYSTEM [CELL ...]
 *
 * PA_RANGE as in ID_AA64MMFR0_EL1. Prints a line for the pool itself, for the root cell and for each cell, with pages.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include "bulkhead/image.h"
#include "cell.h"
#include "bundle.h"
#include "cell_internal.h"
#include "cell_message.h"
#include "console.h"
#include "console_setup.h"
#include "control.h"
#include "errors.h"
#include "pages.h"
#include "paging.h"
#include "setup.h"
#include "trace.h"
#include "virq.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/memory.h"
#include "stage2.h"

#define GIC_FRAME	0x10000u
#define MAX_CPUS	256u

uint64_t sysreg_id_aa64mmfr0_el1, sysreg_vttbr_el2, sysreg_vtcr_el2;
struct bh_public_page public_page __attribute__((aligned(4096)));
uint32_t num_cpu_slots;
static struct percpu *cpus[MAX_CPUS];
static bool is_direct;

int (refuse)(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\n", stderr);
	return error;
}

int (refuse_invalid)(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\n", stderr);
	return -EINVAL;
}

void refuse_clear(void)
{
}

void console_printf(const char *format, ...)
{
	(void)format;
}

void console_printf_about(const struct cell *cell, const char *format, ...)
{
	(void)cell;
	(void)format;
}

struct percpu *percpu_of(uint32_t id)
{
	return cpus[id];
}

/* Programs have no TPIDR_EL2, where this_cpu() looks: MRS Xt, TPIDR_EL2 is executed for it. */
static void read_tpidr_el2(int signal, siginfo_t *info, void *context)
{
	mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
	uint32_t instruction = *(uint32_t *)machine->pc;

	(void)signal, (void)info;
	if ((instruction & ~31u) != 0xd53cd040)
		abort();
	machine->regs[instruction & 31] = (uintptr_t)cpus[0];
	machine->pc += 4;
}

/* The public page is in hypervisor memory, and all else is where it is here. */
host_addr_t virt_to_host(const void *virt)
{
	if (virt == &public_page)
		return HOST_ADDR(platform.hv_start);
	return HOST_ADDR((uintptr_t)virt);
}

void *host_to_virt(host_addr_t addr)
{
	return (void *)addr.value;
}

/* The first table of the remap area is there from the start, and serves all that is mapped. */
void *map_range(host_addr_t addr, uint64_t size, enum map_type type)
{
	(void)addr;
	(void)type;
	return calloc(1, size + PAGE_SIZE);
}

void unmap_range(void *virt, uint64_t size)
{
	(void)size;
	free(virt);
}

int arch_irq_carve(struct cell *cell)
{
	const struct cfg_system *system = platform.system;
	int error = arch_memory_unmap(cell, GUEST_ADDR(system->arch.arm.gicd_base), GIC_FRAME);

	return error ? error : arch_memory_unmap(cell, GUEST_ADDR(system->arch.arm.gicr_base),
						 platform.max_cpus * 2ull * GIC_FRAME);
}

/* What takes no pages. Parameters are not looked at. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
int arch_irq_cell_init(struct cell *cell, const struct cfg_system *system) { return 0; }
void arch_irq_cell_exit(struct cell *cell, const struct cfg_system *system) { }
void arch_irq_cell_reset(struct cell *cell) { }
void arch_irq_retarget(struct cell *cell) { }
void arch_memory_flush(struct cell *cell) { }
bool arch_virq_route_spi(const struct cell *cell, uint32_t intid, struct virq_route *route) { return false; }
void arch_virq_raise(const struct virq_route *route) { }
uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route) { return 0; }
void arch_clean_memory(host_addr_t host, uint64_t size) { }
void arch_clean_page(void *page) { }
void arch_scrub_memory(host_addr_t host, uint64_t size) { }
void *arch_window(host_addr_t addr) { return NULL; }
volatile void *arch_window_device(host_addr_t addr) { return NULL; }
bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write) { return false; }
void bundle_forget(const struct cell *cell) { }
bool cell_approves_shutdown(struct cell *cell) { return true; }
int64_t cell_piece(uint32_t id, uint32_t piece, bool of_console) { return -EINVAL; }
void cells_notify_reconfigured(void) { }
void arch_fill_comm_region(struct cell *cell, const struct cfg_system *system) { }
void cpu_set_parked(struct percpu *cpu) { }
void cpu_set_reset(struct percpu *cpu, uint64_t entry, uint64_t context) { }
void cpu_finish_report(struct percpu *cpu) { }
void cpu_suspend(struct percpu *cpu) { }
void cpu_resume(struct percpu *cpu) { }
bool disable_is_granted(void) { return false; }
bool firmware_started_us(void) { return is_direct; }
void trace_leaves_cell(struct percpu *cpu) { }
void management_lock(void) { }
void look_lock(void) { }
void look_unlock(void) { }
void arch_forget_all(struct percpu *cpu) { }
void arch_forget_accesses(const struct cell *cell) { }
void arch_virq_publish(const struct virq_ringers *ringers, struct virq_store *stores, const struct virq_route *routes,
		       uint32_t count) { }
void arch_virq_tell(struct virq_teller *teller) { }
bool arch_virq_ring(struct virq_store *store, uint64_t *counter) { return false; }
uint64_t arch_virq_count(const struct cpu_set *ringing, const uint64_t *counters, uint32_t count, uint32_t step) { return *counters; }
void management_unlock(void) { }
#pragma GCC diagnostic pop

static void *read_file(const char *name, uint64_t *size)
{
	FILE *file = fopen(name, "rb");
	void *content = calloc(1, CFG_MAX_SIZE);

	*size = file && content ? fread(content, 1, CFG_MAX_SIZE, file) : 0;
	if (!*size) {
		perror(name);
		exit(1);
	}
	fclose(file);
	return content;
}

static void said(const char *what, uint32_t *before)
{
	printf("%s %u\n", what, pages_used() - *before);
	*before = pages_used();
}

int main(int argc, char **argv)
{
	void *pool;
	struct config_view view;
	struct cell *created;
	uint32_t before = 0;
	uint64_t size;
	void *content;

	if (argc < 7)
		return 2;
	pool = aligned_alloc(64 * PAGE_SIZE, strtoull(argv[3], NULL, 0));
	if (!pool)
		return 2;
	sysreg_id_aa64mmfr0_el1 = strtoull(argv[1], NULL, 0);
	num_cpu_slots = (uint32_t)strtoul(argv[4], NULL, 0);
	for (uint32_t n = 0; n < num_cpu_slots && n < MAX_CPUS; n++) {
		cpus[n] = &((struct percpu_area *)aligned_alloc(PAGE_SIZE, sizeof(struct percpu_area)))->cpu;
		memset(cpus[n], 0, sizeof(*cpus[n]));
		cpus[n]->cell = &root_cell;
	}
	sigaction(SIGILL, &(struct sigaction){ .sa_sigaction = read_tpidr_el2, .sa_flags = SA_SIGINFO }, NULL);
	stage2_setup();
	pages_init(pool, 0, (uint32_t)(strtoull(argv[3], NULL, 0) / PAGE_SIZE) - 1);	/* the crash log */
	said("pool", &before);

	is_direct = !strcmp(argv[5], "direct");
	system_config = content = read_file(argv[6], &size);
	platform = (struct config_platform){
		.system = system_config, .hv_start = strtoull(argv[2], NULL, 0), .hv_size = strtoull(argv[3], NULL, 0),
		.max_cpus = num_cpu_slots, .phys_limit = arch_phys_limit(), .guest_limit = arch_guest_limit(),
	};
	if (config_check_system(content, size, &platform, &view))
		return 1;
	for (uint32_t cpu = 0; cpu < num_cpu_slots; cpu++)
		if (config_has_cpu(&view, cpu))
			cpu_set_assign(&root_cell.cpus, cpu, true);
	if (root_cell_init(&view))
		return 1;
	said("root", &before);

	for (int n = 7; n < argc; n++) {
		struct cfg_cell *head = content = read_file(argv[n], &size);

		head->id = (uint32_t)n - 6;
		if (cell_create_from(content, size, &created))
			return 1;
		said(created->config.cell->name, &before);
	}
	said("end", &before);
	return 0;
}
