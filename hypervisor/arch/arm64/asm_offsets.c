/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants for assembly; the build turns the .ascii lines of the compiled file into offsets.h. */
#include "bulkhead/image.h"
#include "percpu.h"
#include "trace.h"

#define DEFINE(name, value) __asm__ volatile(".ascii \"#define " #name " %c0\\n\"" : : "i"(value))

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(PERCPU_SIZE, sizeof(struct percpu));
	DEFINE(PERCPU_STACK_TOP, PERCPU_STACK_TOP);
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));
	DEFINE(TRACE, CONFIG_TRACE);
	DEFINE(TRACE_STEP, TRACE_STEP);
	DEFINE(TRACE_IRQ, TRACE_CAUSE(BH_TRACE_IRQ) >> 48);
	DEFINE(TRACE_FIQ, TRACE_CAUSE(BH_TRACE_FIQ) >> 48);
	DEFINE(FAST_PATH, CONFIG_FAST_PATH);
	DEFINE(FAST_LIST_REG, offsetof(struct percpu, fast.interrupts[0].list_reg));
	DEFINE(FAST_ALL_FREE, offsetof(struct percpu, fast.interrupts[0].all_free));
	_Static_assert(!offsetof(struct percpu, fast.interrupts) && sizeof(struct fast_interrupt) == 1 << 5 &&
		       FAST_INTERRUPTS == 1 << 4, "the entry code puts a part of the INTID into the address");
	DEFINE(HEADER_SIZE, sizeof(struct bh_image_header));
	DEFINE(HEADER_CORE_SIZE, offsetof(struct bh_image_header, core_size));
	DEFINE(HEADER_PHYS_BASE, offsetof(struct bh_image_header, boot.phys_base));
	DEFINE(HEADER_POOL_OFFSET, offsetof(struct bh_image_header, boot.pool_offset));
	DEFINE(HEADER_MAX_CPUS, offsetof(struct bh_image_header, boot.max_cpus));
	DEFINE(HEADER_LAUNCHER, offsetof(struct bh_image_header, boot.launcher));
	DEFINE(HEADER_PRIMARY_CPU, offsetof(struct bh_image_header, boot.primary_cpu));
}
