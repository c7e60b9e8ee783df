# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts of a cell, handed over by the entry code or by C: they come, each as often as it was raised, and as they are now."""
from direct import cell_text, system_text
from test_isolation import tap

FIRST = 40		# SPI


def test_interrupts(bench):
    cells = cell_text("i", [1, 3], "check_interrupts", f"first={FIRST + 32} second=3", f"interrupts: {list(range(FIRST, FIRST + 20))}")
    tap(bench.boot(bench.make(system_text(cells + cell_text("c", [2], "ring-demo", "rounds=0x7fffffff", console="off")))))
