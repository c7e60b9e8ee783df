# SPDX-License-Identifier: BSD-2-Clause
"""Rules about what the hypervisor is built for, and about how much memory it needs."""
from pathlib import Path

from . import limits, pages
from .registry import BOARD, COMPLETE, REFERENCES, rule
from .units import ADDRESS_END


def _raise(system, name):
    return f"raise {limits.KEYS[name]} of the hypervisor ({Path(system.limits.file).name}, make menuconfig)"


@rule("limit-cpus", BOARD)
def limit_cpus(system):
    """The board has no more CPUs than the hypervisor is built for (CONFIG_MAX_CPUS)."""
    board, limit = system.board, system.limits.cpus
    if board.cpus > limit:
        yield board.key("cpus"), (f"board '{board.name}' has {board.cpus} CPUs, {limit} are possible; "
                                  f"{_raise(system, 'cpus')}")


@rule("limit-cells", REFERENCES)
def limit_cells(system):
    """There are no more cells than the hypervisor is built for (CONFIG_MAX_CELLS). The root cell counts, also where direct
    boot has none."""
    count, limit = len(system.others) + 1, system.limits.cells
    if count > limit:
        yield system.key("cells"), (f"{count} cells, the root cell included, cannot exist together, {limit} are possible; "
                                    f"remove cells, or {_raise(system, 'cells')}")


@rule("limit-links", REFERENCES)
def limit_links(system):
    """There are no more links than the hypervisor is built for (CONFIG_IVSHMEM_MAX_LINKS)."""
    count, limit = len(system.links), system.limits.links
    if count > limit:
        yield system.key("links"), (f"{count} links cannot exist together, {limit} are possible; remove links, or "
                                    f"{_raise(system, 'links')}")


@rule("address-end", BOARD)
def address_end(system):
    """Nothing of a board or a system ends beyond the addresses, which have 48 bits."""
    board = system.board
    areas = [(str(entry), entry.range, entry.key()) for entry in [*board.ram, *board.devices.values(), *board.units]]
    areas += [(name, area, board.key("gic", name.name.split()[-1])) for name, area in board.gic()]
    if system.pool:
        areas.append(("the pool", system.pool, (system if system.has("pool") else board).key("pool")))
    if system.hypervisor_range:
        areas.append(("hypervisor memory", system.hypervisor_range, system.key("hypervisor", "memory")))
    for cell in system.others:
        for region in cell.regions:
            areas.append((str(region), region.guest_range, region.key("at")))
            if region.host is not None:
                areas.append((str(region), region.host_range, region.key("host")))
    areas += [(str(link), link.host_range, link.key("at")) for link in system.links if link.host is not None]
    for name, area, place in areas:
        if area.end > ADDRESS_END:
            yield place, f"{name} {area} ends beyond {ADDRESS_END:#x}; correct its address or size"


@rule("hypervisor-memory-pages", COMPLETE)
def hypervisor_memory_pages(system):
    """Hypervisor memory has room for the smallest hypervisor image, what each CPU and each cell needs, and the page tables
    of all cells; no more can be known without the image."""
    yield from pages.shortage(system, pages.needed(system), "at least ")
