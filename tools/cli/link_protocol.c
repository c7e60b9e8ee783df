/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of protocols over ivshmem, by the number of the protocol: virtual Ethernet (0001h), front-ends and back-ends
 * of virtio (8000h, C000h and the device ID). Of every pair of states, at most one peer waits for the other.
 */
#include <bulkhead/ivshmem.h>

#include "link_check.h"

#define VIRTIO_FRONT_END	0x8000u
#define VIRTIO_BACK_END		0xc000u
#define VIRTIO_DEVICE		0x3fffu

enum { RESET, INIT, READY, RUN, ETHERNET_STATES };
enum { VIRTIO_RESET, VIRTIO_READY, VIRTIO_STATES };

static const char *const ethernet_words[ETHERNET_STATES] = { "RESET", "INIT", "READY", "RUN" };
static const char *const virtio_words[VIRTIO_STATES] = { "RESET", "READY" };

/* By own state and that of the other peer; NULL: it waits, or is done */
static const char *const ethernet_steps[ETHERNET_STATES][ETHERNET_STATES] = {
	[RESET] = { [RESET] = "go to INIT", [INIT] = "go to INIT" },
	[INIT] = { [INIT] = "go to READY", [READY] = "go to READY", [RUN] = "go to READY" },
	[READY] = { [RESET] = "go to RESET", [READY] = "go to RUN", [RUN] = "go to RUN" },
	[RUN] = { [RESET] = "go to RESET" },
};

static int is_virtio(uint32_t protocol)
{
	return protocol >= VIRTIO_FRONT_END;
}

int protocol_has_states(uint32_t protocol)
{
	return protocol == IVSHMEM_PROTO_ETHERNET || is_virtio(protocol);
}

const char *state_word(uint32_t protocol, uint32_t state)
{
	if (protocol == IVSHMEM_PROTO_ETHERNET && state < ETHERNET_STATES)
		return ethernet_words[state];
	return is_virtio(protocol) && state < VIRTIO_STATES ? virtio_words[state] : NULL;
}

/* Equal, or the two sides of the same virtio device */
int protocols_fit(uint32_t one, uint32_t other)
{
	if (is_virtio(one) && is_virtio(other))
		return one != other && (one & VIRTIO_DEVICE) == (other & VIRTIO_DEVICE);
	return one == other;
}

static enum step back_end_step(uint32_t own, uint32_t other, const char **what)
{
	if (own != VIRTIO_RESET || other != VIRTIO_RESET)
		return STEP_NONE;
	*what = "go to READY";
	return STEP_BACK_END;
}

static enum step front_end_step(uint32_t own, uint32_t other, const char **what)
{
	if (own == other)
		return STEP_NONE;
	*what = own == VIRTIO_READY ? "go to RESET" : "go to READY";
	return own == VIRTIO_READY ? STEP_FRONT_END_RESET : STEP_FRONT_END;
}

enum step next_step(uint32_t protocol, uint32_t own, uint32_t other, const char **what)
{
	if (!state_word(protocol, own) || !state_word(protocol, other))
		return STEP_NONE;
	if (protocol >= VIRTIO_BACK_END)
		return back_end_step(own, other, what);
	if (protocol >= VIRTIO_FRONT_END)
		return front_end_step(own, other, what);
	*what = ethernet_steps[own][other];
	return *what ? STEP_ETHERNET : STEP_NONE;
}
