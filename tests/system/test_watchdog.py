# SPDX-License-Identifier: BSD-2-Clause
"""Cells with a watchdog beside a Linux: what the commands say of one that hangs, and what is left of it."""
import json

from cellfile import abi
from conftest import SYSFS
from test_inmates import create, passive, root, says, start, state, tap  # noqa: F401

PERIOD = 1500000		# us: a CPU that the host leaves alone has not ticked
EXPIRED = rf'^cell "rtos": watchdog: counter (\d+) unchanged for (\d+) us, period {PERIOD} us: CPUs stopped$'
TIMER = 0x080b0000		# redistributor of CPU 0, registers of SGIs and PPIs
BIT = 1 << 26


def watched(config):
    config.memory_regions.append(abi.Memory(phys_start=PERIOD, flags=abi.CFG_WATCHDOG))


def timer(machine, cpu):
    """INTID 26 of a CPU of the root cell, as that sees it: enabled, pending, active."""
    return [int(machine.check(f"bh-probe mem read 4 {TIMER + 0x20000 * cpu + bank:#x}").split()[1], 0) & BIT
            for bank in (0x100, 0x200, 0x300)]


def test_cell_that_hangs(root, rtos_config):  # noqa: F811
    """The same numbers on the console, in sysfs and from the commands; and it can be started again."""
    create(root, rtos_config, passive, watched)
    assert f"\nWatchdog: period {PERIOD} us, expiries: 0\nNo violation\n" in root.jailhouse("cell show rtos")
    mark = start(root, "hang", "how=masked")
    says(root, "^hang: 20 ticks$", mark)
    counter, time = map(int, says(root, EXPIRED, mark).groups())
    says(root, '^cell "rtos" failed$', mark)
    assert counter == 20 and time >= PERIOD
    assert state(root) == ("failed", "3")
    line, = [line for line in root.jailhouse("cell list").splitlines() if " rtos " in line]
    assert line.split()[2] == "failed"
    cell = root.cells()["rtos"][0]
    raw = abi.Fault.from_buffer_copy(root.guest.pull(f"{SYSFS}/cells/{cell}/fault"))
    assert (raw.kind, raw.address, raw.virtual_address, raw.syndrome, raw.cpu) == (
        abi.BH_FAULT_WATCHDOG, counter, time, PERIOD, 3)
    text = root.jailhouse("cell show rtos")
    assert f"  what        the watchdog expired: counter 20 for {time} us, period {PERIOD} us\n" in text
    assert f"\nWatchdog: period {PERIOD} us, expiries: 1\n" in text
    assert "\nAdvice: the program hung, or was too slow:" in text
    shown = json.loads(root.jailhouse("cell show rtos --json"))
    assert (shown["watchdog_us"], shown["fault"]["access"], shown["fault"]["counter"]) == (PERIOD, "watchdog", 20)
    assert shown["watchdog_expiries"] == 1
    assert int(shown["fault"]["pc"], 16) == raw.pc

    mark = start(root, "hang", "how=never ticks=60")		# four periods and more
    says(root, "^hang: still alive$", mark)
    assert state(root) == ("running", "")
    root.all_cpus_work()


def test_attack(root, rtos_config):  # noqa: F811
    create(root, rtos_config, passive, watched)
    mark = start(root, "hang", "how=attack")
    tap(root, mark)
    says(root, EXPIRED, mark)
    assert state(root) == ("failed", "3")


def test_what_is_left(root, rtos_config):  # noqa: F811
    """A CPU that was watched is the root cell's again, with its timers, and the hypervisor can go."""
    create(root, rtos_config, passive, watched)
    start(root, "hang", "how=never")
    root.jailhouse("cell destroy rtos")
    assert root.online() == "0-3"
    for cpu in range(4):
        assert timer(root, cpu) == [0, 0, 0]
    root.all_cpus_work()
    create(root, rtos_config, passive, watched)
    mark = start(root, "hang", "how=wfi")
    says(root, '^cell "rtos" failed$', mark)
    root.jailhouse("cell destroy rtos")
    root.all_cpus_work()
    root.jailhouse("disable")
    root.all_cpus_work()
    root.enable()
