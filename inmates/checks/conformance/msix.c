/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which kind of interrupts the device has, and the MSI-X capability and table: section A.6, H7.
 */
#include <inmate.h>
#include <irq.h>
#include <io.h>
#include <tap.h>

#include "suite.h"

#define MSIX(offset)	((uint16_t)(own.msix_capability + (offset)))
#define MSIX_MAX_VECTORS 2048u

static bool one_kind(void)
{
	uint32_t pin = config_read(PCI_INTERRUPT_PIN, 1);

	if (!pin != !own.msix_capability)
		return true;
	tap_note("Interrupt Pin is %u, MSI-X capability at %x", pin, own.msix_capability);
	return false;
}

static bool uniform(void)
{
	bool good = true;

	for (unsigned int n = 0; n < num_peers; n++) {
		good &= tap_equal("vectors of the peer", peers[n].info[CONF_INFO_VECTORS], own.vectors);
		good &= tap_equal("peer has a pin", peers[n].info[CONF_INFO_PIN] != 0, own.vectors == 0);
	}
	return good;
}

static bool in_bar1(const char *what, uint16_t reg, uint32_t size)
{
	uint32_t value = config_read(MSIX(reg), 4), bar = ~own.bar_bits[1] + 1;

	if ((value & MSIX_BIR_MASK) == 1 && (value & ~MSIX_BIR_MASK) + size <= bar)
		return true;
	tap_note("%s at %x, BAR 1 has %x bytes", what, value, bar);
	return false;
}

static bool table_in_bar1(void)
{
	return in_bar1("table", MSIX_TABLE, own.vectors * MSIX_ENTRY_SIZE);
}

static bool pba_in_bar1(void)
{
	return in_bar1("PBA", MSIX_PBA, (own.vectors + 63) / 64 * 8);
}

static bool apart(void)
{
	uint32_t table = config_read(MSIX(MSIX_TABLE), 4) & ~MSIX_BIR_MASK;
	uint32_t pba = config_read(MSIX(MSIX_PBA), 4) & ~MSIX_BIR_MASK;

	if (own.vectors <= MSIX_MAX_VECTORS &&
	    (table + own.vectors * MSIX_ENTRY_SIZE <= pba || pba + (own.vectors + 63) / 64 * 8 <= table))
		return true;
	tap_note("table of %u vectors at %x, PBA at %x", own.vectors, table, pba);
	return false;
}

static bool control_bits(void)
{
	uint32_t size = own.vectors - 1;
	bool good;

	/* Masked all the while */
	msix_control(MSIX_CONTROL_MASK_ALL);
	good = tap_equal("function mask", config_read(MSIX(MSIX_CONTROL), 2), MSIX_CONTROL_MASK_ALL | size);
	msix_control(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL);
	good &= tap_equal("enable and mask", config_read(MSIX(MSIX_CONTROL), 2),
			  MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK_ALL | size);
	msix_control(0);
	good &= tap_equal("off", config_read(MSIX(MSIX_CONTROL), 2), size);
	/* As a dword: ID and next pointer do not change */
	config_write(MSIX(0), 0x4000u << 16, 4);
	return good & tap_equal("ID", config_read(MSIX(0), 1), MSIX_CAP_ID) &
	       tap_equal("as a dword", config_read(MSIX(MSIX_CONTROL), 2), MSIX_CONTROL_MASK_ALL | size);
}

static bool start_off(void)
{
	return tap_equal("enable", own.start.msix_control & MSIX_CONTROL_ENABLE, 0);
}

static bool start_masked(void)
{
	return tap_equal("vectors not masked", own.start.unmasked, 0);
}

static bool table_holds(void)
{
	bool good = true;

	msix_control(0);
	for (uint32_t vector = 0; vector < own.vectors; vector++) {
		uint32_t entry = vector * MSIX_ENTRY_SIZE, old[4];

		for (uint32_t n = 0; n < 4; n++)
			old[n] = endpoint_table_read(entry + 4 * n);
		endpoint_table_write(entry + MSIX_ENTRY_CONTROL, MSIX_VECTOR_MASKED);
		/* The two low address bits belong to nobody */
		endpoint_table_write(entry, 0xfee00000 + 4 * vector);
		endpoint_table_write(entry + 4, 0x12345678 + vector);
		endpoint_table_write(entry + MSIX_ENTRY_DATA, 0x4000 + vector);
		good &= tap_equal("address", endpoint_table_read(entry), 0xfee00000 + 4 * vector);
		good &= tap_equal("upper address", endpoint_table_read(entry + 4), 0x12345678 + vector);
		good &= tap_equal("data", endpoint_table_read(entry + MSIX_ENTRY_DATA), 0x4000 + vector);
		good &= tap_equal("masked",
				  endpoint_table_read(entry + MSIX_ENTRY_CONTROL) & MSIX_VECTOR_MASKED, 1);
		for (uint32_t n = 0; n < 4; n++)
			endpoint_table_write(entry + 4 * n, old[n]);
		good &= tap_equal("mask as before", endpoint_table_read(entry + MSIX_ENTRY_CONTROL), old[3]);
	}
	return good;
}

static bool pba_zero_now(void)
{
	bool good = true;

	for (uint32_t offset = 0; offset < (own.vectors + 63) / 64 * 8; offset += 4)
		good &= tap_equal("PBA", io_read32(own.msix_pba + offset), 0);
	return good;
}

static bool pba_zero(void)
{
	bool good = pba_zero_now();

	endpoint_table_write(MSIX_ENTRY_CONTROL, MSIX_VECTOR_MASKED);
	interrupts_on();
	ring_here(0);
	good &= pba_zero_now();
	if (num_peers)
		good &= peer_set_state(&peers[0], 1) && pba_zero_now();
	return good;
}

static const struct check checks[] = {
	{ "A6.1", "the device has MSI-X or INTx, not both", 0, one_kind },
	{ "A6.2", "all peers have the same kind of interrupts and as many vectors", NEED_PEER, uniform },
	{ "A6.3", "the MSI-X table lies in BAR 1", NEED_MSIX, table_in_bar1 },
	{ "A6.4", "the Pending Bit Array lies in BAR 1", NEED_MSIX, pba_in_bar1 },
	{ "A6.5", "table and Pending Bit Array do not overlap", NEED_MSIX, apart },
	{ "A6.6", "MSI-X enable and function mask can be written, the rest of the control word cannot",
	  NEED_MSIX, control_bits },
	{ "A6.7", "MSI-X is off after reset", NEED_MSIX, start_off },
	{ "A6.8", "all vectors are masked after reset", NEED_MSIX, start_masked },
	{ "A6.9", "the entries of the table hold address, data and mask", NEED_MSIX, table_holds },
	{ "A6.10", "the Pending Bit Array reads 0, also after an event for a masked vector",
	  NEED_MSIX, pba_zero },
};

CHECK_LIST(msix_checks, checks);
