# SPDX-License-Identifier: BSD-2-Clause
"""Device trees that promise a root Linux what is not so: the module refuses to be loaded, and nobody is hurt."""
import os
import subprocess

import pytest

from cellfile import CellFile  # noqa: F401  makes bulkhead_config known
from bulkhead_config import bundle, cli, devicetree, guest_of_system
from conftest import BUILD, CACHE, SYSFS
from guest import MACHINE

SOURCES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SYSTEM_FILE = os.path.join(SOURCES, "configs/systems/qemu-arm64-direct-linux.yaml")

HV_MEMORY = "<0 0x40200000 0 0x4000000>"
WRONG = {
    "cpu-without-number": (("bulkhead,cpu = <1>;", ""), 'CPU 1 has no "bulkhead,cpu" of its own below 4'),
    "cpu-number-twice": (("bulkhead,cpu = <1>;", "bulkhead,cpu = <2>;"), 'CPU 2 has no "bulkhead,cpu" of its own below 4'),
    "cpu-number-beyond": (("bulkhead,cpu = <1>;", "bulkhead,cpu = <4>;"), 'CPU 1 has no "bulkhead,cpu" of its own below 4'),
    "memory-of-linux": ((HV_MEMORY, "<0 0x40200000 0 0x5000000>"), "reg has to be hypervisor memory"),
    "page-outside": ((HV_MEMORY, "<0 0x40200000 0 0x1000>"), "reg has to be hypervisor memory"),
}


def make_bundle(path, old, new):
    with open(os.path.join(BUILD, "arm64/jailhouse.bin"), "rb") as file:
        image = bundle.parse_hypervisor("jailhouse.bin", file.read())
    system = cli.load_direct(SYSTEM_FILE, [], image, os.path.join(BUILD, "inmates"), BUILD, CACHE)
    text = devicetree.source(guest_of_system.guest(system, system.root))
    assert text.count(old) == 1
    system.root.linux.tree.content = devicetree.compile_source(text.replace(old, new))
    path.write_bytes(bundle.make(system))
    return str(path)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_promise(fleet, tmp_path, name):
    (old, new), text = WRONG[name]
    machine = fleet.get(bundle=make_bundle(tmp_path / "bundle", old, new))
    before = machine.check("cat /proc/iomem")
    machine.check("insmod /lib/modules/uio.ko")
    for _ in range(2):
        assert machine.run("insmod /lib/modules/jailhouse.ko").status != 0
        assert text in machine.check("dmesg -c")
    assert machine.run(f"[ -e {SYSFS} ] || [ -e /dev/jailhouse ]").status != 0
    assert machine.check("cat /proc/iomem") == before
    machine.all_cpus_work()
    machine.guest.alive = False


def test_nobody_there(fleet, tmp_path):
    """A tree with the node, and no hypervisor."""
    tree = str(tmp_path / "tree.dtb")
    subprocess.run(["qemu-system-aarch64", "-machine", f"{MACHINE[1]},dumpdtb={tree}", *MACHINE[2:], "-cpu", "cortex-a57",
                    "-smp", "4"], check=True, timeout=60, capture_output=True)
    node = "/hypervisor@7fc00000"
    for arguments in (["-c", tree, node], ["-t", "s", tree, node, "compatible", "bulkhead,hypervisor"],
                      ["-t", "x", tree, node, "reg", "0", "7fc00000", "0", "400000", "0", "7fc01000", "0", "1000"]):
        subprocess.run(["fdtput", *arguments], check=True, timeout=60)
    machine = fleet.get(tree=tree, cmdline="mem=768M")
    machine.check("insmod /lib/modules/uio.ko")
    assert machine.run("insmod /lib/modules/jailhouse.ko").status != 0
    assert "promises a hypervisor that does not answer" in machine.check("dmesg -c")
    machine.all_cpus_work()
    machine.guest.alive = False
