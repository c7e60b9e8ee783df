# SPDX-License-Identifier: BSD-2-Clause
"""Exits of large machines, under the plug-in that counts their instructions: with 64 CPUs, and on 31 links, none is longer than
docs/performance.md allows. What grows with CPUs, links and peers is seen here, and nowhere in machines of four CPUs."""
import json
import time

import excursions
import pytest
import worst

from attacker import FAILED, GICD, REGISTERS, ECAM, LINK, RAM_PHYS, STRAYS, TIMEOUT, Lab, abi
from direct import BASE, BUILD, HYPERVISOR_ELF, PAUSE, ROOT_CELL, board_text, cell_text
from test_exits import BAR0, BAR1, COMMAND, PAIR, STORE, STORE_HALF

CPUS, LINKS, VECTORS = 64, 31, 5
FIRST, MSIX_PAGE, MSIX_CAPABILITY, PRIORITIES = 100, REGISTERS + 0x10000, 0x60, GICD + 0x400
INT_CTRL, DOORBELL, STATE = 8, 12, 16
STORE_PAIR, SGI, HVC = "stp w1, w2, [x0]", "msr s3_0_c12_c11_5, x0; isb", "hvc #0x4a48"
RING = "1: str w1, [x0, #12]; subs x2, x2, #1; b.ne 1b"
RING_ALL = "mov x4, #40; 2: mov w1, #0; 1: str w1, [x0, #12]; add w1, w1, #1; cmp w1, w2; b.ne 1b; subs x4, x4, #1; b.ne 2b"
SWITCH_OFF = "movz x0, #2; movk x0, #0x8400, lsl #16; smc #0"
LOAD = "ldr w2, [x0]"
# all functions of the bus: x0 configuration of the first one, x1 its register page, x2 how many
ATTACH = ("1: str w1, [x0, #0x10]; mov w9, #2; strh w9, [x0, #4]; str w9, [x1, #16]; add x0, x0, #0x8, lsl #12; "
          "add x1, x1, #0x1, lsl #12; subs x2, x2, #1; b.ne 1b")
VISIT = ("mov x5, x1; mov x6, #8; 2: mov x1, x5; mov x4, x2; 1: ldr w9, [x1]; str w3, [x1, #12]; ldr w9, [x1, #16]; "
         "add x1, x1, #0x1, lsl #12; subs x4, x4, #1; b.ne 1b; subs x6, x6, #1; b.ne 2b")
# a CPU that was switched on with its number: rings the first peer by each of four vectors, says so, and waits
RUNG, RINGER_AT = 0xc000, 0xc100
RINGER = ("mov x5, #0xff000000; mov w2, #4; 2: mov w1, #0; 1: str w1, [x5, #12]; add w1, w1, #1; cmp w1, #4; b.ne 1b; "
          f"subs w2, w2, #1; b.ne 2b; mov x3, #{RUNG:#x}; mov w1, #1; strb w1, [x3, x0]; 3: wfi; b 3b")
SMC, CPU_ON = "smc #0", 0xc4000003
CODES = [SMC, RINGER, STORE, STORE_HALF, PAIR, STORE_PAIR, SGI, HVC, RING, RING_ALL, SWITCH_OFF, LOAD, ATTACH, VISIT]


def spis(first, count):
    return f"interrupts: [{', '.join(map(str, range(first, first + count)))}]"


@pytest.fixture(name="start")
def make_start(tmp_path):
    """
    Starts a machine under the plug-in; when the test is over, all of its exits are looked at. By bench-worst, where each machine
    has the plug-in, and there is one in an emulator.
    """
    labs, image, out = [], tmp_path / "image.txt", tmp_path / "excursions.json"
    image.write_text(excursions.Image(HYPERVISOR_ELF).describe(), encoding="utf-8")
    extra = [] if excursions.DIRECTORY else ["-plugin", excursions.plugin(BUILD, image, out, BASE)]

    def start(cells, links, **options):
        labs.append(Lab(tmp_path, CODES, ROOT_CELL + cells, links, extra=extra, **options))
        labs[0].restart()
        return labs[0]
    yield start
    labs[0].close()
    if excursions.DIRECTORY:
        return
    causes = worst.summary([json.loads(out.read_text(encoding="utf-8"))])
    assert sum(record["count"] for record in causes.values()) > 1000
    assert not worst.too_long(causes), "\n".join(worst.lines(causes))


def let_end(lab, how):
    """The last CPU of the cell that runs"""
    if how == "fails":
        lab.request(LOAD, (FAILED,))
        assert lab.wait_answer() is None
    else:
        lab.request(SWITCH_OFF)
        lab.wait_absent()


def start_many_cpus(start, tmp_path):
    """A cell of 62 CPUs, of which the first one has a device with all interrupts on"""
    (tmp_path / "other.yaml").write_text(board_text(cpus=CPUS, redistributors="{ at: 0x080a0000, size: 8 MiB }"), encoding="utf-8")
    cells = (cell_text("a", list(range(1, CPUS - 1)), "attacker", console="off", more=STRAYS + spis(FIRST, 8))
             + cell_text("c", [CPUS - 1], "ring-demo", "rounds=0x7fffffff", spis(FIRST + 8, VECTORS)))
    lab = start(cells, f"  m: {{ peers: [a, c], output: 4 KiB, at: {LINK:#x}, interrupt: msi-x, vectors: {VECTORS} }}\n",
                board="other", cpus=CPUS)
    intid = FIRST + 32
    for bar, address in (BAR0, REGISTERS), (BAR1, MSIX_PAGE):
        lab.do(STORE, ECAM + bar, address)
    lab.do(STORE_HALF, ECAM + COMMAND, 6)
    for vector in range(VECTORS):
        lab.do(STORE_PAIR, MSIX_PAGE + 16 * vector, 0, 0)
        lab.do(STORE_PAIR, MSIX_PAGE + 16 * vector + 8, intid + vector % 4, 0)
    lab.do(STORE, ECAM + MSIX_CAPABILITY, 0x80000000)
    lab.do(STORE, REGISTERS + INT_CTRL, 1)
    return lab, intid


def change_all(lab, intid, change):
    """All that the interrupts of a device depend on"""
    lab.do(STORE_PAIR, MSIX_PAGE + 8, intid + change % 2, 1)	# another interrupt, and masked, in one instruction
    lab.do(STORE_PAIR, MSIX_PAGE + 8, intid + change % 2, 0)
    lab.do(STORE_PAIR, MSIX_PAGE + 8, intid + (change + 1) % 2, 0)	# another one, while it is not
    lab.do(STORE, REGISTERS + INT_CTRL, 0)
    for vector in range(VECTORS):
        lab.do(STORE_PAIR, MSIX_PAGE + 16 * vector + 8, intid + (vector + change) % 4, 0)
    lab.do(STORE, REGISTERS + INT_CTRL, 1)
    lab.do(STORE_HALF, ECAM + COMMAND, 0)
    lab.do(STORE_HALF, ECAM + COMMAND, 6)


def ask_all(lab):
    for counter in range(abi.LINK_NUM_COUNTERS):
        lab.do(HVC, abi.HC_LINK_INFO, 0, abi.LINK_INFO_COUNTER_BASE + counter)


@pytest.mark.parametrize("end", ["fails", "switches itself off"])
def test_many_cpus(start, tmp_path, end):
    """One of many CPUs changes all that its peer and its CPUs look at."""
    lab, intid = start_many_cpus(start, tmp_path)
    lab.do(RING, REGISTERS, 0, 20)
    lab.do(RING_ALL, REGISTERS, 0, VECTORS)
    for change in range(4):
        change_all(lab, intid, change)
        lab.do(STORE_PAIR, PRIORITIES + intid, 0x80808080, 0x40404040)
        lab.do(STORE, REGISTERS + STATE, change + 1)
    lab.do(SGI, 1 << 40 | 5 << 24)		# to all others
    lab.do(SGI, 0xffff)
    ask_all(lab)
    for item in range(12):
        lab.do(HVC, abi.HC_CPU_INFO, 1, item)
    let_end(lab, end)


def test_many_ringers(start, tmp_path):
    """All CPUs of a cell ring it, by all that they can repeat, and then its interrupts change, and it asks for its counters."""
    lab, intid = start_many_cpus(start, tmp_path)
    lab.machine.memory.write(RAM_PHYS + RINGER_AT, lab.codes[RINGER])
    others = range(2, CPUS - 1)
    for cpu in others:
        assert lab.do(SMC, CPU_ON, cpu // 16 << 8 | cpu % 16, RINGER_AT, cpu) == 0
    end = time.monotonic() + TIMEOUT
    while not all(lab.read(RAM_PHYS + RUNG, CPUS)[cpu] for cpu in others):
        assert time.monotonic() < end, "not all CPUs have rung"
        time.sleep(PAUSE)
    lab.do(RING_ALL, REGISTERS, 0, 4)
    ask_all(lab)
    for change in range(2):
        change_all(lab, intid, change)


@pytest.mark.parametrize("end", ["fails", "switches itself off"])
def test_many_links(start, end):
    """A cell on as many links as its bus has functions, which uses one after the other."""
    cells = cell_text("a", [1], "attacker", console="off", more=STRAYS) + "".join(
        cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff") for name, cpu in (("c", 2), ("d", 3)))
    lab = start(cells, "".join(f"  l{n}: {{ peers: [a, c, d], output: 4 KiB, at: {LINK + n * 0x10000:#x} }}\n" for n in range(LINKS)))
    lab.do(ATTACH, ECAM, REGISTERS, LINKS)
    lab.do(VISIT, 0, REGISTERS, LINKS, 1 << 16)
    let_end(lab, end)
