# SPDX-License-Identifier: BSD-2-Clause
"""Where kernel, initrd and device tree of a Linux cell go that is loaded later, and device trees that are given for
it."""
import struct
from dataclasses import dataclass

from . import abi, arm64_kernel, devicetree, guest_of_binary, machine_tree
from .arm64_kernel import ALIGNMENT, LOADER_SIZE
from .units import PAGE, Range, about, format_size, round_up

OLDEST_TREE = 17		# version, at byte 20 of the header
SLACK = 0x1000			# for nodes and properties that are new


class PlacementError(Exception):
    """The text says what does not fit where, and what to change."""


@dataclass(frozen=True)
class Places:
    tree: Range
    kernel: Range		# the file; in memory it may be longer
    initrd: Range		# None: there is none


def _in(region, entry, sizes, factor):
    """Places in a region, which may be too small for them; and the first address behind."""
    kernel, header, initrd, tree = sizes
    loader = Range.at(entry, LOADER_SIZE)
    start = region.start + (LOADER_SIZE if region.start == 0 else 0)

    def from_here(start):
        tree_at = Range.at(start, tree)
        kernel_at = Range.at(round_up(tree_at.end, ALIGNMENT) + header.text_offset, kernel)
        end = kernel_at.start + header.size
        if initrd is None:
            return Places(tree_at, kernel_at, None), end
        room = round_up(kernel_at.end, PAGE) + factor * kernel
        initrd_at = Range.at(round_up(max(room, end), PAGE), initrd)
        return Places(tree_at, kernel_at, initrd_at), initrd_at.end

    places, end = from_here(start)
    if Range(start, end).overlaps(loader):
        places, end = from_here(round_up(loader.end, PAGE))
    return places, end


def place(binary, kernel, initrd, tree_size, factor):
    """In the first region of RAM that can be loaded and has room. kernel: bytes of an image; initrd: bytes or None;
    tree_size: bytes; factor: room between kernel and initrd, in sizes of the kernel."""
    sizes = len(kernel), arm64_kernel.header(kernel), None if initrd is None else len(initrd), tree_size
    regions = [region for region in binary.arrays["memory_regions"]
               if guest_of_binary.is_ram(region) and region.flags & abi.CFG_MEM_LOADABLE]
    entry = binary.cell.cpu_reset_address
    if not any(guest_of_binary.guest_range(region).contains(Range.at(entry, LOADER_SIZE)) for region in regions):
        raise PlacementError(f"the loader needs {format_size(LOADER_SIZE)} of loadable RAM at the reset address {entry:#x}; "
                             "correct 'cpu_reset_address', or make that memory loadable")
    areas = [guest_of_binary.guest_range(region) for region in regions]
    for area in areas:
        places, end = _in(area, entry, sizes, factor)
        if end <= area.end:
            return places
    needs = [round_up(_in(area, entry, sizes, factor)[1] - area.start, PAGE) for area in areas]
    listed = "; ".join(f"{area}, {format_size(area.size)}, would have to have {format_size(need)}"
                       for area, need in zip(areas, needs))
    files = f"kernel ({about(len(kernel))}, in memory {about(sizes[1].size)})"
    files += f", initrd ({about(len(initrd))})" if initrd is not None else ""
    smaller = ", or say --kernel-decomp-factor 0" if initrd is not None and factor else ""
    raise PlacementError(f"no RAM of the cell has room for {files} and device tree: {listed}; make a region larger{smaller}")


def _number(value, cells, what):
    if value >> 32 * cells:
        raise machine_tree.TreeError(f"has addresses of {cells} cells, which {what} {value:#x} does not fit into; use "
                                     "#address-cells = <2>")
    return value.to_bytes(4 * cells, "big")


def check_tree(content):
    """A tree that was given: TreeError if it cannot be patched."""
    tree = machine_tree.Tree(content)
    version, = struct.unpack_from(">I", content, 20)
    if version < OLDEST_TREE:
        raise machine_tree.TreeError(f"has version {version}, at least {OLDEST_TREE} is needed; compile it with a newer dtc")
    return tree


def patch(content, memory, command_line, initrd):
    """The tree with RAM, command line (None: as it is) and initrd (None: there is none). memory: ranges."""
    libfdt = machine_tree.libfdt
    cells = [check_tree(content).root.cell(name, default) for name, default in (("#address-cells", 2), ("#size-cells", 1))]
    fdt = libfdt.Fdt(bytearray(content))
    fdt.resize(len(content) + SLACK + 16 * len(memory) + len(command_line or ""))

    def node(name):
        offset = fdt.path_offset(f"/{name}", (libfdt.NOTFOUND,))
        return offset if offset >= 0 else fdt.add_subnode(0, name)

    reg = b"".join(_number(area.start, cells[0], "memory at") + _number(area.size, cells[1], "memory of") for area in memory)
    fdt.setprop_str(node("memory"), "device_type", "memory")
    fdt.setprop(node("memory"), "reg", reg)
    if command_line is not None:
        fdt.setprop_str(node("chosen"), "bootargs", command_line)
    for name, value in (("start", initrd and initrd.start), ("end", initrd and initrd.end)):
        if initrd:
            fdt.setprop(node("chosen"), f"linux,initrd-{name}", _number(value, cells[0], "the initrd at"))
        else:
            fdt.delprop(node("chosen"), f"linux,initrd-{name}", (libfdt.NOTFOUND,))
    fdt.pack()
    return bytes(fdt.as_bytearray())


def complete(make_tree, binary, kernel, initrd, factor):
    """(places, content of the tree). make_tree: from the range of the initrd; its size does not depend on the
    numbers."""
    draft = make_tree(None if initrd is None else Range(0, 0))
    places = place(binary, kernel, initrd, len(draft), factor)
    tree = make_tree(places.initrd)
    assert len(tree) == len(draft), "a device tree whose size depends on addresses"
    return places, tree


def generated(guest):
    """A make_tree for complete(). guest: devicetree.Guest"""
    def make(initrd):
        guest.initrd = initrd
        return devicetree.blob(guest)
    return make
