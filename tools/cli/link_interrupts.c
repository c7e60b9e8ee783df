/* SPDX-License-Identifier: BSD-2-Clause */
/* Diagnoses of the device of a peer and of its interrupts, up to what its interrupt controller says. */
#include <inttypes.h>

#include "link_check.h"

static int both(const struct link_view *view, uint32_t n, uint32_t flags)
{
	return (peer_now(view, n)->flags & peer_before(view, n)->flags & flags) == flags;
}

static int never(const struct link_view *view, uint32_t n, uint32_t flags)
{
	return ((peer_now(view, n)->flags | peer_before(view, n)->flags) & flags) == 0;
}

/* Whoever only looks at the memory needs none: nothing was lost then. */
static int wants_interrupts(const struct link_view *view, uint32_t n)
{
	const struct link_peer *peer = peer_now(view, n);

	return peer->flags & (LINK_FLAG_ENABLED | LINK_FLAG_LATCHED) || peer->counter[LINK_COUNTER_DISABLED] ||
	       peer->counter[LINK_COUNTER_MASKED];
}

static int lost_interrupts(const struct link_view *view, uint32_t n, const char *what, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);

	return found(evidence, "Interrupt Control 0%s; delivered %" PRIu64 ", disabled %" PRIu64 " (%" PRIu64
		     " of them in %u ms)%s", what, peer->counter[LINK_COUNTER_DELIVERED], peer->counter[LINK_COUNTER_DISABLED],
		     grown(view, n, LINK_COUNTER_DISABLED), view->milliseconds,
		     peer->flags & LINK_FLAG_LATCHED ? ", a change of State waits" : "");
}

static int are_off(const struct link_view *view, uint32_t n)
{
	return never(view, n, LINK_FLAG_ENABLED) && !grown(view, n, LINK_COUNTER_DELIVERED) && wants_interrupts(view, n);
}

static int used_up(const struct link_view *view, uint32_t n)
{
	return both(view, n, LINK_FLAG_ONE_SHOT) && peer_now(view, n)->counter[LINK_COUNTER_DELIVERED];
}

int interrupts_disabled(const struct link_view *view, uint32_t n, char *evidence)
{
	return are_off(view, n) && !used_up(view, n) ? lost_interrupts(view, n, "", evidence) : 0;
}

int one_shot_used(const struct link_view *view, uint32_t n, char *evidence)
{
	return are_off(view, n) && used_up(view, n) ? lost_interrupts(view, n, ", one-shot 1", evidence) : 0;
}

static int of_intx(const struct link_view *view, uint32_t n)
{
	return !peer_now(view, n)->vectors && wants_interrupts(view, n);
}

static int of_msix(const struct link_view *view, uint32_t n)
{
	return peer_now(view, n)->vectors && wants_interrupts(view, n);
}

static int masked_count(const struct link_view *view, uint32_t n, const char *what, char *evidence)
{
	return found(evidence, "%s; masked %" PRIu64, what, peer_now(view, n)->counter[LINK_COUNTER_MASKED]);
}

int intx_disabled(const struct link_view *view, uint32_t n, char *evidence)
{
	return of_intx(view, n) && both(view, n, LINK_FLAG_INTX_OFF) ?
	       masked_count(view, n, "Command: Interrupt Disable 1", evidence) : 0;
}

int msix_disabled(const struct link_view *view, uint32_t n, char *evidence)
{
	return of_msix(view, n) && never(view, n, LINK_FLAG_MSIX) ?
	       masked_count(view, n, "Message Control of MSI-X: enable 0", evidence) : 0;
}

int msix_function_masked(const struct link_view *view, uint32_t n, char *evidence)
{
	return of_msix(view, n) && both(view, n, LINK_FLAG_MSIX_MASKED) ?
	       masked_count(view, n, "Message Control of MSI-X: function mask 1", evidence) : 0;
}

int no_bus_master(const struct link_view *view, uint32_t n, char *evidence)
{
	return of_msix(view, n) && never(view, n, LINK_FLAG_MASTER) ?
	       masked_count(view, n, "Command: Bus Master 0", evidence) : 0;
}

/* Vector 0 tells of State; others matter once somebody has rung them in vain. */
static int is_used(const struct link_peer *peer, uint32_t v)
{
	return v == 0 || peer->vector[v].counter[LINK_COUNTER_MASKED];
}

int vector_masked(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n), *old = peer_before(view, n);
	uint32_t v;

	for (v = 0; v < peer->vectors && of_msix(view, n); v++)
		if (is_used(peer, v) && peer->vector[v].route & old->vector[v].route & LINK_ROUTE_MASKED)
			return found(evidence, "vector %u is masked in the MSI-X table; masked %" PRIu64, v,
				     peer->vector[v].counter[LINK_COUNTER_MASKED]);
	return 0;
}

/* Nothing else prevents it: of INTx that is sure only once interrupts were switched on, when the line is looked up. */
int interrupt_not_owned(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);
	uint32_t v;

	if (peer->vectors ? !both(view, n, LINK_FLAG_MSIX | LINK_FLAG_MASTER) || (peer->flags & LINK_FLAG_MSIX_MASKED) :
	    !both(view, n, LINK_FLAG_ENABLED) || (peer->flags & LINK_FLAG_INTX_OFF))
		return 0;
	for (v = 0; v < num_lines(peer) && wants_interrupts(view, n); v++)
		if (is_used(peer, v) && !(peer->vector[v].route & (LINK_ROUTE_ARMED | LINK_ROUTE_MASKED)))
			return found(evidence, "vector %u leads to interrupt %" PRIu64 "; masked %" PRIu64, v,
				     (uint64_t)LINK_ROUTE_INTID(peer->vector[v].route),
				     peer->vector[v].counter[LINK_COUNTER_MASKED]);
	return 0;
}

int interrupt_not_enabled(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n), *old = peer_before(view, n);
	uint32_t v;

	for (v = 0; v < num_lines(peer) && wants_interrupts(view, n); v++)
		if (peer->vector[v].route & LINK_ROUTE_ARMED &&
		    !((peer->vector[v].route | old->vector[v].route) & LINK_ROUTE_ENABLED) &&
		    (v == 0 || peer->vector[v].counter[LINK_COUNTER_DELIVERED]))
			return found(evidence, "GICD_ISENABLER has 0 for interrupt %" PRIu64 " of vector %u%s; delivered %" PRIu64,
				     (uint64_t)LINK_ROUTE_INTID(peer->vector[v].route), v,
				     peer->vector[v].route & LINK_ROUTE_PENDING ? ", which is pending" : "",
				     peer->vector[v].counter[LINK_COUNTER_DELIVERED]);
	return 0;
}

int interrupt_not_taken(const struct link_view *view, uint32_t n, char *evidence)
{
	const struct link_peer *peer = peer_now(view, n);
	uint32_t v;

	for (v = 0; v < num_lines(peer); v++)
		if (peer->vector[v].waits && peer->vector[v].route & LINK_ROUTE_ENABLED)
			return found(evidence, "interrupt %" PRIu64 " of vector %u: %s at each look in %u ms, CPU %" PRIu64
				     ", priority 0x%" PRIx64 "; ICC_PMR_EL1, ICC_IGRPEN1_EL1 and PSTATE.I of the CPU cannot be seen",
				     (uint64_t)LINK_ROUTE_INTID(peer->vector[v].route), v,
				     peer->vector[v].route & LINK_ROUTE_ACTIVE ? "active" : "pending", view->milliseconds,
				     (uint64_t)LINK_ROUTE_CPU(peer->vector[v].route),
				     (uint64_t)LINK_ROUTE_PRIORITY(peer->vector[v].route));
	return 0;
}
