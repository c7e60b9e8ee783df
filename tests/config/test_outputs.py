# SPDX-License-Identifier: BSD-2-Clause
"""What 'compile' writes beside binaries: headers and overlays for programs in cells, reserved memory for Linux. It says
what the binaries say."""
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkhead_config import abi, binary, cell_header, cli, emit, guest_view, outputs, reserved_memory, zephyr
from bulkhead_config.units import MIB, Range
from conftest import HERE, ROOT

TOOL = ROOT / "tools/bulkhead-config"
SYSTEMS = sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml"))
BOARDS = [HERE / "boards", ROOT / "configs/boards"]
EXPECTED = HERE / "outputs"
NAMES = r"^#define (\w+) +(\"[^\"]*\"|\w+)(?: +/\*.*\*/)?$"

# What a board of Zephyr has: gic with four interrupt cells, memory and a PCI host of its own
CELLS = "\t#address-cells = <2>;\n\t#size-cells = <2>;\n"
BASE = """/dts-v1/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	compatible = "test";
	model = "test";
	chosen { zephyr,sram = &sram0; };
	sram0: memory@40000000 { compatible = "mmio-sram"; reg = <0 0x40000000 0 0x1000000>; };
	gic: interrupt-controller@8000000 {
		compatible = "arm,gic-v3";
		reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>;
		interrupt-controller;
		#interrupt-cells = <4>;
		#address-cells = <0>;
	};
};
"""


def load(path):
    return cli.load(path, BOARDS)


def cells_of(path):
    system = load(path)
    return system, [cell for cell in system.others if not cell.linux]


def tool(*command, text=""):
    run = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    assert (run.returncode, run.stderr.decode()) == (0, ""), (command, text)
    return run.stdout


def macros(text):
    """Name to number or text. Every line is a definition, a comment, or of the guard."""
    found = {}
    body = re.sub(r"^/\*$.*?^ \*/$", "", text, count=1, flags=re.S | re.M)
    for line in body.splitlines():
        if match := re.match(NAMES, line):
            name, value = match.groups()
            assert name not in found, f"{name} twice"
            found[name] = value[1:-1] if value[0] == '"' else int(value, 0)
        else:
            assert line == "" or re.match(r"/\* [^*]* \*/$|#ifndef \w+$|#define \w+_H$|#endif /\* \w+_H \*/$", line), line
    return found


def regions(config, keep):
    return [region for region in config.arrays["memory_regions"] if region.size and keep(region)]


@pytest.mark.parametrize("stem", ["all-features", "qemu-arm64-control"])
def test_expected(stem, request):
    path, = [path for path in SYSTEMS if path.stem == stem]
    made = outputs.of_late_launch(load(path))
    files = {name: content for name, content in made.items() if not name.endswith(".cell")}
    expected = EXPECTED / stem
    if request.config.getoption("--update-good"):
        expected.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (expected / name).write_bytes(content)
    assert files == {file.name: file.read_bytes() for file in expected.iterdir()}


# --- headers

@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_headers_compile(path, tmp_path):
    """Twice in one file, in all languages that they are for."""
    system, cells = cells_of(path)
    for cell in cells:
        text = cell_header.source(system, cell)
        (tmp_path / "cell.h").write_text(text)
        found = macros(text)
        use = '#include "cell.h"\n' * 2
        numbers = [name for name, value in found.items() if isinstance(value, int)]
        uses = "".join(f"extern const unsigned long long a_{name};\nconst unsigned long long a_{name} = {name};\n"
                       for name in numbers) + "extern char name[sizeof CELL_NAME];\n"
        warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{tmp_path}", "-fsyntax-only"]
        tool("gcc", "-std=c99", *warnings, "-xc", "-", text=use + uses)
        tool("g++", "-std=c++11", *warnings, "-xc++", "-", text=use + uses)
        words = "".join(f".quad {name}\n" for name in numbers) + ".asciz CELL_NAME\n"
        tool("gcc", "-c", f"-I{tmp_path}", "-o", os.devnull, "-xassembler-with-cpp", "-", text=use + words)


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_headers_agree_with_the_binaries(path):
    system, cells = cells_of(path)
    for cell in cells:
        found = macros(cell_header.source(system, cell))
        config = binary.parse(emit.cell_config(system, cell))
        memory, devices = config.arrays["memory_regions"], config.arrays["pci_devices"]
        pins = {chip.pin_base + pin for chip in config.arrays["irqchips"] for pin in range(128)
                if chip.pin_bitmap[pin // 32] >> pin % 32 & 1}
        assert found["CELL_NAME"] == config.cell.name.decode() and found["CELL_ENTRY"] == config.cell.cpu_reset_address
        assert found["CELL_CPUS"] == len(cell.cpus)
        assert [found[f"CELL_CPU_{n}"] for n in range(len(cell.cpus))] == cell.cpus

        slots = {link.slot << 3 for link in system.links_of(cell)}		# others are of the low-level form
        sections = {index for device in devices if device.bdf in slots
                    for index in range(device.shmem_regions_start, device.shmem_regions_start + 2 + device.shmem_peers)}
        own = sorted((region.virt_start, region.size) for index, region in enumerate(memory)
                     if index not in sections and region.size)
        told = sorted((found[name], found[name[:-4] + "SIZE"]) for name in found
                      if re.match(r"CELL_(MEM_.*|COMM|DEVICE_.*)_BASE$", name))
        assert told == own

        links = [name[:-len("_BDF")] for name in found if re.match(r"CELL_LINK_.*_BDF$", name)]
        assert len(links) == found["CELL_LINKS"] == len(system.links_of(cell))
        by_bdf = {device.bdf: device for device in devices}
        for link in links:
            device = by_bdf.pop(found[f"{link}_BDF"])
            assert found[f"{link}_ID"] == device.shmem_dev_id and found[f"{link}_PEERS"] == device.shmem_peers
            assert found[f"{link}_PROTOCOL"] == device.shmem_protocol
            start = device.shmem_regions_start
            state, shared, *out = memory[start:start + 2 + found[f"{link}_PEERS"]]
            assert (found[f"{link}_STATE_BASE"], found[f"{link}_STATE_SIZE"]) == (state.virt_start, state.size)
            assert (found.get(f"{link}_SHARED_BASE", shared.virt_start), found.get(f"{link}_SHARED_SIZE", 0)) == (
                shared.virt_start, shared.size)
            assert found.get(f"{link}_OUTPUT_SIZE", 0) == out[0].size
            for peer, region in enumerate(out):
                assert found.get(f"{link}_OUTPUT_OF_{peer}_BASE", region.virt_start) == region.virt_start
                writable = bool(region.flags & abi.CFG_MEM_WRITE)
                assert writable == (found.get(f"{link}_OUTPUT_BASE") == region.virt_start) or not out[0].size
            if device.num_msix_vectors:
                intids = [found[f"{link}_INTID_{n}"] for n in range(device.num_msix_vectors)]
                assert found[f"{link}_VECTORS"] == device.num_msix_vectors == len(set(intids))
            else:
                intids = [found[f"{link}_INTID"]]
                assert found[f"{link}_VECTORS"] == 1
                assert intids == [32 + config.cell.vpci_irq_base + (device.bdf >> 3) % 4]
            assert set(intids) <= pins
        for name, value in found.items():
            if re.match(r"CELL_(DEVICE_.*_)?INTID_\d+$", name):
                assert value in pins
        system_header = binary.parse(emit.system_config(system)).system
        if devices:
            assert found["CELL_PCI_ECAM_BASE"] == system_header.pci_mmconfig_base
        arm = system_header.arch.arm
        assert (found["CELL_GICD_BASE"], found["CELL_GICR_BASE"]) == (arm.gicd_base, arm.gicr_base)


def test_name_is_that_of_the_configuration(tmp_path):
    """Records may replace it, by one that has to be quoted."""
    path = tmp_path / "x.yaml"
    text = (ROOT / "configs/systems/qemu-arm64-demo.yaml").read_text()
    path.write_text(text.replace("    cpus: [3]\n", "    cpus: [3]\n    records: { header: { name: 'a\"b\\c' } }\n"))
    system = load(path)
    assert binary.parse(emit.cell_config(system, system.cell("rtos"))).cell.name == b'a"b\\c'
    assert re.search(r"^#define CELL_NAME +(.*)$", cell_header.source(system, system.cell("rtos")), re.M)[1] == r'"a\"b\\c"'


def test_msix_vectors_of_several_links_are_different_interrupts(tmp_path):
    text = (HERE / "good/all-features.yaml").read_text()
    path = tmp_path / "x.yaml"
    path.write_text(text.replace("interrupts: [40, 95]", "interrupts: [40, 95, 41]") +
                    "  more: { peers: [linux, rtos], interrupt: msi-x }\n")
    system = load(path)
    found = macros(cell_header.source(system, system.cell("rtos")))
    assert [found[f"CELL_LINK_{name}"] for name in ("OWN_INTID_0", "OWN_INTID_1", "MORE_INTID_0")] == [72, 127, 73]


NAME = st.lists(st.sampled_from("aAbB1-_."), max_size=5).map(lambda rest: "a" + "".join(rest)) | st.sampled_from(
    ["a-b", "a_b", "A.b", "a-b-bdf", "B"])
WORDS = st.lists(NAME, unique=True, max_size=8)
FEW = settings(max_examples=300, deadline=None, derandomize=True, database=None)


@FEW
@given(WORDS)
def test_identifiers(names):
    words = guest_view.identifiers(names)
    assert sorted(words) == sorted(names) and len(set(words.values())) == len(names)
    assert all(re.match(r"[A-Z0-9_]+$", word) for word in words.values())


@FEW
@given(WORDS, st.data())
def test_an_identifier_never_comes_to_mean_something_else(names, data):
    more = data.draw(WORDS)
    before, after = guest_view.identifiers(names), guest_view.identifiers([*names, *(set(more) - set(names))])
    meaning = {word: name for name, word in before.items()}
    assert all(meaning.get(word, name) == name for name, word in after.items())


def test_identifiers_that_look_like_a_digest():
    digest = guest_view.identifiers(["a-b", "a_b"])["a-b"]
    names = ["a-b", "a_b", digest]
    assert len(set(guest_view.identifiers(names).values())) == 3


def test_names_that_collide(tmp_path):
    """Cells, regions and links whose names are one in C; and a link that is called like a part of another one."""
    text = (HERE / "good/all-features.yaml").read_text()
    path = tmp_path / "x.yaml"
    ram = "      ram: { at: 0x0, size: 64"
    text = text.replace("  loner:", "  Rtos:").replace(ram, "      Data: { at: 0x40000000, size: 64 KiB }\n" + ram)
    path.write_text(text +
                    "  NET: { peers: [linux, rtos] }\n  own-id-of: { peers: [linux, rtos] }\n"
                    "  Own: { peers: [rtos, linux] }\n  net-id-of-linux: { peers: [linux, rtos] }\n")
    system = load(path)
    text = cell_header.source(system, system.cell("rtos"))
    found = macros(text)
    for kind, count in (("LINK_NET", 2), ("LINK_OWN", 2), ("MEM_DATA", 2)):
        words = {name for name in found if re.match(rf"CELL_{kind}_[0-9A-F]{{8}}_(STATE_)?BASE$", name)}
        assert len(words) == count, kind
    assert "CELL_LINK_NET_STATE_BASE" not in found and "CELL_LINK_DISK_STATE_BASE" in found
    guards = {re.search(r"#ifndef (\w+)", cell_header.source(system, cell)).group(1) for cell in system.others}
    assert len(guards) == 2


# --- overlays

def merged(text):
    """The tree of a board with an overlay, as Zephyr puts them together: one text behind the other."""
    return tool("dtc", "-@", "-O", "dtb", text=BASE + text)


def get(blob, node, name, kind="x"):
    return tool_fdtget(blob, "-t", kind, "/dev/stdin", node, name).split()


def tool_fdtget(blob, *arguments):
    run = subprocess.run(["fdtget", *arguments], input=blob, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.decode()


def numbers(blob, node, name):
    return [int(word, 16) for word in get(blob, node, name)]


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_overlays(path, tmp_path):
    system, cells = cells_of(path)
    for cell in cells:
        text = zephyr.source(system, cell)
        blob = merged(text)
        found = macros(cell_header.source(system, cell))
        config = binary.parse(emit.cell_config(system, cell))

        def wide(area):
            return [area.start >> 32, area.start & 0xffffffff, area.size >> 32, area.size & 0xffffffff]
        for region in cell.regions:
            assert numbers(blob, f"/memory@{region.at:x}", "reg") == wide(region.guest_range)
        for link in system.links_of(cell):
            assert numbers(blob, f"/reserved-memory/link@{link.host:x}", "reg") == wide(link.host_range)
        if "CELL_PCI_BARS_BASE" in found:
            node = f"/pcie@{found['CELL_PCI_ECAM_BASE']:x}"
            bars = Range.at(found["CELL_PCI_BARS_BASE"], found["CELL_PCI_BARS_SIZE"])
            assert numbers(blob, node, "reg") == [0, found["CELL_PCI_ECAM_BASE"], 0, found["CELL_PCI_ECAM_SIZE"]]
            assert numbers(blob, node, "ranges") == [0x2000000, *wide(bars)[:2], *wide(bars)[:2], *wide(bars)[2:]]
            assert not any(bars.overlaps(Range.at(region.virt_start, region.size))
                           for region in config.arrays["memory_regions"])
        for device in config.arrays["pci_devices"] if not cell.records else []:
            child = f"{node}/ivshmem@{device.bdf >> 3:x}"
            assert numbers(blob, child, "reg") == [device.bdf << 8, 0, 0, 0, 0]
            assert numbers(blob, child, "class-rev") == [0xff << 24 | device.shmem_protocol << 8]
            if device.num_msix_vectors:
                assert get(blob, child, "status", "s") == ["disabled"]
            else:
                lines = [value for n in range(4) for value in (0, config.cell.vpci_irq_base + n, 4, 0xa0)]
                assert numbers(blob, child, "interrupts") == lines
                assert lines[4 * ((device.bdf >> 3) % 4) + 1] + 32 in found.values()

        # the same as an overlay in the form of dtc
        (tmp_path / "base.dtb").write_bytes(tool("dtc", "-@", "-O", "dtb", text=BASE))
        plugin = "/dts-v1/;\n/plugin/;\n" + text.replace("\n/ {\n", f"\n&{{/}} {{\n{CELLS}", 1)
        (tmp_path / "overlay.dtbo").write_bytes(tool(
            "dtc", "-@", "-O", "dtb", "-W", "no-chosen_node_is_root", text=plugin))		# it does not know where it will be
        tool("fdtoverlay", "-i", tmp_path / "base.dtb", "-o", tmp_path / "out.dtb", tmp_path / "overlay.dtbo")
        overlaid = (tmp_path / "out.dtb").read_bytes()
        assert tree(overlaid) == tree(blob)


def tree(blob):
    """Text without what only the linking of overlays needs."""
    text = tool_dts(blob).replace("/fragment@0/__overlay__/", "/")		# dtc writes paths before it is applied
    for node in ("__symbols__", "__fixups__", "__local_fixups__"):
        text = re.sub(rf"\n\t{node} {{.*?\n\t}};\n", "\n", text, flags=re.S)
    return re.sub(r"\n\s*phandle = .*|\s*(zephyr,\S+|interrupt-parent|ivshmem-v2) = <.*|\n+(?=\n)", "", text)


def tool_dts(blob):
    run = subprocess.run(["dtc", "-q", "-s", "-I", "dtb", "-O", "dts"], input=blob, capture_output=True, check=True)
    return run.stdout.decode()


def test_zephyr_runs_in_the_memory_that_the_cell_starts_in():
    system = load(HERE / "good/all-features.yaml")
    # the entry is in memory that it cannot write
    assert "zephyr,sram = &cell_mem_data;" in zephyr.source(system, system.cell("rtos"))
    assert "zephyr,sram = &cell_mem_ram;" in zephyr.source(system, system.cell("loner"))
    assert "pcie" not in zephyr.source(system, system.cell("loner")).split("*/", 1)[1]


def test_a_link_for_a_network_interface():
    system = load(HERE / "good/all-features.yaml")
    text = zephyr.source(system, system.cell("rtos"))
    assert get(merged(text), "/cell-link-net-eth", "compatible", "s") == ["siemens,ivshmem-eth"]
    assert "CONFIG_ETH_IVSHMEM=y" in text and "Zephyr knows links by their protocol only" not in text


def test_links_that_zephyr_cannot_tell_apart():
    system = load(ROOT / "configs/systems/qemu-arm64-direct.yaml")
    assert "Zephyr knows links by their protocol only" in zephyr.source(system, system.cell("a"))


# --- memory that Linux keeps off

def taken_in_binaries(system):
    """Pages of host memory that belong to cells and links."""
    areas = []
    root = binary.parse(emit.system_config(system))
    for config in [binary.parse(emit.cell_config(system, cell)) for cell in system.others]:
        areas += [Range.at(region.phys_start, region.size) for region in regions(
            config, lambda region: not region.flags & (abi.CFG_MEM_IO | abi.CFG_MEM_COMM_REGION))]
    for device in [device for device in root.arrays["pci_devices"] if device.type == abi.CFG_PCI_IVSHMEM]:
        start = device.shmem_regions_start
        areas += [Range.at(region.phys_start, region.size)
                  for region in root.arrays["memory_regions"][start:start + 2 + device.shmem_peers]]
    memory = root.system.hypervisor_memory
    areas += [Range.at(memory.phys_start, memory.size)] if memory.phys_start else []
    return {page for area in areas for page in range(area.start >> 12, (area.end + 0xfff) >> 12)}


LATE = [path for path in SYSTEMS if "\nboot: direct\n" not in path.read_text()]


@pytest.mark.parametrize("path", LATE, ids=lambda path: path.stem)
def test_reserved_memory_is_that_of_the_binaries(path):
    system = load(path)
    text = reserved_memory.source(system)
    nodes = [node for node in tool_fdtget(merged(text), "-l", "/dev/stdin", "/reserved-memory").split()]
    pages = []
    for node in nodes:
        high, low, size_high, size = numbers(merged(text), f"/reserved-memory/{node}", "reg")
        assert node.endswith(f"@{high << 32 | low:x}")
        start, size = high << 32 | low, size_high << 32 | size
        assert start % 4096 == size % 4096 == 0
        pages += range(start >> 12, (start + size) >> 12)
    assert len(pages) == len(set(pages)) and set(pages) == taken_in_binaries(system)


def test_boot_parameter():
    system = load(ROOT / "configs/systems/qemu-arm64-fixed.yaml")
    assert reserved_memory.mem_parameter(system)[0] == 0x7f000000 - 0x40000000
    assert "boot parameter mem=1008M does" in reserved_memory.source(system)
    assert "allocated by the driver" not in reserved_memory.source(system)
    demo = load(ROOT / "configs/systems/qemu-arm64-demo.yaml")
    assert "mem=512M does the same, which costs Linux 509.9 MiB of RAM more." in reserved_memory.source(demo)
    assert "Memory of the hypervisor is allocated by the driver" in reserved_memory.source(demo)


def changed(tmp_path, old, new):
    text = (ROOT / "configs/systems/qemu-arm64-demo.yaml").read_text()
    assert text.count(old) == 1
    path = tmp_path / "x.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_boot_parameter_of_two_pieces_of_ram(tmp_path):
    board = (ROOT / "configs/boards/qemu-arm64.yaml").read_text().replace(
        "  dram: { at: 0x40000000, size: 1 GiB }",
        "  low: { at: 0x40000000, size: 256 MiB }\n  high: { at: 0x60000000, size: 512 MiB }")
    (tmp_path / "qemu-arm64.yaml").write_text(board)
    system = cli.load(changed(tmp_path, "size: 2 MiB, loadable", "host: 0x61000000, size: 2 MiB, loadable"), [tmp_path])
    assert reserved_memory.mem_parameter(system)[0] == (256 + 16) * MIB


def test_no_boot_parameter(tmp_path):
    system = load(changed(tmp_path, "size: 2 MiB, loadable", "host: 0x40000000, size: 2 MiB, loadable"))
    assert reserved_memory.mem_parameter(system) is None
    assert "no boot parameter" in reserved_memory.source(system)


def test_nothing_to_reserve(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("system: x\nboard: qemu-arm64\nhypervisor: { memory: 4 MiB }\ncells: { linux: { root: true } }\n")
    text = reserved_memory.source(load(path))
    assert "nothing has to be reserved" in text
    assert "reserved-memory" not in text
    merged(text)


# --- the command

def compile_in(directory, system, output, seed):
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    boards = [argument for board in BOARDS for argument in ("-B", board)]
    run = subprocess.run([sys.executable, TOOL, "compile", system, "-o", output, *boards], cwd=directory,
                         env=environment, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    return {file.name: file.read_bytes() for file in output.iterdir()}


@pytest.mark.parametrize("path", LATE, ids=lambda path: path.stem)
def test_same_bytes_from_anywhere(path, tmp_path):
    (tmp_path / "cwd").mkdir()
    first = compile_in("/", path, tmp_path / "a", 1)
    second = compile_in(tmp_path / "cwd", os.path.relpath(path, tmp_path / "cwd"), tmp_path / "b", 4711)
    assert first == second


def test_command_lists_what_it_writes(tmp_path):
    system = ROOT / "configs/systems/qemu-arm64-demo.yaml"
    run = subprocess.run([TOOL, "compile", system, "-o", tmp_path], capture_output=True, text=True, check=True)
    files = {f"{file}: {file.stat().st_size} bytes" for file in tmp_path.iterdir()}
    assert set(run.stdout.splitlines()) == files
    assert {file.name for file in tmp_path.iterdir()} == {
        "qemu-arm64.cell", "qemu-arm64.dtsi", "rtos.cell", "rtos.h", "rtos.overlay"}


def test_headers_before_the_images_of_direct_boot(tmp_path):
    system = ROOT / "configs/systems/qemu-arm64-direct.yaml"
    subprocess.run([TOOL, "compile", "--headers", system, "-o", tmp_path], check=True, capture_output=True)
    assert {file.name for file in tmp_path.iterdir()} == {f"{cell}.{end}" for cell in "abc" for end in ("h", "overlay")}
    run = subprocess.run([TOOL, "compile", system, "-o", tmp_path / "new"], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "or '--headers' for the headers" in run.stderr and not (tmp_path / "new").exists()
