# SPDX-License-Identifier: BSD-2-Clause
"""Attacks by system registers and system instructions."""
from .model import ALL, BREAKPOINT, GOES_ON, ILLEGAL_STATE, UNDEFINED, Returned, attack

EL2 = """
    hcr_el2 vttbr_el2 vtcr_el2 sctlr_el2 ttbr0_el2 tcr_el2 mair_el2 amair_el2 vbar_el2 elr_el2 spsr_el2
    esr_el2 far_el2 hpfar_el2 cptr_el2 hstr_el2 mdcr_el2 actlr_el2 hacr_el2 cnthctl_el2 cntvoff_el2
    cnthp_ctl_el2 cnthp_cval_el2 cnthp_tval_el2 vpidr_el2 vmpidr_el2 tpidr_el2 afsr0_el2 afsr1_el2
    dacr32_el2 ifsr32_el2 fpexc32_el2 sp_el1 rmr_el2 vsesr_el2 vdisr_el2
""".split()
EL2_VHE = """
    ttbr1_el2 contextidr_el2 cnthv_ctl_el2 cnthv_cval_el2 sctlr_el12 ttbr0_el12 vbar_el12 elr_el12
    cntp_ctl_el02 cntv_cval_el02 vncr_el2 zcr_el2 trfcr_el2
""".split()
EL3 = "scr_el3 sctlr_el3 vbar_el3 elr_el3 spsr_el3 tcr_el3 mdcr_el3 cptr_el3 sp_el2 actlr_el3".split()
# Where this assembler has no name
SPELLED = {
    "cntpoff_el2": "s3_4_c14_c0_6",
    "hfgrtr_el2": "s3_4_c1_c1_4",
    "hfgwtr_el2": "s3_4_c1_c1_5",
    "hfgitr_el2": "s3_4_c1_c1_6",
    "hcrx_el2": "s3_4_c1_c2_2",
}
ICH = {
    "ich_hcr_el2": "s3_4_c12_c11_0",
    "ich_vtr_el2": "s3_4_c12_c11_1",
    "ich_misr_el2": "s3_4_c12_c11_2",
    "ich_eisr_el2": "s3_4_c12_c11_3",
    "ich_elrsr_el2": "s3_4_c12_c11_5",
    "ich_vmcr_el2": "s3_4_c12_c11_7",
    "ich_lr0_el2": "s3_4_c12_c12_0",
    "ich_lr8_el2": "s3_4_c12_c13_0",
    "ich_ap0r0_el2": "s3_4_c12_c8_0",
    "ich_ap1r0_el2": "s3_4_c12_c9_0",
    "icc_sre_el2": "s3_4_c12_c9_5",
    "icc_sre_el3": "s3_6_c12_c12_5",
    "icc_ctlr_el3": "s3_6_c12_c12_4",
    "icc_igrpen1_el3": "s3_6_c12_c12_7",
}
ICC_OWN = {
    "icc_pmr_el1": "s3_0_c4_c6_0",
    "icc_bpr1_el1": "s3_0_c12_c12_3",
    "icc_bpr0_el1": "s3_0_c12_c8_3",
    "icc_ctlr_el1": "s3_0_c12_c12_4",
    "icc_igrpen0_el1": "s3_0_c12_c12_6",
    "icc_igrpen1_el1": "s3_0_c12_c12_7",
}
HARMLESS_BOTH = """
    actlr_el1 afsr0_el1 afsr1_el1 amair_el1 mdscr_el1 dbgbvr0_el1 dbgbcr0_el1 dbgwvr0_el1 dbgwcr0_el1
    osdlr_el1 mdccint_el1 pmcr_el0 pmcntenset_el0 pmintenset_el1 pmovsset_el0 pmselr_el0 pmuserenr_el0
    pmccfiltr_el0 pmccntr_el0 pmevcntr0_el0 pmevtyper0_el0 pmxevtyper_el0 cntkctl_el1 cntp_ctl_el0
    cntp_cval_el0 cntp_tval_el0 cntv_ctl_el0 cntv_cval_el0 csselr_el1 contextidr_el1 tpidr_el1 tpidrro_el0
    par_el1
""".split()
WRITE_UNDEFINED = """
    midr_el1 mpidr_el1 revidr_el1 ctr_el0 dczid_el0 id_aa64pfr0_el1 id_aa64mmfr0_el1 cntfrq_el0 cntpct_el0
    cntvct_el0 clidr_el1 ccsidr_el1 isr_el1 rvbar_el1 currentel
""".split()
# This CPU model, or the emulator, does not have them
ABSENT = """
    dbgclaimset_el1 dbgprcr_el1 osdtrrx_el1 osdtrtx_el1 oseccr_el1 pmscr_el1 pmsicr_el1 pmblimitr_el1
    pmbptr_el1 pmbsr_el1 trfcr_el1 erridr_el1 errselr_el1 erxfr_el1 erxctlr_el1 erxstatus_el1 erxaddr_el1
    erxmisc0_el1 disr_el1 zcr_el1 rgsr_el1 gcr_el1 tfsr_el1 tco lorc_el1 lorsa_el1 apiakeylo_el1
    cntps_ctl_el1 cntps_cval_el1 scxtnum_el1 pan uao dit
""".split()
TRACE = {
    "trcprgctlr": "s2_1_c0_c1_0",
    "trcoslar": "s2_1_c1_c0_4",
    "trcstatr": "s2_1_c0_c3_0",
    "trcauthstatus": "s2_1_c7_c14_6",
    "trcclaimset": "s2_1_c7_c8_6",
    "trcconfigr": "s2_1_c0_c4_0",
    "trblimitr": "s3_0_c9_c11_0",
    "trbptr": "s3_0_c9_c11_1",
    "brbcr": "s2_1_c9_c0_0",
    "amcr": "s3_3_c13_c2_0",
    "mpam1": "s3_0_c10_c5_0",
    "mpam0": "s3_0_c10_c5_1",
    "mpamidr": "s3_0_c10_c4_4",
    "rndr": "s3_3_c2_c4_0",
}


# What runs by itself or cannot be changed
NOT_RESET = "cntp_tval_el0 actlr_el1 pmccntr_el0".split()
# What the next cell on the CPU must not find
INHERITED = [name for name in HARMLESS_BOTH if name not in NOT_RESET] + [
    "sp_el0",
    "elr_el1",
    "spsr_el1",
    "tpidr_el0",
    "ttbr1_el1",
    "esr_el1",
    "far_el1",
    "v31.d[1]",
    "fpcr",
    "fpsr",
    "oslsr_el1",
    *(f"dbg{kind}{n}_el1" for kind in ("bvr", "bcr") for n in (1, 5)),
    *(f"dbg{kind}{n}_el1" for kind in ("wvr", "wcr") for n in (1, 3)),
    "pmevtyper3_el0",
    "pmevcntr3_el0",
    *ICC_OWN,
]
# The same, of the CPU model with everything that the emulator has
INHERITED_MAX = [
    *(f"apd{key}key{half}_el1" for key in "ab" for half in ("lo", "hi")),
    *(f"api{key}key{half}_el1" for key in "ab" for half in ("lo", "hi")),
    "apgakeylo_el1",
    "apgakeyhi_el1",
    "zcr_el1",
    "z0",
    "z31",
    "p0",
    "p15",
    "ffr",
    "v7.d[0]",
    "dbgbvr3_el1",
    "dbgwvr3_el1",
    "pmccfiltr_el0",
    "disr_el1",
    "tpidr2_el0",
    *"gcr_el1 rgsr_el1 tfsr_el1 tfsre0_el1".split(),
]
# Of 16 bytes of memory that are tagged: read and write. Nothing but the attacker's own words is there.
TAGGED = ("mov x1, #0xf0; msr mair_el1, x1; mrs x1, sctlr_el1; orr x1, x1, #1 << 43; msr sctlr_el1, x1; isb; tlbi vmalle1; "
          "dsb sy; isb; mov x2, #0x100000; ")
TAG_READ = TAGGED + "mov x0, #0; ldg x0, [x2]; ubfx x0, x0, #56, #4"
TAG_WRITE = TAGGED + "lsl x3, x0, #56; stg x3, [x2]"


def codes_of(name):
    """Assembler text that reads and writes one of these."""
    if name.startswith("v"):
        return f"mov x0, {name}", f"mov {name}, x0"
    sve = "mrs x1, cpacr_el1; orr x1, x1, #3 << 16; msr cpacr_el1, x1; mov x1, #15; msr zcr_el1, x1; isb; "
    if name.startswith("z") and name != "zcr_el1":	# the last element, far beyond 128 bits
        return (sve + f"ptrue p0.d; lastb x0, p0, {name}.d", sve + f"mov {name}.d, x0")
    if name == "ffr" or name.startswith("p") and name[1:].isdigit():	# a predicate has one bit for each byte
        reg = "p1" if name == "ffr" else name
        get, put = ("rdffr p1.b; ", "; wrffr p1.b") if name == "ffr" else ("", "")
        return (sve + f"{get}mov z1.b, {reg}/z, #1; mov x0, v1.d[0]", sve + f"dup z1.d, x0; ptrue p2.b; "
                f"and z1.b, z1.b, #1; cmpne {reg}.b, p2/z, z1.b, #0" + put)
    if name == "zcr_el1":
        return sve.replace("mov x1, #15; msr zcr_el1, x1; ", "") + "mrs x0, zcr_el1", sve + "and x0, x0, #15; msr zcr_el1, x0; isb"
    if name == "tpidr2_el0":	# this assembler does not know it
        return "mrs x0, s3_3_c13_c0_5", "msr s3_3_c13_c0_5, x0"
    if name == "oslsr_el1":
        return "mrs x0, oslsr_el1", "msr oslar_el1, x0; isb"
    return f"mrs x0, {ICC_OWN.get(name, name)}", f"msr {ICC_OWN.get(name, name)}, x0; isb"


def register(group, name, spelling, read, write):
    if read:
        attack(group, f"read {name}", f"mrs x0, {spelling}", read)
    if write:
        attack(group, f"write {name}", f"msr {spelling}, x0; isb", write, ALL)


for _name in [*EL2, *EL2_VHE, *EL3]:
    register("higher levels", _name, _name, UNDEFINED, UNDEFINED)
for _name, _spelling in SPELLED.items():
    register("higher levels", _name, _spelling, UNDEFINED, UNDEFINED)
for _name, _spelling in ICH.items():
    _read_only = _name.split("_")[1] in ("vtr", "misr", "eisr", "elrsr")
    register("higher levels", _name, _spelling, UNDEFINED, None if _read_only else UNDEFINED)
for _name in HARMLESS_BOTH:
    register("own registers", _name, _name, GOES_ON, GOES_ON)
for _name in WRITE_UNDEFINED:
    attack("read-only registers", f"write {_name}", f"msr {_name}, x0", UNDEFINED, ALL)
for _name in ABSENT:
    register("absent registers", _name, _name, UNDEFINED, None if _name in ("erridr_el1", "erxfr_el1") else UNDEFINED)
for _name, _spelling in TRACE.items():
    register("trace", _name, _spelling, UNDEFINED, UNDEFINED)
for _crm in range(8):
    attack(
        "identification",
        f"all of group {_crm}",
        (
            "; ".join(f"mrs x0, s3_0_c0_c{_crm}_{op2}" for op2 in range(8))
            if _crm
            else "mrs x0, midr_el1; mrs x0, mpidr_el1; mrs x0, revidr_el1"
        ),
        GOES_ON,
    )
for _crn in 11, 15:
    for _op1 in range(8):
        for _crm in (0, 2):
            _name = f"s3_{_op1}_c{_crn}_c{_crm}_0"
            # the emulator has some as constants and does not know HCR_EL2.TIDCP, which makes them undefined
            _outcome = GOES_ON if _name in ("s3_1_c15_c0_0", "s3_1_c15_c2_0") else UNDEFINED
            register("implementation defined", _name, _name, _outcome, _outcome)
        attack(
            "implementation defined",
            f"instruction s1_{_op1}_c{_crn}_c0_0",
            f"sys #{_op1}, c{_crn}, c0, #0, x0",
            UNDEFINED,
        )

# --- what the CPU does at EL1 with several registers

attack(
    "debug",
    "breakpoint in the hypervisor",
    (
        "msr oslar_el1, xzr; msr dbgbvr0_el1, x0; mov x1, #0x21e7; msr dbgbcr0_el1, x1; mrs x2, mdscr_el1; orr x2, x2,"
        " #1 << 15; orr x2, x2, #1 << 13; msr mdscr_el1, x2; isb; msr daifclr, #8; mov w0, #0; hvc #0; mov x0, #0"
    ),
    Returned(0),
    0xFFFF800040200800,
)
attack(
    "debug",
    "watchpoint on everything",
    (
        "msr oslar_el1, xzr; mov x1, #0; msr dbgwvr0_el1, x1; movz x1, #0x3fff; movk x1, #0x1f00, lsl #16; "
        "msr dbgwcr0_el1, x1; mrs x2, mdscr_el1; orr x2, x2, #1 << 15; msr mdscr_el1, x2; isb; hvc #0; mov x0, #0"
    ),
    Returned(0),
)
attack("debug", "software locks", "mov x0, #1; msr oslar_el1, x0; msr osdlr_el1, x0; isb", GOES_ON)
attack("debug", "halting debug", "mrs x2, mdscr_el1; orr x2, x2, #1 << 14; msr mdscr_el1, x2; isb; > hlt #0", UNDEFINED)
attack("debug", "DCPS2", "dcps2", UNDEFINED)
attack("debug", "DCPS3", "dcps3", UNDEFINED)
attack("debug", "DRPS", "drps", UNDEFINED)
attack("debug", "BRK", "brk #0xffff", BREAKPOINT)
attack(
    "counters",
    "count at EL2",
    (
        "mov x0, #1 << 27; msr pmccfiltr_el0, x0; mov x0, #1 << 31; msr pmcntenset_el0, x0; mov x0, #0x7f; msr"
        " pmcr_el0, x0; isb; hvc #0; mov x0, #0"
    ),
    Returned(0),
)
attack(
    "counters",
    "overflow interrupts",
    (
        "mov x0, #-1; msr pmccntr_el0, x0; mov x0, #1 << 31; msr pmcntenset_el0, x0; msr pmintenset_el1, x0; "
        "msr pmovsset_el0, x0; mov x0, #1; msr pmcr_el0, x0; isb; mov x0, #0"
    ),
    Returned(0),
)

for _level, _state in (
    ("EL2", 0x3C9),
    ("EL2 with SP_EL0", 0x3C8),
    ("EL3", 0x3CD),
    ("a level that is none", 0x3C3),
    ("AArch32 hypervisor mode", 0x3DA),
):
    attack(
        "returns",
        f"to {_level}",
        "msr spsr_el1, x0; adr x1, 1f; msr elr_el1, x1; isb; eret; 1: > nop",
        ILLEGAL_STATE,
        _state,
    )
attack(
    "returns",
    "in illegal state",
    "orr x0, x0, #1 << 20; msr spsr_el1, x0; adr x1, 1f; msr elr_el1, x1; isb; eret; 1: > nop",
    ILLEGAL_STATE,
    0x3C5,
)

TLBI_EL2 = "alle1 alle1is alle2 alle2is vmalls12e1 vmalls12e1is alle3".split()
for _name in TLBI_EL2:
    attack("maintenance", f"TLBI {_name.upper()}", f"tlbi {_name}", UNDEFINED)
for _name in "ipas2e1 ipas2e1is ipas2le1 vae2 vae2is vale3".split():
    attack("maintenance", f"TLBI {_name.upper()}", f"tlbi {_name}, x0", UNDEFINED, 0x40200)
for _name in "s12e1r s12e1w s12e0r s1e2r s1e2w s1e3r".split():
    attack("maintenance", f"AT {_name.upper()}", f"at {_name}, x0", UNDEFINED, 0x40200000)
for _name in "s1e1r s1e1w s1e0r s1e0w".split():
    attack("maintenance", f"AT {_name.upper()}", f"at {_name}, x0; isb; mrs x0, par_el1", GOES_ON, 0x40200000)
for _name in "vmalle1 vmalle1is".split():
    attack("maintenance", f"TLBI {_name.upper()}", f"tlbi {_name}; dsb sy; isb; mov x0, #0", Returned(0))
for _name in "vae1 vae1is aside1 aside1is vaae1is vale1is vaale1is".split():
    attack("maintenance", f"TLBI {_name.upper()}", f"tlbi {_name}, x0; dsb sy; isb", GOES_ON, ALL)
for _name in "iallu ialluis".split():
    attack("maintenance", f"IC {_name.upper()}", f"ic {_name}; dsb sy; isb; mov x0, #0", Returned(0))
# by set and way: all sets and ways of two levels that any cache of this CPU has
for _name in "isw csw cisw".split():
    attack(
        "maintenance",
        f"DC {_name.upper()} of everything",
        (
            f"mov x0, #0; 1: lsl x1, x0, #6; dc {_name}, x1; orr x1, x1, #1 << 30; dc {_name}, x1; "
            f"orr x2, x1, #2; dc {_name}, x2; add x0, x0, #1; cmp x0, #2048; b.ne 1b; dsb sy; mov x0, #0"
        ),
        Returned(0),
    )
