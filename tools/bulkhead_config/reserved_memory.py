# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux that becomes the root cell has to keep off, as part of its device tree and as boot parameter."""
from . import records
from .abi import CFG_MEM_COMM_REGION, CFG_MEM_IO
from .devicetree import Node
from .units import KIB, MIB, PAGE, Range, about, round_up


def _low_level(system):
    """Memory that cells have in the low-level form: its pages."""
    for cell in system.others:
        for index, region in enumerate(records.array(cell.records, "memory_regions")):
            if region.size and not region.flags & (CFG_MEM_IO | CFG_MEM_COMM_REGION):
                start = region.phys_start // PAGE * PAGE
                yield (f"memory region {index} in the records of {cell}",
                       Range(start, round_up(region.phys_start + region.size, PAGE)))


def _wide(value):
    return f"{value >> 32:#x} {value & 0xffffffff:#x}"


def ranges(system):
    """[(kind, what it is, range)] by address, without overlaps."""
    found = [("hypervisor", "the hypervisor", system.hypervisor_range)] if system.hypervisor_range else []
    found += [("cell", str(region), region.host_range) for cell in system.others for region in cell.regions]
    found += [("link", str(link), link.host_range) for link in system.links]
    for what, area in _low_level(system):
        parts = [area]
        for _, _, other in found:
            parts = [rest for part in parts for rest in part.minus(other)]
        found += [("cell", what, part) for part in parts]
    return sorted(found, key=lambda item: item[2])


def mem_parameter(system):
    """(what mem= has to be, how much RAM that costs beyond what is taken anyway); None: it would leave nothing."""
    taken = [area for _, _, area in ranges(system)]
    end = min(area.start for area in taken)
    below = sum(min(ram.range.end, end) - ram.range.start for ram in system.board.ram if ram.range.start < end)
    lost = sum(ram.range.size for ram in system.board.ram) - below
    return (below, lost - sum(area.size for area in taken)) if below else None


def _parameter(system):
    found = mem_parameter(system)
    if not found:
        return ["There is no boot parameter that does the same: memory is taken from the beginning of RAM."]
    size, cost = found
    number = f"{size // MIB}M" if size % MIB == 0 else f"{size // KIB}K"
    costs = f", which costs Linux {about(cost)} of RAM more" if cost else ""
    return [f"Without a device tree, the boot parameter mem={number} does the same{costs}."]


def _comment(system, taken):
    yield f"For the device tree of Linux, the root cell of system '{system.name}'. Made by bulkhead-config."
    yield ""
    if not system.hypervisor_range:
        yield "Memory of the hypervisor is allocated by the driver: nothing has to be done for it."
    if not taken:
        yield "No cell and no link has memory: nothing has to be reserved."
        return
    yield from ["Linux boots and works without this: the driver takes what is listed here out of Linux when it is",
                "needed. It refuses if Linux uses some of it for what cannot be moved. With this included, that cannot",
                "happen.", ""]
    yield from _parameter(system)


def source(system):
    """The text, for /include/ behind a tree whose root has addresses and sizes of two cells."""
    taken = ranges(system)
    nodes = [Node(f"{kind}@{area.start:x}", [
        f"/* {what} */", f"reg = <{_wide(area.start)} {_wide(area.size)}>;", "no-map;"]) for kind, what, area in taken]
    tree = Node("reserved-memory", ["#address-cells = <2>;", "#size-cells = <2>;", "ranges;", *nodes])
    comment = [f" * {line}".rstrip() for line in _comment(system, taken)]
    return "\n".join(["/*", *comment, " */", *Node("/", [tree] if taken else []).text(0), ""])
