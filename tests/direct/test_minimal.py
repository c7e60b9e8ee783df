# SPDX-License-Identifier: BSD-2-Clause
"""The image with nothing that a system can do without (configs/minimal_direct_defconfig): what it does not have is refused."""
import errno

import pytest

from direct import BUILD, ROOT_CELL, abi, bundle, cell_text, compile_system, system_text
from root_cell import RootCell

MINIMAL = BUILD / "minimal-direct/arm64/jailhouse.bin"
LINUX = BUILD / "minimal-linux/arm64/jailhouse.bin"
RINGS = cell_text("a", [1], "ring-demo", "rounds=1") + cell_text("b", [2], "ring-demo", "rounds=1")
LINK = "  r: { peers: [a, b], output: 4 KiB, at: 0x63100000 }\n"


def test_unknown_hypercalls(bench):
    """For a root cell, too; the numbers of its cells are right."""
    path = bench.make(system_text(ROOT_CELL + RINGS, LINK), hypervisor=MINIMAL)
    machine = bench.boot(path)
    machine.program_says("^ring: done$", count=2)
    root = RootCell(machine, bench.open(path))
    for code in (abi.HC_LINK_INFO, abi.HC_CELL_INFO, abi.HC_CELL_CONSOLE, abi.HC_TRACE, abi.HC_CELL_CREATE, abi.HC_CELL_START,
                 abi.HC_CELL_SET_LOADABLE, abi.HC_CELL_DESTROY):
        assert machine.hypercall(code, 1) == -errno.ENOSYS
    assert machine.hypercall(abi.HC_DISABLE) == -errno.EPERM
    assert root.num_cells() == 3 and root.state("a") == abi.COMM_STATE_RUNNING


def test_watchdog(bench):
    cells = RINGS + cell_text("f", [3], "hang", "how=never", "watchdog: 500 ms")
    machine = bench.boot(bench.make(system_text(cells, LINK), hypervisor=MINIMAL))
    machine.says(r'^refused \(-22\): cell "f": memory region \d+ is a watchdog: this hypervisor was built without CONFIG_WATCHDOG$')
    machine.says(r"^The system was not started \(-22\)$")
    assert "ring:" not in machine.programs()


def test_no_direct_boot(bench):
    with pytest.raises(bundle.BinaryError, match="built without CONFIG_DIRECT_BOOT"):
        compile_system(system_text(RINGS, LINK), bench.directory, hypervisor=LINUX)
