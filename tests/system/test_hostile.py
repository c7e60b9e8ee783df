# SPDX-License-Identifier: BSD-2-Clause
"""Every broken configuration that tests/config/hostile makes: refused as its manifest says, nothing changed.

On a machine with mem=, where it does not depend on Linux whether it can give up the memory of a configuration.
"""
import errno
import json
import os

import pytest

from conftest import host_path
from test_fixed_address import CMDLINE

GOOD, HOSTILE = "/configs/fixed", "/configs/hostile/fixed"
PREFIX = {"enable": "JAILHOUSE_ENABLE", "create": "JAILHOUSE_CELL_CREATE"}
COMMAND = {"enable": "enable", "create": "cell create"}


def entries(command):
    try:
        with open(host_path(f"{HOSTILE}/manifest.json"), encoding="utf-8") as file:
            manifest = json.load(file)
    except FileNotFoundError:
        return [None]       # fails the one test there is then, with this name
    return [entry for entry in manifest if entry["command"] == command]


def name(entry):
    return entry["file"].rsplit(".", 1)[0] if entry else "manifest-missing"


def pushed(machine, file):
    path = host_path(f"{HOSTILE}/{file}")
    with open(path if os.path.exists(path) else host_path(f"{GOOD}/{file}"), "rb") as source:
        return machine.push_config(file.rsplit(".", 1)[0], source.read())


@pytest.fixture
def off(fleet):
    """Nothing enabled."""
    machine = fleet.get(cmdline=CMDLINE)
    machine.load_modules()
    if machine.enabled():
        machine.jailhouse("disable")
    return machine


@pytest.fixture
def on(fleet):
    """The good system, without cells."""
    machine = fleet.get(cmdline=CMDLINE)
    machine.load_modules()
    if not machine.enabled():
        machine.jailhouse(f"enable {pushed(machine, 'qemu-arm64.cell')}")
    machine.destroy_cells()
    return machine


def attempt(machine, entry):
    """True if it was refused, and as it has to be."""
    command = entry["command"]
    result = machine.run(f"jailhouse {COMMAND[command]} {pushed(machine, entry['file'])}")
    what = f"{entry['file']} {entry['defect']}: {result!r}"
    if result.ok:
        assert not entry["errno"] or "0" in entry["errno"], what
        return False
    assert entry["errno"] and result.status == 1 and len(result.lines) == 1, what
    texts = [os.strerror(getattr(errno, error)) for error in entry["errno"] if error != "0"]
    assert any(result.lines[0].startswith(f"{PREFIX[command]}: {text}: ") for text in texts), what
    assert result.lines[0].split(": ", 2)[2].strip(), what
    return True


@pytest.mark.parametrize("entry", entries("enable"), ids=name)
def test_enable(off, entry):
    before = off.snapshot()
    if not attempt(off, entry):
        off.jailhouse("disable")
    after = off.snapshot()
    # the range of an attempt stays claimed, so that its log can be read
    assert {**after, "iomem": None} == {**before, "iomem": None}
    off.no_alarm()


@pytest.mark.parametrize("entry", entries("create"), ids=name)
def test_create(on, entry):
    for file in entry["before"]:
        on.create(pushed(on, file))
    before = on.snapshot()
    if attempt(on, entry):
        assert on.snapshot() == before
    on.no_alarm()


def test_machine_is_as_good_as_new(on):
    on.create(pushed(on, "rtos.cell"))
    on.jailhouse("disable")
    on.all_cpus_work()
