# SPDX-License-Identifier: BSD-2-Clause
"""The example of three cells: Linux, a control loop, and a monitor, each pair on a link of its own. Its programs are
built with the headers that the compiler wrote, and stop if the devices are not as these say."""
import os
import time

import pytest

from cellfile import CellFile  # noqa: F401  makes bulkhead_config known
from bulkhead_config import abi, cli, emit

INMATES = "/inmates"
SYSTEM, CONTROL, MONITOR = (f"/configs/control/{name}.cell" for name in ("linux", "control", "monitor"))
SYSTEM_FILE = os.path.join(os.path.dirname(__file__), "../../configs/systems/qemu-arm64-control.yaml")
RUNNING, SAFE = 1, 2


def uio(machine, link):
    """(device, map name -> index) of a link of Linux, by PCI device number"""
    name = machine.check(f"ls /sys/bus/pci/devices/*:00:{link:02x}.0/uio").strip()
    maps = machine.check(f"cd /sys/class/uio/{name}/maps; for map in *; do echo $(cat $map/name) $map; done").split("\n")
    return f"/dev/{name}", {line.split()[0]: int(line.split()[1][3:]) for line in maps if line}


def peek(machine, link, section, offset):
    device, maps = uio(machine, link)
    return int(machine.check(f"bh-probe peek {device} {maps[section]} {offset}").split()[1], 0)


def state(machine, link, peer):
    return peek(machine, link, "state_table", 4 * peer)


def cycle(machine, link, peer):
    return peek(machine, link, "input_sections", 8192 * peer)


def goes_on(machine, first):
    end = time.monotonic() + 120
    while cycle(machine, 1, 1) <= first:
        assert time.monotonic() < end, f"the last cycle is still {first}"


@pytest.fixture
def three(machine):
    # what Linux has to say about CPUs would end up in the middle of an inmate's lines
    level = machine.check("cut -f1 /proc/sys/kernel/printk").strip()
    machine.check("echo 1 >/proc/sys/kernel/printk")
    machine.jailhouse(f"enable {SYSTEM}")
    machine.create(CONTROL)
    machine.create(MONITOR)
    yield machine
    if machine.guest.alive:
        machine.check(f"echo {level} >/proc/sys/kernel/printk")


def start(machine, name, *parameters):
    """Returns the mark of its first output."""
    mark = machine.console.mark()
    text = f" -s '{' '.join(parameters)}' -a 0x1000" if parameters else ""
    machine.jailhouse(f"cell load {name} {INMATES}/{name}-demo.bin -a 0{text}")
    machine.jailhouse(f"cell start {name}")
    machine.inmate_says(rf"{name}: running", mark)
    return mark


def test_control_loop_and_monitor(three):
    mark = start(three, "monitor")
    for link in ("STATUS", "WATCH"):
        three.inmate_says(f"monitor: link {link} is as the header says, interrupt", mark)
    assert state(three, 1, 1) == SAFE and state(three, 0, 1) == 0

    mark = start(three, "control")
    for link in ("SETPOINT", "WATCH"):
        three.inmate_says(f"control: link {link} is as the header says, interrupt", mark)
    three.inmate_says("monitor: control is there: outputs on", mark)
    three.inmate_says("monitor: 50 cycles in a row were right", mark)
    assert state(three, 1, 1) == RUNNING and state(three, 0, 1) == RUNNING
    first = cycle(three, 1, 1)
    assert first >= 50 and cycle(three, 0, 1) >= first
    goes_on(three, first)

    for restart in range(2):
        mark = three.console.mark()
        three.jailhouse("cell shutdown control")
        three.inmate_says("monitor: control is gone: outputs off", mark)
        assert state(three, 1, 1) == SAFE and state(three, 0, 1) == 0
        assert three.cells()["monitor"][1] == "running"
        mark = start(three, "control")
        three.inmate_says("monitor: control is there: outputs on", mark)
    three.jailhouse("cell destroy monitor")
    assert state(three, 1, 1) == 0 and state(three, 0, 1) == RUNNING
    three.all_cpus_work()


def test_the_monitor_finds_what_is_wrong(three):
    start(three, "monitor")
    mark = start(three, "control", "wrong=75")
    three.inmate_says("monitor: 50 cycles in a row were right", mark)
    three.inmate_says("monitor: control is wrong: outputs off", mark)


def test_a_control_loop_that_dies(three):
    """Not by its own will: the hypervisor takes its State away."""
    start(three, "monitor")
    mark = start(three, "control")
    three.inmate_says("monitor: control is there: outputs on", mark)
    mark = three.console.mark()
    three.jailhouse("cell destroy control")
    three.inmate_says("monitor: control is gone: outputs off", mark)
    assert state(three, 1, 1) == SAFE


def test_a_control_loop_that_hangs(three):
    """Its watchdog takes it away, and the monitor switches the outputs off."""
    start(three, "monitor")
    mark = start(three, "control", "hang=100")
    three.inmate_says("monitor: control is there: outputs on", mark)
    three.inmate_says(r'cell "control": watchdog: counter \d+ unchanged for \d+ us, period 1000000 us: CPUs stopped', mark)
    three.inmate_says("monitor: control is gone: outputs off", mark)
    assert state(three, 1, 1) == SAFE and state(three, 0, 1) == 0
    assert three.cells()["control"][1] == "failed" and three.cells()["monitor"][1] == "running"


def test_a_program_of_another_cell_says_so(three):
    mark = three.console.mark()
    three.jailhouse(f"cell load control {INMATES}/monitor-demo.bin -a 0")
    three.jailhouse("cell start control")
    three.inmate_says("monitor: link STATUS: no such device", mark)


def test_a_program_of_another_system_says_so(machine, tmp_path):
    """The link of its cell has other sections than the header that the program was built with, in the same memory."""
    with open(SYSTEM_FILE, encoding="utf-8") as file:
        text = file.read()
    assert text.count("output: 4 KiB") == 1
    (tmp_path / "other.yaml").write_text(text.replace("output: 4 KiB", "state: 8 KiB"))
    system = cli.load(tmp_path / "other.yaml", [os.path.join(os.path.dirname(SYSTEM_FILE), "../boards")])
    machine.jailhouse(f"enable {SYSTEM}")
    machine.create(machine.push_config("control", emit.cell_config(system, system.cell("control"))))
    mark = machine.console.mark()
    machine.jailhouse(f"cell load control {INMATES}/control-demo.bin -a 0")
    machine.jailhouse("cell start control")
    machine.inmate_says("control: link SETPOINT is as the header says", mark)
    machine.inmate_says("control: link WATCH: state table is 0x[0-9a-f]+ in the header, 0x[0-9a-f]+ in the device: "
                        "build the program for this system", mark)


def test_linux_and_the_control_cell_talk(machine):
    """With the programs of the demo, which know nothing of this system, nor of its watchdog."""
    def without_watchdog(config):
        config.memory_regions = [region for region in config.memory_regions if not region.flags & abi.CFG_WATCHDOG]

    three = machine
    three.jailhouse(f"enable {SYSTEM}")
    config = CellFile(three.guest.pull(CONTROL)).changed(without_watchdog)
    three.create(three.push_config("control", config.bytes()))
    three.create(MONITOR)
    mark = three.console.mark()
    three.jailhouse(f"cell load control {INMATES}/ivshmem-demo.bin -a 0")
    three.jailhouse("cell start control")
    three.inmate_says("demo: on the link with state 2", mark)
    three.check("ivshmem-demo", timeout=300)
