// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering and leaving the hypervisor on all online CPUs, and the checks before. The way in is the hyp
 * stub that arm64 Linux leaves at EL2 (Documentation/virt/kvm/arm/hyp-abi.rst): its soft restart call
 * jumps to a physical address with the MMU off. EL2's vectors stay Linux's until the hypervisor
 * changes them, so nothing has to be handed over here.
 */
#include <linux/atomic.h>
#include <linux/smp.h>
#include <linux/stop_machine.h>
#include <asm/barrier.h>
#include <asm/cpufeature.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>
#include <asm/virt.h>

#include "driver.h"

/* Arm ARM, ICC_CTLR_EL1: EOI only drops the priority. Linux sets it if, and only if, it started at EL2. */
#define ICC_CTLR_EOIMODE	BIT(1)
#define STUB_PROBE		99	/* not a call of the stub: it answers HVC_STUB_ERR */

static unsigned long stub_call(unsigned long function, unsigned long arg1, unsigned long arg2,
			       unsigned long arg3)
{
	register unsigned long x0 asm("x0") = function;
	register unsigned long x1 asm("x1") = arg1;
	register unsigned long x2 asm("x2") = arg2;
	register unsigned long x3 asm("x3") = arg3;

	asm volatile("hvc #0"
		     : "+r" (x0), "+r" (x1), "+r" (x2), "+r" (x3)
		     :
		     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
		       "x17", "cc", "memory");
	return x0;
}

long bh_hypercall(unsigned long code, unsigned long arg1, unsigned long arg2)
{
	register unsigned long x0 asm("x0") = code;
	register unsigned long x1 asm("x1") = arg1;
	register unsigned long x2 asm("x2") = arg2;

	asm volatile("hvc %[imm]"
		     : "+r" (x0), "+r" (x1), "+r" (x2)
		     : [imm] "i" (HC_IMMEDIATE)
		     : "x3", "memory");
	return x0;
}

/* The kernel's own loop for this is not exported. */
void bh_clean_to_poc(const void *start, size_t size)
{
	u32 line_shift = cpuid_feature_extract_unsigned_field(read_sanitised_ftr_reg(SYS_CTR_EL0),
							      CTR_EL0_DminLine_SHIFT);
	unsigned long line = 4ul << line_shift;
	unsigned long addr = (unsigned long)start & ~(line - 1);
	unsigned long end = (unsigned long)start + size;

	for (; addr < end; addr += line)
		asm volatile("dc civac, %0" : : "r" (addr) : "memory");
	dsb(sy);
}

/* What keeps a CPU from entering; the lowest number found anywhere is reported. */
enum obstacle {
	NOT_AT_EL1,
	NO_EL2,
	NO_GICV3,
	EOIMODE,
	NO_STUB,
	NUM_OBSTACLES,
};

static const struct {
	int err;
	const char *text;
} obstacles[NUM_OBSTACLES] = {
	[NOT_AT_EL1] = { -ENODEV, "Linux runs at EL2 (VHE): boot with kvm-arm.mode=nvhe" },
	[NO_EL2] = { -ENODEV, "the CPU has no EL2: switch virtualization on (QEMU: -machine virtualization=on)" },
	[NO_GICV3] = { -ENODEV, "no GICv3 CPU interface: use a machine with GICv3 (QEMU: -machine gic-version=3)" },
	[EOIMODE] = { -ENODEV, "Linux was not entered at EL2, so EL2 is not ours: let the firmware enter it there" },
	[NO_STUB] = { -EBUSY,
		      "EL2 is in use: close the KVM guests; boot with kvm.enable_virt_at_load=0 (Linux 6.12 and later), without kvm-arm.mode=protected" },
};

/* The order matters: reading ICC_CTLR_EL1 needs a GICv3, and HVC is undefined unless Linux owns EL2. */
static enum obstacle find_obstacle(void)
{
	u64 pfr0 = read_sysreg_s(SYS_ID_AA64PFR0_EL1);

	if (read_sysreg(CurrentEL) != CurrentEL_EL1)
		return NOT_AT_EL1;
	if (!cpuid_feature_extract_unsigned_field(pfr0, ID_AA64PFR0_EL1_EL2_SHIFT))
		return NO_EL2;
	if (!cpuid_feature_extract_unsigned_field(pfr0, ID_AA64PFR0_EL1_GIC_SHIFT))
		return NO_GICV3;
	if (!(read_sysreg_s(SYS_ICC_CTLR_EL1) & ICC_CTLR_EOIMODE))
		return EOIMODE;
	if (stub_call(STUB_PROBE, 0, 0, 0) != HVC_STUB_ERR)
		return NO_STUB;
	return NUM_OBSTACLES;
}

static void note_obstacle(void *found)
{
	enum obstacle mine = find_obstacle();

	if (mine != NUM_OBSTACLES)
		set_bit(mine, found);
}

static int report_obstacle(unsigned long found, struct bh_reason *why)
{
	unsigned int n = __ffs(found);

	return bh_refuse(why, obstacles[n].err, "%s", obstacles[n].text);
}

int bh_check_cpus(u8 gic_version, struct bh_reason *why)
{
	unsigned long found = 0;

	if (gic_version != 3)
		return bh_refuse(why, -EINVAL, "gic_version %u is not supported: the configuration has to say 3",
				 gic_version);
	on_each_cpu(note_obstacle, &found, 1);
	return found ? report_obstacle(found, why) : 0;
}

/*
 * stop_machine() rather than IPIs: an SGI in progress would be active in the GIC when the hypervisor takes
 * over. Every CPU is in its stopper thread with interrupts masked when these run.
 */
struct crossing {
	u64 base, entry;
	unsigned int expected;		/* CPUs */
	atomic_t to_arrive;
	unsigned long obstacles;
	int result;
};

static unsigned long mask_exceptions(void)
{
	unsigned long daif = read_sysreg(daif);

	asm volatile("msr daifset, #0xf" : : : "memory");
	return daif;
}

/* All CPUs return the same errno by contract; should they differ, a failure counts. */
static void note_result(struct crossing *crossing, int result)
{
	if (result)
		WRITE_ONCE(crossing->result, result);
}

static int enter_this_cpu(void *data)
{
	struct crossing *crossing = data;
	unsigned long daif;
	int result;

	/* The set cannot change while stop_machine() runs, so all CPUs decide alike. */
	if (num_online_cpus() != crossing->expected) {
		note_result(crossing, -EAGAIN);
		return 0;
	}
	/* A KVM guest may have been started since the first check: all CPUs go, or none. */
	note_obstacle(&crossing->obstacles);
	smp_mb__before_atomic();	/* obstacles before to_arrive; pairs with the acquire below */
	atomic_dec(&crossing->to_arrive);
	while (atomic_read_acquire(&crossing->to_arrive) > 0)
		cpu_relax();		/* bounded: stop_machine() runs this on all CPUs at once */
	if (READ_ONCE(crossing->obstacles))
		return 0;

	daif = mask_exceptions();
	result = (int)stub_call(HVC_SOFT_RESTART, crossing->entry, crossing->base, smp_processor_id());
	write_sysreg(daif, daif);
	note_result(crossing, result);
	return 0;
}

static int leave_this_cpu(void *data)
{
	struct crossing *crossing = data;
	unsigned long daif = mask_exceptions();
	int result = (int)bh_hypercall(HC_DISABLE, 0, 0);

	write_sysreg(daif, daif);
	note_result(crossing, result);
	return 0;
}

/* Physical addresses. cpus: how many the image header announces; who they are is the hypervisor's check. */
int bh_enter(u64 base, u64 entry, unsigned int cpus, struct bh_reason *why)
{
	struct crossing crossing = {
		.base = base,
		.entry = entry,
		.expected = cpus,
		.to_arrive = ATOMIC_INIT(cpus),
	};
	int err = stop_machine(enter_this_cpu, &crossing, cpu_online_mask);

	if (crossing.obstacles)
		return report_obstacle(crossing.obstacles, why);
	if (crossing.result == -EAGAIN)
		return bh_refuse(why, -EINVAL, "CPUs went online or offline meanwhile: try again");
	return err ?: crossing.result;
}

int bh_leave(void)
{
	struct crossing crossing = { };
	int err = stop_machine(leave_this_cpu, &crossing, cpu_online_mask);

	return err ?: crossing.result;
}
