# SPDX-License-Identifier: BSD-2-Clause
"""Good files compile to the expected bytes; each rule has a bad file with its exact message."""
import re
import subprocess

import pytest

from bulkhead_config import abi, binary, bundle, cli, emit, limits, registry
from bulkhead_config.source import ConfigError, MAX_FILE_SIZE
from conftest import HERE, ROOT, hypervisor_image, read_hex

TOOL = ROOT / "tools/bulkhead-config"
GOOD = sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml"))
BAD = sorted((HERE / "bad").glob("*.yaml"))
BOARDS = ["boards", "bad/boards", str(ROOT / "configs/boards")]

registry.load_rules()
RULES = set(registry.FORMAT_RULES) | {rule.name for rule in registry.RULES}
CANNOT_BE_A_FILE = {"file"}	# see test_unreadable


def compile_file(path):
    return emit.compile_system(cli.load(path, BOARDS))


def message(path):
    with pytest.raises(ConfigError) as error:
        compile_file(path)
    return str(error.value)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path, in_config_directory, request):
    files = compile_file(path)
    expected = HERE / "good" / path.stem
    for name, content in files.items():
        dump = expected / f"{name}.hex"
        if request.config.getoption("--update-good"):
            expected.mkdir(exist_ok=True)
            lines = [content[n:n + 16].hex(" ") for n in range(0, len(content), 16)]
            dump.write_text("\n".join(["# SPDX-License-Identifier: BSD-2-Clause", *lines, ""]))
        assert content == read_hex(dump), f"{name}; if that is intended: pytest tests/config --update-good"
    assert {f"{name}.hex" for name in files} == {dump.name for dump in expected.iterdir()}


def test_good_uses_every_key(in_config_directory):
    """all-features.yaml is what its name says, the others have what is for direct boot."""
    from bulkhead_config import schema
    text = (HERE / "good/all-features.yaml").read_text() + "".join((HERE / f"good/{name}.yaml").read_text()
                                                                       for name in ("direct", "direct-linux",
                                                                                    "records"))
    for part in (schema.SYSTEM, schema.CELL, schema.LINK, schema.REGION, schema.IMAGE, schema.ON_FAILURE,
                 schema.LINUX, schema.STRAY_RANGE):
        for key in part["properties"]:
            assert re.search(rf"\b{key}:", text), key


def build_limits(text, directory):
    """configs/defconfig, with what the lines '# build: CONFIG_...' of a file change of it."""
    file = directory / ".config"
    config = limits.DEFAULT.read_text()
    for key, value in re.findall(r"^# build: (CONFIG_\w+)=(\d+)$", text, re.M):
        config = re.sub(rf"^{key}=.*$", f"{key}={value}", config, flags=re.M)
    file.write_text(config)
    return limits.load(file)


def named_image(text):
    """A hypervisor image without what the line '# image: without CONFIG_...' of a file says."""
    without = re.findall(r"CONFIG_(\w+)", "".join(re.findall(r"^# image: without (.*)$", text, re.M)))
    return bundle.parse_image("jailhouse.bin", hypervisor_image(without=without)), without


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path, monkeypatch, tmp_path):
    monkeypatch.chdir(HERE / "bad")
    expected = re.findall(r"^# expect: (.*)$", path.read_text(), re.M)
    rule = path.stem.split("--")[0]
    boards = ["boards", "../boards"]
    build = build_limits(path.read_text(), tmp_path)
    image, is_named = named_image(path.read_text())
    with pytest.raises(ConfigError) as error:
        if "\nboot: direct\n" in path.read_text():
            bundle.make(cli.load_direct(path.name, boards, image, "../images", build=build))
        else:
            emit.compile_system(cli.load(path.name, boards, build, image if is_named else None))
    assert str(error.value).splitlines() == expected
    assert expected and all(line.endswith(f" [{rule}]") for line in expected)


def test_every_rule_has_its_bad_file():
    named = {path.stem.split("--")[0] for path in BAD}
    assert named == RULES - CANNOT_BE_A_FILE
    assert {path.stem for path in BAD} >= named


def test_every_rule_has_its_line_in_the_manual():
    lines = subprocess.run([TOOL, "rules"], capture_output=True, text=True, check=True).stdout.splitlines()
    names = RULES | {item.name for item in registry.WARNINGS}
    assert {line.split()[0] for line in lines} == names and len(lines) == len(names)
    assert all(line.endswith(".") and len(line.split()) > 4 for line in lines)


def test_unreadable(tmp_path):
    assert message(tmp_path / "gone.yaml") == (f"{tmp_path}/gone.yaml:1:1: error: cannot be read: No such file or "
                                               "directory; correct its name or permissions [file]")
    assert message(tmp_path) == (f"{tmp_path}:1:1: error: cannot be read: Is a directory; "
                                 "correct its name or permissions [file]")
    assert message("/dev/zero") == (f"/dev/zero:1:1: error: has more than {MAX_FILE_SIZE} bytes; is it the right "
                                    "file? [file]")


@pytest.mark.parametrize("content, text", [
    (b"\xff\xfe", "byte 0 is not UTF-8 text; a YAML file is expected here"),
    (b"a: \x00", "not YAML: special characters are not allowed; correct the syntax here"),
    (b"[" * 100000, "nested more than 16 levels deep; flatten it"),
    (b"a: [" * 2000, "nested more than 16 levels deep; flatten it"),
    (b"%YAML 9.9\n---\n", "not YAML: found incompatible YAML document (version 1.* is required); "
     "correct the syntax here"),
    (b"a: 1\n---\nb: 1\n", "not YAML: but found another document; correct the syntax here"),
], ids=["binary", "control", "brackets", "mappings", "version", "documents"])
def test_hostile_yaml(tmp_path, content, text):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    found = message(path)
    assert found.count("\n") == 0 and found.split(": ", 1)[1] == f"error: {text} [yaml-syntax]"


def test_worked_example_decodes():
    content = read_hex(HERE / "worked-example.hex")
    assert len(content) == 484
    parsed = binary.parse(content)
    cell, regions = parsed.cell, parsed.arrays["memory_regions"]
    assert parsed.system is None and parsed.trailing == b"" and parsed.pack() == content
    assert (cell.signature, cell.architecture, cell.revision, cell.name) == (b"JHCLL", 2, 14, b"inmate-demo")
    assert (cell.id, cell.flags, cell.vpci_irq_base) == (0, abi.CFG_CELL_PASSIVE_COMM_REGION, 112)
    assert (cell.console.address, cell.console.type, cell.console.flags) == (0x09000000, 3, 3)
    assert bytes(parsed.arrays["cpu_set"]) == b"\2" + bytes(7)
    assert [(r.phys_start, r.virt_start, r.size, r.flags) for r in regions] == [
        (0x7faf0000, 0x7faf0000, 0x1000, 0x81), (0x7faf1000, 0x7faf1000, 0x9000, 0x83),
        (0x7fafa000, 0x7fafa000, 0x2000, 0x81), (0x7fafc000, 0x7fafc000, 0x2000, 0x83),
        (0x7fafe000, 0x7fafe000, 0x2000, 0x81), (0x09000000, 0x09000000, 0x1000, 0x93),
        (0x7fa00000, 0, 0x10000, 0x47), (0, 0x80000000, 0x1000, 0x23)]
    chip, = parsed.arrays["irqchips"]
    assert (chip.address, chip.id, chip.pin_base, list(chip.pin_bitmap)) == (0x08000000, 0, 32, [0, 0, 0, 1 << 16])
    device, = parsed.arrays["pci_devices"]
    assert (device.type, device.domain, device.bdf, list(device.bar_mask)) == (3, 1, 0, [0xfffff000, 0, 0, 0, 0, 0])
    assert (device.shmem_regions_start, device.shmem_dev_id, device.shmem_peers, device.shmem_protocol) == (0, 1, 3, 0)


def test_worked_example_compiles(in_config_directory):
    """The same bytes from YAML, except that the compiler fills in the size of the console."""
    files = compile_file("good/worked-example.yaml")
    expected = binary.parse(read_hex(HERE / "worked-example.hex"))
    expected.cell.console.size = 0x1000
    assert files["inmate-demo.cell"] == expected.pack()


def test_worked_example_system_compiles(in_config_directory):
    """The header of the system configuration; the example has other devices and two links."""
    content = compile_file("good/worked-example.yaml")["qemu-arm64.cell"]
    expected = abi.System.from_buffer_copy(read_hex(HERE / "worked-example-system.hex"))
    parsed = binary.parse(content)
    expected.root_cell.num_memory_regions = len(parsed.arrays["memory_regions"])
    expected.root_cell.num_pci_devices = 1
    assert content[:488] == bytes(expected)
    assert bytes(parsed.arrays["cpu_set"]) == b"\xff\xff" + bytes(6)


def test_irqchip_windows(in_config_directory):
    """128 pins per entry from INTID 32 on; the last entry has to end at 1024."""
    system = cli.load("good/worked-example.yaml", BOARDS)
    spis = [0, 127, 128, 867, 895, 896, 987]
    chips = emit._irqchips(system, spis)
    assert [chip.pin_base for chip in chips] == [32, 160, 800, 896]
    assert all(chip.pin_base % 32 == 0 and chip.pin_base + 128 <= 1024 for chip in chips)
    pins = [chip.pin_base + bit for chip in chips for bit in range(128) if chip.pin_bitmap[bit // 32] >> bit % 32 & 1]
    assert pins == [32 + spi for spi in spis]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_properties(path, in_config_directory):
    """What the hypervisor relies on, looked up in the bytes."""
    files = {name: binary.parse(content) for name, content in compile_file(path).items()}
    root, *others = files.values()
    assert root.system and not any(other.system for other in others)
    ram = [r for r in root.arrays["memory_regions"] if r.flags == emit.ROOT_RAM]
    assert all(r.phys_start == r.virt_start for r in root.arrays["memory_regions"] if r.size)
    hypervisor = root.system.hypervisor_memory
    if hypervisor.phys_start:
        for region in root.arrays["memory_regions"]:
            assert region.phys_start + region.size <= hypervisor.phys_start \
                or hypervisor.phys_start + hypervisor.size <= region.phys_start
    for parsed in files.values():
        regions = parsed.arrays["memory_regions"]
        for device in (device for device in parsed.arrays["pci_devices"] if device.type == abi.CFG_PCI_IVSHMEM):
            start, peers = device.shmem_regions_start, device.shmem_peers
            sections = regions[start:start + 2 + peers]
            assert len(sections) == 2 + peers and device.shmem_dev_id < peers
            assert [bool(s.flags & abi.CFG_MEM_WRITE) for s in sections] == [False, True] + [
                peer == device.shmem_dev_id for peer in range(peers)]
            addresses = [s.virt_start for s in sections] + [sections[-1].virt_start + sections[-1].size]
            assert addresses == [sections[0].virt_start + sum(s.size for s in sections[:n])
                                 for n in range(peers + 3)]
            spi = parsed.cell.vpci_irq_base + (device.bdf >> 3) % 4
            assert device.num_msix_vectors or any(chip.pin_base <= 32 + spi < chip.pin_base + 128
                       and chip.pin_bitmap[(32 + spi - chip.pin_base) // 32] >> (32 + spi - chip.pin_base) % 32 & 1
                       for chip in parsed.arrays["irqchips"])
            if parsed is root:
                assert all(regions.index(s) > regions.index(r) for s in sections for r in ram)
    spis = [parsed.cell.vpci_irq_base for parsed in files.values() if parsed.arrays["pci_devices"]]
    assert len(set(spis)) == len(spis)


def test_interrupts_of_links(in_config_directory):
    """MSI-X: BAR 1 and vectors, and no INTx line for the cell; lossy where the link says so; nothing elsewhere."""
    files = {name: binary.parse(content) for name, content in compile_file("good/all-features.yaml").items()}
    for device in [device for parsed in files.values() for device in parsed.arrays["pci_devices"]]:
        assert (device.num_msix_vectors, device.bar_mask[1], device.msi_flags) == (
            (2, 0xfffff000, abi.CFG_SHMEM_LOSSY_STATE) if device.bdf >> 3 == 3 else (0, 0, 0))
    rtos = files["rtos.cell"]
    lines = [32 + rtos.cell.vpci_irq_base + pin for pin in range(4)]
    owned = [chip.pin_base + bit for chip in rtos.arrays["irqchips"] for bit in range(128)
             if chip.pin_bitmap[bit // 32] >> bit % 32 & 1]
    assert [line in owned for line in lines] == [True, True, True, False]


def test_links_agree_between_peers(in_config_directory):
    ends = {}
    for parsed in map(binary.parse, compile_file("good/all-features.yaml").values()):
        for device in parsed.arrays["pci_devices"]:
            start = device.shmem_regions_start
            regions = parsed.arrays["memory_regions"][start:start + 2 + device.shmem_peers]
            sections = [(region.phys_start, region.size) for region in regions]
            ends.setdefault(device.bdf, []).append((device.shmem_dev_id, device.shmem_protocol, sections))
    assert sorted(ends) == [slot << 3 for slot in (0, 1, 2, 3, 5)]
    assert all(a[2] == b[2] and {a[0], b[0]} == {0, 1} for a, b in ends.values())
    protocols = {bdf >> 3: tuple(protocol for _, protocol, _ in sorted(pair)) for bdf, pair in ends.items()}
    assert protocols == {0: (1, 1), 1: (0xc001, 0x8001), 2: (0xc003, 0x8003), 3: (0x4001, 0x4001), 5: (0x8002, 0xc002)}
