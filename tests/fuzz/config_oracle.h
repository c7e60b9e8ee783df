/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration checks have to say, told from docs/configuration.md in other words than theirs. Shares with
 * hypervisor/core the layout of the files and nothing else: arrays are found, ranges compared and sections counted
 * anew.
 */
#ifndef BULKHEAD_CONFIG_ORACLE_H
#define BULKHEAD_CONFIG_ORACLE_H

#include <stdbool.h>
#include "config.h"	/* struct config_platform */

#define ORACLE_CELLS	4u	/* the root cell included */

/* One configuration whose counts are right */
struct told {
	const struct cfg_cell *head;
	const uint8_t *cpus;
	const struct cfg_memory *memory;
	const struct cfg_irqchip *chips;
	const struct cfg_pci_device *devices;
	uint64_t size;
	bool root;
};

/* The machine that a system configuration describes */
struct machine {
	const struct cfg_system *system;
	uint64_t hv_start, hv_size;
	uint64_t phys_limit, guest_limit;
	uint64_t redistributors;	/* bytes */
	uint32_t max_cpus;
};

/* NULL: to be accepted; else the rule that is broken. The result is filled in as far as that goes. */
const char *judge_system(const void *bytes, uint64_t available, const struct config_platform *platform,
			 struct machine *machine, struct told *root);
const char *judge_structure(const void *bytes, uint64_t available, struct told *cell);
const char *judge_cell(const struct told *cell, const struct machine *machine, const struct told *const *others,
		       uint32_t num_others);

#endif
