/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vendor-specific capability: section A.5 and what the review of the specification says about it.
 */
#include <inmate.h>
#include <tap.h>

#include "suite.h"

#define MAX_CAPABILITIES 48u
#define VENDOR(offset)	((uint16_t)(own.dev.capability + (offset)))
#define LENGTH_RELOCATABLE 0x18u

static bool capability_there(void)
{
	return tap_equal("capability ID", config_read(VENDOR(0), 1), IVSHMEM_CAP_ID);
}

/* Number of capabilities with this ID, 0 on a broken list */
static unsigned int count_capabilities(uint32_t id)
{
	uint32_t at = config_read(PCI_CAPABILITIES, 1);
	unsigned int found = 0;

	for (unsigned int n = 0; n < MAX_CAPABILITIES; n++) {
		if (!at)
			return found;
		if (at < 0x40 || (at & 3)) {
			tap_note("a capability at %x", at);
			return 0;
		}
		found += config_read((uint16_t)at, 1) == id;
		at = config_read((uint16_t)(at + 1), 1);
	}
	tap_note("the list of capabilities does not end");
	return 0;
}

static bool list_ends(void)
{
	return count_capabilities(IVSHMEM_CAP_ID) > 0;
}

static bool one_vendor_capability(void)
{
	return tap_equal("vendor capabilities", count_capabilities(IVSHMEM_CAP_ID), 1);
}

static bool length(void)
{
	uint32_t value = config_read(VENDOR(2), 1);

	if (value == LENGTH_RELOCATABLE || value == IVSHMEM_CAP_LENGTH)
		return true;
	tap_note("Length is %x", value);
	return false;
}

static bool privileged_reset(void)
{
	return tap_equal("Privileged Control", own.start.privileged, 0);
}

static bool privileged_reads(const char *what, uint8_t written, uint8_t expected)
{
	config_write(VENDOR(IVSHMEM_CAP_PRIV_CTRL), written, 1);
	return tap_equal(what, config_read(VENDOR(IVSHMEM_CAP_PRIV_CTRL), 1), expected);
}

static bool one_shot_bit(void)
{
	bool good = privileged_reads("1 written", 1, 1);

	return good & privileged_reads("0 written", 0, 0);
}

static bool privileged_other_bits(void)
{
	bool good = privileged_reads("FEh written", 0xfe, 0);

	return good & privileged_reads("FFh written", 0xff, 1);
}

static bool rest_read_only(void)
{
	uint32_t size = config_read(VENDOR(2), 1);
	bool good = true;

	for (uint16_t n = 0; n < 3; n++) {
		uint32_t before = config_read(VENDOR(n), 1);

		config_write(VENDOR(n), ~before, 1);
		good &= tap_equal("ID, next or length", config_read(VENDOR(n), 1), before);
	}
	for (uint16_t offset = IVSHMEM_CAP_STATE_SIZE; offset < size; offset += 4) {
		uint32_t before = config_read(VENDOR(offset), 4);

		config_write(VENDOR(offset), ~before, 4);
		good &= tap_equal("size or address", config_read(VENDOR(offset), 4), before);
	}
	return good;
}

static bool dword_write(void)
{
	uint32_t dword = config_read(VENDOR(0), 4) & 0x00ffffff;
	bool good;

	config_write(VENDOR(0), dword | 0x01000000, 4);
	good = tap_equal("bit 24 set", config_read(VENDOR(0), 4), dword | 0x01000000);
	config_write(VENDOR(0), dword, 4);
	return good & tap_equal("bit 24 clear", config_read(VENDOR(0), 4), dword);
}

/* --- where the memory is --- */

static bool memory_bar(void)
{
	uint64_t bits = own.bar_bits[2] | ((uint64_t)own.bar_bits[3] << 32);
	bool good = tap_equal("type of BAR 2", config_read(PCI_BAR(2), 4) & 0x7, PCI_BAR_TYPE_64);

	if (bits && ~bits + 1 >= endpoint_memory_size())
		return good;
	tap_note("BAR 2 has %llx bytes, the sections have %llx", (unsigned long long)(~bits + 1),
		 (unsigned long long)endpoint_memory_size());
	return false;
}

static bool no_memory_bar(void)
{
	config_write(PCI_BAR(2), ~0u, 4);
	config_write(PCI_BAR(3), ~0u, 4);
	return tap_equal("BAR 2", config_read(PCI_BAR(2), 4), 0) &
	       tap_equal("BAR 3", config_read(PCI_BAR(3), 4), 0);
}

static bool base_address(void)
{
	shmem_write(&own.dev, IVSHMEM_REG_STATE, 0xba5e);
	return tap_equal("offset in its page", own.dev.base % PAGE_SIZE, 0) &
	       tap_equal("entry of the State Table there", *endpoint_word(4ull * own.dev.id), 0xba5e);
}

static bool base_address_without_bar2(void)
{
	if (own.bar_bits[2])
		return true;
	return tap_equal("Length", config_read(VENDOR(2), 1), IVSHMEM_CAP_LENGTH);
}

/* --- one-shot mode --- */

static bool one_shot_delivery(void)
{
	endpoint_one_shot(true);
	interrupts_on();
	ring_here(0);
	return got(0, 1) && tap_equal("Interrupt Control", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 0);
}

static bool one_shot_only_one(void)
{
	bool good = true;

	endpoint_one_shot(true);
	for (uint32_t n = 1; n <= 3; n++) {
		interrupts_on();
		ring_here(0);
		good &= got(0, n);
		ring_here(0);
		good &= got(0, n);
	}
	return good;
}

static bool one_shot_off(void)
{
	bool good = true;

	interrupts_on();
	for (uint32_t n = 1; n <= 3; n++) {
		ring_here(0);
		good &= got(0, n);
		good &= tap_equal("Interrupt Control", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 1);
	}
	return good;
}

static bool one_shot_state(void)
{
	bool good;

	endpoint_one_shot(true);
	interrupts_on();
	good = peer_set_state(&peers[0], 1) && got(0, 1);
	return good & tap_equal("Interrupt Control", shmem_read(&own.dev, IVSHMEM_REG_INT_CTRL), 0);
}

static bool one_shot_is_per_peer(void)
{
	bool good;

	endpoint_one_shot(true);
	good = peer_interrupts_on(&peers[0]);
	for (uint32_t n = 1; n <= 2; n++) {
		shmem_ring(&own.dev, peers[0].id, 0);
		good = good && peer_got(&peers[0], 0, n);
	}
	return good && tap_equal("Interrupt Control of the peer",
				 peer_ask(&peers[0], CONF_REG_READ, IVSHMEM_REG_INT_CTRL, 0), 1);
}

static const struct check checks[] = {
	{ "A5.1", "there is a vendor capability, ID 09h", 0, capability_there },
	{ "A5.2", "next pointers make a list that ends", 0, list_ends },
	{ "A5.3", "Length is 18h or 20h", 0, length },
	{ "A5.4", "Privileged Control is 0 after reset", 0, privileged_reset },
	{ "A5.5", "bit 0 of Privileged Control can be written", 0, one_shot_bit },
	{ "A5.6", "bits 7 to 1 of Privileged Control read 0 and ignore writes", 0, privileged_other_bits },
	{ "A5.7", "the rest of the capability ignores writes", 0, rest_read_only },
	{ "A5.8", "relocatable: BAR 2/3 is a 64-bit memory BAR for all sections", NEED_RELOCATABLE_MEMORY,
	  memory_bar },
	{ "A5.9", "not relocatable: BAR 2 and 3 read 0 after any write", NEED_FIXED_MEMORY, no_memory_bar },
	{ "A5.10", "Base Address is that of the State Table", NEED_FIXED_MEMORY, base_address },
	{ "A5.11", "without BAR 2 there is a Base Address", 0, base_address_without_bar2 },
	{ "A5.12", "one-shot mode: a delivery clears Interrupt Control", NEED_INTERRUPTS, one_shot_delivery },
	{ "A5.13", "one-shot mode: one interrupt each time that reception is enabled", NEED_INTERRUPTS,
	  one_shot_only_one },
	{ "A5.14", "without one-shot mode Interrupt Control stays", NEED_INTERRUPTS, one_shot_off },
	{ "A5.15", "one-shot mode: State events count as well", NEED_INTERRUPTS | NEED_PEER, one_shot_state },
	{ "A5.16", "one-shot mode of one peer does not concern another", NEED_INTERRUPTS | NEED_PEER,
	  one_shot_is_per_peer },
	{ "B.1", "there is exactly one vendor capability", 0, one_vendor_capability },
	{ "P1.3", "Privileged Control can be written in the dword of the capability", 0, dword_write },
};

CHECK_LIST(capability_checks, checks);
