# SPDX-License-Identifier: BSD-2-Clause
"""'jailhouse cell linux': what reaches the driver, where images go, which trees Linux gets, and what is refused."""
import errno
import gzip
import os
import struct
import subprocess
import sys

import pytest

from conftest import NOT_LOADED, ROOT, Request

sys.path.insert(0, str(ROOT / "tools"))
from bulkhead_config import abi, binary, cell_linux, guest_of_binary, machine_tree  # noqa: E402

CREATE, LOAD, START = abi.BH_IOC_CELL_CREATE, abi.BH_IOC_CELL_LOAD, abi.BH_IOC_CELL_START
KIB, MIB = 1 << 10, 1 << 20
RAM = guest_of_binary.RAM | abi.CFG_MEM_LOADABLE
UART = abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_IO
SHARED = abi.CFG_MEM_ROOTSHARED
ECAM = 0x0f000000
MACHINE = ROOT / "tests/config/devicetree/machine.dts"
PROGRAM = ("import sys; sys.path.insert(0, {tools!r}); from bulkhead_config import cell_linux; "
           "cell_linux.DEVICE, cell_linux.SYSFS = 'dev/jailhouse', 'sys'; cell_linux.main('loader.bin')")
LOADER = b"the loader"


def kernel(size=0x1800, in_memory=0x3000, offset=0):
    return struct.pack("<QQQ", 0x14000000, offset, in_memory) + bytes(32) + b"ARM\x64" + bytes(4) + bytes(size - 64)


def configuration(regions=((0, 0, 64 * MIB, RAM),), cpus=2, links=0, pins=(), **header):
    """Regions are (host, guest, size, flags). links: ivshmem devices of two peers, sections behind the regions."""
    found = {"signature": b"JHCLL", "architecture": 2, "revision": 14, "name": b"second", "cpu_set_size": 8, "vpci_irq_base": 40,
             **header}
    memory = [abi.Memory(*region) for region in regions]
    devices = []
    for slot in range(links):
        devices.append(abi.PciDevice(type=abi.CFG_PCI_IVSHMEM, domain=1, bdf=slot << 3, shmem_regions_start=len(memory),
                                     shmem_peers=2))
        memory += [abi.Memory(0x50000000 + n * 4096, 0x50000000 + n * 4096, 4096, abi.CFG_MEM_READ | SHARED) for n in range(4)]
    chips = [abi.Irqchip(address=0x08000000, pin_base=32 + 128 * n) for n in range(2)]
    for pin in pins:
        chips[(pin - 32) // 128].pin_bitmap[(pin - 32) % 128 // 32] |= 1 << pin % 32
    parts = {"cpu_set": list(cpus.to_bytes(8, "little")), "memory_regions": memory, "irqchips": chips, "pci_devices": devices}
    arrays = {name: parts.get(name, []) for name, _, _ in abi.ARRAYS}
    return binary.Binary(None, abi.Cell(**found), arrays, b"").pack()


def system_configuration(**header):
    system = abi.System(signature=b"JHSYS", architecture=2, revision=14, pci_mmconfig_base=ECAM, pci_domain=1, **header)
    return binary.Binary(system, system.root_cell, {name: [] for name, _, _ in abi.ARRAYS}, b"").pack()


def dtb(text):
    return subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=text.encode(), capture_output=True, check=True).stdout


OWN_TREE = dtb('/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "mine"; chosen { bootargs = "quiet"; '
               'linux,initrd-start = <0 1>; linux,initrd-end = <0 2>; }; };')


class Command:
    def __init__(self, box):
        self.box = box
        box.file("loader.bin", LOADER)
        self.cell = box.file("second.cell", configuration())
        self.kernel = box.file("Image", kernel())
        self.initrd = box.file("initrd", b"initrd" * 1000)
        self.tree = box.file("own.dtb", OWN_TREE)
        self.machine = box.file("machine.dtb", dtb(MACHINE.read_text()))
        self.system = box.file("system.cell", system_configuration())

    def run(self, *arguments, arch=("-a", "arm64"), env=None):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "LD_PRELOAD": str(self.box.shim),
                       "SHIM_LOG": str(self.box.path / "log"), **(env or {})}
        return subprocess.run([sys.executable, "-c", PROGRAM.format(tools=str(ROOT / "tools")), *arch, *map(str, arguments)],
                              cwd=self.box.path, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def done(self, *arguments, **more):
        result = self.run(*arguments, **more)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    def fails(self, *arguments, **more):
        """Its only line; nothing has reached the driver."""
        result = self.run(*arguments, **more)
        assert (result.returncode, result.stdout) == (1, "") and result.stderr.count("\n") == 1, result
        assert not self.requests()
        return result.stderr.strip()

    def requests(self):
        """Those of the driver: Python itself makes others."""
        log = self.box.path / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [request for request in map(Request, lines) if request.number in (CREATE, LOAD, START)]

    def images(self):
        """address: content of what was loaded, in order"""
        return dict(image for request in self.requests() if request.number == LOAD for image in request.images)

    def generated(self, *arguments):
        """The tree that is made, parsed."""
        self.done(self.cell, self.kernel, "-t", self.machine, "-w", "out.dtb", *arguments)
        return machine_tree.Tree((self.box.path / "out.dtb").read_bytes())


@pytest.fixture
def linux(box):
    return Command(box)


def memory(tree):
    node = next(node for node in tree.root.children if node.name.split("@")[0] == "memory")
    assert node.texts("device_type") == ["memory"]
    return node.cells("reg")


# --- towards the driver

def test_requests(linux):
    assert linux.done(linux.cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd) == ""
    requests = linux.requests()
    assert [request.number for request in requests] == [CREATE, LOAD, LOAD, LOAD, LOAD, LOAD, START]
    assert requests[0].blobs[1] == configuration()
    assert all(len(request.images) == 1 for request in requests[1:-1])
    assert {request.cell for request in requests[1:]} == {(-1, "second")}
    images = linux.images()
    assert list(images) == [0, 0x1000, 0x200000, 0x2000, 0x200000 + 0x2000 + 0x1800 + 0x800]
    assert images[0] == LOADER and images[0x1000] == b"kernel=0x200000 dtb=0x2000\0"
    assert images[0x200000] == kernel() and images[0x204000] == b"initrd" * 1000


def test_existing_cell_is_used(linux):
    fail = {"SHIM_FAIL": f"{CREATE}:{errno.EEXIST}:a cell has this name"}
    linux.done(linux.cell, linux.kernel, "-d", linux.tree, env=fail)
    assert [request.number for request in linux.requests()] == [CREATE, LOAD, LOAD, LOAD, LOAD, START]


@pytest.mark.parametrize("number, name, left", [(CREATE, "CREATE", 1), (LOAD, "LOAD", 2), (START, "START", 6)])
@pytest.mark.parametrize("text", [":CPU 2 is not\nthe root cell's", ""])
def test_driver_refuses(linux, number, name, left, text):
    result = linux.run(linux.cell, linux.kernel, "-d", linux.tree, env={"SHIM_FAIL": f"{number}:{errno.EINVAL}{text}"})
    assert (result.returncode, result.stdout) == (1, "")
    reason = text.replace("\n", "?").replace(":", ": ", 1)
    assert result.stderr == f"JAILHOUSE_CELL_{name}: Invalid argument{reason}\n"
    assert len(linux.requests()) == left


def test_no_device(linux):
    """It says what the command says for others."""
    assert cell_linux.SYSFS == "/sys/devices/jailhouse"
    linux.box.device.unlink()
    message = "opening dev/jailhouse: No such file or directory"
    assert linux.fails(linux.cell, linux.kernel, "-d", linux.tree) == f"{message}: {NOT_LOADED}"
    (linux.box.path / "sys").mkdir()
    assert linux.fails(linux.cell, linux.kernel, "-d", linux.tree) == message


def test_no_loader(linux):
    (linux.box.path / "loader.bin").unlink()
    assert linux.fails(linux.cell, linux.kernel, "-d", linux.tree) == "opening loader.bin: No such file or directory"


# --- commands instead

def test_commands(linux):
    output = linux.done(linux.cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd, "-w", "out file.dtb")
    assert output == (
        f"jailhouse cell create {linux.cell}\n"
        f"jailhouse cell load --name second loader.bin -a 0x0 -s 'kernel=0x200000 dtb=0x2000' -a 0x1000 {linux.kernel} "
        f"-a 0x200000 'out file.dtb' -a 0x2000 {linux.initrd} -a 0x204000\n"
        "jailhouse cell start --name second\n")
    assert not linux.requests()


def test_commands_and_driver_get_the_same(linux):
    words = linux.cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd
    linux.done(*words)
    linux.done(*words, "-w", "out.dtb")
    assert linux.images()[0x2000] == (linux.box.path / "out.dtb").read_bytes()


def test_commands_do_not_unpack(linux):
    packed = linux.box.file("Image.gz", gzip.compress(kernel()))
    assert "gzip -d" in linux.fails(linux.cell, packed, "-d", linux.tree, "-w", "out.dtb")
    assert not (linux.box.path / "out.dtb").exists()


# --- places

@pytest.mark.parametrize("regions, entry, expected", [
    # tree, kernel, initrd
    ([(0, 0, 64 * MIB, RAM)], 0, (0x2000, 0x200000, 0x204000)),
    ([(0, 0, 64 * KIB, RAM), (0, 0x70000000, 64 * MIB, RAM)], 0, (0x70000000, 0x70200000, 0x70204000)),
    ([(0, 0x40001000, 64 * MIB, RAM)], 0x43000000, (0x40001000, 0x40200000, 0x40204000)),
    # the loader is where the tree would be, or in the way of the kernel
    ([(0, 0x40000000, 64 * MIB, RAM)], 0x40000000, (0x40002000, 0x40200000, 0x40204000)),
    ([(0, 0x40000000, 64 * MIB, RAM)], 0x40201000, (0x40203000, 0x40400000, 0x40404000)),
    # RAM for the kernel that nobody can load
    ([(0, 0x40000000, 64 * MIB, RAM & ~abi.CFG_MEM_LOADABLE), (0, 0x0, 4 * MIB, RAM)], 0, (0x2000, 0x200000, 0x204000)),
    # flags that do not matter, and one that does
    ([(0, 0x0, 4 * MIB, RAM | abi.CFG_MEM_NO_HUGEPAGES | abi.CFG_MEM_IO_64)], 0, (0x2000, 0x200000, 0x204000)),
    ([(0, 0x0, 8 * KIB, RAM), (0, 0x40000000, 4 * MIB, RAM | SHARED), (0, 0x50000000, 4 * MIB, RAM)], 0,
     (0x50000000, 0x50200000, 0x50204000)),
])
def test_places(linux, regions, entry, expected):
    linux.cell = linux.box.file("second.cell", configuration(regions, cpu_reset_address=entry))
    linux.done(linux.cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd)
    tree, kernel_at, initrd = expected
    images = linux.images()
    assert list(images) == [entry, entry + 0x1000, kernel_at, tree, initrd]
    assert images[entry + 0x1000] == f"kernel={kernel_at:#x} dtb={tree:#x}\0".encode()


@pytest.mark.parametrize("factor, in_memory, offset, expected", [
    ("0", 0x1800, 0, 0x202000), ("0", 0x1801, 0x80000, 0x282000), ("0", 0x3001, 0, 0x204000), ("1", 0x1800, 0, 0x204000),
    ("3", 0x1800, 0, 0x207000), ("1", 0x9001, 0, 0x20a000),
])
def test_room_for_the_kernel(linux, factor, in_memory, offset, expected):
    """What it says that it needs in memory is kept free, whatever the factor."""
    image = linux.box.file("Image", kernel(in_memory=in_memory, offset=offset))
    linux.done(linux.cell, image, "-d", linux.tree, "-i", linux.initrd, "-k", factor)
    assert list(linux.images())[2:] == [0x200000 + offset, 0x2000, expected]


def test_compressed_kernel(linux):
    packed = linux.box.file("Image.gz", gzip.compress(kernel()))
    linux.done(linux.cell, packed, "-d", linux.tree)
    assert linux.images()[0x200000] == kernel()


def test_too_small(linux):
    regions = [(0, 0, 2 * MIB, RAM), (0, 0x40000000, 2 * MIB + 0x2fff, RAM)]
    cell = linux.box.file("small.cell", configuration(regions))
    text = linux.fails(cell, linux.kernel, "-d", linux.tree)
    assert text == (f"{cell}: no RAM of the cell has room for kernel (6 KiB, in memory 12 KiB) and device tree: [0x0, 0x200000), "
                    "2 MiB, would have to have 2060 KiB; [0x40000000, 0x40202fff), 2109439 B, would have to have 2060 KiB; make a "
                    "region larger")
    assert "--kernel-decomp-factor 0" in linux.fails(cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd)
    assert "factor" not in linux.fails(cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd, "-k", "0")


def test_loader_needs_memory(linux):
    cell = linux.box.file("x.cell", configuration([(0, 0x1000, 64 * MIB, RAM)]))
    assert linux.fails(cell, linux.kernel, "-d", linux.tree) == (
        f"{cell}: the loader needs 8 KiB of loadable RAM at the reset address 0x0; correct 'cpu_reset_address', or make that "
        "memory loadable")


# --- trees that are given

def test_tree_is_patched(linux):
    regions = [(0, 0, 64 * KIB, RAM), (0, 0x40000000, 8 * MIB, RAM), (0, 0x900000000, 4 * MIB, RAM)]
    linux.cell = linux.box.file("second.cell", configuration(regions))
    linux.done(linux.cell, linux.kernel, "-d", linux.tree, "-i", linux.initrd, "-c", 'say="hello" x')
    tree = machine_tree.Tree(linux.images()[0x40000000])
    assert memory(tree) == [0, 0x40000000, 0, 8 * MIB, 9, 0, 0, 4 * MIB]
    chosen = tree.root.child("chosen")
    assert chosen.texts("bootargs") == ['say="hello" x']
    assert chosen.cells("linux,initrd-start") == [0, 0x40204000] and chosen.cells("linux,initrd-end") == [0, 0x40204000 + 6000]
    assert tree.root.texts("compatible") == ["mine"]


def test_what_is_not_given_stays_or_goes(linux):
    linux.done(linux.cell, linux.kernel, "-d", linux.tree)
    chosen = machine_tree.Tree(linux.images()[0x2000]).root.child("chosen")
    assert chosen.texts("bootargs") == ["quiet"] and not chosen.has("linux,initrd-start") and not chosen.has("linux,initrd-end")


def test_tree_with_a_memory_node_and_short_cells(linux):
    tree = linux.box.file("t.dtb", dtb('/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; memory@1000 { reg = <1 2>; }; };'))
    linux.done(linux.cell, linux.kernel, "-d", tree, "-i", linux.initrd)
    made = machine_tree.Tree(linux.images()[0x2000])
    assert memory(made) == [0, 64 * MIB] and len(made.root.children) == 2
    assert made.root.child("chosen").cells("linux,initrd-start") == [0x204000]


def test_address_too_large_for_the_tree(linux):
    tree = linux.box.file("t.dtb", dtb('/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; };'))
    cell = linux.box.file("x.cell", configuration([(0, 0, 8 * MIB, RAM), (0, 0x900000000, 4 * MIB, RAM)]))
    assert linux.fails(cell, linux.kernel, "-d", tree) == (
        f"{tree}: has addresses of 1 cells, which memory at 0x900000000 does not fit into; use #address-cells = <2>")


@pytest.mark.parametrize("content, words", [
    (b"x" * 100, "is no device tree"), (OWN_TREE[:-8], "copy it again"),
    (OWN_TREE[:20] + struct.pack(">II", 16, 16) + OWN_TREE[28:], "has version 16, at least 17 is needed"),
])
def test_tree_is_broken(linux, content, words):
    tree = linux.box.file("t.dtb", content)
    text = linux.fails(linux.cell, linux.kernel, "-d", tree)
    assert text.startswith(f"{tree}: ") and words in text


# --- trees that are made

def test_made_tree(linux):
    linux.cell = linux.box.file("second.cell", configuration(cpus=0b10, links=2, pins=range(72, 76)))
    tree = linux.generated("-s", linux.system, "-i", linux.initrd, "-c", "quiet")
    assert memory(tree) == [0, 0, 0, 64 * MIB]
    assert tree.root.child("chosen").texts("bootargs") == ["quiet"]
    assert tree.root.child("chosen").cells("linux,initrd-start") == [0, 0x204000]
    assert [node.cells("reg") for node in tree.root.child("cpus").children] == [[0, 0x100]]
    pci = tree.root.child(f"pci@{ECAM:x}")
    assert pci.cells("reg") == [0, ECAM, 0, MIB] and pci.cell("linux,pci-domain", None) == 1
    assert pci.cells("interrupt-map")[6::8] == [40, 41, 42, 43]
    assert pci.cells("ranges")[2:3] == [ECAM + MIB]
    assert not any(node.name.startswith("serial") for node in tree.root.children)


def find_uart(linux):
    """A PL011 of the machine: (area, SPI, name of its node)"""
    from bulkhead_config import machine
    found = machine.hardware(machine_tree.load(linux.machine))
    device = next(device for device in found.devices if device.console == "pl011" and device.clock and device.spis)
    return device.area, device.spis[0], f"serial@{device.area.start:x}"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("moved", [0, 0x10000000])
def test_console(linux, own, moved):
    """One with its interrupt is the cell's own. Another Linux drives one that is shared: reserved."""
    area, spi, _ = find_uart(linux)
    regions = [(0, 0, 64 * MIB, RAM), (area.start, area.start + moved, area.size, UART | (0 if own else SHARED))]
    linux.cell = linux.box.file("second.cell", configuration(regions, pins=[32 + spi]))
    tree = linux.generated()
    name = f"serial@{area.start + moved:x}"
    node = tree.root.child(name)
    assert tree.root.child("chosen").texts("stdout-path") == [f"/{name}"]
    assert node.texts("status") == ([] if own else ["reserved"])
    assert node.cells("interrupts") == ([0, spi, 4] if own else [])


def test_device_without_its_interrupt_is_reserved(linux):
    area, _, name = find_uart(linux)
    linux.cell = linux.box.file("second.cell", configuration([(0, 0, 64 * MIB, RAM), (area.start, area.start, area.size, UART)]))
    assert linux.generated().root.child(name).texts("status") == ["reserved"]


def test_old_trees_call_a_uart_serial(linux):
    text = MACHINE.read_text().replace('compatible = "arm,pl011";', 'compatible = "arm,pl011"; device_type = "serial";')
    linux.machine = linux.box.file("old.dtb", dtb(text))
    area, spi, name = find_uart(linux)
    regions = [(0, 0, 64 * MIB, RAM), (area.start, area.start, area.size, UART)]
    linux.cell = linux.box.file("second.cell", configuration(regions, pins=[32 + spi]))
    assert linux.generated().root.child(name).cells("interrupts") == [0, spi, 4]


def test_unknown_device(linux):
    cell = linux.box.file("x.cell", configuration([(0, 0, 64 * MIB, RAM), (0xe0000000, 0xe0000000, 0x1000, UART)]))
    result = linux.run(cell, linux.kernel, "-t", linux.machine, "-w", "out.dtb")
    assert result.returncode == 0
    assert result.stderr == (f"{cell}: note: what device is at [0xe0000000, 0xe0001000) is not known, so it is not in the device "
                             "tree; give one with --dtb if Linux needs it\n")


def test_host_inside_the_redistributors(linux):
    """Some machines have room for redistributors of more CPUs, where configurations for Jailhouse have the PCI host."""
    from bulkhead_config import machine
    redistributors = machine.hardware(machine_tree.load(linux.machine)).redistributors
    ecam = redistributors.start + 0x40000
    assert ecam < redistributors.end
    system = linux.box.file("s.cell", system_configuration().replace(ECAM.to_bytes(8, "little"), ecam.to_bytes(8, "little")))
    linux.cell = linux.box.file("second.cell", configuration(links=1, pins=range(72, 76)))
    tree = linux.generated("-s", system)
    gic = next(node for node in tree.root.children if node.name.startswith("interrupt-controller"))
    assert gic.cells("reg")[4:] == [0, redistributors.start, 0, ecam - redistributors.start]


def test_links_need_the_system(linux):
    cell = linux.box.file("x.cell", configuration(links=1))
    assert linux.fails(cell, linux.kernel, "-t", linux.machine) == (
        f"{cell}: has ivshmem devices, and only the system configuration says where the virtual PCI host is; give it with --system")


def test_machine_without_that_cpu(linux):
    cell = linux.box.file("x.cell", configuration(cpus=1 << 40))
    assert linux.fails(cell, linux.kernel, "-t", linux.machine) == (
        f"{cell}: the device tree of the machine has no CPU 40; give that of the whole machine with --tree")


def test_tree_of_the_machine(linux):
    assert linux.fails(linux.cell, linux.kernel, "-t", "nowhere").startswith("opening nowhere: No such file or directory; give ")
    assert linux.fails(linux.cell, linux.kernel, "-t", linux.kernel).startswith(f"{linux.kernel}: is no device tree")


def test_no_ram(linux):
    cell = linux.box.file("x.cell", configuration([(0, 0, MIB, RAM | SHARED)]))
    assert "has no memory for Linux" in linux.fails(cell, linux.kernel, "-t", linux.machine)


# --- files and arguments

@pytest.mark.parametrize("content, words", [
    (b"", "is no arm64 kernel image"), (bytes(4096), "is no arm64 kernel image"), (kernel()[:60], "is no arm64 kernel image"),
    (kernel(in_memory=0x100), "is no arm64 kernel image"), (b"\x1f\x8b" + bytes(100), "is a damaged gzip file"),
    (gzip.compress(kernel())[:-20], "is a gzip file that is cut off"), (gzip.compress(b"x" * 100), "is no arm64 kernel image"),
])
def test_kernel(linux, content, words):
    path = linux.box.file("k", content)
    text = linux.fails(linux.cell, path, "-d", linux.tree)
    assert text.startswith(f"{path}: ") and words in text


@pytest.mark.parametrize("content, words", [
    (configuration(revision=13), "has revision 13, only 14 is supported"), (b"x", "starts with neither JHSYS nor JHCLL"),
    (system_configuration(), "is no cell configuration"), (configuration(architecture=0), "is for x86, only arm64 is supported"),
    (configuration(flags=abi.CFG_CELL_AARCH32), "has the flag AARCH32"), (configuration()[:-1], "its counts need"),
])
def test_configuration(linux, content, words):
    path = linux.box.file("c.cell", content)
    text = linux.fails(path, linux.kernel, "-d", linux.tree)
    assert text.startswith(f"{path}: ") and words in text


def test_system_is_a_cell(linux):
    assert linux.fails(linux.cell, linux.kernel, "-t", linux.machine, "-s", linux.cell) == (
        f"{linux.cell}: is no system configuration; give it as CELLCONFIG")


@pytest.mark.parametrize("arguments", [["nowhere.cell", "Image"], ["second.cell", "nowhere"],
                                       ["second.cell", "Image", "-i", "nowhere"], ["second.cell", "Image", "-d", "nowhere"]])
def test_missing_file(linux, arguments):
    name = next(word for word in arguments if "nowhere" in word)
    assert linux.fails(*arguments) == f"opening {name}: No such file or directory"


def test_device_tree_that_cannot_be_written_leaves_nothing(linux):
    (linux.box.path / "place").mkdir()
    assert linux.fails(linux.cell, linux.kernel, "-d", linux.tree, "-w", "place") == "writing place: Is a directory"
    assert [path.name for path in linux.box.path.iterdir() if path.name.startswith("place")] == ["place"]


def test_device_tree_does_not_replace_what_is_no_file(linux):
    os.mkfifo(linux.box.path / "place")
    assert linux.fails(linux.cell, linux.kernel, "-d", linux.tree, "-w", "place") == "writing place: is no file"
    assert (linux.box.path / "place").is_fifo()


@pytest.mark.parametrize("arch", ["x86", "arm"])
def test_other_architectures(linux, arch):
    assert linux.fails(linux.cell, linux.kernel, arch=("-a", arch)) == f"{arch} is not supported, only arm64 is"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the running kernel counts")
def test_architecture_of_this_machine(linux):
    assert linux.fails(linux.cell, linux.kernel, arch=()) == (
        "x86 is not supported, only arm64 is; to prepare a cell for another machine, say --arch arm64 and --write-params FILE")


@pytest.mark.parametrize("arguments", [
    [], ["second.cell"], ["second.cell", "Image", "more"], ["-x", "second.cell", "Image"], ["-a", "mips", "second.cell", "Image"],
    ["-k", "-1", "second.cell", "Image"], ["-k", "x", "second.cell", "Image"], ["-c", "a\nb", "second.cell", "Image"],
    ["-c", "x" * 2048, "second.cell", "Image"],
])
def test_wrong_usage(linux, arguments):
    result = linux.run(*arguments, arch=())
    assert result.returncode == 2 and result.stderr.startswith("usage: jailhouse cell linux ")


def test_help(linux):
    result = linux.run("--help", arch=())
    assert result.returncode == 0 and result.stdout.startswith("usage: jailhouse cell linux ")
    for option in ("--dtb", "--initrd", "--cmdline", "--write-params", "--arch", "--kernel-decomp-factor", "--system", "--tree"):
        assert option in result.stdout


def test_the_tool_runs_it(box):
    """The program as it is installed, beside what it needs."""
    libexec = box.path / "libexec/jailhouse"
    libexec.mkdir(parents=True)
    (libexec / "jailhouse-cell-linux").symlink_to(ROOT / "tools/helpers/jailhouse-cell-linux")
    result = box.run("cell", "linux", "--help")
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("usage: jailhouse cell linux ")


def test_it_needs_no_compiler_packages():
    """A target needs libfdt and dtc, not what the configuration compiler reads YAML with."""
    code = "import sys; sys.modules['yaml'] = sys.modules['jsonschema'] = None; import bulkhead_config.cell_linux"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tools", check=True)
    assert cell_linux.FACTOR == 1
