# SPDX-License-Identifier: BSD-2-Clause
"""The image with nothing that a system can do without (configs/minimal_direct_defconfig): what it does not have is refused."""
import errno
import re

import pytest

from bulkhead_config import built
from bulkhead_config.source import ConfigError
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


WATCHED = RINGS + cell_text("f", [3], "hang", "how=never", "watchdog: 500 ms")


def test_watchdog(bench):
    """By the tool already"""
    with pytest.raises(ConfigError, match="cell 'f' has a watchdog, and jailhouse.bin was built without CONFIG_WATCHDOG"):
        bench.make(system_text(WATCHED, LINK), hypervisor=MINIMAL)


def test_watchdog_without_the_tool(bench):
    """An image whose header says that it has everything"""
    image = bytearray(MINIMAL.read_bytes())
    abi.ImageHeader.from_buffer(image).features = 0xffffffff
    liar = bench.directory / "liar.bin"
    liar.write_bytes(image)
    machine = bench.boot(bench.make(system_text(WATCHED, LINK), hypervisor=liar))
    machine.says(r'^refused \(-22\): cell "f": memory region \d+ is a watchdog: this hypervisor was built without CONFIG_WATCHDOG$')
    machine.says(r"^The system was not started \(-22\)$")
    assert "ring:" not in machine.programs()


@pytest.mark.parametrize("name", [".", "minimal-direct", "minimal-linux", "minimal-managed", "no-trace"])
def test_header_says_what_is_built_in(name):
    text = (BUILD / name / "include/generated/config.h").read_text()
    config = {key: int(value) for key, value in re.findall(r"^#define CONFIG_(\w+) (\d+)$", text, re.M)}
    header = abi.ImageHeader.from_buffer_copy((BUILD / name / "arm64/jailhouse.bin").read_bytes())
    for feature, bit in built.FEATURES.items():
        assert bool(header.features & bit) == config[feature], feature
    assert (header.max_cpus, header.max_cells, header.max_links) == tuple(
        config[key] for key in ("MAX_CPUS", "MAX_CELLS", "IVSHMEM_MAX_LINKS"))


def test_no_direct_boot(bench):
    with pytest.raises(bundle.BinaryError, match="built without CONFIG_DIRECT_BOOT"):
        compile_system(system_text(RINGS, LINK), bench.directory, hypervisor=LINUX)
