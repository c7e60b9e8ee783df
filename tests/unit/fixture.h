/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells with ivshmem devices for tests, made from configurations as the hypervisor gets them. */
#ifndef BULKHEAD_FIXTURE_H
#define BULKHEAD_FIXTURE_H

#include "cell.h"
#include "ivshmem_internal.h"
#include "vpci.h"

#define FIXTURE_ECAM		0x07000000ull	/* two buses */
#define FIXTURE_STATE_SIZE	0x1000ull
#define FIXTURE_RW_SIZE		0x9000ull
#define FIXTURE_OUTPUT_SIZE	0x2000ull
#define FIXTURE_BAR0		0xff000000u
#define FIXTURE_BAR1		0xff010000u

#define FIXTURE_MAX_DEVICES	8
#define FIXTURE_MAX_REGIONS	32
#define FIXTURE_MAX_WINDOWS	12

struct fixture_cell {
	struct cell cell;
	struct cfg_cell config;
	struct cfg_memory memory[FIXTURE_MAX_REGIONS];
	struct cfg_pci_device devices[FIXTURE_MAX_DEVICES];
	struct vpci_function functions[FIXTURE_MAX_DEVICES];
	struct mmio_window windows[FIXTURE_MAX_WINDOWS];
};

extern struct cfg_system fixture_system;
extern bool fixture_from_firmware;	/* direct boot; false */

#define BDF(bus, device, function)	((uint16_t)((bus) << 8 | (device) << 3 | (function)))

/* An empty cell whose INTx lines are SPIs irq_base .. irq_base + 3, which it owns. */
void fixture_init(struct fixture_cell *c, uint32_t irq_base);

/* Add a device with its memory regions, in the configuration only; may be changed before fixture_create(). */
struct cfg_pci_device *fixture_add(struct fixture_cell *c, uint16_t bdf, uint8_t id, uint8_t peers,
				   uint16_t vectors);
/* Regions of a device: 0 state table, 1 R/W, 2.. outputs */
struct cfg_memory *fixture_region(struct fixture_cell *c, const struct cfg_pci_device *dev, uint32_t n);

/* vpci_init() with a fresh window map */
int fixture_create(struct fixture_cell *c);
void fixture_destroy(struct fixture_cell *c);

/* Accesses of the guest; *_result also give what dispatch said, with the value in *value. */
enum mmio_result fixture_read_result(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t *value);
enum mmio_result fixture_write_result(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t value);
uint64_t fixture_read(struct fixture_cell *c, uint64_t addr, uint8_t size);	/* must be handled */
void fixture_write(struct fixture_cell *c, uint64_t addr, uint8_t size, uint64_t value);

/* Configuration space through ECAM */
uint32_t config_read(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint8_t size);
void config_write(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint8_t size, uint32_t value);

/* What a driver does at start: BAR n at FIXTURE_BARn + 0x1000 * device number, Memory and Master on */
void fixture_enable(struct fixture_cell *c, uint16_t bdf);
uint32_t reg_read(struct fixture_cell *c, uint16_t bdf, uint32_t reg);
void reg_write(struct fixture_cell *c, uint16_t bdf, uint32_t reg, uint32_t value);
uint32_t msix_read(struct fixture_cell *c, uint16_t bdf, uint32_t offset);
void msix_write(struct fixture_cell *c, uint16_t bdf, uint32_t offset, uint32_t value);
/* Vector to intid, unmasked */
void msix_program(struct fixture_cell *c, uint16_t bdf, uint32_t vector, uint32_t intid);

uint32_t fixture_endpoint(struct fixture_cell *c, uint16_t bdf);
uint64_t fixture_count(struct fixture_cell *c, uint16_t bdf, uint32_t counter);	/* LINK_COUNTER_* */
bool fixture_latched(struct fixture_cell *c, uint16_t bdf);
/* Over all peers of a link, there or not: events that were sent minus those of which is known what became of them */
int64_t fixture_unaccounted(uint16_t bdf);
uint32_t fixture_state_entry(uint32_t id);	/* of the link whose table is at HOST_RAM_BASE */

#endif
