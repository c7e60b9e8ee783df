# SPDX-License-Identifier: BSD-2-Clause
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build")).resolve()
sys.path.insert(0, str(ROOT / "tools"))


def pytest_addoption(parser):
    parser.addoption("--update-good", action="store_true",
                     help="write good/*.hex from what the compiler makes now; read the difference before committing it")


def read_hex(path):
    """Bytes in hexadecimal, comments behind #."""
    return bytes.fromhex("".join(line.split("#")[0] for line in path.read_text().splitlines()))


def hypervisor_image(core_size=0x40000, percpu_size=0x4000, size=0x1234, without=()):
    """What looks like jailhouse.bin: a header, room for that of an EFI program, and bytes that tell their places."""
    from bulkhead_config import abi, built, limits
    header = abi.ImageHeader(
        signature=abi.BH_IMAGE_SIGNATURE, abi=abi.BH_IMAGE_ABI, architecture=abi.CFG_ARCH_ARM64, core_size=core_size,
        percpu_size=percpu_size, entry=0x1000, public_page=0x2000, version=b"test", features=sum(bit for name, bit in built.FEATURES.items() if name not in without),
        max_cpus=limits.STANDARD.cpus, max_cells=limits.STANDARD.cells, max_links=limits.STANDARD.links)
    header.kernel.code[:] = 0x91005a4d, 0x14000100
    header.kernel.flags, header.kernel.magic = 2, abi.BH_KERNEL_MAGIC
    body = bytes(n * 7 & 0xff or 1 for n in range(size))
    first = bytes(header) + bytes(abi.BH_IMAGE_PE_SIZE)
    return first + body[len(first):]


@pytest.fixture
def in_config_directory(monkeypatch):
    """Messages name files as the user gave them: relative to this directory."""
    monkeypatch.chdir(HERE)
