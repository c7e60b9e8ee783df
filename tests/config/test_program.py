# SPDX-License-Identifier: BSD-2-Clause
"""What all programs do alike: output that cannot be written, and an interrupt, at any time."""
import os
import re
import signal
import subprocess

import pytest

from conftest import HERE, ROOT

SYSTEM = str(ROOT / "configs/systems/qemu-arm64-demo.yaml")
CONFIG = str(ROOT / "tools/bulkhead-config")
HELPERS = ROOT / "tools/helpers"
LINUX = str(HELPERS / "jailhouse-cell-linux")
PROGRAMS = [
    ("bulkhead-config", [CONFIG, "check", SYSTEM]), ("bulkhead-config", [CONFIG, "check", "--json", SYSTEM]),
    ("bulkhead-config", [CONFIG, "--help"]), ("bulkhead-config", [CONFIG, "compile", "--help"]),
    ("bulkhead-config", [CONFIG, "rules"]), ("bulkhead-config", [CONFIG, "check", "--json", str(HERE / "bad/cpu-twice.yaml")]),
    ("jailhouse config", [str(HELPERS / "jailhouse-config-check"), SYSTEM]),
    ("jailhouse config", [str(HELPERS / "jailhouse-config-build"), "--help"]), ("jailhouse cell linux", [LINUX, "--help"])]
NAMES = [" ".join(os.path.basename(word) for word in command) for _, command in PROGRAMS]


@pytest.mark.parametrize("name, command", PROGRAMS, ids=NAMES)
def test_output_is_full(name, command):
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (1, f"{name}: output: No space left on device\n")


@pytest.mark.parametrize("name, command", PROGRAMS, ids=NAMES)
def test_output_is_closed(name, command):
    result = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (1, f"{name}: output: Bad file descriptor\n")


def test_messages_are_closed():
    """They do not get into the output."""
    result = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", CONFIG, "check", "-Wall", "-B", "../boards", "cpu-unused.yaml"],
                            stdout=subprocess.PIPE, text=True, timeout=60, cwd=HERE / "warn")
    assert result.returncode == 0 and re.fullmatch(r"cpu-unused.yaml: no problem in \d cells and \d links\n", result.stdout)


def test_message_of_a_failure_is_said_though_the_output_is_full(tmp_path):
    """It says more."""
    (tmp_path / "x.cell").write_bytes(b"JHSYS")
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([CONFIG, "show", tmp_path / "x.cell"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 1 and result.stderr.startswith(f"{tmp_path}/x.cell: has 5 bytes")


@pytest.mark.parametrize("command", [
    [CONFIG, "check", "{}"], [CONFIG, "compile", "-o", "{}.out", "{}"], [CONFIG, "show", "{}"], [CONFIG, "import", "{}"],
    [CONFIG, "create", "-o", "{}.out", "-t", "{}"], [LINUX, "--arch", "arm64", "{}", "Image"]],
    ids=lambda command: " ".join(os.path.basename(word) for word in command[:3]))
def test_interrupted(tmp_path, command):
    """While it waits for its input."""
    fifo = tmp_path / "input"
    os.mkfifo(fifo)
    process = subprocess.Popen([word.format(fifo) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(fifo, "wb"):		# when it has opened the other end
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (130, "", "")


@pytest.mark.parametrize("command, module", [
    ([CONFIG, "rules"], "yaml"), ([str(HELPERS / "jailhouse-config-check"), SYSTEM], "yaml"), ([LINUX, "--help"], "libfdt")])
def test_interrupted_at_the_beginning(tmp_path, command, module):
    """While modules are loaded, which takes most of the time of short commands."""
    (tmp_path / f"{module}.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")
