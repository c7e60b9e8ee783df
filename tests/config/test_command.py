# SPDX-License-Identifier: BSD-2-Clause
"""The command line of the compiler, and what it makes of broken binaries."""
import json
import os
import re
import subprocess

import jsonschema
import pytest

from bulkhead_config import abi, binary, check_set, cli, emit, explain, output_schema, registry, report, show, writing
from bulkhead_config.source import ConfigError
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
memory 0            [0x7faf0000, 0x7faf1000) from host 0x7faf0000: READ ROOTSHARED (state table, PCI device 0)
memory 1            [0x7faf1000, 0x7fafa000) from host 0x7faf1000: READ WRITE ROOTSHARED (shared section, PCI device 0)
memory 2            [0x7fafa000, 0x7fafc000) from host 0x7fafa000: READ ROOTSHARED (output of peer 0, PCI device 0)
memory 3            [0x7fafc000, 0x7fafe000) from host 0x7fafc000: READ WRITE ROOTSHARED (output of peer 1, PCI device 0)
memory 4            [0x7fafe000, 0x7fb00000) from host 0x7fafe000: READ ROOTSHARED (output of peer 2, PCI device 0)
memory 5            [0x9000000, 0x9001000) from host 0x9000000: READ WRITE IO ROOTSHARED (console)
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
    assert {path.name for path in (tmp_path / "new/dir").iterdir()} == {
        "qemu-arm64.cell", "qemu-arm64.dtsi", "rtos.cell", "rtos.h", "rtos.overlay"}
    result = run("check", system)
    assert (result.returncode, result.stdout) == (0, f"{system}: no problem in 2 cells and 1 links\n")


def test_example_of_the_manual(tmp_path):
    """What it shows is what comes out."""
    manual = (ROOT / "docs/configuration.md").read_text()
    arguments, shown = re.search(r"^    \$ tools/bulkhead-config (compile .*) -o /tmp/demo\n((?:    /tmp/demo/.*\n)+)", manual,
                                 re.M).groups()
    command, system = arguments.split()
    result = run(command, ROOT / system, "-o", tmp_path)
    assert result.stdout == shown.replace("    /tmp/demo/", f"{tmp_path}/")


def test_bad_system_writes_nothing(tmp_path):
    result = run("compile", HERE / "bad/cpu-twice.yaml", "-B", HERE / "boards", "-o", tmp_path / "out")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and result.stderr.endswith(" [cpu-twice]\n")
    assert not (tmp_path / "out").exists()


def test_output_is_not_writable(tmp_path):
    (tmp_path / "file").touch()
    result = run("compile", ROOT / "configs/systems/qemu-arm64-demo.yaml", "-o", tmp_path / "file")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (f"bulkhead-config: {tmp_path}/file/qemu-arm64.cell: cannot be written: File exists; choose another "
                             "place, or make room or correct permissions there\n")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.symlink_to("/dev/null")])
def test_no_file_in_the_place_of_something_else(tmp_path, make):
    """Whatever it is, it stays, and nothing else is written."""
    before = {"qemu-arm64.cell": b"old"}
    (tmp_path / "qemu-arm64.cell").write_bytes(b"old")
    make(tmp_path / "rtos.h")
    result = run("compile", ROOT / "configs/systems/qemu-arm64-demo.yaml", "-o", tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (f"bulkhead-config: {tmp_path}/rtos.h: is there and is no file; remove it, or choose another "
                             "name\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "rtos.h"} == before


def test_failure_in_the_middle_brings_everything_back(tmp_path, monkeypatch, capsys):
    """old is replaced, new is new, and the third cannot be put into its place."""
    (tmp_path / "old").write_text("before")
    (tmp_path / "elsewhere").mkdir()
    replace = os.replace

    def failing(source, target):
        if target == tmp_path / "elsewhere/third":
            raise PermissionError(1, "Operation not permitted")
        replace(source, target)
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(writing.WriteError, match="third: cannot be written: Operation not permitted; choose another place"):
        writing.write([(tmp_path / "old", b"1"), (tmp_path / "new", b"2"), (tmp_path / "elsewhere/third", b"3")])
    assert {path.name for path in tmp_path.iterdir()} == {"old", "elsewhere"}
    assert (tmp_path / "old").read_text() == "before" and not list((tmp_path / "elsewhere").iterdir())
    monkeypatch.undo()
    writing.write([(tmp_path / "old", b"1"), (tmp_path / "new", b"2"), (tmp_path / "elsewhere/third", b"3")])
    assert (tmp_path / "old").read_text() == "1" and len(list(tmp_path.iterdir())) == 3


def test_lock_and_what_belongs_to_it_are_written_together(tmp_path):
    system = tmp_path / "s.yaml"
    system.write_text((ROOT / "configs/systems/qemu-arm64-demo.yaml").read_text())
    (tmp_path / "out").touch()
    arguments = "-B", ROOT / "configs/boards", system, "-o", tmp_path / "out"
    assert run("compile", "--lock", *arguments).returncode == 1
    assert {path.name for path in tmp_path.iterdir()} == {"s.yaml", "out"}


def test_import_does_not_overwrite_what_it_reads(tmp_path):
    run("compile", ROOT / "configs/systems/qemu-arm64-demo.yaml", "-o", tmp_path)
    file = tmp_path / "qemu-arm64.cell"
    before = file.read_bytes()
    result = run("import", file, "-o", f"{tmp_path}/../{tmp_path.name}/qemu-arm64.cell")
    assert result.returncode == 1 and file.read_bytes() == before
    assert result.stderr.endswith("qemu-arm64.cell: is one of the files to read; choose another name for the system file\n")


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["compile", "x.yaml"], ["show"], ["check", "a", "b"]])
def test_wrong_usage(arguments):
    assert run(*arguments).returncode == 2


def test_check_json():
    system = ROOT / "configs/systems/qemu-arm64-demo.yaml"
    result = run("check", "--json", system)
    assert (result.returncode, json.loads(result.stdout), result.stderr) == (0, {"problems": []}, "")
    file = HERE / "bad/memory-overlap.yaml"
    for command in ("check", "explain"):
        result = run(command, "--json", file, "-B", HERE / "boards")
        assert (result.returncode, result.stderr) == (1, "")
        problem, = json.loads(result.stdout)["problems"]
        message = problem.pop("message")
        assert problem == {"file": str(file), "line": 14, "column": 7, "severity": "error", "rule": "memory-overlap", "owners": [
            {"kind": "memory", "name": "ram", "cell": "second"}, {"kind": "memory", "name": "ram", "cell": "rtos"}]}
        line = run(command, file, "-B", HERE / "boards").stderr
        assert line.startswith(f"{file}:14:7: ") and message in line and "memory-overlap" in line and line.count("\n") == 1


# what problems of these rules are about is nothing that has a name in them
WITHOUT_NAMES = {"yaml-syntax", "duplicate-key", "unknown-key", "missing-key", "bad-value", "name-form", "board-unknown"}
ONE_CELL = {"cpu-twice--same-cell", "stray-overlap"}		# both things are nameless, and in one cell
TWO = re.compile(r"overlaps|already (belongs|in)|covers|lies in one page|is the console of the hypervisor|like link")


def problems_of(path):
    try:
        system = cli.load(path.name, ["boards", "../boards"])
        return registry.warnings(system, ["all"])
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("path", sorted((HERE / "bad").glob("*.yaml")) + sorted((HERE / "warn").glob("*.yaml")),
                         ids=lambda path: path.stem)
def test_owners(path, monkeypatch):
    """Those of a problem are in its message, and both are there where it is about two."""
    monkeypatch.chdir(path.parent)
    for problem in map(report.problem, problems_of(path)):
        owners, message = problem["owners"], problem["message"]
        jsonschema.validate({"problems": [problem]}, output_schema.CHECK)
        assert owners == [dict(owner) for owner in dict.fromkeys(tuple(owner.items()) for owner in owners)]
        if TWO.search(message) and path.stem not in ONE_CELL:
            assert len(owners) >= 2, problem
        named = [owner for owner in owners if owner["kind"] not in ("board", "system", "hypervisor", "file")]
        for owner in named if problem["rule"] not in WITHOUT_NAMES else []:
            assert owner["name"] in message or "root cell" in message and owner["name"] == "linux", (owner, message)
            assert owner.get("cell", "") in message


@pytest.mark.parametrize("rule, expected", [
    ("cpu-twice", [("cell", "second", None), ("cell", "rtos", None)]),
    ("memory-of-hypervisor", [("memory", "ram", "rtos"), ("hypervisor", "hypervisor", None)]),
    ("guest-window", [("memory", "low", "rtos"), ("window", "GIC redistributors", None), ("cell", "rtos", None)]),
    ("spi-twice", [("cell", "second", None), ("cell", "linux", None)]),
    ("unknown-key", [("cell", "rtos", None)]), ("missing-key", [("system", "bad", None)]),
    ("board-spi", [("device", "uart1", None)]), ("board-redistributors", [("board", "board-redistributors", None)]),
    ("region-pages", [("memory", "ram", "rtos")]), ("yaml-syntax", [("file", "yaml-syntax.yaml", None)]),
    ("board-area-pages--iommu", [("IOMMU", "smmu", None)]), ("board-gic--its", [("window", "GIC ITS", None)]),
    ("hypervisor-memory-size", [("hypervisor", "hypervisor", None)]),
])
def test_owners_of(rule, expected, monkeypatch):
    monkeypatch.chdir(HERE / "bad")
    problem = report.problem(problems_of(HERE / f"bad/{rule}.yaml")[0])
    assert [(owner["kind"], owner["name"], owner.get("cell")) for owner in problem["owners"]] == expected


def test_explain():
    system = ROOT / "configs/systems/qemu-arm64-demo.yaml"
    text = run("explain", system)
    assert (text.returncode, text.stderr) == (0, "")
    lines = text.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "cpus:", "memory:", "devices:", "interrupts:", "links:", "pci:", "watchdogs:"]
    ram, = [line.split() for line in lines if "memory 'ram' of cell 'rtos'" in line]
    assert ram[:3] == ["[0x60000000,", "0x60200000)", "rtos"] and "chosen:" in ram
    facts = json.loads(run("explain", "--json", system).stdout)
    assert [fact["owner"] for fact in facts["cpus"]] == ["qemu-arm64"] * 3 + ["rtos"]
    assert facts["cpus"][3] == {"owner": "rtos", "what": "cell 'rtos'", "cpu": 3, "said": "file", "file": str(system),
                                "line": system.read_text().splitlines().index("    cpus: [3]") + 1, "column": 12}
    ends = [(fact["start"], fact["end"]) for fact in facts["memory"]]
    assert ends == sorted(ends) and all(a[1] <= b[0] for a, b in zip(ends, ends[1:]))
    assert [fact["spi"] for fact in facts["interrupts"]] == [176, 180]
    uart, = [fact for fact in facts["devices"] if fact["what"] == "device 'uart0'"]
    assert uart["owner"] == "qemu-arm64, rtos"


@pytest.mark.parametrize("file", sorted((HERE / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_explain_agrees_with_the_binaries(file):
    """Memory that is said to be a cell's is in its configuration."""
    boards = ["-B", HERE / "boards"]
    facts = json.loads(run("explain", "--json", file, *boards).stdout)
    system = cli.load(file, [HERE / "boards"])
    for cell in [cell for cell in system.cells if not cell.root]:
        parsed = binary.parse(emit.cell_config(system, cell))
        told = {(fact["start"], fact["end"] - fact["start"]) for fact in facts["memory"] if cell.name in fact["owner"].split(", ")}
        regions = {(region.phys_start, region.size) for region in parsed.arrays["memory_regions"]
                   if region.size and not region.flags & (abi.CFG_MEM_IO | abi.CFG_MEM_COMM_REGION)}
        records = {(region["phys_start"], region["size"]) for region in cell.records.get("memory_regions", [])
                   if "IO" in region["flags"]}
        assert told == regions | records
        assert [fact["cpu"] for fact in facts["cpus"] if fact["owner"] == cell.name] == sorted(cell.cpus)


def test_explain_low_level_cpus():
    facts = json.loads(run("explain", "--json", HERE / "good/records.yaml").stdout)
    assert [fact["owner"] for fact in facts["cpus"]] == ["linux", "rtos", None, "linux"]


@pytest.mark.parametrize("file", sorted((HERE / "good").glob("*.yaml")) + sorted((ROOT / "configs/systems").glob("*.yaml")),
                         ids=lambda path: path.stem)
def test_output_has_its_published_structure(file, tmp_path, monkeypatch):
    """explain of each good system, show of each configuration in it, check of the set."""
    system = cli.load(file, [HERE / "boards", ROOT / "configs/boards"])
    explained = {"problems": [], "system": system.name, "board": system.board.name, **explain.facts(system)}
    jsonschema.validate(json.loads(report.text(explained)), output_schema.EXPLAIN)
    files = emit.compile_system(system)
    for name, content in files.items():
        shown = show.as_json(binary.parse(content), name)
        jsonschema.validate(json.loads(report.text(shown)), output_schema.SHOW)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**shown, "more": 1}, output_schema.SHOW)
    found = check_set.as_json(check_set.load(sorted(files.items(), key=lambda item: not item[1].startswith(b"JHSYS"))))
    jsonschema.validate(json.loads(report.text(found)), output_schema.CHECK)
