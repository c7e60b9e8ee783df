/* SPDX-License-Identifier: BSD-2-Clause */
/* Controls of EL2 that cells have: by what the ID registers say, and the root cell gets its own ones back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "asm/sysreg.h"

static uint64_t *test_register(const char *name);

/* The file under test reaches what exists alone */
#undef read_sysreg
#undef write_sysreg
#define read_sysreg(reg)		(*test_register(#reg))
#define write_sysreg(value, reg)	((void)(*test_register(#reg) = (value)))
#include "../../hypervisor/arch/arm64/controls.c"

#define SHOWN(field, shift)	((uint64_t)(field) << (shift))
#define LINUX(n)		(0x1234567000000000ull | (n) | HDFGW_NOT_BRBCTL)

enum feature { ALWAYS, PMU, SME, HCX, FGT, AMU, BRBE, FGT2, NUM_FEATURES };

static struct {
	const char *name;
	enum feature of;
	uint64_t value;
} registers[] = {
	{ "id_aa64dfr0_el1", ALWAYS, 0 }, { "id_aa64pfr0_el1", ALWAYS, 0 }, { "id_aa64pfr1_el1", ALWAYS, 0 },
	{ "id_aa64mmfr0_el1", ALWAYS, 0 }, { "id_aa64mmfr1_el1", ALWAYS, 0 }, { "pmcr_el0", PMU, 0 },
#define FIRST_CONTROL 6
	{ "mdcr_el2", ALWAYS, 0 }, { "HCRX_EL2", HCX, 0 }, { "HFGRTR_EL2", FGT, 0 }, { "HFGWTR_EL2", FGT, 0 },
	{ "HFGITR_EL2", FGT, 0 }, { "HDFGRTR_EL2", FGT, 0 }, { "HDFGWTR_EL2", FGT, 0 }, { "HAFGRTR_EL2", AMU, 0 },
	{ "HFGRTR2_EL2", FGT2, 0 }, { "HFGWTR2_EL2", FGT2, 0 }, { "HDFGRTR2_EL2", FGT2, 0 },
	{ "HDFGWTR2_EL2", FGT2, 0 }, { "BRBCR_EL1", BRBE, 0 },
};
static bool has[NUM_FEATURES];

static uint64_t *find(const char *name)
{
	for (uint32_t n = 0; n < ARRAY_SIZE(registers); n++)
		if (!strcmp(registers[n].name, name))
			return &registers[n].value;
	fail_msg("%s is no register of this test", name);
	return NULL;
}

static uint64_t *test_register(const char *name)
{
	uint64_t *value = find(name);

	for (uint32_t n = 0; n < ARRAY_SIZE(registers); n++)
		if (value == &registers[n].value && !has[registers[n].of])
			fail_msg("%s is undefined on this CPU", name);
	return value;
}

/* The features of bits in a number. Those that others bring with them are there, too. */
static void make_cpu(uint32_t features)
{
	for (uint32_t n = 1; n < NUM_FEATURES; n++)
		has[n] = features >> n & 1;
	has[ALWAYS] = true;
	has[FGT] |= has[FGT2];
	has[BRBE] &= has[FGT];
	has[AMU] &= has[FGT];
	*find("id_aa64dfr0_el1") = SHOWN(has[PMU] ? 6 : features & 1 ? 0xf : 0, 8) | SHOWN(has[BRBE], 52);
	*find("id_aa64pfr0_el1") = SHOWN(has[AMU], 44);
	*find("id_aa64pfr1_el1") = SHOWN(has[SME], 24);
	*find("id_aa64mmfr0_el1") = SHOWN(has[FGT2] ? 2 : has[FGT], 56);
	*find("id_aa64mmfr1_el1") = SHOWN(has[HCX], 40);
	*find("pmcr_el0") = 0x41000000 | SHOWN(6, 11);
	for (uint32_t n = FIRST_CONTROL; n < ARRAY_SIZE(registers); n++)
		registers[n].value = LINUX(n) & (has[BRBE] ? UINT64_MAX : ~HDFGW_NOT_BRBCTL);
}

static void assert_confined(void)
{
	uint64_t not_sme = has[SME] ? 3ull << 54 : 0;

	assert_int_equal(*find("mdcr_el2"), 0x84000 | (has[PMU] ? 6 : 0));
	if (has[HCX])
		assert_int_equal(*find("HCRX_EL2"), 0x800);
	if (!has[FGT])
		return;
	assert_int_equal(*find("HFGRTR_EL2"), not_sme);
	assert_int_equal(*find("HFGWTR_EL2"), not_sme);
	for (uint32_t n = FIRST_CONTROL + 4; n < ARRAY_SIZE(registers); n++)
		if (has[registers[n].of])
			assert_int_equal(registers[n].value, 0);
}

static void cells_are_confined(void **state)
{
	(void)state;
	for (uint32_t features = 0; features < 1u << NUM_FEATURES; features++) {
		uint64_t controls[NUM_CONTROLS * CONTROL_STRIDE] = { 0 };

		make_cpu(features);
		controls_init(controls);
		for (uint32_t round = 0; round < 2; round++) {
			controls_swap(controls);
			assert_confined();
			controls_swap(controls);
			for (uint32_t n = FIRST_CONTROL; n < ARRAY_SIZE(registers); n++) {
				bool stopped = has[BRBE] && !strcmp(registers[n].name, "BRBCR_EL1");

				assert_int_equal(registers[n].value, stopped ? 0 :
						 LINUX(n) & (has[BRBE] ? UINT64_MAX : ~HDFGW_NOT_BRBCTL));
			}
		}
	}
}

/* Where the root cell could not switch branch records on, firmware may keep even EL2 from them. */
static void branch_records_that_nobody_has(void **state)
{
	uint64_t controls[NUM_CONTROLS * CONTROL_STRIDE] = { 0 };

	(void)state;
	make_cpu(1u << FGT | 1u << BRBE);
	*find("HDFGWTR_EL2") = 0;
	controls_init(controls);
	controls_swap(controls);
	assert_int_equal(*find("BRBCR_EL1"), LINUX(ARRAY_SIZE(registers) - 1));
}

int main(void)
{
	static const struct CMUnitTest controls[] = {
		cmocka_unit_test(cells_are_confined),
		cmocka_unit_test(branch_records_that_nobody_has),
	};

	return cmocka_run_group_tests(controls, NULL, NULL);
}
