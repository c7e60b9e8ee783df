# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor comes and goes many times, CPUs go offline and online around it, several users at once, commands that
are killed half-way: nothing is lost, and nothing is left behind.

BULKHEAD_ROUNDS: how many rounds of enable and disable (`make soak-root`: 100).
"""
import os
import re

import pytest

from conftest import INMATE, RTOS, SYSFS, SYSTEM
from test_errors import CREATE, DISABLE
from test_inmates import without_link

ROUNDS = int(os.environ.get("BULKHEAD_ROUNDS", "20"))
BUSY = "Device or resource busy"
CPU = "/sys/devices/system/cpu/cpu{}/online"
SECONDS = 10        # of doing things at once


@pytest.fixture(autouse=True)
def quiet(machine):
    """What each round says in the kernel log is not for the serial line, where it costs more time than the rounds."""
    machine.check("echo 3 >/proc/sys/kernel/printk")
    yield
    if machine.guest.alive:
        machine.check("echo 7 >/proc/sys/kernel/printk")


@pytest.fixture
def root(machine):
    machine.enable()
    return machine


def kib(machine, name):
    return int(machine.check(f"awk '$1 == \"{name}:\" {{ print $2 }}' /proc/meminfo"))


def residue(machine):
    """What has to be the same after each round. Free pages are not in it: the kernel's own come and go."""
    commands = {
        "irqs": "sed 's/:.*//' /proc/interrupts",
        "sysfs": "find /sys/devices/jailhouse /sys/devices/platform/jailhouse | grep -v /power/ | sort",
        "mappings": "grep -v unpurged /proc/vmallocinfo | grep -c jailhouse || true",
        "files": "ls /sys/class/uio /sys/class/pci_bus /dev | sort",
    }
    return {**machine.snapshot(), "cma": kib(machine, "CmaFree"),
            **{name: machine.check(command) for name, command in commands.items()}}


# says what has to be the same in each round
BEGIN = f"jailhouse enable {SYSTEM}; cat {SYSFS}/mem_pool_used {SYSFS}/remap_pool_used; ls /sys/class/pci_bus; "
RUN_CELL = f"jailhouse cell create {RTOS}; jailhouse cell load rtos {INMATE}; jailhouse cell start rtos; "
ROUND = {
    "alone": BEGIN + "jailhouse disable",
    "with a cell": BEGIN + RUN_CELL + "jailhouse disable",
    "with a cell that is destroyed": BEGIN + f"jailhouse cell create {RTOS}; jailhouse cell destroy rtos; "
                                     "jailhouse disable",
}


@pytest.mark.parametrize("kind", ROUND)
def test_rounds(machine, kind):
    """The first round is for what is made once and stays: memory of cells, the hypervisor's until the next enable."""
    machine.check(ROUND[kind])
    before, free = residue(machine), kib(machine, "MemFree")
    text = machine.check(f"set -e; for i in $(seq {ROUNDS}); do {{ {ROUND[kind]}; }} >>/tmp/rounds; done; "
                         "sort /tmp/rounds | uniq -c; rm /tmp/rounds", timeout=900)
    # the same numbers, and the same PCI host, in each round
    counts = {int(line.split()[0]) for line in text.splitlines() if line.strip()}
    assert len(text.splitlines()) <= 4 and all(count % ROUNDS == 0 for count in counts), text
    assert residue(machine) == before
    assert free - kib(machine, "MemFree") < 2048 + 16 * ROUNDS, "the kernel has lost memory"
    machine.all_cpus_work()


# --- CPUs

def switch(machine, cpu, on):
    return machine.run(f"echo {int(on)} >{CPU.format(cpu)}")


def test_cpus_go_and_come_around_it(machine):
    """Before, between, while a cell lives, and after."""
    def around():
        for cpu in (1, 2):
            for on in (False, True):
                assert switch(machine, cpu, on).ok
    before = residue(machine)
    for _ in range(3):
        around()
        machine.jailhouse(f"enable {SYSTEM}")
        around()
        machine.create()
        around()
        machine.start()
        around()
        machine.jailhouse("cell destroy rtos")
        around()
        machine.jailhouse("disable")
        around()
    after = residue(machine)
    for key in "iomem", "sysfs", "cma":
        before.pop(key), after.pop(key)
    assert after == before
    machine.all_cpus_work()


def test_cpu_of_a_cell_stays_offline(root):
    root.create()
    root.check("dmesg -c >/dev/null")
    assert not switch(root, 3, True).ok
    log = root.check("dmesg")
    assert "CPU 3 cannot come online, a cell has it (jailhouse cell list): destroy that cell first" in log
    assert "failed to boot" not in log
    assert root.online() == "0-2"
    root.start_demo()
    assert not switch(root, 3, True).ok
    assert root.cells()["rtos"][1] == "running"
    root.jailhouse("cell destroy rtos")
    assert root.online() == "0-3"
    # and is Linux's again
    assert switch(root, 3, False).ok and switch(root, 3, True).ok
    root.all_cpus_work()


def test_refused_creation_gives_cpus_back(root, rtos_config):
    def change(config):
        config.irqchips[0].pin_base = 1000
    path = root.push_config("bad", rtos_config.changed(change).bytes())
    assert not root.run(f"jailhouse cell create {path}").ok
    assert root.online() == "0-3"
    assert switch(root, 3, False).ok
    assert not root.run(f"jailhouse cell create {path}").ok
    assert root.online() == "0-2"
    assert switch(root, 3, True).ok
    root.all_cpus_work()


LOOPS = {
    "cells": f"jailhouse cell create {RTOS} && jailhouse cell load rtos {INMATE} && jailhouse cell start rtos; "
             "jailhouse cell destroy rtos",
    "other cells": "jailhouse cell create /tmp/second.cell; jailhouse cell destroy second",
    "enable": f"jailhouse enable {SYSTEM}; jailhouse disable",
    "rmmod": "rmmod uio_ivshmem jailhouse; insmod /lib/modules/jailhouse.ko; insmod /lib/modules/uio_ivshmem.ko",
    "on": "for c in 1 2 3; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done",
    "off 3": "echo 0 >/sys/devices/system/cpu/cpu3/online",
    "off 2": "echo 0 >/sys/devices/system/cpu/cpu2/online",
    "read": f"cat {SYSFS}/enabled {SYSFS}/*pool* {SYSFS}/cells/*/[ns]* {SYSFS}/cells/*/c[op]u* {SYSFS}/cells/*/statistics/*; "
            f"cat {SYSFS}/trace {SYSFS}/cells/*/fault {SYSFS}/cells/*/memory >/dev/null; "
            f"cat {SYSFS}/cells/1/console >/dev/null; jailhouse cell list; jailhouse console",
}


def all_at_once(machine, *names):
    """Runs loops beside each other for a while; gives what they said, each line with how often."""
    loops = "\n".join(f"(while [ ! -e /tmp/stop ]; do {LOOPS[name]}; done) >>/tmp/said 2>&1 &" for name in names)
    machine.check(f"rm -f /tmp/stop /tmp/said\n{loops}\nsleep {SECONDS}\n: >/tmp/stop\nwait", timeout=300)
    said = {}
    for line in machine.check("sort /tmp/said | uniq -c").splitlines():
        count, _, text = line.strip().partition(" ")
        said[text] = int(count)
    return said


def errors(said):
    """The commands' own: operation and errno, without the explanation."""
    return {match.group(0) for match in map(re.compile(r"^JAILHOUSE_\w+: [^:]+").match, said) if match}


def tidy(machine):
    """As a user would clean up, without looking at what is there."""
    machine.load_modules()
    # without a hypervisor, one that is offline would not let it start; with one, a cell may have it
    machine.check("for c in 1 2 3; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done 2>/dev/null; true")
    enabled = machine.run(f"jailhouse enable {SYSTEM}")
    assert enabled.status == 0 or "Device or resource busy" in enabled.output, enabled
    machine.destroy_cells()
    machine.check("for c in 1 2 3; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done 2>/dev/null; true")
    assert machine.cells() == {"qemu-arm64": (0, "running", "0-3")} and machine.online() == "0-3"


def test_hotplug_beside_cells(root):
    pool = root.pool_used()
    said = all_at_once(root, "cells", "on", "off 3", "off 2")
    # a cell can always be had: whoever comes first with a CPU, nobody gets in between
    assert not errors(said), said
    tidy(root)
    assert root.pool_used() == pool
    root.all_cpus_work()
    root.jailhouse("disable")


def test_two_users_at_once(root, rtos_config):
    root.push("/tmp/second.cell", rtos_config.changed(without_link).bytes())
    pool = root.pool_used()
    said = all_at_once(root, "cells", "cells", "other cells", "read")
    assert errors(said) <= {f"{CREATE}: File exists", "JAILHOUSE_CELL_LOAD: No such file or directory",
                            "JAILHOUSE_CELL_START: No such file or directory", "JAILHOUSE_CELL_START: Invalid argument",
                            "JAILHOUSE_CELL_DESTROY: No such file or directory"}, said
    tidy(root)
    assert root.pool_used() == pool
    root.all_cpus_work()
    root.jailhouse("disable")


def test_everything_at_once(machine, rtos_config):
    machine.push("/tmp/second.cell", rtos_config.changed(without_link).bytes())
    all_at_once(machine, "enable", "cells", "other cells", "on", "off 2", "read")
    tidy(machine)
    machine.jailhouse("disable")
    machine.all_cpus_work()


def test_module_goes_and_comes_meanwhile(machine):
    before = residue(machine)
    all_at_once(machine, "enable", "cells", "rmmod")
    tidy(machine)
    machine.jailhouse("disable")
    machine.check("rmmod uio_ivshmem jailhouse")
    assert "Jailhouse" not in machine.check("cat /proc/iomem")
    machine.load_modules()
    after = residue(machine)
    for key in "iomem", "sysfs", "cma", "modules":
        before.pop(key), after.pop(key)
    assert after == before
    machine.all_cpus_work()


def test_module_stays_while_cells_live(root):
    root.create()
    root.start()
    for _ in range(3):
        result = root.run("rmmod jailhouse")
        assert not result.ok and "temporarily unavailable" in result.output, repr(result)
    assert root.cells()["rtos"][1] == "running"
    root.jailhouse("disable")


def test_module_is_removed_by_force(machine):
    """It leaves first: Linux gets no memory back in which a hypervisor runs."""
    machine.enable()
    machine.create()
    machine.start()
    mark = machine.console.mark()
    machine.check("rmmod -f jailhouse", timeout=60)
    assert "disabled, all CPUs go back to Linux" in machine.console.text(mark)
    assert machine.online() == "0-3" and "Jailhouse" not in machine.check("cat /proc/iomem")
    machine.load_modules()
    machine.enable()
    machine.jailhouse("disable")
    machine.all_cpus_work()
    machine.guest.alive = False     # a forced removal taints the kernel


# --- commands that are killed

# busybox's timeout knows no parts of seconds
KILLED = "{command} & p=$!; usleep {delay}; kill -9 $p 2>/dev/null; wait $p; "


@pytest.mark.parametrize("seed", range(2))
def test_killed_commands(root, seed):
    """At many moments: what was begun is done or undone, and the next command finds all in order."""
    pool = root.pool_used()
    steps = [f"jailhouse cell create {RTOS}", f"jailhouse cell load rtos {INMATE}", "jailhouse cell start rtos",
             "jailhouse cell shutdown rtos", "jailhouse cell destroy rtos"]
    script = ""
    for n in range(12):
        delay = 500 + (n * 7919 + seed * 3571) % 45000
        script += "".join(KILLED.format(command=step, delay=delay) for step in steps)
        script += "jailhouse cell list >/dev/null || exit 1\n"
    root.check(script + "true", timeout=300)
    tidy(root)
    assert root.pool_used() == pool
    root.check(f"set -e; {RUN_CELL} jailhouse cell destroy rtos")
    root.all_cpus_work()


def test_killed_enable_and_disable(machine):
    before = machine.snapshot()
    script = "".join(KILLED.format(command=command, delay=500 + n * 5701 % 90000)
                     for n in range(15) for command in (f"jailhouse enable {SYSTEM}", "jailhouse disable"))
    machine.check(script + "true", timeout=300)
    machine.run("jailhouse disable")
    assert {**machine.snapshot(), "iomem": None} == {**before, "iomem": None}
    machine.jailhouse(f"enable {SYSTEM}")
    machine.create()
    machine.jailhouse("disable")
    machine.all_cpus_work()


def test_disable_wants_all_cpus(root):
    assert switch(root, 1, False).ok
    root.create()
    root.refused("jailhouse disable", DISABLE, BUSY, "online are 0,2-3", "bring all of them online")
    assert root.enabled() and list(root.cells()) == ["qemu-arm64"]
    assert switch(root, 1, True).ok
    root.jailhouse("disable")
    root.all_cpus_work()
