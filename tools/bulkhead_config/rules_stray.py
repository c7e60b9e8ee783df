# SPDX-License-Identifier: BSD-2-Clause
"""Rules about accesses to nothing: guest addresses where a cell has neither memory nor a device."""
from itertools import combinations

from .registry import LAYOUT, REFERENCES, rule
from .units import ADDRESS_END


@rule("stray-root", REFERENCES)
def stray_root(system):
    """The root cell is not stopped for an access to nothing: it gets an external abort, unless such accesses are ignored."""
    root = system.root
    if root and root.stray == "fail":
        yield root.key("stray-access"), (f"accesses to nothing do not stop the root cell '{root.name}'; use 'abort', which is "
                                         "the default, or 'ignore'")
    for area in root.stray_ranges if root else []:
        if area.action == "fail":
            yield area.value("action"), f"{area} cannot stop it; use 'abort' or 'ignore'"


@rule("stray-range", REFERENCES)
def stray_range(system):
    """A range of accesses to nothing has a size, and ends inside the addresses."""
    for cell in system.cells:
        for area in cell.stray_ranges:
            if not area.range.size or area.range.end > ADDRESS_END:
                yield area.value(), (f"{area} {area.range} is no range below {ADDRESS_END:#x}; correct its address or size")


@rule("stray-overlap", LAYOUT)
def stray_overlap(system):
    """No two ranges of accesses to nothing of a cell overlap."""
    for cell in system.cells:
        for first, second in combinations(cell.stray_ranges, 2):
            if first.range.overlaps(second.range):
                yield second.value(), (f"{second} {second.range} overlaps {first.range} (line {first.value().line}); make "
                                       "them one, or move one of them")
