# SPDX-License-Identifier: BSD-2-Clause
"""A binary configuration as text, one fact per line."""
from . import abi
from .units import Range

ARCHITECTURES = {abi.CFG_ARCH_X86: "x86", abi.CFG_ARCH_ARM: "arm", abi.CFG_ARCH_ARM64: "arm64"}
CELL_FLAGS = {
    abi.CFG_CELL_PASSIVE_COMM_REGION: "passive", abi.CFG_CELL_TEST_DEVICE: "test-device",
    abi.CFG_CELL_AARCH32: "aarch32", abi.CFG_CELL_CONSOLE_PERMITTED: "virtual-console-permitted",
    abi.CFG_CELL_CONSOLE_ACTIVE: "virtual-console-active"}
MEMORY_FLAGS = {
    abi.CFG_MEM_READ: "READ", abi.CFG_MEM_WRITE: "WRITE", abi.CFG_MEM_EXECUTE: "EXECUTE", abi.CFG_MEM_DMA: "DMA",
    abi.CFG_MEM_IO: "IO", abi.CFG_MEM_COMM_REGION: "COMM_REGION", abi.CFG_MEM_LOADABLE: "LOADABLE",
    abi.CFG_MEM_ROOTSHARED: "ROOTSHARED", abi.CFG_MEM_NO_HUGEPAGES: "NO_HUGEPAGES",
    abi.CFG_MEM_IO_UNALIGNED: "IO_UNALIGNED", abi.CFG_MEM_IO_8: "IO_8", abi.CFG_MEM_IO_16: "IO_16",
    abi.CFG_MEM_IO_32: "IO_32", abi.CFG_MEM_IO_64: "IO_64"}
SYSTEM_FLAGS = {abi.CFG_SYS_VIRTUAL_CONSOLE: "virtual-console"}
CONSOLES = {0: "none", 1: "efifb", 2: "8250", 3: "pl011", 4: "xuartps", 5: "mvebu", 6: "hscif", 7: "scifa",
            8: "imx", 9: "imx-lpuart", 10: "scif"}
PCI_TYPES = {abi.CFG_PCI_DEVICE: "device", abi.CFG_PCI_BRIDGE: "bridge", abi.CFG_PCI_IVSHMEM: "ivshmem"}


def _flags(value, names):
    words = [name for bit, name in names.items() if value & bit]
    rest = value & ~sum(names)
    return " ".join(words + ([f"{rest:#x}"] if rest else [])) or "-"


def text(value):
    """Names come from files nobody has checked."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7f else "?" for byte in value)


def numbers(values):
    """1,2,3,7 as 1-3,7"""
    parts, values = [], sorted(values)
    while values:
        length = next((n for n, value in enumerate(values) if value != values[0] + n), len(values))
        first, last = values[0], values[length - 1]
        parts.append(str(first) if first == last else f"{first}-{last}")
        values = values[length:]
    return ",".join(parts) or "none"


def bits(words, width):
    return [index * width + bit for index, word in enumerate(words) for bit in range(width) if word >> bit & 1]


def _console(console):
    if console.type == abi.CFG_CONSOLE_NONE:
        return "none"
    return (f"{CONSOLES.get(console.type, console.type)} at {console.address:#x}, size {console.size:#x}, flags "
            f"{console.flags:#x}, divider {console.divider}, clock bit {console.gate_nr} at {console.clock_reg:#x}")


def _system(system):
    arm, memory = system.arch.arm, system.hypervisor_memory
    where = f"at {memory.phys_start:#x}" if memory.phys_start else "allocated by the driver"
    yield f"flags               {_flags(system.flags, SYSTEM_FLAGS)}"
    yield f"hypervisor memory   {memory.size:#x} bytes, {where}"
    yield f"debug console       {_console(system.debug_console)}"
    yield (f"PCI                 ECAM {system.pci_mmconfig_base:#x}, buses 0-{system.pci_mmconfig_end_bus}, "
           f"{'virtual' if system.pci_is_virtual else 'physical'}, domain {system.pci_domain}")
    for index, unit in enumerate(system.iommu_units):
        if unit.type:
            yield f"IOMMU {index}             type {unit.type}, at {unit.base:#x}, size {unit.size:#x}"
    if system.architecture != abi.CFG_ARCH_X86:
        yield (f"GIC                 v{arm.gic_version}, GICD {arm.gicd_base:#x}, GICR {arm.gicr_base:#x}, GICC "
               f"{arm.gicc_base:#x}, GICH {arm.gich_base:#x}, GICV {arm.gicv_base:#x}, "
               f"maintenance INTID {arm.maintenance_irq}")


def _pci_device(device):
    line = (f"{PCI_TYPES.get(device.type, device.type)} {device.domain:04x}:{device.bdf >> 8:02x}:"
            f"{device.bdf >> 3 & 31:02x}.{device.bdf & 7}")
    if device.type != abi.CFG_PCI_IVSHMEM:
        return line + f", iommu {device.iommu}, capabilities {device.caps_start}+{device.num_caps}"
    vectors = f"{device.num_msix_vectors} MSI-X vectors" if device.num_msix_vectors else "INTx"
    lossy = ", State not latched" if device.msi_flags & abi.CFG_SHMEM_LOSSY_STATE else ""
    return line + (f", peer {device.shmem_dev_id} of {device.shmem_peers}, protocol {device.shmem_protocol:#06x}, "
                   f"{vectors}, memory regions from {device.shmem_regions_start}, BAR 0 mask {device.bar_mask[0]:#x}{lossy}")


def _cell(cell, arrays):
    yield f"cell flags          {_flags(cell.flags, CELL_FLAGS)}"
    yield f"CPUs                {numbers(bits(arrays['cpu_set'], 8))}"
    yield f"entry               {cell.cpu_reset_address:#x}"
    yield f"message timeout     {cell.msg_reply_timeout}"
    yield f"virtual PCI INTA-D  SPI {cell.vpci_irq_base}-{cell.vpci_irq_base + 3}"
    yield f"console             {_console(cell.console)}"
    for index, region in enumerate(arrays["memory_regions"]):
        guest = Range.at(region.virt_start, region.size)
        yield f"memory {index:<12} {guest} from host {region.phys_start:#x}: {_flags(region.flags, MEMORY_FLAGS)}"
    for index, cache in enumerate(arrays["cache_regions"]):
        yield f"cache {index:<13} ways {cache.start}+{cache.size}, type {cache.type}, flags {cache.flags:#x}"
    for index, chip in enumerate(arrays["irqchips"]):
        pins = [chip.pin_base + pin for pin in bits(chip.pin_bitmap, 32)]
        yield f"irqchip {index:<11} at {chip.address:#x}, id {chip.id}, from {chip.pin_base}: {numbers(pins)}"
    for index, pio in enumerate(arrays["pio_regions"]):
        yield f"ports {index:<13} {pio.base:#x}+{pio.length:#x}"
    for index, device in enumerate(arrays["pci_devices"]):
        yield f"PCI device {index:<8} {_pci_device(device)}"
    for index, cap in enumerate(arrays["pci_caps"]):
        yield f"PCI capability {index:<4} id {cap.id:#x}, {cap.start:#x}+{cap.len:#x}, flags {cap.flags:#x}"
    if arrays["stream_ids"]:
        yield f"stream IDs          {' '.join(f'{sid:#x}' for sid in arrays['stream_ids'])}"


def show(binary):
    """Yields lines."""
    header = binary.system or binary.cell
    architecture = ARCHITECTURES.get(header.architecture, header.architecture)
    kind = "system" if binary.system else "cell"
    yield f"{kind} configuration, {architecture}, revision {header.revision}, cell '{text(binary.cell.name)}'"
    if binary.system:
        yield from _system(binary.system)
    yield from _cell(binary.cell, binary.arrays)
    if binary.trailing:
        yield f"trailing bytes      {len(binary.trailing)}, not used"
