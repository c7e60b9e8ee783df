# SPDX-License-Identifier: BSD-2-Clause
"""Rules about addresses and interrupts, after everything has got one."""
from itertools import combinations

from . import emit, records
from .abi import CFG_MAX_SIZE, CFG_MEM_READ
from .model import LINE_COUNT
from .registry import COMPLETE, LAYOUT, rule
from .source import HYPERVISOR
from .units import PAGE, Range, format_size, round_up


def _placed(system):
    """All that occupies host memory for cells, except what the pool has no room for."""
    return [owner for owner in system.owners if owner.host is not None]


@rule("memory-not-ram", LAYOUT)
def memory_not_ram(system):
    """Memory of cells and links is memory of the board."""
    for owner in _placed(system):
        fixed = owner.has("host") or owner.has("at") and owner in system.links	# else the pool is to blame
        if fixed and not system.board.is_ram(owner.host_range):
            yield owner.key(), (f"{owner} {owner.host_range} is not inside the memory of board '{system.board.name}'; "
                                "move it there, or leave its host address out")


@rule("memory-overlap", LAYOUT)
def memory_overlap(system):
    """No two cells or links have the same memory: what cells share is declared as a link."""
    for first, second in combinations(_placed(system), 2):
        if first.host_range.overlaps(second.host_range):
            yield second.key(), (f"{second} {second.host_range} overlaps {first} {first.host_range} (line "
                                 f"{first.key().line}); move one of them, or leave its host address out"), second, first


@rule("memory-of-hypervisor", LAYOUT)
def memory_of_hypervisor(system):
    """No cell or link has memory of the hypervisor."""
    area = system.hypervisor_range
    for owner in _placed(system):
        if area and owner.host_range.overlaps(area):
            yield owner.key(), (f"{owner} {owner.host_range} overlaps hypervisor memory {area} (line "
                                f"{system.key('hypervisor', 'memory').line}); move one of them"), owner, HYPERVISOR


@rule("guest-overlap", LAYOUT)
def guest_overlap(system):
    """A cell sees one thing at each of its addresses."""
    for cell in system.others:
        areas = system.guest_areas(cell)
        for (first, a, a_place), (second, b, b_place) in combinations(areas, 2):
            if a.overlaps(b):
                yield b_place, (f"{second} {b} overlaps {first} {a} (line {a_place.line}) in the addresses of {cell}; "
                                "move one of them"), second, first, cell


@rule("guest-window", LAYOUT)
def guest_window(system):
    """Nothing of a cell covers the interrupt controller or the virtual PCI host."""
    windows = system.board.gic() + system.pci_windows()
    for cell in system.others:
        for what, area, place in system.guest_areas(cell):
            for name, window in windows:
                if area.overlaps(window):
                    yield place, f"{what} {area} covers {name} {window} in {cell}; move it", what, name, cell


@rule("page-size-memory", LAYOUT)
def page_size_memory(system):
    """Host memory of a cell and the sections of a link consist of pages of every guest that maps them; 'page-size' says
    how large these are. Memory of a cell is the root cell's at times."""
    for owner in _placed(system):
        step = system.granule(owner)
        parts = [(size, name) for name, size in (("state", owner.state), ("shared", owner.shared), ("output", owner.output))
                 ] if owner in system.links else [(owner.size, "size")]
        if step > PAGE and owner.host % step:
            yield owner.key("at" if owner in system.links else "host"), (
                f"{owner} {owner.host_range} does not begin at a page of {format_size(step)} of its guests; use a multiple, "
                "or leave its host address out")
        for size, name in parts:
            if step > PAGE and size % step:
                yield owner.key(name), (f"'{name}' of {owner} has {format_size(size)}, its guests have pages of "
                                        f"{format_size(step)}; use a multiple, or correct 'page-size' of the cell")


@rule("page-size-shared", LAYOUT)
def page_size_shared(system):
    """No two things of a cell lie in one page of its guest: a guest maps whole pages, with one kind of access."""
    for cell in system.others:
        def pages(area, step=cell.page):
            return Range(area.start // step * step, round_up(area.end, step))
        areas = system.guest_areas(cell) if cell.page > PAGE else []
        for (first, a, a_place), (second, b, b_place) in combinations(areas, 2):
            if pages(a).overlaps(pages(b)) and not a.overlaps(b):
                yield b_place, (f"{second} {b} lies in one page of {format_size(cell.page)} with {first} {a} (line "
                                f"{a_place.line}) in the addresses of {cell}; move one of them, or correct 'page-size'"
                                ), second, first, cell


@rule("entry-not-memory", LAYOUT, combines=True)
def entry_not_memory(system):
    """A cell starts inside memory that it may execute."""
    for cell in system.others:
        if "cpu_reset_address" in cell.records.get("header", {}):
            continue
        runnable = [region for region in cell.regions if "x" in region.access]
        low = [Range.at(region.virt_start, region.size) for region in records.array(cell.records, "memory_regions")
               if region.flags & CFG_MEM_READ]
        areas = low + [region.guest_range for region in runnable]
        if not (cell.regions or low) or any(area.contains(Range.at(cell.entry, 4)) for area in areas):
            continue
        ranges = ", ".join(f"'{region.name}' {region.guest_range}" for region in runnable)
        if not areas:
            yield cell.key("memory"), f"{cell} has no executable memory to start in; give a region 'access: rwx' or 'rx'"
            continue
        yield cell.key("entry"), (f"{cell} starts at {cell.entry:#x}, outside of its executable memory ({ranges}); set "
                                  "'entry' to an address inside")


@rule("spi-twice", LAYOUT)
def spi_twice(system):
    """An interrupt belongs to one cell: by its device, by 'interrupts', or for the virtual PCI host."""
    owners = {}
    claims = []
    given = {}
    for cell in system.others:
        for index, name in enumerate(cell.devices):
            # a device that two cells want is a problem of its own
            if name in system.board.devices and given.setdefault(name, (cell, index)) == (cell, index):
                device = system.board.devices[name]
                claims += [(spi, f"{cell} (device '{name}')", cell.value("devices", index), (cell, device))
                           for spi in device.spis]
        claims += [(spi, str(cell), cell.value("interrupts", index), (cell,)) for index, spi in enumerate(cell.interrupts)]
    for cell in system.cells:
        if cell.lines is not None and "vpci_irq_base" not in cell.records.get("header", {}):
            claims += [(cell.lines + n, f"{cell} (virtual PCI)", cell.key("pci-interrupts"), (cell,))
                       for n in range(LINE_COUNT)]
    for device in system.board.devices.values():
        if system.root and device.name not in given:
            owners.update((spi, (f"the root cell (device '{device.name}')", device.key("spis"), (system.root, device)))
                          for spi in device.spis if spi not in system.board.pci_spis)
    for spi, owner, place, about in claims:
        if spi in owners:
            other, other_place, others = owners[spi]
            yield place, (f"SPI {spi} of {owner} already belongs to {other} ({other_place.file}, line "
                          f"{other_place.line}); choose another one"), *about, *others
        owners.setdefault(spi, (owner, place, about))


@rule("configuration-size", COMPLETE)
def configuration_size(system):
    """The binary configuration of a cell is at most as large as the hypervisor reads."""
    limit = CFG_MAX_SIZE - PAGE		# wherever in a page it begins
    for cell in system.cells:
        size = len(emit.system_config(system) if cell.root else emit.cell_config(system, cell))
        if size > limit:
            yield cell.key(), (f"the configuration of {cell} needs {size} bytes, {limit} are possible; take it out of "
                               "links, or peers out of its links")
