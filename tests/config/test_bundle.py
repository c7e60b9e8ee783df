# SPDX-License-Identifier: BSD-2-Clause
"""Bundles for direct boot, byte by byte, and what `show` makes of damaged ones."""
import ctypes
import dataclasses
import io
import json
import random
import shutil
import struct
import subprocess
import zlib

import jsonschema
import pefile
import pytest
from elftools.elf.elffile import ELFFile

from bulkhead_config import abi, binary, bundle, cli, emit, limits, output_schema, pages, show_bundle
from conftest import HERE, ROOT, hypervisor_image

TOOL = ROOT / "tools/bulkhead-config"
IMAGES = HERE / "images"
HYPERVISOR = hypervisor_image()
CORE, PERCPU = 0x40000, 0x4000
BASE, RAM = 0x40400000, 0x40000000
CONFIG = CORE + 4 * PERCPU
PAGE = 0x1000
# of good/direct.yaml: everything at the next multiple of 8
DIRECTORY = CONFIG + 0x388
PLACES = [0, CONFIG, DIRECTORY + 712, 0x507f8, 0x509c0, 0x50a00, 0x50a28]
POOL = CONFIG + PAGE

SHOWN = """\
bundle for direct boot, hypervisor test, 0x51000 bytes
memory              [0x40400000, 0x40800000), 0x400000 behind the start of RAM
entered by          firmware, 4 CPUs
layout              image 0x0, per-CPU areas 0x40000, configuration 0x50000, directory 0x50388, pool 0x51000
directory           ??? bytes, CRC ????????, good
part 0              hypervisor 'jailhouse.bin' [0x0, 0x1234), CRC ????????, good
part 1              system 'linux.cell' [0x50000, 0x50???), CRC ????????, good
part 2              cell 'first.cell' [0x50650, 0x50???), CRC ????????, good
part 3              cell 'last.cell' [0x507f8, 0x50???), CRC ????????, good
part 4              image 'demo' [0x509c0, 0x50a00), CRC ????????, good
part 5              image 'tree' [0x50a00, 0x50a23), CRC ????????, good
part 6              image 'rounds=5' [0x50a28, 0x50a31), CRC ????????, good
"""


def build(path, hypervisor=HYPERVISOR, files=IMAGES):
    image = bundle.parse_hypervisor("build/arm64/jailhouse.bin", hypervisor)
    system = cli.load_direct(path, [HERE / "boards"], image, files)
    return system, bundle.make(system)


@pytest.fixture(scope="module")
def content():
    return build(HERE / "good/direct.yaml")[1]


def numbers(content, offset, form):
    return struct.unpack_from("<" + form, content, offset)


def run(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def write_system(path, cells, links="", board="small", size="4 MiB"):
    path.write_text(f"system: tiny\nboard: {board}\nboot: direct\n"
                    f"hypervisor: {{ memory: {{ at: {BASE:#x}, size: {size} }} }}\ncells:\n{cells}{links}")
    return path


def cell_text(name="a", cpu=1, file="demo"):
    return (f"  {name}: {{ cpus: [{cpu}], memory: {{ ram: {{ at: 0x0, size: 4 KiB }} }}, "
            f"images: [{{ file: {file} }}] }}\n")


# --- the file


def test_kernel_header(content):
    """What firmware looks at: Documentation/arm64/booting.rst of Linux."""
    assert content[:8] == HYPERVISOR[:8]
    assert numbers(content, 8, "QQQ") == (BASE - RAM, 0x400000, 2)
    assert content[32:64] == bytes(24) + b"ARM\x64" + bytes(4)


def test_boot_parameters(content):
    assert content[64:144] == HYPERVISOR[64:144]
    assert numbers(content, 144, "QQIIIIQQQQ") == (
        BASE, 0x400000, 4, 4, 0, 1, CONFIG, len(content_of(content, 1)), DIRECTORY, POOL)
    assert len(content) == POOL


def test_header_check(content):
    result = 0
    for word in numbers(content, 0, "27Q"):
        result = ((result >> 7) + ((result & 0x7f) << 57)) ^ word
    assert result == 0


def test_hypervisor_is_followed_by_zeros(content):
    """The rest of the image is its bss; the per-CPU areas."""
    assert content[216:len(HYPERVISOR)] == HYPERVISOR[216:]
    assert content[len(HYPERVISOR):CONFIG] == bytes(CONFIG - len(HYPERVISOR))


def start_of_directory(content):
    return numbers(content, 144 + 48, "Q")[0]


def part(content, index):
    """kind, crc, offset, size, name"""
    return numbers(content, start_of_directory(content) + 40 + 64 * index, "IIQQ40s")


def content_of(content, index):
    _, _, offset, size, _ = part(content, index)
    return content[offset:offset + size]


def test_directory(content):
    start = DIRECTORY
    signature, version, size, crc, *counts = numbers(content, start, "8s8I")
    assert (signature, version, counts) == (b"BHBUNDLE", 2, [7, 3, 6, 4, 0])
    assert size == 40 + 7 * 64 + 3 * 32 + 6 * 16 + 4 * 8
    assert crc == zlib.crc32(content[start:start + 16] + bytes(4) + content[start + 20:start + size])


def test_parts(content, in_config_directory):
    system = cli.load("good/direct.yaml", ["boards"])
    expected = [
        (1, b"jailhouse.bin", 0, content[:len(HYPERVISOR)]),
        (2, b"linux.cell", CONFIG, emit.system_config(system)),
        (3, b"first.cell", PLACES[2], emit.cell_config(system, system.cell("first"), 1)),
        (3, b"last.cell", PLACES[3], emit.cell_config(system, system.cell("last"), 2)),
        (4, b"demo", PLACES[4], (IMAGES / "demo").read_bytes()),
        (4, b"tree", PLACES[5], (IMAGES / "tree").read_bytes()),
        (4, b"rounds=5", PLACES[6], b"rounds=5\0")]
    for index, (kind, name, offset, text) in enumerate(expected):
        assert part(content, index) == (kind, zlib.crc32(text), offset, len(text), name.ljust(40, b"\0"))
        assert content[offset:offset + len(text)] == text
    for before, behind in zip(expected[2:], expected[3:]):
        assert behind[2] == (before[2] + len(before[3]) + 7) // 8 * 8


def test_crc_of_the_hypervisor_is_that_of_the_completed_image(content):
    assert part(content, 0)[1] == zlib.crc32(content[:len(HYPERVISOR)]) != zlib.crc32(HYPERVISOR)


def test_nothing_between_the_parts(content):
    """All bytes that no part and no directory covers are 0."""
    rest = bytearray(content)
    for index in range(7):
        _, _, offset, size, _ = part(content, index)
        rest[offset:offset + size] = bytes(size)
    rest[DIRECTORY:DIRECTORY + 712] = bytes(712)
    assert not any(rest)


def test_cells_and_images(content):
    start = DIRECTORY + 40 + 7 * 64
    assert [numbers(content, start + 32 * n, "IIIIIIQ") for n in range(3)] == [
        (2, 0, 1, 1, 5, 60, 0xfedcba9876543210),	# first: at most 5 restarts in 60 s
        (1, 1, 2, 2, 0, 0, 0x44100004),			# linux, the root cell: halt
        (3, 3, 3, 1, 0, 0, 0)]				# last: restart without limit
    start += 3 * 32
    assert [numbers(content, start + 16 * n, "IIQ") for n in range(6)] == [
        (4, 0, 0x10000), (4, 0, 0x44000000), (5, 0, 0x44100004), (5, 0, 0x20000fdd), (5, 0, 0), (6, 0, 0x10)]
    assert numbers(content, start + 6 * 16, "4Q") == (0, 1, 2, 3)


def test_ids_of_cells(content):
    """The root cell has 0; no driver chooses those of the others."""
    assert [binary.parse(content_of(content, n)).cell.id for n in (1, 2, 3)] == [0, 1, 2]


def test_root_cell(content):
    parsed = binary.parse(content_of(content, 1))
    assert (parsed.cell.name, parsed.cell.cpu_reset_address) == (b"linux", 0x44000000)
    assert bytes(parsed.arrays["cpu_set"]) == b"\x0f" + bytes(7)
    ram = [(r.phys_start, r.size) for r in parsed.arrays["memory_regions"] if r.flags == emit.ROOT_RAM]
    assert ram == [(RAM, 0x400000), (0x40800000, 0x0f800000)]


def test_without_root_cell(tmp_path):
    """Its descriptor owns what cells take: all CPUs and SPIs, and no memory."""
    _, content = build(write_system(tmp_path / "x.yaml", cell_text("a", 0) + cell_text("b", 1) + cell_text("c", 2)
                                    + cell_text("d", 3), "links:\n  l: { peers: [a, d] }\n"))
    parsed = binary.parse(content_of(content, 1))
    assert (parsed.cell.name, parsed.cell.flags, parsed.cell.vpci_irq_base) == (b"(none)", 0, 0)
    assert bytes(parsed.arrays["cpu_set"]) == b"\x0f" + bytes(7)
    assert not parsed.arrays["memory_regions"] and not parsed.arrays["pci_devices"]
    chip, = parsed.arrays["irqchips"]
    assert (chip.pin_base, list(chip.pin_bitmap)) == (32, [0xffffffff] * 3 + [0])
    assert part(content, 1)[4].rstrip(b"\0") == b"tiny.cell"
    assert [numbers(content, start_of_directory(content) + 40 + 7 * 64 + 32 * n, "I") for n in range(4)] == [(2,), (3,), (4,), (5,)]


def test_unused_devices_are_nobodys_without_root_cell(tmp_path):
    """A cell can have the interrupt of a device that it shares with the hypervisor."""
    text = "  a: { cpus: [1], memory: { ram: { at: 0x0, size: 4 KiB } }, images: [{ file: demo }], interrupts: [1] }\n"
    system, _ = build(write_system(tmp_path / "x.yaml", text))
    assert system.root is None and system.cells[0].interrupts == [1]


@pytest.mark.parametrize("cpus", [1, 16, 17, 80])
def test_mpidr_by_default(tmp_path, cpus):
    """Sixteen CPUs in a cluster, as on QEMU's virt machine with GICv3."""
    board = (HERE / "boards/small.yaml").read_text().replace("cpus: 4", f"cpus: {cpus}").replace("small", "tiny")
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/tiny.yaml").write_text(board.replace("0x080a0000, size: 512 KiB", "0x0a000000, size: 10 MiB"))
    (tmp_path / "systems").mkdir()
    path = write_system(tmp_path / "systems/x.yaml", cell_text("a", cpus - 1), board="tiny", size="8 MiB")
    image = bundle.parse_hypervisor("jailhouse.bin", HYPERVISOR)
    larger = dataclasses.replace(limits.STANDARD, cpus=128)
    content = bundle.make(cli.load_direct(path, [], image, IMAGES, build=larger))
    start, = numbers(content, 144 + 48, "Q")
    size, = numbers(content, start + 12, "I")
    assert numbers(content, start + size - 8 * cpus, f"{cpus}Q") == tuple(
        cpu % 16 + 256 * (cpu // 16) for cpu in range(cpus))
    size, = numbers(content, 144 + 40, "Q")
    assert start == CORE + cpus * PERCPU + (size + 7) // 8 * 8


def test_mpidr_of_the_board(tmp_path):
    board = (HERE / "boards/small.yaml").read_text().replace("cpus: 4", "cpus: 2\nmpidr: [0xff00000000, 0x20100]")
    (tmp_path / "small.yaml").write_text(board)
    image = bundle.parse_hypervisor("jailhouse.bin", HYPERVISOR)
    content = bundle.make(cli.load_direct(write_system(tmp_path / "x.yaml", cell_text()), [tmp_path], image, IMAGES))
    start, = numbers(content, 144 + 48, "Q")
    size, = numbers(content, start + 12, "I")
    assert numbers(content, start + size - 16, "2Q") == (0xff00000000, 0x20100)


def test_the_same_files_give_the_same_bytes(tmp_path, content):
    for name in ("one", "two"):
        shutil.copytree(HERE / "good", tmp_path / name / "systems")
        shutil.copytree(IMAGES, tmp_path / name / "files")
        shutil.copytree(HERE / "boards", tmp_path / name / "boards")
        (tmp_path / name / "jailhouse.bin").write_bytes(HYPERVISOR)
        place = tmp_path / name
        result = run("bundle", "-Wno-all", place / "systems/direct.yaml", "--image", place / "jailhouse.bin", "--files",
                     place / "files", "-o", place / "out/x.bundle", "--elf", place / "out/x.elf")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == (f"{place}/out/x.bundle: {len(content)} bytes\n"
                                 f"{place}/out/x.elf: {len(content) + PAGE} bytes\n")
        assert (place / "out/x.bundle").read_bytes() == content
    assert (tmp_path / "one/out/x.elf").read_bytes() == (tmp_path / "two/out/x.elf").read_bytes()


def test_images_are_beside_the_system_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a-name-of-more-than-the-39-characters-there-is-room-for").write_bytes(b"abcd")
    (tmp_path / "gr\u00fcn").write_bytes(b"efgh")
    path = write_system(tmp_path / "x.yaml", cell_text(
        file="sub/a-name-of-more-than-the-39-characters-there-is-room-for") + cell_text("b", 2, "gr\u00fcn")
        + cell_text("c", 3, IMAGES / "demo"))
    _, content = build(path, files=None)
    assert [part(content, n)[4] for n in (5, 6, 7)] == [
        b"a-name-of-more-than-the-39-characters-t\0", b"gr?n".ljust(40, b"\0"), b"demo".ljust(40, b"\0")]
    assert [content_of(content, n) for n in (5, 6)] == [b"abcd", b"efgh"]


def test_texts(tmp_path):
    """Each with its zero, and the same text once; a file of that name is another thing. Slashes are no directories."""
    (tmp_path / "x=1").write_bytes(b"file")
    images = ('images: [{{ file: x=1 }}, {{ text: "x=1", at: {0:#x} }}, {{ text: "a/b {1}", at: 0x20 }}, '
              '{{ text: "", at: 0x100 }}]')
    cells = "".join(f"  {name}: {{ cpus: [{cpu}], memory: {{ ram: {{ at: 0x0, size: 4 KiB }} }}, "
                    f"{images.format(at, 'c' * 40)} }}\n" for name, cpu, at in (("a", 1, 0x10), ("b", 2, 0x0)))
    _, content = build(write_system(tmp_path / "x.yaml", cells), files=None)
    assert [(part(content, n)[4].rstrip(b"\0"), content_of(content, n)) for n in range(4, 8)] == [
        (b"x=1", b"file"), (b"x=1", b"x=1\0"), (b"a/b " + b"c" * 35, b"a/b " + b"c" * 40 + b"\0"), (b"", b"\0")]
    start = start_of_directory(content) + 40 + 8 * 64 + 2 * 32
    assert [numbers(content, start + 16 * n, "IIQ")[::2] for n in range(8)] == [
        (4, 0), (5, 0x10), (6, 0x20), (7, 0x100), (4, 0), (5, 0), (6, 0x20), (7, 0x100)]


def test_elf(content):
    system, _ = build(HERE / "good/direct.yaml")
    elf = ELFFile(io.BytesIO(bundle.make_elf(system, content)))
    assert (elf["e_machine"], elf["e_type"], elf["e_entry"]) == ("EM_AARCH64", "ET_EXEC", BASE)
    segment, = elf.iter_segments()
    assert (segment["p_type"], segment["p_paddr"], segment["p_vaddr"]) == ("PT_LOAD", BASE, BASE)
    assert segment["p_offset"] % segment["p_align"] == 0
    assert segment.data() == content and segment["p_memsz"] == len(content)


def test_pool_is_what_the_rule_says(tmp_path):
    """One page less than the rule asks for is refused, and it asks for more with more cells."""
    needed = []
    for cells in (1, 2):
        text = "".join(cell_text(f"c{n}", n) for n in range(cells))
        system, content = build(write_system(tmp_path / "x.yaml", text))
        needed.append(sum(bundle.needs(system).values()))
        assert needed[-1] == len(content) + (3 + 2 + 1) * PAGE + sum(pages.pool(system).values()) + (16 + cells + 2) * PAGE
        # the smallest size is 1 MiB: an image that is larger by what is left of it
        spare = (1 << 20) - (needed[-1] - PAGE)		# one page table less
        write_system(tmp_path / "x.yaml", text, size="1 MiB")
        build(tmp_path / "x.yaml", hypervisor_image(CORE + spare))
        with pytest.raises(Exception,
                           match=r"hypervisor memory has 1 MiB, 1028 KiB are needed .*\[hypervisor-memory-full\]"):
            build(tmp_path / "x.yaml", hypervisor_image(CORE + spare + PAGE))
    # itself with its configuration, its communication region, three levels of page tables below the root, a link's peer more or
    # less
    assert needed[1] - needed[0] == pytest.approx(6 * PAGE, abs=2 * PAGE)


# --- the EFI program

PROGRAM = b"\1\2\3\4\5\6\7\x08" + abi.BH_EFI_SIGNATURE + b"program." * 80


@pytest.fixture(scope="module")
def efi(tmp_path_factory):
    """A bundle that is an EFI program, its path."""
    directory = tmp_path_factory.mktemp("efi")
    (directory / "jailhouse.bin").write_bytes(HYPERVISOR)
    (directory / "efi.bin").write_bytes(PROGRAM)
    out = directory / "out.bundle"
    result = run("bundle", "-Wno-all", HERE / "good/direct.yaml", "--image", directory / "jailhouse.bin",
                 "--efi", directory / "efi.bin", "--files", IMAGES, "-o", out)
    assert (result.returncode, result.stderr) == (0, "")
    return out


def test_efi_header(efi, content):
    """As others read it."""
    file = pefile.PE(str(efi))
    assert file.FILE_HEADER.Machine == 0xaa64
    optional = file.OPTIONAL_HEADER
    assert (optional.Magic, optional.Subsystem, optional.ImageBase) == (0x20b, 10, 0)
    assert optional.AddressOfEntryPoint == len(content)
    assert optional.SizeOfImage == efi.stat().st_size == len(content) + 0x400
    assert optional.SectionAlignment == optional.FileAlignment == optional.SizeOfHeaders == 0x200
    # without them, loaders would want that of relocations
    assert not file.FILE_HEADER.Characteristics & 1 and not any(entry.Size for entry in optional.DATA_DIRECTORY)
    assert [(section.Name.rstrip(b"\0"), section.IMAGE_SCN_MEM_EXECUTE, section.IMAGE_SCN_MEM_WRITE)
            for section in file.sections] == [(b".data", False, True), (b".text", True, False)]
    # nothing is missing, and all is where it is in the file
    end = optional.SizeOfHeaders
    for section in file.sections:
        assert section.VirtualAddress == section.PointerToRawData == end
        assert section.Misc_VirtualSize == section.SizeOfRawData
        end += section.SizeOfRawData
    assert end == optional.SizeOfImage
    assert file.sections[1].get_data()[:len(PROGRAM)] == PROGRAM


def test_efi_ranges(efi, content):
    """Behind the program: memory of the hypervisor, and what cells have as RAM and links, each once."""
    ranges = []
    for offset in range(len(content) + len(PROGRAM), efi.stat().st_size, 16):
        ranges.append(numbers(efi.read_bytes(), offset, "QQ"))
    ranges = ranges[:ranges.index((0, 0))]
    assert ranges[0] == (BASE, 0x400000) and len(ranges) == len(set(ranges))
    system = build(HERE / "good/direct.yaml")[0]
    own = [(region.host, region.size) for cell in system.started for region in cell.regions]
    root = [(RAM, 0x400000), (0x40800000, 0x0f800000)]
    state, *sections = [item for item in ranges[1:] if item not in own + root]
    assert len(own) == 3 and set(own + root) <= set(ranges)
    # of the link: state table, then one output section for each of three peers
    assert [size for _, size in (state, *sections)] == [PAGE] * 4
    assert [start for start, _ in sections] == [state[0] + n * PAGE for n in (1, 2, 3)]


def test_efi_bundle(efi, content):
    """The rest is the same, checksums of the two headers aside."""
    changed, program = efi.read_bytes()[:len(content)], efi.read_bytes()[len(content):]
    assert program.startswith(PROGRAM)
    assert numbers(changed, 0x3c, "I") == (216,)
    assert changed[:2] == b"MZ" and changed[216:220] == b"PE\0\0"
    different = {at for at in range(len(content)) if content[at] != changed[at]}
    crc = DIRECTORY + 40 + 4
    assert different - set(range(216, 512)) <= {0x3c, *range(208, 216), *range(DIRECTORY + 16, DIRECTORY + 20),
                                                *range(crc, crc + 4)}
    assert show_bundle.show(changed + program)[1] == []
    assert "EFI program         [0x51000, 0x51400), its header at 0xd8" in show_bundle.show(changed + program)[0]


@pytest.mark.parametrize("image, program, text", [
    (HYPERVISOR, b"", "is no EFI program for bundles; use efi_app.bin"),
    (HYPERVISOR, PROGRAM[:15], "is no EFI program for bundles; use efi_app.bin"),
    (HYPERVISOR, PROGRAM + b"\1", "is no EFI program for bundles; use efi_app.bin"),
    (HYPERVISOR, b"\0" + PROGRAM, "is no EFI program for bundles; use efi_app.bin"),
    (b"\0" + HYPERVISOR[1:], PROGRAM, "does not fit jailhouse.bin, which has no room for the header of an EFI program; "
     "build both from this tree"),
    (HYPERVISOR[:511] + b"\1" + HYPERVISOR[512:], PROGRAM, "does not fit jailhouse.bin, which has no room for the header "
     "of an EFI program; build both from this tree"),
], ids=["empty", "short", "long", "moved", "code", "room"])
def test_bad_efi_program(tmp_path, image, program, text):
    (tmp_path / "jailhouse.bin").write_bytes(image)
    (tmp_path / "efi.bin").write_bytes(program)
    result = run("bundle", HERE / "good/direct.yaml", "--image", tmp_path / "jailhouse.bin", "--efi", tmp_path / "efi.bin",
                 "--files", IMAGES, "-o", tmp_path / "out")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{tmp_path}/efi.bin: {text}\n")
    assert not (tmp_path / "out").exists()


# --- the hypervisor image


@pytest.mark.parametrize("image, text", [
    (b"", "has 0 bytes, the header of a hypervisor image has 216; build it again"),
    (HYPERVISOR[:207], "has 207 bytes, the header of a hypervisor image has 216; build it again"),
    (bytes(0x1000), "is no hypervisor image; use jailhouse.bin"),
    (HYPERVISOR[:56] + bytes(4) + HYPERVISOR[60:], "is no hypervisor image; use jailhouse.bin"),
    (HYPERVISOR[:72] + b"\1" + HYPERVISOR[73:], "has interface 1 and architecture 2, supported are 3 and 2; build it "
     "from this tree"),
    (HYPERVISOR[:76] + b"\0" + HYPERVISOR[77:], "has interface 3 and architecture 0, supported are 3 and 2; build it "
     "from this tree"),
    (HYPERVISOR[:4] + bytes(4) + HYPERVISOR[8:], "was built without CONFIG_DIRECT_BOOT; firmware cannot start it"),
    (hypervisor_image(core_size=0), "has 4660 bytes and says that it needs 0x0, and 0x4000 for each CPU; build it "
     "again"),
    (hypervisor_image(core_size=0x1000), "has 4660 bytes and says that it needs 0x1000, and 0x4000 for each CPU; build "
     "it again"),
    (hypervisor_image(percpu_size=0x4001), "has 4660 bytes and says that it needs 0x40000, and 0x4001 for each CPU; "
     "build it again"),
], ids=["empty", "header", "zeros", "magic", "interface", "architecture", "no-direct-boot", "no-size", "too-long", "pages"])
def test_bad_hypervisor_image(tmp_path, image, text):
    (tmp_path / "x.bin").write_bytes(image)
    result = run("bundle", HERE / "good/direct.yaml", "--image", tmp_path / "x.bin", "-o", tmp_path / "out")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{tmp_path}/x.bin: {text}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("without, cell, found", [
    ("WATCHDOG", "watchdog: 100 ms, communication-region: 0x80000000",
     ["cell 'a' has a watchdog, and x.bin was built without CONFIG_WATCHDOG; remove it, or use another image [built-watchdog]"]),
    ("WATCHDOG", "passive: true", []),
    ("TRACE", "watchdog: 100 ms, communication-region: 0x80000000", []),
])
def test_image_without_a_feature(tmp_path, without, cell, found):
    """What the system needs is refused by name; what it does not need may be left out."""
    (tmp_path / "x.bin").write_bytes(hypervisor_image(without=[without]))
    system = write_system(tmp_path / "x.yaml", cell_text().replace(" }\n", f", {cell} }}\n"))
    result = run("bundle", system, "-B", HERE / "boards", "--image", tmp_path / "x.bin", "--files", IMAGES, "-o", tmp_path / "out")
    assert (result.returncode, [line.split(": error: ")[1] for line in result.stderr.splitlines()]) == (bool(found), found)
    assert (tmp_path / "out").exists() != bool(found)


def test_limits_of_the_image(tmp_path):
    """Not those of this tree: --build-config has nothing to say here."""
    header = abi.ImageHeader.from_buffer_copy(HYPERVISOR)
    header.max_cpus, header.max_cells, header.max_links = 3, 2, 0
    (tmp_path / "x.bin").write_bytes(bytes(header) + HYPERVISOR[ctypes.sizeof(header):])
    arguments = ("bundle", HERE / "good/direct.yaml", "--image", tmp_path / "x.bin", "--files", IMAGES, "-o", tmp_path / "out")
    result = run(*arguments)
    assert result.returncode == 1
    for key, limit in ("CPUS", 3), ("CELLS", 2), ("LINKS", 0):
        assert f"{limit} are possible; " in result.stderr
        assert f"raise CONFIG_{'IVSHMEM_' if key == 'LINKS' else ''}MAX_{key} of the hypervisor (x.bin, make menuconfig)" in result.stderr
    assert run(*arguments, "--build-config", limits.DEFAULT).returncode == 2


def test_missing_hypervisor_image(tmp_path):
    result = run("bundle", HERE / "good/direct.yaml", "--image", tmp_path / "gone", "-o", tmp_path / "out")
    assert (result.returncode, result.stderr) == (1, f"{tmp_path}/gone: cannot be read: No such file or directory\n")


def test_each_kind_of_file_has_its_command(tmp_path):
    (tmp_path / "x.bin").write_bytes(HYPERVISOR)
    direct, linux = HERE / "good/direct.yaml", HERE / "good/all-features.yaml"
    result = run("compile", direct, "-o", tmp_path / "out")
    assert (result.returncode, result.stderr) == (1, f"{direct}: is for direct boot; use 'bundle', or '--headers' for the "
                                                  "headers that its images are built with\n")
    result = run("bundle", linux, "--image", tmp_path / "x.bin", "-o", tmp_path / "out")
    assert (result.returncode, result.stderr) == (1, f"{linux}: is not for direct boot; add 'boot: direct', or use "
                                                  "'compile'\n")
    assert not (tmp_path / "out").exists()
    result = run("check", direct)
    assert (result.returncode, result.stdout) == (0, f"{direct}: no problem in 3 cells and 1 links\n")


def test_bad_system_writes_nothing(tmp_path):
    (tmp_path / "x.bin").write_bytes(HYPERVISOR)
    result = run("bundle", HERE / "bad/image-file.yaml", "-B", HERE / "boards", "--image", tmp_path / "x.bin", "-o",
                 tmp_path / "out")
    assert (result.returncode, result.stdout, result.stderr.count(" [image-file]\n")) == (1, "", 2)
    assert not (tmp_path / "out").exists()


# --- show


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "x.bundle"
        path.write_bytes(content)
        return path
    return write


def test_show(file, content):
    path = file(content)
    result = run("show", path)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    for line, expected in zip(lines, SHOWN.splitlines()):
        assert len(line) == len(expected) and all(b in ("?", a) for a, b in zip(line, expected)), line
    assert lines[len(SHOWN.splitlines()):] == [
        "cell 0              'first', CPUs 1, entry 0x10020, argument 0xfedcba9876543210, on failure restart at most 5 "
        "times in 60 s",
        "                    part 4 'demo' to [0x10000, 0x10040)",
        "cell 1              'linux', root cell, CPUs left of 0-3, entry 0x44000000, argument 0x44100004, on failure "
        "halt",
        "                    part 4 'demo' to [0x44000000, 0x44000040)",
        "                    part 5 'tree' to [0x44100004, 0x44100027)",
        "cell 2              'last', CPUs 2-3, entry 0x0, argument 0x0, on failure restart without limit",
        "                    part 5 'tree' to [0x20000fdd, 0x20001000)",
        "                    part 5 'tree' to [0x0, 0x23)",
        "                    part 6 'rounds=5' to [0x10, 0x19)",
        *(f"CPU {cpu}               affinity {cpu:#x}" for cpu in range(4))]


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("where", [0, 0.5, 1])
def test_show_a_damaged_part(file, content, index, where):
    """One bit at its begin, in its middle or at its end; in the hypervisor not where its header is looked at."""
    _, _, offset, size, name = part(content, index)
    damaged = bytearray(content)
    damaged[offset + int((size - 1) * where)] ^= 4
    result = run("show", file(damaged))
    assert result.returncode == 1
    assert result.stderr == f"{file(damaged)}: part {index}: damaged; build it again\n"
    lines = [line for line in result.stdout.splitlines() if "DAMAGED" in line]
    assert len(lines) == 1 and lines[0].startswith(f"part {index} ") and lines[0].endswith("DAMAGED: wrong checksum")


def test_show_json(file, content):
    """All of it, damaged or not, in the published structure."""
    good = json.loads(run("show", "--json", file(content)).stdout)
    jsonschema.validate(good, output_schema.SHOW)
    assert good["kind"] == "bundle" and good["problems"] == [] and good["affinities"] == [0, 1, 2, 3]
    assert [part["name"] for part in good["parts"]][4:] == ["demo", "tree", "rounds=5"]
    assert [(cell["name"], cell["cpus"], cell["on_failure"], len(cell["images"])) for cell in good["cells"]] == [
        ("first", [1], "restart", 1), ("linux", [0, 1, 2, 3], "halt", 2), ("last", [2, 3], "restart", 3)]
    assert good["cells"][1]["images"][1] == {"part": 5, "target": 0x44100004}
    damaged = bytearray(content)
    damaged[part(content, 5)[2]] ^= 1
    struct.pack_into("<I", damaged, DIRECTORY + 40 + 7 * 64, 7)		# configuration of cell 0
    result = run("show", "--json", file(damaged))
    assert result.returncode == 1 and result.stderr.endswith("the directory, part 5: damaged; build it again\n")
    shown = json.loads(result.stdout)
    jsonschema.validate(shown, output_schema.SHOW)
    assert [(problem["record"], problem["message"]) for problem in shown["problems"]] == [
        ("directory", "wrong checksum; build it again"), ("part 5", "wrong checksum; build it again"),
        ("cell 0", "its configuration, part 7, cannot be read; build it again")]


def test_show_a_damaged_directory(file, content):
    damaged = bytearray(content)
    damaged[DIRECTORY + 40 + 7 * 64 + 24] ^= 1		# argument of the first cell
    result = run("show", file(damaged))
    assert (result.returncode, result.stderr) == (1, f"{file(damaged)}: the directory: damaged; build it again\n")
    assert "\ndirectory           712 bytes" in result.stdout and "DAMAGED: wrong checksum" in result.stdout


def test_show_points_out_what_points_outside(file, content):
    damaged = bytearray(content)
    start = DIRECTORY + 40
    struct.pack_into("<Q", damaged, start + 64 * 4 + 8, len(content))	# offset of part 4
    struct.pack_into("<I", damaged, start + 64 * 5, 9)			# kind of part 5
    struct.pack_into("<I", damaged, start + 7 * 64, 7)			# configuration of cell 0
    struct.pack_into("<II", damaged, start + 7 * 64 + 36, 4, 9)		# images of cell 1
    struct.pack_into("<I", damaged, start + 7 * 64 + 64, 4)		# configuration of cell 2
    struct.pack_into("<I", damaged, start + 7 * 64 + 96 + 4 * 16, 7)	# part of image 4
    result = run("show", file(damaged))
    assert result.stderr == f"{file(damaged)}: the directory, part 4, part 5: damaged; build it again\n"
    for text in ("DAMAGED: not inside the file", "DAMAGED: unknown kind", "configuration 7, which does not exist",
                 "part 7, which does not exist", "images up to 12, the bundle has 6",
                 "'demo' starts with neither JHSYS nor JHCLL"):
        assert text in result.stdout, text


def directory_of(content):
    """The directory of a bundle, whose fields can be set in place."""
    start = DIRECTORY
    head = abi.Bundle.from_buffer(content, start)
    return head, (abi.BundlePart * head.num_parts).from_buffer(content, start + ctypes.sizeof(head))


def seal(content):
    """All checksums are right."""
    head, parts = directory_of(content)
    for one in parts:
        one.crc = zlib.crc32(content[one.offset:one.offset + one.size])
    head.crc = 0
    head.crc = zlib.crc32(content[DIRECTORY:DIRECTORY + head.size])


@pytest.mark.parametrize("index, field, value, text", [
    (6, "kind", 5, "unknown kind"),
    (5, "kind", abi.BH_PART_SYSTEM, "has to be cell or image"),
    (0, "kind", abi.BH_PART_IMAGE, "has to be hypervisor"),
    (0, "offset", PLACES[4], "not where the hypervisor is"),
    (0, "size", CORE + 1, "not where the hypervisor is"),
    (1, "kind", abi.BH_PART_CELL, "has to be system"),
    (1, "offset", PLACES[4], "not where the system configuration is"),
    (1, "size", 100, "not where the system configuration is"),
    (2, "offset", CORE, f"overlaps what ends at {DIRECTORY + 712:#x}"),
    (2, "offset", DIRECTORY, f"overlaps what ends at {DIRECTORY + 712:#x}"),
    (4, "size", 0x41, None),
    (5, "offset", PLACES[4], f"overlaps what ends at {PLACES[4] + 0x40:#x}"),
    (5, "offset", PLACES[5] + 4, "not inside the file"),
    (6, "size", PAGE + 1, "not inside the file"),
], ids=lambda value: str(value) if isinstance(value, (int, str)) else "")
def test_show_parts_out_of_place(file, content, index, field, value, text):
    """The checksums are right; the hypervisor refuses all of these, too (tests/unit/core_bundle.c)."""
    damaged = bytearray(content)
    setattr(directory_of(damaged)[1][index], field, value)
    seal(damaged)
    result = run("show", file(damaged))
    if text is None:	# the next one is named
        index, text = index + 1, f"overlaps what ends at {PLACES[5] + 1:#x}"
    assert (result.returncode, result.stderr) == (1, f"{file(damaged)}: part {index}: damaged; build it again\n")
    assert [line.split("DAMAGED: ")[1] for line in result.stdout.splitlines() if "DAMAGED" in line] == [text]


@pytest.mark.parametrize("count, text", [(1, "part 1"), (0, "part 0, part 1")])
def test_show_parts_that_are_missing(file, content, count, text):
    damaged = bytearray(content)
    head, _ = directory_of(damaged)
    mpidr = damaged[DIRECTORY + 712 - 32:DIRECTORY + 712]
    head.num_parts, head.num_cells, head.num_images = count, 0, 0
    head.size = 40 + 64 * count + 32
    damaged[DIRECTORY + head.size - 32:DIRECTORY + head.size] = mpidr
    seal(damaged)
    result = run("show", file(damaged))
    assert (result.returncode, result.stderr) == (1, f"{file(damaged)}: {text}: damaged; build it again\n")


@pytest.mark.parametrize("change, text", [
    (lambda c: HYPERVISOR, "is a hypervisor image without bundle; make one with 'bulkhead-config bundle'"),
    (lambda c: c[:DIRECTORY], "has 328584 bytes, its directory is at 0x50388; build it again"),
    (lambda c: c[:DIRECTORY + 711],
     "has 329295 bytes and a directory of 712 at 0x50388, its counts need 712; build it again"),
    (lambda c: c[:DIRECTORY] + b"x" + c[DIRECTORY + 1:],
     "has no directory of version 2 at 0x50388; build it again"),
    (lambda c: c[:DIRECTORY + 20] + b"\xff" * 16 + c[DIRECTORY + 36:],
     f"has {0x51000} bytes and a directory of 712 at 0x50388, its counts need {40 + 0xffffffff * 120}; build it again"),
], ids=["image", "no-directory", "truncated", "signature", "counts"])
def test_show_broken(file, content, change, text):
    path = file(change(content))
    result = run("show", path)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{path}: {text}\n")


def test_show_survives_anything(content):
    """Random words in header, directory and configurations: lines or a BinaryError, and never silence about them."""
    generator = random.Random(1)
    places = [*range(64, 216), *range(CONFIG, PLACES[4])]
    reported = 0
    for _ in range(3000):
        damaged = bytearray(content)
        for _ in range(generator.randrange(1, 4)):
            place = generator.choice(places)
            damaged[place:place + 4] = struct.pack("<I", generator.choice((0, 1, 0x1000, 0xffffffff,
                                                                           generator.getrandbits(32))))
        if not show_bundle.is_bundle(bytes(damaged[:0x1000])):
            continue
        try:
            lines, broken = show_bundle.show(bytes(damaged))
        except binary.BinaryError:
            reported += 1
            continue
        assert lines and all(line.isprintable() for line in lines)
        covered = [(0, len(HYPERVISOR)), (DIRECTORY, DIRECTORY + 632)]
        covered += [(part(content, n)[2], part(content, n)[2] + part(content, n)[3]) for n in range(1, 6)]
        if any(damaged[start:end] != content[start:end] for start, end in covered):
            assert broken
            reported += 1
    assert reported > 500
