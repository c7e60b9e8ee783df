/* SPDX-License-Identifier: BSD-2-Clause */
/* What the interrupt controller says about a route: of HC_LINK_INFO alone. */
#include "bulkhead/link_info.h"
#include "virq.h"
#include "gic.h"

uint64_t arch_virq_status(const struct cell *cell, const struct virq_route *route)
{
	uint32_t intid = route->intid, word = intid / 32 * 4, bit = intid % 32;
	const struct percpu *cpu = cpu_in_cell(cell, mmio_read64(gic.gicd, GICD_IROUTER + 8 * intid));
	uint64_t status = cpu ? cpu->cpu_id : LINK_ROUTE_NO_CPU;

	status = status << 8 | *(gic.gicd + GICD_IPRIORITYR + intid);
	status <<= 3;
	for (uint32_t offset = GICD_ISACTIVER; offset; offset -= GICD_ISPENDR - GICD_ISENABLER)
		status = status << 1 | (mmio_read32(gic.gicd, offset + word) >> bit & 1);
	return status << 34;
}
