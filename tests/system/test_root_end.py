# SPDX-License-Identifier: BSD-2-Clause
"""The root Linux ends while cells live: restart, power off, panic, and another kernel in its place. Each machine starts
again, and has to be as good as new then."""
import re
import subprocess
import time

import libfdt
import pytest
from elftools.elf.elffile import ELFFile

from conftest import BUILD, CACHE, INMATE
from guest import BOOT_TIMEOUT
from test_crash_log import Memory
from test_inmates import passive, ram, without_link

DISABLED = "^disabled, all CPUs go back to Linux$"
RESTARTING = "reboot: Restarting system"
UP = "bulkhead: root file system is up"
NEXT_KERNEL = "/usr/local/bin/next-kernel"


def comes(machine, mark, *lines, timeout=BOOT_TIMEOUT):
    """Waits for the lines in this order; gives the place behind the last one."""
    for line in lines:
        match = machine.console.wait(line, mark, timeout)
        assert match, f"'{line}' does not come; serial line:\n{machine.console.tail(60)}"
        mark = match.end()
    return mark


def works_again(machine, mark):
    """Linux is back, and does what it did before."""
    comes(machine, mark, UP)
    machine.console.deadly = None
    machine.load_modules()
    assert not machine.enabled() and machine.online() == "0-3"
    machine.enable()
    machine.create()
    machine.start_demo()
    machine.jailhouse("disable")
    machine.all_cpus_work()


@pytest.fixture
def root(fleet):
    """The root cell in a machine that starts again."""
    machine = fleet.get(restarts=True)
    machine.load_modules()
    if not machine.enabled():
        machine.enable()
    machine.destroy_cells()
    yield machine
    if machine.guest.alive:
        machine.no_alarm()


@pytest.fixture
def own(fleet):
    """A machine of the test's own: gives it for options, enabled."""
    def get(**options):
        fleet.drop()
        machine = fleet.get(**options)
        machine.load_modules()
        machine.enable()
        return machine
    yield get
    fleet.drop()


def run_demo(machine, parameters=""):
    """The demo's cell, running."""
    machine.create()
    mark = machine.console.mark()
    machine.jailhouse(f"cell load rtos {INMATE} -s '{parameters}' -a 0x1000")
    machine.jailhouse("cell start rtos")
    machine.inmate_says("demo: on the link", mark)


def tick(machine, lines=3):
    """A cell that counts tenths of a second, and says so a few times: what it says would stand in the middle of Linux' lines. 0: always."""
    machine.create()
    machine.jailhouse(f"cell load rtos /inmates/gic-demo.bin -s lines={lines} -a 0x1000")
    mark = machine.console.mark()
    machine.jailhouse("cell start rtos")
    machine.inmate_says("gic-demo: tick 3,", mark)


def ticks_go_on(machine, config, ticks):
    """So many more, by the count in the cell's memory: nobody else is there who could say it."""
    with open(f"{BUILD}/inmates/gic-demo.elf", "rb") as file:
        symbol, = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name("fired")
    memory, at = Memory(machine.guest.doors[1]), ram(config).phys_start + symbol["st_value"]

    def count():
        return int.from_bytes(memory.read(at, 4), "little")
    first, end = count(), time.monotonic() + BOOT_TIMEOUT
    assert first >= 3
    while count() < first + ticks:
        assert time.monotonic() < end, f"it stands still at {count()}"
        time.sleep(0.1)


# --- in order

def test_restart(root, rtos_config):
    """Cells are asked and destroyed in the order of their creation."""
    run_demo(root)
    root.create(root.push_config("second", rtos_config.changed(without_link).bytes()))
    mark = root.console.mark()
    root.guest.send("reboot -f\n")
    end = comes(root, mark, 'cell "rtos" destroyed', 'cell "second" destroyed', DISABLED, RESTARTING)
    assert "demo: shutting down" in root.console.text(mark)
    assert "restarts the machine" not in root.console.text(mark)
    works_again(root, end)


def test_restart_waits_for_a_cell_that_denies(root):
    """There is nobody who could ask it later, so Linux goes on asking, once a second."""
    run_demo(root, "deny=3")
    mark = root.console.mark()
    root.guest.send("reboot -f\n")
    end = comes(root, mark, r'cannot be disabled \(-1 cell "rtos" denied the shutdown request\): trying once a second',
                DISABLED, RESTARTING)
    assert len(re.findall("cannot be disabled", root.console.text(mark))) == 1
    works_again(root, end)


def test_restart_with_cpus_offline(root):
    run_demo(root)
    for cpu in (1, 2):
        root.check(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
    mark = root.console.mark()
    root.guest.send("reboot -f\n")
    end = comes(root, mark, 'cell "rtos" destroyed', DISABLED, RESTARTING)
    works_again(root, end)


def test_restart_with_a_passive_cell(root, rtos_config):
    """It is not asked."""
    root.create(root.push_config("passive", rtos_config.changed(passive).bytes()))
    mark = root.console.mark()
    root.jailhouse(f"cell load rtos {INMATE} -s deny=100 -a 0x1000")
    root.jailhouse("cell start rtos")
    root.inmate_says("demo: on the link", mark)
    mark = root.console.mark()
    root.guest.send("reboot -f\n")
    end = comes(root, mark, 'cell "rtos" destroyed', DISABLED, RESTARTING)
    assert "demo: shutting down" not in root.console.text(mark)
    works_again(root, end)


def test_power_off(own):
    machine = own()
    run_demo(machine)
    mark = machine.console.mark()
    machine.guest.send("poweroff -f\n")
    machine.guest.wait_end()
    comes(machine, mark, 'cell "rtos" destroyed', DISABLED, "reboot: Power down")


# --- out of order

def test_panic_restarts_the_machine(root):
    """panic=-1 on the command line: at once, and nobody is asked."""
    tick(root)
    mark = root.console.mark()
    root.guest.send("echo c >/proc/sysrq-trigger\n")
    works_again(root, comes(root, mark, "Kernel panic - not syncing: sysrq", 'cell "qemu-arm64" restarts the machine'))


def test_restart_in_an_emergency(root):
    tick(root)
    mark = root.console.mark()
    root.guest.send("echo b >/proc/sysrq-trigger\n")
    works_again(root, comes(root, mark, 'cell "qemu-arm64" restarts the machine'))


def test_cells_outlive_a_panic(own, rtos_config):
    """panic=0: Linux stands still, the others go on."""
    machine = own(cmdline="panic=0", doors=True)
    tick(machine)
    mark = machine.console.mark()
    machine.guest.send("echo c >/proc/sysrq-trigger\n")
    comes(machine, mark, "end Kernel panic - not syncing: sysrq triggered crash")
    ticks_go_on(machine, rtos_config, 20)
    machine.guest.alive = False


# --- another kernel

OVER_THE_OLD_ONE = 0x40200000     # where QEMU has loaded the kernel that runs
LOADED_AT = 0x48000000
INSTEAD = "kexec would not reach the next kernel: restarting the machine instead"


def load_next_kernel(machine):
    """As a different kernel would, it takes the old one's memory."""
    machine.check("head -c 33000000 /dev/zero >/tmp/zeros")
    loaded = f"{NEXT_KERNEL} {LOADED_AT} /tmp/zeros {OVER_THE_OLD_ONE}"
    assert machine.check(f"bh-probe kexec now {LOADED_AT} {loaded}").strip() == "ok 0"


def test_kexec_leaves_first(own):
    """The next kernel gets the machine as this one got it: at EL2."""
    machine = own(restarts=True)
    load_next_kernel(machine)
    mark = machine.console.mark()
    machine.guest.send("bh-probe kexec-go\n")
    works_again(machine, comes(machine, mark, DISABLED, "kexec_core: Starting new kernel", "^next kernel: at EL2"))


def test_kexec_with_a_cell_alive_becomes_a_restart(own):
    """The cell's CPU comes back to Linux below the hypervisor, at EL1: that is too much for Linux's kexec."""
    machine = own(restarts=True)
    load_next_kernel(machine)
    run_demo(machine)
    mark = machine.console.mark()
    machine.guest.send("bh-probe kexec-go\n")
    end = comes(machine, mark, 'cell "rtos" destroyed', DISABLED, INSTEAD, RESTARTING)
    assert "next kernel: at" not in machine.console.text(mark)
    works_again(machine, end)


def test_kexec_waits_for_a_cell_that_denies(root):
    run_demo(root, "deny=2")
    root.check("echo 0 >/sys/devices/system/cpu/cpu1/online")
    load_next_kernel(root)
    mark = root.console.mark()
    root.guest.send("bh-probe kexec-go\n")
    works_again(root, comes(root, mark, "denied the shutdown request.*: trying once a second", DISABLED, INSTEAD,
                            RESTARTING))


TRAMPOLINE, TREE, INITRD, KERNEL = 0x4e000000, 0x4f000000, 0x50000000, 0x48000000


def trampoline():
    """x0 = TREE, x1 = x2 = x3 = 0, branch to KERNEL: the boot protocol of arm64."""
    words = [0xd2a00000 | TREE >> 16 << 5,          # movz x0, #TREE >> 16, lsl #16
             0xd2800001, 0xd2800002, 0xd2800003,    # mov x1, #0 ...
             0xd2a00004 | KERNEL >> 16 << 5,        # movz x4, #KERNEL >> 16, lsl #16
             0xd61f0080]                            # br x4
    return b"".join(word.to_bytes(4, "little") for word in words)


def test_kexec_of_linux(own, tmp_path):
    """The real thing: the same kernel once more, and all begins anew."""
    (tmp_path / "Image").symlink_to(f"{CACHE}/Image")
    (tmp_path / "rootfs").symlink_to(f"{BUILD}/rootfs.cpio.gz")
    with open(f"{BUILD}/rootfs.cpio.gz", "rb") as file:
        files = file.read()
    more = subprocess.run(["cpio", "--quiet", "-L", "-o", "-H", "newc"], input=b"Image\nrootfs\n", cwd=tmp_path,
                          check=True, stdout=subprocess.PIPE).stdout
    (tmp_path / "all").write_bytes(files + bytes(-len(files) % 4) + more)
    machine = own(rootfs=str(tmp_path / "all"))

    tree = libfdt.Fdt(machine.guest.pull("/sys/firmware/fdt"))
    chosen = tree.path_offset("/chosen")
    for name, value in ("linux,initrd-start", INITRD), ("linux,initrd-end", INITRD + len(files)):
        tree.setprop(chosen, name, value.to_bytes(len(tree.getprop(chosen, name)), "big"))
    machine.push("/tmp/tree", bytes(tree.as_bytearray()))
    machine.push("/tmp/trampoline", trampoline())
    machine.check(f"bh-probe kexec now {TRAMPOLINE} /tmp/trampoline {TRAMPOLINE} /Image {KERNEL} /tmp/tree {TREE} "
                  f"/rootfs {INITRD}")
    mark = machine.console.mark()
    machine.guest.send("bh-probe kexec-go\n")
    works_again(machine, comes(machine, mark, DISABLED, "kexec_core: Starting new kernel"))


def test_crash_kernel(own):
    """It starts in the root cell, at EL1, and the others go on; when it restarts, so does the machine."""
    machine = own(cmdline="crashkernel=64M", restarts=True)
    line = next(line for line in machine.check("cat /proc/iomem").splitlines() if line.endswith(" : Crash kernel"))
    start = int(line.split("-")[0], 16)
    assert machine.check(f"bh-probe kexec crash {start} {NEXT_KERNEL} {start}").strip() == "ok 0"
    tick(machine, lines=0)
    mark = machine.console.mark()
    machine.guest.send("echo c >/proc/sysrq-trigger\n")
    mark = comes(machine, mark, "next kernel: at EL1")		# one of its lines is whole
    works_again(machine, comes(machine, mark, "gic-demo: tick", 'cell "qemu-arm64" restarts the machine'))
