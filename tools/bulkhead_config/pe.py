# SPDX-License-Identifier: BSD-2-Clause
"""The header that makes a bundle an EFI program: PE32+, as Microsoft's "PE Format" says and UEFI 2.10, 2.1.1, wants it.

The file is loaded as it is: each byte at the same distance from the begin. Behind the header, the rest of the bundle is
data, and what is behind the bundle is the program. The alignment is less than a page because all that is behind the header has to
belong to a section: U-Boot does not load the rest of a header's page."""
import ctypes

from . import abi
from .abi import u8, u16, u32, u64

MACHINE_ARM64 = 0xaa64
EXECUTABLE, LINE_NUMBERS_STRIPPED, LOCAL_SYMBOLS_STRIPPED, DEBUG_STRIPPED = 0x2, 0x4, 0x8, 0x200
PE32_PLUS = 0x20b
EFI_APPLICATION = 10
CODE, DATA, EXECUTE, READ, WRITE = 0x20, 0x40, 0x20000000, 0x40000000, 0x80000000
DIRECTORIES = 6			# all empty; loaders look at that of base relocations, the last one
ALIGNMENT = 0x200		# of files, and in memory


def _layout(name, fields):
    return type(name, (ctypes.LittleEndianStructure,), {"_pack_": 1, "_fields_": fields})


Section = _layout("Section", [
    ("name", ctypes.c_char * 8), ("virtual_size", u32), ("virtual_address", u32), ("raw_size", u32),
    ("raw_offset", u32), ("relocations", u32), ("line_numbers", u32), ("num_relocations", u16), ("num_line_numbers", u16), ("flags", u32)])
Header = _layout("Header", [
    ("signature", ctypes.c_char * 4), ("machine", u16), ("num_sections", u16), ("time", u32), ("symbols", u32),
    ("num_symbols", u32), ("optional_size", u16), ("flags", u16),
    # optional header
    ("magic", u16), ("linker_major", u8), ("linker_minor", u8), ("code_size", u32), ("data_size", u32),
    ("bss_size", u32), ("entry", u32), ("code_base", u32), ("image_base", u64), ("section_alignment", u32), ("file_alignment", u32),
    ("os_version", u16 * 2), ("image_version", u16 * 2), ("subsystem_version", u16 * 2), ("reserved", u32),
    ("image_size", u32), ("headers_size", u32), ("checksum", u32), ("subsystem", u16), ("dll_flags", u16),
    ("stack_sizes", u64 * 2), ("heap_sizes", u64 * 2), ("loader_flags", u32), ("num_directories", u32),
    ("directories", u64 * DIRECTORIES),
    # section table
    ("sections", Section * 2)])

BEFORE_OPTIONAL = Header.magic.offset
OPTIONAL_SIZE = Header.sections.offset - BEFORE_OPTIONAL

assert Header.image_base.offset == abi.BH_PE_IMAGE_BASE
assert ctypes.sizeof(Header) <= abi.BH_IMAGE_PE_SIZE
assert abi.BH_IMAGE_PE_OFFSET + abi.BH_IMAGE_PE_SIZE == ALIGNMENT


def padded(program):
    """As it is in the file."""
    return program + bytes(-len(program) % ALIGNMENT)


def header(bundle_size, program_size):
    """bundle_size: pages; program_size: as padded."""
    data_size = bundle_size - ALIGNMENT
    sections = (Section * 2)(
        Section(name=b".data", virtual_size=data_size, virtual_address=ALIGNMENT, raw_size=data_size, raw_offset=ALIGNMENT,
                flags=DATA | READ | WRITE),
        Section(name=b".text", virtual_size=program_size, virtual_address=bundle_size, raw_size=program_size,
                raw_offset=bundle_size, flags=CODE | EXECUTE | READ))
    return bytes(Header(
        signature=b"PE", machine=MACHINE_ARM64, num_sections=len(sections), optional_size=OPTIONAL_SIZE,
        flags=EXECUTABLE | LINE_NUMBERS_STRIPPED | LOCAL_SYMBOLS_STRIPPED | DEBUG_STRIPPED,
        magic=PE32_PLUS, code_size=program_size, data_size=data_size, entry=bundle_size, code_base=bundle_size,
        section_alignment=ALIGNMENT, file_alignment=ALIGNMENT, image_size=bundle_size + program_size,
        headers_size=ALIGNMENT, subsystem=EFI_APPLICATION, num_directories=DIRECTORIES, sections=sections))
