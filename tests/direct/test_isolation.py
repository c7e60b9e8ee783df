# SPDX-License-Identifier: BSD-2-Clause
"""Programs that check a cell from inside, and others that try what a cell must not do, without any Linux. Beside each
attacker a peer on its link watches it, and two more cells ring each other all the time."""
import re

import pytest

from direct import BASE, cell_text, system_text	# which makes tests/system importable, too
import attacks
from attacks import STOPPED

LINK, RING = 0x63000000, 0x63100000
STATE, NUMBER, ANSWER = LINK, RING + 0x1008, RING + 0x2000
LINKS = (f"  l: {{ peers: [a, w], shared: 4 KiB, output: 4 KiB, at: {LINK:#x} }}\n"
         f"  r: {{ peers: [c, d], output: 4 KiB, at: {RING:#x} }}\n")
RINGING = "".join(cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff") for name, cpu in (("c", 2), ("d", 3)))
RAM = 0x60000000		# of the first cell: that of the others follows


def start(bench, program, parameters="", more="", watch="active"):
    cells = cell_text("a", [1], program, parameters, more) + cell_text("w", [0], "watch", console=watch) + RINGING
    return bench.boot(bench.make(system_text(cells, LINKS)))


def neighbours_go_on(machine):
    """Doorbells and data between the other two, in both directions."""
    assert machine.word_changes(NUMBER) and machine.word_changes(ANSWER)


def tap(machine):
    """A program's checks: all planned ones are there and ok."""
    machine.program_says(r"^TAP done$|^Bail out!.*$|^inmate: .*stopped$")
    text = machine.programs()
    lines = [line for line in text.splitlines() if re.match(r"(not )?ok \d|# ", line)]
    plan = re.search(r"^1\.\.(\d+)$", text, re.M)
    assert plan and "TAP done" in text and not [line for line in lines if line.startswith("not ok")], text
    numbers = [int(match) for match in re.findall(r"^ok (\d+) - ", text, re.M)]
    assert numbers == list(range(1, int(plan.group(1)) + 1)), text


# --- conformance

@pytest.mark.parametrize("program, parameters", [
    ("check_harmless", "foreign-cpu=2 foreign-intid=33"), ("check_ivshmem", ""), ("attack_gic", "attack=deactivate")])
def test_check(bench, program, parameters):
    # silent: the checks change their State while they print
    machine = start(bench, program, parameters, "interrupts: [40]", watch="off")
    tap(machine)
    neighbours_go_on(machine)


def test_own_interrupt(bench):
    machine = start(bench, "attack_gic", "attack=reconfigure intid=72", "interrupts: [40]")
    tap(machine)
    neighbours_go_on(machine)


def test_two_cpus(bench):
    """Switches its second CPU on and off, and lets it fail."""
    machine = bench.boot(bench.make(system_text(cell_text("a", [1, 2], "check_cpus", "second=2"))))
    tap(machine)
    machine.runs_guests_on([1, 2])


# --- attacks

FOREVER = "for ever"
WORDS = {**attacks.WORDS, FOREVER: r"^# attack page-walk: "}

# name of the attack [@ place]: what comes of it
ATTACKS = {
    **attacks.ATTACKS,
    "page-walk": FOREVER,
    "read@hypervisor": STOPPED, "write@hypervisor": STOPPED, "execute@hypervisor": STOPPED,
    "write@neighbour": STOPPED, "write@link": STOPPED, "write-device@uart": STOPPED, "read-device@its": STOPPED,
    "page-walk@hypervisor": FOREVER,
}
PLACES = {"hypervisor": BASE, "neighbour": RAM + 0x400000, "link": RING + 0x1000, "uart": 0x09000000, "its": 0x08080000}


@pytest.mark.parametrize("attack, outcome", ATTACKS.items(), ids=ATTACKS)
def test_attack(bench, attack, outcome):
    name, _, place = attack.partition("@")
    address = PLACES.get(place, 0x50000000)
    machine = start(bench, "attack_memory", f"attack={name} state=1 addr={address:#x}")
    machine.program_says(f"^# attack {name}: ")
    if outcome == STOPPED:
        machine.says('cell "a", CPU 1: .*: CPU stopped$')
        machine.says('cell "a" failed$')
        machine.program_says("^watch: peer 0 has State 0$")
        machine.runs_guests_on([0, 2, 3])
        assert machine.word(STATE) == 0 and "TAP done" not in machine.console.text()
    else:
        machine.program_says(WORDS[outcome])
        machine.runs_guests_on([0, 1, 2, 3])
        assert machine.word(STATE) == 1 and "CPU stopped" not in machine.console.text()
    neighbours_go_on(machine)


def test_all_cpus_off(bench):
    """Nobody can switch one on again: it has not failed, but it is gone from its links."""
    machine = start(bench, "attack_memory", "attack=off state=1")
    machine.program_says("^# attack off: ")
    machine.program_says("^watch: peer 0 has State 0$")
    machine.runs_guests_on([0, 2, 3])
    assert machine.word(STATE) == 0 and not re.search('"a" failed|CPU stopped', machine.console.text())
    neighbours_go_on(machine)
