# SPDX-License-Identifier: BSD-2-Clause
"""A device tree, read with libfdt: nodes, their areas in the address space of the machine, and their interrupts
(Devicetree Specification 0.4, chapters 2 and 3)."""
import re
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

try:
    import libfdt
except ImportError:		# all other commands do without it
    libfdt = None

from .units import ADDRESS_END, Range

MAX_SIZE = 16 << 20
MAX_NODES, MAX_DEPTH = 20000, 32
MAGIC, HEADER_SIZE = 0xd00dfeed, 40
SPI, PPI = 0, 1
PPI_BASE = 16			# INTID of PPI 0


class TreeError(Exception):
    pass


@dataclass
class Node:
    name: str
    parent: object		# Node, None: the root
    properties: dict = field(default_factory=dict)
    children: list = field(default_factory=list)

    @property
    def path(self):
        return f"{'' if self.parent is None or self.parent.parent is None else self.parent.path}/{self.name}"

    def __iter__(self):
        """The nodes below it, in the order of the tree."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def cells(self, name):
        """A property as numbers of 32 bits, none if it is not there."""
        content = self.properties.get(name, b"")
        if len(content) % 4:
            raise TreeError(f"'{name}' of {self.path} has {len(content)} bytes, which are no cells; correct the tree")
        return list(struct.unpack(f">{len(content) // 4}I", content))

    def cell(self, name, default):
        return (self.cells(name) or [default])[0]

    def texts(self, name):
        return [part.decode("ascii", "replace") for part in self.properties.get(name, b"").split(b"\0") if part]

    def is_a(self, *kinds):
        return any(kind in kinds for kind in self.texts("compatible"))

    def has(self, name):
        return name in self.properties

    @property
    def is_enabled(self):
        node = self
        while node:
            if node.texts("status") not in ([], ["okay"], ["ok"]):
                return False
            node = node.parent
        return True

    def child(self, name):
        return next((node for node in self.children if node.name == name), None)


def number(cells):
    value = 0
    for cell in cells:
        value = value << 32 | cell
    return value


def _entries(node, name, widths):
    """A property that repeats numbers of so many cells."""
    cells, total = node.cells(name), sum(widths)
    if not total or len(cells) % total:
        raise TreeError(f"'{name}' of {node.path} has {len(cells)} cells, which is no multiple of {total}; correct the tree")
    for start in range(0, len(cells), total):
        values, at = [], start
        for width in widths:
            values.append(number(cells[at:at + width]))
            at += width
        yield values


def _widths(node):
    """Address and size cells of what is in a node."""
    return node.cell("#address-cells", 2), node.cell("#size-cells", 1)


def _to_machine(bus, area):
    """What an area in the addresses of a bus is for the machine; None: it cannot be reached."""
    while bus.parent:
        if not bus.has("ranges"):
            return None
        if bus.properties["ranges"]:
            child, size = _widths(bus)
            for inside, outside, length in _entries(bus, "ranges", (child, _widths(bus.parent)[0], size)):
                if Range.at(inside, length).contains(area):
                    area = Range.at(area.start - inside + outside, area.size)
                    break
            else:
                return None
        bus = bus.parent
    return area if area.end <= ADDRESS_END else None


def areas(node):
    """Where its registers, or its memory, are."""
    if not node.has("reg") or not node.parent or _widths(node.parent)[1] == 0:
        return []
    found = [_to_machine(node.parent, Range.at(at, size)) for at, size in _entries(node, "reg", _widths(node.parent))]
    return [area for area in found if area and area.size]


def windows(node):
    """Areas of a bus that is there as a whole: (kind of PCI space or None, area)"""
    if not node.properties.get("ranges"):
        return []
    child, size = _widths(node)
    found = []
    for inside, outside, length in _entries(node, "ranges", (child, _widths(node.parent)[0], size)):
        area = _to_machine(node.parent, Range.at(outside, length))
        if area and area.size:
            found.append((inside >> 32 * (child - 1) >> 24 & 3 if child == 3 else None, area))
    return found


class Tree:
    def __init__(self, content):
        if not libfdt:
            raise TreeError("cannot be read without libfdt for Python; install python3-libfdt")
        if len(content) < HEADER_SIZE or struct.unpack_from(">I", content)[0] != MAGIC:
            raise TreeError("is no device tree; use a file such as /sys/firmware/fdt, or what dtc makes")
        total, = struct.unpack_from(">I", content, 4)
        if not HEADER_SIZE <= total <= len(content) <= MAX_SIZE:
            raise TreeError(f"has {len(content)} bytes, its header says {total}; copy it again")
        try:
            self.fdt = libfdt.FdtRo(content)
            # everything, because reading relies on it
            libfdt.check_err(libfdt.fdt_check_full(self.fdt.as_bytearray(), len(content)))
            self.reserved = self._reserved(content)
            self.root = self._read()
        except (libfdt.FdtException, UnicodeDecodeError, SystemError) as error:	# the last: a name that is not UTF-8
            raise TreeError(f"is damaged ({error}); copy or compile it again") from None
        self.phandles = {node.cell("phandle", 0): node for node in self.root}

    def _reserved(self, content):
        """The memory reservation block (5.3). libfdt for Python gives only one of the two numbers."""
        at, found = self.fdt.off_mem_rsvmap(), []
        for _ in range(self.fdt.num_mem_rsv()):
            start, size = struct.unpack_from(">2Q", content, at)
            found.append(Range.at(start, size))
            at += 16
        return found

    def _properties(self, offset):
        found = {}
        place = self.fdt.first_property_offset(offset, (libfdt.NOTFOUND,))
        while place >= 0:
            item = self.fdt.get_property_by_offset(place)
            found[item.name] = bytes(item)
            place = self.fdt.next_property_offset(place, (libfdt.NOTFOUND,))
        return found

    def _read(self):
        root = Node("", None, self._properties(0))
        above, count = [root], 0
        offset, depth = self.fdt.next_node(0, 0, (libfdt.BADOFFSET, libfdt.NOTFOUND))
        while offset >= 0 and depth > 0:
            count += 1
            if depth > min(len(above), MAX_DEPTH) or count > MAX_NODES:
                raise TreeError(f"has more than {MAX_NODES} nodes or {MAX_DEPTH} levels; is it the right file?")
            node = Node(self.fdt.get_name(offset), above[depth - 1], self._properties(offset))
            above[depth - 1].children.append(node)
            above[depth:] = [node]
            offset, depth = self.fdt.next_node(offset, depth, (libfdt.BADOFFSET, libfdt.NOTFOUND))
        return root

    def at(self, path):
        node = self.root
        for part in path.strip("/").split("/"):
            node = node and node.child(part)
        return node

    def _parent_of_interrupts(self, node):
        """The nearest node above it, or named by one above it, that has interrupts (2.4.1)."""
        for _ in range(MAX_DEPTH):
            node = self.phandles.get(node.cell("interrupt-parent", 0)) if node.has("interrupt-parent") else node.parent
            if node is None or node.has("#interrupt-cells"):
                return node
        return None

    def _at(self, node, parent, cells, controller):
        """Specifiers of a node for its parent, as (kind, number) at the controller."""
        step = parent.cell("#interrupt-cells", 0)
        if step == 0 or len(cells) % step:
            raise TreeError(f"the interrupts of {node.path} have {len(cells)} cells, which is no multiple of {step}; correct "
                            "the tree")
        parts = [cells[start:start + step] for start in range(0, len(cells), step)]
        if parent is not controller:
            parts = [target for part in parts for target in self._mapped(node, parent, part, controller)]
        return [(part[0], part[1]) for part in parts if len(part) > 1]

    def interrupts(self, node, controller):
        """(kind, number) of its interrupts at the controller."""
        if node.has("interrupts-extended"):
            rest, found = node.cells("interrupts-extended"), []
            while rest:
                target = self.phandles.get(rest[0])
                length = target.cell("#interrupt-cells", 0) if target else len(rest)
                if target is controller:
                    found += self._at(node, target, rest[1:1 + length], controller)
                rest = rest[1 + length:]
            return found
        parent = self._parent_of_interrupts(node) if node.has("interrupts") else None
        if parent is controller or parent and parent.has("interrupt-map"):
            return self._at(node, parent, node.cells("interrupts"), controller)
        return []

    def _map(self, nexus):
        """(address and specifier, target, its specifier) of an interrupt map (2.4.3)."""
        rest = nexus.cells("interrupt-map")
        front = nexus.cell("#address-cells", 0) + nexus.cell("#interrupt-cells", 1)
        while len(rest) > front:
            target = self.phandles.get(rest[front])
            if not target:
                return
            start = front + 1 + target.cell("#address-cells", 0)
            end = start + target.cell("#interrupt-cells", 0)
            yield rest[:front], target, rest[start:end]
            rest = rest[end:]

    def _mapped(self, node, nexus, specifier, controller):
        width = nexus.cell("#address-cells", 0)
        wanted = (node.cells("reg") + [0] * width)[:width] + specifier
        mask = nexus.cells("interrupt-map-mask") or [0xffffffff] * len(wanted)
        for pattern, target, result in self._map(nexus):
            if target is controller and all((a ^ b) & m == 0 for a, b, m in zip(wanted, pattern, mask)):
                return [result]
        return []

    def mapped_spis(self, node, controller):
        """SPIs in the interrupt map of a PCI host."""
        return sorted({part[1] for _, target, part in self._map(node)
                       if target is controller and len(part) > 1 and part[0] == SPI})


def _unit(node):
    """Order of nodes by their address."""
    match = re.fullmatch(r"[^@]*@([0-9a-fA-F]{1,16})(,.*)?", node.name)
    return (0, int(match[1], 16)) if match else (1, 0)


def _sorted(tree):
    """Directories have no order, and CPUs are numbered in that of the tree."""
    for node in [tree.root, *tree.root]:
        node.children.sort(key=lambda child: (_unit(child), child.name))
    return tree


def load(place):
    """A file, or a directory as Linux shows the tree in /proc/device-tree."""
    place = Path(place)
    if not place.is_dir():
        with open(place, "rb") as stream:
            return Tree(stream.read(MAX_SIZE + 1))
    try:
        result = subprocess.run(["dtc", "-q", "-I", "fs", "-O", "dtb", str(place)], capture_output=True, check=True)
    except FileNotFoundError:
        raise TreeError("is a directory, and there is no dtc to read it; install device-tree-compiler") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode("ascii", "replace").strip().splitlines()[-1:]
        raise TreeError(f"cannot be read by dtc ({' '.join(reason)}); use a file") from None
    return _sorted(Tree(result.stdout))
