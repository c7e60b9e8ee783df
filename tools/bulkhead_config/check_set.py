# SPDX-License-Identifier: BSD-2-Clause
"""Looks through a set of binary configurations as 'jailhouse config check' does: the system, then cells that are to exist
beside each other. Each check has a title, and below it what was found, or None. The same, rule by rule, for programs."""
from dataclasses import dataclass, field
from itertools import combinations

from . import abi, binary, built, findings
from .findings import ERROR, LINES, ivshmem, sections
from .names import ARCHITECTURES, MEMORY_FLAGS, flag_words
from .show import bits, numbers, text
from .units import FIRST_SPI, KIB, MIB, Range

GIC_PARTS = (("gicd_base", 64 * KIB), ("gicc_base", 8 * KIB), ("gich_base", 8 * KIB), ("gicv_base", 8 * KIB),
             ("gicr_base", 128 * KIB))
SPI_END = 1020


class SetError(Exception):
    """What cannot be read as a set."""


class Member:
    """One file of a set."""

    def __init__(self, file, parsed):
        self.file, self.binary, self.name = file, parsed, text(parsed.cell.name)
        self.regions = parsed.arrays["memory_regions"]
        self.sections = {index: device.bdf for _, device in ivshmem(parsed) for index, _ in sections(parsed, device)}
        self.cpus = set(bits(parsed.arrays["cpu_set"], 8))

    def host_ranges(self):
        """(index, region, range) of what takes host memory."""
        return [(index, region, Range.at(region.phys_start, region.size)) for index, region in enumerate(self.regions)
                if region.size and not region.flags & abi.CFG_MEM_COMM_REGION]

    def host_range(self, index):
        return Range.at(self.regions[index].phys_start, self.regions[index].size)

    def owner(self):
        return {"kind": "cell", "name": self.name, "file": str(self.file)}

    def memory(self, index):
        area = self.host_range(index)
        return {"kind": "memory region", "cell": self.name, "number": index, "start": area.start, "end": area.end}

    def spis(self, distributor):
        """INTIDs of the SPIs of the cell."""
        return {pin for chip in self.binary.arrays["irqchips"] if chip.address == distributor for pin in findings.pins(chip)
                if FIRST_SPI <= pin < SPI_END}

    def lines(self):
        """(number of an ivshmem device with INTx, the INTID of its line)"""
        return [(number, FIRST_SPI + self.binary.cell.vpci_irq_base + (device.bdf >> 3) % LINES)
                for number, device in ivshmem(self.binary) if not device.num_msix_vectors]


@dataclass
class Problem:
    member: Member
    record: str			# as show names it
    text: str
    owners: list			# what it is about, for programs
    lines: list = field(default_factory=list)	# as 'check' prints it, instead of the text


def load(files):
    """files: [(name, content)], the system configuration first."""
    members = []
    for file, content in files:
        try:
            parsed = binary.parse(content)
        except binary.BinaryError as error:
            raise SetError(f"{error}: {file}") from None
        if parsed.size > abi.CFG_MAX_SIZE:
            raise SetError(f"has {parsed.size} bytes, at most {abi.CFG_MAX_SIZE} are possible: {file}")
        if bool(parsed.system) == bool(members):
            raise SetError(f"{'is a second' if members else 'is not a'} system configuration; give one first, then those of "
                           f"cells: {file}")
        members.append(Member(file, parsed))
    return members


def _region(member, index):
    region = member.regions[index]
    yield f"  cell '{member.name}', memory {index}:"
    for name in ("phys_start", "virt_start", "size"):
        yield f"    {name + ':':<12} 0x{getattr(region, name):016x}"
    yield f"    {'flags:':<12} {' | '.join(flag_words(region.flags, MEMORY_FLAGS)) or '-'}"


def _of_region(member, index, words, *others):
    return Problem(member, f"memory {index}", f"{member.host_range(index)} {words}",
                   [member.memory(index), *(other.memory(number) for other, number in others)],
                   [line for part in ((member, index), *others) for line in _region(*part)])


def _errors(members):
    for member in members:
        for item in findings.find(member.binary):
            if item.severity == ERROR:
                yield Problem(member, item.record, f"{item.rule}: {item.text}", [member.owner()])


def _names(members):
    for one, other in combinations(members, 2):
        if one.name == other.name:
            line = f"{one.file} and {other.file} are both called '{one.name}'"
            yield Problem(other, "header", f"{line}; rename one", [one.owner(), other.owner()], [f"  {line}"])


def _cpus(members):
    root, others = members[0], members[1:]
    for member in others:
        if member.cpus - root.cpus:
            line = f"cell '{member.name}' has CPUs {numbers(member.cpus - root.cpus)}, which the root cell does not have"
            yield Problem(member, "CPUs", f"{line}; choose others", [member.owner(), root.owner()], [f"  {line}"])
    for one, other in combinations(others, 2):
        if one.cpus & other.cpus:
            line = f"cells '{one.name}' and '{other.name}' both have CPUs {numbers(one.cpus & other.cpus)}"
            yield Problem(other, "CPUs", f"{line}; take them out of one", [one.owner(), other.owner()], [f"  {line}"])


def interrupts(members):
    """(member, record, INTID, the other) of an SPI that another cell has: by irqchips of both, or by a line of a link."""
    distributor = members[0].binary.system.arch.arm.gicd_base
    spis = {id(member): member.spis(distributor) for member in members[1:]}
    for one, other in combinations(members[1:], 2):
        for intid in sorted(spis[id(one)] & spis[id(other)]):
            yield other, "irqchips", intid, one
        for member, owner in ((one, other), (other, one)):
            both = spis[id(one)] & spis[id(other)]
            for number, intid in member.lines():
                if intid in spis[id(owner)] - both:
                    yield member, f"PCI device {number}", intid, owner


def _interrupts(members):
    for member, record, intid, other in interrupts(members):
        how = "raises" if record.startswith("PCI") else "has"
        line = f"cell '{member.name}', {record}: {how} SPI {intid - FIRST_SPI}, which belongs to cell '{other.name}'"
        yield Problem(member, record, f"{line}; choose another one", [member.owner(), other.owner()], [f"  {line}"])


def _inside(members):
    for member in members:
        for item in findings.find(member.binary):
            if item.rule == "memory-overlap":
                index = int(item.record.split()[1])
                yield Problem(member, item.record, f"{item.text}; move one of them", [member.memory(index)],
                              [*_region(member, index), f"    {item.text}"])


def _may_share(one, index, other, other_index):
    """Sections of one link; memory that both leave to the root cell."""
    linked = index in one.sections and one.sections[index] == other.sections.get(other_index)
    return linked or bool(one.regions[index].flags & other.regions[other_index].flags & abi.CFG_MEM_ROOTSHARED
                          and index not in one.sections and other_index not in other.sections)


def shared(members):
    """(member, index, other member, index) of memory that two cells have without a link. Sorted by address, so that each
    region is compared with those only that begin inside of it."""
    parts = sorted(((area.start, area.end, number, index) for number, member in enumerate(members[1:], 1)
                    for index, _, area in member.host_ranges()))
    for place, (_, end, number, index) in enumerate(parts):
        for start, _, other, other_index in parts[place + 1:]:
            if start >= end:
                break
            if number != other and not _may_share(members[number], index, members[other], other_index):
                yield members[number], index, members[other], other_index


def _shared(members):
    for one, index, other, other_index in shared(members):
        yield _of_region(one, index, f"overlaps memory {other_index} {other.host_range(other_index)} of cell '{other.name}'; "
                         "move one of them", (other, other_index))


def _inside_of(members, areas):
    """Regions that overlap one of some (name, range) of host memory."""
    for member in members:
        for index, _, area in member.host_ranges():
            hit = next(((name, other) for name, other in areas if area.overlaps(other)), None)
            if hit:
                yield _of_region(member, index, f"overlaps {hit[0]} {hit[1]}; move it")


def _built(members, image):
    for member, record, words in built.of_set(members, image):
        yield Problem(member, record, words, [member.owner()])


def _checks(members, image):
    """(rule, title, problems)"""
    system = members[0].binary.system
    memory, arm = system.hypervisor_memory, system.arch.arm
    yield "configuration", "Errors in a configuration", _errors(members)
    yield "name-twice", "Cells of one name", _names(members)
    yield "cpu-twice", "CPUs that are not free", _cpus(members)
    yield "spi-twice", "Interrupts of cells other than the root cell that are not free", _interrupts(members)
    yield "memory-inside", "Memory regions that overlap inside a cell", _inside(members)
    yield "memory-overlap", "Memory regions that cells other than the root cell share without a link", _shared(members)
    if image:
        yield "built", f"What {image.name} does not have", _built(members, image)
    if memory.phys_start:
        yield "memory-of-hypervisor", "Memory regions that overlap hypervisor memory", _inside_of(
            members, [("hypervisor memory", Range.at(memory.phys_start, memory.size))])
    if system.pci_mmconfig_base:
        size = (system.pci_mmconfig_end_bus + 1) * MIB
        yield "memory-of-pci", "Memory regions that overlap the PCI configuration window", _inside_of(
            members, [("the PCI configuration window", Range.at(system.pci_mmconfig_base, size))])
    units = findings.iommus(system)
    if units:
        yield "memory-of-iommu", "Memory regions that overlap an IOMMU", _inside_of(
            members[1:], [(f"IOMMU {number}", area) for number, area in units])
    yield "memory-of-gic", "Memory regions that overlap the interrupt controller", _inside_of(
        members, [(name.split("_")[0].upper(), Range.at(getattr(arm, name), size)) for name, size in GIC_PARTS
                  if getattr(arm, name)])


def check(members, image=None):
    """(lines, found); image: the hypervisor that they are for, bundle.HypervisorImage, if it is known"""
    root = members[0]
    architecture = root.binary.system.architecture
    lines = ["Reading configuration set:", f"  Architecture:  {ARCHITECTURES.get(architecture, architecture)}",
             f"  Root cell:     {root.name} ({root.file})"]
    lines += [f"  Non-root cell: {member.name} ({member.file})" for member in members[1:]]
    failed = False
    for _, title, found in _checks(members, image):
        listed = [line for item in found
                  for line in item.lines or [f"  cell '{item.member.name}', {item.record}: {item.text}"]]
        failed = failed or bool(listed)
        lines += [f"{title}:" + ("" if listed else " None"), *listed]
    return lines, failed


def as_json(members, image=None):
    return {"problems": [{"file": str(item.member.file), "severity": ERROR, "rule": rule, "record": item.record,
                          "message": item.text, "owners": item.owners}
                         for rule, _, found in _checks(members, image) for item in found]}
