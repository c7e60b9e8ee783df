/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space through ECAM, bus 0 only, at pci_mmconfig_base of the communication region, and the
 * shared memory device found there.
 */
#ifndef INMATE_PCI_H
#define INMATE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <bulkhead/ivshmem.h>

#define PCI_VENDOR_ID		0x00
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_CLASS_REVISION	0x08
#define PCI_BAR0		0x10
#define PCI_CAPABILITIES	0x34
#define PCI_INTERRUPT_LINE	0x3c
#define PCI_INTERRUPT_PIN	0x3d

#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_COMMAND_INTX_OFF	0x0400u
#define PCI_STATUS_CAPABILITIES	0x0010u

#define PCI_NO_BDF		0xffffu
#define PCI_BUS0_FUNCTIONS	256u

/* Maps the window; false when the cell has no PCI host. The other functions need it to have returned true. */
bool pci_setup(void);
uintptr_t pci_address(uint16_t bdf, uint16_t offset);

/* width: 1, 2 or 4 bytes */
uint32_t pci_read(uint16_t bdf, uint16_t offset, unsigned int width);
void pci_write(uint16_t bdf, uint16_t offset, uint32_t value, unsigned int width);

/* First function at or behind start with these IDs, or PCI_NO_BDF */
uint16_t pci_find_device(uint16_t vendor, uint16_t device, uint16_t start);
/* Offset of the first capability with this ID, or 0 */
uint8_t pci_find_capability(uint16_t bdf, uint8_t id);

/* --- shared memory device --- */

struct shmem_device {
	uint16_t bdf;
	uint8_t capability;		/* offset of the vendor capability */
	uint32_t class_revision;
	uint32_t id;
	uint32_t max_peers;
	uint32_t intid;			/* 0: no INTx */
	uintptr_t registers;
	uint64_t base;			/* State Table */
	uint64_t state_size, rw_size, output_size;
};

/*
 * Reads sizes and base address, places BAR 0 at FF000000h + index * 2000h (BAR 1 one page higher), turns
 * on memory decoding and bus mastering, and maps registers and sections (State Table and foreign outputs
 * read-only). Returns NULL, or why the device cannot be used.
 */
const char *shmem_open(struct shmem_device *dev, uint16_t bdf, unsigned int index);

uint32_t shmem_read(const struct shmem_device *dev, uint32_t reg);
void shmem_write(const struct shmem_device *dev, uint32_t reg, uint32_t value);
/* Everything written before is visible to the peer when the interrupt arrives */
void shmem_ring(const struct shmem_device *dev, uint32_t peer, uint32_t vector);

volatile uint32_t *shmem_states(const struct shmem_device *dev);
volatile void *shmem_rw(const struct shmem_device *dev);		/* NULL: the link has none */
volatile void *shmem_output(const struct shmem_device *dev, uint32_t peer);	/* NULL: the link has none */

#endif
