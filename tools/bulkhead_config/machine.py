# SPDX-License-Identifier: BSD-2-Clause
"""What a board file says about a machine, found in its device tree and in /proc/iomem."""
import re
from dataclasses import dataclass, field

from .machine_tree import PPI, PPI_BASE, SPI, TreeError, areas, number, windows
from .units import BAR_PAGE, ECAM_SIZE, GIB, LINE_COUNT, MIB, PAGE, TIMER, Range, round_up

GICV3, GICV2 = ("arm,gic-v3",), ("arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a9-gic", "arm,cortex-a7-gic")
ITS = ("arm,gic-v3-its",)
IOMMUS = ("arm,smmu-v3", "arm,smmu-v2", "arm,smmu-v1", "arm,mmu-500", "arm,mmu-401", "arm,mmu-400")
REDISTRIBUTOR, ITS_SIZE = 0x20000, 0x20000	# two frames each
BUSES = ("simple-bus", "simple-pm-bus", "arm,amba-bus")
SPI_STEP, SPI_END = 32, 988	# the GIC has them in groups
LINKS = 31			# of the root cell, that the PCI windows have room for
POOL = (4 * MIB, 64 * MIB)	# smallest, largest
POOL_SHARE = 8			# of the memory
BLOCK = 2 * MIB
SIZE_OF_UNKNOWN = 2 * LINE_COUNT	# SPIs to look for behind the last one that is used
PCI_SPACES = {1: "io", 2: "mmio", 3: "mmio-high"}
UARTS = {"arm,pl011": "pl011", "ns16550a": "8250", "ns16550": "8250", "snps,dw-apb-uart": "8250"}


@dataclass
class Device:
    name: str
    area: Range
    spis: list = field(default_factory=list)
    console: str = None
    type: str = None
    clock: int = None


@dataclass
class Machine:
    name: str
    mpidr: list
    ram: list
    distributor: Range
    redistributors: Range
    maintenance: int
    timer: list
    spis: int
    devices: list
    its: list			# of areas
    iommus: list		# of Device
    ecam: int
    domain: int
    lines: range		# SPIs that no device uses
    pool: Range
    stdout: str			# name of a device, or None
    its_widened: bool = False	# the tree has less than the two frames of an ITS
    left_out: list = field(default_factory=list)	# (path, why)


def _name(text):
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text.split("@")[0]).strip("-.")
    return name if re.match(r"[A-Za-z]", name) else f"device-{name}"


def _whole_pages(area):
    return Range(area.start // PAGE * PAGE, round_up(area.end, PAGE))


def _merged(parts):
    """Neighbours become one."""
    result = []
    for part in sorted(parts):
        if result and part.start <= result[-1].end:
            result[-1] = Range(result[-1].start, max(part.end, result[-1].end))
        else:
            result.append(part)
    return result


def _cpus(tree):
    cpus = tree.root.child("cpus")
    found = [number(node.cells("reg")) for node in (cpus.children if cpus else [])
             if node.texts("device_type") == ["cpu"] and node.is_enabled]
    if not found:
        raise TreeError("has no CPU in /cpus; use the tree that Linux is started with")
    return found


def iomem(text):
    """RAM, and what Linux keeps in it, from /proc/iomem."""
    ram, kept = [], []
    for line in text.splitlines():
        match = re.match(r"( *)([0-9a-f]+)-([0-9a-f]+) : (.*)$", line)
        if match:
            area = Range(int(match[2], 16), int(match[3], 16) + 1)
            if not match[1] and match[4] == "System RAM":
                ram.append(area)
            elif match[4] in ("reserved", "Kernel code", "Kernel data") or match[4].startswith("Crash kernel"):
                kept.append(area)
    if ram and max(area.end for area in ram) <= 1:
        raise TreeError("shows all addresses as 0; read /proc/iomem as root")
    return ram, kept


def _ram(tree, seen):
    """From the tree, or where the firmware (EFI) has taken memory out of it, as Linux has it."""
    found = [area for node in tree.root.children if node.texts("device_type") == ["memory"] and node.is_enabled
             for area in areas(node)]
    parts = [Range(round_up(area.start, PAGE), area.end // PAGE * PAGE) for area in _merged(found or seen)]
    if not parts:
        raise TreeError("says nothing about memory; give the /proc/iomem of the running Linux with --iomem, as root")
    return parts


def _reserved(tree):
    node = tree.root.child("reserved-memory")
    return list(tree.reserved) + [area for child in (node.children if node else []) for area in areas(child)]


def _gic(tree, cpus):
    for node in tree.root:
        if node.is_a(*GICV2):
            raise TreeError(f"has a GICv2 ({node.path}), GICv3 is needed; with QEMU use -machine gic-version=3")
    node = next((node for node in tree.root if node.is_a(*GICV3)), None)
    if not node:
        raise TreeError("has no GICv3 (compatible arm,gic-v3); use the tree of a machine with one")
    found = areas(node)
    if node.cell("#redistributor-regions", 1) != 1 or len(found) < 2:
        raise TreeError(f"has redistributors in several regions ({node.path}), which is not supported; use fewer CPUs")
    if found[1].size < cpus * REDISTRIBUTOR:
        raise TreeError(f"has {cpus} CPUs, but redistributors {found[1]} for {found[1].size // REDISTRIBUTOR}; correct the "
                        "tree")
    return node, found[0], Range.at(found[1].start, cpus * REDISTRIBUTOR)


def _ppis(tree, node, gic):
    return [PPI_BASE + value for kind, value in tree.interrupts(node, gic) if kind == PPI]


def _clock(tree, node):
    if node.has("clock-frequency"):
        return node.cell("clock-frequency", 0) or None
    clock = tree.phandles.get(node.cell("clocks", 0))
    return clock.cell("clock-frequency", 0) or None if clock and clock.is_a("fixed-clock") else None


def _console(node):
    """Kind of a UART that hypervisor and inmates can use: PL011, or an 8250 with registers 4 bytes apart."""
    kind = next((UARTS[text] for text in node.texts("compatible") if text in UARTS), None)
    return kind if kind != "8250" or node.cell("reg-shift", 0) == 2 else None


def _pci_host(tree, node, gic):
    name = _name(node.name)
    spis = tree.mapped_spis(node, gic)
    for area in areas(node)[:1]:
        yield Device(f"{name}-ecam", area)
    for space, area in windows(node):
        what = PCI_SPACES.get(space, "window")
        yield Device(f"{name}-{what}", area, spis if what == "mmio" else [])


def _children_areas(node):
    for child in node:
        try:
            yield from areas(child)
        except TreeError:		# said where the child itself is read
            continue


def _is_bus(node, area):
    """Is it the address space of a bus, and not registers of its own? What is on the bus are the devices then."""
    return node.is_a(*BUSES) and any(area.contains(inside) for inside in _children_areas(node))


def _buses(tree):
    """Nothing else is where a bus is, whether the tree says what is there or not."""
    for node in tree.root:
        if node.is_a(*BUSES):
            try:
                yield from (area for area in areas(node) if _is_bus(node, area))
            except TreeError:
                continue


def _devices_of(tree, node, gic):
    if node.is_a("pci-host-ecam-generic") or node.texts("device_type") == ["pci"]:
        return list(_pci_host(tree, node, gic))
    spis = sorted({value for kind, value in tree.interrupts(node, gic) if kind == SPI})
    name, found = _name(node.name), _merged(area for area in areas(node) if not _is_bus(node, area))
    if not found and node.is_a("simple-bus") and not node.children:
        found = _merged(area for _, area in windows(node))
    console = _console(node)
    kind = "pl031" if node.is_a("arm,pl031") else "virtio-mmio" if node.is_a("virtio,mmio") else None
    clock = _clock(tree, node) if console or kind == "pl031" else None
    return [Device(name, area, spis if index == 0 else [], console if index == 0 else None, kind, clock)
            for index, area in enumerate(found)]


def _in_pages(devices):
    """Devices that lie in one page belong to one cell: they become one device."""
    result = []
    for device in sorted(devices, key=lambda device: (device.area.start, device.area.end)):
        last = result[-1] if result else None
        virtio = last and last.type == device.type == "virtio-mmio" and last.area.end == device.area.start
        if last and (virtio or _whole_pages(last.area).overlaps(_whole_pages(device.area))):
            same = last.type == device.type and not last.console
            last.area = Range(last.area.start, max(last.area.end, device.area.end))
            last.spis += [spi for spi in device.spis if spi not in last.spis]
            if not same:
                last.console = last.type = last.clock = None
        else:
            result.append(device)
    for device in result:
        device.area = _whole_pages(device.area)
        parts = len(device.spis)
        if device.type == "virtio-mmio" and (not parts or device.area.size % (parts * 512)):
            device.type = None
    return result


def _without(devices, taken):
    """Devices do not reach into memory or the GIC; what they are in it (an ITS in its window, say) is left to these."""
    for device in devices:
        parts = [device.area]
        for area in taken:
            parts = [rest for part in parts for rest in part.minus(area)]
        if parts:
            device.area = max(parts, key=lambda part: part.size)
            yield device


def _named_once(devices):
    used = set()
    for device in devices:
        name, count = device.name, 1
        while device.name in used:
            count += 1
            device.name = f"{name}-{count}"
        used.add(device.name)
    return devices


def _gaps(space, taken):
    parts = [space]
    for area in taken:
        parts = [rest for part in parts for rest in part.minus(area)]
    return parts


def _ecam(taken):
    """At the end of the largest gap below 4 GiB."""
    size = ECAM_SIZE + round_up(LINKS * 2 * BAR_PAGE, MIB)
    gaps = [Range(round_up(max(gap.start, MIB), MIB), gap.end // MIB * MIB) for gap in _gaps(Range(0, 4 * GIB), taken)]
    gap = max(gaps, key=lambda gap: gap.size, default=Range(0, 0))
    if gap.size < size:
        raise TreeError(f"leaves no {size // MIB} MiB below 4 GiB for the virtual PCI host; write the board file by hand")
    return gap.end - size


def _pool(ram, kept):
    """Near the middle of the largest piece of memory, away from what is kept: Linux has to give it up later."""
    piece = max(ram, key=lambda part: part.size)
    size = min(max(piece.size // POOL_SHARE // BLOCK * BLOCK, POOL[0]), POOL[1])
    middle = piece.start + piece.size // 2
    starts = [Range(round_up(gap.start, BLOCK), gap.end) for gap in _gaps(piece, kept)]
    fitting = [min(max(gap.start, middle // BLOCK * BLOCK), (gap.end - size) // BLOCK * BLOCK) for gap in starts
               if gap.start + size <= gap.end]
    if not fitting:
        raise TreeError(f"leaves no {size // MIB} MiB of memory for cells; write the board file by hand")
    return Range.at(min(fitting, key=lambda start: abs(start - middle)), size)


def _spis_without_registers(tree, gic):
    """SPIs of what has no registers that a cell could be given: of a performance monitor, or of a bus."""
    found = set()
    for node in tree.root:
        try:
            found.update(value for kind, value in tree.interrupts(node, gic) if kind == SPI)
        except TreeError:
            continue
    return found


def _whole_its(units, others):
    """Some trees have only the first of the two frames of an ITS. Returns whether one was made whole: nothing else may be
    where its other frame is."""
    widened = False
    for unit in units:
        whole = Range.at(unit.area.start, ITS_SIZE)
        taken = others + [other.area for other in units if other is not unit]
        if unit.area.size < ITS_SIZE and not any(whole.overlaps(area) for area in taken):
            unit.area = whole
            widened = True
    return widened


def _lines(used, spis):
    """(number of SPIs, the longest run of them that are not used)"""
    spis = spis or min(round_up(max(used | {0}) + 1 + SIZE_OF_UNKNOWN, SPI_STEP), SPI_END)
    best, run = range(0), 0
    for spi in range(spis):
        run = 0 if spi in used else run + 1
        if run > len(best):
            best = range(spi + 1 - run, spi + 1)
    if len(best) < LINE_COUNT:
        raise TreeError(f"leaves no {LINE_COUNT} SPIs for the virtual PCI host out of {spis}; say with --spis how many the "
                        "GIC has")
    return spis, best


def _stdout(tree, devices):
    chosen = tree.root.child("chosen")
    path = (chosen.texts("stdout-path") if chosen else [""])[:1]
    name = path[0].split(":")[0] if path else ""
    aliases = tree.root.child("aliases")
    if aliases and not name.startswith("/"):
        name = (aliases.texts(name) or [""])[0]
    node = tree.at(name) if name else None
    area = areas(node)[0] if node and areas(node) else None
    consoles = [device for device in devices if device.console]
    named = [device for device in consoles if area and device.area.contains(area)]
    return (named or consoles or [None])[0]


@dataclass
class Hardware:
    """What cells are told of a machine."""
    cpus: dict			# number in configurations: affinity
    distributor: Range
    redistributors: Range	# as the tree has them, for more CPUs than there are, perhaps
    timer: list
    devices: list		# Device, each node with registers


def hardware(tree):
    """CPUs are numbered in the order of the tree, as Linux does, unless the tree itself is made for a cell."""
    cpus = tree.root.child("cpus")
    found = dict(enumerate(_cpus(tree)))
    named = {node.cell("bulkhead,cpu", 0): number(node.cells("reg")) for node in cpus.children if node.has("bulkhead,cpu")}
    gic, distributor, _ = _gic(tree, len(found))
    timer = next((node for node in tree.root if node.is_a("arm,armv8-timer")), None)
    timer = _ppis(tree, timer, gic)[:4] if timer else []
    devices = []
    for node in tree.root:
        if node is gic or node.texts("device_type") in (["memory"], ["cpu"], ["pci"]):
            continue
        try:
            devices += _devices_of(tree, node, gic)
        except TreeError:		# of one device: the cell may not have it
            continue
    return Hardware(named or found, distributor, areas(gic)[1], timer if len(timer) == 4 else TIMER, devices)


def board_name(tree):
    return _name((tree.root.texts("compatible") or tree.root.texts("model") or ["board"])[0].split(",")[-1])


def find(tree, name=None, seen=((), ()), spis=None):
    """name: of the board, else after the model; seen: what iomem() says; spis: how many the GIC has."""
    mpidr = _cpus(tree)
    gic, distributor, redistributors = _gic(tree, len(mpidr))
    ram = _ram(tree, seen[0])
    timer = next((node for node in tree.root if node.is_a("arm,armv8-timer")), None)
    timer = _ppis(tree, timer, gic)[:4] if timer else []
    maintenance = _ppis(tree, gic, gic) or [25]
    found, left_out, hidden, its, iommus = [], [], [], [], []
    for node in tree.root:
        if node is gic or node.texts("device_type") in (["memory"], ["cpu"]) or "reserved-memory" in node.path:
            continue
        try:
            devices = _devices_of(tree, node, gic)
        except TreeError as error:		# of one device: not worth giving up the machine
            left_out.append((node.path, str(error)))
            continue
        if node.is_a(*ITS, *IOMMUS):		# Linux may have them to itself, no other cell
            (its if node.is_a(*ITS) else iommus).extend(devices)
        elif node.is_enabled:
            found += devices
        else:
            hidden += devices
            left_out += [(node.path, "disabled")] if devices else []
    frames = areas(gic)
    iommus = _in_pages(iommus)
    its = [unit for unit in its if not any(unit.area.overlaps(frame) for frame in frames)]	# else it is the GIC's already
    its_widened = _whole_its(its, ram + frames + [device.area for device in found + hidden + iommus])
    units = [unit.area for unit in its + iommus]
    devices = list(_without(_in_pages(found), ram + [distributor, redistributors] + frames[:1] + units))
    _named_once(iommus + devices)
    used = {spi for device in devices + iommus + hidden for spi in device.spis} | _spis_without_registers(tree, gic)
    count, lines = _lines(used, spis)
    console = _stdout(tree, devices)
    taken = [device.area for device in devices + hidden] + ram + frames + units + list(_buses(tree))
    hosts = [node.cell("linux,pci-domain", 0) for node in tree.root if node.texts("device_type") == ["pci"]]
    return Machine(
        name=name or board_name(tree), mpidr=mpidr, ram=ram, distributor=distributor, redistributors=redistributors,
        maintenance=maintenance[0], timer=timer if len(timer) == 4 else [], spis=count, devices=devices,
        its=sorted(unit.area for unit in its), iommus=iommus, ecam=_ecam(taken), domain=max(hosts, default=0) + 1,
        lines=lines, pool=_pool(ram, list(seen[1]) + _reserved(tree)), stdout=console.name if console else None,
        its_widened=its_widened, left_out=left_out)
