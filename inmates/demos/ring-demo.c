/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells among themselves: on each of its links, a cell exchanges doorbells with each peer, by interrupt only,
 * prints what it counted, and then `done`.
 *
 * Of two peers the lower ID asks and the other one answers: the asker writes the next number into its output
 * section and rings, the answerer copies the number into its own and rings back. Between two peers one
 * message is under way at a time, so none of their doorbells merge. The asker says when it is through.
 * Nothing has to be cleared first: a cell that was started again asks a number that its peer has not answered
 * last, and an answerer answers whatever it has not answered yet.
 *
 * Characters of cells that print at the same time mix, so they take turns: a cell prints when all its peers
 * with lower IDs have, and says so by its State. IDs have to follow one order of the cells.
 *
 * Parameter: rounds=N questions to each peer (default 1000).
 */
#include <cpu.h>
#include <inmate.h>
#include <irq.h>
#include <pci.h>

#define MAX_LINKS	8u
#define MAX_PEERS	16u
#define STATE_PRESENT	1u
#define STATE_REPORTED	2u
#define MESSAGE_POLL_HZ	20u	/* messages of the hypervisor come without an interrupt */

/* Output section: what its owner says to each peer */
struct ring_output {
	struct {
		uint32_t number;
		uint32_t through;	/* asker: no more questions */
	} to[MAX_PEERS];
};

struct link {
	struct shmem_device dev;
	uint32_t asked[MAX_PEERS], answered[MAX_PEERS];
	bool started[MAX_PEERS], through[MAX_PEERS];
	volatile uint32_t interrupts;
};

static struct link links[MAX_LINKS];
static uint32_t num_links;
static uint32_t rounds;

static void on_interrupt(uint32_t intid)
{
	bool known = intid == INTID_VIRTUAL_TIMER;

	if (known)
		timer_start(timer_frequency() / MESSAGE_POLL_HZ);
	/* more than four links share lines */
	for (uint32_t n = 0; n < num_links; n++)
		if (links[n].dev.intid == intid) {
			links[n].interrupts++;
			known = true;
		}
	if (!known)
		printk("ring: interrupt %u came, which nobody asked for\n", intid);
}

/* Content before the doorbell, which orders it before the interrupt */
static void say(struct link *link, uint32_t peer, uint32_t number, uint32_t through)
{
	volatile struct ring_output *mine = shmem_output(&link->dev, link->dev.id);

	mine->to[peer].number = number;
	mine->to[peer].through = through;
	shmem_ring(&link->dev, peer, 0);
}

static void ask(struct link *link, uint32_t peer, uint32_t number)
{
	link->asked[peer]++;
	say(link, peer, number, 0);
}

static void look_as_asker(struct link *link, uint32_t peer, uint32_t theirs)
{
	volatile struct ring_output *mine = shmem_output(&link->dev, link->dev.id);

	if (!link->started[peer]) {
		link->started[peer] = true;
		ask(link, peer, theirs + 1);
	} else if (!link->through[peer] && theirs == mine->to[peer].number) {
		link->answered[peer]++;
		if (link->answered[peer] < rounds) {
			ask(link, peer, theirs + 1);
		} else {
			link->through[peer] = true;
			say(link, peer, theirs, 1);
		}
	}
}

static void look_as_answerer(struct link *link, uint32_t peer, uint32_t theirs, bool through)
{
	volatile struct ring_output *mine = shmem_output(&link->dev, link->dev.id);

	if (theirs != mine->to[peer].number) {
		link->answered[peer]++;
		say(link, peer, theirs, 0);
	}
	link->through[peer] = through;
}

static void look_at_peer(struct link *link, uint32_t peer)
{
	const volatile struct ring_output *out = shmem_output(&link->dev, peer);
	uint32_t theirs;

	if (!shmem_states(&link->dev)[peer])
		return;
	barrier_memory();
	theirs = out->to[link->dev.id].number;
	if (link->dev.id < peer)
		look_as_asker(link, peer, theirs);
	else
		look_as_answerer(link, peer, theirs, out->to[link->dev.id].through);
}

/* Everybody has been spoken to */
static bool look(void)
{
	bool all = true;

	for (uint32_t n = 0; n < num_links; n++)
		for (uint32_t peer = 0; peer < links[n].dev.max_peers; peer++) {
			if (peer == links[n].dev.id)
				continue;
			look_at_peer(&links[n], peer);
			all &= links[n].through[peer];
		}
	return all;
}

static void open_link(uint16_t bdf)
{
	struct link *link = &links[num_links];
	const char *why = shmem_open(&link->dev, bdf, num_links);

	if (!why && link->dev.output_size < sizeof(struct ring_output))
		why = "its output sections are too small";
	if (!why && (link->dev.max_peers > MAX_PEERS || link->dev.id >= link->dev.max_peers))
		why = "it has more peers than this program knows";
	if (!why && !link->dev.intid)
		why = "it has no INTx pin";
	if (why) {
		printk("ring: device %02x:%02x.%x: %s\n", bdf >> 8, (bdf >> 3) & 31, bdf & 7, why);
		return;
	}
	num_links++;
}

static void open_links(void)
{
	uint16_t bdf;

	if (!pci_setup())
		return;
	for (bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	     bdf != PCI_NO_BDF && num_links < MAX_LINKS;
	     bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, (uint16_t)(bdf + 1)))
		open_link(bdf);
}

/* What an earlier run of this cell left in the output section must not end the conversation. */
static void join_link(struct link *link)
{
	volatile struct ring_output *mine = shmem_output(&link->dev, link->dev.id);

	for (uint32_t peer = 0; peer < link->dev.max_peers; peer++)
		mine->to[peer].through = 0;
	pci_write(link->dev.bdf, (uint16_t)(link->dev.capability + IVSHMEM_CAP_PRIV_CTRL), 0, 1);
	gic_enable(link->dev.intid);
	shmem_write(&link->dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	shmem_write(&link->dev, IVSHMEM_REG_STATE, STATE_PRESENT);
}

static bool my_turn(void)
{
	for (uint32_t n = 0; n < num_links; n++)
		for (uint32_t peer = 0; peer < links[n].dev.id; peer++)
			if (shmem_states(&links[n].dev)[peer] != STATE_REPORTED)
				return false;
	return true;
}

static void report_link(const struct link *link)
{
	printk("ring: link %u: I am peer %u of %u, %u interrupts on line %u\n", link->dev.bdf >> 3, link->dev.id,
	       link->dev.max_peers, link->interrupts, link->dev.intid);
	for (uint32_t peer = 0; peer < link->dev.max_peers; peer++)
		if (peer != link->dev.id)
			printk("ring: link %u: peer %u: %u asked, %u answered\n", link->dev.bdf >> 3, peer,
			       link->asked[peer], link->answered[peer]);
}

static void report(void)
{
	for (uint32_t n = 0; n < num_links; n++)
		report_link(&links[n]);
	printk("ring: done\n");
	for (uint32_t n = 0; n < num_links; n++)
		shmem_write(&links[n].dev, IVSHMEM_REG_STATE, STATE_REPORTED);
}

static bool shutdown_wanted(void)
{
	if (!message_is_shutdown())
		return false;
	for (uint32_t n = 0; n < num_links; n++) {
		shmem_write(&links[n].dev, IVSHMEM_REG_INT_CTRL, 0);
		shmem_write(&links[n].dev, IVSHMEM_REG_STATE, 0);
	}
	timer_stop();
	return true;
}

void inmate_main(void)
{
	bool done = false;

	rounds = (uint32_t)param_int("rounds", 1000);
	gic_setup(on_interrupt);
	open_links();
	for (uint32_t n = 0; n < num_links; n++)
		join_link(&links[n]);
	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(timer_frequency() / MESSAGE_POLL_HZ);

	while (!shutdown_wanted()) {
		/* also when done: a peer that was started again asks again */
		if (look() && !done && my_turn()) {
			done = true;
			report();
		}
		irq_sleep();
	}
	shut_down();
}
