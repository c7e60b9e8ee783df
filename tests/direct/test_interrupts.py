# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts of a cell, handed over by the entry code or by C: they come, each as often as it was raised, and as they are now."""
import pytest

from attacker import GICD, Lab
from containment.model import OWN_INTID
from direct import ROOT_CELL, cell_text, system_text
from test_isolation import tap

FIRST = 40		# SPI


def test_interrupts(bench):
    cells = cell_text("i", [1, 3], "check_interrupts", f"first={FIRST + 32} second=3", f"interrupts: {list(range(FIRST, FIRST + 20))}")
    tap(bench.boot(bench.make(system_text(cells + cell_text("c", [2], "ring-demo", "rounds=0x7fffffff", console="off")))))


STORE_LONG, FAIL = "str x1, [x0]", "ldr x0, [x0]"
NOTHING = 0x50100000


@pytest.mark.parametrize("by", ["the root cell", "its failure"])
def test_restart_aims_at_the_first_cpu(tmp_path, by):
    """What a program has aimed at another CPU does not go there before the next one says so."""
    cells = cell_text("a", [1, 2], "attacker", console="off", more="interrupts: [180]\non-failure: restart")
    lab = Lab(tmp_path, [STORE_LONG, FAIL], ROOT_CELL + cells + cell_text("c", [3], "ring-demo", "rounds=0x7fffffff"), links="")
    route = GICD + 0x6000 + 8 * OWN_INTID
    assert lab.word(route) == 1
    lab.do(STORE_LONG, route, 2)
    assert lab.word(route) == 2
    if by == "the root cell":
        lab.restart()
    else:
        lab.mark()
        lab.give(FAIL, [NOTHING])		# its mailbox is loaded anew, soon
        lab.wait_said('cell "a" started$')
    assert lab.word(route) == 1
    lab.close()
