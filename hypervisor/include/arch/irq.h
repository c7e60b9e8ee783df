/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt controller part of cells. Management lock. */
#ifndef BULKHEAD_ARCH_IRQ_H
#define BULKHEAD_ARCH_IRQ_H

#include "cell.h"

/* Number of fixed MMIO windows arch_irq_cell_init() registers. */
#define ARCH_IRQ_WINDOWS	2

/* Take the interrupts of the cell's irqchips (from the root cell if it is not the root), route them to it. */
int arch_irq_cell_init(struct cell *cell, const struct cfg_system *system);

/* The shared interrupts of the cell, whose CPUs are suspended, as for its first start: off, nothing pending, to its first CPU. */
void arch_irq_cell_reset(struct cell *cell);

/* Give back to the root cell what its configuration lists, as it is: a cell that ran is reset before. */
void arch_irq_cell_exit(struct cell *cell, const struct cfg_system *system);

/*
 * The cell's CPUs changed: interrupts aimed at a CPU outside, or at one that is off, go to the first one that runs; if
 * none does, those outside to the first one.
 */
void arch_irq_retarget(struct cell *cell);

/* Unmap the windows of the interrupt controller from the cell's memory. */
int arch_irq_carve(struct cell *cell);

/* Architecture part of the communication region. */
void arch_fill_comm_region(struct cell *cell, const struct cfg_system *system);

#endif
