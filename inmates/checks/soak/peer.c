/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer of the soak test, in cells and root cell alike. To each other peer that it knows to be there it sends a
 * message: the next number, and some rings. The receiver says which number it has seen, and rings back; then the next
 * message may go. So at most one message from one peer to another is under way, and a lost ring leaves both waiting.
 *
 * What others say is looked at in the interrupt of the link, and only there; but where the rules drop doorbells,
 * because interrupts were off, the numbers (not the States: changes are latched) are looked at once they are on.
 */
#include <cpu.h>
#include <inmate.h>

#include "soak.h"

static uint32_t random_state;	/* seeded: not 0 */

/* xorshift (Marsaglia 2003) */
uint32_t soak_random(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

void soak_random_seed(uint32_t seed)
{
	random_state = seed * 2654435761u ^ 0x5bd1e995u;
	if (!random_state)
		random_state = 1;
	for (int i = 0; i < 8; i++)
		soak_random(2);
}

const char *soak_open(struct soak_end *end, uint16_t bdf, unsigned int index, uint32_t peers)
{
	const char *why = shmem_open(&end->dev, bdf, index);

	if (why)
		return why;
	if (!end->dev.intid || end->dev.id >= peers || end->dev.max_peers != peers || peers > SOAK_PEERS ||
	    end->dev.output_size < sizeof(struct soak_output))
		return "it is not one of the test's links";
	end->peers = peers;
	end->mine = shmem_output(&end->dev, end->dev.id);
	return NULL;
}

static const volatile struct soak_output *output_of(const struct soak_end *end, uint32_t peer)
{
	return shmem_output(&end->dev, peer);
}

void soak_ring(struct soak_end *end, uint32_t peer)
{
	end->mine->rings_begun++;
	shmem_ring(&end->dev, peer, 0);
	end->mine->rings++;
}

void soak_change_state(struct soak_end *end)
{
	uint32_t value = end->state_value | (++end->version & 0xffff);

	end->mine->view.state = value;
	end->mine->states_begun++;
	shmem_write(&end->dev, IVSHMEM_REG_STATE, value);
	end->mine->states++;
}

static void send(struct soak_end *end, uint32_t peer, bool next)
{
	uint32_t rings = 1;

	end->idle[peer] = false;
	if (next) {
		end->mine->view.of[peer].number++;
		rings += soak_random(8) ? 0 : soak_random(3);
	}
	while (rings--)
		soak_ring(end, peer);
}

static void look_at_peer(struct soak_end *end, uint32_t peer)
{
	const volatile struct soak_output *theirs = output_of(end, peer);
	uint32_t id = end->dev.id, number;
	bool reply, next = false;

	number = theirs->view.of[id].number;
	reply = number != end->mine->view.of[peer].seen;
	end->mine->view.of[peer].seen = number;
	/* what the peer has seen of mine may be new only now */
	if (theirs->view.of[id].seen == end->mine->view.of[peer].number) {
		end->idle[peer] = true;
		next = !soak_held(end) && soak_random(2);
	}
	if (reply || next)
		send(end, peer, next);
	/* without a new message the tick sends one */
	if (!next && theirs->view.of[id].seen == end->mine->view.of[peer].number)
		end->idle[peer] = true;
}

static void look(struct soak_end *end, bool told)
{
	for (uint32_t peer = 0; peer < end->peers; peer++) {
		if (peer == end->dev.id)
			continue;
		if (told)
			end->mine->view.of[peer].state = shmem_states(&end->dev)[peer];
		if (!end->mine->view.of[peer].state)
			continue;
		barrier_memory();
		look_at_peer(end, peer);
	}
}

void soak_deafen(struct soak_end *end, bool by_command)
{
	end->deaf_by_command = by_command;
	if (by_command)
		pci_write(end->dev.bdf, PCI_COMMAND,
			  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF, 2);
	else
		shmem_write(&end->dev, IVSHMEM_REG_INT_CTRL, 0);
}

void soak_hear(struct soak_end *end)
{
	end->deaf_ticks = 0;
	end->kept_deaf = false;
	if (end->deaf_by_command)
		pci_write(end->dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	shmem_write(&end->dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	/* doorbells of the meantime are lost, by the rules */
	look(end, false);
}

void soak_interrupted(struct soak_end *end)
{
	end->mine->interrupts++;
	look(end, true);
	if (!soak_held(end) && !end->kept_deaf) {
		if (!soak_random(10))
			soak_change_state(end);
		if (!end->deaf_ticks && !soak_random(12)) {
			end->deaf_ticks = 1 + soak_random(3);
			soak_deafen(end, soak_random(2));
		}
	}
	/* the delivery has cleared Interrupt Control */
	if (end->one_shot && !end->deaf_ticks && !end->kept_deaf) {
		shmem_write(&end->dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
		look(end, false);
	}
}

void soak_tick(struct soak_end *end)
{
	if (end->deaf_ticks && !--end->deaf_ticks)
		soak_hear(end);
	for (uint32_t peer = 0; peer < end->peers && !soak_held(end); peer++)
		if (end->idle[peer] && end->mine->view.of[peer].state)
			send(end, peer, true);
}

void soak_join(struct soak_end *end)
{
	for (uint32_t peer = 0; peer < end->peers; peer++)
		end->mine->view.of[peer].state = 0;
	end->one_shot = soak_random(2);
	pci_write(end->dev.bdf, (uint16_t)(end->dev.capability + IVSHMEM_CAP_PRIV_CTRL),
		  end->one_shot ? IVSHMEM_PRIV_ONESHOT : 0, 1);
	shmem_write(&end->dev, IVSHMEM_REG_INT_CTRL, IVSHMEM_INT_ENABLE);
	soak_change_state(end);
	/* who was there before does not change its State for a newcomer */
	look(end, true);
}
