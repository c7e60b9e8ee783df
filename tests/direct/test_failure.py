# SPDX-License-Identifier: BSD-2-Clause
"""What follows the failure of a cell: stop, restart, limit of restarts, halt. A peer on a link looks on."""
import re
import time

from elftools.elf.elffile import ELFFile

from direct import DEMO_BUNDLE, INMATES, ROOT_CELL, TIMEOUT, Bundle, abi, cell_text, system_text
from root_cell import RootCell

LINK = "  l: { peers: [f, w], shared: 4 KiB }\n"
WATCH = cell_text("w", [2], "watch")
FAILURE = r'cell "f", CPU 1: read of memory it does not have at 0x50000000: CPU stopped'


def start(bench, policy, parameters="", more="", links=""):
    cells = cell_text("f", [1], "fail", parameters, f"on-failure: {policy}" if policy else "") + WATCH + more
    return bench.boot(bench.make(system_text(cells, LINK + links)))


def told(machine):
    """States of the failing cell, as its peer has told them."""
    return [int(line.rsplit(" ", 1)[1]) for line in machine.programs().splitlines()
            if line.startswith("watch: peer 0 has State ")]


def starts(machine):
    return [line for line in machine.programs().splitlines() if line.startswith("fail: ")]


def test_stop(bench):
    """The default."""
    machine = start(bench, None)
    machine.says('cell "f" failed$')
    machine.program_says("^watch: peer 0 has State 0$")
    machine.runs_guests_on([2])
    assert told(machine) == [1, 0]
    assert starts(machine) == ["fail: start 1, data 1001"]
    assert machine.console.text().count('cell "f" started') == 1


def test_restart(bench):
    """Data as in the image, memory without image as it was; the peer sees it go and come each time."""
    machine = start(bench, "restart", "times=3")
    machine.program_says("^fail: not any more$")
    machine.runs_guests_on([1, 2])
    assert starts(machine) == [*(f"fail: start {n}, data 1001" for n in range(1, 5)), "fail: not any more"]
    assert told(machine) == [1, 0] * 3 + [1]
    text = machine.console.text()
    assert text.count('cell "f" failed') == 3 and text.count('cell "f" started') == 4
    assert text.count('cell "w" started') == 1


def test_restart_with_interrupts(bench):
    """Those that had come to the CPU are not the next start's, whether they wait in list registers or for one."""
    cells = cell_text("f", [1], "fail", "times=2 first=72", f"on-failure: restart\ninterrupts: {list(range(40, 60))}")
    machine = bench.boot(bench.make(system_text(cells)))
    machine.program_says("^fail: not any more$")
    assert [line for line in starts(machine) if "pending" in line] == ["fail: 0 interrupts pending"] * 3


def test_console_is_kept(bench):
    """Over each restart, with the hypervisor's lines about the cell between its own; not over its destruction."""
    path = bench.make(system_text(ROOT_CELL + cell_text("f", [1], "fail", "times=2", "on-failure: restart") + WATCH, LINK))
    machine = bench.boot(path)
    root = RootCell(machine, bench.open(path))
    machine.program_says("^fail: not any more\n")		# to the end of it: each character is a call of its own
    text = root.console("f")
    stopped = re.escape(FAILURE) + "\n"
    start = r'cell "f" started\nfail: start {}, data 1001\n'
    assert re.fullmatch("".join(start.format(n) + stopped + 'cell "f" failed\n' for n in (1, 2)) + start.format(3) +
                        "fail: not any more\n", text)
    assert root.console("w").startswith('cell "w" started\nwatch: ')
    assert root.destroy("f") == 0
    assert root.call(abi.HC_CELL_CONSOLE, "f", 0) == -2
    assert root.create("f") == 0
    assert root.console("f") == ""
    # the root cell of this bundle may not print
    assert machine.hypercall(abi.HC_CELL_CONSOLE, 0, 0) == -22


def test_limit(bench):
    machine = start(bench, "{ restart: 2, within: 3600 }")
    machine.says('cell "f" stays stopped: it was restarted 2 times, as often as its on-failure allows$')
    machine.program_says("^watch: peer 0 has State 0$", count=3)
    machine.runs_guests_on([2])
    assert starts(machine) == [f"fail: start {n}, data 1001" for n in range(1, 4)]
    assert told(machine) == [1, 0] * 3


def test_halt(bench):
    """The others are stopped, and the machine is switched off."""
    machine = start(bench, "halt")
    assert machine.wait_end() == 0
    machine.console.wait(r"\Z\A", timeout=60)		# its end
    assert machine.console.text().count('cell "f" has failed, which stops the machine\n') == 1
    assert starts(machine) == ["fail: start 1, data 1001"]


def test_neighbours_of_restarts(bench):
    """A cell that fails for ever has its own CPU for it; two others go on ringing."""
    at = 0x63000000
    ring = "".join(cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff") for name, cpu in (("c", 3), ("d", 0)))
    machine = start(bench, "restart", more=ring, links=f"  r: {{ peers: [c, d], output: 4 KiB, at: {at:#x} }}\n")
    machine.program_says("^fail: start 20, data 1001$")
    assert machine.word_changes(at + 0x1008)		# what peer 0 asks peer 1
    assert machine.word_changes(at + 0x2000)		# the answers
    mark = machine.console.mark()
    machine.says(FAILURE, mark)


def test_two_at_once(bench):
    """Two cells that fail as fast as they can, each on a CPU of its own: each is started again once for each failure, with
    its image as it was. They are silent, as their output would be mixed; memory tells."""
    times, ram = 20, 0x200000
    cells = "".join(cell_text(name, [cpu], "fail", f"times={times}", "on-failure: restart", console="off")
                    for name, cpu in (("f", 1), ("g", 3)))
    machine = bench.boot(bench.make(system_text(cells)))
    with open(INMATES / "fail.elf", "rb") as file:
        symbol, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("data")
    for name in "fg":
        mark = 0
        for _ in range(times + 1):
            mark = machine.says(f'^cell "{name}" started$', mark).end()
    end = time.monotonic() + TIMEOUT
    for cell in range(2):
        base = 0x60000000 + cell * ram
        while machine.word(base + 0x100000) != times + 1:
            assert time.monotonic() < end, machine.word(base + 0x100000)
        while machine.word(base + symbol["st_value"]) != 1001:
            assert time.monotonic() < end, machine.word(base + symbol["st_value"])
    machine.runs_guests_on([1, 3])
    text = machine.console.text()
    for name in "fg":
        assert text.count(f'cell "{name}" failed\n') == times and text.count(f'cell "{name}" started\n') == times + 1
    # they were started again by turns: neither waited until the other one was done
    order = "".join(re.findall(r'^cell "(.)" started$', text, re.M))
    assert len(re.findall("fg|gf", order)) > times / 5, order


def test_entry_outside_of_memory(bench):
    """Harms nobody but the cell."""
    def move(config):
        config.cell.cpu_reset_address = 0x50000000

    bundle = Bundle(DEMO_BUNDLE.read_bytes()).change_config(2, move)
    machine = bench.boot(bench.write(bundle.seal()))
    machine.says('cell "a", CPU 1: instruction fetch from memory it does not have at 0x50000000: CPU stopped$')
    machine.says('^cell "a" failed$')
    machine.runs_guests_on([2, 3])
