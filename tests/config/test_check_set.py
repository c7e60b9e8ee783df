# SPDX-License-Identifier: BSD-2-Clause
"""'check' with binary configurations, in the form of Jailhouse's 'config check'."""
import json
import os
import subprocess

import pytest

from bulkhead_config import abi, binary, check_set, cli, emit
from conftest import HERE, ROOT, hypervisor_image

TOOL = ROOT / "tools/bulkhead-config"
BOARDS = [HERE / "boards", ROOT / "configs/boards"]
INSIDE, SHARED = "Memory regions that overlap inside a cell", "Memory regions that cells other than the root cell share without a link"
HYPERVISOR, GIC = "Memory regions that overlap hypervisor memory", "Memory regions that overlap the interrupt controller"
WINDOW, IOMMU = "Memory regions that overlap the PCI configuration window", "Memory regions that overlap an IOMMU"
SPIS = "Interrupts of cells other than the root cell that are not free"
ERRORS, NAMES, CPUS = "Errors in a configuration", "Cells of one name", "CPUs that are not free"


def parsed():
    """Root cell, and two cells: the second one is the first one with another name, CPU, memory and no link."""
    files = emit.compile_system(cli.load(ROOT / "configs/systems/qemu-arm64-fixed.yaml", BOARDS))
    root, first = (binary.parse(files[name]) for name in ("qemu-arm64.cell", "rtos.cell"))
    second = binary.parse(files["rtos.cell"])
    second.cell.name = b"second"
    second.arrays["cpu_set"][0] = 4
    second.arrays["pci_devices"], second.arrays["irqchips"] = [], []
    second.arrays["memory_regions"] = second.arrays["memory_regions"][4:]
    second.arrays["memory_regions"][1].phys_start = 0x7f400000
    return root, first, second


def found(*files):
    """Titles of the checks that found something."""
    cells = check_set.load([(f"{number}.cell", item.pack()) for number, item in enumerate(files)])
    lines, failed = check_set.check(cells)
    titles = [line[:-1] for line in lines[1:] if line.endswith(":") and not line.startswith(" ")]
    assert failed == bool(titles)
    return titles


def test_good():
    assert found(*parsed()) == []


@pytest.mark.parametrize("without, limits, lines", [
    ([], {}, []),
    (["DIRECT_BOOT", "TRACE"], {}, []),
    (["LATE_LAUNCH"], {}, ["cell 'qemu-arm64', header: x.bin was built without CONFIG_LATE_LAUNCH: Linux cannot start it; use another "
                           "image"]),
    (["UART_PL011"], {}, ["cell 'qemu-arm64', debug console: x.bin was built without CONFIG_UART_PL011; use another image, or no debug "
                          "console"]),
    (["WATCHDOG"], {}, ["cell 'second', memory 3: is a watchdog, and x.bin was built without CONFIG_WATCHDOG; remove it, or use "
                        "another image"]),
    ([], {"max_cpus": 3, "max_cells": 2, "max_links": 0}, [
        "cell 'qemu-arm64', header: needs a CONFIG_MAX_CPUS of 4, and x.bin was built with 3; use another image",
        "cell 'qemu-arm64', header: needs a CONFIG_MAX_CELLS of 3, and x.bin was built with 2; use another image",
        "cell 'qemu-arm64', header: needs a CONFIG_IVSHMEM_MAX_LINKS of 1, and x.bin was built with 0; use another image"]),
])
def test_named_image(tmp_path, without, limits, lines):
    """What it was built without, or for too few of; without --hypervisor nothing is said of it."""
    content = bytearray(hypervisor_image(without=without))
    for name, limit in limits.items():
        setattr(abi.ImageHeader.from_buffer(content), name, limit)
    (tmp_path / "x.bin").write_bytes(content)
    members = parsed()
    members[2].arrays["memory_regions"].append(abi.Memory(100000, 0, 0, abi.CFG_WATCHDOG))
    for number, item in enumerate(members):
        (tmp_path / f"{number}.cell").write_bytes(item.pack())
    command = [TOOL, "check", *(tmp_path / f"{number}.cell" for number in range(3))]
    result = subprocess.run([*command, "--hypervisor", tmp_path / "x.bin"], capture_output=True, text=True)
    title = "What x.bin does not have:"
    expected = [title, *(f"  {line}" for line in lines)] if lines else [f"{title} None"]
    assert (result.returncode, result.stderr) == (bool(lines), "")
    assert "\n".join(expected) in result.stdout and result.stdout.count("x.bin") == 1 + len(lines)
    assert "x.bin" not in subprocess.run(command, capture_output=True, text=True).stdout
    result = subprocess.run([*command, "--json", "--hypervisor", tmp_path / "x.bin"], capture_output=True, text=True)
    assert [f"cell '{item['owners'][0]['name']}', {item['record']}: {item['message']}"
            for item in json.loads(result.stdout)["problems"] if item["rule"] == "built"] == lines


def own(region):
    return lambda root, first, second: second.arrays["memory_regions"].append(region)


def clash(root, first, second):
    second.arrays["memory_regions"][1].phys_start = 0x7f100000


def section(root, first, second):
    state = first.arrays["memory_regions"][0].phys_start
    second.arrays["memory_regions"].append(abi.Memory(state, state, 0x1000, 0x81))


def line(root, first, second):
    """An irqchip of the second cell has what the first one's link raises, but has no interrupt for."""
    first.arrays["irqchips"] = []
    base = first.cell.vpci_irq_base + 32
    second.arrays["irqchips"] = [abi.Irqchip(address=0x8000000, pin_base=base // 32 * 32)]
    second.arrays["irqchips"][0].pin_bitmap[0] |= 1 << (base + first.arrays["pci_devices"][0].bdf // 8 % 4) % 32


def iommu(root, first, second):
    root.system.iommu_units[0].type, root.system.iommu_units[0].base, root.system.iommu_units[0].size = 3, 0x9000000, 0x1000


@pytest.mark.parametrize("change, expected", [
    (lambda root, first, second: setattr(second.arrays["memory_regions"][2], "size", 0x2000), [ERRORS]),
    (lambda root, first, second: setattr(second.cell, "name", b"rtos"), [NAMES]),
    (lambda root, first, second: second.arrays["cpu_set"].__setitem__(0, 8), [CPUS]),
    (lambda root, first, second: second.arrays["cpu_set"].__setitem__(0, 0x10), [CPUS]),
    (own(abi.Memory(0x7f500000, 0x1000, 0x1000, 3)), [INSIDE]),
    (clash, [SHARED]), (section, [SHARED]), (line, [SPIS]),
    (lambda root, first, second: second.arrays["irqchips"].extend(first.arrays["irqchips"]), [SPIS]),
    (lambda root, first, second: second.arrays["irqchips"].append(
        abi.Irqchip(0x9000000, 0, 32, (0xffffffff,) * 4)), []),		# not the distributor
    (own(abi.Memory(0x7fc00000, 0x50000000, 0x1000, 3)), [HYPERVISOR]),
    (own(abi.Memory(0x8e00000, 0x8e00000, 0x1000, 0x13)), [WINDOW]),
    (own(abi.Memory(0x8000000, 0x8000000, 0x1000, 0x13)), [GIC]),
    (own(abi.Memory(0x80a0000, 0x80a0000, 0x1000, 0x13)), [GIC]),
    (iommu, [IOMMU]),
    (own(abi.Memory(0x7fc00000, 0x50000000, 0, 3)), []),
])
def test_found(change, expected):
    files = parsed()
    change(*files)
    assert found(*files) == expected


def write(tmp_path, files):
    names = [tmp_path / f"{number}.cell" for number in range(len(files))]
    for name, item in zip(names, files):
        name.write_bytes(item.pack())
    return names


def run(*arguments):
    return subprocess.run([TOOL, "check", *arguments], capture_output=True, text=True, timeout=120)


def test_output(tmp_path):
    files = parsed()
    clash(*files)
    names = write(tmp_path, files)
    result = run(*names)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines()[:4] == ["Reading configuration set:", "  Architecture:  arm64",
                                              f"  Root cell:     qemu-arm64 ({names[0]})", f"  Non-root cell: rtos ({names[1]})"]
    assert f"""{SHARED}:
  cell 'rtos', memory 5:
    phys_start:  0x000000007f000000
    virt_start:  0x0000000000000000
    size:        0x0000000000200000
    flags:       READ | WRITE | EXECUTE | LOADABLE
  cell 'second', memory 1:
    phys_start:  0x000000007f100000
""" in result.stdout
    assert f"{HYPERVISOR}: None\n" in result.stdout
    files = parsed()
    assert run(*write(tmp_path, files)).returncode == 0


def test_names_do_not_matter(tmp_path):
    """As with Jailhouse: what begins as a configuration is one."""
    names = write(tmp_path, parsed())
    for number, name in enumerate(names):
        os.rename(name, tmp_path / f"config{number}.bin")
    names = [tmp_path / f"config{number}.bin" for number in range(len(names))]
    result = run(*names)
    assert (result.returncode, result.stderr) == (0, "") and f"({names[0]})" in result.stdout
    assert run(names[0]).returncode == 0 and run("--json", *names).returncode == 0
    cell_first = run(names[1])
    assert cell_first.returncode == 1 and "system" in cell_first.stderr and ":1:1:" not in cell_first.stderr


def test_what_is_no_configuration(tmp_path):
    """Called .cell it is meant to be one; otherwise it is a system file."""
    for name, text in (("x.cell", "starts with neither JHSYS nor JHCLL"), ("x.bin", "[missing-key]")):
        (tmp_path / name).write_text("system: x\n")
        result = run(tmp_path / name)
        assert result.returncode == 1 and text in result.stderr
    result = run(tmp_path / "x.bin", tmp_path / "x.cell")
    assert result.returncode == 2 and f"{tmp_path}/x.bin is no binary configuration; give one system file, or" in result.stderr
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen([TOOL, "check", tmp_path / "pipe"], stderr=subprocess.PIPE, text=True) as process:
        (tmp_path / "pipe").write_text("system: x\n")		# can be read only once
        assert "[missing-key]" in process.communicate(timeout=60)[1]


def test_json(tmp_path):
    files = parsed()
    clash(*files)
    names = write(tmp_path, files)
    result = run("--json", *names)
    found = json.loads(result.stdout)["problems"]
    assert (result.returncode, result.stderr) == (1, "")
    assert {item["rule"] for item in found} == {"memory-overlap"} and found[0] == {
        "file": str(names[1]), "severity": "error", "rule": "memory-overlap", "record": "memory 5",
        "message": "[0x7f000000, 0x7f200000) overlaps memory 1 [0x7f100000, 0x7f300000) of cell 'second'; move one of them",
        "owners": [{"kind": "memory region", "cell": "rtos", "number": 5, "start": 0x7f000000, "end": 0x7f200000},
                   {"kind": "memory region", "cell": "second", "number": 1, "start": 0x7f100000, "end": 0x7f300000}]}
    result = run("--json", *write(tmp_path, parsed()))
    assert (result.returncode, json.loads(result.stdout)) == (0, {"problems": []})


def test_not_a_set(tmp_path):
    root, first, _ = parsed()
    names = write(tmp_path, (first, root, root))
    for arguments, text in [
            (names[:1], "is not a system configuration; give one first, then those of cells: "),
            (names[1:], "is a second system configuration; give one first, then those of cells: "),
            ([tmp_path / "gone.cell"], "cannot be read: No such file or directory; correct its name or permissions")]:
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (1, "") and text in result.stderr and result.stderr.count("\n") == 1
    names[0].write_bytes(b"garbage")
    assert run(*names).stderr == f"starts with neither JHSYS nor JHCLL: is it a configuration?: {names[0]}\n"
    first.arrays["stream_ids"] = [0] * 17000
    names[0].write_bytes(first.pack())
    assert "at most 65536 are possible" in run(*names).stderr
    assert run("a.yaml", "b.yaml").returncode == 2
