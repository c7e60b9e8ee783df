# SPDX-License-Identifier: BSD-2-Clause
"""Linux with the reserved memory that the compiler wrote in its device tree: it keeps off, and all works there."""
import os
import re
import subprocess

from cellfile import CellFile
from conftest import host_path
from guest import MACHINE

FRAGMENT = host_path("/configs/fixed/qemu-arm64.dtsi")


def make_tree(directory):
    """The tree that the machine has, with the fragment behind it."""
    blob, source, tree = (os.path.join(directory, f"tree.{end}") for end in ("dtb", "dts", "new"))
    subprocess.run(["qemu-system-aarch64", "-machine", f"{MACHINE[1]},dumpdtb={blob}", *MACHINE[2:], "-cpu", "cortex-a57",
                    "-smp", "4"], check=True, timeout=60, capture_output=True)
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, blob], check=True, timeout=60)
    with open(source, "a", encoding="utf-8") as file:
        file.write(f'/include/ "{FRAGMENT}"\n')
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree, source], check=True, timeout=60)
    return tree


def ram(iomem):
    found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM", iomem, re.M)
    return [(int(start, 16), int(end, 16)) for start, end in found]


def test_reserved_memory(fleet, tmp_path):
    machine = fleet.get(tree=make_tree(tmp_path))
    machine.load_modules()
    system, cell = (CellFile.read(host_path(f"/configs/fixed/{name}.cell")) for name in ("qemu-arm64", "rtos"))
    before = machine.check("cat /proc/iomem")
    memory = system.header.hypervisor_memory
    taken = [(memory.phys_start, memory.size)] + [(region.phys_start, region.size) for region in cell.memory_regions
                                                  if region.phys_start >= 0x40000000]
    assert len(taken) == 6
    assert not any(start < at + size and at <= end for start, end in ram(before) for at, size in taken)
    # it costs nothing but that: RAM goes on behind the cell's memory
    assert any(start > 0x7f000000 for start, _ in ram(before))
    for _ in range(2):
        machine.jailhouse(f"enable {machine.push_config('system', system.bytes())}")
        machine.create(machine.push_config("cell", cell.bytes()))
        machine.start_demo()
        machine.check("ivshmem-demo", timeout=300)
        machine.jailhouse("disable")
        machine.all_cpus_work()
    assert ram(machine.check("cat /proc/iomem")) == ram(before)
