# SPDX-License-Identifier: BSD-2-Clause
"""Hypervisor memory that has no room for the first page tables: nothing behind it is written."""
import ctypes

from cellfile import CellFile, abi
from conftest import host_path


def test_nothing_behind_little_memory_is_written(fleet):
    config = CellFile.read(host_path("/configs/fixed/qemu-arm64.cell"))
    with open(host_path("/arm64/jailhouse.bin"), "rb") as file:
        image = abi.ImageHeader.from_buffer_copy(file.read(ctypes.sizeof(abi.ImageHeader)))
    memory = config.header.hypervisor_memory
    memory.size = image.core_size + 4 * image.percpu_size + 0x3000
    end = memory.phys_start + memory.size
    machine = fleet.get(cmdline="mem=768M iomem=relaxed")
    machine.load_modules()
    pages = [end + n * 0x1000 for n in range(8)]
    for page in pages:
        assert machine.check(f"bh-probe mem write 4 {page:#x} 0x5a5a5a5a").strip() == "ok"
    result = machine.run(f"jailhouse enable {machine.push_config('little', config.bytes())}")
    found = [machine.check(f"bh-probe mem read 4 {page:#x}").strip() for page in pages]
    machine.guest.alive = False
    assert result.status == 1 and found == ["ok 0x5a5a5a5a"] * 8, (result, found)
