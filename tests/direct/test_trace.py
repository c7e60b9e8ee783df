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
from direct import HYPERVISOR, NO_FAST_PATH, NO_TRACE, ROOT_CELL, TRACE_ALL, board_with_cpus, cell_text, system_text
from root_cell import RootCell

ENOSYS, ENOENT, EINVAL = 38, 2, 22
HVC, SMC, SYSREG, FETCH, DATA = 0x16, 0x17, 0x18, 0x20, 0x24
IL, ISV, TRANSLATION = 1 << 25, 1 << 24, 4
KICK = 0
IRQ, START, CELL = (kind << 56 for kind in (abi.BH_TRACE_IRQ, abi.BH_TRACE_START, abi.BH_TRACE_CELL))
ROOT_CPU, CPU_OF_A, ID_OF_A = 0, 1, 1
NOTHING = 0x70000000
NO_SUCH_CODE = 1 << 63 | 5

HYPERCALL, PSCI = "hvc #0x4a48", "smc #0"
READ, WRITE_BYTE, WRITE_PAIR = "ldr w1, [x0]", "strb w1, [x0]", "stp x0, x1, [x2]"
ACTLR, SGI = "msr actlr_el1, x1", "msr s3_0_c12_c11_5, x2"
JUMP = "br x0"
COUNT_DOWN = "mov x9, x0; 1: mov x0, #5; mov x1, x9; hvc #0x4a48; subs x9, x9, #1; b.ne 1b"
# it is delivered as soon as it is pending, and not acknowledged by the cell
INTERRUPT = "str w1, [x0]; isb; nop"
# and taken, with interrupts masked, x2 times: two exits each, of which the second one can be repeated without C
INTERRUPTS = OPEN + ("1: str w1, [x0]; 2: mrs x9, s3_0_c12_c12_0; cmp w9, #1020; b.hs 2b; msr s3_0_c12_c12_1, x9; isb; "
                     "subs x2, x2, #1; b.ne 1b")
OWN_BIT, OWN_WORD = 1 << OWN_INTID % 32, OWN_INTID // 32 * 4


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
    lab = Lab(tmp_path, [HYPERCALL, PSCI, READ, WRITE_BYTE, WRITE_PAIR, ACTLR, SGI, JUMP, COUNT_DOWN, INTERRUPT, INTERRUPTS])
    request.node.bench = lab
    lab.machines = [lab.machine]
    yield lab
    lab.close()


def position_of(lab, cpu):
    return lab.machine.hypercall(abi.HC_TRACE, cpu, 0)


def test_known_traps(lab):
    lab.restart()
    assert lab.do(HYPERCALL, 6, 0)			# refused: it is not the root cell
    lab.do(WRITE_PAIR, 1, 2, ECAM)			# the first one is repeated if the CPU was stopped late, on a loaded host
    before = position_of(lab, CPU_OF_A)
    lab.do(HYPERCALL, 5, 4)
    lab.do(HYPERCALL, NO_SUCH_CODE, 16)
    lab.do(PSCI, 0x84000000, 17)
    lab.do(READ, ECAM, 18)
    lab.do(WRITE_BYTE, GICD + 0x400 + OWN_INTID, 0x80)
    lab.do(WRITE_PAIR, 1, 2, ECAM)
    lab.do(ACTLR, 20, 21)
    lab.do(SGI, 24, 25, 0)				# to nobody
    lab.request(JUMP, [NOTHING, 22])
    lab.wait_said('^cell "a" failed$')
    header, events = lab.root.trace(CPU_OF_A, before)
    found = [(cause_of(event), event.pc, event.x0, event.x1) for event in events]
    assert [hex(cause) for cause, *_ in found] == [hex(cause) for cause in (
        syndrome(HVC, 0x4a48), syndrome(HVC, 0x4a48), syndrome(SMC), aborted(False, 2, 1), aborted(True, 0, 1), syndrome(DATA, 1 << 6 | TRANSLATION),
        # DDI 0487, ISS of EC 18h: op0 3, op1 0, CRn 1, CRm 0, op2 1, Rt 1, write
        syndrome(SYSREG, 3 << 20 | 1 << 17 | 1 << 10 | 1 << 5),
        syndrome(SYSREG, 3 << 20 | 5 << 17 | 12 << 10 | 2 << 5 | 11 << 1), syndrome(FETCH, TRANSLATION))]
    assert [pc for _, pc, *_ in found] == [CODE + 4, CODE + 4, CODE, CODE, CODE, CODE, CODE, CODE, NOTHING]
    assert [x for _, _, *x in found] == [[5, 4], [NO_SUCH_CODE, 16], [0x84000000, 17], [ECAM, 18], [GICD + 0x400 + OWN_INTID, 0x80], [1, 2],
                                        [20, 21], [24, 25], [NOTHING, 22]]
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
    lab.do(INTERRUPT, GICD + 0x100 + OWN_WORD, OWN_BIT)
    before = position_of(lab, CPU_OF_A)
    lab.do(INTERRUPT, GICD + 0x200 + OWN_WORD, OWN_BIT)
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


# --- which exits

UNUSUAL, ALL, SET_MODE = abi.BH_TRACE_UNUSUAL, abi.BH_TRACE_ALL, abi.BH_TRACE_SET_MODE


def set_mode(lab, mode, cpus=(CPU_OF_A,)):
    for cpu in cpus:
        assert lab.machine.hypercall(abi.HC_TRACE, cpu, SET_MODE + mode) == 0


def mode_of(lab, cpu=CPU_OF_A):
    return lab.machine.hypercall(abi.HC_TRACE, cpu, abi.TraceHeader.mode.offset // 4)


def events_of(lab, interrupts):
    before = position_of(lab, CPU_OF_A)
    lab.do(INTERRUPTS, GICD + 0x200 + OWN_WORD, OWN_BIT, interrupts)
    return position_of(lab, CPU_OF_A) - before


def test_repeated_exits(lab):
    """They have no event, unless all are wanted; then they are like the first one. Each CPU has a mode."""
    assert mode_of(lab) == lab.root.trace(CPU_OF_A)[0].mode == UNUSUAL
    lab.restart()
    lab.do(INTERRUPT, GICD + 0x100 + OWN_WORD, OWN_BIT)
    assert [events_of(lab, n) for n in (1, 1, 20)] == [2, 1, 20]
    for _ in range(3):
        set_mode(lab, ALL)
        before = position_of(lab, CPU_OF_A)
        assert events_of(lab, 20) == 40
        header, events = lab.root.trace(CPU_OF_A, before)
        assert header.mode == ALL and [mode_of(lab, cpu) for cpu in range(4)] == [UNUSUAL, ALL, UNUSUAL, UNUSUAL]
        assert [(cause_of(event), event.address) for event in events] == [
            (aborted(True, 2, 1), GICD + 0x200 + OWN_WORD), (IRQ, OWN_INTID)] * 20
        set_mode(lab, ALL)
        assert events_of(lab, 20) == 40
        set_mode(lab, UNUSUAL)
        assert mode_of(lab) == UNUSUAL and [events_of(lab, n) for n in (20, 20)] == [21, 20]
        set_mode(lab, ALL, (0, 2, 3))
        assert mode_of(lab) == UNUSUAL and events_of(lab, 20) == 20
        set_mode(lab, UNUSUAL, (0, 2, 3))


def test_the_mode_is_the_cpus(lab):
    """It stays when the cell is started anew, and when another one gets the CPU; setting it leaves no event."""
    set_mode(lab, ALL)
    lab.restart()
    lab.do(INTERRUPT, GICD + 0x100 + OWN_WORD, OWN_BIT)
    assert events_of(lab, 10) == 20
    assert lab.root.destroy("a") == 0 and mode_of(lab) == ALL and lab.root.create("a") == 0
    assert lab.root.trace(CPU_OF_A)[0].mode == ALL
    before = position_of(lab, ROOT_CPU)
    set_mode(lab, ALL, (ROOT_CPU,))
    set_mode(lab, UNUSUAL, (ROOT_CPU,))
    assert position_of(lab, ROOT_CPU) == before


def test_wrong_modes(lab):
    for mode in (ALL, UNUSUAL):
        set_mode(lab, mode)
        for wrong in (ALL + 1, -1, 0x10000, (1 << 32) + ALL, (1 << 63) + ALL, (1 << 64) - SET_MODE - 1):
            assert lab.machine.hypercall(abi.HC_TRACE, CPU_OF_A, SET_MODE + wrong) == -EINVAL
        for cpu in (4, 63, 64, 1 << 31, 1 << 32, (1 << 64) - 1):
            assert lab.machine.hypercall(abi.HC_TRACE, cpu, SET_MODE + ALL - mode) == -ENOENT
        assert [mode_of(lab, cpu) for cpu in range(4)] == [UNUSUAL, mode, UNUSUAL, UNUSUAL]


WANTED = 2000


class Busy:
    """Exits and events of CPUs that go on meanwhile: at least, and at most, those between two counts."""

    def __init__(self, lab, cpus):
        def exits():
            total = abi.CPU_INFO_STAT_BASE + abi.CPU_STAT_TOTAL
            return [lab.machine.hypercall(abi.HC_CPU_INFO, cpu, total) for cpu in cpus]
        self.before, self.positions, self.after = exits(), [position_of(lab, cpu) for cpu in cpus], exits()

    def until(self, later):
        """For each CPU: events, and of exits the least and the most there can have been."""
        return [(later.positions[n] - self.positions[n], later.before[n] - self.after[n],
                 later.after[n] - self.before[n]) for n in range(len(self.positions))]


def exits_after(lab, cpus, begin, wanted):
    """Events and exits since then, when each CPU has had so many exits, and many more than while they are looked at: how long
    that takes is the host's business"""
    deadline = time.monotonic() + 120
    while True:
        found = begin.until(Busy(lab, cpus))
        if all(least > max(wanted, most * 3 // 4) for _, least, most in found) or time.monotonic() > deadline:
            return found


def test_switched_while_cpus_are_busy(lab):
    """Two cells ring each other all the time. Once the calls are back, each of their exits has its event."""
    cpus, rounds = (2, 3), 10
    longest = [0, 0]
    for _ in range(rounds):
        set_mode(lab, UNUSUAL, cpus)
        left_out = exits_after(lab, cpus, Busy(lab, cpus), WANTED)
        assert all(events < least for events, least, _ in left_out), left_out
        set_mode(lab, ALL, cpus)
        complete = exits_after(lab, cpus, Busy(lab, cpus), WANTED)
        # one exit of each count may be under way: the event is first, the counter comes later
        assert all(least - 1 <= events <= most + 1 for events, least, most in complete), complete
        longest = [max(longest[n], complete[n][1]) for n in range(2)]
    assert min(longest) > WANTED, "they were not busy"
    assert lab.neighbours_go_on()


def test_all_from_the_start(tmp_path):
    """CONFIG_TRACE_ALL: nothing has to be switched on. It can be switched off."""
    with contextlib.closing(Lab(tmp_path, [INTERRUPT, INTERRUPTS], hypervisor=TRACE_ALL / "jailhouse.bin")) as lab:
        assert [mode_of(lab, cpu) for cpu in range(4)] == [ALL] * 4
        lab.restart()
        lab.do(INTERRUPT, GICD + 0x100 + OWN_WORD, OWN_BIT)
        assert events_of(lab, 20) == 40
        set_mode(lab, UNUSUAL)
        assert [events_of(lab, n) for n in (20, 20)] == [21, 20]


def test_without_fast_paths(tmp_path):
    """CONFIG_FAST_PATH off: every exit is there, whatever the mode says."""
    with contextlib.closing(Lab(tmp_path, [INTERRUPT, INTERRUPTS], hypervisor=NO_FAST_PATH / "jailhouse.bin")) as lab:
        lab.restart()
        lab.do(INTERRUPT, GICD + 0x100 + OWN_WORD, OWN_BIT)
        for mode in (UNUSUAL, ALL, UNUSUAL):
            set_mode(lab, mode)
            assert mode_of(lab) == mode and events_of(lab, 20) == 40


# --- cost

SPI, SPI_INTID = 40, 72
BIT, WORD = 1 << SPI_INTID % 32, SPI_INTID // 32 * 4
# and taken by the cell, with interrupts masked
ENABLE = (OPEN + INTERRUPT, GICD + 0x100 + WORD, BIT)
TAKE = "mrs x9, s3_0_c12_c12_0; msr s3_0_c12_c12_1, x9; isb"
RAISE = INTERRUPT + "; nop" * 8 + "; " + TAKE
# It is answered with four registers, so that the position is loaded twice; and nothing is saved on the way to C
NO_HYPERCALL, NO_HYPERCALL_EVENT = "no hypercall", 11
REGISTER_NAME = "access to the interrupt controller"
INTERRUPT_NAME, NOT_ENABLED = "interrupt", "interrupt that is not enabled"
OPERATIONS = {
    "hypercall": (HYPERCALL, 5, 4),
    NO_HYPERCALL: (HYPERCALL, NO_SUCH_CODE, 4),
    "SMC": (PSCI, 0x84000000),
    "system register": (ACTLR,),
    REGISTER_NAME: (READ, GICD),
    # two exits: the access, and the interrupt; and the access alone
    INTERRUPT_NAME: (RAISE, GICD + 0x200 + WORD, BIT),
    NOT_ENABLED: (RAISE, GICD + 0x200 + WORD, BIT << 1),
}
EVENT = 9
LOOK = 4
FORWARDED = 21		# an interrupt that was forwarded before, from the first instruction of the vector to the ERET
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
        cell = cell_text("a", [0], "attacker", console="off", more=f"interrupts: [{SPI}, {SPI + 1}]")
        super().__init__(directory, codes, cell, "", "other", hypervisor, cpus=1, extra=["-icount", "shift=0,sleep=off"])

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
        return {(name, n): lab.do(codes[name], *operation[1:])
                for name, operation in OPERATIONS.items() for n in range(TIMES)}


def test_cost_of_an_event(tmp_path):
    """Nine instructions, of each kind of exit: the difference between two hypervisors in the same operations. None
    where no C is needed; if that is to be traced, too, C does it each time."""
    without = instructions(tmp_path / "without", NO_TRACE / "jailhouse.bin")
    unusual = instructions(tmp_path / "unusual", HYPERVISOR)
    every = instructions(tmp_path / "every", TRACE_ALL / "jailhouse.bin")
    found = {case: (without[case], unusual[case], every[case]) for case in without}
    print("instructions without trace, of unusual exits, of all:", found)
    for (name, n), (less, more, most) in found.items():
        if name == REGISTER_NAME and n:
            # the entry code reads it by itself, or C does
            assert more == less and most > more, found
        elif name == REGISTER_NAME:
            # likewise
            assert 0 <= more - less - EVENT <= LOOK and less < most <= more, found
        elif name != INTERRUPT_NAME:
            assert more - less == most - less == (NO_HYPERCALL_EVENT if name == NO_HYPERCALL else EVENT), (name, n, found)
        else:
            # what C writes down is looked at once more; if all is traced, that ends it, before the priority is read
            assert 0 <= more - less - 2 * EVENT <= LOOK if n == 0 else more - less == EVENT, found
            assert without[name, 0] < most <= unusual[name, 0], found
        assert not n or found[name, n] == found[name, 1], found
    for n in range(1, TIMES):
        assert unusual[INTERRUPT_NAME, n] - unusual[NOT_ENABLED, n] == FORWARDED, found


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
    for cpu, piece in itertools.product((0, 1, 4, 1 << 32), (0, abi.BH_TRACE_PIECES, SET_MODE + ALL)):
        assert machine.hypercall(abi.HC_TRACE, cpu, piece) == -ENOSYS
    assert root.destroy("a") == 0 and root.num_cells() == 2
