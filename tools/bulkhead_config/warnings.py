# SPDX-License-Identifier: BSD-2-Clause
"""What a system without errors may still not mean. Each of these can be switched off by its name, `-Wno-NAME`."""
from . import check_set, emit
from .binary import parse
from .model import VIRTIO
from .registry import warning
from .units import FIRST_SPI, PAGE, Range, format_size

PROTOCOL_PEERS = 2		# of all protocols that are no numbers
VIRTIO_SHARED = 2 * PAGE	# header and rings


def _made_by_linux(system):
    """Cells that a Linux creates and loads, instead of the hypervisor in direct boot."""
    return [cell for cell in system.others if not system.direct or not cell.images]


@warning("unanswered-stop")
def unanswered_stop(system):
    """A cell that is not passive is asked before it is stopped, in its communication region. Without one it cannot answer:
    the hypervisor waits for 5 seconds, and then takes the cell for failed."""
    for cell in system.others:
        if cell.comm is None and not cell.passive:
            yield cell.key(), (f"{cell} has no communication region, so nothing in it answers before a stop; add "
                               "'communication-region: 0x80000000', or 'passive: true'")


@warning("entry-not-loadable")
def entry_not_loadable(system):
    """A cell that Linux creates starts in memory that is loadable, or 'jailhouse cell load' cannot put anything there."""
    for cell in _made_by_linux(system):
        for region in cell.regions:
            if region.guest_range.contains(Range.at(cell.entry, 4)) and not region.loadable:
                yield region.key(), (f"{cell} starts at {cell.entry:#x} in {region}, which 'jailhouse cell load' refuses; "
                                     "add 'loadable: true'")


@warning("msi-x-linux")
def msi_x_linux(system):
    """Linux on arm64 has no driver for the MSI-X of a virtual PCI host: it would get no interrupt of the link."""
    for link in system.links:
        for cell in system.cells:
            runs_linux = cell.linux or cell.root and not system.direct
            if link.msix and runs_linux and cell.name in link.peers:
                yield link.key("interrupt"), (f"{link} has MSI-X, which the Linux in {cell} cannot use; remove "
                                              "'interrupt: msi-x'")


@warning("protocol-peers")
def protocol_peers(system):
    """Links with protocol ethernet or virtio have two peers, as the drivers for these expect."""
    for link in system.links:
        if isinstance(link.protocol, str) and link.protocol != "undefined" and len(link.peers) > PROTOCOL_PEERS:
            yield link.value("peers"), (f"{link} has {len(link.peers)} peers, drivers for protocol {link.protocol} expect "
                                        f"{PROTOCOL_PEERS}; make a link for each pair")


@warning("protocol-sections")
def protocol_sections(system):
    """Links with protocol ethernet have output sections, for the frames of each side; those with a virtio protocol a shared
    section of at least 8 KiB, for rings and buffers."""
    for link in system.links:
        if link.protocol == "ethernet" and link.output == 0:
            yield link.key("output"), (f"{link} has no output sections, which drivers for protocol ethernet use; add "
                                       "'output: 512 KiB' or less")
        if link.protocol in VIRTIO and link.shared < VIRTIO_SHARED:
            yield link.key("shared"), (f"section 'shared' of {link} has {format_size(link.shared)}, drivers for protocol "
                                       f"{link.protocol} use at least {format_size(VIRTIO_SHARED)}; make it larger")


@warning("virtual-console-nowhere")
def virtual_console_nowhere(system):
    """What a cell writes to the virtual console appears on the console of the hypervisor, or in 'jailhouse console'."""
    if system.hypervisor_console or system.virtual_console:
        return
    for cell in system.cells:
        if cell.virtual_console != "off":
            yield cell.key("virtual-console"), (f"{cell} writes to a console that the hypervisor does not have; add "
                                                "'console' or 'virtual-console: true' to 'hypervisor'")


@warning("dma-without-iommu")
def dma_without_iommu(system):
    """There is no driver for an IOMMU: 'dma' changes nothing, and a device that a cell owns reaches all memory. In a Linux cell
    it says which memory is RAM for the kernel."""
    for cell in system.others:
        for region in cell.regions:
            if region.dma and not cell.linux:
                yield region.key("dma"), f"'dma' of {region} has no effect without an IOMMU; remove it"


def _as_set(system):
    """What the compiler makes of a system with records, for check_set.py; nothing for others, whose rules say it all."""
    if not any(cell.records for cell in system.others):
        return [], {}
    members = {cell.name: check_set.Member(cell.name, parse(emit.cell_config(system, cell))) for cell in system.others}
    root = check_set.Member("root", parse(emit.system_config(system)))
    return [root, *members.values()], {id(members[cell.name]): cell for cell in system.others}


def _memory(system, cell, member, index):
    """(words for a memory region of a binary, its place)"""
    number = index - len(member.regions) + len(cell.records.get("memory_regions", []))
    if number >= 0:
        return f"memory region {number} in the records of {cell}", cell.value("records", "memory_regions", number)
    area = member.host_range(index)
    owners = [*cell.regions, *system.links_of(cell)]
    devices = [system.board.devices[name] for name in cell.devices + cell.shared_devices]
    found = [(str(owner), owner.key()) for owner in owners if owner.host_range.overlaps(area)]
    found += [(f"{device} of {cell}", cell.key()) for device in devices if device.range.overlaps(area)]
    return found[0]


@warning("records-overlap")
def records_overlap(system):
    """Memory in the records of a cell is nobody else's: of two cells that have the same memory, without both leaving it to
    the root cell or being peers of a link, the hypervisor refuses the second one."""
    members, cells = _as_set(system)
    for one, index, other, other_index in check_set.shared(members):
        (first, place), (second, other_place) = (_memory(system, cells[id(member)], member, number)
                                                 for member, number in ((one, index), (other, other_index)))
        if place < other_place:
            first, second, place, other_place, one, other = second, first, other_place, place, other, one
            index, other_index = other_index, index
        yield place, (f"{first} {one.host_range(index)} overlaps {second} {other.host_range(other_index)} (line "
                      f"{other_place.line}), so that only one of the cells can exist; move one of them"), *(
                          cells[id(member)] for member in (one, other))


@warning("records-interrupts")
def records_interrupts(system):
    """Interrupts in the records of a cell are no other cell's: of two cells with the same SPI, the hypervisor refuses the
    second one."""
    members, cells = _as_set(system)
    for member, _, intid, other in check_set.interrupts(members) if members else []:
        cell, owner = cells[id(member)], cells[id(other)]
        place = (cell if cell.records else owner).key("records")
        yield place, (f"SPI {intid - FIRST_SPI} of {cell} belongs to {owner}, too, so that only one of the cells can exist; "
                      "choose another one"), cell, owner


@warning("cpu-unused", by_default=False)
def cpu_unused(system):
    """In direct boot without a root cell, a CPU that no cell has is never used."""
    used = {cpu for cell in system.others for cpu in cell.cpus}
    free = [str(cpu) for cpu in range(system.board.cpus) if cpu not in used]
    if not system.root and free:
        yield system.key("cells"), f"CPU {', '.join(free)} of board '{system.board.name}' is nobody's; give it to a cell"


@warning("memory-executable", by_default=False)
def memory_executable(system):
    """Memory that is writable and executable lets a fault of the guest become code. On Arm the flag is a statement, not a
    protection: what is readable can be executed."""
    for cell in system.others:
        for region in cell.regions:
            if "w" in region.access and "x" in region.access and not region.guest_range.contains(Range.at(cell.entry, 4)):
                yield region.key(), f"{region} is writable and executable, and {cell} does not start there; use 'access: rw'"


@warning("keep-needless")
def keep_needless(system):
    """'keep' is for memory that a cell has alone and may write: the contents of all other memory are kept anyway."""
    for cell in system.others:
        for region in cell.regions:
            if region.keep and (region.shared or "w" not in region.access):
                why = "shared with the root cell" if region.shared else "only read"
                yield region.key("keep"), f"{region} is {why}, and so kept anyway; remove 'keep'"
