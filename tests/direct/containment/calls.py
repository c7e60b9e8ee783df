# SPDX-License-Identifier: BSD-2-Clause
"""Attacks by HVC, SMC and PSCI."""
from .model import ALL, ENDLESS, GOES_ON, OFF, UNDEFINED, Returned, attack

NOT_SUPPORTED, DENIED, ALREADY_ON = Returned(ALL), Returned(ALL - 2), Returned(ALL - 3)
EPERM, ENOSYS, EINVAL = Returned(ALL), Returned(ALL - 37), Returned(ALL - 21)
HYPERCALL = "hvc #0x4a48"
HYPERVISOR, RAM_OF_C, STATE_TABLE = 0x40200000, 0x60200000, 0x63000000

for _immediate in 0, 1, 0x4A47, 0x4A49, 0x484A, 0x8000, 0xFFFF:
    attack("HVC", f"immediate {_immediate:#x}", f"hvc #{_immediate:#x}", NOT_SUPPORTED, 0x84000008)
for _code in 9, 10, 11, 100, 0x4A48, 0x41FF, 0x4206, 0x42FF, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, ALL:
    attack("hypercall", f"unknown code {_code:#x}", HYPERCALL, ENOSYS, _code, ALL, ALL)
for _code, _name in enumerate(("disable", "create", "start", "set loadable", "destroy")):
    for _argument in 0, 1, 2, 3, HYPERVISOR, RAM_OF_C, 1 << 32, ALL:
        attack("hypercall", f"{_name}({_argument:#x})", HYPERCALL, EPERM, _code, _argument, ALL)
for _argument in 0, 1, 2, 3, 1 << 32 | 2, ALL:
    attack("hypercall", f"state of cell {_argument:#x}", HYPERCALL, EPERM, 6, _argument)
    attack("hypercall", f"cell information of {_argument:#x}", HYPERCALL, EPERM, 0x4201, _argument, 0)
    attack("hypercall", f"record of the violation of cell {_argument:#x}", HYPERCALL, EPERM, 0x4202, _argument, 0)
    attack("hypercall", f"what cell {_argument:#x} printed", HYPERCALL, EPERM, 0x4203, _argument, 0)
for _cpu in 0, 1, 4, 1 << 32 | 1, ALL:
    attack("hypercall", f"trace of CPU {_cpu:#x}", HYPERCALL, EPERM, 0x4205, _cpu, 0)
    attack("hypercall", f"trace of CPU {_cpu:#x}: all", HYPERCALL, EPERM, 0x4205, _cpu, 0x10001)
for _type in 5, 99, 1 << 31, 1 << 32, ALL:
    attack("hypercall", f"hypervisor information {_type:#x}", HYPERCALL, EINVAL, 5, _type)
for _cpu in 0, 2, 3:
    for _type in 0, 1000, 1005:
        attack("hypercall", f"information {_type} of CPU {_cpu}", HYPERCALL, EPERM, 7, _cpu, _type)
    for _cause in 0, 32, 33:
        attack("hypercall", f"exits of CPU {_cpu} for cause {_cause}", HYPERCALL, EPERM, 0x4204, _cpu, _cause)
for _cpu in 4, 63, 64, 1 << 31, 1 << 32, 1 << 32 | 1, ALL:
    attack("hypercall", f"information of CPU {_cpu:#x}", HYPERCALL, EINVAL, 7, _cpu, 0)
for _cpu in 4, 64, 1 << 32 | 1, ALL:
    attack("hypercall", f"exits of CPU {_cpu:#x}", HYPERCALL, EINVAL, 0x4204, _cpu, 0)
for _cause in 33, 1 << 32, 1 << 63, ALL:
    attack("hypercall", f"exits of the own CPU for cause {_cause:#x}", HYPERCALL, EINVAL, 0x4204, 1, _cause)
for _type in 1, 999, 1100, 1 << 32, 1 << 63, ALL:
    attack("hypercall", f"information {_type:#x} of the own CPU", HYPERCALL, EINVAL, 7, 1, _type)
for _character in 0, 0x41, 0x1B, ALL:
    attack("hypercall", f"print {_character:#x} without permission", HYPERCALL, EPERM, 8, _character)
# another cell's device: c's second link is not there for this cell; item numbers that are none
for _link in 8 << 16, 8 << 16 | 1, 0xFFFF << 16, 1 << 32, ALL:
    attack("hypercall", f"link information {_link:#x}", HYPERCALL, EPERM, 0x4200, _link, 0)
for _item in 99, 1 << 31, 1 << 32, ALL:
    attack("hypercall", f"link information, item {_item:#x}", HYPERCALL, EINVAL, 0x4200, 0, _item)
attack(
    "hypercall",
    "from EL0",
    "adr x2, 1f; add x2, x2, x1; msr elr_el1, x2; msr spsr_el1, xzr; isb; eret; 1: > hvc #0x4a48",
    UNDEFINED,
    4,
    2 << 39,
)
attack(
    "SMC",
    "from EL0",
    "adr x2, 1f; add x2, x2, x1; msr elr_el1, x2; msr spsr_el1, xzr; isb; eret; 1: > smc #0",
    UNDEFINED,
    0x84000008,
    2 << 39,
)

# Fast and yielding, 32 and 64 bits, of every owner; first, middle and last function
for _owner, _name in {
    0: "architecture",
    1: "CPU",
    2: "SiP",
    3: "OEM",
    5: "hypervisor",
    6: "vendor hypervisor",
    7: "reserved",
    48: "trusted application",
    50: "trusted OS",
    63: "last trusted OS",
}.items():
    for _kind, _base in {
        "fast, 32 bits": 0x80000000,
        "fast, 64 bits": 0xC0000000,
        "yielding, 32 bits": 0,
        "yielding, 64 bits": 0x40000000,
    }.items():
        attack(
            "SMC",
            f"{_name}, {_kind}",
            "smc #0",
            NOT_SUPPORTED,
            _base | _owner << 24 | (0x1234 if _owner == 0 else 0),
            HYPERVISOR,
            ALL,
            ALL,
        )
        attack(
            "SMC",
            f"last of {_name}, {_kind}",
            "smc #0",
            NOT_SUPPORTED,
            _base | _owner << 24 | 0xFFFF,
            HYPERVISOR,
            ALL,
            ALL,
        )
for _function in 0x04000000, 0x44000008, 0x04000003:
    attack("SMC", f"yielding standard service {_function:#x}", "smc #0", NOT_SUPPORTED, _function, 2, 0, 0)
attack("SMC", "immediate 0xffff", "smc #0xffff", NOT_SUPPORTED, 0x82000000)
attack("SMC", "SOC_ID", "smc #0", NOT_SUPPORTED, 0x80000002, 0)
attack("SMC", "random numbers", "smc #0", NOT_SUPPORTED, 0x84000053, 64)
attack("SMC", "SDEI", "smc #0", NOT_SUPPORTED, 0xC4000020, 0)
attack("SMC", "FF-A version", "smc #0", NOT_SUPPORTED, 0x84000063, 0x10001)
attack("SMC", "MM communicate", "smc #0", NOT_SUPPORTED, 0xC4000041, 0, HYPERVISOR, 4096)

for _name, _function in {
    "SYSTEM_OFF": 0x84000008,
    "SYSTEM_RESET": 0x84000009,
    "SYSTEM_RESET2": 0x84000012,
    "SYSTEM_RESET2, 64 bits": 0xC4000012,
    "MIGRATE": 0x84000005,
    "MIGRATE, 64 bits": 0xC4000005,
    "MIGRATE_INFO_TYPE": 0x84000006,
    "MIGRATE_INFO_UP_CPU": 0x84000007,
    "CPU_FREEZE": 0x8400000B,
    "CPU_DEFAULT_SUSPEND": 0x8400000C,
    "NODE_HW_STATE": 0x8400000D,
    "SYSTEM_SUSPEND": 0x8400000E,
    "SYSTEM_SUSPEND, 64 bits": 0xC400000E,
    "SET_SUSPEND_MODE": 0x8400000F,
    "STAT_RESIDENCY": 0x84000010,
    "STAT_COUNT": 0x84000011,
    "MEM_PROTECT": 0x84000013,
    "MEM_PROTECT_CHECK_RANGE": 0x84000014,
    "SYSTEM_OFF2": 0x84000015,
}.items():
    attack("PSCI", _name, "smc #0", NOT_SUPPORTED, _function, 1, 0, 0)
for _name, _target in {
    "CPU of the root cell": 0,
    "CPU of c": 2,
    "CPU of d": 3,
    "CPU that is not there": 4,
    "other cluster": 0x101,
    "Aff3": 1 << 32 | 1,
    "MPIDR as it is read": 0x80000001,
    "stray bit": 1 << 24 | 1,
    "all ones": ALL,
    "CPU number 63": 63,
}.items():
    for _entry in 0, HYPERVISOR, ALL:
        attack("PSCI", f"CPU_ON of {_name}, entry {_entry:#x}", "smc #0", DENIED, 0xC4000003, _target, _entry, ALL)
    attack("PSCI", f"AFFINITY_INFO of {_name}", "smc #0", DENIED, 0xC4000004, _target, 0)
for _target in 0, 2, 3, 4, ALL - 1:
    attack(
        "PSCI", f"CPU_ON, 32 bits, of {_target & 0xffffffff:#x}", "smc #0", DENIED, 0x84000003, _target, HYPERVISOR, 0
    )
for _entry in 0, 1, HYPERVISOR, ALL:
    attack("PSCI", f"CPU_ON of itself, entry {_entry:#x}", "smc #0", ALREADY_ON, 0xC4000003, 1, _entry, 0)
for _function in 0, 0x84000008, 0x84000009, 0x8400000E, 0x84000012, 0xC4000FFF, 0x82000000, ALL:
    attack("PSCI", f"FEATURES of {_function:#x}", "smc #0", NOT_SUPPORTED, 0x8400000A, _function)
attack("PSCI", "CPU_OFF", "smc #0", OFF, 0x84000002)
attack("PSCI", "CPU_OFF with nonsense", "smc #0", OFF, 0x84000002 | ALL << 32, ALL, ALL, ALL)
attack(
    "PSCI",
    "CPU_SUSPEND for ever",
    "1: mov w0, #0x1; movk w0, #0xc400, lsl #16; mov x1, #-1; mov x2, x4; mov x3, #-1; smc #0; b 1b",
    ENDLESS,
)
attack(
    "PSCI",
    "CPU_SUSPEND to the hypervisor",
    "1: mov w0, #0x1; movk w0, #0x8400, lsl #16; mov x1, #1 << 16; mov x2, x4; smc #0; b 1b",
    ENDLESS,
    0,
    0,
    0,
    0,
    HYPERVISOR,
)
attack("endless", "SMC", "1: mov w0, #0x82000000; smc #0; b 1b", ENDLESS)
attack("endless", "HVC", "1: mov x0, #5; mov x1, #4; hvc #0x4a48; b 1b", ENDLESS)
attack("endless", "unknown hypercalls", "1: mov x0, #-1; hvc #0x4a48; b 1b", ENDLESS)
attack(
    "endless",
    "AFFINITY_INFO",
    "1: mov w0, #4; movk w0, #0xc400, lsl #16; mov x1, #1; mov x2, #0; smc #0; b 1b",
    ENDLESS,
)
