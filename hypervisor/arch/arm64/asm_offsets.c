/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants for assembly; the build turns the .ascii lines of the compiled file into offsets.h. */
#include "bulkhead/image.h"
#include "bulkhead/ivshmem.h"
#include "errors.h"
#include "hypercall.h"
#include "percpu.h"
#include "trace_ring.h"
#include "asm/sysreg.h"
#include "gic.h"
#include "layout.h"
#include "trap.h"

#define DEFINE(name, value) __asm__ volatile(".ascii \"#define " #name " %c0\\n\"" : : "i"(value))

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(PERCPU_SIZE, PERCPU_SIZE);
	DEFINE(PERCPU_STRIDE, sizeof(struct percpu_area));
	DEFINE(PERCPU_FIRST, VA_REMAP + offsetof(struct percpu_area, cpu));
	DEFINE(STACK_SIZE, CONFIG_STACK_SIZE);
	DEFINE(TRACE_SIZE, TRACE_SIZE);
	_Static_assert(BH_LAUNCHER_LINUX == 0 && BH_LAUNCHER_FIRMWARE == 1 && VA_BITS - VA_BITS_SMALL == 1 << 2,
		       "the entry code computes the size of addresses");
	DEFINE(FRAME_SIZE, sizeof(struct trap_frame));
	DEFINE(TRACE, CONFIG_TRACE);
	DEFINE(TRACE_STEP, TRACE_STEP);
	DEFINE(TRACE_IRQ, TRACE_CAUSE(BH_TRACE_IRQ) >> 48);
	DEFINE(TRACE_FIQ, TRACE_CAUSE(BH_TRACE_FIQ) >> 48);
	DEFINE(FAST_PATH, CONFIG_FAST_PATH);
	DEFINE(LATE_LAUNCH, CONFIG_LATE_LAUNCH);
	DEFINE(DIRECT_BOOT, CONFIG_DIRECT_BOOT);
	DEFINE(FAST_LIST_REG, offsetof(struct percpu, fast.interrupts[0].list_reg));
	DEFINE(FAST_ALL_FREE, offsetof(struct percpu, fast.interrupts[0].all_free));
	_Static_assert(!offsetof(struct percpu, fast) && sizeof(struct fast_interrupt) == 1 << 5 && FAST_INTERRUPTS == 1 << 4 &&
		       offsetof(struct percpu, fast.interrupts) % (1 << 5) == 0,
		       "the entry code puts a part of the INTID into the address");
	DEFINE(DOORBELL_SIZE, sizeof(struct fast_doorbell));
	DEFINE(DOORBELLS_END, 8);
	_Static_assert(sizeof(struct fast_doorbell) * FAST_DOORBELLS == 1 << 8, "behind the last one bit 8 of the address is set");
	DEFINE(DOORBELL_STARTED, offsetof(struct fast_doorbell, started));
	DEFINE(DOORBELL_SYNDROME, offsetof(struct fast_doorbell, syndrome));
	DEFINE(DOORBELL_WHERE, offsetof(struct fast_doorbell, where));
	DEFINE(DOORBELL_VALUE, offsetof(struct fast_doorbell, value));
	DEFINE(DOORBELL_COUNTED, offsetof(struct fast_doorbell, counted));
	_Static_assert(!offsetof(struct percpu, fast.doorbells) && !offsetof(struct fast_doorbell, done) &&
		       offsetof(struct fast_doorbell, where) == offsetof(struct fast_doorbell, syndrome) + 8 &&
		       offsetof(struct fast_doorbell, compare) == offsetof(struct fast_doorbell, value) + 8 &&
		       offsetof(struct fast_doorbell, store) == offsetof(struct fast_doorbell, started) + 8,
		       "the entry code finds them in pairs, and the first one without an offset");
	DEFINE(REGISTER_FIRST, offsetof(struct percpu, fast.registers));
	DEFINE(REGISTER_USED, offsetof(struct percpu, fast.interrupts[FAST_INTERRUPTS - FAST_REGISTERS].used));
	_Static_assert(sizeof(struct fast_register) == 1 << 5 && FAST_REGISTERS == 1 << 3 &&
		       sizeof(struct fast_interrupt) == sizeof(struct fast_register),
		       "the entry code computes the place from the address");
	DEFINE(LAST_OFFSETS, 0x1f);
	_Static_assert(IVSHMEM_REG_STATE <= 0x1f && (IVSHMEM_REG_DOORBELL & 0xc) == 0xc && !(IVSHMEM_REG_STATE & 4) &&
		       !(IVSHMEM_REG_INT_CTRL & 4), "the entry code does not look at stores beyond that, and by these bits");
	DEFINE(COUNT_IVSHMEM, offsetof(struct percpu, exits[CPU_EXIT_IVSHMEM]));
	DEFINE(HYPERCALL_SYNDROME, EC_HVC64 << 26 | ESR_IL | HC_IMMEDIATE);
	DEFINE(SGI_SYNDROME, EC_SYS64 << 26 | ESR_IL | ISS_SGI1R);
	DEFINE(SMC_BIT, 26);
	_Static_assert(!(EC_HVC64 & 1) && !(EC_SYS64 & 1) && (EC_SMC64 & 1), "the entry code looks at the lowest bit of the class");
	DEFINE(NUM_HYPERCALLS, NUM_HYPERCALLS);
	DEFINE(NUM_OWN_HYPERCALLS, NUM_OWN_HYPERCALLS);
	DEFINE(HC_OWN_BASE, HC_OWN_BASE);
	DEFINE(NO_HYPERCALL, -ENOSYS);
	DEFINE(COUNT_HYPERCALLS, offsetof(struct percpu, exits[CPU_EXIT_HYPERCALL]));
	_Static_assert(KICK_SGI == 0, "the entry code compares the INTID with 0");
	DEFINE(LIGHT_BITS, LIGHT_BITS);
	DEFINE(LIGHT_ABORT, LIGHT_ABORT);
	DEFINE(IMAGE_ABI, BH_IMAGE_ABI);
	DEFINE(IMAGE_FEATURES, CONFIG_LATE_LAUNCH * BH_BUILT_LATE_LAUNCH | CONFIG_DIRECT_BOOT * BH_BUILT_DIRECT_BOOT |
	       CONFIG_CELL_MANAGEMENT * BH_BUILT_CELL_MANAGEMENT | CONFIG_FAST_PATH * BH_BUILT_FAST_PATH |
	       CONFIG_WATCHDOG * BH_BUILT_WATCHDOG | CONFIG_UART_PL011 * BH_BUILT_UART_PL011 |
	       CONFIG_UART_8250 * BH_BUILT_UART_8250 | CONFIG_REASONS * BH_BUILT_REASONS |
	       CONFIG_LINK_INFO * BH_BUILT_LINK_INFO | CONFIG_CELL_INFO * BH_BUILT_CELL_INFO |
	       CONFIG_CELL_CONSOLE * BH_BUILT_CELL_CONSOLE | CONFIG_CRASH_LOG * BH_BUILT_CRASH_LOG |
	       CONFIG_TRACE * BH_BUILT_TRACE);
	DEFINE(IMAGE_MAX_CPUS, CONFIG_MAX_CPUS);
	DEFINE(IMAGE_MAX_CELLS, CONFIG_MAX_CELLS);
	DEFINE(IMAGE_MAX_LINKS, CONFIG_IVSHMEM_MAX_LINKS);
	DEFINE(HEADER_SIZE, sizeof(struct bh_image_header));
	DEFINE(HEADER_CORE_SIZE, offsetof(struct bh_image_header, core_size));
	DEFINE(HEADER_PHYS_BASE, offsetof(struct bh_image_header, boot.phys_base));
	DEFINE(HEADER_POOL_OFFSET, offsetof(struct bh_image_header, boot.pool_offset));
	DEFINE(HEADER_MAX_CPUS, offsetof(struct bh_image_header, boot.max_cpus));
	DEFINE(HEADER_LAUNCHER, offsetof(struct bh_image_header, boot.launcher));
	DEFINE(HEADER_PRIMARY_CPU, offsetof(struct bh_image_header, boot.primary_cpu));
}
