/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the cells of the control system (configs/systems/qemu-arm64-control.yaml) say to each other, and how
 * they open a link that they know from the header of their cell.
 */
#ifndef CONTROL_LINK_H
#define CONTROL_LINK_H

#include <pci.h>

/* State values: 0 is a peer that is not there */
#define CONTROL_STATE_RUNNING	1u
#define CONTROL_STATE_SAFE	2u	/* monitor: the control loop is gone or wrong */

/*
 * The output section of each peer: only its owner writes it. One word, so that nobody sees half of it: the number
 * of the cycle, and its complement, for the sum over the data that a real one has.
 */
struct control_output {
	uint64_t word;
};

static inline uint64_t control_word(uint32_t cycle)
{
	return (uint64_t)~cycle << 32 | cycle;
}

/* A link as the header of the cell has it */
struct control_link {
	const char *name;
	uint16_t bdf;
	uint32_t id, peers, intid;
	uint64_t state, output, output_size;
};

#define CONTROL_LINK(NAME) { \
	.name = #NAME, \
	.bdf = CELL_LINK_##NAME##_BDF, \
	.id = CELL_LINK_##NAME##_ID, \
	.peers = CELL_LINK_##NAME##_PEERS, \
	.intid = CELL_LINK_##NAME##_INTID, \
	.state = CELL_LINK_##NAME##_STATE_BASE, \
	.output = CELL_LINK_##NAME##_OUTPUT_BASE, \
	.output_size = CELL_LINK_##NAME##_OUTPUT_SIZE, \
}

/*
 * Opens the device and compares it with the header. A program that was built for another system must not
 * run in this one: it stops, with one line that says what differs.
 */
void control_open(const char *program, const struct control_link *link, struct shmem_device *dev, unsigned int index);
/* Reception on, and State set */
void control_join(const struct shmem_device *dev, uint32_t state);
void control_leave(const struct shmem_device *dev);

#endif
