# SPDX-License-Identifier: BSD-2-Clause
"""What the program in a cell needs to know about it, for the files that are written for it. Addresses are the cell's."""
import hashlib
import re
from collections import Counter
from dataclasses import dataclass

from . import devicetree, emit
from .binary import parse
from .show import text
from .units import ECAM_SIZE, FIRST_SPI, LINE_COUNT, Range


def distinct(words):
    """key: word, where no two words are equal. Only of those that were, each gets a digest of its key: so none comes to
    mean something else because of another key."""
    found = dict(words)
    for digits in (8, 64):
        count = Counter(found.values())
        found.update((key, f"{words[key]}_{hashlib.sha256(key.encode()).hexdigest()[:digits].upper()}")
                     for key, word in found.items() if count[word] > 1)
    return found


def identifiers(names):
    """Name: a word of capitals, digits and '_'."""
    return distinct({name: re.sub(r"[^A-Z0-9]", "_", name.upper()) for name in names})


@dataclass
class LinkEnd:
    """A link as one of its peers sees it."""
    link: object		# model.Link
    own: int			# peer id
    peers: int			# what Maximum Peers says
    protocol: int
    intids: list		# one, or with MSI-X one for each vector
    state: Range
    shared: Range
    outputs: list		# Range by peer id; empty: none

    @property
    def bdf(self):
        return self.link.slot << 3


@dataclass
class GuestView:
    cell: object		# model.Cell
    name: str			# in its configuration
    entry: int
    ecam: Range			# None: no PCI devices
    bars: Range			# room for BARs; None: no PCI devices, or no room
    lines: list			# INTIDs of INTA to INTD
    links: list			# LinkEnd, by device number
    low_level: list		# memory regions of the low-level form, abi.Memory


def _link_end(cell, link, intids):
    own = link.peers.index(cell.name)
    areas = [Range.at(start, size) for start, size, _ in link.sections()]
    if link.msix:
        own_intids = [intids.pop(0) for _ in range(link.vectors)]
    else:
        own_intids = [FIRST_SPI + cell.lines + link.line()]
    return LinkEnd(link, own, link.max_peers.get(cell.name, len(link.peers)), link.protocol_of(cell.name), own_intids,
                   areas[0], areas[1], areas[2:] if link.output else [])


def view(system, cell):
    """Of a complete system, a cell that is not the root cell."""
    config = parse(emit.cell_config(system, cell))
    spare = [FIRST_SPI + spi for spi in cell.interrupts]		# a rule has seen that there are enough for MSI-X
    by_slot = sorted(system.links_of(cell), key=lambda link: link.slot)		# no other link moves their interrupts
    ends = [_link_end(cell, link, spare) for link in by_slot]
    memory = config.arrays["memory_regions"]
    ecam = parse(emit.system_config(system)).system.pci_mmconfig_base
    taken = [Range.at(region.virt_start, region.size) for region in memory] + [area for _, area in system.board.gic()]
    devices = len(config.arrays["pci_devices"])		# of links, and of the low-level form
    return GuestView(
        cell, text(config.cell.name), config.cell.cpu_reset_address, Range.at(ecam, ECAM_SIZE) if devices else None,
        devicetree.bar_window(ecam, devices, taken) if devices else None,
        [FIRST_SPI + cell.lines + n for n in range(LINE_COUNT)] if devices and cell.lines is not None else [],
        ends, memory[len(memory) - len(cell.records.get("memory_regions", [])):])
