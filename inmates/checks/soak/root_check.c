/* SPDX-License-Identifier: BSD-2-Clause */
/* Soak test, root cell: what has to be true whenever nothing is under way. */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>

#include "root.h"

#define GICD_ISENABLER	0x0100u
#define GICD_ICENABLER	0x0180u
#define GICD_ISPENDR	0x0200u

const volatile struct soak_output *soak_output_of(uint32_t peer)
{
	return shmem_output(&soak_root_end.dev, peer);
}

static bool lives(uint32_t peer)
{
	return peer == SOAK_ROOT || soak_cells[peer - 1].life == LIFE_RUNNING;
}

static uint32_t table(uint32_t peer)
{
	return shmem_states(&soak_root_end.dev)[peer];
}

/* --- quiet */

/* Receiver has seen the sender's last message, and been told of its last State. */
static bool pair_is_quiet(const volatile struct soak_view *sender, uint32_t sender_id,
			  const volatile struct soak_view *receiver, uint32_t receiver_id)
{
	return receiver->of[sender_id].seen == sender->of[receiver_id].number &&
	       receiver->of[sender_id].state == sender->state && sender->state;
}

static bool first_link_is_quiet(uint32_t sender, uint32_t receiver)
{
	const volatile struct soak_view *to = &soak_output_of(receiver)->view;

	if (!lives(sender))
		return !table(sender) && !to->of[sender].state;
	return table(sender) == soak_output_of(sender)->view.state &&
	       pair_is_quiet(&soak_output_of(sender)->view, sender, to, receiver);
}

static bool other_link_is_quiet(uint32_t sender, uint32_t receiver)
{
	const volatile struct soak_view *to = &soak_output_of(soak_id(receiver))->other;

	if (!lives(soak_id(sender)))
		return !to->of[sender].state;
	return pair_is_quiet(&soak_output_of(soak_id(sender))->other, sender, to, receiver);
}

static void wait_for_messages(void)
{
	for (uint32_t sender = 0; sender < SOAK_PEERS; sender++)
		for (uint32_t receiver = 0; receiver < SOAK_PEERS; receiver++)
			if (sender != receiver && lives(receiver))
				SOAK_WAIT(first_link_is_quiet(sender, receiver),
					  "first link: a message or State of peer %d is unknown to peer %d",
					  sender, receiver);
	for (uint32_t sender = 0; sender < SOAK_CELLS; sender++)
		if (lives(soak_id(1 - sender)))
			SOAK_WAIT(other_link_is_quiet(sender, 1 - sender),
				  "second link: a message or State of peer %d is unknown to peer %d",
				  sender, 1 - sender);
}

static void wait_until_quiet(void)
{
	uint32_t hold = ++soak_root_end.mine->hold;

	for (uint32_t peer = 1; peer < SOAK_PEERS; peer++)
		if (lives(peer)) {
			SOAK_WAIT(table(peer), "peer %d has not come onto the link", peer, 0);
			SOAK_WAIT(soak_output_of(peer)->held == hold, "peer %d does not become quiet",
				  peer, 0);
		}
	SOAK_WAIT(!soak_root_end.deaf_ticks, "the root cell's end does not hear again", 0, 0);
	/* twice: an answer to what was seen last may have been under way */
	wait_for_messages();
	wait_for_messages();
}

/* --- counters of the hypervisor */

static uint64_t link_item(uint32_t link, uint32_t peer, uint32_t item)
{
	int64_t value = hypercall(HC_LINK_INFO, LINK_PEER(soak_stage()->bdf[link], peer), item);

	if (value < 0)
		soak_fail("link %d, peer %d: no answer about item %d", link, peer, item);
	return (uint64_t)value;
}

static uint64_t counter(uint32_t link, uint32_t peer, uint32_t which)
{
	return link_item(link, peer, LINK_INFO_COUNTER_BASE + which);
}

static bool is_peer(uint32_t link, uint32_t peer)
{
	return link ? soak_exists(peer) : peer == SOAK_ROOT || soak_exists(peer - 1);
}

/* sent = delivered + merged + dropped + latched, over all peers */
static bool link_adds_up(uint32_t link)
{
	uint64_t sent = 0, others = 0;

	for (uint32_t peer = 0; peer < (link ? SOAK_CELLS : SOAK_PEERS); peer++) {
		sent += counter(link, peer, LINK_COUNTER_SENT);
		for (uint32_t which = LINK_COUNTER_DELIVERED; which < LINK_NUM_COUNTERS; which++)
			others += counter(link, peer, which);
		if (is_peer(link, peer) && link_item(link, peer, LINK_INFO_FLAGS) & LINK_FLAG_LATCHED)
			others++;
	}
	return sent == others;
}

/* What the counters were when the cell was created: its output section was zeros then. */
static uint64_t sent_before[SOAK_PEERS], delivered_before[SOAK_PEERS];

void soak_count_begins(uint32_t cell)
{
	sent_before[soak_id(cell)] = counter(0, soak_id(cell), LINK_COUNTER_SENT);
	delivered_before[soak_id(cell)] = counter(0, soak_id(cell), LINK_COUNTER_DELIVERED);
}

/* Our own events, to the last one. Of a cell's doorbells those count that came back; its end may have cut one. */
static void check_senders(void)
{
	uint64_t sent = counter(0, SOAK_ROOT, LINK_COUNTER_SENT);
	uint32_t rings = soak_root_end.mine->rings;

	if (sent != rings + root_state_events)
		soak_fail("root cell: %d events were sent, not %d doorbells and %d State events", (int64_t)sent, rings,
			  (int64_t)root_state_events);
	for (uint32_t peer = 1; peer < SOAK_PEERS; peer++) {
		rings = soak_output_of(peer)->rings;
		sent = counter(0, peer, LINK_COUNTER_SENT) - sent_before[peer];
		if (lives(peer) && sent < rings)
			soak_fail("peer %d: %d events were sent, but %d doorbells written", peer, (int64_t)sent, rings);
	}
}

/* Deliveries may become one interrupt; an interrupt has a delivery. */
static void check_deliveries(void)
{
	for (uint32_t peer = 0; peer < SOAK_PEERS; peer++) {
		uint32_t taken = soak_output_of(peer)->interrupts;
		uint64_t delivered = counter(0, peer, LINK_COUNTER_DELIVERED) - delivered_before[peer];

		if (lives(peer) && taken > delivered)
			soak_fail("peer %d: %d interrupts for %d deliveries", peer, taken, (int64_t)delivered);
	}
}

/* --- what belongs to whom */

static void check_cpus(void)
{
	uint64_t roots = (uint64_t)hypercall(HC_CELL_INFO, 0, CELL_INFO_CPUS_BASE), others = 0;

	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++) {
		uint64_t wanted = soak_stage()->cells[cell].cpus;

		others |= wanted;
		if (!soak_exists(cell)) {
			if ((roots & wanted) != wanted)
				soak_fail("CPUs of cell %d are not back: the root cell has 0x%x", cell,
					  (int64_t)roots, 0);
		} else if (hypercall(HC_CELL_INFO, soak_id(cell), CELL_INFO_CPUS_BASE) != (int64_t)wanted ||
			   roots & wanted) {
			soak_fail("cell %d has not its CPUs: the root cell has 0x%x", cell, (int64_t)roots, 0);
		}
	}
	if (!(roots & 1 & ~others))
		soak_fail("the root cell has lost its CPU: 0x%x", (int64_t)roots, 0, 0);
}

static bool distributor_bit(uint32_t reg, uint32_t intid)
{
	return io_read32(comm_region()->gicd_base + reg + intid / 32 * 4) >> intid % 32 & 1;
}

/* An interrupt is ours if it can be switched on. */
static void check_spi(uint32_t cell, uint32_t intid)
{
	uintptr_t gicd = comm_region()->gicd_base;
	bool ours;

	if (distributor_bit(GICD_ISENABLER, intid))
		soak_fail("INTID %d of cell %d is enabled in the root cell", intid, cell, 0);
	if (distributor_bit(GICD_ISPENDR, intid))
		soak_fail("INTID %d of cell %d is pending in the root cell", intid, cell, 0);
	io_write32(gicd + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
	ours = distributor_bit(GICD_ISENABLER, intid);
	io_write32(gicd + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
	if (ours == soak_exists(cell))
		soak_fail(ours ? "INTID %d of cell %d is the root cell's, too" :
			  "INTID %d of cell %d is not back with the root cell", intid, cell, 0);
}

static void check_spis(void)
{
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++)
		for (uint32_t n = 0; n < SOAK_MAX_SPIS; n++)
			if (soak_stage()->cells[cell].spis[n])
				check_spi(cell, (uint32_t)soak_stage()->cells[cell].spis[n]);
}

/* The pages that are in use follow from what there is: the same at each time. */
static void check_pages(void)
{
	static uint32_t used_before[16], remap_before;
	uint32_t what = 0, used = (uint32_t)hypercall(HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_USED, 0);
	uint32_t remap = (uint32_t)hypercall(HC_HYPERVISOR_INFO, HV_INFO_REMAP_POOL_USED, 0);
	uint32_t cells = 1;

	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++) {
		what |= (soak_exists(cell) ? 1u : 0) << 2 * cell | (soak_cells[cell].lent ? 2u : 0) << 2 * cell;
		cells += soak_exists(cell);
	}
	if (!used_before[what])
		used_before[what] = used;
	if (used_before[what] != used)
		soak_fail("%d pages in use, not %d as before with the same cells (0x%x)", used, used_before[what],
			  what);
	/* one page more while the link of the cells exists */
	remap -= cells > 1;
	if (remap_before && remap_before != remap)
		soak_fail("%d pages of the remap area in use, not %d (0x%x)", remap, remap_before, what);
	remap_before = remap;
	if (hypercall(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0) != cells)
		soak_fail("there are not %d cells (0x%x)", cells, what, 0);
}

static void check_states(void)
{
	for (uint32_t cell = 0; cell < SOAK_CELLS; cell++) {
		static const int32_t wanted[] = {
			[LIFE_NONE] = -2,	/* -ENOENT */
			[LIFE_STOPPED] = COMM_STATE_SHUT_DOWN,
			[LIFE_RUNNING] = COMM_STATE_RUNNING,
			[LIFE_FAILED] = COMM_STATE_FAILED,
			[LIFE_OFF] = COMM_STATE_RUNNING,
		};
		int64_t state = hypercall(HC_CELL_GET_STATE, soak_id(cell), 0);

		if (state != wanted[soak_cells[cell].life])
			soak_fail("cell %d is in state %d, not %d", cell, state, wanted[soak_cells[cell].life]);
	}
}

/* Of cells that are gone; what they do until they stop is not in it. */
static uint64_t rings_before, states_before, interrupts_before;

static void count_output(uint32_t peer, uint64_t *rings, uint64_t *states, uint64_t *interrupts)
{
	const volatile struct soak_output *out = soak_output_of(peer);

	*rings += out->rings + out->second_begun;
	*states += out->states;
	*interrupts += out->interrupts;
}

void soak_count_ends(uint32_t cell)
{
	count_output(soak_id(cell), &rings_before, &states_before, &interrupts_before);
}

void soak_count(void)
{
	static const uint32_t first[] = { FIGURE_sent, FIGURE_delivered, FIGURE_merged };

	for (uint32_t n = FIGURE_rings; n <= FIGURE_dropped; n++)
		soak_figures[n] = 0;
	soak_figures[FIGURE_rings] = rings_before;
	soak_figures[FIGURE_state_changes] = states_before;
	soak_figures[FIGURE_interrupts] = interrupts_before;
	for (uint32_t peer = 0; peer < SOAK_PEERS; peer++) {
		if (is_peer(0, peer))
			count_output(peer, &soak_figures[FIGURE_rings], &soak_figures[FIGURE_state_changes],
				     &soak_figures[FIGURE_interrupts]);
		for (uint32_t which = 0; which < LINK_NUM_COUNTERS; which++)
			soak_figures[which < 3 ? first[which] : FIGURE_dropped] += counter(0, peer, which);
	}
}

void soak_settle(void)
{
	wait_until_quiet();
	SOAK_WAIT(link_adds_up(0), "first link: not as many events were sent as have come to an end", 0, 0);
	if (soak_exists(0) || soak_exists(1))
		SOAK_WAIT(link_adds_up(1), "second link: not as many events were sent as have come to an end",
			  0, 0);
	check_senders();
	check_deliveries();
	check_cpus();
	check_spis();
	check_pages();
	check_states();
	soak_figures[FIGURE_checks]++;
}

void soak_go_on(void)
{
	soak_root_end.mine->hold++;
}
