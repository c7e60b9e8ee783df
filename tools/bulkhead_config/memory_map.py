# SPDX-License-Identifier: BSD-2-Clause
"""Who has which host addresses: all that a board has, cut into pieces by what a system gives away."""
import heapq
from dataclasses import dataclass, replace

from . import abi, records
from .names import MEMORY_FLAGS, flag_words
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
        yield from _records(system, cell)
    for link in system.links:
        peers = tuple(peer for peer in link.peers if system.cell(peer))		# others are no cells of this system
        yield Piece(link.host_range, "link", link.name, peers, "link of " + ", ".join(peers))
    if system.hypervisor_range:
        yield Piece(system.hypervisor_range, "hypervisor", "hypervisor", (HYPERVISOR,))


def _records(system, cell):
    """Memory in the low-level form."""
    for index, region in enumerate(records.array(cell.records, "memory_regions")):
        if not region.size or region.flags & abi.CFG_MEM_COMM_REGION:
            continue
        flags = region.flags & ~abi.CFG_MEM_ROOTSHARED
        notes = [" ".join(flag_words(flags, MEMORY_FLAGS)) or "no access"]
        notes += ["shared with root"] * (flags != region.flags)
        notes += [f"guest {region.virt_start:#x}"] if region.virt_start != region.phys_start else []
        owners = (cell.name, system.root.name) if flags != region.flags and system.root else (cell.name,)
        yield Piece(Range.at(region.phys_start, region.size), "region", f"records {index}", owners, ", ".join(notes))


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
        yield Piece(area, "gic", name.name, (HYPERVISOR,))
    for name, area in system.pci_windows():
        yield Piece(area, "window", name.name, (HYPERVISOR,), "virtual")
    for unit in system.board.units:
        owner = NOBODY if system.direct or not system.root else system.root.name
        yield Piece(unit.range, "unit", str(unit).removeprefix("the "), (owner,))


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


def _together(covering):
    """One piece for what lies over each other, with all owners."""
    first, *others = covering
    return replace(first, name=", ".join(dict.fromkeys(piece.name for piece in covering)),
                   owners=tuple(dict.fromkeys(owner for piece in covering for owner in piece.owners)),
                   note="; ".join(dict.fromkeys(piece.note for piece in covering if piece.note))) if others else first


def _apart(found):
    """Pieces by address, without overlaps: only records can bring these."""
    waiting = sorted(found, key=lambda piece: (piece.range, piece.name), reverse=True)
    ends, here, result = [], {}, []		# here: what covers the current address, by number
    start = 0
    while waiting or ends:
        edge = min([piece.range.start for piece in waiting[-1:]] + [end for end, _ in ends[:1]])
        if here and edge > start:
            result.append(replace(_together([here[number] for number in sorted(here)]), range=Range(start, edge)))
        start = edge
        while ends and ends[0][0] == edge:
            del here[heapq.heappop(ends)[1]]
        while waiting and waiting[-1].range.start == edge:
            piece, number = waiting.pop(), len(waiting)
            here[-number] = piece
            heapq.heappush(ends, (piece.range.end, -number))
    return result


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
    return _apart(found)
