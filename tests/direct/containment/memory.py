# SPDX-License-Identifier: BSD-2-Clause
"""Attacks by loads, stores and fetches."""
from attacker import DEVICE, ECAM, EL0, GIB, GICD, GICR, GICR_STEP, REGION, REGISTERS, TOP, WINDOW, block

from .model import (
    ABORT,
    ALL,
    CPUS,
    EL0_ABORT,
    ENDLESS,
    FETCH,
    GOES_ON,
    LIMIT,
    OWN_FETCH_SIZE,
    OWN_SIZE,
    OWN_TRANSLATION,
    READ,
    UNDEFINED,
    WRITE,
    Stopped,
    attack,
)

# --- memory: what the cell has. Guest address, size, physical address, may write, may execute

RAM, COMM = (0x0, 0x200000, 0x60000000, True, True), (0x80000000, 0x1000, None, True, True)
LINK = 0x63000000
SECTIONS = {
    "State Table": (LINK, 0x1000, LINK, False, False),
    "R/W section": (LINK + 0x1000, 0x1000, LINK + 0x1000, True, False),
    "own output": (LINK + 0x2000, 0x1000, LINK + 0x2000, True, False),
    "output of c": (LINK + 0x3000, 0x1000, LINK + 0x3000, False, False),
    "output of d": (LINK + 0x4000, 0x1000, LINK + 0x4000, False, False),
}
REGIONS = {"RAM": RAM, **SECTIONS, "communication region": COMM}
EMULATED = {
    "GICD": (GICD, 0x10000),
    "GICR": (GICR, CPUS * GICR_STEP),
    "PCI": (ECAM, 0x100000),
    "registers": (REGISTERS, 0x1000),
}

# Just beyond everything, where nothing else is: name -> address of the byte
BEYOND = {
    "RAM end": 0x200000,
    "before the sections": LINK - 1,
    "behind the sections": LINK + 0x5000,
    "before the communication region": 0x7FFFFFFF,
    "behind the communication region": 0x80001000,
}
for _name, (_start, _size) in EMULATED.items():
    BEYOND[f"before {_name}"], BEYOND[f"behind {_name}"] = _start - 1, _start + _size

# Of others, by physical address
FOREIGN = {
    "hypervisor": 0x40200000,
    "end of the hypervisor": 0x405FFFFC,
    "root cell": 0x50000000,
    "root cell's data": 0x50001080,
    "own RAM, physical": 0x60000000,
    "RAM of c": 0x60200000,
    "RAM of d": 0x60400000,
    "other link's State Table": 0x63100000,
    "other link's output of c": 0x63101000,
    "other link's output of d": 0x63102000,
    "flash": 0x04000000,
    "ITS": 0x08080000,
    "UART": 0x09000000,
    "clock": 0x09010000,
    "firmware configuration": 0x09020000,
    "GPIO": 0x09030000,
    "virtio": 0x0A000000,
    "platform bus": 0x0C000000,
    "PCI window": 0x10000000,
    "real PCI configuration": 0x4010000000,
    "machine's last RAM": 0x7FFFFFFC,
    "nothing": 0xA0000000,
    "4 GiB": 1 << 32,
    "512 GiB less 4": REGION - 4,
    "IPA limit less 512 GiB": TOP,
    "IPA limit less 4": LIMIT - 4,
}
COUNTER = 0x63102000  # the neighbours write there all the time


def stay_same(address):
    """Words that can be compared: of memory, and not written by others."""
    return (address,) if 0x40000000 <= address < 0x80000000 and address != COUNTER else ()


def memory_attacks():
    for name, address in BEYOND.items():
        attack("beyond", f"read byte {name}", "ldrb w1, [x0]", Stopped(READ, address), address)
        attack("beyond", f"write byte {name}", "strb w1, [x0]", Stopped(WRITE, address), address, 0x5A)
        attack("beyond", f"execute {name}", "br x0", Stopped(FETCH, address & ~3), address & ~3)
    for name, address in {
        "RAM": 0x200000,
        "the sections": LINK + 0x5000,
        "the communication region": 0x80001000,
    }.items():
        attack("straddle", f"read over the end of {name}", "ldr x1, [x0]", Stopped(READ, address), address - 4)
        attack(
            "straddle",
            f"write over the end of {name}",
            "str x1, [x0]",
            Stopped(WRITE, address) if name != "the sections" else ABORT,
            address - 4,
        )
        attack("straddle", f"pair over the end of {name}", "ldp x1, x2, [x0]", Stopped(READ, address), address - 8)
    for name, address in {"the sections": LINK, "the communication region": 0x80000000}.items():
        attack("straddle", f"read from before {name}", "ldr x1, [x0]", Stopped(READ, address - 4), address - 4)
        attack("straddle", f"write from before {name}", "str x1, [x0]", Stopped(WRITE, address - 4), address - 4)
    attack(
        "straddle",
        "run over the end of RAM",
        (
            "mov w1, #0xd503201f & 0xffff; movk w1, #0xd503, lsl #16; str w1, [x0]; dc cvau, x0; "
            "dsb sy; ic ivau, x0; dsb sy; isb; br x0"
        ),
        Stopped(FETCH, 0x200000),
        0x1FFFFC,
    )
    for name, (start, size, phys, write, execute) in REGIONS.items():
        for place, at in ("first", start), ("last", start + size - 1):
            attack("inside", f"read {place} byte of {name}", "ldrb w1, [x0]", GOES_ON, at)
            same = () if phys is None else (phys + (at - start & ~3),)
            if write:
                attack(
                    "inside", f"write {place} byte of {name}", "ldrb w1, [x0]; strb w1, [x0]", GOES_ON, at, same=same
                )
            else:
                attack("inside", f"write {place} byte of {name}", "strb w1, [x0]", ABORT, at, 0x5A, same=same)
            if not execute:
                # what is readable is executable on Arm (docs/configuration.md); a State or 0 is no instruction
                attack("inside", f"execute {place} word of {name}", "br x0", UNDEFINED, at & ~3, pc=at & ~3)
    for name in "State Table", "output of c":
        start = REGIONS[name][0]
        for kind, code in {
            "16 bits": "strh w1, [x0]",
            "64 bits": "str x1, [x0]",
            "pair": "stp x1, x2, [x0]",
            "SIMD": "str q0, [x0]",
            "exclusive": "ldxr w2, [x0]; > stxr w3, w1, [x0]",
            "exclusive pair": "ldxp x2, x3, [x0]; > stxp w4, x1, x2, [x0]",
            "release": "stlr w1, [x0]",
            "write-back": "str w1, [x0, #4]!",
            "zero a line": "dc zva, x0",
            "SIMD structures": "st4 {v0.16b, v1.16b, v2.16b, v3.16b}, [x0]",
            "unprivileged": "sttr w1, [x0]",
        }.items():
            # an unprivileged store needs a page that EL0 may write
            attack(
                "read-only",
                f"{kind} to {name}",
                code,
                ABORT,
                start + EL0 * (kind == "unprivileged"),
                0x5A,
                same=(start, start + 4),
            )


def foreign_attacks():
    for name, address in FOREIGN.items():
        same = stay_same(address)
        for kind, code, access in (
            ("read", "ldr w1, [x0]", READ),
            ("write", "str w1, [x0]", WRITE),
            ("execute", "br x0", FETCH),
        ):
            attack("foreign", f"{kind} {name}", code, Stopped(access, address), address, 0x0BADC0DE, same=same)
        attack(
            "foreign", f"zero a line of {name}", "dc zva, x0", Stopped(WRITE, address & ~63), address & ~63, same=same
        )
        attack(
            "foreign",
            f"cache maintenance on {name}",
            "dc civac, x0; dc cvac, x0; dc cvau, x0; dc ivac, x0; ic ivau, x0; dsb sy",
            GOES_ON,
            address,
            same=same,
        )
    for name, address in {"hypervisor": 0x40200000, "UART": 0x09000000, "RAM of c": 0x60200000}.items():
        same = stay_same(address)
        for kind, code, access in (
            ("load pair", "ldp x1, x2, [x0]", READ),
            ("store pair", "stp x1, x2, [x0]", WRITE),
            ("exclusive load", "ldxr w1, [x0]", READ),
            ("SIMD load", "ldr q0, [x0]", READ),
            ("SIMD store", "str q0, [x0]", WRITE),
            ("structure load", "ld4 {v0.16b, v1.16b, v2.16b, v3.16b}, [x0]", READ),
            ("acquire", "ldar w1, [x0]", READ),
            ("release", "stlr w1, [x0]", WRITE),
            ("write-back", "ldr w1, [x0], #4", READ),
            ("sign-extending", "ldrsb x1, [x0]", READ),
        ):
            attack("foreign", f"{kind}, {name}", code, Stopped(access, address), address, same=same)
        attack(
            "foreign",
            f"prefetch, {name}",
            "prfm pldl1keep, [x0]; prfm pstl1keep, [x0]; prfm plil1keep, [x0]",
            GOES_ON,
            address,
        )
        attack("foreign", f"as a device, {name}", "ldr w1, [x0]", Stopped(READ, address), DEVICE + address)
        attack(
            "foreign",
            f"from EL0, {name}",
            "adr x2, 1f; add x2, x2, x1; msr elr_el1, x2; msr spsr_el1, xzr; isb; eret; 1: > ldr w1, [x0]",
            Stopped(READ, address),
            EL0 + address,
            EL0,
        )
    for name, address in {"IPA limit": LIMIT, "2 * IPA limit": 2 * LIMIT, "48 bits": (1 << 48) - GIB}.items():
        attack("limit", f"read at {name}", "ldr w1, [x0]", OWN_SIZE, WINDOW, window=block(address))
        attack("limit", f"execute at {name}", "br x0", OWN_FETCH_SIZE, WINDOW, window=block(address))
    off = "mrs x9, sctlr_el1; bic x9, x9, #1; msr sctlr_el1, x9; isb; "
    for name, address in {"nothing": 0xA0000000, "hypervisor": 0x40200000, "IPA limit less 4": LIMIT - 4}.items():
        attack("MMU off", f"read {name}", off + "> ldr w1, [x0]", Stopped(READ, address), address)
        attack("MMU off", f"write {name}", off + "> str w1, [x0]", Stopped(WRITE, address), address)
        attack("MMU off", f"execute {name}", off + "br x0", Stopped(FETCH, address), address)
    for name, address in {"IPA limit": LIMIT, "48 bits": 1 << 48, "the end": ALL - 3, "half": 1 << 63}.items():
        attack("MMU off", f"read at {name}", off + "> ldr w1, [x0]", OWN_SIZE, address)
    for name, address in {
        "the end": ALL - 3,
        "the end, over it": ALL - 7,
        "bit 48": 1 << 48,
        "bit 63": 1 << 63,
    }.items():
        attack("wrap", f"read at {name}", "ldr x1, [x0]", OWN_TRANSLATION, address)
        attack("wrap", f"write at {name}", "str x1, [x0]", OWN_TRANSLATION, address)
    attack("wrap", "pair over the end", "ldp x1, x2, [x0]", OWN_TRANSLATION, ALL - 7)


# --- emulated registers with instructions that a device is not used with

ODD = {
    "exclusive load": ("ldxr w1, [x0]", ABORT),
    "exclusive acquire": ("ldaxr w1, [x0]", ABORT),
    "exclusive pair": ("ldxp w1, w2, [x0]", ABORT),
    "exclusive byte": ("ldxrb w1, [x0]", ABORT),
    "lone exclusive store": ("stxr w2, w1, [x0]", GOES_ON),
    "SIMD load 128": ("ldr q0, [x0]", ABORT),
    "SIMD store 128": ("str q0, [x0]", ABORT),
    "SIMD load 64": ("ldr d0, [x0]", ABORT),
    "SIMD store 32": ("str s0, [x0]", ABORT),
    "SIMD load 8": ("ldr b0, [x0]", ABORT),
    "SIMD pair load": ("ldp q0, q1, [x0]", ABORT),
    "SIMD pair store": ("stp d0, d1, [x0]", ABORT),
    "one structure load": ("ld1 {v0.16b}, [x0]", ABORT),
    "one structure store": ("st1 {v0.16b}, [x0]", ABORT),
    "structures load": ("ld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x0]", ABORT),
    "structures store": ("st2 {v0.4s, v1.4s}, [x0]", ABORT),
    "lane load": ("ld1 {v0.s}[1], [x0]", ABORT),
    "replicating load": ("ld1r {v0.4s}, [x0]", ABORT),
    "SIMD write-back": ("ldr q0, [x0], #16", ABORT),
    "load pair": ("ldp w1, w2, [x0]", GOES_ON),
    "load pair 64": ("ldp x1, x2, [x0]", GOES_ON),
    "load pair signed": ("ldpsw x1, x2, [x0]", GOES_ON),
    "non-temporal pair": ("ldnp w1, w2, [x0]", GOES_ON),
    "load write-back": ("ldr w1, [x0], #4", GOES_ON),
    "load acquire": ("ldar w1, [x0]", GOES_ON),
    "unprivileged load": ("ldtr w1, [x0]", GOES_ON),
    "store pair": ("stp w1, w1, [x0]", GOES_ON),
    "store write-back": ("str w1, [x0, #4]!", GOES_ON),
    "store release": ("stlr w1, [x0]", GOES_ON),
    "zero a line": ("dc zva, x0", ABORT),
    "maintenance": ("dc civac, x0; dc ivac, x0; dc cvac, x0; dc cvau, x0; ic ivau, x0; dsb sy", GOES_ON),
    "prefetch": ("prfm pldl1keep, [x0]; prfm pstl3strm, [x0]; prfm plil1keep, [x0]", GOES_ON),
}


def emulated_attacks():
    for place, (start, size) in EMULATED.items():
        for name, (code, outcome) in ODD.items():
            attack(
                "odd access",
                f"{name}, {place}",
                code,
                outcome,
                start + EL0 * name.startswith("unprivileged"),
                gic=place.startswith("GIC"),
            )
        attack("odd access", f"execute {place}", "br x0", Stopped(FETCH, start), start)
        attack("odd access", f"pair over the end, {place}", "ldp x1, x2, [x0]", ABORT, start + size - 8)
        attack("odd access", f"unaligned, as memory, {place}", "ldur w1, [x0, #2]", GOES_ON, start)
        attack(
            "odd access",
            f"exclusive from EL0, {place}",
            "adr x2, 1f; add x2, x2, x1; msr elr_el1, x2; msr spsr_el1, xzr; isb; eret; 1: > ldxr w1, [x0]",
            EL0_ABORT,
            EL0 + start,
            EL0,
        )
    # one instruction that needs LSE (the CPU has none): the CPU itself refuses it
    attack("odd access", "atomic, registers", "ldadd w1, w2, [x0]", UNDEFINED, REGISTERS)


# --- translation tables in odd places

PLACES = {
    "nothing": 0xA0000000,
    "hypervisor": 0x40200000,
    "root cell": 0x50000000,
    "RAM of c": 0x60200000,
    "GICD": GICD,
    "GICR": GICR,
    "PCI": ECAM,
    "registers": REGISTERS,
    "UART": 0x09000000,
    "other link": 0x63100000,
    "IPA limit less 4 KiB": LIMIT - 4096,
}
ROOT_ENTRY = "orr x1, x1, #3; str x1, [x2, #24]; dsb sy; tlbi vmalle1; dsb sy; isb; "


def table_attacks():
    for name, place in PLACES.items():
        attack("tables", f"level 1 in {name}", ROOT_ENTRY + "> ldr w3, [x0]", ABORT, WINDOW, place, 0x4000)
        attack("tables", f"level 2 in {name}", "ldr w3, [x0]", ABORT, WINDOW, window=place | 3)
        attack("tables", f"all in {name}", "msr ttbr0_el1, x0; isb; tlbi vmalle1; dsb sy; isb", ENDLESS, place)
    attack(
        "tables",
        "level 2 in the communication region",
        "ldr w3, [x0]",
        OWN_TRANSLATION,
        WINDOW + 0x80000,
        window=0x80000000 | 3,
    )
    attack("tables", "level 2 in the State Table", "ldr w3, [x0]", OWN_TRANSLATION, WINDOW + (8 << 21), window=LINK | 3)
    attack(
        "tables",
        "root that points to itself",
        "mov x3, #0x4403; str x3, [x2, #24]; dsb sy; tlbi vmalle1; dsb sy; isb; > ldr w3, [x0]",
        GOES_ON,
        WINDOW | 3 << 30 | 3 << 21 | 3 << 12,
        0,
        0x4000,
    )
    attack("tables", "tables beyond the limit", ROOT_ENTRY + "> ldr w3, [x0]", OWN_SIZE, WINDOW, LIMIT, 0x4000)
    attack("tables", "vectors in nothing", "msr vbar_el1, x0; isb; udf #0", Stopped(FETCH, 0xA0000200), 0xA0000000)
    attack(
        "tables", "vectors in the hypervisor", "msr vbar_el1, x0; isb; udf #0", Stopped(FETCH, 0x40200200), 0x40200000
    )
    attack("tables", "vectors nowhere", "msr vbar_el1, x0; isb; udf #0", ENDLESS, WINDOW)
    attack("tables", "stack in nothing", "mov sp, x0; > str x1, [sp, #-8]!", Stopped(WRITE, 0x9FFFFFF8), 0xA0000000)
    # also its table walks would be big-endian
    attack(
        "tables",
        "big endian",
        (
            "mrs x9, sctlr_el1; orr x8, x9, #1 << 25; bic x8, x8, #1; msr sctlr_el1, x8; isb; ldr w1, [x0]; "
            "str w1, [x0]; msr sctlr_el1, x9; isb"
        ),
        GOES_ON,
        REGISTERS,
    )


memory_attacks()
foreign_attacks()
emulated_attacks()
table_attacks()
