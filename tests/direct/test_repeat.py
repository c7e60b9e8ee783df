# SPDX-License-Identifier: BSD-2-Clause
"""Accesses to the device that are made again: with each register, after changes, and with another CPU in the middle of them."""
from direct import cell_text, system_text
from test_isolation import tap

LINK = "  l: { peers: [r, i], output: 4 KiB }\n"


def test_repeat(bench):
    cells = cell_text("r", [1], "check_repeat", "ringer=1", console="off") + cell_text("i", [2], "check_repeat")
    tap(bench.boot(bench.make(system_text(cells, LINK))))
