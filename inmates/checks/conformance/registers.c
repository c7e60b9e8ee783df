/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register region: section A.7 without Doorbell and State.
 */
#include <inmate.h>
#include <io.h>
#include <tap.h>

#include "suite.h"

#define FIRST_UNBACKED	0x14u

static bool unbacked_reads(void)
{
	bool good = true;

	for (uint32_t offset = FIRST_UNBACKED; offset < PAGE_SIZE; offset += 4)
		good &= !shmem_read(&own.dev, offset) || tap_equal("register", offset, 0);
	return good;
}

static bool unbacked_writes(void)
{
	bool good;

	shmem_write(&own.dev, IVSHMEM_REG_STATE, 0x57a7e);
	for (uint32_t offset = FIRST_UNBACKED; offset < PAGE_SIZE; offset += 4)
		io_write32(own.dev.registers + offset, ~0u);
	good = unbacked_reads();
	good &= tap_equal("Interrupt Control", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 0);
	good &= tap_equal("State", shmem_read(&own.dev, IVSHMEM_REG_STATE), 0x57a7e);
	return good & tap_equal("ID", shmem_read(&own.dev, IVSHMEM_REG_ID), own.dev.id);
}

static bool page_of_its_own(void)
{
	if (~own.bar_bits[0] + 1 >= PAGE_SIZE)
		return true;
	tap_note("BAR 0 has %u bytes", ~own.bar_bits[0] + 1);
	return false;
}

static bool id_range(void)
{
	if (own.dev.id < own.dev.max_peers)
		return true;
	tap_note("ID %u, Maximum Peers %u", own.dev.id, own.dev.max_peers);
	return false;
}

static bool id_unique(void)
{
	bool good = true;

	/* The companion in the area of ID n says itself that it is n */
	for (unsigned int n = 0; n < num_peers; n++)
		good &= tap_equal("ID of the peer", peers[n].info[CONF_INFO_ID], peers[n].id);
	if (num_peers > 1 && peers[0].info[CONF_INFO_ID] == peers[1].info[CONF_INFO_ID])
		good = false;
	return good && peers[0].info[CONF_INFO_ID] != own.dev.id;
}

static bool id_constant(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_ID, ~own.dev.id);
	return tap_equal("ID", shmem_read(&own.dev, IVSHMEM_REG_ID), own.dev.id);
}

static bool max_peers_range(void)
{
	if (own.dev.max_peers >= 2 && own.dev.max_peers <= 65536)
		return true;
	tap_note("Maximum Peers is %u", own.dev.max_peers);
	return false;
}

static bool max_peers_constant(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_MAX_PEERS, ~own.dev.max_peers);
	return tap_equal("Maximum Peers", shmem_read(&own.dev, IVSHMEM_REG_MAX_PEERS), own.dev.max_peers);
}

static bool max_peers_equal(void)
{
	return peers_told("Maximum Peers of the peer", CONF_INFO_MAX_PEERS, own.dev.max_peers);
}

static bool int_control_reset(void)
{
	return tap_equal("Interrupt Control", own.start.int_control, 0);
}

static bool int_control_bit(void)
{
	bool good;

	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 1);
	good = tap_equal("1 written", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 1);
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, 0);
	return good & tap_equal("0 written", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 0);
}

static bool int_control_other_bits(void)
{
	bool good;

	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, ~1u);
	good = tap_equal("all but bit 0 written", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 0);
	shmem_write(&own.dev, IVSHMEM_REG_INT_CTRL, ~0u);
	return good & tap_equal("all ones written", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 1);
}

static const struct check checks[] = {
	{ "A7.1", "offsets of the page without a register read 0", 0, unbacked_reads },
	{ "A7.2", "offsets of the page without a register ignore writes", 0, unbacked_writes },
	{ "A7.3", "the registers have a page of their own", 0, page_of_its_own },
	{ "A7-id.1", "ID is below Maximum Peers", 0, id_range },
	{ "A7-id.2", "ID is unique on the link", NEED_PEER, id_unique },
	{ "A7-id.3", "ID is constant", 0, id_constant },
	{ "A7-max.1", "Maximum Peers is 2 to 65536", 0, max_peers_range },
	{ "A7-max.2", "Maximum Peers is constant", 0, max_peers_constant },
	{ "A7-max.3", "Maximum Peers is the same for all peers", NEED_PEER, max_peers_equal },
	{ "A7-int.1", "Interrupt Control is 0 after reset", 0, int_control_reset },
	{ "A7-int.2", "bit 0 of Interrupt Control can be written", 0, int_control_bit },
	{ "A7-int.3", "bits 31 to 1 of Interrupt Control read 0 and ignore writes",
	  0, int_control_other_bits },
};

CHECK_LIST(register_checks, checks);
