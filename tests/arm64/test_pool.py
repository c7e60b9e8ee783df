# SPDX-License-Identifier: BSD-2-Clause
"""What the hypervisor takes out of its page pool for a system, and what the compiler says that it takes at least."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build").resolve()
sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import cli, emit, pages		# noqa: E402
from bulkhead_config.units import PAGE		# noqa: E402

BOARDS = [ROOT / "tests/config/boards", ROOT / "configs/boards"]
SYSTEMS = sorted((ROOT / "configs/systems").glob("*.yaml")) + sorted((ROOT / "tests/config/good").glob("*.yaml"))
FOUR_LEVELS, CONCATENATED = 4, 2		# PARange: 44 bits, 40 bits with two pages as root
# the driver chooses the place in tests of files without one
HYPERVISOR = 0x7fc00000


def taken(system, pa_range, folder):
    """[(what, pages)] in the order of creation."""
    names = []
    for name, content in emit.compile_system(system).items():
        names.append(folder / name)
        names[-1].write_bytes(content)
    area = system.hypervisor_at or HYPERVISOR
    done = subprocess.run(["qemu-aarch64", "-cpu", "cortex-a57", BUILD / "arm64-user/pool", str(pa_range), hex(area),
                           hex(system.hypervisor_size), str(system.board.cpus), "direct" if system.direct else "linux",
                           *names], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return [(what, int(count)) for what, count in (line.rsplit(" ", 1) for line in done.stdout.splitlines())]


@pytest.mark.parametrize("pa_range", [FOUR_LEVELS, CONCATENATED])
@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_estimate(path, pa_range, tmp_path):
    """Never more than is taken, or a system that works would be refused; and not much less: a page for each cell, whose root
    of four levels or of two pages is not counted."""
    system = cli.load(path, BOARDS)
    total = sum(count for _, count in taken(system, pa_range, tmp_path))
    least = sum(pages.pool(system).values()) // PAGE
    print(path.stem, pa_range, least, total)
    assert least <= total <= least + len(system.cells) + 2, taken(system, pa_range, tmp_path)


def test_what_cells_print(tmp_path):
    """A page for each cell that may, to the compiler and to the hypervisor."""
    text = (ROOT / "configs/systems/qemu-arm64-control.yaml").read_text(encoding="utf-8")
    assert text.count("virtual-console: active") == 2
    found = []
    for number, changed in enumerate((text, text.replace("virtual-console: active", "virtual-console: permitted"),
                                      text.replace("virtual-console: active", "virtual-console: off", 1),
                                      text.replace("virtual-console: active", "virtual-console: off"))):
        path = tmp_path / f"{number}.yaml"
        path.write_text(changed, encoding="utf-8")
        system = cli.load(path, BOARDS)
        found.append((sum(pages.pool(system).values()) // PAGE,
                      sum(count for _, count in taken(system, FOUR_LEVELS, tmp_path))))
    assert [tuple(first - now for first, now in zip(found[0], counts)) for counts in found] == [(0, 0), (0, 0), (1, 1), (2, 2)]
