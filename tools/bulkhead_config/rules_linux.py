# SPDX-License-Identifier: BSD-2-Clause
"""Rules for a Linux that is the root cell in direct boot, and the places of its kernel, initrd and device tree."""
import struct

from . import devicetree
from .registry import FILES, PLACEMENT, REFERENCES, rule
from .rules_direct import PLACE
from .units import MIB, PAGE, format_size, round_up

HEADER_SIZE = 64
TREE_ROOM = 2 * MIB		# the most that Linux takes
DERIVED = ("images", "entry", "argument")


@rule("linux-cell", REFERENCES, combines=True)
def linux_cell(system):
    """'linux' is for the root cell; the images, the entry and the argument of its cell follow from it."""
    for cell in (cell for cell in system.cells if cell.linux):
        if not cell.root:
            yield cell.key("linux"), f"{cell} is not the root cell; give it 'images' instead of 'linux'"
        for key in DERIVED:
            if cell.has(key):
                yield cell.key(key), f"'{key}' of {cell} follows from 'linux'; remove it"


def _linux(system):
    return system.root.linux if system.root else None


@rule("linux-clock", REFERENCES)
def linux_clock(system):
    """The board says which clock drives the devices of a root Linux that have one."""
    for device in devicetree.root_devices(system) if _linux(system) else []:
        if devicetree.needs_clock(device) and device.clock is None:
            yield device.key(), f"{device} has no 'clock', which the device tree of Linux needs; add its frequency in Hz"


def _kernel_header(image):
    """(text offset, image size), or None."""
    header = image.content[:HEADER_SIZE]
    if len(header) < HEADER_SIZE or header[56:60] != b"ARM\x64":
        return None
    return struct.unpack_from("<QQ", header, 8)


@rule("linux-kernel", FILES)
def linux_kernel(system):
    """The kernel of a root Linux is an uncompressed image for arm64 that says how much memory it needs."""
    linux = _linux(system)
    if linux and linux.kernel.content:
        header = _kernel_header(linux.kernel)
        if not header or header[1] < len(linux.kernel.content):
            yield linux.kernel.value(), (f"{linux.kernel} is no arm64 kernel image; use the file 'Image' of the kernel, "
                                         "uncompressed")


@rule("linux-memory", PLACEMENT)
def linux_memory(system):
    """Kernel, initrd and device tree of a root Linux fit, in this order, into one piece of the memory that is left to it."""
    linux = _linux(system)
    if not linux:
        return
    offset, size = _kernel_header(linux.kernel)
    memory = max(devicetree.root_memory(system), key=lambda part: part.size)
    linux.kernel.at = round_up(memory.start, PLACE) + offset
    linux.tree.at = round_up(linux.kernel.at + size, PAGE)
    if linux.initrd:
        linux.initrd.at = linux.tree.at
        linux.tree.at = round_up(linux.initrd.at + len(linux.initrd.content), PAGE)
    end = linux.tree.at + TREE_ROOM
    if end > memory.end:
        yield linux.key(), (f"{system.root} needs {format_size(end - memory.start)} for kernel, initrd and device tree, the "
                            f"largest part of memory that is left to it, {memory}, has {format_size(memory.size)}; "
                            "give less to others")
        return
    system.root.entry, system.root.argument = linux.kernel.at, linux.tree.at
    linux.tree.content = devicetree.blob(system)
