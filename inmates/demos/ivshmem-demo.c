/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory demo, bare-metal side: answers every message of its peers (demo_link.h), by interrupt only.
 *
 * Parameter: deny=N refuses the first N shutdown requests (default 0).
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <pci.h>

#include <demo_link.h>

#define MESSAGE_POLL_HZ	20u	/* messages of the hypervisor come without an interrupt */

static struct shmem_device dev;
static uint32_t peers;
static uint32_t seen_state[DEMO_MAX_PEERS];
static uint32_t seen_counter[DEMO_MAX_PEERS];
static uint32_t sent, answered;
static volatile uint32_t interrupts;

static void on_interrupt(uint32_t intid)
{
	if (intid == INTID_VIRTUAL_TIMER)
		timer_start(timer_frequency() / MESSAGE_POLL_HZ);
	else if (intid == dev.intid)
		interrupts++;
	else
		printk("demo: interrupt %u came, which nobody asked for\n", intid);
}

static bool pattern_good(const volatile struct demo_output *out, uint32_t peer)
{
	for (uint32_t n = 0; n < DEMO_PATTERN; n++)
		if (out->pattern[n] != demo_pattern(peer, out->counter, n))
			return false;
	return true;
}

static void write_text(volatile struct demo_output *out, const char *text)
{
	uint32_t n = 0;

	for (; text[n] && n < DEMO_TEXT_SIZE - 1; n++)
		out->text[n] = text[n];
	out->text[n] = 0;
}

static void answer(uint32_t peer)
{
	volatile struct demo_rw *rw = shmem_rw(&dev);
	volatile struct demo_output *mine = shmem_output(&dev, dev.id);
	const volatile struct demo_output *theirs = shmem_output(&dev, peer);
	uint32_t number = rw->counter[peer];
	bool good = theirs->counter == number && pattern_good(theirs, peer);

	sent++;
	mine->counter = sent;
	mine->kind = DEMO_KIND_ANSWER;
	mine->answers_to = number;
	mine->data_good = good;
	mine->timestamp = timer_ticks();
	write_text(mine, good ? "rtos: got it, all words right"
			      : "rtos: got it, but your output section is wrong");
	for (uint32_t n = 0; n < DEMO_PATTERN; n++)
		mine->pattern[n] = demo_pattern(dev.id, sent, n);
	rw->answer[peer] = ~rw->question[peer];
	/* Content before counter; the doorbell orders both before the interrupt */
	barrier_memory();
	rw->counter[dev.id] = sent;
	shmem_ring(&dev, peer, 0);

	answered++;
	if (answered <= 3 || answered % 100 == 0)
		printk("demo: message %u from peer %u, data %s; answer %u sent, doorbell rung\n",
		       number, peer, good ? "right" : "WRONG", sent);
	if (answered == 3)
		printk("demo: (from now on every 100th message)\n");
}

static void look_at_link(void)
{
	volatile struct demo_rw *rw = shmem_rw(&dev);
	volatile uint32_t *states = shmem_states(&dev);

	for (uint32_t peer = 0; peer < peers; peer++) {
		uint32_t state = states[peer];
		uint32_t counter;

		if (state != seen_state[peer]) {
			printk("demo: peer %u%s: state %u -> %u\n", peer, peer == dev.id ? " (me)" : "",
			       seen_state[peer], state);
			seen_state[peer] = state;
		}
		if (peer == dev.id)
			continue;
		barrier_memory();
		counter = rw->counter[peer];
		if (counter == seen_counter[peer])
			continue;
		seen_counter[peer] = counter;
		barrier_memory();
		if (((const volatile struct demo_output *)shmem_output(&dev, peer))->kind != DEMO_KIND_ANSWER)
			answer(peer);
	}
}

/* A peer that cannot be spoken to is reported, and the cell still answers the hypervisor */
static bool open_link(void)
{
	const char *why = NULL;
	uint16_t bdf;

	if (!pci_setup()) {
		printk("demo: the cell has no PCI host (pci_mmconfig_base is 0)\n");
		return false;
	}
	bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	while (bdf != PCI_NO_BDF && pci_read(bdf, PCI_CLASS_REVISION, 4) != DEMO_CLASS)
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, (uint16_t)(bdf + 1));
	if (bdf == PCI_NO_BDF) {
		printk("demo: no shared memory device of class ff0000 on bus 0\n");
		return false;
	}
	why = shmem_open(&dev, bdf, 0);
	if (!why && (dev.rw_size < sizeof(struct demo_rw) || dev.output_size < sizeof(struct demo_output)))
		why = "R/W or output section is too small for this demo";
	if (!why && dev.id >= DEMO_MAX_PEERS)
		why = "its peer ID is too high for this demo";
	if (!why && !dev.intid)
		why = "it has no INTx pin";
	if (why) {
		printk("demo: device %02x:%02x.%x: %s\n", bdf >> 8, (bdf >> 3) & 31, bdf & 7, why);
		return false;
	}
	peers = dev.max_peers < DEMO_MAX_PEERS ? dev.max_peers : DEMO_MAX_PEERS;
	printk("demo: shared memory device at %02x:%02x.%x, I am peer %u of %u\n", bdf >> 8, (bdf >> 3) & 31,
	       bdf & 7, dev.id, dev.max_peers);
	printk("demo: state table %llu B at %llx, R/W %llu B, outputs %llu B each, interrupt %u\n",
	       (unsigned long long)dev.state_size, (unsigned long long)dev.base,
	       (unsigned long long)dev.rw_size, (unsigned long long)dev.output_size, dev.intid);
	return true;
}

static void join_link(void)
{
	volatile struct demo_rw *rw = shmem_rw(&dev);

	/* What was said before this start is not for us */
	sent = rw->counter[dev.id];
	for (uint32_t peer = 0; peer < peers; peer++)
		seen_counter[peer] = rw->counter[peer];

	pci_write(dev.bdf, (uint16_t)(dev.capability + IVSHMEM_CAP_PRIV_CTRL), 0, 1);
	gic_enable(dev.intid);
	shmem_write(&dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	shmem_write(&dev, IVSHMEM_REG_STATE, dev.id + 1);
	printk("demo: on the link with state %u, waiting for peers\n", dev.id + 1);
}

void inmate_main(void)
{
	long long denials = param_int("deny", 0);
	uint32_t handled = 0;
	bool linked;

	printk("demo: bare-metal cell started\n");
	gic_setup(on_interrupt);
	linked = open_link();
	if (linked)
		join_link();
	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(timer_frequency() / MESSAGE_POLL_HZ);
	/* A peer may have come before our interrupts were on */
	if (linked)
		look_at_link();

	for (;;) {
		if (message_is_shutdown()) {
			if (denials-- > 0) {
				printk("demo: shutdown request denied\n");
				message_reply(COMM_REPLY_DENIED);
			} else {
				break;
			}
		}
		if (linked && handled != interrupts) {
			handled = interrupts;
			look_at_link();
			continue;
		}
		irq_sleep();
	}

	if (linked) {
		shmem_write(&dev, IVSHMEM_REG_INT_CTRL, 0);
		shmem_write(&dev, IVSHMEM_REG_STATE, 0);
	}
	timer_stop();
	printk("demo: shutting down after %u messages\n", answered);
	shut_down();
}
