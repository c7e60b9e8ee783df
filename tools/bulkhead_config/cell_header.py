# SPDX-License-Identifier: BSD-2-Clause
"""A cell as a header for the program in it: numbers and texts only, for C, C++, assembler and linker scripts."""
from . import guest_view
from .abi import CFG_MEM_COMM_REGION
from .guest_view import identifiers
from .model import NOBODY
from .units import FIRST_SPI, PAGE, Range, format_size

VALUE_COLUMN, TEXT_COLUMN = 40, 60


class _Macros:
    """Definitions in their order. key: what tells those apart that would have one name."""

    def __init__(self):
        self._items = []

    def note(self, text):
        self._items.append((None, None, None, text))

    def define(self, key, name, value, text=""):
        self._items.append((f"{key} {name}", f"CELL_{name}", value, text))

    def area(self, key, name, area):
        self.define(key, f"{name}_BASE", f"{area.start:#x}")
        self.define(key, f"{name}_SIZE", f"{area.size:#x}", format_size(area.size))

    def list(self, key, name, values):
        """NAMES: how many; NAME_0, NAME_1 and so on."""
        self.define(key, f"{name}S", len(values))
        for index, value in enumerate(values):
            self.define(key, f"{name}_{index}", value)

    def lines(self):
        words = guest_view.distinct({key: name for key, name, _, _ in self._items if key})
        for key, _, value, text in self._items:
            if key is None:
                yield from ("", f"/* {text} */")
                continue
            line = f"#define {words[key]} ".ljust(VALUE_COLUMN) + str(value)
            yield line.ljust(TEXT_COLUMN) + f" /* {text} */" if text else line


def _text(value):
    """A literal of C."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _memory(macros, seen):
    names = identifiers([region.name for region in seen.cell.regions])
    for region in seen.cell.regions:
        macros.note(f"{region}: {region.access}" + ", images can be loaded" * region.loadable)
        macros.area(region.name, f"MEM_{names[region.name]}", region.guest_range)
    low = [(index, region) for index, region in enumerate(seen.low_level)
           if region.size and not region.flags & CFG_MEM_COMM_REGION]
    for index, region in low:
        macros.note(f"memory region {index} of the low-level form")
        macros.area("low-level form", f"MEM_RECORD_{index}", Range.at(region.virt_start, region.size))
    if seen.cell.comm is not None:
        macros.note("communication region")
        macros.area("communication region", "COMM", Range.at(seen.cell.comm, PAGE))


def _devices(macros, system, cell):
    listed = cell.devices + cell.shared_devices
    names = identifiers(listed)
    for name in listed:
        device = system.board.devices[name]
        shared = name in cell.shared_devices
        macros.note(str(device) + ", shared: without its interrupts" * shared)
        macros.area(name, f"DEVICE_{names[name]}", device.range)
        macros.list(name, f"DEVICE_{names[name]}_INTID", [] if shared else [FIRST_SPI + spi for spi in device.spis])
    if cell.console:
        device = system.board.devices[cell.console]
        macros.note(f"console: {device}, {device.console}")
        macros.area("console", "CONSOLE", device.range)


def _interrupts(macros, system, seen):
    macros.note("interrupt controller, GICv3; virtual and physical timer of each CPU")
    macros.area("GIC", "GICD", system.board.distributor)
    macros.area("GIC", "GICR", system.board.redistributors)
    macros.define("timer", "VIRTUAL_TIMER_INTID", system.board.timer[2])
    macros.define("timer", "PHYSICAL_TIMER_INTID", system.board.timer[1])
    macros.note("further interrupts of the cell")
    macros.list("interrupts", "INTID", [FIRST_SPI + spi for spi in seen.cell.interrupts])


def _pci(macros, seen):
    macros.note("virtual PCI host: bus 0, and room for BARs")
    macros.area("PCI", "PCI_ECAM", seen.ecam)
    if seen.bars:
        macros.area("PCI", "PCI_BARS", seen.bars)
    for pin, intid in zip("ABCD", seen.lines):
        macros.define("PCI", f"PCI_INT{pin}_INTID", intid)


def _link(macros, end, word):
    """All that is defined ends in words that no other end of it ends in, so that links keep apart."""
    link, start = end.link, f"LINK_{word}"
    macros.note(f"{link}: " + ", ".join(peer for peer in link.peers if peer != NOBODY))
    macros.define(link.name, f"{start}_BDF", f"{end.bdf:#x}", f"PCI device {link.slot}")
    macros.define(link.name, f"{start}_ID", end.own, "this cell")
    macros.define(link.name, f"{start}_PEERS", end.peers)
    others = {peer: index for index, peer in enumerate(link.peers) if peer != NOBODY and index != end.own}
    for peer, name in identifiers(others).items():
        macros.define(f"{link.name} {peer}", f"{start}_ID_OF_{name}", others[peer])
    macros.define(link.name, f"{start}_PROTOCOL", f"{end.protocol:#x}")
    kind = "MSI-X: message data is the INTID" if link.msix else "INTx"
    macros.define(link.name, f"{start}_VECTORS", len(end.intids), kind)
    for vector, intid in enumerate(end.intids):
        macros.define(link.name, f"{start}_INTID" + f"_{vector}" * link.msix, intid)
    macros.area(link.name, f"{start}_STATE", end.state)
    if end.shared.size:
        macros.area(link.name, f"{start}_SHARED", end.shared)
    if end.outputs:
        macros.area(link.name, f"{start}_OUTPUT", end.outputs[end.own])
    for peer, area in enumerate(end.outputs):
        macros.define(link.name, f"{start}_OUTPUT_OF_{peer}_BASE", f"{area.start:#x}")


def source(system, cell):
    """The text. system: complete; cell: not the root cell."""
    seen, macros = guest_view.view(system, cell), _Macros()
    guard = f"BULKHEAD_CELL_{identifiers(other.name for other in system.others)[cell.name]}_H"
    macros.note("the cell")
    macros.define("cell", "NAME", _text(seen.name))
    macros.define("cell", "ENTRY", f"{seen.entry:#x}")
    macros.list("cell", "CPU", cell.cpus)
    _memory(macros, seen)
    _devices(macros, system, cell)
    _interrupts(macros, system, seen)
    if seen.ecam:
        _pci(macros, seen)
    macros.note("links" + ", without devices of the low-level form" * ("pci_devices" in cell.records))
    macros.define("links", "LINKS", len(seen.links))
    names = identifiers(end.link.name for end in seen.links)
    for end in seen.links:
        _link(macros, end, names[end.link.name])
    return "\n".join([
        "/*", f" * {cell} of system '{system.name}'. Made by bulkhead-config: change the system file, not this one.",
        " * Addresses are those that the cell sees. For C, C++, assembler and linker scripts.", " */",
        f"#ifndef {guard}", f"#define {guard}", *macros.lines(), "", f"#endif /* {guard} */", ""])
