# SPDX-License-Identifier: BSD-2-Clause
"""The command line of the compiler, and what it makes of broken binaries."""
import subprocess

import pytest

from conftest import HERE, ROOT, read_hex

TOOL = ROOT / "tools/bulkhead-config"
EXAMPLE = read_hex(HERE / "worked-example.hex")

SHOWN = """\
cell configuration, arm64, revision 14, cell 'inmate-demo'
cell flags          passive
CPUs                1
entry               0x0
message timeout     0
virtual PCI INTA-D  SPI 112-115
console             pl011 at 0x9000000, size 0x0, flags 0x3, divider 0, clock bit 0 at 0x0
memory 0            [0x7faf0000, 0x7faf1000) from host 0x7faf0000: READ ROOTSHARED
memory 1            [0x7faf1000, 0x7fafa000) from host 0x7faf1000: READ WRITE ROOTSHARED
memory 2            [0x7fafa000, 0x7fafc000) from host 0x7fafa000: READ ROOTSHARED
memory 3            [0x7fafc000, 0x7fafe000) from host 0x7fafc000: READ WRITE ROOTSHARED
memory 4            [0x7fafe000, 0x7fb00000) from host 0x7fafe000: READ ROOTSHARED
memory 5            [0x9000000, 0x9001000) from host 0x9000000: READ WRITE IO ROOTSHARED
memory 6            [0x0, 0x10000) from host 0x7fa00000: READ WRITE EXECUTE LOADABLE
memory 7            [0x80000000, 0x80001000) from host 0x0: READ WRITE COMM_REGION
irqchip 0           at 0x8000000, id 0, from 32: 144
PCI device 0        ivshmem 0001:00:00.0, peer 1 of 3, protocol 0x0000, INTx, memory regions from 0, BAR 0 mask 0xfffff000
"""


def run(*arguments):
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def cell(tmp_path):
    def write(content):
        path = tmp_path / "x.cell"
        path.write_bytes(content)
        return path
    return write


def test_show(cell):
    result = run("show", cell(EXAMPLE))
    assert (result.returncode, result.stdout, result.stderr) == (0, SHOWN, "")


def test_show_trailing_bytes(cell):
    assert run("show", cell(EXAMPLE + bytes(56))).stdout == SHOWN + "trailing bytes      56, not used\n"


def test_show_does_not_trust_names(cell):
    content = EXAMPLE[:8] + b"\x1b[2J\n" + EXAMPLE[13:]
    assert run("show", cell(content)).stdout.splitlines()[0].endswith("cell '?[2J?e-demo'")


@pytest.mark.parametrize("content, text", [
    (b"", "starts with neither JHSYS nor JHCLL: is it a configuration?"),
    (b"garbage" * 100, "starts with neither JHSYS nor JHCLL: is it a configuration?"),
    (b"JHSYS", "has 5 bytes, the header of a system configuration has 488; build the file again"),
    (EXAMPLE[:131], "has 131 bytes, the header of a cell configuration has 132; build the file again"),
    (EXAMPLE[:483], "has 483 bytes, its counts need 484; build the file again"),
    (EXAMPLE[:0x34] + b"\xff\xff\xff\xff" + EXAMPLE[0x38:],
     f"has 484 bytes, its counts need {484 + 32 * (0xffffffff - 8)}; build the file again"),
    (EXAMPLE[:6] + b"\x0d\0" + EXAMPLE[8:], "has revision 13, only 14 is supported; build it again"),
], ids=["empty", "garbage", "signature", "header", "array", "count", "revision"])
def test_show_broken(cell, content, text):
    path = cell(content)
    result = run("show", path)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{path}: {text}\n")


def test_show_missing(tmp_path):
    result = run("show", tmp_path / "gone")
    assert (result.returncode, result.stderr) == (1, f"{tmp_path}/gone: cannot be read: No such file or directory\n")


def test_compile_and_check(tmp_path):
    system = ROOT / "configs/systems/qemu-arm64-demo.yaml"
    result = run("compile", system, "-o", tmp_path / "new/dir")
    assert (result.returncode, result.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "new/dir").iterdir()} == {"qemu-arm64.cell", "rtos.cell"}
    result = run("check", system)
    assert (result.returncode, result.stdout) == (0, f"{system}: no problem in 2 cells and 1 links\n")


def test_bad_system_writes_nothing(tmp_path):
    result = run("compile", HERE / "bad/cpu-twice.yaml", "-B", HERE / "boards", "-o", tmp_path / "out")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and result.stderr.endswith(" [cpu-twice]\n")
    assert not (tmp_path / "out").exists()


def test_output_is_not_writable(tmp_path):
    (tmp_path / "file").touch()
    result = run("compile", ROOT / "configs/systems/qemu-arm64-demo.yaml", "-o", tmp_path / "file")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"bulkhead-config: {tmp_path}/file: File exists\n"


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["compile", "x.yaml"], ["show"], ["check", "a", "b"]])
def test_wrong_usage(arguments):
    assert run(*arguments).returncode == 2
