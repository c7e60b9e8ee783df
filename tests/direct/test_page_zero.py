# SPDX-License-Identifier: BSD-2-Clause
"""A cell without memory at address 0 reads there, which is like any other place where it has nothing: whatever it used before."""
from direct import BUILD, ROOT_CELL, cell_text, system_text

CELL = f"""\
  b:
    cpus: [1]
    memory: {{ ram: {{ at: 0x10000000, size: 2 MiB }} }}
    entry: 0x10000000
    communication-region: 0x80000000
    on-failure: {{ restart: 4 }}
    images: [{{ file: {BUILD}/direct/page_zero.bin, at: 0x10000000 }}]
"""


def test_page_zero(bench):
    other = cell_text("c", [2], "ring-demo", "rounds=0x7fffffff", console="off")
    machine = bench.boot(bench.make(system_text(ROOT_CELL + CELL + other)))
    machine.says('^cell "b" stays stopped: it was restarted 4 times')
    text = machine.console.text()
    assert text.count('cell "b", CPU 1: read of memory it does not have at 0x8 ') == 5
    assert "PANIC" not in text
    machine.runs_guests_on([0, 2])		# the root cell, and the other
