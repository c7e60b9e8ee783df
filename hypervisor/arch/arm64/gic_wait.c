/* SPDX-License-Identifier: BSD-2-Clause */
#include "asm/sysreg.h"
#include "gic.h"

bool gic_wait_clear(const volatile uint8_t *frame, uint32_t offset, uint32_t bits)
{
	for (uint32_t i = 0; i < 1000000; i++) {
		if (!(mmio_read32(frame, offset) & bits))
			return true;
		cpu_relax();
	}
	return false;
}
