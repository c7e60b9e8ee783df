/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space of the ivshmem device. The image is that of the Jailhouse ABI: vendor capability
 * at 40h, MSI-X capability at 60h. Writes to what is read-only are ignored.
 */
#include "arch/cpu.h"
#include "ivshmem_internal.h"

#define CONFIG_SIZE	0x80u	/* reads beyond give all ones */
#define COMMAND		0x04u
#define BAR		0x10u
#define CAP_VENDOR	0x40u
#define CAP_MSIX	0x60u

#define STATUS_CAP_LIST	0x0010u
#define COMMAND_WRITABLE (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF)
#define MSIX_WRITABLE	(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL)
#define MSIX_PBA	0x100u
#define MSIX_BIR	1u

#define WORD(field)	offsetof(struct ivshmem_endpoint, field)

/* Little-endian dwords that the endpoint has as they are: where */
static const uint16_t words[CONFIG_SIZE / 4] = {
	[0x00 / 4] = WORD(ids),				/* device and vendor ID */
	[BAR / 4] = WORD(bar[0]), WORD(bar[1]),	/* BARs */
	[0x2c / 4] = WORD(ids),				/* subsystem IDs */
	[0x44 / 4] = WORD(params.state_size),		/* State Table Size */
	[0x48 / 4] = WORD(params.rw_size), WORD(params.rw_size) + 4,		/* R/W Section Size */
	[0x50 / 4] = WORD(params.output_size), WORD(params.output_size) + 4,	/* Output Section Size */
	[0x58 / 4] = WORD(params.base), WORD(params.base) + 4,			/* Base Address */
};

/* The others; what is not listed reads 0. Endpoint lock */
static uint32_t read_made(const struct ivshmem_endpoint *ep, uint32_t offset)
{
	const uint32_t vectors = ep->params.vectors;
	uint32_t value = 0;

	switch (offset) {
	case COMMAND:	/* status and command */
		value = STATUS_CAP_LIST << 16 | ep->command;
		break;
	case 0x08:	/* class and revision */
		value = (uint32_t)IVSHMEM_BASE_CLASS << 24 | (uint32_t)ep->params.protocol << 8;
		break;
	case 0x34:	/* capability pointer */
		value = CAP_VENDOR;
		break;
	case 0x3c:	/* interrupt pin */
		value = vectors ? 0 : ((ep->params.bdf / 8u) % 4u + 1u) << 8;
		break;
	case CAP_VENDOR:
		value = (ep->one_shot ? IVSHMEM_PRIV_ONESHOT : 0) << 24 | IVSHMEM_CAP_LENGTH << 16 |
		       (vectors ? CAP_MSIX : 0) << 8 | IVSHMEM_CAP_ID;
		break;
	case CAP_MSIX:
		value = vectors ? (ep->msix_control | (vectors - 1)) << 16 | 0x11u : 0;
		break;
	case CAP_MSIX + 4:	/* table */
		value = vectors ? MSIX_BIR : 0;
		break;
	case CAP_MSIX + 8:	/* PBA */
		value = vectors ? MSIX_PBA | MSIX_BIR : 0;
		break;
	}
	return value;
}

static uint32_t merge(uint32_t old, uint32_t lanes, uint32_t value)
{
	return (old & ~lanes) | (value & lanes);
}

/*
 * Decoding starts at the BAR values of the moment at which Memory Space goes from 0 to 1; BARs written
 * while it is 1 wait for the next time.
 */
static void write_command(struct ivshmem_endpoint *ep, uint32_t lanes, uint32_t value)
{
	uint32_t command = merge(ep->command, lanes & COMMAND_WRITABLE, value);
	uint32_t changed = command ^ ep->command, n;

	ep->command = (uint16_t)command;
	for (n = 0; (changed & PCI_COMMAND_MEMORY) && n < IVSHMEM_NUM_BARS; n++)
		if (ep->windows[n])
			mmio_move(ep->windows[n], command & PCI_COMMAND_MEMORY ? ep->bar[n] : MMIO_CLOSED);
	if (changed & (PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF))
		ivshmem_update_routes(ep);
}

/* lanes has ones in the bytes that are written. Endpoint lock */
static void write_dword(struct ivshmem_endpoint *ep, uint32_t offset, uint32_t lanes, uint32_t value)
{
	uint32_t n;

	switch (offset) {
	case COMMAND:
		write_command(ep, lanes, value);
		break;
	case BAR:
	case BAR + 4:
		n = (offset - BAR) / 4;
		__atomic_store_n(&ep->bar[n], merge(ep->bar[n], lanes & ep->params.bar_mask[n], value), __ATOMIC_RELAXED);
		break;
	case CAP_VENDOR:
		if (!(lanes & IVSHMEM_PRIV_ONESHOT << 24))
			break;
		ep->one_shot = value & IVSHMEM_PRIV_ONESHOT << 24;
		ivshmem_publish(ep);
		break;
	case CAP_MSIX:
		if (!ep->params.vectors)
			break;
		ep->msix_control = (uint16_t)merge(ep->msix_control, lanes >> 16 & MSIX_WRITABLE, value >> 16);
		ivshmem_update_routes(ep);
		break;
	}
}

static uint32_t size_mask(uint32_t size)
{
	return size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

uint32_t ivshmem_config_read(uint32_t endpoint, uint32_t offset, uint32_t size)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	const uint32_t *word = ivshmem_config_word(endpoint, offset);
	uint32_t value;

	if (offset >= CONFIG_SIZE)
		return size_mask(size);
	if (word) {
		value = __atomic_load_n(word, __ATOMIC_RELAXED);
	} else {
		spin_lock_ordered(&ep->lock);
		value = read_made(ep, offset & ~3u);
		spin_unlock(&ep->lock);
	}
	return (value >> (8 * (offset % 4))) & size_mask(size);
}

const uint32_t *ivshmem_config_word(uint32_t endpoint, uint32_t offset)
{
	const uint32_t word = offset < CONFIG_SIZE ? words[offset / 4] : 0;

	return word ? (const uint32_t *)((const char *)ivshmem_endpoint_at(endpoint) + word) : NULL;
}

void ivshmem_config_write(uint32_t endpoint, uint32_t offset, uint32_t size, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	uint32_t shift = 8 * (offset % 4), changed;

	spin_lock_ordered(&ep->lock);
	changed = ep->command;
	write_dword(ep, offset & ~3u, size_mask(size) << shift, value << shift);
	changed ^= ep->command;
	spin_unlock(&ep->lock);
	/* takes some time with many CPUs: peers need not wait for it */
	if (CONFIG_FAST_PATH && (changed & PCI_COMMAND_MEMORY))
		arch_forget_accesses(ep->cell);
}
