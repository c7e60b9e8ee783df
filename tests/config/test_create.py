# SPDX-License-Identifier: BSD-2-Clause
"""Board and system files out of a device tree: QEMU's virt machine, a tree with odd things, a live one, a hostile one."""
import random
import struct
import subprocess
from pathlib import Path

import pytest
import yaml

from bulkhead_config import cli, machine, machine_files, machine_tree, model
from bulkhead_config.source import ConfigError
from bulkhead_config.units import MIB, Range
from conftest import HERE, ROOT

TOOL = ROOT / "tools/bulkhead-config"
ODD = HERE / "devicetree/machine.dts"
QEMU_MEMORY = "1G"
CHANGES = 150


def run(*arguments):
    return subprocess.run([TOOL, "create", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="session")
def qemu_tree(tmp_path_factory):
    """The device tree that QEMU makes; nothing is emulated."""
    directory = tmp_path_factory.mktemp("trees")

    def dump(gic, cpus, memory=QEMU_MEMORY, more=""):
        path = directory / f"{gic}-{cpus}-{memory}{more.replace(',', '-')}.dtb"
        if not path.exists():
            subprocess.run(["qemu-system-aarch64", "-display", "none", "-nic", "none", "-cpu", "cortex-a57", "-smp", str(cpus),
                            "-m", memory, "-machine", f"virt,gic-version={gic},virtualization=on{more},dumpdtb={path}"],
                           check=True, capture_output=True)
        return path
    return dump


@pytest.fixture(scope="session")
def odd_tree(tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "odd.dtb"
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path, ODD], check=True)
    return path


@pytest.mark.parametrize("cpus, memory, more", [
    *((cpus, "1G", "") for cpus in (1, 2, 3, 4, 8, 16)), (4, "4G", ""), (4, "8G", ""), (1, "1G", ",highmem=off"),
    (4, "2G", ",secure=on"), (4, "2G", ",iommu=smmuv3")])
def test_qemu(qemu_tree, tmp_path, cpus, memory, more):
    """What is made is accepted, and has neither fewer nor more than the machine."""
    result = run("-t", qemu_tree(3, cpus, memory, more), "-o", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count(" bytes\n") == 2
    system = tmp_path / "systems/dummy-virt.yaml"
    check = subprocess.run([TOOL, "check", "-Wall", "-Werror", system], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    loaded = cli.load(system, [])
    assert loaded.board.cpus == cpus and len(loaded.cells) == min(cpus, 2) and len(loaded.links) == (cpus > 1)
    assert loaded.board.mpidr == list(range(cpus))
    assert sum(ram.range.size for ram in loaded.board.ram) == int(memory[:-1]) << 30
    assert loaded.hypervisor_console == "pl011" and loaded.board.devices["pl011"].range.start == 0x09000000
    assert [(str(unit), unit.range) for unit in loaded.board.units] == [("the GIC ITS", Range(0x08080000, 0x080a0000))] + (
        [("IOMMU 'smmuv3'", Range(0x09050000, 0x09070000))] if "smmuv3" in more else [])
    parts = [unit.range for unit in loaded.board.units] + [device.range for device in loaded.board.devices.values()]
    assert not any(one.overlaps(other) for number, one in enumerate(parts) for other in parts[:number])


def test_qemu_as_written_by_hand(qemu_tree):
    """The board file of this tree says the same, except for names, the number of SPIs, and places of virtual things."""
    hand = model.load_board(ROOT / "configs/boards/qemu-arm64.yaml")
    made = machine.find(machine_tree.load(qemu_tree(3, 4)))
    assert made.ram == [ram.range for ram in hand.ram] and made.pool == hand.pool
    assert (made.distributor, made.redistributors) == (hand.distributor, hand.redistributors)
    assert made.its == [unit.range for unit in hand.units] and not made.iommus
    assert (made.maintenance, made.timer, made.mpidr, made.domain) == (hand.maintenance, hand.timer, hand.mpidr, hand.domain)
    assert [(device.area, device.spis, device.console, device.type or device.console, device.clock)
            for device in made.devices] == sorted(
        [(device.range, device.spis, device.console, device.type, device.clock) for device in hand.devices.values()],
        key=lambda facts: facts[0])


@pytest.mark.parametrize("cpus", [1, 8])
def test_gicv2_is_refused(qemu_tree, tmp_path, cpus):
    tree = qemu_tree(2, cpus)
    result = run("-t", tree, "-o", tmp_path / "out")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (f"{tree}: has a GICv2 (/intc@8000000), GICv3 is needed; with QEMU use -machine gic-version=3\n")
    assert not (tmp_path / "out").exists()


def test_odd_machine(odd_tree):
    found = machine.find(machine_tree.load(odd_tree))
    assert (found.name, found.mpidr) == ("odd-machine", [0, 0x100])
    assert found.ram == [Range(0x80000000, 0xa0000000), Range(0x800000000, 0x808000000)]
    assert found.redistributors == Range(0x20040000, 0x20080000) and found.maintenance == 24
    assert found.timer == [17, 18, 19, 20] and found.stdout == "serial-2"
    assert [(device.name, device.area, device.spis, device.console, device.clock) for device in found.devices] == [
        ("serial", Range(0x40001000, 0x40002000), [10], "8250", 1843200),
        ("serial-2", Range(0x40002000, 0x40003000), [11], "pl011", 24000000),
        ("serial-3", Range(0x40003000, 0x40004000), [12], None, None),
        ("adc", Range(0x40004000, 0x40005000), [13, 14], None, None),
        ("gpio", Range(0x40005000, 0x40006000), [15], None, None),
        ("timer", Range(0x50000000, 0x50001000), [41], None, None)]
    assert found.left_out == [
        ("/bus@40000000/broken@6000", "the interrupts of /bus@40000000/broken@6000 have 2 cells, which is no multiple of 3; "
         "correct the tree"), ("/bus@40000000/secure@7000", "disabled")]
    # not over the reservations in the middle of the memory, [0x8e000000, 0x90100000)
    assert found.pool == Range.at(0x90200000, 64 * MIB)
    assert not Range.at(found.ecam, MIB).overlaps(Range(0x20000000, 0x20080000)) and found.lines == range(16, 40)	# not 40: see secure@7000


def test_odd_machine_is_accepted(odd_tree, tmp_path):
    result = run("-t", odd_tree, "-o", tmp_path, "-n", "mine", "--spis", "128")
    assert (result.returncode, result.stderr) == (0, "")
    system = cli.load(tmp_path / "systems/mine.yaml", [])
    assert system.board.mpidr == [0, 0x100] and system.board.timer == [17, 18, 19, 20] and system.board.spis == 128
    assert system.board.pci_spis == range(42, 128)
    assert "# left out: /bus@40000000/secure@7000 (disabled)\n" in (tmp_path / "boards/mine.yaml").read_text()


def live_tree(place, node):
    place.mkdir()
    for name, content in node.properties.items():
        (place / name).write_bytes(content)
    if node.parent:
        (place / "name").write_bytes(node.name.split("@")[0].encode() + b"\0")	# as Linux has it
    for child in node.children:
        live_tree(place / child.name, child)


def test_live_tree(qemu_tree, tmp_path):
    """A directory like /proc/device-tree says the same as the blob."""
    blob = qemu_tree(3, 4)
    live_tree(tmp_path / "device-tree", machine_tree.load(blob).root)
    from_blob, from_directory = (machine.find(machine_tree.load(place)) for place in (blob, tmp_path / "device-tree"))
    assert from_directory == from_blob
    result = run("-t", tmp_path / "device-tree", "-o", tmp_path / "out")
    assert (result.returncode, result.stderr) == (0, "")


IOMEM = """\
09000000-09000fff : pl011@9000000
  09000000-09000fff : 9000000.pl011 pl011@9000000
40000000-7c3fffff : System RAM
  40210000-41aeffff : Kernel code
  41af0000-41efffff : reserved
  5e000000-60ffffff : reserved
  72000000-73ffffff : Crash kernel (low)
7c400000-7fffffff : System RAM
4010000000-401fffffff : PCI ECAM
"""


def test_memory_of_a_running_linux(qemu_tree, tmp_path):
    """Where EFI describes the memory, the tree has none."""
    tree = machine_tree.load(qemu_tree(3, 4))
    tree.root.children = [node for node in tree.root.children if not node.name.startswith("memory@")]
    with pytest.raises(machine_tree.TreeError, match="says nothing about memory; give the /proc/iomem"):
        machine.find(tree)
    found = machine.find(tree, seen=machine.iomem(IOMEM))
    assert found.ram == [Range(0x40000000, 0x80000000)]
    assert found.pool == Range.at(0x61000000, 64 * MIB)		# behind what Linux keeps in the middle
    with pytest.raises(machine_tree.TreeError, match="read /proc/iomem as root"):
        machine.iomem("00000000-00000000 : System RAM\n")


def test_files_are_not_overwritten(odd_tree, tmp_path):
    assert run("-t", odd_tree, "-o", tmp_path).returncode == 0
    board = tmp_path / "boards/odd-machine.yaml"
    board.write_text("mine\n")
    result = run("-t", odd_tree, "-o", tmp_path)
    assert (result.returncode, result.stderr) == (1, f"{board}: is there already; use another --name or directory, or --force "
                                                     "to replace it\n")
    assert board.read_text() == "mine\n"
    assert run("-t", odd_tree, "-o", tmp_path, "--force").returncode == 0 and board.read_text() != "mine\n"


@pytest.mark.parametrize("arguments, text", [
    (["-n", "1x"], "'1x' cannot be the name of a board"), (["-n", "../x"], "cannot be the name of a board"),
    (["--spis", "0"], "'0' is no number of SPIs; use 1 to 988"), ([], "required: -o")])
def test_wrong_usage(odd_tree, arguments, text):
    result = run("-t", odd_tree, *arguments, *(["-o", "/nonexistent/x"] if arguments else []))
    assert result.returncode == 2 and text in result.stderr


def test_files_of_a_board_that_is_refused_are_there_to_be_corrected(odd_tree, tmp_path):
    """Fewer SPIs than the tree names."""
    result = run("-t", odd_tree, "-o", tmp_path / "out", "--spis", "40")
    board, system = (tmp_path / f"out/{kind}/odd-machine.yaml" for kind in ("boards", "systems"))
    assert (result.returncode, result.stdout) == (1, "".join(f"{path}: {path.stat().st_size} bytes\n" for path in (board, system)))
    *problems, last = result.stderr.splitlines()
    assert last == f"{system}: is to be corrected, or its board, as said above; then use 'check'"
    assert problems and all(line.endswith(" [board-spi]") for line in problems)
    for line in problems:
        file, number, rest = line.split(":", 2)
        assert Path(file).resolve() == board and "spis: [41]" in board.read_text().splitlines()[int(number) - 1], rest
    board.write_text(board.read_text().replace("  spis: 40\n", "  spis: 64\n"))
    assert subprocess.run([TOOL, "check", system], capture_output=True).returncode == 0


def its_tree(places, device):
    """A machine with ITS nodes at places that have one frame, and a device of 4 KiB."""
    nodes = "".join(f'msi@{at:x} {{ compatible = "arm,gic-v3-its"; reg = <{at:#x} {size:#x}>; }};' for at, size in places)
    return f"""/dts-v1/; / {{
        compatible = "example,its"; #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
        cpus {{ #address-cells = <1>; #size-cells = <0>;
            cpu@0 {{ device_type = "cpu"; reg = <0>; }}; cpu@1 {{ device_type = "cpu"; reg = <1>; }}; }};
        memory@80000000 {{ device_type = "memory"; reg = <0x80000000 0x10000000>; }};
        gic: interrupt-controller@1800000 {{
            compatible = "arm,gic-v3"; interrupt-controller; #interrupt-cells = <3>;
            #address-cells = <1>; #size-cells = <1>; ranges;
            reg = <0x1800000 0x10000>, <0x1880000 0x40000>; interrupts = <1 9 4>;
            {nodes}
        }};
        rtc@{device:x} {{ compatible = "example,rtc"; reg = <{device:#x} 0x1000>; interrupts = <0 5 4>; }};
        pmu {{ compatible = "arm,cortex-a53-pmu"; interrupts = <0 20 4>, <0 21 4>; }};
    }};"""


@pytest.fixture
def tree_of(tmp_path):
    def compiled(text):
        path = tmp_path / "made.dtb"
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path], input=text, text=True, check=True)
        return path
    return compiled


REST_OF_ITS = "# The tree gives an ITS less than its two frames"


@pytest.mark.parametrize("places, widened", [
    ([(0x1820000, 0x10000)], [128]), ([(0x1820000, 0x20000)], [128]), ([(0x1820000, 0x10000), (0x1840000, 0x10000)], [128, 128])])
def test_its_of_one_frame(tree_of, tmp_path, places, widened):
    """As the trees of TI's K3 have it."""
    result = run("-t", tree_of(its_tree(places, 0x3000000)), "-o", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    text = (tmp_path / "boards/its.yaml").read_text()
    assert (REST_OF_ITS in text) == any(size == 0x10000 for _, size in places)
    units = cli.load(tmp_path / "systems/its.yaml", []).board.units
    assert [unit.range for unit in units] == [Range.at(at, size << 10) for (at, _), size in zip(places, widened)]


@pytest.mark.parametrize("places, device", [
    ([(0x1820000, 0x10000)], 0x183f000), ([(0x1870000, 0x10000)], 0x3000000),
    ([(0x1820000, 0x10000), (0x1830000, 0x20000)], 0x3000000)], ids=["device", "redistributors", "its"])
def test_its_of_one_frame_with_something_behind_it(tree_of, tmp_path, places, device):
    """It stays as the tree has it, for who knows what is right."""
    result = run("-t", tree_of(its_tree(places, device)), "-o", tmp_path)
    assert result.returncode == 1 and "the GIC ITS cannot be [" in result.stderr
    assert "size: 64 KiB }" in (tmp_path / "boards/its.yaml").read_text()
    assert REST_OF_ITS not in (tmp_path / "boards/its.yaml").read_text()


def test_spis_of_what_has_no_registers_are_not_free(tree_of):
    """Those of the performance monitor."""
    found = machine.find(machine_tree.load(tree_of(its_tree([], 0x3000000))), spis=32)
    assert found.lines == range(6, 20)


BUS = """/dts-v1/; / {
    compatible = "example,bus"; #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
    cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; reg = <0>; }; };
    memory@80000000 { device_type = "memory"; reg = <0x80000000 0x10000000>; };
    gic: interrupt-controller@38800000 {
        compatible = "arm,gic-v3"; interrupt-controller; #interrupt-cells = <3>;
        reg = <0x38800000 0x10000>, <0x38880000 0x20000>; interrupts = <1 9 4>;
    };
    bus@30000000 {
        compatible = "fsl,aips-bus", "simple-bus"; reg = <0x30000000 0x400000>;
        #address-cells = <1>; #size-cells = <1>; ranges;
        spba-bus@30000000 {
            compatible = "fsl,spba-bus", "simple-bus"; reg = <0x30000000 0x100000>;
            #address-cells = <1>; #size-cells = <1>; ranges;
            serial@30020000 { compatible = "arm,pl011"; reg = <0x30020000 0x1000>; interrupts = <0 26 4>; };
            sai@30030000 { compatible = "example,sai"; reg = <0x30030000 0x1000>; interrupts = <0 50 4>; status = "disabled"; };
        };
        timer@30200000 { compatible = "example,timer"; reg = <0x30200000 0x1000>; interrupts = <0 47 4>; };
        crypto@30300000 {
            compatible = "fsl,sec-v4.0"; reg = <0x30300000 0x40000>; interrupts = <0 91 4>;
            #address-cells = <1>; #size-cells = <1>; ranges = <0 0x30300000 0x40000>;
            jr@1000 { compatible = "fsl,sec-v4.0-job-ring"; reg = <0x1000 0x1000>; interrupts = <0 105 4>; };
            jr@2000 { compatible = "fsl,sec-v4.0-job-ring"; reg = <0x2000 0x1000>; interrupts = <0 106 4>; };
        };
    };
    /* a bus that has registers beside what is on it, and one that says nothing of what is on it */
    fss@47000000 {
        compatible = "simple-bus"; reg = <0x47000000 0x1000>; #address-cells = <1>; #size-cells = <1>; ranges;
        spi@47040000 { compatible = "example,spi"; reg = <0x47040000 0x1000>; interrupts = <0 30 4>; };
    };
    bus@50000000 { compatible = "example,bus", "simple-bus"; reg = <0x50000000 0x10000>; };
};"""


def test_what_is_on_a_bus_are_its_devices(tree_of, tmp_path):
    """Also where the bus has a property 'reg', as the trees of NXP's i.MX8 have it. A device with parts stays one."""
    path = tree_of(BUS)
    found = machine.find(machine_tree.load(path))
    assert [(device.name, device.area, device.spis, device.console) for device in found.devices] == [
        ("serial", Range.at(0x30020000, 0x1000), [26], "pl011"), ("timer", Range.at(0x30200000, 0x1000), [47], None),
        ("crypto", Range.at(0x30300000, 0x40000), [91, 105, 106], None), ("fss", Range.at(0x47000000, 0x1000), [], None),
        ("spi", Range.at(0x47040000, 0x1000), [30], None), ("bus", Range.at(0x50000000, 0x10000), [], None)]
    assert found.stdout == "serial"
    assert found.left_out == [("/bus@30000000/spba-bus@30000000/sai@30030000", "disabled")]
    cell = machine.hardware(machine_tree.load(path))
    assert Range.at(0x30000000, 0x400000) not in [device.area for device in cell.devices]
    assert run("-t", path, "-o", tmp_path).returncode == 0


def test_virtual_pci_host_is_not_on_a_bus(tree_of):
    """Whatever the tree leaves out there."""
    large = BUS.replace("reg = <0x30000000 0x400000>", "reg = <0x90000000 0x70000000>, <0x30000000 0x400000>").replace(
        "timer@30200000", "other@90000000 { compatible = \"example,other\"; reg = <0x90000000 0x1000>; };\n\t\ttimer@30200000")
    found = machine.find(machine_tree.load(tree_of(large)))
    assert Range.at(0x90000000, 0x1000) in [device.area for device in found.devices] and found.ecam < 0x80000000


@pytest.mark.parametrize("content, text", [
    (b"", "is no device tree"), (b"#!/bin/sh\n" * 10, "is no device tree"),
    (struct.pack(">II", 0xd00dfeed, 0x1000) + bytes(40), "has 48 bytes, its header says 4096; copy it again"),
    (struct.pack(">II", 0xd00dfeed, 48) + bytes(40), "is damaged"),
], ids=["empty", "text", "cut", "header"])
def test_no_tree(tmp_path, content, text):
    path = tmp_path / "x.dtb"
    path.write_bytes(content)
    result = run("-t", path, "-o", tmp_path / "out")
    assert (result.returncode, result.stdout) == (1, "") and result.stderr.startswith(f"{path}: {text}")


def test_missing_tree(tmp_path):
    result = run("-t", tmp_path / "gone", "-o", tmp_path / "out")
    assert (result.returncode, result.stderr) == (1, f"bulkhead-config: {tmp_path}/gone: No such file or directory\n")


def test_nothing_makes_it_fall_over(odd_tree, qemu_tree, tmp_path):
    """Trees with changed bytes are read, or refused in so many words; what is read makes files, or problems of them."""
    choose, refused, read = random.Random(1), 0, 0
    (tmp_path / "boards").mkdir()
    (tmp_path / "systems").mkdir()
    for source in (odd_tree.read_bytes(), qemu_tree(3, 4).read_bytes()):
        size = struct.unpack_from(">I", source, 4)[0]
        for _ in range(CHANGES):
            content = bytearray(source[:size])
            for _ in range(choose.choice((1, 3, 20))):
                content[choose.randrange(size)] = choose.choice((0, 1, 4, 0x7f, 0x80, 0xff, choose.randrange(256)))
            path = tmp_path / "x.dtb"
            path.write_bytes(content)
            try:
                found = machine.find(machine_tree.load(path), "x")
                (tmp_path / "boards/x.yaml").write_text(machine_files.board(found, "x"))
                (tmp_path / "systems/x.yaml").write_text(machine_files.system(found))
                yaml.safe_load((tmp_path / "boards/x.yaml").read_text())
                read += 1
                cli.load(tmp_path / "systems/x.yaml", [])
            except (machine_tree.TreeError, ConfigError) as error:
                refused += 1
                assert str(error)
    assert refused > 20 and read > 20
