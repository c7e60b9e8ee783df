/* SPDX-License-Identifier: BSD-2-Clause */
/* The second CPU of a cell is switched on. */
#include <cpu.h>

#include "second.h"

bool second_start(struct soak_second *second, uint64_t cpu, void *stack_end)
{
	second->stack = (uintptr_t)stack_end;
	second->vbar = read_sysreg(vbar_el1);
	second->mair = read_sysreg(mair_el1);
	second->tcr = read_sysreg(tcr_el1);
	second->ttbr = read_sysreg(ttbr0_el1);
	second->sctlr = read_sysreg(sctlr_el1);
	/* it reads this with its MMU off */
	__asm__ volatile("dc cvac, %0\n\tdc cvac, %1\n\tdsb sy"
			 : : "r" (second), "r" ((uint8_t *)second + sizeof(*second) - 1) : "memory");
	return !smc_call(PSCI_CPU_ON, cpu, (uintptr_t)second_entry, (uintptr_t)second).x0;
}
