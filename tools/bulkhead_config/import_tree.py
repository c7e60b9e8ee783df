# SPDX-License-Identifier: BSD-2-Clause
"""The content of a system file for a set of binary configurations, for a given plan of what is low-level."""
from dataclasses import dataclass, field

from . import abi, emit, equivalence, findings, import_links, records
from .model import LINE_COUNT
from .names import MEMORY_FLAGS, flag_words
from .show import numbers, purposes
from .units import ADDRESS_END, FIRST_SPI, KIB, PAGE, Range
from .yaml_text import Hex, Size, Time

GICD_SIZE, GICR_SIZE = 64 * KIB, 128 * KIB
DEVICE, SHARED_DEVICE = emit.DEVICE, emit.DEVICE | abi.CFG_MEM_ROOTSHARED
COMM = emit.READ_WRITE | abi.CFG_MEM_COMM_REGION
MEMORY_BITS = emit.ROOT_RAM | abi.CFG_MEM_LOADABLE | abi.CFG_MEM_ROOTSHARED | abi.CFG_MEM_KEEP
STRAYS = {flag: word for word, flag in emit.STRAY.items()}
ACCESS = {sum(emit.ACCESS[letter] for letter in word): word for word in ("r", "rw", "rx", "rwx")}
MAX_NAMED = 64			# regions of a cell by name
MAX_SPI = 987


@dataclass
class Origin:
    label: str			# file and record
    actions: tuple = ()		# what a plan can do about it


@dataclass
class Device:
    """A device of the board: pages of registers that are mapped at their address."""
    name: str
    range: Range
    console: str = None
    actions: list = field(default_factory=list)


@dataclass
class Tree:
    data: dict = field(default_factory=dict)
    heading: list = field(default_factory=list)
    comments: dict = field(default_factory=dict)
    origins: dict = field(default_factory=dict)


def _same_access(region):
    return region.size and region.phys_start == region.virt_start and not (region.virt_start | region.size) % PAGE


def _is_device(region):
    return _same_access(region) and region.flags in (DEVICE, SHARED_DEVICE)


def _is_memory(region):
    return (region.size and not (region.phys_start | region.virt_start | region.size) % PAGE
            and not region.flags & ~MEMORY_BITS and region.flags & emit.ROOT_RAM & ~abi.CFG_MEM_DMA in ACCESS
            and (not region.flags & abi.CFG_MEM_LOADABLE or region.flags & abi.CFG_MEM_WRITE))


def _is_communication(region):
    return region.flags == COMM and region.size == PAGE and not region.virt_start % PAGE


def _host(region):
    return Range.at(region.phys_start, region.size)


def _console_kind(console):
    if console.divider or console.gate_nr or console.clock_reg:
        return None
    return next((kind for kind, known in emit.CONSOLES.items() if known == (console.type, console.flags)), None)


def merged(ranges):
    """Disjoint ranges that cover the same addresses."""
    result = []
    for area in sorted(ranges):
        if result and area.start <= result[-1].end:
            result[-1] = Range(result[-1].start, max(result[-1].end, area.end))
        else:
            result.append(area)
    return result


class Builder:
    def __init__(self, sources, plan):
        self.sources, self.plan, self.tree = sources, plan, Tree()
        self.root = next(iter(sources.values()))
        self.system = self.root.binary.system
        self.others = [source for source in sources.values() if not source.root]
        refused = {device.bdf >> 3 for key, source in sources.items() for _, device in findings.ivshmem(source.binary)
                   if ("cell", key) in plan or ("link", device.bdf >> 3) in plan}
        self.domain = self.common_domain()
        self.links = import_links.recognise(sources, self.domain, refused)
        cpus = self.cpus(self.root)
        self.num_cpus = max(cpus) + 1
        arm = self.system.arch.arm
        self.gic = [Range.at(arm.gicd_base, GICD_SIZE), Range.at(arm.gicr_base, self.num_cpus * GICR_SIZE)]
        self.linked = {key: {index for link in self.links for index in link.regions.get(key, ())} for key in sources}
        self.low = {key: self.low_regions(source) for key, source in sources.items()}
        # in words, the memory of the root cell follows from the board, which then has nothing else
        self.derived = not self.low[self.root.key] and not {("root", "memory"), ("cell", self.root.key)} & plan.done
        self.devices = {}
        self.collect_devices()

    @staticmethod
    def cpus(source):
        return [cpu for byte, value in enumerate(source.binary.arrays["cpu_set"]) for bit in range(8) if value >> bit & 1
                for cpu in (8 * byte + bit,)]

    def common_domain(self):
        """PCI domain of most ivshmem devices. It means little: devices of a link may differ in it, and from the host."""
        domains = [device.domain for source in self.sources.values() for _, device in findings.ivshmem(source.binary)]
        return max(sorted(set(domains)), key=domains.count, default=self.system.pci_domain)

    # --- which regions are written how

    def is_low(self, source, index, region):
        """Not in words, whatever the other regions are."""
        actions = {("region", source.key, index), ("cell", source.key)}
        if findings.is_stray(region) and not (source.root and region.flags == abi.CFG_STRAY_FAIL):
            return bool(actions & self.plan.done)
        if findings.is_watchdog(region):
            return bool(actions & self.plan.done)
        if actions & self.plan.done or any(_host(region).overlaps(area) for area in self.gic):
            return True
        if source.root:
            return not (_is_device(region) and region.flags == DEVICE) and region.flags != emit.ROOT_RAM
        return not (_is_device(region) or _is_memory(region) or _is_communication(region))

    def low_regions(self, source):
        """Indices of regions in the low-level form: those that overlap, those that a device refers to; of the root cell all
        or none."""
        regions, linked = source.regions, self.linked[source.key]
        low = {index for index, region in enumerate(regions) if index not in linked and self.is_low(source, index, region)}
        unlinked = [abi.Memory() if index in linked else region for index, region in enumerate(regions)]
        for group in equivalence.overlapping(unlinked):
            if len(group) > 1:
                low |= {index for index, _ in group}
        for _, device in self.raw_devices(source):
            if device.type == abi.CFG_PCI_IVSHMEM:
                first = device.shmem_regions_start
                low |= set(range(first, min(first + equivalence.reach(device), len(regions)))) - linked
        rest = [index for index, region in enumerate(regions)
                if index not in linked and index not in low and not findings.is_stray(region)
                and not findings.is_watchdog(region)]
        comms = [index for index in rest if _is_communication(regions[index])]
        low |= set(comms[1:])
        if source.root and (low or {("root", "memory"), ("cell", source.key)} & self.plan.done):
            low |= set(rest)
        elif not source.root and len(rest) - len(comms) > MAX_NAMED:
            low |= {index for index in rest if index not in comms}
        return low

    def raw_devices(self, source):
        """PCI devices that are no ends of links."""
        ends = {link.ends[source.key] for link in self.links if source.key in link.ends}
        return [(index, device) for index, device in enumerate(source.binary.arrays["pci_devices"]) if index not in ends]

    def words(self, source):
        """Regions with memory that are not low-level, and no sections: (index, region)."""
        return [(index, region) for index, region in self.not_low(source) if region.size]

    def not_low(self, source):
        skip = self.low[source.key] | self.linked[source.key]
        return [(index, region) for index, region in enumerate(source.regions) if index not in skip]

    def strays(self, source):
        """Keys in words for accesses to nothing in ranges."""
        areas = []
        for index, region in self.not_low(source):
            if findings.is_stray(region):
                self.origin(("cells", source.key, "stray-ranges", len(areas)), f"memory {index}",
                            [("region", source.key, index)], source)
                areas.append({"at": Hex(region.virt_start), "size": Size(region.phys_start), "action": STRAYS[region.flags]})
        return {"stray-ranges": areas} if areas else {}

    def watchdog(self, source):
        for index, region in self.not_low(source):
            if findings.is_watchdog(region):
                self.origin(("cells", source.key, "watchdog"), f"memory {index}", [("region", source.key, index)], source)
                return {"watchdog": Time(region.phys_start)}
        return {}

    # --- the board

    def consoles(self):
        found = [(source.cell.console, ("header", source.key, "console")) for source in self.others]
        return found + [(self.system.debug_console, ("system", "debug console"))]

    def add_device(self, area, action):
        device = self.devices.setdefault(area, Device(f"mmio-{area.start:x}", area))
        device.actions.append(action)
        return device

    def collect_devices(self):
        for index, region in self.words(self.root):
            if _is_device(region):
                self.add_device(_host(region), ("root", "memory"))
        for source in self.others:
            for index, region in self.words(source):
                if not _is_device(region):
                    continue
                if self.derived and _host(region) not in self.devices:
                    self.low[source.key].add(index)
                else:
                    self.add_device(_host(region), ("region", source.key, index))
        for console, action in self.consoles():
            area, kind = Range.at(console.address, console.size), _console_kind(console)
            fits = (kind and area.size and not (area.start | area.size) % PAGE
                    and not any(area.overlaps(part) for part in self.gic))
            if fits and action not in self.plan and (area in self.devices or (not self.derived and action[0] == "system")):
                device = self.add_device(area, action)
                if not device.console:
                    device.name, device.console = f"uart-{area.start:x}", kind

    def console_device(self, console, action):
        """Name of the device that is this console, if words can say it; None: the low-level form has to."""
        device = self.devices.get(Range.at(console.address, console.size))
        if device and action not in self.plan and device.console and device.console == _console_kind(console):
            return device.name
        return None

    def board_memory(self):
        """Ranges of RAM."""
        memory = self.system.hypervisor_memory
        hypervisor = [Range.at(memory.phys_start, memory.size)] if memory.phys_start else []
        if self.derived:
            return merged([_host(region) for _, region in self.words(self.root) if not _is_device(region)] + hypervisor)
        rest = [_host(region) for index, region in enumerate(self.root.regions)
                if index not in self.linked[self.root.key] and _is_memory(region)]
        ranges = []
        for source in self.others:
            ranges += [_host(region) for _, region in self.words(source) if _is_memory(region)]
        ranges += [link.range for link in self.links]
        every, needed = (merged([area for area in areas if not any(area.overlaps(part) for part in self.gic)] + hypervisor)
                         for areas in (ranges + rest, ranges))
        return needed if needed and len(every) > MAX_NAMED else every

    def spis(self, source):
        """SPIs of a cell that are written as numbers."""
        distributor = self.system.arch.arm.gicd_base
        return {pin - FIRST_SPI for chip in source.binary.arrays["irqchips"]
                if equivalence.own_chip(chip, distributor) for pin in findings.pins(chip)}

    def num_spis(self):
        lines = [source.cell.vpci_irq_base + LINE_COUNT - 1 for source in self.sources.values()]
        spis = [spi for source in self.sources.values() for spi in self.spis(source)]
        return max(spis + [line for line in lines if line <= MAX_SPI] + [LINE_COUNT - 1]) + 1

    def board(self):
        arm, system, origins = self.system.arch.arm, self.system, self.tree.origins
        memory, devices = {}, {}
        for number, area in enumerate(self.board_memory()):
            name = "ram" if number == 0 else f"ram-{number + 1}"
            memory[name] = {"at": Hex(area.start), "size": Size(area.size)}
        for area, device in sorted(self.devices.items()):
            devices[device.name] = {"at": Hex(area.start), "size": Size(area.size),
                                    **({"console": device.console} if device.console else {})}
            origins["board", "devices", device.name] = Origin(f"{self.root.file}: device at {area}", tuple(device.actions))
        self.origin(("board", "memory"), "memory", [("root", "memory")])
        every = [action for device in self.devices.values() for action in device.actions]
        self.origin(("board", "devices"), "memory", [("root", "memory")] if self.derived else every)
        self.origin(("board", "pci"), "PCI", [("system", "PCI")])
        self.origin(("board", "cpus"), "CPUs")
        self.origin(("board", "gic"), "GIC", [("root", "memory")])
        return {
            "board": self.root.key, "architecture": "arm64", "cpus": self.num_cpus, "memory": memory,
            "gic": {"version": arm.gic_version, "distributor": {"at": Hex(arm.gicd_base), "size": Size(GICD_SIZE)},
                    "redistributors": {"at": Hex(arm.gicr_base), "size": Size(self.num_cpus * GICR_SIZE)},
                    "maintenance-interrupt": arm.maintenance_irq, "spis": self.num_spis()},
            "pci": {"ecam": Hex(system.pci_mmconfig_base), "domain": self.domain}, "devices": devices}

    # --- the system

    def origin(self, path, record, actions=(), source=None):
        self.tree.origins[path] = Origin(f"{(source or self.root).file}: {record}", tuple(actions))

    def hypervisor(self):
        memory, system = self.system.hypervisor_memory, self.system
        self.origin(("hypervisor",), "hypervisor memory")
        self.origin(("hypervisor", "console"), "debug console", [("system", "debug console")])
        size = Size(memory.size)
        data = {"memory": {"at": Hex(memory.phys_start), "size": size} if memory.phys_start else size}
        name = self.console_device(system.debug_console, ("system", "debug console"))
        if name:
            data["console"] = name
        if system.flags & abi.CFG_SYS_VIRTUAL_CONSOLE:
            data["virtual-console"] = True
        return data

    def system_records(self):
        system, data, whole = self.system, {}, ("cell", self.root.key) in self.plan
        if system.flags & ~abi.CFG_SYS_VIRTUAL_CONSOLE:
            data["flags"] = Hex(system.flags)
        if any(bytes(system.debug_console)) and not self.console_device(system.debug_console, ("system", "debug console")):
            data["debug_console"] = _fields(system.debug_console)
        if (system.pci_mmconfig_end_bus or system.pci_is_virtual != 1 or system.pci_domain != self.domain or whole
                or ("system", "PCI") in self.plan):
            data.update((name, Hex(getattr(system, name)) if name == "pci_mmconfig_base" else getattr(system, name))
                        for name in records.PCI_FIELDS)
        data.update((name, Hex(getattr(system.arch.arm, name))) for name in ("gicc_base", "gich_base", "gicv_base")
                    if getattr(system.arch.arm, name))
        units = []
        for unit in system.iommu_units:
            if not unit.type:
                break
            units.append({**_fields(unit), **({"specific": bytes(unit.specific).hex()} if any(unit.specific) else {})})
        if units:
            data["iommu_units"] = units
        self.origin(("records",), "header")
        return data

    # --- cells

    def lines(self, source):
        """SPIs that links raise; words add them by themselves."""
        return {source.cell.vpci_irq_base + link.slot % LINE_COUNT for link in self.links
                if source.key in link.ends and not link.msix}

    def header_is_low(self, source, name, fits):
        return not fits or ("header", source.key, name) in self.plan or ("cell", source.key) in self.plan

    def header(self, source):
        """(keys in words, header of the low-level form)"""
        cell, root, words, low = source.cell, source.root, {}, {}
        if cell.name.decode("latin-1") != source.key:
            low["name"] = cell.name.decode("latin-1")
        flags, passive = cell.flags, cell.flags & abi.CFG_CELL_PASSIVE_COMM_REGION
        if flags & abi.CFG_CELL_CONSOLE_ACTIVE and not root:
            flags |= abi.CFG_CELL_CONSOLE_PERMITTED
        stray = flags & abi.CFG_STRAY_ACTIONS
        console = next((word for word, bits in emit.VIRTUAL_CONSOLE.items() if bits == flags & ~passive & ~stray), None)
        if self.header_is_low(source, "flags", console and not (root and passive)):
            low["flags"] = Hex(cell.flags)
        else:
            words.update({"passive": True} if passive else {})
            words.update({"virtual-console": console} if console != "off" else {})
            words.update({"stray-access": STRAYS[stray]} if stray & ~abi.CFG_STRAY_FAIL else {})
        linked = any(source.key in link.ends for link in self.links)
        if self.header_is_low(source, "vpci_irq_base", cell.vpci_irq_base + 3 <= MAX_SPI):
            low["vpci_irq_base"] = cell.vpci_irq_base
        elif root or linked or cell.vpci_irq_base:
            words["pci-interrupts"] = cell.vpci_irq_base
        if self.header_is_low(source, "cpu_reset_address", cell.cpu_reset_address < (1 if root else ADDRESS_END)):
            low["cpu_reset_address"] = Hex(cell.cpu_reset_address)
        elif not root:
            words["entry"] = Hex(cell.cpu_reset_address)
        if cell.msg_reply_timeout:
            low["msg_reply_timeout"] = cell.msg_reply_timeout
        device = None if root else self.console_device(cell.console, ("header", source.key, "console"))
        mine = [self.devices[_host(region)].name for _, region in self.words(source) if _is_device(region)]
        if device in mine:
            words["console"] = device
        elif any(bytes(cell.console)):
            low["console"] = _fields(cell.console)
        for key, name in (("pci-interrupts", "vpci_irq_base"), ("entry", "cpu_reset_address"), ("console", "console")):
            self.origin(("cells", source.key, key), name, [("header", source.key, name)], source)
        return words, low

    def memory(self, source):
        """Keys in words for regions: devices, shared devices, memory, communication region."""
        path, data, memory = ("cells", source.key), {}, {}
        for index, region in self.words(source) if not source.root else []:
            actions, record = [("region", source.key, index)], f"memory {index}"
            if _is_device(region):
                key = "devices" if region.flags == DEVICE else "shared-devices"
                names = data.setdefault(key, [])
                self.origin((*path, key, len(names)), record, actions, source)
                names.append(self.devices[_host(region)].name)
            elif _is_communication(region):
                data["communication-region"] = Hex(region.virt_start)
                self.origin((*path, "communication-region"), record, actions, source)
            else:
                name = self.memory_name(region, memory)
                memory[name] = self.region(region)
                self.origin((*path, "memory", name), record, actions, source)
        return {**({"memory": memory} if memory else {}), **data}

    @staticmethod
    def memory_name(region, taken):
        base = "code" if region.flags & abi.CFG_MEM_EXECUTE else "data"
        if region.flags & abi.CFG_MEM_ROOTSHARED:
            base = "shared"
        elif region.flags & emit.READ_WRITE == emit.READ_WRITE and base == "code":
            base = "ram"
        return next(name for name in [base] + [f"{base}-{n}" for n in range(2, len(taken) + 3)] if name not in taken)

    @staticmethod
    def region(region):
        flags, access = region.flags, ACCESS[region.flags & emit.ROOT_RAM & ~abi.CFG_MEM_DMA]
        return {"at": Hex(region.virt_start), "host": Hex(region.phys_start), "size": Size(region.size),
                **({"access": access} if access != "rwx" else {}), **({"dma": True} if flags & abi.CFG_MEM_DMA else {}),
                **({"loadable": True} if flags & abi.CFG_MEM_LOADABLE else {}),
                **({"shared-with-root": True} if flags & abi.CFG_MEM_ROOTSHARED else {}),
                **({"keep": True} if flags & abi.CFG_MEM_KEEP else {})}

    def interrupts(self, source):
        """(SPIs in words, irqchips in the low-level form)"""
        chips, distributor = source.binary.arrays["irqchips"], self.system.arch.arm.gicd_base
        spis, all_low = self.spis(source), ("irqchips", source.key) in self.plan or ("cell", source.key) in self.plan
        low = [chip for chip in chips if not equivalence.own_chip(chip, distributor)]
        if all_low:
            low += emit.irqchips(distributor, spis - self.lines(source))
        if source.root and (low or spis != set(range(self.num_spis()))):
            return [], chips
        if not source.root:
            self.origin(("cells", source.key, "interrupts"), "irqchips", [("irqchips", source.key)], source)
        return [] if all_low or source.root else sorted(spis - self.lines(source)), low

    def cell(self, source):
        words, header = self.header(source)
        spis, chips = self.interrupts(source)
        arrays, low = source.binary.arrays, {}
        cpus = self.cpus(source)
        if header:
            low["header"] = header
        if source.root and cpus != list(range(self.num_cpus)):
            low["cpus"] = numbers(cpus).replace(",", ", ")
        order = sorted(self.low[source.key])
        if order or (source.root and not self.derived):
            regions = [source.regions[index] for index in order]
            low["memory_regions"] = [{**_fields(region, "flags"), **_flags(region)} for region in regions]
        if chips or (source.root and not self.spis(source)):
            low["irqchips"] = [_chip(chip) for chip in chips]
        devices = [device for _, device in self.raw_devices(source)]
        if devices:
            low["pci_devices"] = [self.raw_device(device, order) for device in devices]
        low.update((name, [_fields(item) for item in arrays[name]]) for name in ("pci_caps", "cache_regions", "pio_regions")
                   if arrays[name])
        if arrays["stream_ids"]:
            low["stream_ids"] = [Hex(sid) for sid in arrays["stream_ids"]]
        self.remarks(source, order)
        path = ("cells", source.key)
        self.origin(path, f"cell '{source.key}'", [("cell", source.key)], source)
        self.origin((*path, "cpus"), "CPUs", (), source)
        self.origin((*path, "records"), "header", (), source)
        return {**({"root": True} if source.root else {"cpus": cpus}), **self.memory(source), **words,
                **({"interrupts": spis} if spis else {}), **self.strays(source), **self.watchdog(source),
                **({"records": low} if low else {})}

    def remarks(self, source, order):
        known, path = purposes(source.binary), ("cells", source.key, "records", "memory_regions")
        for number, index in enumerate(order):
            self.origin((*path, number), f"memory {index}", (), source)
            if index in known:
                self.tree.comments[(*path, number)] = known[index]

    @staticmethod
    def raw_device(device, order):
        data = _fields(device)
        if device.type == abi.CFG_PCI_IVSHMEM:
            position = order.index(device.shmem_regions_start)
            data.pop("shmem_regions_start", None)
            data.update({"shmem_regions_start": position} if position else {})
        return data

    def link(self, link):
        state, shared, output = link.sizes
        self.origin(("links", self.names[link.slot]), f"link at PCI device {link.slot}", [("link", link.slot)])
        return {"peers": link.peers, "at": Hex(link.at), **({"state": Size(state)} if state != PAGE else {}),
                **({"shared": Size(shared)} if shared else {}), **({"output": Size(output)} if output else {}),
                **({"interrupt": "msi-x", "vectors": link.msix} if link.msix else {}),
                **({} if link.latch_state else {"latch-state": False}),
                **({"protocol": Hex(link.protocol) if isinstance(link.protocol, int) else link.protocol}
                   if link.protocol != "undefined" else {}),
                **({"backend": link.backend} if link.backend else {}), "device": link.slot,
                **({"max-peers": link.max_peers} if link.max_peers else {})}

    def name_links(self):
        words = [link.word for link in self.links]
        self.names = {link.slot: link.word if words.count(link.word) == 1 else f"{link.word}-{link.slot}"
                      for link in self.links}

    def make(self):
        tree, files = self.tree, ", ".join(source.file.rsplit("/", 1)[-1] for source in self.sources.values())
        self.name_links()
        low = self.system_records()
        tree.heading = [f"Made by 'bulkhead-config import' from {printable(files)}"]
        tree.data = {"system": self.root.key, "board": self.board(), "hypervisor": self.hypervisor(),
                     **({"records": low} if low else {}),
                     "cells": {key: self.cell(source) for key, source in self.sources.items()},
                     **({"links": {self.names[link.slot]: self.link(link) for link in self.links}} if self.links else {})}
        return tree


def printable(words):
    return "".join(char if char.isprintable() else "?" for char in words)[:200]


def _fields(struct, *without):
    """Fields that are not 0, for the low-level form."""
    data = {}
    for name, *_ in struct._fields_:
        value = getattr(struct, name)
        if name in (*without, "padding", "specific"):
            continue
        if isinstance(value, int):
            if value:
                data[name] = Hex(value) if value > 255 else value
        elif isinstance(value, abi.Console):
            data[name] = _fields(value)
        elif any(value):
            data[name] = [Hex(item) for item in value]
    return data


def _flags(region):
    words = [int(word, 16) if word.startswith("0x") else word for word in flag_words(region.flags, MEMORY_FLAGS)]
    return {"flags": [Hex(word) if isinstance(word, int) else word for word in words]} if words else {}


def _chip(chip):
    pins = findings.pins(chip)
    return {**_fields(chip, "pin_bitmap"), **({"pins": numbers(pins).replace(",", ", ")} if pins else {})}


def make(sources, plan):
    return Builder(sources, plan).make()
