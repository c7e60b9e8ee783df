# SPDX-License-Identifier: BSD-2-Clause
"""A checked system as binary configurations, revision 14."""
from . import abi, records
from .abi import (CFG_CELL_CONSOLE_ACTIVE, CFG_CELL_CONSOLE_PERMITTED, CFG_CELL_PASSIVE_COMM_REGION,
                  CFG_MEM_COMM_REGION, CFG_MEM_DMA, CFG_MEM_EXECUTE, CFG_MEM_IO, CFG_MEM_KEEP, CFG_MEM_LOADABLE,
                  CFG_MEM_READ, CFG_MEM_ROOTSHARED, CFG_MEM_WRITE)
from .units import FIRST_SPI, PAGE

CPU_SET_UNIT = 8
PINS = 128			# per irqchip entry
LAST_PIN_BASE = 1024 - PINS
NO_ROOT = "(none)"		# cannot be the name of a cell
BAR_MASK_PAGE = 0xfffff000

READ_WRITE = CFG_MEM_READ | CFG_MEM_WRITE
ROOT_RAM = READ_WRITE | CFG_MEM_EXECUTE | CFG_MEM_DMA
DEVICE = READ_WRITE | CFG_MEM_IO
ACCESS = {"r": CFG_MEM_READ, "w": CFG_MEM_WRITE, "x": CFG_MEM_EXECUTE}
CONSOLES = {
    "pl011": (abi.CFG_CONSOLE_PL011, abi.CFG_CONSOLE_MMIO | abi.CFG_CONSOLE_REGDIST_4),
    "8250": (abi.CFG_CONSOLE_8250, abi.CFG_CONSOLE_MMIO | abi.CFG_CONSOLE_REGDIST_4),
}
STRAY = {"fail": abi.CFG_STRAY_FAIL, "ignore": abi.CFG_STRAY_IGNORE, "abort": abi.CFG_STRAY_ABORT}
STRAY_DEFAULT = {"fail": 0, "ignore": abi.CFG_STRAY_IGNORE, "abort": abi.CFG_STRAY_ABORT, None: 0}
VIRTUAL_CONSOLE = {"off": 0, "permitted": CFG_CELL_CONSOLE_PERMITTED,
                   "active": CFG_CELL_CONSOLE_PERMITTED | CFG_CELL_CONSOLE_ACTIVE}


def _cpu_set(cpus):
    size = (max(cpus) // (8 * CPU_SET_UNIT) + 1) * CPU_SET_UNIT
    return sum(1 << cpu for cpu in set(cpus)).to_bytes(size, "little")


def _irqchips(system, spis):
    return irqchips(system.board.distributor.start, spis)


def irqchips(distributor, spis):
    chips = {}
    for pin in sorted(FIRST_SPI + spi for spi in spis):
        base = min(FIRST_SPI + (pin - FIRST_SPI) // PINS * PINS, LAST_PIN_BASE)
        chip = chips.setdefault(base, abi.Irqchip(address=distributor, pin_base=base))
        chip.pin_bitmap[(pin - base) // 32] |= 1 << (pin - base) % 32
    return list(chips.values())


def console(system, name):
    if name is None:
        return abi.Console()
    device = system.board.devices[name]
    kind, flags = CONSOLES[device.console]
    return abi.Console(address=device.range.start, size=device.range.size, type=kind, flags=flags)


def _identity(area, flags):
    return abi.Memory(area.start, area.start, area.size, flags)


def _links(system, cell, regions):
    """Appends the sections of all links of a cell to its regions and returns its PCI devices."""
    devices = []
    extra = 0 if cell.root else CFG_MEM_ROOTSHARED
    for link in sorted(system.links_of(cell), key=lambda link: link.slot):
        own = link.peers.index(cell.name)
        device = abi.PciDevice(type=abi.CFG_PCI_IVSHMEM, domain=system.domain, bdf=link.slot << 3,
                               shmem_regions_start=len(regions), shmem_dev_id=own,
                               shmem_peers=link.max_peers.get(cell.name, len(link.peers)),
                               shmem_protocol=link.protocol_of(cell.name))
        device.bar_mask[0] = BAR_MASK_PAGE
        if link.msix:
            device.bar_mask[1], device.num_msix_vectors = BAR_MASK_PAGE, link.vectors
        if not link.latch_state:
            device.msi_flags = abi.CFG_SHMEM_LOSSY_STATE
        for start, size, writer in link.sections():
            write = CFG_MEM_WRITE if writer in ("all", own) else 0
            regions.append(abi.Memory(start, start, size, CFG_MEM_READ | write | extra))
        devices.append(device)
    return devices


def _region(region):
    flags = sum(ACCESS[letter] for letter in region.access)
    flags |= CFG_MEM_DMA if region.dma else 0
    flags |= CFG_MEM_LOADABLE if region.loadable else 0
    flags |= CFG_MEM_ROOTSHARED if region.shared else 0
    flags |= CFG_MEM_KEEP if region.keep else 0
    return abi.Memory(region.host, region.at, region.size, flags)


def _strays(cell):
    """Regions of size 0: they map nothing, and who does not know them sees nothing."""
    return [abi.Memory(phys_start=area.range.size, virt_start=area.range.start, flags=STRAY[area.action])
            for area in cell.stray_ranges]


def _watchdog(cell):
    """Likewise."""
    return [abi.Memory(phys_start=cell.watchdog, flags=abi.CFG_WATCHDOG)] if cell.watchdog is not None else []


def _record_devices(low, before):
    """PCI devices of the low-level form. before: regions in front of those of the low-level form, from which they count."""
    devices = records.array(low, "pci_devices")
    for device in devices:
        if device.type == abi.CFG_PCI_IVSHMEM:
            device.shmem_regions_start = (device.shmem_regions_start + before) & 0xffffffff
    return devices


def _pack(header, cell, cpus, low, **found):
    """Fills in the counts and returns the bytes. low: low-level form; found: arrays, all others are in it."""
    cpu_set = _cpu_set(cpus)
    cell.cpu_set_size = len(cpu_set)
    records.set_header(cell, low)
    content = cpu_set
    for name, element, count in abi.ARRAYS[1:]:
        items = found[name] if name in found else records.array(low, name)
        setattr(cell, count, len(items))
        content += b"".join(bytes(element(item) if isinstance(item, int) else item) for item in items)
    return bytes(header) + content


def cell_config(system, cell, number=0):
    """number: its id, if no driver is going to choose one."""
    board = system.board
    regions = []
    devices = _links(system, cell, regions)
    regions += [_identity(board.devices[name].range, DEVICE) for name in cell.devices]
    regions += [_identity(board.devices[name].range, DEVICE | CFG_MEM_ROOTSHARED) for name in cell.shared_devices]
    regions += [_region(region) for region in cell.regions]
    if cell.comm is not None:
        regions.append(abi.Memory(0, cell.comm, PAGE, READ_WRITE | CFG_MEM_COMM_REGION))
    regions += _strays(cell) + _watchdog(cell)
    devices += _record_devices(cell.records, len(regions))
    regions += records.array(cell.records, "memory_regions")
    spis = set(cell.interrupts) | {cell.lines + link.line() for link in system.links_of(cell) if not link.msix}
    spis |= {spi for name in cell.devices for spi in board.devices[name].spis}
    header = abi.Cell(
        signature=abi.CFG_SIGNATURE_CELL, architecture=abi.CFG_ARCH_ARM64, revision=abi.CFG_REVISION,
        name=cell.name.encode(), id=number, vpci_irq_base=cell.lines or 0, cpu_reset_address=cell.entry,
        flags=(VIRTUAL_CONSOLE[cell.virtual_console] | (CFG_CELL_PASSIVE_COMM_REGION if cell.passive else 0)
               | STRAY_DEFAULT[cell.stray]),
        console=console(system, cell.console))
    irqchips = _irqchips(system, spis) + records.array(cell.records, "irqchips")
    return _pack(header, header, cell.cpus, cell.records, memory_regions=regions, irqchips=irqchips, pci_devices=devices)


def _root_regions(system):
    board, low = system.board, system.root.records
    if "memory_regions" in low:
        return records.array(low, "memory_regions")
    # a Linux that starts the hypervisor drives ITS and IOMMUs already; one that is started in direct boot is not told of them
    devices = [*board.devices.values(), *([] if system.direct else board.units)]
    regions = [_identity(area, DEVICE) for area in sorted(device.range for device in devices)]
    for ram in sorted(board.ram, key=lambda ram: ram.range):
        parts = ram.range.minus(system.hypervisor_range) if system.hypervisor_range else [ram.range]
        regions += [_identity(part, ROOT_RAM) for part in parts]
    return regions


def system_config(system):
    """The root cell's list has links last: later regions win over the memory around them. Without a root cell, its
    descriptor owns all CPUs and SPIs until cells take them."""
    board, cell = system.board, system.root
    regions = _root_regions(system) if cell else []
    low = cell.records if cell else {}
    devices = _record_devices(low, 0)
    devices += _links(system, cell, regions) if cell else []
    regions += _strays(cell) if cell else []
    header = abi.System(
        signature=abi.CFG_SIGNATURE_SYSTEM, architecture=abi.CFG_ARCH_ARM64, revision=abi.CFG_REVISION,
        flags=abi.CFG_SYS_VIRTUAL_CONSOLE if system.virtual_console else 0,
        hypervisor_memory=abi.Memory(phys_start=system.hypervisor_at or 0, size=system.hypervisor_size),
        debug_console=console(system, system.hypervisor_console), pci_mmconfig_base=system.ecam,
        pci_is_virtual=1, pci_domain=system.domain)
    arm = header.arch.arm
    arm.maintenance_irq, arm.gic_version = board.maintenance, 3
    arm.gicd_base, arm.gicr_base = board.distributor.start, board.redistributors.start
    root = header.root_cell
    root.name = (cell.name if cell else NO_ROOT).encode()
    if cell:
        root.vpci_irq_base = cell.lines
        root.flags = VIRTUAL_CONSOLE[cell.virtual_console] | STRAY_DEFAULT[cell.stray]
        root.cpu_reset_address = cell.entry
    records.set_system(header, system.records)
    irqchips = records.array(low, "irqchips") if "irqchips" in low else _irqchips(system, range(board.spis))
    return _pack(header, root, system.cpus, low, memory_regions=regions, irqchips=irqchips, pci_devices=devices)


def system_file(system):
    """Name of the file with the system configuration."""
    return f"{(system.root or system).name}.cell"


def compile_system(system):
    """File name to content, root cell first."""
    files = {system_file(system): system_config(system)}
    files.update((f"{cell.name}.cell", cell_config(system, cell)) for cell in system.cells if not cell.root)
    return files


