# SPDX-License-Identifier: BSD-2-Clause
"""cell show: every byte of the text, JSON, advice for each kind of violation, and files of a driver that answers nonsense."""
import json
import sys

import jsonschema
import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi, output_schema  # noqa: E402

RAM = abi.Memory(0x7fa00000, 0, 0x100000, abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_EXECUTE | abi.CFG_MEM_LOADABLE)
COMM = abi.Memory(0, 0x80000000, 0x1000, abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_COMM_REGION)
STRAY = abi.Memory(0x1000, 0x50000000, 0, abi.CFG_STRAY_IGNORE)
UART = abi.Memory(0x9000000, 0x9000000, 0x1000, abi.CFG_MEM_READ | abi.CFG_MEM_WRITE | abi.CFG_MEM_IO)
WRITE_ESR = 0x93800046 | 3 << 16


def record(**fields):
    values = {"complete": 1, "begun": 1, "starts": 1, "count": 1, "number": 1, "kind": abi.BH_FAULT_WRITE, "size": 4, "cpu": 3,
              "address": 0x40200000, "virtual_address": 0xffff00000000, "pc": 0x1234, "syndrome": WRITE_ESR, "pstate": 0x3c5,
              "ticks": 625000000 // 4, "ticks_per_second": 62500000, **fields}
    fault = abi.Fault(**values)
    fault.x[:] = [0x100 + n for n in range(31)]
    return fault


def with_strays(fault, *strays):
    fault.strays[:] = strays
    return fault


NONE = abi.Fault(starts=1)


@pytest.fixture
def show(box):
    def add(cell_id, name, fault, regions, **more):
        box.cell(cell_id, f"{name}\n", **more)
        box.file(f"sys/cells/{cell_id}/fault", bytes(fault))
        box.file(f"sys/cells/{cell_id}/memory", b"".join(map(bytes, regions)))

    def run(fault, *arguments, regions=(RAM, STRAY, COMM), root=(UART,)):
        add(0, "linux", NONE, root)
        add(1, "rtos", fault, regions, state="failed\n", cpus="3\n", failed="3\n")
        result = box.run("cell", "show", *(arguments or ["rtos"]))
        assert (result.returncode, result.stderr) == (0, "")
        if "--json" in arguments:
            jsonschema.validate(json.loads(result.stdout), output_schema.CELL_SHOW)
        return result.stdout
    run.box, run.add = box, add
    return run


TEXT = """\
Cell 1 "rtos": failed, CPUs 3, failed: 3
Accesses to nothing: 0 reads and 0 writes ignored, 0 aborted

First violation, of start 1
  what        write of 4 bytes
  result      CPU stopped
  address     0x40200000 (virtual 0xffff00000000)
  PC          0x1234 in EL1h
  CPU         3
  time        2.500000 s of the system counter
  syndrome    0x93830046: class 0x24, translation fault, level 2, 4 bytes, register w3, write
  nearest     0x3fe00000 bytes before memory 2, [0x80000000, 0x80001000): read, write, communication region
  x0  0000000000000100 x1  0000000000000101 x2  0000000000000102 x3  0000000000000103
  x4  0000000000000104 x5  0000000000000105 x6  0000000000000106 x7  0000000000000107
  x8  0000000000000108 x9  0000000000000109 x10 000000000000010a x11 000000000000010b
  x12 000000000000010c x13 000000000000010d x14 000000000000010e x15 000000000000010f
  x16 0000000000000110 x17 0000000000000111 x18 0000000000000112 x19 0000000000000113
  x20 0000000000000114 x21 0000000000000115 x22 0000000000000116 x23 0000000000000117
  x24 0000000000000118 x25 0000000000000119 x26 000000000000011a x27 000000000000011b
  x28 000000000000011c x29 000000000000011d x30 000000000000011e

Advice: the cell has nothing near: correct the program, or add what it needs to 'memory' or 'devices' of the cell. If it may \
go on without, add 'stray-ranges: [{ at: 0x40200000, size: 4 KiB, action: ignore }]', or 'abort'
"""


@pytest.mark.parametrize("arguments", [["rtos"], ["1"], ["--name", "rtos"], ["0x1"]])
def test_text(show, arguments):
    assert show(record(), *arguments) == TEXT


def test_no_violation(show):
    assert show(with_strays(abi.Fault(starts=3), 5, 1 << 40, 7)) == (
        'Cell 1 "rtos": failed, CPUs 3, failed: 3\n'
        f"Accesses to nothing: 5 reads and {1 << 40} writes ignored, 7 aborted\nNo violation\n")


def test_earlier_start_and_later_ones(show):
    text = show(record(complete=2, begun=2, starts=4, count=9, number=2))
    assert "\nFirst violation, of start 2, which is over; 7 more since\n" in text
    text = show(record(complete=4, begun=4, starts=4, count=9, number=9))
    assert "\nFirst violation, of start 4\n" in text


@pytest.mark.parametrize("place", ["first", "last"])
def test_json(show, place):
    fault = with_strays(record(count=3), 1, 2, 3)
    data = json.loads(show(fault, *(["--json", "1"] if place == "first" else ["--name", "rtos", "--json"])))
    advice = data["fault"].pop("advice")
    assert advice in TEXT
    assert data == {
        "id": 1, "name": "rtos", "state": "failed", "cpus": "3", "failed_cpus": "3", "starts": 1, "violations": 3,
        "accesses_to_nothing": {"ignored_reads": 1, "ignored_writes": 2, "aborted": 3},
        "watchdog_us": 0, "watchdog_expiries": None,
        "fault": {
            "access": "write", "size": 4, "address": "0x40200000", "virtual_address": "0xffff00000000", "pc": "0x1234",
            "mode": "EL1h", "pstate": "0x3c5", "cpu": 3, "stopped": True, "refused": False, "start": 1, "this_start": True,
            "later": 2, "ticks": "156250000", "ticks_per_second": 62500000, "syndrome": "0x93830046", "exception_class": 36,
            "fault": "translation fault, level 2", "registers": [hex(0x100 + n) for n in range(31)],
            "nearest": {"index": 2, "start": "0x80000000", "size": "0x1000", "flags": "0x23", "distance": "0x3fe00000",
                        "position": "before"}},
        "console": None}
    assert json.loads(show(NONE, "1", "--json"))["fault"] is None
    data = json.loads(show(record(size=0, kind=9), "1", "--json", regions=()))["fault"]
    assert (data["size"], data["access"], data["nearest"]) == (None, "unknown access", None)


def test_console(show):
    """The last eight lines, and a hint if there are more."""
    def ring(text):
        return bytes(abi.CellConsole(complete=len(text), begun=len(text), text=text))
    show.box.file("sys/cells/1/console", ring(b"a\n\x1bb\nno end"))
    assert show(NONE).endswith("No violation\n\nLast lines on its console:\n  a\n  ?b\n  no end\n")
    assert json.loads(show(NONE, "1", "--json"))["console"] == {"written": 11, "last_lines": "a\n\x1bb\nno end"}
    lines = [f"line {n}\n" for n in range(12)]
    show.box.file("sys/cells/1/console", ring("".join(lines).encode()))
    assert show(NONE).endswith("\nLast lines on its console, see jailhouse cell console:\n  " + "  ".join(lines[4:]))
    assert json.loads(show(NONE, "1", "--json"))["console"]["last_lines"] == "".join(lines[4:])
    assert show(record()).endswith("  line 11\n")
    show.box.file("sys/cells/1/console", bytes(5))
    assert show.box.run("cell", "show", "1").returncode == 1


WATCHDOG = abi.Memory(phys_start=500000, flags=abi.CFG_WATCHDOG)
EXPIRED = {"kind": abi.BH_FAULT_WATCHDOG, "size": 0, "address": 20, "virtual_address": 650000, "syndrome": 500000}
EXPIRED_TEXT = """\
Cell 1 "rtos": failed, CPUs 3, failed: 3
Accesses to nothing: 0 reads and 0 writes ignored, 0 aborted
Watchdog: period 500000 us

First violation, of start 1
  what        the watchdog expired: counter 20 for 650000 us, period 500000 us
  result      all CPUs stopped
  PC          0x1234 in EL1h
  CPU         3
  time        2.500000 s of the system counter
  x0  0000000000000100"""


def test_watchdog(show):
    text = show(record(**EXPIRED), regions=(RAM, COMM, WATCHDOG))
    assert text.startswith(EXPIRED_TEXT)
    assert advice(text).startswith("the program hung, or was too slow: see what it did at PC")
    never = show(record(**{**EXPIRED, "address": 0}), regions=(RAM, COMM, WATCHDOG))
    assert advice(never).startswith("the program never changed the counter at offset 0x64 of its communication region:")
    data = json.loads(show(record(**EXPIRED), "--json", "1", regions=(RAM, COMM, WATCHDOG)))
    assert (data["watchdog_us"], data["watchdog_expiries"]) == (500000, None)
    fault = data["fault"]
    assert (fault["access"], fault["counter"], fault["unchanged_us"], fault["stopped"]) == ("watchdog", 20, 650000, True)
    assert not any(fault[key] for key in ("size", "address", "virtual_address", "syndrome", "exception_class", "fault",
                                          "nearest"))


def test_watchdog_that_has_not_expired(show):
    assert "\nWatchdog: period 500000 us\nNo violation\n" in show(NONE, regions=(RAM, COMM, WATCHDOG))
    for content, text, number in (("starts 9\nwatchdog_expiries 7\nx 1\n", ", expiries: 7", 7), ("starts 9\n", "", None)):
        show.box.file("sys/cells/1/counters", content.encode())
        assert f"\nWatchdog: period 500000 us{text}\n" in show(NONE, regions=(WATCHDOG,))
        assert json.loads(show(NONE, "--json", "1", regions=(WATCHDOG,)))["watchdog_expiries"] == number


def advice(text):
    return text.rsplit("\nAdvice: ", 1)[1].rstrip("\n")


@pytest.mark.parametrize("fields, start", [
    ({"address": 0x9000018}, "the root cell has a device at 0x9000000: add it to 'devices' or 'shared-devices' of the cell. "
     "If it may go on without, add 'stray-ranges: [{ at: 0x9000000,"),
    ({"address": 0x100010}, "close to memory 0: an overrun, or that region has to be larger ('size'). If it may"),
    ({"address": 0x7fffff00}, "close to memory 2: an overrun,"),
    ({"address": 0x10fffc}, "close to memory 0:"), ({"address": 0x110000}, "the cell has nothing near:"),
    ({"address": 0x1000}, "memory 0 has this address, but not this right: correct its 'access'"),
    ({"kind": abi.BH_FAULT_FETCH, "address": 0x40201234, "syndrome": 0x82000006}, "the program jumped to where it has no "
     "memory; it may have come from 0x11e (x30). If code belongs there, add 'memory: { code: { at: 0x40201000, size: 4 KiB, "
     "access: rx } }'"),
    ({"flags": abi.BH_FAULT_REFUSED}, "the region there is smaller than a page, and does not allow this access: correct its "
     "flags"),
])
def test_advice(show, fields, start):
    found = advice(show(record(**fields)))
    assert found.startswith(start) and len(found) < 511


def test_fetch(show):
    text = show(record(kind=abi.BH_FAULT_FETCH, syndrome=0x82000006, pstate=0x3c0))
    assert "  what        instruction fetch of 4 bytes\n" in text and " in EL0\n" in text
    assert "  syndrome    0x82000006: class 0x20, translation fault, level 2\n" in text


def test_without_description(show):
    text = show(record(kind=abi.BH_FAULT_READ, syndrome=0x92000007, size=0))
    assert "  what        read, size unknown\n" in text
    assert ("class 0x24, translation fault, level 3, no description of the instruction (a pair, write-back, exclusive, SIMD), "
            "read\n") in text


def test_root_cell(show):
    """Its accesses are aborted; another cell may have the memory."""
    show(NONE)
    for address, expected in ((0x7fa00010, 'cell "rtos" has this memory; leave it alone until that cell is destroyed'),
                              (0x70000000, "no region of its configuration has this address;")):
        show.add(0, "linux", record(flags=abi.BH_FAULT_ABORTED, address=address), [UART])
        text = show.box.run("cell", "show", "linux").stdout
        assert "\nFirst refused access, of start 1\n" in text
        assert "  result      synchronous external abort\n" in text
        assert advice(text).startswith(expected)


@pytest.mark.parametrize("fault, message", [
    (bytes(367), "reading sys/cells/1/fault: 367 bytes, 368 were expected: driver and tool are of different versions\n"),
    (b"", "reading sys/cells/1/fault: 0 bytes, 368 were expected: driver and tool are of different versions\n"),
    (bytes(5000), "reading sys/cells/1/fault: File too large\n"),
    (None, "opening sys/cells/1/fault: No such file or directory\n"),
])
def test_other_drivers(show, fault, message):
    show(NONE)
    if fault is None:
        (show.box.path / "sys/cells/1/fault").unlink()
    else:
        show.box.file("sys/cells/1/fault", fault)
    result = show.box.run("cell", "show", "1")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def test_any_numbers(show):
    """Extremes in all fields, regions over the whole address space, and a part of a region at the end."""
    fault = abi.Fault.from_buffer_copy(b"\xff" * 368)
    whole = abi.Memory(0, 0, (1 << 64) - 1, (1 << 64) - 1)
    for regions in ([], [whole], [RAM, whole, COMM], [abi.Memory((1 << 64) - 1, (1 << 64) - 1, 1, 0)]):
        assert json.loads(show(fault, "1", "--json", regions=regions, root=regions))["fault"]["cpu"] == (1 << 32) - 1
        assert "CPU         4294967295\n" in show(fault, regions=regions, root=regions)
    show.box.file("sys/cells/1/memory", bytes(RAM)[:31])
    assert "the cell has no memory\n" in show.box.run("cell", "show", "1").stdout


def test_names_are_not_trusted(show):
    show(NONE)
    show.box.cell(1, 'a"\x1b\\b\n')
    result = show.box.run("cell", "show", "--json", "1")
    assert json.loads(result.stdout)["name"] == 'a"?\\b'


def test_no_such_cell(show):
    show(NONE)
    assert show.box.run("cell", "show", "nobody").stderr == 'there is no cell "nobody": see jailhouse cell list\n'
    assert show.box.run("cell", "show", "7").stderr == "opening sys/cells/7: No such file or directory\n"
    for arguments in ([], ["--json"], ["1", "2"], ["1", "--json", "--json"], ["--json", "1", "--json"], ["--name"]):
        result = show.box.run("cell", "show", *arguments)
        assert result.returncode == 1 and result.stderr and "Usage" in result.stdout
