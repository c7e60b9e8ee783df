# SPDX-License-Identifier: BSD-2-Clause
"""Rules for cells that run Linux, and in direct boot the places of kernel, initrd and device tree. A Linux that is
loaded later gets its places from `jailhouse cell linux`."""
from . import arm64_kernel, devicetree, guest_of_system
from .guest_of_system import is_ram, linux_cells
from .registry import COMPLETE, FILES, PLACEMENT, REFERENCES, rule
from .rules_direct import PLACE
from .units import MIB, PAGE, Range, format_size, round_up

TREE_ROOM = 2 * MIB		# the most that Linux takes
DERIVED = ("images", "entry", "argument")


@rule("linux-cell", REFERENCES, combines=True)
def linux_cell(system):
    """The images, the entry and the argument of a cell with 'linux' and a kernel follow from it. A root cell has it in
    direct boot only."""
    for cell in linux_cells(system):
        for key in DERIVED if system.direct and cell.linux.kernel else ():
            if cell.has(key):
                yield cell.key(key), f"'{key}' of {cell} follows from 'linux'; remove it"
        if cell.root and not system.direct:
            yield cell.key("linux"), f"{cell} runs already when the hypervisor is started; remove 'linux'"


@rule("linux-files", REFERENCES, combines=True)
def linux_files(system):
    """A Linux cell that is started by direct boot has a kernel. For one that a Linux in the root cell makes, kernel and
    initrd are given to 'jailhouse cell linux'."""
    for cell in linux_cells(system):
        linux, needs = cell.linux, system.direct and (cell.root or not (system.root and system.root.linux))
        if needs and not linux.kernel:
            yield linux.key(), f"'linux' of {cell} has no 'kernel', which direct boot needs; add the name of its file"
        for key in ("kernel", "initrd"):
            if linux.has(key) and not needs and not (system.direct and linux.kernel):
                yield linux.key(key), (f"'{key}' of {cell} is for a kernel that direct boot starts; remove it, and "
                                       "give the file to 'jailhouse cell linux'")


@rule("linux-clock", REFERENCES)
def linux_clock(system):
    """The board says which clock drives the devices of a Linux cell that have one."""
    devices = {device.name: device for cell in linux_cells(system) for device in guest_of_system.own_devices(system, cell)}
    for device in devices.values():
        if devicetree.needs_clock(device.type) and device.clock is None:
            yield device.key(), f"{device} has no 'clock', which the device tree of Linux needs; add its frequency in Hz"


@rule("linux-ram", REFERENCES, combines=True)
def linux_ram(system):
    """A Linux cell has memory that it can read, write and execute, that has 'dma', is loadable and not shared with the
    root cell; all of that is the default."""
    for cell in linux_cells(system):
        if not cell.root and cell.regions and not any(map(is_ram, cell.regions)):
            yield cell.key("memory"), (f"none of the memory of {cell} is for Linux; let a region have access 'rwx', "
                                       "'dma' and 'loadable', and not be shared with the root cell")


@rule("linux-entry", COMPLETE)
def linux_entry(system):
    """Where a Linux cell starts that 'jailhouse cell linux' loads, there are 8 KiB of loadable memory for its
    loader."""
    for cell in guest_of_system.loaded_later(system):
        area = Range.at(cell.entry, arm64_kernel.LOADER_SIZE)
        loadable = [region.guest_range for region in cell.regions if region.loadable and "w" in region.access]
        if not any(part.contains(area) for part in loadable):
            yield cell.key("entry") if cell.has("entry") else cell.key(), (
                f"the loader of {cell} needs loadable memory {area} at its entry; set 'entry' to an address in it, or "
                "add a region")


@rule("linux-kernel", FILES)
def linux_kernel(system):
    """The kernel of a Linux cell is an uncompressed image for arm64 that says how much memory it needs."""
    for cell in linux_cells(system):
        kernel = cell.linux.kernel
        if kernel and kernel.content and not arm64_kernel.header(kernel.content):
            yield kernel.value(), f"{kernel} is no arm64 kernel image; use the file 'Image' of the kernel, uncompressed"


@rule("linux-memory", PLACEMENT)
def linux_memory(system):
    """Kernel, initrd and device tree of a Linux cell fit, in this order, into one piece of its memory."""
    for cell in linux_cells(system):
        if not cell.linux.kernel:
            continue
        linux, header = cell.linux, arm64_kernel.header(cell.linux.kernel.content)
        memory = max(guest_of_system.memory(system, cell), key=lambda part: part.size)
        linux.kernel.at = round_up(memory.start, PLACE) + header.text_offset
        linux.tree.at = round_up(linux.kernel.at + header.size, PAGE)
        if linux.initrd:
            linux.initrd.at = linux.tree.at
            linux.tree.at = round_up(linux.initrd.at + len(linux.initrd.content), PAGE)
        end = linux.tree.at + TREE_ROOM
        if end > memory.end:
            what, how = ("memory that is left to it", "give less to others") if cell.root else ("its memory", "give it more")
            yield linux.key(), (f"{cell} needs {format_size(end - memory.start)} for kernel, initrd and device tree, "
                                f"the largest part of {what}, {memory}, has {format_size(memory.size)}; {how}")
            continue
        cell.entry, cell.argument = linux.kernel.at, linux.tree.at
        linux.tree.content = devicetree.blob(guest_of_system.guest(system, cell))
