# SPDX-License-Identifier: BSD-2-Clause
"""A cell whose translation tables are in a device when the hypervisor wants to read its instruction: the walk ends in an external abort,
which is the cell's own, not the hypervisor's."""
import contextlib

import pytest

from attacker import GICD, Lab
from direct import ROOT_CELL, cell_text

DEVICE = 0x09020003		# fw-cfg of QEMU's machine, as an entry of a table: nothing answers in the rest of its page
CELLS = (ROOT_CELL + cell_text("a", [1], "attacker", console="off", more="devices: [fw-cfg]")
         + "".join(cell_text(name, [cpu], "ring-demo", "rounds=0x7fffffff") for name, cpu in (("c", 2), ("d", 3))))
# Runs by a table of its own at 8000h (attacker.S has its root at 4000h), which it exchanges for the device when it is cached
WALK = ("mov x9, #0x4000; mov x10, #0x8000; mov x11, #0x701; str x11, [x10, #64]; dsb sy; isb; movz x12, #0x182, lsl #32; "
        "adr x13, 1f; add x12, x12, x13; br x12; 1: str x0, [x9, #24]; dsb sy; {}")
CODES = {"pair": WALK.format("ldp x2, x3, [x1]"), "write-back": WALK.format("ldr x2, [x1], #8"),
         "store": WALK.format("stp x2, x3, [x1]")}


@pytest.mark.parametrize("name", CODES)
def test_walk(tmp_path, name):
    with contextlib.closing(Lab(tmp_path, [*CODES.values(), "nop"], cells=CELLS)) as lab:
        lab.mark()
        lab.request(CODES[name], (DEVICE, GICD))
        answer = lab.wait_answer()
        assert answer is None or answer.cause, answer
        assert "PANIC" not in lab.machine.console.text()
        lab.restart()
        lab.do("nop")
