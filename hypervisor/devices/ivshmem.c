/* SPDX-License-Identifier: BSD-2-Clause */
/* The two MMIO windows of an ivshmem device: register page (BAR 0), MSI-X table and PBA (BAR 1). */
#include "ivshmem_internal.h"

/*
 * The page may be given to unprivileged code of the guest: whatever is not an aligned 32-bit access to a
 * register reads 0 and writes nothing.
 */
struct page_register {
	uint16_t word;		/* where the endpoint has what is read; 0: nowhere */
	/* what the CPU may look at to do it again by itself, or NULL */
	struct virq_store *(*write)(uint32_t endpoint, uint32_t value);
};

#define MSIX_ENTRY_SIZE	16u

static struct virq_store *write_interrupt_control(uint32_t endpoint, uint32_t value)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(endpoint);

	spin_lock_ordered(&ep->lock);
	__atomic_store_n(&ep->interrupt_control, value & IVSHMEM_INT_ENABLE, __ATOMIC_RELAXED);
	/* The cell may own other interrupts than when the routes were resolved. */
	ivshmem_update_routes(endpoint);
	spin_unlock(&ep->lock);
	return NULL;
}

static struct virq_store *write_doorbell(uint32_t endpoint, uint32_t value)
{
	return ivshmem_ring(endpoint, value >> 16, value & 0xffff);
}

static struct virq_store *write_state(uint32_t endpoint, uint32_t value)
{
	ivshmem_set_state(endpoint, value);
	return NULL;
}

/* By offset; defined at the end */
static const struct page_register registers[5];

enum mmio_result ivshmem_register_page(void *owner, uint32_t index, struct mmio_access *access)
{
	uint64_t number = access->offset / 4;
	const struct page_register *reg;

	(void)owner;
	access->cause = CPU_EXIT_IVSHMEM;
	if (!access->is_write)
		access->value = 0;
	if (access->size != 4 || access->offset % 4 != 0 || number >= ARRAY_SIZE(registers))
		return MMIO_HANDLED;

	reg = &registers[number];
	if (access->is_write && reg->write) {
		access->again.store = reg->write(index, (uint32_t)access->value);
	} else if (!access->is_write && reg->word) {
		access->again.word = (const uint32_t *)((const char *)ivshmem_endpoint_at(index) + reg->word);
		access->value = __atomic_load_n(access->again.word, __ATOMIC_RELAXED);
	}
	return MMIO_HANDLED;
}

/* PCI allows aligned 32-bit and 64-bit accesses here; the others have no effect and read 0. */
enum mmio_result ivshmem_msix_page(void *owner, uint32_t index, struct mmio_access *access)
{
	struct ivshmem_endpoint *ep = ivshmem_endpoint_at(index);
	uint64_t vector = access->offset / MSIX_ENTRY_SIZE, value = access->value;
	uint32_t done;

	(void)owner;
	access->cause = CPU_EXIT_MSIX;
	if (!access->is_write)
		access->value = 0;
	/* Nothing is ever pending, so PBA and unused space read alike. */
	if (access->size < 4 || access->offset % access->size != 0 || vector >= ep->params.vectors)
		return MMIO_HANDLED;

	spin_lock_ordered(&ep->lock);
	for (done = 0; done < access->size; done += 4) {
		uint64_t dword = (access->offset + done) / 4 % 4;

		if (access->is_write)
			ep->msix_table[vector][dword] = (uint32_t)(value >> (8 * done));
		else
			access->value |= (uint64_t)ep->msix_table[vector][dword] << (8 * done);
	}
	/* Not before the whole access is done: it may mask what it changes. */
	if (access->is_write)
		ivshmem_update_route(index, (uint32_t)vector);
	spin_unlock(&ep->lock);
	return MMIO_HANDLED;
}

#define WORD(field)	offsetof(struct ivshmem_endpoint, field)

static const struct page_register registers[5] = {
	[IVSHMEM_REG_ID / 4] = { .word = WORD(params.id) },
	[IVSHMEM_REG_MAX_PEERS / 4] = { .word = WORD(params.peers) },
	[IVSHMEM_REG_INT_CTRL / 4] = { .word = WORD(interrupt_control), .write = write_interrupt_control },
	[IVSHMEM_REG_DOORBELL / 4] = { .write = write_doorbell },
	[IVSHMEM_REG_STATE / 4] = { .word = WORD(state), .write = write_state },
};
