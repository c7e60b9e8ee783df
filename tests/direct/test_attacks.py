# SPDX-License-Identifier: BSD-2-Clause
"""Each attack of the table: the attacker is the only one that it hurts. docs/isolation.md says how it works."""
import ctypes
import re

import pytest

from attacker import (ABORTED, CODE, CPU, ECAM, FAILED, ID_OF_A, IGNORED, RAM_PHYS, REGION, REGISTERS, STATES, STRAY_SIZE,
                      TABLES, Lab, abi)
from containment import ATTACKS
from containment.model import OWN_INTID, Endless, Off, Raised, Returned, Stopped
from containment.registers import INHERITED, INHERITED_MAX, TAG_READ, TAG_WRITE, codes_of
from direct import MACHINE

BAR0, COMMAND, STATE = 0x10, 4, 16
PRESENT = 7
MARK = 0x5b5b5b5b5b5b5b5b
labs = {}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    yield tmp_path_factory.mktemp("attacks")
    for lab in labs.values():
        lab.close()
    labs.clear()


@pytest.fixture
def lab(directory, request):
    """One machine for all attacks on one kind of CPU; after a failed test a new one."""
    params = request.node.callspec.params
    cpu = params["attack"].cpu if "attack" in params else params["cpu"]
    if cpu not in labs:
        while labs:
            labs.popitem()[1].close()
        labs[cpu] = Lab(directory, ["str w1, [x0]", "strh w1, [x0]",
                                    *dict.fromkeys(attack.code for attack in ATTACKS),
                                    *(code for register in INHERITED + INHERITED_MAX for code in codes_of(register)),
                                    TAG_READ, TAG_WRITE],
                        cpu=cpu, machine=MACHINE + (",mte=on" if cpu == "max" else ""))
    yield labs[cpu]
    if not request.node.passed:
        labs.pop(cpu).close()


def begin(lab, attack):
    """A fresh attacker, present on its link, and tables as the attack wants them."""
    lab.restart()
    lab.do("str w1, [x0]", ECAM + BAR0, REGISTERS)
    lab.do("strh w1, [x0]", ECAM + COMMAND, 6)
    lab.do("str w1, [x0]", REGISTERS + STATE, PRESENT)
    assert lab.word(STATES + 4 * ID_OF_A) == PRESENT
    if attack.window is not None:
        lab.machine.memory.write(RAM_PHYS + TABLES + 0x4000, attack.window.to_bytes(8, "little"))
    lab.mark()


def pc_of(code):
    """Where the instruction stands that the attack is about: the one with ">", else the first."""
    before = code.split(">")[0] if ">" in code else ""
    return CODE + 4 * sum(1 for part in before.split(";") if re.sub(r"^\s*\w+:", "", part).strip())


KINDS = {"read of": abi.BH_FAULT_READ, "write to": abi.BH_FAULT_WRITE, "instruction fetch from": abi.BH_FAULT_FETCH}
ISV, ELEMENT = 1 << 24, 22		# of ESR


def record_is(lab, outcome, esr, pc, virtual):
    """What HC_CELL_FAULT keeps is what the console has said, with all registers."""
    fault = lab.root.fault("a")
    assert (fault.complete, fault.count - fault.number, fault.flags, fault.cpu) == (fault.starts, 0, 0, 1)
    assert (fault.kind, fault.address) == (KINDS[outcome.access], outcome.address)
    assert (fault.syndrome, fault.pc, fault.virtual_address) == (esr, pc, virtual)
    if outcome.access.startswith("instruction"):
        assert fault.size == 4
    elif esr & ISV:
        assert fault.size == 1 << (esr >> ELEMENT & 3)
    else:
        assert fault.size in (0, 1, 2, 4, 8, 16)		# a pair, or nothing that is known
    assert fault.pstate & 0x1f in (0, 4, 5)
    assert 0 < fault.ticks < 3600 * fault.ticks_per_second
    dump = re.findall(r"^  x\d+: (.*)$", "\n".join(lab.said()), re.M)
    assert [int(word, 16) for line in dump for word in line.replace("lr", "").split()] == list(fault.x)


def is_stopped(lab, attack):
    outcome = attack.outcome
    pc = outcome.address if outcome.access.startswith("instruction") else pc_of(attack.code)
    line = lab.wait_said(r'^cell "a", CPU 1: (.*): CPU stopped$').group(1)
    more = lab.wait_said(r"^(  ESR 0x\w+, PC 0x\w+, virtual 0x\w+)\n").group(1)
    match = re.fullmatch(r"(.*) memory it does not have at 0x(\w+)\n  ESR 0x(\w+), PC 0x(\w+), virtual 0x(\w+)", f"{line}\n{more}")
    assert match, line
    esr, virtual = int(match[3], 16), int(match[5], 16)
    kind = {"read of": (0x24, 0), "write to": (0x24, 1), "instruction fetch from": (0x20, 0)}[match[1]]
    assert (match[1], int(match[2], 16)) == (outcome.access, outcome.address), line
    assert (esr >> 26, esr >> 6 & 1) == kind, line
    assert int(match[4], 16) & REGION - 1 == pc & REGION - 1, line
    assert virtual & 0xfff == outcome.address & 0xfff, line
    lab.wait_said('^cell "a" failed$')
    record_is(lab, outcome, esr, int(match[4], 16), virtual)
    assert lab.root.state("a") == abi.COMM_STATE_FAILED
    assert lab.word(STATES + 4 * ID_OF_A) == 0
    return [re.escape(f'cell "a", CPU 1: {line}: CPU stopped'), 'cell "a" failed', r"  (ESR 0x|x\d+: ).*"]


def is_endless(lab, attack):
    assert lab.neighbours_go_on() and lab.neighbours_go_on()
    assert lab.answer() is None
    assert lab.root.set_loadable("a") == 0
    return ['cell "a" does not answer messages: stopped'] if attack.running else []


def is_off(lab, _):
    lab.wait_absent()
    assert lab.answer() is None and lab.root.state("a") != abi.COMM_STATE_FAILED
    return []


def has_exception(lab, attack):
    outcome, answer = attack.outcome, lab.wait_answer()
    assert answer and answer.cause, f"{answer}"
    assert answer.esr & outcome.mask == outcome.esr & outcome.mask, f"{answer}"
    is_fetch = outcome.esr >> 26 == 0x21
    pc = answer.far & REGION - 1 if is_fetch else pc_of(attack.code) if attack.pc is None else attack.pc
    assert answer.elr & REGION - 1 == pc, f"{answer}"
    return []


def has_returned(lab, attack):
    answer = lab.wait_answer()
    assert answer and not answer.cause, f"{answer}"
    if attack.outcome.x0 is not None:
        assert answer.x[0] == attack.outcome.x0, f"{answer}"
    return []


CHECKS = {Stopped: is_stopped, Raised: has_exception, Returned: has_returned, Endless: is_endless, Off: is_off}


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.id for attack in ATTACKS])
def test_attack(lab, attack):
    begin(lab, attack)
    before = [lab.word(address) for address in attack.same], lab.gic_state(OWN_INTID) if attack.gic else None
    lab.request(attack.code, attack.arguments)
    expected = CHECKS[type(attack.outcome)](lab, attack)
    after = [lab.word(address) for address in attack.same], lab.gic_state(OWN_INTID) if attack.gic else None
    assert after == before
    assert lab.neighbours_go_on()
    assert [lab.root.state(name) for name in ("c", "d")] == [abi.COMM_STATE_RUNNING] * 2
    others = [line for line in lab.said() if not any(re.fullmatch(pattern, line) for pattern in expected)]
    assert not others


STUBBORN = [attack for attack in ATTACKS
            if isinstance(attack.outcome, Endless) and attack.group not in ("flood", "tables")]


@pytest.mark.parametrize("attack", STUBBORN, ids=[attack.id for attack in STUBBORN])
def test_destroy(lab, attack):
    """Whatever the cell does, the root cell can destroy it, too, gets its CPU, and can create it again."""
    begin(lab, attack)
    lab.request(attack.code, attack.arguments)
    assert lab.neighbours_go_on()
    assert lab.root.destroy("a") == 0
    assert lab.root.cpus("root") == [0, 1] and lab.root.num_cells() == 3
    assert lab.word(STATES + 4 * ID_OF_A) == 0
    assert lab.neighbours_go_on()
    assert lab.root.create("a") == 0


def revocation(cpu):
    return f'cell "a", CPU {cpu}: took no kick'


# who makes a hypercall looks for requests by itself
DEAF = [attack for attack in STUBBORN if "hvc #0x4a48" not in attack.code]


@pytest.mark.parametrize("attack", DEAF, ids=[attack.id for attack in DEAF])
def test_stop_without_kick(lab, attack):
    """Nor does the kick have to arrive, which no guest can prevent. What is left is to take the cell's memory away: nobody
    else notices, the cell counts as stopped, not as failed, and it can be started again."""
    begin(lab, attack)
    lab.request(attack.code, attack.arguments)
    assert lab.neighbours_go_on()
    lab.switch_kick_off(1)
    assert lab.root.set_loadable("a") == 0
    lab.wait_said(f"^{re.escape(revocation(1))}$")
    others = [line for line in lab.said() if line not in (revocation(1), 'cell "a" does not answer messages: stopped')]
    assert not others
    assert lab.root.state("a") == abi.COMM_STATE_SHUT_DOWN
    assert lab.neighbours_go_on()
    lab.restart()
    lab.do("strh w1, [x0]", ECAM + COMMAND, 6)
    assert revocation(1) not in lab.said()		# the kick is back


@pytest.mark.parametrize("cpu, register", [(CPU, name) for name in INHERITED] + [("max", name) for name in INHERITED_MAX])
def test_next_owner(lab, cpu, register):
    """What the next owner of a CPU finds in a register does not depend on what a cell has left there."""
    read, write = codes_of(register)
    found = []
    for value in MARK, ~MARK:
        lab.restart()
        lab.do(write, value)
        lab.restart()
        found.append(lab.do(read))
    assert found[0] == found[1]


@pytest.mark.parametrize("cpu", ["max"])
def test_next_owner_of_tags(lab, cpu):
    """Scrubbing does not write allocation tags of memory. So cells have none: what they write there, nobody can read."""
    lab.restart()
    lab.do(TAG_WRITE, 5)
    assert lab.root.destroy("a") == 0
    assert lab.root.create("a") == 0
    lab.restart()
    assert lab.do(TAG_READ) == 0


@pytest.mark.parametrize("cpu", [CPU])
def test_strays_are_counted(lab, cpu):
    """Each element of an access counts; what is stopped does not. A start does not begin anew, a new cell does."""
    lab.restart()

    def counted(code, address):
        before = list(lab.root.fault("a").strays)
        lab.request(code, (address, 0))
        assert lab.wait_answer()
        return [now - then for now, then in zip(lab.root.fault("a").strays, before)]

    assert counted("ldr w0, [x0]", IGNORED) == [1, 0, 0]
    assert counted("str x1, [x0]; ldr x0, [x0]", IGNORED) == [1, 1, 0]
    assert counted("ldp x1, x2, [x0]; orr x0, x1, x2", IGNORED) == [2, 0, 0]
    assert counted("stp x1, x1, [x0]; mov x0, x1", IGNORED) == [0, 2, 0]
    assert counted("ldxr w1, [x0]", IGNORED) == [0, 0, 1]
    assert counted("br x0", IGNORED) == [0, 0, 1]
    assert counted("ldr w0, [x0]", ABORTED) == [0, 0, 1]
    # over the end of a page: not decoded
    assert counted("ldp x1, x2, [x0, #-8]", IGNORED + STRAY_SIZE) == [0, 0, 1]
    before = list(lab.root.fault("a").strays)
    lab.restart()
    assert list(lab.root.fault("a").strays) == before
    assert lab.root.destroy("a") == 0 and lab.root.create("a") == 0
    assert list(lab.root.fault("a").strays) == [0, 0, 0]


@pytest.mark.parametrize("cpu", [CPU])
def test_record_stays_until_the_cell_is_destroyed(lab, cpu):
    """It is of the last start that had a violation, and says of which."""
    lab.restart()
    starts = lab.root.fault("a").starts
    for code in "ldr w1, [x0]", "ldxr w1, [x0]":
        lab.request(code, (FAILED, 0))
        assert lab.wait_answer() is None
        fault = lab.root.fault("a")
        assert (fault.complete, fault.starts) == (starts, starts)
        lab.restart()
        starts += 1
        again = lab.root.fault("a")
        assert (again.complete, again.starts) == (starts - 1, starts)
        again.starts = fault.starts
        assert bytes(again) == bytes(fault)
    assert fault.count == fault.number
    assert lab.root.destroy("a") == 0 and lab.root.create("a") == 0
    assert bytes(lab.root.fault("a")) == bytes(ctypes.sizeof(abi.Fault))
