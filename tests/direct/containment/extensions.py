# SPDX-License-Identifier: BSD-2-Clause
"""Attacks with instructions that only newer CPUs have."""
from attacker import ECAM, EL0, GICD, REGISTERS

from .model import ABORT, EL0_ABORT, GOES_ON, READ, UNDEFINED, WRITE, Stopped, attack

STATES, HYPERVISOR = 0x63000000, 0x40200000
SVE_ON = "mov x9, #3 << 20; orr x9, x9, #3 << 16; msr cpacr_el1, x9; isb; ptrue p0.s; mov z1.s, #0; "
MODIFY = {
    "LDADD": "ldadd w1, w2, [x0]",
    "LDADDAL": "ldaddal x1, x2, [x0]",
    "STADD": "stadd w1, [x0]",
    "LDSET byte": "ldsetb w1, w2, [x0]",
    "LDCLR": "ldclr w1, w2, [x0]",
    "LDSMAX": "ldsmax w1, w2, [x0]",
    "SWP": "swp w1, w2, [x0]",
    "CAS": "cas w1, w2, [x0]",
    "CASA, 64 bits": "casa x1, x2, [x0]",
    "CASP": "casp x2, x3, x4, x5, [x0]",
}
LOADS = {
    "LD1W": SVE_ON + "> ld1w {z0.s}, p0/z, [x0]",
    "LD1RW": SVE_ON + "> ld1rw {z0.s}, p0/z, [x0]",
    "LD4W": SVE_ON + "> ld4w {z0.s, z1.s, z2.s, z3.s}, p0/z, [x0]",
    "LDFF1W": SVE_ON + "setffr; > ldff1w {z0.s}, p0/z, [x0]",
    "gather": SVE_ON + "> ld1w {z0.s}, p0/z, [x0, z1.s, uxtw]",
    "LDR of a vector": SVE_ON + "> ldr z0, [x0]",
}
STORES = {
    "ST1W": SVE_ON + "> st1w {z0.s}, p0, [x0]",
    "STNT1W": SVE_ON + "> stnt1w {z0.s}, p0, [x0]",
    "scatter": SVE_ON + "> st1w {z0.s}, p0, [x0, z1.s, uxtw]",
    "STR of a vector": SVE_ON + "> str z0, [x0]",
}


def extension(name, code, outcome, *arguments, **more):
    attack("extensions", name, code, outcome, *arguments, cpu="max", **more)


for _place, _address in {"registers": REGISTERS, "GICD": GICD, "PCI": ECAM}.items():
    for _name, _code in {**MODIFY, **LOADS, **STORES}.items():
        extension(f"{_name}, {_place}", _code, ABORT, _address, gic=_place == "GICD")
for _name, _code in {**MODIFY, **STORES}.items():
    extension(f"{_name}, State Table", _code, ABORT, STATES, 0, 0, 0, 1, 1, same=(STATES, STATES + 4))
for _name, _code in LOADS.items():
    extension(f"{_name}, hypervisor", _code, Stopped(READ, HYPERVISOR), HYPERVISOR)
for _name, _code in STORES.items():
    extension(f"{_name}, hypervisor", _code, Stopped(WRITE, HYPERVISOR), HYPERVISOR, same=(HYPERVISOR,))
for _name, _code in {"LDAPR": "ldapr w1, [x0]", "LDAPUR": "ldapur w1, [x0]", "STLUR": "stlur w1, [x0]"}.items():
    for _place, _address in {"registers": REGISTERS, "GICD": GICD, "PCI": ECAM}.items():
        extension(f"{_name}, {_place}", _code, GOES_ON, _address, gic=_place == "GICD")
extension("first-fault load over the end of RAM", SVE_ON + "setffr; ldff1w {z0.s}, p0/z, [x0]", GOES_ON, 0x1ffffc)
PREFETCH = SVE_ON + "prfw pldl1keep, p0, [x0]; prfd pstl2strm, p0, [x0]"
extension("prefetch of the hypervisor", PREFETCH, GOES_ON, HYPERVISOR)
# These have no effect on real CPUs; the emulator forgets to say that it is cache maintenance (ESR_EL2.CM)
CLEAN = {
    "hypervisor": (HYPERVISOR, Stopped(READ, HYPERVISOR)),
    "registers": (REGISTERS, ABORT),
    "State Table": (STATES, GOES_ON),
}
for _name in "cvap cvadp".split():
    for _place, (_address, _outcome) in CLEAN.items():
        extension(f"DC {_name.upper()}, {_place}", f"dc {_name}, x0; dsb sy", _outcome, _address)
for _name in "vmalle1os rvae1is rvae1os vae1os".split():
    _operand = "" if _name == "vmalle1os" else ", x0"
    extension(f"TLBI {_name.upper()}", f"tlbi {_name}{_operand}; dsb sy; isb", GOES_ON, (1 << 64) - 1)
for _name in "alle1os vmalls12e1os alle2os".split():
    extension(f"TLBI {_name.upper()}", f"tlbi {_name}", UNDEFINED)
for _name in "ripas2e1is rvae2is".split():
    extension(f"TLBI {_name.upper()}", f"tlbi {_name}, x0", UNDEFINED)
extension("random number", "mrs x0, s3_3_c2_c4_0", GOES_ON)
extension("pointer authentication keys", "msr apiakeylo_el1, x0; msr apgakeyhi_el1, x0; isb", GOES_ON, HYPERVISOR)
extension("SVE length as long as it can be", SVE_ON + "mov x1, #0x1ff; msr zcr_el1, x1; isb; rdvl x0, #1", GOES_ON)
extension("DIT, PAN and UAO", "msr dit, #1; msr uao, #1; msr pan, #1; msr ssbs, #1", GOES_ON)
extension(
    "atomic of EL0 on a register",
    "adr x2, 1f; add x2, x2, x1; msr elr_el1, x2; msr spsr_el1, xzr; isb; eret; 1: > ldadd w1, w3, [x0]",
    EL0_ABORT,
    EL0 + REGISTERS,
    EL0,
)
