# SPDX-License-Identifier: BSD-2-Clause
"""Problems of one binary configuration. An error is refused by driver or hypervisor; a warning is accepted, but means
nothing or is hardly meant."""
from dataclasses import dataclass

from . import abi
from .names import CELL_FLAGS, CONSOLE_FLAGS, CONSOLES, MEMORY_FLAGS, PCI_TYPES, SYSTEM_FLAGS
from .units import ADDRESS_END, FIRST_SPI, MIB, PAGE, Range

ERROR, WARNING = "error", "warning"
GIC_FRAME = 0x10000
LINES = 4			# INTA to INTD
PINS, PIN_END = 128, 1024
STATE, SHARED, OUTPUT = range(3)	# sections of a link, by index
MSIX_MAX = 16
WIDTHS = abi.CFG_MEM_IO_8 | abi.CFG_MEM_IO_16 | abi.CFG_MEM_IO_32 | abi.CFG_MEM_IO_64
STRAY_ACTIONS = (abi.CFG_STRAY_FAIL, abi.CFG_STRAY_IGNORE, abi.CFG_STRAY_ABORT)
COUNTER = abi.CFG_MEM_COMM_REGION | abi.CFG_MEM_WRITE		# of a watchdog
NO_SECTION = abi.CFG_MEM_COMM_REGION | abi.CFG_MEM_IO | abi.CFG_MEM_LOADABLE
NOT_SCRUBBED = abi.CFG_MEM_COMM_REGION | abi.CFG_MEM_IO | abi.CFG_MEM_ROOTSHARED


@dataclass(frozen=True)
class Finding:
    rule: str
    severity: str
    record: str			# as show names it: "memory 3"; "header" for what has no number
    text: str


FINDINGS = {}			# rule: function


def _finding(rule):
    def register(check):
        FINDINGS[rule] = check
        return check
    return register


def is_subpage(region):
    return bool((region.virt_start | region.size) % PAGE)


def gives_access(region):
    """May a cell read or write anything through it? As the hypervisor sees it: EXECUTE alone means nothing on Arm."""
    return bool(region.flags & (abi.CFG_MEM_READ | abi.CFG_MEM_WRITE)) and (
        not is_subpage(region) or bool(region.flags & WIDTHS))


def sections(binary, device):
    """Memory regions of an ivshmem device by index; those beyond the list are missing."""
    first = device.shmem_regions_start
    return list(enumerate(binary.arrays["memory_regions"][first:first + OUTPUT + device.shmem_peers], first))


def ivshmem(binary):
    """Devices by index. A file that is too large is refused: its links, up to 257 sections each, are not looked at."""
    if binary.size > abi.CFG_MAX_SIZE:
        return []
    return [(index, device) for index, device in enumerate(binary.arrays["pci_devices"])
            if device.type == abi.CFG_PCI_IVSHMEM]


def pins(chip):
    """INTIDs of an irqchip entry."""
    return [chip.pin_base + 32 * word + bit for word in range(4) for bit in range(32) if chip.pin_bitmap[word] >> bit & 1]


@_finding("architecture")
def _architecture(binary):
    """The file is for arm64."""
    header = binary.system or binary.cell
    if header.architecture != abi.CFG_ARCH_ARM64:
        yield ERROR, "header", (f"architecture {header.architecture} is not arm64 ({abi.CFG_ARCH_ARM64}); use a file made "
                                "for it")


@_finding("size")
def _size(binary):
    """The file fits into what the hypervisor reads."""
    size = binary.size
    if size > abi.CFG_MAX_SIZE - PAGE:
        severity = ERROR if size > abi.CFG_MAX_SIZE else WARNING
        yield severity, "header", (f"has {size} bytes, {abi.CFG_MAX_SIZE - PAGE} fit wherever they lie, {abi.CFG_MAX_SIZE} "
                                   "at most; take out records")


@_finding("name")
def _name(binary):
    """The name of a cell ends, and can be read."""
    field = bytes(binary.cell)[8:8 + abi.CFG_NAME_LEN]
    name = field.split(b"\0")[0]
    if b"\0" not in field:
        yield ERROR, "header", f"the name has no end; use at most {abi.CFG_NAME_LEN - 1} characters"
    elif not name:
        yield WARNING, "header", "the name is empty; the cell can only be addressed by its ID"
    elif not all(0x20 < byte < 0x7f for byte in name):
        yield WARNING, "header", "the name has characters that cannot be printed, or blanks; use letters and digits"


@_finding("cell-flags")
def _cell_flags(binary):
    """Flags of a cell are known, and AArch32 is not among them."""
    flags = binary.cell.flags
    if flags & abi.CFG_CELL_AARCH32 and not binary.system:
        yield ERROR, "cell flags", f"AArch32 cells are not supported; clear {abi.CFG_CELL_AARCH32:#x}"
    if flags & abi.CFG_CELL_TEST_DEVICE:
        yield WARNING, "cell flags", "the test device is for x86; without effect"
    if flags & ~sum(CELL_FLAGS):
        yield WARNING, "cell flags", f"unknown flags {flags & ~sum(CELL_FLAGS):#x}; without effect"


def is_stray(region):
    """A range of accesses to nothing, as the hypervisor takes it."""
    return (not region.size and region.flags in STRAY_ACTIONS and region.phys_start
            and region.virt_start + region.phys_start <= ADDRESS_END)


@_finding("stray-action")
def _stray_action(binary):
    """Accesses to nothing have one action; a range of them has no memory, and ends inside the address space."""
    flags = binary.cell.flags & abi.CFG_STRAY_ACTIONS
    if flags and flags not in STRAY_ACTIONS:
        yield ERROR, "cell flags", f"several actions for accesses to nothing, {flags:#x}; set one of them"
    for index, region in enumerate(binary.arrays["memory_regions"]):
        if region.flags & abi.CFG_STRAY_ACTIONS and not is_stray(region):
            yield ERROR, f"memory {index}", (f"accesses to nothing at {region.virt_start:#x}, length {region.phys_start:#x}, "
                                             f"size {region.size:#x}, flags {region.flags:#x}; make it a range, size 0, and "
                                             "one action")


def is_watchdog(region):
    """A watchdog, as the hypervisor takes it."""
    return (region.flags == abi.CFG_WATCHDOG and not region.size and not region.virt_start
            and abi.CFG_WATCHDOG_MIN <= region.phys_start <= abi.CFG_WATCHDOG_MAX)


@_finding("watchdog")
def _watchdog(binary):
    """A watchdog has a period and nothing else. Cells other than the root cell have one at most, and then a communication
    region that they may write."""
    regions, found = binary.arrays["memory_regions"], 0
    for index, region in enumerate(regions):
        if not region.flags & abi.CFG_WATCHDOG:
            continue
        if not is_watchdog(region):
            yield ERROR, f"memory {index}", (f"a watchdog of {region.phys_start} us, guest address {region.virt_start:#x}, size "
                                             f"{region.size:#x}, flags {region.flags:#x}; make it {abi.CFG_WATCHDOG_MIN} to "
                                             f"{abi.CFG_WATCHDOG_MAX} us, flags {abi.CFG_WATCHDOG:#x}, and all else 0")
        elif binary.system or found:
            yield ERROR, f"memory {index}", "a watchdog, of which the root cell has none, and others one; take it out"
        elif not any(other.flags & COUNTER == COUNTER and other.size for other in regions):
            yield ERROR, f"memory {index}", "a watchdog without a communication region that the cell may write; add one"
        found += 1


@_finding("cpu-set")
def _cpu_set(binary):
    """A cell has a CPU, and its set of CPUs a sensible size."""
    cpus, size = binary.arrays["cpu_set"], binary.cell.cpu_set_size
    if not any(cpus):
        yield ERROR, "CPUs", "no CPU; assign at least one"
    if size > abi.CFG_MAX_CPU_SET:
        yield ERROR, "CPUs", f"the set has {size} bytes, at most {abi.CFG_MAX_CPU_SET} are possible"
    elif size % 8:
        yield WARNING, "CPUs", f"the set has {size} bytes; Jailhouse reads words of 8"


@_finding("memory-range")
def _memory_range(binary):
    """Memory regions end inside the address space."""
    for index, region in enumerate(binary.arrays["memory_regions"]):
        starts = [("guest", region.virt_start)]
        if not region.flags & abi.CFG_MEM_COMM_REGION:
            starts.append(("host", region.phys_start))
        for space, start in starts:
            if region.size and start + region.size > ADDRESS_END:
                yield ERROR, f"memory {index}", (f"the {space} range ends at {start + region.size:#x}, beyond "
                                                 f"{ADDRESS_END:#x}; correct start or size")


@_finding("memory-page-offset")
def _memory_page_offset(binary):
    """What is mapped in whole pages begins at a page of the host, too."""
    for index, region in enumerate(binary.arrays["memory_regions"]):
        if (region.size and not is_subpage(region) and region.phys_start % PAGE
                and not region.flags & abi.CFG_MEM_COMM_REGION):
            yield ERROR, f"memory {index}", (f"whole pages of the guest, but host {region.phys_start:#x} is inside a page; "
                                             "move it")


@_finding("memory-flags")
def _memory_flags(binary):
    """Flags of memory regions are known."""
    known = sum(MEMORY_FLAGS)
    for index, region in enumerate(binary.arrays["memory_regions"]):
        if region.flags & ~known:
            yield WARNING, f"memory {index}", f"unknown flags {region.flags & ~known:#x}; without effect"


@_finding("memory-keep")
def _memory_keep(binary):
    """Contents that are to be kept are those of memory that a cell has alone and may write."""
    for index, region in enumerate(binary.arrays["memory_regions"]):
        alone = region.flags & abi.CFG_MEM_WRITE and not region.flags & NOT_SCRUBBED and not is_subpage(region)
        if region.flags & abi.CFG_MEM_KEEP and (binary.system or not alone):
            yield WARNING, f"memory {index}", "KEEP has no effect on memory that is never scrubbed; remove it"


@_finding("memory-width")
def _memory_width(binary):
    """A region that is not made of whole pages says which accesses it allows."""
    for index, region in enumerate(binary.arrays["memory_regions"]):
        if region.size and is_subpage(region) and not region.flags & (WIDTHS | abi.CFG_MEM_COMM_REGION):
            yield WARNING, f"memory {index}", ("not whole pages, and no width allowed: every access is fatal; add IO_8 to "
                                               "IO_64")


def _overlaps(ranges):
    """(index, other index) for each range that begins before an earlier one ends. ranges: [(Range, index)]"""
    longest = None
    for area, index in sorted(ranges):
        if longest and area.start < longest[0].end:
            yield index, longest[1], longest[0]
        if not longest or area.end > longest[0].end:
            longest = area, index


@_finding("memory-overlap")
def _memory_overlap(binary):
    """Regions of a cell do not overlap, but for sections of a link over memory of the root cell."""
    regions = binary.arrays["memory_regions"]
    linked = {index for _, device in ivshmem(binary) for index, _ in sections(binary, device)} if binary.system else ()
    guest = [(Range.at(r.virt_start, r.size), n) for n, r in enumerate(regions) if r.size and n not in linked]
    host = [(Range.at(r.phys_start, r.size), n) for n, r in enumerate(regions)
            if r.size and n not in linked and not r.flags & abi.CFG_MEM_COMM_REGION]
    found = set()
    for space, ranges in (("guest", guest), ("host", host)):
        for index, other, area in _overlaps(ranges):
            if (index, other) not in found:		# both are the same where the cell sees host addresses
                found |= {(index, other), (other, index)}
                note = "; the later one counts" if space == "guest" else ""
                yield WARNING, f"memory {index}", f"overlaps memory {other} {area} in {space} addresses{note}"


@_finding("communication-region")
def _communication_region(binary):
    """A cell has at most one communication region: one aligned page."""
    found = [(n, r) for n, r in enumerate(binary.arrays["memory_regions"]) if r.flags & abi.CFG_MEM_COMM_REGION and r.size]
    for count, (index, region) in enumerate(found):
        if binary.system:
            yield WARNING, f"memory {index}", "the root cell has no communication region; without effect"
        elif region.size != PAGE or region.virt_start % PAGE:
            yield ERROR, f"memory {index}", f"a communication region is one aligned page, {PAGE:#x} bytes; correct it"
        elif count:
            yield ERROR, f"memory {index}", f"a second communication region (first is memory {found[0][0]}); remove one"


@_finding("root-identity")
def _root_identity(binary):
    """The root cell sees memory at its physical address."""
    for index, region in enumerate(binary.arrays["memory_regions"] if binary.system else []):
        if region.size and region.virt_start != region.phys_start and not region.flags & abi.CFG_MEM_COMM_REGION:
            yield ERROR, f"memory {index}", "the root cell has guest and host address equal; correct one"


@_finding("hypervisor-memory")
def _hypervisor_memory(binary):
    """Hypervisor memory is whole pages, and the root cell has none of it."""
    if not binary.system:
        return
    memory = binary.system.hypervisor_memory
    area = Range.at(memory.phys_start, memory.size)
    if not memory.size or (memory.phys_start | memory.size) % PAGE or area.end > ADDRESS_END:
        yield ERROR, "hypervisor memory", f"{area} is no range of whole pages below {ADDRESS_END:#x}; correct it"
    for index, region in enumerate(binary.arrays["memory_regions"] if memory.phys_start else []):
        if region.size and Range.at(region.phys_start, region.size).overlaps(area):
            yield WARNING, f"memory {index}", f"overlaps hypervisor memory {area}; leave that out of the root cell"


@_finding("gic")
def _gic(binary):
    """The machine has a GICv3 at addresses that it can have."""
    if not binary.system:
        return
    arm = binary.system.arch.arm
    if arm.gic_version != 3:
        yield ERROR, "GIC", f"version {arm.gic_version} is not supported; version 3 is"
    if not 16 <= arm.maintenance_irq < FIRST_SPI:
        yield ERROR, "GIC", f"maintenance INTID {arm.maintenance_irq} is no PPI; use 16 to 31"
    for name, base in (("GICD", arm.gicd_base), ("GICR", arm.gicr_base)):
        if not base or base % GIC_FRAME or base >= ADDRESS_END:
            yield ERROR, "GIC", f"{name} cannot be at {base:#x}; use a multiple of {GIC_FRAME:#x}"


@_finding("pci-host")
def _pci_host(binary):
    """The configuration window is aligned, and the host of ivshmem devices is virtual."""
    system = binary.system
    if not system:
        return
    base, buses = system.pci_mmconfig_base, system.pci_mmconfig_end_bus + 1
    if base % MIB or base + buses * MIB > ADDRESS_END:
        yield ERROR, "PCI", f"the ECAM window cannot be at {base:#x}; use a multiple of 1 MiB"
    if ivshmem(binary) and base and system.pci_is_virtual != 1:
        yield ERROR, "PCI", "ivshmem devices on a physical PCI host are not supported; set pci_is_virtual to 1"
    if ivshmem(binary) and not base:
        yield WARNING, "PCI", "ivshmem devices, but no ECAM window: nobody finds them"


def iommus(system):
    """(number, range) of each unit; the first one of type 0 ends the list."""
    found = []
    for number, unit in enumerate(system.iommu_units):
        if not unit.type:
            break
        found.append((number, Range.at(unit.base, unit.size)))
    return found


@_finding("iommu")
def _iommu(binary):
    """The hypervisor drives no IOMMU."""
    for index, _ in iommus(binary.system) if binary.system else []:
        yield WARNING, f"IOMMU {index}", "IOMMUs are left alone: DMA of devices is not confined"


@_finding("irqchip")
def _irqchip(binary):
    """Interrupts are SPIs of the distributor."""
    distributor = binary.system.arch.arm.gicd_base if binary.system else None
    for index, chip in enumerate(binary.arrays["irqchips"]):
        if distributor is not None and chip.address != distributor:
            yield WARNING, f"irqchip {index}", f"not at the distributor {distributor:#x}; without effect"
        elif chip.pin_base % 32 or chip.pin_base > PIN_END - PINS:
            yield ERROR, f"irqchip {index}", f"begins at {chip.pin_base}; use a multiple of 32, at most {PIN_END - PINS}"
        elif any(not FIRST_SPI <= pin < PIN_END - 4 for pin in pins(chip)):
            yield WARNING, f"irqchip {index}", f"has INTIDs that are no SPIs ({FIRST_SPI} to {PIN_END - 5}); without effect"


@_finding("x86-only")
def _x86_only(binary):
    """Ports and cache ways are resources of x86."""
    for what, array in (("cache", "cache_regions"), ("ports", "pio_regions")):
        for index, _ in enumerate(binary.arrays[array]):
            yield WARNING, f"{what} {index}", "only x86 has it; without effect"


@_finding("pci-type")
def _pci_type(binary):
    """PCI devices are of a known type."""
    for index, device in enumerate(binary.arrays["pci_devices"]):
        if device.type not in PCI_TYPES:
            yield WARNING, f"PCI device {index}", f"unknown type {device.type}; without effect"


@_finding("pci-function")
def _pci_function(binary):
    """Functions of a physical PCI host are the root cell's."""
    for index, device in enumerate(binary.arrays["pci_devices"]):
        if device.type in (abi.CFG_PCI_DEVICE, abi.CFG_PCI_BRIDGE) and not binary.system:
            yield ERROR, f"PCI device {index}", "physical functions cannot be given to a cell; remove it"


@_finding("pci-capabilities")
def _pci_capabilities(binary):
    """Capabilities of PCI devices are in the list."""
    count = len(binary.arrays["pci_caps"])
    for index, device in enumerate(binary.arrays["pci_devices"]):
        if device.num_caps and device.caps_start + device.num_caps > count:
            yield ERROR, f"PCI device {index}", (f"uses capabilities up to {device.caps_start + device.num_caps - 1}, "
                                                 f"there are {count}; correct caps_start or num_caps")


@_finding("link-twice")
def _link_twice(binary):
    """A cell is one peer of a link: its ivshmem devices have different numbers."""
    seen = {}
    for index, device in ivshmem(binary):
        if device.bdf in seen:
            yield ERROR, f"PCI device {index}", f"is at the place of PCI device {seen[device.bdf]}; give it another one"
        seen.setdefault(device.bdf, index)


@_finding("link-peer")
def _link_peer(binary):
    """A peer of a link has a number below that of peers, and a possible number of vectors."""
    for index, device in ivshmem(binary):
        if device.shmem_peers == 0:
            yield ERROR, f"PCI device {index}", "its link has 0 peers; set shmem_peers to their number"
        elif device.shmem_dev_id >= device.shmem_peers:
            yield WARNING, f"PCI device {index}", (f"is peer {device.shmem_dev_id} of {device.shmem_peers}, which counts "
                                                   "from 0; set shmem_peers to what the other ends say")
        if device.num_msix_vectors > MSIX_MAX:
            yield ERROR, f"PCI device {index}", f"has {device.num_msix_vectors} vectors; at most {MSIX_MAX} are possible"


@_finding("link-sections")
def _link_sections(binary):
    """The sections of a link are memory regions of the cell: in whole pages, one behind the other, and of one size."""
    count = len(binary.arrays["memory_regions"])
    for number, device in ivshmem(binary):
        record, end = f"PCI device {number}", device.shmem_regions_start + OUTPUT + device.shmem_peers
        if end > count:
            yield ERROR, record, f"uses memory regions up to {end - 1}, there are {count}; correct shmem_regions_start"
            continue
        parts = sections(binary, device)
        expected = None
        for section, (index, region) in enumerate(parts):
            if region.size and is_subpage(region):
                yield ERROR, f"memory {index}", f"section {section} of {record} is not made of whole pages; correct it"
            if region.size and expected is not None and region.virt_start != expected:
                yield ERROR, f"memory {index}", f"section {section} of {record} does not begin where the one before it ends"
            if region.size:
                expected = region.virt_start + region.size
            if section >= OUTPUT and region.size != parts[OUTPUT][1].size:
                yield ERROR, f"memory {index}", (f"is an output of {record} with another size than that of peer 0; make "
                                                 "them equal")


@_finding("link-access")
def _link_access(binary):
    """The state table of a link can only be read, the output section of a peer only be written by this peer."""
    for number, device in ivshmem(binary):
        record = f"PCI device {number}"
        for section, (index, region) in enumerate(sections(binary, device)):
            peer, write = section - OUTPUT, region.flags & abi.CFG_MEM_WRITE
            if section == STATE and not region.size:
                yield ERROR, f"memory {index}", f"the state table of {record} has no memory; give it a page"
            elif section == STATE and not region.flags & abi.CFG_MEM_READ:
                yield ERROR, f"memory {index}", f"the state table of {record} cannot be read; add READ"
            elif section == STATE and write:
                yield WARNING, f"memory {index}", f"the state table of {record} is only for reading; clear WRITE"
            elif region.size and region.flags & NO_SECTION:
                yield ERROR, f"memory {index}", (f"section {section} of {record} cannot be a communication region, device "
                                                 "memory or loadable")
            elif region.size and peer >= 0 and peer != device.shmem_dev_id and write:
                yield ERROR, f"memory {index}", f"the output of peer {peer} is writable through {record}; make it read-only"
            elif region.size and peer == device.shmem_dev_id and not write:
                yield WARNING, f"memory {index}", f"the peer of {record} cannot write its own output; add WRITE"


@_finding("link-interrupt")
def _link_interrupt(binary):
    """The INTx line of an ivshmem device is an interrupt of its cell."""
    owned = {pin for chip in binary.arrays["irqchips"] for pin in pins(chip)}
    for index, device in ivshmem(binary):
        spi = binary.cell.vpci_irq_base + (device.bdf >> 3) % LINES
        if not device.num_msix_vectors and FIRST_SPI + spi not in owned:
            yield WARNING, f"PCI device {index}", (f"raises SPI {spi}, which is no interrupt of the cell; add it to an "
                                                   "irqchip, or correct vpci_irq_base")


@_finding("console-type")
def _console_type(binary):
    """Consoles are of a type and have flags that there are."""
    consoles = [("console", binary.cell.console)]
    if binary.system:
        consoles.append(("debug console", binary.system.debug_console))
    for record, console in consoles:
        if console.type not in CONSOLES:
            yield WARNING, record, f"unknown type {console.type}; nothing is written to it"
        if console.flags & ~sum(CONSOLE_FLAGS):
            yield WARNING, record, f"reserved flags {console.flags & ~sum(CONSOLE_FLAGS):#x}; clear them"


@_finding("system-flags")
def _system_flags(binary):
    """Flags of a system are known."""
    rest = binary.system.flags & ~sum(SYSTEM_FLAGS) if binary.system else 0
    if rest:
        yield WARNING, "flags", f"unknown flags {rest:#x}; without effect"


def find(binary):
    """All problems of a binary.Binary, in the order of the rules above."""
    return [Finding(rule, severity, record, text) for rule, check in FINDINGS.items()
            for severity, record, text in check(binary)]
