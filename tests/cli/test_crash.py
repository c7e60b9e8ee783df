# SPDX-License-Identifier: BSD-2-Clause
"""crash: the record of a hypervisor that failed, byte by byte; whatever else a file may hold."""
import json
import sys
import zlib

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi, output_schema  # noqa: E402


def event(cpu, later, kind, **fields):
    made = abi.TraceEvent(ticks=62500000 + cpu, cause=kind << 56, pc=0x1000, **fields)
    made.unused[:] = cpu, later
    return made


def record(events=(), **fields):
    log = abi.CrashLog(**{
        "signature": abi.BH_CRASH_SIGNATURE, "version": 1, "size": 4096, "cpu": 2, "cell": 1, "cell_name": b"rtos",
        "software": b"1.2", "reason": b"CPU 3 does not answer", "ticks": 62500000 * 5 // 2, "ticks_per_second": 62500000,
        "console": b"one\ntwo", "console_size": 7, "trace_count": len(events), **fields})
    for n, item in enumerate(events):
        log.trace[n] = item
    return seal(log)


def seal(log):
    content = bytes(log)
    return content[:16] + zlib.crc32(content[24:]).to_bytes(4, "little") + content[20:]


def exception():
    registers = abi.CrashRegisters(esr=0x96000047, elr=0xb1d000001234, far=0x10, sp=0xb1d000008000, spsr=0x3c9)
    registers.x[:] = [0x100 + n for n in range(31)]
    return record(registers=registers, flags=abi.BH_CRASH_EXCEPTION, vector=4)


@pytest.fixture
def crash(box):
    def run(content, *arguments):
        box.file("sys/crash_log", content)
        result = box.run("crash", *arguments)
        if "--json" in arguments and result.returncode == 0:
            jsonschema.validate(json.loads(result.stdout), output_schema.CRASH)
        return result
    run.box = box
    return run


HEAD = """\
Bulkhead 1.2 failed: CPU 3 does not answer
  CPU        2, of cell 1 "rtos"
  time       2.500000 s of the system counter
"""
REGISTERS = """\
  exception  vector 4, syndrome 0x96000047: class 0x25, data abort, write
  ELR        0xb1d000001234
  FAR        0x10
  SP         0xb1d000008000
  SPSR       0x3c9
  x0  0000000000000100 x1  0000000000000101 x2  0000000000000102 x3  0000000000000103
  x4  0000000000000104 x5  0000000000000105 x6              lost x7              lost
  x8  0000000000000108 x9  0000000000000109 x10 000000000000010a x11 000000000000010b
  x12 000000000000010c x13 000000000000010d x14 000000000000010e x15 000000000000010f
  x16 0000000000000110 x17 0000000000000111 x18 0000000000000112 x19 0000000000000113
  x20 0000000000000114 x21 0000000000000115 x22 0000000000000116 x23 0000000000000117
  x24 0000000000000118 x25 0000000000000119 x26 000000000000011a x27 000000000000011b
  x28 000000000000011c x29 000000000000011d x30 000000000000011e
"""
CONSOLE = "\nLast of its console:\n  one\n  two\n"


def test_text(crash):
    assert crash(record()).stdout == HEAD + CONSOLE
    assert crash(exception()).stdout == HEAD + REGISTERS + CONSOLE
    assert crash(record(console_size=0, cell=abi.BH_CRASH_NO_CELL)).stdout == HEAD.replace(', of cell 1 "rtos"', "")


def test_trace(crash):
    name = abi.TraceEvent.from_buffer_copy(bytes(event(1, 1, abi.BH_TRACE_CELL))[:16] + b"alpha".ljust(48, b"\0"))
    name.cause |= 5
    name.unused[:] = 1, 1
    content = record([event(0, 0, 0, address=0x20, x0=3, x1=4), event(1, 0, abi.BH_TRACE_IRQ, address=27), name])
    assert crash(content).stdout == HEAD + CONSOLE + """
Last exits of CPUs, the last one of each first:
  CPU 0   1.000000 s  syndrome 0x0        at 0x1000, address 0x20, x0 0x3, x1 0x4
  CPU 1   1.000000 s  irq      0x0        at 0x1000, address 0x1b, x0 0x0, x1 0x0
  CPU 1   1.000000 s  cell     earlier ones are of cell 5 "alpha"
"""
    assert json.loads(crash(content, "--json").stdout)["trace"] == [
        {"cpu": 0, "later": 0, "kind": "syndrome", "ticks": "62500000", "cause": "0x0", "pc": "0x1000", "address": "0x20",
         "x0": "0x3", "x1": "0x4"},
        {"cpu": 1, "later": 0, "kind": "irq", "ticks": "62500001", "cause": "0x100000000000000", "pc": "0x1000",
         "address": "0x1b", "x0": "0x0", "x1": "0x0"},
        {"cpu": 1, "later": 1, "kind": "cell", "ticks": "62500001", "cell_id": 5, "cell": "alpha"}]


def test_json(crash):
    common = {"version": 1, "software": "1.2", "reason": "CPU 3 does not answer", "cpu": 2, "cell_id": 1, "cell": "rtos",
              "ticks": "156250000", "ticks_per_second": 62500000, "console": "one\ntwo", "trace": []}
    assert json.loads(crash(record(), "--json").stdout) == {**common, "exception": None}
    registers = [hex(0x100 + n) if n not in (6, 7) else None for n in range(31)]
    assert json.loads(crash(exception(), "--json").stdout) == {**common, "exception": {
        "vector": 4, "exception_class": 0x25, "syndrome": "0x96000047", "elr": "0xb1d000001234", "far": "0x10",
        "sp": "0xb1d000008000", "spsr": "0x3c9", "registers": registers}}
    data = json.loads(crash(record(cell=abi.BH_CRASH_NO_CELL), "--json").stdout)
    assert (data["cell_id"], data["cell"]) == (None, None)


def test_none(crash):
    result = crash(b"")
    assert (result.returncode, result.stdout, result.stderr) == (0, "The hypervisor has left no crash log\n", "")
    assert json.loads(crash(b"", "--json").stdout) is None
    (crash.box.path / "sys/crash_log").unlink()
    assert crash.box.run("crash").stderr == "opening sys/crash_log: No such file or directory\n"


def test_file(crash):
    """A page, or memory that ends in one."""
    crash(b"")
    for name, content in (("page", record()), ("memory", bytes(3 << 20) + record())):
        crash.box.file(name, content)
        assert crash.box.run("crash", name).stdout == HEAD + CONSOLE
        assert crash.box.run("crash", "--json", name).stdout == crash.box.run("crash", name, "--json").stdout != ""


@pytest.mark.parametrize("content, message", [
    (record()[:-1], "has 4095 bytes, a crash log has 4096"), (b"x", "has 1 bytes, a crash log has 4096"),
    (bytes(4096), "ends in no crash log"), (record() + b"x", "ends in no crash log"),
    (record(version=2), "is a crash log of version 2, this tool reads version 1: use the tool of that hypervisor"),
    (record(size=4095), "is a damaged crash log"), (record()[:-1] + b"x", "is a damaged crash log"),
    (bytes(record()[:16]) + bytes(4) + record()[20:], "is a damaged crash log"),
])
def test_refused(crash, content, message):
    result = crash(content)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"sys/crash_log: {message}\n")


def test_reported_is_no_matter(crash):
    """The next run notes in the record that it has told it: not part of the CRC."""
    assert crash(record()[:20] + b"\1\0\0\0" + record()[24:]).stdout == HEAD + CONSOLE


def test_usage(crash):
    for arguments in (["-x"], ["a", "b"], ["--json", "--json"], ["--jso"]):
        result = crash.box.run("crash", *arguments)
        assert result.returncode == 1 and "Usage" in result.stdout and result.stderr


def test_anything_that_is_whole(crash):
    """Any bytes behind a good head: the text is printable and the JSON as the schema says."""
    @settings(max_examples=80, deadline=None, database=None)
    @given(st.lists(st.tuples(st.integers(24, 4095), st.binary(min_size=1, max_size=64)), max_size=40),
           st.sampled_from([0, 0xff, 0x1b]), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1))
    def check(changes, fill, console_size, trace_count):
        content = bytearray(record()[:24] + bytes([fill]) * 4072)
        for at, piece in changes:
            content[at:at + len(piece)] = piece
        log = abi.CrashLog.from_buffer_copy(bytes(content[:4096]))
        log.console_size, log.trace_count = console_size, trace_count
        content = seal(log)
        result = crash(content)
        assert (result.returncode, result.stderr) == (0, "")
        assert all(char in "\n\t" or " " <= char <= "~" for char in result.stdout)
        assert crash(content, "--json").returncode == 0
    check()


def test_any_bytes(crash):
    @settings(max_examples=40, deadline=None, database=None)
    @given(st.integers(0, 4095), st.integers(1, 255))
    def check(at, change):
        content = bytearray(exception())
        content[at] ^= change
        result = crash(bytes(content))
        assert result.returncode == (0 if 20 <= at < 24 else 1)
    check()
