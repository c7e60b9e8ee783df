/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One forbidden act per start: attack=NAME. The cell must be stopped by it, so nothing comes behind the line
 * "# attack NAME: ..."; if the act goes through, "not ok" and "TAP done" follow.
 *
 * Parameters: addr=ADDRESS where, for the attacks that take one (default 50000000h, nothing in a small cell);
 * state=N first announces the cell on its link with State N, says "# ready", and waits until a peer writes 1
 * to the first word of the R/W section.
 */
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>
#include <tap.h>

#define DEFAULT_ADDRESS	0x50000000
#define CANARY		0x0badc0deu

struct attack {
	const char *name;
	const char *text;
	void (*run)(uint64_t address);
};

static struct shmem_device dev;
static bool dev_open;

static void attack_read(uint64_t address)
{
	uint32_t value;

	map(address, 8, MAP_NORMAL);
	value = *(volatile uint32_t *)address;
	tap_note("read %08x", value);
}

static void attack_write(uint64_t address)
{
	map(address, 8, MAP_NORMAL);
	*(volatile uint32_t *)address = CANARY;
	barrier_full();
	tap_note("written, reads %08x", *(volatile uint32_t *)address);
}

static void attack_read_device(uint64_t address)
{
	map(address, 8, MAP_DEVICE);
	tap_note("read %08x", io_read32(address));
}

static void attack_write_device(uint64_t address)
{
	map(address, 8, MAP_DEVICE);
	io_write32(address, CANARY);
}

static void attack_execute(uint64_t address)
{
	map(address, PAGE_SIZE, MAP_NORMAL | MAP_EXECUTE);
	((void (*)(void))(uintptr_t)address)();
}

static void attack_execute_comm(uint64_t address)
{
	/* Behind the communication region's fields: a "ret" in a page that is for data only */
	uint32_t *code = (uint32_t *)(COMM_REGION_ADDRESS + 0x800);

	(void)address;
	*code = 0xd65f03c0;
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" : : "r" (code) : "memory");
	map(COMM_REGION_ADDRESS, PAGE_SIZE, MAP_NORMAL | MAP_EXECUTE);
	((void (*)(void))code)();
}

/* --- translation and maintenance --- */

static void attack_page_walk(uint64_t address)
{
	/* The next walk of the MMU finds no memory: the fault is not on an access of the program */
	write_sysreg(ttbr0_el1, address & ~(PAGE_SIZE - 1));
	__asm__ volatile("tlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
}

static void attack_cache_maintenance(uint64_t address)
{
	map(address, PAGE_SIZE, MAP_NORMAL);
	__asm__ volatile("dc civac, %0\n\tdsb sy" : : "r" (address) : "memory");
}

static void attack_zero_line(uint64_t address)
{
	map(address, PAGE_SIZE, MAP_NORMAL);
	__asm__ volatile("dc zva, %0\n\tdsb sy" : : "r" (address) : "memory");
}

static void attack_pair(uint64_t address)
{
	map(address, 16, MAP_NORMAL);
	__asm__ volatile("ldp x2, x3, [%0]" : : "r" (address) : "x2", "x3", "memory");
}

static void attack_exclusive(uint64_t address)
{
	map(address, 8, MAP_NORMAL);
	__asm__ volatile("ldxr w2, [%0]\n\tstxr w3, w2, [%0]" : : "r" (address) : "x2", "x3", "memory");
}

/* --- shared memory device --- */

static bool open_device(void)
{
	uint16_t bdf = PCI_NO_BDF;
	const char *why = "none found";

	if (dev_open)
		return true;
	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf != PCI_NO_BDF)
		why = shmem_open(&dev, bdf, 0);
	if (why)
		printk("Bail out! this attack needs a shared memory device: %s\n", why);
	dev_open = !why;
	return dev_open;
}

/* A peer that looks at the State and arms its interrupt before the attack cannot miss what comes of it */
static bool announce(uint32_t state)
{
	volatile uint32_t *go;

	if (!open_device())
		return false;
	go = shmem_rw(&dev);
	if (!go) {
		printk("Bail out! state=%u needs an R/W section\n", state);
		return false;
	}
	*go = 0;
	shmem_write(&dev, IVSHMEM_REG_STATE, state);
	tap_note("ready");
	while (*go != 1)
		__asm__ volatile("yield");
	return true;
}

static void attack_state_table(uint64_t address)
{
	(void)address;
	map(dev.base, dev.state_size, MAP_NORMAL);
	shmem_states(&dev)[dev.id] = CANARY;
	barrier_full();
	tap_note("entry reads %08x", shmem_states(&dev)[dev.id]);
}

static void attack_peer_output(uint64_t address)
{
	uint32_t peer = dev.id ? 0 : 1;
	volatile uint32_t *output = shmem_output(&dev, peer);

	(void)address;
	map((uintptr_t)output, PAGE_SIZE, MAP_NORMAL);
	output[0] = CANARY;
	barrier_full();
	tap_note("output of peer %u reads %08x", peer, output[0]);
}

static void attack_register_exclusive(uint64_t address)
{
	(void)address;
	attack_exclusive(dev.registers + IVSHMEM_REG_STATE);
}

static void attack_register_zero(uint64_t address)
{
	(void)address;
	attack_zero_line(dev.registers);
}

static void attack_decode_off(uint64_t address)
{
	(void)address;
	pci_write(dev.bdf, PCI_COMMAND, 0, 2);
	tap_note("register reads %08x", shmem_read(&dev, IVSHMEM_REG_ID));
}

static void attack_behind_bar(uint64_t address)
{
	/* Two pages of stage 1, one page of registers */
	pci_write(dev.bdf, PCI_COMMAND, 0, 2);
	pci_write(dev.bdf, PCI_BAR0, (uint32_t)address, 4);
	pci_write(dev.bdf, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	map(address, 2 * PAGE_SIZE, MAP_DEVICE);
	tap_note("Maximum Peers at the new place: %u", io_read32(address + IVSHMEM_REG_MAX_PEERS));
	/* 64 KiB of registers if the configuration says so */
	map(address + 0x10000, PAGE_SIZE, MAP_DEVICE);
	io_write32(address + 0x10000, CANARY);
}

/* --- system registers --- */

static void attack_actlr(uint64_t address)
{
	(void)address;
	write_sysreg(actlr_el1, 0);
}

static void attack_sgi0(uint64_t address)
{
	(void)address;
	write_icc(ICC_SGI0R_EL1, 0xffff);
}

static void attack_el2_register(uint64_t address)
{
	/* Undefined at EL1: an exception of the inmate's own, which it reports itself */
	(void)address;
	__asm__ volatile("msr vttbr_el2, xzr");
}

/* --- life cycle --- */

static void attack_silent(uint64_t address)
{
	(void)address;
	tap_note("interrupts off, never answering");
	irq_disable();
	for (;;)
		__asm__ volatile("yield");
}

static void attack_off(uint64_t address)
{
	(void)address;
	smc_call(PSCI_CPU_OFF, 0, 0, 0);
}

static void attack_locked(uint64_t address)
{
	(void)address;
	comm_region()->cell_state = COMM_STATE_LOCKED;
	tap_note("cell_state is locked");
	stop();
}

static void attack_bad_state(uint64_t address)
{
	(void)address;
	comm_region()->cell_state = 0x12345678;
	tap_note("cell_state is 12345678h");
	stop();
}

static const struct attack attacks[] = {
	{ .name = "read", .text = "read unmapped memory", .run = attack_read },
	{ .name = "write", .text = "write unmapped memory", .run = attack_write },
	{ .name = "execute", .text = "execute unmapped memory", .run = attack_execute },
	{ .name = "read-device", .text = "read an unmapped device", .run = attack_read_device },
	{ .name = "write-device", .text = "write an unmapped device", .run = attack_write_device },
	{ .name = "execute-comm", .text = "execute the communication region", .run = attack_execute_comm },
	{ .name = "page-walk", .text = "page tables in unmapped memory", .run = attack_page_walk },
	{ .name = "cache", .text = "cache maintenance on unmapped memory", .run = attack_cache_maintenance },
	{ .name = "zero-line", .text = "DC ZVA on unmapped memory", .run = attack_zero_line },
	{ .name = "pair", .text = "LDP from unmapped memory", .run = attack_pair },
	{ .name = "exclusive", .text = "exclusive access to unmapped memory", .run = attack_exclusive },
	{ .name = "actlr", .text = "write ACTLR_EL1", .run = attack_actlr },
	{ .name = "sgi0", .text = "send a Group 0 SGI", .run = attack_sgi0 },
	{ .name = "el2-register", .text = "write VTTBR_EL2", .run = attack_el2_register },
	{ .name = "silent", .text = "never answer messages", .run = attack_silent },
	{ .name = "off", .text = "switch the only CPU off", .run = attack_off },
	{ .name = "locked", .text = "lock the cell", .run = attack_locked },
	{ .name = "bad-state", .text = "write nonsense to cell_state", .run = attack_bad_state },
};

/* These need the device opened first */
static const struct attack device_attacks[] = {
	{ .name = "state-table", .text = "write the State Table", .run = attack_state_table },
	{ .name = "peer-output", .text = "write the output section of a peer", .run = attack_peer_output },
	{ .name = "register-exclusive", .text = "exclusive access to a register", .run = attack_register_exclusive },
	{ .name = "register-zero", .text = "DC ZVA on the registers", .run = attack_register_zero },
	{ .name = "decode-off", .text = "read registers while decoding is off", .run = attack_decode_off },
	{ .name = "behind-bar", .text = "place BAR 0 at addr, write behind it", .run = attack_behind_bar },
};

static const struct attack *find(const struct attack *list, unsigned int count, const char *name)
{
	for (unsigned int n = 0; n < count; n++)
		if (!strcmp(list[n].name, name))
			return &list[n];
	return NULL;
}

void inmate_main(void)
{
	char buffer[32];
	const char *name = param_str("attack", buffer, sizeof(buffer), "");
	uint64_t address = (uint64_t)param_int("addr", DEFAULT_ADDRESS);
	uint32_t state = (uint32_t)param_int("state", 0);
	const struct attack *attack = find(attacks, sizeof(attacks) / sizeof(attacks[0]), name);

	if (!attack) {
		attack = find(device_attacks, sizeof(device_attacks) / sizeof(device_attacks[0]), name);
		if (attack && !open_device())
			return;
	}
	if (!attack) {
		printk("Bail out! no attack \"%s\"; start with attack=NAME\n", name);
		return;
	}
	if (state && !announce(state))
		return;
	tap_plan(1);
	tap_note("attack %s: %s (addr %llx)", attack->name, attack->text, (unsigned long long)address);
	attack->run(address);
	tap_result(false, attack->text);
	tap_done();
}
