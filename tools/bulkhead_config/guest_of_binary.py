# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux cell of a binary configuration is told: devicetree.Guest. The binary says which parts of the machine it
has; what these are says the device tree of the machine; where the virtual PCI host is, the system configuration."""
from . import abi, devicetree, machine
from .findings import ivshmem, pins
from .show import bits, numbers, text
from .units import FIRST_SPI, Range

RAM = abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_EXECUTE | abi.CFG_MEM_DMA
IGNORED = (abi.CFG_MEM_LOADABLE | abi.CFG_MEM_NO_HUGEPAGES | abi.CFG_MEM_IO_UNALIGNED | abi.CFG_MEM_IO_8 | abi.CFG_MEM_IO_16 |
           abi.CFG_MEM_IO_32 | abi.CFG_MEM_IO_64)


class GuestError(Exception):
    """The text says what is missing, and where it could come from."""


def is_ram(region):
    return bool(region.size) and region.flags & ~IGNORED == RAM


def guest_range(region):
    return Range.at(region.virt_start, region.size)


def ram(binary):
    """Ranges, in the order of the configuration."""
    return [guest_range(region) for region in binary.arrays["memory_regions"] if is_ram(region)]


def _cpus(binary, hardware):
    wanted = bits(binary.arrays["cpu_set"], 8)
    unknown = [cpu for cpu in wanted if cpu not in hardware.cpus]
    if unknown:
        raise GuestError(f"the device tree of the machine has no CPU {numbers(unknown)}; give that of the whole "
                         "machine with --tree")
    return [(cpu, hardware.cpus[cpu]) for cpu in wanted]


def _device(found, regions, spis):
    """How the cell sees a device of the machine; None: it has no part of it, or what it is is not known."""
    kind = found.type or found.console
    region = next((region for region in regions if region.flags & abi.CFG_MEM_IO
                   and Range.at(region.phys_start, region.size).contains(found.area)), None)
    if not region or kind not in devicetree.TYPES:
        return None
    area = Range.at(found.area.start - region.phys_start + region.virt_start, found.area.size)
    own = not region.flags & abi.CFG_MEM_ROOTSHARED and bool(found.spis) and spis.issuperset(found.spis)
    drivable = own and not (devicetree.needs_clock(kind) and found.clock is None)
    if not drivable and not found.console:
        return None
    return devicetree.Device(kind, area, tuple(found.spis) if drivable else (), found.clock, reserved=not drivable)


def _devices(binary, hardware):
    """(all, the console or None)"""
    spis = {pin - FIRST_SPI for chip in binary.arrays["irqchips"] for pin in pins(chip)}
    pairs = [(found, _device(found, binary.arrays["memory_regions"], spis)) for found in hardware.devices]
    pairs = sorted(((found, device) for found, device in pairs if device), key=lambda pair: pair[1].range)
    wanted = binary.cell.console.address
    consoles = sorted((pair for pair in pairs if pair[0].console),
                      key=lambda pair: (pair[0].area.start != wanted, pair[1].reserved))
    return [device for _, device in pairs], consoles[0][1] if consoles else None


def unknown_devices(binary, guest):
    """Device memory of the cell that its device tree says nothing about: ranges."""
    regions = [guest_range(region) for region in binary.arrays["memory_regions"] if region.flags & abi.CFG_MEM_IO]
    return [area for area in regions if not any(area.overlaps(device.range) for device in guest.devices)]


def pci(binary, system, hardware):
    """The virtual host as the cell finds it, or None. hardware: has distributor and redistributors."""
    devices = [device for _, device in ivshmem(binary)]
    if not devices:
        return None
    if not system:
        raise GuestError("has ivshmem devices, and only the system configuration says where the virtual PCI host is; "
                         "give it with --system")
    ecam = system.system.pci_mmconfig_base
    if not ecam:
        raise GuestError("has ivshmem devices, but the system configuration has no PCI host; correct one of them")
    taken = [guest_range(region) for region in binary.arrays["memory_regions"] if region.size]
    window = devicetree.bar_window(ecam, len(devices), taken + [hardware.distributor, hardware.redistributors])
    if not window:
        raise GuestError("has no room for PCI devices below 4 GiB; give it less memory there")
    return devicetree.Pci(ecam, window, binary.cell.vpci_irq_base, devices[0].domain)


def _redistributors(area, pci):
    """Configurations for Jailhouse have the virtual PCI host where the machine has room for redistributors of more
    CPUs."""
    return Range(area.start, pci.ecam) if pci and area.start < pci.ecam < area.end else area


def guest(binary, system, tree, command_line):
    """binary, system: parsed files, the latter may be None; tree: of the machine, machine_tree.Tree."""
    hardware = machine.hardware(tree)
    memory = devicetree.without_loader(sorted(ram(binary)))
    if not memory:
        raise GuestError("has no memory for Linux: a region with the flags READ, WRITE, EXECUTE and DMA and no other "
                         "but LOADABLE; correct it")
    host = pci(binary, system, hardware)
    devices, console = _devices(binary, hardware)
    return devicetree.Guest(
        machine.board_name(tree), f"cell {text(binary.cell.name)}", _cpus(binary, hardware), memory, hardware.distributor,
        _redistributors(hardware.redistributors, host), hardware.timer, command_line, None, devices, console, host)
