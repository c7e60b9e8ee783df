/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of cells: who has them, where they go. The registers that guests see do nothing. */
#include "console.h"
#include "errors.h"
#include "host_machine.h"
#include "arch/irq.h"
#include "arch/memory.h"

#define GICD_SIZE	0x10000ull
#define GICR_SIZE	(HOST_MAX_CPUS * 0x20000ull)
#define FIRST_SPI	32u

struct host_spi host_spis[HOST_NUM_INTIDS];

static enum mmio_result access_register(const struct mmio_window *window, struct mmio_access *access)
{
	(void)window;
	access->value = access->is_write ? access->value : 0;
	return MMIO_HANDLED;
}

static const struct mmio_device registers = { .access = access_register };

static bool owns(const struct cell *cell, uint32_t intid)
{
	return (cell->arch.spis[intid / 32] >> (intid % 32)) & 1;
}

static void take_spis(struct cell *cell, const struct cfg_system *system, bool take)
{
	struct spi_set spis, root_spis;

	config_collect_spis(&cell->config, system->arch.arm.gicd_base, &spis);
	config_collect_spis(&root_cell.config, system->arch.arm.gicd_base, &root_spis);
	for (uint32_t intid = FIRST_SPI; intid < HOST_NUM_INTIDS; intid++) {
		if (!spi_set_test(&spis, intid))
			continue;
		if (take && !cell->is_root)
			host_own_spi(&root_cell, intid, false);
		host_own_spi(cell, intid, take);
		if (!take && spi_set_test(&root_spis, intid))
			host_own_spi(&root_cell, intid, true);
	}
}

int arch_irq_cell_init(struct cell *cell, const struct cfg_system *system)
{
	int error = mmio_add_fixed(&cell->mmio, HOST_GICD, GICD_SIZE, &registers, cell, 0);

	if (!error)
		error = mmio_add_fixed(&cell->mmio, HOST_GICR, GICR_SIZE, &registers, cell, 0);
	if (error)
		return refuse(error, "cell \"%s\": a window overlaps the GIC", cell->config.cell->name);
	take_spis(cell, system, true);
	return 0;
}

void arch_irq_cell_reset(struct cell *cell)
{
	for (uint32_t intid = FIRST_SPI; intid < HOST_NUM_INTIDS; intid++)
		if (owns(cell, intid)) {
			host_spis[intid].resets++;
			if (!cell->is_root)
				host_spis[intid].target = cpu_set_next(&cell->cpus, 0);
		}
}

void arch_irq_cell_exit(struct cell *cell, const struct cfg_system *system)
{
	take_spis(cell, system, false);
}

static bool runs(uint32_t id)
{
	return percpu_of(id)->run_state == CPU_RUNNING;
}

void arch_irq_retarget(struct cell *cell)
{
	uint32_t first = UINT32_MAX;

	for_each_cpu(id, &cell->cpus)
		if (first == UINT32_MAX || (!runs(first) && runs(id)))
			first = id;
	for (uint32_t intid = FIRST_SPI; first != UINT32_MAX && intid < HOST_NUM_INTIDS; intid++) {
		uint32_t target = host_spis[intid].target;

		if (owns(cell, intid) && (!cpu_set_test(&cell->cpus, target) || (!runs(target) && runs(first))))
			host_spis[intid].target = first;
	}
}

int arch_irq_carve(struct cell *cell)
{
	int error = arch_memory_unmap(cell, GUEST_ADDR(HOST_GICD), GICD_SIZE);

	return error ? error : arch_memory_unmap(cell, GUEST_ADDR(HOST_GICR), GICR_SIZE);
}

void arch_fill_comm_region(struct cell *cell, const struct cfg_system *system)
{
	struct comm_region *comm = cell->comm;

	comm->gic_version = system->arch.arm.gic_version;
	comm->gicd_base = system->arch.arm.gicd_base;
	comm->gicc_base = system->arch.arm.gicc_base;
	comm->gicr_base = system->arch.arm.gicr_base;
	comm->vpci_irq_base = cell->config.cell->vpci_irq_base;
}
