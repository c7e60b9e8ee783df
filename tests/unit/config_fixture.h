/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations for tests: written down as structures, packed into images that end exactly where their
 * arrays end, so that AddressSanitizer sees each access beyond. The machine is QEMU's arm64 virt with four
 * CPUs.
 */
#ifndef BULKHEAD_CONFIG_FIXTURE_H
#define BULKHEAD_CONFIG_FIXTURE_H

#include "config.h"

#define KIB	0x400ull
#define MIB	0x100000ull

/* The counts of what is packed are those of the header. */
struct test_config {
	struct cfg_cell header;
	uint8_t cpus[CFG_MAX_CPU_SET + 8];
	struct cfg_memory memory[128];
	struct cfg_cache caches[2];
	struct cfg_irqchip irqchips[4];
	struct cfg_pio pio[2];
	struct cfg_pci_device pci[4];
	struct cfg_pci_cap caps[4];
	uint32_t stream_ids[2];
};

struct test_system {
	struct cfg_system header;	/* its root_cell is not used */
	struct test_config root;
};

/* Add an element; the result may be changed. */
struct cfg_memory *add_memory(struct test_config *config, uint64_t phys, uint64_t virt, uint64_t size,
			      uint64_t flags);
struct cfg_irqchip *add_irqchip(struct test_config *config, uint32_t pin_base);
struct cfg_pci_device *add_ivshmem(struct test_config *config, uint16_t bdf, uint32_t first_region,
				   uint8_t id, uint8_t peers);

/* A minimal cell that passes: one CPU, 64 KiB of memory at phys */
void make_cell(struct test_config *config, const char *name, uint32_t cpu, uint64_t phys);

/* The example of the Jailhouse ABI: a bare-metal inmate with one link, and its system configuration */
void make_inmate_demo(struct test_config *config);
void make_system(struct test_system *system);

/* Images in memory of their own; size may be NULL; freed by free_images(). */
void *pack_config(const struct test_config *config, uint64_t *size);
void *pack_system(const struct test_system *system, uint64_t *size);
void free_images(void);
void free_last_image(void);

/* The machine, with the hypervisor where make_system() has it */
extern const struct config_platform test_platform;

/* View of a packed configuration that is known to have a valid structure */
const struct config_view *view_of(const struct test_config *config);

#endif
