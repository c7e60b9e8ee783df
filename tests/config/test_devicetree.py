# SPDX-License-Identifier: BSD-2-Clause
"""Device trees of a Linux that is the root cell in direct boot."""
import subprocess

import pytest

from bulkhead_config import bundle, cli, devicetree
from conftest import HERE, ROOT, hypervisor_image

TOOL = ROOT / "tools/bulkhead-config"
GOOD = HERE / "good/direct-linux.yaml"
EXPECTED = HERE / "devicetree/direct-linux.dts"
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


def property_of(system, path, name):
    """A text, or None."""
    result = subprocess.run(["fdtget", "-t", "s", "/dev/stdin", path, name], input=devicetree.blob(system), capture_output=True,
                            check=False)
    return result.stdout.decode().rstrip("\n") if result.returncode == 0 else None


def test_expected(request):
    text = devicetree.source(load())
    if request.config.getoption("--update-good"):
        EXPECTED.parent.mkdir(exist_ok=True)
        EXPECTED.write_text("// SPDX-License-Identifier: BSD-2-Clause\n" + text)
    assert text == EXPECTED.read_text().split("\n", 1)[1], "if that is intended: pytest tests/config --update-good"


def test_same_input_same_bytes():
    assert devicetree.blob(load()) == devicetree.blob(load())


def test_it_is_an_image_of_the_bundle():
    system = load()
    linux = system.root.linux
    assert linux.tree.content == devicetree.blob(system)
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
    assert "serial@" not in devicetree.source(system)


def test_no_virtual_pci_host_without_links(tmp_path):
    text = GOOD.read_text()
    system = changed(tmp_path, (text[text.index("links:"):], ""))
    assert "pci" not in devicetree.source(system)


def test_memory_is_nobody_elses():
    system = load()
    parts = devicetree.root_memory(system)
    for owner in [region for cell in system.cells for region in cell.regions] + system.links:
        assert not any(part.overlaps(owner.host_range) for part in parts)
    assert not any(part.overlaps(system.hypervisor_range) for part in parts)
    taken = sum(owner.size for cell in system.cells for owner in cell.regions) + sum(link.size for link in system.links)
    assert sum(part.size for part in parts) == (128 + 256 - 16 << 20) - taken


def test_cpus_of_the_bundle_are_missing():
    assert devicetree.root_cpus(load()) == [1, 2, 3]


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
    assert (tmp_path / "out.dts").read_text() == devicetree.source(load())
    assert {path.name for path in (tmp_path / "cells").iterdir()} == {"rtos.cell", "later.cell"}


def test_command_has_no_tree_without_linux(tmp_path):
    result = command(tmp_path, HERE / "good/direct.yaml", "--tree", tmp_path / "out.dts")
    assert result.returncode == 1 and not (tmp_path / "out.dts").exists()
    assert result.stderr.strip().endswith("has no device tree; --tree is for a root cell with 'linux'")


def test_command_without_dtc(tmp_path):
    result = command(tmp_path, GOOD, env={"PATH": "/nowhere"})
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "device tree: dtc cannot be started" in result.stderr
