# SPDX-License-Identifier: BSD-2-Clause
"""What reaches the driver, and what the tool says when the driver refuses."""
import errno
import os
import struct
import threading

import pytest

from conftest import NOT_LOADED

ENABLE, DISABLE, CREATE, LOAD, START, DESTROY = (
    0x40080000, 0x00000001, 0x40100002, 0x40300003, 0x40280004, 0x40280005)


def system_config(memory_regions=1, signature=b"JHSYS", revision=14):
    header = bytearray(488)
    header[0:5] = signature
    struct.pack_into("<BH", header, 5, 2, revision)
    struct.pack_into("<II", header, 0x164 + 0x30, 8, memory_regions)
    return bytes(header) + bytes(8 + 32)


def test_enable(box):
    config = system_config()
    result = box.run("enable", box.file("a.cell", config))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    request, = box.requests()
    assert request.number == ENABLE and request.blobs == [config[:488]]


def test_enable_accepts_trailing_bytes(box):
    assert box.run("enable", box.file("a.cell", system_config() + b"more")).returncode == 0


@pytest.mark.parametrize("content, needed", [
    (b"", 488), (b"JHSYS", 488), (system_config()[:487], 488), (system_config()[:-1], 528),
    (system_config(memory_regions=0xffffffff), 488 + 8 + 32 * 0xffffffff),
])
def test_enable_truncated_is_refused_here(box, content, needed):
    """The driver gets no size: it would read behind the buffer."""
    path = box.file("a.cell", content)
    result = box.run("enable", path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (f"JAILHOUSE_ENABLE: Invalid argument: {path} has {len(content)} bytes, a system "
                             f"configuration with its counts needs {needed}: build the file again\n")
    assert box.requests() == []


@pytest.mark.parametrize("config", [system_config(0xffffffff, signature=b"JHCLL"),
                                    system_config(0xffffffff, revision=13)])
def test_enable_leaves_other_kinds_to_the_driver(box, config):
    assert box.run("enable", box.file("a.cell", config)).returncode == 0
    assert len(box.requests()) == 1


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 700])
def test_create(box, content):
    assert box.run("cell", "create", box.file("a.cell", content)).returncode == 0
    request, = box.requests()
    assert request.number == CREATE
    assert struct.unpack("<QII", request.blobs[0])[1:] == (len(content), 0)
    assert request.blobs[1] == content


def test_create_from_pipe(box):
    os.mkfifo(box.path / "pipe")
    writer = threading.Thread(target=(box.path / "pipe").write_bytes, args=[b"content"])
    writer.start()
    assert box.run("cell", "create", "pipe").returncode == 0
    writer.join()
    assert box.requests()[0].blobs[1] == b"content"


def test_load_in_order(box):
    first, empty = box.file("first", b"FIRST" * 30000), box.file("empty", b"")
    result = box.run("cell", "load", "--name", "rtos", first, "-s", "a=1 b=2", "-a", "0x1000", empty,
                     "--string", "", "--address", "020", first, "-a", "0x7fffffffffffffff", "-s", "-a")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    request, = box.requests()
    assert request.number == LOAD and request.cell == (-1, "rtos")
    assert request.images == [
        (0, b"FIRST" * 30000), (0x1000, b"a=1 b=2\0"), (0, b""), (16, b"\0"),
        (0x7fffffffffffffff, b"FIRST" * 30000), (0, b"-a\0")]


def test_load_by_id(box):
    assert box.run("cell", "load", "3", box.file("f", b"1"), "-a", "4096").returncode == 0
    request, = box.requests()
    assert request.cell == (3, "") and request.images == [(4096, b"1")]


def test_shutdown_loads_nothing(box):
    assert box.run("cell", "shutdown", "2").returncode == 0
    request, = box.requests()
    assert request.number == LOAD and request.cell == (2, "") and request.images == []


FAILING = [
    ("ENABLE", ENABLE, ["enable", "sys.cell"]), ("DISABLE", DISABLE, ["disable"]),
    ("CELL_CREATE", CREATE, ["cell", "create", "f"]), ("CELL_LOAD", LOAD, ["cell", "load", "1", "f"]),
    ("CELL_LOAD", LOAD, ["cell", "shutdown", "1"]), ("CELL_START", START, ["cell", "start", "1"]),
    ("CELL_DESTROY", DESTROY, ["cell", "destroy", "1"]),
]


@pytest.fixture
def files(box):
    box.file("sys.cell", system_config())
    box.file("f", b"x")


@pytest.mark.parametrize("name, number, arguments", FAILING)
@pytest.mark.parametrize("text, printed", [
    (None, ""), ("", ""),
    ("cell 'rtos': CPU 7 is not in the root cell; take it out", ": cell 'rtos': CPU 7 is not in the root cell; "
     "take it out"),
    ("two\nlines \x1b[2J", ": two?lines ?[2J"),
    ("z" * 300, ": " + "z" * 255),
])
def test_driver_refuses(box, files, name, number, arguments, text, printed):
    fail = f"{number}:{errno.EBUSY}" + ("" if text is None else f":{text}")
    result = box.run(*arguments, env={"SHIM_FAIL": fail})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"JAILHOUSE_{name}: Device or resource busy{printed}\n"
    assert len(box.requests()) == 1


@pytest.mark.parametrize("name, number, arguments", FAILING + [("", 0, ["console"])])
def test_device_missing(box, files, name, number, arguments):
    box.device.unlink()
    result = box.run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"opening dev/jailhouse: No such file or directory: {NOT_LOADED}\n"


@pytest.mark.parametrize("arguments", [["enable", "gone"], ["cell", "create", "gone"],
                                       ["cell", "load", "1", "f", "gone", "f"]])
def test_file_missing(box, files, arguments):
    result = box.run(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "opening gone: No such file or directory\n"
    assert box.requests() == []


@pytest.mark.parametrize("arguments", [["enable", "."], ["cell", "create", "."], ["cell", "load", "1", "."]])
def test_file_is_a_directory(box, files, arguments):
    result = box.run(*arguments)
    assert (result.returncode, result.stderr) == (1, "reading .: Is a directory\n")
    assert box.requests() == []


@pytest.mark.parametrize("arguments", [["enable", "/dev/zero"], ["cell", "create", "/dev/zero"]])
def test_endless_file(box, arguments):
    result = box.run(*arguments)
    assert (result.returncode, result.stderr) == (1, "reading /dev/zero: File too large\n")
    assert box.requests() == []
