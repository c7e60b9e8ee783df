# SPDX-License-Identifier: BSD-2-Clause
"""Fills in what the system file left open: the same files give the same result. What the lock has is kept where that is
possible; everything else goes by the order of the file, so that cells and links that are added behind the others move
nothing, and cells and links get their memory from different ends of the pool."""
from .model import LINE_COUNT, Link
from .registry import ALLOCATION, rule
from .units import MIB, Range, format_size, round_up

BLOCK = 2 * MIB			# one entry of a stage-2 table
SLOTS = 32
START = "start"			# of the hypervisor


def _choose(system, entry, key, candidates, fits, why):
    """The first candidate that fits, or None; that of the lock goes before all others. Says why."""
    path = entry.path + (key,)
    kept = system.kept.get(path)
    kept = kept.start if isinstance(kept, Range) else kept
    if kept is not None and fits(kept):
        system.chosen[path] = "as the lock has it"
        return kept
    found = next((candidate for candidate in candidates if fits(candidate)), None)
    if found is not None:
        system.chosen[path] = why + (", because what the lock has is taken or does not fit" if kept is not None else "")
    return found


def _kept_first(system, entries, key):
    return sorted(entries, key=lambda entry: entry.path + (key,) not in system.kept)


@rule("pci-devices-exhausted", ALLOCATION)
def allocate_slots(system):
    """Links without 'device' get the lowest free PCI device number; there are 32."""
    taken = {link.slot for link in system.links}
    for link in _kept_first(system, system.links, "device"):
        if link.slot is None:
            link.slot = _choose(system, link, "device", range(SLOTS), lambda slot: slot not in taken,
                                "the lowest free PCI device number")
            taken.add(link.slot)
        if link.slot is None:
            yield link.key(), f"{link} is one link too many for the {SLOTS} devices of the PCI bus; remove links"


def _with_lines(system):
    """Cells that need INTx lines, each once: the root cell, then peers in the order of links."""
    names = [peer for link in system.links for peer in link.peers]
    cells = [cell for cell in system.cells if cell.root] + [system.cell(name) for name in names if system.cell(name)]
    return {cell.name: cell for cell in cells if cell.lines is None}.values()


@rule("pci-interrupts-exhausted", ALLOCATION)
def allocate_lines(system):
    """Cells with links get four SPIs each for INTA to INTD, out of those the board offers."""
    offered = system.board.pci_spis
    taken = {spi for cell in system.cells for spi in cell.interrupts}
    for cell in system.cells:
        if cell.lines is not None:
            taken.update(range(cell.lines, cell.lines + LINE_COUNT))

    def fits(first):
        group = range(first, first + LINE_COUNT)
        return first in offered and group[-1] in offered and taken.isdisjoint(group)
    for cell in _kept_first(system, _with_lines(system), "pci-interrupts"):
        starts = range(offered.start, offered.stop, LINE_COUNT)
        cell.lines = _choose(system, cell, "pci-interrupts", starts, fits,
                             "the first four SPIs that the board offers and nobody has")
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


def _host_key(user):
    return "at" if isinstance(user, Link) else "host"


def _unchanged(system, user):
    """Is its place in the lock one of its size? What has grown since must not push others out of theirs."""
    kept = system.kept.get(user.path + (_host_key(user),))
    return kept is not None and kept.size == user.size


def _taken_with(system, user):
    """What makes the driver take this memory from Linux: the start of the hypervisor, or the creation of a cell. Once a
    part of a block of 2 MiB is taken, Linux uses the rest of it first for what it cannot move, so nothing else of it
    should have to be taken later."""
    names = set(user.peers) if isinstance(user, Link) else {user.cell}
    return START if system.root and system.root.name in names else frozenset(names)


def _blocks(area):
    return Range(area.start // BLOCK * BLOCK, round_up(area.end, BLOCK))


def _place(system, user, busy, apart):
    """Lowest place for a region, highest for a link; None: there is none. busy: (range, what it is taken with); apart: no
    block of 2 MiB is for what is taken at two times."""
    step = BLOCK if user.size >= BLOCK else system.granule(user)
    is_link, own = isinstance(user, Link), _taken_with(system, user)
    free = _free(system.pool, [_blocks(area) if apart and other != own else area for area, other in busy])
    starts = [(part.end - user.size) // step * step for part in reversed(free)] if is_link else [
        round_up(part.start, step) for part in free]
    plain = _free(system.pool, [area for area, _ in busy])		# good enough for what the lock has
    return _choose(
        system, user, _host_key(user),
        [start for start in starts if any(part.contains(Range.at(start, user.size)) for part in free)],
        lambda start: start % step == 0 and any(part.contains(Range.at(start, user.size)) for part in plain),
        f"the {'highest' if is_link else 'lowest'} free place in the pool at a multiple of {format_size(step)}"
        + ", off what is taken from Linux at another time" * apart)


def _places(system, apart):
    """([(user, place)], [(user without a place, size of the largest free part of the pool)])"""
    users, found, missing = system.owners, [], []
    busy = [(user.host_range, _taken_with(system, user)) for user in users if user.host is not None]
    if system.hypervisor_range:
        busy.append((system.hypervisor_range, START))
    for user in sorted(users, key=lambda user: not _unchanged(system, user)):
        if user.host is None:
            start = _place(system, user, busy, apart)
            if start is None:
                free = _free(system.pool, [area for area, _ in busy])
                missing.append((user, max([part.size for part in free] + [0])))
                continue
            found.append((user, start))
            busy.append((Range.at(start, user.size), _taken_with(system, user)))
    return found, missing


@rule("pool-exhausted", ALLOCATION)
def allocate_memory(system):
    """Memory of cells and links without a host address comes out of the pool."""
    if not system.pool:
        for user in [user for user in system.owners if user.host is None]:
            yield user.key(), f"{user} has no host address, and there is no pool; add the address, or a pool to the board"
        return
    found, missing = _places(system, apart=not system.direct)
    if missing and not system.direct:
        found, missing = _places(system, apart=False)
    for user, start in found:
        user.host = start
    for user, left in missing:
        yield user.key(), (f"{user} needs {format_size(user.size)}, the largest free part of the pool {system.pool} "
                           f"has {format_size(left)}; make it smaller, or the pool larger")
