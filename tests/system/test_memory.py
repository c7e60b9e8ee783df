# SPDX-License-Identifier: BSD-2-Clause
"""Memory of cells comes from a running Linux: what it has had back it gives again, and what it cannot give it says."""
import struct

import pytest

from cellfile import abi
from conftest import RTOS
from test_errors import CREATE

PAGE = 4096
RAM = 0x40000000	# QEMU's; Linux puts its own at the start of it
LOOK_AT = 0x8000000
SLAB, TABLE, RESERVED = (1 << bit for bit in (7, 26, 32))	# in /proc/kpageflags


def page_flags(machine, start, size):
    machine.check(f"dd if=/proc/kpageflags of=/tmp/flags bs={8 * PAGE} skip={start // PAGE // PAGE} "
                  f"count={-(-size // PAGE // PAGE)} 2>/dev/null")
    return [flags for (flags,) in struct.iter_unpack("<Q", machine.guest.pull("/tmp/flags"))]


def fill_pipes(machine):
    """Some 6 MB that Linux cannot move: what is in pipes that nobody reads."""
    machine.check("for i in $(seq 100); do dd if=/dev/zero bs=65536 count=1 2>/dev/null | sleep 10000 & done; true")


@pytest.fixture
def crowded(machine):
    yield machine
    if machine.guest.alive:
        machine.run("killall sleep")


def test_what_went_back(crowded):
    """Pages that the module gives back are the first that Linux uses again; but not for what would keep them."""
    machine = crowded
    machine.enable()
    machine.create()
    machine.jailhouse("disable")
    machine.check("rmmod uio_ivshmem jailhouse")
    fill_pipes(machine)
    machine.enable()
    machine.create()
    machine.jailhouse("disable")


def begin_at(config, address, size=None):
    for region in config.memory_regions:
        if region.flags & abi.CFG_MEM_LOADABLE:
            region.phys_start, region.size = address, size or region.size


@pytest.mark.parametrize("wanted, use", [
    (RESERVED, "is reserved since boot"),
    (SLAB, "has objects of the kernel"),
    (TABLE, "is a page table"),
])
def test_what_linux_cannot_give(root, rtos_config, wanted, use):
    """The first page that is in the way is named, with what it is."""
    # the lowest one is of those that were there first, and stay
    number = next(n for n, flags in enumerate(page_flags(root, RAM, LOOK_AT)) if flags & (RESERVED | SLAB | TABLE) == wanted)
    address = RAM + number * PAGE
    path = root.push_config("rtos", rtos_config.changed(lambda config: begin_at(config, address)).bytes())
    before = root.snapshot()
    root.refused(f"jailhouse cell create {path}", CREATE, "Device or resource busy", "Linux cannot give up",
                 f"(0x{address:x} {use})", "reserved-memory node")
    assert root.snapshot() == before
    root.create(RTOS)


def test_page_that_is_pinned(root, rtos_config):
    """As long as it is."""
    root.check("mkfifo /tmp/pinned; bh-probe pin </tmp/pinned >/tmp/pin & exec 3>/tmp/pinned; sleep 10000 >&3 & "
               "for i in $(seq 600); do grep -q ok /tmp/pin && exit 0; sleep 0.1; done; exit 1")
    address = int(root.check("cat /tmp/pin").split()[1], 16)
    path = root.push_config("rtos", rtos_config.changed(lambda config: begin_at(config, address, PAGE)).bytes())
    root.refused(f"jailhouse cell create {path}", CREATE, "Device or resource busy", f"(0x{address:x} or a page behind it is pinned")
    root.check("killall sleep; while killall -0 bh-probe 2>/dev/null; do sleep 0.1; done")
    assert "cannot give up" not in root.run(f"jailhouse cell create {path}").output


def blocks_by_type(machine):
    """How many blocks of Linux's memory are for what."""
    lines = machine.check("cat /proc/pagetypeinfo").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("Number of blocks type"))
    return [line.split(",")[1].split()[2:] for line in lines[at + 1:] if line.startswith("Node")]


def test_refused_takes_nothing(root, rtos_config):
    """A page of the kernel behind many others that Linux could give: these stay what they are, nothing is set aside for us."""
    flags = page_flags(root, RAM, 0x38000000)
    kept = [number for number, flags in enumerate(flags) if flags & (SLAB | TABLE | RESERVED)]
    gap, end = max((after - before, after) for before, after in zip(kept, kept[1:]))
    start = -(-(end - gap + 1) // 512) * 512
    before = blocks_by_type(root)
    path = root.push_config("rtos", rtos_config.changed(
        lambda config: begin_at(config, RAM + start * PAGE, (end + 512) // 512 * 512 * PAGE - start * PAGE)).bytes())
    root.refused(f"jailhouse cell create {path}", CREATE, "Device or resource busy", "Linux cannot give up")
    assert blocks_by_type(root) == before
