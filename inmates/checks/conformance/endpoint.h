/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared memory device of this cell as tester and companion use it: both variants of shared memory, both
 * kinds of interrupts. One device per inmate, in `own`.
 *
 * Interrupts are masked except inside nap(): handlers run there and nowhere else.
 */
#ifndef CONFORMANCE_ENDPOINT_H
#define CONFORMANCE_ENDPOINT_H

#include <pci.h>

#include "protocol.h"

#define PCI_NUM_BARS		6u
#define PCI_BAR(n)		(uint16_t)(PCI_BAR0 + 4 * (n))
#define PCI_BAR_IO		0x1u
#define PCI_BAR_TYPE_64		0x4u
#define MSIX_CAP_ID		0x11u
#define MSIX_CONTROL		0x02u	/* in the capability */
#define MSIX_CONTROL_ENABLE	0x8000u
#define MSIX_CONTROL_MASK_ALL	0x4000u
#define MSIX_CONTROL_SIZE	0x07ffu
#define MSIX_TABLE		0x04u
#define MSIX_PBA		0x08u
#define MSIX_BIR_MASK		0x07u
#define MSIX_ENTRY_SIZE		16u
#define MSIX_ENTRY_DATA		0x08u
#define MSIX_ENTRY_CONTROL	0x0cu
#define MSIX_VECTOR_MASKED	0x1u

struct endpoint {
	struct shmem_device dev;
	uint8_t msix_capability;	/* 0: INTx */
	uint32_t vectors;		/* of the MSI-X capability, 0: INTx */
	uint32_t usable;		/* vectors with an interrupt of this cell; 1 with INTx */
	uint32_t intids[CONF_MAX_VECTORS];
	uintptr_t msix_table, msix_pba;
	uint32_t bar_bits[PCI_NUM_BARS]; /* address bits that can be written */
	bool relocatable;

	/* What was found before anything was written */
	struct {
		uint32_t config[16];	/* the header */
		uint32_t privileged, msix_control, unmasked, int_control, state, table_entry;
	} start;

	/* Interrupts since the last endpoint_forget() */
	volatile uint32_t counts[CONF_MAX_VECTORS];
	volatile uint32_t total;
	volatile uint32_t seen;		/* *watched at the last one */
	volatile uint32_t *watched;
};

extern struct endpoint own;

/* Finds and opens the device. NULL, or why it cannot be used. */
const char *endpoint_open(void);
/* Opens the interrupt controller; vectors get the INTIDs of the parameters msix-intid and msix-count */
void endpoint_start_interrupts(void);

/* Decoding, Bus Master, all usable vectors armed, no one-shot, Interrupt Control 0 */
void endpoint_default(void);
/* Interrupt Control on and off again: what was latched comes now, and is forgotten with all counts */
void endpoint_flush(void);
void endpoint_forget(void);

uint32_t endpoint_table_read(uint32_t offset);
void endpoint_table_write(uint32_t offset, uint32_t value);
void endpoint_one_shot(bool on);
/* Offsets as in CONF_CONFIG_READ */
uint16_t endpoint_config_offset(uint32_t offset);

/* Whole shared memory, as bytes from the State Table; peers with an ID beyond Maximum Peers included */
uint64_t endpoint_memory_size(void);
uint64_t endpoint_output_offset(uint32_t peer);
volatile uint32_t *endpoint_word(uint64_t offset);
/* Where this peer writes requests or answers; NULL: the link has no room */
volatile struct conf_area *endpoint_area(uint32_t peer);

/* Interrupts are taken for at most a moment; returns after the first one */
void nap(void);
/* As nap(), for so long at least. For "nothing must happen" only. */
void nap_ms(unsigned int ms);

#endif
