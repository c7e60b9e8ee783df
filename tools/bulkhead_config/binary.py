# SPDX-License-Identifier: BSD-2-Clause
"""Reads binary configurations, which may be truncated or garbage."""
import ctypes
from dataclasses import dataclass

from . import abi


class BinaryError(Exception):
    """The file is not a configuration of this format; the text says why."""


@dataclass
class Binary:
    """A parsed file. system is None for cell configurations; arrays are named as in abi.ARRAYS."""
    system: abi.System
    cell: abi.Cell
    arrays: dict
    trailing: bytes

    @property
    def size(self):
        """Bytes that the counts need."""
        return ctypes.sizeof(self.system or self.cell) + sum(
            ctypes.sizeof(element) * len(self.arrays[name]) for name, element, _ in abi.ARRAYS)

    def pack(self):
        """The bytes again, with the counts in the header set to the arrays as they are now."""
        parts = []
        for name, element, count in abi.ARRAYS:
            setattr(self.cell, count, len(self.arrays[name]))
            parts += [bytes(element(item)) if isinstance(item, int) else bytes(item) for item in self.arrays[name]]
        return bytes(self.system or self.cell) + b"".join(parts) + self.trailing


def _header(content, kind, what):
    size = ctypes.sizeof(kind)
    if len(content) < size:
        raise BinaryError(f"has {len(content)} bytes, the header of a {what} configuration has {size}; "
                          "build the file again")
    return kind.from_buffer_copy(content)


def parse(content):
    signature = content[:abi.CFG_SIGNATURE_LEN]
    if signature == abi.CFG_SIGNATURE_SYSTEM:
        system = _header(content, abi.System, "system")
        header, cell = system, system.root_cell
    elif signature == abi.CFG_SIGNATURE_CELL:
        system = None
        header = cell = _header(content, abi.Cell, "cell")
    else:
        raise BinaryError("starts with neither JHSYS nor JHCLL: is it a configuration?")
    if header.revision != abi.CFG_REVISION:
        raise BinaryError(f"has revision {header.revision}, only {abi.CFG_REVISION} is supported; build it again")
    needed = ctypes.sizeof(header) + sum(getattr(cell, count) * ctypes.sizeof(element)
                                         for _, element, count in abi.ARRAYS)
    if len(content) < needed:
        raise BinaryError(f"has {len(content)} bytes, its counts need {needed}; build the file again")
    arrays, offset = {}, ctypes.sizeof(header)
    for name, element, count in abi.ARRAYS:
        array = element * getattr(cell, count)
        arrays[name] = list(array.from_buffer_copy(content, offset))
        offset += ctypes.sizeof(array)
    return Binary(system, cell, arrays, content[offset:])
