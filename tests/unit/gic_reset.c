/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Direct boot's reset of the GICv3 against registers that do not answer, and ones that watch over its order (IHI 0069): what
 * is enabled, or was until a moment ago, is not reconfigured; affinity routing does not change under an interrupt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "gic.h"

static uint32_t fake_read32(const volatile uint8_t *frame, uint32_t offset);
static void fake_write32(volatile uint8_t *frame, uint32_t offset, uint32_t value);

/* The file under test works on these, and not on what gic.h has */
#define mmio_read32	fake_read32
#define mmio_write32	fake_write32
#include "../../hypervisor/arch/arm64/gic_reset.c"
#include "../../hypervisor/arch/arm64/gic_wait.c"
#undef mmio_read32
#undef mmio_write32

#define INTIDS		128u
#define HERE		0x10203ull

uint64_t sysreg_mpidr_el1 = 1ull << 31 | HERE, sysreg_id_aa64pfr0_el1, sysreg_ICC_CTLR_EL1, sysreg_ICC_PMR_EL1,
	 sysreg_ICC_BPR1_EL1, sysreg_ICC_IGRPEN1_EL1, test_ap0r[8], test_ap1r[4];
struct gic gic;

static uint32_t distributor[GIC_FRAME_SIZE / 4], redistributor[2 * GIC_FRAME_SIZE / 4];
static uint64_t route[INTIDS];
static uint32_t rwp_reads;		/* until RWP is 0 */
static bool rwp_stuck, asleep_stuck, lpis_stuck, has_group0;
static uint32_t routes_set;
static struct percpu cpu = { .cpu_id = 5 };
static char reason[200];

int (refuse)(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	return error;
}

bool gic_has_group0(void)
{
	return has_group0;
}

static bool is_distributor(const volatile uint8_t *frame)
{
	return frame == (volatile uint8_t *)distributor;
}

static uint32_t *words(const volatile uint8_t *frame)
{
	return (uint32_t *)(uintptr_t)frame;
}

static bool anything_in(uint32_t offset)
{
	for (uint32_t word = FIRST_SPI / 32; word < INTIDS / 32; word++)
		if (distributor[offset / 4 + word])
			return true;
	return false;
}

static uint32_t rwp(uint32_t bit)
{
	if (rwp_stuck)
		return bit;
	return rwp_reads && rwp_reads-- ? bit : 0;
}

static uint32_t fake_read32(const volatile uint8_t *frame, uint32_t offset)
{
	uint32_t value = words(frame)[offset / 4];

	if (is_distributor(frame) && offset == GICD_CTLR)
		value |= rwp(GICD_CTLR_RWP);
	if (frame == cpu.arch.gicr && offset == GICR_CTLR)
		value |= rwp(GICR_CTLR_RWP);
	return value;
}

static void write_ctlr(uint32_t value)
{
	assert_false(value & GICD_CTLR_RWP);
	/* once on, it stays */
	assert_false(distributor[0] & ~value & GICD_CTLR_ARE_NS);
	if ((distributor[0] ^ value) & GICD_CTLR_ARE_NS) {
		assert_false((distributor[0] | value) & GICD_CTLR_GROUPS);
		assert_false(anything_in(GICD_ISENABLER) || anything_in(GICD_ISPENDR) || anything_in(GICD_ISACTIVER));
	}
	distributor[0] = value;
	rwp_reads = 3;
}

/* The redistributor's frame of control registers */
static void write_rd(uint32_t offset, uint32_t value)
{
	uint32_t *word = &redistributor[offset / 4];

	if (offset == GICR_CTLR) {
		*word = value | (lpis_stuck ? *word & GICR_CTLR_LPIS : 0);
		rwp_reads = 3;
	} else {
		assert_int_equal(offset, GICR_WAKER);
		*word = value & GICR_WAKER_SLEEP || asleep_stuck ? value : value & ~GICR_WAKER_ASLEEP;
	}
}

static void fake_write32(volatile uint8_t *frame, uint32_t offset, uint32_t value)
{
	static const uint32_t clearing[] = { GICD_ICENABLER, GICD_ICPENDR, GICD_ICACTIVER };

	if (is_distributor(frame) && offset == GICD_CTLR) {
		write_ctlr(value);
		return;
	}
	if (frame == cpu.arch.gicr) {
		write_rd(offset, value);
		return;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(clearing); i++)
		if (offset >= clearing[i] && offset < clearing[i] + 0x80) {
			words(frame)[(offset - 0x80) / 4] &= ~value;
			if (i == 0)
				rwp_reads = 3;
			else
				assert_int_equal(rwp_reads, 0);
			return;
		}
	/* the rest configures */
	assert_int_equal(rwp_reads, 0);
	if (is_distributor(frame))
		assert_false(anything_in(GICD_ISENABLER));
	else
		assert_int_equal(words(frame)[GICD_ISENABLER / 4], 0);
	words(frame)[offset / 4] = value;
}

void gic_set_route(uint32_t intid, uint64_t affinity)
{
	assert_true(distributor[0] & GICD_CTLR_ARE_NS);
	assert_false(distributor[0] & GICD_CTLR_GROUPS);
	route[intid] = affinity;
	routes_set++;
}

static int dirty(void **state)
{
	(void)state;
	memset(distributor, 0xff, sizeof(distributor));
	memset(redistributor, 0xff, sizeof(redistributor));
	distributor[0] = 0x40 | GICD_CTLR_GROUPS;	/* DS */
	redistributor[GICR_CTLR / 4] = GICR_CTLR_LPIS;
	redistributor[GICR_WAKER / 4] = GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP;
	gic.gicd = (volatile uint8_t *)distributor;
	gic.num_intids = INTIDS;
	cpu.arch.gicr = (volatile uint8_t *)redistributor;
	rwp_stuck = asleep_stuck = lpis_stuck = false;
	rwp_reads = routes_set = 0;
	reason[0] = '\0';
	return 0;
}

static void is_reset(const uint32_t *frame, uint32_t first, uint32_t end)
{
	for (uint32_t word = first / 32; word < end / 32; word++) {
		assert_int_equal(frame[GICD_ISENABLER / 4 + word], 0);
		assert_int_equal(frame[GICD_ISPENDR / 4 + word], 0);
		assert_int_equal(frame[GICD_ISACTIVER / 4 + word], 0);
		assert_int_equal(frame[GICD_IGROUPR / 4 + word], 0xffffffff);
		assert_int_equal(frame[GICD_IGRPMODR / 4 + word], 0);
	}
	for (uint32_t intid = first; intid < end; intid++) {
		assert_int_equal(frame[GICD_IPRIORITYR / 4 + intid / 4], 0xa0a0a0a0);
		if (intid >= 16)
			assert_int_equal(frame[GICD_ICFGR / 4 + intid / 16], 0);
	}
}

static void distributor_is_reset(void **state)
{
	(void)state;
	assert_int_equal(gic_reset_distributor(), 0);
	is_reset(distributor, FIRST_SPI, INTIDS);
	/* not of SPIs */
	assert_int_equal(distributor[GICD_ISENABLER / 4], 0xffffffff);
	assert_int_equal(distributor[GICD_IPRIORITYR / 4 + INTIDS / 4], 0xffffffff);
	assert_int_equal(distributor[0], 0x40 | GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_NS);
	assert_int_equal(routes_set, INTIDS - FIRST_SPI);
	for (uint32_t intid = FIRST_SPI; intid < INTIDS; intid++)
		assert_int_equal(route[intid], HERE);
}

static void distributor_is_reset_where_routing_is_on(void **state)
{
	(void)state;
	distributor[0] |= GICD_CTLR_ARE_NS;
	assert_int_equal(gic_reset_distributor(), 0);
	is_reset(distributor, FIRST_SPI, INTIDS);
	assert_int_equal(distributor[0], 0x40 | GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_NS);
}

static void distributor_does_not_end(void **state)
{
	(void)state;
	rwp_stuck = true;
	assert_int_equal(gic_reset_distributor(), -EIO);
	assert_string_equal(reason, "GIC distributor: its writes do not end (GICD_CTLR.RWP)");
	assert_false(distributor[0] & GICD_CTLR_GROUPS);
}

static void redistributor_is_reset(void **state)
{
	(void)state;
	assert_int_equal(gic_reset_redistributor(&cpu), 0);
	is_reset(redistributor + GICR_SGI_FRAME / 4, 0, 32);
	assert_int_equal(redistributor[GICR_SGI_FRAME / 4 + GICD_ICFGR / 4], 0xffffffff);	/* SGIs */
	assert_int_equal(redistributor[GICR_WAKER / 4], 0);
	assert_int_equal(redistributor[GICR_CTLR / 4], 0);
}

static void redistributor_does_not_wake_up(void **state)
{
	(void)state;
	asleep_stuck = true;
	assert_int_equal(gic_reset_redistributor(&cpu), -EIO);
	assert_string_equal(reason, "CPU 5: its GIC redistributor does not wake up");
}

static void redistributor_does_not_end(void **state)
{
	(void)state;
	rwp_stuck = true;
	assert_int_equal(gic_reset_redistributor(&cpu), -EIO);
	assert_string_equal(reason, "CPU 5: writes of its GIC redistributor do not end (GICR_CTLR.RWP)");
}

static void lpis_stay_on(void **state)
{
	(void)state;
	lpis_stuck = true;
	assert_int_equal(gic_reset_redistributor(&cpu), -EIO);
	assert_string_equal(reason, "CPU 5: firmware has switched LPIs on, which cannot be undone: switch them off there");
}

/* As many active priorities registers as there are bits for, and those of Group 0 only if they do not trap */
static void active_priorities_are_dropped(void **state)
{
	(void)state;
	for (uint32_t bits = 4; bits <= 7; bits++) {
		uint32_t registers = bits == 7 ? 4 : bits == 6 ? 2 : 1;

		has_group0 = bits % 2;
		memset(test_ap0r, 0xff, sizeof(test_ap0r));
		memset(test_ap1r, 0xff, sizeof(test_ap1r));
		sysreg_ICC_CTLR_EL1 = (bits - 1) << 8 | 0x43;
		sysreg_ICC_BPR1_EL1 = 7;
		sysreg_ICC_IGRPEN1_EL1 = 1;
		gic_reset_cpu_interface();
		for (uint32_t n = 0; n < 4; n++) {
			assert_int_equal(test_ap1r[n] == 0, n < registers);
			assert_int_equal(test_ap0r[4 + n] == 0, has_group0 && n < registers);
		}
		assert_true(!sysreg_ICC_CTLR_EL1 && !sysreg_ICC_BPR1_EL1 && !sysreg_ICC_IGRPEN1_EL1 && !sysreg_ICC_PMR_EL1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(distributor_is_reset, dirty),
		cmocka_unit_test_setup(distributor_is_reset_where_routing_is_on, dirty),
		cmocka_unit_test_setup(distributor_does_not_end, dirty),
		cmocka_unit_test_setup(redistributor_is_reset, dirty),
		cmocka_unit_test_setup(redistributor_does_not_wake_up, dirty),
		cmocka_unit_test_setup(redistributor_does_not_end, dirty),
		cmocka_unit_test_setup(lpis_stay_on, dirty),
		cmocka_unit_test_setup(active_priorities_are_dropped, dirty),
	};

	return cmocka_run_group_tests_name("gic_reset", tests, NULL, NULL);
}
