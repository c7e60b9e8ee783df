/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of the configuration space: section A.4, and the access widths of section 0.1 of the client
 * rules.
 */
#include <cpu.h>
#include <inmate.h>
#include <tap.h>

#include "suite.h"

#define PCI_SUBSYSTEM	0x2c
#define PCI_HEADER_TYPE	0x0e
#define STATUS_INTERRUPT 0x0008u
#define MOVE_DISTANCE	0x100000u

static uint32_t start_dword(uint16_t offset)
{
	return own.start.config[offset / 4];
}

static bool vendor_id(void)
{
	return tap_equal("Vendor ID", config_read(PCI_VENDOR_ID, 2), 0x110a);
}

static bool device_id(void)
{
	return tap_equal("Device ID", config_read(PCI_VENDOR_ID + 2, 2), 0x4106);
}

static bool command_reset(void)
{
	return tap_equal("Command", start_dword(PCI_COMMAND) & 0xffff, 0);
}

static bool command_bit(uint32_t bit)
{
	bool good;

	config_write(PCI_COMMAND, 0, 2);
	good = tap_equal("Command with all bits 0", config_read(PCI_COMMAND, 2), 0);
	config_write(PCI_COMMAND, bit, 2);
	return good & tap_equal("Command with one bit", config_read(PCI_COMMAND, 2), bit);
}

static bool command_memory(void)
{
	return command_bit(PCI_COMMAND_MEMORY);
}

static bool command_master(void)
{
	return command_bit(PCI_COMMAND_MASTER);
}

static bool command_intx_off(void)
{
	return command_bit(PCI_COMMAND_INTX_OFF);
}

static bool command_other_bits(void)
{
	config_write(PCI_COMMAND, 0xffff, 2);
	return tap_equal("Command, all ones written", config_read(PCI_COMMAND, 2),
			 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
}

static bool status_static(void)
{
	bool good = tap_equal("Status after reset", start_dword(PCI_COMMAND) >> 16, 0x0010);

	config_write(PCI_STATUS, 0xffff, 2);
	return good & tap_equal("Status, all ones written", config_read(PCI_STATUS, 2), 0x0010);
}

static bool status_without_interrupt(void)
{
	bool good;

	interrupts_on();
	shmem_ring(&own.dev, own.dev.id, 0);
	/* It is pending now: interrupts are masked here */
	good = tap_equal("Interrupt Status", config_read(PCI_STATUS, 2) & STATUS_INTERRUPT, 0);
	return good & got(0, 1);
}

static bool revision(void)
{
	return tap_equal("Revision ID", config_read(PCI_CLASS_REVISION, 1), 0);
}

static bool protocol_type(void)
{
	return tap_equal("protocol type", config_read(PCI_CLASS_REVISION, 4) >> 8 & 0xffff,
			 (unsigned long long)param_int("protocol", 0));
}

static bool base_class(void)
{
	return tap_equal("base class", config_read(PCI_CLASS_REVISION + 3, 1), 0xff);
}

static bool header_type(void)
{
	return tap_equal("header type", config_read(PCI_HEADER_TYPE, 1), 0);
}

static bool bar_reset(unsigned int bar)
{
	return tap_equal("address bits", start_dword(PCI_BAR(bar)) & ~0xfu, 0);
}

static bool bar0_reset(void)
{
	return bar_reset(0);
}

static bool bar_writable(unsigned int bar)
{
	uint32_t bits = own.bar_bits[bar], size = ~bits + 1;

	if (bits && !(size & (size - 1)))
		return true;
	tap_note("BAR %u reads %x after all ones were written", bar, bits);
	return false;
}

static bool bar0_writable(void)
{
	return bar_writable(0);
}

static bool bar0_moves(void)
{
	uintptr_t old = own.dev.registers;
	uint32_t new = (uint32_t)old + MOVE_DISTANCE;
	bool good;

	config_write(PCI_COMMAND, 0, 2);
	config_write(PCI_BAR0, new, 4);
	good = tap_equal("BAR 0", config_read(PCI_BAR0, 4) & ~0xfu, new);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	map(new, PAGE_SIZE, MAP_DEVICE);
	own.dev.registers = new;
	good &= tap_equal("ID there", shmem_read(&own.dev, IVSHMEM_REG_ID), own.dev.id);
	good &= tap_equal("Maximum Peers there", shmem_read(&own.dev, IVSHMEM_REG_MAX_PEERS),
			  own.dev.max_peers);

	config_write(PCI_COMMAND, 0, 2);
	config_write(PCI_BAR0, (uint32_t)old, 4);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	own.dev.registers = old;
	return good & tap_equal("ID at the first place", shmem_read(&own.dev, IVSHMEM_REG_ID), own.dev.id);
}

static bool bar1_reset(void)
{
	return bar_reset(1);
}

static bool bar1_with_msix(void)
{
	return bar_writable(1);
}

static bool bar1_absent(void)
{
	bool good = tap_equal("BAR 1", config_read(PCI_BAR(1), 4), 0);

	config_write(PCI_BAR(1), ~0u, 4);
	return good & tap_equal("BAR 1, all ones written", config_read(PCI_BAR(1), 4), 0);
}

static bool bar2_reset(void)
{
	return bar_reset(2) & tap_equal("BAR 3", start_dword(PCI_BAR(3)), 0);
}

static bool subsystem(void)
{
	uint32_t vendor = config_read(PCI_SUBSYSTEM, 2);

	if (vendor && vendor != 0xffff)
		return true;
	tap_note("Subsystem Vendor ID is %x", vendor);
	return false;
}

static bool capability_pointer(void)
{
	uint32_t pointer = config_read(PCI_CAPABILITIES, 1);

	if (pointer >= 0x40 && !(pointer & 3))
		return true;
	tap_note("capability pointer is %x", pointer);
	return false;
}

static bool pin_intx(void)
{
	uint32_t pin = config_read(PCI_INTERRUPT_PIN, 1);

	if (pin >= 1 && pin <= 4)
		return true;
	tap_note("Interrupt Pin is %u", pin);
	return false;
}

static bool pin_msix(void)
{
	return tap_equal("Interrupt Pin", config_read(PCI_INTERRUPT_PIN, 1), 0);
}

static bool others_zero(void)
{
	bool good = tap_equal("0Ch, without header type", start_dword(0x0c) & 0xff00ffff, 0);

	good &= tap_equal("20h", start_dword(0x20), 0) & tap_equal("24h", start_dword(0x24), 0);
	good &= tap_equal("28h", start_dword(0x28), 0) & tap_equal("30h", start_dword(0x30), 0);
	good &= tap_equal("35h to 37h", start_dword(0x34) >> 8, 0) & tap_equal("38h", start_dword(0x38), 0);
	return good & tap_equal("3Ch, without pin", start_dword(0x3c) & 0xffff00ff, 0);
}

static bool read_only_ignores_writes(void)
{
	static const uint8_t dwords[] = { 0x00, 0x08, 0x28, 0x2c, 0x34, 0x38 };
	uint32_t pin = config_read(PCI_INTERRUPT_PIN, 1);
	bool good = true;

	for (unsigned int n = 0; n < sizeof(dwords); n++) {
		uint32_t before = config_read(dwords[n], 4);

		config_write(dwords[n], ~before, 4);
		good &= tap_equal("after a dword", config_read(dwords[n], 4), before);
		config_write((uint16_t)(dwords[n] + 2), ~before >> 16, 2);
		good &= tap_equal("after a word", config_read(dwords[n], 4), before);
		config_write((uint16_t)(dwords[n] + 1), ~before >> 8, 1);
		good &= tap_equal("after a byte", config_read(dwords[n], 4), before);
	}
	config_write(PCI_INTERRUPT_PIN, ~pin, 1);
	return good & tap_equal("Interrupt Pin", config_read(PCI_INTERRUPT_PIN, 1), pin);
}

/* --- access widths --- */

static bool widths_agree_at(uint32_t offset)
{
	uint16_t at = (uint16_t)offset;
	uint32_t dword = config_read(at, 4), words = 0, bytes = 0;

	for (unsigned int n = 0; n < 4; n += 2)
		words |= config_read((uint16_t)(at + n), 2) << (8 * n);
	for (unsigned int n = 0; n < 4; n++)
		bytes |= config_read((uint16_t)(at + n), 1) << (8 * n);
	return tap_equal("two words", words, dword) & tap_equal("four bytes", bytes, dword);
}

static bool widths_agree(void)
{
	uint32_t length = config_read((uint16_t)(own.dev.capability + 2), 1);
	bool good = true;

	for (uint32_t offset = 0; offset < 0x40; offset += 4)
		good &= widths_agree_at(offset);
	for (uint32_t offset = 0; offset < length; offset += 4)
		good &= widths_agree_at(own.dev.capability + offset);
	for (uint32_t offset = 0; own.msix_capability && offset < 12; offset += 4)
		good &= widths_agree_at(own.msix_capability + offset);
	return good;
}

static bool command_widths(void)
{
	bool good;

	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	good = tap_equal("after a word", config_read(PCI_COMMAND, 4), 0x00100002);
	config_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 4);
	return good & tap_equal("after a dword", config_read(PCI_COMMAND, 4), 0x00100006);
}

static const struct check checks[] = {
	{ "A4.1", "Vendor ID is 110Ah", 0, vendor_id },
	{ "A4.2", "Device ID is 4106h", 0, device_id },
	{ "A4.3", "Command is 0 after reset", 0, command_reset },
	{ "A4.4", "Memory Space can be switched", 0, command_memory },
	{ "A4.5", "Bus Master can be switched", 0, command_master },
	{ "A4.6", "INTx disable can be switched", 0, command_intx_off },
	{ "A4.7", "other bits of Command ignore writes", 0, command_other_bits },
	{ "A4.8", "Status is 0010h and ignores writes", 0, status_static },
	{ "A4.9", "Interrupt Status stays 0 while an interrupt is pending", NEED_INTERRUPTS,
	  status_without_interrupt },
	{ "A4.10", "Revision ID is 00h", 0, revision },
	{ "A4.11", "sub-class and interface hold the protocol type as configured",
	  NEED_PROTOCOL, protocol_type },
	{ "A4.12", "base class is FFh", 0, base_class },
	{ "A4.13", "header type is 00h", 0, header_type },
	{ "A4.14", "address bits of BAR 0 are 0 after reset", 0, bar0_reset },
	{ "A4.15", "address bits of BAR 0 can be written and give a power of two as size", 0, bar0_writable },
	{ "A4.16", "BAR 0 decides where the registers are", 0, bar0_moves },
	{ "A4.17", "address bits of BAR 1 are 0 after reset", 0, bar1_reset },
	{ "A4.18", "with MSI-X the address bits of BAR 1 can be written", NEED_MSIX, bar1_with_msix },
	{ "A4.19", "with INTx there is no BAR 1", NEED_INTX, bar1_absent },
	{ "A4.20", "address bits of BAR 2 and 3 are 0 after reset", 0, bar2_reset },
	{ "A4.21", "Subsystem Vendor ID names somebody", 0, subsystem },
	{ "A4.22", "capability pointer leads to a capability", 0, capability_pointer },
	{ "A4.23", "Interrupt Pin is 1 to 4 with INTx", NEED_INTX, pin_intx },
	{ "A4.24", "Interrupt Pin is 0 with MSI-X", NEED_MSIX, pin_msix },
	{ "A4.25", "all other registers of the header are 0 after reset", 0, others_zero },
	{ "A4.26", "read-only registers of the header ignore writes", NEED_FATAL, read_only_ignores_writes },
	{ "P1.1", "configuration reads of 8, 16 and 32 bits agree", 0, widths_agree },
	{ "P1.2", "Command can be written as word and, with Status, as dword", 0, command_widths },
};

CHECK_LIST(config_space_checks, checks);
