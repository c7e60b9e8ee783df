/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Things a cell may do without being stopped for it, and what comes back. A cell that does not reach
 * "TAP done" was parked by the check named last.
 *
 * Runs in a cell with one CPU, an INTx shared memory device and the debug console. Parameters:
 * foreign-cpu=MPIDR (default 0) a CPU of another cell, foreign-intid=N (default 33) an SPI of another
 * cell.
 */
#include <bulkhead/hypercall.h>
#include <cpu.h>
#include <inmate.h>
#include <io.h>
#include <irq.h>
#include <pci.h>
#include <tap.h>

#include "odd_access.h"

#define ABSENT_BDF		0x00f8u		/* 00:1f.0 */
#define CONFIG_SIZE		0x80u
#define ALL_ONES		0xffffffffu

#define NOT_SUPPORTED		(-1)		/* SMCCC and PSCI */
#define PSCI_DENIED		(-3)
#define PSCI_ALREADY_ON		(-4)
#define EPERM			1
#define EINVAL			22
#define ENOSYS			38

#define GICD_ISENABLER		0x0100u
#define GICD_ICENABLER		0x0180u
#define GICD_ISPENDR		0x0200u
#define GICD_ISACTIVER		0x0300u
#define GICD_IPRIORITYR		0x0400u
#define GICD_ICFGR		0x0c00u
#define GICD_IROUTER		0x6000u

static struct shmem_device dev;
static uint32_t foreign_intid;
static uint64_t foreign_cpu;
static volatile uint32_t received[1024];

static void on_interrupt(uint32_t intid)
{
	if (intid < 1024)
		received[intid]++;
	/* a level interrupt: it would come again at once */
	if (intid == INTID_VIRTUAL_TIMER)
		timer_stop();
}

/* --- start state --- */

static bool start_fp_zero(void)
{
	return tap_equal("OR of v0..v31", entry_state.fp_or, 0);
}

static bool start_general_zero(void)
{
	return tap_equal("OR of x0..x30, SP_EL0, SP_EL1", entry_state.general_or, 0);
}

static bool start_system_registers(void)
{
	bool good = tap_equal("CurrentEL", entry_state.current_el, 1 << 2);

	good &= tap_equal("DAIF", entry_state.daif, 0x3c0);
	good &= tap_equal("SCTLR_EL1", entry_state.sctlr, 0x30d00800);
	good &= tap_equal("CPACR_EL1", entry_state.cpacr, 0x300000);
	good &= tap_equal("OR of the EL1 registers that start as 0", entry_state.el1_or, 0);
	return good;
}

static bool comm_page_clean(void)
{
	const struct comm_region *comm = comm_region();
	const uint8_t *bytes = (const uint8_t *)comm;
	bool good = tap_equal("cell_state", comm->cell_state, COMM_STATE_RUNNING);

	for (size_t n = offsetof(struct comm_region, vpci_irq_base) + 4; n < PAGE_SIZE; n++)
		if (bytes[n])
			return tap_equal("byte behind the communication region", bytes[n], 0);
	return good;
}

/* --- PCI configuration space --- */

static bool config_absent_read(void)
{
	bool good = tap_equal("dword", pci_read(ABSENT_BDF, 0, 4), ALL_ONES);

	good &= tap_equal("word", pci_read(ABSENT_BDF, 2, 2), 0xffff);
	good &= tap_equal("byte", pci_read(ABSENT_BDF, 0xfff, 1), 0xff);
	return good;
}

static bool config_absent_write(void)
{
	pci_write(ABSENT_BDF, PCI_COMMAND, 0x7, 2);
	pci_write(ABSENT_BDF, PCI_BAR0, ALL_ONES, 4);
	pci_write(ABSENT_BDF, 0xfff, 0xff, 1);
	return tap_equal("read afterwards", pci_read(ABSENT_BDF, PCI_COMMAND, 4), ALL_ONES);
}

static bool config_narrow_reads(void)
{
	bool good = true;

	for (uint16_t at = 0; at < CONFIG_SIZE; at++) {
		uint32_t dword = pci_read(dev.bdf, at & ~3u, 4);
		unsigned int shift = 8 * (at & 3);
		uint64_t got = load_byte(pci_address(dev.bdf, at));

		if (got != ((dword >> shift) & 0xff)) {
			tap_note("byte at %02xh: got %llx, dword is %08x", at, (unsigned long long)got,
				 dword);
			good = false;
		}
		if (at & 1)
			continue;
		got = load_half(pci_address(dev.bdf, at));
		if (got != ((dword >> shift) & 0xffff)) {
			tap_note("word at %02xh: got %llx, dword is %08x", at, (unsigned long long)got,
				 dword);
			good = false;
		}
	}
	return good;
}

static bool config_signed_reads(void)
{
	/* Class FFh at 0Bh, protocol 0000h and revision 0 below: the sign bits are set */
	bool good = tap_equal("ldrsb x, 0Bh", load_byte_signed_x(pci_address(dev.bdf, 0x0b)), ~0ull);

	good &= tap_equal("ldrsb w, 0Bh", load_byte_signed_w(pci_address(dev.bdf, 0x0b)), ALL_ONES);
	good &= tap_equal("ldrsh x, 0Ah", load_half_signed_x(pci_address(dev.bdf, 0x0a)),
			  (uint64_t)(int64_t)(int16_t)(dev.class_revision >> 16));
	good &= tap_equal("ldrsw x, 08h", load_word_signed_x(pci_address(dev.bdf, 0x08)),
			  (uint64_t)(int64_t)(int32_t)dev.class_revision);
	return good;
}

/* Bytes that a guest may change: command, cache line and latency, BARs, interrupt line, Privileged Control */
static bool config_byte_writable(uint16_t at)
{
	return at == 4 || at == 5 || (at >= 0x10 && at < 0x28) || at == dev.capability + 3;
}

static bool config_read_only_writes(void)
{
	uint32_t before[CONFIG_SIZE / 4];
	bool good = true;

	for (uint16_t at = 0; at < CONFIG_SIZE; at += 4)
		before[at / 4] = pci_read(dev.bdf, at, 4);
	for (unsigned int width = 1; width <= 4; width *= 2)
		for (uint16_t at = 0; at < CONFIG_SIZE; at = (uint16_t)(at + width)) {
			bool writable = false;

			for (uint16_t byte = at; byte < at + width; byte++)
				writable |= config_byte_writable(byte);
			if (!writable)
				pci_write(dev.bdf, at, ~(before[at / 4] >> (8 * (at & 3))), width);
		}
	for (uint16_t at = 0; at < CONFIG_SIZE; at += 4) {
		uint32_t now = pci_read(dev.bdf, at, 4);

		if (now == before[at / 4])
			continue;
		tap_note("dword at %02xh was %08x, is %08x", at, before[at / 4], now);
		good = false;
	}
	return good;
}

static bool config_beyond_space(void)
{
	bool good = tap_equal("80h", pci_read(dev.bdf, 0x80, 4), ALL_ONES);

	pci_write(dev.bdf, 0x80, 0, 4);
	pci_write(dev.bdf, 0xffc, 0, 4);
	pci_write(dev.bdf, 0xfff, 0, 1);
	good &= tap_equal("FFCh", pci_read(dev.bdf, 0xffc, 4), ALL_ONES);
	return good;
}

static bool config_bar_sizing(void)
{
	bool good = true;
	uint32_t command = pci_read(dev.bdf, PCI_COMMAND, 2);

	pci_write(dev.bdf, PCI_COMMAND, 0, 2);
	for (uint16_t bar = 0; bar < 6; bar++) {
		uint16_t at = (uint16_t)(PCI_BAR0 + 4 * bar);
		uint32_t before = pci_read(dev.bdf, at, 4), mask;

		pci_write(dev.bdf, at, ALL_ONES, 4);
		mask = pci_read(dev.bdf, at, 4);
		if (bar) {
			good &= tap_equal(bar == 1 ? "BAR 1 (INTx)" : "BAR 2-5", mask, 0);
		} else if (mask != 0xfffff000 && mask != 0xffff0000) {
			tap_note("BAR 0: got %08x, want a 4 KiB or 64 KiB mask", mask);
			good = false;
		}
		pci_write(dev.bdf, at, before, 4);
		good &= tap_equal("BAR written back", pci_read(dev.bdf, at, 4), before);
	}
	pci_write(dev.bdf, 0x30, ALL_ONES, 4);
	good &= tap_equal("ROM BAR", pci_read(dev.bdf, 0x30, 4), 0);
	pci_write(dev.bdf, PCI_COMMAND, command, 2);
	return good;
}

static bool config_odd_instructions(void)
{
	uintptr_t at = pci_address(dev.bdf, 0);
	uint32_t dword[4];
	struct pair got;
	bool good = true;

	for (uint16_t n = 0; n < 4; n++)
		dword[n] = pci_read(dev.bdf, (uint16_t)(4 * n), 4);
	got = load_pair_w(at);
	good &= tap_equal("ldp, first", got.first, dword[0]) & tap_equal("ldp, second", got.second, dword[1]);
	got = load_pre_index(at);
	good &= tap_equal("ldr pre-index", got.first, dword[1]) &
		tap_equal("its address", got.second, at + 4);
	got = load_post_index(at);
	good &= tap_equal("ldr post-index", got.first, dword[0]) &
		tap_equal("its address", got.second, at + 4);
	got = load_pair_pre_index(at);
	good &= tap_equal("ldp pre-index", got.first, dword[2]) &
		tap_equal("its address", got.second, at + 8);
	good &= tap_equal("ldar", load_acquire(at), dword[0]);
	load_to_zero_register(at);
	load_pair_x(at);	/* 64-bit config reads have no defined value */
	return good;
}

/* --- register page --- */

static bool registers_odd_loads(void)
{
	uintptr_t at = dev.registers;
	struct pair got = load_pair_w(at);
	bool good = tap_equal("ldp, ID", got.first, dev.id) & tap_equal("ldp, Maximum Peers", got.second,
									dev.max_peers);

	got = load_pre_index(at);
	good &= tap_equal("ldr pre-index", got.first, dev.max_peers) &
		tap_equal("its address", got.second, at + 4);
	got = load_post_index(at + IVSHMEM_REG_MAX_PEERS);
	good &= tap_equal("ldr post-index", got.first, dev.max_peers) &
		tap_equal("its address", got.second, at + 8);
	good &= tap_equal("ldar", load_acquire(at + IVSHMEM_REG_MAX_PEERS), dev.max_peers);
	load_to_zero_register(at);
	load_pair_x(at);
	return good;
}

static bool registers_odd_stores(void)
{
	uintptr_t state = dev.registers + IVSHMEM_REG_STATE;
	bool good = true;

	store_pair_w(state, 0x11, 0x22);
	good &= tap_equal("stp", shmem_read(&dev, IVSHMEM_REG_STATE), 0x11);
	good &= tap_equal("str pre-index, address", store_pre_index(state - 4, 0x33), state);
	good &= tap_equal("str pre-index", shmem_read(&dev, IVSHMEM_REG_STATE), 0x33);
	good &= tap_equal("str post-index, address", store_post_index(state, 0x44), state + 4);
	good &= tap_equal("str post-index", shmem_read(&dev, IVSHMEM_REG_STATE), 0x44);
	store_release(state, 0x66);
	good &= tap_equal("stlr", shmem_read(&dev, IVSHMEM_REG_STATE), 0x66);
	store_zero_register(state);
	good &= tap_equal("str wzr", shmem_read(&dev, IVSHMEM_REG_STATE), 0);
	store_pair_x(dev.registers + 0x100, ~0ull, ~0ull);
	return good;
}

static bool registers_narrow(void)
{
	bool good = tap_equal("byte read of Maximum Peers",
			      load_byte(dev.registers + IVSHMEM_REG_MAX_PEERS), 0);

	good &= tap_equal("word read of Maximum Peers", load_half(dev.registers + IVSHMEM_REG_MAX_PEERS), 0);
	shmem_write(&dev, IVSHMEM_REG_STATE, 0x77);
	io_write8(dev.registers + IVSHMEM_REG_STATE, 0x01);
	io_write16(dev.registers + IVSHMEM_REG_STATE, 0x02);
	io_write8(dev.registers + IVSHMEM_REG_STATE + 1, 0x03);
	io_write64(dev.registers + 0x18, ~0ull);
	io_read64(dev.registers + 0x18);
	good &= tap_equal("State after byte and word writes", shmem_read(&dev, IVSHMEM_REG_STATE), 0x77);
	shmem_write(&dev, IVSHMEM_REG_STATE, 0);
	return good;
}

static bool registers_unbacked(void)
{
	bool good = true;

	for (uint32_t at = IVSHMEM_REG_STATE + 4; at < PAGE_SIZE; at += 4) {
		shmem_write(&dev, at, ALL_ONES);
		good &= shmem_read(&dev, at) == 0;
	}
	if (!good)
		tap_note("an offset above 10h does not read 0");
	return good;
}

/* --- firmware calls --- */

static int32_t smc32(uint64_t function, uint64_t a1, uint64_t a2)
{
	return (int32_t)smc_call(function, a1, a2, 0).x0;
}

static bool psci_version(void)
{
	bool good = tap_equal("VERSION", smc_call(PSCI_VERSION, 0, 0, 0).x0, 0x10001);

	good &= tap_equal("VERSION with smc #1234h", smc_with_immediate(PSCI_VERSION), 0x10001);
	good &= tap_equal("SMCCC VERSION", smc_call(SMCCC_VERSION, 0, 0, 0).x0, 0x10001);
	return good;
}

static bool psci_features(void)
{
	static const uint32_t present[] = {
		PSCI_VERSION, PSCI_CPU_OFF, 0x84000001, PSCI_CPU_SUSPEND, 0x84000003, PSCI_CPU_ON,
		0x84000004, PSCI_AFFINITY_INFO, PSCI_FEATURES, SMCCC_VERSION,
	};
	static const uint32_t absent[] = {
		PSCI_SYSTEM_OFF, 0x84000009, 0x84000005, 0x8400000e, 0x84000fff,
	};
	bool good = true;

	for (unsigned int n = 0; n < sizeof(present) / sizeof(present[0]); n++)
		if (smc32(PSCI_FEATURES, present[n], 0) != 0) {
			tap_note("FEATURES(%08x): got %d, want 0", present[n],
				 smc32(PSCI_FEATURES, present[n], 0));
			good = false;
		}
	for (unsigned int n = 0; n < sizeof(absent) / sizeof(absent[0]); n++)
		if (smc32(PSCI_FEATURES, absent[n], 0) != NOT_SUPPORTED) {
			tap_note("FEATURES(%08x): got %d, want -1", absent[n],
				 smc32(PSCI_FEATURES, absent[n], 0));
			good = false;
		}
	return good;
}

static bool psci_own_cpu(void)
{
	bool good = tap_equal("AFFINITY_INFO", (uint32_t)smc32(PSCI_AFFINITY_INFO, cpu_affinity(), 0), 0);

	good &= tap_equal("CPU_ON", (uint32_t)smc32(PSCI_CPU_ON, cpu_affinity(), 0),
			  (uint32_t)PSCI_ALREADY_ON);
	return good;
}

static bool psci_foreign_cpu(void)
{
	bool good = tap_equal("CPU_ON", (uint32_t)smc32(PSCI_CPU_ON, foreign_cpu, 0), (uint32_t)PSCI_DENIED);

	good &= tap_equal("AFFINITY_INFO", (uint32_t)smc32(PSCI_AFFINITY_INFO, foreign_cpu, 0),
			  (uint32_t)PSCI_DENIED);
	good &= tap_equal("CPU_ON of nobody", (uint32_t)smc32(PSCI_CPU_ON, 0xff00ffffff, 0),
			  (uint32_t)PSCI_DENIED);
	good &= tap_equal("CPU_ON with a stray bit",
			  (uint32_t)smc32(PSCI_CPU_ON, cpu_affinity() | 1u << 31, 0),
			  (uint32_t)PSCI_DENIED);
	return good;
}

static bool smc_unknown(void)
{
	/* PSCI leftovers, SiP, OEM, hypervisor, trusted application and OS, and what is nothing at all */
	static const uint64_t functions[] = {
		PSCI_SYSTEM_OFF, 0x84000009, 0x8400ff00, 0xc4000fff, 0x82000000, 0xc200ffff, 0x83000001,
		0x85000000, 0x86000000, 0xb0000000, 0xb2000000, 0xffffffff, 0x12345678, 0,
	};
	bool good = true;

	for (unsigned int n = 0; n < sizeof(functions) / sizeof(functions[0]); n++) {
		int32_t got = smc32(functions[n], 0, 0);

		if (got == NOT_SUPPORTED)
			continue;
		tap_note("function %08llx: got %d, want -1", (unsigned long long)functions[n], got);
		good = false;
	}
	return good;
}

static bool smccc_unknown(void)
{
	bool good = tap_equal("ARCH_FEATURES(itself)",
			      (uint32_t)smc32(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0), 0);

	good &= tap_equal("ARCH_FEATURES(80001234h)",
			  (uint32_t)smc32(SMCCC_ARCH_FEATURES, 0x80001234, 0), ALL_ONES);
	good &= tap_equal("unknown architecture call", (uint32_t)smc32(0x80001234, 0, 0), ALL_ONES);
	good &= tap_equal("SOC_ID", (uint32_t)smc32(0x80000002, 0, 0), ALL_ONES);
	return good;
}

static bool smc_keeps_registers(void)
{
	return tap_equal("registers changed by PSCI VERSION", watched_smc(PSCI_VERSION, 0, 0, 0), 0) &
	       tap_equal("registers changed by an unknown SMC", watched_smc(0x82000000, 0, 0, 0), 0);
}

/* --- hypercalls --- */

static bool stray_hvcs(void)
{
	static uint64_t (*const calls[])(uint64_t) = { stray_hvc_0, stray_hvc_1, stray_hvc_ffff };

	/* An error or an undefined instruction, whatever the cell gets, it goes on */
	for (unsigned int n = 0; n < sizeof(calls) / sizeof(calls[0]); n++) {
		uint64_t got, esr;

		probe_begin();
		got = calls[n](PSCI_VERSION);
		esr = probe_end();
		if (esr)
			tap_note("HVC %u: exception, ESR %llx", n, (unsigned long long)esr);
		else
			tap_note("HVC %u: x0 %llx", n, (unsigned long long)got);
		if (!esr && got == 0x10001) {
			tap_note("PSCI answers through HVC, the conduit is SMC");
			return false;
		}
	}
	return true;
}

static bool hypercall_unknown(void)
{
	static const uint64_t codes[] = { 9, 10, 100, 0x4a48, ALL_ONES, 1ull << 63 };
	bool good = true;

	for (unsigned int n = 0; n < sizeof(codes) / sizeof(codes[0]); n++)
		good &= tap_equal("unknown code", (uint64_t)hypercall(codes[n], 0, 0), (uint64_t)-ENOSYS);
	return good;
}

static bool hypercall_root_only(void)
{
	static const uint64_t codes[] = {
		HC_DISABLE, HC_CELL_CREATE, HC_CELL_START, HC_CELL_SET_LOADABLE, HC_CELL_DESTROY,
		HC_CELL_GET_STATE,
	};
	bool good = true;

	for (unsigned int n = 0; n < sizeof(codes) / sizeof(codes[0]); n++)
		for (uint64_t arg = 0; arg < 3; arg++)
			if (hypercall(codes[n], arg, 0) != -EPERM) {
				tap_note("hypercall %llu, argument %llu: not -1",
					 (unsigned long long)codes[n], (unsigned long long)arg);
				good = false;
			}
	return good;
}

static bool hypercall_info(void)
{
	int64_t size = hypercall(HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_SIZE, 0);
	int64_t used = hypercall(HC_HYPERVISOR_INFO, HV_INFO_MEM_POOL_USED, 0);
	int64_t cells = hypercall(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0);
	bool good = tap_equal("unknown type", (uint64_t)hypercall(HC_HYPERVISOR_INFO, 99, 0),
			      (uint64_t)-EINVAL);

	if (size <= 0 || used <= 0 || used > size || cells < 2) {
		tap_note("pool %lld of %lld pages, %lld cells", (long long)used, (long long)size,
			 (long long)cells);
		good = false;
	}
	return good;
}

static bool hypercall_cpu_info(void)
{
	/* CPU numbers count the system's CPU set; on this machine they are Aff0 */
	uint64_t own = cpu_affinity() & 0xff, foreign = foreign_cpu & 0xff;
	int64_t before = hypercall(HC_CPU_INFO, own, CPU_INFO_STAT_BASE + CPU_STAT_HYPERCALL);
	int64_t after = hypercall(HC_CPU_INFO, own, CPU_INFO_STAT_BASE + CPU_STAT_HYPERCALL);
	bool good = tap_equal("state of the own CPU", (uint64_t)hypercall(HC_CPU_INFO, own, CPU_INFO_STATE),
			      CPU_STATE_RUNNING);

	if (before < 0 || after <= before) {
		tap_note("hypercall statistics of the own CPU: %lld, then %lld", (long long)before,
			 (long long)after);
		good = false;
	}
	good &= tap_equal("foreign CPU", (uint64_t)hypercall(HC_CPU_INFO, foreign, CPU_INFO_STATE),
			  (uint64_t)-EPERM);
	good &= tap_equal("no such CPU", (uint64_t)hypercall(HC_CPU_INFO, 100000, CPU_INFO_STATE),
			  (uint64_t)-EINVAL);
	good &= tap_equal("no such CPU, 64 bits",
			  (uint64_t)hypercall(HC_CPU_INFO, own | 1ull << 32, CPU_INFO_STATE),
			  (uint64_t)-EINVAL);
	good &= tap_equal("no such statistic",
			  (uint64_t)hypercall(HC_CPU_INFO, own, CPU_INFO_STAT_BASE + CPU_STAT_COUNT_ARM64),
			  (uint64_t)-EINVAL);
	return good;
}

static bool hypercall_keeps_registers(void)
{
	bool good = tap_equal("registers changed",
			      watched_hypercall(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0), 0);

	good &= tap_equal("pattern in v0 and v31",
			  fp_survives_hypercall(HC_HYPERVISOR_INFO, HV_INFO_NUM_CELLS, 0), ~0ull);
	return good;
}

/* --- interrupt controller --- */

static bool gicd_foreign_spi(void)
{
	uintptr_t gicd = comm_region()->gicd_base;
	uint32_t word = 4 * (foreign_intid / 32), bit = 1u << (foreign_intid % 32);
	bool good = true;

	io_write32(gicd + GICD_ISENABLER + word, bit);
	good &= tap_equal("ISENABLER bit", io_read32(gicd + GICD_ISENABLER + word) & bit, 0);
	io_write32(gicd + GICD_ICENABLER + word, bit);
	io_write32(gicd + GICD_ISPENDR + word, bit);
	good &= tap_equal("ISPENDR bit", io_read32(gicd + GICD_ISPENDR + word) & bit, 0);
	io_write32(gicd + GICD_ISACTIVER + word, bit);
	good &= tap_equal("ISACTIVER bit", io_read32(gicd + GICD_ISACTIVER + word) & bit, 0);
	io_write8(gicd + GICD_IPRIORITYR + foreign_intid, 0x10);
	good &= tap_equal("IPRIORITYR", io_read8(gicd + GICD_IPRIORITYR + foreign_intid), 0);
	io_write32(gicd + GICD_ICFGR + 4 * (foreign_intid / 16), ALL_ONES);
	io_write64(gicd + GICD_IROUTER + 8 * foreign_intid, cpu_affinity());
	good &= tap_equal("IROUTER", io_read64(gicd + GICD_IROUTER + 8 * foreign_intid), 0);
	return good;
}

static bool gicd_own_spi(void)
{
	uintptr_t gicd = comm_region()->gicd_base;
	uint32_t word = 4 * (dev.intid / 32), bit = 1u << (dev.intid % 32);
	bool good = tap_equal("IROUTER", io_read64(gicd + GICD_IROUTER + 8 * dev.intid), cpu_affinity());

	gic_enable(dev.intid);
	good &= tap_equal("enabled", io_read32(gicd + GICD_ISENABLER + word) & bit, bit);
	gic_disable(dev.intid);
	good &= tap_equal("disabled", io_read32(gicd + GICD_ISENABLER + word) & bit, 0);
	return good;
}

static bool gicd_reserved(void)
{
	uintptr_t gicd = comm_region()->gicd_base;
	uint32_t control = io_read32(gicd);
	bool good;

	io_write32(gicd, 0);
	good = tap_equal("GICD_CTLR after a write", io_read32(gicd), control);
	io_write32(gicd + 0xf00, (3u << 16) | 1);	/* GICD_SGIR does not exist in a GICv3 */
	io_write32(gicd + 0xdf00, ALL_ONES);
	good &= tap_equal("reserved DF00h", io_read32(gicd + 0xdf00), 0);
	return good;
}

static bool sgis_to_self(void)
{
	bool good = true;

	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		uint32_t before = received[sgi];
		uint64_t start = timer_ticks();

		/* All bits of the list: other CPUs of the cluster are not ours and must not matter */
		gic_send_sgi(sgi, 0xffff);
		while (received[sgi] == before && timer_ticks() - start < 5 * timer_frequency())
			__asm__ volatile("yield");
		if (received[sgi] != before + 1) {
			tap_note("SGI %u was received %u times", sgi, received[sgi] - before);
			good = false;
		}
	}
	return good;
}

static bool timer_interrupt(void)
{
	uint32_t before = received[INTID_VIRTUAL_TIMER];
	uint64_t start = timer_ticks();

	gic_enable(INTID_VIRTUAL_TIMER);
	timer_start(1000);
	while (received[INTID_VIRTUAL_TIMER] == before && timer_ticks() - start < 5 * timer_frequency())
		__asm__ volatile("yield");
	gic_disable(INTID_VIRTUAL_TIMER);
	timer_stop();
	return received[INTID_VIRTUAL_TIMER] != before;
}

#define CASE(function, words) { .text = words, .run = function }

static const struct tap_case cases[] = {
	CASE(start_fp_zero, "start: FP registers are zero"),
	CASE(start_general_zero, "start: general registers and stack pointers are zero"),
	CASE(start_system_registers, "start: EL1h, interrupts masked, MMU off, EL1 registers reset"),
	CASE(comm_page_clean, "start: communication region says running, rest of the page is zero"),
	CASE(config_absent_read, "PCI: absent function reads all ones"),
	CASE(config_absent_write, "PCI: writes to an absent function are ignored"),
	CASE(config_narrow_reads, "PCI: byte and word reads return exactly their bytes"),
	CASE(config_signed_reads, "PCI: sign-extending loads extend"),
	CASE(config_read_only_writes, "PCI: 1, 2 and 4-byte writes to read-only registers are ignored"),
	CASE(config_beyond_space, "PCI: offsets from 80h read all ones, writes are ignored"),
	CASE(config_bar_sizing, "PCI: BAR sizing, BAR 1 absent with INTx"),
	CASE(config_odd_instructions, "PCI: pairs, write-back addressing and acquire loads work"),
	CASE(registers_odd_loads, "registers: pairs, write-back addressing and acquire loads work"),
	CASE(registers_odd_stores, "registers: pairs, write-back addressing and release stores work"),
	CASE(registers_narrow, "registers: other widths than 32 bits read 0 and are ignored"),
	CASE(registers_unbacked, "registers: unbacked offsets read 0 and ignore writes"),
	CASE(psci_version, "PSCI: VERSION, SMC immediate ignored, SMCCC VERSION"),
	CASE(psci_features, "PSCI: FEATURES"),
	CASE(psci_own_cpu, "PSCI: AFFINITY_INFO and CPU_ON of the own CPU"),
	CASE(psci_foreign_cpu, "PSCI: CPUs of others are denied"),
	CASE(smc_unknown, "SMC: unknown functions of every owner give -1"),
	CASE(smccc_unknown, "SMC: unknown architecture queries give -1"),
	CASE(smc_keeps_registers, "SMC: x4-x29 survive"),
	CASE(stray_hvcs, "HVC: other immediates do not stop the cell"),
	CASE(hypercall_unknown, "hypercall: unknown codes give -38"),
	CASE(hypercall_root_only, "hypercall: 0-4 and 6 give -1"),
	CASE(hypercall_info, "hypercall: hypervisor info"),
	CASE(hypercall_cpu_info, "hypercall: CPU info of own, foreign and absent CPUs"),
	CASE(hypercall_keeps_registers, "hypercall: x4-x29 and FP registers survive"),
	CASE(gicd_foreign_spi, "GIC: fields of a foreign SPI read 0"),
	CASE(gicd_own_spi, "GIC: the own SPI is routed here and can be enabled"),
	CASE(gicd_reserved, "GIC: writes to GICD_CTLR and reserved registers are ignored"),
	CASE(sgis_to_self, "GIC: each SGI 0-15 sent to the whole cluster arrives here once"),
	CASE(timer_interrupt, "GIC: the virtual timer interrupts"),
};

void inmate_main(void)
{
	const char *dev_problem = "none found";
	uint16_t bdf = PCI_NO_BDF;

	foreign_cpu = (uint64_t)param_int("foreign-cpu", 0);
	foreign_intid = (uint32_t)param_int("foreign-intid", 33);
	if (pci_setup())
		bdf = pci_find_device(IVSHMEM_VENDOR_ID, IVSHMEM_DEVICE_ID, 0);
	if (bdf != PCI_NO_BDF)
		dev_problem = shmem_open(&dev, bdf, 0);
	if (dev_problem || !dev.intid) {
		printk("Bail out! this check needs an INTx shared memory device (%s)\n",
		       dev_problem ? dev_problem : "no INTx");
		return;
	}
	if (foreign_intid < INTID_SPI || foreign_intid >= 1020 || foreign_intid == dev.intid) {
		printk("Bail out! foreign-intid=%u is not an SPI of somebody else\n", foreign_intid);
		return;
	}
	gic_setup(on_interrupt);
	irq_enable();
	tap_run(cases, sizeof(cases) / sizeof(cases[0]));
	irq_disable();
}
