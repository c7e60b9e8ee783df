# SPDX-License-Identifier: BSD-2-Clause
"""How much hypervisor memory a system needs at least: what the hypervisor allocates for certain. Stage-2 tables are
counted as it builds them: 4 KiB granule, blocks of 2 MiB and 1 GiB where guest and host address allow them.
tests/arm64/test_pool.py compares with what it takes."""
from . import abi, emit
from .binary import parse
from .units import GIB, KIB, MIB, PAGE, Range, format_size, round_up

IMAGE = 64 * KIB		# less than any
PERCPU = 4 * KIB		# without CONFIG_TRACE
SMALL_POOL = 4 * MIB		# of hypervisor memory but for the crash log; the bitmap of a larger pool takes a page
SHOWN = 1			# what a root cell with memory sees of hypervisor memory
CRASH_LOG = PAGE		# the last page
OBJECT = 2 * KIB		# of a cell, with its configuration behind it; less than any
COMM = PAGE			# its communication region; with that of a root cell with memory are its tables
ENDPOINT = 1536			# bytes of a peer of a link; after a late launch, there is a multiple of
PLACES = 8
TOP = 512 * GIB			# one entry of a table of level 0
OWN_ROOT = 16 * GIB		# up to there, the root of the tables is in the object
ENTRY = abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_IO | abi.CFG_MEM_NO_HUGEPAGES	# what entries of tables tell
SPANS = (TOP, GIB, 2 * MIB)	# of one entry of a table of level 0, 1 and 2


def _leaves(regions):
    """(guest range, host offset, flags) of what is mapped in the end: later regions win."""
    leaves = []
    for area, offset, flags in regions:
        leaves = [(rest, other, old) for part, other, old in leaves for rest in part.minus(area)]
        if flags:
            leaves.append((area, offset, flags & ENTRY))
    return leaves


def _joined(leaves):
    """Those that continue each other are one: their tables become blocks."""
    joined = []
    for area, offset, flags in sorted(leaves, key=lambda leaf: leaf[0].start):
        if joined and (joined[-1][0].end, *joined[-1][1:]) == (area.start, offset, flags):
            area = Range(joined.pop()[0].start, area.end)
        joined.append((area, offset, flags))
    return joined


def tables(regions):
    """Pages of stage-2 tables for (guest range, host offset, flags), in order of mapping; flags 0: nothing is there. The
    root of four levels is not counted: small machines have three. Nor is a root that needs no page."""
    needed = set()
    for area, offset, _ in _joined(_leaves(regions)):
        inside = [area]			# what no larger block covers
        for level, span in enumerate(SPANS):
            rest = []
            for part in inside:
                block = Range(round_up(part.start, span), part.end // span * span)
                fits = level > 0 and block.size > 0 and offset % span == 0
                rest += part.minus(block) if fits else [part]
            needed.update((level, index) for part in rest for index in range(part.start // span, -(-part.end // span)))
            inside = rest
    own_root = all(area.end <= OWN_ROOT for area, *_ in regions)
    return len([level for level, _ in needed if level > 0 or not own_root])


def _region(memory):
    area = Range.at(memory.virt_start, memory.size)
    return area, memory.phys_start - memory.virt_start, memory.flags & ~(abi.CFG_MEM_ROOTSHARED | abi.CFG_MEM_KEEP)


def _mapped(config):
    """What is mapped, all of its memory regions, and whether the cell may print."""
    binary = parse(config)
    memory = binary.arrays["memory_regions"]
    return [_region(region) for region in memory if region.size], memory, bool(binary.cell.flags & abi.CFG_CELL_CONSOLE_PERMITTED)


def shortage(system, parts, least=""):
    """For rules: a problem, if hypervisor memory has no room for parts (bytes by name). least: said before the sum."""
    total = sum(parts.values())
    if total > system.hypervisor_size:
        listed = ", ".join(f"{name} {format_size(size)}" for name, size in parts.items() if size)
        yield system.value("hypervisor", "memory"), (
            f"hypervisor memory has {format_size(system.hypervisor_size)}, {least}{format_size(total)} are needed "
            f"({listed}); make it larger")


def _link_pages(link, direct):
    told = max(2, min([len(link.peers), *link.max_peers.values()]))
    return round_up(round_up(told, 1 if direct else PLACES) * ENDPOINT, PAGE) // PAGE


def pool(system):
    """Bytes of the page pool by what they are for."""
    root, _, consoles = _mapped(emit.system_config(system))
    root = [region for region in root if region[2] & (abi.CFG_MEM_READ | abi.CFG_MEM_WRITE)]
    # a root cell sees hypervisor memory in single pages; where the driver chooses its place, tables next to it are not known
    shown = bool(root)
    hidden = system.hypervisor_range if root else None
    count, objects = system.hypervisor_size // SPANS[2] if root and not hidden else 0, 0
    windows = system.board.gic() + ([(None, Range.at(system.ecam, MIB))] if root else [])
    for cell in system.others:
        config = emit.cell_config(system, cell)
        regions, memory, console = _mapped(config)
        consoles += console
        count += tables(regions)
        objects += round_up(OBJECT + len(config), PAGE)
        root += [(Range.at(item.phys_start, item.size), 0, 0) for item in memory
                 if not item.flags & (abi.CFG_MEM_ROOTSHARED | abi.CFG_MEM_COMM_REGION)]
    root += [(area, 0, 0) for _, area in windows] + ([(hidden, PAGE, abi.CFG_MEM_READ)] if hidden else [])
    count += tables(root)
    # what cells print is for the root cell, which reads nothing if it is not there
    pages = (system.hypervisor_size - CRASH_LOG > SMALL_POOL) + (SHOWN + consoles if shown else 0)
    return {"cells": pages * PAGE + objects + COMM * (len(system.others) + shown),
            "links": sum(_link_pages(link, system.direct) for link in system.links) * PAGE, "page tables": count * PAGE}


def needed(system):
    """Bytes by what they are for."""
    configuration = round_up(len(emit.system_config(system)), PAGE)
    return {"image": IMAGE, "CPUs": system.board.cpus * PERCPU, "configuration": configuration, **pool(system),
            "crash log": CRASH_LOG}
