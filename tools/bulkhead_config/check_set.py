# SPDX-License-Identifier: BSD-2-Clause
"""Looks through a set of binary configurations as 'jailhouse config check' does: the system, then cells that are to exist
beside each other. Each check has a title, and below it what was found, or None."""
from itertools import combinations

from . import abi, binary, findings
from .findings import ERROR, ivshmem, sections
from .names import ARCHITECTURES, MEMORY_FLAGS, flag_words
from .show import bits, numbers, text
from .units import KIB, MIB, Range

GIC_PARTS = (("gicd_base", 64 * KIB), ("gicc_base", 8 * KIB), ("gich_base", 8 * KIB), ("gicv_base", 8 * KIB),
             ("gicr_base", 128 * KIB))


class SetError(Exception):
    """What cannot be read as a set."""


class _Cell:
    def __init__(self, file, parsed):
        self.file, self.binary, self.name = file, parsed, text(parsed.cell.name)
        self.regions = parsed.arrays["memory_regions"]
        self.sections = {index: device.bdf for _, device in ivshmem(parsed) for index, _ in sections(parsed, device)}
        self.cpus = set(bits(parsed.arrays["cpu_set"], 8))

    def host_ranges(self):
        """(index, region, range) of what takes host memory."""
        return [(index, region, Range.at(region.phys_start, region.size)) for index, region in enumerate(self.regions)
                if region.size and not region.flags & abi.CFG_MEM_COMM_REGION]


def load(files):
    """files: [(name, content)], the system configuration first."""
    cells = []
    for file, content in files:
        try:
            parsed = binary.parse(content)
        except binary.BinaryError as error:
            raise SetError(f"{error}: {file}") from None
        if parsed.size > abi.CFG_MAX_SIZE:
            raise SetError(f"has {parsed.size} bytes, at most {abi.CFG_MAX_SIZE} are possible: {file}")
        if bool(parsed.system) == bool(cells):
            raise SetError(f"{'is a second' if cells else 'is not a'} system configuration; give one first, then those of "
                           f"cells: {file}")
        cells.append(_Cell(file, parsed))
    return cells


def _region(cell, index):
    region = cell.regions[index]
    yield f"  cell '{cell.name}', memory {index}:"
    for name in ("phys_start", "virt_start", "size"):
        yield f"    {name + ':':<12} 0x{getattr(region, name):016x}"
    yield f"    {'flags:':<12} {' | '.join(flag_words(region.flags, MEMORY_FLAGS)) or '-'}"


def _regions_in(cells, areas):
    """Regions that overlap one of some ranges of host memory."""
    for cell in cells:
        for index, _, area in cell.host_ranges():
            if any(area.overlaps(other) for other in areas):
                yield from _region(cell, index)


def _inside(cells):
    for cell in cells:
        for item in findings.find(cell.binary):
            if item.rule == "memory-overlap":
                yield from _region(cell, int(item.record.split()[1]))
                yield f"    {item.text}"


def _problems(cells):
    for cell in cells:
        for item in findings.find(cell.binary):
            if item.severity == ERROR:
                yield f"  cell '{cell.name}', {item.record}: {item.rule}: {item.text}"


def _cpus(cells):
    root, others = cells[0], cells[1:]
    for cell in others:
        if cell.cpus - root.cpus:
            yield f"  cell '{cell.name}' has CPUs {numbers(cell.cpus - root.cpus)}, which the root cell does not have"
    for one, other in combinations(others, 2):
        if one.cpus & other.cpus:
            yield f"  cells '{one.name}' and '{other.name}' both have CPUs {numbers(one.cpus & other.cpus)}"


def _may_share(one, index, other, other_index):
    """Sections of one link; memory that both leave to the root cell."""
    linked = index in one.sections and one.sections[index] == other.sections.get(other_index)
    return linked or bool(one.regions[index].flags & other.regions[other_index].flags & abi.CFG_MEM_ROOTSHARED
                          and index not in one.sections and other_index not in other.sections)


def _shared(cells):
    """Sorted by address, so that each region is compared with those only that begin inside of it."""
    parts = sorted(((area.start, area.end, number, index) for number, cell in enumerate(cells[1:], 1)
                    for index, _, area in cell.host_ranges()))
    for place, (_, end, number, index) in enumerate(parts):
        for start, _, other, other_index in parts[place + 1:]:
            if start >= end:
                break
            if number != other and not _may_share(cells[number], index, cells[other], other_index):
                yield from _region(cells[number], index)
                yield from _region(cells[other], other_index)


def _names(cells):
    for one, other in combinations(cells, 2):
        if one.name == other.name:
            yield f"  {one.file} and {other.file} are both called '{one.name}'"


def _checks(cells):
    system, cells_and_root = cells[0].binary.system, cells
    memory, arm = system.hypervisor_memory, system.arch.arm
    yield "Errors in a configuration", _problems(cells_and_root)
    yield "Cells of one name", _names(cells_and_root)
    yield "CPUs that are not free", _cpus(cells)
    yield "Memory regions that overlap inside a cell", _inside(cells_and_root)
    yield "Memory regions that cells other than the root cell share without a link", _shared(cells)
    if memory.phys_start:
        yield "Memory regions that overlap hypervisor memory", _regions_in(
            cells_and_root, [Range.at(memory.phys_start, memory.size)])
    if system.pci_mmconfig_base:
        size = (system.pci_mmconfig_end_bus + 1) * MIB
        yield "Memory regions that overlap the PCI configuration window", _regions_in(
            cells_and_root, [Range.at(system.pci_mmconfig_base, size)])
    units = [Range.at(unit.base, unit.size) for unit in system.iommu_units if unit.type]
    if units:
        yield "Memory regions that overlap an IOMMU", _regions_in(cells_and_root, units)
    yield "Memory regions that overlap the interrupt controller", _regions_in(
        cells_and_root, [Range.at(getattr(arm, name), size) for name, size in GIC_PARTS if getattr(arm, name)])


def check(cells):
    """(lines, found)"""
    root = cells[0]
    architecture = root.binary.system.architecture
    lines = ["Reading configuration set:", f"  Architecture:  {ARCHITECTURES.get(architecture, architecture)}",
             f"  Root cell:     {root.name} ({root.file})"]
    lines += [f"  Non-root cell: {cell.name} ({cell.file})" for cell in cells[1:]]
    failed = False
    for title, found in _checks(cells):
        listed = list(found)
        failed = failed or bool(listed)
        lines += [f"{title}:" + ("" if listed else " None"), *listed]
    return lines, failed
