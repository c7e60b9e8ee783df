# SPDX-License-Identifier: BSD-2-Clause
"""Hypervisor memory at the address of the configuration, kept free by mem=, as files made for Jailhouse have it."""
import pytest

from cellfile import CellFile, abi
from conftest import host_path

CMDLINE = "mem=768M"


@pytest.fixture(scope="module")
def fixed():
    """(system, cell) configuration"""
    return [CellFile.read(host_path(f"/configs/fixed/{name}.cell")) for name in ("qemu-arm64", "rtos")]


def test_fixed_address(fleet, fixed):
    machine = fleet.get(cmdline=CMDLINE)
    machine.load_modules()
    system, cell = (machine.push_config(name, config.bytes()) for name, config in zip(("system", "cell"), fixed))
    memory = fixed[0].header.hypervisor_memory
    for _ in range(2):
        before = machine.snapshot()
        machine.jailhouse(f"enable {system}")
        iomem = machine.check("cat /proc/iomem")
        assert f"{memory.phys_start:08x}-{memory.phys_start + memory.size - 1:08x} : Jailhouse hypervisor" in iomem
        machine.create(cell)
        machine.start_demo()
        machine.check("ivshmem-demo", timeout=300)
        machine.jailhouse("disable")
        machine.all_cpus_work()
        after = machine.snapshot()
        assert {**after, "iomem": None} == {**before, "iomem": None}


def test_write_to_the_state_table_by_physical_address(fleet, fixed):
    """Not by way of the UIO driver, which maps it read-only: the hypervisor has to cope."""
    machine = fleet.get(cmdline=f"{CMDLINE} iomem=relaxed")
    machine.load_modules()
    machine.jailhouse(f"enable {machine.push_config('system', fixed[0].bytes())}")
    device = next(device for device in fixed[0].pci_devices if device.type == abi.CFG_PCI_IVSHMEM)
    table = fixed[0].memory_regions[device.shmem_regions_start].phys_start
    for width in (1, 2, 4, 8):
        assert machine.check(f"bh-probe mem read {width} {table:#x}").strip() == "ok 0x0"
        assert machine.check(f"bh-probe mem write {width} {table:#x} 0x5a").strip() in ("signal=BUS", "ok")
        assert machine.check(f"bh-probe mem read {width} {table:#x}").strip() == "ok 0x0"
    machine.check("for c in 0 1 2 3; do taskset $((1 << c)) true || exit 1; done")
    assert machine.cells()["qemu-arm64"][1] == "running"
    machine.jailhouse("disable")
    machine.guest.alive = False


def test_fixed_address_that_linux_uses(machine, fixed):
    """Without mem= it is Linux's memory. Nobody may be hurt, whatever the driver makes of it."""
    before = machine.snapshot()
    path = machine.push_config("fixed", fixed[0].bytes())
    result = machine.run(f"jailhouse enable {path}")
    if result.ok:
        # free memory can be taken from Linux; then all has to work
        machine.all_cpus_work()
        machine.jailhouse("disable")
        return
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert result.lines[0].startswith("JAILHOUSE_ENABLE: "), result.lines
    assert f"{fixed[0].header.hypervisor_memory.phys_start:x}" in result.lines[0], result.lines
    assert machine.snapshot() == before
    machine.all_cpus_work()
