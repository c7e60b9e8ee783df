# SPDX-License-Identifier: BSD-2-Clause
"""SGIs between CPUs of a cell, and calls that the entry code answers: who gets what, and that nothing else of the CPU changes.
What is expected is what the manuals say (IHI 0069, ICC_SGI1R_EL1), so it is the same with fast paths and without.
"""
import itertools
import random
import struct
import time

import pytest

from attacker import GICD, GICR, GICR_STEP, OPEN, RAM_PHYS, RING, TIMEOUT, Lab, abi
from containment.model import OWN_INTID
from direct import ROOT_CELL, cell_text
from test_exits import Exits

ALL = (1 << 64) - 1
ENOSYS, NOT_SUPPORTED, PSCI_1_1 = ALL - 37, ALL, 0x10001
SENDER, RECEIVER = 1, 2				# CPUs, which are their Aff0; 0 is the root cell's, 3 another cell's
RESETS = 5000
STACK, SECOND_CODE = 0x10000, 0x3000
COUNTERS, GO = 0x20000, 0x20080			# of SGIs that CPU 2 has got, by INTID; it waits for a word that is not 0
SGI_FRAME = GICR + GICR_STEP * SENDER + 0x10000
PRIORITIES = SGI_FRAME + 0x400

CELLS = (ROOT_CELL + cell_text("a", [1, 2], "attacker", console="off", more="interrupts: [180]")
         + cell_text("c", [3], "ring-demo", "rounds=0x7fffffff"))
LINKS = f"  r: {{ peers: [a, c], output: 4 KiB, at: {RING:#x} }}\n"

def constant(register, value):
    return "; ".join(f"mov{'k' if n else 'z'} x{register}, #{value >> 16 * n & 0xffff:#x}, lsl #{16 * n}" for n in range(4))


SGI1R, IAR, EOIR, PMR = "s3_0_c12_c11_5", "s3_0_c12_c12_0", "s3_0_c12_c12_1", "s3_0_c4_c6_0"
# x0: which interrupts, one bit each, 63 for all above; x1: how many
DRAIN = (f"mov x0, #0; mov x1, #0; 8: mrs x9, {IAR}; cmp x9, #1020; b.hs 9f; msr {EOIR}, x9; isb; cmp x9, #63; "
         "mov x10, #63; csel x9, x9, x10, lo; mov x10, #1; lsl x10, x10, x9; orr x0, x0, x10; add x1, x1, #1; b 8b; 9: nop")
SEND = OPEN + f"msr {SGI1R}, x0; isb; " + DRAIN
TWICE = OPEN + f"msr {SGI1R}, x0; msr {SGI1R}, x0; isb; " + DRAIN
ONLY_SEND = f"msr {SGI1R}, x0; isb"
# x0: without INTID; x1: how often each
EVERY = (f"4: mov x2, #0; 5: bfi x0, x2, #24, #4; msr {SGI1R}, x0; add x2, x2, #1; cmp x2, #16; b.ne 5b; "
         "subs x1, x1, #1; b.ne 4b; isb; ")
SEND_EVERY = OPEN + EVERY + DRAIN
# INTIDs that are taken, 16 bits each: it comes again while it is active, and twice; before its end, behind that, once more
ACTIVE = (OPEN + f"msr {SGI1R}, x0; isb; mrs x2, {IAR}; msr {SGI1R}, x0; msr {SGI1R}, x0; isb; mrs x3, {IAR}; "
          f"msr {EOIR}, x2; isb; mrs x4, {IAR}; msr {EOIR}, x4; isb; mrs x5, {IAR}; "
          "bfi x2, x3, #16, #16; bfi x2, x4, #32, #16; bfi x2, x5, #48, #16; mov x0, x2")
# x0, x1: two SGIs; which comes first
ORDER = (OPEN + f"msr {SGI1R}, x0; msr {SGI1R}, x1; isb; mrs x2, {IAR}; msr {EOIR}, x2; isb; mrs x3, {IAR}; msr {EOIR}, x3; isb; "
         "bfi x2, x3, #16, #16; mov x0, x2")
# x1: priority mask
MASKED = (OPEN + f"msr {PMR}, x1; msr {SGI1R}, x0; isb; mrs x2, {IAR}; mov x9, #0xff; msr {PMR}, x9; isb; mrs x3, {IAR}; "
          f"msr {EOIR}, x3; isb; bfi x2, x3, #16, #16; mov x0, x2")
# x2, x3: where an SPI is made pending, and how. It is in front of the SGIs, or behind them
BESIDE = OPEN + "str w3, [x2]; isb; " + EVERY + DRAIN
BEHIND = OPEN + "mov x5, x2; " + EVERY + "str w3, [x5]; isb; nop; nop; " + DRAIN
COUNT = (OPEN + f"{constant(10, COUNTERS)}; {constant(11, GO)}; 1: ldr w9, [x11]; cbz w9, 1b; "
         f"2: mrs x9, {IAR}; cmp x9, #16; b.hs 2b; dsb sy; ldr w12, [x10, x9, lsl #2]; add w12, w12, #1; "
         f"str w12, [x10, x9, lsl #2]; dsb sy; msr {EOIR}, x9; isb; b 2b")
ZEROS = f"1: msr {SGI1R}, xzr; subs x0, x0, #1; b.ne 1b; isb; " + DRAIN
SWITCH_ON = "mov x2, x1; mov x1, x0; movz x0, #3; movk x0, #0xc400, lsl #16; smc #0"
STORE, STORE_BYTE = "str w1, [x0]", "strb w1, [x0]"
# CPU 2 is switched on x1 times, and goes off by itself; meanwhile, stores to where x0 points. x0: how often it came, x2 attempts
BESIDE_RESETS = ("mov x10, x0; mov x12, x1; mov x14, x2; mov x13, #0; 1: movz x0, #3; movk x0, #0xc400, lsl #16; mov x1, #2; adr x2, 8f; "
                 "mov x3, #0; smc #0; cmp x0, #0; cinc x13, x13, eq; mov x11, #20; mov w9, #0xa0a0; 2: str w9, [x10]; "
                 "subs x11, x11, #1; b.ne 2b; cmp x13, x12; b.eq 3f; subs x14, x14, #1; b.ne 1b; 3: mov x0, x13; b 9f; "
                 "8: movz x0, #2; movk x0, #0x8400, lsl #16; smc #0; b 8b; 9: nop")
STORE_LONG = "str x1, [x0]"


def pattern(n):
    return 0xa5a5_0000_8080_0000 | (0x100 + n) << 32 | 0x55 << 8 | n


def with_all_registers(instruction, values):
    """All registers have values, the flags, too; and all are stored behind the instruction, on the stack."""
    fill = "; ".join(constant(n, values.get(n, pattern(n))) for n in range(31))
    store = "; ".join(f"stp x{n}, x{n + 1}, [sp, #{8 * n}]" for n in range(0, 30, 2))
    return (f"str x30, [sp, #-16]!; movz x0, #0xa000, lsl #16; msr nzcv, x0; {fill}; {instruction}; sub sp, sp, #256; {store}; "
            "str x30, [sp, #240]; mrs x0, nzcv; str x0, [sp, #248]; mrs x0, daif; add sp, sp, #256; ldr x30, [sp], #16")


def list_of(*cpus):
    return sum(1 << cpu for cpu in cpus)


SELF = list_of(SENDER)
SGI_OF_REGISTER = {n: 2 + n % 14 for n in range(31)}
BY_REGISTER = {n: with_all_registers(f"msr {SGI1R}, x{n}", {n: SGI_OF_REGISTER[n] << 24 | SELF}) for n in range(31)}
OPEN_ONLY, TAKE = OPEN + "nop", DRAIN
UNKNOWN = [9, 10, 0x41ff, 0x4206, 0x42ff, 0x7fffffff, 1 << 31, 1 << 32 | 5, 1 << 32 | 0x4204, 1 << 63, 1 << 63 | 0x4200, ALL]
# What is called, x0, and what it returns
CALLS = [("hvc #0x4a48", code, ENOSYS) for code in UNKNOWN] + [
    ("hvc #0x4a49", 99, NOT_SUPPORTED), ("hvc #0", 99, NOT_SUPPORTED), ("hvc #0xffff", 99, NOT_SUPPORTED), ("hvc #0x4a48", 1, ALL),
    ("hvc #0x4a48", 5, ALL - 21), ("smc #0", 0x84000000, PSCI_1_1), ("smc #0", 0x80000000, PSCI_1_1), ("smc #1", 99, NOT_SUPPORTED)]
CALL_CODES = {(call, code): with_all_registers(call, {0: code}) for call, code, _ in CALLS}
# From EL1 with SP_EL0, and with exceptions open
CALLERS = {"SP_EL0": "mov x3, sp; msr spsel, #0; mov sp, x3; hvc #0x4a48; mrs x1, spsel; msr spsel, #1",
           "unmasked": "msr daifclr, #0xd; hvc #0x4a48; mrs x1, daif; msr daifset, #0xf",
           "masked": "hvc #0x4a48; mrs x1, daif"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    codes = [SEND, TWICE, ONLY_SEND, SEND_EVERY, EVERY + "nop", ACTIVE, ORDER, MASKED, ZEROS, BESIDE, BEHIND, COUNT, SWITCH_ON,
             BESIDE_RESETS, STORE, STORE_BYTE, STORE_LONG, OPEN_ONLY, TAKE, *BY_REGISTER.values(), *CALL_CODES.values(),
             *CALLERS.values()]
    lab = Lab(tmp_path_factory.mktemp("sgi"), list(dict.fromkeys(codes)), CELLS, LINKS)
    yield lab
    lab.close()


@pytest.fixture
def ready(lab):
    lab.restart()
    lab.do(OPEN_ONLY)		# kicks that came late for the start are over
    return lab


def registers(lab):
    """What the code stored: x0 to x30, flags"""
    return struct.unpack("<32Q", lab.read(RAM_PHYS + STACK - 16 - 256, 256))


# --- who gets it

def receivers(value):
    """CPUs of the cell: IHI 0069, ICC_SGI1R_EL1"""
    if value >> 40 & 1:
        return {RECEIVER}
    if value >> 48 & 0xff or value >> 44 & 0xf or value >> 32 & 0xff or value >> 16 & 0xff:
        return set()
    return {cpu for cpu in (SENDER, RECEIVER) if value >> cpu & 1}


def values():
    """Lists and all other fields, one by one and at random; the bits that mean nothing are set as they come."""
    junk = 0xff00_0e00_f000_0000
    lists = [0, *(list_of(cpu) for cpu in range(4)), list_of(1, 2), list_of(0, 1, 2, 3), 0xffff, 0x8000, 0xfff9]
    fields = [0, 1 << 16, 0x80 << 16, 1 << 32, 0x80 << 32, 1 << 44, 8 << 44, 1 << 48, 0x80 << 48]
    found = [targets | field | 5 << 24 for targets, field in itertools.product(lists[1:8], fields)]
    found += [targets | 1 << 40 | field for targets in (0, 2, 4, 0xffff) for field in fields]
    found += [list_of(1, 2) | intid << 24 for intid in range(16)]
    chance = random.Random(1)
    for _ in range(60):
        value = chance.choice(lists) | chance.randrange(16) << 24 | chance.getrandbits(64) & junk
        for field in chance.choices(fields, k=chance.choice((0, 0, 1, 2))):
            value |= field
        found.append(value | (1 << 40) * (chance.random() < 0.2))
    return found


class Second:
    """CPU 2: counts what it gets."""

    def __init__(self, lab, waits=False):
        self.lab = lab
        lab.machine.memory.write(RAM_PHYS + COUNTERS, bytes(64))
        lab.machine.memory.write(RAM_PHYS + GO, struct.pack("<I", not waits))
        lab.machine.memory.write(RAM_PHYS + SECOND_CODE, lab.codes[COUNT])
        assert lab.do(SWITCH_ON, RECEIVER, SECOND_CODE) == 0
        lab.machine.runs_guests_on([0, 1, 2, 3])

    def go_on(self):
        self.lab.machine.memory.write(RAM_PHYS + GO, struct.pack("<I", 1))

    def counts(self):
        return struct.unpack("<16I", self.lab.read(RAM_PHYS + COUNTERS, 64))

    def wait(self, expected):
        end = time.monotonic() + TIMEOUT
        while self.counts() != tuple(expected) and time.monotonic() < end:
            pass
        assert self.counts() == tuple(expected)


def kicks(lab, cpu):
    ask = lab.machine.hypercall
    return [ask(abi.HC_CPU_EXITS, cpu, cause)
            for cause in (abi.CPU_EXIT_KICK_SGI, abi.CPU_EXIT_KICK_REQUEST, abi.CPU_EXIT_KICK_LATE)]


def test_receivers(ready):
    """Each value: those get it whom the manual says, once; nobody else has an exit for it."""
    second = Second(ready)
    expected, times = [0] * 16, 0
    others = [kicks(ready, cpu) for cpu in (0, 3)]
    exits = Exits(ready, SENDER, RECEIVER)
    for value in values():
        intid, who = value >> 24 & 0xf, receivers(value)
        ready.request(SEND, [value])
        answer = ready.wait_answer()
        assert (answer.cause, *answer.x[:2]) == ((0, 1 << intid, 1) if SENDER in who else (0, 0, 0)), hex(value)
        times += 1
        if RECEIVER in who:
            expected[intid] += 1
        second.wait(expected)
    assert all(expected)
    exits.wait(RECEIVER, {"kick_sgi": sum(expected)})
    assert exits.since(SENDER) == {"sgi": times}
    assert [kicks(ready, cpu) for cpu in (0, 3)] == others


def test_zero_register(ready):
    """Its place in the frame has another value, which changes with each exit."""
    second = Second(ready)
    exits = Exits(ready, SENDER, RECEIVER)
    assert ready.do(ZEROS, 300) == 0
    assert exits.since(SENDER) == {"sgi": 300} and exits.since(RECEIVER) == {}
    assert second.counts() == (0,) * 16


@pytest.mark.parametrize("rounds", [1, 2, 7])
def test_more_than_list_registers(ready, rounds):
    """What is pending already is one; each of 16 is taken once, at the sender and at another CPU."""
    second = Second(ready, waits=True)
    assert ready.do(SEND_EVERY, SELF, rounds) == 0xffff
    assert ready.answer().x[1] == 16
    ready.do(EVERY + "nop", list_of(RECEIVER), rounds)
    assert second.counts() == (0,) * 16
    second.go_on()
    second.wait([1] * 16)
    ready.do(ONLY_SEND, 3 << 24 | list_of(RECEIVER))
    second.wait([1, 1, 1, 2] + [1] * 12)


@pytest.mark.parametrize("intid", range(16))
def test_pending_and_active(ready, intid):
    assert ready.do(TWICE, intid << 24 | SELF) == 1 << intid and ready.answer().x[1] == 1
    # taken; it is active, so not again; ended, and then once more
    assert ready.do(ACTIVE, intid << 24 | SELF) == intid | 1023 << 16 | intid << 32 | 1023 << 48


@pytest.mark.parametrize("intid", [2, 9, 15])
def test_priority(ready, intid):
    other = 5
    ready.do(STORE_BYTE, PRIORITIES + intid, 0x20)
    ready.do(STORE_BYTE, PRIORITIES + other, 0xf0)
    assert ready.do(ORDER, other << 24 | SELF, intid << 24 | SELF) == intid | other << 16
    assert ready.do(ORDER, intid << 24 | SELF, other << 24 | SELF) == intid | other << 16
    ready.do(STORE_BYTE, PRIORITIES + intid, 0xf0)
    ready.do(STORE_BYTE, PRIORITIES + other, 0x20)
    assert ready.do(ORDER, intid << 24 | SELF, other << 24 | SELF) == other | intid << 16
    assert ready.do(MASKED, intid << 24 | SELF, 0xe0) == 1023 | intid << 16
    assert ready.do(MASKED, other << 24 | SELF, 0xe0) & 0xffff == other


@pytest.mark.parametrize("code", [BESIDE, BEHIND], ids=["SPI first", "SPI last"])
def test_beside_an_interrupt(ready, code):
    """An interrupt of the hardware that has a list register, or waits for one while SGIs have all of them."""
    word, bit = OWN_INTID // 32 * 4, 1 << OWN_INTID % 32
    ready.do(STORE_LONG, GICD + 0x6000 + 8 * OWN_INTID, SENDER)
    ready.do(STORE, GICD + 0x80 + word, bit)
    ready.do(STORE, GICD + 0x100 + word, bit)
    for _ in range(3):
        assert ready.do(code, SELF, 1, GICD + 0x200 + word, bit) == 0xffff | 1 << 63
        assert ready.answer().x[1] == 17


def test_kick_stays_urgent(ready):
    """Whatever a sibling writes beside it while the CPU is reset. CPUs that wait in the hypervisor hear nothing less urgent."""
    priorities = GICR + GICR_STEP * RECEIVER + 0x10400
    resets = ready.do(BESIDE_RESETS, priorities, RESETS, 60 * RESETS)
    assert not ready.word(priorities) & 0xffff, f"after {resets} resets"
    assert resets == RESETS


def test_manager_needs_no_kick(ready):
    """That of a CPU that is off is made less urgent, past the hypervisor, as no guest can: it is woken in another way."""
    priorities = GICR + GICR_STEP * RECEIVER + 0x10400
    before = ready.word(priorities)
    ready.machine.memory.write(priorities, struct.pack("<I", before | 0xa0))
    ready.restart()
    assert ready.word(priorities) == before | 0xa0
    ready.machine.memory.write(priorities, struct.pack("<I", before))
    assert not [line for line in ready.said() if "PANIC" in line]


# --- what is kept

def test_every_register_sends(ready):
    """Each register as the one of MSR; all keep their values, and so do the flags."""
    for n in range(31):
        ready.do(OPEN_ONLY)
        ready.do(BY_REGISTER[n])
        *found, flags = registers(ready)
        expected = [pattern(i) for i in range(31)]
        expected[n] = SGI_OF_REGISTER[n] << 24 | SELF
        assert [hex(value) for value in found] == [hex(value) for value in expected], f"x{n}"
        assert flags == 0xa0000000
        assert ready.do(TAKE) == 1 << SGI_OF_REGISTER[n] and ready.answer().x[1] == 1


@pytest.mark.parametrize("call, code, result", CALLS, ids=[f"{call} {code:#x}" for call, code, _ in CALLS])
def test_calls_keep_registers(ready, call, code, result):
    exits = Exits(ready, SENDER)
    ready.do(CALL_CODES[call, code])
    *found, flags = registers(ready)
    first = 4 if call.startswith("smc") else 1		# SMCCC: x1 to x3 may be results
    assert found[0] == result
    assert [hex(value) for value in found[first:]] == [hex(pattern(n)) for n in range(first, 31)]
    assert flags == 0xa0000000
    assert sum(exits.since(SENDER).values()) == 1


@pytest.mark.parametrize("state", CALLERS)
def test_state_of_caller(ready, state):
    assert ready.do(CALLERS[state], 0x7fffffff) == ENOSYS
    found = ready.answer().x[1]
    assert found == {"SP_EL0": 0, "unmasked": 0x80, "masked": 0x3c0}[state]
