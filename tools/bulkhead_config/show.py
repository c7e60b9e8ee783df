# SPDX-License-Identifier: BSD-2-Clause
"""A binary configuration as text, one fact per line, with its problems; and as JSON."""
import ctypes

from . import abi, findings
from .names import (ARCHITECTURES, CELL_FLAGS, CONSOLES, IOMMU_TYPES, MEMORY_FLAGS, PCI_TYPES, SYSTEM_FLAGS,
                    flag_words)
from .units import Range, format_time


def _flags(value, names):
    return " ".join(flag_words(value, names)) or "-"


def text(value):
    """Names come from files nobody has checked."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7f else "?" for byte in value)


def numbers(values):
    """1,2,3,7 as 1-3,7"""
    runs = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs) or "none"


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
    yield "flags", _flags(system.flags, SYSTEM_FLAGS)
    yield "hypervisor memory", f"{memory.size:#x} bytes, {where}"
    yield "debug console", _console(system.debug_console)
    yield ("PCI", f"ECAM {system.pci_mmconfig_base:#x}, buses 0-{system.pci_mmconfig_end_bus}, "
           f"{'virtual' if system.pci_is_virtual else 'physical'}, domain {system.pci_domain}")
    for index, unit in enumerate(system.iommu_units):
        if unit.type:
            yield f"IOMMU {index}", (f"{IOMMU_TYPES.get(unit.type, unit.type)}, at {unit.base:#x}, size {unit.size:#x}, "
                                     f"specific {bytes(unit.specific).hex()}")
    if system.architecture != abi.CFG_ARCH_X86:
        yield ("GIC", f"v{arm.gic_version}, GICD {arm.gicd_base:#x}, GICR {arm.gicr_base:#x}, GICC "
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


def purposes(binary):
    """What memory regions are for, as far as the file tells: index to text."""
    regions, found = binary.arrays["memory_regions"], {}
    consoles = [("console", binary.cell.console)]
    if binary.system:
        consoles.append(("debug console", binary.system.debug_console))
    for what, console in consoles:
        for index, region in enumerate(regions if console.type else []):
            if 0 <= console.address - region.phys_start < region.size and region.flags & abi.CFG_MEM_IO:
                found[index] = what
    for number, device in findings.ivshmem(binary):
        for section, (index, _) in enumerate(findings.sections(binary, device)):
            peer = section - findings.OUTPUT
            part = f"output of peer {peer}" if peer >= 0 else ("state table", "shared section")[section]
            found[index] = f"{part}, PCI device {number}"
    return found


def _cpus(cpu_set):
    if len(cpu_set) > abi.CFG_MAX_CPU_SET:
        return f"{len(cpu_set)} bytes"
    return numbers(bits(cpu_set, 8))


def _cell(binary):
    cell, arrays, known = binary.cell, binary.arrays, purposes(binary)
    yield "cell flags", _flags(cell.flags, CELL_FLAGS)
    yield "CPUs", _cpus(arrays["cpu_set"])
    yield "entry", f"{cell.cpu_reset_address:#x}"
    yield "message timeout", f"{cell.msg_reply_timeout}"
    yield "virtual PCI INTA-D", f"SPI {cell.vpci_irq_base}-{cell.vpci_irq_base + 3}"
    yield "console", _console(cell.console)
    for index, region in enumerate(arrays["memory_regions"]):
        if findings.is_stray(region):
            area = Range.at(region.virt_start, region.phys_start)
            yield f"memory {index}", f"none; accesses to nothing in {area}: {_flags(region.flags, MEMORY_FLAGS)}"
            continue
        if findings.is_watchdog(region):
            yield f"memory {index}", f"none; watchdog of {format_time(region.phys_start)}"
            continue
        guest, purpose = Range.at(region.virt_start, region.size), f" ({known[index]})" if index in known else ""
        yield f"memory {index}", f"{guest} from host {region.phys_start:#x}: {_flags(region.flags, MEMORY_FLAGS)}{purpose}"
    for index, cache in enumerate(arrays["cache_regions"]):
        yield f"cache {index}", f"ways {cache.start}+{cache.size}, type {cache.type}, flags {cache.flags:#x}"
    for index, chip in enumerate(arrays["irqchips"]):
        pins = numbers(findings.pins(chip))
        yield f"irqchip {index}", f"at {chip.address:#x}, id {chip.id}, from {chip.pin_base}: {pins}"
    for index, pio in enumerate(arrays["pio_regions"]):
        yield f"ports {index}", f"{pio.base:#x}+{pio.length:#x}"
    for index, device in enumerate(arrays["pci_devices"]):
        yield f"PCI device {index}", _pci_device(device)
    for index, cap in enumerate(arrays["pci_caps"]):
        yield f"PCI capability {index}", f"id {cap.id:#x}, {cap.start:#x}+{cap.len:#x}, flags {cap.flags:#x}"
    if arrays["stream_ids"]:
        yield "stream IDs", " ".join(f"{sid:#x}" for sid in arrays["stream_ids"])


def _facts(binary):
    """(record, text); findings.py names records alike."""
    if binary.system:
        yield from _system(binary.system)
    yield from _cell(binary)
    if binary.trailing:
        yield "trailing bytes", f"{len(binary.trailing)}, not used"


def _kind(binary):
    return "system" if binary.system else "cell"


def show(binary):
    """Yields lines; each problem stands below its record."""
    header = binary.system or binary.cell
    architecture = ARCHITECTURES.get(header.architecture, header.architecture)
    problems = {}
    for item in findings.find(binary):
        problems.setdefault(item.record, []).append(f"{'':18}! {item.severity}: {item.rule}: {item.text}")
    yield f"{_kind(binary)} configuration, {architecture}, revision {header.revision}, cell '{text(binary.cell.name)}'"
    yield from problems.get("header", [])
    for record, fact in _facts(binary):
        yield f"{record:<20}{fact}"
        yield from problems.get(record, [])


def _plain(value):
    """A field of the format as JSON: numbers, texts, lists, mappings."""
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, (ctypes.Structure, ctypes.Union)):
        return {name: _plain(getattr(value, name)) for name, *_ in value._fields_}
    return [_plain(item) for item in value] if isinstance(value, (ctypes.Array, list)) else value


def as_json(binary, file):
    """Everything that show prints, with the fields as include/bulkhead/cell_config.h names them."""
    header = _plain(binary.system or binary.cell)
    if binary.system:
        header["arch"] = header["arch"]["x86" if binary.system.architecture == abi.CFG_ARCH_X86 else "arm"]
    arrays = {name: _plain(binary.arrays[name]) for name, *_ in abi.ARRAYS[1:]}
    for index, purpose in purposes(binary).items():
        arrays["memory_regions"][index]["purpose"] = purpose
    return {"file": str(file), "kind": _kind(binary), "header": header,
            "cpus": bits(binary.arrays["cpu_set"][:abi.CFG_MAX_CPU_SET], 8), **arrays,
            "trailing_bytes": len(binary.trailing),
            "problems": [{"severity": item.severity, "rule": item.rule, "record": item.record, "message": item.text}
                         for item in findings.find(binary)]}
