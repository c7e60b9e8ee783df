# SPDX-License-Identifier: BSD-2-Clause
"""cell console: what a cell printed last, from the ring that the driver shows; any bytes, and a ring that moves meanwhile."""
import json
import sys

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from bulkhead_config import abi, output_schema  # noqa: E402

SIZE = abi.BH_CELL_CONSOLE_SIZE


def ring(text, written=None, begun=None):
    """The file, when these were the last of so many characters."""
    written = len(text) if written is None else written
    content = bytearray(SIZE)
    for number, byte in enumerate(text, written - len(text)):
        content[number % SIZE] = byte
    console = abi.CellConsole(complete=written, begun=written if begun is None else begun)
    return bytes(console)[:8] + bytes(content) + bytes(console)[-8:]


@pytest.fixture
def console(box):
    box.cell(0)
    box.cell(1, "rtos\n")

    def run(content, *arguments):
        box.file("sys/cells/1/console", content)
        result = box.run("cell", "console", *(arguments or ["rtos"]))
        if "--json" in arguments and not result.returncode:
            jsonschema.validate(json.loads(result.stdout), output_schema.CELL_CONSOLE)
        return result
    run.box = box
    return run


@pytest.mark.parametrize("arguments", [["rtos"], ["1"], ["--name", "rtos"]])
def test_text(console, arguments):
    result = console(ring(b'cell "rtos" started\r\nhello\tworld\nno end'), *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (0, 'cell "rtos" started\nhello\tworld\nno end\n', "")


def test_nothing_printed(console):
    assert console(ring(b"")).stdout == ""
    assert json.loads(console(ring(b""), "1", "--json").stdout) == {
        "id": 1, "name": "rtos", "written": 0, "kept": 0, "text": ""}


def test_terminal_is_safe(console):
    every = bytes(range(256))
    assert console(ring(every)).stdout == "".join(
        chr(byte) if byte in b"\n\t" or 32 <= byte < 127 else "?" for byte in every) + "\n"


@pytest.mark.parametrize("written", [SIZE, SIZE + 1, 3 * SIZE - 1, (1 << 40) + 7])
def test_end_of_much(console, written):
    text = bytes(97 + n % 26 for n in range(SIZE))
    result = console(ring(text, written), "1", "--json")
    assert json.loads(result.stdout) == {"id": 1, "name": "rtos", "written": written, "kept": SIZE, "text": text.decode()}
    lost = f"[{written - SIZE} earlier characters are not kept]\n" if written > SIZE else ""
    assert console(ring(text, written)).stdout == f"{lost}{text.decode()}\n"


def test_overwritten_meanwhile(console):
    """What the cell may have written over is left out."""
    text = bytes(97 + n % 26 for n in range(SIZE))
    data = json.loads(console(ring(text, 2 * SIZE, begun=2 * SIZE + 100), "1", "--json").stdout)
    assert (data["kept"], data["text"]) == (SIZE - 100, text[100:].decode())
    result = console(ring(text, 2 * SIZE, begun=3 * SIZE))
    assert (result.returncode, result.stdout, result.stderr) == (
        1, "", "reading sys/cells/1/console: the cell prints faster than it can be read: try again\n")
    assert console(ring(text, 2 * SIZE, begun=2 * SIZE - 1)).returncode == 1


@pytest.mark.parametrize("content, message", [
    (bytes(4095), "reading sys/cells/1/console: 4095 bytes, 4096 were expected: driver and tool are of different versions\n"),
    (b"", "reading sys/cells/1/console: 0 bytes, 4096 were expected: driver and tool are of different versions\n"),
    (bytes(4097), "reading sys/cells/1/console: File too large\n"),
])
def test_other_drivers(console, content, message):
    result = console(content)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def test_wrong_cells(console):
    console(ring(b""))
    assert console.box.run("cell", "console", "0").stderr == (
        'cell "linux" may not print: give it \'virtual-console\' in its configuration\n')
    assert console.box.run("cell", "console", "nobody").stderr == 'there is no cell "nobody": see jailhouse cell list\n'
    assert console.box.run("cell", "console", "7").stderr == "opening sys/cells/7: No such file or directory\n"
    for arguments in ([], ["--json"], ["1", "2"], ["1", "--json", "--json"]):
        result = console.box.run("cell", "console", *arguments)
        assert result.returncode == 1 and "Usage" in result.stdout


def test_any_file(console):
    @settings(max_examples=60, deadline=None, database=None)
    @given(st.builds(
        lambda text, complete, begun: bytes(abi.CellConsole(complete=complete, begun=begun))[:8] + text.ljust(SIZE, b"\xa5") +
        begun.to_bytes(8, "little"), st.binary(max_size=200), *2 * [st.integers(0, 3 * SIZE) | st.integers(0, (1 << 64) - 1)]))
    def check(content):
        plain = console(content)
        data = console(content, "1", "--json")
        found = abi.CellConsole.from_buffer_copy(content)
        first = max(found.begun - SIZE, 0)
        if found.complete > found.begun or first > found.complete or first == found.complete > 0:
            assert plain.returncode == data.returncode == 1 and plain.stdout == data.stdout == ""
            return
        expected = bytes(content[8 + n % SIZE] for n in range(first, found.complete))
        assert json.loads(data.stdout)["text"].encode("latin-1") == expected
        assert all(char in "\n\t" or " " <= char <= "~" for char in plain.stdout)
        assert plain.returncode == data.returncode == 0
    check()
