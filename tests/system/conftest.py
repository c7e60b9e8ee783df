# SPDX-License-Identifier: BSD-2-Clause
"""One machine is booted and used by as many tests as it survives; a test that fails costs it its place."""
import os
import re
import time

import pytest

from cellfile import CellFile
from guest import HYPERVISOR_LINES, Guest, GuestError

BUILD = os.environ.get("BULKHEAD_BUILD") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../../build"))
CACHE = os.path.join(os.environ.get("BULKHEAD_CACHE", "/var/cache/bulkhead"), "arm64")

SYSTEM = "/configs/qemu-arm64.cell"
RTOS = "/configs/rtos.cell"
INMATE = "/inmates/ivshmem-demo.bin"
SYSFS = "/sys/devices/jailhouse"
ALARMING = r"WARNING:|Oops|BUG:|Call trace|Internal error|rcu: INFO|soft lockup|Unable to handle"


def host_path(guest_path):
    """The file on this side of what the root file system has at guest_path."""
    return os.path.join(BUILD, guest_path.lstrip("/"))


class Machine:
    """A guest with what all tests say about it."""

    def __init__(self, **options):
        self.guest = Guest(BUILD, CACHE, **options).wait_boot()
        self.run = self.guest.run
        self.check = self.guest.check
        self.push = self.guest.push
        self.console = self.guest.console

    def close(self):
        self.guest.close()

    # --- state

    def load_modules(self):
        self.check("for m in uio jailhouse uio_ivshmem; do grep -q \"^$m \" /proc/modules || insmod /lib/modules/$m.ko || exit 1; done")

    def enabled(self):
        return self.run(f"cat {SYSFS}/enabled").output.strip() == "1"

    def online(self):
        return self.check("cat /sys/devices/system/cpu/online").strip()

    def pool_used(self):
        return tuple(int(self.check(f"cat {SYSFS}/{pool}_pool_used")) for pool in ("mem", "remap"))

    def cells(self):
        """name -> (id, state, CPU list)"""
        lines = self.check(f"cd {SYSFS}/cells && for n in $(ls); do echo $n && cd $n && cat name state cpus_assigned_list && cd .. "
                           "|| exit 1; done").splitlines()
        return {name: (int(number), state, cpus) for number, name, state, cpus in zip(*(lines[n::4] for n in range(4)))}

    def snapshot(self):
        """What has to be the same before and after anything that was refused or undone."""
        return {"enabled": self.enabled(), "online": self.online(), "pool": self.pool_used(), "cells": self.cells(),
                "iomem": self.check("cat /proc/iomem"), "pci": self.check("ls /sys/bus/pci/devices"),
                "modules": self.check("cut -d' ' -f1 /proc/modules | sort")}

    def all_cpus_work(self):
        """Every online CPU executes something, and the kernel has nothing to complain about."""
        self.check("for c in /sys/devices/system/cpu/cpu[0-9]*; do "
                   "[ \"$(cat $c/online 2>/dev/null || echo 1)\" = 1 ] || continue; "
                   "taskset $(printf %x $((1 << ${c##*cpu}))) true || exit 1; done")
        self.no_alarm()

    def no_alarm(self):
        alarms = [line for line in self.check("dmesg").splitlines() if re.search(ALARMING, line)]
        assert not alarms, f"the kernel complains: {alarms}"

    def forget_kvm_warnings(self):
        """KVM warns about an EL2 that is not its own; that is its right. Nothing else may have complained."""
        alarms = [line for line in self.check("dmesg").splitlines()
                  if re.search(ALARMING, line) and "arch/arm64/kvm/" not in line and "Call trace:" not in line]
        assert not alarms, f"the kernel complains: {alarms}"
        self.check("dmesg -c >/dev/null")

    # --- actions

    def jailhouse(self, arguments):
        return self.check(f"jailhouse {arguments}")

    def enable(self):
        self.load_modules()
        self.jailhouse(f"enable {SYSTEM}")

    def create(self, config=RTOS):
        self.jailhouse(f"cell create {config}")

    def start(self, name="rtos", image=INMATE):
        self.jailhouse(f"cell load {name} {image}")
        self.jailhouse(f"cell start {name}")

    def start_demo(self, **how):
        """start(), until the demo is on its link. The mark of the console from before."""
        mark = self.console.mark()
        self.start(**how)
        self.inmate_says("demo: on the link", mark)
        return mark

    def destroy_cells(self):
        for name, (number, _, _) in self.cells().items():
            if number:
                self.jailhouse(f"cell destroy --name {name}")

    def push_config(self, name, data):
        path = f"/tmp/{name}.cell"
        self.push(path, data)
        return path

    def refused(self, command, prefix, error, *words):
        """The command fails with the one line "prefix: error: explanation", which has all of words in it."""
        result = self.run(command)
        assert result.status == 1, repr(result)
        assert len(result.lines) == 1, f"one line of error text is wanted: {result!r}"
        line = result.lines[0]
        assert line.startswith(f"{prefix}: {error}: "), f"wanted '{prefix}: {error}: <reason>': {line}"
        for word in words:
            assert word.lower() in line.lower(), f"'{word}' is not in: {line}"
        return line

    def inmate_says(self, pattern, since, timeout=120):
        """The match; also if the hypervisor has said something in the middle of it."""
        regex, end = re.compile(pattern, re.M), time.monotonic() + timeout
        while True:
            text = self.console.text(since)
            match = regex.search(text) or regex.search(HYPERVISOR_LINES.sub("", text))
            if match:
                return match
            left = end - time.monotonic()
            assert left > 0 and not self.console.closed, \
                f"the inmate did not say '{pattern}'; serial line:\n{self.console.tail()}"
            self.console.wait(f"(?s).{{{len(text) + 1}}}", since, left)


class Fleet:
    """At most one machine at a time: the tests share two processors with the rest of the world."""

    def __init__(self):
        self.machine = None
        self.options = None

    def get(self, **options):
        if self.machine and self.machine.guest.alive and self.options == options:
            return self.machine
        self.drop()
        self.machine = Machine(**options)
        self.options = options
        return self.machine

    def drop(self):
        if self.machine:
            self.machine.close()
        self.machine = None


_fleet = Fleet()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed and _fleet.machine:
        report.sections.append((f"serial line ({_fleet.machine.guest.log})", _fleet.machine.console.tail(40)))
        _fleet.machine.guest.alive = False      # the next test gets a new one


@pytest.fixture(scope="session", autouse=True)
def fleet():
    yield _fleet
    _fleet.drop()


def back_to_start(machine):
    """Everything off that a test may have left on; a machine that cannot do that is not used again."""
    try:
        if machine.run(f"[ -d {SYSFS} ]").ok and machine.enabled():
            machine.check("for c in /sys/devices/system/cpu/cpu[0-9]*/online; do "
                          "[ $(cat $c) = 1 ] || echo 1 >$c 2>/dev/null; done; true")
            machine.jailhouse("disable")
        machine.check("for c in /sys/devices/system/cpu/cpu[0-9]*/online; do [ $(cat $c) = 1 ] || echo 1 >$c; done")
    except GuestError:
        machine.guest.alive = False
        raise


@pytest.fixture
def machine(fleet):
    """Linux with the modules loaded, nothing enabled."""
    machine = fleet.get()
    machine.load_modules()
    if machine.enabled():
        back_to_start(machine)
    yield machine
    if machine.guest.alive:
        back_to_start(machine)
        machine.no_alarm()


@pytest.fixture
def root(fleet):
    """Linux as the root cell of an enabled hypervisor, no other cell. Stays enabled for the next test."""
    machine = fleet.get()
    if not machine.run(f"[ -d {SYSFS} ]").ok or not machine.enabled():
        machine.enable()
    machine.destroy_cells()
    yield machine
    if machine.guest.alive:
        machine.destroy_cells()
        assert machine.online() == "0-3"
        machine.no_alarm()


@pytest.fixture(scope="session")
def system_config():
    return CellFile.read(host_path(SYSTEM))


@pytest.fixture(scope="session")
def rtos_config():
    return CellFile.read(host_path(RTOS))
