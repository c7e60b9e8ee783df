# SPDX-License-Identifier: BSD-2-Clause
"""Rules for the low-level form. Only what would not become a configuration, or never be accepted, is refused."""
from . import abi, emit, findings, records
from .binary import parse
from .findings import ERROR, OUTPUT
from .registry import COMPLETE, LAYOUT, REFERENCES, rule
from .source import HYPERVISOR, Owner
from .units import Range

ROOT_ONLY = "cpus"


def _all(system):
    return [cell for cell in system.cells if cell.records]


@rule("records-direct", REFERENCES)
def records_direct(system):
    """Records are for a system that a Linux starts: in direct boot, the device tree of the root cell could not agree."""
    owners = [system] + system.cells if system.direct else []
    for owner in owners:
        if owner.records:
            yield owner.key("records"), f"{owner} has records, which direct boot cannot use; remove them, or 'boot: direct'"


@rule("records-form", REFERENCES)
def records_form(system):
    """Ranges in records run upwards; pins of an irqchip are among its 128; only the root cell lists its CPUs there."""
    for cell in _all(system):
        if ROOT_ONLY in cell.records and not cell.root:
            yield cell.key("records", ROOT_ONLY), (f"'{ROOT_ONLY}' in the records of {cell} is for the root cell; use its key "
                                                   "'cpus'")
        texts = [("cpus", cell.records.get("cpus"), 0, system.board.cpus)]
        for index, chip in enumerate(cell.records.get("irqchips", [])):
            base = chip.get("pin_base", 0)
            texts.append((("irqchips", index, "pins"), chip.get("pins"), base, base + records.PINS))
        for key, text, start, end in texts:
            for part in records.numbers(text) if text else []:
                path = key if isinstance(key, tuple) else (key,)
                if not part or part.start < start or part.stop > end:
                    yield cell.value("records", *path), (f"'{path[-1]}' in the records of {cell} has {part.start} to "
                                                         f"{part.stop - 1}; use ranges upwards, from {start} to {end - 1}")


@rule("records-name", REFERENCES)
def records_name(system):
    """Cells have different names, also those that records give them: commands and the hypervisor tell cells apart by them."""
    owners = {}
    for cell in system.cells:
        name = cell.records.get("header", {}).get("name", cell.name)
        first = owners.setdefault(name, cell)
        if first is not cell:
            where = max((cell, first), key=lambda item: "name" in item.records.get("header", {}))
            yield where.value("records", "header", "name"), (f"{first} and {cell} are both called '{name}' in their "
                                                             "configurations; change 'name' in the records"), first, cell


@rule("records-index", REFERENCES)
def records_index(system):
    """PCI devices in records refer to memory regions and capabilities that are in the records, too."""
    for cell in _all(system):
        regions, caps = len(cell.records.get("memory_regions", [])), len(cell.records.get("pci_caps", []))
        for index, device in enumerate(records.array(cell.records, "pci_devices")):
            place = cell.value("records", "pci_devices", index)
            end = device.shmem_regions_start + OUTPUT + device.shmem_peers
            if device.type == abi.CFG_PCI_IVSHMEM and end > regions:
                yield place, (f"PCI device {index} in the records of {cell} needs memory regions up to {end - 1}, there "
                              f"are {regions}; correct shmem_regions_start, or add regions")
            if device.num_caps and device.caps_start + device.num_caps > caps:
                yield place, (f"PCI device {index} in the records of {cell} needs capabilities up to "
                              f"{device.caps_start + device.num_caps - 1}, there are {caps}; correct caps_start, or add "
                              "capabilities")


def _regions(system):
    """(cell, index, record, host range) of memory in the records of all cells but the root cell."""
    for cell in [cell for cell in _all(system) if not cell.root]:
        for index, region in enumerate(records.array(cell.records, "memory_regions")):
            if region.size and not region.flags & abi.CFG_MEM_COMM_REGION:
                yield cell, index, region, Range.at(region.phys_start, region.size)


@rule("records-hypervisor", LAYOUT)
def records_hypervisor(system):
    """No memory region in the records of a cell is memory of the hypervisor."""
    for cell, index, _, area in _regions(system):
        if system.hypervisor_range and area.overlaps(system.hypervisor_range):
            yield cell.value("records", "memory_regions", index), (
                f"memory region {index} in the records of {cell} {area} overlaps hypervisor memory "
                f"{system.hypervisor_range}; move one of them"), cell, HYPERVISOR


@rule("records-window", LAYOUT)
def records_window(system):
    """No memory region in the records of a cell gives it the interrupt controller, an ITS or an IOMMU: each of these reaches
    the memory of all cells."""
    units = system.board.gic() + [(unit, unit.range) for unit in system.board.units]
    units += [(Owner("IOMMU", f"IOMMU {number} of the records"), Range.at(unit.get("base", 0), unit.get("size", 0)))
              for number, unit in enumerate(system.records.get("iommu_units", []))]
    for cell, index, region, area in _regions(system):
        for name, unit in units if findings.gives_access(region) else []:
            if area.overlaps(unit):
                yield cell.value("records", "memory_regions", index), (
                    f"memory region {index} in the records of {cell} {area} overlaps {name} {unit}; take it out"), cell, name


@rule("records-refused", COMPLETE)
def records_refused(system):
    """Records make no configuration that driver or hypervisor would refuse whatever else there is; 'show' lists why."""
    for cell in system.cells:
        if not cell.records and not (cell.root and system.records):
            continue
        binary = parse(emit.system_config(system) if cell.root else emit.cell_config(system, cell))
        first = len(binary.arrays["memory_regions"]) - len(cell.records.get("memory_regions", []))
        for item in findings.find(binary):
            kind, _, number = item.record.rpartition(" ")
            index = int(number) - (0 if cell.root else first) if kind == "memory" else -1
            what = f"memory region {index} in the records" if index >= 0 else item.record
            place = cell.value("records", "memory_regions", index) if index >= 0 else cell.key("records")
            if item.severity == ERROR:
                yield place, f"the hypervisor would refuse {what} of {cell}: {item.rule}: {item.text}"
