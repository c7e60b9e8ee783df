# SPDX-License-Identifier: BSD-2-Clause
"""Who has which host addresses: all that a board has, cut into pieces by what a system gives away."""
from dataclasses import dataclass

from .units import Range

HYPERVISOR, NOBODY = "(hypervisor)", "(nobody)"	# owners beside cells, whose names begin with a letter


@dataclass(frozen=True)
class Piece:
    range: Range
    kind: str			# ram, region, link, device, gic, window or hypervisor
    name: str
    owners: tuple		# names of cells, or one of the above
    note: str = ""


def _owner_of_rest(system):
    return system.root.name if system.root else NOBODY


def _given(system):
    """What is cut out of the memory of the board."""
    for cell in system.others:
        for region in cell.regions:
            notes = [region.access] + ["loadable"] * region.loadable + ["shared with root"] * region.shared
            notes += ["kept"] * region.keep
            notes += [f"guest {region.at:#x}"] if region.at != region.host else []
            owners = (cell.name, system.root.name) if region.shared and system.root else (cell.name,)
            yield Piece(region.host_range, "region", region.name, owners, ", ".join(notes))
    for link in system.links:
        peers = tuple(peer for peer in link.peers if system.cell(peer))		# others are no cells of this system
        yield Piece(link.host_range, "link", link.name, peers, "link of " + ", ".join(peers))
    if system.hypervisor_range:
        yield Piece(system.hypervisor_range, "hypervisor", "hypervisor", (HYPERVISOR,))


def _device_owners(system, name):
    owners = [cell.name for cell in system.others if name in cell.devices]
    sharing = [cell.name for cell in system.others if name in cell.shared_devices]
    return tuple(owners or ([system.root.name] if system.root else []) + sharing or [NOBODY])


def _devices(system):
    for device in system.board.devices.values():
        notes = ["SPI " + numbers(device.spis)] if device.spis else []
        notes += ["console of the hypervisor"] if device.name == system.hypervisor_console else []
        yield Piece(device.range, "device", device.name, _device_owners(system, device.name), ", ".join(notes))
    for name, area in system.board.gic():
        yield Piece(area, "gic", name.removeprefix("the "), (HYPERVISOR,))
    for name, area in system.pci_windows():
        yield Piece(area, "window", name.removeprefix("the "), (HYPERVISOR,), "virtual")


def numbers(values):
    """1, 2, 4 to 6"""
    runs = []
    for value in sorted(values):
        if runs and runs[-1][1] + 1 == value:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(f"{first} to {last}" if last > first + 1 else ", ".join(map(str, sorted({first, last})))
                     for first, last in runs)


def pieces(system):
    """By address, without overlaps."""
    given = list(_given(system))
    found = given + list(_devices(system))
    for ram in system.board.ram:
        parts = [(ram.range, ram.name)]
        pool = [(system.pool, f"{ram.name}, pool")] if system.pool else []
        for cut, name in pool + [(piece.range, None) for piece in given]:
            rest = [(part, old) for area, old in parts for part in area.minus(cut)]
            inside = [(Range(max(area.start, cut.start), min(area.end, cut.end)), name) for area, _ in parts
                      if name and area.overlaps(cut)]
            parts = rest + inside
        found += [Piece(area, "ram", name, (_owner_of_rest(system),)) for area, name in parts]
    return sorted(found, key=lambda piece: (piece.range, piece.name))
