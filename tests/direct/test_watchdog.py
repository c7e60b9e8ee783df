# SPDX-License-Identifier: BSD-2-Clause
"""Cells that have to show that they are alive. Time is counted in instructions, as a CPU that the host leaves alone for a while
would not show it; but for what the root cell does meanwhile: there, only what must happen is waited for."""
import ctypes
import re

import pytest

from direct import ROOT_CELL, cell_text, system_text		# which makes bulkhead_config known, too
from bulkhead_config import abi
from test_isolation import tap

PERIOD = 500		# ms
LINK = "  l: { peers: [f, w], shared: 4 KiB }\n"
WATCH = cell_text("w", [3], "watch")
EXPIRED = re.compile(r'^cell "f": watchdog: counter (\d+) unchanged for (\d+) us, period 500000 us: CPUs stopped$', re.M)


def watched(how, cpus="[1]", more="", period=PERIOD, parameters=""):
    return cell_text("f", cpus, "hang", f"how={how} {parameters}".strip(), f"watchdog: {period} ms\n{more}".rstrip())


def boot(bench, text):
    return bench.boot(bench.make(text), extra=["-icount", "shift=10,sleep=off"])


def expiry(machine, start=0):
    """(counter, microseconds) of the line that says so."""
    found = machine.says(EXPIRED.pattern, start)
    counter, time = map(int, found.groups())
    assert time >= 1000 * PERIOD
    return counter, time


def fails(machine, cpus=(1,)):
    counter, time = expiry(machine)
    machine.says('^cell "f" failed$')
    text = machine.console.text()
    assert text.count("watchdog:") == 1 and text.count('cell "f" failed') == 1
    for cpu in cpus:
        assert f'CPU {cpu}:' not in text		# nothing else was wrong
    return counter, time


@pytest.mark.parametrize("how, ticks", [("spin", 20), ("masked", 20), ("wfi", 20), ("suspend", 20)])
def test_hangs(bench, how, ticks):
    """Whatever it does instead of ticking."""
    machine = boot(bench, system_text(watched(how) + cell_text("n", [2], "hang", "how=never", console="off")))
    machine.program_says(f"^hang: {ticks} ticks$")
    assert fails(machine)[0] == ticks
    machine.runs_guests_on([2])


def test_never_ticks(bench):
    """The first look is at the end of the second period."""
    machine = boot(bench, system_text(watched("spin", parameters="ticks=0")))
    counter, time = fails(machine)
    assert counter == 0 and time >= 2 * 1000 * PERIOD


def test_lives(bench):
    machine = boot(bench, system_text(watched("never", parameters="ticks=60")))
    machine.program_says("^hang: still alive$")		# after 600 ticks of 10 ms
    assert "watchdog" not in machine.console.text()
    machine.runs_guests_on([1])


def test_state_on_links(bench):
    """As after any failure."""
    cells = cell_text("f", [1], "fail", "times=1", f"watchdog: {PERIOD} ms\non-failure: {{ restart: 1 }}") + WATCH
    machine = boot(bench, system_text(cells, LINK))
    # crashes, is started again, and then lives without ticking
    machine.program_says("^fail: not any more$")
    assert expiry(machine)[0] == 0
    machine.program_says("^watch: peer 0 has State 0$", count=2)
    machine.says('cell "f" stays stopped: it was restarted 1 times')


@pytest.mark.parametrize("how", ["off", "alone"])
def test_first_cpu_is_off(bench, how):
    """It goes on watching for the other one."""
    machine = boot(bench, system_text(watched(how, "[1, 2]") + cell_text("n", [3], "hang", "how=never ticks=150")))
    machine.program_says("^hang: 20 ticks$")
    if how == "off":
        counter, _ = fails(machine, (1, 2))
        assert counter == 20 + 5 * 20		# of the first CPU, of the second one
    else:
        machine.program_says("^hang: still alive$")		# the neighbour, after 1,650 ticks of 10 ms
        assert "watchdog" not in machine.console.text()
        machine.runs_guests_on([2, 3])


def test_comes_first(bench):
    """No guest's interrupt is more urgent than the hypervisor's own. Where nobody watches, its timer's is a guest's."""
    machine = boot(bench, system_text(watched("off", "[1, 2]") + cell_text("n", [3], "hang", "how=never ticks=150")))
    machine.program_says("^hang: 20 ticks$")

    def priorities(cpu):
        return [machine.word(0x080b0400 + cpu * 0x20000 + intid // 4 * 4) >> intid % 4 * 8 & 0xff for intid in (0, 25, 26)]
    assert priorities(1) == [0, 0, 0]
    for cpu in (2, 3):
        assert priorities(cpu) == [0, 0, 0xa0]
    fails(machine, (1, 2))
    assert priorities(1) == [0, 0, 0]


@pytest.mark.parametrize("how", ["all-off", "shut-down"])
def test_end_is_no_failure(bench, how):
    """Of its own accord. A neighbour's ticks tell the time."""
    cells = watched(how) + cell_text("n", [2], "hang", "how=never ticks=40", f"watchdog: {PERIOD} ms")
    machine = boot(bench, system_text(cells))
    machine.program_says("^hang: still alive$")
    assert "watchdog" not in machine.console.text() and "failed" not in machine.console.text()


def test_nonsense(bench):
    """Any change counts, and no state that means nothing is an end."""
    machine = boot(bench, system_text(watched("nonsense")))
    machine.program_says("^hang: no nonsense any more$")
    fails(machine)


def test_attack(bench):
    machine = boot(bench, system_text(watched("attack")))
    tap(machine)
    fails(machine)


def test_restart(bench):
    machine = boot(bench, system_text(watched("spin", more="on-failure: { restart: 2 }")))
    machine.says('cell "f" stays stopped: it was restarted 2 times, as often as its on-failure allows$')
    text = machine.console.text()
    assert len(EXPIRED.findall(text)) == 3 and text.count('cell "f" failed') == 3 and text.count('cell "f" started') == 3
    assert {counter for counter, _ in EXPIRED.findall(text)} == {"20"}


def test_halt(bench):
    machine = boot(bench, system_text(watched("masked", more="on-failure: halt") + WATCH.replace("w:", "v:")))
    assert machine.wait_end() == 0
    machine.console.wait(r"\Z\A", timeout=60)		# its end
    assert machine.console.text().count('cell "f" has failed, which stops the machine\n') == 1


def test_two(bench):
    """One hangs and is started again and again, silently, as what both say would be mixed; the other one goes on."""
    cells = watched("masked", more="on-failure: restart").replace("virtual-console: active", "virtual-console: off")
    cells += cell_text("g", [2], "hang", "how=never ticks=60", f"watchdog: {PERIOD} ms")
    machine = boot(bench, system_text(cells))
    machine.program_says("^hang: still alive$")
    mark = 0
    for _ in range(2):
        mark = machine.says(EXPIRED.pattern, mark).end()
    assert 'cell "g"' not in re.sub('cell "g" (created|started)', "", machine.console.text())
    machine.runs_guests_on([1, 2])


# --- the root cell manages

def rooted(bench, cells):
    machine = bench.boot(bench.make(system_text(ROOT_CELL + cells)))
    machine.says(r"^\d+ cells run, ")		# its mailbox is not loaded over any more
    return machine


def items(machine, cell=1):
    return (machine.hypercall(abi.HC_CELL_INFO, cell, abi.CELL_INFO_WATCHDOG_EXPIRIES),
            machine.hypercall(abi.HC_CELL_INFO, cell, abi.CELL_INFO_WATCHDOG_PERIOD))


def fault(machine, cell=1):
    count = ctypes.sizeof(abi.Fault) // 4
    return abi.Fault.from_buffer_copy(b"".join(
        machine.hypercall(abi.HC_CELL_FAULT, cell, n).to_bytes(4, "little") for n in range(count)))


def test_record(bench):
    """The same numbers on the console and in the record, and where the CPU was."""
    machine = rooted(bench, watched("masked", parameters="ticks=400"))		# some time for the first look
    assert items(machine) == (0, 1000 * PERIOD) and items(machine, 0) == (0, 0)
    counter, time = fails(machine)
    record = fault(machine)
    assert (record.kind, record.flags, record.size, record.cpu) == (abi.BH_FAULT_WATCHDOG, 0, 0, 1)
    assert (record.address, record.virtual_address, record.syndrome) == (counter, time, 1000 * PERIOD)
    assert (record.complete, record.begun, record.starts, record.count, record.number) == (1, 1, 1, 1, 1)
    assert record.pstate & 0x3cf == 0x3c5		# EL1h, all exceptions masked
    assert 0 < record.pc < 0x200000
    assert items(machine) == (1, 1000 * PERIOD)
    assert machine.hypercall(abi.HC_CELL_GET_STATE, 1) == abi.COMM_STATE_FAILED
    assert machine.hypercall(abi.HC_CPU_INFO, 1, abi.CPU_INFO_STATE) == abi.CPU_STATE_FAILED
    # what was loaded is still there
    assert machine.hypercall(abi.HC_CELL_START, 1) == 0
    machine.says(EXPIRED.pattern, machine.says('^cell "f" failed$').end())
    assert items(machine)[0] == 2


def test_stopped_while_it_expires(bench):
    """The manager comes as close as it can to the end of a period: it stops the cell, or the cell has failed before."""
    machine = rooted(bench, watched("spin", period=200, parameters="ticks=0", more="passive: true"))
    assert machine.hypercall(abi.HC_CELL_SET_LOADABLE, 1) == 0
    expiries, delay, stopped, failed = items(machine)[0], 8, 0, 0
    while min(stopped, failed) < 8:
        assert stopped + failed < 200
        assert machine.hypercall(abi.HC_CELL_START, 1) == 0
        states = [machine.hypercall(abi.HC_CELL_GET_STATE, 1) for _ in range(delay)]
        assert set(states) <= {abi.COMM_STATE_RUNNING, abi.COMM_STATE_FAILED}
        assert machine.hypercall(abi.HC_CELL_SET_LOADABLE, 1) == 0
        assert machine.hypercall(abi.HC_CELL_GET_STATE, 1) == abi.COMM_STATE_SHUT_DOWN
        before, expiries = expiries, items(machine)[0]
        if expiries == before:
            assert abi.COMM_STATE_FAILED not in states
            stopped, delay = stopped + 1, delay + 1 + delay // 8
        else:
            assert expiries == before + 1
            failed, delay = failed + 1, max(0, delay - 1 - delay // 8)
    assert machine.hypercall(abi.HC_CELL_DESTROY, 1) == 0
    machine.runs_guests_on([0])
    assert "PANIC" not in machine.console.text()


REDISTRIBUTOR = 0x080a0000 + 0x10000		# SGI frame of CPU 0
ENABLED, PENDING, ACTIVE = 0x100, 0x200, 0x300


def timer_bits(machine, cpu):
    """Of INTID 26, at the interrupt controller itself: enabled, pending (which is its line), active."""
    return [machine.memory.read(REDISTRIBUTOR + 0x20000 * cpu + bank, 4)[3] >> 2 & 1 for bank in (ENABLED, PENDING, ACTIVE)]


def test_timer_is_gone_with_the_cell(bench):
    """Fifty times; and none is left on a CPU that goes back to the root cell."""
    path = bench.make(system_text(ROOT_CELL + watched("spin", period=200, parameters="ticks=0", more="passive: true")))
    config, _ = bench.open(path).cells_by_name()["f"]
    machine = bench.boot(path)
    machine.says(EXPIRED.pattern.replace("500000", "200000"))
    at = 0x50100000		# memory of the root cell
    machine.memory.write(at, config.bytes())
    for round_ in range(50):
        assert machine.hypercall(abi.HC_CELL_DESTROY, 1) == 0
        assert timer_bits(machine, 1) == [0, 0, 0], round_
        assert machine.hypercall(abi.HC_CELL_CREATE, at) == 0
        assert timer_bits(machine, 1) == [0, 0, 0], round_
        mark = machine.console.mark()
        assert machine.hypercall(abi.HC_CELL_START, 1) == 0
    # it has no program any more, and none that ticks. Its timer is off then
    machine.says('^cell "f" failed$', mark)
    assert items(machine)[0] == 1
    assert machine.hypercall(abi.HC_CELL_DESTROY, 1) == 0
    for cpu in range(4):
        assert timer_bits(machine, cpu) == [0, 0, 0]
