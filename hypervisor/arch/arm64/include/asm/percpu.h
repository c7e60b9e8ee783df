/* SPDX-License-Identifier: BSD-2-Clause */
/* The arm64 part of the per-CPU data. */
#ifndef BULKHEAD_ASM_PERCPU_H
#define BULKHEAD_ASM_PERCPU_H

#include "types.h"
#include "asm/sysreg.h"

struct percpu;

#define NUM_INTIDS	1020
#define LPI_QUEUE	16
#define INTID_WORDS	((NUM_INTIDS + 31) / 32)

/* General-purpose registers of the interrupted guest, at the top of the stack while in the hypervisor. */
struct trap_frame {
	uint64_t x[31];
	uint64_t trace_position;	/* not the guest's: trace.h */
};
_Static_assert(sizeof(struct trap_frame) == 8 * 32, "the position of the trace is the last word of the stack");

/*
 * CONFIG_FAST_PATH: interrupts that the entry code hands to the guest by itself, by the lowest bits of their INTID. C has handed
 * each of them to the guest before, and writes down how; who changes what that depends on empties the slot. They leave no
 * event in the trace: while that is to have all exits, they are empty; arch_forget_fast_paths().
 */
#define FAST_INTERRUPTS		16
#define FAST_EMPTY		UINT64_MAX	/* no INTID is like its lower half, and HPFAR_EL2 is not like it */
#define FAST_HINTS		4

struct fast_interrupt {
	volatile uint64_t list_reg;	/* as it is written; also emptied by other CPUs */
	volatile uint64_t *counter;	/* of the cause of the exit */
	uint32_t all_free;		/* ICH_ELRSR_EL2 if no list register is in use */
	/* from here on not the slot's, which would be filled up only */
	union {
		volatile uint8_t hints[FAST_HINTS];	/* slots 0 to 7: of pages; a window of the cell, counted from 1 on */
		volatile uint32_t used;		/* slots 8 to 15: of registers; the syndrome if it was used since C looked last */
	};
	uint64_t control;		/* controls.h: of the root cell while another cell has the CPU, else of that */
};

#define NUM_CONTROLS	12
#define CONTROL_STRIDE	(sizeof(struct fast_interrupt) / sizeof(uint64_t))
_Static_assert(NUM_CONTROLS <= FAST_INTERRUPTS, "each has a place");

struct ivshmem_endpoint;
struct mmio_read;
struct mmio_window;
struct virq_store;

/*
 * A doorbell that is rung again in the same way: a store that is described by the same syndrome, with the same value, to the same
 * place. Written by the CPU itself, but syndrome, which others set to 0, for none. fast_path.c
 */
#define FAST_DOORBELLS		4	/* a power of two: the entry code goes through all of them */

struct fast_doorbell {
	volatile uint64_t done;		/* how often it was rung; with the one that is being rung now: started */
	volatile uint64_t counted;	/* of those, how many are in the counters below */
	volatile uint64_t syndrome;	/* ESR_EL2 */
	volatile uint64_t where;	/* HPFAR_EL2, and the offset in the page */
	uint64_t value;
	const char *compare;		/* where the entry code compares the register of the store with the value */
	volatile uint64_t started;
	struct virq_store *volatile store;	/* published by the receiver */
};
_Static_assert(sizeof(struct fast_doorbell) == 64, "the entry code computes with powers of two");

/*
 * A register that reads as a word of memory, by the lowest bits of its offset and of its page; or one that a function writes, in
 * the opposite place: fast_path.c
 */
#define FAST_REGISTERS		8

struct fast_register {
	volatile uint64_t syndrome;	/* as above; of a load, the upper half says where the code for its register is */
	volatile uint64_t where;
	union {
		const volatile uint32_t *word;
		void (*write)(struct ivshmem_endpoint *endpoint, uint32_t value);
	};
	union {
		volatile uint64_t *counter;	/* of the cause of the exit */
		struct ivshmem_endpoint *endpoint;
	};
};

struct arch_fast_path {
	struct fast_doorbell doorbells[FAST_DOORBELLS];
	struct fast_interrupt interrupts[FAST_INTERRUPTS];
	struct fast_register registers[FAST_REGISTERS];

	/* the page of the last access to a device: trap_light(), which is behind the event of the trace */
	uint64_t page;			/* as HPFAR_EL2 says it; FAST_EMPTY: none */
	uint64_t offset;		/* in its window */
	const struct mmio_window *window;
	uint64_t base;			/* where it was then */
	struct mmio_read (*read)(const struct mmio_window *window, uint64_t offset, uint32_t size);	/* of its device */
	struct virq_store *(*write)(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value);
	volatile uint64_t *counter;	/* of the cause of the exit */

	/* what doorbells are counted by */
	struct {
		uint64_t *sent, *delivered;
	} counters[FAST_DOORBELLS];
	volatile uint32_t adding, added;	/* how often they were added to; with the time that is being done: adding */
	uint8_t next;			/* doorbell that is looked at next, when there is one to be remembered */
	uint8_t misses;			/* accesses to pages whose hint is another window */
	uint8_t seen[FAST_DOORBELLS];	/* the lowest bits of its `done` at the last look, and how many more looks it stays */
	struct virq_ring {
		volatile uint64_t started, done;
	} by_c;				/* arch_virq_ring() */
};

/* EL2 and physical GIC state as Linux left it, given back at disable. */
struct launch_state {
	uint64_t sctlr_el2;
	uint64_t vbar_el2;
	uint64_t hcr_el2;
	uint64_t cptr_el2;
	uint64_t vttbr_el2;
	uint64_t vtcr_el2;
	uint64_t cnthp_cval;
	/* of these, bits 63..32 are RES0 */
	uint32_t cnthp_ctl, icc_sre_el2, icc_ctlr, icc_pmr, icc_bpr1, icc_igrpen0, icc_igrpen1, ich_hcr, ich_vmcr;
	uint32_t enabled;		/* GICR_ISENABLER0 */
	uint8_t priorities[32];		/* GICR_IPRIORITYR0..7 */
	uint32_t groups;		/* GICR_IGROUPR0 */
	uint32_t ppi_config;		/* GICR_ICFGR1 */
	bool has_group0;		/* else the firmware has it, and icc_igrpen0 is unused */
};

/* What a CPU failed by */
struct violation {
	uint32_t kind;			/* BH_FAULT_* */
	uint64_t address, syndrome, pc, virtual_address;
};

struct arch_percpu {
	struct launch_state launch;
	volatile uint8_t *gicr;		/* own redistributor, RD frame; SGI frame 64 KiB above */
	uint32_t num_list_regs;
	uint64_t all_free;		/* ICH_ELRSR_EL2 if no list register is in use */
	uint64_t sgi_target;		/* what is written to ICC_SGI1R_EL1 for this CPU, but for the INTID */
	/* Pending for this CPU's guest, not yet in a list register */
	volatile uint32_t sgi_pending;	/* set by senders with atomics */
	uint32_t spill[INTID_WORDS];	/* hardware interrupts that found no list register; owner CPU only */
	uint32_t num_spilled;
	uint32_t lpis[LPI_QUEUE];	/* likewise, message interrupts of the root cell */
	uint32_t num_lpis;
	uint32_t lost_lpis;
	bool serror_seen;		/* reported once per reset */
	bool is_confined;		/* its controls are those of cells, not those of the root cell: fast.interrupts */
	uint32_t revocations;		/* of its cell, when it last looked */
	struct violation violation;
	uint64_t *window_pte;		/* arch_window() */
};

/* Set before the first C function runs on the CPU, and never again. */
static inline struct percpu *this_cpu(void)
{
	return (struct percpu *)read_constant_sysreg(tpidr_el2);
}

#endif
