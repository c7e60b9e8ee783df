# SPDX-License-Identifier: BSD-2-Clause
"""Fills in what the system file left open, in the order of the file: the same file gives the same result."""
from .model import LINE_COUNT
from .registry import ALLOCATION, rule
from .units import MIB, Range, format_size, round_up

BLOCK = 2 * MIB			# one entry of a stage-2 table
SLOTS = 32


@rule("pci-devices-exhausted", ALLOCATION)
def allocate_slots(system):
    """Links without 'device' get the lowest free PCI device number; there are 32."""
    taken = {link.slot for link in system.links}
    for link in system.links:
        if link.slot is None:
            link.slot = next((slot for slot in range(SLOTS) if slot not in taken), None)
            taken.add(link.slot)
        if link.slot is None:
            yield link.key(), f"{link} is one link too many for the {SLOTS} devices of the PCI bus; remove links"


@rule("pci-interrupts-exhausted", ALLOCATION)
def allocate_lines(system):
    """Cells with links get four SPIs each for INTA to INTD, out of those the board offers."""
    offered = system.board.pci_spis
    taken = {spi for cell in system.cells for spi in cell.interrupts}
    for cell in system.cells:
        if cell.lines is not None:
            taken.update(range(cell.lines, cell.lines + LINE_COUNT))
    for cell in system.cells:
        if cell.lines is not None or not (cell.root or system.links_of(cell)):
            continue
        starts = range(offered.start, offered.stop - LINE_COUNT + 1, LINE_COUNT)
        cell.lines = next((first for first in starts
                           if taken.isdisjoint(range(first, first + LINE_COUNT))), None)
        if cell.lines is None:
            yield cell.key(), (f"no {LINE_COUNT} SPIs are left for the links of {cell} in [{offered.start}, "
                               f"{offered.stop}); let board '{system.board.name}' offer more under 'pci'")
            continue
        taken.update(range(cell.lines, cell.lines + LINE_COUNT))


def _free(pool, busy):
    parts = [pool]
    for area in busy:
        parts = [rest for part in parts for rest in part.minus(area)]
    return sorted(parts)


@rule("pool-exhausted", ALLOCATION)
def allocate_memory(system):
    """Memory of cells and links without a host address comes out of the pool."""
    users = system.owners
    busy = [user.host_range for user in users if user.host is not None]
    if system.hypervisor_range:
        busy.append(system.hypervisor_range)
    for user in users:
        if user.host is not None:
            continue
        if not system.pool:
            yield user.key(), f"{user} has no host address, and there is no pool; add the address, or a pool to the board"
            continue
        step = BLOCK if user.size >= BLOCK else system.granule(user)
        free = _free(system.pool, busy)
        start = next((round_up(part.start, step) for part in free
                      if round_up(part.start, step) + user.size <= part.end), None)
        if start is None:
            left = max([part.size for part in free] + [0])
            yield user.key(), (f"{user} needs {format_size(user.size)}, the largest free part of the pool {system.pool} "
                               f"has {format_size(left)}; make it smaller, or the pool larger")
            continue
        user.host = start
        busy.append(Range.at(start, user.size))
