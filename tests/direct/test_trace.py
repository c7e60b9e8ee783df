# SPDX-License-Identifier: BSD-2-Clause
"""The trace of exits: what known traps of a cell leave in the ring of its CPU, what an event costs, and a build without."""
import contextlib
import ctypes
import itertools
import re
import struct
import subprocess
import time

import pytest

from attacker import CODE, ECAM, GICD, OPEN, TIMEOUT, Lab, abi
from containment.model import OWN_INTID
from direct import HYPERVISOR, NO_TRACE, ROOT_CELL, board_with_cpus, cell_text, system_text
from root_cell import RootCell

ENOSYS, ENOENT, EINVAL = 38, 2, 22
HVC, SMC, SYSREG, FETCH, DATA = 0x16, 0x17, 0x18, 0x20, 0x24
IL, ISV, TRANSLATION = 1 << 25, 1 << 24, 4
KICK = 0
IRQ, START, CELL = (kind << 56 for kind in (abi.BH_TRACE_IRQ, abi.BH_TRACE_START, abi.BH_TRACE_CELL))
ROOT_CPU, CPU_OF_A, ID_OF_A = 0, 1, 1
NOTHING = 0x70000000

HYPERCALL, PSCI = "hvc #0x4a48", "smc #0"
READ, WRITE_BYTE, WRITE_PAIR = "ldr w1, [x0]", "strb w1, [x0]", "stp x0, x1, [x2]"
ACTLR = "msr actlr_el1, x1"
JUMP = "br x0"
COUNT_DOWN = "mov x9, x0; 1: mov x0, #5; mov x1, x9; hvc #0x4a48; subs x9, x9, #1; b.ne 1b"
# it is delivered as soon as it is pending, and not acknowledged by the cell
INTERRUPT = "str w1, [x0]; isb; nop"


def syndrome(kind, iss=0):
    return kind << 26 | IL | iss


def aborted(write, size, register):
    """What a data abort of one register says: a translation fault, see cause_of()."""
    return syndrome(DATA, ISV | size << 22 | register << 16 | write << 6 | TRANSLATION)


def cause_of(event):
    """Translation faults at any level are one."""
    is_fault = event.cause >> 26 in (DATA, FETCH) and event.cause >> 2 & 0xf == 1
    return event.cause & ~3 if is_fault else event.cause


def name_of(event):
    return struct.pack("<4Q", event.pc, event.address, event.x0, event.x1).rstrip(b"\0").decode()


@pytest.fixture
def lab(tmp_path, request):
    lab = Lab(tmp_path, [HYPERCALL, PSCI, READ, WRITE_BYTE, WRITE_PAIR, ACTLR, JUMP, COUNT_DOWN, INTERRUPT])
    request.node.bench = lab
    lab.machines = [lab.machine]
    yield lab
    lab.close()


def position_of(lab, cpu):
    return lab.machine.hypercall(abi.HC_TRACE, cpu, 0)


def test_known_traps(lab):
    lab.restart()
    assert lab.do(HYPERCALL, 6, 0)			# refused: it is not the root cell
    before = position_of(lab, CPU_OF_A)
    lab.do(HYPERCALL, 5, 4)
    lab.do(PSCI, 0x84000000, 17)
    lab.do(READ, ECAM, 18)
    lab.do(WRITE_BYTE, GICD + 0x400 + OWN_INTID, 0x80)
    lab.do(WRITE_PAIR, 1, 2, ECAM)
    lab.do(ACTLR, 20, 21)
    lab.request(JUMP, [NOTHING, 22])
    lab.wait_said('^cell "a" failed$')
    header, events = lab.root.trace(CPU_OF_A, before)
    found = [(cause_of(event), event.pc, event.x0, event.x1) for event in events]
    assert [hex(cause) for cause, *_ in found] == [hex(cause) for cause in (
        syndrome(HVC, 0x4a48), syndrome(SMC), aborted(False, 2, 1), aborted(True, 0, 1), syndrome(DATA, 1 << 6 | TRANSLATION),
        # DDI 0487, ISS of EC 18h: op0 3, op1 0, CRn 1, CRm 0, op2 1, Rt 1, write
        syndrome(SYSREG, 3 << 20 | 1 << 17 | 1 << 10 | 1 << 5), syndrome(FETCH, TRANSLATION))]
    assert [pc for _, pc, *_ in found] == [CODE + 4, CODE, CODE, CODE, CODE, CODE, NOTHING]
    assert [x for _, _, *x in found] == [[5, 4], [0x84000000, 17], [ECAM, 18], [GICD + 0x400 + OWN_INTID, 0x80], [1, 2],
                                        [20, 21], [NOTHING, 22]]
    assert [event.address for event in events if event.cause >> 26 & 0x3f in (DATA, FETCH)] == [
        ECAM, GICD + 0x400 + OWN_INTID, ECAM, NOTHING]
    ticks = [event.ticks for event in events]
    assert ticks == sorted(ticks) and ticks[-1] <= header.now_high << 32 | header.now_low
    assert (header.cell, header.name, header.ticks_per_second) == (ID_OF_A, b"a", 62500000)
    # the one that failed is not there any more, and the CPU waits: nothing is added
    assert position_of(lab, CPU_OF_A) == header.position == before + len(events)


def test_interrupts(lab):
    """Those of the cell with their numbers; and a start, which begins with a kick."""
    lab.restart()
    bit, word = 1 << OWN_INTID % 32, OWN_INTID // 32 * 4
    lab.do(INTERRUPT, GICD + 0x100 + word, bit)
    before = position_of(lab, CPU_OF_A)
    lab.do(INTERRUPT, GICD + 0x200 + word, bit)
    pending, delivered = lab.root.trace(CPU_OF_A, before)[1]
    assert (cause_of(pending), pending.pc) == (aborted(True, 2, 1), CODE)
    assert (delivered.cause, delivered.address) == (IRQ, OWN_INTID)
    assert delivered.pc in (CODE + 4, CODE + 8)
    before = position_of(lab, CPU_OF_A)
    lab.restart()
    assert lab.do(HYPERCALL, 5, 4)
    events = lab.root.trace(CPU_OF_A, before)[1]
    # the kick that parks it; the start, before and after which others may come, of the waits that end
    first, *others, call = events
    start, = (event for event in others if event.cause != IRQ)
    assert {(event.cause, event.address) for event in [first, *others] if event != start} == {(IRQ, KICK)}
    assert (start.cause, start.pc, start.x0) == (START, 0, 0)
    assert (call.cause, call.pc) == (syndrome(HVC, 0x4a48), CODE + 4)


@pytest.mark.parametrize("calls", [abi.BH_TRACE_KEPT, abi.BH_TRACE_SLOTS, 3 * abi.BH_TRACE_SLOTS + 5, 5000])
def test_wrap_around(lab, calls):
    lab.restart()
    assert lab.do(HYPERCALL, 5, 4)		# kicks that came late for the start are over
    before = position_of(lab, CPU_OF_A)
    lab.do(COUNT_DOWN, calls)
    header, events = lab.root.trace(CPU_OF_A)
    assert header.position == before + calls
    assert [(event.cause, event.pc, event.x0) for event in events] == \
        [(syndrome(HVC, 0x4a48), CODE + 16, 5)] * abi.BH_TRACE_KEPT
    assert [event.x1 for event in events] == list(range(abi.BH_TRACE_KEPT, 0, -1))


def test_a_cpu_changes_its_cell(lab):
    lab.restart()
    lab.do(HYPERCALL, 5, 4)
    before = position_of(lab, CPU_OF_A)
    assert lab.root.destroy("a") == 0
    header, events = lab.root.trace(CPU_OF_A, before)
    assert (header.cell, header.name) == (0, b"root")
    assert (events[-1].cause, name_of(events[-1])) == (CELL | ID_OF_A, "a")
    before = header.position
    assert lab.root.create("a") == 0
    header, events = lab.root.trace(CPU_OF_A, before)
    assert (header.cell, header.name) == (ID_OF_A, b"a")
    assert [(event.cause, name_of(event)) for event in events] == [(CELL, "root")]


def test_questions_leave_no_event(lab):
    """The root cell's CPU traces itself: its other hypercalls are there, in their order, and nothing else."""
    before = position_of(lab, ROOT_CPU)
    for n in range(20):
        assert lab.root.num_cells() == 4
        assert lab.machine.hypercall(abi.HC_TRACE, n, 0) >= 0 or n > 3
    assert lab.machine.hypercall(abi.HC_TRACE, 4) == -ENOENT
    assert lab.machine.hypercall(abi.HC_TRACE, ROOT_CPU, abi.BH_TRACE_PIECES) == -EINVAL
    events = lab.root.trace(ROOT_CPU, before)[1]
    assert [(event.cause, event.x0, event.x1) for event in events] == \
        [(syndrome(HVC, 0x4a48), abi.HC_HYPERVISOR_INFO, abi.HV_INFO_NUM_CELLS)] * 20
    assert position_of(lab, ROOT_CPU) == before + 20


# --- cost

SPI, SPI_INTID = 40, 72
BIT, WORD = 1 << SPI_INTID % 32, SPI_INTID // 32 * 4
# and taken by the cell, with interrupts masked
ENABLE = (OPEN + INTERRUPT, GICD + 0x100 + WORD, BIT)
TAKE = "mrs x9, s3_0_c12_c12_0; msr s3_0_c12_c12_1, x9; isb"
OPERATIONS = {
    "hypercall": (HYPERCALL, 5, 4),
    "SMC": (PSCI, 0x84000000),
    "system register": (ACTLR,),
    "access to the interrupt controller": (READ, GICD),
    # two exits: the access, and the interrupt
    "interrupt": (INTERRUPT + "; nop" * 8 + "; " + TAKE, GICD + 0x200 + WORD, BIT),
}
EXITS = {"interrupt": 2}
TIMES = 4		# the first one may be what the others are remembered by
# The CPU's event counter of retired instructions, which counts the hypervisor's, too (DDI 0487, PMEVTYPER, NSH)
COUNTED = ("mov x9, #8; movk x9, #0x800, lsl #16; msr pmevtyper0_el0, x9; mov x9, #1; msr pmcntenset_el0, x9; "
           "msr pmcr_el0, x9; isb; mrs x10, pmevcntr0_el0; {}; mrs x11, pmevcntr0_el0; sub x0, x11, x10")
NOPS = COUNTED.format("; ".join(["nop"] * 8))


class OneCell(Lab):
    """Nobody is there but the attacker: on one CPU, whose time is its instructions."""

    def __init__(self, directory, codes, hypervisor):
        directory.mkdir()
        (directory / "other.yaml").write_text(board_with_cpus(1), encoding="utf-8")
        super().__init__(directory, codes, cell_text("a", [0], "attacker", console="off", more=f"interrupts: [{SPI}]"), "",
                         "other", hypervisor, cpus=1, extra=["-icount", "shift=0,sleep=off"])

    def wait_answer(self):
        end = time.monotonic() + TIMEOUT
        while not (answer := self.answer()):
            assert time.monotonic() < end, "no answer"
        return answer


def instructions(directory, hypervisor):
    """Of each operation each time, the hypervisor's included."""
    codes = {name: COUNTED.format(operation[0]) for name, operation in OPERATIONS.items()}
    with contextlib.closing(OneCell(directory, [NOPS, ENABLE[0], *codes.values()], hypervisor)) as lab:
        lab.do(*ENABLE)
        assert lab.do(NOPS) == 9		# and the one that reads the counter
        return {(name, n): lab.do(codes[name], *operation[1:]) for name, operation in OPERATIONS.items() for n in range(TIMES)}


def test_cost_of_an_event(tmp_path):
    """Less than ten instructions, of each kind of exit: the difference between two hypervisors in the same operations."""
    without = instructions(tmp_path / "without", NO_TRACE / "jailhouse.bin")
    with_trace = instructions(tmp_path / "with", HYPERVISOR)
    both = {case: (with_trace[case], without[case]) for case in without}
    print("instructions with trace, without:", both)
    assert all(0 < more - less < 10 * EXITS.get(name, 1) for (name, _), (more, less) in both.items()), both
    assert all(both[name, n] == both[name, 1] for name, n in both if n), both
    assert all(both["interrupt", 0][n] > both["interrupt", 1][n] for n in range(2)), "each time the way through C"


# --- without

def test_built_without(bench):
    """The image has nothing of it, and does what it does otherwise."""
    symbols = subprocess.run(["aarch64-linux-gnu-nm", NO_TRACE / "hypervisor.elf"], capture_output=True, text=True,
                             check=True).stdout
    assert " trap_sync\n" in symbols and not re.findall(r".*trace.*", symbols, re.I)
    image = (NO_TRACE / "jailhouse.bin").read_bytes()
    header = abi.ImageHeader.from_buffer_copy(image)
    full = abi.ImageHeader.from_buffer_copy(HYPERVISOR.read_bytes())
    assert full.percpu_size - header.percpu_size == abi.BH_TRACE_SLOTS * ctypes.sizeof(abi.TraceEvent)

    path = bench.make(system_text(ROOT_CELL + cell_text("a", [1], "ring-demo") + cell_text("b", [2], "ring-demo"),
                                  "  r: { peers: [a, b], output: 4 KiB, at: 0x63100000 }\n"),
                      hypervisor=NO_TRACE / "jailhouse.bin")
    machine = bench.boot(path)
    machine.program_says("^ring: done$", count=2)
    root = RootCell(machine, bench.open(path))
    for cpu, piece in itertools.product((0, 1, 4, 1 << 32), (0, abi.BH_TRACE_PIECES)):
        assert machine.hypercall(abi.HC_TRACE, cpu, piece) == -ENOSYS
    assert root.destroy("a") == 0 and root.num_cells() == 2
