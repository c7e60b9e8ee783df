/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the tester tells its companions what to do: requests and answers in the memory of the link under test.
 *
 * Each peer has one area that it alone writes: the first 256 bytes of its output section; on a link without
 * output sections, the 256 bytes at 256 * ID of the R/W section. The tester writes a request into its area,
 * seq last. The companion that is addressed executes it, writes results and then ack = seq into its own area.
 * A companion that starts takes the request it finds for an old one; a tester that starts goes on counting
 * from the seq it finds. No interrupts are used, so that these can be tested.
 */
#ifndef CONFORMANCE_PROTOCOL_H
#define CONFORMANCE_PROTOCOL_H

#include <stdint.h>

#define CONF_AREA_SIZE	256u
#define CONF_MAGIC	0x49765432u	/* of a tester that has requests */
#define CONF_READY	0x70656572u	/* State of a companion that takes requests */
#define CONF_MAX_VECTORS 16u
#define CONF_MAX_PEERS	16u	/* IDs from which requests are taken */
#define CONF_RESULTS	40u

struct conf_area {
	uint32_t magic;		/* tester: CONF_MAGIC */
	uint32_t seq;		/* tester: number of the request */
	uint32_t target;	/* tester: ID of the companion that is meant */
	uint32_t op;		/* tester: enum conf_op */
	uint32_t args[4];
	uint32_t ack;		/* companion: number of the last request it has done */
	uint32_t results[CONF_RESULTS];
};

_Static_assert(sizeof(struct conf_area) <= CONF_AREA_SIZE, "an area holds request and answer");

enum conf_op {
	CONF_PING,
	CONF_INFO,		/* results: enum conf_info */
	CONF_DEFAULT,		/* endpoint_default(), State CONF_READY */
	CONF_FLUSH,		/* takes events that were latched, forgets all counts, watches nothing */
	CONF_COUNTS,		/* results: enum conf_counts */
	CONF_REG_READ,		/* offset */
	CONF_REG_WRITE,		/* offset, value */
	CONF_CONFIG_READ,	/* offset, width: CONF_IN_VENDOR, CONF_IN_MSIX */
	CONF_CONFIG_WRITE,	/* offset, width, value */
	CONF_TABLE_WRITE,	/* offset in the MSI-X table, value */
	CONF_MEM_READ,		/* offset from the State Table, low and high */
	CONF_MEM_WRITE,		/* offset low, high, value */
	CONF_FOREIGN_WRITE,	/* offset low, high: CONF_CANARY where it must not; result: was there an exception */
	CONF_WATCH,		/* offset low, high: each interrupt looks at this word */
	CONF_PUBLISH,		/* offset low, high, value, State: writes memory, then State */
};

#define CONF_CANARY	0x0badc0deu	/* no request or answer has it */

/* Offsets in configuration space that begin at a capability, wherever the peer has it */
#define CONF_IN_VENDOR	0x1000u
#define CONF_IN_MSIX	0x2000u

enum conf_info {
	CONF_INFO_ID,
	CONF_INFO_MAX_PEERS,
	CONF_INFO_STATE_SIZE,
	CONF_INFO_RW_SIZE,		/* low, high */
	CONF_INFO_OUTPUT_SIZE = CONF_INFO_RW_SIZE + 2,
	CONF_INFO_PIN = CONF_INFO_OUTPUT_SIZE + 2,
	CONF_INFO_VECTORS,		/* of the MSI-X capability, 0: INTx */
	CONF_INFO_USABLE,		/* vectors that the cell has interrupts for */
	/* What the companion found when it started, before it wrote anything */
	CONF_INFO_COMMAND,
	CONF_INFO_BARS,			/* all address bits of all BARs, ORed */
	CONF_INFO_PRIVILEGED,
	CONF_INFO_MSIX_CONTROL,		/* enable and function mask only */
	CONF_INFO_UNMASKED,		/* a bit for each vector that was not masked */
	CONF_INFO_INT_CONTROL,
	CONF_INFO_STATE,
	CONF_INFO_TABLE_ENTRY,
};

enum conf_counts {
	CONF_COUNT_VECTOR,		/* 16 words, one for each vector; INTx: the first one */
	CONF_COUNT_TOTAL = CONF_COUNT_VECTOR + CONF_MAX_VECTORS,
	CONF_COUNT_SEEN,		/* the watched word at the last interrupt */
};

#endif
