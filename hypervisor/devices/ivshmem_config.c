/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space of the ivshmem device. The image is that of the Jailhouse ABI: vendor capability
 * at 40h, MSI-X capability at 60h. Writes to what is read-only are ignored.
 */
#include "arch/cpu.h"
#include "ivshmem_internal.h"

#define CONFIG_SIZE	0x80u	/* reads beyond give all ones */
#define CAP_VENDOR	0x40u
#define CAP_MSIX	0x60u

#define STATUS_CAP_LIST	0x0010u
#define COMMAND_WRITABLE (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF)
#define MSIX_WRITABLE	(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL)
#define MSIX_PBA	0x100u
#define MSIX_BIR	1u

/* All handlers run under the endpoint lock. lanes has ones in the bytes that are written. */
struct config_dword {
	uint16_t word;		/* where the endpoint has the value as it is; 0: see read */
	uint32_t (*read)(const struct ivshmem_endpoint *ep);
	void (*write)(uint32_t endpoint, uint32_t lanes, uint32_t value);
};

static uint32_t merge(uint32_t old, uint32_t lanes, uint32_t value)
{
	return (old & ~lanes) | (value & lanes);
}

static uint32_t read_command(const struct ivshmem_endpoint *ep)
{
	return STATUS_CAP_LIST << 16 | ep->command;
}

/*
 * Decoding starts at the BAR values of the moment at which Memory Space goes from 0 to 1; BARs written
 * while it is 1 wait for the next time.
 */
static void write_command(uint32_t endpoint, uint32_t lanes, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	uint32_t command = merge(ep->command, lanes & COMMAND_WRITABLE, value);
	uint32_t changed = command ^ ep->command, n;

	ep->command = (uint16_t)command;
	for (n = 0; (changed & PCI_COMMAND_MEMORY) && n < IVSHMEM_NUM_BARS; n++)
		if (ep->windows[n])
			mmio_move(ep->windows[n], command & PCI_COMMAND_MEMORY ? ep->bar[n] : MMIO_CLOSED);
	if (changed & (PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF))
		ivshmem_update_routes(endpoint);
}

static uint32_t read_class(const struct ivshmem_endpoint *ep)
{
	return (uint32_t)IVSHMEM_BASE_CLASS << 24 | (uint32_t)ep->params.protocol << 8;
}

static void write_bar0(uint32_t endpoint, uint32_t lanes, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	__atomic_store_n(&ep->bar[0], merge(ep->bar[0], lanes & ep->params.bar_mask[0], value), __ATOMIC_RELAXED);
}

static void write_bar1(uint32_t endpoint, uint32_t lanes, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	__atomic_store_n(&ep->bar[1], merge(ep->bar[1], lanes & ep->params.bar_mask[1], value), __ATOMIC_RELAXED);
}

static uint32_t read_cap_pointer(const struct ivshmem_endpoint *ep)
{
	(void)ep;
	return CAP_VENDOR;
}

static uint32_t read_interrupt(const struct ivshmem_endpoint *ep)
{
	return ep->params.vectors ? 0 : ((ep->params.bdf / 8u) % 4u + 1u) << 8;
}

static uint32_t read_vendor_cap(const struct ivshmem_endpoint *ep)
{
	uint32_t next = ep->params.vectors ? CAP_MSIX : 0;

	return (ep->one_shot ? IVSHMEM_PRIV_ONESHOT : 0) << 24 | IVSHMEM_CAP_LENGTH << 16 | next << 8 |
	       IVSHMEM_CAP_ID;
}

static void write_vendor_cap(uint32_t endpoint, uint32_t lanes, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	if (!(lanes & IVSHMEM_PRIV_ONESHOT << 24))
		return;
	ep->one_shot = value & IVSHMEM_PRIV_ONESHOT << 24;
	ivshmem_publish(endpoint);
}

static uint32_t read_msix_cap(const struct ivshmem_endpoint *ep)
{
	if (ep->params.vectors == 0)
		return 0;
	return (ep->msix_control | (ep->params.vectors - 1)) << 16 | 0x11u;
}

static void write_msix_cap(uint32_t endpoint, uint32_t lanes, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	if (ep->params.vectors == 0)
		return;
	ep->msix_control = (uint16_t)merge(ep->msix_control, lanes >> 16 & MSIX_WRITABLE, value >> 16);
	ivshmem_update_routes(endpoint);
}

static uint32_t read_msix_table(const struct ivshmem_endpoint *ep)
{
	return ep->params.vectors ? MSIX_BIR : 0;
}

static uint32_t read_msix_pba(const struct ivshmem_endpoint *ep)
{
	return ep->params.vectors ? MSIX_PBA | MSIX_BIR : 0;
}

#define WORD(field)	offsetof(struct ivshmem_endpoint, field)

/* What is not listed reads 0. Little-endian */
static const struct config_dword config_space[CONFIG_SIZE / 4] = {
	[0x00 / 4] = { .word = WORD(ids) },				/* device and vendor ID */
	[0x04 / 4] = { .read = read_command, .write = write_command },	/* status and command */
	[0x08 / 4] = { .read = read_class },				/* class and revision */
	[0x10 / 4] = { .word = WORD(bar[0]), .write = write_bar0 },	/* BAR 0 */
	[0x14 / 4] = { .word = WORD(bar[1]), .write = write_bar1 },	/* BAR 1 */
	[0x2c / 4] = { .word = WORD(ids) },				/* subsystem IDs */
	[0x34 / 4] = { .read = read_cap_pointer },			/* capability pointer */
	[0x3c / 4] = { .read = read_interrupt },			/* interrupt pin */
	[0x40 / 4] = { .read = read_vendor_cap, .write = write_vendor_cap },	/* vendor capability */
	[0x44 / 4] = { .word = WORD(params.state_size) },	/* State Table Size */
	[0x48 / 4] = { .word = WORD(params.rw_size) },	/* R/W Section Size */
	[0x4c / 4] = { .word = WORD(params.rw_size) + 4 },	/* R/W Section Size */
	[0x50 / 4] = { .word = WORD(params.output_size) },	/* Output Section Size */
	[0x54 / 4] = { .word = WORD(params.output_size) + 4 },	/* Output Section Size */
	[0x58 / 4] = { .word = WORD(params.base) },	/* Base Address */
	[0x5c / 4] = { .word = WORD(params.base) + 4 },	/* Base Address */
	[0x60 / 4] = { .read = read_msix_cap, .write = write_msix_cap },	/* MSI-X capability */
	[0x64 / 4] = { .read = read_msix_table },			/* MSI-X table */
	[0x68 / 4] = { .read = read_msix_pba },				/* MSI-X PBA */
};

static uint32_t size_mask(uint32_t size)
{
	return size >= 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

static const uint32_t *word_of(const struct config_dword *dword, uint32_t endpoint)
{
	return dword->word ? (const uint32_t *)((const char *)ivshmem_endpoint_at(endpoint) + dword->word) : NULL;
}

uint32_t ivshmem_config_read(uint32_t endpoint, uint32_t offset, uint32_t size)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	const struct config_dword *dword;
	uint32_t value = 0;

	if (offset >= CONFIG_SIZE)
		return size_mask(size);
	dword = &config_space[offset / 4];
	if (dword->word) {
		value = __atomic_load_n(word_of(dword, endpoint), __ATOMIC_RELAXED);
	} else if (dword->read) {
		spin_lock_ordered(&ep->lock);
		value = dword->read(ep);
		spin_unlock(&ep->lock);
	}
	return (value >> (8 * (offset % 4))) & size_mask(size);
}

const uint32_t *ivshmem_config_word(uint32_t endpoint, uint32_t offset)
{
	return offset < CONFIG_SIZE ? word_of(&config_space[offset / 4], endpoint) : NULL;
}

void ivshmem_config_write(uint32_t endpoint, uint32_t offset, uint32_t size, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);
	const struct config_dword *dword;
	uint32_t shift = 8 * (offset % 4), changed;

	if (offset >= CONFIG_SIZE)
		return;
	dword = &config_space[offset / 4];
	if (dword->write) {
		spin_lock_ordered(&ep->lock);
		changed = ep->command;
		dword->write(endpoint, size_mask(size) << shift, value << shift);
		changed ^= ep->command;
		spin_unlock(&ep->lock);
		/* takes some time with many CPUs: peers need not wait for it */
		if (CONFIG_FAST_PATH && (changed & PCI_COMMAND_MEMORY))
			arch_forget_accesses(ep->cell);
	}
}
