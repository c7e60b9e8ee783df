/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's own interrupts: taken over and reset, with registers in memory. A sibling writes other fields of
 * the same words all the time, as write_fields() does: whenever gic.lock is free, it may read or write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "asm/sysreg.h"
#include "gic.h"

#define ICC_CTLR_CBPR		(1UL << 0)
#define ICC_CTLR_EOIMODE	(1UL << 1)
#define ICC_SRE_SRE		(1UL << 0)
#define ICC_SRE_ENABLE		(1UL << 3)
#define ICH_HCR_EN		(1UL << 0)
#define ICH_HCR_UIE		(1UL << 1)
#define ICH_VTR_LIST_REGS(vtr)	(((vtr) & 0x1f) + 1)
#define ICH_VMCR_VENG1		(1UL << 1)
#define ICH_VMCR_VCBPR		(1UL << 4)
#define ICH_VMCR_VEOIM		(1UL << 9)
#define ICH_VMCR_VBPR1_SHIFT	18
#define ICH_VMCR_VBPR0_SHIFT	21
#define ICH_VMCR_VPMR_SHIFT	24
#define ICH_LR_PENDING		(1UL << 62)
#define ICH_LR_ACTIVE		(1UL << 63)
#define ICH_LR_STATE		(3UL << 62)
#define ICH_LR_HW		(1UL << 61)
#define ICH_LR_GROUP1		(1UL << 60)
#define ICH_LR_PRIORITY(p)	((uint64_t)(p) << 48)
#define ICH_LR_PINTID(i)	((uint64_t)(i) << 32)
#define ICH_LR_VINTID(lr)	((uint32_t)(lr))

#define sysreg_ICH_LR_EL2(n)	list_regs[n]
#define sysreg_ICH_LR_HI_EL2(n)	list_regs[8 + (n)]
#define sysreg_ICH_AP0R_EL2(n)	active[n]
#define sysreg_ICH_AP1R_EL2(n)	active[4 + (n)]
#define sysreg_ICC_IAR1_EL1	next_interrupt()
#define sysreg_ICC_EOIR1_EL1	ended[num_ended++ % 16]
#define sysreg_ICC_DIR_EL1	deactivated[num_deactivated++ % 16]
#define wfi()			((void)0)
#define sev()			((void)0)

uint64_t sysreg_tpidr_el2, sysreg_id_aa64pfr0_el1, sysreg_ICC_CTLR_EL1, sysreg_ICC_PMR_EL1, sysreg_ICC_BPR1_EL1,
	 sysreg_ICC_IGRPEN1_EL1;
static uint64_t list_regs[16], active[8], sysreg_ICH_ELRSR_EL2, sysreg_ICH_HCR_EL2, sysreg_ICH_VTR_EL2,
		sysreg_ICH_VMCR_EL2, sysreg_ICC_SRE_EL2, sysreg_ICC_IGRPEN0_EL1, sysreg_ICC_SGI1R_EL1,
		sysreg_cnthp_ctl_el2, sysreg_cnthp_cval_el2;
static uint64_t ended[16], deactivated[16];
static uint32_t num_ended, num_deactivated;

static uint64_t next_interrupt(void);
static uint32_t watched_read32(const volatile uint8_t *base, uint32_t offset);
static void watched_write32(volatile uint8_t *base, uint32_t offset, uint32_t value);

#define mmio_read32	watched_read32
#define mmio_write32	watched_write32
#include "../../hypervisor/arch/arm64/vgic.c"
#include "../../hypervisor/arch/arm64/gicv3.c"
#include "../../hypervisor/arch/arm64/irq_forward.c"
#include "../../hypervisor/arch/arm64/timer.c"
#undef mmio_read32
#undef mmio_write32

#define MAINTENANCE	25u
#define OURS		(RESERVED_SGIS | 1u << MAINTENANCE)
#define GUESTS		~(OURS | 1u << TIMER_INTID)	/* at least */
#define PRIORITY	0xa0u		/* Linux's, of all */

uint32_t num_cpu_slots = 1;
struct cell root_cell;
struct config_platform platform;

static uint8_t frames[GICR_STRIDE] __attribute__((aligned(8))), distributor[GIC_FRAME_SIZE] __attribute__((aligned(8)));
static uint8_t *const sgi_frame = frames + GICR_SGI_FRAME;
static struct percpu cpu;
static struct cell cell;
static uint32_t must_be_ours;		/* whose priority has to be 0 */
static bool locked, was_locked, rwp, kicked;
static bool alone;			/* there is no sibling */
static uint64_t interrupts[4];
static uint32_t num_interrupts;

/* What a sibling has read of a word, to be written back with fields of its own changed */
static struct {
	bool has_read;
	uint32_t word, value;
} sibling;

static void sibling_acts(void)
{
	uint8_t *at = &sgi_frame[GICD_IPRIORITYR];

	if (locked) {
		/* it would have had the lock from reading to writing */
		was_locked = true;
		return;
	}
	if (was_locked)
		sibling.has_read = was_locked = false;
	if (!sibling.has_read) {
		sibling.word = (uint32_t)rand() % 8;
		memcpy(&sibling.value, at + 4 * sibling.word, 4);
		sibling.has_read = true;
	} else if (rand() % 3 == 0) {
		for (uint32_t n = 0; n < 4; n++)
			if (GUESTS >> (4 * sibling.word + n) & 1)
				sibling.value = (sibling.value & ~(0xffu << 8 * n)) | 0x50u << 8 * n;
		memcpy(at + 4 * sibling.word, &sibling.value, 4);
		sibling.has_read = false;
	}
}

static void check_ours(void)
{
	for (uint32_t ours = must_be_ours; ours; ours &= ours - 1)
		assert_int_equal(sgi_frame[GICD_IPRIORITYR + __builtin_ctz(ours)], 0);
}

static void look(void)
{
	check_ours();
	if (!alone)
		sibling_acts();
	check_ours();
}

static uint32_t watched_read32(const volatile uint8_t *base, uint32_t offset)
{
	look();
	return *(const volatile uint32_t *)(base + offset);
}

/* Switching off takes until somebody has waited for it. */
static void watched_write32(volatile uint8_t *base, uint32_t offset, uint32_t value)
{
	look();
	if (base == sgi_frame && (offset == GICD_IGROUPR || offset == GICD_ICFGR + 4))
		assert_false(rwp);
	if (base == sgi_frame && offset == GICD_ICENABLER)
		rwp = true;
	*(volatile uint32_t *)(base + offset) = value;
	look();
}

bool gic_wait_clear(const volatile uint8_t *frame, uint32_t offset, uint32_t bits)
{
	look();
	assert_ptr_equal(frame, frames);
	assert_int_equal(offset, GICR_CTLR);
	assert_int_equal(bits, GICR_CTLR_RWP);
	rwp = false;
	return true;
}

void spin_lock(spinlock_t *lock)
{
	assert_ptr_equal(lock, &gic.lock);
	assert_false(locked);
	look();
	locked = was_locked = true;
}

void spin_unlock(spinlock_t *lock)
{
	assert_ptr_equal(lock, &gic.lock);
	locked = false;
	look();
}

static uint64_t next_interrupt(void)
{
	return num_interrupts ? interrupts[--num_interrupts] : 1023;
}

/* What the rest of the files needs */
void panic(const char *format, ...)
{
	fail_msg("%s", format);
	abort();
}

int (refuse)(int error, const char *format, ...)
{
	(void)format;
	return error;
}

struct percpu *percpu_of(uint32_t id)
{
	assert_int_equal(id, 0);
	return &cpu;
}

void cpu_handle_events(void)
{
	kicked = true;
}

void watchdog_check(void)
{
}

void record_guest(volatile struct bh_fault *fault, const struct trap_frame *frame)
{
	(void)fault;
	(void)frame;
}

void arch_forget_all(struct percpu *of)
{
	assert_ptr_equal(of, &cpu);
}

void *map_range(host_addr_t host, uint64_t size, enum map_type type)
{
	(void)host;
	(void)size;
	(void)type;
	return NULL;
}

bool arch_device_access(volatile void *address, uint64_t *value, uint32_t size, bool is_write)
{
	(void)address;
	(void)value;
	(void)size;
	(void)is_write;
	return false;
}

bool firmware_started_us(void)
{
	return false;
}

int gic_reset_distributor(void)
{
	return 0;
}

int gic_reset_redistributor(struct percpu *of)
{
	(void)of;
	return 0;
}

/* The CPU as Linux had it */
static int setup(void **state)
{
	(void)state;
	memset(frames, 0, sizeof(frames));
	memset(&sgi_frame[GICD_IPRIORITYR], PRIORITY, FIRST_SPI);
	memset(&cpu, 0, sizeof(cpu));
	memset(&cell, 0, sizeof(cell));
	memset(list_regs, 0, sizeof(list_regs));
	gic = (struct gic){ .gicd = distributor, .maintenance_intid = MAINTENANCE };
	cpu.cell = &cell;
	cpu.arch.gicr = frames;
	sysreg_tpidr_el2 = (uintptr_t)&cpu;
	sysreg_ICH_VTR_EL2 = 3;
	sysreg_ICH_ELRSR_EL2 = 0xf;
	sysreg_cnthp_ctl_el2 = 0;
	vgic_init_cpu(&cpu);
	must_be_ours = num_ended = num_deactivated = num_interrupts = 0;
	locked = was_locked = rwp = kicked = alone = sibling.has_read = false;
	return 0;
}

static void take_over(void)
{
	gic_activate_cpu(&cpu);
	must_be_ours = OURS;
	look();
}

/* Nobody gets another priority between ours, whatever was read when. */
static void ours_stay_most_urgent(void **state)
{
	for (unsigned int seed = 0; seed < 300; seed++) {
		srand(seed);
		setup(state);
		take_over();
		for (uint32_t n = 0; n < 20; n++)
			vgic_reset(&cpu);
		assert_false(rwp);
	}
}

/* Of a cell with a watchdog: from arming to the reset behind the end. */
static void timer_is_urgent_while_it_is_on(void **state)
{
	for (unsigned int seed = 0; seed < 300; seed++) {
		srand(seed);
		setup(state);
		cell.watchdog.period = 1;
		take_over();
		for (uint32_t n = 0; n < 5; n++) {
			arch_timer_arm(1000);
			must_be_ours |= 1u << TIMER_INTID;
			for (uint32_t looks = 0; looks < 10; looks++)
				look();
			vgic_reset(&cpu);
			arch_timer_arm(2000);
			arch_timer_stop();
			must_be_ours &= ~(1u << TIMER_INTID);
			vgic_reset(&cpu);
			look();
		}
	}
}

static void has_priorities(uint32_t ours)
{
	for (uint32_t intid = 0; intid < FIRST_SPI; intid++)
		assert_int_equal(sgi_frame[GICD_IPRIORITYR + intid], ours >> intid & 1 ? 0 : intid * 3 + 1);
}

/* Without a sibling: each one as Linux had it. */
static void others_are_as_linux_had_them(void **state)
{
	(void)state;
	alone = true;
	for (uint32_t intid = 0; intid < FIRST_SPI; intid++)
		sgi_frame[GICD_IPRIORITYR + intid] = (uint8_t)(intid * 3 + 1);
	take_over();
	has_priorities(OURS);
	memset(&sgi_frame[GICD_IPRIORITYR + 2], 0x50, MAINTENANCE - 2);
	vgic_reset(&cpu);
	has_priorities(OURS);
}

/* Their priority is dropped, and they stay active. What says that there is none is not ended. */
static void extended_interrupts(void **state)
{
	static const uint32_t intids[] = { 1024, 1056, 1119, 4096, 5119, 8191 };

	(void)state;
	alone = true;
	take_over();
	for (uint32_t n = 0; n < ARRAY_SIZE(intids); n++) {
		num_ended = 0;
		interrupts[0] = intids[n];
		num_interrupts = 1;
		trap_irq(NULL, intids[n], false);
		assert_int_equal(num_ended, 2);
		assert_int_equal(ended[0], intids[n]);
		assert_int_equal(ended[1], intids[n]);
		interrupts[0] = intids[n];
		num_interrupts = 1;
		arch_wait_for_kick();
		assert_int_equal(num_ended, 3);
	}
	assert_int_equal(cpu.exits[CPU_EXIT_FOREIGN_IRQ], ARRAY_SIZE(intids));
	assert_int_equal(cpu.joined[CPU_EXIT_FOREIGN_IRQ - CPU_EXIT_IRQ], ARRAY_SIZE(intids));
	num_ended = 0;
	for (uint32_t intid = 1020; intid < 1024; intid++)
		trap_irq(NULL, intid, false);
	assert_int_equal(cpu.exits[CPU_EXIT_SPURIOUS], 4);
	assert_int_equal(num_ended, 0);
	assert_int_equal(num_deactivated, 0);
	assert_false(kicked);
	for (uint32_t n = 0; n < 4; n++)
		assert_int_equal(list_regs[n], 0);
}

#define TEST(name)	cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ours_stay_most_urgent), TEST(timer_is_urgent_while_it_is_on), TEST(others_are_as_linux_had_them),
		TEST(extended_interrupts),
	};

	return cmocka_run_group_tests_name("vgic", tests, NULL, NULL);
}
