# SPDX-License-Identifier: BSD-2-Clause
"""Takes a binary configuration apart, so that a test can damage one thing of a good file."""
import copy
import ctypes
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
from bulkhead_config import abi  # noqa: E402


class CellFile:
    """header is the structure in front (system or cell), cell the cell header in it; arrays by their names."""

    def __init__(self, data):
        kind = abi.System if data.startswith(abi.CFG_SIGNATURE_SYSTEM) else abi.Cell
        self.header = kind.from_buffer_copy(data)
        offset = ctypes.sizeof(kind)
        for name, element, count in abi.ARRAYS:
            number = getattr(self.cell, count)
            setattr(self, name, list((element * number).from_buffer_copy(data, offset)))
            offset += ctypes.sizeof(element) * number
        self.size = offset

    @classmethod
    def read(cls, path):
        with open(path, "rb") as file:
            return cls(file.read())

    @property
    def cell(self):
        return self.header.root_cell if isinstance(self.header, abi.System) else self.header

    def changed(self, change):
        """A copy, with the function change applied to it."""
        new = copy.copy(self)
        new.header = type(self.header).from_buffer_copy(bytes(self.header))
        for name, element, _ in abi.ARRAYS:
            values = getattr(self, name)
            setattr(new, name, list(values) if element in (abi.u8, abi.u32)
                    else [element.from_buffer_copy(bytes(value)) for value in values])
        change(new)
        return new

    def bytes(self, fix_counts=True):
        parts = []
        for name, element, count in abi.ARRAYS:
            values = getattr(self, name)
            if fix_counts:
                setattr(self.cell, count, len(values))
            parts.append(bytes((element * len(values))(*values)))
        return bytes(self.header) + b"".join(parts)

    def set_cpus(self, cpus):
        mask = sum(1 << cpu for cpu in cpus)
        self.cpu_set = list(mask.to_bytes(max(8, len(self.cpu_set)), "little"))

    def cpus(self):
        mask = int.from_bytes(bytes(self.cpu_set), "little")
        return [cpu for cpu in range(8 * len(self.cpu_set)) if mask >> cpu & 1]

    def cut_memory(self, start, size):
        """Takes a physical range out of all memory regions."""
        end = start + size
        regions = []
        for region in self.memory_regions:
            region_end = region.phys_start + region.size
            if region.flags & abi.CFG_MEM_COMM_REGION or region_end <= start or region.phys_start >= end:
                regions.append(region)
                continue
            for low, high in ((region.phys_start, start), (end, region_end)):
                if low < high:
                    regions.append(abi.Memory(low, low - region.phys_start + region.virt_start, high - low,
                                              region.flags))
        self.memory_regions = regions
