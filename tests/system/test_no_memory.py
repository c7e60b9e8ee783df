# SPDX-License-Identifier: BSD-2-Clause
"""A machine with less memory than the configuration wants, and firmware that has taken the memory nodes out of the device tree:
what is not there is refused before anybody touches it."""
import pytest

from cellfile import CellFile, abi
from conftest import host_path
from test_enable_refused import ENABLE, INVALID
from test_errors import CREATE
from test_inmates import without_link

LITTLE = {"memory": "384M"}
FIRMWARE = {**LITTLE, "bios": "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"}


def alone(config):
    """A root cell without links."""
    for device in config.pci_devices:
        first = device.shmem_regions_start
        if device.type == abi.CFG_PCI_IVSHMEM:
            del config.memory_regions[first:first + 2 + device.shmem_peers]
    config.pci_devices = []
    # PL011's UARTIFLS, where bit 1 is set
    config.header.debug_console.clock_reg, config.header.debug_console.gate_nr = 0x09000034, 1


@pytest.fixture(params=[LITTLE, FIRMWARE], ids=["tree", "efi"])
def little(fleet, request):
    machine = fleet.get(**request.param)
    machine.load_modules()
    yield machine
    if machine.guest.alive:
        machine.all_cpus_work()
        machine.jailhouse("disable")


def test_beyond_memory(little, system_config, rtos_config):
    fixed = CellFile.read(host_path("/configs/fixed/qemu-arm64.cell"))
    little.refused(f"jailhouse enable {little.push_config('fixed', fixed.bytes())}", ENABLE, INVALID, "hypervisor_memory",
                   f"{fixed.header.hypervisor_memory.phys_start:#x}", "no memory there")
    little.refused("jailhouse enable /configs/qemu-arm64.cell", ENABLE, INVALID, "shared memory", "no memory there")

    little.jailhouse(f"enable {little.push_config('alone', system_config.changed(alone).bytes())}")
    cell = rtos_config.changed(without_link)
    before = little.snapshot()
    index, ram = next((n, region) for n, region in enumerate(cell.memory_regions) if region.flags & abi.CFG_MEM_LOADABLE)
    little.refused(f"jailhouse cell create {little.push_config('second', cell.bytes())}", CREATE, INVALID, 'cell "second"',
                   f"memory region {index} {ram.phys_start:#x}", "no memory there")
    assert little.snapshot() == before
