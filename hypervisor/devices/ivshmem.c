/* SPDX-License-Identifier: BSD-2-Clause */
/* The two MMIO windows of an ivshmem device: register page (BAR 0), MSI-X table and PBA (BAR 1). */
#include "ivshmem_internal.h"

/*
 * The page may be given to unprivileged code of the guest: whatever is not an aligned 32-bit access to a
 * register reads 0 and writes nothing.
 */
struct page_register {
	uint16_t word;		/* where the endpoint has what is read; 0: nowhere */
	ivshmem_write_t write;
};

#define MSIX_ENTRY_SIZE	16u

static void write_interrupt_control(struct ivshmem_endpoint *ep, uint32_t value)
{
	spin_lock_ordered(&ep->lock);
	__atomic_store_n(&ep->interrupt_control, value & IVSHMEM_INT_ENABLE, __ATOMIC_RELAXED);
	/* The cell may own other interrupts than when the routes were resolved. */
	ivshmem_update_routes(ep);
	spin_unlock(&ep->lock);
}

/* By offset; defined at the end */
static const struct page_register registers[5];

static const struct page_register *find_register(uint64_t offset, uint32_t size)
{
	uint64_t number = offset / 4;

	if (size != 4 || offset % 4 != 0 || number >= ARRAY_SIZE(registers))
		return NULL;
	return &registers[number];
}

static struct mmio_read read_page(const struct mmio_window *window, uint64_t offset, uint32_t size)
{
	const struct page_register *reg = find_register(offset, size);
	const uint32_t *word;

	if (!reg || !reg->word)
		return (struct mmio_read){ 0, NULL };
	word = (const uint32_t *)((const char *)ivshmem_endpoint_at(window->index) + reg->word);
	return (struct mmio_read){ __atomic_load_n(word, __ATOMIC_RELAXED), word };
}

static struct virq_store *write_page(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value)
{
	const struct page_register *reg = find_register(offset, size);

	if (!reg)
		return NULL;
	if (offset == IVSHMEM_REG_DOORBELL)
		return ivshmem_ring(window->index, (uint32_t)value >> 16, value & 0xffff);
	if (!reg->write)
		return NULL;
	reg->write(ivshmem_endpoint_at(window->index), (uint32_t)value);
	return &mmio_direct;
}

/*
 * The vector, or IVSHMEM_MAX_VECTORS. PCI allows aligned 32-bit and 64-bit accesses here; the others have no effect and read 0.
 * Nothing is ever pending, so PBA and unused space read alike.
 */
static uint32_t find_vector(const struct ivshmem_endpoint *ep, uint64_t offset, uint32_t size)
{
	uint64_t vector = offset / MSIX_ENTRY_SIZE;

	if (size < 4 || offset % size != 0 || vector >= ep->params.vectors)
		return IVSHMEM_MAX_VECTORS;
	return (uint32_t)vector;
}

static struct mmio_read read_msix(const struct mmio_window *window, uint64_t offset, uint32_t size)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(window->index);
	uint32_t vector = find_vector(ep, offset, size);
	uint64_t value = 0;

	if (vector == IVSHMEM_MAX_VECTORS)
		return (struct mmio_read){ 0, NULL };
	spin_lock_ordered(&ep->lock);
	for (uint32_t done = 0; done < size; done += 4)
		value |= (uint64_t)ep->msix_table[vector][(offset + done) / 4 % 4] << (8 * done);
	spin_unlock(&ep->lock);
	return (struct mmio_read){ value, NULL };
}

static struct virq_store *write_msix(const struct mmio_window *window, uint64_t offset, uint32_t size, uint64_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(window->index);
	uint32_t vector = find_vector(ep, offset, size);

	if (vector == IVSHMEM_MAX_VECTORS)
		return NULL;
	spin_lock_ordered(&ep->lock);
	for (uint32_t done = 0; done < size; done += 4)
		ep->msix_table[vector][(offset + done) / 4 % 4] = (uint32_t)(value >> (8 * done));
	/* Not before the whole access is done: it may mask what it changes. */
	ivshmem_update_route(ep, vector);
	spin_unlock(&ep->lock);
	return NULL;
}

#define WORD(field)	offsetof(struct ivshmem_endpoint, field)

static const struct page_register registers[5] = {
	[IVSHMEM_REG_ID / 4] = { .word = WORD(params.id) },
	[IVSHMEM_REG_MAX_PEERS / 4] = { .word = WORD(params.peers) },
	[IVSHMEM_REG_INT_CTRL / 4] = { .word = WORD(interrupt_control), .write = write_interrupt_control },
	[IVSHMEM_REG_STATE / 4] = { .word = WORD(state), .write = ivshmem_write_state },
};

ivshmem_write_t ivshmem_register_write(uint32_t endpoint, uint64_t offset, struct ivshmem_endpoint **ep)
{
	*ep = ivshmem_endpoint_at(endpoint);
	return registers[offset / 4].write;
}

const struct mmio_device ivshmem_register_page = {
	.cause = CPU_EXIT_IVSHMEM, .read = read_page, .write = write_page,
};

const struct mmio_device ivshmem_msix_page = {
	.cause = CPU_EXIT_MSIX, .read = read_msix, .write = write_msix,
};
