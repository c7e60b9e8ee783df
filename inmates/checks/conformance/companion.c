/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conformance_peer: another peer of the link, which does what the tester wants, see protocol.h. It announces
 * itself with State CONF_READY and is silent on the console, which it shares with the tester.
 */
#include <cpu.h>
#include <inmate.h>
#include <tap.h>

#include "endpoint.h"

static volatile struct conf_area *answer;

static uint32_t done[CONF_MAX_PEERS];	/* last seq of the request in the area of each peer */

static uint64_t offset_of(const volatile uint32_t *args)
{
	return args[0] | ((uint64_t)args[1] << 32);
}

static void answer_info(void)
{
	const struct shmem_device *dev = &own.dev;
	volatile uint32_t *results = answer->results;
	uint32_t bars = 0;

	for (unsigned int n = 0; n < PCI_NUM_BARS; n++)
		bars |= own.start.config[PCI_BAR(n) / 4] & ~0xfu;
	results[CONF_INFO_ID] = dev->id;
	results[CONF_INFO_MAX_PEERS] = dev->max_peers;
	results[CONF_INFO_STATE_SIZE] = (uint32_t)dev->state_size;
	results[CONF_INFO_RW_SIZE] = (uint32_t)dev->rw_size;
	results[CONF_INFO_RW_SIZE + 1] = (uint32_t)(dev->rw_size >> 32);
	results[CONF_INFO_OUTPUT_SIZE] = (uint32_t)dev->output_size;
	results[CONF_INFO_OUTPUT_SIZE + 1] = (uint32_t)(dev->output_size >> 32);
	results[CONF_INFO_PIN] = pci_read(dev->bdf, PCI_INTERRUPT_PIN, 1);
	results[CONF_INFO_VECTORS] = own.vectors;
	results[CONF_INFO_USABLE] = own.usable;
	results[CONF_INFO_COMMAND] = own.start.config[PCI_COMMAND / 4] & 0xffff;
	results[CONF_INFO_BARS] = bars;
	results[CONF_INFO_PRIVILEGED] = own.start.privileged;
	results[CONF_INFO_MSIX_CONTROL] =
		own.start.msix_control & (MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	results[CONF_INFO_UNMASKED] = own.start.unmasked;
	results[CONF_INFO_INT_CONTROL] = own.start.int_control;
	results[CONF_INFO_STATE] = own.start.state;
	results[CONF_INFO_TABLE_ENTRY] = own.start.table_entry;
}

static void answer_counts(void)
{
	for (uint32_t vector = 0; vector < CONF_MAX_VECTORS; vector++)
		answer->results[CONF_COUNT_VECTOR + vector] = own.counts[vector];
	answer->results[CONF_COUNT_TOTAL] = own.total;
	answer->results[CONF_COUNT_SEEN] = own.seen;
}

/* Where this peer must not write. The hypervisor may stop the CPU for it, abort the access, or ignore it. */
static bool foreign_write(uint64_t offset, uint32_t value)
{
	uint64_t page = (own.dev.base + offset) & ~(PAGE_SIZE - 1);
	bool aborted;

	map(page, PAGE_SIZE, MAP_NORMAL);
	probe_begin();
	*endpoint_word(offset) = value;
	aborted = probe_end();
	map(page, PAGE_SIZE, MAP_NORMAL | MAP_READ_ONLY);
	return aborted;
}

static void execute(uint32_t op, const volatile uint32_t *args)
{
	switch (op) {
	case CONF_INFO:
		answer_info();
		break;
	case CONF_DEFAULT:
		endpoint_default();
		shmem_write(&own.dev, IVSHMEM_REG_STATE, CONF_READY);
		break;
	case CONF_FLUSH:
		endpoint_flush();
		break;
	case CONF_COUNTS:
		answer_counts();
		break;
	case CONF_REG_READ:
		answer->results[0] = shmem_read(&own.dev, args[0]);
		break;
	case CONF_REG_WRITE:
		shmem_write(&own.dev, args[0], args[1]);
		break;
	case CONF_CONFIG_READ:
		answer->results[0] = pci_read(own.dev.bdf, endpoint_config_offset(args[0]), args[1]);
		break;
	case CONF_CONFIG_WRITE:
		pci_write(own.dev.bdf, endpoint_config_offset(args[0]), args[2], args[1]);
		break;
	case CONF_TABLE_WRITE:
		endpoint_table_write(args[0], args[1]);
		break;
	case CONF_MEM_READ:
		answer->results[0] = *endpoint_word(offset_of(args));
		break;
	case CONF_MEM_WRITE:
		*endpoint_word(offset_of(args)) = args[2];
		break;
	case CONF_FOREIGN_WRITE:
		answer->results[0] = foreign_write(offset_of(args), CONF_CANARY);
		break;
	case CONF_WATCH:
		own.watched = endpoint_word(offset_of(args));
		break;
	case CONF_PUBLISH:
		*endpoint_word(offset_of(args)) = args[2];
		shmem_write(&own.dev, IVSHMEM_REG_STATE, args[3]);
		break;
	}
}

static void look_for_request(uint32_t peer)
{
	volatile struct conf_area *request = endpoint_area(peer);
	uint32_t seq;

	if (!request || request->magic != CONF_MAGIC)
		return;
	seq = request->seq;
	barrier_memory();	/* pairs with the one before the tester writes seq */
	if (seq == done[peer] || request->target != own.dev.id)
		return;
	done[peer] = seq;
	execute(request->op, request->args);
	barrier_full();
	answer->ack = seq;
}

void inmate_main(void)
{
	const char *why = endpoint_open();
	uint32_t peers = own.dev.max_peers < CONF_MAX_PEERS ? own.dev.max_peers : CONF_MAX_PEERS;

	answer = why ? NULL : endpoint_area(own.dev.id);
	if (!answer) {
		printk("Bail out! no usable shared memory device: %s\n", why ? why : "no room for requests");
		return;
	}
	endpoint_start_interrupts();
	for (uint32_t peer = 0; peer < peers; peer++)
		if (peer != own.dev.id && endpoint_area(peer))
			done[peer] = endpoint_area(peer)->seq;
	answer->magic = 0;
	answer->ack = 0;
	endpoint_default();
	shmem_write(&own.dev, IVSHMEM_REG_STATE, CONF_READY);

	for (;;) {
		for (uint32_t peer = 0; peer < peers; peer++)
			if (peer != own.dev.id)
				look_for_request(peer);
		if (message_is_shutdown())
			shut_down();
		nap();
	}
}
