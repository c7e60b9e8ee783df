# SPDX-License-Identifier: BSD-2-Clause
"""What a checked system has become: who owns what, where that was said, and what the compiler has chosen."""
from . import abi, records
from .model import LINE_COUNT, NOBODY
from .units import Range, format_time

FILE, CHOSEN, BOARD = "file", "chosen", "board"		# who said so


def _fact(owner, what, place, said, **more):
    """said: one of the above, or what _said() makes."""
    said = said if isinstance(said, dict) else {"said": said}
    return {"owner": owner, "what": str(what), **more, **said, "file": place.file, "line": place.line,
            "column": place.column}


def _said(system, entry, key):
    """Who has said it; of what was chosen also why."""
    why = system.chosen.get(entry.path + (key,))
    return {"said": FILE} if why is None else {"said": CHOSEN, "why": why}


def _peers(link):
    return ", ".join(peer for peer in link.peers if peer != NOBODY)


def cpus(system):
    """CPU by number: its owner; what no other cell has is the root cell's, or nobody's."""
    owners = {cpu: cell for cell in system.cells for cpu in cell.cpus}
    for cpu in range(system.board.cpus):
        cell = owners.get(cpu)
        if cell:
            index = cell.cpus.index(cpu)
            yield _fact(cell.name, cell, cell.value("cpus", index), FILE, cpu=cpu)
        else:
            owner = system.root.name if system.root and cpu in system.cpus else None
            yield _fact(owner, system.board, system.board.value("cpus"), BOARD, cpu=cpu)


def memory(system):
    """Ranges of host memory that are taken from the root cell, by address."""
    facts = []
    if system.hypervisor_range:
        area, place = system.hypervisor_range, system.value("hypervisor", "memory")
        facts.append(_fact("hypervisor", "memory of the hypervisor", place, FILE, start=area.start, end=area.end))
    for cell in system.cells:
        facts += [_fact(cell.name, region, region.key(), _said(system, region, "host"), start=region.host_range.start,
                        end=region.host_range.end, guest=region.at, access=region.access) for region in cell.regions]
    for cell in [cell for cell in system.cells if not cell.root]:
        for index, region in enumerate(records.array(cell.records, "memory_regions")):
            if region.size and not region.flags & abi.CFG_MEM_COMM_REGION:
                facts.append(_fact(cell.name, f"memory region {index} in the records of {cell}",
                                   cell.value("records", "memory_regions", index), FILE, start=region.phys_start,
                                   end=region.phys_start + region.size, guest=region.virt_start))
    for link in system.links:
        for index, (start, size, writer) in enumerate(link.sections()):
            if size:
                part = ("state", "shared")[index] if index < 2 else f"output of {link.peers[writer]}"
                facts.append(_fact(_peers(link), link, link.key(), _said(system, link, "at"), start=start, end=start + size,
                                   section=part))
    return sorted(facts, key=lambda fact: fact["start"])


def interrupts(system):
    """SPIs that cells have, by number; the rest is the root cell's."""
    facts = []
    for cell in system.cells:
        for index, name in enumerate(cell.devices):
            facts += [_fact(cell.name, system.board.devices[name], cell.value("devices", index), BOARD, spi=spi)
                      for spi in system.board.devices[name].spis]
        facts += [_fact(cell.name, cell, cell.value("interrupts", index), FILE, spi=spi)
                  for index, spi in enumerate(cell.interrupts)]
        for link in system.links_of(cell):
            if not link.msix:
                facts.append(_fact(cell.name, link, link.key(), _said(system, cell, "pci-interrupts"), spi=cell.lines + link.line(),
                                   intx="INT" + "ABCD"[link.line()]))
    return sorted(facts, key=lambda fact: (fact["spi"], fact["owner"]))


def devices(system):
    """Devices of the board: the cells that have them."""
    for device in system.board.devices.values():
        users = [(cell, key) for cell in system.cells
                 for key, names in (("devices", cell.devices), ("shared-devices", cell.shared_devices))
                 if device.name in names]
        alone = any(key == "devices" for _, key in users)
        names = [cell.name for cell, _ in users]
        if system.root and not alone:
            names.insert(0, system.root.name)
        cell, key = users[0] if users else (None, None)
        place = cell.key(key) if cell else device.key()
        yield _fact(", ".join(names) or None, device, place, FILE if cell else BOARD, start=device.range.start,
                    end=device.range.end)


def links(system):
    """PCI device number and interrupts of each link."""
    for link in system.links:
        yield _fact(_peers(link), link, link.key(), _said(system, link, "device"), device=link.slot,
                    interrupt="msi-x" if link.msix else "INT" + "ABCD"[link.line()],
                    protocols=[link.protocol_of(peer) for peer in link.peers])


def windows(system):
    """Address ranges of the virtual PCI host, and the first of each cell's four SPIs for it."""
    said = FILE if system.has("pci", "ecam") else BOARD
    entry = system if said == FILE else system.board
    for name, area in system.pci_windows():
        yield _fact("hypervisor", name, entry.key("pci", "ecam"), said, start=area.start, end=area.end)
    for cell in system.cells:
        if cell.lines is not None:
            yield _fact(cell.name, "virtual PCI host", cell.key("pci-interrupts"), _said(system, cell, "pci-interrupts"),
                        first_spi=cell.lines, last_spi=cell.lines + LINE_COUNT - 1)


def watchdogs(system):
    """Cells that have to show that they are alive; period in microseconds."""
    for cell in system.cells:
        if cell.watchdog is not None:
            yield _fact(cell.name, cell, cell.key("watchdog"), FILE, period=cell.watchdog)


def facts(system):
    """For JSON: heading to list of facts."""
    return {"cpus": list(cpus(system)), "memory": memory(system), "devices": list(devices(system)),
            "interrupts": interrupts(system), "links": list(links(system)), "pci": list(windows(system)),
            "watchdogs": list(watchdogs(system))}


def _what(fact):
    if "period" in fact:
        return format_time(fact["period"])
    if "cpu" in fact:
        return f"CPU {fact['cpu']}"
    if "spi" in fact:
        return f"SPI {fact['spi']}"
    if "first_spi" in fact:
        return f"SPIs {fact['first_spi']} to {fact['last_spi']}"
    if "device" in fact:
        return f"PCI device {fact['device']}, {fact['interrupt']}"
    return str(Range(fact["start"], fact["end"]))


def _why(fact):
    parts = [fact["what"]] + [fact[key] for key in ("section", "intx") if key in fact]
    if "guest" in fact:
        parts.append(f"seen at {fact['guest']:#x}")
    return ", ".join(parts)


def lines(system):
    """For people."""
    for heading, found in facts(system).items():
        yield f"{heading}:"
        for fact in found:
            where = f"{fact['file']}:{fact['line']}"
            chosen = f", chosen: {fact['why']}" if fact["said"] == CHOSEN else ""
            yield f"  {_what(fact):<34} {fact['owner'] or 'nobody':<24} {_why(fact)} ({where}{chosen})"
