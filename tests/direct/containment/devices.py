# SPDX-License-Identifier: BSD-2-Clause
"""Attacks by emulated devices: interrupt controller, PCI, shared memory; and what never ends."""
from attacker import ECAM, GICD, GICR, GICR_STEP, REGISTERS

from .model import ALL, CPUS, ENDLESS, GOES_ON, INTID_OF_C, INTID_OF_ROOT, OWN_INTID, READ, Returned, Stopped, attack

WIDTHS = {8: "strb w1, [x0]", 16: "strh w1, [x0]", 32: "str w1, [x0]", 64: "str x1, [x0]"}
LOADS = {8: "ldrb w0, [x0]", 16: "ldrh w0, [x0]", 32: "ldr w0, [x0]", 64: "ldr x0, [x0]"}
# Distributor: offset and bits for each interrupt
BANKS = {
    "IGROUPR": (0x80, 1),
    "ISENABLER": (0x100, 1),
    "ICENABLER": (0x180, 1),
    "ISPENDR": (0x200, 1),
    "ICPENDR": (0x280, 1),
    "ISACTIVER": (0x300, 1),
    "ICACTIVER": (0x380, 1),
    "IPRIORITYR": (0x400, 8),
    "ITARGETSR": (0x800, 8),
    "ICFGR": (0xC00, 2),
    "IGRPMODR": (0xD00, 1),
    "NSACR": (0xE00, 2),
    "IROUTER": (0x6000, 64),
}
SWEEP = "1: {store}; add x0, x0, #{step}; sub x2, x2, #{step}; cbnz x2, 1b; dsb sy; mov x0, #0"
GO = Returned(0)


def sweep(group, name, start, size, value, widths=(8, 16, 32, 64), gic=False):
    """Every register of a window, in each width."""
    for bits in widths:
        attack(
            group,
            f"write {value & 0xffffffff:#x} to all of {name}, {bits} bits",
            SWEEP.format(store=WIDTHS[bits], step=max(4, bits // 8)),
            GO,
            start,
            value,
            size,
            gic=gic,
        )


for _name, (_offset, _bits) in BANKS.items():
    for _owner, _intid in {"c": INTID_OF_C, "the root cell": INTID_OF_ROOT}.items():
        _at = GICD + _offset + _intid * _bits // 8
        for _width, _store in WIDTHS.items():
            attack("GICD", f"{_name} of {_owner}, {_width} bits", _store, GOES_ON, _at & -(_width // 8), ALL, gic=True)
        attack("GICD", f"{_name} of {_owner}, 0", "str wzr, [x0]", GOES_ON, _at & -4, gic=True)
    if _bits != 64:
        _field = GICD + _offset + INTID_OF_C * _bits // 8
        attack("GICD", f"read {_name} of c", f"ldrb w0, [x0]; and x0, x0, #{(1 << _bits) - 1}", GO, _field)
    else:
        attack("GICD", f"read {_name} of c", "ldr x0, [x0]", GO, GICD + _offset + 8 * INTID_OF_C)
for _name, _offset in {
    "CTLR": 0,
    "TYPER": 4,
    "IIDR": 8,
    "STATUSR": 0x10,
    "SETSPI_NSR": 0x40,
    "CLRSPI_NSR": 0x48,
    "SETSPI_SR": 0x50,
    "CLRSPI_SR": 0x58,
    "SGIR": 0xF00,
    "CPENDSGIR": 0xF10,
    "SPENDSGIR": 0xF20,
    "IGROUPR of extended SPIs": 0x1000,
    "PIDR2": 0xFFE8,
    "last": 0xFFFC,
}.items():
    for _value in 0, ALL, INTID_OF_C:
        attack(
            "GICD", f"{_name} is {_value & 0xffffffff:#x}", "str w1, [x0]", GOES_ON, GICD + _offset, _value, gic=True
        )
for _cpu, _owner in {0: "the root cell", 2: "c", 3: "d"}.items():
    _frame = GICR + GICR_STEP * _cpu
    for _name, _offset in {
        "CTLR": 0,
        "WAKER": 0x14,
        "SETLPIR": 0x40,
        "CLRLPIR": 0x48,
        "PROPBASER": 0x70,
        "PENDBASER": 0x78,
        "INVLPIR": 0xA0,
        "INVALLR": 0xB0,
        "IGROUPR0": 0x10080,
        "ISENABLER0": 0x10100,
        "ICENABLER0": 0x10180,
        "ISPENDR0": 0x10200,
        "ICPENDR0": 0x10280,
        "ISACTIVER0": 0x10300,
        "ICACTIVER0": 0x10380,
        "IPRIORITYR": 0x10400,
        "ICFGR1": 0x10C04,
        "IGRPMODR0": 0x10D00,
        "NSACR": 0x10E00,
    }.items():
        for _bits in 32, 64:
            attack(
                "GICR",
                f"{_name} of {_owner}, {_bits} bits",
                WIDTHS[_bits],
                GOES_ON,
                _frame + (_offset & ~(_bits // 8 - 1)),
                ALL,
                gic=True,
            )
        if _offset >= 0x10000:
            attack("GICR", f"read {_name} of {_owner}", "ldr w0, [x0]", GO, _frame + _offset)
    sweep("GICR", f"the frames of {_owner}", _frame, GICR_STEP, ALL, (32,), gic=True)
sweep("GICD", "it", GICD, 0x10000, ALL, gic=True)
sweep("GICD", "it", GICD, 0x10000, 0, (32,), gic=True)
sweep("GICR", "the own frames", GICR + GICR_STEP, GICR_STEP, ALL, gic=True)
sweep("GICR", "the own frames", GICR + GICR_STEP, GICR_STEP, 0, (32,), gic=True)
attack(
    "GICD",
    "own interrupt to a CPU of c",
    "str x1, [x0]; ldr x0, [x0]",
    Returned(1),
    GICD + 0x6000 + 8 * OWN_INTID,
    2,
    gic=True,
)
attack(
    "GICD",
    "own interrupt to any CPU",
    "str x1, [x0]; ldr x0, [x0]",
    Returned(1),
    GICD + 0x6000 + 8 * OWN_INTID,
    1 << 31,
    gic=True,
)
attack(
    "GICR", "own kick interrupts off", "str w1, [x0]; ldr w0, [x0]; and x0, x0, #3", GO, GICR + GICR_STEP + 0x10180, 3
)
attack(
    "GICR",
    "own maintenance interrupt on",
    "str w1, [x0]; ldr w0, [x0]; and x0, x0, #1 << 25",
    GO,
    GICR + GICR_STEP + 0x10100,
    1 << 25,
)

SGI1R = "s3_0_c12_c11_5"
for _name, _value in {
    "all of the cluster": 0xFFFF,
    "all others": 1 << 40,
    "all others, and a list": 1 << 40 | 0xFFFF,
    "CPU of the root cell": 1,
    "CPU of c": 4,
    "CPU of d": 8,
    "Aff1 is 1": 1 << 16 | 0xFFFF,
    "Aff2 is 1": 1 << 32 | 0xFFFF,
    "Aff3 is 1": 1 << 48 | 0xFFFF,
    "range selector": 1 << 44 | 0xFFFF,
    "reserved bits": 0xFF << 56 | 0xF << 28 | 7 << 41 | 0xFFFF,
    "all ones": ALL,
}.items():
    attack(
        "SGI",
        f"{_name}, every SGI",
        f"mov x2, #0; 1: bfi x0, x2, #24, #4; msr {SGI1R}, x0; add x2, x2, #1; cmp x2, #16; b.ne 1b; isb",
        GOES_ON,
        _value,
        gic=True,
    )
for _name, _spelling in {"SGI0R": "s3_0_c12_c11_7", "ASGI1R": "s3_0_c12_c11_6"}.items():
    for _value in 0xFFFF, 1 << 40, ALL:
        attack("SGI", f"{_name} is {_value:#x}", f"msr {_spelling}, x0; isb", GOES_ON, _value, gic=True)

ICC = {
    "PMR": "s3_0_c4_c6_0",
    "CTLR": "s3_0_c12_c12_4",
    "SRE": "s3_0_c12_c12_5",
    "IGRPEN0": "s3_0_c12_c12_6",
    "IGRPEN1": "s3_0_c12_c12_7",
    "BPR0": "s3_0_c12_c8_3",
    "BPR1": "s3_0_c12_c12_3",
    "AP0R0": "s3_0_c12_c8_4",
    "AP1R0": "s3_0_c12_c9_0",
    "EOIR0": "s3_0_c12_c8_1",
    "EOIR1": "s3_0_c12_c12_1",
    "DIR": "s3_0_c12_c11_1",
}
for _name, _spelling in ICC.items():
    for _value in 0, INTID_OF_C, ALL:
        attack("ICC", f"{_name} is {_value & 0xffffffff:#x}", f"msr {_spelling}, x0; isb", GOES_ON, _value, gic=True)
for _name, _spelling in {
    "IAR0": "s3_0_c12_c8_0",
    "IAR1": "s3_0_c12_c12_0",
    "HPPIR0": "s3_0_c12_c8_2",
    "HPPIR1": "s3_0_c12_c12_2",
    "RPR": "s3_0_c12_c11_3",
}.items():
    attack("ICC", f"read {_name}", f"mrs x0, {_spelling}", GOES_ON)
attack(
    "ICC",
    "end and deactivate every interrupt",
    "mov x0, #0; 1: msr s3_0_c12_c12_1, x0; msr s3_0_c12_c11_1, x0; add x0, x0, #1; cmp x0, #1024; b.ne 1b; mov x0, #0",
    GO,
    gic=True,
)

# --- PCI

for _value in 0, ALL, 0x5A5A5A5A5A5A5A5A:
    sweep("PCI", "the own function", ECAM, 0x1000, _value)
    sweep("PCI", "all functions", ECAM, 0x100000, _value, (32,))
for _name, _offset in {"second function of c": 0x8000, "function 7": 0x7000, "last function": 0xFF000}.items():
    attack("PCI", f"read {_name}", "ldr w0, [x0]", Returned(0xFFFFFFFF), ECAM + _offset)
    for _bits, _store in WIDTHS.items():
        attack(
            "PCI", f"command of {_name}, {_bits} bits", _store, GOES_ON, ECAM + _offset + (4 if _bits < 64 else 0), ALL
        )
for _bits, _load in LOADS.items():
    attack(
        "PCI",
        f"read all of the own function, {_bits} bits",
        (
            f"mov x3, x0; 1: mov x0, x3; {_load}; add x3, x3, #1; sub x2, x2, #1; cbnz x2, 1b; mov x0, #0"
            if _bits == 8
            else (
                f"mov x3, x0; 1: mov x0, x3; {_load}; add x3, x3, #{_bits // 8}; sub x2, x2, #{_bits // 8}; cbnz x2,"
                " 1b; mov x0, #0"
            )
        ),
        GO,
        ECAM,
        0,
        0x1000,
    )

MOVE = "strh wzr, [x0, #4]; str w1, [x0, #0x10]; str w2, [x0, #0x14]; mov w3, #6; strh w3, [x0, #4]; "
for _name, _bar in {
    "nothing": 0xA0000000,
    "RAM": 0,
    "end of RAM": 0x1FF000,
    "GICD": GICD,
    "end of GICD": GICD + 0xF000,
    "GICR of c": GICR + 2 * GICR_STEP,
    "PCI": ECAM,
    "before PCI": ECAM - 0x1000,
    "State Table": 0x63000000,
    "output of d": 0x63004000,
    "hypervisor": 0x40200000,
    "RAM of c": 0x60200000,
    "UART": 0x09000000,
    "communication region": 0x80000000,
    "last page": 0xFFFFF000,
    "all ones": 0xFFFFFFFF,
    "unaligned": 0xA0000804,
}.items():
    attack("BAR", f"on {_name}", MOVE + "mov x0, #0", GO, ECAM, _bar, 0, gic=True)
    attack("BAR", f"on {_name}, upper half all ones", MOVE + "mov x0, #0", GO, ECAM, _bar, 0xFFFFFFFF, gic=True)
attack("BAR", "on GICD: still the GIC", MOVE + "ldr w0, [x1, #8]; cmp w0, #0; cset x0, eq", GO, ECAM, GICD, 0, gic=True)
attack("BAR", "on the State Table: still read-only memory", MOVE + "ldr w0, [x1, #4]", Returned(1), ECAM, 0x63000000, 0)
attack(
    "BAR",
    "on RAM of c: a register, not memory",
    MOVE + "ldr w0, [x1, #4]",
    Returned(3),
    ECAM,
    0x60200000,
    0,
    same=(0x60200004,),
)
attack("BAR", "moved away", MOVE + "> ldr w0, [x4]", Stopped(READ, REGISTERS), ECAM, 0xA0000000, 0, 0, REGISTERS)
attack("BAR", "decoding off", "strh wzr, [x0, #4]; > ldr w0, [x4]", Stopped(READ, REGISTERS), ECAM, 0, 0, 0, REGISTERS)
attack("BAR", "behind it", "ldr w0, [x0]", Stopped(READ, REGISTERS + 0x1000), REGISTERS + 0x1000)
sweep("registers", "the page", REGISTERS, 0x1000, ALL)
sweep("registers", "the page", REGISTERS, 0x1000, 0)

# --- what never ends: neighbours go on meanwhile, and the root cell can stop it

BELL, STATE = REGISTERS + 12, REGISTERS + 16
FLOODS = {
    "doorbells of c": ("str w1, [x0]", BELL, 1 << 16),
    "doorbells of d": ("str w1, [x0]", BELL, 2 << 16),
    "own doorbells": ("str w1, [x0]", BELL, 0),
    "doorbells of nobody": ("str w1, [x0]", BELL, 0xFF << 16),
    "doorbells of all, all vectors": (
        "str w1, [x0]; add w1, w1, #0x10, lsl #12; and w1, w1, #0x3ffff; eor w1, w1, #1",
        BELL,
        0,
    ),
    "State 1 and 2": ("str w1, [x0]; eor w1, w1, #3", STATE, 1),
    "State 0 and 1": ("str w1, [x0]; eor w1, w1, #1", STATE, 1),
    "every State": ("str w1, [x0]; add w1, w1, #1", STATE, 0),
    "interrupt control": ("str w1, [x0]; eor w1, w1, #1", REGISTERS + 8, 0),
    "register reads": ("ldr w2, [x0]", REGISTERS, 0),
    "odd register writes": ("stp w1, w1, [x0]", REGISTERS + 0x20, 0),
    "GICD reads": ("ldr w2, [x0]", GICD + 0x104, 0),
    "own interrupt pending": ("str w1, [x0]", GICD + 0x200 + OWN_INTID // 32 * 4, 1 << OWN_INTID % 32),
    "own priority": ("strb w1, [x0]", GICD + 0x400 + OWN_INTID, 0x80),
    "PCI reads": ("ldr w2, [x0]", ECAM, 0),
    "BAR moves": ("str w1, [x0]; eor w1, w1, #0x1000", ECAM + 0x10, REGISTERS),
    "decoding on and off": ("strh w1, [x0]; eor w1, w1, #2", ECAM + 4, 6),
    "aborts": (
        "adr x3, . + 12; msr vbar_el1, x3; isb; .balign 2048; ldxr w2, [x0]; .skip 508; ldxr w2, [x0]",
        REGISTERS,
        0,
    ),
    "writes to read-only memory": (
        "adr x3, . + 12; msr vbar_el1, x3; isb; .balign 2048; str w1, [x0]; .skip 508; str w1, [x0]",
        0x63000000,
        0,
    ),
}
for _name, (_code, _address, _value) in FLOODS.items():
    attack("flood", _name, f"1: {_code}; b 1b", ENDLESS, _address, _value)
OPEN = (
    "adr x3, 2f; msr vbar_el1, x3; mov x4, #0xf0; msr s3_0_c4_c6_0, x4; mov x4, #1; msr s3_0_c12_c12_7, x4; isb; b 1f;"
    " .balign 2048; 2: .skip 0x280; {handler}; eret; .balign 128; 1: "
)
LISTEN = "str w1, [x0]; str w2, [x5]; "
STORMS = {
    "never acknowledged": "nop",
    "acknowledged, never ended": "mrs x6, s3_0_c12_c12_0",
    "ended, level stays": "mrs x6, s3_0_c12_c12_0; msr s3_0_c12_c12_1, x6",
    "deactivated behind the back": "str w1, [x7]",
}
for _name, _handler in STORMS.items():
    attack(
        "interrupt storm",
        f"timer, {_name}",
        OPEN.format(handler=_handler)
        + "str w1, [x0]; msr cntv_cval_el0, xzr; mov x4, #1; msr cntv_ctl_el0, x4; msr daifclr, #2; 3: b 3b",
        ENDLESS,
        GICR + GICR_STEP + 0x10100,
        1 << 27,
        0,
        0,
        0,
        0,
        0,
        GICR + GICR_STEP + 0x10380,
    )
    attack(
        "interrupt storm",
        f"own SPI, {_name}",
        OPEN.format(handler=_handler) + "str w1, [x0]; msr daifclr, #2; 3: str w1, [x5]; b 3b",
        ENDLESS,
        GICD + 0x100 + OWN_INTID // 32 * 4,
        1 << OWN_INTID % 32,
        0,
        0,
        0,
        GICD + 0x200 + OWN_INTID // 32 * 4,
        0,
        GICD + 0x380 + OWN_INTID // 32 * 4,
    )
    attack(
        "interrupt storm",
        f"SGIs to itself, {_name}",
        OPEN.format(handler=_handler)
        + "mov x4, #-1; str w4, [x0]; msr daifclr, #2; "
        f"3: mov x4, #0xffff; bfi x4, x6, #24, #4; msr {SGI1R}, x4; add x6, x6, #1; b 3b",
        ENDLESS,
        GICR + GICR_STEP + 0x10100,
        0xFFFF,
        0,
        0,
        0,
        0,
        0,
        GICR + GICR_STEP + 0x10380,
    )
DEAF = "msr daifset, #15; msr s3_0_c4_c6_0, xzr; msr s3_0_c12_c12_6, xzr; msr s3_0_c12_c12_7, xzr; isb; "
for _name, _code in {
    "priority mask 0 and groups off, spinning": DEAF + "1: b 1b",
    "priority mask 0 and groups off, WFI": DEAF + "1: wfi; b 1b",
    "priority mask 0 and groups off, WFE": DEAF + "1: wfe; b 1b",
    "masked, spinning": "msr daifset, #15; 1: b 1b",
    "WFI, nothing on": "msr daifset, #15; 1: wfi; b 1b",
    "WFE": "msr daifset, #15; 1: wfe; b 1b",
    "WFI, unmasked": "msr daifclr, #15; 1: wfi; b 1b",
    "SEV": "1: sev; b 1b",
    "exclusive loop": "mov x2, #0x3000; 1: ldxr w3, [x2]; stxr w4, w3, [x2]; b 1b",
    "lock in the shared section": "1: ldxr w3, [x0]; stxr w4, w3, [x0]; b 1b",
    "TLB invalidation everywhere": "1: tlbi vmalle1is; dsb sy; b 1b",
    "instruction cache everywhere": "1: ic ialluis; dsb sy; b 1b",
    "set and way": "1: dc cisw, xzr; dsb sy; b 1b",
    "barriers": "1: dsb sy; isb; b 1b",
    "cache maintenance on the hypervisor": "mov x2, #0x40200000; 1: dc civac, x2; b 1b",
    "SPs and MMU": "1: mrs x2, sctlr_el1; msr sctlr_el1, x2; tlbi vmalle1; b 1b",
    "instruction writes itself": "adr x1, 1f; 1: ldr w2, [x1]; str w2, [x1]; ic ivau, x1; dsb sy; isb; b 1b",
}.items():
    attack("endless", _name, _code, ENDLESS, 0x63001000)
for _name, _code in {
    "masked, spinning": "msr daifset, #15; 1: b 1b",
    "WFI, nothing on": "msr daifset, #15; 1: wfi; b 1b",
}.items():
    attack("endless", f"{_name}, and no answers", "str wzr, [x0]; dsb sy; " + _code, ENDLESS, 0x80000008, running=True)
