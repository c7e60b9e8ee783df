# SPDX-License-Identifier: BSD-2-Clause
"""Import: binaries become a system file that builds equivalent binaries, or there is one message that names the record."""
import random
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkhead_config import abi, binary, cli, emit, equivalence, importer, model, registry, schema
from bulkhead_config.source import parse
from conftest import HERE, ROOT, read_hex

TOOL = ROOT / "tools/bulkhead-config"
GOOD = sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml"))
BOARDS = [HERE / "boards", ROOT / "configs/boards"]
EXAMPLE = read_hex(HERE / "worked-example.hex")
EXAMPLE_HEADER = read_hex(HERE / "worked-example-system.hex")
BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, database=None,
                   suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def build(text):
    system = model.make_system(parse("imported.yaml", text))
    registry.run(system)
    return system, emit.compile_system(system)


def system_first(files):
    return sorted(files.items(), key=lambda item: not item[1].startswith(b"JHSYS"))


def round_trip(files):
    """Text of the system file, after a check that what it builds means the same. files: name to content."""
    ordered = system_first(files)
    text = importer.import_files(ordered)
    system, built = build(text)
    distributor = binary.parse(ordered[0][1]).system.arch.arm.gicd_base
    by_name = {binary.parse(content).cell.name: content for content in built.values()}
    assert len(by_name) == len(files)
    for name, content in ordered:
        parsed = binary.parse(content)
        assert equivalence.differences(parsed, binary.parse(by_name[parsed.cell.name]), distributor) == [], name
    assert importer.import_files(system_first(built)).split("\n", 1)[1] == text.split("\n", 1)[1]		# a fixed point
    return system, text, built


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_the_compiler_made(path):
    """The same bytes again; in words, but for the entry of a root cell, and the name of one that is not there, which direct
    boot has."""
    original = cli.load(path, BOARDS)
    files, links = emit.compile_system(original), original.links
    system, text, built = round_trip(files)
    if path.stem != "records":
        assert "records:" not in text or original.direct
        assert sorted(built.values()) == sorted(files.values())
        assert sorted((link.slot, link.peers) for link in links) == [(link.slot, link.peers) for link in system.links]
    assert sorted((link.slot, len(link.peers)) for link in links) == [(link.slot, len(link.peers)) for link in system.links]


def example_system():
    """The header of the worked example, with arrays as its counts want them: 12 regions, 1 irqchip, 2 PCI devices."""
    header = abi.System.from_buffer_copy(EXAMPLE_HEADER)
    example = binary.parse(EXAMPLE)
    sections = example.arrays["memory_regions"][:5]
    for peer, section in enumerate(sections, -2):
        section.flags = 1 | (2 if peer in (-1, 0) else 0)
    extra = [abi.Memory(0x7fae0000 + n * 0x1000, 0x7fae0000 + n * 0x1000, 0x1000, flags) for n, flags in enumerate((1, 3, 3, 1))]
    rest = [abi.Memory(0, 0, 0x8000000, 0x13), abi.Memory(0x9000000, 0x9000000, 0x1000, 0x13),
            abi.Memory(0x40000000, 0x40000000, 0x3f000000, 7)]
    devices = [abi.PciDevice.from_buffer_copy(bytes(example.arrays["pci_devices"][0])) for _ in range(2)]
    devices[0].shmem_dev_id = 0
    devices[1].bdf, devices[1].shmem_dev_id, devices[1].shmem_peers, devices[1].shmem_regions_start = 8, 0, 2, 5
    chip = abi.Irqchip(address=0x8000000, pin_base=32, pin_bitmap=(0xffffffff,) * 4)
    arrays = [bytes([255, 255, 0, 0, 0, 0, 0, 0]), *map(bytes, sections + extra + rest), bytes(chip), *map(bytes, devices)]
    return bytes(header) + b"".join(arrays)


def test_worked_examples():
    content = example_system()
    assert len(content) == 1024 and binary.parse(content).trailing == b""
    system, text, built = round_trip({"qemu-arm64.cell": content, "inmate-demo.cell": EXAMPLE})
    demo, other = system.links
    assert demo.peers == ["qemu-arm64", "inmate-demo", "-"] and (demo.host, demo.shared, demo.output) == (0x7faf0000, 0x9000, 0x2000)
    assert other.peers == ["qemu-arm64", "-"] and other.slot == 1
    assert built["inmate-demo.cell"] == EXAMPLE
    assert "  qemu-arm64:\n    root: true\n" in text and "communication-region: 0x80000000" in text


def test_worked_example_header_is_truncated():
    with pytest.raises(importer.ImportFailure, match="^s.cell: has 488 bytes, its counts need 1024; build the file again$"):
        importer.import_files([("s.cell", EXAMPLE_HEADER)])


def small():
    """system and cell configuration of two cells with a link."""
    return {name: binary.parse(content) for name, content in emit.compile_system(cli.load(
        ROOT / "configs/systems/qemu-arm64-fixed.yaml", BOARDS)).items()}


def packed(files):
    for parsed in files.values():
        if parsed.system:
            parsed.system.root_cell = parsed.cell
    return {name: parsed.pack() for name, parsed in files.items()}


def test_an_end_that_was_told_less_is_an_end():
    """As in files in circulation: the guest's end, with ID 1, says one peer."""
    files = small()
    files["rtos.cell"].arrays["pci_devices"][0].shmem_peers = 1
    system, text, built = round_trip(packed(files))
    link, = system.links
    assert (link.peers, link.max_peers) == (["qemu-arm64", "rtos"], {"rtos": 1}) and "records:" not in text
    assert built == packed(files)


@pytest.mark.parametrize("change", [
    lambda root, cell: setattr(cell["pci_devices"][0], "num_msix_vectors", 1),
    lambda root, cell: setattr(cell["pci_devices"][0], "domain", 7),
    lambda root, cell: cell["pci_devices"][0].bar_mask.__setitem__(0, 0xffff0000),
    lambda root, cell: setattr(cell["pci_devices"][0], "shmem_protocol", 1),
    lambda root, cell: setattr(cell["memory_regions"][1], "virt_start", 0x7f201000 + 0x1000000),
    lambda root, cell: setattr(cell["memory_regions"][0], "flags", 1),
    lambda root, cell: cell["irqchips"].clear(),
])
def test_ends_that_disagree_are_low_level(change):
    files = small()
    change(files["qemu-arm64.cell"].arrays, files["rtos.cell"].arrays)
    if files["rtos.cell"].arrays["memory_regions"][1].virt_start > 0x7f300000:
        for index, region in enumerate(files["rtos.cell"].arrays["memory_regions"][:4]):
            region.virt_start = region.phys_start + 0x1000000
    system, text, _ = round_trip(packed(files))
    assert system.links == [] and text.count("pci_devices:") == 2
    assert "memory: { ram:" in text		# what has nothing to do with it stays in words


def test_a_short_name_of_the_root_cell_leaves_nothing_behind_it():
    files = small()
    files["qemu-arm64.cell"].cell.name = b"a".ljust(32, b"\0")
    _, _, built = round_trip(packed(files))
    assert bytes(binary.parse(built["a.cell"]).cell)[8:40] == b"a".ljust(32, b"\0")


def test_regions_that_overlap_keep_their_order():
    files = small()
    over = abi.Memory(0x7f300000, 0x100000, 0x1000, 1)
    for place in (0, len(files["rtos.cell"].arrays["memory_regions"])):
        files = small()
        files["rtos.cell"].arrays["memory_regions"].insert(place, over)
        files["rtos.cell"].arrays["pci_devices"][0].shmem_regions_start += 1 if place == 0 else 0
        _, _, built = round_trip(packed(files))
        regions = [bytes(region) for region in binary.parse(built["rtos.cell"]).arrays["memory_regions"]]
        ram = next(bytes(region) for region in files["rtos.cell"].arrays["memory_regions"] if region.virt_start == 0)
        assert (regions.index(bytes(over)) < regions.index(ram)) == (place == 0)


def stray(action, start=0x50000000, length=0x1000):
    return abi.Memory(length, start, 0, action)


def test_accesses_to_nothing():
    """In words where words can say it: ranges that overlap, and what would stop the root cell, are low-level."""
    files = small()
    for name, action in (("qemu-arm64.cell", abi.CFG_STRAY_IGNORE), ("rtos.cell", abi.CFG_STRAY_ABORT)):
        files[name].cell.flags |= action
        files[name].arrays["memory_regions"].append(stray(abi.CFG_STRAY_IGNORE if name == "rtos.cell" else
                                                          abi.CFG_STRAY_ABORT))
    system, text, _ = round_trip(packed(files))
    assert "records:" not in text
    assert [(cell.root, cell.stray, [(area.range.start, area.range.size, area.action) for area in cell.stray_ranges])
            for cell in system.cells] == [(True, "ignore", [(0x50000000, 0x1000, "abort")]),
                                          (False, "abort", [(0x50000000, 0x1000, "ignore")])]
    files["rtos.cell"].arrays["memory_regions"] += [stray(abi.CFG_STRAY_FAIL, 0x50000800), stray(abi.CFG_STRAY_FAIL, 0x1000)]
    files["rtos.cell"].cell.flags ^= abi.CFG_STRAY_ABORT ^ abi.CFG_STRAY_FAIL
    system, text, built = round_trip(packed(files))
    assert system.cell("rtos").stray is None and "STRAY_FAIL" in text
    files["qemu-arm64.cell"].arrays["memory_regions"].append(stray(abi.CFG_STRAY_FAIL, 0x60000000))
    files["qemu-arm64.cell"].cell.flags ^= abi.CFG_STRAY_IGNORE ^ abi.CFG_STRAY_FAIL
    system, _, _ = round_trip(packed(files))
    assert system.root.stray is None and "memory_regions" in system.root.records


def test_watchdog():
    """In words, also where the communication region is low-level."""
    files = small()
    files["rtos.cell"].arrays["memory_regions"].append(abi.Memory(1500, 0, 0, abi.CFG_WATCHDOG))
    system, text, _ = round_trip(packed(files))
    assert system.cell("rtos").watchdog == 1500 and "watchdog: 1500 us" in text and "records:" not in text
    comm, = [region for region in files["rtos.cell"].arrays["memory_regions"] if region.flags & abi.CFG_MEM_COMM_REGION]
    comm.flags |= abi.CFG_MEM_EXECUTE
    system, text, _ = round_trip(packed(files))
    assert system.cell("rtos").watchdog == 1500 and system.cell("rtos").comm is None and "COMM_REGION" in text


def test_section_under_memory_of_the_root_cell_is_no_link():
    """The memory comes later, so it counts: a link would say something else."""
    files = small()
    root = files["qemu-arm64.cell"].arrays
    ram = next(region for region in root["memory_regions"] if region.flags == 0xf)
    root["memory_regions"].remove(ram)
    root["memory_regions"].append(ram)
    root["pci_devices"][0].shmem_regions_start -= 1
    system, text, _ = round_trip(packed(files))
    assert system.links == []
    assert text.count("vpci_irq_base") == 1 and "memory: { ram:" in text		# nothing else of the root cell has changed


@pytest.mark.parametrize("changes", [{"bdf": 8}, {"bdf": 9}])
def test_sections_of_two_devices_are_no_link(changes):
    files = small()
    devices = files["rtos.cell"].arrays["pci_devices"]
    devices.append(abi.PciDevice.from_buffer_copy(bytes(devices[0])))
    for name, value in changes.items():
        setattr(devices[1], name, value)
    system, _, _ = round_trip(packed(files))
    assert all("rtos" not in link.peers for link in system.links)


@pytest.mark.parametrize("root", [True, False])
def test_more_devices_than_a_board_may_have(root, monkeypatch):
    """All at once in the low-level form, not one after the other."""
    files, attempts = small(), []
    if root:
        files["qemu-arm64.cell"].arrays["memory_regions"][:0] = [
            abi.Memory(0x2000000000 + n * 0x2000, 0x2000000000 + n * 0x2000, 0x1000, 0x13) for n in range(600)]
        files["qemu-arm64.cell"].arrays["pci_devices"][0].shmem_regions_start += 600
    else:		# what the root cell has is low-level: devices of the board are those of cells
        files["qemu-arm64.cell"].arrays["memory_regions"].append(abi.Memory(0x3000010, 0x3000010, 0x10, 0x40013))
        for cell in range(2):
            other = binary.parse(files["rtos.cell"].pack())
            other.cell.name, other.arrays["cpu_set"][0] = f"cell{cell}".encode(), 1 if cell == 0 else 2
            other.arrays["pci_devices"], other.arrays["irqchips"] = [], []
            other.arrays["memory_regions"] = [abi.Memory(0x2000000000 + n * 0x2000, 0x2000000000 + n * 0x2000, 0x1000, 0x13)
                                              for n in range(cell * 60, cell * 60 + 60)] + other.arrays["memory_regions"][5:6]
            files[f"cell{cell}.cell"] = other
    attempt = importer._attempt
    monkeypatch.setattr(importer, "_attempt", lambda *arguments: attempts.append(1) or attempt(*arguments))
    system, text, _ = round_trip(packed(files))
    limit = schema.BOARD["properties"]["devices"]["maxProperties"]
    assert len(system.board.devices) <= limit and text.count("IO]") >= (600 if root else 120 if limit < 120 else 0)
    assert len(attempts) < 20


def test_more_pieces_of_memory_than_a_board_may_have():
    files = small()
    root = files["qemu-arm64.cell"].arrays
    root["memory_regions"][:0] = [abi.Memory(0x2000000000 + n * 0x2000, 0x2000000000 + n * 0x2000, 0x1000, 0xf)
                                  for n in range(600)]
    root["pci_devices"][0].shmem_regions_start += 600
    system, text, _ = round_trip(packed(files))
    assert len(system.board.ram) <= 64 and text.count("DMA]") >= 600


def test_shared_memory_without_link():
    """Two cells with the same memory: refused as 'memory', so it is written in the low-level form."""
    files = small()
    second = binary.parse(files["rtos.cell"].pack())
    second.cell.name = b"second"
    second.arrays["cpu_set"][0] = 4
    second.arrays["pci_devices"] = []
    second.arrays["irqchips"] = []
    files["second.cell"] = second
    _, text, _ = round_trip(packed(files))
    assert "second:" in text


@pytest.mark.parametrize("name, key", [(b"1st", "cell-1st"), (b"a b", "a-b"), (b"true", "true"), (b"-", "cell--"),
                                          (b"x" * 31, "x" * 31)])
def test_names(name, key):
    files = small()
    files["rtos.cell"].cell.name = name
    system, _, _ = round_trip(packed(files))
    assert [cell.name for cell in system.cells] == ["qemu-arm64", key]


def refused(files):
    with pytest.raises(importer.ImportFailure) as error:
        importer.import_files(files)
    return str(error.value)


def test_refusals():
    files = packed(small())
    root, cell = files["qemu-arm64.cell"], files["rtos.cell"]
    assert refused([("a", cell)]) == ("a: the system configuration comes first; give one system configuration, then those of "
                                      "cells")
    assert refused([("a", root), ("b", root)]).startswith("b: only one system configuration can be imported; ")
    assert refused([("a", root), ("b", cell), ("c", cell)]) == (
        "c: header: its cell is called 'rtos' like that of b; leave one of them out")
    assert refused([("a", b"garbage")]) == "a: starts with neither JHSYS nor JHCLL: is it a configuration?"
    broken = small()
    broken["rtos.cell"].arrays["memory_regions"][2].flags |= 2
    assert refused(system_first(packed(broken))) == (
        "rtos.cell: memory 2: link-access: the output of peer 0 is writable through PCI device 0; make it read-only")
    broken = small()
    broken["rtos.cell"].arrays["cpu_set"][1] = 1
    assert refused(system_first(packed(broken))) == (
        "rtos.cell: CPUs: cpu-unknown: cell 'rtos' wants CPU 8, board 'qemu-arm64' has CPUs 0 to 3; choose one of these")
    broken = small()
    broken["rtos.cell"].cell.name = b"caf\xc3\xa9"
    assert refused(system_first(packed(broken))).startswith("rtos.cell: header: bad-value: 'name': ")
    broken = small()
    broken["qemu-arm64.cell"].system.hypervisor_memory.size = 0x1000
    assert refused(system_first(packed(broken))).startswith("qemu-arm64.cell: hypervisor memory: hypervisor-memory-size: ")


def test_command(tmp_path):
    for name, content in packed(small()).items():
        (tmp_path / name).write_bytes(content)
    arguments = [tmp_path / "qemu-arm64.cell", tmp_path / "rtos.cell"]
    shown = subprocess.run([TOOL, "import", *arguments], capture_output=True, text=True, timeout=120, check=True)
    written = subprocess.run([TOOL, "import", *arguments, "-o", tmp_path / "new/system.yaml"], capture_output=True, text=True,
                             timeout=120, check=True)
    assert (written.stdout, (tmp_path / "new/system.yaml").read_text()) == ("", shown.stdout)
    subprocess.run([TOOL, "compile", tmp_path / "new/system.yaml", "-o", tmp_path / "out"], timeout=120, check=True,
                   capture_output=True)
    for file in arguments:
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes()
    result = subprocess.run([TOOL, "import", tmp_path / "gone", "-o", tmp_path / "x"], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (1, "") and not (tmp_path / "x").exists()
    assert result.stderr == f"{tmp_path}/gone: cannot be read: No such file or directory; correct its name or permissions\n"


# --- generated


ADDRESSES = st.sampled_from([0, 0x1000, 0x9000000, 0x9000010, 0x40000000, 0x60000000, 0x60001000, 0x7f000000, 0x7fa00000,
                             0x80000000, 0x100000000])
SIZES = st.sampled_from([0, 4, 0x100, 0x1000, 0x1000, 0x2000, 0x10000, 0x200000])
FLAGS = st.one_of(st.sampled_from([0, 1, 3, 7, 0xb, 0xf, 0x13, 0x23, 0x47, 0x4f, 0x81, 0x83, 0x91, 0x93, 0x40011, 0x40013, 0x50093]),
                  st.integers(0, 0xfffff), st.just(1 << 50 | 3))


@st.composite
def memory(draw):
    start = draw(ADDRESSES)
    return abi.Memory(start, draw(st.one_of(st.just(start), ADDRESSES)), draw(SIZES), draw(FLAGS))


@st.composite
def chips(draw):
    return abi.Irqchip(address=draw(st.sampled_from([0x8000000, 0x8000000, 0x9000000])), id=draw(st.sampled_from([0, 0, 0, 5])),
                       pin_base=draw(st.sampled_from([0, 32, 64, 160, 896])),
                       pin_bitmap=tuple(draw(st.integers(0, 0xffffffff)) for _ in range(4)))


CONSOLES = st.builds(abi.Console, address=st.sampled_from([0x9000000, 0x9001000]), size=st.sampled_from([0, 0x1000]),
                     type=st.integers(0, 11), flags=st.sampled_from([0, 3, 0x1003]), divider=st.sampled_from([0, 0, 7]),
                     clock_reg=st.sampled_from([0, 0, 0x1234]))
DEVICES = st.builds(abi.PciDevice, type=st.sampled_from([1, 1, 2, 3, 9]), iommu=st.integers(0, 3), domain=st.integers(0, 2),
                    bdf=st.sampled_from([0, 8, 9, 0x100, 0xffff]), bar_mask=st.just((0xfffff000, 0, 0, 0, 0, 0)),
                    num_caps=st.integers(0, 2), caps_start=st.integers(0, 1), num_msix_vectors=st.sampled_from([0, 0, 2]),
                    shmem_regions_start=st.integers(0, 8), shmem_dev_id=st.integers(0, 2), shmem_peers=st.integers(1, 3),
                    shmem_protocol=st.sampled_from([0, 1, 0x4000, 0x8001, 0xc001]))


@st.composite
def additions(draw):
    """What is added to a good configuration, at some place, or changed in it."""
    def change(parsed):
        arrays = parsed.arrays
        for region, front in draw(st.lists(st.tuples(memory(), st.booleans()), max_size=4)):
            if parsed.system:
                region.phys_start = region.virt_start
            if front:
                arrays["memory_regions"].insert(0, region)
                for device in arrays["pci_devices"]:
                    device.shmem_regions_start += 1
            else:
                arrays["memory_regions"].append(region)
        arrays["irqchips"] += draw(st.lists(chips(), max_size=2))
        arrays["pci_devices"] += draw(st.lists(DEVICES, max_size=2))
        arrays["pci_caps"] += draw(st.lists(st.builds(abi.PciCap, id=st.integers(0, 0xffff), len=st.integers(0, 9)), max_size=2))
        arrays["pio_regions"] += draw(st.lists(st.builds(abi.Pio, base=st.integers(0, 0xffff)), max_size=1))
        arrays["stream_ids"] += draw(st.lists(st.integers(0, 0xffffffff), max_size=2))
        cell = parsed.cell
        cell.flags = draw(st.sampled_from([cell.flags, 0, 1, 0x40000000, 0x80000000, 0xc0000001, 0x10]))
        cell.vpci_irq_base = draw(st.sampled_from([cell.vpci_irq_base] * 4 + [0, 5, 985, 0xffffffff]))
        cell.cpu_reset_address = draw(st.sampled_from([cell.cpu_reset_address] * 2 + [0x1000, 1 << 60]))
        cell.msg_reply_timeout = draw(st.sampled_from([0, 0, 1 << 40]))
        cell.console = draw(st.one_of(st.just(cell.console), CONSOLES))
        if parsed.system:
            system = parsed.system
            system.debug_console = draw(st.one_of(st.just(system.debug_console), CONSOLES))
            system.flags = draw(st.sampled_from([0, 1, 2]))
            system.pci_domain = draw(st.sampled_from([1, 1, 0xffff]))
            system.pci_mmconfig_base = draw(st.sampled_from([system.pci_mmconfig_base] * 3 + [0, 0x40000000]))
            system.pci_mmconfig_end_bus = draw(st.sampled_from([0, 0, 3]))
            system.arch.arm.gicc_base = draw(st.sampled_from([0, 0x8010000]))
            system.iommu_units[0].type = draw(st.sampled_from([0, 0, 3]))
    return change


@BOUNDED
@given(st.lists(st.tuples(st.booleans(), additions()), min_size=1, max_size=2))
def test_generated_binaries(changes):
    """Equivalent, or one line with file and record."""
    files = small()
    for root, change in changes:
        change(files["qemu-arm64.cell" if root else "rtos.cell"])
    try:
        round_trip(packed(files))
    except importer.ImportFailure as error:
        name, record, rest = str(error).split(": ", 2)
        assert name in files and record and "\n" not in rest


@st.composite
def systems(draw):
    """A system file with up to three cells and links on the board 'small'; not each of them is free of conflicts."""
    cells, lines = draw(st.integers(1, 3)), ["system: generated", "board: small", "hypervisor:"]
    lines.append(draw(st.sampled_from(["  memory: 4 MiB", "  memory: { at: 0x4fc00000, size: 4 MiB }"])))
    lines += draw(st.sampled_from([[], ["  console: uart0"], ["  virtual-console: true"]])) + ["cells:", "  linux: { root: true }"]
    for cell in range(1, cells + 1):
        lines += [f"  cell{cell}:", f"    cpus: [{cell}]", "    memory:"]
        for region in range(draw(st.integers(1, 3))):
            access = draw(st.sampled_from(["rwx", "rwx", "rw", "r", "rx"])) if region else "rwx"
            more = draw(st.sampled_from(["", ", dma: true", ", shared-with-root: true"]))
            more += draw(st.sampled_from(["", ", loadable: true"])) if "w" in access else ""
            more += draw(st.sampled_from(["", ", keep: true"]))
            lines.append(f"      m{region}: {{ at: {region << 20:#x}, size: {draw(st.integers(1, 64)) * 4} KiB, access: {access}{more} }}")
        lines += draw(st.sampled_from([[], ["    communication-region: 0x80000000"]]))
        lines += draw(st.sampled_from([[], ["    passive: true"], ["    virtual-console: active"], ["    virtual-console: permitted"]]))
        lines += draw(st.sampled_from([[], ["    shared-devices: [uart0]", "    console: uart0"], ["    shared-devices: [uart0, rng]"]]))
        lines += [f"    devices: [uart{cell}]"] if cell == 1 and draw(st.booleans()) else []
        lines += [f"    interrupts: [{10 * cell}, {10 * cell + 1}]"]
    links = draw(st.integers(0, 3)) if cells < 3 else draw(st.integers(0, 1))		# the board has SPIs for three cells
    lines += ["links:"] if links else []
    for link in range(links):
        peers = draw(st.permutations(["linux"] + [f"cell{n}" for n in range(1, min(cells, 2) + 1)]))[:draw(st.integers(2, 3))]
        protocol = draw(st.sampled_from(["undefined", "ethernet", "0x4abc", f"virtio-net, backend: {peers[0]}"]))
        if protocol not in ("undefined", "0x4abc"):		# these are for two, and need their sections
            peers = peers[:2]
        shared, output = draw(st.integers(2 if "virtio" in protocol else 0, 4)), draw(st.integers(protocol == "ethernet", 3))
        lines.append(f"  l{link}: {{ peers: [{', '.join(peers)}], shared: {shared * 4} KiB, output: {output * 4} KiB, protocol: "
                     f"{protocol}, latch-state: {draw(st.sampled_from(['true', 'false']))} }}")
    return "\n".join(lines) + "\n"


@BOUNDED
@given(systems())
def test_generated_systems(text):
    """What the compiler makes of any system comes back byte by byte, with the same links, and without the low-level form."""
    system = model.make_system(parse("generated.yaml", text), [HERE / "boards"])
    registry.run(system)
    files = emit.compile_system(system)
    imported, again, built = round_trip(files)
    assert sorted(built.values()) == sorted(files.values())
    assert "records:" not in again
    assert sorted((link.slot, link.peers) for link in system.links) == [(link.slot, link.peers) for link in imported.links]


def test_any_byte_may_be_wrong():
    """A file that has one wrong byte is imported with its meaning, or refused in one line."""
    files, pick = packed(small()), random.Random(1)
    for name, content in files.items():
        for offset in pick.sample(range(len(content)), 60):
            broken = content[:offset] + bytes([content[offset] ^ 1 << pick.randrange(8)]) + content[offset + 1:]
            try:
                round_trip({**files, name: broken})
            except importer.ImportFailure as error:
                assert "\n" not in str(error) and str(error).startswith(tuple(files))


# --- what equivalence is


@pytest.mark.parametrize("change, expected", [
    (lambda p: p.arrays["memory_regions"].reverse() or setattr(p.arrays["pci_devices"][0], "shmem_regions_start", 99), ["PCI devices"]),
    (lambda p: p.arrays["memory_regions"].append(abi.Memory(1, 1, 0, 3)), []),
    (lambda p: setattr(p.arrays["memory_regions"][-1], "phys_start", 0x5000), []),		# communication region
    (lambda p: setattr(p.arrays["memory_regions"][-1], "virt_start", 0x5000000), ["memory"]),
    (lambda p: setattr(p.cell, "id", 7), []),
    (lambda p: setattr(p.cell, "flags", p.cell.flags & ~abi.CFG_CELL_CONSOLE_PERMITTED), []),
    (lambda p: setattr(p.cell, "flags", 0), ["cell flags"]),
    (lambda p: setattr(p.cell, "flags", p.cell.flags | abi.CFG_STRAY_FAIL), []),
    (lambda p: setattr(p.cell, "flags", p.cell.flags | abi.CFG_STRAY_ABORT), ["cell flags"]),
    (lambda p: p.arrays["memory_regions"].append(stray(abi.CFG_STRAY_FAIL)), ["accesses to nothing"]),
    (lambda p: p.arrays["memory_regions"].append(abi.Memory(1000, 0, 0, abi.CFG_WATCHDOG)), ["watchdog"]),
    (lambda p: p.arrays["cpu_set"].extend(bytes(8)), []),
    (lambda p: p.arrays["irqchips"].append(abi.Irqchip(address=0x8000000, pin_base=64)), []),
    (lambda p: p.arrays["irqchips"].append(abi.Irqchip(address=0x8000000, pin_base=64, pin_bitmap=(1, 0, 0, 0))), ["irqchips"]),
    (lambda p: setattr(p.arrays["pci_devices"][0], "shmem_dev_id", 0), ["PCI devices"]),
    (lambda p: setattr(p.cell.console, "size", 0), ["console"]),
    (lambda p: setattr(p.cell, "name", b"x"), ["name"]),
    (lambda p: setattr(p.cell, "vpci_irq_base", 5), ["virtual PCI INTA-D"]),
    (lambda p: setattr(p.cell, "msg_reply_timeout", 5), ["message timeout"]),
    (lambda p: setattr(p.cell, "cpu_reset_address", 4), ["entry"]),
    (lambda p: p.arrays["cpu_set"].__setitem__(0, 1), ["CPUs"]),
    (lambda p: p.arrays["stream_ids"].append(1), ["stream IDs"]),
    (lambda p: p.arrays["pio_regions"].append(abi.Pio(1, 1)), ["ports"]),
    (lambda p: p.arrays["cache_regions"].append(abi.Cache(1, 1)), ["caches"]),
    (lambda p: p.arrays["pci_caps"].append(abi.PciCap(1)), ["PCI capabilities"]),
    (lambda p: p.arrays["irqchips"].append(abi.Irqchip(address=0x1000)), ["irqchips"]),
    (lambda p: setattr(p.arrays["memory_regions"][3], "flags", 0x81), ["memory", "PCI devices"]),
    (lambda p: setattr(p.arrays["memory_regions"][5], "phys_start", 0x1000), ["memory"]),
])
def test_equivalence(change, expected):
    one, other = small()["rtos.cell"], small()["rtos.cell"]
    change(other)
    assert equivalence.differences(one, other, 0x8000000) == expected


def test_equivalence_and_order():
    """The order of regions counts where they overlap, and only there."""
    one, other = small()["rtos.cell"], small()["rtos.cell"]
    regions = other.arrays["memory_regions"]
    regions[-1], regions[-2] = regions[-2], regions[-1]
    assert equivalence.differences(one, other, 0x8000000) == []
    for parsed in (one, other):
        parsed.arrays["memory_regions"].append(abi.Memory(0x7f300000, 0x100000, 0x1000, 1))
    assert equivalence.differences(one, other, 0x8000000) == []
    regions.insert(4, regions.pop())
    assert equivalence.differences(one, other, 0x8000000) == ["memory"]


@pytest.mark.parametrize("change, expected", [
    (lambda s: setattr(s, "flags", 2), ["flags"]),
    (lambda s: setattr(s.hypervisor_memory, "size", 0x500000), ["hypervisor memory"]),
    (lambda s: setattr(s.hypervisor_memory, "flags", 7), []),
    (lambda s: setattr(s.debug_console, "divider", 1), ["debug console"]),
    (lambda s: setattr(s, "pci_mmconfig_end_bus", 1), ["PCI"]), (lambda s: setattr(s, "pci_domain", 2), ["PCI"]),
    (lambda s: setattr(s, "pci_is_virtual", 0), ["PCI"]), (lambda s: setattr(s, "pci_mmconfig_base", 0), ["PCI"]),
    (lambda s: setattr(s.iommu_units[0], "type", 3), ["IOMMUs"]), (lambda s: setattr(s.iommu_units[1], "type", 3), []),
    (lambda s: setattr(s.arch.arm, "gicc_base", 0x1000), ["GIC"]), (lambda s: setattr(s.arch.arm, "maintenance_irq", 24), ["GIC"]),
])
def test_equivalence_of_systems(change, expected):
    one, other = small()["qemu-arm64.cell"], small()["qemu-arm64.cell"]
    change(other.system)
    assert equivalence.differences(one, other, 0x8000000) == expected
