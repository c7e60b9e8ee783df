# SPDX-License-Identifier: BSD-2-Clause
"""Bundles for direct boot: hypervisor memory as it is to be loaded, laid out as bulkhead/image.h and bundle.h say."""
import ctypes
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import abi, emit, pages, pe
from .binary import BinaryError, parse
from .units import MIB, PAGE, round_up

NAME_SIZE = 40
POOL_SPARE = 16			# pages beyond those that are certain; and the root of the page tables of each cell
TABLE_REACH = 2 * MIB			# of one last-level page table
TABLES_ABOVE = 3	# page tables of the hypervisor of levels 1 and 2

ON_FAILURE = {"stop": abi.BH_ON_FAILURE_STOP, "restart": abi.BH_ON_FAILURE_RESTART, "halt": abi.BH_ON_FAILURE_HALT}


@dataclass
class HypervisorImage:
    """jailhouse.bin"""
    name: str
    content: bytes
    header: abi.ImageHeader
    efi_program: bytes = b""	# efi_app.bin; without it, bundles are no EFI programs


def parse_image(name, content):
    if len(content) < ctypes.sizeof(abi.ImageHeader):
        raise BinaryError(f"has {len(content)} bytes, the header of a hypervisor image has "
                          f"{ctypes.sizeof(abi.ImageHeader)}; build it again")
    header = abi.ImageHeader.from_buffer_copy(content)
    if header.signature != abi.BH_IMAGE_SIGNATURE or header.kernel.magic != abi.BH_KERNEL_MAGIC:
        raise BinaryError("is no hypervisor image; use jailhouse.bin")
    if header.abi != abi.BH_IMAGE_ABI or header.architecture != abi.CFG_ARCH_ARM64:
        raise BinaryError(f"has interface {header.abi} and architecture {header.architecture}, supported are "
                          f"{abi.BH_IMAGE_ABI} and {abi.CFG_ARCH_ARM64}; build it from this tree")
    sizes = header.core_size, header.percpu_size
    if any(size == 0 or size % PAGE for size in sizes) or len(content) > header.core_size:
        raise BinaryError(f"has {len(content)} bytes and says that it needs {sizes[0]:#x}, and {sizes[1]:#x} for each "
                          "CPU; build it again")
    return HypervisorImage(Path(name).name, content, header)


def parse_hypervisor(name, content):
    """For bundles"""
    image = parse_image(name, content)
    if not image.header.kernel.code[1]:
        raise BinaryError("was built without CONFIG_DIRECT_BOOT; firmware cannot start it")
    return image


def parse_efi_program(content, image):
    """For bundles with this hypervisor image."""
    room = slice(abi.BH_IMAGE_PE_OFFSET, abi.BH_IMAGE_PE_OFFSET + abi.BH_IMAGE_PE_SIZE)
    if content[8:16] != abi.BH_EFI_SIGNATURE or len(content) % 16:
        raise BinaryError("is no EFI program for bundles; use efi_app.bin")
    if image.content[:2] != b"MZ" or any(image.content[room]):
        raise BinaryError(f"does not fit {image.name}, which has no room for the header of an EFI program; build both "
                          "from this tree")
    return content


@dataclass
class Part:
    kind: int
    name: str
    content: bytes
    offset: int = 0


def _key(image):
    return image.is_text, image.generated, image.name


class Layout:
    """Where everything of a checked system is in hypervisor memory. Parts: hypervisor, system, cells in the order of
    the file, images; a file or a text that several cells load is there once. Their order is that of their places, as
    bundle.h wants it."""

    def __init__(self, system):
        image = system.hypervisor_image
        self.hypervisor = Part(abi.BH_PART_HYPERVISOR, image.name, image.content)
        self.system = Part(abi.BH_PART_SYSTEM, emit.system_file(system), emit.system_config(system))
        self.cells, self.images = {}, {}
        others = [cell for cell in system.started if not cell.root]
        for cell in system.started:
            self.cells[cell.name] = self.system if cell.root else Part(
                abi.BH_PART_CELL, f"{cell.name}.cell", emit.cell_config(system, cell, others.index(cell) + 1))
        for item in (item for cell in system.started for item in cell.images):
            name = item.name if item.is_text else Path(item.name).name
            self.images.setdefault(_key(item), Part(abi.BH_PART_IMAGE, name, item.content))
        behind = [part for part in self.cells.values() if part is not self.system] + [*self.images.values()]
        self.parts = [self.hypervisor, self.system, *behind]

        self.percpu_size = system.board.cpus * image.header.percpu_size
        self.system.offset = image.header.core_size + self.percpu_size
        self.directory_offset = round_up(self.system.offset + len(self.system.content), abi.BH_BUNDLE_ALIGNMENT)
        self.directory_size = sum(map(ctypes.sizeof, (
            abi.Bundle, abi.BundlePart * len(self.parts), abi.BundleCell * len(system.started),
            abi.BundleImage * sum(len(cell.images) for cell in system.started), abi.u64 * system.board.cpus)))
        end = self.directory_offset + self.directory_size
        for part in behind:
            part.offset = round_up(end, abi.BH_BUNDLE_ALIGNMENT)
            end = part.offset + len(part.content)
        self.pool_offset = round_up(end, PAGE)


def needs(system):
    """What hypervisor memory has to hold, in bytes."""
    layout = Layout(system)
    cells = len(system.cells) + (system.root is None)
    areas = layout.percpu_size + system.board.cpus * 2 * PAGE	# of addresses: between two pages that have none
    tables = TABLES_ABOVE + sum(round_up(size, TABLE_REACH) // TABLE_REACH for size in (system.hypervisor_size, areas))
    return {
        "image": system.hypervisor_image.header.core_size,
        "per-CPU areas": layout.percpu_size,
        "configuration": layout.directory_offset - layout.system.offset,
        "bundle": layout.pool_offset - layout.directory_offset,
        "page tables": tables * PAGE,
        "pool": sum(pages.pool(system).values()) + (POOL_SPARE + cells) * PAGE,
        "crash log": pages.CRASH_LOG,
    }


def header_check(header):
    """What `check` of an image header has to be; include/bulkhead/image.h has the rule."""
    words = struct.unpack(f"<{ctypes.sizeof(header) // 8}Q", bytes(header))
    result = 0
    for word in words[:-1]:
        result = (result >> 7 | result << 57) & 0xffffffffffffffff ^ word
    return (result >> 7 | result << 57) & 0xffffffffffffffff


def _ranges(system, layout):
    """Memory that has to be there, for the EFI program: of the hypervisor, then of cells and links."""
    ranges = {(system.hypervisor_at, system.hypervisor_size): None}
    for part in layout.cells.values():
        for region in parse(part.content).arrays["memory_regions"]:
            if region.size and not region.flags & (abi.CFG_MEM_IO | abi.CFG_MEM_COMM_REGION):
                ranges[region.phys_start, region.size] = None
    return b"".join(struct.pack("<QQ", *item) for item in (*ranges, (0, 0)))


def _efi_program(system, layout):
    program = system.hypervisor_image.efi_program
    return program and pe.padded(program + _ranges(system, layout))


def _fill_in(system, layout):
    """The hypervisor image with its header complete."""
    header = abi.ImageHeader.from_buffer_copy(layout.hypervisor.content)
    header.kernel.text_offset = system.hypervisor_at - system.board.ram_start
    header.kernel.image_size = system.hypervisor_size
    header.boot = abi.ImageBoot(
        phys_base=system.hypervisor_at, memory_size=system.hypervisor_size, max_cpus=system.board.cpus,
        online_cpus=system.board.cpus, primary_cpu=0, launcher=abi.BH_LAUNCHER_FIRMWARE,
        config_offset=layout.system.offset, config_size=len(layout.system.content),
        bundle_offset=layout.directory_offset, pool_offset=layout.pool_offset)
    pe_header = b""
    if system.hypervisor_image.efi_program:
        header.kernel.pe_offset = abi.BH_IMAGE_PE_OFFSET
        pe_header = pe.header(layout.pool_offset, len(_efi_program(system, layout)))
    header.boot.check = header_check(header)
    first = bytes(header) + pe_header
    layout.hypervisor.content = first + layout.hypervisor.content[len(first):]


def _name(text):
    """For one line of a message."""
    return bytes(ord(char) if " " <= char <= "~" else ord("?") for char in text)[:NAME_SIZE - 1]


def _directory(system, layout):
    number = {id(part): index for index, part in enumerate(layout.parts)}
    parts = [abi.BundlePart(kind=part.kind, crc=zlib.crc32(part.content), offset=part.offset, size=len(part.content),
                            name=_name(part.name)) for part in layout.parts]
    cells, images = [], []
    for cell in system.started:
        cells.append(abi.BundleCell(
            config_part=number[id(layout.cells[cell.name])], first_image=len(images), num_images=len(cell.images),
            on_failure=ON_FAILURE[cell.on_failure.action], max_restarts=cell.on_failure.restarts,
            window_seconds=cell.on_failure.within, argument=cell.argument))
        images += [abi.BundleImage(part=number[id(layout.images[_key(image)])], target=image.at)
                   for image in cell.images]
    tables = b"".join(bytes(item) for item in parts + cells + images) + bytes((abi.u64 * system.board.cpus)(
        *system.board.mpidr))
    header = abi.Bundle(
        signature=abi.BH_BUNDLE_SIGNATURE, version=abi.BH_BUNDLE_VERSION, size=layout.directory_size,
        num_parts=len(parts), num_cells=len(cells), num_images=len(images), num_cpus=system.board.cpus)
    header.crc = zlib.crc32(bytes(header) + tables)
    return bytes(header) + tables


def make(system):
    """The bundle of a checked system. The same files give the same bytes."""
    layout = Layout(system)
    _fill_in(system, layout)
    content = bytearray(layout.pool_offset)
    pieces = [(part.offset, part.content) for part in layout.parts]
    for offset, piece in pieces + [(layout.directory_offset, _directory(system, layout))]:
        content[offset:offset + len(piece)] = piece
    return bytes(content) + _efi_program(system, layout)


def make_elf(system, content):
    """A bundle as ELF file: one segment at its physical address, entered at its first instruction."""
    header, segment = 64, 56
    start, size = system.hypervisor_at, len(content)
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)		# 64 bit, little-endian
    elf = ident + struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, start, header, 0, 0, header, segment, 1, 0, 0, 0)
    elf += struct.pack("<IIQQQQQQ", 1, 7, PAGE, start, start, size, size, PAGE)
    return elf + bytes(PAGE - len(elf)) + content
