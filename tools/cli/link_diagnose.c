/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why peers do not hear each other: a table of diagnoses, and for each a function that looks for its evidence in
 * two views of a link. What is usual while traffic goes on does not count, such as one-shot interrupts that are off
 * for a moment: states have to be the same both times, with no interrupt delivered between.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "link_check.h"

/* Who is found ill at one level is not asked about what follows from it. */
enum level { LEVEL_NONE, LEVEL_CONFIGURATION, LEVEL_CELL, LEVEL_DRIVER, LEVEL_DEVICE, LEVEL_TRAFFIC };

int found(char *evidence, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(evidence, EVIDENCE_SIZE, format, arguments);
	va_end(arguments);
	return FOUND_NOW;
}

/* Counters are those of the whole life of a link: what has not happened during the check is over. */
static int found_if(int happens, int result)
{
	return result && !happens ? FOUND_BEFORE : result;
}

const struct link_peer *peer_now(const struct link_view *view, uint32_t n)
{
	return &view->now->peers[n];
}

const struct link_peer *peer_before(const struct link_view *view, uint32_t n)
{
	return &view->before->peers[n];
}

int peer_is_there(const struct link_view *view, uint32_t n)
{
	return n < view->before->num_peers && peer_before(view, n)->present && peer_now(view, n)->present;
}

uint32_t peers_there(const struct link_view *view)
{
	uint32_t n, count = 0;

	for (n = 0; n < view->now->num_peers; n++)
		count += peer_is_there(view, n) ? 1 : 0;
	return count;
}

/* What is unknown counts as running. */
int peer_runs(const struct link_peer *peer)
{
	return !peer->cell_state || (strcmp(peer->cell_state, "failed") != 0 && strcmp(peer->cell_state, "shut down") != 0);
}

static int is_state(const struct link_peer *peer, const char *state)
{
	return peer->cell_state && strcmp(peer->cell_state, state) == 0;
}

uint64_t grown(const struct link_view *view, uint32_t n, uint32_t counter)
{
	return peer_now(view, n)->counter[counter] - peer_before(view, n)->counter[counter];
}

/* --- the whole link --- */

static int peer_absent(const struct link_view *view, uint32_t n, char *evidence)
{
	uint32_t there = peers_there(view), listed = 0;
	size_t length;

	(void)n;
	if (there > 1)
		return 0;
	length = (size_t)snprintf(evidence, EVIDENCE_SIZE, "%u of %u peer IDs are taken; free are", there,
				  view->now->num_peers);
	for (n = 0; n < view->now->num_peers && listed < 8; n++)
		if (!peer_is_there(view, n))
			length += (size_t)snprintf(evidence + length, EVIDENCE_SIZE - length, "%s %u", listed++ ? "," : "", n);
	return 1;
}

static int nothing_sent(const struct link_view *view, uint32_t n, char *evidence)
{
	(void)n;
	if (link_total(view->now, LINK_COUNTER_SENT))
		return 0;
	for (n = 0; n < view->now->num_peers; n++)
		if (peer_is_there(view, n) && !peer_runs(peer_now(view, n)))
			return 0;
	return found(evidence, "sent 0 of all %u peers since the link was made", view->now->num_peers);
}

/* --- configuration --- */

static uint32_t first_there(const struct link_view *view)
{
	uint32_t n = 0;

	while (!peer_is_there(view, n))
		n++;
	return n;
}

static int configurations_differ(const struct link_view *view, uint32_t n, char *evidence)
{
	uint32_t first = first_there(view);
	const struct link_peer *one = peer_now(view, first), *other = peer_now(view, n);
	size_t i;

	for (i = 0; i < 3 && one->sections && other->sections; i++) {
		const struct cfg_memory *a = &one->sections[i].region, *b = &other->sections[i].region;

		if (a->size != b->size || (i == 0 && a->phys_start != b->phys_start))
			return found(evidence, "%s: 0x%" PRIx64 " bytes at 0x%" PRIx64 " for peer %u, 0x%" PRIx64 " at 0x%" PRIx64
				     " for peer %u", one->sections[i].name, (uint64_t)a->size, (uint64_t)a->phys_start, first,
				     (uint64_t)b->size, (uint64_t)b->phys_start, n);
	}
	return 0;
}

static int protocols_differ(const struct link_view *view, uint32_t n, char *evidence)
{
	uint32_t first = first_there(view), one = peer_now(view, first)->protocol, other = peer_now(view, n)->protocol;
	char words[2][40];

	if (n == first || protocols_fit(one, other))
		return 0;
	protocol_words(one, words[0], sizeof(words[0]));
	protocol_words(other, words[1], sizeof(words[1]));
	return found(evidence, "protocol 0x%04x (%s) of peer %u, 0x%04x (%s) of peer %u", one, words[0], first, other,
		     words[1], n);
}

static int protocol_unknown(const struct link_view *view, uint32_t n, char *evidence)
{
	uint32_t protocol = peer_now(view, n)->protocol;

	return protocol > 1 && protocol < 0x4000 ? found(evidence, "class code 0xff%04x", protocol) : 0;
}

static int no_such_peer(const struct link_view *view, uint32_t n, char *evidence)
{
	uint64_t count = peer_now(view, n)->counter[LINK_COUNTER_NO_PEER], now = grown(view, n, LINK_COUNTER_NO_PEER);

	return found_if(now > 0, count ? found(evidence, "no peer %" PRIu64 " (%" PRIu64 " of them in %u ms); the link has IDs 0 to %u",
					       count, now, view->milliseconds, view->now->num_peers - 1) : 0);
}

static int no_such_vector(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);
	uint64_t count = peer->counter[LINK_COUNTER_NO_VECTOR], now = grown(view, n, LINK_COUNTER_NO_VECTOR);

	return found_if(now > 0, count ? found(evidence, "no vector %" PRIu64 " (%" PRIu64 " of them in %u ms); the device has %s%u",
					       count, now, view->milliseconds, peer->vectors ? "vectors 0 to " :
					       "INTx, which takes 0 to ", peer->vectors ? peer->vectors - 1 : MAX_VECTORS - 1) : 0);
}

static int absent_peer_rung(const struct link_view *view, uint32_t n, char *evidence)
{
	uint64_t count = grown(view, n, LINK_COUNTER_INACTIVE);

	return count && grown(view, n, LINK_COUNTER_SENT) ?
	       found(evidence, "inactive %" PRIu64 ", %" PRIu64 " of them in %u ms",
		     peer_now(view, n)->counter[LINK_COUNTER_INACTIVE], count, view->milliseconds) : 0;
}

/* --- cell and driver --- */

static int cell_failed(const struct link_view *view, uint32_t n, char *evidence)
{
	return is_state(peer_now(view, n), "failed") ? found(evidence, "cell %u is failed", peer_now(view, n)->cell_id) : 0;
}

static int cell_not_started(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return is_state(peer, "shut down") && peer->never_started ?
	       found(evidence, "cell %u is shut down, starts 0", peer->cell_id) : 0;
}

static int cell_shut_down(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return is_state(peer, "shut down") && !peer->never_started ?
	       found(evidence, "cell %u is shut down, and has been started before", peer->cell_id) : 0;
}

static int no_driver(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return peer->driver && !*peer->driver ?
	       found(evidence, "the PCI device has no driver; its class code is 0xff%04x", peer->protocol) : 0;
}

static int memory_space_off(const struct link_view *view, uint32_t n, char *evidence)
{
	return (peer_now(view, n)->flags | peer_before(view, n)->flags) & LINK_FLAG_MEMORY ? 0 :
	       found(evidence, "Command: Memory Space 0");
}

/* --- states of protocols --- */

/* The other one of two that run, or the number of peers */
static uint32_t partner(const struct link_view *view, uint32_t n)
{
	uint32_t other, none = view->now->num_peers;

	if (peers_there(view) != 2)
		return none;
	for (other = 0; other < none; other++)
		if (other != n && peer_is_there(view, other))
			return peer_runs(peer_now(view, other)) && protocols_fit(peer_now(view, n)->protocol,
										 peer_now(view, other)->protocol) ? other : none;
	return none;
}

static int state_unknown(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return protocol_has_states(peer->protocol) && !state_word(peer->protocol, peer->state) ?
	       found(evidence, "State 0x%x, protocol 0x%04x", peer->state, peer->protocol) : 0;
}

static int is_stuck(const struct link_view *view, uint32_t n, enum step step, char *evidence)
{
	uint32_t other = partner(view, n);
	const struct link_peer *own = peer_now(view, n), *peer = peer_now(view, other);
	const char *what;

	if (other == view->now->num_peers || own->state != peer_before(view, n)->state ||
	    peer->state != peer_before(view, other)->state || next_step(own->protocol, own->state, peer->state, &what) != step)
		return 0;
	return found(evidence, "for at least %u ms State %u (%s), and %u (%s) of peer %u: this one has to %s; delivered %"
		     PRIu64 " and %" PRIu64 " (%" PRIu64 " and %" PRIu64 " of them in this time)", view->milliseconds, own->state,
		     state_word(own->protocol, own->state), peer->state, state_word(peer->protocol, peer->state), other, what,
		     own->counter[LINK_COUNTER_DELIVERED], peer->counter[LINK_COUNTER_DELIVERED],
		     grown(view, n, LINK_COUNTER_DELIVERED), grown(view, other, LINK_COUNTER_DELIVERED));
}

static int ethernet_waits(const struct link_view *view, uint32_t n, char *evidence)
{
	return is_stuck(view, n, STEP_ETHERNET, evidence);
}

static int back_end_not_ready(const struct link_view *view, uint32_t n, char *evidence)
{
	return is_stuck(view, n, STEP_BACK_END, evidence);
}

static int front_end_not_ready(const struct link_view *view, uint32_t n, char *evidence)
{
	return is_stuck(view, n, STEP_FRONT_END, evidence);
}

static int front_end_stale(const struct link_view *view, uint32_t n, char *evidence)
{
	return is_stuck(view, n, STEP_FRONT_END_RESET, evidence);
}

/* --- what became of events --- */

static uint64_t dropped(const struct link_peer *peer)
{
	return peer->counter[LINK_COUNTER_DISABLED] + peer->counter[LINK_COUNTER_MASKED];
}

static int counts(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return found(evidence, "delivered %" PRIu64 ", disabled %" PRIu64 ", masked %" PRIu64 " (%" PRIu64 " and %" PRIu64
		     " dropped in %u ms)", peer->counter[LINK_COUNTER_DELIVERED], peer->counter[LINK_COUNTER_DISABLED],
		     peer->counter[LINK_COUNTER_MASKED], grown(view, n, LINK_COUNTER_DISABLED),
		     grown(view, n, LINK_COUNTER_MASKED), view->milliseconds);
}

static int only_dropped(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return found_if(dropped(peer) != dropped(peer_before(view, n)),
			!peer->counter[LINK_COUNTER_DELIVERED] && dropped(peer) ? counts(view, n, evidence) : 0);
}

static int drops_now(const struct link_view *view, uint32_t n, char *evidence)
{
	return peer_now(view, n)->counter[LINK_COUNTER_DELIVERED] && !grown(view, n, LINK_COUNTER_DELIVERED) &&
	       dropped(peer_now(view, n)) != dropped(peer_before(view, n)) ? counts(view, n, evidence) : 0;
}

/*
 * A change of State that was made while no other peer was there does not count as sent. Of protocols with states,
 * more is said above; and who has nobody to talk to need not talk.
 */
static int is_mute(const struct link_view *view, uint32_t n)
{
	const struct link_peer *peer = peer_now(view, n);
	uint32_t other;

	for (other = 0; other < view->now->num_peers; other++)
		if (peer_is_there(view, other) && !peer_runs(peer_now(view, other)))
			return 0;
	return !peer->counter[LINK_COUNTER_SENT] && !peer->state && !protocol_has_states(peer->protocol);
}

static int never_answers(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return peer->counter[LINK_COUNTER_DELIVERED] && is_mute(view, n) ?
	       found(evidence, "delivered %" PRIu64 ", sent 0, State 0", peer->counter[LINK_COUNTER_DELIVERED]) : 0;
}

static int never_sent(const struct link_view *view, uint32_t n, char *evidence)
{
	return !peer_now(view, n)->counter[LINK_COUNTER_DELIVERED] && is_mute(view, n) ?
	       found(evidence, "delivered 0, sent 0, State 0") : 0;
}

/* In order of levels */
static const struct entry {
	struct diagnosis diagnosis;
	int (*test)(const struct link_view *view, uint32_t peer, char *evidence);
	int whole_link;
	enum level level;
	enum level hides_above;		/* for this peer, or for all; LEVEL_NONE: hides nothing */
} entries[] = {
	{ .diagnosis = { .id = "peer-absent", .sentence = "there are no two cells on this link",
			 .remedy = "create the cell that has one of these IDs: jailhouse cell create" },
	  .test = peer_absent, .whole_link = 1, .hides_above = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "nothing-sent", .sentence = "nobody has ever rung, or changed its State",
			 .remedy = "start the programs, or load the drivers, that use the link" },
	  .test = nothing_sent, .whole_link = 1, .level = LEVEL_TRAFFIC, .hides_above = LEVEL_DEVICE },

	{ .diagnosis = { .id = "configurations-differ", .sentence = "its cell has other sections than the first peer's",
			 .remedy = "this should be impossible: please report it; compile all cells from one system file" },
	  .test = configurations_differ, .level = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "protocols-differ", .sentence = "its protocol does not fit that of the first peer",
			 .remedy = "give both ends one protocol, or the two sides of one virtio device, in the system file" },
	  .test = protocols_differ, .level = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "protocol-unknown",
			 .sentence = "its protocol number is reserved, so no driver takes the device",
			 .remedy = "use ethernet, virtio, or a number from 0x4000 on as protocol of the link" },
	  .test = protocol_unknown, .level = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "no-such-peer", .sentence = "it has rung a peer ID that the link does not have",
			 .remedy = "correct the target in bits 31 to 16 of what its program writes to Doorbell" },
	  .test = no_such_peer, .level = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "no-such-vector", .sentence = "it has rung, or was rung with, a vector that it does not have",
			 .remedy = "ring vectors that both have, or give both as many: msix-vectors of the link" },
	  .test = no_such_vector, .level = LEVEL_CONFIGURATION },
	{ .diagnosis = { .id = "absent-peer-rung", .sentence = "it rings a peer ID that no cell has",
			 .remedy = "create that cell, or have the program look at the State table before it rings" },
	  .test = absent_peer_rung, .level = LEVEL_CONFIGURATION },

	{ .diagnosis = { .id = "cell-failed", .sentence = "its cell has failed",
			 .remedy = "jailhouse cell show says why; then load and start it again" },
	  .test = cell_failed, .level = LEVEL_CELL, .hides_above = LEVEL_CELL },
	{ .diagnosis = { .id = "cell-not-started", .sentence = "its cell has been created, but never started",
			 .remedy = "jailhouse cell load, unless that was done, and jailhouse cell start" },
	  .test = cell_not_started, .level = LEVEL_CELL, .hides_above = LEVEL_CELL },
	{ .diagnosis = { .id = "cell-shut-down", .sentence = "its cell does not run",
			 .remedy = "jailhouse cell start, after jailhouse cell load if it shall begin afresh" },
	  .test = cell_shut_down, .level = LEVEL_CELL, .hides_above = LEVEL_CELL },

	{ .diagnosis = { .id = "no-driver", .sentence = "no driver of this Linux has taken the device",
			 .remedy = "load the driver for its protocol (modprobe), or bind uio_ivshmem by driver_override" },
	  .test = no_driver, .level = LEVEL_DRIVER, .hides_above = LEVEL_CELL },
	{ .diagnosis = { .id = "memory-space-off", .sentence = "its registers are switched off, so no driver uses the device",
			 .remedy = "have its program set Memory Space (bit 1) in Command, after the BARs" },
	  .test = memory_space_off, .level = LEVEL_DRIVER, .hides_above = LEVEL_DRIVER },

	{ .diagnosis = { .id = "interrupts-disabled", .sentence = "its interrupts are off while others ring or change State",
			 .remedy = "have its program write 1 to Interrupt Control, or tell the others to ring no more if it polls" },
	  .test = interrupts_disabled, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "one-shot-used", .sentence = "its last interrupt has switched its interrupts off, for good",
			 .remedy = "have its program write 1 to Interrupt Control after each interrupt, or switch one-shot mode off" },
	  .test = one_shot_used, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "intx-disabled", .sentence = "the interrupt line of its device is disabled",
			 .remedy = "have its program clear Interrupt Disable (bit 10) in Command" },
	  .test = intx_disabled, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "msix-disabled", .sentence = "MSI-X of its device is off, and it has no other interrupt",
			 .remedy = "have its program set bit 15 in Message Control of the MSI-X capability" },
	  .test = msix_disabled, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "msix-function-masked", .sentence = "all MSI-X vectors of its device are masked",
			 .remedy = "have its program clear bit 14 in Message Control of the MSI-X capability" },
	  .test = msix_function_masked, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "no-bus-master", .sentence = "its device is no bus master, which MSI-X needs",
			 .remedy = "have its program set Bus Master (bit 2) in Command" },
	  .test = no_bus_master, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "vector-masked", .sentence = "a vector that it needs is masked",
			 .remedy = "have its program clear bit 0 of Vector Control in the MSI-X table" },
	  .test = vector_masked, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "interrupt-not-owned", .sentence = "the interrupt of its device does not belong to its cell",
			 .remedy = "INTx: add it to the irqchips of the cell, or correct vpci_irq_base; MSI-X: write an SPI of the cell "
				   "as message data" },
	  .test = interrupt_not_owned, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "interrupt-not-enabled", .sentence = "its cell has not enabled the interrupt of the device",
			 .remedy = "have its program enable the SPI in GICD_ISENABLER (Linux: is its handler in /proc/interrupts?)" },
	  .test = interrupt_not_enabled, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "interrupt-not-taken",
			 .sentence = "its CPU does not take, or never ends, the interrupt of the device",
			 .remedy = "look for masked interrupts, a priority mask below this priority, Group 1 off, or a handler that "
				   "does not come back, on that CPU" },
	  .test = interrupt_not_taken, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "state-unknown", .sentence = "its State is none of its protocol",
			 .remedy = "correct its program, or the protocol of the link" },
	  .test = state_unknown, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "ethernet-waits", .sentence = "the other end waits for its State, which does not change",
			 .remedy = "bring its interface up (ip link set up); if it is up, its driver has missed an interrupt: load it "
				   "again" },
	  .test = ethernet_waits, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "back-end-not-ready", .sentence = "the virtio back-end has not started",
			 .remedy = "start the back-end, and the front-end after it" },
	  .test = back_end_not_ready, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "front-end-not-ready",
			 .sentence = "the virtio front-end has not started, though the back-end is ready",
			 .remedy = "load its driver, or bind it again: it asks for the back-end only once" },
	  .test = front_end_not_ready, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "front-end-stale", .sentence = "the virtio front-end goes on with a back-end that is gone",
			 .remedy = "unbind its driver, or start its cell again: the back-end waits for State 0" },
	  .test = front_end_stale, .level = LEVEL_DEVICE, .hides_above = LEVEL_DEVICE },

	{ .diagnosis = { .id = "only-dropped", .sentence = "all that was sent to it has been dropped",
			 .remedy = "its interrupts can come now: ring it again, or have its program look at the memory when it switches "
				   "them on" },
	  .test = only_dropped, .level = LEVEL_TRAFFIC, .hides_above = LEVEL_DEVICE },
	{ .diagnosis = { .id = "drops-now", .sentence = "what is sent to it is dropped at the moment",
			 .remedy = "see how its program switches its interrupts on and off" },
	  .test = drops_now, .level = LEVEL_TRAFFIC },
	{ .diagnosis = { .id = "never-answers", .sentence = "it gets interrupts, but has never changed its State or rung",
			 .remedy = "see what its interrupt handler does, and whether its program has ended" },
	  .test = never_answers, .level = LEVEL_TRAFFIC },
	{ .diagnosis = { .id = "never-sent", .sentence = "it has never rung, or changed its State",
			 .remedy = "see whether its program runs, and rings this device" },
	  .test = never_sent, .level = LEVEL_TRAFFIC },
};

#define NUM_ENTRIES (sizeof(entries) / sizeof(entries[0]))

static enum level look_at(const struct link_view *view, uint32_t n, enum level limit, struct finding *findings,
			  size_t *count)
{
	const struct entry *entry;

	for (entry = entries; entry < entries + NUM_ENTRIES; entry++) {
		struct finding *finding = &findings[*count];
		int result = 0;

		if (entry->whole_link == (n == WHOLE_LINK) && (!limit || entry->level <= limit))
			result = entry->test(view, n, finding->evidence);
		if (!result)
			continue;
		finding->is_history = result == FOUND_BEFORE;
		finding->diagnosis = &entry->diagnosis;
		finding->peer = n;
		++*count;
		if (entry->hides_above && (!limit || entry->hides_above < limit))
			limit = entry->hides_above;
	}
	return limit;
}

struct finding *diagnose(const struct link_view *view, size_t *count)
{
	struct finding *findings = calloc((peers_there(view) + 1) * NUM_ENTRIES + 1, sizeof(*findings));
	enum level limit;
	uint32_t n;

	*count = 0;
	if (!findings)
		return NULL;
	limit = look_at(view, WHOLE_LINK, LEVEL_NONE, findings, count);
	for (n = 0; n < view->now->num_peers; n++)
		if (peer_is_there(view, n))
			look_at(view, n, limit, findings, count);
	return findings;
}
