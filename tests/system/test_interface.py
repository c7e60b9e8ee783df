# SPDX-License-Identifier: BSD-2-Clause
"""Files of /sys/devices/jailhouse and reads of /dev/jailhouse, as tools made for Jailhouse expect them."""
import json

from cellfile import abi
from conftest import SYSFS, SYSTEM

FILES = {"console", "enabled", "mem_pool_size", "mem_pool_used", "remap_pool_size", "remap_pool_used", "cells", "trace", "trace_mode",
         "crash_log"}
CELL_FILES = {"name", "state", "cpus_assigned", "cpus_assigned_list", "cpus_failed", "cpus_failed_list", "statistics",
              "fault", "memory", "pci", "counters", "console"}

NAMES_OF_EXITS = sorted((name.removeprefix("CPU_EXIT_").lower() for name in vars(abi)
                         if name.startswith("CPU_EXIT_") and name != "CPU_EXIT_COUNT"),
                        key=lambda name: getattr(abi, f"CPU_EXIT_{name.upper()}"))


def listing(machine, path):
    return set(machine.check(f"ls {path}").split())


def test_files(root):
    assert listing(root, SYSFS) >= FILES | {"core"}
    assert listing(root, f"{SYSFS}/cells") == {"0"}
    assert listing(root, f"{SYSFS}/cells/0") == CELL_FILES
    modes = root.check(f"stat -c %a {SYSFS}/core {SYSFS}/trace {SYSFS}/crash_log {SYSFS}/cells/0/fault {SYSFS}/cells/0/memory "
                       f"{SYSFS}/cells/0/pci {SYSFS}/cells/0/console").split()
    assert modes == ["400"] * 7
    assert root.check(f"stat -c %a {SYSFS}/trace_mode") == "600\n"
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


def exits(root, cell, cpu):
    """From CPU 0 of the root cell; as file and as command say it."""
    text = root.check(f"taskset 1 cat {SYSFS}/cells/{cell}/statistics/cpu{cpu}/exits")
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def test_exits(root):
    """Reading is a hypercall for each line, of the CPU that does it; of each line, what is there when it is read."""
    first, second = exits(root, 0, 0), exits(root, 0, 0)
    assert list(first) == NAMES_OF_EXITS
    assert second["hypercall"] - first["hypercall"] == len(NAMES_OF_EXITS)
    again = exits(root, 0, 0)
    assert again["pci_config"] == second["pci_config"]
    total = int(root.check(f"taskset 1 cat {SYSFS}/cells/0/statistics/cpu0/vmexits_total"))
    assert sum(again.values()) <= total
    # a CPU that waits does not come into the hypervisor; that it belongs to another cell now makes it begin anew
    root.create()
    assert set(exits(root, 1, 3).values()) == {0}
    assert root.check(f"cat {SYSFS}/cells/1/counters") == "starts 0\nrestarts 0\nfaults 0\nwatchdog_expiries 0\n"
    root.jailhouse("cell load rtos /inmates/ivshmem-demo.bin")
    root.jailhouse("cell start rtos")
    assert root.check(f"cat {SYSFS}/cells/1/counters") == "starts 1\nrestarts 0\nfaults 0\nwatchdog_expiries 0\n"
    root.check(f"until grep -q '^pci_config [1-9]' {SYSFS}/cells/1/statistics/cpu3/exits; do :; done")
    stats = json.loads(root.jailhouse("cell stats rtos --json"))
    cell, = stats["cells"]
    assert (cell["name"], cell["state"], cell["counters"]) == ("rtos", "running", {"starts": 1, "restarts": 0, "faults": 0,
                                                                              "watchdog_expiries": 0})
    cpu, = cell["cpus"]
    assert cpu["cpu"] == 3 and list(cpu["exits"]) == NAMES_OF_EXITS and cpu["exits"]["pci_config"]["total"] > 0
    assert cpu["total"] == sum(cause["total"] for cause in cpu["exits"].values())
    root.jailhouse("cell destroy rtos")
    assert sum(exits(root, 0, 3).values()) < cpu["total"]


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
