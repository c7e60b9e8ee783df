# SPDX-License-Identifier: BSD-2-Clause
"""What docs/your-board.md says, on a machine that nobody has written a board file for: its own device tree makes all."""
import os
import subprocess

from conftest import SYSFS

TOOL = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../tools/bulkhead-config"))


def host(*arguments):
    subprocess.run([TOOL, *map(str, arguments)], check=True, capture_output=True, timeout=120)


def test_from_its_device_tree_to_an_inmate(machine, tmp_path):
    (tmp_path / "fdt").write_bytes(machine.guest.pull("/sys/firmware/fdt"))
    (tmp_path / "iomem").write_bytes(machine.guest.pull("/proc/iomem"))
    host("create", "-t", tmp_path / "fdt", "--iomem", tmp_path / "iomem", "-n", "mine", "-o", tmp_path)
    host("compile", tmp_path / "systems/mine.yaml", "-o", tmp_path / "out")
    system, cell = (machine.push_config(name, (tmp_path / f"out/{name}.cell").read_bytes()) for name in ("linux", "first"))
    before = machine.snapshot()
    machine.load_modules()
    machine.jailhouse(f"enable {system}")
    machine.jailhouse(f"cell create {cell}")
    machine.jailhouse("cell load first /inmates/ivshmem-demo.bin")
    machine.jailhouse("cell start first")
    machine.check("for n in $(seq 60); do jailhouse cell console first | grep -q 'demo: on the link' && exit 0; sleep 1; done; exit 1")
    assert machine.cells()["first"][1] == "running"
    machine.check("ivshmem-demo", timeout=300)
    machine.jailhouse("cell shutdown first")
    machine.jailhouse("cell destroy first")
    machine.jailhouse("disable")
    machine.all_cpus_work()
    assert machine.check(f"cat {SYSFS}/enabled").strip() == "0"
    after = machine.snapshot()
    assert {**after, "modules": None, "iomem": None} == {**before, "modules": None, "iomem": None}
