# SPDX-License-Identifier: BSD-2-Clause
"""Files of /sys/devices/jailhouse and reads of /dev/jailhouse, as tools made for Jailhouse expect them."""
from conftest import SYSFS, SYSTEM

FILES = {"console", "enabled", "mem_pool_size", "mem_pool_used", "remap_pool_size", "remap_pool_used", "cells"}
CELL_FILES = {"name", "state", "cpus_assigned", "cpus_assigned_list", "cpus_failed", "cpus_failed_list", "statistics",
              "fault", "memory"}


def listing(machine, path):
    return set(machine.check(f"ls {path}").split())


def test_files(root):
    assert listing(root, SYSFS) >= FILES | {"core"}
    assert listing(root, f"{SYSFS}/cells") == {"0"}
    assert listing(root, f"{SYSFS}/cells/0") == CELL_FILES
    modes = root.check(f"stat -c %a {SYSFS}/core {SYSFS}/cells/0/fault {SYSFS}/cells/0/memory").split()
    assert modes == ["400"] * 3
    modes = root.check(f"stat -c %a {SYSFS}/console {SYSFS}/enabled {SYSFS}/*pool* {SYSFS}/cells/0/name").split()
    assert set(modes) == {"444"}
    assert root.check(f"cat {SYSFS}/cells/0/cpus_assigned") == "f\n"
    assert root.check(f"cat {SYSFS}/cells/0/cpus_failed_list") == "\n"


def test_statistics_move_with_their_cpu(root):
    def cpus(cell):
        return {name for name in listing(root, f"{SYSFS}/cells/{cell}/statistics") if name.startswith("cpu")}
    assert cpus(0) == {"cpu0", "cpu1", "cpu2", "cpu3"}
    root.create()
    assert (cpus(0), cpus(1)) == ({"cpu0", "cpu1", "cpu2"}, {"cpu3"})
    root.jailhouse("cell destroy rtos")
    assert cpus(0) == {"cpu0", "cpu1", "cpu2", "cpu3"}


def test_console_and_files_of_a_session(machine):
    machine.jailhouse(f"enable {SYSTEM}")
    text = machine.jailhouse("console")
    assert 'root cell "qemu-arm64"' in text
    assert 'root cell "qemu-arm64"' in machine.check(f"cat {SYSFS}/console")
    machine.jailhouse("disable")
    # what was said is kept for readers, sysfs shows the present
    assert "disabled, all CPUs go back to Linux" in machine.jailhouse("console")
    assert machine.check(f"cat {SYSFS}/console") == ""
    assert [machine.check(f"cat {SYSFS}/{name}").strip() for name in ("enabled", "mem_pool_size", "remap_pool_used")] == [
        "0", "0", "0"]
    assert listing(machine, SYSFS) >= FILES | {"core"}
    assert listing(machine, f"{SYSFS}/cells") == set()


def test_console_before_the_first_session(machine):
    machine.check("rmmod uio_ivshmem jailhouse")
    machine.load_modules()
    result = machine.run("jailhouse console")
    assert (result.status, result.lines) == (1, ["read(console): Resource temporarily unavailable"])
    assert "core" not in listing(machine, SYSFS)


def test_console_that_was_not_configured(machine, system_config):
    def without(config):
        config.header.flags = 0
    machine.jailhouse(f"enable {machine.push_config('silent', system_config.changed(without).bytes())}")
    result = machine.run("jailhouse console")
    assert (result.status, result.lines) == (1, ["read(console): Operation not permitted"])
    assert not machine.run(f"cat {SYSFS}/console").ok
