# SPDX-License-Identifier: BSD-2-Clause
"""cell list and console: every byte of the output."""
import errno
import os
import select
import signal
import subprocess

import pytest

from conftest import TOOL

HEADER = "ID      Name                    State             Assigned CPUs           Failed CPUs             \n"


def test_cell_list(box):
    box.cell(0, "qemu-arm64\n", "running\n", "0,2-15\n", "\n")
    box.cell(1, "inmate-demo\n", "running\n", "1\n", "\n")
    result = box.run("cell", "list")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == HEADER + (
        "0       qemu-arm64              running           0,2-15                                          \n"
        "1       inmate-demo             running           1                                               \n")
    assert {len(line) for line in result.stdout.splitlines()} == {98}


def test_cell_list_sorts_by_directory_name(box):
    for cell_id in (2, 10, 0, 1):
        box.cell(cell_id)
    assert [line.split()[0] for line in box.run("cell", "list").stdout.splitlines()[1:]] == ["0", "1", "10", "2"]


def test_cell_list_long_values_push_the_rest(box):
    box.cell(123456789, "n" * 31 + "\n", "Comm ABI mismatch, surely\n", ",".join("02468") + "," * 20 + "\n", "3\n")
    line = box.run("cell", "list").stdout.splitlines()[1]
    assert line == "123456789" + "n" * 31 + "Comm ABI mismatch, surely" + "0,2,4,6,8" + "," * 20 + "3" + " " * 23


def test_cell_list_cuts_names(box):
    box.cell(1, "n" * 40 + "\n")
    assert box.run("cell", "list").stdout.splitlines()[1].startswith("1       " + "n" * 31 + "running ")


@pytest.mark.parametrize("value, shown", [("a\x1b[31mb\n", "a?[31mb"), ("a\rb\tc\n", "a?b?c"), ("a\nb\n", "a"),
                                          ("no newline", "no newline"), ("\n", ""), ("cut\0here\n", "cut")])
def test_cell_list_values_are_not_trusted(box, value, shown):
    box.cell(1, value)
    assert box.run("cell", "list").stdout == HEADER + "1       " + f"{shown:24}{'running':18}{'0':24}{'':24}\n"


def test_cell_list_without_module(box):
    result = box.run("cell", "list")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_cell_list_disabled(box):
    (box.path / "sys/cells").mkdir(parents=True)
    result = box.run("cell", "list")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_cell_list_needs_no_device(box):
    box.device.unlink()
    box.cell(0)
    assert box.run("cell", "list").returncode == 0


def test_cell_list_not_a_directory(box):
    box.file("sys/cells", "")
    result = box.run("cell", "list")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "opening sys/cells: Not a directory\n")


@pytest.mark.parametrize("attribute", ["name", "state", "cpus_assigned_list", "cpus_failed_list"])
def test_cell_list_broken_attribute(box, attribute):
    """The other cells are still shown."""
    for cell_id in (0, 1, 2, 3):
        box.cell(cell_id, f"cell-{cell_id}\n")
    box.file(f"sys/cells/1/{attribute}", "")
    (box.path / f"sys/cells/2/{attribute}").unlink()
    result = box.run("cell", "list")
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ID", "0", "3"]
    assert result.stderr == (f"reading sys/cells/1/{attribute}: the file is empty\n"
                             f"opening sys/cells/2/{attribute}: No such file or directory\n")


def test_cell_list_huge_attribute(box):
    box.cell(1, "n" * 100000)
    result = box.run("cell", "list")
    assert (result.returncode, result.stderr) == (1, "reading sys/cells/1/name: File too large\n")


@pytest.mark.parametrize("name", ["x", "1x", "-1", "99999999999"])
def test_cell_list_odd_directory(box, name):
    box.cell(0)
    box.cell(name)
    result = box.run("cell", "list")
    assert (result.returncode, result.stderr) == (1, f"sys/cells/{name}: not a cell ID\n")
    assert len(result.stdout.splitlines()) == 2


def test_console(box):
    text = "Initializing\n" * 100 + "no newline at the end"
    box.device.write_text(text)
    result = box.run("console")
    assert (result.returncode, result.stdout, result.stderr) == (0, text, "")


def test_console_not_enabled(box):
    box.device.unlink()
    os.mkfifo(box.device)
    keep = os.open(box.device, os.O_RDWR)
    result = box.run("console")
    os.close(keep)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "read(console): Resource temporarily unavailable\n"


def test_console_of_a_session_that_is_over(box):
    box.device.unlink()
    os.mkfifo(box.device)
    keep = os.open(box.device, os.O_RDWR)
    os.write(keep, b"the last words\n")
    result = box.run("console")
    os.close(keep)
    assert (result.returncode, result.stdout, result.stderr) == (0, "the last words\n", "")


def test_console_not_configured(box):
    result = box.run("console", env={"SHIM_READ": str(errno.EPERM)})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "read(console): Operation not permitted\n"


def test_console_output_closed(box):
    box.device.write_text("text")
    with open("/dev/full", "w") as full:
        result = box.run("console", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (1, "write(stdout): No space left on device\n")


@pytest.mark.parametrize("option", ["-f", "--follow"])
def test_console_follow(box, option):
    """Waits for more until it is interrupted, and hands each piece on at once."""
    box.device.unlink()
    os.mkfifo(box.device)
    keep = os.open(box.device, os.O_RDWR)
    # whoever runs the tests in the background may have SIGINT ignored, which is inherited
    with subprocess.Popen([TOOL, "console", option], cwd=box.path, stdout=subprocess.PIPE,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as tool:
        for piece in (b"one\n", b"two", b"three\n"):
            os.write(keep, piece)
            assert select.select([tool.stdout], [], [], 60)[0]
            assert os.read(tool.stdout.fileno(), 100) == piece
        assert tool.poll() is None
        tool.send_signal(signal.SIGINT)
        assert tool.wait(60) == -signal.SIGINT
    os.close(keep)
