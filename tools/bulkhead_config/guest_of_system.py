# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux cell of a system file is told: devicetree.Guest."""
from . import devicetree, emit, guest_of_binary
from .binary import parse
from .units import PAGE, Range


def linux_cells(system):
    return [cell for cell in system.cells if cell.linux]


def loaded_later(system):
    """Those that `jailhouse cell linux` loads."""
    return [cell for cell in linux_cells(system) if not cell.root and not cell.linux.kernel]


def is_ram(region):
    """Memory that a kernel may use and a loader may fill: what `jailhouse cell linux` takes for it in a binary file."""
    return region.access == "rwx" and region.dma and region.loadable and not region.shared


def root_memory(system):
    """RAM that neither the hypervisor nor another cell or a link has, lowest first."""
    parts = [ram.range for ram in system.board.ram]
    taken = [region.host_range for cell in system.cells for region in cell.regions]
    taken += [link.host_range for link in system.links] + [system.hypervisor_range]
    for area in taken:
        parts = [rest for part in parts for rest in part.minus(area)]
    return sorted(parts)


def memory(system, cell):
    """RAM in the addresses of the guest, lowest first."""
    if cell.root:
        return root_memory(system)
    return devicetree.without_loader(sorted(region.guest_range for region in cell.regions if is_ram(region)))


def cpus(system, cell):
    """Of a root cell: CPUs that no cell of the bundle has: Linux gives others away itself."""
    if not cell.root:
        return sorted(cell.cpus)
    taken = {cpu for other in system.started for cpu in other.cpus}
    return [cpu for cpu in range(system.board.cpus) if cpu not in taken]


def own_devices(system, cell):
    """Devices of a known type that no other cell has."""
    given = {name for other in system.cells for name in other.devices}
    devices = sorted(system.board.devices.values(), key=lambda device: device.range)
    return [device for device in devices
            if device.type and (device.name not in given if cell.root else device.name in cell.devices)]


def _shared_consoles(system, cell):
    return [system.board.devices[name] for name in cell.shared_devices if system.board.devices[name].console]


def _described(device, reserved=False):
    return devicetree.Device(device.type, device.range, () if reserved else tuple(device.spis), device.clock, reserved)


def _devices(system, cell):
    """(all, the console or None)"""
    found = [(device, _described(device)) for device in own_devices(system, cell)]
    found += [(device, _described(device, True)) for device in _shared_consoles(system, cell)]
    wanted = system.hypervisor_console if cell.root else cell.console
    consoles = sorted((pair for pair in found if pair[0].console), key=lambda pair: pair[0].name != wanted)
    devices = [described for _, described in sorted(found, key=lambda pair: pair[0].range)]
    return devices, consoles[0][1] if consoles else None


def _pci(system, cell):
    if cell.root:
        window = [area for name, area in system.pci_windows() if name.name == "PCI BAR window"]
        return devicetree.Pci(system.ecam, *window, cell.lines, system.domain) if system.links_of(cell) else None
    try:		# of the binaries: the low-level form can say something else than the other keys
        return guest_of_binary.pci(parse(emit.cell_config(system, cell)), parse(emit.system_config(system)), system.board)
    except guest_of_binary.GuestError as error:
        raise devicetree.DeviceTreeError(f"{cell} {error}") from None


def _hypervisor(system, cell):
    if not cell.root:
        return ()
    page = system.hypervisor_at + system.hypervisor_image.header.public_page
    return system.hypervisor_range, Range.at(page, PAGE)


def guest(system, cell):
    """Of a checked system."""
    board, initrd = system.board, cell.linux.initrd
    devices, console = _devices(system, cell)
    return devicetree.Guest(
        board.name, f"{system.name}, {cell.name}", [(cpu, board.mpidr[cpu]) for cpu in cpus(system, cell)],
        memory(system, cell), board.distributor, board.redistributors, board.timer, cell.linux.command_line,
        initrd.guest_range if initrd else None, devices, console, _pci(system, cell), _hypervisor(system, cell))


def trees(system):
    """File name to content, for `jailhouse cell linux`."""
    return {f"{cell.name}.dtb": devicetree.blob(guest(system, cell)) for cell in loaded_later(system)}
