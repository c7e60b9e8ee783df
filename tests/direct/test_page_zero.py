# SPDX-License-Identifier: BSD-2-Clause
"""A cell without memory at address 0 reads there, which is like any other place where it has nothing: whatever it used before."""
from direct import BUILD, ROOT_CELL, cell_text, system_text
from root_cell import RootCell

VIOLATION = 'cell "b", CPU 1: read of memory it does not have at 0x8: '
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
    path = bench.make(system_text(ROOT_CELL + CELL + other))
    machine = bench.boot(path)
    machine.says('^cell "b" stays stopped: it was restarted 4 times')
    assert machine.console.text().count(VIOLATION) == 5
    # what its CPU used last was a window of a cell that is gone
    root = RootCell(machine, bench.open(path))
    assert not root.destroy("b") and not root.create("b") and not root.load("b") and not root.start("b")
    machine.says(VIOLATION, machine.console.text().rindex("stays stopped"))
    assert "PANIC" not in machine.console.text()
    machine.runs_guests_on([0, 2])		# the root cell, and the other
