# SPDX-License-Identifier: BSD-2-Clause
"""The communication region as a hostile cell has it: what it says there costs nobody but itself. All combinations of
state, reply and operation are in tests/unit/core_messages.c; here are some of each kind, in a running machine."""
import struct
import time

import pytest

from attacker import ARGUMENTS, MAILBOX, RAM_PHYS, TIMEOUT, Lab, abi
from direct import ROOT_CELL, cell_text

COMM = 0x80000000
EPERM, ENOENT, EINVAL = 1, 2, 22
STATES = {"running": 0, "locked": 1, "nonsense": 0x80000000}
REPLIES = {"denied": 2, "approved": 3, "nonsense": 0x80000003}
LIMIT = 100000      # looks at a reply, some milliseconds

# Says that its state is w1, and answers each message with the word at x5
ANSWER = ("str w1, [x0, #8]; 1: yield; ldr w4, [x0, #12]; cbz w4, 1b; str wzr, [x0, #12]; dmb sy; ldr w2, [x5]; "
          "str w2, [x0, #16]; b 1b")
# As if there were no messages
IGNORE = "str w1, [x0, #8]; 1: yield; b 1b"
# Says that its state is w2 when a message comes
CHANGE = "str w1, [x0, #8]; 1: yield; ldr w4, [x0, #12]; cbz w4, 1b; str w2, [x0, #8]; 2: yield; b 2b"
# For a second CPU, with its MMU off: nonsense all over the page, without end
SCRIBBLE = ("ldr w9, 3f; mov x0, #0x80000000; 1: mov x2, x0; mov x3, #512; 2: madd x1, x1, x9, x9; str x1, [x2], #8; "
            "subs x3, x3, #1; b.ne 2b; b 1b; 3: .word 0x915f77f5")
CALL = "smc #0"
LOAD = "ldr x0, [x0]"
CODES = [ANSWER, IGNORE, CHANGE, SCRIBBLE, CALL, LOAD]

REPLY_AT = MAILBOX + ARGUMENTS + 6 * 8
SCRIBBLER_AT = 0x3000
PSCI_CPU_ON = 0xC4000003


def impatient(config):
    config.cell.msg_reply_timeout = LIMIT


def passive(config):
    config.cell.flags |= abi.CFG_CELL_PASSIVE_COMM_REGION


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("messages"), CODES)
    lab.original = lab.root.files["a"]
    yield lab
    lab.close()


def fresh(lab, change=None):
    """Cell "a" made anew, with another configuration, and ready for a request."""
    if lab.root.num_cells() == 4:
        lab.mark()
        assert lab.root.destroy("a") == 0
        # what is said about the test before has come, too
        lab.wait_said('^cell "a" destroyed$')
    lab.root.files["a"] = lab.original.changed(change) if change else lab.original
    assert lab.root.create("a") == 0
    lab.restart()
    return lab


@pytest.fixture
def lab(machine):
    """The cell has five seconds for its answers, which is enough for one that wants to answer."""
    return fresh(machine)


@pytest.fixture
def hasty(machine):
    """For cells that do not want to answer"""
    return fresh(machine, impatient)


REQUESTS = {"start": lambda root: root.start("a"), "set loadable": lambda root: root.set_loadable("a"),
            "destroy": lambda root: root.destroy("a")}
AFTERWARDS = {"set loadable": abi.COMM_STATE_SHUT_DOWN, "destroy": -ENOENT}


def shown(state):
    return state if state <= abi.COMM_STATE_ABI_MISMATCH else -EINVAL


def behaves(lab, code, state, *arguments):
    """The cell does as it is told from now on, and has said its state."""
    lab.request(code, [COMM, state, *arguments])
    end = time.monotonic() + TIMEOUT
    while (found := lab.root.state("a")) != shown(state):
        assert time.monotonic() < end, f"the state is {found}"


def replies(lab, reply):
    lab.machine.memory.write(RAM_PHYS + REPLY_AT, struct.pack("<I", reply))


SILENT = 'cell "a" does not answer messages: stopped'


def complaints(lab):
    return lab.said().count(SILENT)


def is_given_up(lab):
    """The serial line may come later than the answer to the root cell."""
    lab.wait_said(f"^{SILENT}$")
    return complaints(lab) == 1


def after(lab, request):
    """What the operation makes of the cell. Who is started again goes on with the request that it had."""
    if request == "start":
        lab.wait_said('cell "a" started$')
    else:
        assert lab.root.state("a") == AFTERWARDS[request]


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("state", STATES)
def test_reply_to_a_request(lab, state, reply, request_):
    state = STATES[state]
    behaves(lab, ANSWER, state, 0, 0, 0, REPLY_AT, REPLIES[reply])
    if reply != "approved":
        assert REQUESTS[request_](lab.root) == -EPERM
        assert lab.root.state("a") == shown(state)
        assert lab.neighbours_go_on()
        replies(lab, abi.COMM_REPLY_APPROVED)
    assert REQUESTS[request_](lab.root) == 0
    after(lab, request_)
    assert complaints(lab) == 0 and lab.neighbours_go_on()


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("state", STATES)
def test_silence(hasty, state, request_):
    behaves(hasty, IGNORE, STATES[state])
    assert REQUESTS[request_](hasty.root) == 0
    after(hasty, request_)
    assert is_given_up(hasty) and hasty.neighbours_go_on()


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("state", STATES)
def test_terminal_state_in_place_of_a_reply(lab, state, request_):
    behaves(lab, CHANGE, STATES[state], abi.COMM_STATE_SHUT_DOWN)
    assert REQUESTS[request_](lab.root) == 0
    after(lab, request_)
    assert complaints(lab) == 0 and lab.neighbours_go_on()


@pytest.mark.parametrize("state", [abi.COMM_STATE_SHUT_DOWN, abi.COMM_STATE_FAILED, abi.COMM_STATE_ABI_MISMATCH])
@pytest.mark.parametrize("request_", REQUESTS)
def test_nobody_waits_for_a_cell_that_says_it_has_stopped(lab, request_, state):
    behaves(lab, IGNORE, state)
    assert REQUESTS[request_](lab.root) == 0
    after(lab, request_)
    assert complaints(lab) == 0 and lab.neighbours_go_on()


def others_come_and_go(lab):
    """Cell "d" is destroyed and made again: the results, until one is not 0."""
    for step in lab.root.destroy, lab.root.create, lab.root.set_loadable:
        result = step("d")
        if result:
            return result
    lab.root.load("d")
    return lab.root.start("d")


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("state", STATES)
def test_others_come_and_go(lab, state, reply):
    """Only "locked" keeps them from it; what the cell says to the news does not matter."""
    behaves(lab, ANSWER, STATES[state], 0, 0, 0, REPLY_AT, REPLIES[reply])
    assert others_come_and_go(lab) == (-EPERM if state == "locked" else 0)
    assert complaints(lab) == 0 and lab.root.state("a") == shown(STATES[state])
    assert lab.neighbours_go_on()
    replies(lab, abi.COMM_REPLY_APPROVED)


@pytest.mark.parametrize("state", STATES)
def test_silence_while_others_come_and_go(hasty, state):
    """It costs the cell its life."""
    behaves(hasty, IGNORE, STATES[state])
    if state == "locked":
        assert others_come_and_go(hasty) == -EPERM and hasty.root.state("a") == abi.COMM_STATE_LOCKED
    else:
        assert others_come_and_go(hasty) == 0 and hasty.root.state("a") == abi.COMM_STATE_FAILED
        assert is_given_up(hasty)
    assert hasty.neighbours_go_on()


# --- a second CPU that writes nonsense all over the page

SCRIBBLERS = (ROOT_CELL + cell_text("a", [1, 2], "attacker", console="off")
              + cell_text("c", [3], "gic-demo", "lines=0"))


@pytest.fixture
def pair(tmp_path):
    lab = Lab(tmp_path, CODES, SCRIBBLERS, "")
    yield lab
    lab.close()


def scribble(lab):
    """Starts cell "a" anew, until it does it."""
    lab.restart()
    lab.machine.memory.write(RAM_PHYS + SCRIBBLER_AT, lab.codes[SCRIBBLE])
    assert lab.do(CALL, PSCI_CPU_ON, 2, SCRIBBLER_AT, 1) == 0
    first, end = lab.do(LOAD, COMM + 0x800), time.monotonic() + TIMEOUT
    while lab.do(LOAD, COMM + 0x800) == first:
        assert time.monotonic() < end, "it does not scribble"


def ticks(lab):
    """The other cell goes on."""
    mark = lab.machine.console.mark()
    lab.machine.says(r"^gic-demo: tick \d+,", mark)


def test_scribbling_cell(pair):
    """What it writes is no approval, or it is one by chance."""
    scribble(pair)
    for n in range(60):
        assert pair.root.state("a") in (-EINVAL, *range(5))
        result = list(REQUESTS.values())[n % 2](pair.root)
        assert result in (0, -EPERM)
        if result == 0:
            scribble(pair)
    ticks(pair)


def test_scribbling_passive_cell(pair):
    """It is not asked, so it cannot deny; each start makes its page good again."""
    assert pair.root.destroy("a") == 0
    pair.root.files["a"] = pair.root.files["a"].changed(passive)
    assert pair.root.create("a") == 0
    for _ in range(10):
        scribble(pair)
        assert pair.root.start("a") == 0
        pair.requests = 0
        pair.wait_said('cell "a" started$')
    scribble(pair)
    assert pair.root.destroy("a") == 0
    assert pair.root.cpus("root") == [0, 1, 2]
    ticks(pair)
