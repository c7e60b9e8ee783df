# SPDX-License-Identifier: BSD-2-Clause
"""A second Linux, the same kernel, in a cell beside the root Linux: it says on the shared UART what it has, answers on
a link, is shut down and started again."""
import os
import re
import shlex
import subprocess

import pytest

from cellfile import CellFile, abi
from conftest import BUILD, CACHE
from test_link import begin_to_wait, wait_for

SOURCES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
MADE = os.path.join(BUILD, "linux-cells")
ROOTFS = os.path.join(MADE, "rootfs.cpio.gz")		# has what is needed in /linux
SYSTEM, WEST = (os.path.join(MADE, f"{name}.cell") for name in ("qemu-arm64", "west"))
INITRD, KERNEL = os.path.join(MADE, "initrd.cpio.gz"), os.path.join(CACHE, "Image")
BOOT_TIMEOUT = 600		# of a kernel on an emulated machine, whose CPUs it shares with another one
DEVICE = "/sys/bus/pci/devices/0001:00:00.0"	# the root cell's end of its link with west
COMMAND_LINE = "earlycon keep_bootcon nowatchdog cma=0"


@pytest.fixture
def linux(fleet):
    """The root Linux with the example of Linux cells enabled, and its end of the link with west opened by a program."""
    machine = fleet.get(rootfs=ROOTFS)
    machine.load_modules()
    if not machine.enabled():
        # what it has to say about CPUs would end up in the middle of the other one's lines
        machine.check("echo 1 >/proc/sys/kernel/printk")
        machine.jailhouse("enable /linux/qemu-arm64.cell")
        machine.check(f"echo uio_ivshmem >{DEVICE}/driver_override; echo {os.path.basename(DEVICE)} >/sys/bus/pci/drivers_probe")
    yield machine
    if machine.guest.alive:
        machine.destroy_cells()
        machine.no_alarm()


def commands(tmp_path, machine, *arguments):
    """What `cell linux` prints for the files on this side, for those of the root Linux. It makes the device tree here,
    too."""
    tree = tmp_path / "made.dtb"
    result = subprocess.run([os.path.join(SOURCES, "tools/helpers/jailhouse-cell-linux"), "--arch", "arm64", "-w", tree, "-i", INITRD,
                             *arguments, WEST, KERNEL], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    machine.push("/linux/made.dtb", tree.read_bytes())
    text = result.stdout
    for ours, theirs in ((MADE, "/linux"), (CACHE, "/linux"), (str(tmp_path), "/linux"), (os.path.join(BUILD, "inmates"), "/inmates")):
        text = text.replace(ours, theirs)
    assert all(word.startswith(("/linux/", "/inmates/")) for word in shlex.split(text) if word.startswith("/"))
    return text.splitlines()


def says(machine, pattern, since):
    match = machine.console.wait(rf"west: {pattern}|Kernel panic", since, BOOT_TIMEOUT)
    assert match and match[0] != "Kernel panic", f"west did not say '{pattern}'; serial line:\n{machine.console.tail(60)}"
    return match


def comes_up(machine, since):
    """All that it says about itself, up to the point where it waits on the link."""
    cpus, memory = says(machine, r"CPUs (\S+), (\d+) kB", since).groups()
    assert cpus == "0" and 75 << 10 < int(memory) < 112 << 10
    says(machine, re.escape(f"command line: {COMMAND_LINE}"), since)
    for slot in 0, 2:
        says(machine, rf"PCI 0001:00:0{slot}\.0 0x110a 0x4106 0xff0001$", since)
    says(machine, r"uio0: ID ok 0x1, peers ok 0x2$", since)
    says(machine, r"link: state 1$", since)
    text = machine.console.text(since)
    assert "Booting Linux on physical CPU 0x0000000002" in text
    assert re.search(r"psci: PSCIv1\.1 detected", text) and "violation of boot protocol" not in text
    assert "OF: fdt: earlycon" not in text


def state_of_west(machine):
    found = machine.check("bh-probe link 0 1 3").split()	# LINK_INFO_STATE of peer 1 of the device at 00.0
    assert found[0] == "ok", found
    return int(found[1], 0)


def talks(machine):
    """Each doorbell makes west count up in State, and ring back; both go by interrupt."""
    uio = "/dev/" + machine.check(f"ls {DEVICE}/uio").strip()
    for _ in range(3):
        before, since = state_of_west(machine), machine.console.mark()
        begin_to_wait(machine, uio)
        machine.check(f"bh-probe poke {uio} 0 0xc 0x10000")
        assert int(says(machine, r"link: state (\d+)$", since)[1]) > before
        machine.check(wait_for("interrupt"))
        assert state_of_west(machine) > before


def test_second_linux(linux, tmp_path):
    create, load, start = commands(tmp_path, linux, "-d", os.path.join(MADE, "west.dtb"), "-c", COMMAND_LINE)
    since = linux.console.mark()
    for command in create, load, start:
        linux.check(command)
    assert linux.cells()["west"][1:] == ("running", "2")
    comes_up(linux, since)
    assert state_of_west(linux) == 1
    talks(linux)
    linux.all_cpus_work()

    # stopped, and once more, with a tree that is made from the binary configuration and the tree of the machine
    linux.jailhouse("cell shutdown west")
    assert linux.cells()["west"][1] == "shut down" and state_of_west(linux) == 0
    machine_tree = tmp_path / "machine.dtb"
    machine_tree.write_bytes(linux.guest.pull("/sys/firmware/fdt"))
    _, load, start = commands(tmp_path, linux, "-t", machine_tree, "-s", SYSTEM, "-c", COMMAND_LINE)
    since = linux.console.mark()
    for command in load, start:
        linux.check(command)
    comes_up(linux, since)
    talks(linux)


def test_loader_without_parameters(linux):
    """It says so, and does nothing else. This cell may use the virtual console, and has no links."""
    def alone(file):
        file.cell.flags |= abi.CFG_CELL_CONSOLE_PERMITTED
        file.pci_devices = []
        file.memory_regions = [region for region in file.memory_regions if region.flags & abi.CFG_MEM_EXECUTE]
    linux.jailhouse(f"cell create {linux.push_config('rtos', CellFile.read(WEST).changed(alone).bytes())}")
    linux.jailhouse("cell load west /inmates/linux-loader.bin -s 'kernel=0x200000 mydtb=0x2000 dtb=2000' -a 0x1000")
    since = linux.console.mark()
    linux.jailhouse("cell start west")
    assert linux.console.wait("linux-loader: no kernel=0x... and dtb=0x... 1000h behind the entry", since), linux.console.tail()
    assert linux.cells()["west"][1] == "running"
