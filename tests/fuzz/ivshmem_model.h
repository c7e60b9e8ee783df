/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference model of ivshmem devices as guests see them, written from the specification and docs/ivshmem.md,
 * not from hypervisor/devices: the simplest program that gives the right answers. One thread, no locks,
 * everything static, nothing cached: whether an interrupt can be delivered is worked out from the registers
 * each time.
 *
 * Cells are numbers. A cell's devices are declared once by model_add(), and are there from model_join() to
 * model_leave(). What every call raised is in model_raised until the next model_clear_raised().
 */
#ifndef BULKHEAD_IVSHMEM_MODEL_H
#define BULKHEAD_IVSHMEM_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include "bulkhead/hypercall.h"

#define MODEL_CELLS	5u
#define MODEL_DEVICES	6u	/* of a cell */
#define MODEL_LINKS	8u
#define MODEL_PEERS	16u	/* of a link */
#define MODEL_PLACES	8u	/* a link has room for a multiple of it; docs/ivshmem.md says how many fit into a page */
#define MODEL_INTIDS	1020u

struct model_params {
	uint16_t bdf;
	uint16_t id;
	uint32_t peers;		/* shmem_peers */
	uint32_t vectors;	/* MSI-X; 0: INTx */
	uint32_t intx;		/* INTID of the INTx line */
	uint16_t protocol;
	uint32_t bar_mask[2];
	uint32_t table_size;
	uint64_t rw_size;
	uint64_t output_size;
	uint64_t base;
	bool lossy_state;
};

/* No cells, no links, nobody owns interrupts */
void model_clear(uint64_t ecam_base, uint32_t buses);
void model_add(uint32_t cell, const struct model_params *params);

/* 0 or a negative errno: then nothing of the cell is there. */
int model_join(uint32_t cell);
void model_leave(uint32_t cell);
void model_reset(uint32_t cell);
void model_fail(uint32_t cell);
void model_own(uint32_t cell, uint32_t intid, bool owned);

enum model_result {
	MODEL_HANDLED,
	MODEL_NO_WINDOW,
	MODEL_UNDEFINED,	/* BARs overlap, and nobody says which of them answers; nothing was done */
};

/* Access of the guest in a cell that is there. Reads set *value, zero-extended; writes take it. */
enum model_result model_access(uint32_t cell, uint64_t addr, uint32_t size, bool is_write, uint64_t *value);

/* Interrupts in no particular order */
struct model_interrupts {
	uint32_t count;
	uint32_t intid[64];
};

extern struct model_interrupts model_raised;
void model_clear_raised(void);

/* Where BAR n decodes; while it does not, its register */
uint64_t model_bar(uint32_t cell, uint16_t bdf, uint32_t n);

/* What is not seen through accesses */
bool model_link_exists(uint16_t bdf);
uint32_t model_link_peers(uint16_t bdf);
uint32_t model_table_entry(uint16_t bdf, uint32_t id);
const uint64_t *model_counters(uint16_t bdf, uint32_t id);	/* by LINK_COUNTER_* */
bool model_latched(uint16_t bdf, uint32_t id);

/* HC_LINK_INFO of the root cell, all items that there are but LINK_INFO_NEXT; MODEL_NO_INFO where it has no answer */
#define MODEL_NO_INFO	UINT64_MAX
uint64_t model_info(uint16_t bdf, uint32_t id, uint32_t item);

/* Sent is the sum of everything else on every link. */
bool model_balanced(void);

#endif
