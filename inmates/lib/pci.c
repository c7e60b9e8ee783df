/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration accesses and searches.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <pci.h>

#define ECAM_BUS_SIZE		0x100000u
#define MAX_CAPABILITIES	48u	/* all that fit into 192 bytes: ends loops in broken lists */

static uintptr_t ecam;

bool pci_setup(void)
{
	ecam = comm_region()->pci_mmconfig_base;
	if (!ecam)
		return false;
	map(ecam, ECAM_BUS_SIZE, MAP_DEVICE);
	return true;
}

uintptr_t pci_address(uint16_t bdf, uint16_t offset)
{
	return ecam + ((uintptr_t)bdf << 12) + offset;
}

uint32_t pci_read(uint16_t bdf, uint16_t offset, unsigned int width)
{
	uintptr_t address = pci_address(bdf, offset);

	switch (width) {
	case 1:
		return io_read8(address);
	case 2:
		return io_read16(address);
	default:
		return io_read32(address);
	}
}

void pci_write(uint16_t bdf, uint16_t offset, uint32_t value, unsigned int width)
{
	uintptr_t address = pci_address(bdf, offset);

	switch (width) {
	case 1:
		io_write8(address, (uint8_t)value);
		break;
	case 2:
		io_write16(address, (uint16_t)value);
		break;
	default:
		io_write32(address, value);
		break;
	}
}

uint16_t pci_find_device(uint16_t vendor, uint16_t device, uint16_t start)
{
	for (unsigned int bdf = start; bdf < PCI_BUS0_FUNCTIONS; bdf++)
		if (pci_read((uint16_t)bdf, PCI_VENDOR_ID, 4) == (((uint32_t)device << 16) | vendor))
			return (uint16_t)bdf;
	return PCI_NO_BDF;
}

uint8_t pci_find_capability(uint16_t bdf, uint8_t id)
{
	uint8_t at;

	if (!(pci_read(bdf, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return 0;
	at = (uint8_t)pci_read(bdf, PCI_CAPABILITIES, 1);
	for (unsigned int n = 0; at && n < MAX_CAPABILITIES; n++) {
		if (pci_read(bdf, at, 1) == id)
			return at;
		at = (uint8_t)pci_read(bdf, (uint16_t)(at + 1), 1);
	}
	return 0;
}
