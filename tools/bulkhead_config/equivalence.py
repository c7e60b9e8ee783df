# SPDX-License-Identifier: BSD-2-Clause
"""When two binary configurations mean the same. docs/configuration.md, "Equivalent configurations", says it in words."""
from . import abi
from .findings import OUTPUT, PINS, PIN_END, is_stray, is_watchdog, pins
from .units import FIRST_SPI

ACTIVE, PERMITTED = abi.CFG_CELL_CONSOLE_ACTIVE, abi.CFG_CELL_CONSOLE_PERMITTED


def _region(region):
    start = 0 if region.flags & abi.CFG_MEM_COMM_REGION else region.phys_start
    return start, region.virt_start, region.size, region.flags


def overlapping(regions):
    """Groups of regions that overlap in guest addresses, directly or through others: lists of (index, region), in the order
    of the file. A region that overlaps none is a group of its own; those without size are in none."""
    groups, end = [], 0
    for index, region in sorted(((n, r) for n, r in enumerate(regions) if r.size), key=lambda item: item[1].virt_start):
        if not groups or region.virt_start >= end:
            groups.append([])
            end = 0
        groups[-1].append((index, region))
        end = max(end, region.virt_start + region.size)
    return [sorted(group, key=lambda item: item[0]) for group in groups]


def reach(device):
    """Number of memory regions that an ivshmem device refers to: also its own output if shmem_peers leaves that out."""
    return OUTPUT + max(device.shmem_peers, device.shmem_dev_id + 1)


def _device(device, arrays):
    first, caps = device.shmem_regions_start, device.caps_start
    parts = []
    if device.type == abi.CFG_PCI_IVSHMEM:
        regions = arrays["memory_regions"][first:first + reach(device)]
        parts = [_region(region) if region.size else None for region in regions]
        parts = parts[:OUTPUT + device.shmem_peers] + [part for part in parts[OUTPUT + device.shmem_peers:] if part]
    found = [bytes(cap) for cap in arrays["pci_caps"][caps:caps + device.num_caps]]
    copy = abi.PciDevice.from_buffer_copy(bytes(device))
    copy.shmem_regions_start = copy.caps_start = 0
    return bytes(copy), str(parts), str(found)


def own_chip(chip, distributor):
    """Are the pins of an irqchip SPIs of the machine? Others are ignored by the hypervisor, but kept."""
    return (chip.address == distributor and not chip.id and chip.pin_base % 32 == 0 and chip.pin_base <= PIN_END - PINS
            and all(FIRST_SPI <= pin < PIN_END - 4 for pin in pins(chip)))


def _system(system):
    arm, memory = system.arch.arm, system.hypervisor_memory
    units = []
    for unit in system.iommu_units:
        if not unit.type:
            break
        units.append(bytes(unit))
    return {"flags": system.flags, "hypervisor memory": (memory.phys_start, memory.size),
            "debug console": bytes(system.debug_console),
            "PCI": (system.pci_mmconfig_base, system.pci_mmconfig_end_bus, system.pci_is_virtual, system.pci_domain),
            "IOMMUs": units, "GIC": [getattr(arm, name) for name, *_ in arm._fields_ if name != "padding"]}


def meaning(binary, distributor):
    """What a configuration means, by record: equal for those that are equivalent. distributor: address of that of the
    machine."""
    cell, arrays = binary.cell, binary.arrays
    flags = cell.flags
    flags &= ~abi.CFG_STRAY_FAIL		# the default
    if flags & ACTIVE and not binary.system:
        flags |= PERMITTED
    spis = sorted({pin for chip in arrays["irqchips"] if own_chip(chip, distributor) for pin in pins(chip)})
    return {
        **(_system(binary.system) if binary.system else {}),
        "name": cell.name, "cell flags": flags, "entry": cell.cpu_reset_address, "message timeout": cell.msg_reply_timeout,
        "virtual PCI INTA-D": cell.vpci_irq_base, "console": bytes(cell.console),
        "CPUs": int.from_bytes(bytes(arrays["cpu_set"]), "little"),
        "memory": sorted([_region(region) for _, region in group] for group in overlapping(arrays["memory_regions"])),
        "accesses to nothing": [_region(region) for region in arrays["memory_regions"] if is_stray(region)],
        "watchdog": [region.phys_start for region in arrays["memory_regions"] if is_watchdog(region)],
        "irqchips": (spis, sorted(bytes(chip) for chip in arrays["irqchips"] if not own_chip(chip, distributor))),
        "PCI devices": sorted(_device(device, arrays) for device in arrays["pci_devices"]),
        "PCI capabilities": [bytes(cap) for cap in arrays["pci_caps"]],
        "caches": [bytes(cache) for cache in arrays["cache_regions"]],
        "ports": [bytes(pio) for pio in arrays["pio_regions"]], "stream IDs": list(arrays["stream_ids"]),
    }


def differences(one, other, distributor):
    """Names of what differs in meaning; empty: equivalent."""
    one, other = meaning(one, distributor), meaning(other, distributor)
    return [record for record in one if one[record] != other.get(record)]
