# SPDX-License-Identifier: BSD-2-Clause
"""Device trees of Linux cells: the root cell in direct boot, and others."""
import subprocess

import pytest

from bulkhead_config import bundle, cli, devicetree, guest_of_system
from bulkhead_config.units import Range
from conftest import HERE, ROOT, hypervisor_image

TOOL = ROOT / "tools/bulkhead-config"
GOOD = HERE / "good/direct-linux.yaml"
LATER = HERE / "good/linux-cells.yaml"
EXPECTED = HERE / "devicetree"
HYPERVISOR = bundle.parse_hypervisor("jailhouse.bin", hypervisor_image())


def load(path=GOOD, boards=HERE / "boards"):
    return cli.load_direct(path, [boards], HYPERVISOR, HERE / "images")


def changed(tmp_path, *changes):
    text = GOOD.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.yaml"
    path.write_text(text)
    return load(path)


def source(system, cell=None):
    return devicetree.source(guest_of_system.guest(system, cell or system.root))


def blob(system, cell=None):
    return devicetree.compile_source(source(system, cell))


def property_of(system, path, name):
    """A text, or None."""
    result = subprocess.run(["fdtget", "-t", "s", "/dev/stdin", path, name], input=blob(system), capture_output=True,
                            check=False)
    return result.stdout.decode().rstrip("\n") if result.returncode == 0 else None


def as_expected(name, text, request):
    path = EXPECTED / f"{name}.dts"
    if request.config.getoption("--update-good"):
        path.write_text("// SPDX-License-Identifier: BSD-2-Clause\n" + text)
    assert text == path.read_text().split("\n", 1)[1], "if that is intended: pytest tests/config --update-good"


def test_expected(request):
    as_expected("direct-linux", source(load()), request)


@pytest.mark.parametrize("name", ["second", "third"])
def test_expected_of_others(name, request):
    system = cli.load(LATER, [HERE / "boards"])
    as_expected(f"linux-cells-{name}", source(system, system.cell(name)), request)


def test_same_input_same_bytes():
    assert blob(load()) == blob(load())


def test_it_is_an_image_of_the_bundle():
    system = load()
    linux = system.root.linux
    assert linux.tree.content == blob(system)
    assert [image.name for image in system.root.images] == ["kernel", "tree", "linux.dtb"]
    assert system.root.entry == linux.kernel.at and system.root.argument == linux.tree.at
    content = bundle.make(system)
    layout = bundle.Layout(system)
    part = layout.images[False, True, "linux.dtb"]
    assert content[part.offset:part.offset + len(part.content)] == linux.tree.content


def test_places():
    """The largest piece that is left; the kernel at its offset from 2 MiB, all of its memory free."""
    linux = load().root.linux
    assert linux.kernel.at == 0x880200000 + 0x80000		# rtos has the first 64 KiB
    assert linux.initrd.at == linux.kernel.at + 0x200000
    assert linux.tree.at == linux.initrd.at + 0x1000


def test_without_initrd(tmp_path):
    system = changed(tmp_path, ("      initrd: tree\n", ""))
    assert property_of(system, "/chosen", "linux,initrd-start") is None
    assert system.root.linux.tree.at == system.root.linux.kernel.at + 0x200000


def test_command_line_is_quoted():
    assert property_of(load(), "/chosen", "bootargs") == 'say="a\\b" quiet'


def test_command_line_may_be_missing(tmp_path):
    system = changed(tmp_path, ('      command-line: say="a\\b" quiet\n', ""))
    assert property_of(system, "/chosen", "bootargs") == ""


def test_console_of_the_hypervisor_is_the_first(tmp_path):
    assert property_of(load(), "/chosen", "stdout-path") == "/serial@9001000"
    system = changed(tmp_path, ("console: uart1", "console: uart0"))
    assert property_of(system, "/chosen", "stdout-path") == "/serial@9000000"


def test_no_console(tmp_path):
    system = changed(tmp_path, ("  console: uart1\n", ""), ("devices: [uart2]", "devices: [uart0, uart1, uart2]"))
    assert property_of(system, "/chosen", "stdout-path") is None
    assert "serial@" not in source(system)


def test_no_virtual_pci_host_without_links(tmp_path):
    text = GOOD.read_text()
    system = changed(tmp_path, (text[text.index("links:"):], ""))
    assert "pci" not in source(system)


def test_memory_is_nobody_elses():
    system = load()
    parts = guest_of_system.root_memory(system)
    for owner in [region for cell in system.cells for region in cell.regions] + system.links:
        assert not any(part.overlaps(owner.host_range) for part in parts)
    assert not any(part.overlaps(system.hypervisor_range) for part in parts)
    taken = sum(owner.size for cell in system.cells for owner in cell.regions) + sum(link.size for link in system.links)
    assert sum(part.size for part in parts) == (128 + 256 - 16 << 20) - taken


def test_cpus_of_the_bundle_are_missing():
    assert guest_of_system.cpus(load(), load().root) == [1, 2, 3]


def test_dtc_complains(monkeypatch):
    with pytest.raises(devicetree.DeviceTreeError, match="unit_address_vs_reg"):
        devicetree.compile_source("/dts-v1/; / { x { reg = <1>; }; };")
    with pytest.raises(devicetree.DeviceTreeError, match="syntax error"):
        devicetree.compile_source("/dts-v1/; / { x }")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(devicetree.DeviceTreeError, match="install device-tree-compiler"):
        devicetree.compile_source("/dts-v1/; / { };")


def command(tmp_path, system, *more, env=None):
    (tmp_path / "jailhouse.bin").write_bytes(hypervisor_image())
    return subprocess.run([TOOL, "bundle", system, "-B", HERE / "boards", "--image", tmp_path / "jailhouse.bin", "--files",
                           HERE / "good", "--files", HERE / "images", "-o", tmp_path / "out.bundle", *more],
                          capture_output=True, text=True, timeout=60, check=False, env=env)


def test_command_writes_tree_and_cells(tmp_path):
    result = command(tmp_path, GOOD, "--tree", tmp_path / "out.dts", "--cells", tmp_path / "cells")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.dts").read_text() == source(load())
    assert {path.name for path in (tmp_path / "cells").iterdir()} == {"rtos.cell", "later.cell"}


def test_two_outputs_have_two_names(tmp_path):
    """One would be lost; and all that is written comes at once."""
    result = command(tmp_path, GOOD, "--cells", tmp_path / "cells", "--tree", f"{tmp_path}/cells/../out.bundle")
    assert result.returncode == 1 and result.stderr.splitlines()[-1] == (
        f"bulkhead-config: {tmp_path}/out.bundle: is to be written twice; choose different names")
    (tmp_path / "out.dts").mkdir()
    result = command(tmp_path, GOOD, "--cells", tmp_path / "cells", "--tree", tmp_path / "out.dts")
    assert result.returncode == 1 and {path.name for path in tmp_path.iterdir()} == {"jailhouse.bin", "out.dts"}


def test_command_has_no_tree_without_linux(tmp_path):
    result = command(tmp_path, HERE / "good/direct.yaml", "--tree", tmp_path / "out.dts")
    assert result.returncode == 1 and not (tmp_path / "out.dts").exists()
    assert result.stderr.strip().endswith("has no device tree; --tree is for a root cell with 'linux'")


def test_command_without_dtc(tmp_path):
    result = command(tmp_path, GOOD, env={"PATH": "/nowhere"})
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "device tree: dtc cannot be started" in result.stderr


# --- cells that are not the root cell

OTHER = """    memory:
      ram: { at: 0x0, size: 64 KiB, host: 0x880000000 }
    devices: [uart2]
    images: [{ file: demo }]
"""
OTHER_LINUX = """    memory:
      small: { at: 0x0, size: 64 KiB, host: 0x880000000 }
      ram: { at: 0x50001000, size: 8 MiB, host: 0x881001000 }
    linux: { kernel: kernel, initrd: tree, command-line: quiet }
"""


def test_other_cell_in_a_bundle(tmp_path):
    system = changed(tmp_path, (OTHER, OTHER_LINUX), ("    cpus: [2]\n", "    cpus: [2]\n    devices: [uart2]\n"))
    cell = system.cell("rtos")
    linux = cell.linux
    assert linux.kernel.at == 0x50280000 and linux.initrd.at == 0x50480000
    assert cell.entry == linux.kernel.at and cell.argument == linux.tree.at == linux.initrd.at + 0x1000
    assert linux.tree.content == blob(system, cell)
    images = bundle.Layout(system).images
    assert {key[2] for key in images} == {"kernel", "tree", "rtos.dtb", "linux.dtb"}


def test_dtc_accepts_what_compile_writes(tmp_path):
    run = subprocess.run([TOOL, "compile", LATER, "-B", HERE / "boards", "-o", tmp_path], capture_output=True, text=True,
                         check=False)
    assert (run.returncode, run.stderr) == (0, "")		# no warning, either
    assert {path.name for path in tmp_path.iterdir()} == {
        "linux.cell", "linux.dtsi", "second.cell", "second.dtb", "third.cell", "third.dtb"}
    assert (tmp_path / "third.dtb").read_bytes()[:4] == bytes.fromhex("d00dfeed")


def test_cells_of_a_root_linux_get_their_tree(tmp_path):
    text = GOOD.read_text().replace("      ram: { at: 0x0, size: 64 KiB }\n",
                                    "      ram: { at: 0x0, size: 4 MiB }\n    linux: {}\n")
    path = tmp_path / "system.yaml"
    path.write_text(text)
    result = command(tmp_path, path, "--files", HERE / "images", "--cells", tmp_path / "cells")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / "cells").iterdir()} == {"rtos.cell", "later.cell", "later.dtb"}


@pytest.mark.parametrize("ecam, devices, taken, expected", [
    (0x0f000000, 1, [], (0x0f100000, 0x0f200000)),
    (0x0f000000, 9, [], (0x0f100000, 0x0f300000)),
    (0x0f000000, 1, [(0x0f1ff000, 0x0f200000)], (0xfff00000, 0x100000000)),
    (0x0f000000, 1, [(0x0f100000, 0xf0080000), (0xf0280000, 0x200000000)], (0xf0100000, 0xf0200000)),
    (0x4010000000, 1, [], (0xfff00000, 0x100000000)),
    (0x0f000000, 1, [(0x0, 0x100000000)], None),
])
def test_window_for_bars(ecam, devices, taken, expected):
    """Behind the configuration window, else as high as possible below 4 GiB."""
    window = devicetree.bar_window(ecam, devices, [Range(*area) for area in taken])
    assert window == (expected and Range(*expected))


def test_virtual_pci_host_is_that_of_the_binaries(tmp_path):
    """The low-level form moves it, and has devices that no link has."""
    text = LATER.read_text().replace("hypervisor:\n", "records: { pci_mmconfig_base: 0x0e000000 }\nhypervisor:\n", 1)
    assert "    entry: 0x10400000\n" in text
    text = text.replace("    entry: 0x10400000\n", "    entry: 0x10400000\n    records:\n      header: { vpci_irq_base: 60 }\n"
                        "      memory_regions:\n"
                        "      - { phys_start: 0x88b000000, virt_start: 0x88b000000, size: 0x1000, flags: [READ, ROOTSHARED] }\n"
                        "      - { virt_start: 0x88b001000 }\n      - { virt_start: 0x88b001000 }\n"
                        "      pci_devices: [{ type: 3, domain: 1, bdf: 0x78, shmem_peers: 1, num_msix_vectors: 0 }]\n")
    text = text.split("  two:")[0]
    (tmp_path / "later.yaml").write_text(text)
    system = cli.load(tmp_path / "later.yaml", [HERE / "boards"])
    for name, first in ("second", system.cell("second").lines), ("third", 60):
        tree = source(system, system.cell(name))
        assert "pci@e000000 {" in tree and "reg = <0 0xe000000 0 0x100000>;" in tree
        assert f"interrupt-map = <0 0 0 1 &gic 0 {first} 1>" in tree
