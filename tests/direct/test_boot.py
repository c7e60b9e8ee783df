# SPDX-License-Identifier: BSD-2-Clause
"""Bundles that start: forms of the file, places where firmware puts it, machines of different sizes."""
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from direct import (BASE, DEMO_BUNDLE, DEMO_ELF, TIMEOUT, Bundle, board_text, board_with_cpus, boot_counts, cell_text,
		    ring_reports, system_text)

DEMO_LINES = ['root cell "(none)" has 4 CPUs, ', 'cell "a" created', 'cell "b" created', 'cell "c" created',
              'cell "a" started', 'cell "b" started', 'cell "c" started', '3 cells run, ']


def all_done(machine, programs, rounds):
    """Each program has rung with each of its peers."""
    machine.program_says("^ring: done$", count=programs)
    reports = ring_reports(machine.programs())
    assert len(reports) == programs * (programs - 1)
    # of two peers one asks
    assert sorted(asked for asked, _ in reports) == sorted([0, rounds] * (len(reports) // 2))
    assert all(answered == rounds for _, answered in reports)


def demo_runs(machine):
    all_done(machine, 3, 1000)
    lines = machine.lines()
    lines = lines[next(n for n, line in enumerate(lines) if line.startswith("Bulkhead ")):]		# before: boot loaders
    assert " on CPU 0, " in lines[0]
    # no program speaks before this is said
    assert len(lines) > len(DEMO_LINES)
    for line, expected in zip(lines[1:], DEMO_LINES):
        assert line.startswith(expected), line
    machine.runs_guests_on([1, 2, 3])


@pytest.mark.parametrize("file", [DEMO_BUNDLE, DEMO_ELF], ids=["raw", "elf"])
def test_demo(bench, file):
    demo_runs(bench.boot(file))


@pytest.mark.parametrize("address", [0x50000000, BASE + 0x200000, BASE - 0x100000], ids=["far", "above", "below"])
def test_loaded_elsewhere(bench, address):
    """It moves to its place, up or down."""
    demo_runs(bench.boot(extra=["-device", f"loader,file={DEMO_BUNDLE},addr={address:#x},force-raw=on",
                                "-device", f"loader,addr={address:#x},cpu-num=0"]))


MIB = 1 << 20
TABLES = 3		# of the first page tables: two above those of level 3, and that of areas of CPUs and devices
TAKEN = 1		# the crash log
SMALL_POOL = 4		# MiB; the bitmap of a larger one takes a page


@pytest.mark.parametrize("size, tables", [(2, 1), (3, 2), (4, 1), (7, 2), (64, 1)])
def test_sizes_of_hypervisor_memory(bench, size, tables):
    """Whole blocks, and what is left of one: all of it can be used, with as few tables as that needs."""
    cells = cell_text("a", [0], "ring-demo", "rounds=20") + cell_text("b", [1], "ring-demo", "rounds=20")
    text = system_text(cells, "  l: { peers: [a, b], output: 4 KiB }\n")
    machine = bench.boot(bench.make(text.replace("size: 4 MiB }", f"size: {size} MiB }}", 1)))
    all_done(machine, 2, 20)
    free = int(machine.says(r"^Bulkhead \S+ on CPU 0, (\d+) pages free").group(1))
    pool_offset = Bundle(Path(machine.kernel).read_bytes()).header.boot.pool_offset
    assert (size * MIB - pool_offset) // 4096 - free == TABLES + tables + TAKEN + (size > SMALL_POOL)


@pytest.mark.parametrize("cpus", [1, 2, 4, 16, 24])
def test_cpus(bench, cpus):
    """The first and the last CPU have cells, those in between sleep. From 16 on, there is a second cluster."""
    bench.board(board_with_cpus(cpus))
    cells = cell_text("first", [0], "ring-demo", "rounds=20")
    links = ""
    if cpus > 1:
        cells += cell_text("last", [cpus - 1], "ring-demo", "rounds=20")
        links = "  l: { peers: [first, last], output: 4 KiB }\n"
    machine = bench.boot(bench.make(system_text(cells, links, board="other")), cpus=cpus)
    all_done(machine, min(cpus, 2), 20)
    assert machine.says(r'^root cell "\(none\)" has (\d+) CPUs').group(1) == str(cpus)
    machine.runs_guests_on({0, cpus - 1})


def test_cpus_with_holes(bench):
    """
    The board has some of the machine's CPUs, of two clusters. Their cells know them by affinity, too. Those that ring are silent, as
    what several say at once is mixed; memory tells: questions of the one, answers of the other.
    """
    ring, rounds = 0x63000000, 2000
    bench.board(board_text(cpus="4\nmpidr: [0x0, 0x3, 0x100, 0x101]",
                           redistributors="{ at: 0x080a0000, size: 4 MiB }"))
    cells = "".join(cell_text(name, [cpu], "ring-demo", f"rounds={rounds}", console="off") for name, cpu in (("single", 1), ("root", 0)))
    cells += cell_text("double", [2, 3], "check_cpus", "second=0x101")
    links = f"  l: {{ peers: [single, root], output: 4 KiB, at: {ring:#x} }}\n"
    machine = bench.boot(bench.make(system_text(cells, links, board="other")), cpus=18)
    # as the check wants it: the other CPU fails, and is switched on again
    machine.says('cell "double", CPU 3: instruction fetch from memory it does not have at 0x50000000: CPU stopped$')
    machine.program_says("TAP done")
    end = time.monotonic() + TIMEOUT
    while [machine.word(ring + 0x1008), machine.word(ring + 0x2000)] != [rounds, rounds]:
        assert time.monotonic() < end, "they do not ring"
    states = machine.cpu_states()
    assert [cpu for cpu in range(18) if states[cpu][0]] == [0, 3, 16, 17]
    assert "not ok" not in machine.programs()


def test_waiting_cpus_sleep(bench, tmp_path):
    """Each executes what it has to do. Waiting at the same time for seconds, it would be a hundred times as much."""
    cells = cell_text("first", [0], "ring-demo", "rounds=20") + cell_text("last", [19], "ring-demo", "rounds=20")
    bench.board(board_with_cpus(20))
    path = bench.make(system_text(cells, "  l: { peers: [first, last], output: 4 KiB }\n", board="other"))
    _, busiest, _ = boot_counts(path, tmp_path, 20, thread="multi")
    assert busiest < 1_000_000


def test_machine_ends_with_the_tests():
    """A run that is killed cannot clean up; its emulator would go on and take the CPU from everything else."""
    run = subprocess.Popen([sys.executable, "-c", "import time, direct\n"
                            "machine = direct.Machine()\nmachine.memory.read(direct.BASE, 4)\n"	# it is there
                            "print(machine.qemu.pid, flush=True)\ntime.sleep(600)"],
                           cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True)
    pid = int(run.stdout.readline())
    emulator = os.pidfd_open(pid)
    run.kill()
    run.wait()
    assert select.select([emulator], [], [], 60)[0], f"process {pid} goes on"
    os.close(emulator)
