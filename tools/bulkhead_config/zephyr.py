# SPDX-License-Identifier: BSD-2-Clause
"""A cell as device tree overlay for Zephyr: its memory, and its links below the virtual PCI host. What Zephyr expects is
in its bindings pci-host-ecam-generic, qemu,ivshmem and siemens,ivshmem-eth, and in virt_ivshmem.c.

Everything stands at the root, with addresses of two cells, and needs nothing of the board's tree but label 'gic'."""
from . import guest_view
from .devicetree import Node
from .guest_view import identifiers
from .memory_map import numbers
from .model import PROTOCOLS
from .units import FIRST_SPI, format_size

VENDOR, DEVICE = 0x110a, 0x4106
CLASS = 0xff			# then the protocol, then the revision
SPI, EDGE, PRIORITY = 0, 4, 0xa0	# GIC_SPI, IRQ_TYPE_EDGE, IRQ_DEFAULT_PRIORITY of Zephyr
PCI_MEMORY_32 = 0x02000000


def _wide(value):
    return f"{value >> 32:#x} {value & 0xffffffff:#x}"


def _reg(area):
    return f"reg = <{_wide(area.start)} {_wide(area.size)}>;"


def _sram(seen):
    """The region that Zephyr runs in: where the cell starts, or else the largest that it can write; or None."""
    writable = [region for region in seen.cell.regions if "w" in region.access]
    inside = [region for region in writable if region.guest_range.start <= seen.entry < region.guest_range.end]
    return (inside or sorted(writable, key=lambda region: -region.size) or [None])[0]


def _ivshmem(end, lines, label):
    """Its interrupts do not use an interrupt map, whose form depends on the board; the driver takes that of its pin."""
    about = ['compatible = "qemu,ivshmem";', f"reg = <{end.bdf << 8:#x} 0 0 0 0>;", "ivshmem-v2;",
             f"vendor-id = <{VENDOR:#x}>;", f"device-id = <{DEVICE:#x}>;",
             f"class-rev = <{CLASS << 24 | end.protocol << 8:#x}>;", "class-rev-mask = <0xffffff00>;"]
    if end.link.msix:
        about += ["/* Zephyr sets up MSI-X with an ITS only, which a cell does not have: use 'interrupt: intx' */",
                  'status = "disabled";']
    else:
        pins = [f"<{SPI} {intid - FIRST_SPI} {EDGE} {PRIORITY:#x}>" for intid in lines]
        about += ["interrupt-parent = <&gic>;", f"interrupts = {', '.join(pins)};", 'status = "okay";']
    return Node(f"{label}: ivshmem@{end.link.slot:x}", about)


def _pcie(seen, labels):
    window = seen.bars
    return Node(f"cell_pcie: pcie@{seen.ecam.start:x}", [
        'compatible = "pci-host-ecam-generic";', 'device_type = "pci";', "#address-cells = <3>;", "#size-cells = <2>;",
        "bus-range = <0 0>;", _reg(seen.ecam),
        f"ranges = <{PCI_MEMORY_32:#x} {_wide(window.start)} {_wide(window.start)} {_wide(window.size)}>;",
        'status = "okay";',
        *[_ivshmem(end, seen.lines, labels[end.link.name]) for end in seen.links]])


def _reserved(seen):
    nodes = [Node(f"link@{end.link.host:x}", [f"/* {end.link} */", _reg(end.link.host_range), "no-map;"])
             for end in seen.links]
    return Node("reserved-memory", ["#address-cells = <2>;", "#size-cells = <2>;", "ranges;", *nodes])


def _ethernet(seen, labels):
    """Network interfaces on links of that protocol."""
    ends = [end for end in seen.links if end.protocol == PROTOCOLS["ethernet"] and not end.link.msix]
    return [Node(f"{labels[end.link.name]}_eth: {labels[end.link.name].replace('_', '-')}-eth", [
        'compatible = "siemens,ivshmem-eth";', f"ivshmem-v2 = <&{labels[end.link.name]}>;",
        "zephyr,random-mac-address;", 'status = "okay";']) for end in ends]


def _memory(region, label):
    return Node(f"{label}: memory@{region.at:x}", [f"/* {region.access} */", 'compatible = "mmio-sram";',
                                                   _reg(region.guest_range)])


def _device(system, name, shared):
    device = system.board.devices[name]
    own = f", INTID {numbers(FIRST_SPI + spi for spi in device.spis)}" if device.spis and not shared else ""
    return f"  {name} at {device.range.start:#x}, {format_size(device.range.size)}{own}" + ", shared" * shared


def _comment(system, seen):
    """What the text below it cannot say."""
    cell, board = seen.cell, system.board
    options = ["CONFIG_ARMV8_A_NS=y", f"CONFIG_MAX_NUM_CPUS={len(cell.cpus)}" if len(cell.cpus) > 1 else None]
    if seen.links:
        options += ["CONFIG_PCIE=y", "CONFIG_DYNAMIC_INTERRUPTS=y", "CONFIG_POLL=y", "CONFIG_VIRTUALIZATION=y",
                    "CONFIG_IVSHMEM=y", "CONFIG_IVSHMEM_V2=y", "CONFIG_IVSHMEM_DOORBELL=y"]
    if any(end.protocol == PROTOCOLS["ethernet"] for end in seen.links):
        options += ["CONFIG_NETWORKING=y", "CONFIG_NET_L2_ETHERNET=y", "CONFIG_ETH_IVSHMEM=y"]
    devices = [_device(system, name, False) for name in cell.devices]
    devices += [_device(system, name, True) for name in cell.shared_devices]
    yield from [
        f"{cell} of system '{system.name}' for Zephyr. Made by bulkhead-config: change the system file, not this one.",
        "west build -b BOARD APPLICATION -- -DEXTRA_DTC_OVERLAY_FILE=THIS_FILE", "",
        "The application needs in its configuration:", *(f"  {option}" for option in options if option), "",
        "The tree of the board has addresses and sizes of two cells at its root, and",
        f"  the label gic: GICv3, distributor {board.distributor.start:#x}, "
        f"redistributors {board.redistributors.start:#x}",
        f"  an armv8-timer with INTID {board.timer[2]} as virtual timer",
        "and of devices, only those of the cell are enabled: " + ("" if devices else "none"), *devices,
        f"The cell starts at {seen.entry:#x}, on CPU {numbers(cell.cpus)}."]
    classes = [end.protocol for end in seen.links]
    if len(set(classes)) < len(classes):
        yield from ["", "Zephyr knows links by their protocol only: those with one protocol get their nodes in no",
                    "certain order. Give such links protocols of their own, 0x4000 to 0x7fff, or look at the BDF."]
    if seen.links and not seen.bars:
        yield from ["", "There is no room for BARs below 4 GiB: without the virtual PCI host."]


def source(system, cell):
    """The text. system: complete; cell: not the root cell."""
    seen = guest_view.view(system, cell)
    words = identifiers(end.link.name for end in seen.links)
    labels = {name: f"cell_link_{word.lower()}" for name, word in words.items()}
    words = identifiers(region.name for region in cell.regions)
    regions = {name: f"cell_mem_{word.lower()}" for name, word in words.items()}
    sram, has_host = _sram(seen), seen.bars is not None
    chosen = [f"zephyr,sram = &{regions[sram.name]};"] if sram else []
    chosen += ["zephyr,pcie-controller = &cell_pcie;"] if has_host else []
    nodes = [Node("chosen", chosen), *(_memory(region, regions[region.name]) for region in cell.regions)]
    if seen.links:
        nodes.append(_reserved(seen))
    if has_host:
        nodes += [_pcie(seen, labels), *_ethernet(seen, labels)]
    comment = [f" * {line}".rstrip() for line in _comment(system, seen)]
    return "\n".join(["/*", *comment, " */", *Node("/", nodes).text(0), ""])
