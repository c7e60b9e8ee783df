# SPDX-License-Identifier: BSD-2-Clause
"""Long work on cells is nobody else's: what a cell's exits cost, to the instruction, while others are created, loaded, started
and destroyed, or fail and are started again, all the time. Time is counted in instructions, so that CPUs take turns every
few thousand of them, also in the middle of such work.
"""
import json
from collections import Counter
from pathlib import Path

import pytest

import excursions
from direct import BASE, BUILD, CPU, HYPERVISOR_ELF, INMATES, Bundle, Machine, board_text, cell_text, make_bundle, system_text
from soak import COMM_AT, ROOT_AT, comm_region

CPUS = 5
STEADY, PEER, FAILING, MANAGED = 1, 4, 2, 3		# CPUs; the root cell has the first one
ROUNDS = 1000
EACH = 10		# exits in a round beside the timer's and the SGI's
CONFIG_AT, IMAGE_AT = 0x54000000, 0x54100000


def bundle(directory, managed, fails):
    """As tests/bench/operations.py makes life_bundle(): twice, what the root cell has to know of the result is in it then."""
    size = (INMATES / "ring-demo.bin").stat().st_size
    for name in ("steady_root", "steady", "fail", "ring-demo"):
        (directory / f"{name}.bin").write_bytes((INMATES / f"{name}.bin").read_bytes())
    (directory / "other.yaml").write_text(board_text(
        dram="{ at: 0x40000000, size: 2 GiB }", cpus=CPUS, redistributors=f"{{ at: 0x080a0000, size: {128 * CPUS} KiB }}"))
    for name in ("comm", "config"):
        (directory / f"{name}.bin").write_bytes(bytes(4096))
    ram = ident = 0
    for _ in range(2):
        parameters = f"config={CONFIG_AT:#x} image={IMAGE_AT:#x} size={size:#x} ram={ram:#x} id={ident}" if managed else ""
        cells = (f"  root:\n    root: true\n    virtual-console: active\n    entry: {ROOT_AT:#x}\n    images:\n"
                 f"      - {{ file: steady_root.bin, at: {ROOT_AT:#x} }}\n"
                 f"      - {{ text: \"{parameters}\", at: {ROOT_AT + 0x1000:#x} }}\n"
                 f"      - {{ file: comm.bin, at: {COMM_AT:#x} }}\n      - {{ file: config.bin, at: {CONFIG_AT:#x} }}\n"
                 f"      - {{ file: ring-demo.bin, at: {IMAGE_AT:#x} }}\n")
        cells += cell_text("steady", [STEADY], "steady", f"rounds={ROUNDS}", "passive: true")
        cells += cell_text("peer", [PEER], "steady", "", "passive: true")
        cells += cell_text("failing", [FAILING], "fail", "", f"passive: true\non-failure: {'restart' if fails else 'stop'}")
        cells += cell_text("managed", [MANAGED], "ring-demo", more="passive: true").replace(
            "size: 2 MiB }", "size: 2 MiB, loadable: true }")
        links = ("  own: { peers: [steady, peer], output: 4 KiB }\n"
                 "  other: { peers: [root, managed], output: 4 KiB }\n")
        path = make_bundle(system_text(cells, links, board="other"), directory, files=directory)
        made = Bundle(path.read_bytes()).cells_by_name()
        root, config = made["root"][0], made["managed"][0]
        (directory / "comm.bin").write_bytes(comm_region(root.header).ljust(4096, b"\0"))
        (directory / "config.bin").write_bytes(config.bytes().ljust(4096, b"\0"))
        ram = next(region.phys_start for region in config.memory_regions if region.virt_start == 0)
        ident = config.cell.id
    return path


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
    for cpu, cause in ((0, "hvc/create"), (0, "hvc/destroy"), (0, "hvc/start"), (FAILING, "access/restart")):
        assert others[cpu, cause] > 50000, (cpu, cause, others)
    assert busy == quiet
