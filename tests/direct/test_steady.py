# SPDX-License-Identifier: BSD-2-Clause
"""Long work on cells is nobody else's: what a cell's exits cost, to the instruction, while others are created, loaded, started
and destroyed, or fail, by a violation or by their watchdog, and are started again, all the time. Time is counted in instructions, so that CPUs take turns every
few thousand of them, also in the middle of such work.
"""
import json
from collections import Counter
from pathlib import Path

import pytest

import excursions
import operations
from direct import BASE, BUILD, CPU, HYPERVISOR_ELF, Machine, cell_text

CPUS = 6
STEADY, PEER, FAILING, MANAGED, HANGING = 1, 4, 2, 3, 5		# CPUs; the root cell has the first one
ROUNDS = 1000
EACH = 10		# exits in a round beside the timer's and the SGI's


def bundle(directory, managed, fails):
    """The cell that is looked at with its peer, one that fails, one that hangs, and one that the root cell manages"""
    cells = cell_text("steady", [STEADY], "steady", f"rounds={ROUNDS}", "passive: true")
    cells += cell_text("peer", [PEER], "steady", "", "passive: true")
    cells += cell_text("failing", [FAILING], "fail", "", f"passive: true\non-failure: {'restart' if fails else 'stop'}")
    cells += cell_text("hanging", [HANGING], "hang", "how=wfi ticks=0",
                       "passive: true" + ("\nwatchdog: 1 ms\non-failure: restart" if fails else ""))
    return operations.managing_bundle(
        directory, "steady_root", ("managed", MANAGED), (cells, ("steady", "fail", "hang")),
        "  own: { peers: [steady, peer], output: 4 KiB }\n", managed,
        cpus=CPUS, redistributors=f"{{ at: 0x080a0000, size: {128 * CPUS} KiB }}")


def observe(directory, managed, fails):
    """{(cause, instructions): how often} of the steady cell; what was executed on other CPUs meanwhile; what was said."""
    image, out = directory / "image.txt", directory / "out.json"
    image.write_text(excursions.Image(HYPERVISOR_ELF).describe(), encoding="utf-8")
    with Machine(bundle(directory, managed, fails), cpus=CPUS, cpu=CPU, accel="tcg,thread=single",
                 extra=["-m", "2G", "-icount", "shift=0,sleep=off",
                        "-plugin", excursions.plugin(BUILD, image, out, BASE, log="on")]) as machine:
        machine.says("^steady: (done|failed.*)\n")
        text = machine.console.text()
    events = [event for event in json.loads(Path(out).read_text())["log"] if event[0] == "exit"]
    own = Counter((cause, executed) for _, cpu, cause, executed, *_ in events if cpu == STEADY)
    others = Counter()
    for _, cpu, cause, executed, *_ in events:
        if cpu != STEADY:
            others[cpu, cause] = max(others[cpu, cause], executed)
    return own, others, text


@pytest.mark.skipif(bool(excursions.DIRECTORY), reason="the emulator has the plug-in once")
def test_nothing_is_noticed(tmp_path):
    for name in ("quiet", "busy"):
        (tmp_path / name).mkdir()
    quiet, _, text = observe(tmp_path / "quiet", False, False)
    assert "steady: done" in text and "lives" not in text
    assert sum(quiet.values()) >= ROUNDS * EACH
    busy, others, text = observe(tmp_path / "busy", True, True)
    assert "steady: done" in text and "root: failed" not in text
    # it was in the middle of all that
    for cpu, cause in ((0, "hvc/create"), (0, "hvc/destroy"), (0, "hvc/start"), (FAILING, "access/restart"),
                       (HANGING, "irq/restart")):
        assert others[cpu, cause] > 50000, (cpu, cause, others)
    assert others[0, "hvc/set_loadable"] > 5000
    assert busy == quiet
